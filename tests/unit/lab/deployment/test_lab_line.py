# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One plain line of PowerShell from any WinRM client."""

from __future__ import annotations

import json

import pytest
from sfb_lab.border import UnknownToLab

from .conftest import Play


def test_a_line_prints_what_a_person_would_see(play: Play) -> None:
    lab = play()
    console = lab.deployment.line(lab.caller("fe02"), "Get-CsPoolFabricState -PoolFqdn pool01.example.com")
    assert console.exit_code == 0
    assert "fe01.example.com" in console.stdout
    assert "OK         Up" in console.stdout


def test_selections_switches_and_quotes_are_understood(play: Play) -> None:
    lab = play()
    line = "Get-CsWindowsService -Name 'RTCSRV' -ComputerName \"fe01.example.com\" -ExcludeActivityLevel:$true"
    line += " | Select-Object Name, Status"
    assert lab.deployment.line(lab.caller("fe02"), line).stdout == "Name   : RTCSRV\r\nStatus : Running\r\n\r\n"
    line = "Get-CsComputer -Pool pool01.example.com | select Fqdn | ConvertTo-Json -Compress"
    assert (
        next(row["Fqdn"] for row in json.loads(lab.deployment.line(lab.caller("fe02"), line).stdout))
        == "fe01.example.com"
    )
    line = "Get-CsComputer | Select-Object -ExpandProperty Fqdn"
    assert lab.deployment.line(lab.caller("fe02"), line).stdout.split() == [
        f"fe0{number}.example.com" for number in (1, 2, 3)
    ]


def test_errors_go_to_stderr_with_exit_code_1(play: Play) -> None:
    lab = play()
    unknown = lab.deployment.line(lab.caller("fe01"), "Get-CsSomething")
    assert (unknown.exit_code, "not recognized" in unknown.stderr) == (1, True)
    wrong = lab.deployment.line(lab.caller("fe01"), "Get-CsPool -Wrong 1")
    assert (wrong.exit_code, "NamedParameterNotFound" in wrong.stderr) == (1, True)


def test_a_change_that_would_ask_is_refused_without_somebody_to_ask(play: Play) -> None:
    lab = play()
    console = lab.deployment.line(lab.caller("fe02"), "Invoke-CsComputerFailOver -ComputerName fe01.example.com")
    assert "NonInteractive" in console.stderr
    console = lab.deployment.line(lab.caller("fe02"), "Invoke-CsComputerFailOver fe01.example.com -Confirm:$false")
    assert console.exit_code == 0
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Disabled")


@pytest.mark.parametrize(
    "line", ["Get-CsPool | Where-Object { $_ }", "$x = 1", 'Get-Content "$env:TEMP\\x"', "Get-Date | Sort-Object"]
)
def test_what_is_no_plain_line_is_named(play: Play, line: str) -> None:
    lab = play()
    with pytest.raises(UnknownToLab):
        lab.deployment.line(lab.caller("fe01"), line)


def test_a_few_programs_work_too(play: Play) -> None:
    lab = play()
    assert lab.deployment.line(lab.caller("fe01"), "hostname").stdout == "fe01\r\n"
    assert lab.deployment.line(lab.caller("fe01"), "net stop w3svc").exit_code == 0
    assert lab.deployment.line(lab.caller("fe01"), "net stop w3svc").exit_code == 2
