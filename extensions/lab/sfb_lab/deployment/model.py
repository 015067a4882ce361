# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deployment as it stands: servers, pools, people, and what every part of the simulation asks of them."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..border import Caller, RefusedByWindows
from . import back_end
from .clock import Clock
from .faults import Faults
from .files import FileSystem, clean
from .journal import Journal
from .media import MediaShelf, make_medium
from .pool import Pool
from .products import SERVICES
from .server import LogEvent, Process, Server
from .sql import SqlServers
from .texts import say, speak
from .values import PsError, Terminating

Json = dict[str, Any]
ADMIN_GROUPS = ("RTCUniversalServerAdmins",)
READ_GROUPS = (
    "RTCUniversalServerAdmins",
    "RTCUniversalReadOnlyAdmins",
    "RTCUniversalServerReadOnlyGroup",
    "CsAdministrator",
)


@dataclass(frozen=True)
class Identity:
    """In whose name a process acts."""

    user: str
    administrator: bool
    groups: tuple[str, ...]
    second_hop: bool
    sql_administrator: bool
    sql_login: bool
    """SQL Server lets it in."""


SYSTEM = Identity("NT AUTHORITY\\SYSTEM", True, (), True, True, True)

#: What a SQL server with product components has of the product (INFERRED: nobody lists it; REPLICA needs a local store).
BACK_END_SERVICES = ("W3SVC", "REPLICA", "RTCCLSAGT", "MSSQL$RTCLOCAL")
BACK_END_COMPONENTS = ("Core Components", "Administrative Tools")


def account_key(name: str) -> str:
    """LAB\\admin, lab.example.com\\Admin and admin@lab.example.com are one account."""
    return name.rpartition("\\")[2].partition("@")[0].lower()


