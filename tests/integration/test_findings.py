# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching tonight: one list, before any change, with the server, the fact and the remedy."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
import yaml
from ansible_collections.sfb.server.plugins.plugin_utils.run.findings import NEVER_ACCEPTED
from deployments import pool, server
from lab_runs import NEW, OLD, POOL, pool_of
from sfb_lab.deployment.description import read_deployment
from sfb_lab.deployment.media import make_medium

PLAYBOOK = "patch_frontend_pool.yml"
FE01, FE02, FE03, FE04 = (f"fe{number:02d}.example.com" for number in range(1, 5))
ONE = (PLAYBOOK, "--limit", FE02)
FAIL_OVER, FAIL_BACK, RESET = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack", "Reset-CsPoolRegistrarState"
SHARE = "\\\\files.example.com\\media"


def found(run, level="error"):
    """(id, server) of what was found; each with its fact and its remedy, in the report and on the screen."""
    findings = [finding for finding in run.report["findings"] if finding["level"] == level]
    for finding in findings:
        assert finding["fact"] and finding["remedy"]
        assert f"[{finding['id']}" in run.output
        assert finding["remedy"] in run.text
        assert (finding["server"] or "pool") in run.output
    return {(finding["id"], finding["server"]) for finding in findings}


def stopped(running, run):
    """The run stopped before anything was changed, and says so last; returns what it found."""
    assert run.code == 2, run.output
    assert running.changes() == []
    assert "Nothing was changed" in run.report["message"]
    assert run.report["outcome"] == "stopped by findings"
    return found(run)


# ---- one list --------------------------------------------------------------------------------------------------------


def test_everything_that_speaks_against_patching_stands_in_one_list_and_what_is_critical_cannot_be_accepted(lab):
    shell = {"name": "powershell.exe", "user": "LAB\\anna", "title": "Skype for Business Server Management Shell"}
    good = [{"use": use} for use in ("WebServicesInternal", "OAuthTokenIssuer")]
    ends = [{"use": "Default", "expires_in_days": -3}, {"use": "WebServicesExternal", "expires_in_days": 9}]
    running = lab(
        pool(
            server(1),
            server(2, powered=False),
            server(3, winrm=False),
            server(4, services={"MSSQL$RTCLOCAL": "stopped"}, certificates=[*ends, *good], disk_free_gigabytes=1.5),
            server(5, databases={"rtc": "SINGLE_USER"}, version="7.0.2046.999", processes=[shell]),
            server(6, powershell={"edition": "Core", "version": "7.4.1"}),
            server(7, services={"RTCCPS": "stopped"}, automatic_updates=True, pending_reboot=True),
            server(8, trusted_root=[{"subject": "CN=Odd", "issuer": "CN=Other"}], events=[{"id": 12345}]),
            start="2026-03-08T00:50:00+00:00",
            other_computers=[{"fqdn": "edge01.example.com"}],
        )
    )
    given = {"sfb_update_source": "http://media.example.com/nothing.exe", "sfb_backup_confirmed": False}

    run = running.play(**given)

    servers = {number: f"fe{number:02d}.example.com" for number in range(1, 9)}
    assert stopped(running, run) == {
        ("connection", servers[2]),
        ("connection", servers[3]),
        ("local_sql", servers[4]),
        ("certificate_expired", servers[4]),
        ("disk", servers[4]),
        ("local_sql", servers[5]),
        ("version_lower", servers[5]),
        ("open_windows", servers[5]),
        ("not_usable", servers[6]),
        ("out_of_service", servers[7]),
        *(("source", servers[number]) for number in (1, 4, 5, 7, 8)),
    }
    warnings = found(run, "warning")
    assert warnings >= {
        ("certificate_ends", servers[4]),
        ("automatic_updates", servers[7]),
        ("pending_restart", servers[7]),
        ("trusted_roots", servers[8]),
        ("event_log", servers[8]),
        ("address_book", servers[1]),
        ("no_hash", None),
        ("backup", None),
        ("not_patched", None),
        ("pool_not_asked", None),
    }
    for words in (
        "PowerShell 7.4.1",
        "RTCLOCAL is Stopped",
        "SINGLE_USER",
        "1.5 GB are free",
        "LAB\\anna has powershell",
    ):
        assert words in run.text
    assert "edge01.example.com" in run.text and "404" in run.text and "RTCCPS is Stopped" in run.text

    everything = sorted({name for name, _server in found(run)})
    again = running.play(**given, sfb_accepted_findings=everything)

    stopping = {finding["id"] for finding in again.report["findings"] if finding["level"] == "error"}
    accepted = {finding["id"] for finding in again.report["findings"] if finding["accepted"]}
    stopped(running, again)
    assert stopping - accepted == stopping & NEVER_ACCEPTED
    assert {"disk", "open_windows", "source", "certificate_expired", "local_sql"} <= accepted


