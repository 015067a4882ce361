# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task against many labs at once, in each of which another WS-Man request breaks the connection.

Every lab is a `Night` of this process behind a WinRM service of its own, so that a test can prepare it, look into it,
and let the next run go over it, in milliseconds. One `ansible` process works on all of them, under the names case01,
case02 ...
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lab_runs import environment, pool_of
from night import Night
from sfb_lab.service.running_lab import RunningLab

Json = dict[str, Any]
Prepare = Callable[[Night], None]

FE02 = "fe02.example.com"


@dataclass
class Case:
    """One lab, the request that breaks there, and what the task's result was."""

    night: Night
    request: int = 0
    after_work: bool = False
    result: Json | None = None
    host: str = FE02

    def __str__(self) -> str:
        return f"request {self.request}, {'after' if self.after_work else 'before'} its work"


def quick_pool() -> Json:
    """Little to wait for, so that few executions are needed."""
    deployment = pool_of(
        times={
            "boot_minutes": 1, "fail_back_ready_minutes": 0, "fail_over_minutes": 0.2, "fail_back_minutes": 0.2,
            "front_end_starting_minutes": 0.2,
        },
        media=[{"version": "7.0.2046.521", "minutes": 1}],
    )  # fmt: skip
    deployment["pools"][0]["load"] = {"drain_minutes": 0.1}
    return deployment


@dataclass
class Whole:
    """A task that nothing disturbed: how many requests it had, and which of them brought what."""

    requests: int
    lines: list[tuple[int, Json]]
    """The number of the request, and the line that it brought into the journal."""
    detached: list[int]
    """The requests that started work in the background."""

    def around(self, number: int) -> range:
        """All requests of the execution whose work was done at this one: its last Send."""
        return range(number - 3, number + 3)

    def bringing(self, fits: Callable[[Json], bool]) -> range:
        return self.around(next(number for number, line in self.lines if fits(line)))


def undisturbed(
    folder: Path,
    prepare: Prepare,
    task: Sequence[str],
    deployed: Callable[[], Json] = quick_pool,
    host: str = FE02,
) -> Whole:
    folder.mkdir()
    night = Night(folder, deployed())
    prepare(night)
    deployment, whole = night.deployment, Whole(0, [], [])
    request, write, detach = deployment.request, deployment.model.journal.write, deployment.management_shell_detached

    def counted(host: str, user: str, action: str) -> Any:
        whole.requests += 1
        return request(host, user, action)

    def written(*given: Any, **facts: Any) -> None:
        write(*given, **facts)
        whole.lines.append((whole.requests, night.journal[-1]))

    def detached(*given: Any) -> None:
        whole.detached.append(whole.requests)
        detach(*given)

    deployment.request, deployment.management_shell_detached = counted, detached  # type: ignore[method-assign]
    deployment.model.journal.write = written  # type: ignore[method-assign]
    case = Case(night, host=host)
    run_task(folder, [case], task)
    assert case.result and not case.result.get("failed"), case.result
    return whole


def cases(
    folder: Path,
    prepare: Prepare,
    requests: Sequence[int],
    deployed: Callable[[], Json] = quick_pool,
    host: str = FE02,
) -> list[Case]:
    made = []
    for request in requests:
        for after_work in (False, True):
            place = folder / f"{request}{after_work}"
            place.mkdir()
            drop = {"fault": "connection_dropped", "host": host, "at_request": request, "after_work": after_work}
            night = Night(place, deployed(), [drop])
            prepare(night)
            made.append(Case(night, request, after_work, host=host))
    return made


def until(fits: Callable[[Json], bool], before: int = 0) -> Prepare:
    """Lets a run go so far that an execution finds this line in the journal (or so many fewer), and kills it after that."""

    @functools.cache
    def moment() -> int:
        with tempfile.TemporaryDirectory() as folder:
            night = Night(Path(folder), quick_pool())
            controller = night.controller()
            lengths: list[int] = []
            controller.before_execution = lambda: lengths.append(len(night.journal))
            assert controller.run(FE02).outcome == "done"
            line = next(number for number, entry in enumerate(night.journal) if fits(entry))
        return sum(length <= line for length in lengths) + 1 - before

    def prepare(night: Night) -> None:
        assert night.run(FE02, at={moment(): "killed"}).outcome == "killed"

    return prepare


def run_task(folder: Path, made: Sequence[Case], task: Sequence[str]) -> None:
    """Runs the task on one server of every lab, and leaves the results in the cases."""
    names = [f"case{number:02}" for number in range(1, len(made) + 1)]
    with contextlib.ExitStack() as stack:
        hosts = {}
        for name, case in zip(names, made, strict=True):
            lab = stack.enter_context(_serving(case.night))
            hosts[name] = yaml.safe_load((lab.inventory / "host_vars" / f"{case.host}.yml").read_text("utf-8"))
        inventory = folder / "cases.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        results = folder / "results"
        command = ["ansible", "all", "-i", str(inventory), "-f", "3", "-t", str(results)]
        ran = subprocess.run(
            [*command, "-m", task[0], "-a", " ".join(task[1:])],
            capture_output=True, text=True, env=environment(), timeout=600, check=False,
        )  # fmt: skip
    for name, case in zip(names, made, strict=True):
        assert (results / name).exists(), ran.stdout + ran.stderr
        case.result = json.loads((results / name).read_text("utf-8"))


@contextlib.contextmanager
def _serving(night: Night) -> Iterator[RunningLab]:
    with RunningLab(night.deployment, None) as lab:
        yield lab
