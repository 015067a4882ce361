# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client wants to have run: command lines and Ansible's payloads, taken apart.

Shapes of the payloads are read from ansible-core 2.16 to 2.21 (``executor/powershell/module_manifest.py``):

- up to 2.18 standard input is the text of the exec wrapper, four NUL bytes, and one JSON object with ``module_args``,
  ``actions`` and, as far as they are used, ``become_*`` and ``async_*``;
- since 2.19 it is ``{name, script, params}``, a line of four NUL bytes, a manifest ``{scripts, actions, ...}`` whose
  last action is the script to run, and for some scripts another line of four NUL bytes and their own input.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field

from ..border import Json

_SEPARATOR = "\0\0\0\0"
_ENCODED = re.compile(r"\s-e(?:c|nc\w*)?\s+(?P<code>[A-Za-z0-9+/=]+)\s*$", re.IGNORECASE)
_COMMAND = re.compile(r"\s-c(?:ommand)?\s+(?P<text>.+)$", re.IGNORECASE | re.DOTALL)
_POWERSHELL = re.compile(r'^"?(?:[\w:\\.]*\\)?(?:powershell|pwsh)(?:\.exe)?"?(?=\s|$)', re.IGNORECASE)

#: Ansible puts these around scripts whose exit code matters; they say nothing about what is asked.
_STRICT_MODE = re.compile(r"^Set-StrictMode -Version Latest\r?\n")
_KEEP_EXIT_CODE = re.compile(
    r";?\s*If \(-not \$\?\) \{ If \(Get-Variable LASTEXITCODE -ErrorAction SilentlyContinue\) "
    r"\{ exit \$LASTEXITCODE \} Else \{ exit 1 \} \}\s*$"
)


class Unreadable(Exception):
    """A payload that no known version of Ansible sends; the message says why."""


@dataclass(frozen=True)
class Async:
    """A module that is to go on in a process of its own."""

    folder: str
    job_id: str
    seconds: int
    flags_are_booleans: bool
    """``started`` and ``finished`` are booleans since ansible-core 2.19, 1 and 0 before."""


@dataclass(frozen=True)
class Module:
    """One execution of an Ansible module."""

    name: str
    """As the controller called it: ansible.windows.win_ping."""
    args: Json
    """With Ansible's own (``_ansible_check_mode`` ...)."""
    become_user: str | None = None
    become_password: str | None = None
    run_async: Async | None = None


@dataclass(frozen=True)
class CoreScript:
    """One of the scripts that ansible-core carries: winrm_put_file.ps1."""

    name: str
    params: Json
    stdin: str = ""


@dataclass(frozen=True)
class Script:
    """PowerShell text that came on the command line."""

    text: str
    stdin: str = ""


@dataclass(frozen=True)
class Program:
    """Anything else on a command line, as cmd.exe would run it."""

    line: str


Payload = Module | CoreScript | Script | Program


def decode(line: str, stdin: bytes) -> Payload:
    """Takes a command line and its standard input apart. Raises Unreadable."""
    text = _powershell_text(line)
    if text is None:
        return Program(line)
    given = stdin.decode("utf-8", "replace")
    if "`0`0`0`0" in text and _SEPARATOR in given:
        return _bootstrapped(given)
    return Script(_KEEP_EXIT_CODE.sub("", _STRICT_MODE.sub("", text)).strip(), given)


def _powershell_text(line: str) -> str | None:
    """The script that a command line hands to PowerShell; None if it starts something else."""
    text: str | None = None
    # ansible-core up to 2.18 encodes some command lines a second time.
    while start := _POWERSHELL.match(line.strip()):
        rest = line.strip()[start.end() :]
        if encoded := _ENCODED.search(rest):
            try:
                text = base64.b64decode(encoded["code"], validate=True).decode("utf-16-le")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise Unreadable(f"an -EncodedCommand that is no base64 of UTF-16: {error}") from error
        elif command := _COMMAND.search(rest):
            text = command["text"].strip().strip('"')
        elif rest.strip() and not rest.strip().startswith("-"):
            text = rest.strip().strip('"')
        else:
            raise Unreadable(f"a PowerShell command line without a command: {line[:200]}")
        line = text
    return text


def _bootstrapped(given: str) -> Payload:
    head, _separator, rest = given.partition(_SEPARATOR)
    manifest_text, _separator, own_input = rest.partition(_SEPARATOR)
    try:
        manifest = json.loads(manifest_text)
    except ValueError as error:
        raise Unreadable(f"the manifest after the exec wrapper is no JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise Unreadable("the manifest after the exec wrapper is no JSON object")
    if head.lstrip().startswith("{"):
        return _since_2_19(manifest, own_input)
    return _up_to_2_18(manifest)


@dataclass
class _Steps:
    """The actions of a 2.19 manifest by name."""

    params: dict[str, Json] = field(default_factory=dict)

    def of(self, name: str) -> Json:
        return self.params.get(name, {})


def _since_2_19(manifest: Json, own_input: str) -> Payload:
    actions = manifest.get("actions") or []
    if not actions:
        raise Unreadable("a manifest without actions")
    steps = _Steps({a["name"]: {**a.get("params", {}), **a.get("secure_params", {})} for a in actions})
    last = actions[-1]["name"]
    if last != "module_wrapper.ps1":
        return CoreScript(last, steps.of(last), own_input.strip())
    wrapper = steps.of(last)
    variables = {v.get("Name"): v.get("Value") for v in wrapper.get("Variables") or []}
    args = variables.get("complex_args")
    if not isinstance(args, dict):
        raise Unreadable(f"{wrapper.get('Script')}: a script without module arguments")
    become, start = steps.of("become_wrapper.ps1"), steps.of("async_wrapper.ps1")
    run_async = None
    if start:
        seconds = int(steps.of("async_watchdog.ps1").get("Timeout", 0))
        run_async = Async(str(start["AsyncDir"]), str(start["AsyncJid"]), seconds, flags_are_booleans=True)
    return Module(_module_name(args), args, become.get("BecomeUser"), become.get("BecomePassword"), run_async)


def _up_to_2_18(manifest: Json) -> Module:
    args = manifest.get("module_args")
    if not isinstance(args, dict):
        raise Unreadable("a payload without module_args")
    run_async = None
    if "async_jid" in manifest:
        folder = str((manifest.get("environment") or {}).get("ANSIBLE_ASYNC_DIR", ""))
        seconds = int(manifest.get("async_timeout_sec", 0))
        run_async = Async(folder, str(manifest["async_jid"]), seconds, flags_are_booleans=False)
    become = "become_wrapper" in manifest.get("actions", [])
    return Module(
        _module_name(args),
        args,
        manifest.get("become_user") if become else None,
        manifest.get("become_password") if become else None,
        run_async,
    )


def _module_name(args: Json) -> str:
    name = args.get("_ansible_module_name")
    if not isinstance(name, str):
        raise Unreadable("module arguments without _ansible_module_name")
    return name
