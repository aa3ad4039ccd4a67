# Walks the syntax trees of PowerShell files and writes down what they name and call; what of that Windows PowerShell 5.1 has is judged by
# the rules in this folder. Reads the path of a list of paths and the path of the answer (JSON) from its arguments.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param(
    [string]$ListPath,
    [string]$AnswerPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# PowerShell's own inference is internal; the types that a payload's variables and calls have are what completion in an editor shows.
$automation = [powershell].Assembly
$contextType = $automation.GetType('System.Management.Automation.TypeInferenceContext', $true)
$context = [System.Activator]::CreateInstance($contextType, @([powershell]::Create('CurrentRunspace')))
$permissionType = $automation.GetType('System.Management.Automation.TypeInferenceRuntimePermissions', $true)
$infer = $automation.GetType('System.Management.Automation.AstTypeInference', $true).GetMethod('InferTypeOf',
    [System.Reflection.BindingFlags]'Static, Public, NonPublic', $null,
    [type[]]@([System.Management.Automation.Language.Ast], $contextType, $permissionType), $null)
$permission = [System.Enum]::ToObject($permissionType, 0)

# The nodes that say something, and those that may be of a kind that Windows PowerShell does not know.
$telling = [System.Collections.Generic.HashSet[string]]@('TypeExpressionAst', 'TypeConstraintAst', 'AttributeAst', 'MemberExpressionAst',
    'InvokeMemberExpressionAst', 'CommandAst', 'SubExpressionAst', 'IfStatementAst', 'SwitchStatementAst', 'ForEachStatementAst', 'TryStatementAst',
    'VariableExpressionAst', 'AssignmentStatementAst', 'FunctionDefinitionAst', 'BinaryExpressionAst')
$suspect = [System.Collections.Generic.HashSet[string]]@('TernaryExpressionAst', 'PipelineChainAst', 'PipelineAst', 'BinaryExpressionAst',
    'AssignmentStatementAst', 'MemberExpressionAst', 'InvokeMemberExpressionAst', 'IndexExpressionAst', 'ScriptBlockAst')

# Where a variable may get another type.
$renewing = [System.Collections.Generic.HashSet[string]]@('AssignmentStatementAst', 'ForEachStatementAst', 'FunctionDefinitionAst', 'CatchClauseAst', 'ScriptBlockExpressionAst')
$inferred = [System.Collections.Generic.Dictionary[string, object]]::new()

# Cmdlets that give nothing, as far as payloads use them.
$silent = @('Add-Type', 'Import-Module', 'Set-Acl', 'Set-Service', 'Start-Sleep', 'Write-Verbose', 'Write-Warning', 'Set-StrictMode')
# Cmdlets that pass on or drop what comes in, so that nothing may be left.
$filters = @('ForEach-Object', 'Where-Object', 'Select-Object', 'Sort-Object')

function Get-InferredName {
    # The full names of the types that an expression may have; none where PowerShell does not know.
    param(
        $Ast
    )
    # The same words mean the same until something is assigned; asking costs more than all else here.
    $text = $Ast.Extent.Text
    $names = $null
    if ($inferred.TryGetValue($text, [ref]$names)) {
        return , $names
    }
    $names = [System.Collections.Generic.List[string]]::new()
    foreach ($found in $infer.Invoke($null, @($Ast, $context, $permission))) {
        # What .NET keeps to itself has other names in every version.
        for ($type = $found.Type; $null -ne $type -and -not $type.IsVisible; $type = $type.BaseType) { }
        $names.Add($(if ($null -ne $type) { $type.ToString() } else { $found.Name }))
    }
    if ($Ast.Extent.StartOffset -ge $script:settled -and $text.IndexOf('$_', [System.StringComparison]::Ordinal) -lt 0) {
        $inferred[$text] = $names
    }
    return , $names
}

