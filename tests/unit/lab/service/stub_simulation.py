# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deployment of two servers without any product: just enough for the service to be asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from sfb_lab.border import Caller, Console, FileEntry, Json, RefusedByWindows, RequestFault, UnknownToLab
from sfb_lab.deployment.texts import say

FRONT_END = "fe01.example.com"
WITNESS = "fe02.example.com"
PUBLISHED = "http://updates.example.com/cu/SkypeServerUpdateInstaller.exe"


class StubSimulation:
    """Keeps files in memory, a clock that moves when told, and every journal line."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.addresses: Mapping[str, str] = {FRONT_END: "127.0.91.11", WITNESS: "127.0.91.12"}
        self.accounts: Mapping[str, str] = {"LAB\\admin": "Str0ng & 'quoted' $pass", "LAB\\patcher": "b3come"}
        self.become: str | None = "LAB\\patcher"
        self.aliases = {"front-end-two": WITNESS}
        self.clock = 1_700_000_000.0
        self.boots: dict[str, float] = dict.fromkeys(self.addresses, 1_699_000_000.0)
        self.down: set[str] = set()
        self.requests: list[tuple[str, str, str]] = []
        self.faults: dict[int, RequestFault] = {}
        self.lines: list[Json] = []
        self.files: dict[str, bytes] = {}
        self.folders = {"c:", "c:\\", "c:\\users"}
        self.calls: list[tuple[Caller, Json]] = []
        self.detached: list[tuple[Caller, Json]] = []
        self.typed: list[str] = []

    def held(self) -> None:
        """Fails unless the calling thread holds the lock."""
        assert self.lock._is_owned()  # type: ignore[attr-defined]

    def now(self) -> float:
        self.held()
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.held()
        self.clock += seconds

    def says(self, text: str, **values: str) -> str:
        return str(say(text, **values))

    def accepts(self, host: str) -> bool:
        self.held()
        if host in self.down:
            self.clock += 10
        return host not in self.down

    def request(self, host: str, user: str, action: str) -> RequestFault | None:
        self.held()
        self.requests.append((host, user, action))
        return self.faults.get(len(self.requests))

    def management_shell(self, caller: Caller, request: Json) -> Json:
        self.held()
        self.calls.append((caller, request))
        self.clock += 2
        return {"user": caller.become_user or caller.user, "outcomes": [], "said": request.get("say", "")}

    def management_shell_detached(self, caller: Caller, request: Json) -> None:
        self.held()
        self.detached.append((caller, request))

    def line(self, caller: Caller, text: str) -> Console:
        self.held()
        self.typed.append(text)
        if text == "Get-CsPoolFabricState -PoolFqdn pool01.example.com":
            return Console(0, "Replica Instance: Primary\nReplica Instance: ActiveSecondary\n")
        if text.startswith("Get-CsPool "):
            return Console(1, "", "Get-CsPool : Cannot find the pool.\n")
        self.journal("refused", caller, reason=f"the simulation does not know: {text}")
        raise UnknownToLab(text)

    def boot(self, host: str) -> float:
        self.held()
        return self.boots[host]

    def last_boot(self, host: str) -> float:
        self.held()
        return self.boots[host]

    def restart(self, caller: Caller, delay_seconds: float) -> None:
        self.held()
        self.clock += delay_seconds + 60
        self.boots[caller.host] = self.clock
        self.journal("reboot", caller, delay=delay_seconds)

    def _key(self, path: str) -> str:
        self.held()
        return path.lower().rstrip("\\")

    def stat(self, caller: Caller, path: str) -> FileEntry | None:
        key = self._key(path)
        if key in self.folders:
            return FileEntry(path, True, 0, "", "", self.clock)
        if key not in self.files:
            return None
        content = self.files[key]
        sha1, sha256 = hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest()
        return FileEntry(path, False, len(content), sha1, sha256, self.clock)

    def list_folder(self, caller: Caller, path: str) -> list[FileEntry]:
        start = self._key(path) + "\\"
        paths = [key for key in (*self.files, *self.folders) if key.startswith(start) and "\\" not in key[len(start) :]]
        return [entry for key in sorted(paths) if key != start and (entry := self.stat(caller, key)) is not None]

    def read_file(self, caller: Caller, path: str) -> bytes:
        if self._key(path) not in self.files:
            raise RefusedByWindows(f"Could not find file '{path}'.")
        return self.files[self._key(path)]

    def write_file(self, caller: Caller, path: str, content: bytes) -> None:
        if self._key(path).rpartition("\\")[0] not in self.folders:
            raise RefusedByWindows(f"Could not find a part of the path '{path}'.")
        self.files[self._key(path)] = content
        self.journal("file", caller, path=path, size=len(content))

    def make_folder(self, caller: Caller, path: str) -> None:
        parts = self._key(path).split("\\")
        self.folders.update("\\".join(parts[: count + 1]) for count in range(len(parts)))

    def copy(self, caller: Caller, source: str, target: str) -> None:
        self.write_file(caller, target, self.read_file(caller, source))

    def remove(self, caller: Caller, path: str) -> None:
        key = self._key(path)
        self.files = {name: data for name, data in self.files.items() if not f"{name}\\".startswith(f"{key}\\")}
        self.folders = {name for name in self.folders if not f"{name}\\".startswith(f"{key}\\")}

    def download(self, caller: Caller, url: str, target: str) -> None:
        if url != PUBLISHED:
            raise RefusedByWindows("The remote server returned an error: (404) Not Found.")
        self.clock += 3
        self.write_file(caller, target, b"MZ installer")

    def journal(self, kind: str, caller: Caller, **facts: Any) -> None:
        self.held()
        self.lines.append({"kind": kind, "host": caller.host, "user": caller.user, **facts})

    def refused(self) -> list[Any]:
        """Why something was not answered."""
        return [line["reason"] for line in self.lines if line["kind"] == "refused"]

    def close(self) -> None:
        """Nothing is open."""
