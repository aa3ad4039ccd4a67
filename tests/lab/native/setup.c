/* AADConnectProvisioningAgentSetup.exe of the lab: behaves like the WiX Burn bundle of the provisioning agent (S1 to S16, S22 to S28).
 * Switches: /install /repair /uninstall /layout DIR, /quiet /q /s /passive, /norestart /promptrestart, /log FILE, NAME=VALUE.
 * Exit codes: 0; 87 bad arguments; 1618 another installation runs; 0x80070643 failed and rolled back; 0x80070666 a newer
 * version is installed; 0x81f40001 this Windows is not served; 1459 (the lab's own) no desktop for a window. Faults come from
 * the lab's registry key: SetupHold makes it wait until the value is gone or 0, SetupExitCode makes it end with that code (3010 and 1641 after
 * the installation, every other one after a roll-back), SetupBusyTimes makes that many runs end at once with 1618, SetupLogText is
 * written into the log.
 * As Burn does, it starts a copy of itself, which inherits its handles and does the work, and ends as that ends.
 * Left out: windows, Windows Installer underneath (msiexec.c stands in for it), the ECMA connector
 * host and AADCloudSyncTools, event log channels. An uninstallation leaves the trace files and the agent's certificate (what the real
 * one does to the certificate is not documented).
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <windows.h>
#include <shlobj.h>
#include <stdlib.h>
#include <wchar.h>
#include "product.h"
#include "setup_log.h"
#include "setup_host.h"
#include "setup_product.h"
#include "setup_rows.h"
#include "start_process.h"
#include "build.h"

LONG WINAPI RtlGetVersion(OSVERSIONINFOW *);

#define FAILED_AND_ROLLED_BACK 0x80070643u
#define NEWER_IS_INSTALLED 0x80070666u
#define CONDITION_IS_FALSE 0x81f40001u
/* Says to the copy what it is. */
#define CLEAN_ROOM L"-burn.clean.room"
/* From this version on an upgrade keeps edits of the exe.config (D23). */
#define CONFIGURATION_KEPT_SINCE L"1.1.1365.0"

enum action { INSTALL, REPAIR, UNINSTALL, LAYOUT };

static struct {
    enum action action;
    BOOL quiet;
    wchar_t log[LONG_PATH], layout[LONG_PATH], environment[64];
} options = {.environment = L"Default"};

/* ---- arguments ---- */

static BOOL is_switch(const wchar_t *argument, const wchar_t *name)
{
    return (*argument == L'/' || *argument == L'-') && !_wcsicmp(argument + 1, name);
}

static BOOL take_action(const wchar_t *argument)
{
    static const wchar_t *names[] = {L"install", L"repair", L"uninstall"};
    for (int i = 0; i < 3; i++)
        if (is_switch(argument, names[i])) return options.action = (enum action)i, TRUE;
    return FALSE;
}

static BOOL take_flag(const wchar_t *argument)
{
    static const wchar_t *quiet[] = {L"quiet", L"q", L"s", L"silent", L"passive"};
    for (int i = 0; i < 5; i++)
        if (is_switch(argument, quiet[i])) return options.quiet = TRUE;
    return is_switch(argument, L"norestart") || is_switch(argument, L"promptrestart") || is_switch(argument, L"forcerestart");
}

/* Switches with a word after them; returns how many words were taken. */
static int take_pair(int count, wchar_t **arguments)
{
    if (count < 2) return 0;
    if (is_switch(arguments[0], L"log") || is_switch(arguments[0], L"l")) return wcsncpy(options.log, arguments[1], LONG_PATH - 1), 2;
    if (!is_switch(arguments[0], L"layout")) return 0;
    options.action = LAYOUT;
    return wcsncpy(options.layout, arguments[1], LONG_PATH - 1), 2;
}

static BOOL take_variable(const wchar_t *argument)
{
    const wchar_t *sign = wcschr(argument, L'=');
    if (!sign || sign == argument || *argument == L'/' || *argument == L'-') return FALSE;
    if (!_wcsnicmp(argument, L"ENVIRONMENTNAME=", 16)) wcsncpy(options.environment, sign + 1, 63);
    return TRUE;
}

