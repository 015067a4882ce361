# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL servers and the stores on them: which databases lie where, in which version, and who answers for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .products import PRODUCTS
from .server import Server, Service

Json = dict[str, Any]


@dataclass(frozen=True)
class Role:
    """What a store is for, in the words of the topology and of -DatabaseType."""

    service: str
    """Role of Get-CsService (DOC)."""
    dependent: str
    """Role of the services in its DependentServiceList (CODE for user and application; INFERRED for the rest)."""
    types: tuple[str, ...]
    """Values of -DatabaseType, which differ by product (DOC, Get-CsDatabaseMirrorState)."""


ROLES = {
    "user": Role("UserDatabase", "UserServer", ("User",)),
    "application": Role("ApplicationDatabase", "ApplicationServer", ("Application", "App")),
    "central_management": Role("CentralManagementDatabase", "CentralManagement", ("CentralMgmt", "CMS")),
    "archiving": Role("ArchivingDatabase", "Registrar", ("Archiving",)),
    "monitoring": Role("MonitoringDatabase", "Registrar", ("Monitoring",)),
    "persistent_chat": Role("PersistentChatDatabase", "PersistentChatServer", ("PersistentChat",)),
    "persistent_chat_compliance": Role(
        "PersistentChatComplianceDatabase", "PersistentChatServer", ("PersistentChatCompliance",)
    ),
}
COLLOCATED = ("archiving", "monitoring")
"""Stores that -ExcludeCollocatedStores is about (DOC: seed pages)."""


def role_of(product: str, database: str) -> str | None:
    """The store that a database belongs to; None for one of the local instances. A new one is the application's (INFERRED)."""
    known = PRODUCTS[product]
    for role, databases in known["stores"].items():
        if database in databases:
            return str(role)
    local = any(database in databases for databases in known["local_databases"].values())
    return None if local else "application"


def service_name(instance: str) -> str:
    return f"MSSQL${instance.upper()}" if instance else "MSSQLSERVER"


@dataclass
class SqlDatabase:
    name: str
    version: str
    owner: str
    state: str = "ONLINE"
    access: str = "MULTI_USER"

    @property
    def usable(self) -> bool:
        return self.state == "ONLINE" and self.access == "MULTI_USER"


@dataclass
class SqlServer:
    """A machine with SQL Server: one of the lab's servers, or a name of which only this is known."""

    fqdn: str
    available: bool = True
    host: Server | None = None
    updating: bool = False
    """Install-CsDatabase is at work here."""

    def answers(self, instance: str) -> bool:
        """SQL Server takes connections."""
        return self.available and (self.host is None or self.host.service_running(service_name(instance)))


@dataclass
class Store:
    """The databases of one role on one instance; several pools may share it."""

    role: str
    fqdn: str
    """As the topology knows its SQL server: the availability group's, where there is one."""
    instance: str
    primary: SqlServer
    owner: str
    mirror: SqlServer | None = None
    principal: str = "primary"
    """primary or mirror."""
    synchronised: bool = True
    databases: dict[str, SqlDatabase] = field(default_factory=dict)
    pools: list[str] = field(default_factory=list)
    """FQDNs of the pools that use it."""

    @property
    def identity(self) -> str:
        return f"{ROLES[self.role].service}:{self.fqdn}"

    @property
    def availability_group(self) -> bool:
        return self.fqdn.lower() != self.primary.fqdn.lower()

    @property
    def node(self) -> SqlServer:
        """The machine that serves the databases now."""
        return self.mirror if self.mirror and self.principal == "mirror" else self.primary

    @property
    def online(self) -> bool:
        return self.node.answers(self.instance)

    @property
    def source(self) -> str:
        return f"{self.fqdn}\\{self.instance}" if self.instance else self.fqdn

    def reached_from(self, server: Server) -> bool:
        """Whether that server's connections arrive: a firewall does not stand between a server and itself."""
        return self.online and (self.node.host is server or bool(server.settings["reaches_back_end"]))

    def can_be_used_from(self, server: Server) -> bool:
        return self.reached_from(server) and all(database.usable for database in self.databases.values())


