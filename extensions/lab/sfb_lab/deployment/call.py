# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of a cmdlet: its binding, its output streams, and the table of all cmdlets that the lab has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..border import Caller, RefusedByWindows, UnknownToLab
from .binding import Bound, bind, signature
from .clock import Wait, Work
from .model import ADMIN_GROUPS, READ_GROUPS, Identity, Model
from .server import Process, Server
from .texts import say
from .values import PsError, PsObject, Terminating, Value, plain

Json = dict[str, Any]


@dataclass
class Session:
    """The PowerShell process that calls are made in."""

    model: Model
    server: Server
    caller: Caller
    identity: Identity
    process: Process
    number: int
    """Counts remote executions; in the journal as ``execution``."""
    asks: bool = False
    """$ConfirmPreference is not None: a cmdlet that confirms fails (NonInteractive)."""


@dataclass
class Call:
    """One cmdlet at work."""

    session: Session
    name: str
    bound: Bound
    output: list[Value] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verbose: list[str] = field(default_factory=list)
    information: list[str] = field(default_factory=list)
    errors: list[PsError] = field(default_factory=list)
    changed: bool = False
    facts: Json = field(default_factory=dict)
    """What the journal is to tell besides."""
    report: list[str] = field(default_factory=list)
    """Lines of the -Report."""

    @property
    def model(self) -> Model:
        return self.session.model

    @property
    def server(self) -> Server:
        return self.session.server

    @property
    def identity(self) -> Identity:
        return self.session.identity

    def get(self, name: str, default: Any = None) -> Any:
        return self.bound.values.get(name, default)

    def names(self, name: str) -> list[str]:
        """A String[] parameter (or its text form)."""
        value = self.get(name)
        return [] if value is None else [str(item) for item in value] if isinstance(value, list) else [str(value)]

    def write(self, *values: Value) -> None:
        self.output.extend(values)

    def write_object(self, type_name: str, text: str | None = None, /, **properties: Value) -> None:
        self.output.append(PsObject(type_name, properties, text))

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def say(self, text: str) -> None:
        """Into the verbose stream, which only flows with -Verbose."""
        if self.get("Verbose"):
            self.verbose.append(text)

    def error(
        self,
        message: str,
        error_id: str,
        category: str = "NotSpecified",
        target: str = "",
        kind: str = "System.Exception",
    ) -> None:
        """An error that does not end the cmdlet (it does with -ErrorAction Stop)."""
        self.errors.append(self._error(message, error_id, category, target, kind))
        if self.get("ErrorAction") == "Stop":
            raise Stop

    def fail(
        self,
        message: str,
        error_id: str,
        category: str = "NotSpecified",
        target: str = "",
        kind: str = "System.Exception",
    ) -> Terminating:
        """``raise call.fail(...)``: an error that ends the cmdlet."""
        return Terminating(self._error(message, error_id, category, target, kind))

    def _error(self, message: str, error_id: str, category: str, target: str, kind: str) -> PsError:
        sig = signature(self.name, self.server.product)
        return PsError(message, f"{error_id},{sig.class_name if sig else self.name}", category, kind, target)

    def acts(self) -> None:
        """From here on the deployment is changed; the journal says so before any time passes."""
        self.changed = True


class Stop(Exception):
    """-ErrorAction Stop after an error that was already recorded."""


Result = Iterator[Wait] | None


@dataclass(frozen=True)
class Cmdlet:
    name: str
    run: Callable[[Call], Result]
    seconds: float
    """What it costs besides the waits of its own."""
    changes: bool = False
    reach: str = ""
    """``topology``: reads what lies on other servers; ``admin``: changes it. Both take a second hop and a group."""
    confirms: bool = False
    acts_under_whatif: Callable[[Call], bool] = field(default=lambda call: False)
    exists: Callable[[Server], bool] = field(default=lambda server: True)
    """For cmdlets that came with an update."""


TABLE: dict[str, Cmdlet] = {}


def cmdlet(
    name: str,
    seconds: float = 0.2,
    *,
    changes: bool = False,
    reach: str = "",
    confirms: bool = False,
    acts_under_whatif: Callable[[Call], bool] = lambda call: False,
    exists: Callable[[Server], bool] = lambda server: True,
) -> Callable[[Callable[[Call], Result]], Callable[[Call], Result]]:
    """Enters a function into the table; the function may yield waits."""

    def enter(run: Callable[[Call], Result]) -> Callable[[Call], Result]:
        TABLE[name.lower()] = Cmdlet(name, run, seconds, changes, reach, confirms, acts_under_whatif, exists)
        return run

    return enter


@dataclass
class Outcome:
    """What management_shell.ps1 reports of one call."""

    missing: bool = False
    output: list[Value] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verbose: list[str] = field(default_factory=list)
    information: list[str] = field(default_factory=list)
    errors: list[PsError] = field(default_factory=list)
    seconds: float = 0.0


