/* shutdown.exe /r [/t SECONDS] [/f] [/c TEXT] [/d REASON], /a: restarts the lab's host, or calls a planned restart off.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It writes the seconds into C:\windows\shutdown.pending and returns; the process behind the host's WinRM endpoint
 * (cloudlab/windows/host.py) finds the file and restarts the host. Left out: every other switch, and the text for people at the screen. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define DEFAULT_SECONDS 30
#define LONGEST_SECONDS 315360000UL
/* winerror.h of mingw-w64 has no name for it. */
#ifndef ERROR_SHUTDOWN_IS_SCHEDULED
#define ERROR_SHUTDOWN_IS_SCHEDULED 1190
#endif
static const wchar_t pending[] = L"C:\\windows\\shutdown.pending";

static int usage(const wchar_t *word)
{
    fprintf(stderr, "shutdown.exe: the lab's stand-in does not know %ls; it takes /r /t SECONDS /f /c TEXT /d REASON and /a.(87)\n", word);
    return ERROR_INVALID_PARAMETER;
}

static int abort_shutdown(void)
{
    if (DeleteFileW(pending)) return 0;
    fprintf(stderr, "Unable to abort the system shutdown because no shutdown was in progress.(1116)\n");
    return ERROR_NO_SHUTDOWN_IN_PROGRESS;
}

static int plan_restart(unsigned long seconds)
{
    char text[16];
    DWORD written, length = (DWORD)sprintf(text, "%lu\n", seconds);
    HANDLE file = CreateFileW(pending, GENERIC_WRITE, FILE_SHARE_READ, 0, CREATE_NEW, 0, 0);
    BOOL done;

    if (file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_EXISTS) {
        fprintf(stderr, "A system shutdown has already been scheduled.(1190)\n");
        return ERROR_SHUTDOWN_IS_SCHEDULED;
    }
    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    done = WriteFile(file, text, length, &written, 0);
    return CloseHandle(file) && done ? 0 : ERROR_WRITE_FAULT;
}

int wmain(int count, wchar_t **words)
{
    unsigned long seconds = DEFAULT_SECONDS;
    int restart = 0, stop = 0;
    wchar_t *end;

    for (int i = 1; i < count; i++) {
        wchar_t letter = words[i][0] == '/' || words[i][0] == '-' ? towlower(words[i][1]) : 0;
        if (!letter || words[i][2]) return usage(words[i]);
        if (letter == 'r') restart = 1;
        else if (letter == 'a') stop = 1;
        else if (letter == 'f') continue;
        else if (letter == 't' && i + 1 < count) {
            seconds = wcstoul(words[++i], &end, 10);
            if (*end || seconds > LONGEST_SECONDS) return usage(words[i]);
        }
        else if ((letter == 'c' || letter == 'd') && i + 1 < count) i++;
        else return usage(words[i]);
    }
    if (restart == stop) return usage(L"what to do");
    return stop ? abort_shutdown() : plan_restart(seconds);
}
