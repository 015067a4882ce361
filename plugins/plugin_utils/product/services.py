# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of one server, from its services and the mark.

The services are those that Get-CsWindowsService lists: product services, W3SVC and FabricHostSvc among them (CODE
HICKOK). Names ignore case (the product writes both RTCSRV and RtcSrv).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark

State = Literal[
    "in_service",
    "out_by_us",
    "out_by_others",
    "partly_stopped",
    "draining",
    "coming_back",
    "starting",
    "no_front_end",
    "no_product",
]

FRONT_END = "RTCSRV"

# CODE (a public script), each without its prefix "Skype for Business Server".
DISPLAY_NAMES = {
    "FTA": "File Transfer Agent",
    "LYNCBACKUP": "Backup Service",
    "MASTER": "Master Replicator Agent",
    "REPLICA": "Replica Replicator Agent",
    "RTCASMCU": "Application Sharing",
    "RTCATS": "Audio Test Service",
    "RTCAVMCU": "Audio/Video Conferencing",
    "RTCCAA": "Conferencing Attendant",
    "RTCCAS": "Conferencing Announcement",
    "RTCCLSAGT": "Centralized Logging Service Agent",
    "RTCCPS": "Call Park",
    "RTCDATAMCU": "Web Conferencing",
    "RTCHA": "Health Agent",
    "RTCIMMCU": "IM Conferencing",
    "RTCMEDSRV": "Mediation",
    "RTCRGS": "Response Group",
    "RTCSRV": "Front-End",
    "RTCXMPPTGW": "XMPP Translating Gateway",
}

# The same state has a name of its own in NTService, ServiceControllerStatus and Win32_Service, and comes as a number
# through some remoting (CODE DUMP: 1 Stopped, 2 Starting, 3 Stopping, 4 Running, 7 Paused).
_STATUS = {
    "stopped": "Stopped",
    "starting": "Starting",
    "stopping": "Stopping",
    "running": "Running",
    "paused": "Paused",
}
_STATUS |= {"startpending": "Starting", "stoppending": "Stopping"}
_STATUS |= {"1": "Stopped", "2": "Starting", "3": "Stopping", "4": "Running", "7": "Paused"}
_START_TYPE = {"auto": "Automatic", "automatic": "Automatic", "automaticdelayedstart": "Automatic", "2": "Automatic"}
_START_TYPE |= {"manual": "Manual", "demand": "Manual", "3": "Manual", "disabled": "Disabled", "4": "Disabled"}

# A comma parts two counters only where a new "name=" follows: "Rate=0,5,Calls=3" on a system with decimal commas.
_BETWEEN_COUNTERS = re.compile(r",(?=[^,=]*=)|[;\r\n]+")
_ZERO = re.compile(r"[0.,\s]*0[0.,\s]*")


@dataclass(frozen=True)
class Service:
    """One service. `start_type` is "" where it was not read; `activity` holds "counter=value" texts."""

    name: str
    status: str
    start_type: str = ""
    activity: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} is {self.status} (start type {self.start_type or 'not read'})"


@dataclass(frozen=True)
class ServerState:
    """What a server is, and the facts that say so."""

    state: State
    reasons: tuple[str, ...] = field(default=())


def service_from(name: str, status: object, start_type: object = None, activity: object = None) -> Service:
    """A service from what the calls return: names or numbers for status and start type, text or a list for activity."""
    pieces: Iterable[object] = activity if isinstance(activity, (list, tuple)) else [activity or ""]
    counters = [part.strip() for piece in pieces for part in _BETWEEN_COUNTERS.split(str(piece))]
    return Service(name, _named(status, _STATUS), _named(start_type, _START_TYPE), tuple(c for c in counters if c))


def _named(value: object, names: dict[str, str]) -> str:
    text = "" if value is None else str(value).strip()
    return names.get(re.sub(r"[^a-z0-9]", "", text.lower()), text)


