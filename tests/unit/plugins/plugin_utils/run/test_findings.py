# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching now: a case for every finding, and which of them stop the run."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.run import (
    back_end_findings,
    findings,
    pool_findings,
    server_findings,
    surroundings_findings,
)
from ansible_collections.sfb.server.plugins.plugin_utils.run.findings import NEVER_ACCEPTED, Finding
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import MEMBERS, POOL, START, FakeServer

Facts = dict[str, Any]

SETTINGS: Facts = {
    "update_version": "6.0.9319.628",
    "update_source": "https://updates.example.com/SkypeServerUpdateInstaller.exe",
    "update_sha256": "ab" * 32,
    "backup_confirmed": True,
}
HEALTHY: Facts = {"health": "healthy", "missing_replicas": False, "evidence": []}


def healthy_surveys() -> list[Facts]:
    """As server_survey returns them of three servers that nothing speaks against, but for an Edge pool beside them."""
    shell = FakeServer().shell()
    facts = survey.read(shell.read(survey.calls()))
    facts["topology"] = [pool for pool in facts["topology"] if pool["pool"] == POOL]
    found = []
    for name in MEMBERS:
        own = copy.deepcopy(facts)
        found.append({**own, "reachable": True, "inventory_name": name.partition(".")[0], "server": name})
    return found


def find(
    surveys: list[Facts] | None = None, health: Facts | None = None, minutes: float = 0, **settings: Any
) -> list[Finding]:
    found = surveys if surveys is not None else healthy_surveys()
    return findings.find(found, HEALTHY if health is None else health, {**SETTINGS, **settings}, START, minutes)


def ids(found: list[Finding]) -> list[str]:
    return [finding.id for finding in found]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert find() == []


def test_a_server_with_our_mark_that_the_run_was_limited_away_from_stops_it() -> None:
    surveys = healthy_surveys()
    mark(surveys[1])
    assert ids([finding for finding in find(surveys, play_hosts=["fe02"]) if finding.stops]) == []
    stopping = [finding for finding in find(surveys, play_hosts=["fe01"]) if finding.stops]
    assert [(finding.id, finding.server) for finding in stopping] == [("out_of_service", "fe02.example.com")]
    assert "no part of this run" in stopping[0].fact


def test_local_databases_that_an_installer_works_on_are_no_finding() -> None:
    surveys = healthy_surveys()
    databases("ONLINE", "SINGLE_USER")(surveys[1])
    mark(surveys[1])
    assert "local_sql" in ids(find(surveys))
    surveys[1]["works"] = {**surveys[1]["works"], "install": "running"}
    assert "local_sql" not in ids(find(surveys))


def mark(facts: Facts) -> None:
    facts["mark"] = {"run": "run-7"}
    facts["state"] = "out_by_us"


def certificate(ends: str) -> Callable[[Facts], Any]:
    row = {"Use": "Default", "Subject": "CN=pool01", "NotAfter": ends, "Thumbprint": "x"}
    return lambda facts: facts.update(certificates=[row])


def unread(part: str) -> Callable[[Facts], Any]:
    def change(facts: Facts) -> None:
        facts["unread"][part] = "Access is denied"
        facts.pop(part, None)
        if part == "topology":
            for key in ("pool", "computers", "edition", "user_database"):
                facts.pop(key)

    return change


def databases(state: str, access: str) -> Callable[[Facts], Any]:
    row = {"name": "rtc", "state": state, "access": access}
    return lambda facts: facts.update(local_databases={"RTCLOCAL": [row]})


def sets(**facts: Any) -> Callable[[Facts], Any]:
    return lambda survey: survey.update(facts)


def lost(kind: str) -> Callable[[Facts], Any]:
    def change(facts: Facts) -> None:
        name = facts["inventory_name"]
        facts.clear()
        facts.update(inventory_name=name, reachable=False, trouble=f"trouble of {name}", remedy=None, trouble_kind=kind)

    return change


