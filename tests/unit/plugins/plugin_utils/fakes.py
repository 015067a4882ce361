# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that a test moves, and one Front End behind a transport, which answers each call by its name.

`FakeServer` is fe02 of a healthy pool of three, unless a test says otherwise:

    server.answers["Invoke-CsComputerFailBack"] = [refuses("not yet"), served]   one answer a call, the last one stays
    server.minutes["Invoke-CsComputerFailOver"] = 20                             how long it takes in the background
    server.at(5, lambda: server.others["fe03"].update(status="Stopped"))         what happens meanwhile
    server.loses(lambda calls: "Move-Item" in calls, after_work=True)            a connection that breaks, once

and reads afterwards what was sent (`server.changes`), what lies there (`server.files`) and what runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import How, Mark, ServiceBefore, mark_text
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell

START = datetime(2026, 1, 31, 22, 30, tzinfo=timezone.utc).timestamp()
POOL = "pool01.example.com"
SERVER = "fe02.example.com"
MEMBERS = ["fe01.example.com", SERVER, "fe03.example.com"]
FOLDER = state_folder.media("6.0.9319.628")
INSTALLER = f"{FOLDER}\\SkypeServerUpdateInstaller.exe"
SHA256 = "ab" * 32
#: .NET counts time in ticks of 100 ns since the year 1.
EPOCH_TICKS = 621_355_968_000_000_000
BASE = {"lync2013": "5.0.8308.0", "sfb2015": "6.0.9319.0", "sfb2019": "7.0.2046.0"}
TITLES = {
    "lync2013": "Microsoft Lync Server 2013",
    "sfb2015": "Skype for Business Server 2015",
    "sfb2019": "Skype for Business Server 2019",
}
#: What came with 2015 (DOC: applicable to 2015 and 2019).
FROM_2015 = ("Get-CsServerPatchVersion", "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack")

Parameters = dict[str, Any]
Reply = Callable[["FakeServer", Parameters], Any]


class FakeClock:
    """Stands still but for the sleeps of who waits."""

    def __init__(self, now: float = START) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    @property
    def minutes(self) -> float:
        return (self.time - START) / 60


class Fault(Exception):
    """An error entry of a call."""

    def __init__(self, message: str, category: str = "NotSpecified", identifier: str = "Lync.Refused") -> None:
        super().__init__(message)
        self.entry = {"message": message, "type": "", "id": identifier, "category": category, "target": ""}
        self.entry["details"] = ""


def not_there(path: str) -> Fault:
    return Fault(f"Cannot find path '{path}'", "ObjectNotFound", "PathNotFound")


def _no_events(server: FakeServer, parameters: Parameters) -> Any:
    raise not_there("events")


def refuses(message: str) -> Reply:
    def reply(server: FakeServer, parameters: Parameters) -> Any:
        raise Fault(message)

    return reply


def answers(*output: Any) -> Reply:
    return lambda server, parameters: list(output)


