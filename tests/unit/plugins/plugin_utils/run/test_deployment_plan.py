# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order a whole deployment is patched, and what speaks against it."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.run import deployment_plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.deployment_plan import Plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Finding

Facts = dict[str, Any]

OLD, NEW = "7.0.2046.396", "7.0.2046.521"
CORE = "Skype for Business Server 2019, Core Components"
POOL01, POOL02, SE01, SE02, SQL01, SQL02 = (
    f"{n}.example.com" for n in ("pool01", "pool02", "se01", "se02", "sql01", "sql02")
)
MEMBERS = {POOL01: ["fe01", "fe02", "fe03"], POOL02: ["fe11", "fe12", "fe13"], SE01: ["se01"], SE02: ["se02"]}
RUNS = {"status": "Running", "start_type": "Automatic"}


def topology(central: str) -> list[Facts]:
    entries = [
        {
            "pool": pool,
            "computers": [f"{name}.example.com" for name in names],
            "services": [f"UserServer:{pool}", f"Registrar:{pool}", f"MediationServer:{pool}"]
            + ([f"CentralManagement:{pool}"] if pool == central else []),
        }
        for pool, names in MEMBERS.items()
    ]
    others = {
        SQL01: [f"UserDatabase:{SQL01}", f"FileStore:{SQL01}"],
        "edge.example.com": ["EdgeServer:edge.example.com"],
        "director.example.com": ["Registrar:director.example.com", "WebServer:director.example.com"],
        "admin.example.com": [],
    }
    return entries + [{"pool": pool, "computers": [pool], "services": services} for pool, services in others.items()]


def store(role: str, sql: str, *pools: str) -> Facts:
    return {"role": role, "sql_server": sql, "instance": "rtc", "mirror": None, "pools": list(pools)}


STORES = [
    store("user", SQL01, POOL01),
    store("user", SQL02, POOL02),
    store("user", SE01, SE01),
    store("user", SE02, SE02),
]


def server(name: str, central: str = POOL02, version: str = OLD, **more: Any) -> Facts:
    pool = next((pool for pool, names in MEMBERS.items() if name in names), None)
    return {
        "inventory_name": name,
        "server": f"{name}.example.com",
        "reachable": True,
        "product": "sfb2019",
        "pool": pool or f"{name}.example.com",
        "edition": "standard" if name.startswith("s") else "enterprise",
        "state": "in_service",
        "services": {"RTCSRV": RUNS} if pool else {"REPLICA": RUNS},
        "components": {CORE: version},
        "mark": None,
        "stores": STORES,
        "topology": topology(central),
        **more,
    }


GROUPS = {
    "front_end": ["fe01", "fe02", "fe03", "fe11", "fe12", "fe13"],
    "standard_edition": ["se01", "se02"],
    "back_end": ["sql01"],
}
PAIRS = {SE01: SE02, SE02: SE01, POOL01: None, POOL02: None}


def backups(healthy: bool | None = True) -> list[Facts]:
    return [{"pool": p, "partner": partner, "healthy": healthy if partner else None} for p, partner in PAIRS.items()]


def everyone(central: str = POOL02, **changed: Facts) -> list[Facts]:
    return [server(name, central, **changed.get(name, {})) for names in GROUPS.values() for name in names]


def plan(surveys: list[Facts] | None = None, **settings: Any) -> Plan:
    surveys = surveys or everyone()
    return deployment_plan.make(surveys, GROUPS, backups(), {"update_version": NEW, **settings})


def order(planned: Plan) -> list[str]:
    return [step.pool for step in planned.steps]


def findings(
    surveys: list[Facts], told: list[Facts] | None = None, groups: Any = None, **settings: Any
) -> list[Finding]:
    given = {"update_version": NEW, **settings}
    told = backups() if told is None else told
    groups = groups or GROUPS
    planned = deployment_plan.make(surveys, groups, told, given)
    return deployment_plan.find(surveys, groups, told, planned, given)


def ids(found: list[Finding]) -> list[str]:
    return [f"{finding.id} {finding.level}" for finding in found]


def test_pools_come_before_back_ends_and_the_pool_with_the_central_store_is_the_last_pool() -> None:
    planned = plan()
    assert order(planned) == [SE01, SE02, POOL01, POOL02, SQL01]
    assert [step.stage for step in planned.steps] == ["standard"] * 2 + ["front_ends"] * 2 + ["back_ends"]
    assert planned.steps[3].why.startswith("last of the pools, because it holds the Central Management store")
    assert planned.as_facts()["batches"] == [3, 3]


def test_a_standard_edition_server_with_the_central_store_comes_after_the_front_end_pools() -> None:
    planned = plan(everyone(SE01))
    assert order(planned) == [SE02, POOL01, POOL02, SE01, SQL01]
    assert planned.steps[3].stage == "standard_last"


def test_where_there_are_only_standard_edition_servers_one_step_does_them_all() -> None:
    groups = {"front_end": [], "standard_edition": ["se01", "se02"], "back_end": []}
    surveys = [server("se01", SE01), server("se02", SE01)]
    planned = deployment_plan.make(surveys, groups, backups(), {"update_version": NEW})
    assert [(step.pool, step.stage) for step in planned.steps] == [(SE02, "standard"), (SE01, "standard")]


