# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of every run, whatever befell it: read from the journal of the lab after each test.

The deployment itself says who was out of service: a server counts as out from the first changing line of its fail over
until the end of a fail back that succeeded; one whose services were stopped, until our mark is taken from it.

tests/unit/test_promises.py breaks each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
STOP, INSTALL_DATABASE = "Stop-CsWindowsService", "Install-CsDatabase"
#: The installer's codes for: done, done and a restart is needed, done and it restarts.
DONE = (0, 2, 1641, 3010)


@dataclass(frozen=True)
class Beginning:
    """What a deployment was when its lab started; the journal only tells what came after.

    pools: pool -> its servers. stores: SQL server, as a command may name it -> the pools that depend on it. mirrored: such
    SQL servers that have a mirror. behind: servers without the update. apart: server -> the servers that may not be out
    together with it. off: server -> services that its owner does not let run, or None where the server is not in service.
    """

    pools: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stores: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mirrored: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    apart: Mapping[str, frozenset[str]] = field(default_factory=dict)
    off: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run: the lines that it added to the journal, what was asked of it, and what its report says of the back end."""

    lines: Sequence[Line]
    variables: Mapping[str, Any] = field(default_factory=dict)
    back_end: Mapping[str, Any] | None = None


def beginning_of(deployment: Mapping[str, Any], update: str) -> Beginning:
    """`deployment`: as the lab reads it (read_deployment), with every default."""
    pools = {pool["fqdn"]: [server["fqdn"] for server in pool["servers"]] for pool in deployment["pools"]}
    stores: dict[str, list[str]] = {}
    mirrored: set[str] = set()
    apart: dict[str, frozenset[str]] = {}
    for pool in deployment["pools"]:
        sql = pool["sql"]
        beside = [
            str(pool[f"{role}_sql"]).partition("\\")[0] for role in ("archiving", "monitoring") if pool[f"{role}_sql"]
        ]
        for name in {sql["server"], sql["mirror"], sql["availability_group"], *beside} - {None}:
            stores.setdefault(name, []).append(pool["fqdn"])
        if sql["mirror"]:
            mirrored |= {sql["server"], sql["mirror"]}
        together = frozenset(pools[pool["fqdn"]]) | frozenset(pools.get(pool["paired_with"], ()))
        for server in pools[pool["fqdn"]]:
            apart[server] = apart.get(server, frozenset()) | together
    servers = [server for pool in deployment["pools"] for server in pool["servers"]]
    back_ends = deployment["back_end_servers"]
    apart |= {server["fqdn"]: frozenset(other["fqdn"] for other in back_ends) for server in back_ends}
    return Beginning(
        pools,
        stores,
        frozenset(mirrored),
        frozenset(s["fqdn"] for s in servers if _numbers(s["version"] or deployment["version"]) < _numbers(update)),
        apart,
        {server["fqdn"]: _off(server) for server in [*servers, *back_ends]},
    )


def check(
    journal: Sequence[Line], named_in_failure: str = "", check_mode: bool = False, beginning: Beginning | None = None
) -> None:
    """Raises AssertionError with the promise that was broken. `named_in_failure`: the run's output, where it failed."""
    never_two(journal, beginning)
    nothing_in_check_mode(journal, check_mode)
    no_quorum_lost(journal)
    nothing_twice(journal)
    whoever_is_out_is_named(journal, named_in_failure)
    if beginning:
        databases_after_the_last_server(journal, beginning)


def check_run(run: Run, beginning: Beginning) -> None:
    """What depends on what the run was asked for."""
    no_mirror_without_opt_in(run, beginning)
    no_resiliency_mode_within_the_limit(run)


def changes(journal: Sequence[Line], cmdlet: str | None = None) -> list[Line]:
    return [e for e in journal if e.get("changes") and (cmdlet is None or e.get("cmdlet") == cmdlet)]


def out_at_the_end(journal: Sequence[Line]) -> list[str]:
    """Servers that we took out and did not bring back."""
    return _walk(journal, None)[0]


def never_two(journal: Sequence[Line], beginning: Beginning | None = None) -> None:
    """Of a pool, or of two pools that back each other up. Where nobody says who belongs together: of all servers."""
    together = _walk(journal, beginning)[1]
    assert not together, f"two servers out of service at once: {together}"


def nothing_in_check_mode(journal: Sequence[Line], check_mode: bool) -> None:
    changing = [e for e in journal if e.get("changes") and (check_mode or e.get("check_mode"))]
    assert not changing, f"changed in check mode: {changing}"


def no_quorum_lost(journal: Sequence[Line]) -> None:
    lost = [e for e in journal if e["kind"] == "felt" and e.get("what") == "quorum_lost"]
    assert not lost, f"quorum lost: {lost}"


def nothing_twice(journal: Sequence[Line]) -> None:
    """No fail over of a server that is out already, no second one while one runs."""
    out: set[str] = set()
    for entry in journal:
        server = _server(entry)
        if entry.get("cmdlet") == FAIL_OVER and entry.get("phase") != "ended" and not entry.get("error"):
            assert server not in out, f"a second fail over of {server} at {entry['time']}"
            out.add(server)
        if entry.get("cmdlet") == FAIL_OVER and entry.get("error"):
            out.discard(server)
        if entry.get("cmdlet") == FAIL_BACK and entry.get("phase") == "ended":
            out.discard(server)


