# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run, out of its events: also of one that is still going on, and of one that was killed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run import report

Event = dict[str, Any]

BEGUN: Event = {"time": "2026-01-31T22:00:00Z", "event": "run begun", "run": "run-7", "update_version": "6.0.9319.628"}
PLANNED: Event = {
    "time": "2026-01-31T22:01:00Z",
    "event": "planned",
    "pool": "pool01.example.com",
    "order": ["fe01", "fe02"],
    "done": ["fe03"],
    "servers": {"fe01": "fe01.example.com", "fe02": "fe02.example.com", "fe03": "fe03.example.com"},
    "versions": {"fe01": "6.0.9319.534", "fe02": "6.0.9319.534", "fe03": "6.0.9319.628"},
    "findings": [],
}


def step(minute: int, name: str, server: str = "fe01", minutes: int | None = 5, **result: Any) -> list[Event]:
    """A step that begins at 22:MM and ends some minutes later; without `minutes` it was cut off."""
    begun = {"time": f"2026-01-31T22:{minute:02}:00Z", "event": "begun", "step": name, "server": server}
    if minutes is None:
        return [begun]
    return [begun, {**begun, "time": f"2026-01-31T22:{minute + minutes:02}:00Z", "event": "ended", **result}]


OUT = step(10, "fail_over", changed=True, state="out_by_us")
INSTALLED = step(16, "server_update", changed=True, version_before="6.0.9319.534", version_after="6.0.9319.628")
BACK = step(30, "fail_back", changed=True, state="in_service")
ENDED: Event = {"time": "2026-01-31T22:50:00Z", "event": "run ended", "outcome": "done"}


def server_of(events: list[Event], name: str = "fe01") -> dict[str, Any]:
    return next(s for s in report.summary([BEGUN, PLANNED, *events])["servers"] if s["server"] == name)


def test_a_server_that_was_patched_says_its_versions_and_how_long_it_was_out() -> None:
    assert server_of([*OUT, *INSTALLED, *BACK, ENDED]) == {
        "server": "fe01",
        "fqdn": "fe01.example.com",
        "state": "patched",
        "version_before": "6.0.9319.534",
        "version_after": "6.0.9319.628",
        "minutes_out_of_service": 20.0,
        "message": None,
    }


def test_a_server_whose_turn_has_not_come_has_no_version_after_it_and_one_that_had_the_update_keeps_its_own() -> None:
    assert (server_of([])["version_before"], server_of([])["version_after"]) == ("6.0.9319.534", None)
    assert server_of([], "fe03")["version_after"] == "6.0.9319.628"


FAILED = {"changed": False, "failed": True, "msg": "no"}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([], "waiting", id="its turn has not come"),
        pytest.param(step(10, "fail_over", minutes=None), "out of service", id="cut off on its way out"),
        pytest.param(step(2, "patch_plan", **FAILED), "waiting", id="asked for the plan, which speaks of all servers"),
        pytest.param([{**PLANNED, "out": ["fe01"]}], "out of service", id="an earlier run left it out"),
        pytest.param([{**PLANNED, "out": ["fe01"]}, *BACK], "waiting", id="an earlier run left it out, and it is back"),
        pytest.param(OUT, "out of service", id="drained, and the run goes on or was killed"),
        pytest.param([*OUT, *INSTALLED], "out of service", id="installed, not back yet"),
        pytest.param([*OUT, *step(16, "server_update", **FAILED)], "out of service", id="failed and left out"),
        pytest.param(
            [*OUT, *step(16, "server_update", **FAILED), *BACK], "failed", id="failed and put back into service"
        ),
        pytest.param(step(10, "fail_over", state="in_service", **FAILED), "failed", id="would not drain"),
        pytest.param(
            step(10, "fail_over", state="out_by_us", **FAILED),
            "out of service",
            id="would not drain and could not be put back",
        ),
    ],
)
def test_the_state_of_a_server_follows_from_its_events(events: list[Event], state: str) -> None:
    assert server_of(events)["state"] == state


