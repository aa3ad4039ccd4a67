/* The agent updater's service: runs and stops. Left out: it never updates anything.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "product.h"
#include "service.h"

static void wait_for_stop(HANDLE stop)
{
    WaitForSingleObject(stop, INFINITE);
}

int wmain(void)
{
    return run_service(UPDATER_SERVICE, wait_for_stop);
}
