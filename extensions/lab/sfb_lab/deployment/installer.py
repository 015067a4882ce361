# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The update installer: one msp after the other, for the components that the server has.

Exit codes: 0; 2 and 3010 want a restart; 1618 another installation runs; 1603 an msp failed (ucvnext.org 2016/05);
1641 the installer restarts the server itself.
"""

from __future__ import annotations

from typing import Any

from .call import Session
from .clock import Work
from .files import parent
from .media import Medium
from .model import Model
from .products import PRODUCTS
from .server import Process, Server
from .texts import say
from .values import numbers, plain

Json = dict[str, Any]


def install(session: Session, process: Process, medium: Medium, path: str) -> Work:
    """Lives through an installation; returns the exit code. The process outlives the shell that started it."""
    model, server = session.model, session.server
    before = dict(server.components)
    blocked = _another_runs(model, server, process)
    _note(session, medium, path, changes=not blocked, phase="begun")
    if blocked:
        yield 5.0
        code = 1618
    else:
        code = yield from _run(session, medium, path)
    raised = sorted(name for name in server.components if server.components[name] != before[name])
    _note(session, medium, path, changes=False, phase="ended", exit_code=code, raised=raised)
    process.tasks.clear()
    model.end_process(server, process)
    return code


def _another_runs(model: Model, server: Server, process: Process) -> bool:
    """Windows Installer does one installation at a time: another of ours, or somebody else's (fault)."""
    exits = model.faults.strikes("installer_exit", server.fqdn, exit_code=1618)
    if exits and model.clock.now() >= server.installation_until:
        server.installation_until = model.clock.now() + 60 * exits["minutes"]
    others = any(other.name == process.name and other is not process for other in server.processes.values())
    return others or model.clock.now() < server.installation_until


def _run(session: Session, medium: Medium, path: str) -> Work:
    model, server = session.model, session.server
    seconds = 60 * medium.settings["minutes"]
    if server.product != medium.product:
        yield 20.0
        return 0
    yield 30.0  # looks for what applies
    if model.faults.strikes("installer_changes_nothing", server.fqdn) is not None:
        yield seconds
        return _success_code(server, model, medium)
    todo = [
        name
        for name, _msp in PRODUCTS[server.product]["components"]
        if name in medium.settings["components"]
        and name in server.components
        and numbers(medium.settings["components"][name]) > numbers(server.components[name])
    ]
    if not todo:
        yield 20.0
        return 0
    exits = model.faults.strikes("installer_exit", server.fqdn, exit_code=1603)
    exits = exits or model.faults.strikes("installer_exit", server.fqdn, exit_code=1641)
    stopped = [
        service.name for service in server.services.values() if service.kind == "role" and service.status != "Stopped"
    ]
    model.stop_services(server, stopped)
    fails_at = _failing_part(session, todo, exits)
    for index, name in enumerate(todo):
        if index == fails_at:
            yield 60.0
            _fail(model, server, name, path, exits)
            _start_again(model, server, stopped)
            return 1603
        if name == "Front End Server":
            _local_access(server, "SINGLE_USER")
        yield seconds / len(todo)
        if name == "Front End Server":
            _local_access(server, "MULTI_USER")
        server.components[name] = medium.settings["components"][name]
        settle(server, medium, name)
        _write_log(
            model,
            server,
            name,
            path,
            say(
                "msp_done",
                title=PRODUCTS[server.product]["title"],
                component=server.component_title(name),
                update=PRODUCTS[server.product]["update_title"],
            ),
        )
    # Files in use are replaced at the next start (DOC: Windows Installer); that its entries name the new versions at
    # once is true of Windows Installer, of this product it is invented.
    in_use = bool(stopped) or any(other.holds_module for other in server.processes.values())
    if not in_use:
        server.replace_files()
    server.pending_reboot = server.pending_reboot or medium.settings["restart_needed"] or in_use
    if model.switches["installer_resets_start_types"]:
        for service in server.services.values():
            if service.of_product and service.start_mode == "Disabled":
                service.start_mode = "Auto"
    _start_again(model, server, stopped)
    if model.switches["installer_starts_services"]:
        _start_again(model, server, [service.name for service in server.services.values() if service.of_product])
    if exits and exits["exit_code"] == 1641:
        model.journal.write("reboot", session.caller, server.fqdn, by="installer", delay_seconds=30)
        model.restart(server, 30.0)
        return 1641
    return _success_code(server, model, medium, in_use)


