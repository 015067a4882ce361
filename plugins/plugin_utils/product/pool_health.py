# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is the pool healthy? All evidence of the gate, and what it adds up to.

Nothing is discounted: one bad piece makes the pool degraded, one unread piece makes it unknown, and unknown is never
healthy. The gate is asked with every server in service, so a server that is out is bad evidence whoever took it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.sfb.server.plugins.plugin_utils.product.fabric import FabricReading, Verdict
from ansible_collections.sfb.server.plugins.plugin_utils.product.quorum import (
    BackEnd,
    Quorum,
    back_end_vote,
    may_lose_one,
)
from ansible_collections.sfb.server.plugins.plugin_utils.product.readiness import Readiness
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import ServerState

POOL_MANAGER_EVENTS = {
    32163: "the local pool manager lost the pool's fabric",
    32170: "the pool's fabric could not be reached",
    32173: "the server shut down because the pool manager could not begin",
}
PLACEMENT_EVENT = 32174
PORT = 5090

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """One fact, what it means, and what to do about it; `server` is None where it is about the pool."""

    what: str
    server: str | None
    verdict: Verdict
    fact: str
    remedy: str


@dataclass(frozen=True)
class Health:
    """`health` and everything that it rests on."""

    health: Verdict
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Services:
    """The services of one server: its state, and those that ran before and do not now (services.not_running)."""

    state: ServerState
    not_running: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """One event of the Lync Server log; `time` is seconds since 1970."""

    id: int
    time: float


@dataclass(frozen=True)
class PoolFacts:
    """What was read of a pool. None, or a server that is missing in a mapping: not read.

    members: FQDNs in Get-CsComputer order. ports: does 5090 answer the witness. events: of each server whose log was
    read (at least the witness's), since any time; only those after `last_change` (seconds since 1970) count.
    replicated: is the replica up to date.
    """

    members: tuple[str, ...]
    product: str
    fabric: FabricReading | None = None
    readiness: Readiness | None = None
    services: Mapping[str, Services | None] | None = None
    ports: Mapping[str, bool | None] | None = None
    events: Mapping[str, Sequence[Event] | None] | None = None
    last_change: float = 0.0
    replicated: Mapping[str, bool | None] | None = None
    back_end: BackEnd | None = None


def pool_health(facts: PoolFacts) -> Health:
    """The health of a pool and its evidence, bad pieces first."""
    evidence = [
        *_fabric(facts),
        *_readiness(facts),
        *_services(facts),
        *_ports(facts),
        *_events(facts),
        *_replication(facts),
        *_quorum(facts),
    ]
    order: tuple[Verdict, ...] = ("degraded", "unknown", "healthy")
    evidence.sort(key=lambda piece: order.index(piece.verdict))
    return Health(evidence[0].verdict, tuple(evidence))


def _fabric(facts: PoolFacts) -> Iterable[Evidence]:
    reading = facts.fabric or FabricReading("unknown", False, ("Get-CsPoolFabricState was not read",))
    remedy = ""
    if reading.missing_replicas:
        remedy = (
            "Wait 30 minutes: replicas are rebuilt after a restart. If they are still missing, see recover_pool.yml, "
            "which resets the registrar of the whole pool."
        )
    elif reading.verdict == "degraded":
        remedy = "Bring every Front End up, wait until the warnings are gone, then start again."
    elif reading.verdict == "unknown":
        remedy = (
            "Read the text. If the pool is healthy, save it as the baseline with pool_status.yml, then start again."
        )
    yield from (Evidence("fabric", None, reading.verdict, reason, remedy) for reason in reading.reasons)


def _readiness(facts: PoolFacts) -> Iterable[Evidence]:
    read = facts.readiness or Readiness("unknown", ("The pool's upgrade readiness was not read",))
    verdict: Verdict = {"ready": "healthy", "unknown": "unknown"}.get(read.state, "degraded")  # type: ignore[assignment]
    remedy = {
        "ready": "",
        "busy": "Wait 10 minutes and ask again; three times busy in a row is a problem of the pool, to be found first.",
        "insufficient": "Find the Front End that is not active, start its services, then start again.",
        "unknown": "Run the readiness cmdlet on a Front End of the pool by hand and see what it answers.",
    }[read.state]
    yield from (Evidence("readiness", None, verdict, reason, remedy) for reason in read.reasons)


_STATE_REMEDY = {
    "out_by_us": "Start the playbook again: it brings this server back first.",
    "out_by_others": "Ask who took it out to bring it back, or take it over with sfb_adopt_out_of_service: true.",
    "draining": "Wait until its fail over has ended.",
    "coming_back": "Wait until its fail back has ended.",
    "starting": "Wait: RTCSRV may need up to an hour after a cold start.",
    "partly_stopped": "Start what is stopped (Start-CsWindowsService there), or find out who stopped it.",
}