def test_the_user_s_order_counts_and_says_when_the_central_store_is_not_last() -> None:
    asked = [POOL02.upper(), POOL01, SE01]
    assert order(plan(pool_order=asked)) == [SE02, POOL02, POOL01, SE01, SQL01]
    found = findings(everyone(), pool_order=asked)
    assert ids(found) == ["central_management warning"]
    assert found[0].fact == f"it holds the Central Management store, and {POOL01}, {SE01} come after it"


def test_an_order_that_can_t_be_kept_stops_the_run() -> None:
    between = findings(everyone(), pool_order=[POOL01, SE01, POOL02])
    assert [finding.id for finding in between if finding.stops] == ["settings"]
    assert "between Front End pools" in between[0].fact
    assert "pool09" in findings(everyone(), pool_order=["pool09.example.com"])[0].fact


def test_a_pool_with_our_mark_comes_first_so_that_its_partner_is_not_taken_out_too() -> None:
    mark = {"run": "run-7", "how": "stop", "services": {}}
    marked = {"mark": mark, "state": "out_by_us"}
    assert order(plan(everyone(SE01, se01=marked)))[:2] == [SE01, SE02]
    planned = plan(everyone(fe12=marked))
    assert order(planned) == [SE01, SE02, POOL02, POOL01, SQL01]
    assert planned.steps[2].why.startswith("first, because fe12.example.com carries our mark")


def test_what_no_playbook_patches_is_listed_with_its_role() -> None:
    planned = plan()
    assert planned.not_patched == {
        "edge.example.com": "Edge",
        "director.example.com": "Director or survivable branch",
        "admin.example.com": "no role: admin tools or trusted applications",
    }
    assert planned.sql_servers == (SQL02,)
    shown = "\n".join(deployment_plan.lines(planned))
    assert "not patched by this run: edge.example.com (Edge)" in shown
    assert f"{SQL02} is in no group: its databases are updated from a Front End" in shown


def test_a_pool_that_the_inventory_has_not_is_named() -> None:
    surveys = [survey for survey in everyone() if survey["pool"] != POOL02]
    planned = plan(surveys)
    assert planned.not_in_inventory == {POOL02: ["fe11.example.com", "fe12.example.com", "fe13.example.com"]}
    assert POOL02 not in order(planned)


def test_limit_leaves_servers_out_of_the_steps_but_not_out_of_their_pool() -> None:
    planned = plan(play_hosts=["fe01", "fe02"])
    assert [step.servers for step in planned.steps] == [("fe01", "fe02")]
    assert planned.as_facts()["members"][POOL01] == ["fe01", "fe02", "fe03"]
    assert "fe03.example.com" in planned.left_out


def test_a_healthy_deployment_has_no_findings() -> None:
    assert findings(everyone()) == []


def test_a_server_that_does_not_answer_stops_the_run_unless_limit_leaves_it_out() -> None:
    silent = {"inventory_name": "sql01", "reachable": False, "trouble": "no answer", "trouble_kind": "ConnectionLost"}
    surveys = [*everyone()[:-1], silent]
    assert ids(findings(surveys)) == ["connection error"]
    assert ids(findings(surveys, play_hosts=["fe01"])) == ["connection warning"]


def test_a_pool_that_is_only_partly_in_the_inventory_is_found_before_the_first_step() -> None:
    surveys = [survey for survey in everyone() if survey["inventory_name"] != "fe02"]
    found = [finding for finding in findings(surveys) if finding.stops]
    assert [(f.id, f.server) for f in found] == [("membership", "fe02.example.com")]


def test_a_server_in_the_wrong_group_or_in_two_stops_the_run() -> None:
    groups = {"front_end": [*GROUPS["front_end"], "se01"], "standard_edition": ["se01", "se02"], "back_end": ["sql01"]}
    found = findings(everyone(), groups=groups)
    assert [(f.id, f.server, f.remedy) for f in found if f.stops] == [
        ("edition", SE01, "Put it into sfb_standard_edition_servers alone.")
    ]


def test_a_sql_server_without_the_product_belongs_to_the_back_ends() -> None:
    bare = {"product": "none", "pool": None, "edition": None, "components": None, "stores": None, "topology": None}
    surveys = everyone(sql01={**bare, "services": {}, "state": "no_product"})
    assert findings(surveys) == []
    assert order(plan(surveys))[-1] == SQL01


def test_a_pair_whose_backup_is_not_known_to_be_healthy_stops_the_run_before_it_begins() -> None:
    for healthy in (False, None):
        found = findings(everyone(), backups(healthy))
        assert [(f.id, f.server, f.stops) for f in found] == [("backup_pool", SE01, True), ("backup_pool", SE02, True)]
        assert "Get-CsBackupServiceStatus" in found[0].remedy


def test_a_pair_that_is_not_alike_because_we_took_one_of_it_out_lets_that_one_be_brought_back() -> None:
    surveys = everyone(se02={"mark": {"run": "1"}, "state": "out_by_us"})
    found = findings(surveys, backups(False))
    assert [(f.id, f.server, f.level) for f in found] == [("backup_pool", pool, "warning") for pool in (SE02, SE01)]
    assert all(SE02 in f.remedy for f in found)
    assert order(plan(surveys))[0] == SE02


def test_whether_a_pool_is_paired_has_to_be_known() -> None:
    told = [{"pool": SE01, "msg": "access denied"}, *backups()[1:]]
    found = findings(everyone(), told)
    assert [(f.id, f.server) for f in found] == [("backup_pool", SE01)]
    assert "access denied" in found[0].fact
    assert not any(finding.stops for finding in findings(everyone(), told, accepted_findings=[f"backup_pool@{SE01}"]))
