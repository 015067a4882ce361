# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Front End that has no fail over (Lync Server 2013, a pool of two) is stopped gracefully and started again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.steps import (
    fail_back,
    fail_over,
    failover_preview,
    restart,
    update,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_over import Drain
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run, way_of
from ansible_collections.sfb.server.plugins.plugin_utils.steps.update import Update
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    MEMBERS,
    SERVER,
    FakeServer,
    Fault,
    Parameters,
    refuses,
)

STOP, START = "Stop-CsWindowsService", "Start-CsWindowsService"
MARKED = ["Set-Content -LiteralPath mark.json.new", "Move-Item -LiteralPath mark.json.new -Destination mark.json"]
STOPPED = [f"{STOP} -ComputerName fe02 -Graceful"]
CUT = [f"{STOP} -ComputerName fe02"]
STARTED = [f"{START} -ComputerName fe02"]
UNMARKED = ["Remove-Item -LiteralPath mark.json"]
RENAMED = ["Set-Content -LiteralPath mark.json"]
RUN = Run("run-8", two_server_pool="graceful_stop")
PASSED = windows.path_exists(state_folder.MARK)


def lync() -> FakeServer:
    return FakeServer(product="lync2013")


def pair() -> FakeServer:
    return FakeServer(members=MEMBERS[:2])


def stopped(how: Any = "stop") -> FakeServer:
    """Out by an earlier run."""
    server = lync()
    server.stop()
    server.mark(how=how)
    return server


EITHER = pytest.mark.parametrize("make", [lync, pair])


def take_out(
    server: FakeServer, run: Run = RUN, said: list[str] | None = None, minutes: float = 60, on_timeout: Any = "fail"
) -> dict[str, Any]:
    say = (said if said is not None else []).append
    return fail_over.take_out(server.shell(), None, Drain(minutes, on_timeout), run, 60, say)


def bring_back(server: FakeServer, run: Run = RUN, said: list[str] | None = None) -> dict[str, Any]:
    return fail_back.bring_back(server.shell(), None, 60, run, (said if said is not None else []).append)


def gives_up(server: FakeServer, parameters: Parameters) -> None:
    """A graceful stop that a conference outlasts; without -Graceful it is cut."""
    if parameters.get("Graceful") and server.active_conferences:
        raise Fault("RTCAVMCU did not drain", "OperationTimeout")
    server.active_conferences = 0
    server.stop()


def never_ends(server: FakeServer, parameters: Parameters) -> None:
    if not parameters.get("Graceful"):
        server.stop()


# ---- out and back ----------------------------------------------------------------------------------------------------


@EITHER
def test_the_server_is_marked_stopped_gracefully_and_started_again(make: Callable[[], FakeServer]) -> None:
    server = make()
    out = take_out(server)
    assert (out["state"], out["how"], out["services"]["RTCSRV"]["start_type"]) == ("out_by_us", "stop", "Automatic")
    assert json.loads(server.files[state_folder.MARK])["how"] == "stop"
    assert take_out(server)["changed"] is False
    assert bring_back(server)["state"] == "in_service"
    assert server.changes == [*MARKED, *STOPPED, *STARTED, *UNMARKED]


def test_no_fail_over_is_ever_sent_to_lync_whatever_its_mark_says() -> None:
    server = stopped("fail_over")
    bring_back(server)
    assert server.changes == [*RENAMED, *STARTED, *UNMARKED]


def test_where_the_mark_says_stop_a_product_with_fail_over_is_started_too() -> None:
    server = FakeServer()
    server.stop()
    server.mark(how="stop")
    assert bring_back(server)["state"] == "in_service"
    assert server.changes == [*RENAMED, *STARTED, *UNMARKED]


