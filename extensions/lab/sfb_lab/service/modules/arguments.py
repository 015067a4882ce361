# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module arguments, typed as modules type them."""

from __future__ import annotations

from typing import Any

from ...border import Json
from ..answers import ModuleFailed

_YES = ("y", "yes", "on", "1", "true", "t", "1.0")
_NO = ("n", "no", "off", "0", "false", "f", "0.0")


class Arguments:
    """What a task gave its module. Wrong ones raise ModuleFailed, as the module would fail."""

    def __init__(self, module: str, given: Json) -> None:
        self.module = module
        self._given = given

    def own(self) -> Json:
        """Without Ansible's own arguments."""
        return {name: value for name, value in self._given.items() if not name.startswith("_")}

    def get(self, *names: str) -> Any:
        """The first of a name and its aliases that was given, else None."""
        return next((self._given[name] for name in names if self._given.get(name) is not None), None)

    def text(self, *names: str, default: str = "") -> str:
        value = self.get(*names)
        return default if value is None else str(value)

    def required(self, *names: str) -> str:
        value = self.text(*names)
        if not value:
            raise ModuleFailed(f"missing required arguments: {names[0]}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        if str(value).lower() in _YES + _NO:
            return str(value).lower() in _YES
        kind = type(value).__name__
        raise ModuleFailed(f"argument for {name} is of type {kind} and we were unable to convert to bool")

    @property
    def check_mode(self) -> bool:
        return self.flag("_ansible_check_mode", default=False)