#: Of one server, fe02: what is changed in its survey, the findings about it, and a word of the fact.
OF_ONE_SERVER: list[Any] = [
    pytest.param(lost("ConnectionLost"), "connection", "error", "trouble of fe02", id="connection"),
    pytest.param(lost("CredentialsRejected"), "credentials", "error", "trouble of fe02", id="credentials"),
    pytest.param(lost("NotUsable"), "not_usable", "error", "trouble of fe02", id="not usable"),
    pytest.param(lost("Whatever"), "not_usable", "error", "trouble of fe02", id="a trouble without a name of its own"),
    pytest.param(sets(administrator=False), "rights", "error", "LAB\\admin is no administrator", id="no administrator"),
    pytest.param(sets(server_admin=False), "rights", "error", "RTCUniversalServerAdmins", id="not in the group"),
    pytest.param(sets(product="unknown", product_text="Server 2031"), "product", "error", "Server 2031", id="product"),
    pytest.param(sets(product="none", state="no_product"), "product", "error", "neither Lync Server", id="no product"),
    pytest.param(sets(edition="standard"), "edition", "error", "Standard Edition", id="edition"),
    pytest.param(sets(state="no_front_end", state_reasons=[]), "edition", "error", "no RTCSRV", id="a back end"),
    pytest.param(sets(state="out_by_others"), "out_of_service", "error", "out by others", id="somebody took it out"),
    pytest.param(sets(state="partly_stopped"), "out_of_service", "error", "partly stopped", id="a service is stopped"),
    pytest.param(sets(state="starting"), "out_of_service", "error", "starting", id="it starts"),
    pytest.param(sets(folder_sddl="O:BUD:AI(A;;FA;;;BU)"), "folder", "error", "O:BUD:AI", id="folder"),
    pytest.param(
        sets(instances={"RTCLOCAL": "Stopped"}), "local_sql", "error", "RTCLOCAL is Stopped", id="local SQL stopped"
    ),
    pytest.param(
        sets(local_databases={"RTCLOCAL": []}), "local_sql", "error", "no database of RTCLOCAL", id="no database read"
    ),
    pytest.param(databases("SUSPECT", "MULTI_USER"), "local_sql", "error", "rtc of RTCLOCAL", id="database suspect"),
    pytest.param(databases("ONLINE", "SINGLE_USER"), "local_sql", "error", "SINGLE_USER", id="database single user"),
    pytest.param(
        certificate("2026-01-31T22:29:59Z"), "certificate_expired", "error", "expired on 2026-01-31", id="expired"
    ),
    pytest.param(
        certificate("2026-02-14T22:30:00Z"), "certificate_ends", "warning", "expires on 2026-02-14", id="ends soon"
    ),
    pytest.param(
        sets(user_databases={"sql01.example.com": False}), "back_end", "error", "sql01.example.com", id="back end away"
    ),
    pytest.param(sets(user_databases={}), "back_end", "error", "sql01.example.com", id="back end not listed"),
    pytest.param(
        sets(open_windows=[{"Name": "mmc", "UserName": "LAB\\anna", "Id": 7}]),
        "open_windows",
        "error",
        "LAB\\anna has mmc open",
        id="open windows",
    ),
    pytest.param(sets(disks={"C:": 2**30}), "disk", "error", "1.0 GB are free", id="disk"),
    pytest.param(
        sets(source_found=False, source_trouble="404"), "source", "error", "can't be read from it (404)", id="source"
    ),
    pytest.param(
        sets(components={"Core Components": "6.0.9319.700"}), "version_lower", "error", "6.0.9319.700", id="step back"
    ),
    pytest.param(
        sets(pending_restart=["Windows Update"]), "pending_restart", "warning", "Windows Update", id="pending restart"
    ),
    pytest.param(sets(foreign_roots=[{"Subject": "CN=Odd"}]), "trusted_roots", "warning", "CN=Odd", id="trusted roots"),
    pytest.param(
        sets(errors_24h={"LS User Services 30988": 3}), "event_log", "warning", "30988 (3)", id="errors in the log"
    ),
    pytest.param(
        sets(update_policy={"AUOptions": 4}), "automatic_updates", "warning", "restarts by itself", id="updates"
    ),
    pytest.param(sets(pool="pool02.example.com"), "wrong_pool", "error", "pool02.example.com", id="wrong pool"),
    *(
        pytest.param(unread(part), f"unread_{part}", "error", "Access is denied", id=f"{part} not read")
        for part in ("topology", "product", "components", "certificates", "user_databases")
    ),
    *(
        pytest.param(unread(part), f"unread_{part}", "error", "Access is denied", id=f"{part} not read")
        for part in ("local_databases", "open_windows")
    ),
    *(
        pytest.param(unread(part), f"unread_{part}", "warning", "Access is denied", id=f"{part} not read")
        for part in ("disks", "foreign_roots", "address_book_runs", "pending_restart", "folder_sddl")
    ),
]


