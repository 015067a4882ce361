# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from sfb_lab.service.payload import Program, Script, Unreadable, decode


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


@pytest.mark.parametrize(
    "line",
    [
        f"powershell -encodedcommand {encoded('Get-CsPool')}",
        f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encoded('Get-CsPool')}",
        f"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -ex Bypass -e {encoded('Get-CsPool')}",
        "powershell.exe -NoProfile -Command Get-CsPool",
        'powershell "Get-CsPool"',
    ],
)
def test_powershell_command_lines_in_all_their_spellings_mean_the_same_script(line: str) -> None:
    assert decode(line, b"") == Script("Get-CsPool")


def test_a_command_line_that_was_encoded_twice_is_decoded_twice() -> None:
    inner = f"PowerShell -NoProfile -EncodedCommand {encoded('hostname')}"
    assert decode(f"PowerShell -EncodedCommand {encoded(inner)}", b"") == Script("hostname")


def test_what_ansible_wraps_around_a_script_for_its_exit_code_is_taken_off() -> None:
    text = (
        "Set-StrictMode -Version Latest\nRemove-Item 'C:\\x' -Force;\nIf (-not $?) { If (Get-Variable LASTEXITCODE "
        "-ErrorAction SilentlyContinue) { exit $LASTEXITCODE } Else { exit 1 } }"
    )
    assert decode(f"powershell -e {encoded(text)}", b"") == Script("Remove-Item 'C:\\x' -Force")


def test_anything_but_powershell_is_a_line_for_cmd() -> None:
    assert decode("hostname", b"") == Program("hostname")
    assert decode("powershellish thing", b"") == Program("powershellish thing")


@pytest.mark.parametrize(
    ("line", "stdin", "named"),
    [
        ("powershell -e !!!!", b"", "without a command"),
        ("powershell -e QQ==", b"", "no base64 of UTF-16"),
        ("powershell -NoProfile", b"", "without a command"),
        (f"powershell -e {encoded('`0`0`0`0')}", b'{"name": 1}\n\0\0\0\0\nnot JSON', "no JSON"),
        (f"powershell -e {encoded('`0`0`0`0')}", b'{"name": 1}\n\0\0\0\0\n[]', "no JSON object"),
        (f"powershell -e {encoded('`0`0`0`0')}", b'{"name": 1}\n\0\0\0\0\n{"actions": []}', "without actions"),
        (f"powershell -e {encoded('`0`0`0`0')}", b"begin {}\0\0\0\0{}", "without module_args"),
        (f"powershell -e {encoded('`0`0`0`0')}", b'begin {}\0\0\0\0{"module_args": {}}', "_ansible_module_name"),
    ],
)
def test_what_no_known_ansible_sends_is_unreadable_and_says_why(line: str, stdin: bytes, named: str) -> None:
    with pytest.raises(Unreadable, match=named):
        decode(line, stdin)
