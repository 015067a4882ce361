# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the update's installer did: its exit code, its logs, and what a failed installation left behind.

SkypeServerUpdateInstaller.exe has no published list of exit codes; 2 is from a company's Lync package (CODE DUMP),
the others are Windows Installer's (DOC). So success is always verified by version afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product.versions import Components, changed

Result = Literal["done", "restart_needed", "restarts_by_itself", "busy", "failed"]
Policy = Literal["put_back_if_unchanged", "leave_out"]
Databases = Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True)
class InstallerResult:
    """`busy`: another installation runs, so nothing was begun; wait and start it again."""

    code: int | None
    result: Result
    text: str


@dataclass(frozen=True)
class AfterFailure:
    """Whether a failed installation left the server as it was, and everything that says it did not."""

    unchanged: bool
    found: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What to do with the server whose installation failed, and the text for its administrator."""

    put_back: bool
    text: str


_CODES: dict[int, tuple[Result, str]] = {
    0: ("done", "The installer finished."),
    2: ("restart_needed", "The installer finished; Windows must be restarted to complete it (exit code 2)."),
    3010: ("restart_needed", "The installer finished; Windows must be restarted to complete it (exit code 3010)."),
    1641: ("restarts_by_itself", "The installer finished and restarts Windows by itself (exit code 1641)."),
    1618: ("busy", "Another installation is running on this server, so this one did not begin (exit code 1618)."),
    1603: ("failed", "A part of the update could not be installed (exit code 1603); its msp log says why."),
}


def installer_result(code: int | None) -> InstallerResult:
    """The meaning of an exit code; None where the process vanished without one."""
    if code is None:
        return InstallerResult(None, "failed", "The installer ended without an exit code, so what it did is not known.")
    unknown = f"The installer ended with exit code {code} (0x{code & 0xFFFFFFFF:08X}), which is not known as a success."
    result, text = _CODES.get(code, ("failed", unknown))
    return InstallerResult(code, result, text)


# "Error 29024. ..." and "Error code 1603." are msiexec's, "Msg 5011, Level 13, ..." is osql's; a failure code such as
# 0x80004005 is the same in every language. Lines of "DEBUG: Error 2826" are noise of each verbose log.
_TELLING = re.compile(
    r"\bError (?:code )?\d{3,5}\b|\bMsg \d+, Level|could not be installed|\b0x8[0-9A-F]{7}\b|\breturn value 3\b",
    re.IGNORECASE,
)
_SQL_MESSAGE = re.compile(r"\bMsg \d+, Level", re.IGNORECASE)
_NOISE = re.compile(r"DEBUG: ", re.IGNORECASE)


def explain_msp_logs(lines: Iterable[str], limit: int = 20) -> list[str]:
    """The lines of msp logs that tell why, in their order and once each: at most `limit`, then how many more there are.

    After "Msg NNNN, Level ..." comes what SQL Server has to say, so that line is taken too (REAL: ucvnext.org 2016/05).
    """
    found: dict[str, None] = {}
    explains = False
    for line in (line.strip() for line in lines):
        if not line:
            continue
        if explains or (_TELLING.search(line) and not _NOISE.search(line)):
            found.setdefault(line)
        explains = bool(_SQL_MESSAGE.search(line))
    telling = list(found)
    more = len(telling) - limit
    return telling if more <= 0 else [*telling[:limit], f"... and {more} more such lines"]


def after_failure(before: Components | None, after: Components | None, databases: Databases | None) -> AfterFailure:
    """What a failed installation left: unchanged only where everything was read and is as it was.

    before, after: component tables; databases: {instance: [{"name", "state", "access"}]} of RTCLOCAL and LYNCLOCAL,
    which the update of the Front End itself alters (REAL: ucvnext.org 2016/05), nothing where it has none; None: not read.
    """
    found = []
    if not before or not after:
        found.append(f"the component versions {'before' if not before else 'after'} the installation were not read")
    else:
        found += [str(change) for change in changed(before, after)]
    if databases is None:
        found.append("the local databases were not read")
    for instance, rows in (databases or {}).items():
        if not rows:
            found.append(f"no database of {instance} was read: is its SQL Server service running?")
        for row in rows:
            state, access = row.get("state") or "state not read", row.get("access") or "access not read"
            if (state.upper(), access.upper()) != ("ONLINE", "MULTI_USER"):
                found.append(f"database {row.get('name')} of {instance} is {state}, {access}; not ONLINE, MULTI_USER")
    return AfterFailure(not found, tuple(found))


def decide_after_failure(policy: str, after: AfterFailure, server: str) -> Decision:
    """Put the server back or leave it out. Errors: ValueError for a policy that is none."""
    if policy not in ("put_back_if_unchanged", "leave_out"):
        raise ValueError(f"sfb_on_install_failure is {policy!r}; it must be put_back_if_unchanged or leave_out.")
    if after.unchanged:
        same = f"The failed installation changed nothing on {server}: components as before, local databases online."
        if policy == "put_back_if_unchanged":
            return Decision(True, f"{same} It is brought back into service as it was.")
        return Decision(
            False, f"{same} It stays out of service, as sfb_on_install_failure says (leave_out). {_hands_off(server)}"
        )
    found = "; ".join(after.found)
    return Decision(
        False, f"The failed installation left {server} changed: {found}. It stays out of service. {_hands_off(server)}"
    )


def _hands_off(server: str) -> str:
    return (
        f"Touch no other server until {server} is in service again: cure the cause, then start "
        "the playbook again, which goes on with this server first."
    )
