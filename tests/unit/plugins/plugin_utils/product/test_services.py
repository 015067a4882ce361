# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a server, from its services and its mark."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, ServiceBefore
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import (
    Service,
    is_out,
    left_to_drain,
    not_running,
    server_state,
    service_from,
    to_run_again,
)

BEFORE = {
    "RTCSRV": ServiceBefore("Running", "Automatic"),
    "RTCAVMCU": ServiceBefore("Running", "Automatic"),
    "RTCCPS": ServiceBefore("Stopped", "Disabled"),
    "RTCATS": ServiceBefore("Running", "Disabled"),
    "RTCRGS": ServiceBefore("Stopped", "Automatic"),
}
MARK = Mark("run-7", "2026-01-31T22:30:00Z", "LAB\\admin", "fe02.example.com", BEFORE)


def front_end(status: str = "Running", start_type: str = "Automatic") -> Service:
    return Service("RTCSRV", status, start_type)


def other(status: str = "Running", start_type: str = "Automatic") -> Service:
    return Service("RTCAVMCU", status, start_type)


@pytest.mark.parametrize(
    ("services", "state"),
    [
        pytest.param([front_end(), other()], "in_service", id="everything runs"),
        pytest.param([front_end(), other("Stopped", "Disabled")], "in_service", id="its owner disabled one on purpose"),
        pytest.param([front_end(), other("Stopped", "Manual")], "in_service", id="a manual one is nobody's duty"),
        pytest.param([front_end("Running", "Manual")], "in_service", id="RTCSRV is started by hand here"),
        pytest.param([Service("RtcSrv", "Running", "Automatic")], "in_service", id="names ignore case"),
        pytest.param(
            [front_end("Stopped", "Disabled"), other("Stopped", "Disabled")], "out_by_others", id="failed over"
        ),
        pytest.param([front_end("Stopped", "Disabled"), other()], "out_by_others", id="RTCSRV alone tells"),
        pytest.param([front_end("Stopped")], "partly_stopped", id="stopped but not disabled is no fail over"),
        pytest.param([front_end("Stopped", "")], "partly_stopped", id="start type not read"),
        pytest.param([front_end(), other("Stopped")], "partly_stopped", id="one automatic service stopped"),
        pytest.param([front_end(), other("Stopped", "")], "partly_stopped", id="a service of unread start type counts"),
        pytest.param([front_end(), other("Paused")], "partly_stopped", id="paused is not running"),
        pytest.param([front_end("Stopping"), other()], "partly_stopped", id="somebody stops it"),
        pytest.param([front_end("Running", "Disabled"), other()], "partly_stopped", id="would not survive a restart"),
        pytest.param([front_end("Starting", "Disabled")], "partly_stopped", id="starts although it is disabled"),
        pytest.param([front_end("Starting"), other()], "starting", id="RTCSRV starts"),
        pytest.param([front_end("Starting"), other("Stopped")], "starting", id="the others wait for RTCSRV"),
        pytest.param([front_end(), other("Starting")], "starting", id="only another one still starts"),
    ],
)
def test_without_a_mark_the_services_tell_the_state(services: list[Service], state: str) -> None:
    found = server_state(services, None)
    assert found.state == state
    assert found.reasons


@pytest.mark.parametrize(
    ("services", "reasons"),
    [
        ([], ()),
        ([other(), Service("REPLICA", "Stopped", "Manual")], ()),
        (
            [other("Stopped"), Service("REPLICA", "Running", "Automatic")],
            ("RTCAVMCU is Stopped (start type Automatic)",),
        ),
    ],
)
def test_a_server_without_rtcsrv_is_no_front_end_and_names_what_does_not_run(
    services: list[Service], reasons: tuple[str, ...]
) -> None:
    found = server_state(services, None)
    assert (found.state, found.reasons) == ("no_front_end", reasons)
    assert server_state(services, MARK).state == "out_by_us"


@pytest.mark.parametrize(
    ("services", "how", "out"),
    [
        ([front_end("Stopped", "Disabled")], None, True),
        ([front_end("Stopped")], None, False),
        ([front_end("Stopped", "Disabled")], "fail_over", True),
        ([front_end("Stopped")], "fail_over", False),
        ([front_end("Stopped")], "stop", True),
        ([front_end(), other("Stopped")], "stop", False),
        ([front_end("Stopping")], "stop", False),
        ([other("Stopped")], "stop", True),
        ([other("Stopped")], None, False),
    ],
)
def test_a_server_is_out_when_its_services_are_as_its_way_out_leaves_them(
    services: list[Service], how: Any, out: bool
) -> None:
    assert is_out(services, replace(MARK, how=how) if how else None) is out


