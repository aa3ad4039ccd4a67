/* The frame of a Windows service: reports its states and runs one function until it has to stop.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVICE_H
#define SERVICE_H
#include <windows.h>

static SERVICE_STATUS_HANDLE service_handle;
static HANDLE service_stop;
static const wchar_t *service_name;
static void (*service_work)(HANDLE stop);

static void report(DWORD state, DWORD wait_hint)
{
    SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, 0, NO_ERROR, 0, 0, wait_hint};
    if (state == SERVICE_RUNNING) status.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN;
    SetServiceStatus(service_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (control == SERVICE_CONTROL_INTERROGATE) return NO_ERROR;
    if (control != SERVICE_CONTROL_STOP && control != SERVICE_CONTROL_SHUTDOWN) return ERROR_CALL_NOT_IMPLEMENTED;
    report(SERVICE_STOP_PENDING, 10000);
    SetEvent(service_stop);
    return NO_ERROR;
}

static void WINAPI service_main(DWORD count, wchar_t **arguments)
{
    (void)count, (void)arguments;
    service_handle = RegisterServiceCtrlHandlerExW(service_name, on_control, 0);
    if (!service_handle) return;
    service_stop = CreateEventW(0, TRUE, FALSE, 0);
    report(SERVICE_RUNNING, 0);
    service_work(service_stop);
    report(SERVICE_STOPPED, 0);
}

/* Hands the process to the service control manager; returns the process's exit code (1063 when started by hand). */
static int run_service(const wchar_t *name, void (*work)(HANDLE stop))
{
    SERVICE_TABLE_ENTRYW table[] = {{(wchar_t *)name, service_main}, {0, 0}};
    service_name = name;
    service_work = work;
    return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
}

#endif
