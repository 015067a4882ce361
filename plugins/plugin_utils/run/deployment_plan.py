# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole deployment in order: which playbook patches which servers when, and what no playbook patches.

Standard Edition servers and Front End pools come before the databases that others hold for them, the pool with the
Central Management store last (BLOG ucgeek.co/2016/11: clients are in limited mode while it is away), back end servers
after all of them. One step after the other, so a pool is never worked on at the same time as its partner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from ansible_collections.sfb.server.plugins.plugin_utils.run import findings, plan, server_findings
from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding

#: What patch_deployment.yml imports, in this order.
Stage = Literal["standard", "front_ends", "standard_last", "back_ends"]
STAGES: tuple[Stage, ...] = get_args(Stage)
_PLAYBOOKS: dict[Stage, str] = {
    "standard": "patch_standard_edition_server",
    "front_ends": "patch_frontend_pool",
    "standard_last": "patch_standard_edition_server",
    "back_ends": "patch_backend_server",
}
#: The inventory's groups: {kind: the variable that names them}.
GROUPS = {
    "front_end": "sfb_front_end_servers",
    "standard_edition": "sfb_standard_edition_servers",
    "back_end": "sfb_back_end_servers",
}
#: What a service of Get-CsPool makes of the computers of a pool that has no users (names: DOC of Get-CsService). What a
#: registrar without users is can be a Director or a survivable branch: the service alone does not tell (inferred).
_ROLES = {
    "EdgeServer": "Edge",
    "Director": "Director",
    "PersistentChatServer": "Persistent Chat",
    "MediationServer": "Mediation",
    "Registrar": "Director or survivable branch",
    "WacServer": "Office Web Apps",
}
#: SQL and file servers get no update of the product.
_STORES = ("Database", "FileStore")


@dataclass(frozen=True)
class Step:
    """One pool, or one back end server. `servers`: the inventory's names; `partner`: its backup pool, None without."""

    stage: Stage
    pool: str
    servers: tuple[str, ...]
    why: str
    partner: str | None = None

    @property
    def playbook(self) -> str:
        return _PLAYBOOKS[self.stage]


@dataclass(frozen=True)
class Plan:
    """`members`: all servers of a pool that the inventory has, whatever --limit says; `left_out` by --limit.

    `not_patched`: {FQDN: what it is}; `not_in_inventory`: {pool: its servers}; `sql_servers`: those of no group.
    """

    steps: tuple[Step, ...] = ()
    members: Mapping[str, Sequence[str]] | None = None
    left_out: tuple[str, ...] = ()
    not_patched: Mapping[str, str] | None = None
    not_in_inventory: Mapping[str, Sequence[str]] | None = None
    sql_servers: tuple[str, ...] = ()

    def of(self, stage: Stage) -> list[Step]:
        return [step for step in self.steps if step.stage == stage]

    def as_facts(self) -> dict[str, Any]:
        """What the playbook reads. `pools`: the Front End pools in order; `batches`: how many servers each has."""
        return {
            "steps": [{**vars(s), "servers": list(s.servers), "playbook": s.playbook} for s in self.steps],
            "batches": [len(step.servers) for step in self.of("front_ends")],
            "pools": [step.pool for step in self.of("front_ends")],
            "members": {pool: list(names) for pool, names in (self.members or {}).items()},
            "partners": {step.pool: step.partner for step in self.steps if step.partner},
            "pool_of": {n: step.pool for step in self.steps if step.stage != "back_ends" for n in step.servers},
            "left_out": list(self.left_out),
            "not_patched": dict(self.not_patched or {}),
            "not_in_inventory": {pool: list(names) for pool, names in (self.not_in_inventory or {}).items()},
            "sql_servers": list(self.sql_servers),
        }