STATUSES = ("Running", "Stopped", "Starting", "Stopping")


@pytest.mark.parametrize(("status", "start_type"), list(itertools.product(STATUSES, ("Automatic", "Disabled", ""))))
def test_where_a_mark_stands_the_server_is_out_however_its_services_look(status: str, start_type: str) -> None:
    found = server_state([front_end(status, start_type), other()], MARK)
    assert found.state == "out_by_us"
    assert "run-7" in found.reasons[0]
    assert "LAB\\admin" in found.reasons[0]


@pytest.mark.parametrize("mark", [None, MARK])
def test_a_fail_over_or_fail_back_that_runs_says_what_the_server_does(mark: Mark | None) -> None:
    assert server_state([front_end()], mark, fail_over_running=True).state == "draining"
    assert server_state([front_end("Stopped", "Disabled")], mark, fail_back_running=True).state == "coming_back"
    assert server_state([front_end()], mark, fail_over_running=True, fail_back_running=True).state == "draining"


@pytest.mark.parametrize(
    ("status", "start_type", "expected"),
    [
        ("Running", "Auto", ("Running", "Automatic")),
        (4, 2, ("Running", "Automatic")),
        ("Start Pending", "Automatic (Delayed Start)", ("Starting", "Automatic")),
        ("StopPending", "Disabled", ("Stopping", "Disabled")),
        (1, "Manual", ("Stopped", "Manual")),
        ("Unheard of", None, ("Unheard of", "")),
    ],
)
def test_one_status_has_many_names(status: object, start_type: object, expected: tuple[str, str]) -> None:
    service = service_from("RTCSRV", status, start_type)
    assert (service.status, service.start_type) == expected


def test_what_ran_runs_again_and_what_its_owner_disabled_stays() -> None:
    assert to_run_again(MARK) == ("RTCSRV", "RTCAVMCU")


def test_a_server_that_was_adopted_has_to_run_rtcsrv_at_least() -> None:
    adopted = {"RTCSRV": ServiceBefore("Stopped", "Disabled"), "REPLICA": ServiceBefore("Running", "Automatic")}
    assert to_run_again(Mark("r", MARK.time, "u", "h", adopted)) == ("RTCSRV", "REPLICA")


def test_a_server_that_was_only_stopped_need_not_have_rtcsrv() -> None:
    services = {"REPLICA": ServiceBefore("Running", "Automatic"), "W3SVC": ServiceBefore("Stopped", "Manual")}
    assert to_run_again(Mark("r", MARK.time, "u", "h", services, "stop")) == ("REPLICA",)


def test_each_wanted_service_that_does_not_run_is_named_with_its_status() -> None:
    services = [Service("RtcSrv", "Starting", "Automatic"), Service("RTCAVMCU", "Running", "Automatic")]
    assert not_running(services, ["RTCSRV", "rtcavmcu", "FTA"]) == [
        "RtcSrv is Starting (start type Automatic)",
        "FTA is not among the services of this server",
    ]


@pytest.mark.parametrize(
    ("activity", "line"),
    [
        ("Incoming Requests per Second=0,Messages in Server=0...", None),
        ("Incoming Requests per Second=0,0,Messages in Server=0", None),
        ("Active Conferences=2,Connected Users=0", "RTCAVMCU (Audio/Video Conferencing): Active Conferences=2"),
        ("Rate=0,5,Calls=3", "RTCAVMCU (Audio/Video Conferencing): Rate=0,5, Calls=3"),
        (["Calls=1", "Users=0"], "RTCAVMCU (Audio/Video Conferencing): Calls=1"),
        ("Calls=10", "RTCAVMCU (Audio/Video Conferencing): Calls=10"),
        ("still busy", "RTCAVMCU (Audio/Video Conferencing): still busy"),
        ("", None),
        (None, None),
    ],
)
def test_what_is_left_is_said_in_one_line(activity: object, line: str | None) -> None:
    assert left_to_drain([service_from("RTCAVMCU", "Running", None, activity)]) == ([line] if line else [])


def test_a_stopped_service_has_nothing_left_and_an_unknown_one_goes_by_its_name() -> None:
    services = [service_from("RTCSRV", "Stopped", None, "Calls=2"), service_from("RTCNEW", "Stopping", None, "Calls=2")]
    assert left_to_drain(services) == ["RTCNEW: Calls=2"]
