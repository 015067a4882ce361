# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Front End is taken out of service and brought back, whatever happens on the way; replayed without a host."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import MarkError
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    ChangeRefused,
    ConnectionLost,
    Orphaned,
    SfbError,
    TimedOut,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps import fail_back, fail_over, failover_preview
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_over import Drain
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    MEMBERS,
    POOL,
    SERVER,
    FakeServer,
    Fault,
    answers,
    refuses,
    served,
)

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
OUT_OF_SERVICE = [
    "Set-Content -LiteralPath mark.json.new",
    "Move-Item -LiteralPath mark.json.new -Destination mark.json",
    "Invoke-CsComputerFailOver -ComputerName fe02 -WaitTime 0.01:00:00",
]
IN_SERVICE = ["Invoke-CsComputerFailBack -ComputerName fe02 -WaitTime 0.01:00:00"]
UNMARKED = ["Remove-Item -LiteralPath mark.json"]
#: Our name comes before that of the run whose mark we found.
RENAMED = ["Set-Content -LiteralPath mark.json"]

RUN = Run("run-8")
#: In the place of the guard of work that another run began: it looked at the mark before it went on.
PASSED = windows.path_exists(state_folder.MARK)


def take_out(server: FakeServer, run: Run = RUN, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    drain = Drain(more.pop("minutes", 60), more.pop("on_timeout", "fail"))
    say = (said if said is not None else []).append
    return fail_over.take_out(server.shell(**more), None, drain, run, 60, say)


def bring_back(server: FakeServer, run: Run = RUN, said: list[str] | None = None) -> dict[str, Any]:
    return fail_back.bring_back(server.shell(), None, 60, run, (said if said is not None else []).append)


def ours() -> FakeServer:
    """Out of service by an earlier run."""
    server = FakeServer()
    server.take_out()
    server.mark()
    return server


def died(server: FakeServer) -> bool:
    """Whether the run left the server as it must after a failure: in service and unmarked, or marked."""
    in_service = server.services["RTCSRV"] == ("Running", "Auto")
    return server.marked or in_service


# ---- out of service --------------------------------------------------------------------------------------------------


def test_a_healthy_server_is_marked_first_and_then_drained() -> None:
    server, said = FakeServer(), list[str]()
    server.minutes[FAIL_OVER] = 5
    server.active_conferences = 2
    result = take_out(server, said=said)
    assert server.changes == OUT_OF_SERVICE
    assert (result["changed"], result["state"], result["state_before"]) == (True, "out_by_us", "in_service")
    assert result["services"]["RTCSRV"] == {"status": "Stopped", "start_type": "Disabled"}
    assert result["minutes"] == 6.0
    mark = json.loads(server.files[state_folder.MARK])
    assert (mark["run"], mark["host"], mark["user"]) == ("run-8", SERVER, "LAB\\admin")
    assert mark["services"]["RTCCPS"] == {"status": "Stopped", "start_type": "Disabled"}


def test_while_it_drains_a_line_at_least_every_two_minutes_says_what_is_left() -> None:
    server, said = FakeServer(), list[str]()
    server.minutes[FAIL_OVER] = 30
    server.active_conferences = 2
    server.at(10, lambda: setattr(server, "active_conferences", 0))
    take_out(server, said=said)
    assert len(said) >= 30 / 2
    assert said[0] == (f"{SERVER} drains: 0 of 60 min; left: RTCAVMCU (Audio/Video Conferencing): Active Conferences=2")
    assert said[-1].endswith("left: nothing that the services report")


def test_what_is_out_already_by_us_is_not_touched() -> None:
    server = ours()
    result = take_out(server)
    assert (result["changed"], result["state"], server.changes) == (False, "out_by_us", RENAMED)


def test_the_fail_over_of_another_name_is_refused() -> None:
    server = FakeServer()
    with pytest.raises(SfbError, match=r"leads to fe02\.example\.com, not to fe01\.example\.com"):
        fail_over.take_out(server.shell(), "fe01.example.com", Drain(60, "fail"), RUN, 60, print)
    assert server.changes == []


@pytest.mark.parametrize("name", ["fe01.example.com", "fe03.example.com"])
@pytest.mark.parametrize("seen", [{"status": "Stopped"}, {"status": None}, {"port": False}, {"mark": True}])
def test_while_another_server_may_be_out_nothing_is_done(name: str, seen: dict[str, Any]) -> None:
    server = FakeServer()
    server.others[name].update(seen)
    with pytest.raises(SfbError, match="another server of its pool may be out") as refusal:
        take_out(server)
    assert name in refusal.value.message
    assert server.changes == []


def test_of_two_runs_that_begin_together_the_one_that_sees_the_others_mark_takes_its_own_away_again() -> None:
    server = FakeServer()
    looks = itertools.count()
    plain = FakeServer().others["fe01.example.com"]

    def appears(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        path = parameters["LiteralPath"]
        return [path.startswith("\\\\fe01") and next(looks) >= 1]

    assert not plain["mark"]
    server.answers["Test-Path"] = appears
    with pytest.raises(SfbError, match="is marked as being taken out of service"):
        take_out(server)
    assert server.changes == [*OUT_OF_SERVICE[:2], *UNMARKED]
    assert not server.marked


def test_a_server_that_somebody_else_took_out_is_named_and_left() -> None:
    server = FakeServer()
    server.take_out()
    for act in (take_out, bring_back):
        with pytest.raises(SfbError, match="not by us: it has no mark of ours") as refusal:
            act(server)
        assert "sfb_adopt_out_of_service: true" in str(refusal.value.remedy)
    assert server.changes == []


def test_a_server_that_is_adopted_gets_our_mark_and_is_drained_no_more() -> None:
    server = FakeServer()
    server.take_out()
    result = take_out(server, Run("run-8", adopt=True))
    assert (result["changed"], result["state"], result["adopted"]) == (True, "out_by_us", True)
    assert server.changes == OUT_OF_SERVICE[:2]
    services = json.loads(server.files[state_folder.MARK])["services"]
    assert services["RTCSRV"] == {"status": "Running", "start_type": "Automatic"}
    assert "RTCAVMCU" not in services, "whether it ran before is not known"


@pytest.mark.parametrize(
    ("services", "state"),
    [
        ({"RTCSRV": ("Stopped", "Auto")}, "partly_stopped"),
        ({"RTCSRV": ("Starting", "Auto")}, "starting"),
        ({"RTCAVMCU": ("Stopped", "Auto")}, "partly_stopped"),
    ],
)
def test_a_server_that_is_neither_in_nor_out_is_left_as_it_is(services: dict[str, Any], state: str) -> None:
    server = FakeServer()
    server.services.update(services)
    with pytest.raises(SfbError, match=f"it is {state}"):
        take_out(server, Run("run-8", adopt=True))
    assert server.changes == []


def test_a_product_that_nobody_knows_is_left_alone() -> None:
    server = FakeServer()
    server.answers["Get-CsServerVersion"] = answers(
        "Microsoft Lync Server 2010 (4.0.7577.0): Volume license key installed."
    )
    for act in (take_out, bring_back):
        with pytest.raises(SfbError, match="runs Microsoft Lync Server 2010 .* does not know"):
            act(server)
    assert server.changes == []


def test_a_standard_edition_server_never_gets_a_fail_over() -> None:
    server = FakeServer()
    server.answers["Get-CsComputer"] = answers({"Identity": SERVER, "Pool": SERVER, "Fqdn": SERVER})
    with pytest.raises(SfbError, match="not a Front End of an Enterprise Edition pool"):
        take_out(server)
    assert server.changes == []


def test_a_mark_that_cannot_be_read_stops_everything() -> None:
    server = FakeServer()
    server.files[state_folder.MARK] = '{"run": '
    for act in (take_out, bring_back):
        with pytest.raises(MarkError, match="it counts as out"):
            act(server)
    assert server.changes == []


def test_the_folder_is_made_before_the_mark_where_there_is_none() -> None:
    server = FakeServer()
    server.sddl = None
    take_out(server)
    assert server.changes[0].startswith("New-Item") and server.changes[-3:] == OUT_OF_SERVICE


def test_the_folder_of_somebody_else_stops_the_run_before_the_mark() -> None:
    server = FakeServer()
    server.sddl = "O:S-1-5-21-1-2-3-1105D:AI(A;;FA;;;BU)"
    with pytest.raises(SfbError, match="belongs to somebody else"):
        take_out(server)
    assert server.changes == []


# ---- a drain that fails ----------------------------------------------------------------------------------------------


def test_a_server_that_would_not_drain_is_put_back_before_the_run_fails() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 60
    server.active_conferences = 3
    server.answers[FAIL_OVER] = refuses("The operation timed out; no action was taken.")
    with pytest.raises(SfbError, match="would not drain") as failure:
        take_out(server)
    assert server.changes == [*OUT_OF_SERVICE, *IN_SERVICE, *UNMARKED]
    assert not server.marked
    text = failure.value.message
    assert "no action was taken" in text and "Active Conferences=3" in text
    assert "put back and is in service again" in str(failure.value.remedy)
    assert failure.value.facts["state"] == "in_service"


def test_the_user_may_have_a_server_that_would_not_drain_left_as_it_is() -> None:
    server = FakeServer()
    server.answers[FAIL_OVER] = refuses("no")
    with pytest.raises(SfbError, match="would not drain") as failure:
        take_out(server, Run("run-8", put_back_after_failure=False))
    assert server.changes == OUT_OF_SERVICE
    assert server.marked
    assert "marked as ours" in str(failure.value.remedy)


def half_stopped(server: FakeServer, parameters: dict[str, Any]) -> None:
    server.services["RTCAVMCU"] = ("Stopped", "Disabled")
    raise Fault("would not")


def test_a_server_that_cannot_be_put_back_either_keeps_its_mark_and_says_both() -> None:
    server = FakeServer()
    server.answers |= {FAIL_OVER: half_stopped, FAIL_BACK: refuses("could not")}
    with pytest.raises(SfbError, match=r"would not.*Putting it back failed too: .*could not") as failure:
        take_out(server)
    assert server.marked
    assert failure.value.facts["state"] == "out_by_us"
    assert "No other server of the pool may be touched" in str(failure.value.remedy)


def test_a_drain_that_took_no_action_and_a_fail_back_that_refuses_a_server_in_service_are_no_deadlock() -> None:
    server, said = FakeServer(), list[str]()
    server.answers |= {FAIL_OVER: refuses("no action was taken"), FAIL_BACK: refuses("it is not failed over")}
    with pytest.raises(SfbError, match="no action was taken") as failure:
        take_out(server, said=said)
    assert failure.value.facts["state"] == "in_service"
    assert server.changes == [*OUT_OF_SERVICE, *IN_SERVICE * 2, *UNMARKED]
    assert said[-1].endswith("and the pool counts it as active")


def test_of_a_server_that_is_failed_back_already_a_service_that_starts_slowly_is_waited_for_and_not_the_fail_back() -> (
    None
):
    server, said = ours(), list[str]()
    server.bring_in()
    server.services["RTCAVMCU"] = ("Start Pending", "Auto")
    server.at(30, server.bring_in)
    server.answers[FAIL_BACK] = refuses("it is not failed over")
    assert bring_back(server, said=said)["state"] == "in_service"
    assert server.changes == [*RENAMED, *IN_SERVICE * 2, *UNMARKED]
    assert f"{SERVER}: waiting for services: RTCAVMCU is Starting" in said


@pytest.mark.parametrize(
    "readiness",
    [
        pytest.param(answers({"TotalFrontends": 3, "TotalActiveFrontends": 2, "State": "Busy"}), id="not active"),
        pytest.param(answers({"State": "Ready"}), id="numbers not told"),
        pytest.param(answers(), id="nothing told"),
        pytest.param(refuses("no"), id="not readable"),
    ],
)
def test_services_alone_never_make_a_refused_fail_back_a_success(readiness: Any) -> None:
    server = FakeServer()
    server.mark()
    server.answers |= {FAIL_BACK: refuses("no"), "Get-CsPoolUpgradeReadinessState": readiness}
    with pytest.raises(SfbError, match="could not be brought back"):
        bring_back(server)
    assert server.marked


def test_with_cut_the_product_cuts_after_the_drain_time_and_has_time_to_stop() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 85
    take_out(server, on_timeout="cut")
    line = "Invoke-CsComputerFailOver -ComputerName fe02 -WaitTime 0.01:30:00 -DrainingTimeout 0.01:00:00"
    assert server.changes == [*OUT_OF_SERVICE[:2], line]


def test_a_success_that_left_the_services_running_is_none() -> None:
    server = FakeServer()
    server.answers[FAIL_OVER] = answers()
    with pytest.raises(SfbError, match="reported success, but RTCSRV is not out"):
        take_out(server)
    assert server.changes[-2:] == [*IN_SERVICE, *UNMARKED]


def test_when_somebody_takes_another_server_out_meanwhile_ours_goes_back() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    server.at(10, lambda: server.others["fe03.example.com"].update(status="Stopped"))
    with pytest.raises(SfbError, match=r"another server of its pool went out .*fe03\.example\.com is Stopped"):
        take_out(server)
    assert server.changes == [*OUT_OF_SERVICE, *IN_SERVICE, *UNMARKED]
    assert server.services["RTCSRV"] == ("Running", "Auto")


def test_the_product_gives_up_first_then_we_and_only_then_ansibles_own_watchdog() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 600
    with pytest.raises(TimedOut):
        take_out(server)
    limit = next(seconds for _time, call, seconds in server.sent if call.cmdlet == FAIL_OVER)
    assert 60 < server.clock.minutes < limit / 60


def test_nothing_is_put_back_while_the_fail_over_still_runs() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 600
    with pytest.raises(TimedOut, match="still runs after 70 minutes"):
        take_out(server)
    assert server.changes == OUT_OF_SERVICE
    assert server.marked


def test_a_fail_over_whose_process_vanished_is_put_back() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    server.at(10, server.vanish)
    with pytest.raises(SfbError, match="was cut off: its process is gone"):
        take_out(server)
    assert server.changes == [*OUT_OF_SERVICE, *IN_SERVICE, *UNMARKED]


# ---- connections that break ------------------------------------------------------------------------------------------


def test_a_fail_over_whose_start_was_answered_by_nobody_is_found_and_not_sent_again() -> None:
    server = FakeServer()
    server.loses(lambda names: names == FAIL_OVER, after_work=True)
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == OUT_OF_SERVICE


def test_a_fail_over_that_is_seen_not_to_have_reached_the_server_is_sent_once_more() -> None:
    server = FakeServer()
    server.loses(lambda names: names == FAIL_OVER, after_work=False)
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == OUT_OF_SERVICE


def test_a_fail_over_that_never_begins_is_no_reason_to_leave_the_mark() -> None:
    server = FakeServer(starts_fail=True)
    server.at(4, lambda: setattr(server, "starts_fail", False))
    with pytest.raises(SfbError, match="fail_over did not begin"):
        take_out(server)
    assert not server.marked


def test_a_drain_is_watched_through_a_connection_that_is_away() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    server.at(5, lambda: setattr(server, "down_until", server.clock.now() + 15 * 60))
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == OUT_OF_SERVICE


def breaks_at(number: int, after_work: bool) -> FakeServer:
    """A server whose connection breaks at its n-th execution."""
    server, counter = FakeServer(), itertools.count(1)
    server.loses(lambda names: next(counter) == number, after_work)
    return server


@pytest.mark.parametrize("after_work", [False, True])
@pytest.mark.parametrize("number", range(1, 12))
def test_wherever_the_connection_breaks_nothing_is_sent_twice_and_the_next_run_finishes(
    number: int, after_work: bool
) -> None:
    server = breaks_at(number, after_work)
    try:
        take_out(server)
    except SfbError:
        assert died(server)
    else:
        assert server.marked and server.services["RTCSRV"] == ("Stopped", "Disabled")
    assert all(server.changes.count(line) == 1 for line in server.changes)
    take_out(server)
    bring_back(server)
    assert not server.marked and server.services["RTCSRV"] == ("Running", "Auto")


@pytest.mark.parametrize("after_work", [False, True])
@pytest.mark.parametrize("number", range(1, 10))
def test_wherever_it_breaks_on_the_way_back_the_next_run_finishes(number: int, after_work: bool) -> None:
    server = breaks_at(number, after_work)
    server.take_out()
    server.mark()
    try:
        bring_back(server)
    except SfbError:
        assert died(server)
    bring_back(server)
    assert not server.marked and server.services["RTCSRV"] == ("Running", "Auto")


# ---- runs that were killed -------------------------------------------------------------------------------------------


def test_a_drain_that_a_killed_run_began_is_waited_for_and_not_begun_again() -> None:
    server, said = FakeServer(), list[str]()
    server.mark()
    server.minutes[FAIL_OVER] = 20
    server.begin_work("fail_over", PASSED, cmdlets.fail_over(SERVER, 60, state_folder.report("fail_over")))
    result = take_out(server, said=said)
    assert (result["changed"], result["state"], server.changes) == (True, "out_by_us", RENAMED)
    assert "that an earlier run began is still going on" in said[0]


def test_a_killed_run_that_only_wrote_its_mark_is_undone_before_the_drain_begins_anew() -> None:
    server, said = FakeServer(), list[str]()
    server.mark()
    assert take_out(server, said=said)["state"] == "out_by_us"
    assert server.changes == [*RENAMED, *IN_SERVICE, *UNMARKED, *OUT_OF_SERVICE]
    assert json.loads(server.files[state_folder.MARK])["run"] == "run-8"


def test_a_killed_run_that_had_not_moved_its_mark_into_place_left_nothing() -> None:
    server = FakeServer()
    server.files[f"{state_folder.MARK}.new"] = "{"
    assert take_out(server)["state"] == "out_by_us"
    assert server.changes == OUT_OF_SERVICE


def test_a_fail_back_that_a_killed_run_began_is_waited_for_and_then_the_server_goes_out_again() -> None:
    server = ours()
    server.minutes[FAIL_BACK] = 5
    server.begin_work("fail_back", PASSED, cmdlets.fail_back(SERVER, 60, state_folder.report("fail_back")))
    assert take_out(server)["state"] == "out_by_us"
    assert server.marked and server.services["RTCSRV"] == ("Stopped", "Disabled")


def test_an_orphaned_worker_stops_in_mid_drain_and_leaves_all_to_the_next_run() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    with pytest.raises(Orphaned):
        take_out(server, parent=lambda: 4711 if server.clock.minutes < 10 else 1)
    assert server.changes == OUT_OF_SERVICE
    assert take_out(server)["state"] == "out_by_us"
    assert server.sent_once(FAIL_OVER)


# ---- back into service -----------------------------------------------------------------------------------------------


def test_a_server_comes_back_and_its_mark_goes_last() -> None:
    server = ours()
    server.minutes[FAIL_BACK] = 4
    result = bring_back(server)
    assert server.changes == [*RENAMED, *IN_SERVICE, *UNMARKED]
    assert (result["changed"], result["state"], result["state_before"]) == (True, "in_service", "out_by_us")
    assert result["minutes"] == 4.0
    assert not server.marked


def test_a_server_that_is_in_service_is_not_touched() -> None:
    server = FakeServer()
    assert (bring_back(server)["changed"], server.changes) == (False, [])


def test_where_a_mark_stands_fail_back_runs_however_the_services_look() -> None:
    server = FakeServer()
    server.mark()
    assert bring_back(server)["changed"] is True
    assert server.changes == [*RENAMED, *IN_SERVICE, *UNMARKED]


def test_a_fail_back_that_throws_right_after_a_restart_is_tried_again_until_it_succeeds() -> None:
    server, said = ours(), list[str]()
    server.answers[FAIL_BACK] = [refuses("not yet"), refuses("still not"), served]
    assert bring_back(server, said=said)["state"] == "in_service"
    assert server.changes == [*RENAMED, *IN_SERVICE * 3, *UNMARKED]
    tries = [line for line in said if "refused" in line]
    assert ["not yet" in tries[0], "still not" in tries[1]] == [True, True]
    assert [line.rpartition("; ")[2] for line in tries] == ["try 2 in 60 s", "try 3 in 60 s"]


def test_never_two_fail_backs_at_once() -> None:
    server = ours()
    server.minutes[FAIL_BACK] = 30
    server.answers[FAIL_BACK] = [refuses("no"), served]
    bring_back(server)
    begun = [time for time, call, _detached in server.sent if call.cmdlet == FAIL_BACK]
    assert len(begun) == 2
    assert begun[1] - begun[0] >= 30 * 60


def test_a_fail_back_that_a_killed_run_began_is_waited_for() -> None:
    server = ours()
    server.minutes[FAIL_BACK] = 10
    server.begin_work("fail_back", PASSED, cmdlets.fail_back(SERVER, 60, state_folder.report("fail_back")))
    assert bring_back(server)["state"] == "in_service"
    assert server.changes == [*RENAMED, *UNMARKED]


def test_a_server_that_does_not_come_back_in_time_keeps_its_mark_and_says_how_often_it_was_tried() -> None:
    server = ours()
    server.answers[FAIL_BACK] = refuses("Fabric is not ready")
    with pytest.raises(SfbError, match=r"could not be brought back within 60 minutes \(31 tries\).*Fabric") as failure:
        bring_back(server)
    assert server.marked
    assert failure.value.facts["state"] == "out_by_us"
    assert "Touch no other server" in str(failure.value.remedy)


def test_a_server_is_not_brought_back_while_its_fail_over_runs() -> None:
    server = FakeServer()
    server.mark()
    server.minutes[FAIL_OVER] = 60
    server.begin_work("fail_over", PASSED, cmdlets.fail_over(SERVER, 60, state_folder.report("fail_over")))
    with pytest.raises(SfbError, match="can't be brought back while it is being taken out"):
        bring_back(server)
    assert server.changes == []


def test_an_adopted_server_is_marked_before_it_is_brought_back() -> None:
    server = FakeServer()
    server.take_out()
    assert bring_back(server, Run("run-8", adopt=True))["state"] == "in_service"
    assert server.changes == [*OUT_OF_SERVICE[:2], *IN_SERVICE, *UNMARKED]


def test_a_service_that_the_fail_back_left_stopped_is_started_once() -> None:
    server, said = ours(), list[str]()
    server.services["REPLICA"] = ("Stopped", "Auto")
    assert bring_back(server, said=said)["state"] == "in_service"
    assert server.changes == [
        *RENAMED,
        *IN_SERVICE,
        "Start-CsWindowsService -Name REPLICA -ComputerName fe02",
        *UNMARKED,
    ]
    assert f"{SERVER}: waiting for services: REPLICA is Stopped" in said


def test_a_service_that_its_owner_had_disabled_stays_as_it_was() -> None:
    server = ours()
    bring_back(server)
    assert server.services["RTCCPS"] == ("Stopped", "Disabled")


def test_a_service_that_starts_for_long_is_waited_for() -> None:
    server = ours()

    def starts(fake: FakeServer, parameters: dict[str, Any]) -> None:
        fake.bring_in()
        fake.services["RTCSRV"] = ("Start Pending", "Auto")
        fake.at(40, fake.bring_in)

    server.answers[FAIL_BACK] = starts
    assert bring_back(server)["minutes"] >= 40
    assert server.changes == [*RENAMED, *IN_SERVICE, *UNMARKED]


@pytest.mark.parametrize(
    ("status", "starts"),
    [("Start Pending", []), ("Stopped", ["Start-CsWindowsService -Name RTCSRV -ComputerName fe02"])],
)
def test_a_service_that_never_runs_keeps_the_mark_and_is_named(status: str, starts: list[str]) -> None:
    server = ours()

    def half(fake: FakeServer, parameters: dict[str, Any]) -> None:
        fake.bring_in()
        fake.services["RTCSRV"] = (status, "Auto")

    server.answers |= {FAIL_BACK: half, "Start-CsWindowsService": answers()}
    with pytest.raises(TimedOut, match=r"not every service .* RTCSRV is") as failure:
        bring_back(server)
    assert server.marked
    assert server.changes == [*RENAMED, *IN_SERVICE, *starts]
    assert "Touch no other server" in str(failure.value.remedy)


# ---- check mode ------------------------------------------------------------------------------------------------------


def predict(server: FakeServer, out: bool, run: Run = RUN) -> dict[str, Any]:
    return failover_preview.predict(server.shell(check_mode=True), None, out, Drain(60, "fail"), 60, run)


@pytest.mark.parametrize(
    ("server", "out", "changed"),
    [(FakeServer(), True, True), (FakeServer(), False, False), (ours(), True, False), (ours(), False, True)],
)
def test_check_mode_tells_whether_something_would_change(server: FakeServer, out: bool, changed: bool) -> None:
    result = predict(server, out)
    assert (result["changed"], bool(result["commands"])) == (changed, changed)
    assert server.changes == []


@pytest.mark.parametrize("out", [True, False])
def test_check_mode_shows_exactly_what_a_real_run_then_sends(out: bool) -> None:
    server = FakeServer() if out else ours()
    shown = predict(server, out)["commands"]
    take_out(server) if out else bring_back(server)
    short = [line.replace(f"{state_folder.ROOT}\\", "").replace(".example.com", "") for line in shown]
    assert len(short) == len(server.changes)
    for line, sent in zip(short, server.changes, strict=True):
        assert line.startswith(sent)


def test_check_mode_refuses_what_a_real_run_refuses() -> None:
    stopped = FakeServer()
    stopped.others["fe01.example.com"]["status"] = "Stopped"
    others = FakeServer()
    others.take_out()
    for server, why in ((stopped, "may be out"), (others, "not by us")):
        with pytest.raises(SfbError, match=why):
            predict(server, True)


def test_a_real_run_in_check_mode_stops_at_the_first_change() -> None:
    server = FakeServer()
    with pytest.raises(ChangeRefused):
        take_out(server, check_mode=True)
    assert server.changes == []


# ---- the topology and the connection -----------------------------------------------------------------------------------


def test_the_pool_goes_by_the_topology_and_not_by_the_inventory() -> None:
    server = FakeServer()
    server.answers["Get-CsPool"] = answers({"Fqdn": POOL.upper(), "Computers": [name.upper() for name in MEMBERS]})
    server.others["fe01.example.com"]["status"] = "Stopped"
    with pytest.raises(SfbError, match=r"RTCSRV on fe01.example.com is Stopped"):
        take_out(server)


def test_connection_trouble_before_anything_was_begun_is_plain_trouble() -> None:
    server = FakeServer(down_until=FakeServer().clock.now() + 10**6)
    with pytest.raises(ConnectionLost):
        take_out(server)
    assert server.changes == []