def make(
    surveys: Sequence[Facts], groups: Mapping[str, Sequence[str]], backups: Sequence[Facts], settings: Facts
) -> Plan:
    """The plan from the servers that could be read; findings decide whether it is carried out.

    surveys: of server_survey; groups: {kind of GROUPS: inventory names}; backups: of pool_backup_info;
    settings: {play_hosts, pool_order, update_version}.
    """
    known = [survey for survey in surveys if survey["reachable"]]
    topology = _topology(known)
    in_play = set(settings.get("play_hosts") or [survey["inventory_name"] for survey in known])
    partners = {str(entry["pool"]): entry.get("partner") for entry in backups if entry.get("pool")}
    unread = [s["inventory_name"] for s in surveys if not s["reachable"]]
    members = _members(known, unread, groups, topology)
    central = central_management_pool(topology)
    pools = [
        _Pool.of(known, entry["pool"], members, groups, settings) for entry in topology if entry["pool"] in members
    ]
    several = any(pool.kind == "front_end" for pool in pools)
    asked = [str(name).lower() for name in settings.get("pool_order") or []]

    def place(pool: _Pool) -> tuple[bool, int, bool]:
        return (not pool.marked, asked.index(pool.fqdn) if pool.fqdn in asked else len(asked), pool.fqdn == central)

    steps = []
    for stage in STAGES[:3]:
        for pool in sorted(pools, key=place):
            servers = tuple(name for name in members[pool.fqdn] if name in in_play)
            if servers and _stage(pool, several and pool.fqdn == central, asked, pools) == stage:
                partner = partners.get(pool.fqdn)
                why = _why(pool, pool.fqdn == central, pool.fqdn in asked, partner)
                steps.append(Step(stage, pool.fqdn, servers, why, partner))
    steps += _back_ends(known, groups["back_end"], in_play, [step.pool for step in steps])
    patched = {survey["server"] for survey in known}
    return Plan(
        tuple(steps),
        members,
        tuple(survey["server"] for survey in known if survey["inventory_name"] not in in_play),
        _not_patched(topology, patched),
        {e["pool"]: e["computers"] for e in topology if _has_users(e) and not patched & set(e["computers"])},
        _sql_servers(known, patched),
    )


@dataclass(frozen=True)
class _Pool:
    fqdn: str
    kind: Literal["front_end", "standard_edition"]
    marked: tuple[str, ...]
    done: bool

    @classmethod
    def of(
        cls, known: Sequence[Facts], pool: str, members: Mapping[str, Sequence[str]], groups: Facts, settings: Facts
    ) -> _Pool:
        servers = [survey for survey in known if survey["inventory_name"] in members[pool]]
        standard = any(survey["inventory_name"] in groups["standard_edition"] for survey in servers)
        wanted = str(settings.get("update_version") or "")
        return cls(
            pool,
            "standard_edition" if standard else "front_end",
            tuple(survey["server"] for survey in servers if survey.get("mark")),
            all(survey.get("components") and plan.has_update(survey, wanted) for survey in servers),
        )


def _topology(known: Sequence[Facts]) -> Sequence[Facts]:
    found: Sequence[Facts] = next((survey["topology"] for survey in known if survey.get("topology")), [])
    return found


def _stores(known: Sequence[Facts]) -> Sequence[Facts]:
    found: Sequence[Facts] = next((survey["stores"] for survey in known if survey.get("stores") is not None), [])
    return found


def _members(
    known: Sequence[Facts], unread: Sequence[str], groups: Facts, topology: Sequence[Facts]
) -> dict[str, list[str]]:
    """{pool: inventory names of its servers}; one that did not answer counts where it bears a member's name."""
    ours = [*groups["front_end"], *groups["standard_edition"]]
    found: dict[str, list[str]] = {}
    for survey in known:
        if survey["inventory_name"] in ours and survey.get("pool"):
            found.setdefault(survey["pool"], []).append(survey["inventory_name"])
    for entry in topology:
        silent = [name for name in unread if name in ours and name.lower() in entry["computers"]]
        if entry["pool"] in found:
            found[entry["pool"]] += silent
    return found


def central_management_pool(topology: Sequence[Facts]) -> str | None:
    """CODE (VTFK): the pool whose services have "CentralManagement:"."""
    return next((e["pool"] for e in topology if "CentralManagement" in _kinds(e)), None)


def _stage(pool: _Pool, is_last: bool, asked: Sequence[str], pools: Sequence[_Pool]) -> Stage:
    if pool.kind == "front_end":
        return "front_ends"
    if pool.marked:
        return "standard"
    if pool.fqdn in asked:
        return "standard_last" if _front_ends_around(pool.fqdn, asked, pools)[0] else "standard"
    return "standard_last" if is_last else "standard"


def _front_ends_around(pool: str, asked: Sequence[str], pools: Sequence[_Pool]) -> tuple[list[str], list[str]]:
    """The Front End pools that sfb_pool_order names before a pool, and those after it."""
    front_ends = [other.fqdn for other in pools if other.kind == "front_end"]
    place = asked.index(pool)
    return [p for p in asked[:place] if p in front_ends], [p for p in asked[place:] if p in front_ends]


def _why(pool: _Pool, is_central: bool, was_asked: bool, partner: str | None) -> str:
    if pool.marked:
        why = f"first, because {', '.join(pool.marked)} carries our mark"
    elif was_asked:
        why = "where sfb_pool_order puts it"
    elif is_central:
        why = "last of the pools, because it holds the Central Management store"
    elif pool.kind == "standard_edition":
        why = "its databases are its own and follow at once"
    else:
        why = "its databases follow once every server has the update"
    if partner:
        why += f"; paired with {partner}: the backup service has to be healthy directly before"
    return why + ("; has the update already" if pool.done else "")


