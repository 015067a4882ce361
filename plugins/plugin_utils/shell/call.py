# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of a cmdlet or program, as data, and as the line that an administrator would type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Selection = str | dict[str, Any]

_BARE = re.compile(r"(?!-)[A-Za-z0-9_.\\:/-]*[A-Za-z0-9_.\\:/]")
_READ_BY_POWERSHELL = re.compile(r"[(){}$;@'\"|&<>`]")
# PowerShell takes typographic quotes for straight ones, so all of them end a quoted text unless doubled.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


@dataclass(frozen=True)
class Call:
    """Either `cmdlet` with `parameters`, or `program` with `arguments`."""

    cmdlet: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    program: str | None = None
    arguments: str = ""
    folder: str | None = None
    select: Sequence[Selection] = ()
    expect: dict[str, str] | None = None
    """Properties of the first output row; another value is an error on the server, before the next call runs."""
    changes: bool = False
    go_on: bool = True
    """Whether the calls after this one run although it failed."""

    @property
    def of_product(self) -> bool:
        """Whether the product's module has to be loaded for it."""
        return self.cmdlet is not None and "-Cs" in self.cmdlet

    def must(self) -> Call:
        """The same call, after whose failure nothing else is run."""
        return replace(self, go_on=False)

    def request(self) -> dict[str, Any]:
        """As management_shell.ps1 reads it: every key, always."""
        return {
            "cmdlet": self.cmdlet,
            "program": self.program,
            "parameters": self.parameters,
            "arguments": self.arguments,
            "folder": self.folder,
            "select": list(self.select),
            "expect": self.expect,
            "go_on": self.go_on,
        }

    def powershell(self) -> str:
        """The line that an administrator would type for it."""
        if self.program is not None:
            # PowerShell would read brackets and the like of an argument text: --% stops it.
            stop = "--% " if _READ_BY_POWERSHELL.search(self.arguments) else ""
            return f"& {_quoted(self.program)} {stop}{self.arguments}".rstrip()
        return " ".join([str(self.cmdlet), *(_argument(name, value) for name, value in self.parameters.items())])


def _argument(name: str, value: Any) -> str:
    if value is True:
        return f"-{name}"
    if value is False:
        return f"-{name}:$false"
    if isinstance(value, (list, tuple)):
        return f"-{name} {', '.join(_quoted(str(item)) for item in value)}"
    return f"-{name} {_quoted(str(value))}"


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"
