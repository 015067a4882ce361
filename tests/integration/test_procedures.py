# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft's procedures, row by row: each step of the manual, and the line of the lab's journal that stands for it.

P1 (Front End pool), P2 and P3 (back end without and with collocated stores), P4 (Standard Edition): Skype for Business
Server 2015 and 2019. P5: the last three for Lync Server 2013. Its Front End pools are on another page of the manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from deployments import SQL, STANDARD, back_end, pool, server, standard_edition
from lab_runs import INSTALLER, OLD, POOL

FE01, FE02, FE03 = (f"fe{number:02d}.example.com" for number in (1, 2, 3))
#: The manual leaves the order to the administrator: the server that holds the Central Management master is last.
IN_ORDER = (FE02, FE03, FE01)
FAIL_OVER, FAIL_BACK, RESET = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack", "Reset-CsPoolRegistrarState"
STOP, START, DATABASE = "Stop-CsWindowsService", "Start-CsWindowsService", "Install-CsDatabase"
FABRIC, READY = "Get-CsPoolFabricState", "Get-CsPoolUpgradeReadinessState"
#: What changes something in the manual: a run sends these as often as its table says, and no others.
CHANGING = (FAIL_OVER, FAIL_BACK, RESET, STOP, START, DATABASE, "Stop-Service", "Start-Service", "installer", "reboot")
#: Parameters that we add to those of the manual.
OURS = {"ComputerName", "PoolFqdn", "WaitTime", "Report", "Confirm"}
#: Who does all of it: the lab knows this account as a member of CsAdministrator.
ADMINISTRATOR = "LAB\\patcher"


@dataclass(frozen=True)
class Row:
    """One step: the manual's number and words, and what the journal has for it, after what it has for the row before.

    what: a cmdlet; or a kind of line: installer, download, reboot. server: where; empty: on any server. how: "before the
    stop" for what a run does between the last row before the first stop and that stop; "if needed" for what may be there
    at its place, or not; "never" for what this night gives no reason for; "new shell" for a Management Shell that is
    opened: the next row's command travels in a shell that no row before has used.
    """

    number: str
    words: str
    what: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    server: str = ""
    how: Literal["", "before the stop", "if needed", "never", "new shell"] = ""


# ---- the tables ------------------------------------------------------------------------------------------------------


def front_end_pool(servers: Sequence[str], missing_replicas: bool = False) -> list[Row]:
    """P1: "Patch or update Front End Servers in Skype for Business Server"."""
    reset = {"PoolFqdn": POOL, "ResetType": "QuorumLossRecovery"}
    rows = [
        Row("1", "Get-CsPoolFabricState -PoolFqdn <PoolFQDN>", FABRIC, {"PoolFqdn": POOL}),
        Row(
            "1",
            "If this cmdlet shows any missing replicas, then run Reset-CsPoolRegistrarState -ResetType QuorumLossRecovery"
            " to recover the pool before you apply any patches",
            RESET,
            reset,
            how="" if missing_replicas else "never",
        ),
    ]
    for name in servers:
        named = {"ComputerName": name}
        rows += [
            Row(
                "2", "Invoke-CsComputerFailOver -ComputerName <Front End Server to be patched>", FAIL_OVER, named, name
            ),
            Row("3", "Apply the upgrade or patch to this server", "installer", {}, name),
            Row("3", "(a restart that the installer asks for)", "reboot", {}, name),
            Row(
                "4", "Invoke-CsComputerFailBack -ComputerName <Front End Server to be patched>", FAIL_BACK, named, name
            ),
        ]
    return rows


def eleven_steps(name: str, databases: dict[str, Any]) -> list[Row]:
    """P2 to P5: "Patch or update a Back End Server or Standard Edition server"."""
    named, web = {"ComputerName": name}, {"Name": "W3SVC"}
    return [
        Row("1", "Log on as a member of the CsAdministrator role", "Get-CsComputer", {"Local": True}, name),
        Row("2", "Download the update and extract it to the local hard disk", "download", {}, name),
        Row("3", "Start the Management Shell", how="new shell"),
        Row("4", "Stop-CsWindowsService", STOP, named, name),
        Row("5", "net stop w3svc", "Stop-Service", web, name),
        Row("6", "Close all Management Shell windows", "Get-Process", {}, name, how="before the stop"),
        Row("7", "Install the update", "installer", {}, name),
        Row("7", "(a restart that the installer asks for)", "reboot", {}, name),
        Row("8", "Start the Management Shell", how="new shell"),
        Row("9", "Stop-CsWindowsService again, for the global assembly cache", STOP, named, name),
        Row("9", "(the web server, which came up with the restart)", "Stop-Service", web, name),
        Row("10", "net start w3svc", "Start-Service", web, name),
        *_databases(databases, name, "11"),
        Row("after", "(the manual forgets to start them)", START, named, name),
    ]


