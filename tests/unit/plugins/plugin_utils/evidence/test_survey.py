# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of one server: where it belongs, what was left half done on it, and what could not be read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, NotUsable
from ansible_collections.sfb.server.plugins.plugin_utils.steps import update
from ansible_collections.sfb.server.plugins.plugin_utils.steps.update import Update
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    EDGE,
    INSTALLER,
    MEMBERS,
    POOL,
    SERVER,
    FakeServer,
    answers,
    computers,
    installs,
    refuses,
)

EXE = "SkypeServerUpdateInstaller.exe"


def read(server: FakeServer) -> dict[str, Any]:
    return survey.read(server.shell().read(survey.calls()))


def own_state(server: FakeServer) -> dict[str, Any]:
    return survey.read_own_state(server.shell().read(survey.own_state_calls()))


def topology(server: FakeServer) -> dict[str, Any]:
    return survey.read_topology(server.shell().read(survey.topology_calls()))


def test_of_a_healthy_server_everything_is_read_in_one_execution() -> None:
    server = FakeServer()
    facts = read(server)
    assert facts["unread"] == {}
    assert (facts["server"], facts["state"], facts["pool"]) == (SERVER, "in_service", POOL)
    assert len({time for time, _call, _detached in server.sent}) == 1
    assert server.changes == []


# ---- the topology ----------------------------------------------------------------------------------------------------


def listed(server: FakeServer, *rows: dict[str, Any]) -> None:
    """All computers of the topology; which one this server is stays as it was."""
    server.answers["Get-CsComputer"] = lambda fake, given: computers(SERVER) if given.get("Local") else list(rows)


def test_a_pool_has_its_computers_in_the_order_in_which_the_quorum_counts_them() -> None:
    server = FakeServer()
    listed(server, *computers("fe03.example.com"), *computers(EDGE, pool=EDGE), *computers(SERVER, "fe01.example.com"))
    facts = topology(server)
    assert facts["computers"] == ["fe03.example.com", SERVER, "fe01.example.com"]
    assert {pool["pool"]: pool["computers"] for pool in facts["topology"]} == {POOL: facts["computers"], EDGE: [EDGE]}


def test_names_of_the_topology_ignore_case() -> None:
    server = FakeServer()
    listed(server, *computers(*(name.upper() for name in MEMBERS), pool=POOL.upper()))
    assert topology(server)["computers"] == MEMBERS


def test_a_pool_without_computers_is_listed_as_empty_and_a_computer_without_a_pool_belongs_to_none() -> None:
    server = FakeServer()
    listed(server, *computers(*MEMBERS), {"Identity": "x", "Fqdn": "lost.example.com"})
    assert {pool["pool"]: pool["computers"] for pool in topology(server)["topology"]} == {POOL: MEMBERS, EDGE: []}


def test_the_stores_of_the_topology_and_the_sites_of_its_pools_cost_no_execution_more() -> None:
    server = FakeServer()
    user = {"Identity": f"UserServer:{POOL}", "PoolFqdn": POOL, "UserDatabase": "UserDatabase:sql01.example.com"}
    store = {"Identity": "UserDatabase:sql01.example.com", "PoolFqdn": "sql01.example.com", "SqlInstanceName": "rtc"}
    server.answers["Get-CsService"] = answers(user, {**store, "DependentServiceList": [f"UserServer:{POOL}"]})
    facts = read(server)
    assert len({time for time, _call, _detached in server.sent}) == 1
    assert (facts["user_database"], [pool["site"] for pool in facts["topology"]]) == (
        "sql01.example.com",
        ["Site:Site1", None],
    )
    assert facts["stores"] == [
        {
            "role": "user",
            "sql_server": "sql01.example.com",
            "instance": "rtc",
            "mirror": None,
            "mirror_instance": "",
            "pools": [POOL],
        }
    ]


def test_computers_that_could_not_be_listed_leave_the_topology_unread() -> None:
    server = FakeServer()

    def reply(fake: FakeServer, given: dict[str, Any]) -> Any:
        return computers(SERVER) if given.get("Local") else refuses("Access is denied")(fake, given)

    server.answers["Get-CsComputer"] = reply
    with pytest.raises(CallFailed, match="Access is denied"):
        topology(server)
    facts = read(server)
    assert "Access is denied" in facts["unread"]["topology"]
    assert "computers" not in facts


