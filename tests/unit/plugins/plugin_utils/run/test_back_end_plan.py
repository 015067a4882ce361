# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The eleven steps: which of them apply to a server, what speaks against them, and what users will feel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run import back_end_findings, back_end_plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Finding

Facts = dict[str, Any]

OLD, NEW = "7.0.2046.396", "7.0.2046.521"
CORE = "Skype for Business Server 2019, Core Components"
SQL, POOL, SE = "sql01.example.com", "pool01.example.com", "se01.example.com"
SETTINGS: Facts = {
    "update_version": NEW,
    "update_source": "https://updates.example.com/SkypeServerUpdateInstaller.exe",
    "update_sha256": "ab" * 32,
    "reboot": "if_needed",
    "backup_confirmed": True,
}


def store(role: str = "user", sql: str = SQL, pool: str = POOL, mirror: str | None = None) -> Facts:
    return {"role": role, "sql_server": sql, "instance": "rtc", "mirror": mirror, "pools": [pool]}


def survey(server: str, version: str = OLD, **more: Any) -> Facts:
    """As server_survey tells it of a server that nothing speaks against."""
    running = {"status": "Running", "start_type": "Automatic"}
    return {
        "inventory_name": server.partition(".")[0],
        "server": server,
        "reachable": True,
        "product": "sfb2019",
        "components": {CORE: version},
        "stores": [store()],
        "topology": [{"pool": POOL, "computers": ["fe01.example.com", "fe02.example.com"]}],
        "services": {"REPLICA": running, "W3SVC": running, "RTCMEDSRV": {"status": "Stopped", "start_type": "Manual"}},
        "state": "no_front_end",
        "state_reasons": [],
        "works": {},
        "instances": {},
        "unread": {},
        "mark": None,
        "administrator": True,
        "server_admin": True,
        "install_incomplete": False,
        **more,
    }


def front_end(name: str, version: str = NEW, **more: Any) -> Facts:
    return survey(f"{name}.example.com", version, pool=POOL, edition="enterprise", state="in_service", **more)


FRONT_ENDS = (front_end("fe01"), front_end("fe02"))
HEALTHY: Facts = {"health": "healthy", "missing_replicas": False, "evidence": []}
POOLS = ({"pool": POOL, "registrar": {"unavailable_minutes": 30.0}, "health": HEALTHY, "witness": "fe01"},)
STANDARD = survey(SE, pool=SE, edition="standard", state="in_service", stores=[store(sql=SE, pool=SE)])
STANDARD["services"] = {**STANDARD["services"], "RTCSRV": {"status": "Running", "start_type": "Automatic"}}


def plan(own: Facts, kind: back_end_plan.Kind = "back_end", **settings: Any) -> back_end_plan.Server:
    pools = POOLS if kind == "back_end" else ()
    return back_end_plan.make(kind, [own], FRONT_ENDS, pools, {**SETTINGS, **settings}).patch[0]


def names(server: back_end_plan.Server) -> list[str]:
    return [step.name.split()[0] for step in server.steps]


def find(
    own: Facts,
    kind: back_end_plan.Kind = "back_end",
    front_ends: Sequence[Facts] = FRONT_ENDS,
    pools: Sequence[Facts] = POOLS,
    **settings: Any,
) -> list[Finding]:
    given = {**SETTINGS, **settings}
    planned = back_end_plan.make(kind, [own], front_ends, pools, given)
    return back_end_findings.find(kind, [own], front_ends, pools, planned, given, 0)


def only(found: list[Finding], identifier: str) -> Finding:
    assert [finding.id for finding in found] == [identifier]
    return found[0]


def test_a_back_end_without_the_update_gets_the_eleven_steps_in_the_manual_s_order() -> None:
    server = plan(survey(SQL))
    assert names(server) == ["6", "4", "7", "restart", "9", "10", "11", "start"]
    text = "\n".join(command for step in server.steps for command in step.commands)
    for line in (
        f"Stop-CsWindowsService -ComputerName {SQL} ",
        "Stop-Service -Name W3SVC",
        "SkypeServerUpdateInstaller.exe /silentmode",
        f"Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn {SQL} ",
    ):
        assert line in text
    assert (server.witness, server.limit_minutes, server.install) == ("fe01", 30.0, True)


