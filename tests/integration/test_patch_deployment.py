# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole deployment in one run: what comes after what, where it stops, and where the reports are."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from deployments import quick
from lab_runs import OLD, ROOT

FAIL_OVER, STOP, DATABASE = "Invoke-CsComputerFailOver", "Stop-CsWindowsService", "Install-CsDatabase"
SE01, SE02, SQL01, SQL02 = (f"{name}.example.com" for name in ("se01", "se02", "sql01", "sql02"))
FRONT_ENDS = [f"fe{number}.example.com" for number in ("01", "02", "03", "11", "12", "13")]
PLAYBOOK = "patch_deployment.yml"
#: The waits of the gate have tests of their own.
QUICK = {"sfb_health_reads": 1, "sfb_settle_minutes": 0}


def standard_editions(**more: Any) -> dict[str, Any]:
    """Two Standard Edition servers that are each other's backup pool; the first holds the Central Management store."""
    pair = {SE01: SE02, SE02: SE01}
    pools = [
        {"fqdn": name, "edition": "standard", "servers": [name], "users": 400, "paired_with": partner, **more}
        for name, partner in pair.items()
    ]
    return quick({"product": "sfb2019", "pools": pools, "central_management": SE01})


def moves(lines: list[dict[str, Any]]) -> list[str]:
    """Who was taken out and whose databases were updated, in order; a second stop of the same server is no news."""
    found: list[str] = []
    for entry in lines:
        if not entry.get("changes") or entry.get("phase") == "ended":
            continue
        given = entry.get("parameters") or {}
        if entry.get("cmdlet") in (FAIL_OVER, STOP):
            found.append(given["ComputerName"])
        if entry.get("cmdlet") == DATABASE:
            found.append(f"databases of {given.get('SqlServerFqdn', entry['host'])}")
    return [one for index, one in enumerate(found) if one not in found[:index]]


@pytest.mark.exhaustive
def test_a_deployment_is_patched_pool_by_pool_and_the_central_management_store_comes_last(lab):
    deployment = quick(yaml.safe_load((ROOT / "extensions/lab/deployments/deployment_2019.yml").read_text("utf-8")))
    running = lab(deployment, members=FRONT_ENDS)

    shown = running.play(PLAYBOOK, "--check")

    assert shown.code == 0, shown.output
    assert running.changes() == [], "check mode shows the plan and the plans of all its steps, and changes nothing"
    assert "Could not match supplied host pattern" not in shown.output
    assert "5. sql01.example.com (patch_backend_server.yml)" in shown.text
    assert "not patched by this run: edge01.example.com (Edge)" in shown.text
    assert f"{SQL02} is in no group: its databases are updated from a Front End" in shown.text
    for server in (*FRONT_ENDS, SE01, SE02, SQL01):
        assert f"{server} ({OLD['sfb2019']} -> {running.version}" in shown.text, "the plan of its playbook is there too"

    run = running.play(PLAYBOOK, **QUICK)

    assert run.code == 0, run.output
    done = moves(running.journal())
    assert done[:4] == [SE01, f"databases of {SE01}", SE02, f"databases of {SE02}"]
    assert sorted(done[4:7]) == FRONT_ENDS[:3] and sorted(done[7:10]) == FRONT_ENDS[3:]
    # Both pools share the monitoring store on the second SQL server: it follows the last of them.
    assert done[10:] == [f"databases of {SQL01}", f"databases of {SQL02}", SQL01]
    reports = {
        (report["pool"], report["playbook"]): report
        for report in (json.loads(path.read_text("utf-8")) for path in running.folder.glob("reports/*/report.json"))
    }
    plan = reports.pop(("", "patch_deployment"))
    assert (plan["outcome"], len(plan["servers"])) == ("planned", 9)
    assert len(reports) == 5, "each pool has its own, and the back end"
    assert {report["outcome"] for report in reports.values()} == {"done"}
    for name in (SE01, SE02, "pool01.example.com", "pool02.example.com", SQL01):
        assert f"{name}: done. Report: {running.folder}/reports/" in run.text
    before = len(running.journal())

    again = running.play(PLAYBOOK, **QUICK)

    assert again.code == 0, again.output
    assert [entry for entry in running.journal()[before:] if entry.get("changes")] == []


