# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool: its routing groups and their replicas, its quorum, its users. Reviewed after whatever happens to a server.

Routing groups have three replicas (DOC) on fixed home servers (a simplification: the real fabric moves them in larger
pools). A server that leaves takes its replicas away; back, it rebuilds them in 15 to 30 minutes (BLOG).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .server import Server
from .sql import Store
from .texts import say
from .values import between, guid

if TYPE_CHECKING:
    from .model import Model

Json = dict[str, Any]

#: Front Ends in the pool -> (voters: the first so many, needed to stay, needed to start). DOC: high-availability.md.
QUORUM = {
    1: (1, 1, 1),
    2: (2, 1, 1),
    3: (3, 2, 3),
    4: (4, 2, 3),
    5: (5, 3, 4),
    6: (6, 3, 5),
    7: (7, 4, 5),
    8: (7, 4, 6),
    9: (7, 4, 7),
    10: (9, 5, 8),
    11: (9, 5, 9),
    12: (9, 5, 10),
}
#: From twelve servers on in 2019 (DOC); the number to start is documented for twelve only.
QUORUM_2019 = (12, 7, 12)
STOP_AFTER = 300.0
"""Seconds without quorum until the services stop (BLOG: 5 minutes)."""


@dataclass
class Replica:
    server: Server
    present: bool = True
    ready_at: float | None = None
    """Being rebuilt until then."""


@dataclass
class RoutingGroup:
    id: str
    replicas: list[Replica]
    limited: bool = False

    @property
    def present(self) -> int:
        return sum(replica.present for replica in self.replicas)

    @property
    def needed(self) -> int:
        """Replicas that must be there, else its users are in limited mode (BLOG: losing two of three)."""
        return 2 if len(self.replicas) >= 3 else 1


