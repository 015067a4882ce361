# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs a cumulative update with the product's own installer, detached, and verifies it by versions."""

from __future__ import annotations

import json
import ntpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import components, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product import installer, versions
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership, restart

Say = Callable[[str], None]
Facts = dict[str, Any]
Components = Mapping[str, str]

MICROSOFT = "CN=Microsoft Corporation"
POLL_SECONDS = 60.0
_BUSY_PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class Update:
    """What to install: the installer's path on the server, the version that Core Components shall have, its hash."""

    path: str
    version: str
    sha256: str | None = None
    signer: str = MICROSOFT

    @property
    def folder(self) -> str:
        return ntpath.dirname(self.path)


def install_calls(update: Update) -> dict[str, Call]:
    """Hash and signature are looked at again in the very process that starts the installer."""
    guards = {"signature": _guarded(windows.signature(update.path), {"Status": "Valid"})}
    if update.sha256:
        guards["sha256"] = _guarded(windows.sha256(update.path), {"Hash": update.sha256})
    return {**guards, "install": windows.install_update(update.folder, ntpath.basename(update.path))}


def _guarded(call: Call, expect: dict[str, str]) -> Call:
    return Call(call.cmdlet, call.parameters, select=call.select, expect=expect, go_on=False)


def version_calls() -> dict[str, Call]:
    """What says whether the update is on the server, and whether Windows waits for a restart."""
    return {
        **components.calls(),
        "renames": windows.pending_renames(),
        **{f"restart:{name}": windows.key_exists(key) for name, key in windows.RESTART_KEYS.items()},
    }


def read_versions(shell: ManagementShell) -> Facts:
    """{components, pending_restart}."""
    answer = shell.read(version_calls())
    return {
        "components": components.read(answer),
        "pending_restart": survey.read_pending_restart(answer),
    }


def install(
    shell: ManagementShell,
    update: Update,
    timeout_minutes: float,
    restart_minutes: float,
    say: Say,
    wait: bool = True,
    begun: Mapping[str, Any] | None = None,
) -> Facts:
    """Installs where Core Components is below the wanted version; {changed, before, after, restart_required, ...}.

    Without `wait` it returns as soon as the installer has begun; that result as `begun` makes a later call the second
    half of the same installation, whether its installer still runs or not.

    Raises SfbError with `unchanged` (nothing on the server differs from before), `components_before`,
    `components_after`, `problems` and `log`, from which the caller decides whether the server may go back into service.
    """
    # Without the product's module, which no process of ours may have loaded while the installer runs.
    answer = shell.read(survey.own_state_calls())
    state = survey.read_own_state(answer)
    server = state["server"]
    mark = read_mark(json.dumps(state["mark"]), server) if state["mark"] else None
    work = background.read_work(answer, "install")
    begun = begun if begun and begun.get("running") and begun.get("work") == work.identity else None
    found = work.state == "running" or begun is not None
    # Of an earlier run's installer it is not known what it found, so that nothing can be said to be as it was before.
    whole = bool(begun["changed"]) if begun else not found and not state["install_incomplete"]
    before: Components = begun.get("components_before", {}) if begun else {}
    boot_before = str(begun["last_boot"] if begun else state["last_boot"])
    if found and not wait:
        return _running(server, False, before, work, boot_before)
    if not found:
        answer = shell.read(version_calls())
        before = components.read(answer)
        if versions.would_go_down(before, update.version):
            raise _step_back(server, before, update, whole)
        if versions.has_update(before, update.version) and not state["install_incomplete"]:
            pending = survey.read_pending_restart(answer)
            pending += ["the installer asked for it"] if state["restart_due"] else []
            done = _result(server, False, before, before, restart_required=bool(pending), restart_reasons=pending)
            return done if wait else {**done, "running": False}
        if state["services"].get("RTCSRV", {}).get("status") == "Running":
            raise SfbError(
                f"{server} is in service: RTCSRV runs. An update is installed only on a server that is out of service.",
                remedy="Take it out with sfb.server.computer_failover (a Front End) or stop its services first.",
            )
        _check_file(shell, update, whole)
    calls = {**({"ours": ownership.guard(mark)} if mark else {}), **install_calls(update)}
    if not wait:
        _begin(shell, calls, timeout_minutes * 60)
        work = background.read_work(shell.read(background.looking("install")))
        return _running(server, True, before, work, boot_before)
    began = shell.clock.now()
    deadline = began + timeout_minutes * 60
    while True:
        result = _run(shell, calls, mark, found, whole, boot_before, timeout_minutes * 60, restart_minutes, say)
        found = False
        if result.result != "busy":
            break
        if shell.clock.now() >= deadline:
            text = f"{result.text} It was still so after {timeout_minutes:.0f} minutes."
            raise _failed(shell, update, before, whole, text)
        say(f"{server}: {result.text} Next try in {_BUSY_PAUSE_SECONDS:.0f} s")
        shell.clock.sleep(_BUSY_PAUSE_SECONDS)
    if result.result == "failed":
        raise _failed(shell, update, before, whole, result.text)
    read = read_versions(shell)
    after = read["components"]
    if not versions.has_update(after, update.version):
        text = (
            f"The installer reported success ({result.text}), but Core Components is {versions.core_version(after)} "
            f"and not {update.version}."
        )
        raise _failed(shell, update, before, whole, text)
    before = before or after
    lowered = versions.lowered(before, after)
    if lowered:
        text = (
            f"After the update these components are lower than before: {'; '.join(str(change) for change in lowered)}."
        )
        raise _failed(shell, update, before, whole, text)
    asks = result.result == "restart_needed" and state["last_boot"] == boot_before
    reasons = (["the installer asks for it"] if asks else []) + read["pending_restart"]
    return _result(
        server,
        True,
        before,
        after,
        exit_code=result.code,
        restart_required=bool(reasons),
        restart_reasons=reasons,
        restarted=result.result == "restarts_by_itself",
        minutes=round((shell.clock.now() - began) / 60, 1),
    )


