# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The maintenance window: may the next server still be started? Moments are seconds since 1970, lengths minutes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import (
    format_utc,
    minutes_text,
    parse_iso,
    parse_offset,
)

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


class WindowError(ValueError):
    """A limit that can't be understood; the text says how to write it."""


@dataclass(frozen=True)
class Limits:
    """The window of one run; None where a limit was not set. `stop_at` is a moment, `zone` the one that texts use."""

    stop_at: float | None
    zone: tzinfo
    stop_after_minutes: float | None = None
    warn_after_minutes: float | None = None


@dataclass(frozen=True)
class Answer:
    """`allowed` and why; `warning` is set once the run lasts longer than it should."""

    allowed: bool
    reason: str
    warning: str | None = None


def limits(
    started: float,
    stop_at: object = None,
    time_zone: str = "UTC",
    stop_after_minutes: float | None = None,
    warn_after_minutes: float | None = None,
) -> Limits:
    """The window of a run that started at `started`.

    stop_at: "22:30" (the next one after the start), or an ISO date and time; without an offset they are of
    `time_zone`, an IANA name or an offset such as "+01:00". Errors: WindowError.
    """
    for name, minutes in (
        ("sfb_stop_after_minutes", stop_after_minutes),
        ("sfb_warn_after_minutes", warn_after_minutes),
    ):
        if minutes is not None and not minutes > 0:
            raise WindowError(f"{name} is {minutes}; give a number of minutes above 0, or leave it away.")
    zone = zone_of(time_zone)
    moment = None if stop_at is None or stop_at == "" else _moment(stop_at, zone, started)
    return Limits(moment, zone, stop_after_minutes, warn_after_minutes)


def zone_of(text: str) -> tzinfo:
    """The time zone of an IANA name or a fixed offset. Errors: WindowError."""
    zone = parse_offset(text.strip())
    if zone:
        return zone
    try:
        return ZoneInfo(text.strip())
    except (ValueError, OSError, LookupError) as error:
        raise WindowError(
            f"sfb_time_zone is {text!r}, which is not known here. Use an IANA name such as Europe/Berlin (not Windows' "
            "own name), or an offset such as +01:00. If the name is right, the controller lacks the tzdata package."
        ) from error


def _moment(stop_at: object, zone: tzinfo, started: float) -> float:
    if isinstance(stop_at, datetime):  # YAML makes one of an unquoted date and time
        return (stop_at if stop_at.tzinfo else stop_at.replace(tzinfo=zone)).timestamp()
    if not isinstance(stop_at, str) or re.fullmatch(r"[\d.]*", stop_at.strip(), re.ASCII):
        raise WindowError(_not_quoted(stop_at))
    found = _TIME_OF_DAY.fullmatch(stop_at.strip())
    try:
        if found:
            return _next(time(int(found[1]), int(found[2]), int(found[3] or 0)), zone, started)
        moment = parse_iso(stop_at)
    except ValueError as error:
        raise WindowError(
            f'sfb_stop_at is {stop_at!r}, which is no time. Write a time of day such as "22:30" (midnight is "00:00"), '
            'or a date and time such as "2026-01-31T22:30".'
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _not_quoted(value: object) -> str:
    """YAML reads an unquoted 22:30 as the number 1350 (22 * 60 + 30), and 22:30:00 as 81000."""
    number = (
        value if isinstance(value, int) else int(value) if isinstance(value, str) and value.strip().isdigit() else None
    )
    meant = "22:30"
    if number is not None and not isinstance(value, bool) and 0 <= number < 86400:
        seconds = number * 60 if number < 1440 else number
        meant = f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    why = "YAML turns a time without quotes, such as 22:30, into a number"
    return f'sfb_stop_at is {value!r}, which is not a time of day: {why}. Write sfb_stop_at: "{meant}".'


def _next(wanted: time, zone: tzinfo, started: float) -> float:
    """The first moment after the start at which the clocks of that zone show the wanted time.

    On the night the clocks go back a time may come twice: both are looked at. On the night they go forward it may not
    come at all: then it is taken as if they had not moved yet (02:30 is the new 03:30; PEP 495).
    """
    today = datetime.fromtimestamp(started, zone).date()
    moments = [moment for day in range(3) for moment in _on(today + timedelta(days=day), wanted, zone)]
    return min(moment for moment in moments if moment > started)


def _on(day: date, wanted: time, zone: tzinfo) -> list[float]:
    first, second = (datetime.combine(day, wanted, zone).replace(fold=fold).timestamp() for fold in (0, 1))
    return [first, second] if second > first else [first]


def may_start_next(now: float, started: float, window: Limits, last_server_minutes: float | None = None) -> Answer:
    """Whether one more server may be taken out now.

    last_server_minutes: how long the last server took, from drain to the gate after it; None before the first one.
    """
    passed = (now - started) / 60
    warning = None
    if window.warn_after_minutes is not None and passed >= window.warn_after_minutes:
        warned = minutes_text(window.warn_after_minutes)
        warning = f"The run has lasted {minutes_text(passed)}, longer than the {warned} of sfb_warn_after_minutes."
    ends = []
    if window.stop_at is not None:
        ends.append((window.stop_at, f"sfb_stop_at ({_shown(window.stop_at, window.zone)})"))
    if window.stop_after_minutes is not None:
        end = started + window.stop_after_minutes * 60
        ends.append(
            (end, f"sfb_stop_after_minutes ({minutes_text(window.stop_after_minutes)}: {_shown(end, window.zone)})")
        )
    if not ends:
        return Answer(True, "No end of the maintenance window was given.", warning)
    end, name = min(ends)
    left = (end - now) / 60
    later = "No further server is started; what was patched stays in service. To go on, start again in the next window."
    if left <= 0:
        return Answer(False, f"It is {_shown(now, window.zone)}, and {name} has passed. {later}", warning)
    if last_server_minutes is not None and left < last_server_minutes:
        took = (
            f"{minutes_text(left)} are left until {name}, and the last server took {minutes_text(last_server_minutes)}"
        )
        return Answer(False, f"{took}. {later}", warning)
    return Answer(True, f"{minutes_text(left)} are left until {name}.", warning)


def _shown(moment: float, zone: tzinfo) -> str:
    """2026-01-31 22:30 Europe/Berlin."""
    if zone is timezone.utc:
        return format_utc(moment)
    name = zone.key if isinstance(zone, ZoneInfo) else str(zone)
    return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M} {name}"


def zone_of_servers(surveys: Sequence[Mapping[str, Any]]) -> str:
    """What a person at the servers means by 22:30; execution environments run in UTC."""
    minutes = next((int(s["utc_offset_minutes"]) for s in surveys if s.get("utc_offset_minutes") is not None), 0)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
