# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The maintenance window."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.run.window import Answer, WindowError, limits, may_start_next
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc, parse_utc


def at(text: str) -> float:
    return parse_utc(text).timestamp()


START = at("2026-01-31T20:00:00Z")  # 21:00 in Berlin


@pytest.mark.parametrize(
    ("stop_at", "zone", "moment"),
    [
        ("22:30", "Europe/Berlin", "2026-01-31T21:30:00Z"),
        ("05:30", "Europe/Berlin", "2026-02-01T04:30:00Z"),
        ("5:30", "Europe/Berlin", "2026-02-01T04:30:00Z"),
        ("00:00", "Europe/Berlin", "2026-01-31T23:00:00Z"),
        ("22:30:15", "UTC", "2026-01-31T22:30:15Z"),
        ("21:00", "Europe/Berlin", "2026-02-01T20:00:00Z"),
        ("05:30", "+05:30", "2026-02-01T00:00:00Z"),
        ("05:30", "-0300", "2026-02-01T08:30:00Z"),
        ("2026-02-01T05:30", "Europe/Berlin", "2026-02-01T04:30:00Z"),
        ("2026-02-01 05:30:00+00:00", "Europe/Berlin", "2026-02-01T05:30:00Z"),
        ("2026-01-30T05:30:00Z", "Europe/Berlin", "2026-01-30T05:30:00Z"),
        (datetime(2026, 2, 1, 5, 30), "Europe/Berlin", "2026-02-01T04:30:00Z"),
        (datetime(2026, 2, 1, 5, 30, tzinfo=timezone.utc), "Europe/Berlin", "2026-02-01T05:30:00Z"),
    ],
)
def test_the_window_ends_at_the_next_such_time_of_that_zone(stop_at: object, zone: str, moment: str) -> None:
    end = limits(START, stop_at, zone).stop_at
    assert end is not None
    assert format_utc(end) == moment


@pytest.mark.parametrize(
    ("start", "stop_at", "moment"),
    [
        pytest.param("2026-03-28T22:00:00Z", "05:30", "2026-03-29T03:30:00Z", id="the clocks go forward in between"),
        pytest.param("2026-10-24T22:00:00Z", "05:30", "2026-10-25T04:30:00Z", id="the clocks go back in between"),
        pytest.param("2026-03-28T22:00:00Z", "02:30", "2026-03-29T01:30:00Z", id="a time that does not come is 03:30"),
        pytest.param("2026-10-24T22:00:00Z", "02:30", "2026-10-25T00:30:00Z", id="of two the first"),
        pytest.param("2026-10-25T00:45:00Z", "02:30", "2026-10-25T01:30:00Z", id="of two the second, after the first"),
    ],
)
def test_a_night_on_which_the_clocks_change(start: str, stop_at: str, moment: str) -> None:
    end = limits(at(start), stop_at, "Europe/Berlin").stop_at
    assert end is not None
    assert format_utc(end) == moment


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1350, '"22:30"'),
        ("1350", '"22:30"'),
        (330, '"05:30"'),
        (81015, '"22:30:15"'),
        (22.5, '"22:30"'),
        ("22.30", '"22:30"'),
    ],
)
def test_a_number_is_refused_with_the_time_that_was_meant(value: object, hint: str) -> None:
    with pytest.raises(WindowError) as refusal:
        limits(START, value, "Europe/Berlin")
    assert f"Write sfb_stop_at: {hint}" in str(refusal.value)
    assert "without quotes" in str(refusal.value)


@pytest.mark.parametrize("value", ["24:00", "12:60", "half past ten", "2026-01-31", "22:30 Uhr", "2026-02-30T10:00"])
def test_what_is_no_time_is_refused_with_the_way_to_write_it(value: str) -> None:
    with pytest.raises(WindowError, match='Write a time of day such as "22:30"'):
        limits(START, value, "Europe/Berlin")


@pytest.mark.parametrize("value", [True, date(2026, 1, 31), ["22:30"]])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(WindowError, match="which is not a time of day"):
        limits(START, value, "Europe/Berlin")


@pytest.mark.parametrize(
    "zone", ["W. Europe Standard Time", "Mars/Olympus", "../etc/passwd", "", "/etc/localtime", "Europe"]
)
def test_a_zone_that_is_not_known_is_refused(zone: str) -> None:
    with pytest.raises(WindowError, match="Use an IANA name such as Europe/Berlin"):
        limits(START, "22:30", zone)


@pytest.mark.parametrize("minutes", [0, -5, float("nan")])
def test_minutes_that_are_no_length_are_refused(minutes: float) -> None:
    with pytest.raises(WindowError, match="sfb_stop_after_minutes"):
        limits(START, stop_after_minutes=minutes)
    with pytest.raises(WindowError, match="sfb_warn_after_minutes"):
        limits(START, warn_after_minutes=minutes)


def ask(minute: float, last: float | None = None, **options: object) -> Answer:
    window = limits(START, time_zone="Europe/Berlin", **options)  # type: ignore[arg-type]
    return may_start_next(START + minute * 60, START, window, last)


def test_without_limits_the_next_server_may_always_be_started() -> None:
    assert ask(10_000, 600).allowed is True
    assert ask(10_000, stop_at="").allowed is True


@pytest.mark.parametrize(
    ("minute", "last", "allowed", "text"),
    [
        (0, None, True, "1 h 30 min are left until sfb_stop_at (2026-01-31 22:30 Europe/Berlin)"),
        (45, 45, True, "45 min are left"),
        (
            46,
            45,
            False,
            "44 min are left until sfb_stop_at (2026-01-31 22:30 Europe/Berlin), and the last server took 45 min.",
        ),
        (89, None, True, "1 min are left"),
        (
            90,
            None,
            False,
            "It is 2026-01-31 22:30 Europe/Berlin, and sfb_stop_at (2026-01-31 22:30 Europe/Berlin) has passed.",
        ),
        (500, 1, False, "has passed"),
    ],
)
def test_a_server_is_started_only_while_there_is_time_for_it(
    minute: float, last: float | None, allowed: bool, text: str
) -> None:
    answer = ask(minute, last, stop_at="22:30")
    assert answer.allowed is allowed
    assert text in answer.reason
    assert ("start again in the next window" in answer.reason) is not allowed


def test_the_earlier_of_two_ends_counts() -> None:
    assert "sfb_stop_after_minutes (30 min: 2026-01-31 21:30" in ask(31, stop_at="22:30", stop_after_minutes=30).reason
    assert "sfb_stop_at" in ask(91, stop_at="22:30", stop_after_minutes=300).reason


def test_a_run_that_lasts_long_is_warned_about_and_goes_on() -> None:
    assert ask(59, warn_after_minutes=60).warning is None
    answer = ask(75, warn_after_minutes=60)
    assert answer.allowed is True
    assert answer.warning == "The run has lasted 1 h 15 min, longer than the 1 h of sfb_warn_after_minutes."
