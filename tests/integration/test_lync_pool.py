# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front End pools of Lync Server 2013 through the same playbook: by upgrade domain, stopped gracefully, started again."""

from __future__ import annotations

import pytest
from deployments import pool, server
from lab_runs import OLD, pool_of

STOP, START = "Stop-CsWindowsService", "Start-CsWindowsService"
LYNC = "lync2013"


def stops(running):
    """The servers that were stopped, in order, and whether gracefully."""
    return [
        (e["parameters"]["ComputerName"].partition(".")[0], bool(e["parameters"].get("Graceful")))
        for e in running.changes(STOP)
    ]


def test_a_pool_of_three_is_stopped_updated_and_started_one_upgrade_domain_at_a_time(lab):
    running = lab(pool_of(3, LYNC))

    run = running.play()

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"] * 3
    assert {(s["version_before"], s["version_after"]) for s in run.report["servers"]} == {(OLD[LYNC], running.version)}
    assert stops(running) == [("fe02", True), ("fe03", True), ("fe01", True)]
    assert [e for e in running.journal() if "ComputerFail" in str(e.get("cmdlet"))] == []
    assert [e for e in running.journal() if e["kind"] == "felt"] == []
    begun = [e["time"] for e in running.changes(STOP)]
    looks = [e["time"] for e in running.journal() if e.get("cmdlet") == "Get-CsPoolUpgradeReadinessState"]
    for moment in begun:
        recent = [look for look in looks if moment - 35 * 60 < look < moment]
        assert max(recent) - min(recent) >= 20 * 60, "ready for 20 minutes between upgrade domains"
    assert "upgrade domain UpgradeDomain2" in run.text


@pytest.mark.exhaustive
def test_a_second_run_changes_nothing(lab):
    running = lab(pool(product=LYNC))
    assert running.play().code == 0
    before = len(running.changes())

    run = running.play()

    assert run.code == 0, run.output
    assert len(running.changes()) == before


@pytest.mark.exhaustive
def test_servers_of_one_upgrade_domain_follow_each_other_and_are_never_out_together(lab):
    deployment = pool(*(server(n) for n in (1, 2, 3, 4)), product=LYNC)
    deployment["pools"][0]["upgrade_domains"] = 2
    running = lab(deployment)

    run = running.play()

    assert run.code == 0, run.output
    assert [name for name, _graceful in stops(running)] == ["fe02", "fe04", "fe03", "fe01"]


@pytest.mark.exhaustive
def test_check_mode_shows_the_stop_and_the_start_that_a_real_run_sends(lab):
    running = lab(pool(product=LYNC))

    run = running.play("patch_frontend_pool.yml", "--check")

    assert run.code == 0, run.output
    assert running.changes() == []
    for number in (1, 2, 3):
        assert f"{STOP} -ComputerName fe0{number}.example.com -Graceful -Report" in run.output
        assert f"{START} -ComputerName fe0{number}.example.com -Report" in run.output
    assert "LyncServerUpdateInstaller.exe /silentmode" in run.output


DRAIN = {"fault": "drain_never_ends", "host": "fe02.example.com", "times": 1}


def test_a_graceful_stop_that_gives_up_puts_the_server_back_and_stops_the_run(lab):
    running = lab(pool(product=LYNC), faults=[DRAIN])

    run = running.play()

    assert run.code != 0
    assert stops(running) == [("fe02", True)]
    assert "fe02.example.com would not drain" in run.text and "put back and is in service again" in run.text


@pytest.mark.exhaustive
def test_with_cut_what_would_not_drain_is_stopped_without_graceful_after_the_drain_time(lab):
    running = lab(pool(product=LYNC), faults=[DRAIN])

    run = running.play(
        "patch_frontend_pool.yml",
        "--limit",
        "fe02.example.com",
        sfb_on_drain_timeout="cut",
        sfb_drain_timeout_minutes=30,
    )

    assert run.code == 0, run.output
    assert stops(running) == [("fe02", True), ("fe02", False)]


@pytest.mark.exhaustive
def test_a_restart_that_was_pending_is_made_and_the_services_that_came_up_are_stopped_again(lab):
    running = lab(pool(server(1), server(2, pending_reboot=True), server(3), product=LYNC))

    run = running.play("patch_frontend_pool.yml", "--limit", "fe02.example.com")

    assert run.code == 0, run.output
    assert stops(running) == [("fe02", True), ("fe02", True)]


@pytest.mark.exhaustive
@pytest.mark.parametrize("language", ["de", "zh-CN"])
def test_localised_servers_are_patched_by_the_version_of_a_file(lab, language):
    deployment = pool(product=LYNC, language=language)
    deployment["switches"] = {"component_names": "localised"}
    running = lab(deployment)

    run = running.play("patch_frontend_pool.yml", "--limit", "fe02.example.com")

    assert run.code == 0, run.output
    patched = {s["server"]: s["version_after"] for s in run.report["servers"]}
    assert patched["fe02.example.com"] == running.version
