# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers to modules and raw scripts have in common."""

from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from ..border import Caller, FileEntry, Json, Simulation, UnknownToLab
from .jobs import Jobs


@dataclass(frozen=True)
class Session:
    """One execution: who asks, on which server, and the deployment that answers."""

    simulation: Simulation
    caller: Caller
    jobs: Jobs

    @property
    def profile(self) -> str:
        """Home folder of the account that runs the code."""
        user = self.caller.become_user or self.caller.user
        return "C:\\Users\\" + re.sub(r"@.*$", "", user.rpartition("\\")[2])

    def expand(self, path: str) -> str:
        """A path as Windows sees it: without ``.`` and ``..``, its ``%VARIABLES%`` replaced if every Windows has them.

        A backslash at the end stays, since it means a folder to some modules.
        """
        variables = {
            "temp": self.profile + "\\AppData\\Local\\Temp",
            "tmp": self.profile + "\\AppData\\Local\\Temp",
            "userprofile": self.profile,
            "systemdrive": "C:",
            "systemroot": "C:\\Windows",
            "windir": "C:\\Windows",
            "programdata": "C:\\ProgramData",
            "programfiles": "C:\\Program Files",
        }

        def replace(match: re.Match[str]) -> str:
            return variables.get(match[1].lower(), match[0])

        full = re.sub(r"%([^%]+)%", replace, path).replace("/", "\\")
        plain = ntpath.normpath(full)
        return plain + "\\" if full.endswith("\\") and not plain.endswith("\\") else plain

    def stat(self, path: str) -> FileEntry | None:
        return self.simulation.stat(self.caller, path)

    def is_folder(self, path: str) -> bool:
        entry = self.stat(path)
        return entry is not None and entry.is_folder

    def is_file(self, path: str) -> bool:
        entry = self.stat(path)
        return entry is not None and not entry.is_folder

    def temporary_path(self) -> str:
        """Where a file can be put for a moment."""
        folder = self.expand("%TEMP%")
        if not self.is_folder(folder):
            self.simulation.make_folder(self.caller, folder)
        return ntpath.join(folder, "ansible-lab.tmp")


class UnknownToService(UnknownToLab):
    """Something that the service itself has no answer to; the simulation was not asked."""


class ModuleFailed(Exception):
    """The module itself ends with ``failed``; ``facts`` join its result."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts: Json = facts


def error_stream(text: str) -> str:
    """Text as powershell.exe -EncodedCommand writes it to its error stream (CLIXML)."""
    if not text:
        return ""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    entries = "".join(f'<S S="Error">{_clixml_escape(line)}_x000D__x000A_</S>' for line in lines)
    start = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    return f"#< CLIXML\r\n{start}{entries}</Objs>"


def _clixml_escape(text: str) -> str:
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return escape(re.sub("[\x00-\x1f\x7f]", lambda match: f"_x{ord(match[0]):04X}_", text))