def test_findings_that_the_user_accepted_on_one_server_stop_no_run(lab):
    running = lab(pool(server(1), server(2, disk_free_gigabytes=1), server(3)))

    stopped(running, running.play(*ONE, sfb_accepted_findings=["disk@" + FE03]))
    run = running.play(*ONE, "--check", sfb_accepted_findings=["disk@" + FE02])

    assert run.code == 0, run.output
    assert f"[disk, accepted] {FE02}" in run.text


# ---- who belongs to the pool -----------------------------------------------------------------------------------------


def test_servers_that_are_missing_of_another_pool_or_of_another_product_are_named(lab):
    deployment = {
        "product": "sfb2019",
        "pools": [
            {"fqdn": POOL, "servers": [server(1), server(2, product="none"), server(3, product="lync2013"), server(4)]},
            {"fqdn": "pool02.example.com", "servers": [server(11), server(12), server(13)]},
            {"fqdn": "se01.example.com", "edition": "standard", "servers": ["se01.example.com"]},
        ],
    }
    running = lab(deployment, members=[FE01, FE02, FE03, "fe11.example.com", "se01.example.com"])

    all_found = stopped(running, running.play())

    assert all_found >= {
        ("membership", FE04),
        ("product", FE02),
        ("product", FE03),
        ("wrong_pool", "fe11.example.com"),
        ("wrong_pool", "se01.example.com"),
        ("edition", "se01.example.com"),
    }

    run = running.play(sfb_pool_fqdn="pool09.example.com")

    wrong = {name for identifier, name in stopped(running, run) if identifier == "wrong_pool"}
    assert wrong == {FE01, FE03, "fe11.example.com", "se01.example.com"}
    assert "pool_fabric" not in run.text, "a pool that nobody belongs to was asked about its health"


def test_inventory_names_that_are_no_fqdn_are_labels_only(lab):
    names = {"skype-front-1": FE01, "skype-front-2": FE02, "FE3": FE03}
    running = lab(pool(aliases=names), members=list(names))

    run = running.play(PLAYBOOK, "--limit", "FE3", sfb_server_order=["FE3"])

    assert run.code == 0, run.output
    assert [entry["parameters"]["ComputerName"] for entry in running.changes(FAIL_OVER)] == [FE03]
    assert [(s["server"], s["fqdn"], s["state"]) for s in run.report["servers"]] == [("FE3", FE03, "patched")]
    assert f"left out by --limit: {FE01}, {FE02}" in run.text


def test_a_pool_of_two_is_refused_until_the_user_says_that_its_users_may_feel_it(lab):
    running = lab(pool(server(1), server(2), product="sfb2015"))

    assert stopped(running, running.play()) == {("two_server_pool", None)}
    run = running.play(*ONE, sfb_two_server_pool="graceful_stop")

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"]
    assert running.changes(FAIL_OVER) == []
    (stop,) = running.changes("Stop-CsWindowsService")
    assert stop["parameters"]["ComputerName"] == FE02
    assert stop["parameters"]["Graceful"] is True
    # The stop waited until nobody was left on it.
    assert [entry for entry in running.journal() if entry["kind"] == "felt"] == []


