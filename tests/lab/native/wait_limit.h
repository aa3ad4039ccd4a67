/* How long a host's programs wait: the lab's one limit (cloudlab/limits.py), as the lab has written it into its key.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WAIT_LIMIT_H
#define WAIT_LIMIT_H
#include <windows.h>
#include "product.h"

/* In seconds; 0, no wait at all, on a host that was made without it. */
static DWORD limit_seconds(void)
{
    DWORD seconds = 0, size = sizeof seconds;
    RegGetValueW(HKEY_LOCAL_MACHINE, LAB_KEY, L"LimitSeconds", RRF_RT_REG_DWORD, 0, &seconds, &size);
    return seconds;
}

#endif
