# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rest of Windows: CIM classes, date and time zone, scheduled tasks, modules."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from ...border import UnknownToLab
from ..call import Call, cmdlet
from ..products import PRODUCTS
from ..texts import LANGUAGES, say
from ..values import Moment, PsObject, Span, chance

GIGABYTE = 2**30
STATES = {"Running": "Running", "Stopped": "Stopped", "StartPending": "Start Pending", "StopPending": "Stop Pending"}
OFFSETS = {
    "UTC": 0,
    "W. Europe Standard Time": 60,
    "Romance Standard Time": 60,
    "GMT Standard Time": 0,
    "Eastern Standard Time": -300,
    "Pacific Standard Time": -480,
    "Taipei Standard Time": 480,
    "China Standard Time": 480,
    "Tokyo Standard Time": 540,
}


def _computer_system(call: Call) -> list[dict[str, Any]]:
    server = call.server
    domain = server.fqdn.partition(".")[2]
    return [
        {
            "Name": server.name,
            "DNSHostName": server.name.lower(),
            "Domain": domain,
            "PartOfDomain": True,
            "Manufacturer": "sfb.server lab",
            "Model": "Simulated server",
            "TotalPhysicalMemory": 32 * GIGABYTE,
            "NumberOfLogicalProcessors": 8,
            "UserName": None,
        }
    ]


def _operating_system(call: Call) -> list[dict[str, Any]]:
    server = call.server
    product = PRODUCTS[server.product if server.product != "none" else call.model.product]
    windows = product["windows"]
    return [
        {
            "Caption": windows["caption"],
            "Version": windows["version"],
            "BuildNumber": windows["build"],
            "CSName": server.name,
            "LastBootUpTime": Moment(server.last_boot),
            "LocalDateTime": Moment(call.model.clock.now()),
            "OSLanguage": LANGUAGES[call.model.language],
            "CurrentTimeZone": OFFSETS.get(_zone(call), 0),
            "FreePhysicalMemory": 8 * 2**20,
            "ProductType": 3,
            "OSArchitecture": "64-bit",
        }
    ]


def _logical_disk(call: Call) -> list[dict[str, Any]]:
    free = call.server.settings["disk_free_gigabytes"]
    return [
        {
            "DeviceID": "C:",
            "DriveType": 3,
            "Size": 200 * GIGABYTE,
            "FreeSpace": int(free * GIGABYTE),
            "FileSystem": "NTFS",
            "VolumeName": "System",
        },
        {"DeviceID": "D:", "DriveType": 5, "Size": None, "FreeSpace": None, "FileSystem": None, "VolumeName": None},
    ]


def _services(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "Name": service.name,
            "DisplayName": service.title,
            "State": STATES[service.status],
            "StartMode": service.start_mode,
            "Started": service.status == "Running",
            "Status": "OK",
            "StartName": "NT AUTHORITY\\NetworkService",
            "PathName": service.image,
            "ExitCode": 0,
            "ProcessId": 1000 + 4 * index if service.status == "Running" else 0,
        }
        for index, service in enumerate(call.server.services.values())
    ]


def _processes(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "ProcessId": process.pid,
            "Name": process.name,
            "CommandLine": process.command_line or process.name,
            "CreationDate": Moment(process.started),
            "ParentProcessId": process.parent,
            "ExecutablePath": process.name,
        }
        for process in call.server.processes.values()
    ]


CLASSES: dict[str, Callable[[Call], list[dict[str, Any]]]] = {
    "Win32_ComputerSystem": _computer_system,
    "Win32_OperatingSystem": _operating_system,
    "Win32_LogicalDisk": _logical_disk,
    "Win32_Service": _services,
    "Win32_Process": _processes,
}
CONDITION = re.compile(
    r"\s*(\w+)\s*(=|<>|!=|LIKE)\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\d+))\s*", re.IGNORECASE
)


def wql(text: str) -> Callable[[dict[str, Any]], bool]:
    """A filter of conditions joined by OR, or by AND."""
    parts = re.split(r"\s+(OR|AND)\s+", text.strip().strip("()"), flags=re.IGNORECASE)
    words = {part.upper() for part in parts[1::2]}
    conditions = []
    for part in parts[::2]:
        match = CONDITION.fullmatch(part.strip("()"))
        if match is None or len(words) > 1:
            raise UnknownToLab(f"Get-CimInstance -Filter {text!r}")
        value = (
            next(group for group in match.groups()[2:] if group is not None).replace("\\\\", "\\").replace("\\'", "'")
        )
        conditions.append((match[1].lower(), match[2].upper(), value.lower()))

    def holds(row: dict[str, Any], condition: tuple[str, str, str]) -> bool:
        name, operator, value = condition
        here = {key.lower(): item for key, item in row.items()}.get(name)
        found = str(here).lower()
        if operator == "LIKE":
            return fnmatch(found, value.replace("%", "*").replace("_", "?"))
        return (found == value) == (operator == "=")

    joined = all if words == {"AND"} else any
    return lambda row: joined(holds(row, condition) for condition in conditions)


