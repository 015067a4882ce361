# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_command and win_shell: one line each. CODE ansible.windows 3.3.0."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from ...border import Console, Json
from .. import programs
from ..answers import ModuleFailed, Session, UnknownToService
from ..raw_scripts import single_line
from .arguments import Arguments


def win_command(session: Session, args: Arguments) -> Json:
    line = args.text("_raw_params", "cmd")
    if not line:
        raise UnknownToService("win_command without a command line")
    return _run(session, args, line, lambda: programs.in_cmd(session, line))


def win_shell(session: Session, args: Arguments) -> Json:
    script = args.text("_raw_params", "cmd")
    line = single_line(script)
    if line is None or args.get("executable"):
        raise UnknownToService(
            f"a win_shell script that is not one line of PowerShell: {' '.join(script.split())[:200]}"
        )

    def typed() -> Console:
        return programs.typed(session, line) or session.simulation.line(session.caller, line)

    return _run(session, args, script, typed)


def _run(session: Session, args: Arguments, line: str, run: Callable[[], Console]) -> Json:
    for other in ("stdin", "argv"):
        if args.get(other):
            raise UnknownToService(f"{args.module} with {other}")
    creates, removes = args.text("creates"), args.text("removes")
    skipped: Json = {"changed": False, "cmd": line, "skipped": True, "rc": 0}
    if creates and session.stat(session.expand(creates)):
        return {**skipped, "msg": f"skipped, since {creates} exists"}
    if removes and not session.stat(session.expand(removes)):
        return {**skipped, "msg": f"skipped, since {removes} does not exist"}
    if args.check_mode:
        raise ModuleFailed(f"remote module ({args.module}) does not support check mode", skipped=True)

    start = session.simulation.now()
    console = run()
    end = session.simulation.now()
    result: Json = {
        "changed": True,
        "cmd": line,
        "rc": console.exit_code,
        "stdout": console.stdout.replace("\n", "\r\n"),
        "stderr": console.stderr.replace("\n", "\r\n"),
        "start": _text(start),
        "end": _text(end),
        "delta": str(datetime.timedelta(seconds=end - start)),
    }
    if console.exit_code:
        raise ModuleFailed("non-zero return code", **result)
    return result


def _text(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
