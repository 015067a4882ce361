# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: a pool is read until it is healthy and stays so, before a server is taken out and after it is back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.pool_state import Question
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import changed_line
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell

Facts = dict[str, Any]

#: DOC (Lync Server 2013): so long a pool has to be ready between two upgrade domains; not ready meanwhile: anew.
DOMAIN_SETTLE_MINUTES = 20
_DOMAIN_LOOK_SECONDS = 5 * 60.0
#: DOC (Lync Server 2013): wait so long on a pool that is busy; so many times in a row is a problem of the pool.
_BUSY_PAUSE_SECONDS = 10 * 60.0
_BUSY_TIMES = 3


@dataclass(frozen=True)
class Gate:
    """`reads` good readings in a row, `interval_seconds` apart, then the settle time, then once more."""

    reads: int
    interval_seconds: float
    settle_minutes: float
    timeout_minutes: float

    def settle_of(self, by_domain: bool) -> float:
        """By upgrade domain at least the time that Microsoft gives; 0 is no settle time at all."""
        return (
            max(self.settle_minutes, DOMAIN_SETTLE_MINUTES)
            if by_domain and self.settle_minutes
            else self.settle_minutes
        )


def await_healthy(shell: ManagementShell, question: Question, gate: Gate, say: Callable[[str], None]) -> Facts:
    """The last reading of a pool that passed; else SfbError with what was still bad.

    Lync Server 2013 is updated by upgrade domain, and has rules of its own (DOC): a busy pool gets ten minutes each
    time, its settle time is longer, and while it settles the pool is looked at and its fabric's text must stay the same,
    since that is where its primaries and secondaries stand.
    """
    name, began = f"pool {question.pool}", shell.clock.now()
    good = busy = 0
    unrest = ""
    settled_at: float | None = None
    before: Facts = {}
    while True:
        found, missing = _look(shell, question)
        now = shell.clock.now()
        by_domain = found.get("product") == "lync2013"
        busy = busy + 1 if by_domain and found["readiness"] == "busy" and _all_in_service(found) else 0
        if by_domain:
            _refuse_problem_of_pool(question, found, busy)
            if not missing and settled_at is not None:
                missing = _moved(before, found)
        settle = gate.settle_of(by_domain)
        if missing:
            if settled_at is not None:
                unrest = f"{name} did not stay healthy: {missing}"
                say(unrest)
            good, settled_at = 0, None
        else:
            good += 1
            if settled_at is None and good >= gate.reads:
                before, settled_at = found, now + settle * 60
                if settle:
                    say(f"{name} is healthy; {settle:.0f} min to settle")
            if settled_at is not None and now >= settled_at:
                return found
            missing = f"{gate.reads - good} more good readings in a row"
        if settled_at is not None:
            remaining = settled_at - now
            shell.clock.sleep(min(_DOMAIN_LOOK_SECONDS, remaining) if by_domain else remaining)
            continue
        pause = _BUSY_PAUSE_SECONDS if busy else gate.interval_seconds
        # What settles by upgrade domain takes its time beyond the deadline for becoming healthy.
        limit = gate.timeout_minutes + (settle if by_domain else 0)
        if now - began + pause > limit * 60:
            raise _not_healthy(question, limit, found, unrest or missing)
        say(f"{name} to be healthy: {(now - began) / 60:.0f} of {limit:.0f} min, waiting for {missing}")
        shell.clock.sleep(pause)


def _look(shell: ManagementShell, question: Question) -> tuple[Facts, str]:
    """One reading and what is bad in it; a lost connection is a bad reading."""
    try:
        found = pool_state.read(shell, question)
    except ConnectionLost as lost:
        return {}, f"an answer ({lost.message})"
    return found, "" if found["health"] == "healthy" else trouble(found)


def _moved(before: Facts, now: Facts) -> str:
    change = changed_line(before["fabric_text"], now["fabric_text"])
    return f"the text of Get-CsPoolFabricState changed meanwhile: {change}" if change else ""


def _all_in_service(found: Facts) -> bool:
    return all(piece["verdict"] == "healthy" for piece in found["evidence"] if piece["what"] in ("services", "port"))


def _refuse_problem_of_pool(question: Question, found: Facts, busy: int) -> None:
    """DOC (Lync Server 2013): too few active Front Ends once, or busy three times in a row, with every server in service."""
    if busy < _BUSY_TIMES and not (found["readiness"] == "insufficient" and _all_in_service(found)):
        return
    times = f" ({busy} times in a row)" if busy else ""
    raise SfbError(
        f"Pool {question.pool} has a problem: all its servers are in service, and yet {trouble(found)}{times}.",
        remedy="Find it before you go on, with Get-CsPoolFabricState and the Lync Server event log of the Front Ends. If the "
        "pool is paired with another one, fail it over to that first (Invoke-CsPoolFailOver).",
        **_kept(found),
    )


def _not_healthy(question: Question, minutes: float, last: Facts, why: str) -> SfbError:
    return SfbError(
        f"Pool {question.pool} was not healthy within {minutes:.0f} minutes: {trouble(last) or why}",
        remedy=remedies(last) or "Look at pool_status.yml, then start again.",
        **_kept(last),
    )


def _kept(found: Facts) -> Facts:
    return {key: found[key] for key in ("health", "evidence", "missing_replicas", "fabric_text") if key in found}


def trouble(facts: Facts) -> str:
    """What is not good, in words: of each kind of evidence the first piece, and how many more there are."""
    kinds: dict[str, list[str]] = {}
    for piece in facts.get("evidence", []):
        if piece["verdict"] != "healthy":
            kinds.setdefault(piece["what"], []).append(piece["fact"])
    return "; ".join(facts[0] + (f" (and {len(facts) - 1} more)" if len(facts) > 1 else "") for facts in kinds.values())


def remedies(facts: Facts) -> str:
    found = [
        piece["remedy"] for piece in facts.get("evidence", []) if piece["verdict"] != "healthy" and piece["remedy"]
    ]
    return " ".join(dict.fromkeys(found))
