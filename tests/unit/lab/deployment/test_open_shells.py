# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shells that people left open: who they belong to, ending them, and what they do to an update."""

from __future__ import annotations

import pytest

from .conftest import Json, Lab, Play

SHELL: Json = {"name": "powershell.exe", "user": "LAB\\anna", "title": "Management Shell", "holds_module": True}
SELECT = ["Id", "Name", "UserName", "SessionId"]


def windows(lab: Lab, server: str = "fe01") -> list[Json]:
    rows = lab.cmdlet(server, "Get-Process", SELECT, Name=["powershell"], IncludeUserName=True)["output"]
    return [row for row in rows if row["SessionId"]]


def test_a_shell_left_open_is_found_with_its_user_and_session(play: Play) -> None:
    lab = play(servers={"fe01": {"processes": [{**SHELL, "session": 3}]}})
    assert [(row["Name"], row["UserName"], row["SessionId"]) for row in windows(lab)] == [
        ("powershell", "LAB\\anna", 3)
    ]
    assert windows(lab, "fe02") == []


def test_somebody_elses_shell_ends_only_by_force(play: Play) -> None:
    lab = play(servers={"fe01": {"processes": [SHELL]}})
    ask = {"Id": [windows(lab)[0]["Id"]], "Confirm": False}
    refused = lab.cmdlet("fe01", "Stop-Process", **ask)["errors"]
    assert [error["category"] for error in refused] == ["InvalidOperation"]
    assert len(windows(lab)) == 1
    assert lab.cmdlet("fe01", "Stop-Process", **ask, Force=True)["errors"] == []
    assert windows(lab) == []
    assert [line["changes"] for line in lab.journal("cmdlet", cmdlet="Stop-Process")] == [False, True]


def test_ones_own_shell_ends_without(play: Play) -> None:
    lab = play(servers={"fe01": {"processes": [{**SHELL, "user": "LAB\\patcher"}]}})
    assert lab.cmdlet("fe01", "Stop-Process", Id=[windows(lab)[0]["Id"]])["errors"] == []
    assert windows(lab) == []


def test_a_person_ends_it_with_one_line(play: Play) -> None:
    lab = play(servers={"fe01": {"processes": [SHELL]}})
    number = windows(lab)[0]["Id"]
    assert "NonInteractive" in lab.line("fe01", f"Stop-Process -Id {number}")
    assert lab.line("fe01", f"Stop-Process -Id {number} -Force") == ""
    assert "NoProcessFoundForGivenId" in lab.line("fe01", f"Stop-Process -Id {number} -Force")


@pytest.mark.parametrize(("product", "code"), [("sfb2019", 3010), ("lync2013", 2)])
def test_an_update_over_an_open_shell_wants_a_restart_that_replaces_its_files(
    play: Play, product: str, code: int
) -> None:
    version = {"sfb2019": "7.0.2046.521", "lync2013": "5.0.8308.965"}[product]
    lab = play(
        {"product": product, "media": [{"version": version, "restart_needed": False}]},
        servers={"fe01": {"processes": [SHELL]}},
    )
    stop = {"ComputerName": "fe01.example.com", "Graceful": True, "Confirm": False}
    lab.cmdlet("fe01", "Stop-CsWindowsService", **stop)
    server = lab.model.servers["fe01.example.com"]
    old = server.components["Core Components"]
    assert lab.install("fe01") == code
    assert server.components["Core Components"] == version
    assert server.core_file and server.core_file.version == old
    assert server.pending_reboot
    lab.restart("fe01")
    assert server.core_file.version == version
    assert not server.pending_reboot
    assert windows(lab) == []
