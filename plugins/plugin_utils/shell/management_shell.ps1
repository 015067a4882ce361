# sfb.server management shell
# Runs Management Shell cmdlets and programs described as data, and answers with data.
# Windows PowerShell 5.1 (PowerShell 7 for tests); ASCII only.
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # JSON, every key present:
    # {"modules": [names or paths, the first that loads; none loads nothing], "claim": path or null,
    #  "editions": [PowerShell editions that may run this], "roles": [groups to look for in the account's token],
    #  "calls": [{"cmdlet": name or null, "program": path or null, "parameters": {}, "arguments": text,
    #             "folder": path or null, "select": [names or {"name", "select"}],
    #             "expect": null or {property of the first output row: text}, "go_on": bool}]}
    [Parameter(Mandatory = $true)]
    [string]$Request
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Continue'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'
# Reads must answer under check mode too; the controller never sends a change in check mode.
$WhatIfPreference = $false
[System.Threading.Thread]::CurrentThread.CurrentCulture = 'en-US'
[System.Threading.Thread]::CurrentThread.CurrentUICulture = 'en-US'
$utf8 = New-Object System.Text.UTF8Encoding $false

function ConvertTo-Plain {
    # A value as JSON can carry it: no enum numbers, no .NET internals, no local time.
    param($Value, [int]$Depth = 3)
    if ($null -eq $Value) { return $null }
    if ($Value -is [System.Management.Automation.PSObject] -and
        $Value.PSObject.BaseObject -isnot [System.Management.Automation.PSCustomObject]) {
        $Value = $Value.PSObject.BaseObject
    }
    if ($Value -is [bool]) { return $Value }
    if ($Value -is [enum] -or $Value -is [string] -or $Value -is [char]) { return $Value.ToString() }
    if ($Value -is [ValueType] -and $Value.GetType().IsPrimitive -or $Value -is [decimal]) { return $Value }
    if ($Value -is [datetime]) {
        return $Value.ToUniversalTime().ToString('o', [System.Globalization.CultureInfo]::InvariantCulture)
    }
    if ($Value -is [timespan]) { return $Value.TotalSeconds }
    if ($Value -is [System.Collections.IDictionary] -and $Depth -gt 0) {
        $copy = @{}
        foreach ($key in @($Value.Keys)) { $copy[[string]$key] = ConvertTo-Plain $Value[$key] ($Depth - 1) }
        return $copy
    }
    if ($Value -is [System.Collections.IEnumerable] -and $Depth -gt 0) {
        $items = New-Object System.Collections.ArrayList
        foreach ($item in $Value) { [void]$items.Add((ConvertTo-Plain $item ($Depth - 1))) }
        return , $items.ToArray()
    }
    return [string]$Value
}

function ConvertTo-Row {
    # One output object: text as text, else the selected properties. A selection is a name,
    # or {"name": "", "select": [...]} for a property whose own properties are wanted; "*" is every property.
    param($Item, $Select)
    if ($null -eq $Item) { return $null }
    if ($Item -is [string]) { return $Item.ToString() }
    if (@($Select).Count -eq 0) { return ConvertTo-Plain $Item }
    $row = @{}
    foreach ($wanted in $Select) {
        if ($wanted -is [string] -and $wanted -eq '*') {
            foreach ($each in $Item.PSObject.Properties) { $row[[string]$each.Name] = ConvertTo-Plain $each.Value }
            continue
        }
        $name = $wanted
        $inner = @()
        if ($wanted -isnot [string]) { $name = $wanted.name; $inner = @($wanted.select) }
        $property = $Item.PSObject.Properties[[string]$name]
        if ($null -eq $property) { continue }
        if ($inner.Count -eq 0) { $row[[string]$name] = ConvertTo-Plain $property.Value; continue }
        $rows = New-Object System.Collections.ArrayList
        foreach ($element in @($property.Value)) { [void]$rows.Add((ConvertTo-Row $element $inner)) }
        $row[[string]$name] = $rows.ToArray()
    }
    return $row
}

function ConvertTo-Fault {
    param([System.Management.Automation.ErrorRecord]$Record)
    $details = $null
    if ($null -ne $Record.ErrorDetails) { $details = [string]$Record.ErrorDetails.Message }
    return @{
        message  = [string]$Record.Exception.Message
        type     = $Record.Exception.GetType().FullName
        id       = [string]$Record.FullyQualifiedErrorId
        category = $Record.CategoryInfo.Category.ToString()
        target   = [string]$Record.TargetObject
        details  = $details
    }
}

