# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds people's windows that may hold the product's assemblies, and closes them where that was asked for.

A window that stays open makes the update ask for a restart, or fail (manual: step 6). Ours never are among them: what
runs in session 0 is a service, or we ourselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps import marking, ownership

Window = dict[str, Any]


def close(shell: ManagementShell, end: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """{changed, windows: [{id, name, user, session}], commands}. Raises SfbError where one is open and stays so."""
    found = _open(shell)
    calls = {window["id"]: _calls(window) for window in found}
    result = {
        "changed": bool(found),
        "windows": found,
        "commands": [line["end"].powershell() for line in calls.values()],
        "diff": {"before": {"windows": [_words(window) for window in found]}, "after": {"windows": []}},
    }
    if found and not end:
        raise SfbError(
            f"On {shell.server} a window is open that may hold files of the product: {_listed(found)}.",
            remedy="Close it (ask who it belongs to), or let the run end it: sfb_close_shells: true.",
            windows=found,
        )
    if not found or shell.check_mode:
        return result
    for window in found:
        say(f"{shell.server}: {_words(window)} is ended")
        _end(shell, window, calls[window["id"]])
    left = [window for window in _open(shell) if window in found]
    if left:
        raise SfbError(
            f"On {shell.server} a window could not be ended: {_listed(left)}.",
            remedy="End it there by hand, then start again.",
            windows=left,
        )
    return result


def _open(shell: ManagementShell) -> list[Window]:
    return [
        {
            "id": int(row["Id"]),
            "name": str(row["Name"]),
            "user": str(row.get("UserName") or "an unknown user"),
            "session": int(row["SessionId"]),
        }
        for row in survey.read_open_windows(shell.read({"windows": windows.product_windows()})["windows"])
    ]


def _calls(window: Window) -> dict[str, Call]:
    return {
        "still": windows.process_of(window["id"], window["name"], window["session"]),
        "end": windows.end_process(window["id"]),
    }


def _end(shell: ManagementShell, window: Window, calls: dict[str, Call]) -> None:
    """One that was closed meanwhile, or whose number is another process's by now, needs no ending."""
    answer = marking.send_until_so(shell, calls, lambda: window not in _open(shell))
    if answer is None:
        return
    still = answer["still"]
    if still.absent or any(error.get("id") == ownership.UNEXPECTED for error in still.errors):
        return
    still.checked()
    if not answer["end"].absent:
        answer["end"].checked("End it there by hand, then start again.")


def _listed(found: Sequence[Window]) -> str:
    return "; ".join(_words(window) for window in found)


def _words(window: Window) -> str:
    return f"{window['name']} (process {window['id']}) of {window['user']}, session {window['session']}"
