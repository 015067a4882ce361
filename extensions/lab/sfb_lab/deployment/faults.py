# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults file: a list of misfortunes, each with the moment from which it waits for its opportunity.

A fault is *armed* at the lab's start, at ``at_minute``, or when a call named by ``when`` begins (``after_minutes``
later). Armed, it strikes at its ``occurrence``-th opportunity and the following ones, ``times`` in all. What an
opportunity is depends on the fault: a WS-Man request, a restart, a drain ... Third-party restarts and vanishing
processes need none: they happen when they are armed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .journal import Journal
from .schema import Choice, FileError, Flag, Key, Listing, Number, Place, Spec, Table, Text, read_file

if TYPE_CHECKING:
    import yaml

Json = dict[str, Any]

WHEN = Table(
    {
        "cmdlet": Key(Text(), required=True, about="a cmdlet, or a program by its file name"),
        "host": Key(Text(), about="the server that it concerns or runs on; default: any"),
    }
)
ALWAYS = 10**9
TRIGGER = {
    "host": Key(Text(), about="FQDN of the server it strikes"),
    "at_minute": Key(Number(0, 1e6), about="of the lab's clock"),
    "when": Key(WHEN, about="armed when this call begins"),
    "after_minutes": Key(Number(0, 1e6), 0, about="later than at_minute or when"),
    "occurrence": Key(Number(1, 1e9, whole=True), 1, about="the n-th opportunity"),
    "times": Key(Number(1, 1e9, whole=True), 1, about="how many opportunities in a row"),
}
REQUEST = {
    "at_request": Key(
        Number(1, 1e9, whole=True), about="the n-th authenticated WS-Man request of that server since it was armed"
    ),
}

FOR_EVER = Key(Number(1, 1e9, whole=True), ALWAYS, about="how many opportunities in a row; default: all")


def _kind(more: dict[str, Key] | None = None, required_host: bool = True) -> Table:
    keys = {"fault": Key(Text(), required=True), **TRIGGER, **(more or {})}
    if required_host:
        keys["host"] = Key(Text(), required=True, about=TRIGGER["host"].about)
    return Table(keys)


#: Name of the fault -> its keys.
FAULTS: dict[str, Table] = {
    "connection_dropped": _kind(
        {**REQUEST, "after_work": Key(Flag(), False, about="the work is done, its answer never arrives")}
    ),
    "never_answers": _kind(REQUEST),
    "credentials_refused": _kind({**REQUEST, "times": FOR_EVER}),
    "winrm_away_after_restart": _kind({"minutes": Key(Number(0, 1e6), required=True)}),
    "restart_never_returns": _kind(),
    "drain_never_ends": _kind({"times": FOR_EVER}),
    "fail_back_throws": _kind(),
    "service_stays_starting": _kind(
        {"service": Key(Text(), "RTCSRV"), "minutes": Key(Number(0, 1e6), about="default: for ever")}
    ),
    "replica_stays_missing": _kind(),
    "installer_exit": _kind(
        {
            "exit_code": Key(Choice((1603, 1618, 1641)), required=True),
            "applies": Key(Choice(("half", "none")), "half", about="1603: how much was applied before it failed"),
            "leaves_database": Key(
                Choice(("ONLINE", "SINGLE_USER", "OFFLINE")), "ONLINE", about="1603: how it leaves the database rtc"
            ),
            "minutes": Key(Number(0, 1e6), 10, about="1618: for how long the other installation runs"),
        }
    ),
    "installer_changes_nothing": _kind(),
    "fabric_text_unknown": _kind({"times": FOR_EVER}, required_host=False),
    "install_database": _kind(
        {"kind": Key(Choice(("warns", "prompts", "fails_half_way")), required=True)}, required_host=False
    ),
    "database_locked": _kind({"database": Key(Text(), "rtcxds"), "times": FOR_EVER}, required_host=False),
    "test_database_no_answer": _kind({"times": FOR_EVER}, required_host=False),
    "installed_version_empty": _kind({"database": Key(Text(), "xds"), "times": FOR_EVER}, required_host=False),
    "local_sql_stopped": _kind({"service": Key(Text(), "MSSQL$RTCLOCAL")}),
    "third_party_restart": _kind(),
    "async_process_vanishes": _kind(),
}
TIMED = ("third_party_restart", "async_process_vanishes", "local_sql_stopped")


