# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Test-CsDatabase shows, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product import databases
from ansible_collections.sfb.server.plugins.plugin_utils.product.databases import Database, Selection
from ansible_collections.sfb.server.plugins.plugin_utils.product.stores import Store

SQL = "sql01.example.com"
CENTRAL = Store("central_management", SQL, "rtc")


@pytest.mark.parametrize(
    ("expected", "installed", "reached", "state"),
    [
        ("125.74.89", "125.74.89", True, "current"),
        ("125.74.89", "125.74.9", True, "behind"),
        ("125.74.9", "125.74.89", True, "ahead"),
        ("10.13.2", "", True, "unknown"),
        ("10.13.2", "", False, "unreachable"),
        ("", "10.13.2", True, "unknown"),
        ("", "", True, "unknown"),
        ("15.13.22", "15.13", True, "behind"),
        ("15.13.22", "an unheard of version", True, "behind"),
        ("15.13.22", "15.13.22", False, "current"),
    ],
)
def test_a_version_is_current_only_when_its_text_is_the_expected_one(
    expected: str, installed: str, reached: bool, state: str
) -> None:
    assert Database("rtcxds", SQL, "rtc", expected, installed, reached).state == state


def row(name: str, installed: Any = "1.1.1", server: str = SQL, instance: str = "rtc", **more: Any) -> dict[str, Any]:
    shown = {"DatabaseName": name, "SqlServerFqdn": server, "SqlInstanceName": instance}
    return {**shown, "ExpectedVersion": "1.1.2", "InstalledVersion": installed, "Succeed": True, **more}


def test_a_database_that_is_listed_twice_is_one() -> None:
    found = databases.read_databases([row("lis"), row("LIS", server=SQL.upper())], "configured", [])
    assert [str(database) for database in found] == [
        "lis on sql01.example.com\\rtc is behind (installed 1.1.1, expected 1.1.2)"
    ]


@pytest.mark.parametrize(
    ("name", "scope", "instance", "stores", "role", "counts"),
    [
        ("rtcxds", "configured", "rtc", [CENTRAL], None, True),
        ("xds", "configured", "rtc", [CENTRAL], "central_management", False),
        ("lis", "configured", "rtc", [CENTRAL], "central_management", False),
        ("xds", "configured", "rtc", [], None, True),
        ("xds", "configured", "other", [CENTRAL], None, True),
        ("xds", "central_management", "rtc", [CENTRAL], "central_management", True),
        ("xds", "local", "rtclocal", [CENTRAL], "replica", False),
        ("xds", "local", "rtc", [CENTRAL], "central_management", False),
        ("lis", "local", "rtc", [CENTRAL], "central_management", False),
        ("rtc", "local", "rtclocal", [CENTRAL], None, True),
        ("LcsCDR", "configured", "rtc", [], "monitoring", False),
        ("QoEMetrics", "configured", "rtc", [], "monitoring", False),
        ("LcsLog", "configured", "rtc", [], "archiving", True),
    ],
)
def test_the_store_of_the_topology_its_replica_and_excluded_stores_are_shown_and_not_answered_for(
    name: str, scope: Any, instance: str, stores: list[Store], role: str | None, counts: bool
) -> None:
    (database,) = databases.read_databases([row(name, instance=instance)], scope, stores)
    assert database.role == role
    assert Selection(scope, ("monitoring",), SQL).counts(database) is counts


def test_in_the_local_scope_the_databases_of_another_server_are_only_shown() -> None:
    found = databases.read_databases([row("rtc"), row("LcsCDR", server="sql09.example.com")], "local", [])
    selection = Selection("local", (), SQL)
    assert [database.name for database in selection.of(found)] == ["rtc"]
    (text,) = databases.left_behind(found, selection)
    assert "LcsCDR on sql09.example.com" in text and "scope: configured" in text


def test_where_one_instance_is_asked_for_only_its_databases_count() -> None:
    found = databases.read_databases([row("rtcxds", instance="RTC"), row("LcsLog", instance="arch")], "configured", [])
    assert [d.name for d in Selection("configured", (), "", "rtc").of(found)] == ["rtcxds"]


def test_what_is_behind_and_not_answered_for_is_named_with_what_updates_it() -> None:
    found = databases.read_databases(
        [row("lis"), row("LcsCDR"), row("xds", "1.1.2"), row("rtcxds")], "configured", [CENTRAL]
    )
    texts = databases.left_behind(found, Selection("configured", ("monitoring",)))
    assert ["lis" in texts[0], "scope: central_management" in texts[0]] == [True, True]
    assert ["LcsCDR" in texts[1], "exclude_collocated_stores: false" in texts[1]] == [True, True]
    assert len(texts) == 2


def test_an_update_is_for_what_is_behind_and_an_installation_for_what_has_no_version() -> None:
    found = databases.read_databases(
        [row("a"), row("b", "1.1.2"), row("c", None), row("d", "", Succeed=False), row("e", "1.2.0")], "configured", []
    )
    assert [d.name for d in databases.to_install(found, "updated")] == ["a"]
    assert [d.name for d in databases.to_install(found, "present")] == ["c", "d"]
    assert [d.name for d in databases.not_current(found)] == ["a", "c", "d", "e"]
    assert [d.name for d in databases.ahead(found)] == ["e"]


def test_the_replica_is_never_called_ahead() -> None:
    assert databases.ahead(databases.read_databases([row("xds", "9.0.0", instance="rtclocal")], "local", [])) == []


@pytest.mark.parametrize(
    ("told", "availability"),
    [([], "None"), (["None", "None"], "None"), ([None], "None"), (["None", "AlwaysOn"], "AlwaysOn")],
)
def test_the_availability_is_none_unless_a_row_says_otherwise(told: list[Any], availability: str) -> None:
    assert databases.availability_of([{"DatabaseHighAvailability": text} for text in told]) == availability
    assert databases.availability_of([{}]) == "None"