def _back_ends(known: Sequence[Facts], names: Sequence[str], in_play: set[str], order: Sequence[str]) -> Iterable[Step]:
    stores, found = _stores(known), []
    for survey in known:
        if survey["inventory_name"] not in names or survey["inventory_name"] not in in_play:
            continue
        here = [store for store in stores if survey["server"] in (store["sql_server"], store["mirror"])]
        pools = list(dict.fromkeys(pool for store in here for pool in store["pools"]))
        of = f"after the Front Ends of {', '.join(pools)}" if pools else "after all Front Ends"
        why = f"first, because it carries our mark; {of}" if survey.get("mark") else of
        last = max((order.index(pool) for pool in pools if pool in order), default=len(order))
        found.append(
            (not survey.get("mark"), last, Step("back_ends", survey["server"], (survey["inventory_name"],), why))
        )
    return [step for _not_marked, _last, step in sorted(found, key=lambda entry: entry[:2])]


def _kinds(entry: Facts) -> list[str]:
    return [str(service).partition(":")[0] for service in entry["services"]]


def _has_users(entry: Facts) -> bool:
    return "UserServer" in _kinds(entry)


def _not_patched(topology: Sequence[Facts], patched: set[str]) -> dict[str, str]:
    """{FQDN: role}. The servers of a pool with users are named elsewhere."""
    found = {}
    for entry in topology:
        kinds = [kind for kind in _kinds(entry) if not kind.endswith(_STORES)]
        if _has_users(entry) or (entry["services"] and not kinds):
            continue
        role = next((_ROLES[kind] for kind in _ROLES if kind in kinds), ", ".join(kinds))
        for computer in entry["computers"]:
            if computer not in patched:
                found[computer] = role or "no role: admin tools or trusted applications"
    return found


def _sql_servers(known: Sequence[Facts], patched: set[str]) -> tuple[str, ...]:
    named = (name for store in _stores(known) for name in (store["sql_server"], store["mirror"]) if name)
    return tuple(dict.fromkeys(name for name in named if name not in patched))


def find(
    surveys: Sequence[Facts],
    groups: Mapping[str, Sequence[str]],
    backups: Sequence[Facts],
    planned: Plan,
    settings: Facts,
) -> list[Finding]:
    """What speaks against the run as a whole; each playbook looks at its own servers more closely before it begins."""
    found: list[Finding] = []
    in_play = set(settings.get("play_hosts") or [survey["inventory_name"] for survey in surveys])
    for survey in surveys:
        if not survey["reachable"]:
            told = server_findings.of_reach(survey)
            found += told if survey["inventory_name"] in in_play else [replace(f, level="warning") for f in told]
        else:
            found += _of_group(survey, groups)
    found += _of_members(surveys, planned)
    found += _of_order(surveys, planned, settings)
    found += _of_pairs(surveys, backups, planned)
    return findings.judged(found, settings)


def _of_group(survey: Facts, groups: Mapping[str, Sequence[str]]) -> Iterable[Finding]:
    """Whether a server is in the one group that its role belongs in."""
    server, name = survey["server"], survey["inventory_name"]
    of = [kind for kind in GROUPS if name in groups[kind]]
    if survey.get("product") != "none" and not survey.get("pool"):
        fact = f"topology could not be read: {survey.get('unread', {}).get('topology', '')}"
        yield Finding("unread_topology", "error", server, fact, "The account needs its rights beyond this server too.")
        return
    if survey.get("edition") == "standard" and "RTCSRV" in survey["services"]:
        right = "standard_edition"
    else:
        right = "front_end" if "RTCSRV" in survey["services"] else "back_end"
    if of and of != [right]:
        what = {
            "front_end": "a Front End",
            "standard_edition": "a Standard Edition server",
            "back_end": "no Front End: RTCSRV is not there",
        }
        fact = f"it is {what[right]}, and stands in {' and '.join(GROUPS[kind] for kind in of)}"
        yield Finding("edition", "error", server, fact, f"Put it into {GROUPS[right]} alone.")


def _of_members(surveys: Sequence[Facts], planned: Plan) -> Iterable[Finding]:
    """Found by the pool's own step too, but then the steps before it have been done."""
    known = {survey["server"] for survey in surveys if survey["reachable"]}
    silent = {str(survey["inventory_name"]).lower() for survey in surveys if not survey["reachable"]}
    for entry in _topology([survey for survey in surveys if survey["reachable"]]):
        computers = entry["computers"] if entry["pool"] in (planned.members or {}) else []
        for server in computers:
            if server not in known | silent and silent <= set(computers):
                fact = f"the topology has it in pool {entry['pool']}, and the inventory has not"
                remedy = f"Add it to {GROUPS['front_end']}: every server of the pool must be watched."
                yield Finding("membership", "error", server, fact, remedy)


