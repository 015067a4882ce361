# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reset-CsPoolRegistrarState and Start-CsPool (DOC: restarts RtcSrv and FabricHostSvc; durations invented)."""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call, cmdlet
from ..clock import Wait
from ..pool import Pool
from ..server import Server
from ..texts import say
from ..values import Terminating


def _pool(call: Call) -> Pool:
    pool = call.model.pool(call.get("PoolFqdn"))
    if pool is None:
        raise call.fail(
            say("not_found", kind="pool", name=call.get("PoolFqdn")),
            "ManagementObjectNotFound",
            "ObjectNotFound",
            call.get("PoolFqdn"),
        )
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=pool.fqdn),
            "AccessDenied",
            "PermissionDenied",
            pool.fqdn,
            "System.UnauthorizedAccessException",
        )
    return pool


def _stop(call: Call, server: Server) -> None:
    for name in ("RTCSRV", "FabricHostSvc"):
        call.model.stop_service(server, name)


def _start(call: Call, server: Server) -> None:
    for name in ("FabricHostSvc", "RTCSRV"):
        if server.services[name].start_mode != "Disabled":
            call.model.start_service(server, name)


@cmdlet("Reset-CsPoolRegistrarState", 10.0, changes=True, reach="admin", confirms=True)
def reset(call: Call) -> Iterator[Wait]:
    """Interrupts the whole pool. QuorumLossRecovery builds missing replicas again from the back end."""
    model, pool = call.model, _pool(call)
    kind = call.get("ResetType", "ServiceReset")
    if kind == "MachineStateRemoved":
        raise call.fail(say("reset_machine_there"), "MachineInTopology", "InvalidOperation", pool.fqdn)
    if not pool.user_store.online and kind != "ServiceReset":
        raise call.fail(
            say("sql_unreachable", server=pool.sql["server"]), "BackEndUnavailable", "ConnectionError", pool.fqdn
        )
    call.acts()
    pool.resetting = True
    up = [server for server in pool.servers if server.up and "RTCSRV" in server.services]
    try:
        for server in up:
            yield 20.0
            _stop(call, server)
        if kind == "FullReset":
            for server in up:
                server.node = "active"
                for service in server.services.values():
                    service.start_mode = "Auto" if service.of_product else service.start_mode
                server.disabled_by_fail_over.clear()
        yield 120.0
        if not call.get("NoReStart"):
            for server in up:
                _start(call, server)
        yield 300.0
        if kind != "ServiceReset":
            for server in up:
                server.reloads = not server.hosting
                if server.hosting:
                    pool.reload(server)
    finally:
        pool.resetting = False
        pool.review(model)


@cmdlet("Start-CsPool", 5.0, changes=True, reach="admin", confirms=True)
def start_pool(call: Call) -> Iterator[Wait]:
    """Starts the services of all servers of the pool, then waits for RTCSRV for a while."""
    pool = _pool(call)
    skipped = {name.lower() for name in call.names("SkipServer")}
    for server in pool.servers:
        if not server.up or server.fqdn.lower() in skipped:
            continue
        for service in server.services.values():
            if service.of_product and service.start_mode == "Auto" and service.status == "Stopped":
                call.acts()
                try:
                    call.model.start_service(server, service.name)
                except Terminating as error:
                    call.errors.append(error.error)
        yield 20.0
    waited = 0
    while waited < 1800 and any(_starting(server) for server in pool.servers):
        yield 30.0
        waited += 30


def _starting(server: Server) -> bool:
    service = server.services.get("RTCSRV")
    return service is not None and service.status == "StartPending"