# ---- who may do what -------------------------------------------------------------------------------------------------

WRONG = dict.fromkeys(("ansible_password", "ansible_winrm_password", "ansible_winrm_pass"), "not-this-one")
WRONG_BECOME = {f"ansible_{name}": "nor-this" for name in ("become_password", "become_pass", "runas_pass")}


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        pytest.param(PLAYBOOK, WRONG, id="the run, wrong password"),
        pytest.param(PLAYBOOK, WRONG_BECOME, id="the run, wrong password of the account to become"),
        pytest.param("stage.yml", WRONG, id="staging, wrong password"),
        pytest.param("pool_status.yml", WRONG, id="the state of the pool, wrong password"),
        pytest.param("recover_pool.yml", WRONG, id="recovering, wrong password"),
    ],
)
def test_a_wrong_password_is_asked_of_one_server_only_so_that_no_account_is_locked(lab, playbook, variables):
    running = lab(pool_of(4))

    run = running.play(playbook, **variables)

    refused = [entry for entry in running.journal() if entry["kind"] == "refused"]
    assert [(entry["host"], entry["reason"]) for entry in refused] == [(FE01, "logon")]
    assert running.changes() == []
    assert "refused" in run.text
    if playbook == PLAYBOOK:
        assert stopped(running, run) == {("credentials", FE01)}


GUEST = {
    "LAB\\admin": {"password": "Rehearsal-9"},
    "LAB\\guest": {"password": "x-9", "administrator": False, "groups": []},
}
HOPLESS = {"LAB\\admin": {"password": "Rehearsal-9", "second_hop": False}}


@pytest.mark.parametrize(
    ("rights", "expected", "said"),
    [
        pytest.param({"accounts": GUEST, "become": "LAB\\guest"}, "rights", "RTCUniversalServerAdmins", id="no rights"),
        pytest.param({"accounts": HOPLESS}, "unread_topology", "CredSSP", id="no second hop"),
    ],
)
def test_an_account_that_may_not_is_a_finding_on_every_server_and_says_what_it_lacks(lab, rights, expected, said):
    running = lab(pool_of(**rights))

    run = running.play()

    assert {(expected, name) for name in (FE01, FE02, FE03)} <= stopped(running, run)
    assert said in run.text


# ---- the update ------------------------------------------------------------------------------------------------------


def installer_of(running, folder):
    """The lab's installer as a file on the controller, and its SHA-256."""
    deployment = read_deployment(running.folder / "deployment.yml")
    medium = make_medium(deployment["product"], deployment["media"][0])
    path = folder / "SkypeServerUpdateInstaller.exe"
    path.write_bytes(medium.content)
    return path, medium.sha256


@pytest.mark.exhaustive
def test_a_file_that_is_not_there_or_not_the_wanted_one_is_found_before_it_goes_anywhere(lab, tmp_path):
    running = lab()
    path, _sha256 = installer_of(running, tmp_path)
    everybody = {("source", name) for name in (FE01, FE02, FE03)}

    assert stopped(running, running.play(sfb_update_source=SHARE + "\\nothing.exe")) == everybody
    assert stopped(running, running.play(sfb_update_source=str(tmp_path / "nothing.exe"))) == {("source", None)}
    run = running.play(sfb_update_source=str(path), sfb_update_sha256="ab" * 32)

    assert stopped(running, run) == {("source", None)}
    assert "ab" * 32 in run.text


