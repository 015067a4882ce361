# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long work on a server: begun once, found again, followed through broken connections, told apart from its remains."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import Interrupted, Work
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ConnectionLost,
    Orphaned,
    SfbError,
    TimedOut,
)
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    EPOCH_TICKS,
    SERVER,
    START,
    FakeServer,
    iso,
    refuses,
)

CALLS = {"out": cmdlets.fail_over(SERVER, 60, "C:\\report.html").must()}
NAME = "Invoke-CsComputerFailOver"
CLAIM = state_folder.claim("fail_over")
NONE = Work("none")


def look(server: FakeServer) -> Work:
    read = server.shell().read(background.looking("fail_over"))
    return background.read_work(read)


def follow(server: FakeServer, **more: Any) -> Any:
    given: dict[str, Any] = {"deadline_seconds": 3600, "interval_seconds": 60, **more}
    return background.follow(server.shell(), "fail_over", CALLS, **given)


# ---- what a claim says -----------------------------------------------------------------------------------------------


def test_without_a_claim_there_is_no_work() -> None:
    assert look(FakeServer()) == NONE


def test_work_runs_while_its_process_lives_and_is_finished_when_it_says_so() -> None:
    server = FakeServer()
    server.minutes[NAME] = 5
    server.begin_work("fail_over", CALLS["out"])
    running = look(server)
    assert (running.state, running.identity) == ("running", f"5001/{EPOCH_TICKS + int(START) * 10**7}")
    server.clock.sleep(300)
    finished = look(server)
    assert (finished.state, finished.identity) == ("finished", running.identity)
    assert finished.outcomes(CALLS)["out"].ok


def test_work_whose_process_is_gone_without_a_result_was_interrupted() -> None:
    server = FakeServer()
    server.begin_work("fail_over", CALLS["out"])
    server.vanish()
    assert look(server).state == "interrupted"


def test_a_finished_claim_is_finished_whoever_has_its_process_id_now() -> None:
    server = FakeServer()
    server.begin_work("fail_over", CALLS["out"])
    server.clock.sleep(60)
    assert look(server).state == "finished"


@pytest.mark.parametrize(
    ("process", "seconds_later", "state"),
    [
        pytest.param(5001, 0, "running", id="its own process"),
        pytest.param(5001, 1.9, "running", id="start times are not read exactly everywhere"),
        pytest.param(5001, -1.9, "running", id="nor before"),
        pytest.param(5001, 3, "interrupted", id="another process got its number"),
        pytest.param(5001, 86400, "interrupted", id="another process got its number much later"),
        pytest.param(5002, 0, "interrupted", id="another process began at the same time"),
    ],
)
def test_a_process_id_that_was_used_again_is_not_taken_for_the_work(
    process: int, seconds_later: float, state: str
) -> None:
    server = FakeServer()
    server.begin_work("fail_over", CALLS["out"])
    row = {"ProcessId": process, "CreationDate": iso(START + seconds_later)}
    server.works = lambda: [row]  # type: ignore[method-assign]
    assert look(server).state == state


@pytest.mark.parametrize("text", ["", "{", '{"process": 5001', "null", "[]", "{}", '{"process": 5001}', '"text"', "7"])
def test_a_claim_that_is_not_whole_is_neither_taken_for_running_nor_for_none(text: str) -> None:
    server = FakeServer()
    server.files[CLAIM] = text
    assert look(server) == Work("unreadable")


def test_a_claim_that_cannot_be_read_is_not_taken_for_none() -> None:
    server = FakeServer()
    server.answers["Get-Content"] = refuses("Access to the path is denied.")
    with pytest.raises(CallFailed, match="denied"):
        look(server)


def test_processes_that_cannot_be_read_are_not_taken_for_gone() -> None:
    server = FakeServer()
    server.begin_work("fail_over", CALLS["out"])
    server.answers["Get-CimInstance"] = refuses("Access denied")
    with pytest.raises(CallFailed, match="Access denied"):
        look(server)