def _running(server: str, changed: bool, before: Components, work: background.Work, last_boot: str) -> Facts:
    """What the second half of the installation has to know."""
    return {
        "changed": changed,
        "server": server,
        "running": True,
        "work": work.identity,
        "components_before": dict(before),
        "last_boot": last_boot,
    }


def _check_file(shell: ManagementShell, update: Update, whole: bool) -> None:
    """The installer has to be there, whole and signed, before its process is started."""
    answer = shell.read(file_calls(update))
    problems = file_problems(answer.outcomes, update)
    if problems:
        text = f"{update.path} on {shell.server}: {'; '.join(problems)}."
        raise SfbError(text, remedy="Stage the media again.", unchanged=whole)


def file_calls(update: Update) -> dict[str, Call]:
    return {
        "there": windows.path_exists(update.path),
        "sha256": windows.sha256(update.path),
        "signature": windows.signature(update.path),
    }


def file_problems(outcomes: Mapping[str, Any], update: Update) -> list[str]:
    """What is wrong with the installer's file; nothing when it may be started."""
    if outcomes["there"].output[:1] != [True]:
        return ["the file is not there"]
    problems = []
    found = str(outcomes["sha256"].row.get("Hash") or "unreadable")
    if update.sha256 and found.lower() != update.sha256.lower():
        problems.append(f"its SHA-256 is {found.lower()} and should be {update.sha256.lower()}")
    row = outcomes["signature"].row
    signers = row.get("SignerCertificate") or []
    subject = str(signers[0].get("Subject")) if signers and isinstance(signers[0], dict) else "nobody"
    if row.get("Status") != "Valid":
        problems.append(f"its signature is {row.get('Status') or 'unreadable'}")
    elif update.signer.lower() not in subject.lower():
        problems.append(f"it is signed by {subject} and not by {update.signer}")
    return problems


def _begin(shell: ManagementShell, calls: Mapping[str, Call], seconds: float) -> None:
    work = background.read_work(shell.read(background.looking("install")))
    background.start(shell, "install", calls, work, int(seconds) + 3600)


