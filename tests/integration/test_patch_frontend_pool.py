# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook as administrators start it, on pools where nothing goes wrong (test_procedures.py: what it sends)."""

from __future__ import annotations

import collections

from deployments import pool

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"


def test_a_second_run_changes_nothing_and_costs_little(lab):
    running = lab(pool())
    running.play()
    before = running.journal()

    run = running.play()

    assert run.code == 0, run.output
    new = running.journal()[len(before) :]
    assert [e for e in new if e.get("changes")] == []
    executions = collections.Counter(
        host for host, _number in {(e["host"], e["execution"]) for e in new if "execution" in e}
    )
    # A look at each server; the witness is asked about the pool too, and about the databases (where and how they are).
    assert sorted(executions.values()) == [1, 1, 4], executions
    assert [s["state"] for s in run.report["servers"]] == ["had the update"] * 3


def test_check_mode_shows_the_commands_of_a_real_run_and_changes_nothing(lab):
    running = lab(pool())

    run = running.play("patch_frontend_pool.yml", "--check")

    assert run.code == 0, run.output
    assert running.changes() == []
    shown = [line.strip() for line in run.output.splitlines()]
    running.play()
    for entry in running.changes(FAIL_OVER) + running.changes(FAIL_BACK):
        server = entry["parameters"]["ComputerName"]
        command = next(line for line in shown if line.startswith(f"{entry['cmdlet']} -ComputerName {server} "))
        for name in entry["parameters"]:
            assert f"-{name}" in command
    assert any("SkypeServerUpdateInstaller.exe /silentmode" in line for line in shown)


def test_limit_patches_that_server_under_the_same_gates_and_says_what_was_left_out(lab):
    running = lab(pool())

    run = running.play("patch_frontend_pool.yml", "--limit", "fe02.example.com")

    assert run.code == 0, run.output
    assert [e["parameters"]["ComputerName"] for e in running.changes(FAIL_OVER)] == ["fe02.example.com"]
    assert "left out by --limit: fe01.example.com, fe03.example.com" in run.text
    assert any(e.get("cmdlet") == "Get-CsPoolFabricState" for e in running.journal())
