# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long work that outlives the connection and the controller: start it on the server, watch it, find it again.

The detached script owns a file (the claim) on the server: taken before anything else is done, replaced by the whole
answer at the end. That file, and whether its process still lives, is all that is needed to find the work again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import (
    Answer,
    ManagementShell,
    Outcome,
    outcome_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

State = Literal["none", "running", "finished", "interrupted", "unreadable"]

#: How long a started process may take until its claim is seen: PowerShell's start plus the product's module.
CLAIM_SECONDS = 180
#: How often a start is sent whose answer is lost and which is seen not to have arrived.
STARTS = 3
_TICKS_EPOCH = datetime(1, 1, 1, tzinfo=timezone.utc)


class Interrupted(SfbError):
    """The work's process is gone and left no result."""


@dataclass(frozen=True)
class Work:
    """One piece of long work as the server shows it. `identity` tells one start from the next."""

    state: State
    identity: str | None = None
    content: Mapping[str, Any] | None = None

    def outcomes(self, calls: Mapping[str, Call]) -> dict[str, Outcome]:
        """The outcome of each call, of work that has finished."""
        reported = (self.content or {}).get("outcomes") or []
        return {
            name: outcome_of(call, reported[index] if index < len(reported) else None)
            for index, (name, call) in enumerate(calls.items())
        }


def looking(what: str) -> dict[str, Call]:
    """The calls that `read_work` needs, to be sent along with whatever else is read."""
    return between_shells({"claim": windows.read_text(state_folder.claim(what))})


def between_shells(claims: Mapping[str, Call]) -> dict[str, Call]:
    """The processes are listed before and after the claims: the work may begin or end between two calls."""
    return {"shells_before": windows.shells(), **claims, "shells_after": windows.shells()}


def read_work(answer: Answer, name: str = "claim") -> Work:
    """What the claim and the list of processes say together. Raises CallFailed when either could not be read."""
    claim = answer[name]
    if claim.absent:
        return Work("none")
    text = claim.checked().text
    try:
        content = json.loads(text)
        identity = f"{content['process']}/{content['ticks']}"
    except (ValueError, TypeError, KeyError):
        # Created and not written yet, or its writer died just there: who waits for it waits no longer than a start takes.
        return Work("unreadable")
    if content.get("finished"):
        return Work("finished", identity, content)
    shells = answer["shells_before"].checked().rows + answer["shells_after"].checked().rows
    lives = any(_is_holder(row, content) for row in shells)
    return Work("running" if lives else "interrupted", identity, content)


def _is_holder(process: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Same process id and start time; two seconds of tolerance, as the script itself allows."""
    if int(process.get("ProcessId") or 0) != int(content["process"]):
        return False
    started = _TICKS_EPOCH + timedelta(microseconds=int(content["ticks"]) / 10)
    created = parse_utc(str(process.get("CreationDate")))
    return abs((created - started).total_seconds()) < 2


def start(shell: ManagementShell, what: str, calls: Mapping[str, Call], before: Work, limit_seconds: int) -> None:
    """Starts the work and returns when its claim is seen.

    Where the answer to the start got lost, the claim says whether it arrived. Only when it did not, the start is sent
    again; should the first one arrive late, the claim lets only one of the two do anything. Raises Interrupted when
    no claim appears.
    """
    lost = ""
    for _try in range(STARTS):
        try:
            shell.start(calls, state_folder.claim(what), limit_seconds)
        except ConnectionLost as error:
            lost = f" The answer to its start was lost ({error.message})."
            shell.transport.reset()
        if _has_begun(shell, what, before):
            return
        if not lost:
            break
    raise Interrupted(
        f"{what} did not begin on {shell.server} within {CLAIM_SECONDS} seconds.{lost}",
        remedy="Look at the account's right to run processes in the background there (become, profile), then start again.",
    )


def _has_begun(shell: ManagementShell, what: str, before: Work) -> bool:
    began = shell.clock.now()
    while shell.clock.now() - began < CLAIM_SECONDS:
        answer = shell.read(looking(what))
        work = read_work(answer)
        if work.identity is not None and work.identity != before.identity:
            return True
        shell.clock.sleep(5)
    return False


def follow(
    shell: ManagementShell,
    what: str,
    calls: Mapping[str, Call],
    *,
    deadline_seconds: float,
    interval_seconds: float,
    watch: Mapping[str, Call] | None = None,
    on_reading: Callable[[Answer, float], None] = lambda answer, seconds: None,
) -> dict[str, Outcome]:
    """Waits for the work to end and returns its outcomes.

    `watch` is read along with the claim each time, and `on_reading` gets it with the seconds waited so far. A lost
    connection is waited out while the deadline allows.

    Raises Interrupted (the process is gone), TimedOut (it still runs), ConnectionLost (no answer until the deadline).
    """
    began = shell.clock.now()
    while True:
        passed = shell.clock.now() - began
        answer = shell.read({**looking(what), **(watch or {})}, max(60.0, deadline_seconds - passed))
        work = read_work(answer)
        on_reading(answer, shell.clock.now() - began)
        if work.state == "finished":
            return work.outcomes(calls)
        # By when it was asked: a controller that slept meanwhile holds an old answer.
        begins = work.state == "unreadable" and passed < CLAIM_SECONDS
        if work.state != "running" and not begins:
            raise Interrupted(
                f"{what} on {shell.server} was cut off: its process is gone and left no result.",
                remedy="Start the playbook again: it reads what the server is like now and goes on from there.",
            )
        if passed >= deadline_seconds:
            raise TimedOut(
                f"{what} on {shell.server} still runs after {deadline_seconds / 60:.0f} minutes.",
                remedy="It is left alone. Start the playbook again to go on waiting for it.",
            )
        shell.clock.sleep(interval_seconds)
