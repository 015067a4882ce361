# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible modules that the lab answers; each answer takes the module's arguments and returns its result."""

from __future__ import annotations

from collections.abc import Callable

from ...border import Json, RefusedByWindows
from ..answers import ModuleFailed, Session, UnknownToService
from ..payload import Module
from . import async_status, commands, files, win_copy, win_get_url, win_powershell
from .arguments import Arguments

_NAMESPACES = ("ansible.windows.", "ansible.builtin.", "ansible.legacy.", "")


def _win_ping(_session: Session, args: Arguments) -> Json:
    return {"changed": False, "ping": args.text("data", default="pong")}


_ANSWERS: dict[str, Callable[[Session, Arguments], Json]] = {
    "async_status": async_status.answer,
    "slurp": files.slurp,
    "win_command": commands.win_command,
    "win_copy": win_copy.answer,
    "win_file": files.win_file,
    "win_get_url": win_get_url.answer,
    "win_ping": _win_ping,
    "win_powershell": win_powershell.answer,
    "win_shell": commands.win_shell,
    "win_stat": files.win_stat,
    "win_tempfile": files.win_tempfile,
}

#: Ansible's own names for which it sends the Windows module.
_SAME = {"file": "win_file", "ping": "win_ping", "stat": "win_stat"}


def answer(session: Session, module: Module) -> Json:
    """The module's result; ``failed`` in it if the module fails. Raises UnknownToLab."""
    prefix, _dot, name = module.name.rpartition(".")
    prefix = prefix + "." if prefix else ""
    name = _SAME.get(name, name)
    if name not in _ANSWERS or prefix not in _NAMESPACES:
        raise UnknownToService(f"the module {module.name}")
    args = Arguments(module.name, module.args)
    if module.run_async is None:
        return _result(session, name, args)
    folder = session.expand(module.run_async.folder)
    if name == "win_powershell" and (request := win_powershell.management_shell_request(args)) is not None:
        result = win_powershell.detach(session, args, request)
    elif name == "win_powershell":
        raise UnknownToService("a script of one's own in an asynchronous win_powershell")
    else:
        finished = _result(session, name, args)

        def result() -> Json | None:
            return finished

    return session.jobs.start(session.caller.host, folder, module.run_async, result)


def _result(session: Session, name: str, args: Arguments) -> Json:
    try:
        result = _ANSWERS[name](session, args)
    except ModuleFailed as error:
        result = {"changed": False, **error.facts, "failed": True, "msg": str(error)}
    except RefusedByWindows as error:
        result = {"changed": False, "failed": True, "msg": str(error)}
    return {**result, "invocation": {"module_args": args.own()}}