function Invoke-Program {
    # One process, without a shell and without waiting for its children; its exit code as data.
    param($Call)
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = [string]$Call.program
    $start.Arguments = [string]$Call.arguments
    if ($Call.folder) { $start.WorkingDirectory = [string]$Call.folder }
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $text = $process.StandardOutput.ReadToEndAsync()
    $process.WaitForExit()
    # A child that outlives the program keeps its output open: what is not there by now is not waited for.
    $said = ''
    if ($text.Wait(2000)) { $said = $text.Result }
    return @{ ExitCode = $process.ExitCode; Id = $process.Id; Output = $said }
}

function Test-Expectation {
    # The error entry for a first row that is not as expected, or nothing.
    param($Rows, $Expect)
    foreach ($wanted in $Expect.PSObject.Properties) {
        $found = $null
        if ($Rows.Count -gt 0 -and $Rows[0] -is [hashtable]) { $found = $Rows[0][$wanted.Name] }
        if ([string]$found -ne [string]$wanted.Value) {
            return @{
                message = "$($wanted.Name) is '$found' and should be '$($wanted.Value)'"; type = ''
                id = 'SfbServer.Unexpected'; category = 'InvalidData'; target = [string]$wanted.Name; details = $null
            }
        }
    }
}

function Invoke-Call {
    param($Call)
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $outcome = @{
        cmdlet = $Call.cmdlet; program = $Call.program; missing = $false
        output = @(); warnings = @(); verbose = @(); information = @(); errors = @()
    }
    $output = New-Object System.Collections.ArrayList
    $warnings = New-Object System.Collections.ArrayList
    $verbose = New-Object System.Collections.ArrayList
    $information = New-Object System.Collections.ArrayList
    $errors = New-Object System.Collections.ArrayList
    $splat = @{}
    foreach ($property in $Call.parameters.PSObject.Properties) { $splat[$property.Name] = $property.Value }
    $select = @($Call.select)
    try {
        if ($Call.program) {
            [void]$output.Add((Invoke-Program $Call))
        }
        else {
            $command = Get-Command -Name $Call.cmdlet -ErrorAction SilentlyContinue |
                Where-Object { $_.Name -eq $Call.cmdlet } | Select-Object -First 1
            if ($null -eq $command) {
                $outcome.missing = $true
            }
            else {
                & $command @splat 2>&1 3>&1 4>&1 6>&1 | ForEach-Object {
                    if ($_ -is [System.Management.Automation.ErrorRecord]) { [void]$errors.Add((ConvertTo-Fault $_)) }
                    elseif ($_ -is [System.Management.Automation.WarningRecord]) { [void]$warnings.Add($_.Message) }
                    elseif ($_ -is [System.Management.Automation.VerboseRecord]) { [void]$verbose.Add($_.Message) }
                    elseif ($_ -is [System.Management.Automation.InformationRecord]) {
                        [void]$information.Add([string]$_.MessageData)
                    }
                    else { [void]$output.Add((ConvertTo-Row $_ $select)) }
                }
            }
        }
    }
    catch {
        [void]$errors.Add((ConvertTo-Fault $_))
    }
    if ($null -ne $Call.expect -and $errors.Count -eq 0 -and -not $outcome.missing) {
        $fault = Test-Expectation $output $Call.expect
        if ($null -ne $fault) { [void]$errors.Add($fault) }
    }
    $outcome.output = $output.ToArray()
    $outcome.warnings = $warnings.ToArray()
    $outcome.verbose = $verbose.ToArray()
    $outcome.information = $information.ToArray()
    $outcome.errors = $errors.ToArray()
    $outcome.seconds = [math]::Round($watch.Elapsed.TotalSeconds, 3)
    return $outcome
}

function Get-Account {
    # Who this process is, and which of the groups its token holds.
    param($Roles)
    $account = @{ user = $null; administrator = $false; roles = @{} }
    try {
        $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
        $principal = New-Object System.Security.Principal.WindowsPrincipal $identity
        $account.user = $identity.Name
        $administrators = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
        $account.administrator = $principal.IsInRole($administrators)
        foreach ($role in $Roles) { $account.roles[[string]$role] = $principal.IsInRole([string]$role) }
    }
    catch { $account.user = [System.Environment]::UserName }
    return $account
}