class _AnyFault:
    def read(self, node: yaml.Node, place: Place) -> Json:
        table = Table({name: Key(_Anything()) for known in FAULTS.values() for name in known.keys})
        name = table.read(node, place)["fault"]
        if name not in FAULTS:
            raise place.key("fault").error(node, f"{name!r} is not one of {', '.join(FAULTS)}")
        return FAULTS[name].read(node, place)


class _Anything:
    def read(self, node: yaml.Node, place: Place) -> Any:
        return getattr(node, "value", None)


def read_faults(path: str | Path | None, hosts: list[str]) -> list[Json]:
    """The faults file; an empty list without one.

    Raises:
        FileError: with file, line, key and what is wrong.
    """
    if path is None:
        return []
    spec: Spec = Listing(_AnyFault())
    faults: list[Json] = read_file(path, spec, [])
    known = {host.lower(): host for host in hosts}
    for fault in faults:
        for table in (fault, fault["when"] or {}):
            if table.get("host"):
                if table["host"].lower() not in known:
                    raise FileError(f"{Path(path).name}: {fault['fault']}: {table['host']} is none of the servers")
                table["host"] = known[table["host"].lower()]
    return faults


@dataclass
class Fault:
    settings: Json
    armed: bool = False
    seen: int = 0

    @property
    def kind(self) -> str:
        return str(self.settings["fault"])


class Faults:
    """All faults of a run, asked wherever one of them could strike."""

    def __init__(self, settings: list[Json], clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal
        self._all = [Fault(entry) for entry in settings]
        self.happens: dict[str, Callable[[str, Json], bool]] = {}
        """What a timed fault does to a host; false: there was nothing to strike."""

    def start(self) -> None:
        """Arms what needs no call; after the deployment is complete."""
        for fault in self._all:
            if fault.settings["when"] is None:
                minute = (fault.settings["at_minute"] or 0) + fault.settings["after_minutes"]
                if minute or fault.kind in TIMED:
                    self._clock.after(60 * minute, partial(self._arm, fault))
                else:
                    fault.armed = True

    def call_begins(self, name: str, hosts: set[str]) -> None:
        """A call has begun on (or concerning) these hosts: faults that wait for it are armed."""
        for fault in self._all:
            when = fault.settings["when"]
            if (
                when is None
                or fault.armed
                or when["cmdlet"].lower() != name.lower()
                or (when["host"] and when["host"] not in hosts)
            ):
                continue
            if fault.settings["after_minutes"]:
                self._clock.after(60 * fault.settings["after_minutes"], partial(self._arm, fault))
            else:
                self._arm(fault)

    def strikes(self, kind: str, host: str, **match: Any) -> Json | None:
        """An opportunity for a fault of this kind on this host: its settings when it strikes."""
        hit: Json | None = None
        for fault in self._all:
            settings = fault.settings
            if fault.kind != kind or not fault.armed or settings["host"] not in (None, host):
                continue
            if any(settings[name] != value for name, value in match.items()):
                continue
            fault.seen += 1
            first = settings.get("at_request") or settings["occurrence"]
            if hit is None and first <= fault.seen < first + settings["times"]:
                hit = settings
                if settings["times"] < ALWAYS or fault.seen == first:
                    self._note(fault, host)
        return hit

    def _arm(self, fault: Fault) -> None:
        if fault.armed:
            return
        fault.armed = True
        if fault.kind in TIMED and self.happens[fault.kind](fault.settings["host"], fault.settings):
            self._note(fault, fault.settings["host"])

    def _note(self, fault: Fault, host: str) -> None:
        facts = {
            "how" if name == "kind" else name: value  # kind is the journal's own
            for name, value in fault.settings.items()
            if value is not None and name not in ("fault", "host", "occurrence", "times", "when", "after_minutes")
        }
        self._journal.write("fault", None, host, fault=fault.kind, **facts)