def test_a_call_that_the_work_did_not_reach_is_skipped_in_its_result() -> None:
    calls = {"guard": cmdlets.pools().must(), **CALLS}
    content = {"outcomes": [{**_refused(), "errors": [{"message": "no", "category": "NotSpecified"}]}]}
    found = Work("finished", "1/1", content).outcomes(calls)
    assert not found["guard"].ok and found["out"].skipped


def _refused() -> dict[str, Any]:
    streams = {stream: [] for stream in ("output", "warnings", "information", "errors")}
    return {**streams, "missing": False, "seconds": 0}


# ---- the start -------------------------------------------------------------------------------------------------------


def start(server: FakeServer, before: Work = NONE) -> None:
    background.start(server.shell(), "fail_over", CALLS, before, 7200)


def test_a_start_returns_when_its_claim_is_seen() -> None:
    server = FakeServer()
    start(server)
    assert server.sent_once(NAME)
    assert [call.cmdlet for _time, call, detached in server.sent if detached] == [NAME]
    assert server.clock.minutes == 0


def test_a_start_whose_answer_was_lost_but_which_arrived_is_found_and_not_repeated() -> None:
    server = FakeServer()
    server.loses(lambda names: NAME in names, after_work=True)
    start(server)
    assert server.sent_once(NAME)
    assert server.resets == 1
    assert look(server).state == "running"


def test_a_start_that_is_seen_not_to_have_arrived_is_sent_again() -> None:
    server = FakeServer()
    server.loses(lambda names: NAME in names, after_work=False)
    start(server)
    assert server.sent_once(NAME), "the first one was lost on its way"
    assert server.clock.minutes == background.CLAIM_SECONDS / 60


def test_starts_that_never_arrive_end_after_a_few_and_say_so() -> None:
    server = FakeServer()
    for _start in range(background.STARTS):
        server.loses(lambda names: NAME in names, after_work=False)
    with pytest.raises(Interrupted, match=r"did not begin .* within 180 seconds.*Connection reset by peer"):
        start(server)
    assert server.changes == []
    assert server.clock.minutes == background.STARTS * background.CLAIM_SECONDS / 60


def test_a_start_that_was_answered_and_began_nothing_is_said_with_its_likely_cause() -> None:
    server = FakeServer(starts_fail=True)
    with pytest.raises(Interrupted) as failure:
        start(server)
    assert "run processes in the background" in str(failure.value.remedy)
    assert server.sent_once(NAME), "its answer came, so it is not sent again"


def test_the_result_of_an_earlier_start_is_not_taken_for_that_of_this_one() -> None:
    server = FakeServer(starts_fail=True)
    server.begin_work("fail_over", CALLS["out"])
    server.clock.sleep(3600)
    earlier = look(server)
    assert earlier.state == "finished"
    with pytest.raises(Interrupted):
        start(server, earlier)
    server.starts_fail = False
    start(server, earlier)
    assert look(server).identity != earlier.identity


def test_half_a_claim_is_no_sign_that_the_work_began() -> None:
    server = FakeServer(starts_fail=True)
    server.files[CLAIM] = "{"
    with pytest.raises(Interrupted, match="did not begin"):
        start(server, look(server))


def test_half_a_claim_that_a_dead_writer_left_is_taken_over_and_blocks_nothing() -> None:
    """management_shell.ps1 does the taking over; here it is seen by the new process in the claim."""
    server = FakeServer()
    server.files[CLAIM] = "{"
    start(server, look(server))
    assert (look(server).state, server.sent_once(NAME)) == ("running", True)


def test_a_claim_that_takes_its_time_to_appear_is_awaited() -> None:
    server = FakeServer(starts_fail=True)
    server.at(2, lambda: server.begin_work("fail_over", CALLS["out"]))
    start(server)
    assert server.clock.minutes == 2


# ---- the wait --------------------------------------------------------------------------------------------------------


def test_followed_work_is_reported_on_until_it_ends() -> None:
    server, seen = FakeServer(), list[float]()
    server.minutes[NAME] = 3
    server.begin_work("fail_over", CALLS["out"])
    assert follow(server, on_reading=lambda answer, seconds: seen.append(seconds))["out"].ok
    assert seen == [0, 60, 120, 180]


