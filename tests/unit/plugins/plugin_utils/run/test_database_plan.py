# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which databases are updated, and from where."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run import database_plan

OLD, NEW = "7.0.2046.396", "7.0.2046.521"
CORE = "Skype for Business Server 2019, Core Components"


def store(role: str, sql: str, *pools: str, instance: str = "rtc") -> dict[str, Any]:
    return {"role": role, "sql_server": sql, "instance": instance, "mirror": None, "pools": list(pools)}


STORES = [
    store("user", "sql01.example.com", "pool01.example.com"),
    store("application", "sql01.example.com", "pool01.example.com"),
    store("monitoring", "sql09.example.com", "pool01.example.com", "pool02.example.com", instance="mon"),
    store("user", "sql02.example.com", "pool02.example.com"),
    store("central_management", "sql01.example.com", "pool01.example.com"),
]
TOPOLOGY = [
    {"pool": "pool01.example.com", "computers": ["fe01.example.com", "fe02.example.com"]},
    {"pool": "pool02.example.com", "computers": ["fe11.example.com"]},
]


def front_end(name: str, pool: str = "pool01", version: str = NEW, **more: Any) -> dict[str, Any]:
    return {
        "inventory_name": name,
        "server": f"{name}.example.com",
        "reachable": True,
        "pool": f"{pool}.example.com",
        "edition": "enterprise",
        "state": "in_service",
        "components": {CORE: version},
        "stores": STORES,
        "topology": TOPOLOGY,
        **more,
    }


POOL01 = [front_end("fe01"), front_end("fe02")]


def plan(surveys: list[dict[str, Any]], finished: Any = None, **settings: Any) -> dict[str, database_plan.Target]:
    targets = database_plan.make(surveys, {"update_version": NEW, **settings}, finished or {})
    return {f"{target.sql_server} {target.scope}": target for target in targets}


def test_each_sql_server_of_the_pool_is_one_target_with_its_roles_and_the_central_store_is_the_last() -> None:
    targets = plan(POOL01)
    assert list(targets) == [
        "sql01.example.com configured",
        "sql09.example.com configured",
        "sql01.example.com central_management",
    ]
    own = targets["sql01.example.com configured"]
    assert (own.roles, own.runner, own.skipped) == (("user", "application"), "fe01", "")
    assert str(own) == "sql01.example.com\\rtc: user, application (of pool01.example.com)"


def test_while_a_server_of_the_pool_lacks_the_update_its_databases_wait() -> None:
    targets = plan([front_end("fe01"), front_end("fe02", version=OLD)])
    waiting = targets["sql01.example.com configured"].skipped
    assert waiting.startswith(f"fe02.example.com ({OLD}) has not got the update yet")


def test_a_server_that_was_patched_since_it_was_looked_at_counts_with_what_it_has_now() -> None:
    looked_at = [front_end("fe01"), front_end("fe02", version=OLD)]
    assert not plan(looked_at, finished={"fe02": {CORE: NEW}})["sql01.example.com configured"].skipped
    half_applied = [front_end("fe01"), front_end("fe02", install_incomplete=True)]
    assert plan(half_applied)["sql01.example.com configured"].skipped
    assert not plan(half_applied, finished={"fe02": {CORE: NEW}})["sql01.example.com configured"].skipped


def test_a_store_of_two_pools_waits_until_this_run_has_seen_both() -> None:
    waiting = plan(POOL01)["sql09.example.com configured"].skipped
    assert "it also serves pool02.example.com" in waiting
    assert "fe11.example.com" in waiting
    assert not plan([*POOL01, front_end("fe11", "pool02")])["sql09.example.com configured"].skipped


def test_the_central_management_store_is_only_tested_unless_its_update_was_asked_for() -> None:
    asked = "sfb_update_central_management"
    assert asked in plan(POOL01)["sql01.example.com central_management"].skipped
    updated = plan(POOL01, update_central_management=True)["sql01.example.com central_management"]
    assert (updated.skipped, updated.instances) == ("", ("rtc",))


