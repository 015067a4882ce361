# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from sfb_lab.border import Caller, Json
from sfb_lab.service.accounts import Accounts
from sfb_lab.service.execution import Execution
from sfb_lab.service.shells import Output
from stub_simulation import FRONT_END, StubSimulation


def run(simulation: StubSimulation, line: str, code_page: int = 65001) -> Output:
    execution = Execution(simulation, Accounts(simulation.accounts))
    output = execution.run(FRONT_END, "LAB\\admin", line, b"", code_page)
    assert output is not None
    return output


def powershell(simulation: StubSimulation, text: str) -> Output:
    return run(simulation, f"powershell -encodedcommand {base64.b64encode(text.encode('utf-16-le')).decode()}")


def test_a_typed_cmdlet_is_answered_with_windows_line_ends(simulation: StubSimulation) -> None:
    output = powershell(simulation, "Get-CsPoolFabricState -PoolFqdn pool01.example.com")
    assert output == Output(0, b"Replica Instance: Primary\r\nReplica Instance: ActiveSecondary\r\n")


def test_an_error_of_powershell_comes_as_clixml(simulation: StubSimulation) -> None:
    output = powershell(simulation, "Get-CsPool pool02")
    assert output.exit_code == 1
    header, _end, document = output.stderr.partition(b"\r\n")
    assert header == b"#< CLIXML"
    assert [node.text for node in ET.fromstring(document)] == ["Get-CsPool : Cannot find the pool._x000D__x000A_"]


def test_what_the_lab_does_not_know_is_named_and_journalled_and_never_answered(simulation: StubSimulation) -> None:
    output = powershell(simulation, "Get-Weather")
    assert (output.exit_code, output.stdout) == (1, b"")
    assert b"the lab does not know: Get-Weather" in output.stderr
    assert simulation.refused() == ["the simulation does not know: Get-Weather"]


def test_a_script_of_several_lines_is_not_guessed_at(simulation: StubSimulation) -> None:
    output = powershell(simulation, "Get-CsPool\nGet-CsComputer")
    assert output.exit_code == 1
    assert b"the lab does not know: a PowerShell script: Get-CsPool Get-CsComputer" in output.stderr
    assert simulation.refused() == ["the lab does not know: a PowerShell script: Get-CsPool Get-CsComputer"]


@pytest.mark.parametrize(("line", "answer"), [("hostname", b"FE01\r\n"), ("whoami", b"lab\\admin\r\n")])
def test_cmd_and_powershell_know_where_and_who_they_are(simulation: StubSimulation, line: str, answer: bytes) -> None:
    assert run(simulation, line) == Output(0, answer)
    assert powershell(simulation, line) == Output(0, answer)


def test_a_cmdlet_means_nothing_to_cmd(simulation: StubSimulation) -> None:
    output = run(simulation, "Get-CsPool pool01")
    assert output.exit_code == 1
    assert output.stderr.startswith(b"'Get-CsPool' is not recognized as an internal or external command,\r\n")
    assert simulation.refused() == []


@pytest.mark.parametrize(
    ("line", "delays"),
    [
        ("shutdown /r /t 5", [5.0]),
        ('shutdown.exe /r /f /t 0 /c "patched, again" /d p:2:17', [0.0]),
        ("shutdown -r", [30.0]),
    ],
)
def test_a_restart_typed_by_hand_restarts(simulation: StubSimulation, line: str, delays: list[float]) -> None:
    assert run(simulation, line).exit_code == 0
    assert [entry["delay"] for entry in simulation.lines] == delays


@pytest.mark.parametrize("line", ["shutdown /s /t 0", "shutdown /a", "shutdown /r /m \\\\fe02"])
def test_other_uses_of_shutdown_are_left_to_the_simulation(simulation: StubSimulation, line: str) -> None:
    assert run(simulation, line).exit_code == 1
    assert simulation.refused() == [f"the simulation does not know: {line}"]


def test_a_command_line_longer_than_cmd_takes_is_refused_as_windows_does(simulation: StubSimulation) -> None:
    assert run(simulation, "echo " + "x" * 8186).stderr != b"The command line is too long.\r\n"
    output = run(simulation, "echo " + "x" * 8187)
    assert output == Output(1, b"", b"The command line is too long.\r\n")
    assert simulation.refused()[-1] == "the lab does not know: a command line of 8192 characters"


def test_output_is_in_the_code_page_of_the_shell(simulation: StubSimulation) -> None:
    execution = Execution(simulation, Accounts(simulation.accounts))
    for code_page, encoding in ((437, "cp437"), (65001, "utf-8")):
        output = execution.run("b\u00fcro.example.com", "LAB\\admin", "hostname", b"", code_page)
        assert output == Output(0, "B\u00dcRO\r\n".encode(encoding))


def test_a_mistake_of_the_lab_is_an_error_and_no_answer(
    simulation: StubSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Json:
        raise KeyError("services")

    monkeypatch.setattr(simulation, "line", broken)
    output = powershell(simulation, "Get-CsService")
    assert (output.exit_code, output.stdout) == (1, b"")
    assert b"the lab itself failed: KeyError: 'services'" in output.stderr


def test_a_server_that_stops_in_mid_call_leaves_no_output(
    simulation: StubSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_caller: Caller, _text: str) -> Json:
        raise ConnectionResetError

    monkeypatch.setattr(simulation, "line", gone)
    execution = Execution(simulation, Accounts(simulation.accounts))
    assert execution.run(FRONT_END, "LAB\\admin", "dir", b"", 65001) is None
