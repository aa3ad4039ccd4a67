/* secedit.exe /export /areas USER_RIGHTS /cfg FILE /quiet: writes who may log on as a service.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The holders are the text ServiceLogonRight of the lab's registry key; a text that is not there stands for access denied, as for a user
 * who is no administrator. Left out: every other right, area and command. */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>
#include "product.h"

int wmain(int count, wchar_t **words)
{
    wchar_t holders[1024], text[2048];
    const wchar_t *path = 0;
    DWORD size = sizeof holders, written;
    HANDLE file;
    BOOL done;

    for (int i = 1; i + 1 < count; i++)
        if (!_wcsicmp(words[i], L"/cfg")) path = words[i + 1];
    if (count < 2 || _wcsicmp(words[1], L"/export") || !path) {
        fprintf(stderr, "secedit.exe: the lab's stand-in knows /export /areas USER_RIGHTS /cfg FILE alone\n");
        return ERROR_INVALID_PARAMETER;
    }
    if (RegGetValueW(HKEY_LOCAL_MACHINE, LAB_KEY, L"ServiceLogonRight", RRF_RT_REG_SZ, 0, holders, &size)) return ERROR_ACCESS_DENIED;
    swprintf(text, 2048, L"\xfeff[Unicode]\r\nUnicode=yes\r\n[Privilege Rights]\r\nSeServiceLogonRight = %ls\r\n[Version]\r\nRevision=1\r\n",
             holders);
    file = CreateFileW(path, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0);
    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    done = WriteFile(file, text, (DWORD)(wcslen(text) * sizeof *text), &written, 0);
    return CloseHandle(file) && done ? 0 : ERROR_WRITE_FAULT;
}
