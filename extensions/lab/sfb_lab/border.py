# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the WinRM service asks of the simulated deployment: the one border between the two halves of the lab.

`service/` (HTTP, NTLM, TLS, WS-Man, Ansible's payloads) knows nothing of Skype for Business; `deployment/`, the
simulation, knows nothing of HTTP. The service calls every method below while it holds `Simulation.lock`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Json = dict[str, Any]

#: What befalls one WS-Man request: broken before or after its work was done, accepted and never answered,
#: refused as if the password had changed.
RequestFault = Literal["drop", "drop_after", "hang", "reject"]


class UnknownToLab(Exception):
    """The lab has no answer and does not invent one; the message names what was asked."""


class RefusedByWindows(Exception):
    """What a server would refuse: no such file, access denied, wrong become password. Worded as Windows words it."""


@dataclass(frozen=True)
class Caller:
    """Who calls, on which server."""

    host: str
    """FQDN of the simulated server that was connected to."""
    user: str
    """The account of the connection."""
    become_user: str | None = None
    become_password: str | None = None
    check_mode: bool = False


@dataclass(frozen=True)
class Console:
    """What a command line leaves behind."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True)
class FileEntry:
    path: str
    is_folder: bool
    size: int
    sha1: str
    sha256: str
    modified: float
    """Seconds since 1970, on the lab's clock."""


class Simulation(Protocol):
    """A deployment that can be called.

    Every call may raise ConnectionResetError: the server stopped while it worked, and its connections break.

    The service also looks for these, which a small simulation need not have: ``aliases: Mapping[str, str]`` (inventory
    name -> FQDN), ``become: str | None`` (one of ``accounts``, which the inventory becomes), and
    ``boot(host) -> float``: ``last_boot`` without any passing of time, asked at every request, because connections
    and shells end with the boot that they were opened in.
    """

    lock: threading.RLock
    addresses: Mapping[str, str]
    """FQDN of every simulated Windows server -> its loopback address, in the order of the deployment file."""
    accounts: Mapping[str, str]
    """Account name (``LAB\\admin``) -> password."""

    def now(self) -> float:
        """Seconds since 1970 on the lab's clock."""

    def sleep(self, seconds: float) -> None:
        """A wait that the collection announces: the deployment lives through it."""

    def accepts(self, host: str) -> bool:
        """A TCP connection arrives. False: refused (server or WinRM is down); moves the clock by a fixed step."""

    def request(self, host: str, user: str, action: str) -> RequestFault | None:
        """Called for every authenticated WS-Man request (action: Create, Command, Send, Receive, Signal, Delete)."""

    def management_shell(self, caller: Caller, request: Json) -> Json:
        """What management_shell.ps1 answers to its request (both as in that script's first lines)."""

    def management_shell_detached(self, caller: Caller, request: Json) -> None:
        """The same in a process that outlives the connection: returns at once, the work goes on by the clock."""

    def line(self, caller: Caller, text: str) -> Console:
        """One plain line of PowerShell, typed from any WinRM client: ``Get-CsPoolFabricState -PoolFqdn p``."""

    def says(self, text: str, **values: str) -> str:
        """One of Windows' own messages, by its name, in the language of the servers."""

    def last_boot(self, host: str) -> float:
        """Seconds since 1970."""

    def restart(self, caller: Caller, delay_seconds: float) -> None:
        """``shutdown /r /t delay``."""

    def stat(self, caller: Caller, path: str) -> FileEntry | None: ...

    def list_folder(self, caller: Caller, path: str) -> Sequence[FileEntry]: ...

    def read_file(self, caller: Caller, path: str) -> bytes: ...

    def write_file(self, caller: Caller, path: str, content: bytes) -> None:
        """Journalled as kind ``file``; takes the time that the transfer of so many bytes takes."""

    def make_folder(self, caller: Caller, path: str) -> None: ...

    def copy(self, caller: Caller, source: str, target: str) -> None:
        """Between paths that the server itself sees, UNC paths included."""

    def remove(self, caller: Caller, path: str) -> None: ...

    def download(self, caller: Caller, url: str, target: str) -> None:
        """The server fetches an http(s) address that the deployment file publishes; others are RefusedByWindows."""

    def journal(self, kind: str, caller: Caller, **facts: Any) -> None:
        """Writes one line of the journal: time, host, user, become_user, check_mode, kind, and the facts."""
