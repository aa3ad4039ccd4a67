/* The provisioning agent's service: reports to Microsoft's side that it runs, over HTTPS with the certificate checked.
 * It takes up its registration when it starts, as the real one does (C3), and idles while there is none. The agent id comes
 * from the lab's registry key, where the real one takes it from its certificate's extension (S33). A text in that key's value
 * AgentFails makes it end at once, so that the service does not start. Left out: client certificate authentication, the relay, every
 * synchronisation.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>
#include "wait_limit.h"
#include "product.h"
#include "service.h"
#include <shlobj.h>
#include <winhttp.h>
#include "build.h"

#define BEAT_MILLISECONDS 3000

static FILE *trace_file;

/* One file a day, in the folder and under the name of S30. */
static void open_trace(void)
{
    wchar_t data[MAX_PATH], path[MAX_PATH * 2];
    SYSTEMTIME now;
    GetLocalTime(&now);
    /* Not %ProgramData%: Wine sets it wrong for services. */
    if (SHGetFolderPathW(0, CSIDL_COMMON_APPDATA, 0, 0, data)) return;
    swprintf(path, MAX_PATH * 2, L"%ls\\" DATA_FOLDER L"\\Trace\\AzureADConnectProvisioningAgent_%04u%02u%02u.log", data,
             now.wYear, now.wMonth, now.wDay);
    trace_file = _wfopen(path, L"a");
}

static void trace(const char *format, ...)
{
    SYSTEMTIME now;
    va_list arguments;
    if (!trace_file) return;
    GetSystemTime(&now);
    fprintf(trace_file, "[%04u-%02u-%02uT%02u:%02u:%02uZ] ", now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond);
    va_start(arguments, format);
    vfprintf(trace_file, format, arguments);
    va_end(arguments);
    fputc('\n', trace_file);
    fflush(trace_file);
}

static BOOL read_lab_value(const wchar_t *name, wchar_t *value, DWORD bytes)
{
    return !RegGetValueW(HKEY_LOCAL_MACHINE, LAB_KEY, name, RRF_RT_REG_SZ, 0, value, &bytes) && *value;
}

/* Sends the body; the HTTP status, or 0 when there was no answer (GetLastError knows why). */
static DWORD exchange(HINTERNET request, char *body)
{
    DWORD status = 0, size = sizeof status, length = (DWORD)strlen(body);
    if (!WinHttpSendRequest(request, L"Content-Type: application/json\r\n", (DWORD)-1, body, length, length, 0)) return 0;
    if (!WinHttpReceiveResponse(request, 0)) return 0;
    WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, WINHTTP_HEADER_NAME_BY_INDEX, &status,
                        &size, WINHTTP_NO_HEADER_INDEX);
    return status;
}

static DWORD post(const wchar_t *url, char *body)
{
    wchar_t host[256], path[512];
    URL_COMPONENTS parts = {.dwStructSize = sizeof parts};
    HINTERNET session, connection = 0, request = 0;
    DWORD status = 0, error = 0;
    int limit = (int)limit_seconds() * 1000;
    parts.lpszHostName = host, parts.dwHostNameLength = 256;
    parts.lpszUrlPath = path, parts.dwUrlPathLength = 512;
    if (!WinHttpCrackUrl(url, 0, 0, &parts)) return 0;
    session = WinHttpOpen(L"AADConnectProvisioningAgent/" VERSION_WIDE, WINHTTP_ACCESS_TYPE_NO_PROXY, 0, 0, 0);
    WinHttpSetTimeouts(session, limit, limit, limit, limit);
    connection = WinHttpConnect(session, host, parts.nPort, 0);
    request = WinHttpOpenRequest(connection, L"POST", path, 0, 0, 0, WINHTTP_FLAG_SECURE);
    status = exchange(request, body);
    error = GetLastError();
    WinHttpCloseHandle(request);
    WinHttpCloseHandle(connection);
    WinHttpCloseHandle(session);
    SetLastError(error);
    return status;
}

static void beat(const wchar_t *url, const char *state)
{
    static DWORD last_status = (DWORD)-1;
    char body[64];
    DWORD status;
    snprintf(body, sizeof body, "{\"state\":\"%s\",\"version\":\"%s\"}", state, VERSION_TEXT);
    status = post(url, body);
    if (status != last_status && !status) trace("Connection to the service failed, error %lu; will try again.", GetLastError());
    if (status != last_status && status) trace("The service answered HTTP %lu to state '%s'.", status, state);
    last_status = status;
}

static void work(HANDLE stop)
{
    wchar_t side[256], agent[64], url[512];
    open_trace();
    trace("Azure AD Connect Provisioning Agent %s started.", VERSION_TEXT);
    if (!read_lab_value(L"MicrosoftSide", side, sizeof side) || !read_lab_value(L"AgentId", agent, sizeof agent)) {
        trace("The agent is not registered; waiting.");
        WaitForSingleObject(stop, INFINITE);
    } else {
        trace("The agent %ls is registered with AAD. CredentialType: UseGMSA", agent);
        swprintf(url, 512, L"%ls/agents/%ls/heartbeat", side, agent);
        do beat(url, "running");
        while (WaitForSingleObject(stop, BEAT_MILLISECONDS) == WAIT_TIMEOUT);
        beat(url, "stopped");
    }
    trace("Azure AD Connect Provisioning Agent stopped.");
    if (trace_file) fclose(trace_file);
}

int wmain(void)
{
    wchar_t fault[64];
    if (read_lab_value(L"AgentFails", fault, sizeof fault)) return 1;
    return run_service(AGENT_SERVICE, work);
}