@pytest.mark.parametrize(("change", "identifier", "level", "fact"), OF_ONE_SERVER)
def test_what_is_wrong_with_one_server_is_one_finding_with_its_name_and_a_remedy(
    change: Callable[[Facts], Any], identifier: str, level: str, fact: str
) -> None:
    surveys = healthy_surveys()
    change(surveys[1])
    found = find(surveys)
    assert ids(found) == [identifier]
    assert (found[0].level, found[0].server) == (level, surveys[1].get("server", "fe02"))
    assert found[0].stops is (level == "error")
    assert fact in found[0].fact
    assert found[0].remedy


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(mark, id="out by us, which this run brings back first"),
        pytest.param(sets(folder_sddl=None), id="the folder is not there yet"),
        pytest.param(certificate("2026-02-14T22:30:01Z"), id="the certificate lasts longer than two weeks"),
        pytest.param(sets(update_policy={"AUOptions": 4, "NoAutoUpdate": 1}), id="automatic updates are off"),
        pytest.param(sets(components={"Core Components": "6.0.9319.628"}), id="the update is there"),
        pytest.param(sets(disks={"C:": 5 * 2**30}), id="just enough room"),
        pytest.param(sets(source_found=True), id="the source can be read"),
    ],
)
def test_what_is_no_trouble_is_no_finding(change: Callable[[Facts], Any]) -> None:
    surveys = healthy_surveys()
    change(surveys[1])
    assert find(surveys) == []


# ---- of the pool and of the run --------------------------------------------------------------------------------------


def test_a_server_out_by_others_may_be_adopted_when_the_user_says_so() -> None:
    surveys = healthy_surveys()
    surveys[1]["state"] = "out_by_others"
    assert find(surveys, adopt_out_of_service=True) == []
    surveys[1]["state"] = "partly_stopped"
    assert ids(find(surveys, adopt_out_of_service=True)) == ["out_of_service"]


def test_two_servers_out_stop_the_run_whoever_took_them_out_and_name_both() -> None:
    surveys = healthy_surveys()
    mark(surveys[0])
    mark(surveys[2])
    found = find(surveys)
    assert ids(found) == ["two_out"]
    assert "fe01.example.com, fe03.example.com" in found[0].fact


def test_a_server_of_the_topology_that_the_inventory_lacks_is_named() -> None:
    found = find(healthy_surveys()[:2])
    assert [(f.id, f.server) for f in found if f.stops] == [("membership", "fe03.example.com")]


def test_a_server_that_cannot_be_reached_is_not_called_missing_too() -> None:
    surveys = healthy_surveys()
    lost("ConnectionLost")(surveys[2])
    assert ids([finding for finding in find(surveys) if finding.stops]) == ["connection"]


def test_a_server_that_the_inventory_lacks_is_named_although_another_one_bears_its_fqdn_and_does_not_answer() -> None:
    surveys = healthy_surveys()[:2]
    surveys[1]["inventory_name"] = "fe02.example.com"
    lost("ConnectionLost")(surveys[1])
    found = [(finding.id, finding.server) for finding in find(surveys) if finding.stops]
    assert found == [("connection", "fe02.example.com"), ("membership", "fe03.example.com")]


def test_what_is_said_of_an_unreachable_server_is_no_word_for_the_middle_of_a_run() -> None:
    surveys = healthy_surveys()
    lost("ConnectionLost")(surveys[1])
    surveys[1].update(trouble="fe02: the connection broke", remedy="What it did of the last call is not known.")
    found = find(surveys)
    assert found[0].fact == "the connection broke"
    assert "WinRM" in found[0].remedy


