/* WmiPrvSE.exe FLAGS SHOW COMMAND LINE: WMI's Win32_Process.Create, for the CimCmdlets module of the lab's hosts.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Creates the process outside every job, without the caller's handles, and prints its id; or exits with Windows' error. Left
 * out: on Windows the new process has WMI's environment and parent, not the caller's. */
#include <windows.h>
#include <stdio.h>
#include "command_line.h"
#include "start_process.h"

int wmain(int count, wchar_t **words)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD flags;

    if (count < 4) return ERROR_INVALID_PARAMETER;
    flags = wcstoul(words[1], 0, 10) | CREATE_BREAKAWAY_FROM_JOB | CREATE_NEW_CONSOLE;
    start.dwFlags = STARTF_USESHOWWINDOW;
    start.wShowWindow = (WORD)wcstoul(words[2], 0, 10);
    if (!start_process(arguments(arguments(arguments(GetCommandLineW()))), FALSE, flags, &start, &process))
        return GetLastError();
    printf("%lu\n", process.dwProcessId);
    return 0;
}