def server_state(
    services: Sequence[Service], mark: Mark | None, fail_over_running: bool = False, fail_back_running: bool = False
) -> ServerState:
    """The state of a server.

    A mark stands from before the server goes out until it has come back whole, so where one stands the server counts
    as out however its services look: the way out may have failed, timed out or been cut off half way.
    "no_front_end": RTCSRV is not among its services; the reasons are the automatic ones that do not run. That the
    product itself is missing ("no_product") is not seen by services.
    """
    front_end = front_end_of(services)
    front_end_text = str(front_end) if front_end else f"{FRONT_END} is not among the services"
    if fail_over_running:
        return ServerState("draining", ("it is being taken out of service just now", front_end_text))
    if fail_back_running:
        return ServerState("coming_back", ("it is being brought back into service just now", front_end_text))
    if mark:
        taken = f"run {mark.run} of {mark.user} took this server out at {mark.time}, and it was not brought back since"
        return ServerState("out_by_us", (taken, front_end_text))
    if front_end is None:
        return ServerState("no_front_end", tuple(str(s) for s in services if _counts(s) and s.status != "Running"))
    if front_end.status == "Stopped" and front_end.start_type == "Disabled":
        nobody = "and no mark of this collection stands, so somebody else took this server out"
        return ServerState("out_by_others", (f"{front_end_text} {nobody}",))
    return _state_by_services(front_end, services)


def front_end_of(services: Sequence[Service]) -> Service | None:
    return next((service for service in services if service.name.casefold() == FRONT_END.casefold()), None)


def is_out(services: Sequence[Service], mark: Mark | None) -> bool:
    """Out as far as services can tell: RTCSRV stopped and disabled, as a fail over leaves it, whoever did that.

    Where the mark says "stop" nothing is disabled, so that RTCSRV (if there is one) is stopped is enough.
    """
    front_end = front_end_of(services)
    if mark and mark.how == "stop":
        return front_end is None or front_end.status == "Stopped"
    return front_end is not None and front_end.status == "Stopped" and front_end.start_type == "Disabled"


def _counts(service: Service) -> bool:
    """A Manual or Disabled service that does not run is its owner's choice; one whose start type was not read counts."""
    return service.start_type in ("Automatic", "")


def _state_by_services(front_end: Service, services: Sequence[Service]) -> ServerState:
    """What the services alone say of a server that is neither marked nor failed over.

    RTCSRV that runs but is disabled would not come back after a restart: somebody's fail over may be on its way.
    """
    trouble = [s for s in services if s is not front_end and _counts(s) and s.status != "Running"]
    if front_end.status != "Running" or front_end.start_type == "Disabled":
        trouble.insert(0, front_end)
    if not trouble:
        return ServerState("in_service", (str(front_end),))
    begins = front_end.status == "Starting" or all(s.status == "Starting" for s in trouble)
    state: State = "starting" if begins and front_end.start_type != "Disabled" else "partly_stopped"
    return ServerState(state, tuple(str(s) for s in trouble))


def to_run_again(mark: Mark) -> tuple[str, ...]:
    """The services that must run once the server is back: those that ran before and were not disabled.

    And RTCSRV, of a server that was failed over: an adopted one was already out when its mark was written, and no Front
    End serves without it. A server whose services are only stopped may have none.
    """
    ran = [
        name
        for name, before in mark.services.items()
        if before.status in ("Running", "Starting") and before.start_type != "Disabled"
    ]
    if mark.how == "stop" or any(name.casefold() == FRONT_END.casefold() for name in ran):
        return tuple(ran)
    return (FRONT_END, *ran)


def not_running(services: Sequence[Service], wanted: Iterable[str]) -> list[str]:
    """One text per wanted service that does not run: "RTCSRV is Starting (start type Automatic)"."""
    found = {service.name.casefold(): service for service in services}
    missing = []
    for name in wanted:
        service = found.get(name.casefold())
        if service is None:
            missing.append(f"{name} is not among the services of this server")
        elif service.status != "Running":
            missing.append(str(service))
    return missing


def left_to_drain(services: Sequence[Service]) -> list[str]:
    """One line per service that still does something: "RTCAVMCU (Audio/Video Conferencing): Active Conferences=2".

    A counter that is not "name=number" is shown too: only a plain zero means nothing left.
    """
    lines = []
    for service in services:
        left = [c for c in service.activity if not _ZERO.fullmatch(c.rpartition("=")[2].removesuffix("...").strip())]
        if left and service.status != "Stopped":
            display = DISPLAY_NAMES.get(service.name.upper())
            lines.append(f"{service.name}{f' ({display})' if display else ''}: {', '.join(left)}")
    return lines
