# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The C# of a compiled module whose cmdlets bind exactly what Microsoft's reference documents, and do nothing.

The product's cmdlets are compiled too, and what reaches those differs from what reaches functions. Each cmdlet answers
with one object: Cmdlet, ParameterSet, Bound (texts "name = value"). A few cmdlets named *-Fake* behave in a special way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_TYPES = {
    "SwitchParameter": "SwitchParameter",
    "TimeSpan": "TimeSpan?",
    "Int32": "int?",
    "UInt32": "uint?",
    "Boolean": "bool?",
    "Guid": "Guid?",
    "Hashtable": "System.Collections.Hashtable",
    "PoolResetType": "PoolResetType?",
}
#: PowerShell adds these by itself.
_COMMON = ("WhatIf", "Confirm", "Verbose", "Debug")

_HEAD = """\
using System;
using System.Collections.Generic;
using System.Management.Automation;

public enum PoolResetType { ServiceReset, QuorumLossRecovery, FullReset, MachineStateRemoved }
public enum FakeStatus { Stopped = 1, Running = 4 }

public abstract class FakeCmdlet : PSCmdlet {
    protected override void ProcessRecord() {
        var bound = new List<string>();
        foreach (var pair in MyInvocation.BoundParameters) bound.Add(pair.Key + " = " + pair.Value);
        bound.Sort(StringComparer.Ordinal);
        var answer = new PSObject();
        answer.Properties.Add(new PSNoteProperty("Cmdlet", MyInvocation.MyCommand.Name));
        answer.Properties.Add(new PSNoteProperty("ParameterSet", ParameterSetName));
        answer.Properties.Add(new PSNoteProperty("Bound", bound.ToArray()));
        WriteObject(answer);
    }
}

public class FakeSchema { public override string ToString() { return "10.13.2"; } }

public class FakeDomain { public string Name { get; set; } public bool IsReadyForUpgrade { get; set; } }

public class FakeRow {
    public FakeStatus Status { get { return FakeStatus.Running; } }
    public Version Version { get { return new Version("6.0.9319.5"); } }
    public DateTime When { get { return new DateTime(2026, 1, 31, 22, 30, 0, DateTimeKind.Utc); } }
    public TimeSpan Length { get { return TimeSpan.FromMinutes(90); } }
    public string[] Roles { get { return new[] { "Registrar", "WebServer" }; } }
    public string[] OneRole { get { return new[] { "Registrar" }; } }
    public string Nothing { get { return null; } }
    public bool Yes { get { return true; } }
    public long Number { get { return 5368709120; } }
    public FakeSchema Expected { get { return new FakeSchema(); } }
    public FakeDomain[] Domains { get { return new[] {
        new FakeDomain { Name = "UD1", IsReadyForUpgrade = true }, new FakeDomain { Name = "UD2" } }; } }
    public FakeDomain OneDomain { get { return new FakeDomain { Name = "UD1" }; } }
}

[Cmdlet("Get", "FakeRow")]
public class GetFakeRow : PSCmdlet {
    protected override void ProcessRecord() { WriteObject(new FakeRow()); WriteObject("plain text"); }
}

[Cmdlet("Invoke", "FakeStreams")]
public class InvokeFakeStreams : PSCmdlet {
    protected override void ProcessRecord() {
        WriteProgress(new ProgressRecord(1, "activity", "status"));
        WriteObject("first");
        WriteWarning("careful");
        WriteVerbose("in detail");
        WriteInformation("by the way", new string[0]);
        WriteError(new ErrorRecord(new InvalidOperationException("not this one"), "Lync.One", ErrorCategory.ObjectNotFound, "fe09"));
        WriteObject("last");
    }
}

[Cmdlet("Invoke", "FakeFailure")]
public class InvokeFakeFailure : PSCmdlet {
    protected override void ProcessRecord() {
        WriteWarning("before it");
        ThrowTerminatingError(new ErrorRecord(
            new InvalidOperationException("it ends here"), "Lync.Bad", ErrorCategory.ResourceUnavailable, "fe02"));
    }
}

[Cmdlet("Invoke", "FakeChange", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public class InvokeFakeChange : PSCmdlet {
    [Parameter] public SwitchParameter Asks { get; set; }
    protected override void ProcessRecord() {
        if (!ShouldProcess("the pool", "change")) { WriteObject("skipped"); return; }
        if (Asks && !ShouldContinue("really?", "caption")) { WriteObject("declined"); return; }
        WriteObject("acted");
    }
}
"""


def csharp(signatures: Mapping[str, Any], product: str) -> str:
    """signatures: `cmdlets` of the lab's cmdlets.json; product: lync2013, sfb2015 or sfb2019."""
    classes = [
        _cmdlet(name, entry, product) for name, entry in sorted(signatures.items()) if product in entry["products"]
    ]
    return "\n".join([_HEAD, *classes])


def _cmdlet(name: str, entry: Mapping[str, Any], product: str) -> str:
    verb, _dash, noun = name.partition("-")
    sets: Mapping[str, Any] = entry["syntax"]
    traits = ["SupportsShouldProcess = true"] if "WhatIf" in entry["parameters"] else []
    if not _one(sets):
        traits.append(f'DefaultParameterSetName = "{entry["default_set"] or sorted(sets)[-1]}"')
    head = ", ".join([f'[Cmdlet("{verb}", "{noun}"', *traits]) + ")]"
    known = {p: about for p, about in entry["parameters"].items() if p not in _COMMON and product in about["products"]}
    lines = [line for parameter, about in known.items() for line in _parameter(parameter, about, sets)]
    return "\n".join([head, f"public class {verb}{noun} : FakeCmdlet {{", *lines, "}"])


def _parameter(name: str, about: Mapping[str, Any], sets: Mapping[str, Any]) -> Iterable[str]:
    for title in about["sets"]:
        spec = sets[title]["parameters"][name]
        parts = [] if _one(sets) else [f'ParameterSetName = "{title}"']
        parts += ["Mandatory = true"] if spec["mandatory"] else []
        parts += ["Position = 0"] if spec["positional"] else []
        yield f"    [Parameter({', '.join(parts)})]"
    yield f"    public {_type(about['type'])} {name} {{ get; set; }}"


def _type(kind: str) -> str:
    return _TYPES.get(kind.rpartition(".")[2], "string[]" if kind.endswith("[]") else "string")


def _one(sets: Mapping[str, Any]) -> bool:
    return list(sets) == ["(All)"]