function Get-Region {
    # The regions of a tree that say where a node stands: functions, blocks that run in a process of their own (they are handed over as
    # text), and branches that Windows PowerShell never takes (else of "Major -lt 6").
    param(
        [System.Management.Automation.Language.ScriptBlockAst]$Tree
    )
    foreach ($node in $Tree.FindAll({ param($node) $node.GetType().Name -in 'FunctionDefinitionAst', 'InvokeMemberExpressionAst', 'IfStatementAst' }, $true)) {
        $kind, $name, $place = '', '', $node.Extent
        switch ($node.GetType().Name) {
            'FunctionDefinitionAst' { $kind, $name = 'function', $node.Name }
            'InvokeMemberExpressionAst' {
                if ($node.Expression -is [System.Management.Automation.Language.ScriptBlockExpressionAst] -and $node.Member.Extent.Text -eq 'ToString') {
                    $kind, $name = 'text', ' (text)'
                }
            }
            'IfStatementAst' {
                if ($node.Clauses[0].Item1.Extent.Text -eq '$PSVersionTable.PSVersion.Major -lt 6' -and $null -ne $node.ElseClause) {
                    $kind, $place = 'newer', $node.ElseClause.Extent
                }
            }
        }
        if ($kind) {
            @{ kind = $kind; name = $name; start = $place.StartOffset; end = $place.EndOffset }
        }
    }
}

function Get-ArgumentCount {
    # How many arguments -ArgumentList hands over; -1 where that does not show.
    param(
        [System.Management.Automation.Language.Ast]$Ast
    )
    if ($Ast -is [System.Management.Automation.Language.ArrayLiteralAst]) {
        return $Ast.Elements.Count
    }
    if ($Ast -is [System.Management.Automation.Language.ParenExpressionAst]) {
        $pure = $Ast.Pipeline.GetPureExpression()
        return $(if ($null -ne $pure) { Get-ArgumentCount -Ast $pure } else { -1 })
    }
    if ($Ast -is [System.Management.Automation.Language.ArrayExpressionAst]) {
        $statements = $Ast.SubExpression.Statements
        $pure = $(if ($statements.Count -eq 1) { $statements[0].GetPureExpression() } else { $null })
        return $(if ($null -ne $pure) { Get-ArgumentCount -Ast $pure } else { -1 })
    }
    foreach ($name in (Get-InferredName -Ast $Ast)) {
        if ($name.EndsWith('[]')) {
            return -1
        }
    }
    return 1
}

function Get-CommandParameter {
    # A command's parameters in order: name and text of the value, '' for the name of one that is given by position.
    param(
        [System.Management.Automation.Language.CommandAst]$Command
    )
    $elements = $Command.CommandElements
    for ($index = 1; $index -lt $elements.Count; $index++) {
        $element = $elements[$index]
        if ($element -isnot [System.Management.Automation.Language.CommandParameterAst]) {
            $splatted = $element -is [System.Management.Automation.Language.VariableExpressionAst] -and $element.Splatted
            @{ name = $(if ($splatted) { '@' } else { '' }); value = $element.Extent.Text; ast = $element }
            continue
        }
        $value = $element.Argument
        # A switch has none; what follows it then is the next parameter or the value of this one.
        if ($null -eq $value -and $index + 1 -lt $elements.Count -and $elements[$index + 1] -isnot [System.Management.Automation.Language.CommandParameterAst]) {
            $index++
            $value = $elements[$index]
        }
        @{ name = $element.ParameterName; value = $(if ($null -ne $value) { $value.Extent.Text } else { '' }); ast = $value }
    }
}

# ---- what a piece of code yields: 'yes', 'no' or 'maybe' ----

function Get-Yield {
    # Of a statement that is not a way of control, or of an expression. Kept: what it yields is a value, and not left standing.
    param(
        [System.Management.Automation.Language.Ast]$Ast,
        [bool]$Kept
    )
    if ($Ast -is [System.Management.Automation.Language.AssignmentStatementAst]) {
        return 'no'
    }
    if ($Ast -is [System.Management.Automation.Language.PipelineAst]) {
        $last = $Ast.PipelineElements[$Ast.PipelineElements.Count - 1]
        if ($last -is [System.Management.Automation.Language.CommandExpressionAst]) {
            return Get-Yield -Ast $last.Expression -Kept $Kept
        }
        $name = $last.GetCommandName()
        if ($silent -contains $name) {
            return 'no'
        }
        if ($filters -contains $name) {
            return 'maybe'
        }
        if ($null -ne $name -and $functions.ContainsKey($name)) {
            return Get-FunctionYield -Name $name
        }
        return 'yes'
    }
    if ($Ast -is [System.Management.Automation.Language.InvokeMemberExpressionAst]) {
        # Of a method that is not known: where its result is kept it has one.
        $names = Get-InferredName -Ast $Ast
        return $(if ($names.Count -eq 0) { if ($Kept) { 'yes' } else { 'no' } } elseif ($names[0] -eq 'System.Void') { 'no' } else { 'yes' })
    }
    if ($Ast -is [System.Management.Automation.Language.UnaryExpressionAst]) {
        return $(if ($Ast.TokenKind -match 'PlusPlus|MinusMinus') { 'no' } else { 'yes' })
    }
    if ($Ast -is [System.Management.Automation.Language.ParenExpressionAst]) {
        return Get-Yield -Ast $Ast.Pipeline -Kept $Kept
    }
    if ($Ast -is [System.Management.Automation.Language.ArrayExpressionAst]) {
        # An array comes out of a function element by element: an empty one is nothing.
        $statements = $Ast.SubExpression.Statements
        return $(if ($statements.Count -eq 0) { 'no' } else { Get-BlockYield -Statements $statements -Kept $true })
    }
    if ($Ast -is [System.Management.Automation.Language.SubExpressionAst]) {
        return Get-BlockYield -Statements $Ast.SubExpression.Statements -Kept $true
    }
    return 'yes'
}

