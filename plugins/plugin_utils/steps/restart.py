# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts Windows and waits until the server answers again after a new start.

Not win_reboot: that ignores become, doubles its time-out, and ends as "unreachable", which would skip `rescue`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ConnectionLost,
    NotUsable,
    SfbError,
    TimedOut,
)
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.waiter import wait_until
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership

#: shutdown.exe: a restart is scheduled or under way already (Windows system error codes).
_ALREADY = (1190, 1115)
#: By then an order that arrived is seen: the server does not answer any more.
_BEGINS_SECONDS = 180


def last_boot(shell: ManagementShell, retry_seconds: float = 120.0) -> str:
    row = shell.read({"windows": windows.operating_system()}, retry_seconds)["windows"].checked().row
    return str(row["LastBootUpTime"])


def restart(
    shell: ManagementShell, timeout_minutes: float, say: Callable[[str], None], wait: bool = True
) -> dict[str, Any]:
    """Restarts once; {changed, last_boot, minutes}. An answer that got lost is looked up by the boot time.

    Without `wait` it returns when the restart is ordered, with the boot time of before it for `finish`. Raises SfbError
    when the restart is refused, or when the server does not answer with a new start in time.
    """
    state = survey.read_own_state(shell.read(survey.own_state_calls()))
    mark = read_mark(json.dumps(state["mark"]), state["server"]) if state["mark"] else None
    if mark is None and state["services"].get("RTCSRV", {}).get("status") == "Running":
        raise SfbError(
            f"{state['server']} is in service: RTCSRV runs, and no mark of ours stands. A restart would take it out.",
            remedy="Take it out of service first (sfb.server.computer_failover, sfb.server.server_stop).",
        )
    if state["works"]["install"] == "running":
        raise SfbError(
            f"{state['server']} can't be restarted while its update is being installed.",
            remedy="Start the playbook again: it waits for the installer, and goes on from there.",
        )
    before = str(state["last_boot"])
    began = shell.clock.now()
    _order(shell, mark, before)
    after = await_new_start(shell, before, timeout_minutes, say) if wait else before
    return {"changed": True, "last_boot": after, "minutes": round((shell.clock.now() - began) / 60, 1)}


def finish(shell: ManagementShell, since: str, timeout_minutes: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Waits for the end of a restart that was ordered while the boot time was `since`, and orders none."""
    began = shell.clock.now()
    after = await_new_start(shell, since, timeout_minutes, say)
    return {"changed": True, "last_boot": after, "minutes": round((shell.clock.now() - began) / 60, 1)}


def _order(shell: ManagementShell, mark: Mark | None, before: str) -> None:
    """Orders the restart, again only where the first order is seen not to have arrived (Windows takes one at a time)."""
    calls = {"ours": ownership.guard(mark)} if mark else {}
    for _try in range(background.STARTS):
        try:
            answer = shell.change({**calls, "restart": windows.restart()})
        except ConnectionLost:
            shell.transport.reset()
            if _has_begun(shell, before):
                return
            continue
        if mark:
            ownership.check(answer["ours"], mark)
        ordered = answer["restart"]
        code = ordered.row.get("ExitCode")
        if not ordered.ok or (code != 0 and code not in _ALREADY):
            raise CallFailed(
                f"{shell.server} refused to restart: {ordered.trouble or f'shutdown.exe ended with {code}'}.",
                remedy="Has the account the right to shut the system down?",
                exit_code=code,
            )
        return


def _has_begun(shell: ManagementShell, before: str) -> bool:
    began = shell.clock.now()
    while shell.clock.now() - began < _BEGINS_SECONDS:
        shell.clock.sleep(20)
        try:
            if last_boot(shell, retry_seconds=0) != before:
                return True
        except (ConnectionLost, CallFailed, NotUsable):
            return True
    return False


def await_new_start(shell: ManagementShell, before: str, timeout_minutes: float, say: Callable[[str], None]) -> str:
    """Waits until the server answers with another boot time than `before`, and returns that."""

    def boot() -> str:
        try:
            return last_boot(shell, retry_seconds=0)
        except (CallFailed, NotUsable) as error:
            # Windows answers before everything in it has started.
            raise ConnectionLost(error.message) from error

    shell.transport.reset()
    try:
        return wait_until(
            f"{shell.server} restarts",
            boot,
            lambda found: found != before,
            lambda found: "the restart to begin",
            shell.clock,
            timeout_minutes * 60,
            20,
            say=say,
            after_loss=shell.transport.reset,
        )
    except TimedOut as error:
        raise SfbError(
            f"{shell.server} did not come back from its restart within {timeout_minutes:.0f} minutes "
            f"(waiting for {error.facts['still_waited_for']}).",
            remedy="Look at its console. Once it is up, start the playbook again; until then touch no other server.",
        ) from error
