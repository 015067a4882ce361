# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product's databases, decided from what Test-CsDatabase shows: which are current, which an update is for.

Versions are compared as text, as Microsoft's own rule does (CODE: OPD RDCheckLocalSQLServerSchemaVersion); `Succeed`
says that a database was reached, not that it is up to date (DOC sample: empty InstalledVersion, Succeed True).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.product.stores import Role, Store

Scope = Literal["configured", "local", "central_management"]
State = Literal["current", "behind", "ahead", "unknown", "unreachable"]
DatabaseRole = Role | Literal["replica"]

#: The roles of the databases that are treated apart (DOC: SQL Server data and log file placement).
_APART: dict[str, Role] = {
    "lcslog": "archiving",
    "lcscdr": "monitoring",
    "qoemetrics": "monitoring",
    "mgc": "persistent_chat",
    "mgccomp": "persistent_chat_compliance",
}
_CENTRAL_MANAGEMENT = ("xds", "lis")
#: The local copy of the Central Management store: a known false alarm of the version test (CODE: OPD).
_REPLICA = "xds"


@dataclass(frozen=True)
class Database:
    """One row of Test-CsDatabase. Versions are text, empty where the row has none."""

    name: str
    sql_server: str
    instance: str
    expected: str
    installed: str
    reached: bool = True
    role: DatabaseRole | None = None
    """Only of databases that are treated apart: collocated stores, the Central Management store, its local replica."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.sql_server.lower(), self.instance.lower(), self.name.lower()

    @property
    def place(self) -> str:
        return f"{self.sql_server}\\{self.instance}" if self.instance else self.sql_server

    @property
    def state(self) -> State:
        if not self.installed:
            return "unknown" if self.reached else "unreachable"
        if not self.expected:
            return "unknown"
        if self.installed == self.expected:
            return "current"
        return "ahead" if _above(self.installed, self.expected) else "behind"

    def __str__(self) -> str:
        shown = f"installed {self.installed or 'nothing shown'}, expected {self.expected or 'nothing shown'}"
        return f"{self.name} on {self.place} is {self.state} ({shown})"


def _above(installed: str, expected: str) -> bool:
    try:
        return versions.compare(installed, expected) > 0
    except versions.VersionError:
        return False


def read_databases(rows: Iterable[Mapping[str, Any]], scope: Scope, stores: Sequence[Store]) -> list[Database]:
    """The rows of Test-CsDatabase, each one once. `stores` of the whole topology tell the Central Management store."""
    found: dict[tuple[str, str, str], Database] = {}
    for row in rows:
        name, server = str(row.get("DatabaseName") or ""), str(row.get("SqlServerFqdn") or "").lower()
        instance = str(row.get("SqlInstanceName") or "")
        database = Database(
            name,
            server,
            instance,
            str(row.get("ExpectedVersion") or "").strip(),
            str(row.get("InstalledVersion") or "").strip(),
            str(row.get("Succeed")) == "True",
            _role(name, server, instance, scope, stores),
        )
        found.setdefault(database.key, database)
    return list(found.values())


def _role(name: str, server: str, instance: str, scope: Scope, stores: Sequence[Store]) -> DatabaseRole | None:
    if name.lower() in _CENTRAL_MANAGEMENT:
        homes = {(store.sql_server, store.instance.lower()) for store in stores if store.role == "central_management"}
        if scope == "central_management" or (server, instance.lower()) in homes:
            return "central_management"
    if name.lower() == _REPLICA and scope == "local":
        return "replica"
    return _APART.get(name.lower())


def availability_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """DatabaseHighAvailability, which 2019 shows; "None" where no row says anything else (CODE: OPD)."""
    told = (str(row.get("DatabaseHighAvailability") or "None") for row in rows)
    return next((text for text in told if text != "None"), "None")


@dataclass(frozen=True)
class Selection:
    """Which databases a task answers for: the others are shown, and no failure follows from them.

    excluded: collocated roles. server: the FQDN of this computer, for the local scope. instance: where only one is meant.
    """

    scope: Scope
    excluded: tuple[Role, ...] = ()
    server: str = ""
    instance: str | None = None

    def counts(self, database: Database) -> bool:
        if self.scope == "central_management":
            return True
        if database.role in ("central_management", "replica") or database.role in self.excluded:
            return False
        if self.scope == "local":
            return database.sql_server == self.server
        return self.instance is None or database.instance.lower() == self.instance.lower()

    def of(self, databases: Iterable[Database]) -> list[Database]:
        return [database for database in databases if self.counts(database)]


def to_install(databases: Iterable[Database], wanted: Literal["updated", "present"]) -> list[Database]:
    """What a call of Install-CsDatabase is needed for. "present": what has no version, so is probably not there."""
    states = ("behind",) if wanted == "updated" else ("unknown", "unreachable")
    return [database for database in databases if database.state in states]


def not_current(databases: Iterable[Database]) -> list[Database]:
    return [database for database in databases if database.state != "current"]


def ahead(databases: Iterable[Database]) -> list[Database]:
    """Databases above what this server's files bring. The replica's versions are a known false alarm."""
    return [database for database in databases if database.state == "ahead" and database.role != "replica"]


def left_behind(databases: Iterable[Database], selection: Selection) -> list[str]:
    """One sentence for each database that is behind and that the task does not answer for, with what updates it."""
    texts = []
    for database in databases:
        if selection.counts(database) or database.role == "replica" or database.state not in ("behind", "unreachable"):
            continue
        if database.role == "central_management":
            how = "the Central Management store is updated only on request, with scope: central_management"
        elif database.role in selection.excluded:
            how = "stores beside those of the users were excluded; exclude_collocated_stores: false updates them too"
        elif selection.scope == "local":
            how = (
                f"it is not on this server; update it with scope: configured and sql_server_fqdn: {database.sql_server}"
            )
        else:
            how = f"only the instance {selection.instance} was asked for"
        texts.append(f"{database}: {how}.")
    return texts