static BOOL parse(int count, wchar_t **arguments)
{
    for (int i = 1, taken; i < count; i += taken) {
        taken = take_pair(count - i, arguments + i);
        if (!taken && !wcscmp(arguments[i], CLEAN_ROOM)) taken = 1;
        if (!taken && (take_action(arguments[i]) || take_flag(arguments[i]) || take_variable(arguments[i]))) taken = 1;
        if (!taken) return FALSE;
    }
    return TRUE;
}

/* ---- files ---- */

/* Another name in each run: a backup of a file in use may still be there from an earlier one. */
static void backup_path(wchar_t *path, size_t i)
{
    payload_path(path, i);
    swprintf(path + wcslen(path), 16, L".%lx.rbf", GetCurrentProcessId());
}

/* Whether the configuration on the host stays: a repair and newer upgrades keep the administrator's edits. */
static BOOL keeps_configuration(const wchar_t *before)
{
    return *before && (compare_versions(before, CONFIGURATION_KEPT_SINCE) >= 0 || !compare_versions(before, VERSION_WIDE));
}

static DWORD write_payload(size_t i, const wchar_t *before)
{
    wchar_t path[LONG_PATH], backup[LONG_PATH];
    HRSRC resource = FindResourceW(0, MAKEINTRESOURCEW(payloads[i].resource), (LPCWSTR)RT_RCDATA);
    if (!resource) return ERROR_RESOURCE_NAME_NOT_FOUND;
    payload_path(path, i);
    backup_path(backup, i);
    if (exists(path)) {
        if (payloads[i].resource == CONFIGURATION_RESOURCE && keeps_configuration(before)) return 0;
        if (!MoveFileExW(path, backup, MOVEFILE_REPLACE_EXISTING)) return GetLastError();
    }
    write_log(L"i301", L"Writing file: %ls", path);
    return write_file(path, LockResource(LoadResource(0, resource)), SizeofResource(0, resource));
}

static DWORD write_files(const wchar_t *before)
{
    DWORD error = create_folder(agent_folder);
    if (!error) error = create_folder(updater_folder);
    if (!error) error = create_folder(trace_folder);
    for (size_t i = 0; i < PAYLOADS && !error; i++) error = write_payload(i, before);
    return error;
}

static void restore_files(void)
{
    wchar_t path[LONG_PATH], backup[LONG_PATH];
    for (size_t i = 0; i < PAYLOADS; i++) {
        payload_path(path, i);
        backup_path(backup, i);
        if (exists(backup)) MoveFileExW(backup, path, MOVEFILE_REPLACE_EXISTING);
    }
}

static void forget_backups(void)
{
    wchar_t backup[LONG_PATH];
    for (size_t i = 0; i < PAYLOADS; i++) {
        backup_path(backup, i);
        remove_file(backup);
    }
}

/* ---- services ---- */

static DWORD stop_named(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
    DWORD error = service ? stop_service(service) : 0;
    if (service) CloseServiceHandle(service);
    if (error) write_log(L"e000", L"Error 0x%08lx: Failed to stop service: %ls", HRESULT_FROM_WIN32(error), name);
    return error;
}

static DWORD start_named(SC_HANDLE manager, const wchar_t *folder, const wchar_t *program, const wchar_t *name,
                         const wchar_t *display, const wchar_t *account)
{
    wchar_t path[LONG_PATH];
    SC_HANDLE service;
    DWORD error;
    join(path, folder, program);
    service = ensure_service(manager, name, display, path, account);
    error = service ? start_service(service) : GetLastError();
    if (service) CloseServiceHandle(service);
    if (error)
        write_log(L"e000", L"Error 0x%08lx: Service '%ls' (%ls) failed to start. Verify that you have sufficient privileges to start system services.",
                  HRESULT_FROM_WIN32(error), display, name);
    return error;
}

static DWORD start_services(SC_HANDLE manager)
{
    DWORD error = start_named(manager, agent_folder, AGENT_PROGRAM, AGENT_SERVICE, AGENT_DISPLAY, AGENT_ACCOUNT);
    if (error) return error;
    return start_named(manager, updater_folder, UPDATER_PROGRAM, UPDATER_SERVICE, UPDATER_DISPLAY, L"LocalSystem");
}

/* ---- actions ---- */