def test_a_server_that_had_the_update_is_listed_after_those_of_the_plan() -> None:
    facts = report.summary([BEGUN, PLANNED])
    assert [(s["server"], s["state"]) for s in facts["servers"]] == [
        ("fe01", "waiting"),
        ("fe02", "waiting"),
        ("fe03", "had the update"),
    ]


def test_a_run_that_goes_on_has_no_end_and_counts_its_minutes_so_far() -> None:
    facts = report.summary([BEGUN, PLANNED, *OUT])
    assert (facts["outcome"], facts["ended"], facts["minutes"]) == ("running", None, 15.0)


def test_a_run_that_failed_says_why_with_the_words_of_the_last_failure() -> None:
    events = [BEGUN, *step(1, "server_update", **{**FAILED, "msg": "first"}), *step(9, "server_update", **FAILED)]
    assert report.summary([*events, {**ENDED, "outcome": "failed"}])["message"] == "no"
    assert report.summary([*events, {**ENDED, "outcome": "failed", "msg": "own"}])["message"] == "own"
    assert report.summary([*events, ENDED])["message"] is None


def test_a_step_that_was_cut_off_has_no_end_and_does_not_take_that_of_its_repetition() -> None:
    cut = step(10, "server_update", minutes=None)
    again = step(30, "server_update", changed=True)
    steps = report.summary([BEGUN, *cut, *again])["steps"]
    assert [(s["begun"][11:16], s["ended"], s["minutes"]) for s in steps] == [
        ("22:10", None, None),
        ("22:30", "2026-01-31T22:35:00Z", 5.0),
    ]


def test_steps_of_two_servers_at_a_time_keep_their_own_ends() -> None:
    first, second = step(1, "update_media", "fe01", 9), step(2, "update_media", "fe02", 3)
    steps = report.summary([BEGUN, first[0], second[0], second[1], first[1]])["steps"]
    assert [(s["server"], s["minutes"]) for s in steps] == [("fe01", 9.0), ("fe02", 3.0)]


def test_no_event_at_all_is_a_report_too(tmp_path: Path) -> None:
    report.write(tmp_path, [])
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["outcome"] == "running"


def test_nothing_that_a_server_said_becomes_part_of_the_page(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>&\"'\u201c\u4e2d"
    finding = {"level": "error", "id": "x", "server": evil, "fact": evil, "remedy": evil, "accepted": False}
    events = [
        {**BEGUN, "run": evil, "playbook": evil},
        {**PLANNED, "pool": evil, "servers": {"fe01": evil}, "findings": [finding]},
        *step(10, evil, evil, **{**FAILED, "msg": evil, "state": evil}),
        {**ENDED, "outcome": evil, "msg": evil},
    ]
    report.write(tmp_path, events)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u4e2d" in page
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["message"] == evil


def test_a_report_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    report.write(tmp_path, [BEGUN, *OUT])
    report.write(tmp_path, [BEGUN])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["steps"] == []


def test_two_workers_that_write_the_report_at_the_same_time_do_not_take_each_others_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, worker = os.replace, [1, 2]

    def meanwhile(new: Path, path: Path) -> None:
        if len(worker) == 2:
            worker.pop(0)
            report.write(tmp_path, [BEGUN])
        replace(new, path)

    monkeypatch.setattr(os, "getpid", lambda: worker[0])
    monkeypatch.setattr(os, "replace", meanwhile)
    report.write(tmp_path, [BEGUN, *OUT])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_what_the_server_warned_of_stands_with_its_step() -> None:
    events = step(10, "database", changed=True, warnings_of_call=["Two warnings were recorded."])
    (shown,) = report.summary([BEGUN, *events])["steps"]
    assert shown["warnings"] == ["Two warnings were recorded."]
