# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: one JSON object a line, written when it happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from ..border import Caller
from .clock import Clock

KINDS = ("cmdlet", "installer", "reboot", "file", "fault", "felt", "refused")


class Journal:
    """Writes lines to a file (or keeps them, without one); never a password."""

    def __init__(self, path: str | Path | None, clock: Clock) -> None:
        self._clock = clock
        self._file: IO[str] | None = Path(path).open("w", encoding="utf-8") if path else None  # noqa: SIM115
        self.lines: list[dict[str, Any]] = []

    def write(self, kind: str, caller: Caller | None, host: str | None = None, **facts: Any) -> None:
        """One line; ``host`` where nobody called. Time in seconds since the lab's start."""
        line: dict[str, Any] = {
            "time": round(self._clock.since_start(), 3),
            "host": host or (caller.host if caller else None),
            "user": caller.user if caller else None,
            "become_user": caller.become_user if caller else None,
            "check_mode": bool(caller and caller.check_mode),
            "kind": kind,
        }
        line.update(_without_secrets(facts))
        if self._file is None:
            self.lines.append(line)
            return
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: "***" if "password" in str(key).lower() or "credential" in str(key).lower() else _without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_secrets(item) for item in value]
    return value
