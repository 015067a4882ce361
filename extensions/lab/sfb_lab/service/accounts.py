# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of the deployment, in every spelling that Windows accepts for one."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path


class Accounts:
    """Finds accounts by name: ``LAB\\admin``, ``admin``, ``admin@lab``, ``admin@example.com``, whatever the case."""

    def __init__(self, passwords: Mapping[str, str], dns_domains: Iterable[str] = ()) -> None:
        """``passwords``: account name -> password. Raises ValueError for a password that the NTLM file can't hold."""
        self._passwords = dict(passwords)
        self._names: dict[str, str] = {}
        for account, password in passwords.items():
            if set(password) & set(":\r\n"):
                raise ValueError(f"account {account}: the password of a lab account must not hold ':' or line breaks")
            for spelling in _spellings(account, dns_domains):
                self._names.setdefault(spelling.casefold(), account)

    def name_of(self, spelling: str) -> str | None:
        """The account's own name, or None."""
        return self._names.get(spelling.casefold())

    def verify(self, spelling: str, password: str) -> str | None:
        """The account's own name if the password is right, else None."""
        account = self.name_of(spelling)
        if account is None:
            return None
        right = self._passwords[account].encode()
        return account if hmac.compare_digest(right, password.encode()) else None

    def write_ntlm_file(self, path: Path) -> None:
        """Writes ``DOMAIN:USER:PASSWORD`` lines, the form that pyspnego's acceptor reads (variable NTLM_USER_FILE).

        It looks for exactly the domain and name that the client gave, so every spelling gets a line.
        """
        lines = []
        for spelling, account in self._names.items():
            domain, user = spelling.split("\\", 1) if "\\" in spelling else ("", spelling)
            lines.append(f"{domain}:{user}:{self._passwords[account]}\n")
        path.touch(mode=0o600)
        path.write_text("".join(lines), encoding="utf-8")


def _spellings(account: str, dns_domains: Iterable[str]) -> list[str]:
    if "\\" not in account:
        return [account]
    domain, user = account.split("\\", 1)
    return [account, user, f"{user}@{domain}", *(f"{user}@{dns}" for dns in dns_domains)]