class SqlServers:
    """All stores of the deployment."""

    def __init__(self, settings: Json, servers: dict[str, Server]) -> None:
        self._product: str = settings["product"]
        self._hosts = {fqdn.lower(): server for fqdn, server in servers.items()}
        self.servers: dict[str, SqlServer] = {}
        """Lower-case FQDN -> SQL server."""
        self.stores: list[Store] = []
        for pool in settings["pools"]:
            sql = pool["sql"]
            roles = ["user", "application"]
            if pool["fqdn"] == settings["central_management"]:
                roles.append("central_management")
            for role in roles:
                self._place(role, pool["fqdn"], sql, None)
            for role in COLLOCATED:
                if pool[f"{role}_sql"]:
                    self._place(role, pool["fqdn"], sql, pool[f"{role}_sql"])
        for other in settings["other_computers"]:
            for role in ("persistent_chat", "persistent_chat_compliance"):
                if other["sql"]:
                    self._place(role, other["pool"] or other["fqdn"], None, other["sql"])

    def _place(self, role: str, pool: str, sql: Json | None, elsewhere: str | None) -> None:
        """Puts a store of a pool on its back end, or ``elsewhere`` (server or server\\instance)."""
        server, backslash, instance = (elsewhere or "").partition("\\")
        if sql and (not elsewhere or server.lower() in (sql["server"].lower(), str(sql["availability_group"]).lower())):
            instance = instance if backslash else sql["instance"]
            fqdn = sql["availability_group"] or sql["server"]
            mirror = self.server(sql["mirror"]) if sql["mirror"] else None
            primary = self.server(sql["server"])
            primary.available = primary.available and sql["available"]
        else:
            fqdn, primary, mirror = server, self.server(server), None
        for store in self.stores:
            if (store.role, store.fqdn.lower(), store.instance.lower()) == (role, fqdn.lower(), instance.lower()):
                store.pools += [pool] if pool not in store.pools else []
                return
        store = Store(role, fqdn, instance, primary, sql["owner"] if sql else "LAB\\sqladmin", mirror, pools=[pool])
        if sql and mirror:
            store.principal, store.synchronised = sql["principal"], sql["synchronised"]
        for node in (primary, mirror):
            if node and node.host:
                _add_service(node.host, instance)
        self._fill(store, sql)
        self.stores.append(store)

    def _fill(self, store: Store, sql: Json | None) -> None:
        given: dict[str, str] = sql["databases"] if sql else {}
        versions = dict(PRODUCTS[self._product]["stores"][store.role])
        versions.update({name: version for name, version in given.items() if self.role(name) == store.role})
        for name, version in versions.items():
            if sql and name in sql["new_databases"]:
                continue
            database = SqlDatabase(name, version, store.owner)
            state = sql["states"].get(name) if sql else None
            if state:
                database.state, database.access = (
                    ("ONLINE", state) if state.endswith("_USER") else (state, "MULTI_USER")
                )
            store.databases[name] = database

    def server(self, fqdn: str) -> SqlServer:
        key = fqdn.lower()
        if key not in self.servers:
            self.servers[key] = SqlServer(fqdn, host=self._hosts.get(key))
        return self.servers[key]

    def role(self, database: str) -> str | None:
        return role_of(self._product, database)

    def at(self, fqdn: str) -> list[Store]:
        """The stores of a SQL server by the name that the topology knows it by."""
        return [store for store in self.stores if store.fqdn.lower() == fqdn.lower()]

    def of_pool(self, pool_fqdn: str) -> list[Store]:
        return [store for store in self.stores if pool_fqdn in store.pools]

    def user_store(self, pool_fqdn: str) -> Store:
        return next(store for store in self.of_pool(pool_fqdn) if store.role == "user")


def _add_service(host: Server, instance: str) -> None:
    name = service_name(instance)
    title = f"SQL Server ({instance.upper() or 'MSSQLSERVER'})"
    host.services.setdefault(name, Service(name, title, [], "sql", "sqlservr.exe"))
