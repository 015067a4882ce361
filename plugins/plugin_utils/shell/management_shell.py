# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that talks to a server: sends calls to management_shell.ps1 there and returns their outcomes.

What may be sent is decided here, once: nothing that changes anything in check mode, nothing by a worker whose
ansible-playbook is gone, no change a second time after its first outcome was lost.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import Clock
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ChangeRefused,
    ConnectionLost,
    NotUsable,
    Orphaned,
    SfbError,
)

SCRIPT = Path(__file__).with_suffix(".ps1")

_COMMON_FILES = "C:\\Program Files\\Common Files"
#: The names first; the paths for servers whose module folder is not on PSModulePath (CODE: several public scripts).
MODULES = (
    "SkypeForBusiness",
    "Lync",
    f"{_COMMON_FILES}\\Skype for Business Server 2019\\Modules\\SkypeForBusiness\\SkypeForBusiness.psd1",
    f"{_COMMON_FILES}\\Skype for Business Server 2015\\Modules\\SkypeForBusiness\\SkypeForBusiness.psd1",
    f"{_COMMON_FILES}\\Microsoft Lync Server 2013\\Modules\\Lync\\Lync.psd1",
)
#: The group whose members may change the topology (DOC: Enable-CsTopology).
SERVER_ADMINS = "RTCUniversalServerAdmins"


_WHEN_LOST = (
    "What it did of the last call is not known from here. Look at the server; then start the playbook again: it reads "
    "what is true now and goes on from there."
)


