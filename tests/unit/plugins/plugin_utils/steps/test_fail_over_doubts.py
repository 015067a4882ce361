# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a fail over is in doubt: an answer that got lost, a companion that is seen badly, a run that only predicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import MarkError
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import fail_back, fail_over, failover_preview
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_over import Drain
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    MEMBERS,
    SERVER,
    FakeServer,
    answers,
    computers,
    refuses,
)

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
FE01, FE03 = "fe01.example.com", "fe03.example.com"
RUN, DRAIN = Run("run-8"), Drain(60, "fail")


def take_out(server: FakeServer, run: Run = RUN) -> dict[str, Any]:
    return fail_over.take_out(server.shell(), None, DRAIN, run, 60, print)


def bring_back(server: FakeServer, run: Run = RUN) -> dict[str, Any]:
    return fail_back.bring_back(server.shell(), None, 60, run, print)


def predict(server: FakeServer, out: bool, run: Run = RUN) -> dict[str, Any]:
    return failover_preview.predict(server.shell(check_mode=True), None, out, DRAIN, 60, run)


def drained() -> FakeServer:
    server = FakeServer()
    server.take_out()
    server.mark(RUN.identifier)
    return server


def executions(server: FakeServer) -> list[str]:
    """The names of the calls of each execution from here on."""
    seen: list[str] = []

    def looks(names: str) -> bool:
        seen.append(names)
        return False

    server.loses(looks, after_work=False)
    return seen


def is_the_marking(names: str) -> bool:
    return "Move-Item" in names


def is_the_unmarking(names: str) -> bool:
    return "Remove-Item" in names


# ---- the mark, when its answer gets lost -----------------------------------------------------------------------------


@pytest.mark.parametrize("after_work", [True, False])
def test_a_mark_whose_answer_got_lost_is_looked_up_and_the_drain_goes_on(after_work: bool) -> None:
    server = FakeServer()
    server.loses(is_the_marking, after_work)
    assert take_out(server)["state"] == "out_by_us"
    assert server.marked and server.sent_once(FAIL_OVER, "Move-Item")
    assert server.resets == 1


def test_a_mark_of_which_nobody_knows_whether_it_arrived_is_followed_by_no_drain() -> None:
    server = FakeServer()
    server.loses(is_the_marking, after_work=False)

    def look_up(names: str) -> bool:
        if names == "Get-Content":
            server.goes_down(600)
        return names == "Get-Content"

    server.loses(look_up, after_work=False)
    with pytest.raises(SfbError):
        take_out(server)
    assert not [line for line in server.changes if FAIL_OVER in line]


@pytest.mark.parametrize("after_work", [True, False])
def test_a_mark_whose_removal_got_no_answer_is_looked_up_and_is_gone(after_work: bool) -> None:
    server = drained()
    server.loses(is_the_unmarking, after_work)
    assert bring_back(server)["state"] == "in_service"
    assert not server.marked and server.sent_once(FAIL_BACK, "Remove-Item")


def test_a_mark_that_cannot_be_removed_is_said_with_what_to_do_by_hand() -> None:
    server = drained()
    server.answers["Remove-Item"] = refuses("The file is in use")
    with pytest.raises(SfbError, match="in use") as failure:
        bring_back(server)
    assert "delete" in str(failure.value.remedy) and state_folder.MARK in str(failure.value.remedy)


# ---- the others, after the mark and during the drain -----------------------------------------------------------------


def test_the_others_are_looked_at_again_in_an_execution_of_its_own_after_the_mark_is_there() -> None:
    server = FakeServer()
    seen = executions(server)
    take_out(server)
    marking = next(number for number, names in enumerate(seen) if is_the_marking(names))
    assert "Test-NetConnection" not in seen[marking]
    assert seen[marking + 1] == " ".join(["Get-CsWindowsService Test-NetConnection Test-Path"] * 2)
    assert FAIL_OVER not in " ".join(seen[: marking + 2])


@pytest.mark.parametrize(
    "seen", [{"status": "Stopped"}, {"status": None}, {"port": False}, {"mark": True}, {"mark": None}]
)
def test_one_that_goes_out_between_the_two_looks_stops_us_and_our_mark_goes(seen: dict[str, Any]) -> None:
    server = FakeServer()

    def marks(fake: FakeServer, parameters: dict[str, Any]) -> None:
        fake.files[parameters["Destination"]] = fake.files.pop(parameters["LiteralPath"])
        fake.others[FE03].update(seen)

    server.answers["Move-Item"] = marks
    with pytest.raises(SfbError, match=rf"another server of its pool may be out: .*{FE03}"):
        take_out(server)
    assert not server.marked
    assert not [line for line in server.changes if FAIL_OVER in line]