def lync_front_end_pool() -> list[Row]:
    """Not in the five pages. DOC: "Upgrade or update Front End Servers (Lync Server 2013)"; one upgrade domain at a time."""
    rows = []
    for name in IN_ORDER:
        rows += [
            Row("1", "Get-CsPoolUpgradeReadinessState says Ready", READY),
            Row("2", "Stop-CsWindowsService -Graceful", STOP, {"ComputerName": name, "Graceful": True}, name),
            Row("3", "Update the servers of the upgrade domain", "installer", {}, name),
            Row("4", "Restart them", "reboot", {}, name),
            Row("4", "(services that the restart did not start)", START, {"ComputerName": name}, name, how="if needed"),
        ]
    return rows


def _databases(which: dict[str, Any], name: str, number: str) -> list[Row]:
    """Looked at first, since it is sent only where a version is behind; every database is looked at afterwards."""
    line = " ".join(f"-{key}" if value is True else f"-{key} {value}" for key, value in which.items())
    return [
        Row(number, "(which are behind?)", "Test-CsDatabase", {}, name),
        Row(number, f"Install-CsDatabase -Update {line}", DATABASE, {"Update": True, **which}, name),
        Row(number, "(which are behind now?)", "Test-CsDatabase", {}, name),
    ]


@dataclass(frozen=True)
class Procedure:
    """A page of the manual, the playbook that stands for it, and the deployment that it is played on."""

    playbook: str
    rows: list[Row]
    deployment: dict[str, Any]

    @property
    def product(self) -> str:
        return str(self.deployment["product"])


OF_BACK_END = {"ConfiguredDatabases": True, "SqlServerFqdn": SQL}
COLLOCATED = {**OF_BACK_END, "ExcludeCollocatedStores": True}
LOCAL = {"LocalDatabases": True}
#: Not in the manual's page of the Front Ends: the databases follow the last of them.
LAST = _databases(OF_BACK_END, "", "after")
POOL_BOOK, BACK_BOOK, STANDARD_BOOK = (
    f"patch_{name}.yml" for name in ("frontend_pool", "backend_server", "standard_edition_server")
)


def _procedures() -> dict[str, Procedure]:
    found = {}
    for product in ("sfb2019", "sfb2015"):
        found[f"P1 {product}"] = Procedure(POOL_BOOK, [*front_end_pool(IN_ORDER), *LAST], pool(product=product))
    for product in ("sfb2019", "sfb2015", "lync2013"):
        two, three, four = ("P5", "P5 collocated", "P5 standard") if product == "lync2013" else ("P2", "P3", "P4")
        back, beside = back_end(product=product), back_end(collocated=True, product=product)
        alone = standard_edition(product)
        found[f"{two} {product}"] = Procedure(BACK_BOOK, eleven_steps(SQL, OF_BACK_END), back)
        found[f"{three} {product}"] = Procedure(BACK_BOOK, eleven_steps(SQL, COLLOCATED), beside)
        found[f"{four} {product}"] = Procedure(STANDARD_BOOK, eleven_steps(STANDARD, LOCAL), alone)
    found["Lync pool"] = Procedure(POOL_BOOK, [*lync_front_end_pool(), *LAST], pool(product="lync2013"))
    return found


PROCEDURES = _procedures()
#: One product of each: check mode and a second run do not ask for it. P1's are in test_patch_frontend_pool.py.
IN_EVERY_TEST = ["P1 sfb2019", "P3 sfb2015", "P4 sfb2019", "P5 standard lync2013"]
SHOWN_BEFORE_AND_PLAYED_AGAIN = [
    "P2 sfb2019",
    "P3 sfb2015",
    "P4 sfb2019",
    "P5 collocated lync2013",
    "P5 standard lync2013",
]


# ---- the journal -----------------------------------------------------------------------------------------------------


def is_row(entry: dict[str, Any], row: Row) -> bool:
    what = entry.get("what") if entry["kind"] == "file" else entry.get("cmdlet") or entry["kind"]
    where = row.server in ("", entry["host"])
    given = entry.get("parameters") or {}
    wanted = all(given.get(name) == value for name, value in row.parameters.items())
    return what == row.what and where and wanted and entry.get("phase") != "ended"


