# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pool's health as the product shows it: fabric text (invented; see data/texts.yml), readiness, upgrade domains."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from ..call import Call, cmdlet
from ..clock import Wait
from ..model import Model
from ..pool import Pool
from ..server import Server
from ..texts import say
from ..values import PsObject, iso

SERVICES = ("Routing", "MCUFactory", "ConferenceDirectory", "LYSS")


def _node_state(server: Server) -> tuple[str, str]:
    """Health and state of a fabric node, for the final block."""
    if not server.fabric_up:
        return "Error", "Down"
    if server.node != "active":
        return "Warning", "Deactivated"
    return ("OK", "Up") if server.service_running("RTCSRV") else ("Warning", "Down")


def _layout_a(model: Model, pool: Pool) -> list[str]:
    lines = model.speak(say("fabric_a_head", pool=pool.fqdn)).split("\n")
    count = len(pool.groups)
    primaries = sum(group.present > 0 for group in pool.groups)
    secondaries = sum(max(group.present - 1, 0) for group in pool.groups)
    lines += [
        say("fabric_a_service", service=service, groups=count, primaries=primaries, secondaries=secondaries)
        for service in SERVICES
    ]
    lines += model.speak(say("fabric_a_servers")).split("\n")
    for server in pool.servers:
        health, state = _node_state(server)
        lines.append(say("fabric_a_server", server=server.fqdn, health=health, state=state))
    return lines


def _layout_b(model: Model, pool: Pool) -> list[str]:
    def number(high: int) -> int:
        return model.random.randrange(1, high)

    def new_guid() -> str:
        return str(uuid.UUID(int=model.random.getrandbits(128), version=4))

    now = model.clock.now()
    head = say(
        "fabric_b_head",
        time=iso(now)[:19] + "Z",
        guid=new_guid(),
        groups=len(pool.groups),
        instances=sum(group.present for group in pool.groups),
        elapsed=number(900),
    )
    lines = model.speak(head).split("\n")
    for server in pool.servers:
        if _node_state(server) == ("OK", "Up"):
            lines.append(
                say(
                    "fabric_b_node",
                    server=server.fqdn,
                    guid=new_guid(),
                    beat=number(100_000),
                    load=number(400),
                    time=iso(server.up_since)[:19] + "Z",
                )
            )
        else:
            lines.append(say("fabric_b_absent", server=server.fqdn))
    return [*lines, say("fabric_b_tail", guid=new_guid())]


def _layout_unknown(model: Model) -> list[str]:
    model.reads += 1
    words = [
        "".join(
            model.random.choice("bcdfghklmnprstvwz") + model.random.choice("aeiou")
            for _row in range(model.random.randrange(1, 5))
        )
        for _word in range(12)
    ]
    return [" ".join(words[:5]), " ".join(words[5:])]


@cmdlet("Get-CsPoolFabricState", 6.0, reach="topology")
def get_fabric_state(call: Call) -> None:
    model = call.model
    pool = model.pool(call.get("PoolFqdn") or "")
    if pool is None:
        raise call.fail(
            say("not_found", kind="pool", name=call.get("PoolFqdn")),
            "ManagementObjectNotFound",
            "ObjectNotFound",
            str(call.get("PoolFqdn")),
        )
    layout = model.switches["fabric_text"]
    if model.faults.strikes("fabric_text_unknown", call.server.fqdn) is not None:
        layout = "unknown"
    if layout != "unknown":
        for server in pool.servers:
            if not server.fabric_up:
                call.warn(say("fabric_down", server=server.fqdn))
            elif server.node != "active":
                call.warn(say("fabric_deactivated", server=server.fqdn))
        for group, replica in pool.missing():
            call.warn(say("fabric_missing", group=group.id, service="Routing", server=replica.server.fqdn))
        for group in pool.groups:
            call.say(say("fabric_verbose", group=group.id, present=group.present, wanted=len(group.replicas)))
    lines = (
        _layout_a(model, pool) if layout == "a" else _layout_b(model, pool) if layout == "b" else _layout_unknown(model)
    )
    if model.switches["fabric_output"] == "one_text":
        call.write("\r\n".join(model.speak(line) for line in lines))
    else:
        call.write(*lines)


def _readiness(call: Call, waits_minutes: float) -> Iterator[Wait]:
    """One PoolUpgradeState; waits first until replicas that are being built are there (DOC), then says Busy."""
    model = call.model
    pool = model.pool_with(call.server)
    if pool is None or not call.server.service_running("RTCSRV"):
        raise call.fail(say("readiness_local"), "NotActiveFrontEnd", "InvalidOperation")
    until = model.clock.now() + 60 * waits_minutes
    while pool.state() == "Busy" and pool.rebuilding and model.clock.now() < until:
        yield 15.0
    state = pool.state()
    blog = model.switches["readiness_property_names"] == "blog"
    domains = []
    for index, servers in enumerate(pool.upgrade_domains):
        active = sum(server.in_service for server in servers)
        domains.append(
            PsObject(
                "Microsoft.Rtc.Management.Hadr.UpgradeDomain",
                {
                    "Name": f"UpgradeDomain{index + 1}",
                    "Frontends": [server.fqdn for server in servers],
                    "TotalFrontends": len(servers),
                    "TotalActiveFrontends": active,
                    "IsReadyForUpgrade" if blog else "ReadyforUpgrade": state == "Ready" and active == len(servers),
                },
                f"UpgradeDomain{index + 1}",
            )
        )
    call.write(
        PsObject(
            "Microsoft.Rtc.Management.Hadr.PoolUpgradeState",
            {
                "PoolFqdn": pool.fqdn,
                "State" if blog else "PoolUpgradeState": state,
                "TotalFrontends": len(pool.servers),
                "TotalActiveFrontends": pool.active_count,
                "UpgradeDomains": domains,
            },
        )
    )


@cmdlet("Get-CsPoolUpgradeReadinessState", 8.0, reach="topology")
def get_pool_upgrade_readiness(call: Call) -> Iterator[Wait]:
    yield from _readiness(
        call, 0 if call.get("SkipIdleSecondaryVerification") else call.model.times["readiness_waits_minutes"]
    )


@cmdlet("Get-CsUpgradeDomainInfo", 8.0, reach="topology")
def get_upgrade_domain_info(call: Call) -> Iterator[Wait]:
    given = call.get("QueryTimeout")
    yield from _readiness(call, call.model.times["readiness_waits_minutes"] if given is None else given)
