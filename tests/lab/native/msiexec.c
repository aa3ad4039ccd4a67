/* msiexec.exe of the lab: removes the package's products by their codes, as Windows Installer would (/x {CODE} /qn ...).
 * Exit codes: 0; 1605 the product is not installed; 1618 another installation runs; 1639 bad arguments.
 * Left out: everything else that msiexec does.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <windows.h>
#include <stdlib.h>
#include <wchar.h>
#include "product.h"
#include "setup_log.h"
#include "setup_host.h"
#include "setup_product.h"

#define ROWS L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"

static struct {
    wchar_t code[64], log[LONG_PATH];
    BOOL quiet;
} options;

static BOOL is_switch(const wchar_t *argument, const wchar_t *name)
{
    return (*argument == L'/' || *argument == L'-') && !_wcsicmp(argument + 1, name);
}

/* /x {CODE}, /x{CODE} and /uninstall {CODE}; returns how many words were taken. */
static int take_product(int count, wchar_t **arguments)
{
    if ((*arguments[0] == L'/' || *arguments[0] == L'-') && towlower(arguments[0][1]) == L'x' && arguments[0][2] == L'{')
        return wcsncpy(options.code, arguments[0] + 2, 63), 1;
    if (count < 2 || (!is_switch(arguments[0], L"x") && !is_switch(arguments[0], L"uninstall"))) return 0;
    return wcsncpy(options.code, arguments[1], 63), 2;
}

static int take_log(int count, wchar_t **arguments)
{
    if (count < 2 || (*arguments[0] != L'/' && *arguments[0] != L'-') || towlower(arguments[0][1]) != L'l') return 0;
    return wcsncpy(options.log, arguments[1], LONG_PATH - 1), 2;
}

static int take_flag(wchar_t **arguments)
{
    BOOL quiet = is_switch(arguments[0], L"qn") || is_switch(arguments[0], L"quiet");
    options.quiet |= quiet;
    return quiet || is_switch(arguments[0], L"norestart");
}

static BOOL parse(int count, wchar_t **arguments)
{
    for (int i = 1, taken; i < count; i += taken) {
        taken = take_product(count - i, arguments + i);
        if (!taken) taken = take_log(count - i, arguments + i);
        if (!taken) taken = take_flag(arguments + i);
        if (!taken) return FALSE;
    }
    return options.quiet && *options.code;
}

static DWORD remove_product(void)
{
    wchar_t path[256], display[128] = L"";
    SC_HANDLE manager = OpenSCManagerW(0, 0, SC_MANAGER_ALL_ACCESS);
    DWORD error;
    swprintf(path, 256, ROWS L"%ls", options.code);
    if (!get_text(HKEY_LOCAL_MACHINE, path, L"DisplayName", display, sizeof display)) return ERROR_UNKNOWN_PRODUCT;
    if (wcscmp(display, AGENT_DISPLAY) && wcscmp(display, UPDATER_DISPLAY)) return ERROR_UNKNOWN_PRODUCT;
    find_folders();
    write_log(L"i000", L"Removing: %ls", display);
    error = wcscmp(display, AGENT_DISPLAY) ? remove_updater(manager) : remove_agent(manager);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, path);
    return error ? ERROR_INSTALL_FAILURE : ERROR_SUCCESS;
}

int wmain(int count, wchar_t **arguments)
{
    DWORD code = ERROR_INVALID_COMMAND_LINE;
    BOOL understood = parse(count, arguments);
    open_log(options.log, L"MSI");
    if (understood) code = enter_installer();
    if (understood && !code) code = remove_product();
    write_log(L"i000", L"MainEngineThread is returning %lu", code);
    if (log_file) fclose(log_file);
    return (int)code;
}
