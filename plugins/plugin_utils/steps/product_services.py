# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts and stops the product's services of one server, and says which of them run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import service_from
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.waiter import wait_until

Facts = dict[str, Any]
_POLL_SECONDS = 30


def read(shell: ManagementShell, computer: str | None) -> Facts:
    """{server, services: {name: {status, start_type, activity}}, out_of_service}."""
    server = str(shell.read({"own": cmdlets.own_computer()})["own"].checked().row["Fqdn"]).lower()
    if computer is not None and computer.lower() != server:
        raise SfbError(
            f"This connection leads to {server}, not to {computer}.",
            remedy="Check ansible_host of this server in the inventory, or delegate the task.",
        )
    answer = shell.read(
        {
            "services": cmdlets.windows_services(server),
            "settings": windows.service_settings(),
            "mark": windows.read_text(state_folder.MARK),
        }
    )
    starts = {str(row["Name"]).upper(): row["StartMode"] for row in answer["settings"].checked().rows}
    services = {}
    for row in answer["services"].checked().rows:
        name = str(row["Name"])
        service = service_from(name, row["Status"], starts.get(name.upper()), row.get("ActivityLevel"))
        services[name] = {
            "status": service.status,
            "start_type": service.start_type,
            "activity": list(service.activity),
        }
    mark = None if answer["mark"].absent else read_mark(answer["mark"].checked().text, server)
    return {"server": server, "services": services, "out_of_service": mark is not None}


def ensure(
    shell: ManagementShell,
    computer: str | None,
    name: str | None,
    state: str,
    graceful: bool,
    timeout_minutes: int,
    say: Callable[[str], None],
) -> Facts:
    """Brings one service, or all, to `started` or `stopped`. Disabled services are their owner's choice and stay."""
    found = read(shell, computer)
    server = found["server"]
    wanted = "Running" if state == "started" else "Stopped"
    if name is not None and name.upper() not in (known.upper() for known in found["services"]):
        raise SfbError(
            f"{server} has no product service named {name}.",
            remedy=f"It has: {', '.join(sorted(found['services']))}.",
        )
    if state == "started" and found["out_of_service"]:
        raise SfbError(
            f"{server} carries our mark: it was taken out of service, and its services must not be started by hand.",
            remedy="Bring it back with what took it out: sfb.server.computer_failover, state in_service, or "
            "sfb.server.server_stop, state started.",
        )
    differing = _differing(found["services"], name, wanted)
    report = state_folder.report("services")
    calls = {}
    if state == "started":
        for service in differing:
            calls[service] = cmdlets.start_service(server, service, report)
    elif name is None and differing:
        calls["all"] = cmdlets.stop_services(server, report, graceful)
    else:
        for service in differing:
            calls[service] = cmdlets.stop_service(server, service, report, graceful)
    commands = [call.powershell() for call in calls.values()]
    result = {
        "changed": bool(calls),
        "server": server,
        "commands": commands,
        "diff": {
            "before": {service: found["services"][service]["status"] for service in differing},
            "after": dict.fromkeys(differing, wanted),
        },
    }
    if not calls or shell.check_mode:
        return {**result, "services": found["services"]}
    state_folder.ensure(shell)
    for outcome in shell.change(calls).outcomes.values():
        outcome.checked()
    after = wait_until(
        f"{server}: services to be {state}",
        lambda: read(shell, server),
        lambda now: not _differing(now["services"], name, wanted),
        lambda now: ", ".join(
            f"{n} ({now['services'][n]['status']})" for n in _differing(now["services"], name, wanted)
        ),
        shell.clock,
        timeout_minutes * 60,
        _POLL_SECONDS,
        say=say,
    )
    return {**result, "services": after["services"]}


def _differing(services: Facts, name: str | None, wanted: str) -> list[str]:
    """Names that are not as wanted. Manual and disabled services are not started as part of "all"."""
    found = []
    for service, facts in services.items():
        asked = service.upper() == name.upper() if name else wanted == "Stopped" or facts["start_type"] == "Automatic"
        if asked and facts["status"] != wanted and not (wanted == "Running" and facts["start_type"] == "Disabled"):
            found.append(service)
    return found
