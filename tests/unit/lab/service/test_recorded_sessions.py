# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What four versions of ansible-core really sent, replayed: the same playbook against each.

Recorded with the service itself; the scripts and wrappers in the payloads, which the lab does not look at, are cut out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sfb_lab.service.accounts import Accounts
from sfb_lab.service.execution import Execution
from sfb_lab.service.payload import CoreScript, Module, Payload, Script, decode
from sfb_lab.service.shells import Output
from stub_simulation import FRONT_END, StubSimulation

DATA = Path(__file__).parent / "data"
CORES = ("2.16", "2.18", "2.19", "2.21")


class Replay:
    """A recorded session: its payloads, and what each was answered."""

    def __init__(self, core: str, simulation: StubSimulation) -> None:
        sent = json.loads((DATA / f"ansible-core-{core}.json").read_text("utf-8"))
        execution = Execution(simulation, Accounts(simulation.accounts))
        self.core = core
        self.payloads: list[Payload] = []
        self.outputs: list[Output] = []
        for command in sent:
            line, stdin = command["line"], command["stdin"].encode()
            self.payloads.append(decode(line, stdin))
            output = execution.run(FRONT_END, "LAB\\admin", line, stdin, 65001)
            assert output is not None
            self.outputs.append(output)

    def modules(self, name: str) -> list[tuple[Module, Any]]:
        """Calls of one module with their results."""
        pairs = zip(self.payloads, self.outputs, strict=True)
        return [(p, json.loads(o.stdout)) for p, o in pairs if isinstance(p, Module) and p.name.endswith(name)]

    def scripts(self, sign: str) -> list[str]:
        """What scripts printed that have a sign in their name or text."""
        pairs = zip(self.payloads, self.outputs, strict=True)
        return [
            o.stdout.decode().strip()
            for p, o in pairs
            if (isinstance(p, CoreScript) and sign in p.name) or (isinstance(p, Script) and sign in p.text)
        ]


@pytest.fixture(params=CORES)
def replay(request: pytest.FixtureRequest, simulation: StubSimulation) -> Replay:
    return Replay(request.param, simulation)


def test_every_command_of_every_core_is_understood_and_succeeds(replay: Replay, simulation: StubSimulation) -> None:
    assert simulation.refused() == []
    assert [(output.exit_code, output.stderr) for output in replay.outputs] == [(0, b"")] * len(replay.outputs)


def test_the_management_shell_gets_its_request_unchanged_with_become_user_password_and_check_mode(
    replay: Replay, simulation: StubSimulation
) -> None:
    caller, request = simulation.calls[0]
    assert request == {"say": "it's $(1+1) \u00fc"}
    assert (caller.user, caller.become_user, caller.become_password) == ("LAB\\admin", "LAB\\patcher", "b3come")
    assert caller.check_mode
    module, result = replay.modules("win_powershell")[0]
    assert module.run_async is None
    assert json.loads(result["output"][0]) == {"user": "LAB\\patcher", "outcomes": [], "said": "it's $(1+1) \u00fc"}
    streams = ("error", "warning", "verbose", "debug", "information")
    assert [result[stream] for stream in streams] == [[]] * 5
    assert (result["changed"], result["failed"], result["result"], result["host_out"]) == (True, False, {}, "")


def test_an_asynchronous_management_shell_is_detached_and_answered_as_the_wrapper_of_that_core_does(
    replay: Replay, simulation: StubSimulation
) -> None:
    caller, request = simulation.detached[0]
    assert request == {"claim": "C:\\\\claim.json"}
    assert (caller.become_user, caller.check_mode) == ("LAB\\patcher", False)
    assert len(simulation.calls) == 1, "the asynchronous call was not run in the connection as well"

    old = replay.core in ("2.16", "2.18")
    module, result = replay.modules("win_powershell")[1]
    assert module.run_async is not None
    assert module.run_async.seconds == 60
    assert (result["started"], result["finished"]) == ((1, 0) if old else (True, False))
    assert isinstance(result["started"], bool) is not old
    assert result["ansible_job_id"] == f"{module.run_async.job_id}.4100"
    assert result["results_file"] == f"C:\\Users\\patcher\\.ansible_async\\{result['ansible_job_id']}"

    _module, status = replay.modules("async_status")[0]
    assert not status["finished"], "nobody wrote the claim"
    assert status["ansible_job_id"] == result["ansible_job_id"]


def test_a_file_travels_there_and_back(replay: Replay, simulation: StubSimulation) -> None:
    assert simulation.files["c:\\users\\it's.txt"] == b"hello"
    query, single = replay.modules("win_copy")
    assert [file["dest"] for file in query[1]["files"]] == ["it's.txt"]
    assert single[1]["changed"]
    uploaded = [out for sign in ("winrm_put_file", "FromBase64String") for out in replay.scripts(sign)]
    assert [json.loads(text)["sha1"] for text in uploaded] == [hashlib.sha1(b"hello").hexdigest()]
    fetched = [result["content"] for _module, result in replay.modules("slurp")]
    fetched += [out for sign in ("winrm_fetch_file", "ToBase64String") for out in replay.scripts(sign)]
    assert fetched
    assert {base64.b64decode(text) for text in fetched} == {b"hello"}


def test_the_temporary_folder_of_the_upload_is_made_and_removed(replay: Replay, simulation: StubSimulation) -> None:
    made = [out for sign in ("powershell_mkdtemp", "New-Item -Type Directory") for out in replay.scripts(sign)]
    assert len(made) == 1
    assert made[0].startswith("C:\\Users\\admin\\AppData\\Local\\Temp\\ansible-tmp-")
    assert len(replay.scripts("Remove-Item 'C:") + replay.scripts("Remove-Item C:")) == 1
    assert made[0].lower() not in simulation.folders


def test_win_reboot_restarts_the_server_once_and_sees_another_boot_time(
    replay: Replay, simulation: StubSimulation
) -> None:
    assert [line["delay"] for line in simulation.lines if line["kind"] == "reboot"] == [2.0]
    before, after = replay.scripts("LastBootUpTime")
    assert before == "133434736000000000", "a FILETIME of 1,699,000,000 seconds after 1970"
    assert int(after) > int(before)
    assert replay.scripts("AutoLogonChecked' -ErrorAction Stop")[0].startswith("success-")


def test_a_raw_line_reaches_the_simulation_as_it_was_typed(replay: Replay) -> None:
    assert replay.scripts("Get-CsPoolFabricState") == ["Replica Instance: Primary\r\nReplica Instance: ActiveSecondary"]
