# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed at a moment of the lab's journal, and what becomes of the worker that they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promises
import yaml
from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import RemoteClock
from lab_runs import Lab, environment

Line = dict[str, Any]
Moment = Callable[[Line], bool]

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
#: What a run says that its findings stop.
NOTHING_CHANGED = "Nothing was changed"


def is_call(cmdlet: str, host: str | None = None, **facts: Any) -> Moment:
    """A line of this cmdlet (or program), on this host, with these facts or parameters."""

    def fits(line: Line) -> bool:
        known = {**(line.get("parameters") or {}), **line}
        return (
            line.get("cmdlet") == cmdlet
            and host in (None, line["host"])
            and all(known.get(name) == value for name, value in facts.items())
        )

    return fits


def is_kind(kind: str, **facts: Any) -> Moment:
    return lambda line: line["kind"] == kind and all(line.get(name) == value for name, value in facts.items())


@dataclass(frozen=True)
class Killed:
    """A run that was ended by a signal. `seen`: lines of the journal before it; `left`: those that its worker added."""

    code: int
    output: str
    seen: int
    left: list[Line]


def begin(
    lab: Lab,
    *arguments: str,
    playbook: str = "patch_frontend_pool.yml",
    cwd: Path | None = None,
    **variables: Any,
) -> subprocess.Popen[str]:
    """The playbook, started from this directory, in a session of its own."""
    command = lab.command(playbook, *arguments, **variables)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        start_new_session=True,
        cwd=cwd or lab.folder,
    )
    lab.plays.append(process)
    return process


def kill_at(
    lab: Lab,
    moment: Moment,
    after: Moment | None = None,
    *,
    arguments: Sequence[str] = (),
    number: int = signal.SIGKILL,
    starts: int = 3,
    **more: Any,
) -> Killed:
    """Starts the playbook, and sends its process (not its workers) a signal when the journal shows the moment.

    `after`: the moment counts only behind a line that fits this. A run that its findings stop is started again, at most
    so many times. Returns when the workers of the run have come to their end too.
    """
    for _start in range(starts):
        journal = Journal(lab.folder / "journal.jsonl")
        process = begin(lab, *arguments, **more)
        if (after is None or journal.shows(after, process)) and journal.shows(moment, process):
            break
        output = process.communicate()[0]
        assert NOTHING_CHANGED in output, f"the run ended before that moment: {output}"
        pass_time(lab, 5)
    else:
        raise AssertionError(f"no run came to that moment: {output}")
    workers = children(process.pid)
    os.kill(process.pid, number)
    seen = len(lab.journal())
    output = process.communicate(timeout=120)[0]
    for worker in workers:
        await_end(worker)
    return Killed(process.returncode, output, seen, lab.journal()[seen:])


def finish(lab: Lab, *arguments: str, starts: int = 4, minutes_between: float = 20, **more: Any) -> list[str]:
    """Starts the playbook until it succeeds; a run may stop by its findings, and must not have changed anything then.

    Returns the output of each run. `minutes_between` pass on the lab's clock before it is started again.
    """
    outputs = []
    for _start in range(starts):
        seen = len(lab.journal())
        process = begin(lab, *arguments, **more)
        outputs.append(process.communicate(timeout=600)[0])
        if process.returncode == 0:
            return outputs
        assert NOTHING_CHANGED in outputs[-1], outputs[-1]
        assert promises.changes(lab.journal()[seen:]) == []
        pass_time(lab, minutes_between)
    raise AssertionError(outputs[-1])


def pass_time(lab: Lab, minutes: float) -> None:
    host_vars = next(Path(lab.facts["inventory"]).glob("host_vars/*.yml"))
    RemoteClock(yaml.safe_load(host_vars.read_text("utf-8"))["sfb_clock"]).sleep(minutes * 60)


class Journal:
    """The lab's journal as it grows; from here on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def shows(self, moment: Moment, process: subprocess.Popen[str]) -> bool:
        """Waits for a line that fits; False when the run ends without one."""
        while True:
            ended = process.poll() is not None
            for line in self._new_lines():
                if moment(line):
                    return True
            if ended:
                return False
            time.sleep(0.002)

    def _new_lines(self) -> Iterator[Line]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for text in file:
                if not text.endswith(b"\n"):
                    return
                self._offset += len(text)
                yield json.loads(text)


def children(pid: int) -> list[int]:
    """Processes that this one has forked and that live."""
    return [other for other in map(int, filter(str.isdigit, os.listdir("/proc"))) if _status(other)[1] == pid]


def is_alive(pid: int) -> bool:
    return _status(pid)[0] not in ("", "Z")


def _status(pid: int) -> tuple[str, int]:
    """State and parent of a process."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return state, int(parent)


def await_end(pid: int, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < deadline, f"the worker {pid} of a killed run goes on and on"
        time.sleep(0.01)


def executions(lines: list[Line]) -> set[tuple[str, int]]:
    return {(line["host"], line["execution"]) for line in lines if "execution" in line}