function Get-BlockYield {
    # Of statements as a whole: 'yes' where every path through them yields something.
    param(
        [object]$Statements,
        [bool]$Kept
    )
    $flow = @{ empty = $false; some = $false; kept = $Kept }
    $end = Step-Block -Statements $Statements -Has $false -Flow $flow
    if ($end.falls) {
        if ($end.has) { $flow.some = $true } else { $flow.empty = $true }
    }
    if (-not $flow.empty) {
        return 'yes'
    }
    return $(if ($flow.some -or $end.maybe) { 'maybe' } else { 'no' })
}

function Step-Block {
    # Goes through statements: whether their end is reached, whether every path to it has yielded something, whether one may have.
    # Returns that leave on the way are noted in Flow.
    param(
        [object]$Statements,
        [bool]$Has,
        [hashtable]$Flow
    )
    $state = @{ falls = $true; has = $Has; maybe = $false }
    foreach ($statement in $Statements) {
        if (-not $state.falls) {
            break
        }
        $state = Step-Statement -Statement $statement -State $state -Flow $Flow
    }
    return $state
}

function Merge-Branch {
    # What several branches come to.
    param(
        [hashtable[]]$Branches,
        [bool]$Maybe
    )
    $reached = @($Branches | Where-Object -FilterScript { $_.falls })
    return @{
        falls = $reached.Count -gt 0
        has = @($reached | Where-Object -FilterScript { -not $_.has }).Count -eq 0
        maybe = $Maybe -or @($Branches | Where-Object -FilterScript { $_.has -or $_.maybe }).Count -gt 0
    }
}

function Step-Statement {
    param(
        [System.Management.Automation.Language.Ast]$Statement,
        [hashtable]$State,
        [hashtable]$Flow
    )
    $before = @{ falls = $true; has = $State.has; maybe = $State.maybe }
    switch ($Statement.GetType().Name) {
        'ReturnStatementAst' {
            $yield = $(if ($null -ne $Statement.Pipeline) { Get-Yield -Ast $Statement.Pipeline -Kept $true } else { 'no' })
            if ($State.has -or $yield -eq 'yes') { $Flow.some = $true } else { $Flow.empty = $true }
            if ($yield -eq 'maybe') { $Flow.some = $true }
            return @{ falls = $false; has = $State.has; maybe = $State.maybe }
        }
        { $_ -in 'ThrowStatementAst', 'ExitStatementAst' } { return @{ falls = $false; has = $State.has; maybe = $State.maybe } }
        'IfStatementAst' {
            $branches = @(foreach ($clause in $Statement.Clauses) { Step-Block -Statements $clause.Item2.Statements -Has $State.has -Flow $Flow })
            $branches += $(if ($null -ne $Statement.ElseClause) { Step-Block -Statements $Statement.ElseClause.Statements -Has $State.has -Flow $Flow } else { $before })
            return Merge-Branch -Branches $branches -Maybe $State.maybe
        }
        'SwitchStatementAst' {
            $branches = @(foreach ($clause in $Statement.Clauses) { Step-Block -Statements $clause.Item2.Statements -Has $State.has -Flow $Flow })
            $branches += $(if ($null -ne $Statement.Default) { Step-Block -Statements $Statement.Default.Statements -Has $State.has -Flow $Flow } else { $before })
            return Merge-Branch -Branches $branches -Maybe $State.maybe
        }
        'TryStatementAst' {
            $body = Step-Block -Statements $Statement.Body.Statements -Has $State.has -Flow $Flow
            $branches = @($body) + @(foreach ($catch in $Statement.CatchClauses) { Step-Block -Statements $catch.Body.Statements -Has $State.has -Flow $Flow })
            return Merge-Branch -Branches $branches -Maybe $State.maybe
        }
        { $_ -in 'WhileStatementAst', 'ForStatementAst', 'ForEachStatementAst', 'DoWhileStatementAst', 'DoUntilStatementAst' } {
            $body = Step-Block -Statements $Statement.Body.Statements -Has $State.has -Flow $Flow
            $endless = $_ -eq 'WhileStatementAst' -and $Statement.Condition.Extent.Text -eq '$true' -and
                $null -eq $Statement.Body.Find({ param($node) $node -is [System.Management.Automation.Language.BreakStatementAst] }, $false)
            return @{ falls = -not $endless; has = $State.has; maybe = $State.maybe -or $body.has -or $body.maybe }
        }
        { $_ -in 'BreakStatementAst', 'ContinueStatementAst' } { return $before }
    }
    $yield = Get-Yield -Ast $Statement -Kept $Flow.kept
    return @{ falls = $true; has = $State.has -or $yield -eq 'yes'; maybe = $State.maybe -or $yield -eq 'maybe' }
}

