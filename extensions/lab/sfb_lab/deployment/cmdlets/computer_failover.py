# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invoke-CsComputerFailOver and Invoke-CsComputerFailBack (DOC, BLOG stoknes, CODE VTFK; error texts invented)."""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call, cmdlet
from ..clock import Wait
from ..model import Model
from ..pool import Pool
from ..server import Server
from ..texts import say
from ..values import Span, Terminating

LOOK_AGAIN = 15.0


def _target(call: Call) -> tuple[Server, Pool]:
    """The computer (by default the local one) and its pool, if the caller may do this to it."""
    model = call.model
    name = call.get("ComputerName") or call.server.fqdn
    if not call.identity.administrator:
        raise call.fail(
            say("failover_not_admin", computer=name, pool=call.server.pool_fqdn),
            "AccessDenied",
            "PermissionDenied",
            name,
            "System.UnauthorizedAccessException",
        )
    server = model.by_fqdn(name)
    if server is None:
        raise call.fail(say("failover_no_computer", computer=name), "ComputerNotFound", "ObjectNotFound", name)
    pool = model.pool_with(server)
    if (
        pool is None
        or pool.settings["edition"] == "standard"
        or len(pool.servers) < 2
        or "RTCSRV" not in server.services
    ):
        raise call.fail(say("failover_no_pool", computer=name), "InvalidComputer", "InvalidArgument", name)
    if not server.up:
        raise call.fail(say("rpc_unavailable"), "ComputerUnavailable", "ConnectionError", name)
    return server, pool


def _wait_time(call: Call) -> float:
    """Seconds; an hour by default (DOC)."""
    given = call.get("WaitTime")
    return given.seconds if isinstance(given, Span) else 3600.0


@cmdlet(
    "Invoke-CsComputerFailOver",
    5.0,
    changes=True,
    reach="admin",
    confirms=True,
    acts_under_whatif=lambda call: bool(call.get("Force")),
)  # issue office-docs-powershell#2881
def fail_over(call: Call) -> Iterator[Wait]:
    model = call.model
    server, pool = _target(call)
    name = server.fqdn
    _refusals(call, server, pool)
    if server.node == "failed_over":
        if model.switches["fail_over_repeated"] == "error":
            raise call.fail(say("failover_done", computer=name), "AlreadyFailedOver", "InvalidOperation", name)
        return
    if server.drain_started is not None:
        raise call.fail(say("failover_busy", computer=name), "OperationInProgress", "ResourceBusy", name)
    began = model.clock.now()
    wait_until = began + _wait_time(call)
    cut_after = call.get("DrainingTimeout")
    call.acts()
    call.say(say("failover_moving", computer=name, pool=pool.fqdn))
    server.node, server.drain_started = "draining", began
    if model.faults.strikes("drain_never_ends", name) is not None:
        model.endless_drains.add(name)
    try:
        yield 60 * model.times["fail_over_minutes"] / 2
        while sum(model.load_left(server)):
            now = model.clock.now()
            if isinstance(cut_after, Span) and now >= began + cut_after.seconds:
                break
            if now >= wait_until:
                raise _give_up(call, server, pool)
            yield LOOK_AGAIN
    except GeneratorExit:
        # The process died: the node stays flagged, and nobody drains it any more.
        _leave_flagged(model, server)
        raise
    left = model.load_left(server)
    model.endless_drains.discard(name)
    yield from _stop(call, server, pool, left)


def _refusals(call: Call, server: Server, pool: Pool) -> None:
    """What the product checks first, unless -Force (the fabric check is INFERRED from -SkipFabricHealthCheck)."""
    if server.node == "failed_over":
        return
    model, name = call.model, server.fqdn
    if len(pool.servers) == 2 and model.switches["fail_over_two_servers"] == "refused":
        raise call.fail(say("failover_two", pool=pool.fqdn), "PoolTooSmall", "InvalidOperation", name)
    _voters, needed, _start = pool.quorum()
    others = sum(other.in_service for other in pool.servers if other is not server)
    if others < needed and not call.get("Force"):
        raise call.fail(
            say("failover_servers", pool=pool.fqdn, computer=name), "InsufficientServers", "InvalidOperation", name
        )
    checks = model.switches["fail_over_health_check"] == "replicas" and not call.get("SkipFabricHealthCheck")
    if checks and not call.get("Force") and pool.missing():
        raise call.fail(say("failover_replicas", pool=pool.fqdn), "FabricNotHealthy", "InvalidOperation", name)


