/* What the package installs, and how each of its two products is taken away again: by the bundle, and by msiexec.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SETUP_PRODUCT_H
#define SETUP_PRODUCT_H
#include <windows.h>
#include <shlobj.h>
#include "product.h"
#include "setup_host.h"

#define CONFIGURATION_RESOURCE 102
#define PAYLOADS (sizeof payloads / sizeof *payloads)

static const struct {
    int resource;
    BOOL updater;
    const wchar_t *name;
} payloads[] = {
    {101, FALSE, AGENT_PROGRAM},
    {CONFIGURATION_RESOURCE, FALSE, AGENT_PROGRAM L".config"},
    {103, FALSE, L"AADConnectProvisioningAgentWizard.exe"},
    {104, FALSE, L"Microsoft.CloudSync.PowerShell.dll"},
    {105, FALSE, L"Newtonsoft.Json.dll"},
    {106, TRUE, UPDATER_PROGRAM},
};

static wchar_t agent_folder[LONG_PATH], updater_folder[LONG_PATH], trace_folder[LONG_PATH];

static void find_folders(void)
{
    wchar_t programs[MAX_PATH] = L"", data[MAX_PATH] = L"";
    SHGetFolderPathW(0, CSIDL_PROGRAM_FILES, 0, 0, programs);
    SHGetFolderPathW(0, CSIDL_COMMON_APPDATA, 0, 0, data);
    join(agent_folder, programs, AGENT_FOLDER);
    join(updater_folder, programs, UPDATER_FOLDER);
    join(trace_folder, data, DATA_FOLDER L"\\Trace");
}

static void payload_path(wchar_t *path, size_t i)
{
    join(path, payloads[i].updater ? updater_folder : agent_folder, payloads[i].name);
}

/* Files that somebody else has put there stay, and their folder with them, as with Windows Installer. */
static void remove_files(BOOL updater)
{
    wchar_t path[LONG_PATH];
    for (size_t i = 0; i < PAYLOADS; i++) {
        if (payloads[i].updater != updater) continue;
        payload_path(path, i);
        remove_file(path);
    }
    RemoveDirectoryW(updater ? updater_folder : agent_folder);
}

/* The lab's agent id goes with the registration, which the real agent has nowhere else. */
static DWORD remove_agent(SC_HANDLE manager)
{
    DWORD error = remove_service(manager, AGENT_SERVICE);
    remove_files(FALSE);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, AGENT_KEY);
    RegDeleteKeyW(HKEY_LOCAL_MACHINE, AGENTS_KEY); /* fails while another agent has a key there */
    RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, LAB_KEY, L"AgentId");
    return error;
}

static DWORD remove_updater(SC_HANDLE manager)
{
    DWORD error = remove_service(manager, UPDATER_SERVICE);
    remove_files(TRUE);
    return error;
}

/* Windows Installer lets one installation run at a time and shows it by this mutex. */
static DWORD enter_installer(void)
{
    HANDLE mutex = CreateMutexW(0, FALSE, L"Global\\_MSIExecute");
    DWORD answer = mutex ? WaitForSingleObject(mutex, 0) : WAIT_FAILED;
    return answer == WAIT_OBJECT_0 || answer == WAIT_ABANDONED ? ERROR_SUCCESS : ERROR_INSTALL_ALREADY_RUNNING;
}

#endif
