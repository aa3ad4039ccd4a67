/* A service that runs and stops, and does nothing: the agent updater, and the services of other agents; build.h names it.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"
#include "build.h"

static void wait_for_stop(HANDLE stop)
{
    WaitForSingleObject(stop, INFINITE);
}

int wmain(void)
{
    return run_service(SERVICE_NAME, wait_for_stop);
}
