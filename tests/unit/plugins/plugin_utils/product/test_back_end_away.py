# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of an outage: from the first failed look to the first good one."""

from __future__ import annotations

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.back_end_away import BackEndAway


def looked(*looks: tuple[float, bool], limit: float = 30, since: float | None = None) -> BackEndAway:
    """After looks of (minute, whether the back end answered)."""
    away = BackEndAway(limit, since)
    for minute, answers in looks:
        away = away.look(minute * 60, answers)
    return away


def test_a_back_end_that_always_answers_was_never_away() -> None:
    away = looked((0, True), (5, True))
    assert (away.since, away.longest(600), away.past_limit(10**6)) == (None, 0, False)


def test_the_clock_starts_at_the_first_failed_look_and_stops_at_the_first_good_one() -> None:
    away = looked((0, True), (2, False), (5, False), (15, True), (20, True))
    assert away.since is None
    assert away.longest(9999) == 13


def test_while_it_goes_on_it_grows() -> None:
    away = looked((2, False))
    assert away.running(14 * 60) == away.longest(14 * 60) == 12


@pytest.mark.parametrize(("minutes", "past"), [(29, False), (29.9, False), (30, True), (31, True)])
def test_thirty_minutes_or_more_is_past_the_limit_whether_it_goes_on_or_is_over(minutes: float, past: bool) -> None:
    assert looked((0, False)).past_limit(minutes * 60) is past
    assert looked((0, False), (minutes, True)).past_limit(10**6) is past


def test_short_outages_are_not_added_up() -> None:
    away = looked((0, False), (20, True), (21, False), (40, True))
    assert away.longest(10**6) == 20
    assert not away.past_limit(10**6)


def test_an_outage_that_an_earlier_task_saw_begin_goes_on() -> None:
    away = looked((10, False), (12, True), since=-20 * 60)
    assert away.longest(10**6) == 32


def test_a_limit_of_its_own() -> None:
    assert looked((0, False), (11, True), limit=10).past_limit(10**6)
