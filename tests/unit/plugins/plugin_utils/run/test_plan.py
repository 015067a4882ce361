# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers are patched, in which order, with which commands, and how an administrator reads it."""

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run import plan, plan_text
from ansible_collections.sfb.server.plugins.plugin_utils.run.findings import Finding
from ansible_collections.sfb.server.plugins.plugin_utils.run.plan import Plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.window import Limits
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import INSTALLER, POOL, SHA256, START

Facts = dict[str, Any]

OLD, NEW = "6.0.9319.534", "6.0.9319.628"
SETTINGS: Facts = {
    "update_version": NEW,
    "update_source": "https://files.example.com/SkypeServerUpdateInstaller.exe?token=1",
    "update_sha256": SHA256,
    "drain_timeout_minutes": 60,
    "on_drain_timeout": "fail",
    "start_timeout_minutes": 60,
    "reboot": "if_needed",
}


SERVICES: Facts = {
    "RTCSRV": {"status": "Running", "start_type": "Automatic"},
    "RTCCPS": {"status": "Stopped", "start_type": "Disabled"},
}


def server(number: int, version: str = OLD, **more: Any) -> Facts:
    return {
        "inventory_name": f"fe{number:02}",
        "server": f"fe{number:02}.example.com",
        "reachable": True,
        "product": "sfb2015",
        "pool": POOL,
        "computers": [f"fe{n:02}.example.com" for n in range(1, 5)],
        "components": {"Core Components": version},
        "state": "in_service",
        "mark": None,
        "down": False,
        "services": SERVICES,
        "pending_restart": [],
        **more,
    }


OUT: Facts = {"mark": {"run": "run-7", "services": SERVICES, "how": "fail_over"}, "state": "out_by_us", "down": True}


def make(surveys: list[Facts], master: str | None = None, **settings: Any) -> Plan:
    return plan.make(surveys, {"central_management_master": master}, {**SETTINGS, **settings})


def order(made: Plan) -> list[str]:
    return [entry.name for entry in made.patch]


# ---- the order -------------------------------------------------------------------------------------------------------

FOUR = [server(n) for n in (1, 2, 3, 4)]
MASTER = "fe01.example.com"


@pytest.mark.parametrize(
    ("surveys", "settings", "expected"),
    [
        pytest.param(FOUR[::-1], {}, "fe01 fe02 fe03 fe04", id="as the topology lists them"),
        pytest.param(FOUR, {"master": MASTER}, "fe02 fe03 fe04 fe01", id="the Central Management master last"),
        pytest.param(FOUR, {"server_order": ["fe03", "fe02"]}, "fe03 fe02 fe01 fe04", id="the user's order first"),
        pytest.param(FOUR, {"server_order": ["FE04.example.com"]}, "fe04 fe01 fe02 fe03", id="named by FQDN"),
        pytest.param(FOUR, {"server_order": ["fe09", "fe02"]}, "fe02 fe01 fe03 fe04", id="a name that nobody has"),
        pytest.param(
            FOUR,
            {"server_order": ["fe03", "fe01"], "master": MASTER},
            "fe03 fe01 fe02 fe04",
            id="the user's order before the master's",
        ),
        pytest.param(
            [*FOUR[:2], server(3, **OUT), FOUR[3]],
            {"server_order": ["fe02"], "master": MASTER},
            "fe03 fe02 fe04 fe01",
            id="a marked server before all others",
        ),
        pytest.param(
            [server(1, **OUT), *FOUR[1:]], {"master": MASTER}, "fe01 fe02 fe03 fe04", id="also when it is the master"
        ),
        pytest.param(
            [*FOUR[:3], server(4, state="out_by_others")], {}, "fe04 fe01 fe02 fe03", id="one that is adopted first"
        ),
    ],
)
def test_mark_first_then_the_users_order_then_the_topologys_and_the_master_last(
    surveys: list[Facts], settings: Facts, expected: str
) -> None:
    given = dict(settings)
    assert order(make(surveys, given.pop("master", None), **given)) == expected.split()


# ---- who is in it ----------------------------------------------------------------------------------------------------


def test_servers_that_have_the_update_are_done_and_in_no_plan() -> None:
    made = make([server(1, NEW), server(2), server(3, "6.0.9319.700"), server(4, NEW)])
    assert (order(made), made.done) == (["fe02"], ("fe01.example.com", "fe03.example.com", "fe04.example.com"))
    assert not made.all_done


def test_a_pool_in_which_all_have_the_update_is_all_done() -> None:
    made = make([server(n, NEW) for n in (1, 2, 3, 4)])
    assert made.all_done and made.patch == () and made.expected_minutes == 0


def test_a_server_that_has_the_update_but_is_still_out_has_to_come_back() -> None:
    made = make([server(1, NEW), server(2, NEW, **OUT)])
    assert order(made) == ["fe02"]
    entry = made.patch[0]
    assert entry.has_update and entry.marked
    assert [step.name for step in entry.steps] == [RENAME, "fail back", GATE]


