/* What the bundle does to a host: files, registry values, services. Each function returns 0 or a Windows error code.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SETUP_HOST_H
#define SETUP_HOST_H
#include <windows.h>
#include <wchar.h>
#include "wait_limit.h"
#include "setup_log.h"

#define LONG_PATH (MAX_PATH * 2)

/* ---- registry ---- */

static DWORD set_text(HKEY key, const wchar_t *name, const wchar_t *text)
{
    return RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)text, (DWORD)((wcslen(text) + 1) * sizeof *text));
}

static void set_number(HKEY key, const wchar_t *name, DWORD number)
{
    RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&number, sizeof number);
}

static DWORD create_key(const wchar_t *path, REGSAM view, HKEY *key)
{
    return RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, 0, 0, KEY_ALL_ACCESS | view, 0, key, 0);
}

static BOOL get_text(HKEY root, const wchar_t *path, const wchar_t *name, wchar_t *text, DWORD bytes)
{
    return !RegGetValueW(root, path, name, RRF_RT_REG_SZ, 0, text, &bytes);
}

static DWORD get_number(const wchar_t *path, const wchar_t *name, DWORD otherwise)
{
    DWORD number, size = sizeof number;
    return RegGetValueW(HKEY_LOCAL_MACHINE, path, name, RRF_RT_REG_DWORD, 0, &number, &size) ? otherwise : number;
}

/* ---- files ---- */

static void join(wchar_t *path, const wchar_t *folder, const wchar_t *name)
{
    swprintf(path, LONG_PATH, L"%ls\\%ls", folder, name);
}

/* Creates a folder and the ones above it. */
static DWORD create_folder(const wchar_t *path)
{
    wchar_t part[LONG_PATH];
    wcscpy(part, path);
    for (wchar_t *at = part + 3; *at; at++) {
        if (*at != L'\\') continue;
        *at = 0;
        CreateDirectoryW(part, 0);
        *at = L'\\';
    }
    return CreateDirectoryW(part, 0) || GetLastError() == ERROR_ALREADY_EXISTS ? 0 : GetLastError();
}

static DWORD write_file(const wchar_t *path, const void *data, DWORD size)
{
    DWORD written, error = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, 0);
    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    if (!WriteFile(file, data, size, &written, 0) || written != size) error = GetLastError();
    CloseHandle(file);
    return error;
}

static BOOL exists(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

/* Deletes a file; one that is in use, such as this program, is moved away and goes at the next restart, as Burn does it. */
static void remove_file(const wchar_t *path)
{
    wchar_t folder[MAX_PATH], aside[MAX_PATH];
    if (DeleteFileW(path) || GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND) return;
    GetTempPathW(MAX_PATH, folder);
    if (GetTempFileNameW(folder, L"DEL", 0, aside) && MoveFileExW(path, aside, MOVEFILE_REPLACE_EXISTING)) path = aside;
    MoveFileExW(path, 0, MOVEFILE_DELAY_UNTIL_REBOOT);
}

/* ---- services ---- */

static DWORD process_of(SC_HANDLE service, DWORD *state)
{
    SERVICE_STATUS_PROCESS status = {0};
    DWORD needed;
    QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &needed);
    *state = status.dwCurrentState;
    return status.dwProcessId;
}

/* Waits for a state. ERROR_PROCESS_ABORTED: the service has stopped, so it will never run; ERROR_SERVICE_REQUEST_TIMEOUT: the limit. */
static DWORD await_state(SC_HANDLE service, DWORD wanted)
{
    DWORD seconds = limit_seconds(), state, id;
    ULONGLONG deadline = GetTickCount64() + seconds * 1000ull;
    do {
        id = process_of(service, &state);
        if (state == wanted) return 0;
        if (state == SERVICE_STOPPED) return ERROR_PROCESS_ABORTED;
        Sleep(50);
    } while (GetTickCount64() < deadline);
    write_log(L"e000", L"Waited %lu s for state %lu of the service; seen last: state %lu, process %lu", seconds, wanted, state, id);
    return ERROR_SERVICE_REQUEST_TIMEOUT;
}

/* Stops a service and sees its process end, so that its file can be replaced. */
static DWORD stop_service(SC_HANDLE service)
{
    SERVICE_STATUS status;
    DWORD state, error, id = process_of(service, &state);
    HANDLE process = id ? OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE, id) : 0;
    if (state == SERVICE_STOPPED) error = 0;
    else if (!ControlService(service, SERVICE_CONTROL_STOP, &status) && GetLastError() != ERROR_SERVICE_NOT_ACTIVE)
        error = GetLastError();
    else error = await_state(service, SERVICE_STOPPED);
    if (process && WaitForSingleObject(process, limit_seconds() * 1000) == WAIT_TIMEOUT) TerminateProcess(process, 1);
    if (process) CloseHandle(process);
    return error;
}

/* Creates a service, or points an existing one at the new program; its account stays what it is (C24: a gMSA by now). */
static SC_HANDLE ensure_service(SC_HANDLE manager, const wchar_t *name, const wchar_t *display, const wchar_t *path,
                                const wchar_t *account)
{
    wchar_t quoted[LONG_PATH];
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
    swprintf(quoted, LONG_PATH, L"\"%ls\"", path);
    if (!service)
        return CreateServiceW(manager, name, display, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                              SERVICE_ERROR_NORMAL, quoted, 0, 0, 0, account, 0);
    ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_AUTO_START, SERVICE_NO_CHANGE, quoted, 0, 0, 0, 0, 0, display);
    return service;
}

static DWORD start_service(SC_HANDLE service)
{
    if (!StartServiceW(service, 0, 0) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) return GetLastError();
    return await_state(service, SERVICE_RUNNING);
}

static DWORD remove_service(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
    DWORD error;
    if (!service) return GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? 0 : GetLastError();
    error = stop_service(service);
    if (!DeleteService(service)) error = GetLastError();
    CloseServiceHandle(service);
    return error;
}

#endif
