# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores of the topology, out of the rows of Get-CsService."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.product import stores
from ansible_collections.sfb.server.plugins.plugin_utils.product.stores import Store

SQL, ARCHIVE = "sql01.example.com", "sql02.example.com"


def row(role: str, sql: str = SQL, *dependents: str, **more: Any) -> dict[str, Any]:
    return {"Identity": f"{role}:{sql}", "PoolFqdn": sql, "DependentServiceList": list(dependents), **more}


def test_each_role_on_each_sql_server_is_one_store_with_the_pools_that_depend_on_it() -> None:
    found = stores.read_stores(
        [
            {"Identity": "UserServer:pool01.example.com", "UserDatabase": f"UserDatabase:{SQL}"},
            row("UserDatabase", SQL.upper(), "UserServer:Pool01.example.com", SqlInstanceName="RTC"),
            row("MonitoringDatabase", ARCHIVE, "Registrar:pool01.example.com", "Registrar:pool02.example.com"),
        ]
    )
    assert found == [
        Store("user", SQL, "RTC", pools=("pool01.example.com",)),
        Store("monitoring", ARCHIVE, "", pools=("pool01.example.com", "pool02.example.com")),
    ]
    assert stores.dependent_pools(found) == ["pool01.example.com", "pool02.example.com"]


def test_every_role_that_has_databases_is_known() -> None:
    names = ["User", "Application", "Archiving", "Monitoring", "PersistentChat", "PersistentChatCompliance"]
    found = stores.read_stores([row(f"{name}Database") for name in [*names, "CentralManagement"]])
    assert tuple(store.role for store in found) == stores.ROLES


def test_a_mirror_is_part_of_its_store_and_one_dependent_is_a_list_too() -> None:
    mirrored = {"MirrorSqlServerFqdn": "SQL09.example.com", "MirrorSqlInstanceName": "rtc"}
    (store,) = stores.read_stores([{**row("UserDatabase"), **mirrored, "DependentServiceList": "UserServer:pool01"}])
    assert (store.mirror, store.mirror_instance, store.pools) == ("sql09.example.com", "rtc", ("pool01",))


def test_only_what_shares_the_users_sql_server_is_collocated() -> None:
    found = stores.read_stores(
        [row("UserDatabase"), row("MonitoringDatabase"), row("ArchivingDatabase"), row("MonitoringDatabase", ARCHIVE)]
    )
    assert stores.collocated_roles(found, SQL) == ["archiving", "monitoring"]
    assert stores.collocated_roles(found, ARCHIVE) == []


def test_the_central_management_store_is_one_of_them_or_there_is_none() -> None:
    found = stores.read_stores([row("UserDatabase"), row("CentralManagementDatabase", ARCHIVE)])
    assert stores.central_management(found) == found[1]
    assert stores.central_management(found[:1]) is None
