# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate's evidence, read in one execution on a witness: an in-service Front End of the pool that is not worked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions, survey
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.companions import Companion
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import Baseline
from ansible_collections.sfb.server.plugins.plugin_utils.product.fabric import FabricReading, read_fabric
from ansible_collections.sfb.server.plugins.plugin_utils.product.pool_health import (
    PLACEMENT_EVENT,
    POOL_MANAGER_EVENTS,
    Event,
    PoolFacts,
    Services,
    pool_health,
)
from ansible_collections.sfb.server.plugins.plugin_utils.product.quorum import BackEnd
from ansible_collections.sfb.server.plugins.plugin_utils.product.readiness import Readiness, read_readiness
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import FRONT_END, ServerState
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc
from ansible_collections.sfb.server.plugins.plugin_utils.shell.waiter import wait_until

Facts = dict[str, Any]

#: How long 2019's readiness cmdlet may look for an answer.
QUERY_MINUTES = 10


@dataclass(frozen=True)
class Question:
    """Which pool, its members in the topology's order, and what is known from before.

    ran_before: {server: names of services that ran when the run began}. since: seconds since 1970 of the last change.
    """

    pool: str
    members: tuple[str, ...]
    since: float
    baseline: Baseline | None = None
    ran_before: Mapping[str, Sequence[str]] = field(default_factory=dict)


def asked(
    shell: ManagementShell,
    pool: str | None,
    members: Sequence[str] | None = None,
    since: str | None = None,
    baseline: Baseline | None = None,
    ran_before: Mapping[str, Sequence[str]] | None = None,
) -> Question:
    """The question, with pool and members from the topology where they are not given; events of the last hour."""
    if not pool or not members:
        topology = survey.read_topology(shell.read(survey.topology_calls()))
        pool = pool or str(topology["pool"])
        members = next((entry["computers"] for entry in topology["topology"] if entry["pool"] == pool.lower()), [])
    moment = parse_utc(since).timestamp() if since else shell.clock.now() - 3600
    return Question(pool.lower(), tuple(members or ()), moment, baseline, ran_before or {})


def readiness_calls() -> dict[str, Call]:
    """Both cmdlets are asked: each product has one of them, and says of the other that it does not exist."""
    return {"readiness": cmdlets.upgrade_readiness(), "domains": cmdlets.upgrade_domains(QUERY_MINUTES)}


def calls(question: Question, now: float) -> dict[str, Call]:
    return {
        "system": windows.computer_system(),
        "product": cmdlets.server_version(),
        "fabric": cmdlets.fabric_state(question.pool),
        **readiness_calls(),
        "replication": cmdlets.replication(),
        "central_management": cmdlets.central_management(),
        "user_servers": cmdlets.user_servers(),
        "user_databases": cmdlets.user_database_states(),
        "mirror": cmdlets.mirror_state(question.pool),
        "events": windows.product_events([*POOL_MANAGER_EVENTS, PLACEMENT_EVENT], int(now - question.since)),
        **companions.calls(question.members),
    }


def read(shell: ManagementShell, question: Question) -> Facts:
    """{health, evidence, pool, product, fabric_text, missing_replicas, central_management_master, witness}."""
    answer = shell.read(calls(question, shell.clock.now()))
    system = answer["system"].checked().row
    witness = f"{system['DNSHostName']}.{system['Domain']}".lower()
    product = survey.read_product(answer)["product"]
    text = [str(line) for line in answer["fabric"].output]
    fabric = _fabric(answer, question, product, text)
    found = companions.read(answer, question.members)
    facts = PoolFacts(
        members=question.members,
        product=product,
        fabric=fabric,
        readiness=read_pool_readiness(answer),
        services={companion.server: _services(companion, question) for companion in found},
        ports={companion.server: companion.port_open for companion in found},
        events={witness: _events(answer)},
        replicated=_replicated(answer),
        back_end=_back_end(answer, question, product),
    )
    health = pool_health(facts)
    return {
        "health": health.health,
        "evidence": [asdict(piece) for piece in health.evidence],
        "pool": question.pool,
        "computers": list(question.members),
        "product": product,
        "witness": witness,
        "missing_replicas": fabric.missing_replicas,
        "fabric_text": text,
        "fabric_warnings": answer["fabric"].warnings,
        "central_management_master": _master(answer),
    }


