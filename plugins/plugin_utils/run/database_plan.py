# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which databases wait for an update, on which SQL servers, and from which server they are updated.

The targets come from the topology: a SQL server with the roles whose databases it holds. A store that several pools
share is updated after the last of them (BLOG datawan: only when every server has the update).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product import stores, versions
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call

Facts = Mapping[str, Any]
Scope = Literal["configured", "local", "central_management"]

CENTRAL: Scope = "central_management"


@dataclass(frozen=True)
class Target:
    """One run of the database step. `runner`: the inventory's name of the server that it is run on.

    `skipped`: why this run leaves it alone; empty where it does not.
    """

    scope: Scope
    sql_server: str
    roles: tuple[str, ...]
    instances: tuple[str, ...]
    pools: tuple[str, ...]
    runner: str = ""
    skipped: str = ""

    def __str__(self) -> str:
        roles = ", ".join(role.replace("_", " ") for role in self.roles)
        instances = "".join(f"\\{name}" for name in self.instances[:1]) if len(self.instances) == 1 else ""
        return f"{self.sql_server}{instances}: {roles} (of {', '.join(self.pools)})"


def unknown(surveys: Sequence[Facts]) -> str:
    """Servers of which too little is known for a plan, each with the reason; empty where there is none.

    Left out without a word they would make a run that did nothing look like one that had nothing to do.
    """
    found = []
    for survey in surveys:
        if survey.get("reachable") and not (survey.get("components") and survey.get("stores") is not None):
            unread = survey.get("unread") or {}
            why = next(
                (unread[part] for part in ("topology", "components") if part in unread), "it has nothing of the product"
            )
            found.append(f"{survey['server']} ({why.rstrip('.')})")
    return "; ".join(found)


def make(surveys: Sequence[Facts], settings: Facts, finished: Mapping[str, versions.Components]) -> list[Target]:
    """The targets of the pools that were surveyed, the Central Management store last.

    surveys: of server_survey; settings: {update_version, runner, update_central_management, pool_fqdn, pool_order};
    finished: {inventory name: components}, of servers that were patched since they were surveyed. Where a run
    patches several pools, in `pool_order`: only the targets that `pool_fqdn` is the last of these pools to depend on.
    """
    known = [_as_finished(survey, finished) for survey in readable(surveys)]
    if not known:
        return []
    lacking = behind(known, settings.get("update_version"))
    mine = (target for target in _of_topology(known) if _is_last(target, settings))
    found = [_decided(target, known, lacking, settings) for target in mine]
    return sorted(found, key=lambda target: target.scope == CENTRAL)


def readable(surveys: Sequence[Facts]) -> list[Facts]:
    """Those that say which pool they are of, and what they have; of the others see `unknown`."""
    return [s for s in surveys if s.get("reachable") and s.get("components") and s.get("stores") is not None]


def _as_finished(survey: Facts, finished: Mapping[str, versions.Components]) -> Facts:
    """The update is whole on a server that was patched since it was surveyed."""
    components = finished.get(survey["inventory_name"])
    return {**survey, "components": components, "install_incomplete": False} if components else survey


def _of_topology(known: Sequence[Facts]) -> Iterable[Target]:
    in_run = {survey["pool"] for survey in known}
    servers = {survey["server"] for survey in known if survey.get("edition") == "standard"}
    together: dict[tuple[Scope, str], Target] = {}
    for store in known[0]["stores"]:
        central = store["role"] == CENTRAL
        if not in_run & set(store["pools"]):
            continue
        scope: Scope = CENTRAL if central else "local" if store["sql_server"] in servers else "configured"
        key = (scope, store["sql_server"])
        before = together.get(key, Target(scope, store["sql_server"], (), (), ()))
        together[key] = replace(
            before,
            roles=_with(before.roles, [store["role"]]),
            instances=_with(before.instances, [store["instance"]] if store["instance"] else []),
            pools=_with(before.pools, store["pools"]),
        )
    return together.values()


def _is_last(target: Target, settings: Facts) -> bool:
    """Whether the pool that is worked on is the last one of the run that depends on it."""
    order = settings.get("pool_order") or []
    return not order or [pool for pool in order if pool in target.pools][-1:] == [settings.get("pool_fqdn")]