def _leave_flagged(model: Model, server: Server) -> None:
    server.load_left_behind = model.load_left(server)
    server.drain_started = None
    model.endless_drains.discard(server.fqdn)


def _give_up(call: Call, server: Server, pool: Pool) -> Terminating:
    model = call.model
    _leave_flagged(model, server)
    server.node = "draining" if model.switches["timed_out_drain_leaves_node_flagged"] else "active"
    pool.review(model)
    return call.fail(
        say("failover_timeout", computer=server.fqdn, minutes=round(_wait_time(call) / 60)),
        "WaitTimeExpired",
        "OperationTimeout",
        server.fqdn,
        "System.TimeoutException",
    )


def _stop(call: Call, server: Server, pool: Pool, left: tuple[int, int]) -> Iterator[Wait]:
    model = call.model
    roles = [service for service in server.services.values() if service.kind == "role"]
    every = [service for service in server.services.values() if service.of_product]
    stopped = every if model.switches["fail_over_disables"] == "all" else roles
    if not call.get("NoStop"):
        _cut(model, server, pool, left)
        for service in stopped:
            yield 60 * model.times["fail_over_minutes"] / 2 / len(stopped)
            model.stop_service(server, service.name)
            disables = model.switches["fail_over_disables"] != "front_end_only" or service.name == "RTCSRV"
            if disables and service.start_mode != "Disabled":
                service.start_mode = "Disabled"
                server.disabled_by_fail_over.add(service.name)
    server.node, server.drain_started = "failed_over", None
    pool.review(model)


def _cut(model: Model, server: Server, pool: Pool, left: tuple[int, int]) -> None:
    """DrainingTimeout: what did not leave by itself is cut now."""
    sessions, conferences = left
    if sessions or conferences:
        model.felt(pool, "sessions_cut", sessions, conferences=conferences, server=server.fqdn)
    server.load_left_behind = (0, 0)
    server.drain_started = None


@cmdlet("Invoke-CsComputerFailBack", 5.0, changes=True, reach="admin", confirms=True)
def fail_back(call: Call) -> Iterator[Wait]:
    model = call.model
    server, pool = _target(call)
    name = server.fqdn
    throws = model.faults.strikes("fail_back_throws", name) is not None
    if throws or model.clock.now() < server.up_since + 60 * model.times["fail_back_ready_minutes"]:
        yield 20.0
        raise call.fail(
            say("failback_not_ready", computer=name),
            "FabricNodeNotReady",
            "InvalidOperation",
            name,
            "System.InvalidOperationException",
        )
    if server.drain_started is not None:
        raise call.fail(say("failover_busy", computer=name), "OperationInProgress", "ResourceBusy", name)
    if server.node == "active":
        if model.switches["fail_back_repeated"] == "error":
            raise call.fail(say("failback_done", computer=name), "NotFailedOver", "InvalidOperation", name)
        return
    began = model.clock.now()
    seconds = 60 * model.times["fail_back_minutes"]
    call.acts()
    if "FabricHostSvc" in server.disabled_by_fail_over:
        server.services["FabricHostSvc"].start_mode = "Auto"
    model.start_service(server, "FabricHostSvc")
    yield min(seconds, _wait_time(call))
    while not pool.has_quorum or seconds > model.clock.now() - began:
        if model.clock.now() - began >= _wait_time(call):
            raise call.fail(
                say("failback_timeout", computer=name, minutes=round(_wait_time(call) / 60)),
                "WaitTimeExpired",
                "OperationTimeout",
                name,
                "System.TimeoutException",
            )
        yield LOOK_AGAIN
    server.node = "active"
    for service_name in server.disabled_by_fail_over:
        server.services[service_name].start_mode = "Auto"
    server.disabled_by_fail_over.clear()
    if not call.get("NoStart"):
        for service in server.services.values():
            if service.of_product and service.start_mode == "Auto":
                model.start_service(server, service.name)
    pool.review(model)
