# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory folder that points any inventory with the same host names at the lab.

It is given as a second ``-i``: the host variables of a later inventory win over those of an earlier one, whatever the
connection settings there. Every name that the winrm connection and runas read a secret from is set, so that no secret
of the user's own inventory reaches the lab. Variables beside a playbook and extra variables would still win.

NO_PROXY: the usual setting does not cover 127.0.x.y. ``ansible_winrm_proxy`` is null, which makes pywinrm ignore the
proxies of the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: An operation that is still running answers Receive with a time-out after the first; a lab that never answers is
#: noticed after the second (pywinrm wants it to be larger).
_OPERATION_SECONDS = 8
_READ_SECONDS = 12


@dataclass(frozen=True)
class Account:
    name: str
    password: str


@dataclass(frozen=True)
class Entrance:
    """How to get in: the same for every server but for its address."""

    port: int
    account: Account
    become: Account | None
    """The account that every task becomes: a real logon, which may go on to other servers."""
    ca_file: Path
    clock: str


def write(folder: Path, entrance: Entrance, addresses: Mapping[str, str], aliases: Mapping[str, str]) -> None:
    """Writes ``hosts.yml`` and ``host_vars``. ``addresses``: FQDN -> address; ``aliases``: inventory name -> FQDN.

    A server that has aliases is listed by them only: its FQDN would be one more host in the user's ``all``.
    """
    (folder / "host_vars").mkdir(parents=True)
    aliased = set(aliases.values())
    listed = [*aliases, *(fqdn for fqdn in addresses if fqdn not in aliased)]
    _write(folder / "hosts.yml", {"all": {"hosts": dict.fromkeys(listed)}})
    for fqdn, address in addresses.items():
        _write(folder / "host_vars" / f"{fqdn}.yml", _variables(entrance, address))
    for name, fqdn in aliases.items():
        _write(folder / "host_vars" / f"{name}.yml", _variables(entrance, addresses[fqdn]))


def _variables(entrance: Entrance, address: str) -> dict[str, Any]:
    account, become = entrance.account, entrance.become
    return {
        "ansible_connection": "winrm",
        "ansible_host": address,
        "ansible_winrm_host": address,
        "ansible_port": entrance.port,
        "ansible_winrm_port": entrance.port,
        "ansible_user": account.name,
        "ansible_winrm_user": account.name,
        "ansible_password": account.password,
        "ansible_winrm_pass": account.password,
        "ansible_winrm_password": account.password,
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_path": "/wsman",
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": str(entrance.ca_file),
        "ansible_winrm_proxy": None,
        "ansible_winrm_operation_timeout_sec": _OPERATION_SECONDS,
        "ansible_winrm_read_timeout_sec": _READ_SECONDS,
        **_becoming(become or account, whether=become is not None),
        "sfb_clock": entrance.clock,
        "sfb_lab": True,
    }


def _becoming(account: Account, whether: bool) -> dict[str, Any]:
    """Without a become account the variables are set all the same: those of the user's inventory must not win."""
    return {
        "ansible_become": whether,
        "ansible_become_method": "runas",
        "ansible_become_user": account.name,
        "ansible_runas_user": account.name,
        "ansible_become_password": account.password,
        "ansible_become_pass": account.password,
        "ansible_runas_pass": account.password,
    }


def _write(path: Path, document: Any) -> None:
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=False), encoding="utf-8")