static DWORD write_settings(void)
{
    HKEY key;
    DWORD error = create_key(AGENT_KEY, KEY_WOW64_64KEY, &key);
    if (error) return error;
    set_text(key, L"ServiceName", AGENT_SERVICE);
    set_text(key, L"InstallDir", agent_folder);
    set_text(key, L"ServiceProcessName", AGENT_PROGRAM);
    set_text(key, L"ProgramDataFolderName", DATA_FOLDER);
    return RegCloseKey(key);
}

/* Takes everything away, except the updater while another agent needs it. */
static DWORD remove_all(SC_HANDLE manager)
{
    BOOL shared = is_updater_shared();
    DWORD error = remove_agent(manager), second = shared ? 0 : remove_updater(manager);
    remove_rows(0, shared);
    return error ? error : second;
}

static DWORD roll_back(SC_HANDLE manager, const wchar_t *before, DWORD error)
{
    write_log(L"e000", L"Error 0x%08lx: Failed to configure per-machine MSI package. Rolling back.", HRESULT_FROM_WIN32(error));
    if (!*before) {
        remove_all(manager);
        return error;
    }
    stop_named(manager, AGENT_SERVICE);
    stop_named(manager, UPDATER_SERVICE);
    restore_files();
    start_services(manager);
    return error;
}

static BOOL is_success(DWORD code)
{
    return code == ERROR_SUCCESS || code == ERROR_SUCCESS_REBOOT_REQUIRED || code == ERROR_SUCCESS_REBOOT_INITIATED;
}

/* The wished-for end of the lab: 0 when there is none. */
static DWORD fault(void)
{
    while (get_number(LAB_KEY, L"SetupHold", 0)) Sleep(100);
    return get_number(LAB_KEY, L"SetupExitCode", 0);
}

static DWORD apply(SC_HANDLE manager, const wchar_t *before)
{
    DWORD code = 0, error = stop_named(manager, AGENT_SERVICE);
    if (!error) error = stop_named(manager, UPDATER_SERVICE);
    if (!error) error = write_files(before);
    if (!error) error = start_services(manager);
    if (!error) code = fault();
    if (!error && is_success(code)) error = write_settings();
    if (!error && is_success(code)) error = write_rows();
    if (error || !is_success(code)) {
        roll_back(manager, before, error ? error : code);
        return error ? FAILED_AND_ROLLED_BACK : code;
    }
    forget_backups();
    return code;
}

static DWORD uninstall(SC_HANDLE manager)
{
    DWORD code = fault(), error;
    if (!is_success(code)) return code;
    error = remove_all(manager);
    return error ? FAILED_AND_ROLLED_BACK : code;
}

/* A same version that is present already is left alone by /install, as Burn does: only /repair repairs it. */
static DWORD install(SC_HANDLE manager, const wchar_t *before, BOOL repair)
{
    int order = *before ? compare_versions(before, VERSION_WIDE) : -1;
    write_log(L"i101", L"Detected package: AADConnectProvisioningAgent.msi, state: %ls, cached: None", *before && !order ? L"Present" : L"Absent");
    if (order > 0) {
        write_log(L"e000", L"Error 0x80070666: Cannot install a product when a newer version is installed (%ls).", before);
        return NEWER_IS_INSTALLED;
    }
    if (!order && !repair) return ERROR_SUCCESS;
    return apply(manager, before);
}

/* ---- conditions ---- */

/* Client Windows and everything before Windows Server 2012 R2 is refused (S11). */
static BOOL is_served_system(void)
{
    wchar_t type[32] = L"";
    OSVERSIONINFOW windows = {.dwOSVersionInfoSize = sizeof windows};
    get_text(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"InstallationType", type, sizeof type);
    RtlGetVersion(&windows); /* GetVersionEx gives a program without a manifest an older version */
    return _wcsicmp(type, L"Client") && windows.dwBuildNumber >= 9600;
}

/* Credential Manager must not be disabled (D29). */
static BOOL is_vault_usable(void)
{
    return get_number(L"SYSTEM\\CurrentControlSet\\Services\\VaultSvc", L"Start", SERVICE_DEMAND_START) != SERVICE_DISABLED;
}