def settle(server: Server, medium: Medium, component: str) -> None:
    """What a component changes about databases: the Core Components bring the files that tell their versions (INFERRED
    from BLOG waveformation), the Front End Server raises the local ones (REAL: ucvnext.org); xds it leaves (INFERRED)."""
    databases = medium.settings["databases"]
    if component == "Core Components":
        server.brought.update(databases)
    if component == "Front End Server":
        for name, database in server.databases.items():
            if name != "xds":
                database.version = databases.get(name, database.version)


def has(server: Server, medium: Medium, component: str) -> bool:
    """Whether this component came with that update or a later one."""
    version = medium.settings["components"].get(component)
    return bool(
        version
        and server.product == medium.product
        and component in server.components
        and numbers(server.components[component]) >= numbers(version)
    )


def _success_code(server: Server, model: Model, medium: Medium, in_use: bool = False) -> int:
    """Files in use ask for a restart in any case; whether the installer otherwise does is a switch, but for Lync."""
    if medium.settings["exit_code"] is not None:
        return int(medium.settings["exit_code"])
    if not (medium.settings["restart_needed"] or in_use):
        return 0
    known = PRODUCTS[server.product].get("restart_code") or model.switches["installer_returns"]
    return int(known) or (3010 if in_use else 0)


def _failing_part(session: Session, todo: list[str], exits: Json | None) -> int | None:
    """Which msp fails: the fault's, or the Front End's when it can't update the local databases (REAL: ucvnext.org)."""
    if exits and exits["exit_code"] == 1603:
        return 0 if exits["applies"] == "none" else len(todo) // 2
    server = session.server
    if "Front End Server" in todo and not (
        server.service_running("MSSQL$RTCLOCAL") and session.identity.sql_administrator
    ):
        return todo.index("Front End Server")
    return None


def _fail(model: Model, server: Server, component: str, path: str, exits: Json | None) -> None:
    if exits and "rtc" in server.databases:
        left = exits["leaves_database"]
        if left == "SINGLE_USER":
            server.databases["rtc"].access = left
        else:
            server.databases["rtc"].state = left
    product = PRODUCTS[server.product]
    log = _log_path(model, server, component, path)
    text = say(
        "msp_failed",
        title=product["title"],
        component=server.component_title(component),
        update=product["update_title"],
        log=log,
        server=server.name,
    )
    _write_log(model, server, component, path, text)


def _start_again(model: Model, server: Server, names: list[str]) -> None:
    for name in names:
        if server.services[name].start_mode == "Auto":
            model.start_service(server, name)


def _local_access(server: Server, access: str) -> None:
    for database in server.databases.values():
        if database.instance == "RTCLOCAL" and database.name == "rtc":
            database.access = access


def _log_path(model: Model, server: Server, component: str, path: str) -> str:
    msp = next(msp for name, msp in PRODUCTS[server.product]["components"] if name == component)
    return f"{parent(path)}\\{msp}-{server.name}-{model.local_time(model.clock.now()):[%Y-%m-%d][%H-%M-%S]}_log.txt"


def _write_log(model: Model, server: Server, component: str, path: str, text: str) -> None:
    """Next to the exe (BLOG tsoorad), where it can be written."""
    if not path.startswith("\\\\"):
        server.files.put_file(
            _log_path(model, server, component, path),
            model.speak(text).replace("\n", "\r\n").encode("utf-16"),
            model.clock.now(),
        )


def _note(session: Session, medium: Medium, path: str, **facts: Any) -> None:
    session.model.journal.write(
        "installer",
        session.caller,
        session.server.fqdn,
        program=path,
        version=medium.version,
        execution=session.number,
        **plain(facts),
    )
