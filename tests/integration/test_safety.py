# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data is data, secrets stay secret, and a server that can't prove who it is gets nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import winrm
import yaml
from deployments import pool
from lab_runs import NEW, environment

PLAYBOOK = "patch_frontend_pool.yml"
FE01, FE02 = "fe01.example.com", "fe02.example.com"
ONE = (PLAYBOOK, "--limit", FE02)

#: What would end a text, begin a command or get lost in a code page, if a value were ever pasted into one.
#: Zurich with umlaut, "meeting" and "update" in Chinese, and the typographic quotes that PowerShell takes for straight ones.
NASTY = 'it\'s "$(Stop-Computer)"; `whoami` & $env:X Z\u00fcrich \u4f1a\u8bae\u66f4\u65b0 \u2019\u201d'


def test_a_pool_a_path_and_a_folder_with_a_nasty_name_change_nothing_but_themselves(lab, tmp_path):
    share = f"\\\\files.example.com\\{NASTY}\\Installer.exe"
    deployment = pool(media=[{"version": NEW["sfb2019"], "unc": [share]}])
    name = deployment["pools"][0]["fqdn"] = f"{NASTY}.example.com"
    running = lab(deployment)
    reports = tmp_path / NASTY
    folder = f"C:\\ProgramData\\sfb.server\\media\\{NASTY}"

    run = running.play(*ONE, sfb_update_source=share, sfb_report_dir=str(reports))

    assert run.code == 0, run.output
    (report,) = reports.glob("*/report.json")
    assert yaml.safe_load(report.read_text(encoding="utf-8"))["pool"] == name.lower()
    journal = running.journal()
    for cmdlet, parameter, value in (
        ("Get-CsPoolFabricState", "PoolFqdn", name.lower()),
        ("Copy-Item", "LiteralPath", share),
    ):
        assert {entry["parameters"][parameter] for entry in journal if entry.get("cmdlet") == cmdlet} == {value}
    assert [entry for entry in journal if entry["kind"] == "refused"] == []

    playbook = tmp_path / "stage.yml"
    task = {"sfb.server.update_media": {"source": "{{ share }}", "installer": "{{ folder }}\\Installer.exe"}}
    playbook.write_text(yaml.safe_dump([{"hosts": FE01, "gather_facts": False, "tasks": [task]}]))
    staged = running.play(str(playbook), share=share, folder=folder)

    assert staged.code == 0, staged.output
    new = running.journal()[len(journal) :]
    (copy,) = [entry["parameters"] for entry in new if entry.get("cmdlet") == "Copy-Item" and entry["changes"]]
    assert (copy["LiteralPath"], copy["Destination"]) == (share, f"{folder}\\Installer.exe")


SECRETS = ("Geheim-7f3a-connection", "Geheim-9c1e-become")


def secrets_in(*places):
    """Files below these folders that hold a password, in the codings that something might write it in."""
    codings = [secret.encode(coding) for secret in SECRETS for coding in ("utf-8", "utf-16-le")]
    files = [path for place in places for path in Path(place).rglob("*") if path.is_file()]
    assert files, "there was nothing to look at"
    return [path for path in files if any(secret in path.read_bytes() for secret in codings)]


def on_the_server(running, command):
    """What a Windows administrator would see there."""
    variables = yaml.safe_load((Path(running.facts["inventory"]) / "host_vars" / f"{FE02}.yml").read_text())
    address = f"https://{variables['ansible_host']}:{running.facts['port']}/wsman"
    session = winrm.Session(
        address,
        ("LAB\\admin", SECRETS[0]),
        transport="ntlm",
        ca_trust_path=variables["ansible_winrm_ca_trust_path"],
        proxy=None,
    )
    answer = session.run_ps(command)
    assert answer.status_code == 0, answer.std_err
    return answer.std_out.decode()


def test_no_password_is_shown_kept_or_left_behind_and_every_call_is_made_as_the_account_to_become(
    lab, tmp_path, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("ANSIBLE_HOME", str(temporary / "ansible"))
    monkeypatch.setenv("ANSIBLE_LOG_PATH", str(temporary / "ansible.log"))
    accounts = {"LAB\\admin": {"password": SECRETS[0], "second_hop": True}, "LAB\\patcher": {"password": SECRETS[1]}}
    running = lab(pool(accounts=accounts, become="LAB\\patcher"))

    run = running.play(*ONE, "-vvvv", "--diff")

    assert run.code == 0, run.output
    # Besides the deployment's description the folder holds the output, the journal, and the reports.
    (running.folder / "deployment.yml").unlink()
    assert secrets_in(running.folder) == []
    done = [entry for entry in running.journal() if entry["kind"] in ("cmdlet", "installer", "reboot", "file")]
    assert {(entry["user"], entry["become_user"]) for entry in done} == {("LAB\\admin", "LAB\\patcher")}
    listed = set(on_the_server(running, "Get-ChildItem C:\\ProgramData\\sfb.server").split())
    files = {word for word in listed if word.startswith("C:\\") and ".json" in word}
    assert {path.rpartition("\\")[2] for path in files} >= {"fail_over.json", "install.json", "fail_back.json"}
    for path in files:
        text = on_the_server(running, f"Get-Content {path}")
        assert text and not any(secret in text for secret in SECRETS)

    running.stop()

    assert secrets_in(temporary) == []


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(lab):
    running, stranger = lab(), lab()
    variables = yaml.safe_load((Path(stranger.facts["inventory"]) / "host_vars" / f"{FE01}.yml").read_text())

    run = running.play(ansible_winrm_ca_trust_path=variables["ansible_winrm_ca_trust_path"])

    assert run.code == 2
    assert running.journal() == [], "something was sent to a server that could be anybody"
    assert {(f["id"], f["server"]) for f in run.report["findings"] if f["level"] == "error"} == {
        ("connection", FE01),
        ("connection", FE02),
    }
    assert "certificate verify failed" in run.text


def test_a_failure_of_which_ansible_keeps_no_result_ends_the_run_all_the_same(tmp_path):
    """A file that can't be included fails without a result; whoever waits for one would go on with the next server."""
    block = [{"ansible.builtin.include_tasks": "/nowhere.yml"}]
    rescue = [{"ansible.builtin.include_role": {"name": "sfb.server.patch_report", "tasks_from": "failed"}}]
    went_on = {"ansible.builtin.debug": {"msg": "it went on"}}
    play = {"hosts": "all", "gather_facts": False, "serial": 1, "tasks": [{"block": block, "rescue": rescue}, went_on]}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    command = ["ansible-playbook", "-i", "one,two,", "-c", "local", str(tmp_path / "play.yml")]

    run = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)

    assert run.returncode != 0
    assert "What failed is said above." in run.stdout + run.stderr
    assert "it went on" not in run.stdout
