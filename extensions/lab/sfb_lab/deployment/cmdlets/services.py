# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows' own services: Get-, Start-, Stop-, Set-Service."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from ..call import Call, cmdlet
from ..clock import Wait
from ..server import Service
from ..texts import say
from ..values import PsObject

MODES = {"auto": "Auto", "automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}
EXCEPTION = "Microsoft.PowerShell.Commands.ServiceCommandException"


def _found(call: Call, name: str) -> list[Service]:
    known = call.server.services.values()
    found = [service for service in known if fnmatch(service.name.lower(), name.lower().replace("[", "[[]"))]
    if not found and not any(mark in name for mark in "*?"):
        call.error(
            say("no_such_service", name=name),
            "NoServiceFoundForGivenName",
            "ObjectNotFound",
            name,
            EXCEPTION,
        )
    return found


def _refuse_guests(call: Call, service: Service, verb: str) -> bool:
    """verb: start, stop or set."""
    if call.identity.administrator:
        return False
    call.error(
        say(f"service_denied_{verb}", title=service.title, name=service.name),
        f"CouldNot{verb.capitalize()}Service",
        "OpenError",
        service.name,
        EXCEPTION,
    )
    return True


@cmdlet("Get-Service")
def get_service(call: Call) -> None:
    for name in call.names("Name") or ["*"]:
        for service in _found(call, name):
            call.write(
                PsObject(
                    "System.ServiceProcess.ServiceController",
                    {
                        "Status": service.status,
                        "Name": service.name,
                        "DisplayName": service.title,
                        "StartType": {"Auto": "Automatic"}.get(service.start_mode, service.start_mode),
                    },
                    "System.ServiceProcess.ServiceController",
                    ("Status", "Name", "DisplayName"),
                )
            )


@cmdlet("Start-Service", 1.0, changes=True)
def start_service(call: Call) -> Iterator[Wait]:
    for name in call.names("Name"):
        for service in _found(call, name):
            if _refuse_guests(call, service, "start") or service.status != "Stopped":
                continue
            if service.start_mode != "Disabled":
                call.acts()
            yield 3.0
            call.model.start_service(call.server, service.name)
            waited = 0
            while service.status == "StartPending" and waited < 30 and service.name != "RTCSRV":
                yield 10.0
                waited += 10


@cmdlet("Stop-Service", 1.0, changes=True)
def stop_service(call: Call) -> Iterator[Wait]:
    for name in call.names("Name"):
        for service in _found(call, name):
            if _refuse_guests(call, service, "stop") or service.status == "Stopped":
                continue
            call.acts()
            yield 3.0
            call.model.stop_service(call.server, service.name)


@cmdlet("Set-Service", changes=True)
def set_service(call: Call) -> None:
    for service in _found(call, call.get("Name")):
        if _refuse_guests(call, service, "set"):
            continue
        mode = MODES.get(str(call.get("StartupType")).lower())
        if mode and mode != service.start_mode:
            call.acts()
            service.start_mode = mode
