# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows that people left open on a server are found before anything stops; replayed without a host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import management_shells
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import SERVER, FakeServer, Fault, refuses

ANNA = {"Id": 4242, "Name": "powershell", "UserName": "EXAMPLE\\anna", "SessionId": 2}
BOB = {"Id": 4300, "Name": "Microsoft.Rtc.Management.TopologyBuilder", "UserName": "EXAMPLE\\bob", "SessionId": 3}
OURSELVES = {"Id": 4000, "Name": "powershell", "UserName": "LAB\\admin", "SessionId": 0}
END_ANNA, END_BOB = "Stop-Process -Id 4242 -Force", "Stop-Process -Id 4300 -Force"


def with_open(*windows: dict[str, Any]) -> FakeServer:
    server = FakeServer()
    open_now = {window["Id"]: window for window in [OURSELVES, *windows]}

    def listed(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        if "Id" in parameters:
            if parameters["Id"] not in open_now:
                raise Fault("Cannot find a process", "ObjectNotFound")
            return [open_now[parameters["Id"]]]
        return list(open_now.values())

    def ends(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        open_now.pop(parameters["Id"])

    server.answers |= {"Get-Process": listed, "Stop-Process": ends}
    return server


def close(server: FakeServer, end: bool = False, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return management_shells.close(server.shell(**more), end, (said if said is not None else []).append)


@pytest.mark.parametrize("end", [False, True])
def test_where_nobody_has_a_window_open_nothing_is_done(end: bool) -> None:
    server = with_open()
    result = close(server, end)
    assert (result["changed"], result["windows"], server.changes) == (False, [], [])


def test_a_window_is_named_with_its_process_its_number_and_its_user_and_with_what_to_do() -> None:
    server = with_open(ANNA)
    with pytest.raises(SfbError, match=r"powershell \(process 4242\) of EXAMPLE\\anna, session 2") as failure:
        close(server)
    assert SERVER in failure.value.message
    assert "Close it" in str(failure.value.remedy) and "sfb_close_shells: true" in str(failure.value.remedy)
    assert failure.value.facts["windows"][0]["user"] == "EXAMPLE\\anna"
    assert server.changes == []


def test_where_it_was_asked_for_each_window_is_ended_and_we_ourselves_never() -> None:
    server, said = with_open(ANNA, BOB), list[str]()
    result = close(server, True, said)
    assert server.changes == [END_ANNA, END_BOB]
    assert (result["changed"], [window["id"] for window in result["windows"]]) == (True, [4242, 4300])
    assert len(said) == 2 and "anna" in said[0]
    assert close(server)["windows"] == []


def test_a_window_whose_user_can_not_be_read_counts_too() -> None:
    with pytest.raises(SfbError, match="of an unknown user"):
        close(with_open({**ANNA, "UserName": None}))


def test_a_window_that_was_closed_meanwhile_is_no_failure() -> None:
    server = with_open(ANNA, BOB)

    def meanwhile(names: str) -> bool:
        if "Stop-Process" in names:
            server.answers["Get-Process"] = lambda fake, parameters: [OURSELVES] if "Id" not in parameters else []
        return False

    server.loses(meanwhile, after_work=False)
    assert close(server, True)["changed"] is True


def test_a_number_that_windows_gave_to_another_process_meanwhile_is_not_ended() -> None:
    server, ended = with_open(ANNA), list[int]()

    def listed(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        if "Id" in parameters:
            return [{"Id": 4242, "Name": "sqlservr", "SessionId": 0}]
        return [OURSELVES, ANNA] if len(fake.sent) == 1 else [OURSELVES]

    server.answers |= {"Get-Process": listed, "Stop-Process": lambda fake, parameters: ended.append(parameters["Id"])}
    close(server, True)
    assert ended == []


def test_a_window_that_stays_open_is_a_failure() -> None:
    server = with_open(ANNA)
    server.answers["Stop-Process"] = lambda fake, parameters: None
    with pytest.raises(SfbError, match="could not be ended: powershell"):
        close(server, True)


def test_what_windows_refuses_is_a_failure_in_its_own_words() -> None:
    server = with_open(ANNA)
    server.answers["Stop-Process"] = refuses("Zugriff verweigert")
    with pytest.raises(CallFailed, match="Zugriff verweigert"):
        close(server, True)


@pytest.mark.parametrize("after_work", [False, True])
def test_an_end_whose_answer_got_lost_is_looked_up(after_work: bool) -> None:
    server = with_open(ANNA)
    server.loses(lambda names: "Stop-Process" in names, after_work)
    assert close(server, True)["changed"] is True
    assert server.changes == [END_ANNA]


def test_check_mode_shows_the_lines_and_ends_nothing() -> None:
    server = with_open(ANNA)
    result = close(server, True, check_mode=True)
    assert (result["changed"], server.changes) == (True, [])
    assert result["commands"] == ["Stop-Process -Id 4242 -Force -Confirm:$false"]
    with pytest.raises(SfbError):
        close(server, False, check_mode=True)
