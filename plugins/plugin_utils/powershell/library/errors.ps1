# Reads what an error says whatever the host's language is: codes and types of its exceptions.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-ExceptionCode {
    # The codes of one exception: numbers as hexadecimal text, else names. Exceptions are known by their members rather than by their types,
    # which would have to be loaded for that.
    param(
        [System.Exception]$Exception
    )
    $type = $Exception.GetType().Name
    foreach ($name in 'NativeErrorCode', 'ErrorCode', 'Code', 'Status', 'StatusCode', 'Response') {
        $member = $Exception.PSObject.Properties[$name]
        $value = $(if ($null -ne $member) { $member.Value } else { $null })
        if ($null -eq $value) {
            continue
        }
        if ($name -eq 'Response') {
            # Of a web server, or of a directory.
            foreach ($part in @($value.PSObject.Properties['StatusCode'], $value.PSObject.Properties['ResultCode'] | Where-Object -FilterScript { $_ })) {
                '{0} {1}' -f $(if ($part.Name -eq 'StatusCode') { 'HTTP' } else { 'LDAP' }), [int]$part.Value
            }
        }
        elseif ($name -eq 'StatusCode') {
            "HTTP $([int]$value)"
        }
        elseif ($name -eq 'ErrorCode' -and $type -eq 'LdapException') {
            "LDAP $value"
        }
        elseif ($value -is [int]) {
            '0x{0:X8}' -f $value
        }
        else {
            "$type $value"
        }
    }
    '0x{0:X8}' -f $Exception.HResult
}

function Get-ErrorFact {
    # The message of an error, with codes and full type names of its exceptions, the innermost, which is the most telling, first.
    param(
        [System.Exception]$Exception
    )
    $chain = @()
    for ($cause = $Exception; $null -ne $cause -and $chain.Count -lt 10; $cause = $cause.InnerException) {
        $chain = @($cause) + $chain
    }
    return @{
        message = $Exception.Message
        codes = @($chain | ForEach-Object -Process { Get-ExceptionCode -Exception $_ } | Select-Object -Unique)
        exceptions = @($chain | ForEach-Object -Process { $_.GetType().FullName } | Select-Object -Unique)
    }
}
