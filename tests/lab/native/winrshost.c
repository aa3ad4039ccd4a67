/* winrshost.exe PROGRAM ARGUMENTS...: runs a command of a remote shell in a job object, as Windows' own winrshost.exe does.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All that the command starts belongs to the job and ends with this process, however this process ends. What is created with
 * CREATE_BREAKAWAY_FROM_JOB, or by WMI, lives on. Exits with the command's code. Left out: one job for a whole shell; here
 * each command has its own, so what it leaves behind ends with the command, not with the shell. */
#include <windows.h>
#include <stdio.h>
#include "command_line.h"
#include "start_process.h"

static int fail(const char *what)
{
    fprintf(stderr, "winrshost.exe: %s (%lu)\n", what, GetLastError());
    return 127;
}

/* The caller waits for the file %WINRSHOST_STARTED%: a program that Wine could not load has not begun. */
static void tell_start(void)
{
    wchar_t file[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"WINRSHOST_STARTED", file, MAX_PATH);

    if (length && length < MAX_PATH) CloseHandle(CreateFileW(file, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0));
    SetEnvironmentVariableW(L"WINRSHOST_STARTED", 0);
}

int wmain(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    HANDLE job = CreateJobObjectW(0, 0);

    tell_start();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    if (!job || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) return fail("no job");
    if (!AssignProcessToJobObject(job, GetCurrentProcess())) return fail("cannot join the job");
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!start_process(arguments(GetCommandLineW()), TRUE, 0, &start, &process)) return fail("cannot start the command");
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}
