/* The configuration wizard's place in the package. Left out: every window; it ends at once with
 * ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION, since a lab host has no desktop.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <windows.h>

int wmain(void)
{
    return ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION;
}