def test_a_companion_whose_mark_cannot_be_read_is_not_taken_for_one_in_service() -> None:
    server = FakeServer()
    server.others[FE01]["mark"] = None
    with pytest.raises(SfbError, match=f"whether {FE01} is marked could not be read"):
        take_out(server)
    assert server.changes == []


def bad(server: FakeServer, name: str, since: float, until: float) -> None:
    """The server's port does not answer from one minute of the drain to another."""
    server.at(since, lambda: server.others[name].update(port=False))
    server.at(until, lambda: server.others[name].update(port=True))


@pytest.mark.parametrize(
    "readings",
    [
        pytest.param([(FE03, 10, 11)], id="one reading failed"),
        pytest.param([(FE03, 10, 11), (FE03, 13, 14)], id="every other reading failed"),
        pytest.param([(FE03, 10, 11), (FE01, 11.5, 12.5)], id="one after the other, of two servers"),
    ],
)
def test_a_good_drain_is_not_undone_for_a_reading_that_failed_once(readings: list[tuple[str, float, float]]) -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    for name, since, until in readings:
        bad(server, name, since, until)
    assert take_out(server)["state"] == "out_by_us"
    assert not [line for line in server.changes if FAIL_BACK in line]


def test_two_readings_in_a_row_are_believed_even_when_it_looks_well_again_at_the_end() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30
    bad(server, FE03, 10, 14)
    with pytest.raises(SfbError, match=rf"another server of its pool went out of service: port 5090 of {FE03}"):
        take_out(server)
    assert not server.marked and server.services["RTCSRV"] == ("Running", "Auto")


# ---- check mode ------------------------------------------------------------------------------------------------------


def partly_stopped(server: FakeServer) -> None:
    server.services["RTCAVMCU"] = ("Stopped", "Auto")


def starting(server: FakeServer) -> None:
    server.services["RTCSRV"] = ("Starting", "Auto")


def stands_alone(server: FakeServer) -> None:
    server.answers["Get-CsComputer"] = answers(*computers(SERVER, pool=SERVER))


def has_half_a_mark(server: FakeServer) -> None:
    server.files[state_folder.MARK] = '{"run": '


def is_unknown(server: FakeServer) -> None:
    server.answers["Get-CsServerVersion"] = answers("Microsoft Lync Server 2010 (4.0.7577.0)")


def is_one_of_two(server: FakeServer) -> None:
    server.members[:] = MEMBERS[:2]


def other_is_out(server: FakeServer) -> None:
    server.others[FE03]["status"] = "Stopped"


REFUSED = [
    partly_stopped,
    starting,
    FakeServer.take_out,
    stands_alone,
    has_half_a_mark,
    is_unknown,
    is_one_of_two,
]


@pytest.mark.parametrize(
    ("arrange", "out"),
    [*((arrange, out) for arrange in REFUSED for out in (True, False)), (other_is_out, True)],
    ids=lambda value: value.__name__ if callable(value) else "out" if value else "back",
)
def test_what_a_real_run_refuses_is_refused_in_check_mode_in_the_same_words(
    arrange: Callable[[FakeServer], None], out: bool
) -> None:
    real, checked = FakeServer(), FakeServer()
    arrange(real)
    arrange(checked)
    with pytest.raises((SfbError, MarkError)) as refusal:
        take_out(real) if out else bring_back(real)
    with pytest.raises((SfbError, MarkError)) as predicted:
        predict(checked, out)
    assert str(predicted.value) == str(refusal.value)
    assert real.changes == checked.changes == []


def test_a_drain_that_a_killed_run_left_half_done_is_predicted_to_be_completed() -> None:
    server = FakeServer()
    server.mark(RUN.identifier)
    result = predict(server, out=True)
    assert (result["changed"], result["state"]) == (True, "out_by_us")
    assert [line for line in result["commands"] if line.startswith(FAIL_OVER)]
    assert server.changes == []
    assert take_out(server)["changed"] is True


def test_what_is_out_and_marked_is_predicted_to_stay_and_to_come_back() -> None:
    server = drained()
    assert predict(server, out=True)["changed"] is False
    back = predict(server, out=False)
    assert (back["changed"], back["state"]) == (True, "in_service")