def await_healthy(
    shell: ManagementShell,
    question: Question,
    reads: int,
    interval_seconds: float,
    settle_minutes: float,
    timeout_minutes: float,
    say: Callable[[str], None],
) -> Facts:
    """`reads` good readings in a row, then the settle time, then once more; else SfbError with what was still bad."""
    deadline = shell.clock.now() + timeout_minutes * 60
    last: Facts = {}

    def look() -> Facts:
        last.clear()
        last.update(read(shell, question))
        return dict(last)

    while True:
        try:
            found = wait_until(
                f"pool {question.pool} to be healthy",
                look,
                lambda facts: facts["health"] == "healthy",
                trouble,
                shell.clock,
                deadline - shell.clock.now(),
                interval_seconds,
                good_reads=reads,
                say=say,
            )
        except TimedOut as error:
            raise _not_healthy(question, timeout_minutes, last, error.message) from error
        if not settle_minutes:
            return found
        say(f"pool {question.pool} is healthy; {settle_minutes:.0f} min to settle, then once more")
        shell.clock.sleep(settle_minutes * 60)
        found = look()
        if found["health"] == "healthy":
            return found
        say(f"pool {question.pool} did not stay healthy: {trouble(found)}")
        if shell.clock.now() >= deadline:
            raise _not_healthy(question, timeout_minutes, found, trouble(found))


def _not_healthy(question: Question, minutes: float, last: Facts, why: str) -> SfbError:
    return SfbError(
        f"Pool {question.pool} was not healthy within {minutes:.0f} minutes: {trouble(last) or why}",
        remedy=remedies(last) or "Look at pool_status.yml, then start again.",
        **{key: last[key] for key in ("health", "evidence", "missing_replicas", "fabric_text") if key in last},
    )


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


def _fabric(answer: Answer, question: Question, product: str, text: Sequence[str]) -> FabricReading:
    outcome = answer["fabric"]
    errors = [outcome.trouble] if outcome.trouble else []
    return read_fabric(
        text,
        outcome.warnings,
        errors,
        pool=question.pool,
        product=product,
        members=question.members,
        baseline=question.baseline,
    )


def read_pool_readiness(answer: Answer) -> Readiness:
    """Of `readiness_calls`: the answer of whichever cmdlet this product has."""
    told = next((answer[name] for name in ("domains", "readiness") if not answer[name].missing), None)
    if told is None:
        return Readiness(
            "unknown", ("Neither Get-CsUpgradeDomainInfo nor Get-CsPoolUpgradeReadinessState exists here",)
        )
    if not told.ok:
        return Readiness("unknown", (f"The pool's upgrade readiness could not be read: {told.trouble}",))
    return read_readiness(told.rows)


def _services(companion: Companion, question: Question) -> Services | None:
    if companion.statuses is None or companion.marked is None:
        return None
    front_end = companion.statuses.get(FRONT_END)
    reason = f"{FRONT_END} is {front_end or 'not there'}"
    if companion.marked:
        return Services(ServerState("out_by_us", ("it carries our mark", reason)))
    if front_end != "Running":
        return Services(ServerState("starting" if front_end == "Starting" else "partly_stopped", (reason,)))
    wanted = question.ran_before.get(companion.server, ())
    stopped = [f"{name} is {companion.statuses.get(name, 'not there')}" for name in wanted]
    return Services(
        ServerState("in_service", (reason,)), tuple(text for text in stopped if not text.endswith("Running"))
    )


def _events(answer: Answer) -> list[Event] | None:
    outcome = answer["events"]
    if outcome.absent:
        return []
    if not outcome.ok:
        return None
    return [Event(int(row["Id"]), parse_utc(str(row["TimeCreated"])).timestamp()) for row in outcome.rows]


def _replicated(answer: Answer) -> dict[str, bool | None]:
    rows = answer["replication"].rows if answer["replication"].ok else []
    return {str(row["ReplicaFqdn"]).lower(): str(row.get("UpToDate")) == "True" for row in rows}


def _back_end(answer: Answer, question: Question, product: str) -> BackEnd | None:
    """The primary SQL back end as the witness sees it. Mirrors ended with 2015 (DOC), so 2019's is always principal."""
    servers = {str(row.get("PoolFqdn")).lower(): row.get("UserDatabase") for row in answer["user_servers"].rows}
    name = survey.host_of(servers.get(question.pool.lower()))
    if name is None:
        return None
    states = survey.read_user_databases(answer["user_databases"]) if answer["user_databases"].ok else {}
    return BackEnd(name, states.get(name), True if product == "sfb2019" else _principal(answer))


def _principal(answer: Answer) -> bool | None:
    if not answer["mirror"].ok:
        return None
    return not any(row.get("StateOnMirror") == "Principal" for row in answer["mirror"].rows)


def _master(answer: Answer) -> str | None:
    master = answer["central_management"].row.get("ActiveMasterFqdn")
    return str(master).lower() if master else None
