# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read before and after an update of databases: where they live, their versions, rights on SQL, mirrors, claims.

Two executions on the runner: the topology says what to ask, then everything is asked at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.product import databases, mirrors, registrar, stores
from ansible_collections.sfb.server.plugins.plugin_utils.product.databases import Database, Scope, Selection
from ansible_collections.sfb.server.plugins.plugin_utils.product.mirrors import MirroredDatabase
from ansible_collections.sfb.server.plugins.plugin_utils.product.stores import Store
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import Work
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import (
    SERVER_ADMINS,
    Answer,
    ManagementShell,
    Outcome,
)

WORK = "database"


@dataclass(frozen=True)
class Target:
    """What a task is about, found in the topology. `sql_server` is the name that the cmdlets get."""

    scope: Scope
    server: str
    product: str
    sql_server: str
    instance: str | None
    all_stores: tuple[Store, ...]
    stores: tuple[Store, ...]
    """Those that live on `sql_server`."""
    instances: tuple[tuple[str, str], ...]
    """(server, instance) as sqlcmd connects to them."""
    companions: tuple[str, ...]
    """The other servers of every pool that depends on these stores: each of them could be the runner of an update."""
    sql_hosts: tuple[str, ...] = ()
    """The SQL servers themselves: one that has the product's components runs its own update. The account need not be
    an administrator there, and a name may be that of an availability group."""

    @property
    def mirrored(self) -> tuple[Store, ...]:
        return tuple(store for store in self.stores if store.mirror)


def find_target(
    shell: ManagementShell,
    scope: Scope,
    sql_server: str | None = None,
    instance: str | None = None,
    availability_group: str | None = None,
) -> Target:
    """One execution. Raises SfbError where the topology does not know what is asked for.

    To the topology an availability group is a SQL server; a node of it is not.
    """
    settings = {"settings": windows.service_settings()} if scope == "local" else {}
    system = {"system": windows.computer_system(), "product": cmdlets.server_version()}
    answer = shell.read({**system, **survey.topology_calls(), **settings})
    row = answer["system"].checked().row
    server = f"{row['DNSHostName']}.{row['Domain']}".lower()
    topology = survey.read_topology(answer)
    known = tuple(stores.read_stores(answer["roles"].rows))
    central = stores.central_management(known)
    if scope == "local":
        if sql_server and sql_server.lower() != server:
            text = f"The local scope is about the databases on {server} itself, not about {sql_server}."
            raise SfbError(text, remedy="Leave sql_server_fqdn away, or use scope: configured.")
        name, found = server, tuple(stores.on_server(known, server))
        installed = {str(service.get("Name")).upper() for service in answer["settings"].checked().rows}
        local = [instance for instance in survey.LOCAL_INSTANCES if f"MSSQL${instance}" in installed]
        asked = [(".", each) for each in dict.fromkeys([*(store.instance for store in found), *local])]
    elif scope == "central_management":
        if central is None:
            text = "The topology names no Central Management store."
            raise SfbError(text, remedy="Look at Get-CsManagementConnection on the server.")
        name, found = central.sql_server, (central,)
        if sql_server and sql_server.lower() != name:
            text = f"The Central Management store is on {central.sql_server}, not on {sql_server}."
            raise SfbError(text, remedy="Leave sql_server_fqdn away.")
        instance = central.instance if instance is None else instance
        asked = [(name, instance)]
    else:
        name = (sql_server or str(topology["user_database"] or "")).lower()
        if availability_group and not stores.on_server(known, name):
            name = availability_group.lower()
        found = tuple(stores.on_server(known, name))
        if not found:
            raise _no_store(name, known)
        every = dict.fromkeys(store.instance for store in found)
        asked = [(name, each) for each in every if instance is None or each.lower() == instance.lower()]
        if not asked:
            text = f"The topology puts no store into the instance {instance} of {name}."
            raise SfbError(text, remedy=f"Its instances: {', '.join(each or 'the default one' for each in every)}.")
    pools = {*stores.dependent_pools(found), topology["pool"]} if scope != "local" else set()
    listed = [entry for entry in topology["topology"] if entry["pool"] in pools]
    return Target(
        scope,
        server,
        survey.read_product(answer)["product"],
        name,
        instance,
        known,
        found,
        tuple(asked),
        tuple(computer for entry in listed for computer in entry["computers"] if computer != server),
        () if scope == "local" else _hosts_of(found, server),
    )


def _hosts_of(found: tuple[Store, ...], server: str) -> tuple[str, ...]:
    hosts = dict.fromkeys(host for store in found for host in (store.sql_server, store.mirror) if host)
    return tuple(host for host in hosts if host != server)