@cmdlet("Get-CimInstance", 0.4)
def get_cim_instance(call: Call) -> None:
    name = call.get("ClassName")
    known = next((known for known in CLASSES if known.lower() == name.lower()), None)
    if known is None:
        if name.lower().startswith(("win32_", "cim_")):
            raise UnknownToLab(f"Get-CimInstance -ClassName {name}")
        raise call.fail(
            say("invalid_class"),
            "HRESULT 0x80041010",
            "MetadataError",
            name,
            "Microsoft.Management.Infrastructure.CimException",
        )
    if call.names("ComputerName"):
        raise UnknownToLab("Get-CimInstance -ComputerName")
    fits = wql(call.get("Filter")) if call.get("Filter") else lambda row: True
    for row in CLASSES[known](call):
        if fits(row):
            call.write(
                PsObject(
                    f"Microsoft.Management.Infrastructure.CimInstance#root/cimv2/{known}",
                    row,
                    f"{known} ({row.get('Name')})",
                )
            )


@cmdlet("Get-Date", 0.05)
def get_date(call: Call) -> None:
    if call.get("Format") or call.get("UFormat"):
        raise UnknownToLab("Get-Date -Format")
    call.write(Moment(call.model.clock.now()))


def _zone(call: Call) -> str:
    return str(call.server.settings["time_zone"] or call.model.settings["time_zone"])


@cmdlet("Get-TimeZone", 0.1)
def get_time_zone(call: Call) -> None:
    name = _zone(call)
    call.write_object(
        "System.TimeZoneInfo",
        name,
        Id=name,
        DisplayName=name,
        StandardName=name,
        BaseUtcOffset=Span(60 * OFFSETS.get(name, 0)),
        SupportsDaylightSavingTime=name != "UTC",
    )


@cmdlet("Get-ScheduledTask", 0.8)
def get_scheduled_task(call: Call) -> None:
    for task in _tasks(call):
        call.write(
            PsObject(
                "Microsoft.Management.Infrastructure.CimInstance#Root/Microsoft/Windows/TaskScheduler/MSFT_ScheduledTask",
                {
                    "TaskName": task["name"],
                    "TaskPath": task["folder"],
                    "State": "Ready" if task["enabled"] else "Disabled",
                    "Actions": [
                        PsObject("MSFT_TaskExecAction", {"Execute": task["command"], "Arguments": task["arguments"]})
                    ],
                    "Author": "LAB\\someone",
                    "URI": task["folder"] + task["name"],
                },
                f'MSFT_ScheduledTask (TaskName = "{task["name"]}")',
            )
        )


@cmdlet("Get-ScheduledTaskInfo", 0.5)
def get_scheduled_task_info(call: Call) -> None:
    for task in _tasks(call):
        minutes = task["next_run_in_minutes"]
        call.write_object(
            "MSFT_TaskDynamicInfo",
            None,
            TaskName=task["name"],
            TaskPath=task["folder"],
            NextRunTime=None if minutes is None else Moment(call.model.clock.start + 60 * minutes),
            LastTaskResult=0,
        )


def _tasks(call: Call) -> list[dict[str, Any]]:
    names, folders = call.names("TaskName"), call.names("TaskPath")
    return [
        task
        for task in call.server.tasks
        if (not names or any(fnmatch(task["name"].lower(), name.lower()) for name in names))
        and (not folders or any(fnmatch(task["folder"].lower(), folder.lower()) for folder in folders))
    ]


@cmdlet("Get-Module", 1.0)
def get_module(call: Call) -> None:
    if call.server.product == "none":
        return
    product = PRODUCTS[call.server.product]
    here = call.get("ListAvailable") or call.session.process.holds_module
    if here and any(fnmatch(product["module"].lower(), name.lower()) for name in call.names("Name") or ["*"]):
        call.write_object(
            "System.Management.Automation.PSModuleInfo",
            product["module"],
            Name=product["module"],
            Version=product["base"],
            Path=f"{product['module_folder']}\\{product['module']}.psd1",
        )


@cmdlet("Import-Module", 0.1)
def import_module(call: Call) -> None:
    for name in call.names("Name"):
        module = PRODUCTS[call.server.product]["module"] if call.server.product != "none" else ""
        if not module or module.lower() not in name.lower():
            raise call.fail(
                say("module_not_loaded", name=name),
                "Modules_ModuleNotFound",
                "ResourceUnavailable",
                name,
                "System.IO.FileNotFoundException",
            )
        call.session.process.holds_module = True


@cmdlet("Get-HotFix", 2.0)
def get_hot_fix(call: Call) -> None:
    number = 5000000 + int(chance(call.server.fqdn, "kb") * 9999)
    call.write_object(
        "System.Management.ManagementObject#root\\cimv2\\Win32_QuickFixEngineering",
        None,
        HotFixID=f"KB{number}",
        Description="Update",
    )