def test_a_server_whose_last_install_failed_is_not_done_whatever_core_components_says() -> None:
    made = make([server(1, NEW), server(2, NEW, **OUT, install_incomplete=True)])
    (entry,) = made.patch
    assert (entry.name, entry.has_update, made.all_done) == ("fe02", False, False)
    assert "install" in [step.name for step in entry.steps]
    assert make([server(1, NEW), server(2, NEW, install_incomplete=True)]).all_done is False


def test_a_restart_that_the_last_install_asked_for_is_made_before_the_server_comes_back() -> None:
    (entry,) = make([server(1, NEW), server(2, NEW, **OUT, restart_due=True)]).patch
    assert (entry.has_update, entry.pending_restart) == (True, True)
    names = [step.name for step in entry.steps]
    assert names[-3:] == ["restart", "fail back", GATE]
    (entry,) = make([server(2, NEW, **OUT, restart_due=True)], reboot="never").patch
    assert "restart" not in [step.name for step in entry.steps]


def test_limit_leaves_servers_out_and_says_so() -> None:
    made = make(FOUR, play_hosts=["fe02"])
    assert order(made) == ["fe02"]
    assert made.left_out == ("fe01.example.com", "fe03.example.com", "fe04.example.com")
    assert not make([server(1), server(2, NEW)], play_hosts=["fe02"]).all_done


def test_servers_that_could_not_be_read_are_no_part_of_a_plan() -> None:
    unreached = {"inventory_name": "fe02", "reachable": False}
    unread = {**server(3), "components": {}}
    assert order(make([server(1), unreached, unread])) == ["fe01"]
    assert make([unreached], pool_fqdn="pool09.example.com") == Plan("pool09.example.com")


def test_servers_of_another_pool_are_no_part_of_a_plan() -> None:
    surveys = [server(1), server(2, pool="pool02.example.com")]
    assert order(make(surveys)) == ["fe01"]
    assert order(make(surveys, pool_fqdn="Pool02.example.com")) == ["fe02"]
    assert make(surveys, pool_fqdn="pool09.example.com") == Plan("pool09.example.com")


def test_only_a_server_that_somebody_else_took_out_is_taken_over() -> None:
    surveys = [server(1), server(2, state="out_by_others", down=True)]
    made = make(surveys, adopt_out_of_service=True)
    assert [(entry.name, entry.adopted) for entry in made.patch] == [("fe02", True), ("fe01", False)]
    assert "taken over" in made.patch[0].why
    assert [step.name for step in made.patch[0].steps] == ["take over", "install", "restart", "fail back", GATE]
    assert not any(entry.adopted for entry in make(surveys).patch)


def test_what_ran_before_is_kept_for_the_gate() -> None:
    assert make([server(1)]).ran_before == {"fe01.example.com": ["RTCSRV"]}


# ---- the steps -------------------------------------------------------------------------------------------------------

GATE = "gate, asked on another Front End"
RENAME = "take over from the earlier run"


@pytest.mark.parametrize(
    ("survey", "settings", "expected"),
    [
        (server(1), {}, [GATE, "drain", "install", "restart", "fail back", GATE]),
        (server(1), {"reboot": "never"}, [GATE, "drain", "install", "fail back", GATE]),
        (
            server(1, pending_restart=["x"]),
            {},
            [GATE, "drain", "restart", "install", "restart", "fail back", GATE],
        ),
        (server(1, pending_restart=["x"]), {"reboot": "never"}, [GATE, "drain", "install", "fail back", GATE]),
        (server(1, **OUT), {}, [RENAME, "install", "restart", "fail back", GATE]),
        (server(1, NEW, **OUT), {}, [RENAME, "fail back", GATE]),
        (server(1, NEW, **{**OUT, "down": False}), {}, [RENAME, "fail back", GATE]),
        (server(1, NEW, **{**OUT, "pending_restart": ["x"]}), {}, [RENAME, "restart", "fail back", GATE]),
        (
            server(1, **{**OUT, "down": False}),
            {},
            [RENAME, "fail back", GATE, "drain", "install", "restart", "fail back", GATE],
        ),
        (
            server(1, **{**OUT, "down": False, "works": {"fail_over": "running"}}),
            {},
            [RENAME, "drain", "install", "restart", "fail back", GATE],
        ),
    ],
)
def test_each_server_has_the_steps_that_it_needs(survey: Facts, settings: Facts, expected: list[str]) -> None:
    assert [step.name for step in make([survey], **settings).patch[0].steps] == expected


def commands(made: Plan, name: str) -> list[str]:
    return [command for step in made.patch[0].steps if step.name == name for command in step.commands]


