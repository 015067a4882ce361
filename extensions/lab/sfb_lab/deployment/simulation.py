# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The face of the deployment towards the WinRM service (see border.py)."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..border import Caller, Console, FileEntry, Json, RefusedByWindows, RequestFault, UnknownToLab
from . import beginning
from .call import Session
from .clock import Clock, Interrupted, Work
from .description import read_deployment
from .faults import Faults, read_faults
from .files import parent
from .journal import Journal
from .line import run_line
from .model import Identity, Model
from .server import Server
from .shell import run_request
from .texts import say


class ServerWentDown(ConnectionResetError):
    """The server went down (or the process was ended) while it worked on a call: the connection is gone."""


class Deployment:
    """A deployment that can be called; ``border.Simulation``."""

    def __init__(
        self, settings: Json, faults: list[Json], journal_file: str | Path | None, speed: float | None
    ) -> None:
        self.lock = threading.RLock()
        start = datetime.datetime.fromisoformat(settings["start"].replace("Z", "+00:00"))
        self.clock = Clock(start.timestamp(), self.lock, speed)
        self._journal = Journal(journal_file, self.clock)
        self._faults = Faults(faults, self.clock, self._journal)
        self.model = Model(settings, self.clock, self._journal, self._faults)
        self.addresses: Mapping[str, str] = {server.fqdn: server.address for server in self.model.servers.values()}
        self.accounts: Mapping[str, str] = {name: account["password"] for name, account in settings["accounts"].items()}
        self.aliases: Mapping[str, str] = {
            alias: self._server(name).fqdn for alias, name in settings["aliases"].items()
        }
        """Inventory name -> FQDN."""
        self.become: str | None = settings["become"]
        """The account that the inventory becomes; its password is in ``accounts``."""
        self.media: Sequence[Json] = [
            {
                "version": medium.version,
                "file": medium.settings["file"],
                "sha256": medium.sha256,
                "urls": medium.settings["urls"],
                "unc": medium.settings["unc"],
                "content": medium.content,
            }
            for medium in self.model.media.media
        ]
        """The installers, for inventories and for tests that need one as a file on the controller."""
        self._executions = 0
        self._faults.happens = {
            "third_party_restart": self._third_party,
            "async_process_vanishes": self._vanish,
            "local_sql_stopped": self._stop_sql,
        }
        beginning.begin(self.model)
        self._faults.start()

    # The clock

    def now(self) -> float:
        with self.lock:
            return self.clock.now()

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.clock.advance(seconds)

    # Connections

    def accepts(self, host: str) -> bool:
        with self.lock:
            self.clock.now()
            server = self._server(host)
            if server.up and server.winrm:
                return True
            self.clock.advance(self.model.times["refused_connection_seconds"])
            return False

    def request(self, host: str, user: str, action: str) -> RequestFault | None:
        with self.lock:
            self.clock.now()
            server = self._server(host)
            if not (server.up and server.winrm):
                return "drop"
            dropped = self._faults.strikes("connection_dropped", server.fqdn)
            hangs = self._faults.strikes("never_answers", server.fqdn)
            refused = self._faults.strikes("credentials_refused", server.fqdn)
            if refused is not None:
                self._journal.write("refused", Caller(server.fqdn, user), reason="logon")
                return "reject"
            if hangs is not None:
                self.clock.advance(self.model.times["refused_connection_seconds"])
                return "hang"
            if dropped is not None:
                return "drop_after" if dropped["after_work"] else "drop"
            return None

    # PowerShell

    def management_shell(self, caller: Caller, request: Json) -> Json:
        """Raises ServerWentDown when the server is gone before the answer."""
        with self.lock:
            session = self._session(caller, "powershell.exe -NoProfile -NonInteractive")
            return self._live(session, run_request(session, request))  # type: ignore[no-any-return]

    def management_shell_detached(self, caller: Caller, request: Json) -> None:
        with self.lock:
            session = self._session(caller, "powershell.exe -NoProfile -NonInteractive async_wrapper")
            session.process.detached = True
            task = self.clock.begin(self._detached(session, request), self.model.times["execution_seconds"] / 2)
            session.process.tasks.append(task)
            self.clock.advance(self.model.times["execution_seconds"])

    def line(self, caller: Caller, text: str) -> Console:
        with self.lock:
            session = self._session(caller, "powershell.exe -Command")
            session.asks = True
            return self._live(session, run_line(session, text))  # type: ignore[no-any-return]

    def says(self, text: str, **values: str) -> str:
        return self.model.speak(say(text, **values))

    def _detached(self, session: Session, request: Json) -> Work:
        try:
            yield from run_request(session, request)
        except (UnknownToLab, RefusedByWindows) as error:
            self._journal.write("refused", session.caller, reason=str(error))
        session.process.tasks.clear()
        self.model.end_process(session.server, session.process)

    def _session(self, caller: Caller, command_line: str) -> Session:
        identity, server = self._who(caller)
        self._executions += 1
        process = server.new_process("powershell.exe", identity.user, self.clock.now(), command_line=command_line)
        return Session(self.model, server, caller, identity, process, self._executions)

    def _live(self, session: Session, work: Work) -> Any:
        try:
            return self.clock.live(work, lambda: session.process.alive)
        except Interrupted:
            raise ServerWentDown(f"{session.server.fqdn} went down") from None
        except (UnknownToLab, RefusedByWindows) as error:
            self._journal.write("refused", session.caller, reason=str(error))
            raise
        finally:
            self.model.end_process(session.server, session.process)

    # The server

    def last_boot(self, host: str) -> float:
        with self.lock:
            self.clock.advance(self.model.times["execution_seconds"])
            return self._server(host).last_boot

    def boot(self, host: str) -> float:
        """``last_boot`` without any passing of time."""
        with self.lock:
            return self._server(host).last_boot

    def restart(self, caller: Caller, delay_seconds: float) -> None:
        with self.lock:
            identity, server = self._who(caller)
            if not identity.administrator:
                self._journal.write("refused", caller, reason="restart")
                raise RefusedByWindows(self.model.speak(say("no_reboot_right")))
            if server.restart_planned is not None:
                raise RefusedByWindows(self.model.speak(say("shutdown_scheduled")))
            self._faults.call_begins("shutdown.exe", {server.fqdn})
            self._journal.write("reboot", caller, by="restart", delay_seconds=delay_seconds, changes=True)
            self.model.restart(server, delay_seconds)
            self.clock.advance(self.model.times["execution_seconds"])

    # Files

    def stat(self, caller: Caller, path: str) -> FileEntry | None:
        with self.lock:
            identity, server = self._who(caller)
            self.clock.advance(0.1)
            files, inside = self.model.locate(server, path, identity)
            entry = files.get(inside)
            return entry.as_file_entry() if entry else None

    def list_folder(self, caller: Caller, path: str) -> Sequence[FileEntry]:
        with self.lock:
            identity, server = self._who(caller)
            self.clock.advance(0.1)
            files, inside = self.model.locate(server, path, identity)
            entry = files.get(inside)
            if entry is None or not entry.is_folder:
                raise RefusedByWindows(self.model.speak(say("path_not_found", path=path)))
            return [child.as_file_entry() for child in files.children(inside)]

    def read_file(self, caller: Caller, path: str) -> bytes:
        with self.lock:
            identity, server = self._who(caller)
            content = self._content(server, identity, path)
            self._transfer(server, content)
            return content

    def write_file(self, caller: Caller, path: str, content: bytes) -> None:
        with self.lock:
            identity, server = self._who(caller)
            self._transfer(server, content)
            self._put(caller, server, identity, path, content, "write_file")

    def make_folder(self, caller: Caller, path: str) -> None:
        with self.lock:
            identity, server = self._who(caller)
            files, inside = self._writable(server, identity, path)
            if files.get(inside) is None:
                files.put_folder(inside, self.clock.now(), identity.user)
                self._journal.write("file", caller, what="make_folder", path=path)

    def copy(self, caller: Caller, source: str, target: str) -> None:
        with self.lock:
            identity, server = self._who(caller)
            content = self._content(server, identity, source)
            self._transfer(server, content)
            files, inside = self.model.locate(server, target, identity)
            entry = files.get(inside)
            if entry is not None and entry.is_folder:
                target = f"{target}\\{source.rpartition(chr(92))[2]}"
            self._put(caller, server, identity, target, content, "copy", source=source)

    def remove(self, caller: Caller, path: str) -> None:
        with self.lock:
            identity, server = self._who(caller)
            files, inside = self._writable(server, identity, path)
            if files.get(inside) is None:
                raise RefusedByWindows(self.model.speak(say("path_not_found", path=path)))
            files.remove(inside)
            self._journal.write("file", caller, what="remove", path=path)

    def download(self, caller: Caller, url: str, target: str) -> None:
        with self.lock:
            identity, server = self._who(caller)
            medium = self.model.media.urls.get(url)
            if medium is None:
                raise RefusedByWindows(self.model.speak(say("http_404")))
            self._transfer(server, medium.content)
            self._put(caller, server, identity, target, medium.content, "download", source=url)

    def journal(self, kind: str, caller: Caller, **facts: Any) -> None:
        with self.lock:
            self._journal.write(kind, caller, **facts)

    @property
    def journal_lines(self) -> list[Json]:
        """What was journalled, when no journal file was given."""
        return self._journal.lines

    def close(self) -> None:
        self._journal.close()

    # Helpers

    def _server(self, host: str) -> Server:
        server = self.model.by_fqdn(host)
        if server is None:
            raise UnknownToLab(f"the lab has no server {host}")
        return server

    def _who(self, caller: Caller) -> tuple[Identity, Server]:
        self.clock.now()
        server = self._server(caller.host)
        if not (server.up and server.winrm):
            raise ServerWentDown(f"{server.fqdn} is down")
        return self.model.identity(caller), server

    def _transfer(self, server: Server, content: bytes) -> None:
        """Nothing arrives on a server that goes down meanwhile."""
        boots = server.boots
        seconds = 0.2 + self.model.media.megabytes(content) / self.model.times["megabytes_per_second"]
        self.clock.advance(seconds, lambda: server.boots != boots)
        if server.boots != boots:
            raise ServerWentDown(f"{server.fqdn} went down")

    def _content(self, server: Server, identity: Identity, path: str) -> bytes:
        files, inside = self.model.locate(server, path, identity)
        entry = files.get(inside)
        if entry is None or entry.content is None:
            raise RefusedByWindows(self.model.speak(say("file_not_found", path=path)))
        return entry.content

    def _writable(self, server: Server, identity: Identity, path: str) -> tuple[Any, str]:
        files, inside = self.model.locate(server, path, identity)
        lower = inside.lower()
        if files is self.model.media.share or not (
            identity.administrator or "\\temp" in lower or lower.startswith("c:\\users\\")
        ):
            raise RefusedByWindows(self.model.speak(say("path_denied", path=path)))
        return files, inside

    def _put(
        self, caller: Caller, server: Server, identity: Identity, path: str, content: bytes, what: str, **more: Any
    ) -> None:
        files, inside = self._writable(server, identity, path)
        if "\\appdata\\" in inside.lower():
            files.put_folder(parent(inside), self.clock.now())
        files.put_file(inside, content, self.clock.now())
        self._journal.write("file", caller, what=what, path=path, bytes=len(content), **more)

    # Faults that need no opportunity

    def _third_party(self, host: str, fault: Json) -> bool:
        server = self._server(host)
        if not server.up:
            return False
        self._journal.write("reboot", None, server.fqdn, by="somebody else", delay_seconds=0)
        self.model.restart(server, 0.0)
        return True

    def _stop_sql(self, host: str, fault: Json) -> bool:
        server = self._server(host)
        if not server.service_running(fault["service"]):
            return False
        self.model.stop_service(server, fault["service"])
        return True

    def _vanish(self, host: str, fault: Json) -> bool:
        server = self._server(host)
        found = [process for process in server.processes.values() if process.detached]
        for process in found:
            self.model.end_process(server, process)
        return bool(found)


def load(
    deployment_file: str | Path,
    faults_file: str | Path | None = None,
    journal_file: str | Path | None = None,
    speed: float | None = None,
) -> Deployment:
    """The deployment of a file, with the misfortunes of another, journalling into a third.

    Raises:
        schema.FileError: a file that can't be used; the message names file, line and key.
    """
    settings = read_deployment(deployment_file)
    hosts = [server["fqdn"] for pool in settings["pools"] for server in pool["servers"]]
    hosts += [server["fqdn"] for server in settings["back_end_servers"]]
    return Deployment(settings, read_faults(faults_file, hosts), journal_file, speed)