def _no_store(name: str, known: tuple[Store, ...]) -> SfbError:
    principal = next((store.sql_server for store in known if store.mirror == name), None)
    if principal:
        text = f"{name} is the mirror of {principal}."
        return SfbError(text, remedy=f"Name the primary: sql_server_fqdn: {principal}.")
    servers = ", ".join(dict.fromkeys(store.sql_server for store in known)) or "none"
    return SfbError(
        f"The topology puts no store on {name or 'any SQL server for this pool'}.",
        remedy=f"The SQL servers that it knows: {servers}. Use the FQDN that stands there.",
    )


# ---- versions --------------------------------------------------------------------------------------------------------


def version_calls(target: Target) -> dict[str, Call]:
    """Of the configured scope with the Central Management store, wherever that is: it is always shown."""
    central = stores.central_management(target.all_stores)
    if target.scope == "local":
        return {"versions": cmdlets.local_service_databases()}
    if target.scope == "central_management":
        return {"versions": cmdlets.central_management_databases(target.sql_server, target.instance)}
    asked = {"versions": cmdlets.configured_databases(target.sql_server)}
    if central is not None:
        asked["central"] = cmdlets.central_management_databases(central.sql_server, central.instance)
    return asked


@dataclass(frozen=True)
class Versions:
    """databases: what was answered. trouble: why the answer can't be relied upon. remains: what is only said."""

    databases: tuple[Database, ...]
    availability: str
    trouble: str | None
    remains: tuple[str, ...] = ()


def read_versions(answer: Answer, target: Target) -> Versions:
    """Of `version_calls`. Nothing is raised: a test without an answer is one of the reasons to stop."""
    tested = answer["versions"]
    rows = tested.rows
    found = databases.read_databases(rows, target.scope, target.all_stores)
    remains = []
    central = answer.outcomes.get("central")
    if central is not None:
        keys = {database.key for database in found}
        shown = databases.read_databases(central.rows, "central_management", target.all_stores)
        found += [database for database in shown if database.key not in keys]
        if not central.ok or not central.rows:
            why = central.trouble or "Test-CsDatabase gave no answer"
            remains.append(f"The Central Management store could not be tested: {why}.")
    trouble = None
    if not tested.ok:
        trouble = f"{tested.call.powershell()} failed: {tested.trouble}"
    elif not rows:
        trouble = f"{tested.call.powershell()} gave no answer, so that nothing is known of the databases"
    return Versions(tuple(found), databases.availability_of(rows), trouble, tuple(remains))


def look_at_versions(shell: ManagementShell, target: Target) -> Versions:
    return read_versions(shell.read(version_calls(target)), target)


def shown(database: Database) -> dict[str, Any]:
    """One database as a task returns it."""
    return {
        "name": database.name,
        "sql_server": database.sql_server,
        "instance": database.instance,
        "role": database.role,
        "expected": database.expected,
        "installed": database.installed,
        "state": database.state,
    }


def is_current(versions: Versions, selection: Selection) -> bool:
    counted = selection.of(versions.databases)
    return versions.trouble is None and bool(counted) and not databases.not_current(counted)


# ---- everything else that speaks for or against an update --------------------------------------------------------------


@dataclass(frozen=True)
class Instance:
    """One SQL Server instance as the account sees it. rows: {name, state, access, owner} of every database."""

    name: str
    rows: tuple[dict[str, str], ...]
    sysadmin: bool
    trouble: str | None = None


@dataclass(frozen=True)
class Situation:
    """Everything that is read before an update."""

    versions: Versions
    user: str
    server_admin: bool
    instances: tuple[Instance, ...]
    mirrors: tuple[MirroredDatabase, ...]
    mirror_trouble: tuple[str, ...]
    elsewhere: tuple[str, ...]
    """Updates that other servers have begun, or may have."""
    work: Work


def situation_calls(target: Target) -> dict[str, Call]:
    pools = _pools_to_ask(target.mirrored) if target.product != "sfb2019" else []
    return {
        **version_calls(target),
        **{f"instance:{server}\\{name}": windows.databases_of(server, name) for server, name in target.instances},
        **{f"mirror:{pool}": cmdlets.mirror_state(pool) for pool in pools},
        **{
            f"elsewhere:{server}": windows.read_text(share(server))
            for server in (*target.companions, *target.sql_hosts)
        },
        **background.looking(WORK),
    }


def _pools_to_ask(mirrored: tuple[Store, ...]) -> list[str]:
    """As few as know all of these stores, those of the users first: other databases of a pool may live elsewhere."""
    asked: list[str] = []
    for store in sorted(mirrored, key=lambda store: store.role != "user"):
        if store.pools and not set(store.pools) & set(asked):
            asked.append(store.pools[0])
    return asked


