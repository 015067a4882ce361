# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of management_shell.ps1 without a PowerShell; tests/powershell runs it in one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import CLAIM_SECONDS
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import SCRIPT, ManagementShell
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import FakeClock, ScriptedTransport, answer

TEXT = SCRIPT.read_text("utf-8")


def code() -> str:
    """The script without comments, and each text in it as empty quotes."""
    token = r"#[^\n]*|'(?:[^']|'')*'|\"(?:[^\"`]|`.|\"\")*\""
    return re.sub(token, lambda found: "''" if found[0][0] in "'\"" else "", TEXT)


def test_it_is_plain_ascii_with_unix_line_ends_and_no_long_lines() -> None:
    assert SCRIPT.read_bytes().isascii() and b"\r" not in SCRIPT.read_bytes()
    assert [line for line in TEXT.splitlines() if len(line) > 120 or line != line.rstrip()] == []
    assert TEXT.endswith(("}\n", "$answer\n"))


def test_its_first_line_says_whose_it_is_so_that_a_server_log_can_be_read() -> None:
    assert TEXT.splitlines()[0] == "# sfb.server management shell"


def test_every_bracket_is_closed_by_its_own_kind() -> None:
    pairs, open_ones = {")": "(", "]": "[", "}": "{"}, list[str]()
    for letter in code():
        if letter in "([{":
            open_ones.append(letter)
        elif letter in pairs:
            assert open_ones.pop() == pairs[letter]
    assert open_ones == []


@pytest.mark.parametrize(
    "newer",
    [
        r"\?\?",
        r"\?\.|\?\[",
        r"&&|\|\|",
        r"\)\s*\?\s",
        r"\$\w+\s\?\s",
        r"-Parallel\b",
        r"-AsHashtable\b",
        r"-NoEnumerate\b",
        r"\bclean\s*\{",
        r"-EnumsAsStrings\b",
        r"-AsArray\b",
        r"-AsByteStream\b",
        r"\$Is(Windows|Linux|MacOS|CoreCLR)\b",
        r"\bclass\s+\w+",
        r"\busing\s+namespace\b",
        r"utf8NoBOM",
        r"-SkipHttpErrorCheck\b",
    ],
)
def test_it_uses_nothing_that_only_powershell_7_knows_or_that_windows_powershell_reads_otherwise(newer: str) -> None:
    assert re.findall(newer, code(), re.IGNORECASE) == []


@pytest.mark.parametrize(
    "dangerous",
    [
        r"\bInvoke-Expression\b|\biex\b",
        r"\[scriptblock\]::Create",
        r"\.InvokeScript\b|\.AddScript\b",
        r"\bStart-Process\b",
        r"\bcmd(\.exe)?\b",
        r"Get-Module\s+-ListAvailable",
        r"\s-Path\b",
        r"ExpandString",
    ],
)
def test_no_value_can_become_code_or_a_wildcard(dangerous: str) -> None:
    assert re.findall(dangerous, code(), re.IGNORECASE) == []


def test_no_variable_hides_a_parameter_under_another_case() -> None:
    """Variables ignore case: an assignment to $request would turn it into text, one to $text a parameter $Text."""
    assert re.findall(r"\$Request\s*=", code(), re.IGNORECASE) == []
    for function in re.split(r"^function ", code(), flags=re.MULTILINE)[1:]:
        parameters = re.search(r"param\((.*)\)\n", function)
        for name in re.findall(r"\$(\w+)", parameters[1] if parameters else ""):
            other = [found for found in re.findall(rf"\$({name})\s*=[^=]", function, re.IGNORECASE) if found != name]
            assert other == [], function.splitlines()[0]


def open_claim() -> str:
    return TEXT[TEXT.index("function Open-Claim") : TEXT.index("function Write-Claim")]


def test_a_claim_that_cannot_be_opened_is_never_taken_over_and_one_that_says_nothing_only_when_it_is_old() -> None:
    """Old enough is what a start is waited for."""
    text = open_claim()
    assert "ReadAllText($Path, $utf8) } catch { throw }" in text
    minutes = re.search(r"TotalMinutes -lt (\d+)\) \{ throw", text)
    assert minutes and int(minutes[1]) * 60 >= CLAIM_SECONDS
    assert text.index("TotalMinutes") < text.index("Move-Item"), "looked at before it is moved away"


def test_whatif_and_confirm_are_set_so_that_reads_answer_and_nothing_asks() -> None:
    for line in ("$ConfirmPreference = 'None'", "$WhatIfPreference = $false", "Set-StrictMode -Version 2.0"):
        assert f"\n{line}\n" in TEXT


def sent() -> dict[str, Any]:
    transport = ScriptedTransport({"output": [json.dumps(answer([]))]})
    ManagementShell(transport, FakeClock(), "fe01").read({"text": Call("Get-Content", {"LiteralPath": "x"})})
    return transport.requests[0]


def test_it_reads_the_keys_that_are_sent_and_no_other() -> None:
    request = sent()
    assert set(re.findall(r"\$work\.(\w+)", TEXT)) == set(request)
    assert set(re.findall(r"\$Call\.(\w+)", TEXT, re.IGNORECASE)) == set(request["calls"][0])


def test_its_first_comment_describes_exactly_the_keys_that_are_sent() -> None:
    request, comment = sent(), TEXT[: TEXT.index("[Parameter(Mandatory")]
    for key in (*request, *request["calls"][0]):
        assert f'"{key}"' in comment


ANSWER = ("user", "administrator", "roles", "module", "edition", "version", "process", "ticks", "started", "finished")
OUTCOME = ("cmdlet", "program", "missing", "output", "warnings", "verbose", "information", "errors")
FAULT = ("message", "type", "id", "category", "target", "details")


@pytest.mark.parametrize(
    ("begins", "ends", "keys"),
    [
        ("$answer = @{", "$work.editions", (*ANSWER, "running", "outcomes")),
        ("$outcome = @{", "$output = New-Object", OUTCOME),
        ("function ConvertTo-Fault", "function Invoke-Program", FAULT),
    ],
)
def test_it_gives_every_key_that_is_read_from_an_answer(begins: str, ends: str, keys: tuple[str, ...]) -> None:
    part = TEXT[TEXT.index(begins) :]
    part = part[: part.index(ends)]
    assert [key for key in keys if not re.search(rf"\b{key}\s+= ", part)] == []