# ---- an install that did not end well --------------------------------------------------------------------------------


def after_install(code: int, marked: bool = True) -> FakeServer:
    """A drained server on which an earlier run's installer ended with this code."""
    server = FakeServer()
    server.take_out()
    if marked:
        server.mark()
    server.answers[EXE] = installs(code)
    server.begin_work("install", *update.install_calls(Update(INSTALLER, "6.0.9319.628")).values())
    server.clock.sleep(120)
    server.shell().read(survey.own_state_calls())
    return server


@pytest.mark.parametrize(
    ("code", "incomplete", "restart"),
    [
        (0, False, False),
        (2, False, True),
        (3010, False, True),
        (1641, False, False),
        (1618, False, False),
        (1603, True, False),
        (-2147023293, True, False),
    ],
)
def test_the_exit_code_of_the_last_install_says_what_it_left_undone(code: int, incomplete: bool, restart: bool) -> None:
    facts = own_state(after_install(code))
    assert (facts["install_incomplete"], facts["restart_due"]) == (incomplete, restart)


def test_without_a_mark_an_old_failure_says_nothing_of_the_server_now() -> None:
    assert own_state(after_install(1603, marked=False))["install_incomplete"] is False


def test_a_restart_after_the_install_is_no_longer_due() -> None:
    server = after_install(3010)
    server.goes_down(4)
    server.clock.sleep(5 * 60)
    assert own_state(server)["restart_due"] is False


def test_a_restart_before_the_install_ended_does_not_count() -> None:
    server = FakeServer()
    server.goes_down(4)
    server.clock.sleep(5 * 60)
    server.answers[EXE] = installs(3010)
    server.begin_work("install", *update.install_calls(Update(INSTALLER, "6.0.9319.628")).values())
    server.clock.sleep(120)
    assert own_state(server)["restart_due"] is True


def test_an_install_that_was_cut_off_is_incomplete_and_one_that_runs_is_not() -> None:
    server = FakeServer()
    server.take_out()
    server.mark()
    server.minutes[EXE] = 30
    server.begin_work("install", *update.install_calls(Update(INSTALLER, "6.0.9319.628")).values())
    running = own_state(server)
    assert (running["works"]["install"], running["install_incomplete"]) == ("running", False)
    server.vanish()
    cut = own_state(server)
    assert (cut["works"]["install"], cut["install_incomplete"], cut["restart_due"]) == ("interrupted", True, False)


def test_a_server_that_never_had_an_install_lacks_nothing() -> None:
    server = FakeServer()
    server.mark()
    facts = own_state(server)
    assert (facts["install_incomplete"], facts["restart_due"]) == (False, False)


def test_half_a_claim_makes_a_server_neither_draining_nor_unknown() -> None:
    server = FakeServer()
    server.files["C:\\ProgramData\\sfb.server\\fail_over.json"] = "{"
    facts = own_state(server)
    assert (facts["works"]["fail_over"], facts["state"]) == ("unreadable", "in_service")


# ---- windows and events ----------------------------------------------------------------------------------------------


def test_a_window_belongs_to_a_person_when_its_session_is_not_the_one_of_services() -> None:
    server = FakeServer()
    ours = {"Id": 4000, "Name": "powershell", "UserName": "LAB\\admin", "SessionId": 0}
    anna = {"Id": 7, "Name": "powershell", "UserName": "LAB\\anna", "SessionId": 2}
    untold = {"Id": 8, "Name": "AdminUIHost", "UserName": "LAB\\eve"}
    server.answers["Get-Process"] = answers(ours, anna, untold)
    assert read(server)["open_windows"] == [anna]


def test_that_nobody_has_a_window_open_is_no_trouble_but_a_refusal_is() -> None:
    server = FakeServer()
    server.answers["Get-Process"] = refuses("The 'IncludeUserName' parameter requires elevated user rights")
    facts = read(server)
    assert "open_windows" not in facts and "elevated" in facts["unread"]["open_windows"]