def call_cmdlet(session: Session, name: str, parameters: Mapping[str, Any], positional: Sequence[Any] = ()) -> Work:
    """Lives through one call and returns its Outcome; what it did is in the journal."""
    model, server = session.model, session.server
    began = model.clock.now()
    outcome = Outcome()
    sig = signature(name, server.product)
    entry = TABLE.get(name.lower())
    if sig is None or (entry and not entry.exists(server)) or (yield from _not_loaded(session, sig.name)):
        outcome.missing = True
        _note(session, name, parameters, False, "the cmdlet does not exist")
        return outcome
    if entry is None:
        raise UnknownToLab(f"the lab does not simulate {sig.name}")
    call = Call(session, sig.name, Bound({}, ""))
    begun = False
    shown = dict(parameters)
    try:
        call.bound = bind(sig, parameters, positional)
        if positional:
            shown = call.bound.values
        if call.get("Confirm") or (session.asks and entry.confirms and "Confirm" not in call.bound):
            raise must_ask(call)
        yield entry.seconds
        if not (call.get("WhatIf") and entry.changes) or entry.acts_under_whatif(call):
            _check_reach(call, entry)
            concerned = {
                server.fqdn,
                *(_host(model, str(call.get("ComputerName"))) for _once in [0] if call.get("ComputerName")),
            }
            model.faults.call_begins(sig.name, concerned)
            waits = entry.run(call)
            for wait in waits if waits is not None else ():
                if call.changed and not begun:
                    begun = True
                    _note(session, sig.name, shown, True, None, phase="begun")
                yield wait
    except Terminating as end:
        call.errors.append(end.error)
    except Stop:
        pass
    except RefusedByWindows as refused:
        call.errors.append(
            call._error(refused.args[0], "Refused", "PermissionDenied", "", "System.UnauthorizedAccessException")
        )
    _write_report(call)
    _translate(call)
    error = call.errors[-1].message if call.errors else None
    if begun:
        _note(session, sig.name, shown, False, error, phase="ended", **call.facts)
    else:
        _note(session, sig.name, shown, call.changed, error, **call.facts)
    if call.get("ErrorAction") in ("SilentlyContinue", "Ignore"):
        call.errors.clear()
    outcome.output, outcome.warnings, outcome.verbose = call.output, call.warnings, call.verbose
    outcome.information, outcome.errors = call.information, call.errors
    outcome.seconds = round(model.clock.now() - began, 3)
    return outcome


def _translate(call: Call) -> None:
    """What people read is in their language; everything else of an error, and every name of an enumeration, stays."""
    speak = call.model.speak
    call.output = [speak(item) if isinstance(item, str) else item for item in call.output]
    call.warnings = [speak(text) for text in call.warnings]
    call.verbose = [speak(text) for text in call.verbose]
    call.errors = [error.spoken(speak) for error in call.errors]


def _not_loaded(session: Session, name: str) -> Work:
    """A product cmdlet without its module: loaded by itself (which takes its time), or not there."""
    if "-Cs" not in name or session.process.holds_module:
        return False
    if not session.model.switches["module_autoloads"]:
        return True
    yield session.model.times["module_seconds"]
    session.process.holds_module = True
    return False


def _write_report(call: Call) -> None:
    """-Report: an HTML file where the cmdlet runs, overwritten if it exists (DOC)."""
    path = call.get("Report")
    if not path:
        return
    result = "failed" if call.errors else "done"
    lines = "".join(f"<p>{escape(call.model.speak(line))}</p>" for line in call.report)
    text = f"<html><body><h1>{call.name}</h1><p>{result} on {call.server.fqdn}</p>{lines}</body></html>"
    try:
        files, inside = call.model.locate(call.server, path, call.identity)
        files.put_file(inside, text.encode(), call.model.clock.now())
    except RefusedByWindows as refused:
        call.warn(str(refused))


def _host(model: Model, name: str) -> str:
    server = model.server(name)
    return server.fqdn if server else name


def must_ask(call: Call) -> Terminating:
    return Terminating(
        PsError(
            say("not_interactive"),
            f"InvalidOperation,{call.name}",
            "InvalidOperation",
            "System.Management.Automation.PSInvalidOperationException",
        )
    )


def _check_reach(call: Call, entry: Cmdlet) -> None:
    if not entry.reach:
        return
    if not call.identity.second_hop:
        raise call.fail(say("second_hop"), "SecondHop", "PermissionDenied", kind="System.Data.SqlClient.SqlException")
    groups = ADMIN_GROUPS if entry.reach == "admin" else READ_GROUPS
    if not {group.lower() for group in groups} & {group.lower() for group in call.identity.groups}:
        raise call.fail(
            say("not_in_group", user=call.identity.user, groups=", ".join(groups)),
            "AccessDenied",
            "PermissionDenied",
            kind="System.UnauthorizedAccessException",
        )


def _note(
    session: Session, name: str, parameters: Mapping[str, Any], changes: bool, error: str | None, **more: Any
) -> None:
    session.model.journal.write(
        "cmdlet",
        session.caller,
        session.server.fqdn,
        cmdlet=name,
        parameters=plain(dict(parameters)),
        changes=changes,
        error=error,
        execution=session.number,
        **more,
    )
