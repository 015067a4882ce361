# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product's services of one server are listed, started and stopped: of that server and of no other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import product_services
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import SERVER, FakeServer


def ensure(server: FakeServer, state: str, computer: str | None = None, **more: Any) -> dict[str, Any]:
    name, graceful = more.pop("name", None), more.pop("graceful", False)
    return product_services.ensure(server.shell(**more), computer, name, state, graceful, 60, print)


@pytest.mark.parametrize("computer", [None, SERVER, SERVER.upper()])
def test_the_services_are_those_of_the_server_that_is_connected(computer: str | None) -> None:
    found = product_services.read(FakeServer().shell(), computer)
    assert (found["server"], found["out_of_service"]) == (SERVER, False)
    assert found["services"]["RTCSRV"] == {"status": "Running", "start_type": "Automatic", "activity": []}


@pytest.mark.parametrize("state", ["started", "stopped"])
def test_another_server_than_the_connected_one_is_refused_and_never_touched_from_here(state: str) -> None:
    server = FakeServer()
    with pytest.raises(SfbError, match=r"leads to fe02\.example\.com, not to fe01\.example\.com") as refusal:
        ensure(server, state, "fe01.example.com")
    assert "delegate" in str(refusal.value.remedy)
    assert server.changes == []
    with pytest.raises(SfbError, match="not to fe01"):
        product_services.read(server.shell(), "fe01.example.com")


def test_a_service_that_is_stopped_is_started_and_one_that_is_disabled_is_not() -> None:
    server = FakeServer()
    server.services["RTCAVMCU"] = ("Stopped", "Auto")
    result = ensure(server, "started")
    assert server.changes == ["Start-CsWindowsService -Name RTCAVMCU -ComputerName fe02"]
    assert result["services"]["RTCAVMCU"]["status"] == "Running"
    assert result["services"]["RTCCPS"]["status"] == "Stopped"
    assert ensure(server, "started")["changed"] is False


def test_a_server_that_was_failed_over_is_not_started_by_hand() -> None:
    server = FakeServer()
    server.take_out()
    server.mark()
    with pytest.raises(SfbError, match="must not be started by hand"):
        ensure(server, "started")
    assert server.changes == []


def test_check_mode_shows_what_would_be_stopped_and_stops_nothing() -> None:
    server = FakeServer()
    result = ensure(server, "stopped", name="RTCSRV", graceful=True, check_mode=True)
    assert result["changed"] is True
    assert result["commands"][0].startswith(f"Stop-CsWindowsService -Name RTCSRV -ComputerName {SERVER} -Graceful")
    assert server.changes == []
