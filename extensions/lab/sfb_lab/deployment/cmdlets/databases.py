# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-CsDatabase and Install-CsDatabase: versions of databases (parameters DOC; rows CODE OPD, DOC; words mostly invented).

What a server expects comes from the files of its own Core Components (INFERRED from BLOG waveformation), so both are
right only on a server that has the update.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...border import UnknownToLab
from ..call import Call, cmdlet, must_ask
from ..clock import Wait
from ..model import Identity, account_key
from ..products import PRODUCTS
from ..server import Server
from ..sql import COLLOCATED, ROLES, SqlDatabase, SqlServers, Store
from ..texts import say
from ..values import PsObject, Terminating, guid, numbers

SQL_ERROR = "System.Data.SqlClient.SqlException"
GROUP = "RTCUniversalServerAdmins"
NO_ANSWER = 15.0
"""Seconds until a connection to SQL Server gives up (its default timeout)."""


# ---------------------------------------------------------------- which databases


def expected_version(server: Server, name: str) -> str:
    """What the files of the local Core Components want."""
    product = PRODUCTS[server.product]
    known = {
        database: version
        for group in ("local_databases", "stores")
        for databases in product[group].values()
        for database, version in databases.items()
    }
    return server.brought.get(name) or known.get(name, "1.0.0")


def _names(call: Call, store: Store) -> list[str]:
    """The databases of a store, those too that the update brings and that are not there yet."""
    new = [name for name in call.server.brought if call.model.sql.role(name) == store.role]
    return list(dict.fromkeys([*store.databases, *new]))


def _chosen(call: Call) -> list[Store]:
    """The stores that the parameters mean.

    Raises:
        Terminating: the topology has no such SQL server, or knows it by its availability group.
    """
    model, sql, kind = call.model, call.model.sql, call.bound.set_name
    if kind == "ByLocal":
        return _local_stores(call, sql)
    wanted = call.get("SqlServerFqdn")
    stores = sql.at(wanted) if wanted else sql.stores
    if kind == "ByCMS":
        stores = [store for store in stores if store.role == "central_management"]
    elif kind == "ByDatabase":
        asked = str(call.get("DatabaseType")).lower()
        stores = [store for store in stores if asked in (name.lower() for name in ROLES[store.role].types)]
    if not stores:
        raise _not_there(call, sql, str(wanted or call.get("DatabaseType") or "central management"))
    instance = "" if call.get("ForDefaultInstance") else call.get("ForInstance", call.get("SqlInstanceName"))
    if instance is not None:
        stores = [store for store in stores if store.instance.lower() == instance.lower()]
        if not stores:
            raise _not_there(call, sql, f"{wanted}\\{instance}")
    if kind == "ByConfigured" and not model.switches["configured_covers_central_management"]:
        stores = [store for store in stores if store.role != "central_management"]
    return stores


def _local_stores(call: Call, sql: SqlServers) -> list[Store]:
    """Install -LocalDatabases: what lies on this server. Test -LocalService: what its services use, elsewhere too (DOC)."""
    here = [store for store in sql.stores if store.node.host is call.server]
    if call.name == "Install-CsDatabase":
        covers = call.model.switches["configured_covers_central_management"]
        return [store for store in here if covers or store.role != "central_management"]
    used = sql.of_pool(call.server.pool_fqdn)
    return [store for store in sql.stores if store in here or store in used]


def _not_there(call: Call, sql: SqlServers, name: str) -> Terminating:
    group = next((store.fqdn for store in sql.stores if store.primary.fqdn.lower() == name.lower()), None)
    if group and group.lower() != name.lower():
        return call.fail(
            say("availability_group_node", node=name, group=group), "AvailabilityGroupNode", "InvalidArgument", name
        )
    return call.fail(
        say("not_found", kind="database server", name=name), "ManagementObjectNotFound", "ObjectNotFound", name
    )


# ---------------------------------------------------------------- refusals


def _login_failed(call: Call, identity: Identity) -> Terminating:
    return call.fail(
        say("sql_login_failed", user=identity.user), "SqlLogin", "PermissionDenied", identity.user, SQL_ERROR
    )


def _unreachable(call: Call, source: str) -> Terminating:
    return call.fail(say("sql_unreachable", server=source), "SqlConnection", "ConnectionError", source, SQL_ERROR)


def _locked(call: Call, name: str, source: str) -> Terminating:
    return call.fail(
        say("database_locked", database=name, server=source), "DatabaseLocked", "ResourceBusy", name, SQL_ERROR
    )


# ---------------------------------------------------------------- Test-CsDatabase


@dataclasses.dataclass
class Row:
    """One database as Test-CsDatabase finds it."""

    server: str
    instance: str
    name: str
    installed: str | None
    good: bool
    sql_version: str
    mirror: str | None = None
    availability: str = "None"

    @property
    def source(self) -> str:
        return f"{self.server}\\{self.instance}" if self.instance else self.server


