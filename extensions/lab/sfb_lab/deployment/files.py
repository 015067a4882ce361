# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems of servers and file shares: folders and files with content, owner and access list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from ..border import FileEntry, RefusedByWindows
from .texts import say, speak

ADMINISTRATORS = "BUILTIN\\Administrators"
INHERITED = (
    "O:BAG:DUD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)"
)
FOLDERS = (
    "C:",
    "C:\\Windows",
    "C:\\Windows\\Temp",
    "C:\\Windows\\System32",
    "C:\\ProgramData",
    "C:\\Program Files",
    "C:\\Program Files\\Common Files",
    "C:\\Users",
    "C:\\Users\\Public",
    "C:\\Temp",
)


def clean(path: str) -> str:
    """One spelling of a path: backslashes, no provider, no trailing separator, no dots."""
    text = path.replace("/", "\\").strip()
    for prefix in ("Microsoft.PowerShell.Core\\FileSystem::", "FileSystem::", "\\\\?\\"):
        if text.lower().startswith(prefix.lower()):
            text = text[len(prefix) :]
    start = "\\\\" if text.startswith("\\\\") else ""
    parts: list[str] = []
    for part in text.split("\\"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return start + "\\".join(parts)


def parent(path: str) -> str:
    return clean(path).rpartition("\\")[0]


def leaf(path: str) -> str:
    return clean(path).rpartition("\\")[2]


@dataclass
class Entry:
    path: str
    content: bytes | None
    """None: a folder."""
    modified: float
    owner: str = ADMINISTRATORS
    sddl: str | None = None
    """None: inherited."""
    version: str = ""
    """FileVersion, where the file itself is not an installer."""

    @property
    def is_folder(self) -> bool:
        return self.content is None

    def as_file_entry(self) -> FileEntry:
        content = self.content or b""
        hashes = (
            (hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest()) if not self.is_folder else ("", "")
        )
        return FileEntry(self.path, self.is_folder, len(content), hashes[0], hashes[1], self.modified)


class FileSystem:
    """All drives of one server, or one share. Paths ignore case."""

    def __init__(self, now: float, folders: tuple[str, ...] = (), language: str = "en") -> None:
        self._entries: dict[str, Entry] = {}
        self._language = language
        for folder in folders:
            self.put_folder(folder, now)

    def _refused(self, text: str, path: str) -> RefusedByWindows:
        return RefusedByWindows(speak(say(text, path=path), self._language))

    def get(self, path: str) -> Entry | None:
        return self._entries.get(clean(path).lower())

    def children(self, path: str) -> Iterator[Entry]:
        start = clean(path).lower() + "\\"
        for key in sorted(self._entries):
            if key.startswith(start) and "\\" not in key[len(start) :]:
                yield self._entries[key]

    def put_folder(self, path: str, now: float, owner: str = ADMINISTRATORS) -> Entry:
        """The folder, made with its parents where missing."""
        whole = clean(path)
        known = self._entries.get(whole.lower())
        if known is not None:
            if not known.is_folder:
                raise self._refused("same_name", whole)
            return known
        if parent(whole) and parent(whole) != "\\":
            self.put_folder(parent(whole), now, owner)
        return self._entries.setdefault(whole.lower(), Entry(whole, None, now, owner))

    def put_file(self, path: str, content: bytes, now: float, owner: str = ADMINISTRATORS) -> Entry:
        whole = clean(path)
        above = self._entries.get(parent(whole).lower())
        if above is None or not above.is_folder:
            raise self._refused("part_of_path", whole)
        known = self._entries.get(whole.lower())
        if known is not None:
            if known.is_folder:
                raise self._refused("path_denied", whole)
            known.content, known.modified = content, now
            return known
        return self._entries.setdefault(whole.lower(), Entry(whole, content, now, owner))

    def remove(self, path: str) -> None:
        """The entry with all below it."""
        start = clean(path).lower()
        for key in [key for key in self._entries if key == start or key.startswith(start + "\\")]:
            del self._entries[key]

    def move(self, source: str, target: str) -> None:
        old, new = clean(source), clean(target)
        moved = [
            (key, entry)
            for key, entry in self._entries.items()
            if key == old.lower() or key.startswith(old.lower() + "\\")
        ]
        for key, entry in moved:
            del self._entries[key]
            entry.path = new + entry.path[len(old) :]
            self._entries[entry.path.lower()] = entry