@pytest.mark.parametrize(
    ("product", "members", "mark", "way"),
    [
        ("sfb2015", 3, None, "fail_over"),
        ("sfb2019", 2, None, "stop"),
        ("lync2013", 3, None, "stop"),
        ("sfb2015", 3, {"how": "stop"}, "stop"),
        ("sfb2015", 3, {"how": "fail_over"}, "fail_over"),
        ("lync2013", 3, {"how": "fail_over"}, "stop"),
    ],
)
def test_product_pool_and_mark_decide_which_way_it_is(product: str, members: int, mark: Any, way: str) -> None:
    assert way_of({"product": product, "computers": MEMBERS[:members], "mark": mark}) == way


def test_a_pool_of_two_is_not_stopped_unless_the_user_accepts_it() -> None:
    server = pair()
    with pytest.raises(SfbError, match=f"The pool of {SERVER} has two Front Ends") as refusal:
        take_out(server, Run("run-8"))
    assert "sfb_two_server_pool: graceful_stop" in str(refusal.value.remedy)
    assert server.changes == []


def test_only_what_ran_before_is_started_also_where_a_manual_service_did_not_run() -> None:
    server = lync()
    server.services["RTCRGS"] = ("Stopped", "Manual")
    take_out(server)
    bring_back(server)
    names = ("REPLICA", "RTCAVMCU", "W3SVC", "RTCSRV")
    assert server.changes == [
        *MARKED,
        *STOPPED,
        *(f"{START} -Name {name} -ComputerName fe02" for name in names),
        *UNMARKED,
    ]
    assert server.services["RTCRGS"] == ("Stopped", "Manual")


@EITHER
def test_a_server_that_came_up_with_its_restart_is_stopped_again(make: Callable[[], FakeServer]) -> None:
    server = make()
    take_out(server)
    server.bring_in()
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == [*MARKED, *STOPPED, *STOPPED]


def test_a_server_that_came_up_with_its_restart_only_loses_its_mark_on_the_way_back() -> None:
    server = lync()
    take_out(server)
    server.bring_in()
    assert bring_back(server)["state"] == "in_service"
    assert server.changes[-2:] == [*STARTED, *UNMARKED]


def test_services_that_somebody_disabled_by_hand_are_not_taken_over() -> None:
    server = lync()
    server.take_out()
    for act in (take_out, bring_back):
        with pytest.raises(SfbError, match="not by us") as refusal:
            act(server, Run("run-8", adopt=True))
        assert "sfb_adopt" not in str(refusal.value.remedy)
    assert server.changes == []


def test_never_two_holds_for_a_stop_as_for_a_fail_over() -> None:
    server = lync()
    server.others["fe03.example.com"]["status"] = "Stopped"
    with pytest.raises(SfbError, match="another server of its pool may be out"):
        take_out(server)
    assert server.changes == []


# ---- a stop that does not get on -------------------------------------------------------------------------------------


def test_a_graceful_stop_that_gives_up_is_a_failure_and_the_server_is_put_back() -> None:
    server = lync()
    server.active_conferences = 2
    server.minutes[STOP] = 10
    server.answers[STOP] = gives_up
    with pytest.raises(SfbError, match="would not drain: .*RTCAVMCU did not drain.*Active Conferences=2") as failure:
        take_out(server)
    assert server.changes == [*MARKED, *STOPPED, *STARTED, *UNMARKED]
    assert failure.value.facts["state"] == "in_service"


def test_a_graceful_stop_that_still_runs_after_its_time_is_left_alone_and_said() -> None:
    server = lync()
    server.minutes[STOP] = 600
    with pytest.raises(TimedOut, match="still runs after 70 minutes"):
        take_out(server)
    assert server.changes == [*MARKED, *STOPPED]
    assert server.marked


def test_with_cut_what_is_left_has_the_whole_drain_time_and_is_then_stopped_without_graceful() -> None:
    server, said = lync(), list[str]()
    server.active_conferences = 2
    server.minutes[STOP] = 10
    server.answers[STOP] = gives_up
    result = take_out(server, said=said, on_timeout="cut")
    assert server.changes == [*MARKED, *STOPPED, *CUT]
    assert (result["state"], server.services["RTCSRV"][0]) == ("out_by_us", "Stopped")
    begun = [time for time, call, detached in server.sent if call.cmdlet == STOP and detached]
    assert (begun[1] - begun[0]) / 60 == 60
    assert any("what is left is cut now" in line for line in said)


