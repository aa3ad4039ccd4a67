/* Setup of another of Microsoft's agents that shares the updater (S18): /install or /uninstall, with /quiet.
 * build.h names its service and its row. Left out: what such an agent does.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <windows.h>
#include <wchar.h>
#include "product.h"
#include "setup_log.h"
#include "setup_host.h"
#include "setup_product.h"
#include "build.h"

#define OWN_ROW L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\" PRODUCT_CODE

static wchar_t folder[LONG_PATH], program[LONG_PATH];

static DWORD write_resource(int number, const wchar_t *path)
{
    HRSRC resource = FindResourceW(0, MAKEINTRESOURCEW(number), (LPCWSTR)RT_RCDATA);
    return resource ? write_file(path, LockResource(LoadResource(0, resource)), SizeofResource(0, resource)) : GetLastError();
}

static DWORD start_new(SC_HANDLE manager, const wchar_t *name, const wchar_t *display, const wchar_t *path)
{
    SC_HANDLE service = ensure_service(manager, name, display, path, L"LocalSystem");
    DWORD error = service ? start_service(service) : GetLastError();
    if (service) CloseServiceHandle(service);
    return error;
}

/* The updater comes with whichever agent is first. */
static DWORD ensure_updater(SC_HANDLE manager)
{
    wchar_t path[LONG_PATH];
    join(path, updater_folder, UPDATER_PROGRAM);
    if (exists(path)) return 0;
    DWORD error = create_folder(updater_folder);
    if (!error) error = write_resource(106, path);
    return error ? error : start_new(manager, UPDATER_SERVICE, UPDATER_DISPLAY, path);
}

static DWORD install(SC_HANDLE manager)
{
    HKEY row;
    DWORD error = create_folder(folder);
    if (!error) error = write_resource(101, program);
    if (!error) error = start_new(manager, SERVICE_NAME, PRODUCT_NAME_WIDE, program);
    if (!error) error = ensure_updater(manager);
    if (!error) error = create_key(OWN_ROW, KEY_WOW64_64KEY, &row);
    if (error) return error;
    set_text(row, L"DisplayName", PRODUCT_NAME_WIDE);
    set_text(row, L"DisplayVersion", VERSION_WIDE);
    return RegCloseKey(row);
}

static DWORD uninstall(SC_HANDLE manager)
{
    DWORD error = remove_service(manager, SERVICE_NAME);
    remove_file(program);
    RemoveDirectoryW(folder);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, OWN_ROW);
    return error;
}

int wmain(int count, wchar_t **arguments)
{
    wchar_t programs[MAX_PATH] = L"";
    SC_HANDLE manager = OpenSCManagerW(0, 0, SC_MANAGER_ALL_ACCESS);
    if (count != 3 || _wcsicmp(arguments[2], L"/quiet")) return ERROR_INVALID_PARAMETER;
    find_folders();
    SHGetFolderPathW(0, CSIDL_PROGRAM_FILES, 0, 0, programs);
    join(folder, programs, PRODUCT_NAME_WIDE);
    join(program, folder, SERVICE_NAME L".exe");
    if (!_wcsicmp(arguments[1], L"/install")) return (int)install(manager);
    if (!_wcsicmp(arguments[1], L"/uninstall")) return (int)uninstall(manager);
    return ERROR_INVALID_PARAMETER;
}