def test_the_commands_are_those_that_a_run_executes() -> None:
    made = make(FOUR)
    assert commands(made, "drain")[-1] == (
        "Invoke-CsComputerFailOver -ComputerName fe01.example.com -WaitTime 0.01:00:00 "
        "-Report C:\\ProgramData\\sfb.server\\reports\\fail_over.html -Confirm:$false"
    )
    assert commands(made, "fail back")[0].startswith("Invoke-CsComputerFailBack -ComputerName fe01.example.com")
    assert commands(made, "fail back")[-1] == "Remove-Item -LiteralPath C:\\ProgramData\\sfb.server\\mark.json"
    assert commands(made, "install") == [
        f"Get-AuthenticodeSignature -LiteralPath {INSTALLER}",
        f"Get-FileHash -LiteralPath {INSTALLER} -Algorithm SHA256",
        f"& {INSTALLER} /silentmode",
    ]
    assert any(line == f"Get-CsPoolFabricState -PoolFqdn {POOL}" for line in commands(made, GATE))


def test_cutting_after_the_drain_time_shows_in_the_command() -> None:
    line = commands(make(FOUR, on_drain_timeout="cut"), "drain")[-1]
    assert "-WaitTime 0.01:30:00 -DrainingTimeout 0.01:00:00" in line


# ---- Lync Server 2013 and other ways ---------------------------------------------------------------------------------


def lync(number: int, **more: Any) -> Facts:
    return server(number, "5.0.8308.291", product="lync2013", **more)


LYNC: Facts = {"update_version": "5.0.8308.965", "update_source": "\\\\files\\lync\\LyncServerUpdateInstaller.exe"}


def by_domain(*domains: list[str], master: str | None = None, **settings: Any) -> Plan:
    told = [{"name": f"UD{n}", "ready": True, "front_ends": names} for n, names in enumerate(domains, 1)]
    health = {"central_management_master": master, "upgrade_domains": told}
    return plan.make([lync(n) for n in (1, 2, 3, 4)], health, {**SETTINGS, **LYNC, **settings})


def test_lync_is_patched_one_upgrade_domain_after_the_other() -> None:
    made = by_domain(["fe01.example.com", "fe03.example.com"], ["fe02", "fe04"])
    assert order(made) == ["fe01", "fe03", "fe02", "fe04"]
    assert [entry.why.rpartition("; ")[2] for entry in made.patch] == [f"upgrade domain UD{n}" for n in (1, 1, 2, 2)]


def test_the_masters_domain_comes_last_and_in_it_the_master() -> None:
    made = by_domain(["fe01.example.com", "fe03.example.com"], ["fe02.example.com", "fe04.example.com"], master=MASTER)
    assert order(made) == ["fe02", "fe04", "fe03", "fe01"]


def test_the_users_order_comes_before_the_domains_and_unknown_domains_leave_the_topologys() -> None:
    assert order(by_domain(["fe01", "fe02"], ["fe03", "fe04"], server_order=["fe04"])) == [
        "fe04",
        "fe01",
        "fe02",
        "fe03",
    ]
    assert order(by_domain()) == ["fe01", "fe02", "fe03", "fe04"]


def test_lyncs_commands_are_the_graceful_stop_and_the_start_and_its_own_installer() -> None:
    made = by_domain(["fe01"], ["fe02"], ["fe03"], ["fe04"])
    assert [step.name for step in made.patch[0].steps] == [GATE, "drain", "install", "restart", "start", GATE]
    assert commands(made, "drain")[-1].startswith("Stop-CsWindowsService -ComputerName fe01.example.com -Graceful")
    assert commands(made, "start")[0].startswith("Start-CsWindowsService -ComputerName fe01.example.com")
    assert commands(made, "install")[-1].endswith("5.0.8308.965\\LyncServerUpdateInstaller.exe /silentmode")
    assert "Computer" + "FailOver" not in text(made, with_commands=True)
    assert "upgrade domain UD1" in text(made)


def test_the_expected_time_of_lync_has_the_20_minutes_between_domains() -> None:
    assert by_domain().expected_minutes == make(FOUR).expected_minutes + 4 * 15


def test_what_is_cut_after_the_drain_time_and_stopped_again_after_a_restart_is_shown() -> None:
    made = make([lync(1, pending_restart=["x"])], **LYNC, on_drain_timeout="cut")
    names = [step.name for step in made.patch[0].steps]
    assert names == [GATE, "drain", "cut what is left", "restart", "stop again", "install", "restart", "start", GATE]
    (cut,) = commands(made, "cut what is left")
    assert cut.startswith("Stop-CsWindowsService -ComputerName fe01.example.com -Report")


def test_a_stopped_server_of_ours_that_waits_for_nothing_only_has_to_be_started() -> None:
    mark = {"run": "run-7", "services": SERVICES, "how": "stop"}
    (entry,) = make([server(1, NEW, mark=mark, state="out_by_us", down=True)]).patch
    assert [step.name for step in entry.steps] == [RENAME, "start", GATE]