function Open-Claim {
    # Takes the claim for this process: $true, or the state of the living process that holds it.
    # A claim whose process is gone is taken over; its last state is kept beside it.
    param([string]$Path, [string]$Text)
    for ($try = 0; $try -lt 2; $try++) {
        try {
            $file = New-Object System.IO.FileStream($Path, [System.IO.FileMode]::CreateNew)
            $bytes = $utf8.GetBytes($Text)
            $file.Write($bytes, 0, $bytes.Length)
            $file.Dispose()
            return $true
        }
        catch [System.IO.IOException] {
            if (-not (Test-Path -LiteralPath $Path)) { throw }
        }
        # One that can't be opened just now says nothing of its holder, so it is not taken over.
        try { $found = [System.IO.File]::ReadAllText($Path, $utf8) } catch { throw }
        try { $held = ConvertFrom-Json -InputObject $found } catch { $held = $null }
        if ($null -eq $held -or $null -eq $held.PSObject.Properties['ticks']) {
            # Not written yet, or never: its writer had three minutes.
            $age = [datetime]::UtcNow - [System.IO.File]::GetLastWriteTimeUtc($Path)
            if ($age.TotalMinutes -lt 3) { throw "the claim $Path is being taken by somebody else" }
        }
        else {
            $holder = Get-Process -Id $held.process -ErrorAction SilentlyContinue
            # The start time tells a reused process id apart; two seconds, because not every system reads it exactly.
            if (-not $held.finished -and $holder) {
                $apart = $holder.StartTime.ToUniversalTime().Ticks - [long]$held.ticks
                if ([math]::Abs($apart) -lt 20000000) { return $held }
            }
        }
        Move-Item -LiteralPath $Path -Destination "$Path.before" -Force
    }
    throw "the claim $Path could not be taken"
}

function Write-Claim {
    # Replaces the state whole or not at all, also while somebody reads it.
    param([string]$Path, $State)
    [System.IO.File]::WriteAllText("$Path.new", (ConvertTo-Json -Compress -Depth 8 -InputObject $State), $utf8)
    for ($try = 0; $try -lt 50; $try++) {
        try { [System.IO.File]::Replace("$Path.new", $Path, [NullString]::Value); return }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 100 }
    }
    throw "the state in $Path could not be replaced"
}

$work = ConvertFrom-Json -InputObject $Request
$self = Get-Process -Id $PID
$account = Get-Account $work.roles
$answer = @{
    user = $account.user; administrator = $account.administrator; roles = $account.roles
    module = $null; import_seconds = 0
    edition = [string]$PSVersionTable.PSEdition; version = [string]$PSVersionTable.PSVersion
    process = $PID; ticks = [string]$self.StartTime.ToUniversalTime().Ticks
    started = ConvertTo-Plain ([datetime]::UtcNow); finished = $null; running = $null; outcomes = @()
}
if ($work.editions -notcontains $answer.edition) {
    return ConvertTo-Json -Compress -Depth 8 -InputObject $answer
}
if ($work.claim) {
    $claimed = Open-Claim $work.claim (ConvertTo-Json -Compress -Depth 8 -InputObject $answer)
    if ($claimed -isnot [bool]) {
        $answer.running = $claimed
        return ConvertTo-Json -Compress -Depth 8 -InputObject $answer
    }
}
$watch = [System.Diagnostics.Stopwatch]::StartNew()
foreach ($name in $work.modules) {
    try {
        Import-Module -Name $name -ErrorAction Stop -WarningAction SilentlyContinue -Verbose:$false
        $answer.module = [string]$name
        break
    }
    catch { continue }
}
$answer.import_seconds = [math]::Round($watch.Elapsed.TotalSeconds, 3)
$outcomes = New-Object System.Collections.ArrayList
foreach ($call in $work.calls) {
    $outcome = Invoke-Call $call
    [void]$outcomes.Add($outcome)
    if (($outcome.errors.Count -gt 0 -or $outcome.missing) -and -not $call.go_on) { break }
}
$answer.outcomes = $outcomes.ToArray()
$answer.finished = ConvertTo-Plain ([datetime]::UtcNow)
if ($work.claim) { Write-Claim $work.claim $answer }
ConvertTo-Json -Compress -Depth 8 -InputObject $answer
