# Every function of the payloads takes what it works with, returns what it finds instead of writing into what it was given, and hides no
# command of Windows PowerShell.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeDiscovery {
    $folders = 'payloads', 'sessions', 'library'
    $root = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '../../../plugins/plugin_utils/powershell'))
    $files = foreach ($folder in $folders) {
        foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($root, $folder), '*.ps1')) {
            @{ Folder = $folder; File = [System.IO.Path]::GetFileName($file); Path = $file }
        }
    }
}

BeforeAll {
    # What PowerShell itself sets; and win_powershell's answer, where a payload notes that it is about to change the host.
    $known = @('_', 'args', 'env', 'ExecutionContext', 'false', 'input', 'LASTEXITCODE', 'Matches', 'null', 'PSVersionTable', 'true')
    $answers = @{ payloads = @('Ansible'); sessions = @(); library = @() }

    # Files whose functions still use variables of their script. A file that does no longer has to leave the list.
    $pending = @()

    # Parameters that are objects under way, which functions move on: a probe of an endpoint, which runs beside others, the output of a
    # program that still writes, and a reader with its place in a file.
    $moving = @('Probe', 'Output', 'Reader')

    # Commands of Windows PowerShell 5.1 and of Windows Server that the PowerShell of the tests does not have.
    $stock = @(
        'Find-Package', 'Find-PackageProvider', 'Get-Package', 'Get-PackageProvider', 'Get-PackageSource', 'Import-PackageProvider',
        'Install-Package', 'Install-PackageProvider', 'Register-PackageSource', 'Save-Package', 'Set-PackageSource', 'Uninstall-Package',
        'Unregister-PackageSource', 'Find-Module', 'Install-Module', 'Publish-Module', 'Save-Module', 'Update-Module', 'Uninstall-Module',
        'Add-Computer', 'Remove-Computer', 'Rename-Computer', 'Checkpoint-Computer', 'Reset-ComputerMachinePassword', 'Restore-Computer',
        'Test-ComputerSecureChannel', 'Get-EventLog', 'New-EventLog', 'Clear-EventLog', 'Limit-EventLog', 'Remove-EventLog', 'Show-EventLog',
        'Write-EventLog', 'Get-WmiObject', 'Invoke-WmiMethod', 'Register-WmiEvent', 'Remove-WmiObject', 'Set-WmiInstance',
        'New-WebServiceProxy', 'Get-Transaction', 'Start-Transaction', 'Use-Transaction', 'Complete-Transaction', 'Undo-Transaction',
        'Convert-String', 'ConvertFrom-String', 'Get-ControlPanelItem', 'Show-ControlPanelItem', 'Get-LocalUser', 'Get-LocalGroup',
        'Get-LocalGroupMember', 'Get-Certificate', 'Import-Certificate', 'Export-Certificate', 'Test-Certificate', 'Get-DnsClient',
        'Resolve-DnsName', 'Get-NetIPAddress', 'Test-NetConnection', 'Get-Disk', 'Get-Volume', 'Get-ScheduledTask', 'Get-WindowsFeature',
        'Install-WindowsFeature', 'Get-ADUser', 'Get-ADServiceAccount', 'Install-ADServiceAccount', 'Test-ADServiceAccount'
    )

    function Read-Tree {
        # A file's syntax tree.
        param(
            [string]$Path
        )
        $problems = $null
        $tree = [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref]$null, [ref]$problems)
        if ($problems.Count -gt 0) {
            throw "$Path cannot be parsed: $($problems[0].Message)"
        }
        return $tree
    }

    function Select-Node {
        # The nodes of one type in a tree, nested ones too.
        param(
            [System.Management.Automation.Language.Ast]$Tree,
            [type]$Type
        )
        return $Tree.FindAll({ param($node) $node -is $Type }.GetNewClosure(), $true)
    }

    function Get-TargetName {
        # The variables that an assignment makes: $name, [type]$name, $first, $other; not $name.part, which changes what there is already.
        param(
            [System.Management.Automation.Language.AssignmentStatementAst]$Assignment
        )
        if ($Assignment.Operator.ToString() -ne 'Equals') {
            return
        }
        $target = $Assignment.Left
        while ($target -is [System.Management.Automation.Language.AttributedExpressionAst]) {
            $target = $target.Child
        }
        foreach ($part in $(if ($target -is [System.Management.Automation.Language.ArrayLiteralAst]) { $target.Elements } else { $target })) {
            if ($part -is [System.Management.Automation.Language.VariableExpressionAst]) {
                $part.VariablePath.UserPath
            }
        }
    }

    function Get-OwnName {
        # The names that a function's parameters, assignments and loops make, and those of the script blocks inside it.
        param(
            [System.Management.Automation.Language.Ast]$Function
        )
        Select-Node -Tree $Function -Type ([System.Management.Automation.Language.ParameterAst]) | ForEach-Object -Process { $_.Name.VariablePath.UserPath }
        Select-Node -Tree $Function -Type ([System.Management.Automation.Language.ForEachStatementAst]) | ForEach-Object -Process { $_.Variable.VariablePath.UserPath }
        Select-Node -Tree $Function -Type ([System.Management.Automation.Language.AssignmentStatementAst]) | ForEach-Object -Process { Get-TargetName -Assignment $_ }
    }

    function Get-Constant {
        # What a file defines beside its functions, for functions to read.
        param(
            [System.Management.Automation.Language.Ast]$Tree
        )
        $Tree.EndBlock.Statements | Where-Object -FilterScript { $_ -is [System.Management.Automation.Language.AssignmentStatementAst] } | ForEach-Object -Process { Get-TargetName -Assignment $_ }
    }

    function Get-ForeignName {
        # The variables that a function names and has not made itself.
        param(
            [System.Management.Automation.Language.Ast]$Function,
            [string[]]$Allowed
        )
        $own = @(Get-OwnName -Function $Function) + $Allowed
        $named = Select-Node -Tree $Function -Type ([System.Management.Automation.Language.VariableExpressionAst])
        return @($named | ForEach-Object -Process { ($_.VariablePath.UserPath -split ':')[0] } | Where-Object -FilterScript { $own -notcontains $_ } | Sort-Object -Unique)
    }

    function Get-PartOwner {
        # The variable whose part an expression is: Transfer of $Transfer.fact.error and of $Transfer['error']; nothing for a variable itself.
        param(
            [System.Management.Automation.Language.Ast]$Expression
        )
        $part = $null
        while ($true) {
            if ($Expression -is [System.Management.Automation.Language.MemberExpressionAst]) {
                $part = $Expression.Expression
            }
            elseif ($Expression -is [System.Management.Automation.Language.IndexExpressionAst]) {
                $part = $Expression.Target
            }
            elseif ($Expression -is [System.Management.Automation.Language.VariableExpressionAst] -and $null -ne $part) {
                return $Expression.VariablePath.UserPath
            }
            else {
                return $null
            }
            $Expression = $part
        }
    }

    function Get-WrittenParameter {
        # The parameters of a function whose parts it writes: $Transfer.error = '', $Transfer.attempts++, $Transfer['error'] = ''.
        param(
            [System.Management.Automation.Language.Ast]$Function
        )
        $parameters = @(Select-Node -Tree $Function -Type ([System.Management.Automation.Language.ParameterAst]) | ForEach-Object -Process { $_.Name.VariablePath.UserPath })
        $written = @(Select-Node -Tree $Function -Type ([System.Management.Automation.Language.AssignmentStatementAst]) | ForEach-Object -Process { $_.Left })
        $written += @(Select-Node -Tree $Function -Type ([System.Management.Automation.Language.UnaryExpressionAst]) |
                Where-Object -FilterScript { @('PlusPlus', 'MinusMinus', 'PostfixPlusPlus', 'PostfixMinusMinus') -contains $_.TokenKind.ToString() } |
                ForEach-Object -Process { $_.Child })
        $owners = @($written | ForEach-Object -Process { Get-PartOwner -Expression $_ })
        return @($owners | Where-Object -FilterScript { $parameters -contains $_ } | Sort-Object -Unique)
    }

    $root = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '../../../plugins/plugin_utils/powershell'))
    $constants = @([System.IO.Directory]::GetFiles([System.IO.Path]::Combine($root, 'library'), '*.ps1') | ForEach-Object -Process { Get-Constant -Tree (Read-Tree -Path $_) })
    $function = [System.Management.Automation.Language.FunctionDefinitionAst]
}

