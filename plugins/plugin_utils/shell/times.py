# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as the servers and the controller exchange them.

A moment is an aware datetime or, where the clock gives it, seconds since 1970 as a float. A length is in minutes.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone

_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[T ](?P<minute>\d{2}:\d{2})(?::(?P<second>\d{2}))?(?:\.(?P<fraction>\d+))?"
    r"\s*(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})", re.ASCII)


def parse_offset(text: str) -> timezone | None:
    """The fixed offset that a text such as "+01:00", "-0530", "Z" or "UTC" names; None when it names none."""
    if text.upper() in ("Z", "UTC"):
        return timezone.utc
    found = _OFFSET.fullmatch(text)
    if not found or int(found["hours"]) > 14 or int(found["minutes"]) > 59:
        return None
    length = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    return timezone(-length if found["sign"] == "-" else length)


def parse_iso(text: str) -> datetime:
    """An ISO 8601 date and time; without an offset it stays naive. Errors: ValueError.

    Own code because Python 3.10 reads neither "Z" nor the seven decimals that .NET writes.
    """
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no ISO 8601 date and time such as 2026-01-31T22:30:00Z.")
    zone = parse_offset(found["zone"]) if found["zone"] else None
    if found["zone"] and zone is None:
        raise ValueError(f"{text!r} has an offset that no place on earth uses: {found['zone']}.")
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['minute']}:{found['second'] or '00'}")
    except ValueError as error:
        raise ValueError(f"{text!r} is no date and time: {error}.") from error
    return moment.replace(microsecond=int((found["fraction"] or "0").ljust(6, "0")[:6]), tzinfo=zone)


def parse_utc(text: str) -> datetime:
    """An ISO 8601 date and time that says its offset, as aware UTC. Errors: ValueError."""
    moment = parse_iso(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say its time zone; it must end in Z or in an offset such as +01:00.")
    return moment.astimezone(timezone.utc)


def format_utc(moment: datetime | float) -> str:
    """An aware datetime, or seconds since 1970, as "2026-01-31T22:30:00Z". Errors: ValueError for a naive one."""
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, timezone.utc)
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be written as UTC.")
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_span(minutes: float) -> str:
    """Minutes as the "d.hh:mm:ss" text that a .NET TimeSpan is read from: 60 -> "0.01:00:00".

    Always text in this form: PowerShell reads the number 60 as 6 microseconds and the text "60" as 60 days (seen in a
    real PowerShell). Errors: ValueError for a negative or endless length.
    """
    if not math.isfinite(minutes) or minutes < 0:
        raise ValueError(f"{minutes!r} minutes is no length of time; give a number of minutes from 0 upwards.")
    seconds = round(minutes * 60)
    days, seconds = divmod(seconds, 86400)
    return f"{days}.{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def minutes_text(minutes: float) -> str:
    """Minutes as a person says them: 95 -> "1 h 35 min", 0.4 -> "less than a minute"."""
    whole = math.floor(max(minutes, 0) + 1e-6)
    if whole == 0:
        return "less than a minute"
    hours, rest = divmod(whole, 60)
    return f"{rest} min" if hours == 0 else f"{hours} h" if rest == 0 else f"{hours} h {rest} min"