def follows(journal: Sequence[dict[str, Any]], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The line of each row that has one; AssertionError with the first row that has none where it should stand."""
    found: list[dict[str, Any]] = []
    places = [-1]
    opened = False
    for row in rows:
        told = f"step {row.number}, {row.words}"
        if row.how == "new shell":
            opened = True
        elif row.how == "never":
            assert not [entry for entry in journal if is_row(entry, row)], f"{told}: there was no reason for it"
        elif row.how == "before the stop":
            stop = next(number for number, entry in enumerate(found) if entry.get("cmdlet") == STOP)
            between = journal[places[stop] : places[stop + 1]]
            assert [entry for entry in between if is_row(entry, row)], f"{told}: not before the stop"
        else:
            place = next((n for n in range(places[-1] + 1, len(journal)) if is_row(journal[n], row)), None)
            assert place is not None or row.how == "if needed", f"{told}: not after {found[-1:] or 'the beginning'}"
            if place is not None:
                used = {entry.get("execution") for entry in found}
                assert not opened or journal[place]["execution"] not in used, f"{told}: not in a new Management Shell"
                opened = False
                found.append(journal[place])
                places.append(place)
    return found


def commands(journal: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of the manual's changing commands was sent, in order."""
    return [e for e in journal if (e.get("cmdlet") or e["kind"]) in CHANGING and e.get("phase") != "ended"]


def as_typed(entry: dict[str, Any]) -> str:
    """The line of PowerShell, as an administrator would type it."""
    if entry["kind"] == "installer":
        return Call(program=entry["program"], arguments="/silentmode").powershell()
    if entry["kind"] == "reboot":
        return "& shutdown.exe /r"
    return Call(entry["cmdlet"], entry["parameters"]).powershell()


# ---- the tests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name if name in IN_EVERY_TEST else pytest.param(name, marks=pytest.mark.exhaustive) for name in PROCEDURES]
)
def test_a_run_follows_the_manual_step_by_step_as_check_mode_has_shown_and_a_second_run_touches_nothing(lab, name):
    procedure = PROCEDURES[name]
    running = lab(procedure.deployment)
    checked = running.play(procedure.playbook, "--check") if name in SHOWN_BEFORE_AND_PLAYED_AGAIN else None
    assert running.changes() == []
    before = running.journal()

    run = running.play(procedure.playbook)

    assert run.code == 0, run.output
    journal = running.journal()[len(before) :]
    is_the_manuals(journal, procedure)
    assert run.report["outcome"] == "done"
    assert {(s["state"], s["version_before"], s["version_after"]) for s in run.report["servers"]} == {
        ("patched", OLD[procedure.product], running.version)
    }
    assert {database["state"] for database in run.report["databases"]} == {"current"}
    felt = {entry["what"] for entry in journal if entry["kind"] == "felt"}
    assert felt == ({"users_out", "users_back"} if procedure.playbook == STANDARD_BOOK else set())
    if checked is not None:
        was_shown(journal, checked)
        changes_nothing(running, procedure)


def is_the_manuals(journal, procedure):
    """Every row at its place, and nothing besides: no command, no parameter."""
    found = follows(journal, procedure.rows)
    changing = [entry for entry in found if entry in commands(journal)]
    assert commands(journal) == changing, "a command was sent that the manual does not have"
    for entry in changing:
        row = next(row for row in procedure.rows if is_row(entry, row))
        assert set(entry.get("parameters") or {}) - set(row.parameters) <= OURS, f"{entry}: not the manual's parameters"
        assert ADMINISTRATOR in (entry["user"], entry["become_user"])
    installed = [entry["program"] for entry in changing if entry["kind"] == "installer"]
    assert {program.rpartition("\\")[2] for program in installed} == {INSTALLER[procedure.product]}
    no_shell_of_ours_while_it_installs(journal)
    if procedure.product == "lync2013" and procedure.playbook == POOL_BOOK:
        assert_twenty_minutes_between(journal)


def was_shown(journal, checked):
    assert checked.code == 0, checked.output
    shown = iter([line.strip() for line in checked.output.splitlines()])
    for entry in commands(journal):
        typed = as_typed(entry)
        assert any(line.startswith(typed) for line in shown), f"check mode did not show, or not in this order: {typed}"


def changes_nothing(running, procedure):
    before = running.journal()
    again = running.play(procedure.playbook)
    assert again.code == 0, again.output
    new = running.journal()[len(before) :]
    assert [entry for entry in new if entry.get("changes")] == []
    assert commands(new) == []
    assert again.report["outcome"] == "done"


def no_shell_of_ours_while_it_installs(journal):
    """Step 6: what we open is closed too, so that nothing holds the files that are replaced."""
    installing = set()
    for entry in journal:
        if entry["kind"] == "installer":
            (installing.add if entry["phase"] == "begun" else installing.discard)(entry["host"])
        assert entry["host"] not in installing or "-Cs" not in str(entry.get("cmdlet")), f"{entry} while it installs"


def assert_twenty_minutes_between(journal):
    """DOC: between two upgrade domains, Ready and the fabric as it was for 20 minutes."""
    back = None
    for entry in journal:
        if entry.get("cmdlet") == "Remove-Item" and entry["parameters"]["LiteralPath"].endswith("mark.json"):
            back = entry["time"]
        if entry.get("cmdlet") == STOP and entry.get("changes") and back is not None:
            assert entry["time"] - back >= 20 * 60


def test_missing_replicas_are_recovered_before_the_first_patch_where_that_was_asked_for(lab):
    running = lab(pool(server(1), server(2), server(3, replicas_missing=True, replicas_rebuild=False)))

    run = running.play(POOL_BOOK, "--limit", FE02, sfb_recover_quorum_loss=True)

    assert run.code == 0, run.output
    rows = front_end_pool([FE02], missing_replicas=True)
    assert len(follows(running.journal(), rows)) == len(rows)