def test_collocated_stores_are_left_out_of_step_eleven() -> None:
    own = survey(SQL, stores=[store(), store("monitoring")])
    assert " -ExcludeCollocatedStores " in plan(own).steps[-2].commands[0]


def test_a_server_with_the_update_is_not_stopped_and_only_its_databases_are_looked_at() -> None:
    server = plan(survey(SQL, NEW))
    assert (server.install, names(server)) == (False, ["11"])
    assert "has the update" in server.left_out[0].when


def test_sql_server_alone_has_nothing_to_install_and_a_front_end_updates_its_databases() -> None:
    bare = survey(SQL, product="none", state="no_product")
    del bare["components"], bare["stores"]
    server = plan(bare)
    assert (server.install, server.runner, names(server)) == (False, "fe01", ["11"])
    assert plan(bare, database_runner="FE02.example.com").runner == "fe02"
    assert find(bare) == []
    nobody = only(find(bare, database_runner="fe99"), "runner")
    assert (nobody.stops, "sfb_database_runner is fe99" in nobody.fact) == (True, True)


def test_step_eleven_is_for_the_name_under_which_a_server_has_stores_of_its_own() -> None:
    archive = "sql02.example.com"
    for beside in (store(mirror=archive), store(sql="ag01.example.com")):
        own = survey(archive, stores=[beside, store("monitoring", archive)])
        assert plan(own, sql_availability_group="ag01.example.com").sql_server == archive
        assert (
            " -ExcludeCollocatedStores "
            not in plan(own, sql_availability_group="ag01.example.com").steps[-2].commands[0]
        )


def test_a_front_end_of_which_no_topology_was_read_is_named_with_its_remedy() -> None:
    unread = front_end("fe02", unread={"topology": "access denied"})
    for part in ("pool", "stores", "topology"):
        del unread[part]
    found = find(survey(SQL), front_ends=[front_end("fe01"), unread])
    assert [(f.id, f.server, f.stops) for f in found] == [("unread_topology", "fe02.example.com", True)]


def test_a_standard_edition_server_without_a_second_hop_is_not_taken_for_another_kind() -> None:
    own = {**STANDARD, "pool": None, "edition": None, "stores": None, "unread": {"topology": "access denied"}}
    found = find(own, "standard_edition", pools=())
    assert [(f.id, f.stops) for f in found if f.level == "error"] == [("unread_topology", True)]


def test_a_server_that_an_earlier_run_stopped_goes_through_the_steps_again_and_comes_first() -> None:
    mark = {"services": {"REPLICA": {"status": "Running", "start_type": "Automatic"}}}
    stopped = survey("sql02.example.com", NEW, mark=mark, stores=[store(sql="sql02.example.com")])
    planned = back_end_plan.make("back_end", [survey(SQL), stopped], FRONT_ENDS, POOLS, SETTINGS)
    assert [server.name for server in planned.patch] == ["sql02", "sql01"]
    assert (planned.patch[0].install, planned.patch[0].left_out[0].name) == (True, "7 install the update")


def test_a_standard_edition_server_updates_its_own_databases_and_nobody_watches_it() -> None:
    server = plan(STANDARD, "standard_edition")
    assert (server.scope, server.witness) == ("local", "")
    assert "Install-CsDatabase -Update -LocalDatabases " in server.steps[-2].commands[0]


def test_the_central_management_store_is_known_by_its_instance() -> None:
    assert plan(survey(SQL)).central_instance is None
    assert plan(survey(SQL, stores=[store(), store("central_management")])).central_instance == "rtc"


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert find(survey(SQL)) == []


