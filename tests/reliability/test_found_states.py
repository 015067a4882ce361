# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook itself, started over a pool in which a killed run and bad luck came together."""

from __future__ import annotations

import json
import subprocess

import promises
import yaml
from broken_requests import FE02, quick_pool, until
from killed_runs import FAIL_BACK, FAIL_OVER, is_call, is_kind
from lab_runs import ROOT, environment
from night import Night
from sfb_lab.service.running_lab import RunningLab

MARK = "C:\\ProgramData\\sfb.server\\mark.json"


def play(night: Night, folder, **variables) -> tuple[int, str]:
    """The playbook over a pool of this process, limited to fe02: its exit code and output."""
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"sfb_front_end_servers": {"hosts": dict.fromkeys(night.servers)}}))
    given = {
        "sfb_update_source": night.options["update_source"],
        "sfb_update_version": night.version,
        "sfb_backup_confirmed": True,
        "sfb_report_dir": str(folder / "reports"),
        **variables,
    }
    with RunningLab(night.deployment, None) as lab:
        run = subprocess.run(
            ["ansible-playbook", "-i", str(inventory), "-i", str(lab.inventory), "--limit", FE02,
             str(ROOT / "playbooks/patch_frontend_pool.yml"), "-e", json.dumps(given)],
            capture_output=True, text=True, env=environment(), cwd=folder, timeout=600, check=False,
        )  # fmt: skip
    return run.returncode, " ".join((run.stdout + run.stderr).split())


def done(night: Night) -> list[str]:
    """The changes that count, in their order."""
    names = {FAIL_OVER: "fail over", FAIL_BACK: "fail back"}
    kinds = {"reboot": "restart", "installer": "install"}
    return [names.get(line.get("cmdlet")) or kinds.get(line["kind"], "") for line in promises.changes(night.journal)
            if line.get("cmdlet") in names or line["kind"] in kinds]  # fmt: skip


def test_an_installer_that_a_killed_run_began_is_waited_for_although_core_components_has_the_update_already(tmp_path):
    night = Night(tmp_path, quick_pool())
    until(is_kind("installer", phase="begun"))(night)
    server = night.deployment.model.servers[FE02]
    # As in the middle of an installation: the first msp is through, and files wait for a restart.
    server.components["Core Components"] = night.version
    server.pending_reboot = True

    code, output = play(night, tmp_path)

    assert code == 0, output
    night.is_well(FE02)
    promises.check(night.journal)
    assert done(night) == ["fail over", "install", "restart", "fail back"]


def test_a_server_that_a_killed_run_had_only_marked_is_drained_through_the_gate_like_any_other(tmp_path):
    night = Night(tmp_path, quick_pool())
    until(is_call("Move-Item", Destination=MARK))(night)
    fe03 = night.deployment.model.servers["fe03.example.com"]
    for group in night.deployment.model.pool_of(fe03).groups:
        for replica in group.replicas:
            replica.present = replica.server is not fe03

    code, output = play(night, tmp_path, sfb_gate_timeout_minutes=10)

    assert code != 0
    assert "Gate | Wait until the pool is healthy" in output
    assert "missing replica" in output
    assert night.state(FE02) == "in service", "it was brought back and unmarked before the pool was asked"
    assert FAIL_OVER not in [line.get("cmdlet") for line in promises.changes(night.journal)]
    night.is_well()


def test_half_an_update_that_a_killed_run_left_behind_is_made_whole(tmp_path):
    fault = {"fault": "installer_exit", "host": FE02, "exit_code": 1603, "applies": "half"}
    night = Night(tmp_path, quick_pool(), [fault])
    until(is_kind("installer", phase="ended", exit_code=0))(night)
    assert [line["exit_code"] for line in night.journal if line["kind"] == "installer" and "exit_code" in line] == [
        1603
    ]

    code, output = play(night, tmp_path)

    assert code == 0, output
    night.is_well(FE02)
    assert done(night) == ["fail over", "install", "install", "restart", "fail back"]