def look(shell: ManagementShell, target: Target) -> Situation:
    answer = shell.read(situation_calls(target))
    asked = {name: outcome for name, outcome in answer.outcomes.items() if name.startswith("mirror:")}
    found = {name: mirrors.read_mirrors(outcome.rows) for name, outcome in asked.items()}
    return Situation(
        read_versions(answer, target),
        answer.user or "the account",
        bool(answer.roles.get(SERVER_ADMINS)),
        tuple(
            read_instance(f"{server}\\{name}".rstrip("\\"), answer[f"instance:{server}\\{name}"])
            for server, name in target.instances
        ),
        tuple(mirror for rows in found.values() for mirror in rows),
        tuple(f"{outcome.call.powershell()}: {outcome.trouble}" for outcome in asked.values() if not outcome.ok),
        tuple(
            text
            for server in (*target.companions, *target.sql_hosts)
            if (text := _elsewhere(server, answer[f"elsewhere:{server}"], server in target.companions)) is not None
        ),
        background.read_work(answer),
    )


def read_instance(name: str, outcome: Outcome) -> Instance:
    """Rows name|state|access|owner|1. sqlcmd ends with another code than 0 where nobody let it in."""
    code = outcome.row.get("ExitCode")
    lines = [line.strip().split("|") for line in str(outcome.row.get("Output") or "").splitlines()]
    rows = [[part.strip() for part in line] for line in lines if len(line) == 5]
    if not outcome.ok or code != 0 or not rows:
        said = " ".join(str(outcome.row.get("Output") or "").split())[:300]
        why = outcome.trouble or (f"sqlcmd ended with {code} {said}".rstrip(" .") if code else "it listed no database")
        return Instance(name, (), False, why)
    listed = tuple(dict(zip(("name", "state", "access", "owner"), row, strict=False)) for row in rows)
    return Instance(name, listed, all(row[4] == "1" for row in rows))


def share(server: str) -> str:
    """Where another server's claim lies, over its administrative share."""
    return "\\\\" + server + "\\" + state_folder.claim(WORK).replace(":", "$", 1)


def _elsewhere(server: str, outcome: Outcome, must_be_read: bool) -> str | None:
    """Whether another server has begun an update that has no end yet. Its process can't be looked at from here."""
    if outcome.absent or not (outcome.ok or must_be_read):
        return None
    if not outcome.ok:
        return f"whether {server} updates databases could not be read ({share(server)}): {outcome.trouble}"
    try:
        content: Mapping[str, Any] = json.loads(outcome.text)
        if content["finished"]:
            return None
        return f"{server} began an update of databases at {content['started']}, which has not ended ({share(server)})"
    except (ValueError, TypeError, KeyError):
        return f"{server} has begun an update of databases, or its file is not whole ({share(server)})"


# ---- views of their own ----------------------------------------------------------------------------------------------


def mirror_facts(shell: ManagementShell, pool: str | None) -> dict[str, Any]:
    """{pool, databases, principal, ready}. 2019 has no mirrored back ends, so that nothing is asked there (DOC)."""
    first = shell.read({"own": cmdlets.own_computer(), "product": cmdlets.server_version()})
    pool = (pool or str(first["own"].checked(survey.SECOND_HOP).row.get("Pool") or "")).lower()
    found: list[MirroredDatabase] = []
    if survey.read_product(first)["product"] != "sfb2019":
        state = shell.read({"state": cmdlets.mirror_state(pool)})["state"]
        found = mirrors.read_mirrors(state.checked(survey.SECOND_HOP).rows)
    return {
        "pool": pool,
        "databases": [asdict(mirror) for mirror in found],
        "principal": mirrors.principal_side(found),
        "ready": mirrors.is_ready(found),
    }


def registrar_facts(shell: ManagementShell, pool: str | None) -> dict[str, Any]:
    """{pool, pool_state, unavailable_minutes, from}."""
    calls = {"own": cmdlets.own_computer(), "pools": cmdlets.pools(), "settings": cmdlets.registrar_settings()}
    answer = shell.read(calls)
    pool = (pool or str(answer["own"].checked(survey.SECOND_HOP).row.get("Pool") or "")).lower()
    sites = {str(row["Fqdn"]).lower(): row.get("Site") for row in answer["pools"].checked(survey.SECOND_HOP).rows}
    if pool not in sites:
        raise SfbError(f"The topology knows no pool {pool}.", remedy=f"It knows: {', '.join(sites)}.")
    site = str(sites[pool]) if sites[pool] else None
    settings = registrar.read_settings(answer["settings"].checked(survey.SECOND_HOP).rows, pool, site)
    return {
        "pool": pool,
        "pool_state": settings.pool_state,
        "unavailable_minutes": settings.unavailable_minutes,
        "from": settings.source,
    }