def test_two_names_of_the_inventory_that_lead_to_one_server_are_named() -> None:
    surveys = healthy_surveys()
    surveys[2]["server"] = "fe02.example.com"
    found = [finding for finding in find(surveys) if finding.stops]
    assert ids(found) == ["same_server", "membership"]
    assert "fe02 and fe03" in found[0].fact


def test_a_pool_that_was_named_and_is_not_theirs_is_wrong_for_each_of_them() -> None:
    assert ids(find(pool_fqdn="pool09.example.com")) == ["wrong_pool"] * 3
    assert find(pool_fqdn=POOL.upper()) == []


def test_a_pool_of_two_needs_a_word_of_the_user() -> None:
    surveys = healthy_surveys()[:2]
    for facts in surveys:
        facts["computers"] = MEMBERS[:2]
        facts["topology"][0]["computers"] = MEMBERS[:2]
    assert ids(find(surveys)) == ["two_server_pool"]
    assert find(surveys, two_server_pool="graceful_stop") == []


@pytest.mark.parametrize(
    ("reboot", "level", "remedy"),
    [("if_needed", "warning", "before the install"), ("never", "error", "sfb_reboot is never")],
)
def test_a_restart_that_is_pending_and_forbidden_stops_the_run_before_a_server_is_drained_for_nothing(
    reboot: str, level: str, remedy: str
) -> None:
    surveys = healthy_surveys()
    surveys[1]["pending_restart"] = ["Windows Update"]
    (found,) = find(surveys, reboot=reboot)
    assert (found.id, found.level) == ("pending_restart", level)
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("out_by_others", "sfb_adopt_out_of_service"),
        ("partly_stopped", "Start what is stopped"),
        ("starting", "Wait"),
        ("draining", "who works on it"),
    ],
)
def test_what_to_do_about_a_server_depends_on_how_it_is_out_of_service(state: str, remedy: str) -> None:
    surveys = healthy_surveys()
    surveys[1]["state"] = state
    assert remedy in find(surveys)[0].remedy


@pytest.mark.parametrize(("state", "why"), [("out_by_us", "fe02.example.com"), ("in_service", "could be asked")])
def test_a_pool_that_was_not_asked_is_to_be_known_with_the_reason(state: str, why: str) -> None:
    surveys = healthy_surveys()
    surveys[1].update(state=state, mark={"run": "run-7"} if state == "out_by_us" else None)
    (found,) = findings.find(surveys, None, SETTINGS, START)
    assert (found.id, found.level) == ("pool_not_asked", "warning")
    assert why in found.fact


def piece(what: str, verdict: str, server: str | None = None) -> Facts:
    return {"what": what, "server": server, "verdict": verdict, "fact": f"{what} is {verdict}", "remedy": "cure it"}


def test_every_piece_of_evidence_that_is_not_healthy_is_a_finding() -> None:
    evidence = [piece("fabric", "unknown"), piece("back end", "degraded"), piece("port", "healthy")]
    found = find(health={"missing_replicas": False, "evidence": evidence})
    assert [(f.id, f.level, f.fact) for f in found] == [
        ("pool_fabric", "error", "fabric is unknown"),
        ("pool_back_end", "error", "back end is degraded"),
    ]


@pytest.mark.parametrize(
    ("missing", "recover", "levels"),
    [
        (True, True, {"fabric": "warning", "readiness": "warning", "services": "error"}),
        (True, False, {"fabric": "error", "readiness": "error", "services": "error"}),
        (False, True, {"fabric": "error", "readiness": "error", "services": "error"}),
    ],
)
def test_missing_replicas_are_to_know_where_the_run_may_recover_them(
    missing: bool, recover: bool, levels: dict[str, str]
) -> None:
    health = {"missing_replicas": missing, "evidence": [piece(what, "degraded") for what in levels]}
    found = find(health=health, recover_quorum_loss=recover)
    assert {f.id.removeprefix("pool_"): f.level for f in found} == levels


def test_the_source_on_the_controller_and_a_missing_hash_belong_to_the_run() -> None:
    found = find(source_troubles=["it is not there"], update_sha256=None)
    assert [(f.id, f.level, f.server) for f in found] == [("source", "error", None), ("no_hash", "warning", None)]