@pytest.mark.parametrize(
    ("kind", "own", "playbook"),
    [
        ("back_end", STANDARD, "patch_standard_edition_server.yml"),
        ("standard_edition", survey(SQL, pool=SQL, edition="other"), "patch_backend_server.yml"),
    ],
)
def test_a_server_of_another_kind_is_shown_the_way_to_its_own_playbook(
    kind: back_end_plan.Kind, own: Facts, playbook: str
) -> None:
    pools = POOLS if kind == "back_end" else ()
    wrong = next(finding for finding in find(own, kind, pools=pools) if finding.id == "edition")
    assert (wrong.stops, playbook in wrong.remedy) == (True, True)


def test_a_server_without_a_database_of_the_topology_is_the_wrong_one() -> None:
    assert "no_store" in [finding.id for finding in find(survey("sql07.example.com"))]


def test_a_front_end_without_the_update_comes_first_and_nobody_can_accept_that_away() -> None:
    found = find(
        survey(SQL), front_ends=[front_end("fe01"), front_end("fe02", OLD)], accepted_findings=["front_ends_first"]
    )
    assert (only(found, "front_ends_first").server, found[0].stops) == ("fe02.example.com", True)


def test_a_front_end_that_was_not_looked_at_may_lack_the_update() -> None:
    assert only(find(survey(SQL), front_ends=[front_end("fe01")]), "front_ends_first").server == "fe02.example.com"


def test_a_pool_with_a_server_out_is_not_asked_and_its_back_end_is_not_stopped() -> None:
    found = find(survey(SQL), pools=[{**POOLS[0], "health": {"skipped": True}}])
    assert only(found, "pool_not_asked").stops


def test_a_back_end_that_only_gets_its_databases_updated_needs_no_healthy_pool() -> None:
    assert find(survey(SQL, NEW), pools=[{**POOLS[0], "health": {"skipped": True}}]) == []


@pytest.mark.parametrize(
    ("own_limit", "of_pool", "expected"),
    [(None, 30.0, []), (10, 30.0, ["away_too_long"]), (None, 5.0, ["away"]), (40, 30.0, ["away"])],
)
def test_an_estimate_only_warns_and_the_user_s_own_limit_refuses(
    own_limit: float | None, of_pool: float, expected: list[str]
) -> None:
    pools = [{**POOLS[0], "registrar": {"unavailable_minutes": of_pool}}]
    found = find(survey(SQL), pools=pools, max_minutes_away=own_limit)
    assert [finding.id for finding in found] == expected
    assert [finding.stops for finding in found] == [name == "away_too_long" for name in expected]


def test_without_a_restart_the_back_end_is_never_away() -> None:
    assert find(survey(SQL), max_minutes_away=10, reboot="never") == []


def test_mirrored_databases_stop_before_anything_is_stopped() -> None:
    own = survey(SQL, stores=[store(mirror="sql02.example.com")])
    assert only(find(own), "mirrored").stops
    assert find(own, update_mirrored_databases=True) == []


def test_users_of_a_standard_edition_server_are_out_and_their_backup_pool_is_named() -> None:
    alone = only(find(STANDARD, "standard_edition", [], []), "users_out")
    assert (alone.stops, "it has no backup pool" in alone.fact) == (False, True)
    paired = find(STANDARD, "standard_edition", [], [{"pool": SE, "backup": {"partner": "se02.example.com"}}])
    assert "its backup pool is se02.example.com" in only(paired, "users_out").fact


def test_a_server_that_does_not_answer_is_named_with_what_to_look_at() -> None:
    lost = {
        "inventory_name": "sql01",
        "reachable": False,
        "trouble": "sql01: no answer",
        "trouble_kind": "ConnectionLost",
    }
    assert "connection" in [finding.id for finding in find(lost)]


def test_the_lines_show_what_is_left_out_with_its_reason() -> None:
    planned = back_end_plan.make("back_end", [survey(SQL, NEW)], FRONT_ENDS, POOLS, SETTINGS)
    text = "\n".join(back_end_plan.lines(planned))
    assert "left out: 4 to 10: stop, install, stop again (it has the update)" in text
