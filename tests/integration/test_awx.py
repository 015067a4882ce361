# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job template of AWX: the credential comes through prompts, as ansible-runner answers them, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from deployments import pool
from lab_runs import NEW, ROOT, environment

runner = pytest.importorskip("ansible_runner", reason="ansible-runner is in the environment of the checks only")

FE02 = "fe02.example.com"
ADMIN, PATCHER = "Rehearsal-1", "Rehearsal-2"
SECRET = ("password", "_pass", "_user")


def inventory_without_secrets(running, folder):
    """The lab's inventory as AWX has one: how to reach the servers, and not as whom."""
    below = folder / "inventory" / "host_vars"
    below.mkdir(parents=True)
    for path in (Path(running.facts["inventory"]) / "host_vars").iterdir():
        variables = yaml.safe_load(path.read_text())
        kept = {name: value for name, value in variables.items() if not name.endswith(SECRET)}
        (below / path.name).write_text(yaml.safe_dump(kept))
    (folder / "inventory" / "hosts.yml").write_text(running.inventory.read_text())


def test_a_job_template_patches_a_server_and_its_artifacts_hold_no_password(lab, tmp_path):
    running = lab(pool())
    folder = tmp_path / "job"
    inventory_without_secrets(running, folder)

    job = runner.run(
        private_data_dir=str(folder),
        playbook=str(ROOT / "playbooks/patch_frontend_pool.yml"),
        limit=FE02,
        cmdline="-u LAB\\\\admin --ask-pass --become-method runas --become-user LAB\\\\patcher --ask-become-pass",
        passwords={r"SSH password:\s*?$": ADMIN, r"BECOME password.*:\s*?$": PATCHER},
        extravars={
            "sfb_update_source": f"http://media.example.com/sfb2019/{NEW['sfb2019']}/SkypeServerUpdateInstaller.exe",
            "sfb_update_version": NEW["sfb2019"],
            "sfb_report_dir": str(folder / "reports"),
        },
        envvars={
            name: environment()[name]
            for name in ("ANSIBLE_COLLECTIONS_PATH", "NO_PROXY", "PATH")
            if name in environment()
        },
        verbosity=3,
        quiet=True,
    )

    shown = job.stdout.read()
    assert (job.status, job.rc) == ("successful", 0), shown
    assert [entry["host"] for entry in running.changes("Invoke-CsComputerFailOver")] == [FE02]
    done = [entry for entry in running.journal() if entry["kind"] in ("cmdlet", "installer", "reboot", "file")]
    assert {(entry["user"], entry["become_user"]) for entry in done} == {("LAB\\admin", "LAB\\patcher")}
    artifacts = [path for part in ("artifacts", "reports") for path in (folder / part).rglob("*") if path.is_file()]
    assert len(artifacts) > 10
    for path in artifacts:
        content = path.read_bytes()
        assert ADMIN.encode() not in content and PATCHER.encode() not in content, f"{path} holds a password"