def test_with_cut_nobody_waits_for_conferences_that_are_gone() -> None:
    server = lync()
    server.active_conferences = 2
    server.minutes[STOP] = 10
    server.at(20, lambda: setattr(server, "active_conferences", 0))
    server.answers[STOP] = [refuses("RTCAVMCU did not drain"), gives_up]
    take_out(server, on_timeout="cut")
    assert server.changes == [*MARKED, *STOPPED, *CUT]
    assert server.clock.minutes < 40


def test_with_cut_a_graceful_stop_that_still_runs_is_cut_and_ends_with_that() -> None:
    server = lync()
    server.active_conferences = 1
    server.minutes[STOP] = 65
    server.at(30, lambda: server.minutes.update({STOP: 1}))
    server.answers[STOP] = never_ends
    assert take_out(server, on_timeout="cut")["state"] == "out_by_us"
    assert server.changes == [*MARKED, *STOPPED, *CUT]


def test_a_cut_that_fails_too_puts_the_server_back() -> None:
    server = lync()
    server.answers[STOP] = refuses("Access is denied")
    with pytest.raises(SfbError, match="would not drain: .*Access is denied"):
        take_out(server, on_timeout="cut")
    assert server.changes == [*MARKED, *STOPPED, *CUT, *STARTED, *UNMARKED]


# ---- a run that was killed -------------------------------------------------------------------------------------------


def test_a_stop_that_a_killed_run_began_is_waited_for_and_not_begun_again() -> None:
    server = lync()
    server.mark(how="stop")
    server.minutes[STOP] = 20
    server.begin_work("fail_over", PASSED, cmdlets.stop_services(SERVER, "x", graceful=True))
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == RENAMED


def test_a_cut_that_a_killed_run_began_is_waited_for() -> None:
    server = lync()
    server.mark(how="stop")
    server.minutes[STOP] = 20
    server.begin_work("services", PASSED, cmdlets.stop_services(SERVER, "x"))
    with pytest.raises(SfbError, match="while it is being taken out"):
        bring_back(server)
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == RENAMED


def test_a_start_that_a_killed_run_began_is_waited_for_and_not_begun_again() -> None:
    server = stopped()
    server.minutes[START] = 20
    server.begin_work("fail_back", PASSED, cmdlets.start_services(SERVER, "x"))
    assert bring_back(server)["state"] == "in_service"
    assert server.changes == [*RENAMED, *UNMARKED]


# ---- restart, install, check mode ------------------------------------------------------------------------------------


def test_a_stopped_server_is_restarted_and_gets_the_update_of_its_product() -> None:
    server = stopped()
    server.components = {"Core Components": "5.0.8308.291"}
    path = f"{state_folder.media('5.0.8308.965')}\\LyncServerUpdateInstaller.exe"
    server.files[path] = "the installer"
    restart.restart(server.shell(), 30, print)
    result = update.install(server.shell(), Update(path, "5.0.8308.965"), 90, 30, print)
    assert (result["version_before"], result["version_after"]) == ("5.0.8308.291", "5.0.8308.965")


@pytest.mark.parametrize("out", [True, False])
def test_check_mode_shows_exactly_what_a_real_run_then_sends(out: bool) -> None:
    server = lync() if out else stopped()
    shell = server.shell(check_mode=True)
    predicted = failover_preview.predict(shell, None, out, Drain(60, "cut"), 60, RUN)["commands"]
    assert server.changes == []
    take_out(server) if out else bring_back(server)
    sent = [call.powershell() for _time, call, _detached in server.sent if call.cmdlet in (STOP, START)]
    assert [line for line in predicted if "-CsWindowsService" in line] == sent
