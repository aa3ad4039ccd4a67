/* powershell.exe ARGUMENTS...: starts PowerShell 7 (%PWSH_EXE%) with the same arguments, as Windows' own powershell.exe would.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It stands in a lab host's system folder as powershell.exe and beside the real program as pwsh.exe. PowerShell's host needs a
 * console, and a process under Wine with no display has none: the child gets a headless one, and this process's standard handles,
 * so that its input and output stay plain pipes. Exits with the child's code. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include "command_line.h"
#include "job_limits.h"
#include "start_process.h"
#ifndef PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE
#define PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE 0x20016
#endif
typedef HRESULT (WINAPI *create_pseudo_console)(COORD, HANDLE, HANDLE, DWORD, void **);

static DWORD WINAPI drain(void *pipe)
{
    char buffer[4096];
    DWORD n;
    while (ReadFile(pipe, buffer, sizeof buffer, &n, 0) && n) {}
    return 0;
}

int wmain(void)
{
    wchar_t *rest = arguments(GetCommandLineW()), pwsh[MAX_PATH], *command;
    DWORD length = GetEnvironmentVariableW(L"PWSH_EXE", pwsh, MAX_PATH), code = 0;
    HANDLE std[3] = {GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE), GetStdHandle(STD_ERROR_HANDLE)};
    HANDLE in_read, in_write, out_read, out_write;
    STARTUPINFOEXW start;
    PROCESS_INFORMATION process;
    SIZE_T size = 0;
    void *console = 0;
    create_pseudo_console create;
    COORD extent = {200, 50};

    if (!length || length >= MAX_PATH) {
        fprintf(stderr, "powershell.exe: PWSH_EXE does not name pwsh.exe\n");
        return 127;
    }
    command = malloc((wcslen(pwsh) + wcslen(rest) + 4) * sizeof *command);
    wcscpy(command, L"\"");
    wcscat(command, pwsh);
    wcscat(command, L"\" ");
    wcscat(command, rest);

    CreatePipe(&in_read, &in_write, 0, 0);
    CreatePipe(&out_read, &out_write, 0, 0);
    create = (create_pseudo_console)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "CreatePseudoConsole");
    if (!create || create(extent, in_read, out_write, 0, &console)) {
        fprintf(stderr, "powershell.exe: no pseudo console\n");
        return 127;
    }
    CreateThread(0, 0, drain, out_read, 0, 0);

    for (int i = 0; i < 3; i++) SetHandleInformation(std[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    memset(&start, 0, sizeof start);
    start.StartupInfo.cb = sizeof start;
    start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    start.StartupInfo.hStdInput = std[0];
    start.StartupInfo.hStdOutput = std[1];
    start.StartupInfo.hStdError = std[2];
    InitializeProcThreadAttributeList(0, 1, 0, &size);
    start.lpAttributeList = malloc(size);
    InitializeProcThreadAttributeList(start.lpAttributeList, 1, 0, &size);
    UpdateProcThreadAttribute(start.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console, sizeof console, 0, 0);
    if (!start_process(command, TRUE, EXTENDED_STARTUPINFO_PRESENT | CREATE_SUSPENDED, &start.StartupInfo, &process)) {
        fprintf(stderr, "powershell.exe: cannot start pwsh.exe (%lu)\n", GetLastError());
        return 127;
    }
    report_job_limits(process.hProcess);
    ResumeThread(process.hThread);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}
