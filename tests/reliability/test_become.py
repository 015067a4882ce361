# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection's own account may not go on to other servers; the account that tasks become may."""

from __future__ import annotations

import promises
from lab_runs import pool_of

FE02 = "fe02.example.com"
#: The first one is that of the connection.
ACCOUNTS = {
    "LAB\\account": {"password": "no secret 1", "second_hop": False},
    "LAB\\patcher": {"password": "no secret 2", "second_hop": True},
}
#: What only prepares a remote execution (temporary folders) runs as the connection's account, whatever is wanted.
PREPARING = ("file", "make_folder"), ("file", "write_file"), ("file", "remove")


def test_become_reaches_every_call(lab):
    running = lab(pool_of(accounts=ACCOUNTS, become="LAB\\patcher"))

    run = running.play("patch_frontend_pool.yml", "--limit", FE02)

    assert run.code == 0, run.output
    called = [line for line in running.journal() if line["user"] and (line["kind"], line.get("what")) not in PREPARING]
    assert {(line["user"], line["become_user"]) for line in called} == {("LAB\\account", "LAB\\patcher")}
    kinds = {line["kind"] for line in called}
    assert {"cmdlet", "installer", "reboot"} <= kinds
    detached = [
        line for line in called if line.get("cmdlet") in ("Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack")
    ]
    assert detached


def test_without_become_the_look_says_what_the_second_hop_is_and_nothing_is_changed(lab):
    running = lab(pool_of(accounts={name: ACCOUNTS[name] for name in ("LAB\\account",)}))

    run = running.play("patch_frontend_pool.yml")

    assert run.code != 0
    assert promises.changes(running.journal()) == []
    assert {line["become_user"] for line in running.journal()} == {None}
    assert run.report["outcome"] == "stopped by findings"
    assert "[unread_topology] fe01.example.com" in run.text
    for word in ("second hop", "CredSSP", "Kerberos delegation", "become"):
        assert word in run.text