function Get-FunctionYield {
    # Of a payload's function by its name; one that calls itself counts as one that yields.
    param(
        [string]$Name
    )
    if (-not $yields.ContainsKey($Name)) {
        $yields[$Name] = 'yes'
        $statements = @($functions[$Name].Body.EndBlock.Statements)
        $yields[$Name] = Get-BlockYield -Statements $statements -Kept $false
    }
    return $yields[$Name]
}

function Test-ValueWanted {
    # Whether what a node yields is kept as one value: assigned, put into a table, handed over as an argument.
    param(
        [System.Management.Automation.Language.Ast]$Ast
    )
    $parent = $Ast.Parent
    if ($parent -is [System.Management.Automation.Language.AssignmentStatementAst]) {
        return $Ast -eq $parent.Right -and $parent.Left.Extent.Text -ne '$null'
    }
    if ($parent -is [System.Management.Automation.Language.HashtableAst] -or $parent -is [System.Management.Automation.Language.ArrayLiteralAst] -or
        $parent -is [System.Management.Automation.Language.CommandAst] -or $parent -is [System.Management.Automation.Language.CommandParameterAst]) {
        return $true
    }
    # (Get-Fact), $(Get-Fact) and a pipeline of one expression are what they hold.
    $transparent = $parent -is [System.Management.Automation.Language.ParenExpressionAst] -or
        ($parent -is [System.Management.Automation.Language.CommandExpressionAst] -and $parent.Parent -is [System.Management.Automation.Language.PipelineAst] -and
        $parent.Parent.PipelineElements.Count -eq 1) -or $parent -is [System.Management.Automation.Language.PipelineAst]
    return $transparent -and (Test-ValueWanted -Ast $parent)
}

# ---- one file ----

function Add-Note {
    # Notes what stands at a place: kind, line, offset, the function that it is in, and what there is to say.
    param(
        $Kind,
        $Extent,
        $Values
    )
    $function = ''
    $offset = $Extent.StartOffset
    foreach ($region in $regions) {
        if ($region.start -le $offset -and $offset -lt $region.end) {
            if ($region.kind -eq 'newer') {
                return
            }
            $function = $(if ($region.kind -eq 'text') { $function + $region.name } else { $region.name })
        }
    }
    $Values.kind = $Kind
    $Values.line = $Extent.StartLineNumber
    $Values.offset = $offset
    $Values.function = $function
    $notes.Add($Values)
}

function Add-Member {
    param(
        [System.Management.Automation.Language.MemberExpressionAst]$Ast
    )
    $isCall = $Ast -is [System.Management.Automation.Language.InvokeMemberExpressionAst]
    $arguments = @($(if ($isCall -and $null -ne $Ast.Arguments) { $Ast.Arguments } else { @() }))
    $member = $(if ($Ast.Member -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $Ast.Member.Value } else { '' })
    if (-not $member) {
        return
    }
    $values = @{ member = $member; call = $isCall; arguments = $arguments.Count; first = $(if ($arguments.Count -gt 0) { $arguments[0].Extent.Text } else { '' }) }
    if ($Ast.Static -and $Ast.Expression -is [System.Management.Automation.Language.TypeExpressionAst]) {
        $values.types = @(Get-TypeText -Name $Ast.Expression.TypeName)
        Add-Note -Kind 'static' -Extent $Ast.Extent -Values $values
    }
    else {
        $values.types = (Get-InferredName -Ast $Ast.Expression)
        $values.target = $Ast.Expression.Extent.Text
        Add-Note -Kind 'instance' -Extent $Ast.Extent -Values $values
    }
}