Describe 'The functions of <Folder>/<File>' -ForEach $files {
    It 'name only what they are given, what they make, and constants of the library' {
        $allowed = $known + $constants + $answers[$Folder]
        $found = foreach ($checked in (Select-Node -Tree (Read-Tree -Path $Path) -Type $function)) {
            foreach ($name in (Get-ForeignName -Function $checked -Allowed $allowed)) {
                "$($checked.Name): $name"
            }
        }
        if ($pending -contains "$Folder/$File") {
            $found | Should -Not -BeNullOrEmpty -Because "$File is on the list of those that are still to be changed"
        }
        else {
            $found -join '; ' | Should -BeExactly ''
        }
    }

    It 'write into nothing that they are given' {
        $found = foreach ($checked in (Select-Node -Tree (Read-Tree -Path $Path) -Type $function)) {
            foreach ($name in (Get-WrittenParameter -Function $checked | Where-Object -FilterScript { $moving -notcontains $_ })) {
                "$($checked.Name): $name"
            }
        }
        $found -join '; ' | Should -BeExactly ''
    }

    It 'hide no command of Windows PowerShell' {
        $names = @(Select-Node -Tree (Read-Tree -Path $Path) -Type $function | ForEach-Object -Process { $_.Name })
        $hidden = @($names | Where-Object -FilterScript { $stock -contains $_ })
        if ($names.Count -gt 0) {
            $hidden += @(Get-Command -Name $names -CommandType Cmdlet, Alias, Function -ErrorAction Ignore | ForEach-Object -Process { $_.Name })
        }
        $hidden -join '; ' | Should -BeExactly ''
    }
}