@pytest.mark.parametrize(
    ("medium", "variables", "said"),
    [
        pytest.param({}, {"sfb_update_sha256": "ab" * 32}, "its SHA-256 is", id="another hash"),
        pytest.param({"signer": "CN=Somebody, O=Else"}, {}, "signed by CN=Somebody", id="another signer"),
        pytest.param({"signature": "HashMismatch"}, {}, "its signature is HashMismatch", id="a broken signature"),
    ],
)
def test_a_download_that_is_not_the_wanted_one_stops_the_run_before_a_server_is_taken_out(lab, medium, variables, said):
    running = lab(pool(media=[{"version": NEW["sfb2019"], **medium}]))

    run = running.play(*ONE, **variables)

    assert run.code == 2
    assert said in run.text
    assert FE02 in run.report["message"]
    assert run.report["outcome"] == "failed"
    assert not running.changes(FAIL_OVER)
    assert not [entry for entry in running.journal() if entry["kind"] == "installer"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("source", ["web", "share", "controller"])
def test_what_was_staged_days_ahead_is_not_fetched_again(lab, tmp_path, source):
    running = lab(pool())
    path, sha256 = installer_of(running, tmp_path)
    below = f"sfb2019\\{running.version}\\{path.name}"
    places = {
        "web": "http://media.example.com/" + below.replace("\\", "/"),
        "share": f"{SHARE}\\{below}",
        "controller": str(path),
    }
    given = {"sfb_update_source": places[source], "sfb_update_sha256": sha256}

    staged = running.play("stage.yml", **given)

    def fetched():
        return [
            entry["host"]
            for entry in running.journal()
            if entry.get("what") in ("download", "copy", "write_file") or entry.get("cmdlet") == "Copy-Item"
        ]

    assert staged.code == 0, staged.output
    assert set(fetched()) == {FE01, FE02, FE03}
    assert not running.changes(FAIL_OVER)
    before = fetched()
    again = running.play("stage.yml", **given)
    assert again.code == 0 and "changed=1" not in again.output
    if source == "controller":
        run = running.play(*ONE, **given)
        assert [s["state"] for s in run.report["servers"]] == ["patched"], run.output
    assert fetched() == before


# ---- servers that others work on -------------------------------------------------------------------------------------


def test_a_server_that_somebody_else_took_out_stops_the_run_until_it_is_taken_over(lab):
    running = lab(pool(server(1), server(2, out_of_service=True), server(3)))

    assert stopped(running, running.play()) == {("out_of_service", FE02)}
    status = running.play("pool_status.yml")
    assert f"{FE02}: out by others" in status.text
    assert f"not asked, because {FE02} is not in service" in status.text

    run = running.play(*ONE, sfb_adopt_out_of_service=True)

    assert run.code == 0, run.output
    assert running.changes(FAIL_OVER) == []
    assert [entry["parameters"]["ComputerName"] for entry in running.changes(FAIL_BACK)] == [FE02]
    assert [s["state"] for s in run.report["servers"]] == ["patched"]


def test_two_servers_out_of_service_are_both_named(lab):
    running = lab(pool(server(1), server(2, out_of_service=True), server(3, out_of_service=True), server(4), server(5)))

    run = running.play(sfb_adopt_out_of_service=True)

    assert stopped(running, run) == {("two_out", None)}
    assert f"{FE02}, {FE03}" in run.text


def test_a_back_end_that_does_not_answer_is_found_on_every_server(lab):
    deployment = pool_of()
    deployment["pools"][0]["sql"] = {"server": "sql01.example.com", "available": False}
    running = lab(deployment)

    assert {("back_end", name) for name in (FE01, FE02, FE03)} <= stopped(running, running.play())


# ---- the window, the order, the user's own tasks ---------------------------------------------------------------------


def test_a_time_without_quotes_is_refused_with_the_hint_to_quote_it(lab):
    running = lab()

    run = running.play(*ONE, sfb_stop_at=1350)

    assert run.code == 2
    assert running.changes() == []
    assert 'Write sfb_stop_at: "22:30"' in run.report["message"]


def test_when_the_window_ends_no_further_server_is_started_and_the_next_night_finishes(lab):
    running = lab(pool(server(1, version=NEW["sfb2019"]), server(2), server(3)))
    window = {"sfb_stop_after_minutes": 5, "sfb_warn_after_minutes": 3, "sfb_server_order": [FE03]}

    run = running.play(**window)

    assert run.code == 0, run.output
    assert [entry["parameters"]["ComputerName"] for entry in running.changes(FAIL_OVER)] == [FE03]
    assert run.report["outcome"] == "window ended"
    assert FE02 in run.report["message"]
    assert "longer than the 3 min of sfb_warn_after_minutes" in run.text
    assert {s["fqdn"]: s["state"] for s in run.report["servers"]} == {
        FE01: "had the update",
        FE02: "waiting",
        FE03: "patched",
    }

    run = running.play(**window)

    assert run.report["outcome"] == "done"
    assert [entry["parameters"]["ComputerName"] for entry in running.changes(FAIL_OVER)] == [FE03, FE02]
    assert "Install-CsDatabase -Update" in run.text


def test_the_users_tasks_run_around_each_server_and_a_pending_restart_is_made_before_the_install(lab, tmp_path):
    hooks = {}
    for moment in ("before", "after"):
        path = tmp_path / f"{moment}.yml"
        tasks = [
            {"name": "Tell the monitoring", "ansible.builtin.debug": {"msg": moment + " {{ inventory_hostname }}"}}
        ]
        path.write_text(yaml.safe_dump(tasks))
        hooks[f"sfb_{moment}_server"] = str(path)
    media = [{"version": NEW["sfb2019"], "restart_needed": False}]
    running = lab(pool(server(1), server(2, pending_reboot=True), server(3), media=media))

    # Nobody is out, so that nobody can be taken over: the gate before the server must not be left out.
    run = running.play(*ONE, sfb_reboot="always", sfb_adopt_out_of_service=True, **hooks)

    assert run.code == 0, run.output
    said = [
        run.text.index(words) for words in (f"before {FE02}", f"{FE02} drains", f"{FE02} comes back", f"after {FE02}")
    ]
    assert said == sorted(said)
    journal = running.journal()
    began = next(i for i, entry in enumerate(journal) if entry.get("cmdlet") == FAIL_OVER)
    gate = [entry for entry in journal[:began] if entry.get("cmdlet") == "Get-CsPoolFabricState"]
    assert len(gate) >= 1 + 3 + 1, "the look, three readings, and one after the settle time"
    steps = [
        entry["kind"]
        for entry in journal
        if entry["kind"] == "reboot" or (entry["kind"] == "installer" and entry["phase"] == "begun")
    ]
    assert steps == ["reboot", "installer", "reboot"]


def test_a_pending_restart_that_is_forbidden_is_known_before_the_server_is_drained_for_nothing(lab):
    running = lab(pool(server(1), server(2, pending_reboot=True), server(3)))

    assert stopped(running, running.play(*ONE, sfb_reboot="never")) == {("pending_restart", FE02)}


@pytest.mark.exhaustive
def test_a_server_that_the_policy_leaves_out_is_named_each_time_until_a_run_may_finish_it(lab):
    fault = {"fault": "installer_exit", "host": FE02, "exit_code": 1603, "applies": "none"}
    media = [{"version": NEW["sfb2019"], "restart_needed": True}]
    running = lab(pool(media=media), faults=[fault])

    run = running.play(*ONE, sfb_on_install_failure="leave_out", sfb_reboot="never")

    assert run.code == 2
    assert run.report["outcome"] == "failed"
    assert [s["state"] for s in run.report["servers"]] == ["out of service"]
    assert f"{FE02}: out by us" in running.play("pool_status.yml", keep_promises=False).text

    run = running.play(*ONE)

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"]
    assert len(running.changes(FAIL_OVER)) == 1


def test_a_restart_that_is_needed_and_forbidden_leaves_the_server_out_and_says_so(lab):
    running = lab(pool())

    run = running.play(*ONE, sfb_reboot="never")

    assert run.code == 2
    assert "needs a restart" in run.report["message"] and "sfb_reboot is never" in run.report["message"]
    assert [s["state"] for s in run.report["servers"]] == ["out of service"]
    assert not [entry for entry in running.journal() if entry["kind"] == "reboot"]


# ---- missing replicas ------------------------------------------------------------------------------------------------


def lets_pass(running, minutes):
    """The deployment lives through some minutes."""
    variables = yaml.safe_load((Path(running.facts["inventory"]) / "host_vars" / f"{FE01}.yml").read_text())
    body = json.dumps({"seconds": 60 * minutes}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(variables["sfb_clock"] + "/sleep", data=body)):
        pass


def test_missing_replicas_stop_the_run_or_are_waited_for_reset_once_and_then_the_pool_is_patched(lab):
    running = lab(pool(server(1), server(2), server(3, replicas_missing=True, replicas_rebuild=False)))

    run = running.play(*ONE)

    assert ("pool_fabric", None) in stopped(running, run)
    assert "recover_pool.yml" in run.text

    run = running.play(*ONE, sfb_recover_quorum_loss=True)

    assert run.code == 0, run.output
    assert "30 of 30 min given to rebuild" in run.text
    assert "interrupts the whole pool" in run.text
    (reset,) = running.changes(RESET)
    (out,) = running.changes(FAIL_OVER)
    assert reset["time"] > 30 * 60
    assert reset["time"] < out["time"]
    assert [s["state"] for s in run.report["servers"]] == ["patched"]


def test_replicas_that_rebuild_by_themselves_are_waited_for_and_nothing_is_reset(lab):
    restart = {"fault": "third_party_restart", "host": FE03, "at_minute": 1}
    running = lab(faults=[restart])
    lets_pass(running, 13)

    run = running.play("recover_pool.yml")

    assert run.code == 0, run.output
    assert "replicas are missing" in run.text
    assert "is healthy" in run.text
    assert running.changes(RESET) == []


def test_a_pool_is_never_reset_while_a_server_of_it_is_out(lab):
    missing = server(3, replicas_missing=True, replicas_rebuild=False)
    running = lab(pool(server(1), server(2, out_of_service=True), missing))

    run = running.play("recover_pool.yml")

    assert run.code == 2
    assert f"Not so: {FE02}." in run.text
    assert running.changes() == []


def test_a_recovery_that_fails_is_written_into_the_report(lab):
    unknown = {"fault": "fabric_text_unknown", "when": {"cmdlet": RESET}}
    missing = server(3, replicas_missing=True, replicas_rebuild=False)
    running = lab(pool(server(1), server(2), missing), faults=[unknown])

    run = running.play(*ONE, sfb_recover_quorum_loss=True)

    assert run.code == 2
    assert len(running.changes(RESET)) == 1
    assert not running.changes(FAIL_OVER)
    assert run.report["outcome"] == "failed"
    assert "was not healthy" in run.report["message"]


# ---- one screen ------------------------------------------------------------------------------------------------------


def test_the_state_of_a_pool_is_one_screen(lab):
    running = lab(pool(server(1), server(2, version="7.0.2046.500", pending_reboot=True), server(3)))

    run = running.play("pool_status.yml")

    assert run.code == 0
    assert running.changes() == []
    screen = [line.strip() for line in run.output.splitlines()]
    assert any(line.startswith(f"Pool {POOL} at 2026-03-07T21:") and line.endswith(": healthy") for line in screen)
    assert f"{FE01}: in service, {OLD['sfb2019']}" in screen
    assert f"{FE02}: in service, 7.0.2046.500, restart pending (files to be replaced)" in screen
    assert sum(line.startswith("differs:") for line in screen) == 1
    assert [line for line in screen if line.startswith(("[degraded]", "[unknown]"))] == []
    assert "[healthy] fabric: Get-CsPoolFabricState lists every Front End as OK and Up." in screen