static DWORD check(void)
{
    if (!is_served_system()) {
        write_log(L"e000", L"Error 0x81f40001: Bundle condition evaluated to false: This product requires Windows Server 2012 R2 or higher.");
        return CONDITION_IS_FALSE;
    }
    if (!is_vault_usable()) {
        write_log(L"e000", L"Error 0x80070643: Credential Manager (VaultSvc) is disabled.");
        return FAILED_AND_ROLLED_BACK;
    }
    return ERROR_SUCCESS;
}

/* ---- running ---- */

static DWORD copy_layout(void)
{
    wchar_t self[LONG_PATH], path[LONG_PATH];
    GetModuleFileNameW(0, self, LONG_PATH);
    join(path, options.layout, BUNDLE_PROGRAM);
    create_folder(options.layout);
    return CopyFileW(self, path, FALSE) ? 0 : (DWORD)HRESULT_FROM_WIN32(GetLastError());
}

/* The wished-for number of runs that find another installation running. */
static BOOL is_made_busy(void)
{
    HKEY key;
    DWORD times = get_number(LAB_KEY, L"SetupBusyTimes", 0);
    if (!times || create_key(LAB_KEY, KEY_WOW64_64KEY, &key)) return FALSE;
    set_number(key, L"SetupBusyTimes", times - 1);
    RegCloseKey(key);
    return TRUE;
}

static DWORD change_host(void)
{
    wchar_t before[64];
    SC_HANDLE manager = OpenSCManagerW(0, 0, SC_MANAGER_ALL_ACCESS);
    if (!manager) return (DWORD)HRESULT_FROM_WIN32(GetLastError());
    installed_version(before);
    find_folders();
    if (options.action == UNINSTALL) return *before ? uninstall(manager) : ERROR_SUCCESS;
    return install(manager, before, options.action == REPAIR);
}

static DWORD run(void)
{
    DWORD code = ERROR_SUCCESS;
    if (options.action == LAYOUT) return copy_layout();
    if (!options.quiet) return ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION;
    if (is_made_busy()) return ERROR_INSTALL_ALREADY_RUNNING;
    if (options.action != UNINSTALL) code = check();
    if (!code) code = enter_installer();
    return code ? code : change_host();
}

static void log_start(void)
{
    wchar_t self[LONG_PATH];
    GetModuleFileNameW(0, self, LONG_PATH);
    write_log(L"i001", L"Burn v3.14.0.1316, Windows v10.0, path: %ls", self);
    write_log(L"i000", L"Initializing string variable 'ENVIRONMENTNAME' to value '%ls'", options.environment);
    write_log(L"i009", L"Command Line: '%ls'", GetCommandLineW());
    write_log(L"i000", L"Setting string variable 'WixBundleName' to value '" BUNDLE_NAME L"'");
    write_log(L"i000", L"Setting string variable 'WixBundleManufacturer' to value 'Microsoft Corporation'");
    write_log(L"i000", L"Setting version variable 'WixBundleVersion' to value '" VERSION_WIDE L"'");
}

/* Runs the copy to its end. */
static DWORD run_copy(void)
{
    const wchar_t *line = GetCommandLineW();
    size_t size = wcslen(line) + wcslen(CLEAN_ROOM) + 2;
    wchar_t *command = malloc(size * sizeof *command);
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD code;
    swprintf(command, size, L"%ls %ls", line, CLEAN_ROOM);
    if (!start_process(command, TRUE, 0, &start, &process)) return GetLastError();
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}

int wmain(int count, wchar_t **arguments)
{
    DWORD code = ERROR_INVALID_PARAMETER;
    BOOL understood = parse(count, arguments);
    wchar_t wish[512];
    if (count < 2 || wcscmp(arguments[count - 1], CLEAN_ROOM)) return (int)run_copy();
    open_log(options.log, L"Microsoft_Azure_AD_Connect_Provisioning_Agent_Package");
    log_start();
    if (understood) code = run();
    if (get_text(HKEY_LOCAL_MACHINE, LAB_KEY, L"SetupLogText", wish, sizeof wish)) write_log(L"i000", L"%ls", wish);
    write_log(L"i399", L"Apply complete, result: 0x%lx, restart: %ls, ba requested restart:  No", is_success(code) ? 0 : code,
              is_success(code) && code ? L"Required" : L"None");
    write_log(L"i007", L"Exit code: 0x%lx, restarting: No", code);
    if (log_file) fclose(log_file);
    return (int)code;
}
