/* Starts a process as CreateProcess does, and again if Wine has lost it before it ran.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Under load Wine 8 now and then cannot load a program: the new process ends at once, and its maker sees ERROR_INTERNAL_ERROR. */
#ifndef START_PROCESS_H
#define START_PROCESS_H
#include <windows.h>

static BOOL start_process(wchar_t *command, BOOL inherit, DWORD flags, STARTUPINFOW *start, PROCESS_INFORMATION *process)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        if (CreateProcessW(0, command, 0, 0, inherit, flags, 0, 0, start, process)) return TRUE;
        if (GetLastError() != ERROR_INTERNAL_ERROR) break;
    }
    return FALSE;
}

#endif