@cmdlet("Test-CsDatabase", 5.0, reach="admin")
def test_database(call: Call) -> Iterator[Wait]:
    faults, host = call.model.faults, call.server.fqdn
    stores = _chosen(call)
    if not call.identity.sql_login:
        raise _login_failed(call, call.identity)
    if faults.strikes("test_database_no_answer", host) is not None:
        return
    rows = _local_rows(call) if call.bound.set_name == "ByLocal" else []
    for store in stores:
        if not store.reached_from(call.server):
            yield NO_ANSWER
        rows += [_store_row(call, store, name) for name in _names(call, store)]
    for row in rows:
        yield 1.0
        if row.good and faults.strikes("installed_version_empty", host, database=row.name) is not None:
            row.installed = None
        call.write(_as_object(call, row))
        call.report.append(f"{row.source} {row.name}: {row.installed or '-'}")
    bad = sum(not row.good for row in rows)
    if bad:
        call.warn(say("database_test_errors", cmdlet=call.name, errors=bad))
        call.warn(say("database_report", report=_report_path(call)))


def _local_rows(call: Call) -> list[Row]:
    server, version = call.server, PRODUCTS[call.server.product]["sql_version"]
    rows = []
    for database in server.databases.values():
        good = database.state == "ONLINE" and database.access == "MULTI_USER"
        good = good and server.service_running(f"MSSQL${database.instance}")
        installed = database.version if good else None
        rows.append(Row(server.fqdn, database.instance.lower(), database.name, installed, good, version))
    return rows


def _store_row(call: Call, store: Store, name: str) -> Row:
    """A database that does not exist yet does not succeed (INFERRED)."""
    database = store.databases.get(name)
    good = database is not None and database.usable and store.reached_from(call.server)
    version = str(PRODUCTS[call.server.product]["sql_version"])
    if store.primary.fqdn not in store.pools:
        version = version.replace("Express", "Standard")  # Standard Edition servers have Express (CODE OPD)
    return Row(
        store.fqdn,
        store.instance,
        name,
        database.version if database and good else None,
        good,
        version,
        store.mirror.fqdn if store.mirror else None,
        "AlwaysOn" if store.availability_group else "None",
    )


def _as_object(call: Call, row: Row) -> PsObject:
    """2013 and 2015 have MirrorSql* (DOC), 2019 has DatabaseHighAvailability (CODE OPD: None; its other values are invented)."""
    mirrored = {
        "MirrorSqlServerFqdn": row.mirror or "",
        "MirrorSqlInstanceName": row.instance if row.mirror else "",
    }
    current = call.server.product == "sfb2019"
    return PsObject(
        "Microsoft.Rtc.SyntheticTransactions.TaskOutput",
        {
            "SqlServerFqdn": row.server,
            "SqlInstanceName": row.instance,
            **({} if current else mirrored),
            "DatabaseName": row.name,
            **({"DatabaseHighAvailability": row.availability} if current else {}),
            "DataSource": row.source,
            "SQLServerVersion": row.sql_version if row.good else None,
            "ExpectedVersion": _version(expected_version(call.server, row.name)),
            "InstalledVersion": _version(row.installed) if row.installed else None,
            "Succeed": row.good,
        },
    )


def _version(text: str) -> PsObject:
    """An object whose text is a.b.c (CODE HICKOK, OPD)."""
    schema, sproc, upgrade = [*text.split("."), "0", "0"][:3]
    return PsObject(
        "Microsoft.Rtc.Common.Data.DBVersion",
        {"SchemaVersion": int(schema), "SprocVersion": int(sproc), "UpgradeVersion": int(upgrade)},
        text,
    )


def _report_path(call: Call) -> str:
    """-Report, or a file of its own in the profile (DOC)."""
    user = account_key(call.identity.user)
    name = guid(call.name, call.session.number, call.model.clock.now())
    return str(call.get("Report") or f"C:\\Users\\{user}\\AppData\\Local\\Temp\\{call.name}-{name}.html")


# ---------------------------------------------------------------- Install-CsDatabase


@cmdlet("Install-CsDatabase", 10.0, changes=True, reach="admin")
def install_database(call: Call) -> Iterator[Wait]:
    if call.get("Clean"):
        if not call.get("Update"):
            raise UnknownToLab("Install-CsDatabase -Clean destroys databases; the lab has no answer to it")
        raise call.fail(say("clean_and_update"), "InvalidParameters", "InvalidArgument")
    stores = _without_collocated(call, _chosen(call))
    if not call.identity.sql_administrator:
        raise _login_failed(call, call.identity)
    fault = call.model.faults.strikes("install_database", call.server.fqdn)
    how = fault["kind"] if fault else None
    for store in stores:
        yield from _look_at(call, store)
    if how == "prompts":
        raise must_ask(call)
    nodes = {id(store.node): store.node for store in stores}.values()
    for node in nodes:
        if node.updating:
            raise _locked(call, stores[0].role, node.fqdn)
    for node in nodes:
        node.updating = True
    try:
        yield from _work(call, stores, half_way=how == "fails_half_way")
    finally:
        for node in nodes:
            node.updating = False
    if how == "warns":
        call.warn(say("database_odd_warning"))
    if call.warnings:
        call.warn(say("database_warnings", cmdlet=call.name, warnings=len(call.warnings)))
        call.warn(say("database_report", report=_report_path(call)))
    else:
        call.say(say("database_trailer", cmdlet=call.name))