def outcome(output: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    """One entry of `outcomes`, as management_shell.ps1 reports it."""
    empty: dict[str, Any] = {"cmdlet": None, "program": None, "missing": False, "seconds": 0.1}
    empty |= {stream: [] for stream in ("warnings", "verbose", "information", "errors")}
    return {**empty, "output": list(output), **more}


def answer(outcomes: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """The whole answer of one execution."""
    return {
        "module": "SkypeForBusiness",
        "import_seconds": 1.0,
        "edition": "Desktop",
        "version": "5.1.17763.1",
        "process": 4000,
        "ticks": "0",
        "user": "LAB\\admin",
        "administrator": True,
        "roles": {"RTCUniversalServerAdmins": True},
        "started": "2026-01-31T22:30:00Z",
        "finished": "2026-01-31T22:30:01Z",
        "running": None,
        "outcomes": list(outcomes),
        **more,
    }


class ScriptedTransport:
    """Gives one prepared result an execution; an exception among them is raised."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self.requests: list[dict[str, Any]] = []
        self.resets = 0

    def execute(self, script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        self.requests.append(json.loads(request))
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        if isinstance(result, dict):
            return result
        return {"output": [json.dumps(answer(result))]}

    def reset(self) -> None:
        self.resets += 1


@dataclass
class _Work:
    """A detached process and the file that it owns."""

    claim: str
    calls: list[dict[str, Any]]
    process: int
    ticks: int
    ends: float


@dataclass
class _Loss:
    fits: Callable[[str], bool]
    after_work: bool


@dataclass
class FakeServer:
    """One Front End, its pool, and every call that reached it."""

    clock: FakeClock = field(default_factory=FakeClock)
    product: str = "sfb2015"
    members: list[str] = field(default_factory=lambda: list(MEMBERS))
    answers: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    #: Of work that is begun next: no process is started for it, or it leaves no result.
    starts_fail: bool = False
    down_until: float = 0.0

    def __post_init__(self) -> None:
        automatic = dict.fromkeys(("RTCSRV", "RTCAVMCU", "REPLICA", "W3SVC"), ("Running", "Auto"))
        self.services = {**automatic, "RTCCPS": ("Stopped", "Disabled")}
        self.services |= dict.fromkeys(("MSSQL$RTCLOCAL", "MSSQL$LYNCLOCAL"), ("Running", "Auto"))
        self.others = {
            name: {"status": "Running", "port": True, "mark": False} for name in self.members if name != SERVER
        }
        self.components = {"Core Components": "6.0.9319.534", "Front End Server": "6.0.9319.534"}
        self.sddl: str | None = "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
        self.booted = START - 30 * 86400
        self.active_conferences = 0
        self.fabric = [f"{name} OK Up" for name in self.members]
        self.keys: set[str] = set()
        #: The product's module that loads; without one no product cmdlet exists.
        self.module: str | None = "Lync" if self.product == "lync2013" else "SkypeForBusiness"
        #: Entries of the list of programs beside those of the components, and versions of files by their path.
        self.programs: list[dict[str, Any]] = []
        self.file_versions: dict[str, str] = {}
        self.files[INSTALLER] = "the installer"
        #: When, what, and for how many seconds in the background (0: in the foreground).
        self.sent: list[tuple[float, Call, int]] = []
        self.resets = 0
        self._works: list[_Work] = []
        self._losses: list[_Loss] = []
        self._events: list[tuple[float, Callable[[], Any]]] = []
        self._processes = 5000

    # ---- what a test arranges --------------------------------------------------------------------------------------

    def shell(self, **more: Any) -> ManagementShell:
        return ManagementShell(self, self.clock, SERVER, **more)

    def at(self, minutes: float, happens: Callable[[], Any]) -> None:
        """After so many minutes of the clock; seen by the next execution."""
        self._events.append((self.clock.now() + minutes * 60, happens))
        self._events.sort(key=lambda event: event[0])

    def loses(self, fits: Callable[[str], bool], after_work: bool) -> None:
        """The connection of the first execution whose calls fit breaks, before or after its calls were run."""
        self._losses.append(_Loss(fits, after_work))

    def goes_down(self, minutes: float) -> None:
        """Does not answer for a while and has started anew then."""
        self.down_until = self.booted = self.clock.now() + minutes * 60
        self._works.clear()

    def vanish(self) -> None:
        """The processes in the background are gone; their claims stay as they are."""
        self._works.clear()

    def take_out(self) -> None:
        """As a fail over leaves it."""
        for name in ("RTCSRV", "RTCAVMCU"):
            self.services[name] = ("Stopped", "Disabled")

    def bring_in(self) -> None:
        for name in ("RTCSRV", "RTCAVMCU"):
            self.services[name] = ("Running", "Auto")

    def stop(self) -> None:
        """As a graceful stop leaves it."""
        for name in ("RTCSRV", "RTCAVMCU"):
            self.services[name] = ("Stopped", "Auto")

    def mark(self, run: str = "run-7", how: How = "fail_over") -> None:
        before = {name: ServiceBefore("Running", "Automatic") for name in ("RTCSRV", "RTCAVMCU", "REPLICA", "W3SVC")}
        self.files[state_folder.MARK] = mark_text(Mark(run, "2026-01-31T21:00:00Z", "LAB\\admin", SERVER, before, how))

    def begin_work(self, what: str, *calls: Call) -> None:
        """As an earlier run left it running."""
        self._begin(state_folder.claim(what), [call.request() for call in calls])

    # ---- what a test reads -----------------------------------------------------------------------------------------

    @property
    def marked(self) -> bool:
        return state_folder.MARK in self.files

    @property
    def changes(self) -> list[str]:
        """Everything that was sent and changes something, in order, shortened: no folder, no value that is long."""
        lines = [_shown(call) for _time, call, _detached in self.sent if changes(call)]
        return [line.replace(f"{state_folder.ROOT}\\", "").replace(".example.com", "") for line in lines]

    def sent_once(self, *names: str) -> bool:
        counts = [sum(name in line for line in self.changes) for name in names]
        return counts == [1] * len(names)

    # ---- the transport ---------------------------------------------------------------------------------------------

    def execute(self, script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        self._live_on()
        if self.clock.now() < self.down_until:
            raise ConnectionLost("No route to host")
        work = json.loads(request)
        names = " ".join(str(call["cmdlet"] or call["program"]) for call in work["calls"])
        loss = next((loss for loss in self._losses if loss.fits(names)), None)
        if loss:
            self._losses.remove(loss)
        if loss and not loss.after_work:
            raise ConnectionLost("Connection reset by peer")
        for call in work["calls"]:
            self.sent.append((self.clock.now(), _call(call), detach_seconds or 0))
        if detach_seconds is not None:
            if not self.starts_fail:
                self._begin(work["claim"], work["calls"])
            result: dict[str, Any] = {"ansible_job_id": "j1", "started": 1}
        else:
            module = self.module if work["modules"] else None
            result = {"output": [json.dumps(answer(self._run(work["calls"]), module=module))]}
        if loss:
            raise ConnectionLost("Connection reset by peer")
        return result

    def reset(self) -> None:
        self.resets += 1

    def _live_on(self) -> None:
        """What happened since the last execution, in its order."""
        while True:
            now = self.clock.now()
            ending = min(self._works, key=lambda work: work.ends, default=None)
            event = self._events[0][0] if self._events else None
            if event is not None and event <= now and (ending is None or event <= ending.ends):
                self._events.pop(0)[1]()
            elif ending is not None and ending.ends <= now:
                self._works.remove(ending)
                self.files[ending.claim] = json.dumps(self._claim(ending, self._run(ending.calls)))
            else:
                return

    def _begin(self, claim: str, calls: list[dict[str, Any]]) -> None:
        if any(work.claim == claim for work in self._works):
            return
        self._processes += 1
        now = self.clock.now()
        names = [str(call["cmdlet"] or call["program"].rpartition("\\")[2]) for call in calls]
        ends = now + 60 * max(self.minutes.get(name, 1) for name in names)
        work = _Work(claim, calls, self._processes, EPOCH_TICKS + int(now * 10_000_000), ends)
        self._works.append(work)
        self.files[claim] = json.dumps(self._claim(work, None))

    def _claim(self, work: _Work, outcomes: list[dict[str, Any]] | None) -> dict[str, Any]:
        finished = None if outcomes is None else iso(work.ends)
        own = {"process": work.process, "ticks": str(work.ticks), "finished": finished}
        return answer(outcomes or [], **own)

    def _run(self, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        outcomes = []
        for call in calls:
            outcomes.append(self._one(call))
            if (outcomes[-1]["errors"] or outcomes[-1]["missing"]) and not call["go_on"]:
                break
        return outcomes

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        name = str(call["cmdlet"] or call["program"].rpartition("\\")[2])
        reply: Any = self.answers.get(name, HEALTHY.get(name))
        if (self.product == "lync2013" and name in FROM_2015) or (self.module is None and "-Cs" in name):
            reply = None
        if "SimpleMatch" in call["parameters"]:
            reply = _lines
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if reply is None:
            return outcome(missing=True)
        try:
            output = reply(self, {"arguments": call["arguments"], **call["parameters"]})
        except Fault as fault:
            return outcome(errors=[fault.entry])
        found = output if isinstance(output, list) else [] if output is None else [output]
        for name, wanted in (call["expect"] or {}).items():
            shown = (found[0] if found else {}).get(name)
            if ("" if shown is None else str(shown)).lower() != wanted.lower():
                text = f"{name} is '{shown}' and should be '{wanted}'"
                return outcome(found, errors=[Fault(text, "InvalidData", "SfbServer.Unexpected").entry])
        return outcome(found)

    def works(self) -> list[dict[str, Any]]:
        """As Win32_Process lists them."""
        return [
            {"ProcessId": work.process, "CreationDate": iso((work.ticks - EPOCH_TICKS) / 10_000_000)}
            for work in self._works
        ]


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def changes(call: Call) -> bool:
    if call.cmdlet is None:
        return "sqlcmd" not in str(call.program)
    return call.cmdlet.partition("-")[0] not in ("Get", "Test", "Select")


def _call(request: Mapping[str, Any]) -> Call:
    return Call(
        request["cmdlet"], request["parameters"], request["program"], request["arguments"], expect=request["expect"]
    )


def _shown(call: Call) -> str:
    short = {
        name: value for name, value in call.parameters.items() if name not in ("Value", "Encoding", "Confirm", "Report")
    }
    return Call(call.cmdlet, short, call.program and call.program.rpartition("\\")[2], call.arguments).powershell()


# ---- the answers of a healthy deployment ---------------------------------------------------------------------------


def _cim(server: FakeServer, parameters: Parameters) -> Any:
    return {
        "Win32_ComputerSystem": [{"DNSHostName": "FE02", "Domain": "example.com", "PartOfDomain": True}],
        "Win32_OperatingSystem": [
            {"LastBootUpTime": iso(server.booted), "LocalDateTime": iso(START), "CurrentTimeZone": 60}
        ],
        "Win32_LogicalDisk": [{"DeviceID": "C:", "FreeSpace": 50 * 2**30, "Size": 100 * 2**30}],
        "Win32_Service": [{"Name": n, "State": s, "StartMode": m} for n, (s, m) in server.services.items()],
        "Win32_Process": server.works(),
    }[parameters["ClassName"]]


EDGE = "edge.example.com"


def computers(*names: str, pool: str = POOL) -> list[dict[str, Any]]:
    """As Get-CsComputer lists them."""
    return [{"Identity": name, "Pool": pool, "Fqdn": name} for name in names]


def _computers(server: FakeServer, parameters: Parameters) -> Any:
    if parameters.get("Local"):
        return computers(SERVER)
    return [*computers(EDGE, pool=EDGE), *computers(*server.members)]


def _pools(server: FakeServer, parameters: Parameters) -> Any:
    return [
        {"Identity": POOL, "Fqdn": POOL, "Services": ["Registrar:" + POOL], "Site": "Site:Site1"},
        {"Identity": EDGE, "Fqdn": EDGE, "Services": []},
    ]


def _product(server: FakeServer, parameters: Parameters) -> Any:
    return [f"Skype for Business Server ({BASE[server.product]}): Volume license key installed."]


def _properties(server: FakeServer, parameters: Parameters) -> Any:
    if "Uninstall" not in parameters.get("Path", ""):
        return [{}]
    title = TITLES[server.product]
    rows = [{"DisplayName": f"{title}, {name}", "DisplayVersion": v} for name, v in server.components.items()]
    return [{}, {"DisplayName": "Microsoft Visual C++", "DisplayVersion": "14.0.1.2"}, *rows, *server.programs]


def _item(server: FakeServer, parameters: Parameters) -> Any:
    version = server.file_versions.get(parameters["LiteralPath"])
    if version is None:
        raise not_there(parameters["LiteralPath"])
    return [{"VersionInfo": [{"FileVersion": version}]}]


def _windows_services(server: FakeServer, parameters: Parameters) -> Any:
    other = server.others.get(parameters["ComputerName"])
    if other:
        if other["status"] is None:
            raise Fault("The RPC server is unavailable", "ResourceUnavailable")
        return [{"Name": "RTCSRV", "Status": other["status"]}, {"Name": "RTCAVMCU", "Status": "Running"}]
    load = f"Active Conferences={server.active_conferences},Connected Users=0"
    listed = {name: status for name, (status, _mode) in server.services.items() if not name.startswith("MSSQL")}
    return [{"Name": n, "Status": s, "ActivityLevel": load if n == "RTCAVMCU" else ""} for n, s in listed.items()]


def _port(server: FakeServer, parameters: Parameters) -> Any:
    other = server.others.get(parameters["ComputerName"], {"port": True})
    return [{"ComputerName": parameters["ComputerName"], "TcpTestSucceeded": other["port"]}]


def path_is_there(server: FakeServer, parameters: Parameters) -> Any:
    path = parameters["LiteralPath"]
    if path.startswith("\\\\"):
        mark = server.others.get(path.split("\\")[2], {"mark": server.marked})["mark"]
        if mark is None:
            raise Fault("Access is denied", "PermissionDenied")
        return [mark]
    return [path in server.files or path in server.keys]


def _content(server: FakeServer, parameters: Parameters) -> Any:
    path = parameters["LiteralPath"]
    if path not in server.files:
        raise not_there(path)
    return [server.files[path]]


def _lines(server: FakeServer, parameters: Parameters) -> Any:
    """The guard of our own mark; logs are what a test says."""
    if parameters["LiteralPath"] not in server.files:
        raise not_there(parameters["LiteralPath"])
    lines = server.files[parameters["LiteralPath"]].splitlines()
    return [{"Line": line} for line in lines if parameters["Pattern"] in line]


def _write(server: FakeServer, parameters: Parameters) -> Any:
    server.files[parameters["LiteralPath"]] = parameters["Value"]


def _move(server: FakeServer, parameters: Parameters) -> Any:
    if parameters["Destination"] in server.files:
        raise Fault("Cannot create a file when that file already exists.", "WriteError", "MoveFileInfoItemIOError")
    server.files[parameters["Destination"]] = server.files.pop(parameters["LiteralPath"])


def _remove(server: FakeServer, parameters: Parameters) -> Any:
    if parameters["LiteralPath"] not in server.files:
        raise not_there(parameters["LiteralPath"])
    del server.files[parameters["LiteralPath"]]


def _acl(server: FakeServer, parameters: Parameters) -> Any:
    if server.sddl is None:
        raise not_there(parameters["LiteralPath"])
    return [{"Sddl": server.sddl}]


def _icacls(server: FakeServer, parameters: Parameters) -> Any:
    if "/inheritance:r" in parameters["arguments"]:
        server.sddl = "O:BAG:S-1-5-21-1-2-3-513D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    return program(0)


def _new_item(server: FakeServer, parameters: Parameters) -> Any:
    if server.sddl is None:
        server.sddl = "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;CIID;DCLCRPCR;;;BU)"


def program(code: int, text: str = "") -> list[dict[str, Any]]:
    return [{"ExitCode": code, "Id": 77, "Output": text}]


def _shutdown(server: FakeServer, parameters: Parameters) -> Any:
    server.at(0.1, lambda: server.goes_down(4))
    return program(0)


def drained(server: FakeServer, parameters: Parameters) -> Any:
    server.take_out()


def served(server: FakeServer, parameters: Parameters) -> Any:
    server.bring_in()


def _start_service(server: FakeServer, parameters: Parameters) -> Any:
    name = parameters.get("Name")
    if name:
        server.services[name] = ("Running", server.services[name][1])
    else:
        server.bring_in()


def _stop_service(server: FakeServer, parameters: Parameters) -> Any:
    for name in [parameters["Name"]] if "Name" in parameters else ("RTCSRV", "RTCAVMCU"):
        server.services[name] = ("Stopped", server.services[name][1])


def installs(code: int, version: str | None = "6.0.9319.628", only: str | None = None) -> Reply:
    """An installer that ends with `code` and brings all components, or only one, to a version."""

    def reply(server: FakeServer, parameters: Parameters) -> Any:
        for name in server.components if version else ():
            if only in (None, name):
                server.components[name] = str(version)
        return program(code)

    return reply


def _hash(server: FakeServer, parameters: Parameters) -> Any:
    if parameters["LiteralPath"] not in server.files:
        raise not_there(parameters["LiteralPath"])
    return [{"Hash": SHA256.upper()}]


_SIGNED = {"Status": "Valid", "SignerCertificate": [{"Subject": "CN=Microsoft Corporation, O=Microsoft Corporation"}]}

HEALTHY: dict[str, Reply] = {
    "Get-CimInstance": _cim,
    "Get-CsComputer": _computers,
    "Get-CsPool": _pools,
    "Get-CsService": answers({"Identity": "x", "PoolFqdn": POOL, "UserDatabase": "UserDatabase:sql01.example.com"}),
    "Get-CsServerVersion": _product,
    "Get-CsWindowsService": _windows_services,
    "Get-CsPoolFabricState": lambda server, parameters: list(server.fabric),
    "Get-CsPoolUpgradeReadinessState": answers({"TotalFrontends": 3, "TotalActiveFrontends": 3, "State": "Ready"}),
    "Get-CsManagementStoreReplicationStatus": lambda server, parameters: (
        [{"ActiveMasterFqdn": "fe01.example.com"}]
        if "CentralManagementStoreStatus" in parameters
        else [{"ReplicaFqdn": name, "UpToDate": True} for name in server.members]
    ),
    "Get-CsUserDatabaseState": answers({"Identity": "UserDatabase:sql01.example.com", "Online": True}),
    "Get-CsDatabaseMirrorState": answers(),
    "Get-CsServerPatchVersion": lambda server, parameters: [
        {"ComponentName": name, "Version": version} for name, version in server.components.items()
    ],
    "Get-CsCertificate": answers({"Use": "Default", "Subject": "CN=" + POOL, "NotAfter": "2027-01-01T00:00:00Z"}),
    "Get-CsAddressBookConfiguration": answers({"Identity": "Global", "RunTimeOfDay": "01:30"}),
    "Get-WinEvent": _no_events,
    "Get-Item": _item,
    "Get-ItemProperty": _properties,
    "Get-ChildItem": answers(),
    "Get-Process": answers(),
    "Get-Content": _content,
    "Get-Acl": _acl,
    "Get-FileHash": _hash,
    "Get-AuthenticodeSignature": answers(_SIGNED),
    "Select-String": answers(),
    "Test-NetConnection": _port,
    "Test-Path": path_is_there,
    "Set-Content": _write,
    "Move-Item": _move,
    "Remove-Item": _remove,
    "New-Item": _new_item,
    "icacls.exe": _icacls,
    "sqlcmd.exe": answers(program(0, "rtc|ONLINE|MULTI_USER\r\nxds|ONLINE|MULTI_USER\r\n")[0]),
    "shutdown.exe": _shutdown,
    "SkypeServerUpdateInstaller.exe": installs(0),
    "LyncServerUpdateInstaller.exe": installs(0, "5.0.8308.965"),
    "Invoke-CsComputerFailOver": drained,
    "Invoke-CsComputerFailBack": served,
    "Start-CsWindowsService": _start_service,
    "Stop-CsWindowsService": _stop_service,
    "Reset-CsPoolRegistrarState": answers(),
}