def test_an_inventory_without_any_server_is_no_deployment_that_is_done(lab):
    running = lab(standard_editions())
    running.inventory.write_text("front_ends: {hosts: {fe01.example.com: {}}}\n", encoding="utf-8")

    run = running.play(PLAYBOOK)

    assert run.code != 0
    assert "the inventory has no server in sfb_front_end_servers, sfb_standard_edition_servers" in run.text


def test_of_a_pair_of_standard_edition_servers_the_one_with_the_central_management_store_comes_last(lab):
    running = lab(standard_editions())

    run = running.play(PLAYBOOK)

    assert run.code == 0, run.output
    assert moves(running.journal()) == [SE02, f"databases of {SE02}", SE01, f"databases of {SE01}"]
    assert "Could not match supplied host pattern" not in run.output


def test_a_pair_that_is_not_alike_is_not_touched_and_the_plan_says_what_to_do(lab):
    running = lab(standard_editions(backup_healthy=False))

    run = running.play(PLAYBOOK)

    assert run.code != 0
    assert running.changes() == []
    assert f"the backup service between it and {SE02} is not healthy" in run.text
    assert f"Invoke-CsBackupServiceSync -PoolFqdn {SE01}" in run.text
    report = running.newest_report()
    assert (report["playbook"], report["outcome"]) == ("patch_deployment", "stopped by findings")
    assert {finding["id"] for finding in report["findings"]} >= {"backup_pool"}


def test_a_pair_that_is_no_longer_alike_after_its_first_pool_stops_before_the_second(lab):
    running = lab(standard_editions())
    hook = running.folder / "after.yml"
    hook.write_text("- sfb.server.windows_service:\n    state: stopped\n    name: LYNCBACKUP\n", encoding="utf-8")

    run = running.play(PLAYBOOK, keep_promises=False, sfb_after_server=str(hook))

    assert run.code != 0
    assert moves(running.journal()) == [SE02, f"databases of {SE02}"]
    assert f"{SE01} was not touched: the backup service between it and {SE02} is not healthy" in run.text


@pytest.mark.exhaustive
def test_what_the_window_has_no_room_for_is_not_begun_and_named(lab):
    deployment = standard_editions()
    front_ends = {"fqdn": "pool01.example.com", "servers": FRONT_ENDS[:3]}
    deployment["pools"].append({**front_ends, "load": {"drain_minutes": 1}})
    deployment["central_management"] = "pool01.example.com"
    running = lab(deployment)

    run = running.play(PLAYBOOK, sfb_stop_after_minutes=10)

    assert run.code == 0, run.output
    assert moves(running.journal()) == [SE01, f"databases of {SE01}"]
    assert f"{SE02}: window ended. Report: " in run.text
    assert "pool01.example.com: not begun, since a step before it ended early." in run.text


@pytest.mark.exhaustive
def test_of_a_pair_of_front_end_pools_each_is_asked_for_the_other_directly_before_its_first_server(lab):
    names = ["pool01.example.com", "pool02.example.com"]
    pools = [
        {"fqdn": pool, "servers": servers, "paired_with": partner}
        for pool, partner, servers in zip(names, names[::-1], (FRONT_ENDS[:3], FRONT_ENDS[3:]), strict=True)
    ]
    running = lab(quick({"product": "sfb2019", "pools": pools, "central_management": names[0]}), members=FRONT_ENDS)

    run = running.play(PLAYBOOK, **QUICK)

    assert run.code == 0, run.output
    done = moves(running.journal())
    assert sorted(done[:3]) == FRONT_ENDS[3:] and sorted(done[3:6]) == FRONT_ENDS[:3]
    assert all(name.startswith("databases of ") for name in done[6:])
    heard = [
        entry["cmdlet"] if entry["cmdlet"] == FAIL_OVER else entry["parameters"]["PoolFqdn"]
        for entry in running.journal()
        if entry.get("cmdlet") in (FAIL_OVER, "Get-CsBackupServiceStatus") and entry.get("phase") != "ended"
    ]
    assert heard == [*names, names[1], *[FAIL_OVER] * 3, names[0], *[FAIL_OVER] * 3]
