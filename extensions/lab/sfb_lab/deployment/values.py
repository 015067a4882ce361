# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PowerShell objects as far as the lab needs them, and how management_shell.ps1 turns them into data."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]
Value = Any
"""None, bool, int, float, str, Moment, Span, PsObject, or a list or dict of them."""


@dataclass(frozen=True)
class Moment:
    """A .NET DateTime: seconds since 1970."""

    at: float


@dataclass(frozen=True)
class Span:
    """A .NET TimeSpan."""

    seconds: float


@dataclass
class PsObject:
    """An object with properties; ``text`` is what its ToString() gives."""

    type_name: str
    properties: dict[str, Value] = field(default_factory=dict)
    text: str | None = None
    titles: tuple[str, ...] = ()
    """The properties of the default view, in order; all of them when empty."""

    def __str__(self) -> str:
        return self.type_name if self.text is None else self.text


@dataclass(frozen=True)
class PsError:
    """One error record."""

    message: str
    id: str
    category: str = "NotSpecified"
    type: str = "System.Management.Automation.RuntimeException"
    target: str = ""
    details: str | None = None

    def spoken(self, speak: Callable[[str], str]) -> PsError:
        """The same error with its texts as people read them."""
        return replace(self, message=speak(self.message), details=self.details and speak(self.details))

    def as_row(self) -> Json:
        return {
            "message": self.message,
            "type": self.type,
            "id": self.id,
            "category": self.category,
            "target": self.target,
            "details": self.details,
        }


class Terminating(Exception):
    """An error that ends the cmdlet."""

    def __init__(self, error: PsError) -> None:
        super().__init__(error.message)
        self.error = error


def iso(at: float) -> str:
    """Seconds since 1970 as .NET's round-trip format of a UTC time: 2026-03-07T22:00:00.0000000Z."""
    moment = datetime.datetime.fromtimestamp(round(at, 3), datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}0000Z"


def ticks(at: float) -> str:
    """Seconds since 1970 as .NET ticks, in text."""
    return str(int(round(at * 1000) + 62_135_596_800_000) * 10_000)


def plain(value: Value) -> Any:
    """ConvertTo-Plain."""
    if isinstance(value, Moment):
        return iso(value.at)
    if isinstance(value, Span):
        return value.seconds
    if isinstance(value, PsObject):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def row(item: Value, select: Sequence[Any]) -> Any:
    """ConvertTo-Row: text as text, else the selected properties that exist."""
    if item is None or isinstance(item, str):
        return item
    if not select:
        return plain(item)
    known = item.properties if isinstance(item, PsObject) else item if isinstance(item, Mapping) else {}
    by_name = {name.lower(): value for name, value in known.items()}
    result: Json = {}
    for wanted in select:
        if wanted == "*":
            result |= {name: plain(value) for name, value in known.items()}
            continue
        name, inner = (wanted, []) if isinstance(wanted, str) else (str(wanted["name"]), list(wanted["select"]))
        if name.lower() not in by_name:
            continue
        value = by_name[name.lower()]
        if not inner:
            result[name] = plain(value)
        else:
            many = value if isinstance(value, (list, tuple)) else [value]
            result[name] = [row(element, inner) for element in many]
    return result


def numbers(version: str) -> tuple[int, ...]:
    """7.0.2046.396 as numbers, to be compared."""
    return tuple(int(part) for part in version.split("."))


def chance(*names: object) -> float:
    """A number in [0, 1) that is always the same for the same names: the lab's only source of chance."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def between(low: float, high: float, *names: object) -> float:
    return low + (high - low) * chance(*names)


def guid(*names: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(str(name) for name in names)))
