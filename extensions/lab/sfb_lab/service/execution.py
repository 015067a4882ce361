# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs what a client wants to have run: decodes it, finds who answers it, and turns the answer into output."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

from ..border import Caller, Console, Json, RefusedByWindows, Simulation, UnknownToLab
from . import modules, programs, raw_scripts
from .accounts import Accounts
from .answers import Session, UnknownToService, error_stream
from .jobs import Jobs
from .payload import Module, Payload, Program, Unreadable, decode
from .shells import Output

_LONGEST_COMMAND_LINE = 8191
_WITHOUT_PASSWORD = ("system", "localsystem", "nt authority\\system")

_log = logging.getLogger(__name__)


class Execution:
    """The deployment's answers to command lines; holds the simulation's lock while it asks for one."""

    def __init__(self, simulation: Simulation, accounts: Accounts) -> None:
        self._simulation = simulation
        self._accounts = accounts
        self._jobs = Jobs()

    def run(self, host: str, user: str, line: str, stdin: bytes, code_page: int) -> Output | None:
        """The command's output; None if the server went away meanwhile.

        Never raises: a mistake of the lab ends as exit code 1 with its text.
        """
        caller = Caller(host, user)
        try:
            console = self._console(caller, line, stdin)
        except ConnectionResetError:
            return None
        except Exception as error:
            _log.exception("the lab failed on %s", host)
            console = Console(1, stderr=f"the lab itself failed: {type(error).__name__}: {error}\n")
        encoding = "utf-8" if code_page == 65001 else f"cp{code_page}"
        return Output(
            console.exit_code,
            console.stdout.encode(encoding, "replace"),
            console.stderr.encode(encoding, "replace"),
        )

    def _console(self, caller: Caller, line: str, stdin: bytes) -> Console:
        if len(line) > _LONGEST_COMMAND_LINE:
            # cmd.exe, which WinRM starts unless WINRS_SKIP_CMD_SHELL is set, has this limit (DOC cmd).
            self._refused(caller, f"a command line of {len(line)} characters")
            return Console(1, stderr=_windows_lines(self._simulation.says("command_too_long")))
        try:
            payload = decode(line, stdin)
        except Unreadable as error:
            self._refused(caller, str(error))
            return Console(1, stderr=f"the lab does not know: {error}\r\n")
        with self._simulation.lock:
            if isinstance(payload, Module):
                return self._module(caller, payload)
            return self._script(caller, payload)

    def _module(self, caller: Caller, module: Module) -> Console:
        caller = replace(
            caller,
            become_user=module.become_user,
            become_password=module.become_password,
            check_mode=module.args.get("_ansible_check_mode") is True,
        )
        result: Json
        try:
            self._check_become(caller)
            result = modules.answer(Session(self._simulation, caller, self._jobs), module)
        except UnknownToLab as error:
            self._note(caller, error)
            result = {"changed": False, "failed": True, "msg": f"the lab does not know: {error}"}
        except RefusedByWindows as error:
            result = {"changed": False, "failed": True, "msg": str(error)}
        return Console(1 if result.get("failed") else 0, json.dumps(result) + "\r\n")

    def _script(self, caller: Caller, payload: Payload) -> Console:
        session = Session(self._simulation, caller, self._jobs)
        try:
            if isinstance(payload, Program):
                console = programs.in_cmd(session, payload.line)
            elif isinstance(payload, Module):
                raise UnknownToService(payload.name)
            else:
                console = raw_scripts.answer(session, payload)
        except UnknownToLab as error:
            self._note(caller, error)
            console = Console(1, stderr=f"the lab does not know: {error}")
        except RefusedByWindows as error:
            console = Console(1, stderr=str(error))
        stderr = console.stderr if isinstance(payload, Program) else error_stream(console.stderr)
        return Console(console.exit_code, _windows_lines(console.stdout), _windows_lines(stderr))

    def _check_become(self, caller: Caller) -> None:
        """A wrong password is refused by the log on, before any of the module runs."""
        name = caller.become_user
        if name is None or name.lower() in _WITHOUT_PASSWORD:
            return
        if self._accounts.verify(name, caller.become_password or "") is None:
            self._simulation.journal("refused", caller, reason="logon", account=name)
            wrong = self._simulation.says("wrong_password").rstrip(".")
            reason = f"LogonUser({name}) failed ({wrong}, Win32ErrorCode 1326)"
            raise RefusedByWindows(
                f"internal error: failed to become user '{name}': "
                f'Exception calling "CreateProcessAsUser" with "9" argument(s): "{reason}"'
            )

    def _note(self, caller: Caller, error: UnknownToLab) -> None:
        # What the simulation does not know it has journalled itself.
        if isinstance(error, UnknownToService):
            self._refused(caller, str(error))

    def _refused(self, caller: Caller, what: str) -> None:
        with self._simulation.lock:
            self._simulation.journal("refused", caller, reason=f"the lab does not know: {what}")


def _windows_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
