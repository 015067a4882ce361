# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PowerShell that Ansible and ansible.windows send beside modules, recognised after decoding by one table.

The same errand is a script with a name since ansible-core 2.19 and plain text before; both lead to the same answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ntpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..border import Console, RefusedByWindows
from . import programs
from .answers import Session, UnknownToService
from .payload import CoreScript, Script

#: Values out of the script's parameters, or out of its text.
Values = Mapping[str, str]
Answer = Callable[[Session, Values, str], Console]

#: What PowerShell takes for a single quote; inside a quoted text each is doubled.
_QUOTES = "'\u2018\u2019\u201a\u201b"
_SECONDS_1601_TO_1970 = 11644473600


@dataclass(frozen=True)
class _Errand:
    about: str
    answer: Answer
    core_script: str | None = None
    """Name of the script that carries it since ansible-core 2.19."""
    text: re.Pattern[str] | None = None
    """Its text otherwise; the whole script must match."""


def answer(session: Session, payload: CoreScript | Script) -> Console:
    """Runs the script's errand. Raises UnknownToLab, RefusedByWindows."""
    if isinstance(payload, CoreScript):
        for errand in _ERRANDS:
            if errand.core_script == payload.name:
                values = {name: str(value) for name, value in payload.params.items()}
                return errand.answer(session, values, payload.stdin)
        raise UnknownToService(f"the script {payload.name} of ansible-core")
    for errand in _ERRANDS:
        if errand.text and (match := errand.text.fullmatch(payload.text)):
            return errand.answer(session, match.groupdict(), payload.stdin)
    line = single_line(payload.text)
    if line is None or payload.stdin.strip():
        raise UnknownToService(f"a PowerShell script: {_shortened(payload.text)}")
    return programs.typed(session, line) or session.simulation.line(session.caller, line)