def _without_collocated(call: Call, stores: list[Store]) -> list[Store]:
    """DOC: -ExcludeCollocatedStores silences a warning; whether it also leaves those stores out is a switch."""
    if call.bound.set_name != "ByConfigured" or not any(store.role == "user" for store in stores):
        return stores
    collocated = [store for store in stores if store.role in COLLOCATED]
    if collocated and not call.get("ExcludeCollocatedStores"):
        names = ", ".join(store.identity for store in collocated)
        call.warn(say("collocated_stores", stores=names))
    elif call.model.switches["excluded_stores"] == "skipped":
        return [store for store in stores if store not in collocated]
    return stores


def _look_at(call: Call, store: Store) -> Iterator[Wait]:
    """Connects to a store, and refuses before anything is changed."""
    if not store.reached_from(call.server):
        yield NO_ANSWER
        raise _unreachable(call, store.source)
    yield 2.0
    if store.mirror is None or not call.get("Update"):
        return
    name = next(iter(store.databases), store.role)
    if call.model.switches["mirrored_update"] == "fails":
        raise call.fail(
            say("mirrored_database", database=name, server=store.source), "MirroredDatabase", "InvalidOperation", name
        )
    if store.principal == "mirror":
        raise call.fail(say("acting_as_mirror", database=name), "ActingAsMirror", "InvalidOperation", name, SQL_ERROR)


def _work(call: Call, stores: list[Store], half_way: bool) -> Iterator[Wait]:
    """One database after the other; what was done before an error stays done."""
    if call.bound.set_name == "ByLocal":
        yield from _local_databases(call)
    jobs = [(store, name) for store in stores for name in _names(call, store)]
    todo = [job for job in jobs if _is_behind(call, *job)]
    stops_at = todo[len(todo) // 2] if half_way and todo else None
    for store, name in jobs:
        if (store, name) == stops_at:
            raise _broken_off(call, name)
        yield from _one(call, store, name)
        if store.availability_group and call.changed:
            call.model.unpublished.add(store.fqdn)
            call.facts["publish_topology"] = store.fqdn


def _is_behind(call: Call, store: Store, name: str) -> bool:
    database = store.databases.get(name)
    wanted = expected_version(call.server, name)
    if not call.get("Update"):
        return database is None
    return database is not None and numbers(database.version) < numbers(wanted)


def _one(call: Call, store: Store, name: str) -> Iterator[Wait]:
    """One database of a store. Without -Update only what is not there is made (INFERRED from -Update's description)."""
    database, wanted = store.databases.get(name), expected_version(call.server, name)
    if not store.reached_from(call.server):
        yield NO_ANSWER
        raise _unreachable(call, store.source)
    locked = call.model.faults.strikes("database_locked", call.server.fqdn, database=name) is not None
    if locked or (database is not None and not database.usable):
        yield 30.0
        raise _locked(call, name, store.source)
    if database is not None and call.get("Update"):
        _delete_owner(call, database)
    if not _is_behind(call, store, name):
        if database is None:
            call.warn(say("database_not_there", database=name, server=store.source))
        yield 3.0
        return
    call.acts()
    yield 40.0
    if database is None:
        store.databases[name] = SqlDatabase(name, wanted, store.owner)
    else:
        call.report.append(f"{store.source} {name}: {database.version} -> {wanted}")
        database.version = wanted


def _delete_owner(call: Call, database: SqlDatabase) -> None:
    """DOC: if RTCUniversalServerAdmins owns a database, the call may delete the group. Here it does."""
    if account_key(database.owner) == GROUP.lower():
        call.acts()
        call.model.deleted_groups.add(GROUP.lower())
        call.facts["deleted_group"] = GROUP


def _local_databases(call: Call) -> Iterator[Wait]:
    """The local instances of a server; their xds always looks behind (CODE OPD: ignored there, so not raised here)."""
    server = call.server
    for database in server.databases.values():
        wanted = expected_version(server, database.name)
        if not server.service_running(f"MSSQL${database.instance}"):
            yield NO_ANSWER
            raise _unreachable(call, f"{server.fqdn}\\{database.instance}")
        if database.state != "ONLINE" or database.access != "MULTI_USER":
            raise _locked(call, database.name, f"{server.fqdn}\\{database.instance}")
        yield 3.0
        if call.get("Update") and database.name != "xds" and numbers(database.version) < numbers(wanted):
            call.acts()
            yield 30.0
            database.version = wanted


def _broken_off(call: Call, name: str) -> Terminating:
    """Words that Microsoft's own diagnostics look for (CODE OPD), with the details where they look for them."""
    error = call.fail(say("execution_failed"), "CommandExecutionFailed", "OperationStopped", name).error
    return Terminating(dataclasses.replace(error, details=say("execution_details", database=name)))