def _run(
    shell: ManagementShell,
    calls: Mapping[str, Call],
    mark: Mark | None,
    runs_already: bool,
    whole: bool,
    boot_before: str,
    seconds: float,
    restart_minutes: float,
    say: Say,
) -> installer.InstallerResult:
    """One run of the installer, begun here or found running."""
    if not runs_already:
        _begin(shell, calls, seconds)
    try:
        outcomes = background.follow(
            shell,
            "install",
            calls,
            deadline_seconds=seconds,
            interval_seconds=POLL_SECONDS,
            on_reading=lambda answer, passed: say(
                f"{shell.server}: the installer runs, {passed / 60:.0f} of {seconds / 60:.0f} min"
            ),
        )
    except background.Interrupted:
        # A restart ends the installer's parent before it can write its result: exit code 1641 looks like this.
        if restart.last_boot(shell) == boot_before:
            raise
        return installer.installer_result(1641)
    if mark and not runs_already:
        ownership.check(outcomes["ours"], mark)
    for outcome in outcomes.values():
        try:
            outcome.checked("Stage the media again.")
        except CallFailed as error:
            # A guard: what comes after it was not run.
            error.facts["unchanged"] = whole
            raise
    result = installer.installer_result(int(outcomes["install"].row["ExitCode"]))
    if result.result == "restarts_by_itself":
        restart.await_new_start(shell, boot_before, restart_minutes, say)
    return result


def _failed(shell: ManagementShell, update: Update, before: Mapping[str, str], whole: bool, text: str) -> SfbError:
    """The failure with everything that decides what may be done with the server now."""
    answer = shell.read(
        {
            **survey.own_state_calls(),
            **components.calls(),
            "logs": windows.folder(update.folder),
            **{name: windows.local_databases(name) for name in survey.LOCAL_INSTANCES},
        }
    )
    try:
        after: dict[str, str] | None = components.read(answer)
        databases: dict[str, list[dict[str, str]]] | None = {
            name: survey.read_local_databases(answer[name])
            for name in survey.local_instances(survey.read_own_state(answer))
        }
    except CallFailed as error:
        text = f"{text} What is on the server now could not be read: {error.message}"
        after, databases = None, None
    left = installer.after_failure(before if whole else None, after, databases)
    log = _telling_lines(shell, answer["logs"].rows)
    decision = installer.decide_after_failure("put_back_if_unchanged", left, shell.server)
    return SfbError(
        f"The update of {shell.server} failed: {text}"
        + (f" The installer's log says: {' / '.join(log)}." if log else ""),
        remedy=None if left.unchanged else decision.text,
        unchanged=left.unchanged,
        problems=list(left.found),
        components_before=dict(before),
        components_after=after,
        log=log,
    )


def _telling_lines(shell: ManagementShell, files: list[Facts]) -> list[str]:
    """From the newest msp logs, which the installer writes beside itself (REAL: ucvnext.org)."""
    logs = [row for row in files if str(row.get("Name", "")).lower().endswith("_log.txt")]
    logs.sort(key=lambda row: str(row.get("LastWriteTimeUtc")), reverse=True)
    if not logs:
        return []
    answer = shell.read({str(row["FullName"]): windows.telling_lines(str(row["FullName"])) for row in logs[:3]})
    lines = [str(row.get("Line")) for outcome in answer.outcomes.values() for row in outcome.rows]
    return installer.explain_msp_logs(lines)


def _result(server: str, changed: bool, before: Mapping[str, str], after: Mapping[str, str], **more: Any) -> Facts:
    return {
        "changed": changed,
        "server": server,
        "version_before": versions.core_version(before),
        "version_after": versions.core_version(after),
        "components_before": dict(before),
        "components_after": dict(after),
        **more,
    }


def predict(shell: ManagementShell, update: Update) -> Facts:
    """What a real run would do, in check mode: whether it would install, and the commands."""
    answer = shell.read({**survey.own_state_calls(), **version_calls()})
    found = components.read(answer)
    if versions.would_go_down(found, update.version):
        raise _step_back(shell.server, found, update, True)
    incomplete = survey.read_own_state(answer)["install_incomplete"]
    changed = incomplete or not versions.has_update(found, update.version)
    commands = [call.powershell() for call in install_calls(update).values()] if changed else []
    return {**_result(shell.server, changed, found, found), "commands": commands}


def _step_back(server: str, found: Mapping[str, str], update: Update, whole: bool) -> SfbError:
    return SfbError(
        f"{server} has {versions.core_version(found)}, which is above {update.version}: this update would be a step back.",
        remedy="Check sfb_update_version and the installer.",
        unchanged=whole,
    )