def single_line(script: str) -> str | None:
    """The one line that a script consists of, apart from comments; None if there are more."""
    lines = [line.strip() for line in script.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    return lines[0] if len(lines) == 1 else None


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 200 else flat[:200] + " ..."


def _unquoted(text: str) -> str:
    """The value of a single-quoted or bare PowerShell argument."""
    if text.startswith("'"):
        return re.sub(rf"([{_QUOTES}])\1", r"\1", text[1:-1])
    return text


def _put_file(session: Session, values: Values, stdin: str) -> Console:
    content = b"".join(base64.b64decode(line) for line in stdin.split())
    session.simulation.write_file(session.caller, session.expand(_unquoted(values["Path"])), content)
    return Console(0, json.dumps({"sha1": hashlib.sha1(content).hexdigest()}) + "\n")


def _fetch_file(session: Session, values: Values, _stdin: str) -> Console:
    path = session.expand(_unquoted(values["Path"]))
    entry = session.stat(path)
    if entry is None:
        raise RefusedByWindows(f"{path} does not exist")
    if entry.is_folder:
        return Console(0, "[DIR]\n")
    offset = int(values["Offset"])
    part = session.simulation.read_file(session.caller, path)[offset : offset + int(values["BufferSize"])]
    return Console(0, base64.b64encode(part).decode() + "\n" if part else "")


def _make_temporary_folder(session: Session, values: Values, _stdin: str) -> Console:
    path = ntpath.join(session.expand(_unquoted(values["Directory"])), _unquoted(values["Name"]))
    session.simulation.make_folder(session.caller, path)
    return Console(0, path + "\n")


def _expand_user(session: Session, values: Values, _stdin: str) -> Console:
    path = _unquoted(values["Path"])
    if path == "~" or path.startswith("~\\"):
        path = session.profile + path[1:]
    return Console(0, path + "\n")


def _home(session: Session, _values: Values, _stdin: str) -> Console:
    return Console(0, session.profile + "\n")


def _below_home(session: Session, values: Values, _stdin: str) -> Console:
    return Console(0, session.profile + _unquoted(values["Path"]) + "\n")


def _remove(session: Session, values: Values, _stdin: str) -> Console:
    path = session.expand(_unquoted(values["Path"]))
    if session.stat(path) is None:
        raise RefusedByWindows("Remove-Item : " + session.simulation.says("path_not_found", path=path))
    session.simulation.remove(session.caller, path)
    return Console(0)


def _exists(session: Session, values: Values, _stdin: str) -> Console:
    missing = session.stat(session.expand(_unquoted(values["Path"]))) is None
    return Console(int(missing), f"{int(missing)}\n")


def _boot_time(session: Session, _values: Values, _stdin: str) -> Console:
    boot = session.simulation.last_boot(session.caller.host)
    # A FILETIME: 100 ns steps since 1601; whole microseconds so that floats give the same digits every time.
    return Console(0, f"{(round(boot * 1e6) + _SECONDS_1601_TO_1970 * 1_000_000) * 10}\n")


def _reboot(session: Session, values: Values, _stdin: str) -> Console:
    # The script tells what shutdown.exe said; its exit code stands in brackets at the end of its message.
    code, said = 0, ""
    try:
        session.simulation.restart(session.caller, float(values["Delay"]))
    except RefusedByWindows as error:
        said = str(error)
        number = re.search(r"\((\d+)\)\s*$", said)
        code = int(number[1]) if number else 1
    return Console(0, json.dumps({"rc": code, "stderr": said, "stdout": ""}) + "\n")


def _log_on_screen(_session: Session, values: Values, _stdin: str) -> Console:
    # The registry key is there as soon as Windows asks somebody to log on; whoever can run this finds it.
    return Console(0, "\n" + values["Success"] + "\n")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


_UTF8 = r"(?:try \{ \[Console\]::OutputEncoding = New-Object System\.Text\.UTF8Encoding \} catch \{\}[;\s]*)?"


def _argument(name: str) -> str:
    """A value in single quotes, or bare where nothing in it needs quotes (ansible-core 2.21)."""
    return rf"(?P<{name}>'(?:[^{_QUOTES}]|[{_QUOTES}]{{2}})*'|[\w\-\\.\[\]/~!%^:]+)"


_ERRANDS = (
    _Errand(
        "connection plugin: put_file",
        _put_file,
        core_script="winrm_put_file.ps1",
        text=_compiled(rf"begin \{{\s*\$path = {_argument('Path')}\s.*FromBase64String\(\$input\).*"),
    ),
    _Errand(
        "connection plugin: fetch_file",
        _fetch_file,
        core_script="winrm_fetch_file.ps1",
        text=_compiled(
            rf"\$path = {_argument('Path')}\s+If \(Test-Path -LiteralPath \$path -PathType Leaf\)\s*\{{"
            r"\s*\$buffer_size = (?P<BufferSize>\d+)\s+\$offset = (?P<Offset>\d+)\s.*ToBase64String\(\$bytes\).*"
        ),
    ),
    _Errand(
        "shell plugin: temporary folder",
        _make_temporary_folder,
        core_script="powershell_mkdtemp.ps1",
        text=_compiled(
            _UTF8 + rf"\$tmp_path = \[System\.Environment\]::ExpandEnvironmentVariables\({_argument('Directory')}\)\s+"
            rf"\$tmp = New-Item -Type Directory -Path \$tmp_path -Name {_argument('Name')}\s+"
            r"Write-Output -InputObject \$tmp\.FullName"
        ),
    ),
    _Errand(
        "shell plugin: expand ~",
        _expand_user,
        core_script="powershell_expand_user.ps1",
        text=_compiled(_UTF8 + rf"Write-Output {_argument('Path')}"),
    ),
    _Errand(
        "shell plugin: the folder ~",
        _home,
        text=_compiled(_UTF8 + r"(?:Write-Output )?\(Get-Location\)\.Path"),
    ),
    _Errand(
        "shell plugin: a folder below ~",
        _below_home,
        text=_compiled(_UTF8 + rf"(?:Write-Output )?\(\(Get-Location\)\.Path \+ {_argument('Path')}\)"),
    ),
    _Errand(
        "shell plugin: remove",
        _remove,
        text=_compiled(rf"Remove-Item {_argument('Path')} -Force(?: -Recurse)?;?"),
    ),
    _Errand(
        "shell plugin: exists",
        _exists,
        text=_compiled(rf"If \(Test-Path {_argument('Path')}\)\s*\{{\s*\$res = 0;\s*\}}.*Exit \$res;"),
    ),
    _Errand(
        "win_reboot: boot time",
        _boot_time,
        text=_compiled(
            r"\(Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime\)"
            r"\.LastBootUpTime\.ToFileTime\(\)"
        ),
    ),
    _Errand(
        "win_reboot: restart",
        _reboot,
        text=_compiled(
            r"\$ErrorActionPreference = 'Continue'\s+if \(\$(?:True|False)\) \{\s+"
            r"Remove-Item -LiteralPath 'HKLM:[^']+AutoLogonChecked' -Force -ErrorAction SilentlyContinue\s+\}.*"
            r"shutdown\.exe /r /t (?P<Delay>\d+) /c .*ConvertTo-Json -Compress -InputObject @\{.*"
        ),
    ),
    _Errand(
        "win_reboot: can somebody log on",
        _log_on_screen,
        text=_compiled(
            r"Get-Item -LiteralPath 'HKLM:[^']+AutoLogonChecked' -ErrorAction Stop; '(?P<Success>success-[0-9a-f-]+)'"
        ),
    ),
)
