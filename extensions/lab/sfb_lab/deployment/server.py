# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulated Windows server: its services, processes, files, registry, logs. What happens to it is in life.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .clock import Task
from .files import FOLDERS, Entry, FileSystem
from .products import PRODUCTS, SERVICES
from .texts import word
from .values import chance

Json = dict[str, Any]
CORE_FILE = "Microsoft.Rtc.Management.Deployment.Bootstrapper.dll"


@dataclass
class Service:
    name: str
    title: str
    roles: list[str]
    kind: str
    """role, web, fabric, support or sql; see data/services.yml."""
    image: str
    activity: str = ""
    status: str = "Running"
    """ServiceControllerStatus: Running, Stopped, StartPending, StopPending."""
    start_mode: str = "Auto"
    """As Win32_Service has it: Auto, Manual, Disabled."""
    start_number: int = 0
    """Counts starts and stops, so that an outdated event changes nothing."""

    @property
    def of_product(self) -> bool:
        return self.kind != "sql"


@dataclass
class Process:
    pid: int
    name: str
    user: str
    started: float
    command_line: str = ""
    title: str = ""
    session: int = 0
    """0: services and remote calls; people's windows are in others."""
    parent: int = 4
    holds_module: bool = False
    detached: bool = False
    alive: bool = True
    tasks: list[Task] = field(default_factory=list)
    """Work that dies with the process."""


@dataclass
class Database:
    name: str
    instance: str
    version: str
    state: str = "ONLINE"
    access: str = "MULTI_USER"


@dataclass
class LogEvent:
    id: int
    source: str
    level: str
    message: str
    at: float


class Server:
    """A Front End Server of a pool."""

    def __init__(
        self,
        settings: Json,
        pool_fqdn: str,
        address: str,
        product: str,
        version: str,
        start: float,
        language: str = "en",
        component_language: str = "en",
    ) -> None:
        self.settings = settings
        self.language = language
        self.component_language = component_language
        self.fqdn: str = settings["fqdn"]
        self.name = self.fqdn.partition(".")[0].upper()
        self.pool_fqdn = pool_fqdn
        self.address = address
        self.product = product
        """A key of products.yml, or none."""
        self.powered: bool = settings["powered"]
        self.up: bool = self.powered
        """Windows runs."""
        self.winrm: bool = self.powered and settings["winrm"]
        self.last_boot = start - 86_400 * (3 + 20 * chance(self.fqdn, "boot"))
        self.up_since = self.last_boot
        self.boots = 0
        self.node = "active"
        """active, draining or failed_over: what the pool thinks of it, apart from its services."""
        self.drain_started: float | None = None
        self.load_left_behind = (0, 0)
        """Sessions and conferences still there when a fail over was broken off."""
        self.disabled_by_fail_over: set[str] = set()
        """The product knows which services it disabled; those that their owner disabled stay so."""
        self.hosting = False
        """Its routing groups and sessions are here (kept by the pool)."""
        self.reloads = False
        """A reset of the pool is to bring its replicas back as soon as it serves."""
        self.pending_reboot: bool = settings["pending_reboot"]
        self.services: dict[str, Service] = {}
        self.components: dict[str, str] = {}
        self.databases: dict[str, Database] = {}
        self.brought: dict[str, str] = {}
        """Back end database -> version that the installed files expect."""
        self.processes: dict[int, Process] = {}
        self.files = FileSystem(start, FOLDERS, language)
        self.events: list[LogEvent] = []
        self.tasks: list[Json] = list(settings["scheduled_tasks"])
        self.up_to_date_from = start
        self.restart_planned: float | None = None
        self.installation_until = 0.0
        """Another installation blocks the installer until then."""
        self.next_pid = 3000 + 4 * int(chance(self.fqdn, "pid") * 500)
        if product != "none":
            self._install(version)

    def _install(self, version: str) -> None:
        product = PRODUCTS[self.product]
        for entry in SERVICES:
            if self.product in entry.get("products", PRODUCTS):
                title = word(entry["title"], self.language)
                self.services[entry["name"]] = Service(
                    entry["name"],
                    f"{product['services']} {title}" if entry["kind"] in ("role", "support") else title,
                    list(entry["roles"]),
                    entry["kind"],
                    entry["image"],
                    entry.get("activity", ""),
                )
        for name, _msp in product["components"]:
            self.components[name] = version if name in product["raised"] else product["version"]
        if self.settings["version"]:
            self.components.update(dict.fromkeys(product["raised"], self.settings["version"]))
        self.components.update(self.settings["components"])
        for instance, databases in product["local_databases"].items():
            for name, schema in databases.items():
                self.databases[name] = Database(name, instance, schema)

    @property
    def core_file(self) -> Entry | None:
        """The file whose version is that of the Core Components (CODE: a scanner; that it belongs to them: INFERRED)."""
        title = PRODUCTS[self.product]["title"] if self.product != "none" else ""
        return self.files.get(f"C:\\Program Files\\{title}\\Deployment\\{CORE_FILE}")

    def replace_files(self) -> None:
        """What the installer brought lies in place of the old: at once, or with a restart where it was in use."""
        if self.core_file is not None:
            self.core_file.version = self.components["Core Components"]

    def service_running(self, name: str) -> bool:
        service = self.services.get(name)
        return self.up and service is not None and service.status == "Running"

    @property
    def fabric_up(self) -> bool:
        return self.service_running("FabricHostSvc")

    @property
    def in_service(self) -> bool:
        return self.node == "active" and self.service_running("RTCSRV")

    def component_rows(self) -> list[tuple[str, str]]:
        """Display name and version of every installed component (names: CODE OPD)."""
        product = PRODUCTS[self.product]
        rows = [
            (f"{product['title']}, {self.component_title(name)}", version) for name, version in self.components.items()
        ]
        runtime = f"Microsoft Unified Communications Managed API {product['base'].partition('.')[0]}.0"
        return [*rows, (f"{runtime}, {self.component_title('Runtime')}", product["version"])]

    def component_title(self, name: str) -> str:
        return word(name, self.component_language)

    def new_process(self, name: str, user: str, now: float, **more: Any) -> Process:
        self.next_pid += 4
        process = Process(self.next_pid, name, user, now, **more)
        self.processes[process.pid] = process
        return process