Describe 'The rule' {
    It 'sees <Why>' -ForEach @(
        @{ Why = 'a variable of the caller that is read'; Code = 'function Get-One { return $outer }'; Found = 'outer' }
        @{ Why = 'a part of the caller''s that is written'; Code = 'function Set-One { $answer.part = 1 }'; Found = 'answer' }
        @{ Why = 'a variable of the script that is written'; Code = 'function Set-One { $script:part = 1 }'; Found = 'script' }
        @{ Why = 'a variable that is only added to'; Code = 'function Set-One { $list += 1 }'; Found = 'list' }
        @{ Why = 'nothing where all is its own'; Code = 'function Get-One { param($a) foreach ($b in $a) { $c, $d = $b; [int]$e = $d; @(1) | ForEach-Object { $c + $e + $_ } } }'; Found = '' }
    ) {
        $tree = [System.Management.Automation.Language.Parser]::ParseInput($Code, [ref]$null, [ref]$null)
        (Get-ForeignName -Function @(Select-Node -Tree $tree -Type $function)[0] -Allowed $known) -join ', ' | Should -BeExactly $Found
    }

    It 'sees that <Why>' -ForEach @(
        @{ Why = 'a part is written'; Code = 'function Set-One { param($a) $a.part = 1 }'; Found = 'a' }
        @{ Why = 'a part of a part is written'; Code = 'function Set-One { param($a) if ($a) { $a.first.second = 1 } }'; Found = 'a' }
        @{ Why = 'an entry is written'; Code = 'function Set-One { param($a, $b) $a[$b] = 1 }'; Found = 'a' }
        @{ Why = 'a part is counted up'; Code = 'function Set-One { param($a) $a.part++ }'; Found = 'a' }
        @{ Why = 'a part is added to'; Code = 'function Set-One { param($a) $a.part += 1 }'; Found = 'a' }
        @{ Why = 'parts of its own are its own'; Code = 'function Get-One { param($a) $b = @{}; $b.part = $a.part; $b[$a] = 1; $a = 2; $a++; return $b }'; Found = '' }
    ) {
        $tree = [System.Management.Automation.Language.Parser]::ParseInput($Code, [ref]$null, [ref]$null)
        (Get-WrittenParameter -Function @(Select-Node -Tree $tree -Type $function)[0]) -join ', ' | Should -BeExactly $Found
    }
}
