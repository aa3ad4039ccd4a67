/* netstat.exe -ano: connections with their process numbers, which Wine's own does not show.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It shows WinRM's listener, and for the agent's process as many connections to port 443 as the lab's registry value Connections says:
 * the lab's agent speaks to Microsoft's side now and then, and holds no connection to a relay. Left out: all that is real. */
#include <windows.h>
#include <tlhelp32.h>
#include <stdio.h>
#include <wchar.h>
#include "product.h"

static DWORD process_of(const wchar_t *program)
{
    PROCESSENTRY32W entry = { .dwSize = sizeof entry };
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    DWORD found = 0;

    for (BOOL more = Process32FirstW(list, &entry); more; more = Process32NextW(list, &entry))
        if (!_wcsicmp(entry.szExeFile, program)) found = entry.th32ProcessID;
    CloseHandle(list);
    return found;
}

int wmain(void)
{
    DWORD count = 0, size = sizeof count, process = process_of(AGENT_PROGRAM);

    RegGetValueW(HKEY_LOCAL_MACHINE, LAB_KEY, L"Connections", RRF_RT_REG_DWORD, 0, &count, &size);
    printf("\nActive Connections\n\n  Proto  Local Address          Foreign Address        State           PID\n");
    printf("  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING       4\n");
    for (DWORD i = 0; process && i < count; i++)
        printf("  TCP    10.0.0.4:%lu         20.42.1.%lu:443          ESTABLISHED     %lu\n", 50000 + i, i + 1, process);
    return 0;
}