def test_the_runner_is_the_server_asked_for_or_the_first_in_service_with_the_update() -> None:
    out = [front_end("fe01", state="out_by_us"), front_end("fe02")]
    assert plan(out)["sql01.example.com configured"].runner == "fe02"
    assert plan(POOL01, runner="FE02.example.com")["sql01.example.com configured"].runner == "fe02"


@pytest.mark.parametrize(
    ("surveys", "asked", "why"),
    [
        pytest.param([front_end("fe01"), front_end("fe02")], "fe99", "no Front End that this run", id="not known"),
        pytest.param([front_end("fe01"), front_end("fe02", state="out_by_us")], "fe02", "not in service", id="out"),
        pytest.param(
            [*POOL01, front_end("fe11", "pool02", version=OLD)],
            "fe11",
            f"has not got the update ({OLD})",
            id="old files",
        ),
    ],
)
def test_a_runner_that_would_not_do_is_not_replaced_by_another_one(surveys: Any, asked: str, why: str) -> None:
    for settings in ({}, {"update_version": None}):
        target = plan(surveys, runner=asked, **settings)["sql01.example.com configured"]
        assert (target.runner, why in target.skipped) == ("", True)


def test_without_a_wanted_version_the_highest_of_the_pool_is_what_all_must_have() -> None:
    targets = plan([front_end("fe01"), front_end("fe02", version=OLD)], update_version=None)
    assert "fe02.example.com" in targets["sql01.example.com configured"].skipped


def test_a_standard_edition_server_updates_its_own_databases() -> None:
    name = "se01.example.com"
    own = front_end("se01", "se01", edition="standard")
    own |= {"stores": [store("user", name, name)], "topology": [{"pool": name, "computers": [name]}]}
    target = plan([own])[f"{name} local"]
    assert (target.runner, target.skipped) == ("se01", "")
    assert database_plan.command(target).powershell().startswith("Install-CsDatabase -Update -LocalDatabases ")


def test_the_lines_say_what_waits_and_the_commands_of_what_does_not() -> None:
    text = "\n".join(database_plan.lines(list(plan(POOL01).values()), with_commands=True))
    assert "Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn sql01.example.com -Report" in text
    assert "left alone: it also serves pool02.example.com" in text


def test_collocated_archiving_or_monitoring_stores_are_excluded_as_the_manual_says() -> None:
    target = database_plan.Target("configured", "sql01.example.com", ("user", "monitoring"), ("rtc",), ())
    assert " -ExcludeCollocatedStores " in database_plan.command(target).powershell()


def test_what_waits_remains_to_be_done_and_the_central_store_does_not() -> None:
    left = database_plan.remains(list(plan(POOL01).values()))
    assert [text.split(" still")[0] for text in left] == ["The databases of sql09.example.com"]


def test_in_a_run_over_several_pools_a_shared_store_follows_the_last_of_them() -> None:
    surveys = [*POOL01, front_end("fe11", pool="pool02")]
    in_order = ["pool02.example.com", "pool01.example.com"]
    first = plan(surveys, pool_fqdn="pool02.example.com", pool_order=in_order)
    assert list(first) == ["sql02.example.com configured"]
    last = plan(surveys, pool_fqdn="pool01.example.com", pool_order=in_order)
    assert list(last) == [
        "sql01.example.com configured",
        "sql09.example.com configured",
        "sql01.example.com central_management",
    ]
    assert last["sql09.example.com configured"].skipped == ""


def test_a_server_that_too_little_is_known_of_is_named_and_never_left_out_without_a_word() -> None:
    """A plan without it would look like one that has nothing to do."""
    unread = front_end("fe02", unread={"topology": "Access is denied."})
    del unread["stores"]
    bare = {"inventory_name": "sql01", "server": "sql01.example.com", "reachable": True, "unread": {}}
    assert database_plan.unknown(POOL01) == ""
    assert database_plan.unknown([front_end("fe01"), unread, bare]) == (
        "fe02.example.com (Access is denied); sql01.example.com (it has nothing of the product)"
    )
