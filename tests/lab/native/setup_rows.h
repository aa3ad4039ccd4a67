/* The bundle's and its products' rows under Programs and Features (S26, S27), and what they say of an installed version.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SETUP_ROWS_H
#define SETUP_ROWS_H
#include <windows.h>
#include <shlobj.h>
#include "product.h"
#include "setup_host.h"
#include "build.h"

#define UNINSTALL_KEY L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
#define BUNDLE_DISPLAY L"Microsoft Entra Provisioning Agent Package"
#define BUNDLE_PROGRAM L"AADConnectProvisioningAgentSetup.exe"
#define MAXIMUM_ROWS 64

/* Calls one function for each row of a view; the function may delete the row, so the names are read first. */
static void each_row(REGSAM view, void (*visit)(HKEY root, HKEY row, const wchar_t *name, void *data), void *data)
{
    static wchar_t names[MAXIMUM_ROWS][128];
    DWORD count = 0, length = 128;
    HKEY root, row;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, UNINSTALL_KEY, 0, KEY_ALL_ACCESS | view, &root)) return;
    while (count < MAXIMUM_ROWS && !RegEnumKeyExW(root, count, names[count], &length, 0, 0, 0, 0)) count++, length = 128;
    for (DWORD i = 0; i < count; i++) {
        if (RegOpenKeyExW(root, names[i], 0, KEY_READ | view, &row)) continue;
        visit(root, row, names[i], data);
        RegCloseKey(row);
    }
    RegCloseKey(root);
}

static BOOL is_own_bundle(HKEY row)
{
    wchar_t code[64];
    return get_text(row, 0, L"BundleUpgradeCode", code, sizeof code) && !_wcsicmp(code, UPGRADE_CODE);
}

static BOOL is_own_product(HKEY row)
{
    wchar_t name[128];
    return get_text(row, 0, L"DisplayName", name, sizeof name) && (!wcscmp(name, AGENT_DISPLAY) || !wcscmp(name, UPDATER_DISPLAY));
}

static void read_bundle_version(HKEY root, HKEY row, const wchar_t *name, void *data)
{
    (void)root, (void)name;
    if (is_own_bundle(row)) get_text(row, 0, L"BundleVersion", data, 64 * sizeof(wchar_t));
}

/* The installed bundle's version, or "" when there is none. */
static void installed_version(wchar_t version[64])
{
    *version = 0;
    each_row(KEY_WOW64_32KEY, read_bundle_version, version);
}

