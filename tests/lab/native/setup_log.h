/* The bundle's log, in the form of WiX Burn's (S2): "[0A54:0B10][2026-11-25T20:01:02]i001: text".
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SETUP_LOG_H
#define SETUP_LOG_H
#include <windows.h>
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

static FILE *log_file;

/* Opens the named log, or the default one in %TEMP%; a log that cannot be written is not fatal, as with Burn. */
static void open_log(const wchar_t *path, const wchar_t *bundle_name)
{
    wchar_t chosen[MAX_PATH * 2], folder[MAX_PATH];
    SYSTEMTIME now;
    GetLocalTime(&now);
    if (*path) {
        wcscpy(chosen, path);
    } else {
        GetTempPathW(MAX_PATH, folder);
        swprintf(chosen, MAX_PATH * 2, L"%ls%ls_%04u%02u%02u%02u%02u%02u.log", folder, bundle_name, now.wYear, now.wMonth,
                 now.wDay, now.wHour, now.wMinute, now.wSecond);
    }
    log_file = _wfopen(chosen, L"w, ccs=UTF-8");
}

static void write_log(const wchar_t *code, const wchar_t *format, ...)
{
    SYSTEMTIME now;
    va_list arguments;
    if (!log_file) return;
    GetLocalTime(&now);
    fwprintf(log_file, L"[%04lX:%04lX][%04u-%02u-%02uT%02u:%02u:%02u]%ls: ", GetCurrentProcessId(), GetCurrentThreadId(),
             now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond, code);
    va_start(arguments, format);
    vfwprintf(log_file, format, arguments);
    va_end(arguments);
    fwprintf(log_file, L"\n");
    fflush(log_file);
}

#endif
