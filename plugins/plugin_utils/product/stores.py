# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores of the topology: which role's databases live on which SQL server, and which pools depend on them.

Read from Get-CsService: rows whose Identity is "<role>Database:<fqdn>", with DependentServiceList
"UserServer:pool01.example.com" (CODE: a public script that looks for the SQL server of a pool). The names of the two
mirror properties are those that Test-CsDatabase shows (DOC); that Get-CsService has them too is inferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Role = Literal[
    "user",
    "application",
    "archiving",
    "monitoring",
    "persistent_chat",
    "persistent_chat_compliance",
    "central_management",
]
ROLES: tuple[Role, ...] = get_args(Role)
_ROLES: dict[str, Role] = {
    "userdatabase": "user",
    "applicationdatabase": "application",
    "archivingdatabase": "archiving",
    "monitoringdatabase": "monitoring",
    "persistentchatdatabase": "persistent_chat",
    "persistentchatcompliancedatabase": "persistent_chat_compliance",
    "centralmanagementdatabase": "central_management",
}
#: What the manual calls collocated, "such as archiving or monitoring", where it shares the pool's own SQL server.
COLLOCATED: tuple[Role, ...] = ("archiving", "monitoring", "persistent_chat", "persistent_chat_compliance")


@dataclass(frozen=True)
class Store:
    """One role on one SQL server. FQDNs are in lower case; the instance "" is the default one."""

    role: Role
    sql_server: str
    instance: str = ""
    mirror: str | None = None
    mirror_instance: str = ""
    pools: tuple[str, ...] = ()


def read_stores(rows: Iterable[Mapping[str, Any]]) -> list[Store]:
    """The stores among the rows of Get-CsService, in its order."""
    found = []
    for row in rows:
        kind, _colon, rest = str(row.get("Identity") or "").partition(":")
        role = _ROLES.get(kind.lower())
        if role is None:
            continue
        dependents = row.get("DependentServiceList") or []
        dependents = dependents if isinstance(dependents, list) else [dependents]
        pools = [str(service).rpartition(":")[2].lower() for service in dependents]
        found.append(
            Store(
                role,
                str(row.get("PoolFqdn") or rest.partition("\\")[0]).lower(),
                str(row.get("SqlInstanceName") or ""),
                str(row.get("MirrorSqlServerFqdn") or "").lower() or None,
                str(row.get("MirrorSqlInstanceName") or ""),
                tuple(dict.fromkeys(pools)),
            )
        )
    return found


def on_server(stores: Iterable[Store], sql_server: str) -> list[Store]:
    return [store for store in stores if store.sql_server == sql_server.lower()]


def collocated_roles(stores: Sequence[Store], sql_server: str) -> list[Role]:
    """The roles that share a SQL server with the users of a pool; none where no users live there."""
    roles = {store.role for store in on_server(stores, sql_server)}
    return [role for role in COLLOCATED if role in roles] if "user" in roles else []


def central_management(stores: Iterable[Store]) -> Store | None:
    return next((store for store in stores if store.role == "central_management"), None)


def dependent_pools(stores: Iterable[Store]) -> list[str]:
    return list(dict.fromkeys(pool for store in stores for pool in store.pools))
