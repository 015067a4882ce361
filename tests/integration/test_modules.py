# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules by themselves, as users call them in their own playbooks and from the command line: in check mode, for real,
and once more."""

from __future__ import annotations

import json
import subprocess

import yaml
from deployments import pool
from lab_runs import NEW, OLD, POOL, environment, pool_of

FE01, FE02, FE03 = (f"fe{number:02d}.example.com" for number in range(1, 4))
FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
SOURCE = f"http://media.example.com/sfb2019/{NEW['sfb2019']}/SkypeServerUpdateInstaller.exe"
INSTALLER = f"C:\\ProgramData\\sfb.server\\media\\{NEW['sfb2019']}\\SkypeServerUpdateInstaller.exe"


def results_of(running, *tasks, host=FE02):
    """Plays the tasks on one server; their results, whether they failed or not.

    A task is (module, options) or (module, options, {"check_mode": True, ...}).
    """
    names = [f"result_{number}" for number in range(len(tasks))]
    play = {
        "hosts": host,
        "gather_facts": False,
        "tasks": [
            {f"sfb.server.{module}": options or None, "register": name, "ignore_errors": True, **dict(*more)}
            for name, (module, options, *more) in zip(names, tasks, strict=True)
        ],
    }
    path = running.folder / "results.json"
    collected = f"{{{{ [{', '.join(names)}] | to_json }}}}"
    keep = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {name: f"{{{{ hostvars[{host!r}].{name} }}}}" for name in names},
        "tasks": [{"ansible.builtin.copy": {"dest": str(path), "content": collected, "mode": "0600"}}],
    }
    playbook = running.folder / "tasks.yml"
    playbook.write_text(yaml.safe_dump([play, keep], allow_unicode=True))
    run = running.play(str(playbook), "--diff", keep_promises=False)
    assert run.code == 0, run.output
    return json.loads(path.read_text())


CHECK = {"check_mode": True}


def habit(module, options):
    """In check mode, for real, again, and in check mode again."""
    return [(module, options, CHECK), (module, options), (module, options), (module, options, CHECK)]


def changed(results):
    for result in results:
        assert not result.get("failed"), result.get("msg")
    return [result["changed"] for result in results]


ONCE = [True, True, False, False]


def test_a_server_is_staged_taken_out_updated_restarted_and_brought_back_by_bare_modules(lab):
    running = lab(pool())

    results = results_of(
        running,
        *habit("update_media", {"source": SOURCE, "installer": INSTALLER}),
        *habit("computer_failover", {"state": "out_of_service"}),
        *habit("server_update", {"installer": INSTALLER, "version": NEW["sfb2019"]}),
        ("server_update_info", {"version": NEW["sfb2019"]}),
        ("server_restart", {}, CHECK),
        ("server_restart", {}),
        *habit("computer_failover", {"state": "in_service"}),
    )

    staged, out, updated, (info,) = results[:4], results[4:8], results[8:12], results[12:13]
    restarted, back = results[13:15], results[15:]
    for module in (staged, out, updated, back):
        assert changed(module) == ONCE
    assert changed([info, *restarted]) == [False, True, True]
    assert out[0]["commands"][-1].startswith(f"{FAIL_OVER} -ComputerName {FE02} ")
    assert out[0]["diff"] == out[1]["diff"] == {"before": {"state": "in_service"}, "after": {"state": "out_by_us"}}
    assert {result["state"] for result in out[1:]} == {"out_by_us"}
    assert (updated[1]["version_before"], updated[1]["version_after"]) == (OLD["sfb2019"], NEW["sfb2019"])
    assert updated[0]["commands"][-1] == f"& {INSTALLER} /silentmode"
    assert updated[1]["restart_required"] and updated[2]["restart_required"]
    assert info["has_update"] is True
    assert back[0]["commands"][0].startswith(f"{FAIL_BACK} -ComputerName {FE02} ")
    assert back[1]["diff"] == {"before": {"state": "out_by_us"}, "after": {"state": "in_service"}}
    journal = running.journal()
    assert len([entry for entry in journal if entry.get("what") == "download"]) == 1
    assert len([entry for entry in journal if entry["kind"] == "reboot"]) == 1
    assert len(running.changes(FAIL_OVER)) == len(running.changes(FAIL_BACK)) == 1
    assert [entry for entry in journal if entry["check_mode"] and entry.get("changes")] == []


def test_a_service_is_stopped_and_started_and_the_start_type_stays_its_owners_choice(lab):
    running = lab(pool_of())
    stop, start = ({"name": "RTCCPS", "state": state} for state in ("stopped", "started"))

    results = results_of(
        running,
        *habit("windows_service", stop),
        ("windows_service_info", {}),
        *habit("windows_service", start),
        ("windows_service_info", {"computer": FE03}),
        ("windows_service", {"name": "RTCNONE", "state": "stopped"}, CHECK),
    )

    assert changed(results[:4]) == ONCE
    assert results[0]["diff"] == {"before": {"RTCCPS": "Running"}, "after": {"RTCCPS": "Stopped"}}
    assert results[0]["commands"][0].startswith(f"Stop-CsWindowsService -Name RTCCPS -ComputerName {FE02} ")
    assert results[4]["services"]["RTCCPS"] == {"status": "Stopped", "start_type": "Automatic", "activity": []}
    assert results[4]["services"]["RTCSRV"]["status"] == "Running"
    assert changed(results[5:9]) == ONCE
    assert [entry["parameters"]["ComputerName"] for entry in running.changes("Start-CsWindowsService")] == [FE02]
    assert results[9]["failed"] and f"leads to {FE02}, not to {FE03}" in results[9]["msg"]
    assert results[10]["failed"] and "no product service named RTCNONE" in results[10]["msg"]
    assert "RTCSRV" in results[10]["msg"], "it does not say which services there are"


def test_what_a_real_run_would_refuse_is_refused_in_check_mode_too(lab):
    servers = [FE01, FE02, {"fqdn": FE03, "out_of_service": True}]
    running = lab({"product": "sfb2019", "pools": [{"fqdn": POOL, "servers": servers}]})
    out, lower = {"state": "out_of_service"}, {"installer": INSTALLER, "version": "7.0.2046.100"}

    results = results_of(
        running,
        ("computer_failover", out, CHECK),
        ("computer_failover", out),
        ("computer_failover", {**out, "computer": FE01}),
        ("server_update", lower, CHECK),
        ("server_update", lower),
        ("server_update", {**lower, "version": NEW["sfb2019"]}),
    )

    assert [bool(result["failed"]) for result in results] == [True] * 6
    assert [result["changed"] for result in results] == [False] * 6
    assert FE03 in results[0]["msg"] and FE03 in results[1]["msg"]
    assert f"leads to {FE02}, not to {FE01}" in results[2]["msg"]
    assert "step back" in results[3]["msg"] and "step back" in results[4]["msg"]
    assert "is in service" in results[5]["msg"]
    assert running.changes() == []


def test_a_healthy_pool_is_not_reset_and_one_with_missing_replicas_is_reset_once(lab):
    healthy = lab()
    assert changed(results_of(healthy, ("pool_registrar_reset", {"pool_fqdn": POOL}))) == [False]

    servers = [FE01, FE02, {"fqdn": FE03, "replicas_missing": True, "replicas_rebuild": False}]
    running = lab({"product": "sfb2019", "pools": [{"fqdn": POOL, "servers": servers}]})
    options = {"pool_fqdn": POOL, "rebuild_minutes": 2}

    results = results_of(running, *habit("pool_registrar_reset", options), ("pool_fabric_info", {}), host=FE01)

    assert changed(results) == [*ONCE, False]
    (reset,) = running.changes("Reset-CsPoolRegistrarState")
    assert reset["parameters"] == {"PoolFqdn": POOL, "ResetType": "QuorumLossRecovery", "Confirm": False}
    assert results[0]["commands"] == [
        f"Reset-CsPoolRegistrarState -PoolFqdn {POOL} -ResetType QuorumLossRecovery -Confirm:$false"
    ]
    assert results[4]["missing_replicas"] is False


def test_the_modules_answer_questions_from_the_command_line(lab):
    running = lab()
    questions = {
        "topology_info": {"pool": POOL, "edition": "enterprise", "computers": [FE01, FE02, FE03]},
        "windows_service_info": {"server": FE02, "out_of_service": False},
        "server_update_info": {"version": OLD["sfb2019"]},
        "pool_fabric_info": {"health": "healthy", "witness": FE02},
    }
    for module, told in questions.items():
        command = ["ansible", FE02, "-i", str(running.inventory), "-i", running.facts["inventory"]]
        command += ["-m", f"sfb.server.{module}"]

        answer = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)

        assert answer.returncode == 0, answer.stdout + answer.stderr
        result = json.loads(answer.stdout[answer.stdout.index("{") :])
        assert result["changed"] is False
        assert {key: result[key] for key in told} == told
    assert running.changes() == []