function Get-TypeText {
    # A type's full name where PowerShell here has it, else as it is written.
    param(
        [System.Management.Automation.Language.ITypeName]$Name
    )
    $type = $Name.GetReflectionType()
    return $(if ($null -ne $type) { $type.ToString() } else { $Name.FullName })
}

function Add-TypeName {
    param(
        [System.Management.Automation.Language.Ast]$Ast,
        [System.Management.Automation.Language.ITypeName]$Name
    )
    if ($Name -is [System.Management.Automation.Language.GenericTypeName]) {
        foreach ($argument in $Name.GenericArguments) {
            Add-TypeName -Ast $Ast -Name $argument
        }
    }
    Add-Note -Kind 'type' -Extent $Ast.Extent -Values @{ type = Get-TypeText -Name $Name; written = $Name.FullName }
}

function Add-Command {
    param(
        [System.Management.Automation.Language.CommandAst]$Ast
    )
    $name = $Ast.GetCommandName()
    if ($null -eq $name) {
        return
    }
    $parameters = @(Get-CommandParameter -Command $Ast)
    $list = @(foreach ($parameter in $parameters) { @{ name = $parameter.name; value = $parameter.value } })
    Add-Note -Kind 'command' -Extent $Ast.Extent -Values @{ command = $name; parameters = $list }
    if ($name -eq 'New-Object') {
        $type = @($parameters | Where-Object -FilterScript { $_.name -eq 'TypeName' })
        $given = @($parameters | Where-Object -FilterScript { $_.name -eq 'ArgumentList' })
        if ($type.Count -eq 1 -and $type[0].ast -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $written = $type[0].ast.Value
            $known = $written -as [type]
            $count = $(if ($given.Count -eq 0) { 0 } else { Get-ArgumentCount -Ast $given[0].ast })
            Add-Note -Kind 'new' -Extent $Ast.Extent -Values @{ type = $(if ($null -ne $known) { $known.ToString() } else { $written }); arguments = $count }
        }
    }
}

function Add-Newer {
    # Syntax that Windows PowerShell does not know.
    param(
        [System.Management.Automation.Language.Ast]$Ast
    )
    $what = switch ($Ast.GetType().Name) {
        'TernaryExpressionAst' { 'the ternary operator' }
        'PipelineChainAst' { '&& or ||' }
        'PipelineAst' { if ($Ast.Background) { 'the background operator' } else { '' } }
        'BinaryExpressionAst' {
            if ($Ast.Operator -eq 'QuestionQuestion') { '??' }
            elseif ($Ast.Operator -match 'replace$' -and $Ast.Right.Extent.Text -match '\{' -and $null -ne $Ast.Right.Find({ param($node) $node -is [System.Management.Automation.Language.ScriptBlockExpressionAst] }, $true)) { '-replace with a script block' }
            else { '' }
        }
        'AssignmentStatementAst' { if ($Ast.Operator -eq 'QuestionQuestionEquals') { '??=' } else { '' } }
        { $_ -in 'MemberExpressionAst', 'InvokeMemberExpressionAst', 'IndexExpressionAst' } { if ($Ast.NullConditional) { '?. or ?[]' } else { '' } }
        'ScriptBlockAst' { if ($null -ne $Ast.CleanBlock) { 'a clean block' } else { '' } }
        default { '' }
    }
    if ($what) {
        Add-Note -Kind 'newer' -Extent $Ast.Extent -Values @{ what = $what }
    }
}

