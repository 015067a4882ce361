# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing that speaks against patching now, or that an administrator should know before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Facts = Mapping[str, Any]
Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """`accepted`: named in sfb_accepted_findings, as its id or as id@server."""

    id: str
    level: Level
    server: str | None
    fact: str
    remedy: str
    accepted: bool = False

    @property
    def stops(self) -> bool:
        return self.level == "error" and not self.accepted