/* <0, 0, >0 as the first dotted version is older than, the same as, newer than the second. */
static int compare_versions(const wchar_t *left, const wchar_t *right)
{
    unsigned a[4] = {0}, b[4] = {0};
    swscanf(left, L"%u.%u.%u.%u", a, a + 1, a + 2, a + 3);
    swscanf(right, L"%u.%u.%u.%u", b, b + 1, b + 2, b + 3);
    for (int i = 0; i < 4; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static void cache_folder(wchar_t *path, const wchar_t *bundle)
{
    wchar_t data[MAX_PATH] = L"";
    SHGetFolderPathW(0, CSIDL_COMMON_APPDATA, 0, 0, data);
    swprintf(path, LONG_PATH, L"%ls\\Package Cache\\%ls", data, bundle);
}

/* Removes a bundle's row and its copy in the cache, the new bundle's excepted (data). */
static void remove_bundle_row(HKEY root, HKEY row, const wchar_t *name, void *data)
{
    wchar_t folder[LONG_PATH], path[LONG_PATH];
    if (!is_own_bundle(row) || (data && !_wcsicmp(name, data))) return;
    cache_folder(folder, name);
    join(path, folder, BUNDLE_PROGRAM);
    remove_file(path);
    RemoveDirectoryW(folder);
    RegDeleteTreeW(root, name);
}

/* Removes a product's row, the updater's excepted when it is kept (data points to a BOOL). */
static void remove_product_row(HKEY root, HKEY row, const wchar_t *name, void *data)
{
    wchar_t display[128];
    if (!is_own_product(row)) return;
    get_text(row, 0, L"DisplayName", display, sizeof display);
    if (!*(BOOL *)data || wcscmp(display, UPDATER_DISPLAY)) RegDeleteTreeW(root, name);
}

static void look_for_other_agent(HKEY root, HKEY row, const wchar_t *name, void *data)
{
    wchar_t display[128];
    (void)root, (void)name;
    if (!get_text(row, 0, L"DisplayName", display, sizeof display)) return;
    if (!wcscmp(display, PTA_DISPLAY) || !wcscmp(display, HEALTH_DISPLAY)) *(BOOL *)data = TRUE;
}

/* Whether another agent is on the host that the updater serves too (S18). */
static BOOL is_updater_shared(void)
{
    BOOL shared = FALSE;
    each_row(KEY_WOW64_64KEY, look_for_other_agent, &shared);
    return shared;
}

static void remove_rows(const wchar_t *except_bundle, BOOL keep_updater)
{
    each_row(KEY_WOW64_64KEY, remove_product_row, &keep_updater);
    each_row(KEY_WOW64_32KEY, remove_bundle_row, (void *)except_bundle);
}

static DWORD write_product_row(const wchar_t *code, const wchar_t *display)
{
    wchar_t path[256], command[256];
    HKEY row;
    DWORD error;
    swprintf(path, 256, UNINSTALL_KEY L"\\%ls", code);
    swprintf(command, 256, L"MsiExec.exe /X%ls", code);
    if ((error = create_key(path, KEY_WOW64_64KEY, &row))) return error;
    set_text(row, L"DisplayName", display);
    set_text(row, L"DisplayVersion", VERSION_WIDE);
    set_text(row, L"Publisher", L"Microsoft Corporation");
    set_text(row, L"UninstallString", command);
    set_number(row, L"WindowsInstaller", 1);
    set_number(row, L"SystemComponent", 0);
    return RegCloseKey(row);
}

static DWORD write_bundle_row(const wchar_t *cached)
{
    wchar_t command[LONG_PATH];
    HKEY row;
    DWORD error = create_key(UNINSTALL_KEY L"\\" BUNDLE_ID, KEY_WOW64_32KEY, &row);
    if (error) return error;
    set_text(row, L"DisplayName", BUNDLE_DISPLAY);
    set_text(row, L"DisplayVersion", VERSION_WIDE);
    set_text(row, L"BundleVersion", VERSION_WIDE);
    set_text(row, L"BundleUpgradeCode", UPGRADE_CODE);
    set_text(row, L"BundleCachePath", cached);
    set_text(row, L"EngineVersion", L"3.14.0.1316");
    set_text(row, L"Publisher", L"Microsoft Corporation");
    swprintf(command, LONG_PATH, L"\"%ls\" /uninstall", cached);
    set_text(row, L"UninstallString", command);
    wcscat(command, L" /quiet");
    set_text(row, L"QuietUninstallString", command);
    set_number(row, L"Installed", 1);
    return RegCloseKey(row);
}

/* Keeps a copy of this program for QuietUninstallString. */
static DWORD write_cache(wchar_t *cached)
{
    wchar_t folder[LONG_PATH], self[LONG_PATH];
    cache_folder(folder, BUNDLE_ID);
    join(cached, folder, BUNDLE_PROGRAM);
    GetModuleFileNameW(0, self, LONG_PATH);
    if (!_wcsicmp(self, cached)) return 0;
    create_folder(folder);
    return CopyFileW(self, cached, FALSE) ? 0 : GetLastError();
}

static DWORD write_rows(void)
{
    wchar_t cached[LONG_PATH];
    DWORD error = write_cache(cached);
    if (error) return error;
    remove_rows(BUNDLE_ID, FALSE);
    if ((error = write_product_row(PRODUCT_CODE, AGENT_DISPLAY))) return error;
    if ((error = write_product_row(UPDATER_CODE, UPDATER_DISPLAY))) return error;
    return write_bundle_row(cached);
}

#endif