def test_an_event_log_without_errors_is_empty_and_one_that_cannot_be_read_is_unread() -> None:
    server = FakeServer()
    assert read(server)["errors_24h"] == {}
    event = {"ProviderName": "LS User Services", "Id": 30988}
    server.answers["Get-WinEvent"] = answers(event, event, {"ProviderName": "LS Routing", "Id": 1})
    assert read(server)["errors_24h"] == {"LS User Services 30988": 2, "LS Routing 1": 1}
    server.answers["Get-WinEvent"] = refuses("Attempted to perform an unauthorized operation")
    facts = read(server)
    assert "errors_24h" not in facts and "unauthorized" in facts["unread"]["errors_24h"]


# ---- the product -----------------------------------------------------------------------------------------------------

OF_THE_PRODUCT = ("pool", "computers", "edition", "topology", "components", "certificates", "user_databases")


def without_product(*services: str) -> FakeServer:
    server = FakeServer()
    server.module = None
    server.services = dict.fromkeys(services, ("Running", "Auto"))
    return server


@pytest.mark.parametrize("services", [(), ("W3SVC", "MSSQLSERVER")])
def test_a_server_with_sql_server_alone_has_no_product_and_nothing_of_it_is_missed(services: tuple[str, ...]) -> None:
    facts = survey.read(without_product(*services).shell().read(survey.calls(), without_product=True))
    assert (facts["product"], facts["state"], facts["unread"]) == ("none", "no_product", {})
    assert [name for name in OF_THE_PRODUCT if name in facts] == []
    assert facts["disks"] and facts["administrator"]


def test_a_front_end_whose_module_does_not_load_is_not_taken_for_a_sql_server() -> None:
    answer = without_product("RTCSRV", "W3SVC").shell().read(survey.calls(), without_product=True)
    with pytest.raises(NotUsable, match="neither the module SkypeForBusiness nor Lync"):
        survey.read(answer)


def test_whoever_does_not_ask_for_it_is_told_that_there_is_no_product() -> None:
    with pytest.raises(NotUsable, match="neither the module SkypeForBusiness nor Lync"):
        topology(without_product())


def test_a_back_end_server_is_no_front_end_and_needs_no_local_databases() -> None:
    server = FakeServer()
    for name in ("RTCSRV", "MSSQL$RTCLOCAL", "MSSQL$LYNCLOCAL"):
        del server.services[name]
    server.answers["sqlcmd.exe"] = refuses("there is no such instance")
    facts = read(server)
    assert (facts["state"], facts["state_reasons"], facts["unread"]) == ("no_front_end", [], {})
    assert facts["local_databases"] == {}
    server.services["REPLICA"] = ("Stopped", "Auto")
    assert read(server)["state_reasons"] == ["REPLICA is Stopped (start type Automatic)"]


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed.", "lync2013"),
        ("Skype for Business Server 2015 (6.0.9319.0)", "sfb2015"),
        ("Skype for Business Server 2019 \uff087.0.2046.0\uff09\uff1a\u5df2\u5b89\u88c5", "sfb2019"),
        ("Skype for Business Server Subscription Edition (7.0.2246.0)", "sfb2019"),
        ("What comes after it (8.1.100.0)", "sfb2019"),
        ("Microsoft Lync Server 2010 (4.0.7577.0)", "unknown"),
        ("no version at all", "unknown"),
    ],
)
def test_the_product_is_found_by_its_version_in_every_language(text: str, product: str) -> None:
    server = FakeServer()
    server.answers["Get-CsServerVersion"] = answers(text)
    assert read(server)["product"] == product


def test_a_server_without_any_version_of_core_components_has_its_components_unread() -> None:
    server = FakeServer()
    server.components = {"Front End Server": "6.0.9319.534"}
    facts = read(server)
    assert "No Core Components is listed" in facts["unread"]["components"] and "components" not in facts


@pytest.mark.parametrize("how", ["fail_over", "stop"])
def test_a_server_is_down_when_its_services_are_as_its_mark_says(how: Any) -> None:
    server = FakeServer()
    server.stop()
    assert own_state(server)["down"] is False
    server.mark(how=how)
    assert own_state(server)["down"] is (how == "stop")
