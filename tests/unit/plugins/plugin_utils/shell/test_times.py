# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as servers, the product and people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import times


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (60, "0.01:00:00"),
        (0, "0.00:00:00"),
        (0.5, "0.00:00:30"),
        (90, "0.01:30:00"),
        (1500, "1.01:00:00"),
        (1439.999, "1.00:00:00"),
    ],
)
def test_a_length_travels_as_the_text_of_a_time_span(minutes: float, text: str) -> None:
    assert times.time_span(minutes) == text


@pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        times.time_span(minutes)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T22:30:00Z", datetime(2026, 1, 31, 22, 30, tzinfo=timezone.utc)),
        ("2026-01-31T22:30:00.1234567Z", datetime(2026, 1, 31, 22, 30, 0, 123456, tzinfo=timezone.utc)),
        ("2026-01-31T22:30+01:00", datetime(2026, 1, 31, 21, 30, tzinfo=timezone.utc)),
        ("2026-01-31 22:30:00 -0530", datetime(2026, 2, 1, 4, 0, tzinfo=timezone.utc)),
    ],
)
def test_what_dotnet_and_people_write_is_read_as_utc(text: str, moment: datetime) -> None:
    assert times.parse_utc(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-01-31", "2026-02-30T10:00:00Z", "2026-01-31T25:00:00Z", "22:30"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no .*date and time"):
        times.parse_utc(text)


def test_a_time_without_its_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="does not say its time zone"):
        times.parse_utc("2026-01-31T22:30:00")
    with pytest.raises(ValueError, match="without a zone"):
        times.format_utc(datetime(2026, 1, 31))
    assert times.parse_iso("2026-01-31T22:30:00").tzinfo is None


def test_a_moment_is_written_as_utc_whatever_its_zone() -> None:
    assert times.format_utc(datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-30T23:00:00Z"
    assert times.format_utc(0.9) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["Europe/Berlin", "+15:00", "+01:60", "01:00", ""])
def test_a_name_is_no_fixed_offset(text: str) -> None:
    assert times.parse_offset(text) is None


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(95, "1 h 35 min"), (60, "1 h"), (12.9, "12 min"), (0.4, "less than a minute"), (-3, "less than a minute")],
)
def test_a_length_is_said_as_a_person_says_it(minutes: float, text: str) -> None:
    assert times.minutes_text(minutes) == text
