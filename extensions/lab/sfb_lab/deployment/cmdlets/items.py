# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every provider has, files, registry and certificates: Get-ChildItem, Get-Item, Get-ItemProperty, Test-Path."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from ...border import RefusedByWindows
from .. import registry
from ..call import Call, cmdlet
from ..clock import Wait
from ..files import Entry, clean, leaf, parent
from ..texts import say
from ..values import Moment, PsObject
from .certificates import trusted_roots

MARKS = ("*", "?")


def file_object(call: Call, entry: Entry, path: str) -> PsObject:
    """A FileInfo or DirectoryInfo under the path it was asked for."""
    whole = clean(path)
    properties = {
        "Name": leaf(whole),
        "FullName": whole,
        "PSIsContainer": entry.is_folder,
        "LastWriteTime": Moment(entry.modified),
        "LastWriteTimeUtc": Moment(entry.modified),
        "CreationTime": Moment(entry.modified),
        "Exists": True,
        "PSChildName": leaf(whole),
        "Mode": "d-----" if entry.is_folder else "-a----",
    }
    if entry.content is not None:
        medium = call.model.media.recognise(entry.content)
        version = medium.version if medium else entry.version
        properties.update(
            Length=len(entry.content),
            DirectoryName=parent(whole),
            Extension=whole[whole.rfind(".") :] if "." in leaf(whole) else "",
            VersionInfo=PsObject(
                "System.Diagnostics.FileVersionInfo",
                {"FileVersion": version, "ProductVersion": version, "FileName": whole},
            ),
        )
    titles = ("Mode", "LastWriteTime", "Length", "Name")
    return PsObject("System.IO.DirectoryInfo" if entry.is_folder else "System.IO.FileInfo", properties, whole, titles)


def find(call: Call, path: str) -> Entry | None:
    files, inside = call.model.locate(call.server, path, call.identity)
    return files.get(inside)


def paths(call: Call) -> list[str]:
    """What a file cmdlet is about: -LiteralPath as it stands, -Path with its wildcards resolved in the last part."""
    if "LiteralPath" in call.bound:
        return call.names("LiteralPath")
    found: list[str] = []
    for path in call.names("Path") or ["C:\\Windows\\System32"]:
        if not any(mark in path for mark in MARKS) or registry.key_path(path) is not None:
            found.append(path)
            continue
        files, inside = call.model.locate(call.server, parent(path), call.identity)
        found += [
            f"{clean(parent(path))}\\{leaf(child.path)}"
            for child in files.children(inside)
            if fnmatch(leaf(child.path).lower(), leaf(path).lower())
        ]
    return found


def not_found(call: Call, path: str) -> None:
    call.error(
        say("path_not_found", path=path),
        "PathNotFound",
        "ObjectNotFound",
        path,
        "System.Management.Automation.ItemNotFoundException",
    )


def _key_object(path: str, values: dict[str, object]) -> PsObject:
    return PsObject(
        "Microsoft.Win32.RegistryKey",
        {
            "Name": path,
            "PSChildName": path.rpartition("\\")[2],
            "PSPath": f"Microsoft.PowerShell.Core\\Registry::{path}",
            "Property": list(values),
        },
        path,
    )


@cmdlet("Get-ChildItem", 0.3)
def get_child_item(call: Call) -> Iterator[Wait]:
    for path in paths(call):
        if path.lower().startswith(("cert:\\localmachine\\root", "cert:/localmachine/root")):
            call.write(*trusted_roots(call, call.server))
            continue
        key = registry.key_path(path)
        if key is not None:
            keys = registry.keys(call.server)
            by_name = {name.lower(): name for name in keys}
            if key.lower() not in by_name:
                not_found(call, path)
            call.write(
                *(
                    _key_object(name, keys[name])
                    for name in sorted(keys)
                    if name.lower().startswith(key.lower() + "\\") and "\\" not in name[len(key) + 1 :]
                )
            )
            continue
        files, inside = call.model.locate(call.server, path, call.identity)
        entry = files.get(inside)
        if entry is None:
            not_found(call, path)
            continue
        children = list(files.children(inside)) if entry.is_folder else [entry]
        while children:
            child = children.pop(0)
            yield 0.01
            shown = clean(path) + child.path[len(clean(inside)) :]
            if call.get("Recurse") and child.is_folder:
                children += list(files.children(child.path))
            if (call.get("File") and child.is_folder) or (call.get("Directory") and not child.is_folder):
                continue
            if call.get("Filter") and not fnmatch(leaf(child.path).lower(), str(call.get("Filter")).lower()):
                continue
            call.write(leaf(shown) if call.get("Name") else file_object(call, child, shown))


@cmdlet("Get-Item", 0.1)
def get_item(call: Call) -> None:
    for path in paths(call):
        key = registry.key_path(path)
        if key is not None:
            keys = registry.keys(call.server)
            name = next((name for name in keys if name.lower() == key.lower()), None)
            if name is None:
                not_found(call, path)
            else:
                call.write(_key_object(name, keys[name]))
            continue
        entry = find(call, path)
        if entry is None:
            not_found(call, path)
        else:
            call.write(file_object(call, entry, path))


@cmdlet("Get-ItemProperty", 0.2)
def get_item_property(call: Call) -> None:
    wanted = call.names("Name")
    for path in paths(call):
        key = registry.key_path(path)
        if key is None:
            entry = find(call, path)
            if entry is None:
                not_found(call, path)
            else:
                call.write(file_object(call, entry, path))
            continue
        keys = registry.keys(call.server)
        wild = "Path" in call.bound and any(mark in key for mark in MARKS)
        found = [
            name
            for name in sorted(keys)
            if (fnmatch(name.lower(), key.lower()) if wild else name.lower() == key.lower())
            and name.count("\\") == key.count("\\")
        ]
        if not found and not wild:
            not_found(call, path)
        for name in found:
            values = {
                known: value
                for known, value in keys[name].items()
                if not wanted or known.lower() in (item.lower() for item in wanted)
            }
            if wanted and not values and not wild:
                call.error(
                    say("no_property", name=wanted[0], path=name),
                    "System.Management.Automation.PSArgumentException",
                    "InvalidArgument",
                    wanted[0],
                    "System.Management.Automation.PSArgumentException",
                )
                continue
            call.write(
                PsObject(
                    "System.Management.Automation.PSCustomObject",
                    {
                        **values,
                        "PSPath": f"Microsoft.PowerShell.Core\\Registry::{name}",
                        "PSChildName": name.rpartition("\\")[2],
                    },
                )
            )


@cmdlet("Test-Path", 0.1)
def test_path(call: Call) -> Iterator[Wait]:
    kind = call.get("PathType", "Any")
    for path in paths(call) or [""]:
        key = registry.key_path(path)
        if key is not None:
            call.write(any(name.lower() == key.lower() for name in registry.keys(call.server)) and kind != "Leaf")
            continue
        try:
            entry = find(call, path) if path else None
        except RefusedByWindows as refused:
            yield 5.0
            if str(refused) == call.model.speak(say("access_denied")):
                call.error(
                    str(refused),
                    "ItemExistsUnauthorizedAccessError",
                    "PermissionDenied",
                    path,
                    "System.UnauthorizedAccessException",
                )
            entry = None
        call.write(entry is not None and kind in ("Any", "Container" if entry.is_folder else "Leaf"))