def whoever_is_out_is_named(journal: Sequence[Line], output: str) -> None:
    for server in out_at_the_end(journal):
        assert server in output, f"{server} was left out of service and the run does not say so"


def databases_after_the_last_server(journal: Sequence[Line], beginning: Beginning) -> None:
    """No Install-CsDatabase while a server of a pool that depends on these databases lacks the update."""
    behind = set(beginning.behind)
    for entry in journal:
        if entry["kind"] == "installer" and entry.get("phase") == "ended" and entry.get("exit_code") in DONE:
            if entry.get("raised", True):
                behind.discard(entry["host"])
        elif entry.get("cmdlet") == INSTALL_DATABASE and entry.get("phase") != "ended":
            pools = beginning.stores.get(_sql_server(entry), ())
            lacking = [server for pool in pools for server in beginning.pools[pool] if server in behind]
            assert not lacking, f"databases of {_sql_server(entry)} were updated while {lacking} lack the update"


def no_mirror_without_opt_in(run: Run, beginning: Beginning) -> None:
    if run.variables.get("sfb_update_mirrored_databases"):
        return
    updated = [e for e in run.lines if e.get("cmdlet") == INSTALL_DATABASE and _sql_server(e) in beginning.mirrored]
    assert not updated, f"mirrored databases were updated, and nobody had allowed it: {updated}"


def no_resiliency_mode_within_the_limit(run: Run) -> None:
    """Users may feel a back end that was away longer than allowed; then the run knows that it was, and says so."""
    felt = [e for e in run.lines if e["kind"] == "felt" and e.get("what") == "resiliency_mode"]
    if not felt:
        return
    told = run.back_end or {"away_minutes": 0, "limit_minutes": 30}
    allowed = max(float(run.variables.get("sfb_max_minutes_away") or 0), float(told["limit_minutes"]))
    assert float(told["away_minutes"] or 0) > allowed, (
        f"{felt}, although the run says that the back end was away for {told['away_minutes']} of {allowed:.0f} minutes"
    )


def services_run_again(services: Mapping[str, Mapping[str, str]], beginning: Beginning) -> None:
    """`services`: server -> service -> its status at the end of a run that succeeded."""
    for server, found in services.items():
        off = beginning.off.get(server)
        if off is not None:
            down = {name: status for name, status in found.items() if status != "Running" and name.upper() not in off}
            assert not down, f"these services of {server} ran before and do not run now: {down}"


def _off(server: Mapping[str, Any]) -> frozenset[str] | None:
    if server.get("product") == "none":
        return None  # nothing there can be asked
    if server["out_of_service"] or server["flagged_draining"] or not (server["powered"] and server["winrm"]):
        return None
    stopped = [name for name, state in server["services"].items() if state not in ("running", "starting")]
    return frozenset(name.upper() for name in stopped)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in str(version).split("."))


def _server(entry: Line) -> str:
    return str((entry.get("parameters") or {}).get("ComputerName") or entry.get("host")).lower()


def _sql_server(entry: Line) -> str:
    """-LocalDatabases are those of the server itself."""
    return str((entry.get("parameters") or {}).get("SqlServerFqdn") or entry.get("host")).lower()


def _goes_out(entry: Line) -> str | None:
    """With which cmdlet it is taken out by this line."""
    cmdlet = str(entry.get("cmdlet"))
    service = str((entry.get("parameters") or {}).get("Name") or "RTCSRV").upper()
    return (
        cmdlet if entry.get("changes") and (cmdlet == FAIL_OVER or (cmdlet == STOP and service == "RTCSRV")) else None
    )


def _comes_back(entry: Line, how: str) -> bool:
    """Whether a server that was taken out with the cmdlet `how` is back with this line."""
    cmdlet = entry.get("cmdlet")
    if how == FAIL_OVER:
        failed = cmdlet == FAIL_OVER and bool(entry.get("error"))
        return failed or (cmdlet == FAIL_BACK and entry.get("phase") == "ended" and not entry.get("error"))
    path = str((entry.get("parameters") or {}).get("LiteralPath"))
    return cmdlet == "Remove-Item" and path.endswith("\\mark.json") and not entry.get("error")


def _walk(journal: Sequence[Line], beginning: Beginning | None) -> tuple[list[str], list[tuple[str, ...]]]:
    """Who is out at the end, and who was out together."""
    out: dict[str, str] = {}
    together: list[tuple[str, ...]] = []
    for entry in journal:
        server = _server(entry)
        how = _goes_out(entry)
        if how and server not in out:
            out[server] = how
            apart = beginning.apart.get(server, frozenset()) if beginning else out
            if len([other for other in out if other in apart]) > 1:
                together.append(tuple(out))
        if server in out and _comes_back(entry, out[server]):
            del out[server]
    return list(out), together
