# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault strikes when it should, once, and says so in the journal."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Lab, Play

FE01 = "fe01.example.com"


def requests(lab: Lab, count: int) -> list[str | None]:
    return [lab.deployment.request(FE01, "LAB\\admin", "Command") for _number in range(count)]


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"fault": "connection_dropped", "at_request": 3}, [None, None, "drop", None]),
        ({"fault": "connection_dropped", "at_request": 2, "after_work": True}, [None, "drop_after", None, None]),
        ({"fault": "connection_dropped", "at_request": 1, "times": 3}, ["drop", "drop", "drop", None]),
        ({"fault": "never_answers", "at_request": 2}, [None, "hang", None, None]),
        ({"fault": "credentials_refused", "at_request": 3}, [None, None, "reject", "reject"]),
        ({"fault": "credentials_refused", "at_request": 1, "times": 1}, ["reject", None, None, None]),
    ],
)
def test_requests_are_counted_per_server(play: Play, fault: dict[str, Any], seen: list[str | None]) -> None:
    lab = play(faults=[{"host": FE01, **fault}])
    assert lab.deployment.request("fe02.example.com", "LAB\\admin", "Create") is None
    assert requests(lab, 4) == seen
    assert lab.journal("fault", fault=fault["fault"], host=FE01)


def test_a_fault_waits_for_the_call_that_it_names(play: Play) -> None:
    fault = {
        "fault": "connection_dropped",
        "host": FE01,
        "when": {"cmdlet": "Get-CsPool", "host": FE01},
        "after_work": True,
    }
    lab = play(faults=[fault])
    assert requests(lab, 2) == [None, None]
    lab.cmdlet("fe02", "Get-CsPool")
    assert requests(lab, 1) == [None]
    lab.cmdlet("fe01", "Get-CsPool")
    assert requests(lab, 2) == ["drop_after", None]


def test_winrm_stays_away_for_some_minutes_after_a_restart(play: Play) -> None:
    lab = play(faults=[{"fault": "winrm_away_after_restart", "host": FE01, "minutes": 12}])
    lab.restart("fe01")
    assert lab.minutes() > 12
    before = lab.minutes()
    lab.restart("fe01")
    assert lab.minutes() - before < 8


def test_a_refused_connection_costs_a_fixed_time(play: Play) -> None:
    lab = play(servers={"fe01": {"powered": False}, "fe02": {"winrm": False}})
    assert [lab.deployment.accepts(f"{name}.example.com") for name in ("fe01", "fe02", "fe03")] == [False, False, True]
    assert lab.minutes() == 1.0


def test_a_restart_that_never_returns(play: Play) -> None:
    lab = play(faults=[{"fault": "restart_never_returns", "host": FE01}])
    lab.deployment.restart(lab.caller("fe01"), 0)
    lab.sleep(300)
    assert not lab.deployment.accepts(FE01)


def test_a_fail_back_that_throws_some_times(play: Play) -> None:
    lab = play(faults=[{"fault": "fail_back_throws", "host": FE01, "times": 2}])
    lab.fail_over("fe01")
    assert [bool(lab.fail_back("fe01")["errors"]) for _try in range(3)] == [True, True, False]
    assert len(lab.journal("fault")) == 2


@pytest.mark.parametrize(("minutes", "state"), [(None, "Start Pending"), (20, "Running")])
def test_a_service_that_stays_in_starting(play: Play, minutes: int | None, state: str) -> None:
    fault = {"fault": "service_stays_starting", "host": FE01, **({"minutes": minutes} if minutes else {})}
    lab = play(faults=[fault])
    lab.fail_over("fe01")
    lab.fail_back("fe01")
    lab.sleep(10)
    assert lab.services("fe01")["RTCSRV"][0] == "Start Pending"
    lab.sleep(60)
    assert lab.services("fe01")["RTCSRV"][0] == state
    rows = lab.cmdlet("fe01", "Get-WinEvent", ["Id"], LogName="Lync Server", FilterXPath="*[System[(EventID=32174)]]")[
        "output"
    ]
    assert len(rows) >= 2


def test_a_replica_that_stays_missing(play: Play) -> None:
    lab = play(faults=[{"fault": "replica_stays_missing", "host": FE01}])
    lab.fail_over("fe01")
    lab.fail_back("fe01")
    lab.sleep(120)
    warnings = lab.cmdlet("fe02", "Get-CsPoolFabricState", PoolFqdn="pool01.example.com")["warnings"]
    assert len(warnings) == 6
    assert lab.state("fe02") == "Busy"


def test_a_fabric_text_that_nobody_knows(play: Play) -> None:
    lab = play(faults=[{"fault": "fabric_text_unknown", "at_minute": 10}])
    ask = {"PoolFqdn": "pool01.example.com"}
    assert "fe01" in "".join(lab.cmdlet("fe01", "Get-CsPoolFabricState", **ask)["output"])
    lab.sleep(11)
    texts = [lab.cmdlet("fe01", "Get-CsPoolFabricState", **ask)["output"] for _read in range(2)]
    assert "fe01" not in "".join(texts[0])
    assert texts[0] != texts[1]


def test_a_third_party_restarts_another_server_in_mid_drain(play: Play) -> None:
    fault = {
        "fault": "third_party_restart",
        "host": "fe02.example.com",
        "when": {"cmdlet": "Invoke-CsComputerFailOver", "host": FE01},
        "after_minutes": 3,
    }
    lab = play(faults=[fault])
    lab.cmdlet("fe03", "Invoke-CsComputerFailOver", ComputerName=FE01, Confirm=False)
    assert lab.journal("reboot", by="somebody else", host="fe02.example.com")
    assert lab.felt().count("sessions_cut") == 1
    assert "limited_mode" in lab.felt()


def test_a_vanished_process_leaves_its_installer_running(play: Play) -> None:
    fault = {
        "fault": "async_process_vanishes",
        "host": FE01,
        "when": {"cmdlet": "SkypeServerUpdateInstaller.exe"},
        "after_minutes": 2,
    }
    lab = play(faults=[fault])
    lab.fail_over("fe01")
    path = lab.put_installer("fe01")
    lab.detach("fe01", {"program": path, "arguments": "/silentmode"}, modules=())
    lab.sleep(5)
    names = [
        row["Name"] for row in lab.cmdlet("fe01", "Get-CimInstance", ["Name"], ClassName="Win32_Process")["output"]
    ]
    assert "SkypeServerUpdateInstaller.exe" in names
    lab.sleep(20)
    assert [line["phase"] for line in lab.journal("installer")] == ["begun", "ended"]


def test_a_file_does_not_arrive_on_a_server_that_goes_down_meanwhile(play: Play) -> None:
    fault = {"fault": "third_party_restart", "host": FE01, "at_minute": 1}
    lab = play({"times": {"megabytes_per_second": 1}}, faults=[fault])
    with pytest.raises(ConnectionResetError):
        lab.deployment.download(lab.caller("fe01"), lab.deployment.media[0]["urls"][0], "C:\\Temp\\x.exe")
    lab.sleep(10)
    assert lab.deployment.stat(lab.caller("fe01"), "C:\\Temp\\x.exe") is None
