# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-, Start- and Stop-CsWindowsService (DOC; table view REAL, BLOG stoknes)."""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call, cmdlet
from ..clock import Wait, Work
from ..model import Model
from ..server import Server, Service
from ..texts import say, word
from ..values import PsObject


def _computer(call: Call) -> Work:
    """The server that the call is about; another one is asked over the network."""
    name = call.get("ComputerName")
    server = call.server if not name else call.model.server(name)
    if server is call.server:
        return server
    if not call.identity.second_hop:
        raise call.fail(
            say("not_administrator", user=word("NT AUTHORITY\\ANONYMOUS LOGON", call.model.language), server=name),
            "AccessDenied",
            "PermissionDenied",
            name,
        )
    if server is None or not server.up:
        yield 21.0
        raise call.fail(say("rpc_unavailable"), "ComputerUnavailable", "ConnectionError", name)
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=name), "AccessDenied", "PermissionDenied", name
        )
    yield 1.0
    return server


def _chosen(call: Call, server: Server) -> list[Service]:
    name = call.get("Name")
    known = [service for service in server.services.values() if service.of_product]
    if not name:
        return known
    chosen = [service for service in known if service.name.lower() == name.lower()]
    if not chosen:
        raise call.fail(
            say("service_not_found", name=name, computer=server.fqdn), "ServiceNotFound", "ObjectNotFound", name
        )
    return chosen


def activity(model: Model, server: Server, service: Service) -> str:
    sessions, conferences = model.load_left(server)
    share = conferences // 4 if conferences >= 4 else conferences
    return service.activity.format(s=sessions, c=share if service.name != "RTCAVMCU" else conferences)


@cmdlet("Get-CsWindowsService", 1.5)
def get_windows_service(call: Call) -> Iterator[Wait]:
    server = yield from _computer(call)
    for service in _chosen(call, server):
        quiet = call.get("ExcludeActivityLevel") or service.status != "Running"
        if not quiet:
            yield 0.2
        call.write(
            PsObject(
                "Microsoft.Rtc.Management.Deployment.Core.NTService",
                {
                    "Status": service.status,
                    "Name": service.name,
                    "ActivityLevel": None if quiet else activity(call.model, server, service),
                    "DisplayName": service.title,
                    "RoleName": list(service.roles),
                    "ComputerName": server.fqdn,
                },
                service.name,
                ("Status", "Name", "ActivityLevel"),
            )
        )


@cmdlet("Stop-CsWindowsService", 1.0, changes=True)
def stop_windows_service(call: Call) -> Iterator[Wait]:
    server = yield from _computer(call)
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=server.fqdn), "AccessDenied", "PermissionDenied"
        )
    left = {"RTCCLSAGT"} if call.get("LeaveClsAgentRunning") else set()
    left |= {"W3SVC"} if call.get("LeaveWebServerRunning") else set()
    chosen = [service for service in _chosen(call, server) if service.name not in left]
    drains = any(service.name == "RTCSRV" and service.status != "Stopped" for service in chosen)
    if call.get("Graceful") and drains and sum(call.model.load_left(server)):
        call.acts()
        yield from _drain(call, server)
    for service in chosen:
        if service.status == "Stopped":
            continue
        call.acts()
        if not call.get("NoWait"):
            yield 4.0
        call.model.stop_service(server, service.name)


def _drain(call: Call, server: Server) -> Iterator[Wait]:
    """-Graceful lets the load leave, and gives up when it does not (BLOG stoknes; how long is invented)."""
    model = call.model
    flagged, server.node, server.drain_started = server.node, "draining", model.clock.now()
    until = model.clock.now() + 3600
    if model.faults.strikes("drain_never_ends", server.fqdn) is not None:
        model.endless_drains.add(server.fqdn)
    try:
        # Another stop, without -Graceful, ends it too.
        while sum(model.load_left(server)) and server.services["RTCSRV"].status != "Stopped":
            if model.clock.now() >= until:
                raise call.fail(
                    say("service_not_drained", name="RTCSRV", computer=server.fqdn),
                    "DrainTimeout",
                    "OperationTimeout",
                )
            yield 15.0
        server.load_left_behind = (0, 0)
        model.stop_service(server, "RTCSRV")
    finally:
        server.node, server.drain_started = flagged, None
        model.endless_drains.discard(server.fqdn)


@cmdlet("Start-CsWindowsService", 1.0, changes=True)
def start_windows_service(call: Call) -> Iterator[Wait]:
    server = yield from _computer(call)
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=server.fqdn), "AccessDenied", "PermissionDenied"
        )
    chosen = _chosen(call, server)
    for service in chosen:
        if service.status != "Stopped" or (service.start_mode == "Disabled" and not call.get("Name")):
            continue
        if service.start_mode == "Disabled":
            raise call.fail(
                say("service_disabled", name=service.name, computer=server.fqdn),
                "CouldNotStartService",
                "OpenError",
                service.name,
            )
        call.acts()
        if not call.get("NoWait"):
            yield 4.0
        call.model.start_service(server, service.name)
    waited = 0.0
    while not call.get("NoWait") and waited < 600 and any(service.status == "StartPending" for service in chosen):
        yield 10.0
        waited += 10.0
    for service in chosen:
        if service.status == "StartPending" and not call.get("NoWait"):
            call.warn(say("service_still_starting", name=service.name, computer=server.fqdn))
