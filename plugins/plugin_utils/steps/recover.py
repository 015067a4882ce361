# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovers a pool with missing replicas: Reset-CsPoolRegistrarState -ResetType QuorumLossRecovery, the manual's answer.

It interrupts the whole pool and can lose unwritten data (DOC), so it runs only when replicas are read as missing, with
every server in service, and only after the replicas had time to rebuild by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.pool_state import Question
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell

_POLL_SECONDS = 60.0


def reset(
    shell: ManagementShell,
    question: Question,
    rebuild_minutes: float,
    timeout_minutes: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """{changed, health, ...}. Raises SfbError when it may not be done or did not end."""
    calls = {"reset": cmdlets.recover_quorum_loss(question.pool).must()}
    answer = shell.read(background.looking("reset"))
    work = background.read_work(answer)
    if work.state != "running":
        found = pool_state.read(shell, question)
        began = shell.clock.now()
        while found["missing_replicas"] and not shell.check_mode and shell.clock.now() - began < rebuild_minutes * 60:
            _refuse_unless_all_in_service(question.pool, found)
            passed = (shell.clock.now() - began) / 60
            say(
                f"pool {question.pool}: replicas are missing; {passed:.0f} of {rebuild_minutes:.0f} min given to rebuild"
            )
            shell.clock.sleep(_POLL_SECONDS)
            found = pool_state.read(shell, question)
        if not found["missing_replicas"]:
            return {"changed": False, **found, "commands": []}
        _refuse_unless_all_in_service(question.pool, found)
        commands = [call.powershell() for call in calls.values()]
        if shell.check_mode:
            return {"changed": True, **found, "commands": commands}
        say(
            f"pool {question.pool}: {commands[0]} interrupts the whole pool; data not yet written to the back end can be lost"
        )
        state_folder.ensure(shell)
        background.start(shell, "reset", calls, work, int(timeout_minutes * 60) + 3600)
    background.follow(
        shell,
        "reset",
        calls,
        deadline_seconds=timeout_minutes * 60,
        interval_seconds=_POLL_SECONDS,
        on_reading=lambda answer, seconds: say(f"pool {question.pool}: the reset runs, {seconds / 60:.0f} min"),
    )["reset"].checked("Look at the pool by hand; if it stays like this, call the product's support.")
    return {
        "changed": True,
        **pool_state.read(shell, question),
        "commands": [call.powershell() for call in calls.values()],
    }


def _refuse_unless_all_in_service(pool: str, found: dict[str, Any]) -> None:
    bad = [
        piece["fact"]
        for piece in found["evidence"]
        if piece["what"] in ("services", "port") and piece["verdict"] != "healthy"
    ]
    if bad:
        raise SfbError(
            f"Pool {pool} is not reset while a server of it may be out of service: {'; '.join(bad)}.",
            remedy="Bring every server into service first; the replicas may then rebuild by themselves.",
        )