def test_what_is_watched_travels_with_the_same_execution() -> None:
    server, seen = FakeServer(), list[list[str]]()
    server.begin_work("fail_over", CALLS["out"])
    watch = {"load": cmdlets.windows_services(SERVER)}
    follow(server, watch=watch, on_reading=lambda answer, _seconds: seen.append(list(answer.outcomes)))
    assert seen == [["shells_before", "claim", "shells_after", "load"]] * 2


def test_work_is_followed_through_a_connection_that_is_away_for_long() -> None:
    server = FakeServer()
    server.minutes[NAME] = 5
    server.begin_work("fail_over", CALLS["out"])
    server.at(1, lambda: setattr(server, "down_until", server.clock.now() + 45 * 60))
    assert follow(server)["out"].ok
    assert server.changes == []


def test_a_server_that_never_answers_again_is_lost_at_the_deadline_and_not_before() -> None:
    server = FakeServer(down_until=START + 10**6)
    with pytest.raises(ConnectionLost):
        follow(server)
    assert server.clock.minutes == 60


def test_work_that_goes_on_beyond_the_deadline_is_left_alone_and_named() -> None:
    server = FakeServer()
    server.minutes[NAME] = 600
    server.begin_work("fail_over", CALLS["out"])
    with pytest.raises(TimedOut, match="still runs after 60 minutes") as failure:
        follow(server)
    assert "left alone" in str(failure.value.remedy)
    assert look(server).state == "running"
    assert server.changes == []


def test_an_answer_that_a_controller_reads_hours_later_says_nothing_about_now() -> None:
    server = FakeServer()
    server.minutes[NAME] = 30
    server.begin_work("fail_over", CALLS["out"])
    nights = [2 * 3600.0]

    def sleeps(names: str) -> bool:
        server.clock.sleep(nights.pop() if nights else 0)
        return False

    server.loses(sleeps, after_work=False)
    assert follow(server)["out"].ok


def test_a_process_that_vanishes_is_told_at_the_next_look() -> None:
    server = FakeServer()
    server.minutes[NAME] = 60
    server.begin_work("fail_over", CALLS["out"])
    server.at(10, server.vanish)
    with pytest.raises(Interrupted, match="its process is gone and left no result"):
        follow(server)
    assert server.clock.minutes == 10


def test_a_claim_that_somebody_removed_is_no_result() -> None:
    server = FakeServer()
    with pytest.raises(Interrupted):
        follow(server)


def test_a_claim_that_stays_half_written_is_given_the_time_of_a_start_and_no_more() -> None:
    server = FakeServer()
    server.files[CLAIM] = "{"
    with pytest.raises(Interrupted, match="left no result"):
        follow(server)
    assert server.clock.minutes == background.CLAIM_SECONDS / 60


def test_a_claim_that_is_written_whole_meanwhile_is_followed_to_its_end() -> None:
    server = FakeServer()
    server.files[CLAIM] = "{"
    server.minutes[NAME] = 5
    server.at(1, lambda: server.begin_work("fail_over", CALLS["out"]))
    assert follow(server)["out"].ok
    assert server.clock.minutes == 6


def test_a_failure_of_the_work_is_its_outcome_and_not_one_of_the_wait() -> None:
    server = FakeServer()
    server.answers[NAME] = refuses("The computer did not drain")
    server.begin_work("fail_over", CALLS["out"])
    outcome = follow(server)["out"]
    assert outcome.trouble == "The computer did not drain"


def test_an_orphan_stops_following() -> None:
    server = FakeServer()
    server.minutes[NAME] = 60
    server.begin_work("fail_over", CALLS["out"])
    shell = server.shell(parent=lambda: 4711 if server.clock.minutes < 5 else 1)
    with pytest.raises(Orphaned):
        background.follow(shell, "fail_over", CALLS, deadline_seconds=3600, interval_seconds=60)
    assert server.clock.minutes == 5


def test_both_ends_of_long_work_are_failures_that_an_action_turns_into_a_result() -> None:
    assert issubclass(Interrupted, SfbError)
    assert json.dumps(Interrupted("cut off", remedy="again").result())
