# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remote shells and the commands in them: what WS-Man keeps between requests."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from . import wsman
from .wsman import Message

#: A reply must fit the 153,600 bytes that clients allow, base64 and envelope included.
_OUTPUT_BYTES_PER_REPLY = 96 * 1024


@dataclass(frozen=True)
class Output:
    """What a finished command left, as bytes in the shell's code page."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


#: (host, user, command line, standard input, code page) -> output, or None when the server went away meanwhile.
#: Runs in a thread of its own and never raises.
Execute = Callable[[str, str, str, bytes, int], "Output | None"]


#: FQDN -> when the server was started, or anything else that changes with each start.
Boot = Callable[[str], float]


@dataclass
class _Command:
    line: str
    stdin: bytearray = field(default_factory=bytearray)
    started: bool = False
    finished: threading.Event = field(default_factory=threading.Event)
    output: Output | None = None
    sent: int = 0
    """Bytes of standard output that were fetched already."""


@dataclass
class _Shell:
    host: str
    user: str
    boot: float
    code_page: int
    commands: dict[str, _Command] = field(default_factory=dict)


class Shells:
    """All shells of all servers."""

    def __init__(self, boot: Boot, execute: Execute) -> None:
        self._boot = boot
        self._execute = execute
        self._shells: dict[str, _Shell] = {}
        self._lock = threading.Lock()

    def answer(self, host: str, user: str, request: Message) -> bytes:
        """One WS-Man operation; the reply. Raises wsman.Fault; ConnectionResetError when nobody is left to reply."""
        if request.resource != wsman.CMD_SHELL:
            raise wsman.unknown_to_lab(f"WS-Man resource {request.resource}")
        operations = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
        }
        if request.action not in operations:
            raise wsman.unknown_to_lab(f"WS-Man action {request.action}")
        return operations[request.action](host, user, request)

    def _create(self, host: str, user: str, request: Message) -> bytes:
        shell_id = str(uuid.uuid4()).upper()
        code_page = request.options.get("WINRS_CODEPAGE", "")
        shell = _Shell(host, user, self._boot(host), int(code_page) if code_page.isdigit() else 437)
        with self._lock:
            self._shells[shell_id] = shell
        return wsman.created(request, shell_id)

    def _command(self, host: str, user: str, request: Message) -> bytes:
        shell = self._living_shell(host, user, request)
        command = _Command(request.command_line)
        command_id = str(uuid.uuid4()).upper()
        shell.commands[command_id] = command
        # Without console-mode input the client feeds standard input first and says where it ends.
        if request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "TRUE":
            self._start(shell, command, request.timeout_seconds)
        return wsman.command_started(request, command_id)

    def _send(self, host: str, user: str, request: Message) -> bytes:
        shell = self._living_shell(host, user, request)
        command = _find(shell, request)
        command.stdin += request.stdin
        if request.stdin_ends:
            self._start(shell, command, request.timeout_seconds)
        return wsman.input_taken(request)

    def _receive(self, host: str, user: str, request: Message) -> bytes:
        command = _find(self._shell(host, user, request), request)
        if not command.finished.wait(request.timeout_seconds):
            raise wsman.timed_out()
        output = _output(command)
        part = output.stdout[command.sent : command.sent + _OUTPUT_BYTES_PER_REPLY]
        command.sent += len(part)
        if command.sent < len(output.stdout):
            return wsman.output(request, part, b"", None)
        return wsman.output(request, part, output.stderr, output.exit_code)

    def _signal(self, host: str, user: str, request: Message) -> bytes:
        shell = self._shell(host, user, request)
        _find(shell, request)
        del shell.commands[request.command_id]
        return wsman.signalled(request)

    def _delete(self, host: str, user: str, request: Message) -> bytes:
        self._shell(host, user, request)
        with self._lock:
            self._shells.pop(request.shell_id, None)
        return wsman.deleted(request)

    def _start(self, shell: _Shell, command: _Command, patience: float) -> None:
        """Runs the command in a thread and gives it the time that the request has.

        On a virtual clock everything is done when this returns, so that a connection dropped after this very
        request finds the work done, every time; on a clock tied to the wall clock Receive waits for the rest.
        """
        if command.started:
            return
        command.started = True

        def run() -> None:
            try:
                command.output = self._execute(
                    shell.host, shell.user, command.line, bytes(command.stdin), shell.code_page
                )
            finally:
                command.finished.set()

        threading.Thread(target=run, name=f"lab command on {shell.host}", daemon=True).start()
        if command.finished.wait(patience):
            _output(command)

    def _shell(self, host: str, user: str, request: Message) -> _Shell:
        with self._lock:
            shell = self._shells.get(request.shell_id)
        if shell is None or (shell.host, shell.user) != (host, user):
            raise wsman.shell_not_found(request.shell_id)
        return shell

    def _living_shell(self, host: str, user: str, request: Message) -> _Shell:
        """A shell ends with the boot that it was opened in. What is finished can still be fetched from it."""
        shell = self._shell(host, user, request)
        if shell.boot != self._boot(host):
            raise wsman.shell_not_found(request.shell_id)
        return shell


def _output(command: _Command) -> Output:
    if command.output is None:
        raise ConnectionResetError("the server went down")
    return command.output


def _find(shell: _Shell, request: Message) -> _Command:
    command = shell.commands.get(request.command_id)
    if command is None:
        raise wsman.command_not_found(request.command_id)
    return command
