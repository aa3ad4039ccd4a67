/* The command line as a program's caller wrote it, for programs that hand it on.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H
#include <wchar.h>

static wchar_t *arguments(wchar_t *line)  /* the command line without its first word */
{
    if (*line == '"') {
        for (line++; *line && *line != '"'; line++) {}
        if (*line) line++;
    } else {
        while (*line && *line != ' ' && *line != '\t') line++;
    }
    while (*line == ' ' || *line == '\t') line++;
    return line;
}

#endif