def _of_order(surveys: Sequence[Facts], planned: Plan, settings: Facts) -> Iterable[Finding]:
    asked = [str(name).lower() for name in settings.get("pool_order") or []]
    topology = _topology([survey for survey in surveys if survey["reachable"]])
    known = {entry["pool"] for entry in topology if _has_users(entry)}
    if topology:
        for pool in asked:
            if pool not in known:
                fact = f"sfb_pool_order names {pool}, which is no pool of the topology"
                yield Finding("settings", "error", None, fact, "Write the FQDNs of pools there.")
    front_ends = [step.pool for step in planned.of("front_ends")]
    for step in planned.of("standard_last"):
        after = asked[asked.index(step.pool) :] if step.pool in asked else []
        behind = [pool for pool in after if pool in front_ends]
        if behind:
            fact = f"sfb_pool_order puts it between Front End pools, which are patched by one playbook; {', '.join(behind)} after it"
            yield Finding("settings", "error", step.pool, fact, "Put it before all of them or after all of them.")
    central = central_management_pool(topology)
    pools = [step.pool for step in planned.steps if step.stage != "back_ends"]
    if central in pools[:-1]:
        fact = (
            f"it holds the Central Management store, and {', '.join(pools[pools.index(central) + 1 :])} come after it"
        )
        remedy = "Clients are in limited mode while it is away; it is advised to patch it last (sfb_pool_order)."
        yield Finding("central_management", "warning", central, fact, remedy)


def _of_pairs(surveys: Sequence[Facts], backups: Sequence[Facts], planned: Plan) -> Iterable[Finding]:
    """Asked once more directly before the first server of a pool: a pair that is not alike stops there too.

    So a server that we took out is brought back first, and only then has its pair to be alike.
    """
    answers = {entry.get("pool"): entry for entry in backups}
    out_by_us = {s["pool"]: s["server"] for s in surveys if s["reachable"] and s.get("mark") and s.get("pool")}
    for step in planned.steps:
        if step.stage == "back_ends":
            continue
        answer = answers.get(step.pool)
        if answer is None or "partner" not in answer:
            why = f": {answer['msg']}" if answer and answer.get("msg") else ""
            fact = f"whether it is paired with another pool could not be read{why}"
            remedy = f"See what Get-CsPoolBackupRelationship -PoolFqdn {step.pool} says on one of its servers."
            yield Finding("backup_pool", "error", step.pool, fact, remedy)
        elif answer["partner"] and answer["healthy"] is not True:
            fact, remedy = unhealthy(step.pool, answer)
            ours = [out_by_us[pool] for pool in (step.pool, answer["partner"]) if pool in out_by_us]
            if ours:
                remedy = (
                    f"Nothing now: {ours[0]}, which carries our mark, is brought back first; then it is asked again."
                )
            yield Finding("backup_pool", "warning" if ours else "error", step.pool, fact, remedy)


def unhealthy(pool: str, answer: Facts) -> tuple[str, str]:
    """(fact, remedy) of a pair whose backup service is not known to be healthy."""
    states = ", ".join(f"{name} {state}" for name, state in (answer.get("states") or {}).items())
    told = "is not healthy" if answer["healthy"] is False else "told no state that is known"
    fact = f"the backup service between it and {answer['partner']} {told}{f' ({states})' if states else ''}"
    remedy = (
        f"Bring it to its steady state first: Get-CsBackupServiceStatus -PoolFqdn {pool}, "
        f"Invoke-CsBackupServiceSync -PoolFqdn {pool}."
    )
    return fact, remedy


def lines(planned: Plan) -> Iterable[str]:
    """As an administrator reads it before the run."""
    for number, step in enumerate(planned.steps, 1):
        names = "" if step.servers == (step.pool,) else f": {', '.join(step.servers)}"
        yield f"  {number}. {step.pool}{names}  ({step.playbook}.yml)"
        yield f"       {step.why}"
    if not planned.steps:
        yield "  nothing to do"
    if planned.left_out:
        yield f"  left out by --limit: {', '.join(planned.left_out)}"
    for pool, computers in (planned.not_in_inventory or {}).items():
        yield f"  not in the inventory, so not patched by this run: pool {pool} ({', '.join(computers)})"
    for computer, role in (planned.not_patched or {}).items():
        yield f"  not patched by this run: {computer} ({role})"
    for server in planned.sql_servers:
        yield f"  {server} is in no group: its databases are updated from a Front End"