@dataclass
class Pool:
    settings: Json
    product: str
    servers: list[Server]
    groups: list[RoutingGroup] = field(default_factory=list)
    lost_quorum_at: float | None = None
    down: bool = False
    """The pool lost its quorum and its services were stopped: starting takes the number to start."""
    resetting: bool = False
    user_store: Store = field(init=False)
    """Its back end (set by the model)."""
    back_end_away_since: float | None = None
    resiliency_mode: bool = False
    """Its back end was away for too long (back_end.py)."""
    users_out_since: float | None = None
    """Standard Edition only: nobody else serves its users."""

    def __post_init__(self) -> None:
        count = len(self.servers)
        for index in range(self.settings["routing_groups"]):
            homes = [self.servers[(index + step) % count] for step in range(min(3, count))]
            self.groups.append(RoutingGroup(guid(self.fqdn, "routing group", index), [Replica(home) for home in homes]))

    @property
    def fqdn(self) -> str:
        return str(self.settings["fqdn"])

    @property
    def standard(self) -> bool:
        """Standard Edition: one server, whose fabric runs as a single node (BLOG: it runs there too; the rest invented)."""
        return bool(self.settings["edition"] == "standard")

    @property
    def upgrade_domains(self) -> list[list[Server]]:
        """Its servers, one after the other into the next domain (DOC: groups of servers; how they are made is invented)."""
        count = self.settings["upgrade_domains"]
        return [self.servers[index::count] for index in range(count)]

    @property
    def sql(self) -> Json:
        return self.settings["sql"]  # type: ignore[no-any-return]

    @property
    def witness(self) -> bool:
        """The SQL back end can vote: the primary is there and principal (DOC/BLOG: even pools count on it)."""
        store = self.user_store
        return store.principal == "primary" and store.primary.answers(store.instance)

    def quorum(self) -> tuple[list[Server], int, int]:
        """Voters, how many of them must run now, how many servers must run to start."""
        count = len(self.servers)
        voters, needed, to_start = QUORUM_2019 if self.product == "sfb2019" and count >= 12 else QUORUM[count]
        if count in (2, 4, 6) and not self.witness:
            needed += 1
        return self.servers[:voters], needed, to_start

    @property
    def has_quorum(self) -> bool:
        voters, needed, _start = self.quorum()
        return sum(server.fabric_up for server in voters) >= needed

    @property
    def can_start(self) -> bool:
        """RTCSRV may leave Starting: enough servers are up."""
        _voters, _needed, to_start = self.quorum()
        return self.has_quorum and (not self.down or sum(server.fabric_up for server in self.servers) >= to_start)

    def share(self, server: Server, what: str) -> int:
        """Sessions or conferences on a server that serves; an even share of the pool's load."""
        if not server.hosting:
            return 0
        return -(-int(self.settings["load"][what]) // len(self.servers))

    def missing(self) -> list[tuple[RoutingGroup, Replica]]:
        return [(group, replica) for group in self.groups for replica in group.replicas if not replica.present]

    @property
    def rebuilding(self) -> bool:
        return any(replica.ready_at is not None for _group, replica in self.missing())

    @property
    def active_count(self) -> int:
        return sum(server.in_service for server in self.servers)

    def state(self) -> str:
        """Ready, Busy or InsufficientActiveFrontEnds (DOC); what exactly the product counts is inferred."""
        _voters, needed, _start = self.quorum()
        largest = max(len(domain) for domain in self.upgrade_domains)
        if self.active_count - largest < needed and len(self.servers) > 1:
            return "InsufficientActiveFrontEnds"
        if self.missing() or any(server.node == "draining" for server in self.servers):
            return "Busy"
        return "Ready"

    def review(self, model: Model) -> None:
        """Draws the consequences of what has just happened to servers, services or nodes."""
        now = model.clock.now()
        for server in self.servers:
            hosting = server.fabric_up and server.service_running("RTCSRV") and server.node != "failed_over"
            if server.hosting and not hosting:
                self._leaves(server, model)
            elif hosting and not server.hosting:
                self._comes(server, model, now)
        if self.standard:
            self._review_standard(model, now)
            return
        for group in self.groups:
            limited = group.present < group.needed
            if limited and not group.limited and not self.resetting:
                model.felt(self, "limited_mode", self.settings["users"] // len(self.groups), routing_group=group.id)
            group.limited = limited
        if self.has_quorum or self.resetting or self.down:
            self.lost_quorum_at = None
        elif self.lost_quorum_at is None:
            self.lost_quorum_at = now
            for server in self.servers:
                model.log(
                    server,
                    32163,
                    say("event_disconnected"),
                )
            model.clock.after(STOP_AFTER, lambda: self._stop_without_quorum(model, now))
        if self.down and all(server.service_running("RTCSRV") or server.node != "active" for server in self.servers):
            self.down = False

    def _review_standard(self, model: Model, now: float) -> None:
        """No companions, no quorum: without RTCSRV its users are out, with it they are back."""
        out = not self.servers[0].hosting
        if out and self.users_out_since is None:
            self.users_out_since = now
            model.felt(self, "users_out", self.settings["users"])
        elif not out and self.users_out_since is not None:
            minutes = round((now - self.users_out_since) / 60, 1)
            self.users_out_since = None
            model.felt(self, "users_back", self.settings["users"], minutes=minutes)

    def _leaves(self, server: Server, model: Model) -> None:
        sessions, conferences = model.load_left(server)
        if (sessions or conferences) and not self.standard:
            model.felt(self, "sessions_cut", sessions, conferences=conferences, server=server.fqdn)
        server.hosting = False
        for group in self.groups:
            for replica in group.replicas:
                if replica.server is server:
                    replica.present, replica.ready_at = False, None

    def reload(self, server: Server) -> None:
        """All replicas of a server are there again, read from the back end (QuorumLossRecovery)."""
        for group in self.groups:
            for replica in group.replicas:
                if replica.server is server:
                    replica.present, replica.ready_at = True, None

    def _comes(self, server: Server, model: Model, now: float) -> None:
        server.hosting = True
        if server.reloads or self.standard:
            server.reloads = False
            self.reload(server)
            return
        if (
            model.faults.strikes("replica_stays_missing", server.fqdn) is not None
            or not server.settings["replicas_rebuild"]
        ):
            return
        low, high = model.times["replicas_rebuilt_minutes"]
        for index, group in enumerate(self.groups):
            for replica in group.replicas:
                if replica.server is server and not replica.present:
                    seconds = 60 * between(low, high, server.fqdn, server.boots, index)
                    replica.ready_at = now + seconds
                    model.clock.after(seconds, partial(self._built, replica, now + seconds, model))

    def _built(self, replica: Replica, at: float, model: Model) -> None:
        if replica.ready_at == at:
            replica.present, replica.ready_at = True, None
            self.review(model)

    def _stop_without_quorum(self, model: Model, since: float) -> None:
        if self.lost_quorum_at != since:
            return
        model.felt(
            self, "quorum_lost", self.settings["users"], running=sum(server.fabric_up for server in self.servers)
        )
        self.down = True
        self.lost_quorum_at = None
        for server in self.servers:
            if server.up:
                model.log(server, 32173, say("event_shut_down"))
                model.stop_services(
                    server, [service.name for service in server.services.values() if service.kind == "role"]
                )
