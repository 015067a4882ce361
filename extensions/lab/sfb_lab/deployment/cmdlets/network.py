# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-NetConnection, Invoke-WebRequest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...border import UnknownToLab
from ..call import Call, cmdlet
from ..clock import Wait
from ..model import Model
from ..server import Server
from ..texts import say

#: Ports that something listens on: 5090 is what Microsoft's quorum rule probes (CODE OPD), 5061 SIP.
SERVICE_PORTS = {5090: "RTCSRV", 5061: "RTCSRV", 443: "W3SVC", 4443: "W3SVC", 444: "RTCIMMCU"}


def answers(model: Model, caller: Server, name: str, port: int | None) -> bool:
    server = model.server(name)
    if server is not None:
        if not server.up or port is None:
            return server.up
        if port in SERVICE_PORTS:
            return server.service_running(SERVICE_PORTS[port])
        if port == 1433:
            return any(store.node.host is server and store.reached_from(caller) for store in model.sql.stores)
        return port in (135, 139, 445, 3389) or (port in (5985, 5986) and server.winrm)
    for store in model.sql.stores:
        if name.lower() == store.fqdn.lower():
            return store.reached_from(caller) and port in (None, 1433, 445, 135)
        if store.mirror and name.lower() == store.mirror.fqdn.lower():
            return store.mirror.answers(store.instance) and port in (None, 1433, 445, 135)
    for pool in model.pools:
        if name.lower() == pool.fqdn.lower():
            return any(server.in_service for server in pool.servers)
    return any(
        name.lower() == other["fqdn"].lower() for other in model.settings["other_computers"]
    ) or model.media.shares_host("\\\\" + name + "\\")


@cmdlet("Test-NetConnection", 1.0)
def test_net_connection(call: Call) -> Iterator[Wait]:
    name, port = call.get("ComputerName") or "internetbeacon.msedge.net", call.get("Port")
    good = answers(call.model, call.server, name, port)
    server = call.model.server(name)
    address = server.address if server else "127.0.250.1"
    if not good:
        yield 21.0
        call.warn(say("tcp_failed", name=name, port=port) if port else say("ping_failed", name=name))
    more = {"RemotePort": port, "TcpTestSucceeded": good} if port else {}
    call.write_object(
        "TestNetConnectionResult",
        None,
        ComputerName=name,
        RemoteAddress=address,
        PingSucceeded=server.up if server else good,
        **more,
    )


@cmdlet("Invoke-WebRequest", 0.5)
def invoke_web_request(call: Call) -> Iterator[Wait]:
    """Only whether a published address answers; files are fetched by download."""
    address = str(call.get("Uri"))
    if call.get("OutFile") or str(call.get("Method") or "Get").lower() not in ("head", "default"):
        raise UnknownToLab("Invoke-WebRequest: the lab knows -Method Head only")
    host = re.sub(r"^https?://", "", address).partition("/")[0]
    if address in call.model.media.urls:
        call.write_object(
            "Microsoft.PowerShell.Commands.BasicHtmlWebResponseObject", None, StatusCode=200, StatusDescription="OK"
        )
    elif any(f"//{host}/" in known for known in call.model.media.urls):
        raise call.fail(
            say("http_404"),
            "WebCmdletWebResponseException",
            "InvalidOperation",
            address,
            "System.Net.WebException",
        )
    else:
        yield 12.0
        raise call.fail(
            say("remote_name", host=host),
            "WebCmdletWebResponseException",
            "InvalidOperation",
            address,
            "System.Net.WebException",
        )
