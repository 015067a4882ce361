# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The never-two check: what counts as a server in service, seen from another one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.companions import Companion
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import FakeServer

OTHERS = ["fe01.example.com", "fe03.example.com"]
RUNS = {"RTCSRV": "Running", "RTCAVMCU": "Stopped"}


@pytest.mark.parametrize(
    ("companion", "reason"),
    [
        (Companion("fe01", RUNS, True, False), None),
        (Companion("fe01", RUNS, True, True), "fe01 is marked as being taken out of service"),
        (Companion("fe01", RUNS, False, False), "port 5090 of fe01 does not answer"),
        (Companion("fe01", RUNS, None, False), "port 5090 of fe01 does not answer"),
        (Companion("fe01", {"RTCSRV": "Starting"}, True, False), "RTCSRV on fe01 is Starting"),
        (Companion("fe01", {"RTCSRV": "Stopped"}, False, None), "RTCSRV on fe01 is Stopped"),
        (Companion("fe01", {}, True, False), "RTCSRV on fe01 is not there"),
        (Companion("fe01", None, True, False), "the services of fe01 could not be read"),
        (Companion("fe01", None, None, None), "the services of fe01 could not be read"),
        (Companion("fe01", RUNS, True, None), "whether fe01 is marked could not be read"),
    ],
)
def test_a_server_that_is_not_known_to_be_in_service_is_out(companion: Companion, reason: str | None) -> None:
    assert (companion.out_because or "").startswith(reason or "")
    assert bool(companion.out_because) is bool(reason)
    assert companions.out([companion]) == ([companion.out_because] if reason else [])


def look(server: FakeServer) -> list[Companion]:
    return companions.read(server.shell().read(companions.calls(OTHERS)), OTHERS)


def test_all_servers_are_asked_in_one_execution() -> None:
    server = FakeServer()
    found = look(server)
    assert [companion.server for companion in found] == OTHERS
    assert companions.out(found) == []
    assert len({time for time, _call, _detached in server.sent}) == 1
    assert len(server.sent) == 6


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"status": None}, "could not be read"),
        ({"status": "Stopped"}, "RTCSRV on fe03.example.com is Stopped"),
        ({"port": False}, "port 5090"),
        ({"mark": True}, "\\\\fe03.example.com\\C$\\ProgramData\\sfb.server\\mark.json"),
        ({"mark": None}, "whether fe03.example.com is marked could not be read"),
    ],
)
def test_whatever_speaks_against_one_server_is_said_with_its_name(seen: dict[str, Any], reason: str) -> None:
    server = FakeServer()
    server.others["fe03.example.com"].update(seen)
    found = companions.out(look(server))
    assert len(found) == 1
    assert reason in found[0] and "fe03" in found[0]


def test_the_reasons_are_told_apart_by_server() -> None:
    server = FakeServer()
    server.others["fe03.example.com"]["port"] = False
    reasons = companions.out_by_server(look(server))
    assert reasons == {"fe03.example.com": "port 5090 of fe03.example.com does not answer"}


def test_an_outcome_that_never_came_is_not_known_to_be_good() -> None:
    server = FakeServer()
    asked = companions.calls(OTHERS)
    everything = server.shell().read(asked)
    for name in asked:
        outcomes = {**everything.outcomes, name: type(everything[name])(asked[name], skipped=True)}
        companion = companions.read(type(everything)(outcomes, None, None, True, {}, 1, None, None), OTHERS)[0]
        if name == "services:fe01.example.com":
            assert companion.statuses is None
        if name == "port:fe01.example.com":
            assert companion.port_open is None
        if name == "mark:fe01.example.com":
            assert companion.marked is None
