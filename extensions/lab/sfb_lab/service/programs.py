# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines that Windows itself answers, whoever types them."""

from __future__ import annotations

import re

from ..border import Console
from .answers import Session

_FLAG = r'\s+[/-](\w+)(?:\s+("[^"]*"|[^/\s-]\S*))?'
_RESTART = re.compile(rf"(?:C:\\Windows\\System32\\)?shutdown(?:\.exe)?(?P<flags>(?:{_FLAG})*)", re.IGNORECASE)


def in_cmd(session: Session, line: str) -> Console:
    """What cmd.exe does with a line. Raises UnknownToLab."""
    answer = typed(session, line)
    if answer is not None:
        return answer
    program = line.split()[0] if line.split() else ""
    if re.fullmatch(r"[A-Za-z]+-[A-Za-z]+", program):
        # A cmdlet's name means nothing to cmd.exe.
        return Console(1, stderr=session.simulation.says("command_unknown", program=program))
    return session.simulation.line(session.caller, line)


def typed(session: Session, line: str) -> Console | None:
    """What cmd.exe and PowerShell answer alike; None if it is for somebody else to answer."""
    name = line.strip().lower().removesuffix(".exe")
    if name == "hostname":
        return Console(0, session.caller.host.partition(".")[0].upper() + "\n")
    if name == "whoami":
        return Console(0, (session.caller.become_user or session.caller.user).lower() + "\n")
    return _restart(session, line.strip())


def _restart(session: Session, line: str) -> Console | None:
    """``shutdown /r [/f] [/t seconds] [/c text] [/d reason]``; without /t Windows waits 30 seconds (DOC shutdown)."""
    match = _RESTART.fullmatch(line)
    if not match:
        return None
    flags = dict(re.findall(_FLAG, match["flags"]))
    if "r" not in flags or set(flags) - {"r", "f", "t", "c", "d"}:
        return None
    session.simulation.restart(session.caller, float(flags.get("t") or 30))
    return Console(0)
