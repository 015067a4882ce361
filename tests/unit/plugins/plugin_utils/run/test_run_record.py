# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a run on the controller: nothing in it waits for an end that may never come."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run.run_record import (
    EVENTS,
    Record,
    close_older,
    close_siblings,
    process,
)
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import FakeClock


def lines(folder: Path) -> list[str]:
    return (folder / EVENTS).read_text("utf-8").splitlines()


def begun(folder: Path, **more: Any) -> Record:
    record = Record(str(folder), FakeClock())
    record.note("run begun", run=folder.name, pool="pool01.example.com", **more)
    return record


def test_each_event_is_a_line_as_soon_as_it_happens(tmp_path: Path) -> None:
    record = Record(str(tmp_path / "reports" / "run-7"), FakeClock())
    record.begin("fail_over", "fe01")
    written = lines(tmp_path / "reports" / "run-7")
    assert [json.loads(line) for line in written] == [
        {"time": "2026-01-31T22:30:00Z", "event": "begun", "step": "fail_over", "server": "fe01"}
    ]


def test_an_end_keeps_what_matters_of_the_result_and_renders_the_report(tmp_path: Path) -> None:
    record = begun(tmp_path)
    record.begin("server_update", "fe01")
    record.end("server_update", "fe01", {"changed": True, "exit_code": 3010, "services": {"RTCSRV": {}}, "begun": "x"})
    end = json.loads(lines(tmp_path)[-1])
    assert (end["changed"], end["exit_code"]) == (True, 3010)
    assert "services" not in end and "begun" not in end
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["steps"][0]["changed"] is True
    assert (tmp_path / "report.html").exists()


def test_line_breaks_and_foreign_letters_stay_on_one_line(tmp_path: Path) -> None:
    record = Record(str(tmp_path), FakeClock())
    text = "no\nthe\u2028end \u4e2d \u201cquoted\u201d"
    record.note("ended", step="x", server="fe01", msg=text)
    record.note("ended", step="y", server="fe01")
    assert [event.get("msg") for event in record.events()] == [text, None]


@pytest.mark.parametrize("half", [b'{"time": "2026-01-31T22:3', b"", b"\x00\x00\x00", '{"msg": "\u4e2d'.encode()[:-1]])
def test_a_line_that_a_kill_cut_in_half_is_left_out(tmp_path: Path, half: bytes) -> None:
    record = begun(tmp_path)
    with (tmp_path / EVENTS).open("ab") as events:
        events.write(half)
    assert [event["event"] for event in record.events()] == ["run begun"]


def test_what_is_noted_after_half_a_line_is_not_lost_with_it(tmp_path: Path) -> None:
    record = begun(tmp_path)
    with (tmp_path / EVENTS).open("a", encoding="utf-8") as events:
        events.write('{"time": "2026-01-31T22:3')
    record.note("run ended", outcome="interrupted")
    assert [event["event"] for event in record.events()] == ["run begun", "run ended"]


def test_a_killed_run_is_closed_by_the_next_one_and_only_once(tmp_path: Path) -> None:
    begun(tmp_path / "run-1").begin("server_update", "fe01")
    finished = begun(tmp_path / "run-2")
    finished.note("run ended", outcome="done")
    begun(tmp_path / "run-3")
    assert close_older(tmp_path, "run-3", FakeClock()) == ["run-1"]
    assert close_older(tmp_path, "run-3", FakeClock()) == []
    closed = json.loads((tmp_path / "run-1" / "report.json").read_text("utf-8"))
    assert (closed["outcome"], closed["message"]) == ("interrupted", "The run was killed or lost its controller.")
    assert json.loads(lines(tmp_path / "run-2")[-1])["outcome"] == "done"
    assert len(lines(tmp_path / "run-3")) == 1


def test_a_run_that_was_killed_in_the_middle_of_a_line_is_closed_too(tmp_path: Path) -> None:
    begun(tmp_path / "run-1")
    with (tmp_path / "run-1" / EVENTS).open("a", encoding="utf-8") as events:
        events.write('{"time": "2026-01-31T22:3')
    assert close_older(tmp_path, "run-2", FakeClock()) == ["run-1"]
    assert not Record(str(tmp_path / "run-1"), FakeClock()).is_open


def test_a_folder_without_events_is_nobodys_run(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert Record(str(tmp_path / "notes"), FakeClock()).events() == []
    assert close_older(tmp_path, "run-1", FakeClock()) == []


def test_the_next_pool_of_the_same_process_does_not_close_the_record_of_the_one_before(tmp_path: Path) -> None:
    begun(tmp_path / "run-1", by=process())
    assert close_older(tmp_path, "run-2", FakeClock()) == []


def test_the_run_of_another_process_that_is_alive_is_left_open(tmp_path: Path) -> None:
    begun(tmp_path / "run-1", by=process(os.getpid()))
    assert close_older(tmp_path, "run-2", FakeClock()) == []


@pytest.mark.parametrize(
    "other",
    [{"since": "1"}, {"process": 2**22 + 1}, {"host": "other-controller"}],
    ids=["number used again", "dead", "elsewhere"],
)
def test_a_run_whose_process_is_gone_or_can_t_be_seen_is_closed(tmp_path: Path, other: dict[str, Any]) -> None:
    begun(tmp_path / "run-1", by={**process(os.getpid()), **other})
    assert close_older(tmp_path, "run-2", FakeClock()) == ["run-1"]


def test_a_run_that_ends_early_closes_the_records_of_its_other_pools_and_no_one_else_s(tmp_path: Path) -> None:
    begun(tmp_path / "run-1", by=process()).note("run ended", outcome="done")
    begun(tmp_path / "run-2", by=process())
    begun(tmp_path / "run-3", by=process(os.getpid()))
    begun(tmp_path / "run-4", by=process())
    assert close_siblings(tmp_path, "run-4", FakeClock()) == ["run-2"]
    closed = json.loads((tmp_path / "run-2" / "report.json").read_text("utf-8"))
    assert (closed["outcome"], closed["message"]) == ("interrupted", "The run ended at another pool: see run-4.")