class Model:
    """Everything that a cmdlet can reach."""

    def __init__(self, settings: Json, clock: Clock, journal: Journal, faults: Faults) -> None:
        self.settings = settings
        self.clock = clock
        self.journal = journal
        self.faults = faults
        self.product: str = settings["product"]
        self.switches: Json = settings["switches"]
        self.times: Json = settings["times"]
        self.language: str = settings["language"]
        self._component_language = self.language if self.switches["component_names"] == "localised" else "en"
        self.servers: dict[str, Server] = {}
        self.pools: list[Pool] = []
        self.media = MediaShelf([make_medium(self.product, medium) for medium in settings["media"]], clock.start)
        self.back_end_servers: list[Server] = []
        """SQL servers that can be reached by WinRM."""
        self.deleted_groups: set[str] = set()
        """Groups of the domain that are gone, in lower case."""
        self.unpublished: set[str] = set()
        """Availability groups after whose update the topology wants to be published again (DOC)."""
        self.random = random.Random(7)
        """Only for texts that are to differ from read to read."""
        self.reads = 0
        self.endless_drains: set[str] = set()
        """Servers whose drain gets stuck at one conference."""
        self.master: str | None = None
        """FQDN of the server that holds the active Central Management master."""
        for number, pool in enumerate(settings["pools"]):
            self._add_pool(number, pool)
        for index, entry in enumerate(settings["back_end_servers"]):
            self._add_back_end_server(index, entry)
        self.sql = SqlServers(settings, self.servers)
        for known in self.pools:
            known.user_store = self.sql.user_store(known.fqdn)

    def _add_pool(self, number: int, settings: Json) -> None:
        servers = []
        for index, entry in enumerate(settings["servers"]):
            server = Server(
                entry,
                settings["fqdn"],
                f"127.0.{number + 1}.{11 + index}",
                entry["product"] or self.product,
                self.settings["version"],
                self.clock.start,
                self.language,
                self._component_language,
            )
            self.servers[server.fqdn] = server
            servers.append(server)
            for service in SERVICES:
                if not self._belongs(service, settings):
                    server.services.pop(service["name"], None)
        self.pools.append(Pool(settings, self.product, servers))

    def _add_back_end_server(self, index: int, entry: Json) -> None:
        product = entry["product"] or self.product
        server = Server(
            entry,
            entry["fqdn"],
            f"127.0.200.{11 + index}",
            product,
            self.settings["version"],
            self.clock.start,
            self.language,
            self._component_language,
        )
        server.services = {name: service for name, service in server.services.items() if name in BACK_END_SERVICES}
        server.components = {
            name: version for name, version in server.components.items() if name in BACK_END_COMPONENTS
        }
        server.databases = {name: database for name, database in server.databases.items() if name == "xds"}
        self.servers[server.fqdn] = server
        self.back_end_servers.append(server)

    def _belongs(self, service: Json, pool: Json) -> bool:
        """Whether the servers of a pool have this service."""
        where: dict[str | None, bool] = {
            None: True,
            "central_management": pool["fqdn"] == self.settings["central_management"],
            "paired": pool["paired_with"] is not None,
        }
        return where[service.get("where")]

    # Finding things

    def server(self, name: str) -> Server | None:
        """By FQDN or short name, in any case."""
        for server in self.servers.values():
            if name.lower() in (server.fqdn.lower(), server.name.lower()):
                return server
        return None

    def by_fqdn(self, name: str) -> Server | None:
        return next((server for server in self.servers.values() if server.fqdn.lower() == name.lower()), None)

    def pool(self, fqdn: str) -> Pool | None:
        return next((pool for pool in self.pools if pool.fqdn.lower() == fqdn.lower()), None)

    def pool_of(self, server: Server) -> Pool:
        return next(pool for pool in self.pools if server in pool.servers)

    def pool_with(self, server: Server) -> Pool | None:
        """The same for any server: a back end server is in no pool."""
        return next((pool for pool in self.pools if server in pool.servers), None)

    def review(self, server: Server) -> None:
        """Draws the consequences of what has just happened to this server."""
        pool = self.pool_with(server)
        if pool is not None:
            pool.review(self)
        self.review_back_ends()

    def review_back_ends(self) -> None:
        """The same for what happened to a SQL server."""
        back_end.review(self)

    @property
    def central_pool(self) -> Pool:
        found = self.pool(self.settings["central_management"])
        if found is None:
            raise LookupError("no pool holds the Central Management store")
        return found

    def active_master(self) -> Server | None:
        """It stays where it is until that server can't hold it any more."""
        able = [server for server in self.central_pool.servers if server.service_running("MASTER")]
        current = self.by_fqdn(self.master) if self.master else None
        if current not in able:
            current = able[0] if able else None
        self.master = current.fqdn if current else None
        return current

    # People

    def account(self, name: str) -> Json | None:
        for known, account in self.settings["accounts"].items():
            if account_key(known) == account_key(name):
                return {"name": known, **account}
        return None

    def identity(self, caller: Caller) -> Identity:
        """Who acts for this caller; a become account has a real logon, so it reaches other servers.

        Raises:
            RefusedByWindows: unknown account or wrong password.
        """
        name = caller.become_user or caller.user
        if caller.become_user and account_key(name) in ("system", "localsystem"):
            return SYSTEM
        account = self.account(name)
        if account is None or (caller.become_user and caller.become_password != account["password"]):
            self.journal.write("refused", caller, reason="logon", account=name)
            raise RefusedByWindows(self.speak(say("wrong_password")))
        return Identity(
            account["name"],
            account["administrator"],
            tuple(group for group in account["groups"] if group.lower() not in self.deleted_groups),
            bool(caller.become_user) or account["second_hop"],
            account["sql_administrator"],
            account["sql_administrator"] or account["sql_login"],
        )

    # What happens

    def speak(self, text: str) -> str:
        """A text as the servers' people read it."""
        return speak(text, self.language)

    def felt(self, pool: Pool, what: str, count: int, **more: Any) -> None:
        host = str(more.pop("server", None) or pool.fqdn)
        self.journal.write("felt", None, host, what=what, count=count, pool=pool.fqdn, **more)

    def log(
        self, server: Server, number: int, message: str, level: str = "Error", source: str = "LS User Services"
    ) -> None:
        server.events.append(LogEvent(number, source, level, self.speak(message), self.clock.now()))

    def load_left(self, server: Server) -> tuple[int, int]:
        """Sessions and conferences that are still on a server: less and less while it drains."""
        pool = self.pool_with(server)
        if pool is None:
            return 0, 0
        sessions, conferences = pool.share(server, "sessions"), pool.share(server, "conferences")
        if server.node != "draining":
            return sessions, conferences
        if server.drain_started is None:
            return server.load_left_behind
        minutes = server.settings["drain_minutes"]
        minutes = pool.settings["load"]["drain_minutes"] if minutes is None else minutes
        done = min(1.0, (self.clock.now() - server.drain_started) / (60 * minutes)) if minutes else 1.0
        left = (-int(-sessions * (1 - done) // 1), -int(-conferences * (1 - done) // 1))
        if max(left) <= 1 and server.fqdn in self.endless_drains:
            return 1, 1
        return left

    def stop_services(self, server: Server, names: list[str]) -> None:
        for name in names:
            self.stop_service(server, name, review=False)
        self.review(server)

    def stop_service(self, server: Server, name: str, review: bool = True) -> None:
        service = server.services[name]
        service.start_number += 1
        service.status = "Stopped"
        if name == "FabricHostSvc" and server.services["RTCSRV"].status != "Stopped":
            self.stop_service(server, "RTCSRV", review=False)  # depends on it
        if review:
            self.review(server)

    def start_service(self, server: Server, name: str) -> None:
        """Starts it; RTCSRV goes through Starting until the fabric has placed its routing groups."""
        service = server.services[name]
        if service.status != "Stopped" or not server.up:
            return
        if service.start_mode == "Disabled":
            raise Terminating(
                PsError(
                    say("service_cannot_start", title=service.title, name=name),
                    "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand",
                    "OpenError",
                    "Microsoft.PowerShell.Commands.ServiceCommandException",
                    name,
                )
            )
        service.start_number += 1
        if name == "RTCSRV":
            if (
                server.services["FabricHostSvc"].status == "Stopped"
                and server.services["FabricHostSvc"].start_mode != "Disabled"
            ):
                self.start_service(server, "FabricHostSvc")
            pool = self.pool_of(server)
            self._starting(
                server, name, 60 * self.times["cold_start_minutes" if pool.down else "front_end_starting_minutes"]
            )
        elif self.faults.strikes("service_stays_starting", server.fqdn, service=name) is not None:
            service.status = "StartPending"
        else:
            service.status = "Running"
        self.review(server)

    def _starting(self, server: Server, name: str, seconds: float) -> None:
        service = server.services[name]
        service.status = "StartPending"
        number = service.start_number
        pool = self.pool_of(server)
        stuck = self.faults.strikes("service_stays_starting", server.fqdn, service=name)
        until = (
            float("inf")
            if stuck and stuck["minutes"] is None
            else self.clock.now() + max(seconds, 60 * stuck["minutes"] if stuck else 0)
        )
        usual = self.clock.now() + seconds

        def look() -> None:
            if service.start_number != number or service.status != "StartPending" or not server.up:
                return
            now = self.clock.now()
            if now >= until and pool.can_start and server.fabric_up:
                service.status = "Running"
                pool.review(self)
                return
            if now > usual:
                self.log(
                    server, 32174, say("starting", group=pool.groups[0].id, groups=len(pool.groups)), level="Warning"
                )
            self.clock.after(max(min(until - now, 300.0), 60.0), look)

        self.clock.after(min(seconds, until - self.clock.now()), look)

    # Going down and coming up

    def restart(self, server: Server, delay: float) -> None:
        """A restart is planned; a later plan does not replace it."""
        if server.restart_planned is None:
            server.restart_planned = self.clock.now() + delay
            self.clock.after(delay, lambda: self.go_down(server))

    def go_down(self, server: Server) -> None:
        """Windows shuts down: processes end, services stop, and some minutes later it is back."""
        server.restart_planned = None
        if not server.up:
            return
        server.up = server.winrm = False
        server.boots += 1
        for process in list(server.processes.values()):
            self.end_process(server, process)
        for service in server.services.values():
            service.start_number += 1
            service.status = "Stopped"
        self.review(server)
        if self.faults.strikes("restart_never_returns", server.fqdn) is not None:
            server.powered = False
            return
        minutes = server.settings["boot_minutes"] or self.times["boot_minutes"]
        boots = server.boots
        self.clock.after(60 * minutes * 0.4, lambda: self._kernel_starts(server))
        self.clock.after(60 * minutes, lambda: self._come_up(server, boots))

    def _kernel_starts(self, server: Server) -> None:
        server.last_boot = self.clock.now()

    def _come_up(self, server: Server, boots: int) -> None:
        if server.boots != boots:
            return
        server.up = True
        server.pending_reboot = False
        server.replace_files()
        server.up_since = self.clock.now()
        server.up_to_date_from = self.clock.now() + 60 * self.times["replication_minutes"]
        self.start_processes(server)
        for service in server.services.values():
            if service.start_mode == "Auto" and service.name != "RTCSRV":
                service.status = "Running"
        if "RTCSRV" in server.services and server.services["RTCSRV"].start_mode == "Auto":
            self.start_service(server, "RTCSRV")
        self.review(server)
        away = self.faults.strikes("winrm_away_after_restart", server.fqdn)
        self.clock.after(60 * away["minutes"] if away else 0.0, lambda: self._winrm_answers(server, boots))

    def _winrm_answers(self, server: Server, boots: int) -> None:
        if server.up and server.boots == boots:
            server.winrm = server.settings["winrm"]

    # Processes

    def start_processes(self, server: Server) -> None:
        """What runs on every server, for Get-Process."""
        now = self.clock.now()
        for name in ("System", "lsass.exe", "svchost.exe"):
            server.new_process(name, SYSTEM.user, now)
        for service in server.services.values():
            if service.status == "Running":
                server.new_process(service.image, "NT AUTHORITY\\NETWORK SERVICE", now)

    def end_process(self, server: Server, process: Process) -> None:
        process.alive = False
        server.processes.pop(process.pid, None)
        tasks, process.tasks = process.tasks, []
        for task in tasks:
            self.clock.stop(task)

    # Files

    def locate(self, server: Server, path: str, identity: Identity) -> tuple[FileSystem, str]:
        """The file system behind a path, and the path in it: a drive, another server's share, or a file server.

        Raises:
            RefusedByWindows: as Windows refuses a share that it can't reach or open.
        """
        whole = clean(path)
        if not whole.startswith("\\\\"):
            return server.files, whole
        host, _slash, rest = whole[2:].partition("\\")
        if not identity.second_hop:
            raise RefusedByWindows(self.speak(say("access_denied")))
        other = self.server(host)
        if other is not None:
            share, _slash, below = rest.partition("\\")
            if not other.up or not share.endswith("$") or len(share) != 2:
                raise RefusedByWindows(self.speak(say("network_path")))
            if not identity.administrator:
                raise RefusedByWindows(self.speak(say("access_denied")))
            return other.files, clean(f"{share[0]}:\\{below}")
        if not self.media.shares_host(whole):
            raise RefusedByWindows(self.speak(say("network_path")))
        return self.media.share, whole

    def local_time(self, at: float) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc)

    def computers(self) -> Iterator[tuple[str, str]]:
        """FQDN and pool of every computer of the topology, in its order."""
        for pool in self.pools:
            for server in pool.servers:
                yield server.fqdn, pool.fqdn
        for server in self.back_end_servers:
            if server.product != "none":
                yield server.fqdn, server.fqdn
        for other in self.settings["other_computers"]:
            yield other["fqdn"], other["pool"] or other["fqdn"]
