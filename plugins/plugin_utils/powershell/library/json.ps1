# Reads JSON by .NET's own reader, the same on every PowerShell, without a cmdlet.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Where module logging is on, Windows notes every value that is bound to a cmdlet's parameter in its event log (event 4103): text with
# a password in it must not go through ConvertFrom-Json. That one also takes texts for dates on PowerShell 7, and not on 5.1.

function ConvertFrom-JsonText {
    # Objects as hashtables, lists as arrays, numbers as long or double, all else as text, booleans and $null.
    # Throws an XmlException (inside a MethodInvocationException) for what is no JSON.
    param(
        [string]$Text
    )
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        Add-Type -AssemblyName System.Runtime.Serialization
    }
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $reader = [System.Runtime.Serialization.Json.JsonReaderWriterFactory]::CreateJsonReader($bytes, [System.Xml.XmlDictionaryReaderQuotas]::Max)
    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    # A text of blanks is a text.
    $document.PreserveWhitespace = $true
    try {
        $document.Load($reader)
    }
    finally {
        $reader.Dispose()
    }
    if ($null -eq $document.DocumentElement) {
        # .NET lets an empty text pass.
        $reason = New-Object -TypeName System.Xml.XmlException -ArgumentList 'The text is empty.'
        throw (New-Object -TypeName System.Management.Automation.MethodInvocationException -ArgumentList $reason.Message, $reason)
    }
    return , (ConvertFrom-JsonElement -Element $document.DocumentElement)
}

function ConvertFrom-JsonElement {
    # One value as the reader shows it: an element with its kind in the attribute "type".
    param(
        [System.Xml.XmlElement]$Element
    )
    $text = $Element.InnerText
    switch -CaseSensitive ($Element.GetAttribute('type')) {
        'object' {
            $table = @{}
            foreach ($child in $Element.ChildNodes) {
                # A name that XML does not allow stands in an attribute.
                $name = $(if ($child.NamespaceURI -eq 'item') { $child.GetAttribute('item') } else { $child.LocalName })
                $table[$name] = ConvertFrom-JsonElement -Element $child
            }
            return $table
        }
        'array' { return , @(foreach ($child in $Element.ChildNodes) { ConvertFrom-JsonElement -Element $child }) }
        'number' { return $(if ($text -match '^-?\d{1,18}$') { [long]$text } else { [double]$text }) }
        'boolean' { return $text -ceq 'true' }
        'null' { return $null }
    }
    return $text
}