function Add-Nothing {
    # A value that may be nothing, which Windows PowerShell writes into JSON as {}.
    param(
        [System.Management.Automation.Language.Ast]$Ast
    )
    $what = ''
    if ($Ast -is [System.Management.Automation.Language.CommandAst]) {
        $name = $Ast.GetCommandName()
        if ($null -ne $name -and $functions.ContainsKey($name) -and $Ast.Parent.PipelineElements.Count -eq 1 -and
            (Get-FunctionYield -Name $name) -ne 'yes' -and (Test-ValueWanted -Ast $Ast)) {
            $what = $name
        }
    }
    elseif ($Ast -is [System.Management.Automation.Language.SubExpressionAst]) {
        if ((Test-ValueWanted -Ast $Ast) -and (Get-BlockYield -Statements $Ast.SubExpression.Statements -Kept $true) -ne 'yes') {
            $what = '$(...)'
        }
    }
    elseif ((Test-ValueWanted -Ast $Ast) -and (Get-BlockYield -Statements @($Ast) -Kept $true) -ne 'yes') {
        $what = 'the statement'
    }
    if ($what) {
        Add-Note -Kind 'nothing' -Extent $Ast.Extent -Values @{ what = $what }
    }
}

function Add-Node {
    param(
        $Ast,
        $Name
    )
    switch ($Name) {
        'TypeExpressionAst' { Add-TypeName -Ast $Ast -Name $Ast.TypeName }
        'TypeConstraintAst' { Add-TypeName -Ast $Ast -Name $Ast.TypeName }
        'AttributeAst' { Add-Note -Kind 'attribute' -Extent $Ast.Extent -Values @{ type = Get-TypeText -Name $Ast.TypeName } }
        'MemberExpressionAst' { Add-Member -Ast $Ast }
        'InvokeMemberExpressionAst' { Add-Member -Ast $Ast }
        'CommandAst' { Add-Command -Ast $Ast; Add-Nothing -Ast $Ast }
        { $_ -in 'SubExpressionAst', 'IfStatementAst', 'SwitchStatementAst', 'ForEachStatementAst', 'TryStatementAst' } { Add-Nothing -Ast $Ast }
        'VariableExpressionAst' { if ($seen.Add($Ast.VariablePath.UserPath)) { Add-Note -Kind 'variable' -Extent $Ast.Extent -Values @{ name = $Ast.VariablePath.UserPath } } }
        'AssignmentStatementAst' { Add-Note -Kind 'assignment' -Extent $Ast.Extent -Values @{ target = $Ast.Left.Extent.Text } }
        'FunctionDefinitionAst' {
            $block = $Ast.Body.ParamBlock
            $names = @(if ($null -ne $block) { foreach ($parameter in $block.Parameters) { $parameter.Name.VariablePath.UserPath } })
            Add-Note -Kind 'definition' -Extent $Ast.Extent -Values @{ name = $Ast.Name; parameters = $names }
        }
        'BinaryExpressionAst' {
            if ($Ast.Operator -eq 'Format') {
                Add-Note -Kind 'format' -Extent $Ast.Extent -Values @{ text = $Ast.Left.Extent.Text }
            }
        }
    }
}

function Add-Token {
    # What the tree does not show: escapes of 7, and a line that begins with a pipe.
    param(
        [System.Management.Automation.Language.Token[]]$Tokens
    )
    $line = 0
    foreach ($token in $Tokens) {
        $what = ''
        if ($token.Kind -eq 'Pipe' -and $token.Extent.StartLineNumber -ne $line) {
            $what = 'a line that begins with a pipe'
        }
        elseif ($token.Kind -in 'StringExpandable', 'HereStringExpandable' -and $token.Text -match '(?<!`)(``)*`(u\{|e)') {
            $what = 'an escape (`u or `e)'
        }
        elseif ($token.Kind -eq 'Number' -and $token.Text -match '^0b|(?<!0x[0-9a-f]*)(u|y|s|n|us|ul|uy)(kb|mb|gb)?$') {
            $what = "the number $($token.Text)"
        }
        if ($what) {
            Add-Note -Kind 'newer' -Extent $token.Extent -Values @{ what = $what }
        }
        if ($token.Kind -notin 'NewLine', 'LineContinuation', 'Comment') {
            $line = $token.Extent.EndLineNumber
        }
    }
}

function Read-Source {
    # A file's tree and tokens.
    param(
        [string]$Path
    )
    $tokens = $null
    $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref]$tokens, [ref]$errors)
    return @{ tree = $tree; tokens = $tokens; errors = @($errors | ForEach-Object -Process { "line $($_.Extent.StartLineNumber): $($_.Message)" }) }
}

