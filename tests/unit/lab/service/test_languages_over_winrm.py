# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A German, a French and a Chinese deployment over real WinRM: what is not ASCII arrives whole, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

winrm = pytest.importorskip("winrm")

from sfb_lab.deployment import load  # noqa: E402
from sfb_lab.service.running_lab import RunningLab  # noqa: E402
from winrm.protocol import Protocol  # noqa: E402

FOLDER = "C:\\Temp\\\u00dcbersicht caf\u00e9 \u6982\u89c8"
SAID = {
    "de": 'F\u00fcr die Identit\u00e4t "pool09.example.com" wurde kein Verwaltungsobjekt gefunden.',
    "fr": 'Objet de gestion introuvable pour l\'identit\u00e9 "pool09.example.com".',
    "zh-CN": "\u627e\u4e0d\u5230\u6807\u8bc6\u201cpool09.example.com\u201d\u7684\u7ba1\u7406\u5bf9\u8c61\u3002",
    "zh-TW": '\u627e\u4e0d\u5230\u8eab\u5206\u8b58\u5225 "pool09.example.com" \u7684\u7ba1\u7406\u7269\u4ef6\u3002',
}


@pytest.mark.filterwarnings("ignore:There was a problem converting the Powershell error")
@pytest.mark.parametrize("language", SAID)
def test_text_in_the_servers_language_arrives_as_it_was_said(tmp_path: Path, language: str) -> None:
    file = tmp_path / "deployment.yml"
    settings: dict[str, Any] = {
        "product": "sfb2019",
        "language": language,
        "pools": [{"fqdn": "pool01.example.com", "servers": ["fe01.example.com"]}],
        "accounts": {"LAB\\j\u00fcrgen": {"password": "Schl\u00fcssel-\u9470\u5319", "second_hop": True}},
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    deployment = load(file)
    with RunningLab(deployment) as running:
        address = deployment.addresses["fe01.example.com"]
        session = winrm.Session(
            f"http://{address}:{running.port}/wsman",
            auth=("LAB\\j\u00fcrgen", "Schl\u00fcssel-\u9470\u5319"),
            transport="ntlm",
            proxy=None,
            ca_trust_path=None,
        )
        session.run_ps(f"New-Item -Path '{FOLDER}' -ItemType Directory")
        console = session.run_ps("Get-CsPool -Identity pool09.example.com")
        assert b"ManagementObjectNotFound,Get-CsPool" in console.std_err
        utf_8 = in_utf_8(session.protocol, "Get-CsPool -Identity pool09.example.com")
        names = in_utf_8(session.protocol, "Get-ChildItem -Path C:\\Temp | Select-Object -ExpandProperty FullName")
        assert SAID[language] in utf_8
        assert FOLDER in names
    assert deployment.model.servers["fe01.example.com"].files.get(FOLDER)


def in_utf_8(protocol: Protocol, line: str) -> str:
    """A line as Ansible would have it run: the shell in code page 65001."""
    shell = protocol.open_shell(codepage=65001)
    command = protocol.run_command(shell, f'powershell.exe -Command "{line}"')
    out, error, _code = protocol.get_command_output(shell, command)
    protocol.close_shell(shell)
    return (out + error).decode("utf-8")
