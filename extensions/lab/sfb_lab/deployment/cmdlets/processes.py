# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-Process and Stop-Process: who has a window open, and ending it."""

from __future__ import annotations

from fnmatch import fnmatch

from ..call import Call, cmdlet, must_ask
from ..server import Process
from ..texts import say, word
from ..values import Moment, PsObject

EXCEPTION = "Microsoft.PowerShell.Commands.ProcessCommandException"


def _found(call: Call) -> list[Process]:
    """The processes that -Id or -Name (with wildcards) are about; all without either."""
    names, ids = call.names("Name"), call.get("Id")
    found = list(call.server.processes.values())
    if ids is not None:
        for missing in [number for number in ids if number not in call.server.processes]:
            call.error(
                say("no_process_id", id=missing),
                "NoProcessFoundForGivenId",
                "ObjectNotFound",
                str(missing),
                EXCEPTION,
            )
        return [process for process in found if process.pid in ids]
    for name in names:
        if not any(fnmatch(_short(process.name), name.lower()) for process in found) and "*" not in name:
            call.error(
                say("no_process_name", name=name),
                "NoProcessFoundForGivenName",
                "ObjectNotFound",
                name,
                EXCEPTION,
            )
    if not names:
        return found
    return [process for process in found if any(fnmatch(_short(process.name), name.lower()) for name in names)]


def _short(name: str) -> str:
    return name.lower().removesuffix(".exe")


@cmdlet("Get-Process", 0.3)
def get_process(call: Call) -> None:
    if call.get("IncludeUserName") and not call.identity.administrator:
        raise call.fail(
            say("user_name_elevation"),
            "IncludeUserNameRequiresElevation",
            "InvalidOperation",
        )
    for process in _found(call):
        name = process.name.rpartition(".")[0] if process.name.lower().endswith(".exe") else process.name
        more = {"UserName": word(process.user, call.model.language)} if call.get("IncludeUserName") else {}
        call.write(
            PsObject(
                "System.Diagnostics.Process",
                {
                    "Id": process.pid,
                    "ProcessName": name,
                    "Name": name,
                    "StartTime": Moment(process.started),
                    "MainWindowTitle": process.title,
                    "SessionId": process.session,
                    "Path": process.name,
                    "CommandLine": process.command_line or process.name,
                    **more,
                },
                f"System.Diagnostics.Process ({name})",
                ("Id", "ProcessName"),
            )
        )


@cmdlet("Stop-Process", 0.3, changes=True)
def stop_process(call: Call) -> None:
    """Somebody else's process wants -Force: else it asks, whatever -Confirm says (DOC: Stop-Process)."""
    for process in _found(call):
        name = process.name.rpartition(".")[0] or process.name
        if process.user.lower() != call.identity.user.lower():
            if not call.identity.administrator:
                call.error(
                    say("process_denied", name=name, id=process.pid, error=say("access_denied")),
                    "CouldNotStopProcess",
                    "CloseError",
                    f"System.Diagnostics.Process ({name})",
                    EXCEPTION,
                )
                continue
            if not call.get("Force"):
                raise must_ask(call)
        call.acts()
        call.model.end_process(call.server, process)
