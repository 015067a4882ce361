# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate's evidence, read in one execution on a witness: an in-service Front End of the pool that is not worked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

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
    """{health, evidence, pool, product, readiness, upgrade_domains, fabric_text, missing_replicas, witness, ...}."""
    answer = shell.read(calls(question, shell.clock.now()))
    system = answer["system"].checked().row
    witness = f"{system['DNSHostName']}.{system['Domain']}".lower()
    product = survey.read_product(answer)["product"]
    text = [str(line) for line in answer["fabric"].output]
    fabric = _fabric(answer, question, product, text)
    found = companions.read(answer, question.members)
    readiness = read_pool_readiness(answer)
    facts = PoolFacts(
        members=question.members,
        product=product,
        fabric=fabric,
        readiness=readiness,
        services={companion.server: _services(companion, question) for companion in found},
        ports={companion.server: companion.port_open for companion in found},
        events={witness: _events(answer)},
        replicated=read_replicas(answer),
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
        "readiness": readiness.state,
        "upgrade_domains": [asdict(domain) for domain in readiness.domains],
        "missing_replicas": fabric.missing_replicas,
        "fabric_text": text,
        "fabric_warnings": answer["fabric"].warnings,
        "central_management_master": read_master(answer),
    }


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


def read_replicas(answer: Answer) -> dict[str, bool | None]:
    """{FQDN: whether its copy of the topology is up to date}; nothing where that could not be read."""
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


def read_master(answer: Answer) -> str | None:
    """The FQDN of the active Central Management master, if one is told."""
    master = answer["central_management"].row.get("ActiveMasterFqdn")
    return str(master).lower() if master else None
