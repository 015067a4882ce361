# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays one patch run on a simulated deployment and says how it went: python tools/demo.py NAME

Leaves build/NAME/journal.jsonl (what the deployment saw), report.json and report.html (what the run recorded), and nothing
running, also when it is interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Demo:
    """What is played: a deployment, an inventory as a user has one, a playbook and its variables."""

    deployment: str
    inventory: str
    playbook: str
    variables: dict[str, Any]


def _to(product: str, version: str, installer: str = "SkypeServerUpdateInstaller.exe") -> dict[str, Any]:
    return {
        "sfb_update_source": f"http://media.example.com/{product}/{version}/{installer}",
        "sfb_update_version": version,
        "sfb_backup_confirmed": True,
    }


#: What the lab's journal calls it -> how it is said.
FELT = {
    "sessions_cut": "{count} sessions cut",
    "limited_mode": "{count} users in limited mode",
    "quorum_lost": "{count} quorum losses",
    "resiliency_mode": "{count} users in resiliency mode",
    "users_out": "{count} users out while their server was patched",
}
ALWAYS_TOLD = ("sessions_cut", "limited_mode", "quorum_lost")

SFB_2019 = _to("sfb2019", "7.0.2046.521")
LYNC_2013 = _to("lync2013", "5.0.8308.965", "LyncServerUpdateInstaller.exe")
DEMOS = {
    "demo": Demo("front_end_pool_2019.yml", "inventory.yml", "patch_frontend_pool.yml", SFB_2019),
    "demo-backend": Demo("back_end_2019.yml", "back_end.yml", "patch_backend_server.yml", SFB_2019),
    "demo-standard": Demo(
        "standard_edition_2019.yml", "standard_edition.yml", "patch_standard_edition_server.yml", SFB_2019
    ),
    "demo-lync": Demo(
        "lync_pool_2013.yml",
        "inventory.yml",
        "patch_frontend_pool.yml",
        {**LYNC_2013, "sfb_update_mirrored_databases": True},
    ),
}


@contextlib.contextmanager
def lab(deployment: Path, journal: Path) -> Iterator[dict[str, Any]]:
    """A running lab, as its first line of output describes it; stopped at the end, whatever happens."""
    command = [sys.executable, str(ROOT / "extensions/lab"), "serve", "--deployment", str(deployment)]
    process = subprocess.Popen([*command, "--journal", str(journal)], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit("The lab did not start; its message stands above.")
        yield json.loads(line)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def play(demo: Demo, folder: Path, running: dict[str, Any]) -> int:
    """Runs the playbook as a user would, with the lab's inventory last so that it wins."""
    command = ["ansible-playbook", "-i", str(ROOT / "examples" / demo.inventory), "-i", running["inventory"]]
    command += [
        str(ROOT / "playbooks" / demo.playbook),
        "-e",
        json.dumps({**demo.variables, "sfb_report_dir": str(folder / "runs")}),
    ]
    print(
        "$",
        " ".join([*command[:1], "-i", f"examples/{demo.inventory}", "-i", "LAB", f"playbooks/{demo.playbook}"]),
        flush=True,
    )
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0", "NO_PROXY": "127.0.0.0/8"}
    return subprocess.run(command, env=environment, check=False).returncode


def summarise(folder: Path, code: int) -> None:
    """What an administrator wants to know in the morning."""
    newest = max((folder / "runs").glob("*/report.json"), default=None)
    if newest is None:
        print("\nThe run left no report.")
        return
    for name in ("report.json", "report.html"):
        shutil.copy(newest.with_name(name), folder / name)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    print(f"\n{report['pool']}: {report['outcome']}, {report['minutes']:.0f} minutes (exit code {code})\n")
    row = "{:<20} {:<15} {:<15} {:>24}"
    print(row.format("Server", "Before", "After", "Minutes out of service"))
    for server in report["servers"]:
        out = server["minutes_out_of_service"]
        print(
            row.format(
                server["fqdn"],
                server["version_before"] or "",
                server["version_after"] or "",
                "-" if out is None else out,
            )
        )
    if report["databases"]:
        print("\nDatabases")
        for database in report["databases"]:
            place = "\\".join(part for part in (database["sql_server"], database["instance"]) if part)
            change = (
                f"{database['before']} -> {database['after']}"
                if database["before"] != database["after"]
                else database["after"]
            )
            print(f"  {place:<28} {database['name']:<12} {database['state']:<8} {change}")
    if report["back_end"]:
        print(f"\nBack end away: {report['back_end']['away_minutes']} of {report['back_end']['limit_minutes']} minutes")
    felt = dict.fromkeys(FELT, 0)
    for line in (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["kind"] == "felt" and entry["what"] in felt:
            felt[entry["what"]] += int(entry["count"])
    told = [words.format(count=felt[what]) for what, words in FELT.items() if felt[what] or what in ALWAYS_TOLD]
    print(f"\nWhat users felt: {', '.join(told)}")
    print(
        f"\nReport: {folder.relative_to(ROOT)}/report.html   Journal of the lab: {folder.relative_to(ROOT)}/journal.jsonl"
    )


def main(name: str) -> int:
    demo = DEMOS[name]
    folder = ROOT / "build" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # A demo that is interrupted ends the lab too: SIGTERM unwinds like Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with lab(ROOT / "extensions/lab/deployments" / demo.deployment, folder / "journal.jsonl") as running:
        code = play(demo, folder, running)
    summarise(folder, code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