def test_mirrored_databases_are_told_before_the_first_server_and_not_at_the_last_step() -> None:
    surveys = healthy_surveys()
    mirrored = {"role": "user", "sql_server": "sql01", "mirror": "sql02", "instance": "rtc", "pools": [POOL]}
    surveys[0]["stores"] = [mirrored]
    found = next(finding for finding in find(surveys) if finding.id == "mirrored")
    assert (found.level, "sql01 with sql02" in found.fact) == ("warning", True)
    assert "mirrored" not in ids(find(surveys, update_mirrored_databases=True))


def test_a_backup_that_nobody_confirmed_is_a_warning() -> None:
    assert [(f.id, f.level) for f in find(backup_confirmed=False)] == [("backup", "warning")]


def test_computers_of_the_topology_that_this_run_will_not_patch_are_listed() -> None:
    surveys = healthy_surveys()
    for facts in surveys:
        facts["topology"].append({"pool": "edge", "computers": ["edge01", "edge02"], "services": []})
        facts["topology"].append({"pool": "sql", "computers": ["sql01"], "services": ["UserDatabase:sql01"]})
        facts["topology"].append({"pool": "files", "computers": ["nas"], "services": ["FileStore:nas"]})
    found = find(surveys)
    assert [(f.id, f.level, f.fact) for f in found] == [
        ("not_patched", "warning", "not patched by this run: edge01, edge02")
    ]


@pytest.mark.parametrize(
    ("run_at", "minutes", "told"),
    [
        # It is 22:30 UTC and 23:30 at the servers.
        ("01:30", 119, False),
        ("01:30", 120, True),
        ("23:31", 5, True),
        ("23:29", 1438, False),
        ("23:29", 1440, True),
        ("1:30 AM", 180, True),
        ("", 10000, False),
        ("soon", 10000, False),
    ],
)
def test_an_address_book_run_inside_the_expected_time_is_a_warning(run_at: str, minutes: int, told: bool) -> None:
    surveys = healthy_surveys()
    surveys[1]["address_book_runs"] = [run_at]
    surveys[0]["address_book_runs"] = surveys[2]["address_book_runs"] = []
    assert [(f.id, f.server) for f in find(surveys, minutes=minutes)] == (
        [("address_book", "fe02.example.com")] if told else []
    )


# ---- what users accept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "stops"),
    [
        ([], True),
        (["disk"], False),
        (["disk@fe02.example.com"], False),
        (["disk@fe01.example.com"], True),
        ([""], True),
    ],
)
def test_a_finding_is_accepted_by_its_name_everywhere_or_on_one_server(accepted: list[str], stops: bool) -> None:
    surveys = healthy_surveys()
    surveys[1]["disks"] = {"C:": 0}
    found = find(surveys, accepted_findings=accepted)
    assert (ids(found), found[0].stops, found[0].accepted) == (["disk"], stops, not stops)


@pytest.mark.parametrize("identifier", sorted(NEVER_ACCEPTED))
def test_what_no_promise_can_be_kept_with_is_never_accepted(identifier: str) -> None:
    finding = Finding(identifier, "error", "fe02", "fact", "remedy")
    accepted = findings._accept(finding, {identifier, f"{identifier}@fe02"})
    assert accepted.stops


def test_what_stops_the_run_comes_first() -> None:
    surveys = healthy_surveys()
    surveys[0]["disks"] = {"C:": 0}
    surveys[1]["pending_restart"] = ["x"]
    surveys[2]["administrator"] = False
    found = find(surveys, accepted_findings=["disk"])
    assert ids(found) == ["rights", "disk", "pending_restart"]


# ---- the settings, the product, open windows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"update_version": ""}, "sfb_update_version is not given"),
        ({"update_version": "CU10"}, "sfb_update_version is 'CU10', which is no version"),
        ({"update_source": ""}, "sfb_update_source is not given"),
    ],
)
def test_a_setting_that_is_missing_is_said_by_its_name_and_cannot_be_accepted(settings: Facts, fact: str) -> None:
    (finding,) = find(**settings, accepted_findings=["settings"])
    assert (finding.id, finding.fact, finding.stops) == ("settings", fact, True)
    assert finding.remedy.startswith("Set it to")