class Transport(Protocol):
    """Ansible's connection, or a replay of recorded answers."""

    def execute(self, script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        """Runs the script through win_powershell; the module's result. Raises ConnectionLost, CredentialsRejected."""

    def reset(self) -> None:
        """Closes the connection, so that the next execution opens a new one."""


@dataclass(frozen=True)
class Outcome:
    """What one call left behind. Text lists keep their order; `errors` as management_shell.ps1 describes them."""

    call: Call
    output: list[Any] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    information: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: bool = False
    skipped: bool = False
    """Not run, because a call before it failed."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not (self.errors or self.missing or self.skipped)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for row in self.output if isinstance(row, dict)]

    @property
    def row(self) -> dict[str, Any]:
        """The first row, or nothing."""
        return self.rows[0] if self.rows else {}

    @property
    def text(self) -> str:
        return "\n".join(str(line) for line in self.output if not isinstance(line, dict))

    @property
    def absent(self) -> bool:
        """Whether the thing asked for simply is not there (a language-independent category)."""
        return any(error.get("category") == "ObjectNotFound" for error in self.errors)

    @property
    def trouble(self) -> str:
        """Why it is not ok, in the server's words."""
        if self.missing:
            return f"{self.call.cmdlet} does not exist on this server"
        if self.skipped:
            return f"{self.call.powershell()} was not run, because a call before it failed"
        return "; ".join(str(error.get("message")).strip().rstrip(".") for error in self.errors)

    def checked(self, remedy: str | None = None) -> Outcome:
        """Itself, or CallFailed with the server's words."""
        if self.ok:
            return self
        raise CallFailed(
            f"{self.call.powershell()} failed: {self.trouble}.",
            remedy=remedy,
            trouble=self.trouble,
            call=self.call.powershell(),
            errors=self.errors,
            warnings_of_call=self.warnings,
        )


@dataclass(frozen=True)
class Answer:
    """One execution: who ran it, and the outcome of each call by the caller's name for it."""

    outcomes: dict[str, Outcome]
    module: str | None
    user: str | None
    administrator: bool
    roles: dict[str, bool]
    process: int
    finished: str | None
    running: dict[str, Any] | None

    def __getitem__(self, name: str) -> Outcome:
        return self.outcomes[name]


class ManagementShell:
    """Calls on one server. `server` is the name that errors give it; `say` shows a line while we wait."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        server: str,
        *,
        check_mode: bool = False,
        parent: Callable[[], int] = os.getppid,
    ) -> None:
        self.transport = transport
        self.clock = clock
        self.server = server
        self.check_mode = check_mode
        self.executions = 0
        self._parent = parent
        # Ansible's worker knows its maker from the fork on: that one may be gone before this line is reached.
        maker = multiprocessing.parent_process() if parent is os.getppid else None
        self._born_of = maker.pid if maker else parent()

    def read(self, calls: Mapping[str, Call], retry_seconds: float = 120.0, *, without_product: bool = False) -> Answer:
        """Runs calls that change nothing, again after a lost connection, until `retry_seconds` have passed.

        `without_product`: a server without the product's module answers too; its product calls are `missing` then.
        """
        changing = [call.powershell() for call in calls.values() if call.changes]
        if changing:
            raise ChangeRefused(f"{changing[0]} changes something and was sent as a read.")
        began = self.clock.now()
        while True:
            # By when it was asked: a controller that slept meanwhile asks once more.
            asked = self.clock.now()
            try:
                return self._send(calls, without_product=without_product)
            except ConnectionLost:
                if asked - began >= retry_seconds:
                    raise
                self.transport.reset()
                self.clock.sleep(10)

    def change(self, calls: Mapping[str, Call]) -> Answer:
        """Runs calls that change something, once. After ConnectionLost the outcome must be looked up, never resent."""
        return self._send(calls)

    def start(self, calls: Mapping[str, Call], claim: str, limit_seconds: int) -> None:
        """Starts the calls in a process of their own on the server, which owns the file `claim`, and returns at once."""
        self._send(calls, claim=claim, detach_seconds=limit_seconds)

    def _send(
        self,
        calls: Mapping[str, Call],
        claim: str | None = None,
        detach_seconds: int | None = None,
        without_product: bool = False,
    ) -> Answer:
        self._refuse_what_must_not_be_sent(calls.values())
        request = {
            "modules": list(MODULES) if any(call.of_product for call in calls.values()) else [],
            "editions": ["Desktop"],
            "claim": claim,
            "roles": [SERVER_ADMINS],
            "calls": [call.request() for call in calls.values()],
        }
        self.executions += 1
        try:
            result = self.transport.execute(SCRIPT.read_text(encoding="utf-8"), json.dumps(request), detach_seconds)
        except SfbError as error:
            # The transport does not know whose connection it is.
            remedy = error.remedy or _WHEN_LOST
            raise type(error)(f"{self.server}: {error.message}", remedy=remedy, **error.facts) from error
        if detach_seconds is not None:
            return Answer({}, None, None, False, {}, 0, None, None)
        answer = self._answer(calls, result)
        if not without_product and answer.running is None and any(call.of_product for call in calls.values()):
            require_product(self.server, answer)
        return answer

    def _refuse_what_must_not_be_sent(self, calls: Sequence[Call] | Any) -> None:
        if self.check_mode:
            for call in calls:
                if call.changes:
                    raise ChangeRefused(f"{call.powershell()} must not be sent to {self.server} in check mode.")
        self.refuse_orphans()

    def refuse_orphans(self) -> None:
        """Raises Orphaned. Also for what goes to the server past this shell: the copy of a file."""
        if self._parent() != self._born_of:
            raise Orphaned(
                f"The ansible-playbook that started this work on {self.server} is gone; nothing more is sent.",
                remedy="Start the playbook again: it goes on from what the servers say.",
            )

    def _answer(self, calls: Mapping[str, Call], result: Mapping[str, Any]) -> Answer:
        output = result.get("output") or []
        try:
            answer = json.loads(output[-1])
            edition, reported = answer["edition"], answer["outcomes"]
        except (IndexError, TypeError, ValueError, KeyError):
            raise NotUsable(
                f"{self.server} gave an answer that can't be read.",
                remedy="Run the task with -vvvv and look at what the server sent.",
                received=_words(result),
            ) from None
        if edition != "Desktop":
            raise NotUsable(
                f"{self.server} answered with PowerShell {answer.get('version')} ({edition}); the product's module needs "
                "Windows PowerShell 5.1.",
                remedy="Point the connection at the Windows PowerShell endpoint (ansible_psrp_configuration_name: "
                "Microsoft.PowerShell; over SSH, its DefaultShell).",
            )
        outcomes = {
            name: outcome_of(call, reported[index] if index < len(reported) else None)
            for index, (name, call) in enumerate(calls.items())
        }
        return Answer(
            outcomes,
            answer.get("module"),
            answer.get("user"),
            bool(answer.get("administrator")),
            answer.get("roles") or {},
            int(answer.get("process") or 0),
            answer.get("finished"),
            answer.get("running"),
        )


def require_product(server: str, answer: Answer) -> None:
    """Raises NotUsable where the product's module was wanted and none could be loaded."""
    if answer.module is None:
        raise NotUsable(
            f"{server} has neither the module SkypeForBusiness nor Lync, or the account can't load it.",
            remedy="Is this a server with the product's Management Shell (its core components)? Open it there by hand.",
        )


def outcome_of(call: Call, reported: Mapping[str, Any] | None) -> Outcome:
    """One entry of the script's `outcomes`; None for a call that it did not reach."""
    if reported is None:
        return Outcome(call, skipped=True)
    return Outcome(
        call,
        output=_listed(reported["output"]),
        warnings=_listed(reported["warnings"]),
        information=_listed(reported["information"]),
        errors=_listed(reported["errors"]),
        missing=bool(reported["missing"]),
        seconds=float(reported["seconds"]),
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _words(result: Mapping[str, Any]) -> str:
    """What came instead of an answer, short enough to read."""
    parts = [str(result.get("msg") or "")]
    parts += [str(error.get("output") or error) for error in result.get("error") or [] if isinstance(error, dict)]
    parts += [str(item) for item in result.get("output") or []]
    return " ".join(part.strip() for part in parts if part.strip())[:2000]