def _with(known: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return (*known, *(name for name in more if name not in known))


def behind(known: Sequence[Facts], wanted: str | None) -> dict[str, str]:
    """{server: its version} of those without the update: the wanted one, or else the highest of their pool."""
    found = {}
    for survey in known:
        own = versions.core_version(survey["components"])
        pool = [versions.core_version(other["components"]) for other in known if other["pool"] == survey["pool"]]
        if versions.compare(own, wanted or max(pool, key=versions.parse)) < 0 or survey.get("install_incomplete"):
            found[survey["server"]] = own
    return found


def _decided(target: Target, known: Sequence[Facts], lacking: Mapping[str, str], settings: Facts) -> Target:
    seen = {survey["server"]: survey for survey in known}
    members = {entry["pool"]: entry["computers"] for survey in known for entry in survey["topology"]}
    servers = [server for pool in target.pools for server in members.get(pool, [])]
    unseen = [server for server in servers if server not in seen]
    without = [f"{server} ({lacking[server]})" for server in servers if server in lacking]
    runner, trouble = _runner(target, known, lacking, settings.get("runner"))
    skipped = ""
    if without:
        skipped = f"{', '.join(without)} has not got the update yet; the databases follow the last server of the pool"
    elif unseen:
        pools = ", ".join(pool for pool in target.pools if set(members.get(pool, [])) & set(unseen))
        skipped = (
            f"it also serves {pools}, and this run has not seen {', '.join(unseen)}. Run update_databases.yml with the "
            "servers of all these pools in sfb_front_end_servers"
        )
    elif not runner:
        skipped = trouble
    elif target.scope == CENTRAL and not settings.get("update_central_management"):
        skipped = "it is tested only; sfb_update_central_management: true updates it"
    return replace(target, runner=runner, skipped=skipped)


def _runner(target: Target, known: Sequence[Facts], lacking: Mapping[str, str], asked: str | None) -> tuple[str, str]:
    """(inventory name, "" or why there is none): a Standard Edition server itself, else the server asked for, else the
    first of its pools that is in service."""
    if target.scope == "local":
        able = [survey for survey in known if survey["server"] == target.sql_server]
    elif asked:
        return asked_runner(asked, known, lacking, target.pools)
    else:
        of_pools = [survey for survey in known if survey["pool"] in target.pools]
        able = [s for s in of_pools if s["server"] not in lacking and s["state"] == "in_service"]
    return next(((s["inventory_name"], "") for s in able), ("", "no server that was seen can run it"))


def asked_runner(
    asked: str, known: Sequence[Facts], lacking: Mapping[str, str], pools: Collection[str]
) -> tuple[str, str]:
    """As _runner. The schema that is expected comes from the runner's own files: older ones call old databases current."""
    runner = next((s for s in known if asked.lower() in (s["inventory_name"].lower(), s["server"])), None)
    if runner is None:
        return "", f"sfb_database_runner is {asked}, which is no Front End that this run has looked at"
    own = versions.core_version(runner["components"])
    others = [versions.core_version(survey["components"]) for survey in known if survey["pool"] in pools]
    if runner["server"] in lacking or any(versions.compare(own, other) < 0 for other in others):
        return "", f"sfb_database_runner is {runner['server']}, which has not got the update ({own})"
    if runner["state"] != "in_service":
        return "", f"sfb_database_runner is {runner['server']}, which is not in service"
    return str(runner["inventory_name"]), ""


def as_if_patched(surveys: Sequence[Facts], names: Collection[str], version: str) -> dict[str, dict[str, str]]:
    """Components by inventory name as they will be once these servers have the update: for a plan."""
    return {
        survey["inventory_name"]: {**survey["components"], versions.core_component(survey["components"]): version}
        for survey in surveys
        if survey["inventory_name"] in names
    }


def remains(targets: Sequence[Target]) -> list[str]:
    """What another run has to do. The Central Management store waits for nobody: it is the administrator's choice."""
    left = [target for target in targets if target.skipped and target.scope != CENTRAL]
    return [f"The databases of {target.sql_server} still wait: {target.skipped}." for target in left]


def command(target: Target) -> Call:
    """The manual's line for it. Collocated stores are told from those that the topology puts on the same SQL server."""
    report = state_folder.report("database")
    if target.scope == "local":
        return cmdlets.install_local_databases(report)
    if target.scope == CENTRAL:
        instance = next(iter(target.instances), None)
        return cmdlets.install_central_management_database(target.sql_server, report, instance=instance)
    collocated = "user" in target.roles and bool({*stores.COLLOCATED} & {*target.roles})
    return cmdlets.install_configured_databases(target.sql_server, report, exclude_collocated_stores=collocated)


def lines(targets: Sequence[Target], with_commands: bool = False) -> Iterable[str]:
    """For the person who watches."""
    yield "Databases:" if targets else "Databases: the topology has none for these pools."
    for target in targets:
        if target.skipped:
            yield f"  {target}; left alone: {target.skipped}"
        else:
            yield f"  {target}; updated from {target.runner} where Test-CsDatabase shows an older version"
            if with_commands:
                yield f"         {command(target).powershell()}"