def test_lync_server_2013_is_patched_as_any_other() -> None:
    surveys = healthy_surveys()
    for facts in surveys:
        facts["product"] = "lync2013"
    assert find(surveys) == []


def test_a_pool_of_two_products_is_not_patched() -> None:
    surveys = healthy_surveys()
    surveys[2] |= {"product": "lync2013", "product_text": "Microsoft Lync Server 2013 (5.0.8308.0)"}
    (finding,) = find(surveys)
    assert (finding.id, finding.server) == ("product", MEMBERS[2])
    assert "it runs Microsoft Lync Server 2013" in finding.fact and MEMBERS[0] in finding.fact


def test_a_standard_edition_server_is_shown_the_way_to_its_own_playbook() -> None:
    surveys = healthy_surveys()
    surveys[1]["edition"] = "standard"
    (finding,) = find(surveys)
    assert "patch_standard_edition_server.yml" in finding.remedy


def test_windows_that_the_run_may_end_are_a_warning_that_says_so() -> None:
    surveys = healthy_surveys()
    surveys[0]["open_windows"] = [{"UserName": "LAB\\anna", "Name": "powershell", "Id": 7}]
    (finding,) = find(surveys, close_shells=True)
    assert (finding.level, finding.stops) == ("warning", False)
    assert "will be ended before the install" in finding.remedy
    (finding,) = find(surveys)
    assert finding.stops and "sfb_close_shells: true" in finding.remedy


def test_a_server_that_is_no_front_end_but_runs_whole_is_nothing_to_a_back_end_run() -> None:
    (survey, *_others) = healthy_surveys()
    survey |= {"state": "no_front_end", "state_reasons": []}
    assert findings.of_server(survey, SETTINGS, START) == []
    survey["state_reasons"] = ["REPLICA is Stopped (start type Automatic)"]
    (finding,) = findings.of_server(survey, SETTINGS, START)
    assert (finding.id, finding.fact) == (
        "out_of_service",
        "it is no front end: REPLICA is Stopped (start type Automatic)",
    )


def test_a_stopped_and_disabled_lync_server_cannot_be_taken_over() -> None:
    surveys = healthy_surveys()
    surveys[1] |= {"state": "out_by_others", "state_reasons": ["RTCSRV is Stopped"]}
    assert ids(find(surveys, adopt_out_of_service=True)) == []
    for facts in surveys:
        facts["product"] = "lync2013"
    assert ids(find(surveys, adopt_out_of_service=True)) == ["out_of_service"]


# ---- the table is complete -------------------------------------------------------------------------------------------

SOURCE = "".join(
    Path(str(part.__file__)).read_text("utf-8")
    for part in (findings, server_findings, pool_findings, surroundings_findings, back_end_findings)
)

#: test_back_end_plan.py has the cases of back ends and Standard Edition servers.
OF_BACK_ENDS = {
    "runner",
    "edition",
    "no_store",
    "front_ends_first",
    "pool_not_asked",
    "away_too_long",
    "away",
    "users_out",
}
OF_THE_RUN = {
    "mirrored",
    "settings",
    "pool_not_asked",
    "two_out",
    "membership",
    "same_server",
    "two_server_pool",
    "source",
    "no_hash",
    "backup",
    "not_patched",
    "address_book",
    "wrong_pool",
}


def test_every_finding_of_the_code_has_a_case_here() -> None:
    written = set(re.findall(r'(?:Finding|add)\(\s*"(\w+)"', SOURCE))
    written |= {f"unread_{part}" for part in server_findings._NEEDED_PARTS}
    shown = {case.values[1] for case in OF_ONE_SERVER} | OF_THE_RUN | OF_BACK_ENDS
    assert written - shown == set()


def test_every_finding_that_is_never_accepted_exists() -> None:
    text = SOURCE.partition("NEVER_ACCEPTED = ")[0] + SOURCE.partition("])")[2] + SOURCE
    assert [name for name in NEVER_ACCEPTED if text.count(f'"{name}"') < 2 and not name.startswith("unread_")] == []