def _services(facts: PoolFacts) -> Iterable[Evidence]:
    def judge(server: str, found: Services) -> Evidence | None:
        if found.state.state != "in_service":
            fact = f"{server} is {found.state.state.replace('_', ' ')}: {'; '.join(found.state.reasons)}"
            return Evidence("services", server, "degraded", fact, _STATE_REMEDY[found.state.state])
        if found.not_running:
            fact = f"On {server} ran before and does not now: {'; '.join(found.not_running)}"
            return Evidence("services", server, "degraded", fact, _STATE_REMEDY["partly_stopped"])
        return None

    good = f"All {len(facts.members)} Front Ends are in service"
    return _each(facts, "services", facts.services, judge, good, "Its services could not be read; see its connection.")


def _ports(facts: PoolFacts) -> Iterable[Evidence]:
    def judge(server: str, answers: bool) -> Evidence | None:
        if answers:
            return None
        remedy = "Check RTCSRV on it and the firewall between the Front Ends."
        return Evidence("port", server, "degraded", f"Port {PORT} of {server} does not answer", remedy)

    good = f"Port {PORT} of every Front End answers"
    return _each(
        facts, "port", facts.ports, judge, good, f"Try Test-NetConnection to its port {PORT} from another Front End."
    )


def _replication(facts: PoolFacts) -> Iterable[Evidence]:
    def judge(server: str, up_to_date: bool) -> Evidence | None:
        if up_to_date:
            return None
        remedy = (
            "Wait some minutes; if it stays, check REPLICA on it and run Invoke-CsManagementStoreReplication for it."
        )
        return Evidence(
            "replication", server, "degraded", f"The configuration replica of {server} is not up to date", remedy
        )

    good = "The configuration replica of every Front End is up to date"
    return _each(facts, "replication", facts.replicated, judge, good, "See Get-CsManagementStoreReplicationStatus.")


def _events(facts: PoolFacts) -> list[Evidence]:
    """32174 once is part of a start; more than once since the last change says that the start does not get on."""
    by_hand = "Read the Lync Server event log there by hand; the account may lack the right to."
    if not facts.events:
        return [Evidence("events", None, "unknown", "No Lync Server event log of the pool was read", by_hand)]
    bad = []
    for server, events in facts.events.items():
        if events is None:
            fact = f"The Lync Server event log of {server} was not read"
            bad.append(Evidence("events", server, "unknown", fact, by_hand))
            continue
        counts = Counter(event.id for event in events if event.time > facts.last_change)
        for number, meaning in POOL_MANAGER_EVENTS.items():
            if counts[number]:
                fact = f"Event {number} on {server} ({counts[number]} since the last change): {meaning}"
                bad.append(
                    Evidence("events", server, "degraded", fact, f"Look at the Lync Server event log of {server}.")
                )
        if counts[PLACEMENT_EVENT] > 1:
            times = f"({counts[PLACEMENT_EVENT]} since the last change)"
            fact = f"Event {PLACEMENT_EVENT} on {server} {times}: users are still being placed"
            bad.append(Evidence("events", server, "degraded", fact, "Wait: after a cold start this may take an hour."))
    return bad or [Evidence("events", None, "healthy", "No pool manager event since the last change", "")]


def _quorum(facts: PoolFacts) -> Iterable[Evidence]:
    states = {server: found for server, found in (facts.services or {}).items() if found}
    out = {server for server, found in states.items() if found.state.state != "in_service"}
    for what, answer in (
        ("quorum", may_lose_one(facts.members, out, facts.product)),
        ("back end", back_end_vote(facts.members, facts.back_end)),
    ):
        remedy = "" if answer.held else "Take no server of this pool out of service until this is cured."
        yield from (Evidence(what, None, _verdict(answer), reason, remedy) for reason in answer.reasons)


def _verdict(answer: Quorum) -> Verdict:
    return "unknown" if answer.held is None else "healthy" if answer.held else "degraded"


def _each(
    facts: PoolFacts,
    what: str,
    found: Mapping[str, T | None] | None,
    judge: Callable[[str, T], Evidence | None],
    good: str,
    how_to_read: str,
) -> list[Evidence]:
    """One piece per server that is bad or unread; a single good one where there is none."""
    read = {server.casefold(): value for server, value in (found or {}).items()}
    bad = []
    for server in facts.members:
        value = read.get(server.casefold())
        if value is None:
            bad.append(Evidence(what, server, "unknown", f"The {what} of {server} was not read", how_to_read))
        elif piece := judge(server, value):
            bad.append(piece)
    if not facts.members:
        bad.append(
            Evidence(what, None, "unknown", "The members of the pool were not read", "Check Get-CsComputer -Pool.")
        )
    return bad or [Evidence(what, None, "healthy", good, "")]