function Read-Library {
    # Compiles C# that a file holds as a text, as Windows PowerShell's compiler would (C# 5), and notes what of .NET it uses.
    param(
        [System.Management.Automation.Language.ScriptBlockAst]$Tree
    )
    foreach ($text in $Tree.FindAll({ param($node) $node -is [System.Management.Automation.Language.StringConstantExpressionAst] -and $node.Value -match '(?m)^using System;' }, $true)) {
        $types = @(Add-Type -TypeDefinition $text.Value -PassThru -CompilerOptions '-langversion:5' -IgnoreWarnings)
        $module = $types[0].Module
        Add-Note -Kind 'library' -Extent $text.Extent -Values @{
            names = @($types | ForEach-Object -Process { $_.FullName; $_.GetMembers() | ForEach-Object -Process { $_.Name } }) | Select-Object -Unique
        }
        # Table 0x0A of an assembly's metadata lists the members of others that it uses, table 0x01 their types.
        foreach ($table in 0x0A, 0x01) {
            for ($row = 1; $true; $row++) {
                try {
                    $member = $module.ResolveMember($table * 0x1000000 + $row)
                }
                catch [System.ArgumentOutOfRangeException] {
                    break
                }
                if ($member.ToString() -match '^System\.Runtime\.CompilerServices\.' -or ($member -isnot [type] -and $member.DeclaringType.ToString() -match '^System\.Runtime\.CompilerServices\.')) {
                    # Attributes that this compiler adds by itself; that of Windows adds its own.
                    continue
                }
                if ($member -is [type]) {
                    Add-Note -Kind 'type' -Extent $text.Extent -Values @{ type = $member.ToString(); written = $member.ToString() }
                    continue
                }
                # A property is called by its get_ and set_.
                $isCall = $member -isnot [System.Reflection.FieldInfo] -and $member.Name -notmatch '^(get|set|add|remove)_'
                Add-Note -Kind 'linked' -Extent $text.Extent -Values @{
                    types = @($member.DeclaringType.ToString()); member = $member.Name -replace '^(get|set|add|remove)_', ''; call = $isCall
                    arguments = $(if ($isCall) { @($member.GetParameters()).Count } else { 0 })
                }
            }
        }
    }
}

function Read-File {
    # The notes of one file, whose functions are there while it is read: the inference asks for them.
    param(
        [string]$Path,
        [hashtable]$Source
    )
    $inferred.Clear()
    $script:settled = 0
    $script:notes = [System.Collections.Generic.List[object]]::new()
    $script:regions = @(Get-Region -Tree $Source.tree)
    $script:seen = [System.Collections.Generic.HashSet[string]]::new()
    Read-Library -Tree $Source.tree
    foreach ($node in $Source.tree.FindAll({ $true }, $true)) {
        $name = $node.GetType().Name
        if ($renewing.Contains($name)) {
            $inferred.Clear()
            if ($name -eq 'AssignmentStatementAst') {
                # Its right side is of the time before.
                $script:settled = $node.Extent.EndOffset
            }
        }
        if ($telling.Contains($name)) {
            Add-Node -Ast $node -Name $name
        }
        if ($suspect.Contains($name)) {
            Add-Newer -Ast $node
        }
    }
    Add-Token -Tokens $Source.tokens
    return @{ path = $Path; errors = $Source.errors; notes = $notes }
}

function Add-Function {
    # Defines a tree's functions, for the inference, and keeps their trees.
    param(
        [System.Management.Automation.Language.ScriptBlockAst]$Tree,
        [hashtable]$Table
    )
    foreach ($node in $Tree.FindAll({ param($node) $node -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $true)) {
        $Table[$node.Name] = $node
        Set-Item -LiteralPath "Function:global:$($node.Name)" -Value $node.Body.GetScriptBlock()
    }
}

$sources = [ordered]@{}
$library = @{}
foreach ($path in [System.IO.File]::ReadAllLines($ListPath)) {
    $sources[$path] = Read-Source -Path $path
    # The functions of library/ are there for all files, those of another file for itself.
    if ([System.IO.Path]::GetFileName([System.IO.Path]::GetDirectoryName($path)) -eq 'library') {
        Add-Function -Tree $sources[$path].tree -Table $library
    }
}
$answers = @(foreach ($path in $sources.Keys) {
        $functions = $library.Clone()
        $yields = @{}
        Add-Function -Tree $sources[$path].tree -Table $functions
        Read-File -Path $path -Source $sources[$path]
    })
[System.IO.File]::WriteAllText($AnswerPath, (ConvertTo-Json -InputObject $answers -Depth 8 -Compress))
