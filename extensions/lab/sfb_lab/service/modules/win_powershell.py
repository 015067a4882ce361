# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible.windows.win_powershell: the collection's management shell, and single lines.

Shapes: CODE ansible.windows 3.3.0 ``win_powershell.ps1``.
"""

from __future__ import annotations

import json
import re

from ...border import Json, RefusedByWindows
from .. import programs
from ..answers import Session, UnknownToService
from ..jobs import Result
from ..raw_scripts import single_line
from .arguments import Arguments

MANAGEMENT_SHELL = "# sfb.server management shell"

_SUPPORTS_SHOULD_PROCESS = re.compile(
    r"\[CmdletBinding\((?:[\w=$\s]+,\s*)?SupportsShouldProcess(?:\s*=\s*\$true)?(?:,\s*[\w=$\s]+)?\)\]", re.IGNORECASE
)
_SAYS_UNCHANGED = re.compile(r"^\s*\$Ansible\.Changed\s*=\s*\$false\s*;?\s*$", re.IGNORECASE | re.MULTILINE)


def answer(session: Session, args: Arguments) -> Json:
    """The module's result. Raises UnknownToLab, RefusedByWindows."""
    script = args.text("script")
    if not script:
        raise UnknownToService("win_powershell with a script file of the server")
    for other in ("executable", "sensitive_parameters"):
        if args.get(other):
            raise UnknownToService(f"win_powershell with {other}")
    result: Json = {"changed": False, "result": {}, "host_out": "", "host_err": ""}
    result |= {stream: [] for stream in ("output", "error", "warning", "verbose", "debug", "information")}

    creates, removes = args.text("creates"), args.text("removes")
    if creates and session.stat(session.expand(creates)):
        return {**result, "msg": f"skipped, since {creates} exists"}
    if removes and not session.stat(session.expand(removes)):
        return {**result, "msg": f"skipped, since {removes} does not exist"}
    if args.check_mode and not _SUPPORTS_SHOULD_PROCESS.search(script):
        return {**result, "changed": True, "msg": "skipped, running in check mode"}

    result |= {"changed": not _SAYS_UNCHANGED.search(script), "failed": False}
    request = management_shell_request(args)
    if request is not None:
        return {**result, "output": [json.dumps(session.simulation.management_shell(session.caller, request))]}
    return {**result, **_line(session, args, _SAYS_UNCHANGED.sub("", script))}


def management_shell_request(args: Arguments) -> Json | None:
    """The request of the collection's one script; None for any other script. Raises UnknownToLab."""
    lines = args.text("script").lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != MANAGEMENT_SHELL:
        return None
    parameters = args.get("parameters")
    text = parameters.get("Request") if isinstance(parameters, dict) else None
    try:
        request = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise UnknownToService("the management shell without a JSON object as its parameter Request")
    return request


def detach(session: Session, args: Arguments, request: Json) -> Result:
    """Starts the management shell in a process of its own; what it answers is known once its claim says finished."""
    session.simulation.management_shell_detached(session.caller, request)
    claim = request.get("claim")

    def result() -> Json | None:
        if not claim:
            raise UnknownToService("async_status of a management shell without a claim")
        try:
            said = json.loads(session.simulation.read_file(session.caller, str(claim)))
        except (RefusedByWindows, ValueError):
            return None
        if said.get("finished") is None:
            return None
        streams: Json = {stream: [] for stream in ("error", "warning", "verbose", "debug", "information")}
        own = {"invocation": {"module_args": args.own()}}
        host = {"changed": True, "failed": False, "result": {}, "host_out": "", "host_err": ""}
        return {**host, **streams, "output": [json.dumps(said)], **own}

    return result


def _line(session: Session, args: Arguments, script: str) -> Json:
    line = single_line(script)
    if line is None or args.get("parameters"):
        raise UnknownToService(f"a win_powershell script that is not one line: {' '.join(script.split())[:200]}")
    console = programs.typed(session, line) or session.simulation.line(session.caller, line)
    if not console.exit_code:
        return {"output": console.stdout.splitlines()}
    # Under "continue" an error of a cmdlet is an entry of the error stream; only "stop" makes the module fail.
    error: Json = {
        "output": console.stderr,
        "error_details": None,
        "exception": {"message": console.stderr.strip()},
        "target_object": None,
        "category_info": None,
        "fully_qualified_error_id": None,
        "script_stack_trace": None,
        "pipeline_iteration_info": [],
    }
    return {
        "output": console.stdout.splitlines(),
        "error": [error],
        "failed": args.text("error_action", default="continue") == "stop",
    }
