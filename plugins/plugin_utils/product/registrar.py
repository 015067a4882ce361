# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a back end may be away before its users are in resiliency mode, and what the pool's own state is.

BackupStoreUnavailableThreshold of Get-CsRegistrarConfiguration, 30 minutes by default (DOC: Set-CsRegistrarConfiguration).
The settings closest to the pool hold: the pool's, else its site's, else the global ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

From = Literal["pool", "site", "global", "default"]
DEFAULT_MINUTES = 30.0

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class RegistrarSettings:
    """`source`: where the minutes come from. pool_state: None where the pool has no settings of its own."""

    unavailable_minutes: float
    source: From
    pool_state: str | None


def read_settings(rows: Iterable[Mapping[str, Any]], pool: str, site: str | None) -> RegistrarSettings:
    """site: as Get-CsPool names it, "Site:Site1". Errors: ValueError for a threshold that is no length of time."""
    listed = {str(row.get("Identity") or "").lower(): row for row in rows}
    own = next((row for name, row in listed.items() if name.endswith(f"registrar:{pool.lower()}")), None)
    scopes: dict[From, Mapping[str, Any] | None] = {
        "pool": own,
        "site": listed.get(site.lower()) if site else None,
        "global": listed.get("global"),
    }
    state = str(own["PoolState"]) if own and own.get("PoolState") else None
    for source, row in scopes.items():
        value = (row or {}).get("BackupStoreUnavailableThreshold")
        if value not in (None, ""):
            return RegistrarSettings(_minutes(value), source, state)
    return RegistrarSettings(DEFAULT_MINUTES, "default", state)


def _minutes(value: Any) -> float:
    """A .NET TimeSpan, which travels as seconds, or its own text d.hh:mm:ss."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value / 60
    found = _SPAN.fullmatch(str(value).strip())
    if not found:
        raise ValueError(f"BackupStoreUnavailableThreshold is {value!r}, which is no length of time.")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * 1440 + hours * 60 + minutes + seconds / 60
