# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the deployment stands when the lab starts: healthy, but for what the deployment file says."""

from __future__ import annotations

from . import back_end
from .files import parent
from .installer import has, settle
from .model import Model
from .pool import Pool
from .products import PRODUCTS
from .server import CORE_FILE, LogEvent, Server
from .shell import module_folder
from .values import numbers


def begin(model: Model) -> None:
    """Sets everything without anybody feeling it."""
    for server in model.servers.values():
        _services(model, server)
        _things(model, server)
        for medium in sorted(model.media.media, key=lambda medium: numbers(medium.version)):
            for component in server.components:
                if has(server, medium, component):
                    settle(server, medium, component)
    back_end.begin(model)
    for pool in model.pools:
        _replicas(pool)
        if pool.standard and not pool.servers[0].hosting:
            pool.users_out_since = model.clock.now()
        pool.review(model)
    for pool in model.pools:
        for server in pool.servers:
            if server.settings["services"].get("RTCSRV") == "starting":
                server.services["RTCSRV"].status = "Stopped"
                model.start_service(server, "RTCSRV")


def _services(model: Model, server: Server) -> None:
    names = {name.lower(): service for name, service in server.services.items()}
    for name, state in server.settings["services"].items():
        if name.lower() not in names:
            continue
        service = names[name.lower()]
        service.status = {"running": "Running", "starting": "StartPending"}.get(state, "Stopped")
        service.start_mode = {"disabled": "Disabled", "manual": "Manual"}.get(state, "Auto")
    if server.settings["out_of_service"]:
        server.node = "failed_over"
        for service in server.services.values():
            if service.kind == "role":
                service.status = "Stopped"
                if service.start_mode == "Auto":
                    server.disabled_by_fail_over.add(service.name)
                service.start_mode = "Disabled"
    elif server.settings["flagged_draining"]:
        server.node = "draining"
    if not server.up:
        for service in server.services.values():
            service.status = "Stopped"
    for name, state in server.settings["databases"].items():
        if name in server.databases:
            database = server.databases[name]
            database.state, database.access = ("ONLINE", state) if state.endswith("_USER") else (state, "MULTI_USER")


def _things(model: Model, server: Server) -> None:
    now = model.clock.now()
    if server.product != "none":
        product = PRODUCTS[server.product]
        folder = module_folder(model, server)
        server.files.put_folder(folder, server.last_boot)
        server.files.put_file(f"{folder}\\{product['module']}.psd1", b"# manifest\r\n", server.last_boot)
        deployment = f"C:\\Program Files\\{product['title']}\\Deployment"
        server.files.put_folder(deployment, server.last_boot)
        for name in ("Bootstrapper.exe", CORE_FILE):
            server.files.put_file(f"{deployment}\\{name}", b"MZ", server.last_boot)
        server.replace_files()
    for account in model.settings["accounts"]:
        server.files.put_folder(f"C:\\Users\\{account.rpartition(chr(92))[2]}\\AppData\\Local\\Temp", now)
    for file in server.settings["files"]:
        if file["content"] is None:
            entry = server.files.put_folder(file["path"], now)
        else:
            server.files.put_folder(parent(file["path"]), now)
            entry = server.files.put_file(file["path"], file["content"].encode(), now)
        entry.owner = file["owner"] or entry.owner
        entry.sddl = file["sddl"]
    for event in server.settings["events"]:
        server.events.append(
            LogEvent(event["id"], event["source"], event["level"], event["message"], now - 60 * event["minutes_ago"])
        )
    if server.up:
        model.start_processes(server)
        for process in server.settings["processes"]:
            server.new_process(
                process["name"],
                process["user"],
                now - 3600,
                command_line=process["command_line"] or process["name"],
                title=process["title"] or "",
                session=process["session"],
                holds_module=process["holds_module"],
            )


def _replicas(pool: Pool) -> None:
    for server in pool.servers:
        server.hosting = server.fabric_up and server.service_running("RTCSRV") and server.node != "failed_over"
    for group in pool.groups:
        for replica in group.replicas:
            replica.present = replica.server.hosting and not replica.server.settings["replicas_missing"]
        group.limited = group.present < group.needed
