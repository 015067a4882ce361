# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run over one server, broken at each of its executions in turn: the next run finishes what it left.

Broken: killed after that execution, or the connection is lost before or after its work. `exhaustive` does so in all
positions of what nobody knows.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promises
import pytest
from lab_runs import pool_of
from night import Controller, How, Night
from sfb_lab.deployment.switches import SWITCHES

FE02 = "fe02.example.com"
#: In so many parts, so that several workers share them.
PARTS = 6
#: What decides how a server looks after work that was broken off.
_TELLING = (
    "fail_over_disables",
    "timed_out_drain_leaves_node_flagged",
    "fail_over_repeated",
    "fail_back_repeated",
    "installer_resets_start_types",
    "installer_starts_services",
    "installer_returns",
)
POSITIONS = [(name, position) for name in _TELLING for position in SWITCHES[name][0][1:]]


def short_night(folder: Path, **switches: Any) -> Night:
    deployment = pool_of(switches=switches)
    deployment["pools"][0]["load"] = {"drain_minutes": 3}
    return Night(folder, deployment)


@functools.cache
def whole(switches: tuple[tuple[str, Any], ...] = ()) -> Controller:
    """Who ran over one server without being disturbed: how many executions that takes, and which of them change something."""
    with tempfile.TemporaryDirectory() as folder:
        controller = short_night(Path(folder), **dict(switches)).controller()
        run = controller.run(FE02)
    assert run.outcome == "done", run.text
    return controller


def all_moments(controller: Controller) -> list[int]:
    return list(range(1, controller.executions + 1))


def broken_at(folder: Path, moment: int, how: How, **switches: Any) -> Night:
    """A run that is broken there, and the runs after it until one succeeds; then all must be well."""
    night = short_night(folder, **switches)
    run = night.run(FE02, at={moment: how})
    promises.check(night.journal, FE02 if run.outcome == "killed" else run.text)
    for _start in range(3):
        if run.outcome == "done":
            break
        if run.outcome == "findings":
            # A server that is down, replicas that are being rebuilt: said, and nothing is done until it is over.
            night.deployment.sleep(20 * 60)
        run = night.run(FE02)
        assert run.outcome in ("done", "findings"), run.text
        promises.check(night.journal, run.text)
    assert run.outcome == "done", run.text
    night.is_well(FE02)
    done = [
        line["cmdlet"] for line in promises.changes(night.journal) if str(line.get("cmdlet")).startswith("Invoke-Cs")
    ]
    assert done == ["Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"]
    assert len([line for line in night.journal if line["kind"] == "reboot"]) == 1
    return night


def each(folder: Path, chosen: list[int], how: How, **switches: Any) -> Iterator[str]:
    for moment in chosen:
        place = folder / f"{moment}"
        place.mkdir()
        try:
            broken_at(place, moment, how, **switches)
        except AssertionError as error:
            yield f"{how} at execution {moment}: {str(error)[:600]}"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_that_is_killed_after_any_execution_is_finished_by_the_next_ones(tmp_path, part):
    assert list(each(tmp_path, all_moments(whole())[part::PARTS], "killed")) == []


@pytest.mark.parametrize("how", ["lost", "answer_lost"])
def test_a_connection_that_breaks_once_after_the_staging_does_not_stop_a_run(tmp_path, how):
    for moment in (number for number in sorted(whole().changing) if number > whole().staged):
        place = tmp_path / f"{moment}"
        place.mkdir()
        assert short_night(place).run(FE02, at={moment: how}).outcome == "done", moment


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("how", ["lost", "answer_lost"])
def test_wherever_the_connection_breaks_the_run_or_the_next_one_finishes(tmp_path, how, part):
    assert list(each(tmp_path, all_moments(whole())[part::PARTS], how)) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", ["killed", "lost", "answer_lost"])
@pytest.mark.parametrize(("name", "position"), POSITIONS, ids=[f"{name}={position}" for name, position in POSITIONS])
def test_so_it_is_whatever_the_truth_is(tmp_path, name, position, how):
    assert list(each(tmp_path, all_moments(whole(((name, position),))), how, **{name: position})) == []