@pytest.mark.parametrize("source", ["http://a/b/CU.exe?x=1", "\\\\files\\sfb\\CU.exe", "/media/CU.exe"])
def test_the_installer_keeps_the_name_of_its_source(source: str) -> None:
    assert make(FOUR, update_source=source).patch[0].installer.endswith(f"\\media\\{NEW}\\CU.exe")


@pytest.mark.parametrize("version", ["", "CU10"])
def test_without_a_version_there_is_no_plan_and_no_crash(version: str) -> None:
    assert make(FOUR, update_version=version, pool_fqdn=POOL) == Plan(POOL)


# ---- as text ---------------------------------------------------------------------------------------------------------


def text(made: Plan, *found: Finding, with_commands: bool = False, stop_at: float | None = None) -> str:
    return "\n".join(plan_text.lines(made, found, Limits(stop_at, timezone.utc), START, with_commands))


def test_the_plan_names_servers_versions_and_reasons_in_order() -> None:
    shown = text(make([server(1), server(2, **OUT), server(3, NEW), server(4)], MASTER, play_hosts=["fe01", "fe02"]))
    assert shown.index("1. fe02.example.com") < shown.index("2. fe01.example.com")
    assert f"({OLD} -> {NEW}; first, because it carries our mark)" in shown
    assert "holds the active Central Management master" in shown
    assert "has the update already: fe03.example.com" in shown
    assert "left out by --limit: fe04.example.com" in shown
    assert "Findings: none." in shown
    assert "Invoke-Cs" not in shown


def test_with_commands_each_line_of_a_real_run_is_shown() -> None:
    shown = text(make([server(1)]), with_commands=True)
    assert "Invoke-CsComputerFailOver -ComputerName fe01.example.com" in shown
    assert "restart (if the installer asks for it)" in shown


def test_findings_come_before_the_plan_and_tell_what_stops_from_what_is_to_know() -> None:
    stops = Finding("disk", "error", "fe01.example.com", "1 GB is free", "Make room.")
    known = Finding("backup", "warning", None, "no backup", "Back up.")
    taken = Finding("rights", "error", "fe02.example.com", "no rights", "Give them.", accepted=True)
    shown = text(make(FOUR), stops, known, taken)
    first, second = shown.index("These findings stop the run:"), shown.index("To know (the run goes on):")
    assert first < shown.index("[disk] fe01.example.com: 1 GB is free.") < second
    assert second < shown.index("[backup] pool: no backup.") < shown.index("[rights, accepted] fe02")
    assert shown.index("Back up.") < shown.index("Plan for pool")


def test_what_has_one_remedy_stands_together_and_a_common_fact_once() -> None:
    servers = ["fe01.example.com", "fe02.example.com"]
    found = [Finding("source", "error", name, "it is not there.", "Check it.") for name in servers]
    found.insert(1, Finding("disk", "error", servers[0], "1 GB is free", "Make room."))
    found.append(Finding("source", "error", servers[1], "it is too old", "Check it."))
    shown = text(make(FOUR), *found)
    assert shown.index("fe01.example.com, fe02.example.com: it is not there.") < shown.index(
        "fe02.example.com: it is too old."
    )
    assert shown.count("Check it.") == 1
    assert ".." not in shown


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 finding stops the run: fe01: 1"),
        (6, "6 findings stop the run: fe01: 1; fe01: 2; fe01: 3; fe01: 4; fe01: 5; and 1 more"),
    ],
)
def test_the_last_line_is_short_however_much_was_found(count: int, said: str) -> None:
    found = [Finding("disk", "error", "fe01", str(number), f"cure {number}") for number in range(1, count + 1)]
    assert plan_text.refusal(found, []) == f"Nothing was changed. {said}."


def test_a_run_that_is_refused_says_what_an_earlier_one_left_out_and_that_other_steps_may_have_been_done() -> None:
    found = [Finding("disk", "error", "fe01", "full", "free some")]
    surveys = [{"server": "fe02", "reachable": True, "mark": {"run": "1"}}, {"server": "fe01", "reachable": False}]
    said = plan_text.refusal(found, surveys, of_deployment=True)
    assert said.startswith("Nothing was changed in this step of the run. 1 finding stops the run")
    assert said.endswith("Still out of service by an earlier run of ours, until one goes on there: fe02.")


def test_an_empty_plan_says_that_there_is_nothing_to_do() -> None:
    shown = text(Plan("pool01.example.com"))
    assert "nothing to do" in shown and "about" not in shown


def test_the_end_of_the_window_is_shown() -> None:
    assert "no further server is started after 2026-01-31T23:30:00Z" in text(make(FOUR), stop_at=START + 3600)
