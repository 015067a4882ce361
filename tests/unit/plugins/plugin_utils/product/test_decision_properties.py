# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of the decisions for every input, not only for those of the tables."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis")

from ansible_collections.sfb.server.plugins.plugin_utils.product import fabric, quorum, services, versions
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import normalise
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, ServiceBefore, mark_text, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.run import window
from ansible_collections.sfb.server.plugins.plugin_utils.shell import times
from hypothesis import assume, given, settings
from hypothesis import strategies as st

ever = settings(deadline=None, database=None, derandomize=True)
MEMBERS = ["fe01.example.com", "fe02.example.com", "fe03.example.com"]
numbers = st.lists(st.integers(0, 99999), min_size=2, max_size=4)
states = st.sampled_from(["Running", "Stopped", "Starting", "Stopping", "Paused", ""])
start_types = st.sampled_from(["Automatic", "Manual", "Disabled", ""])
names = st.sampled_from(["RTCSRV", "RTCAVMCU", "W3SVC", "REPLICA"])
service_lists = st.lists(st.builds(services.Service, names, states, start_types), unique_by=lambda s: s.name)


@ever
@given(numbers, numbers)
def test_versions_order_as_their_numbers(left: list[int], right: list[int]) -> None:
    padded = [[*part, 0, 0][:4] for part in (left, right)]
    expected = (padded[0] > padded[1]) - (padded[0] < padded[1])
    assert versions.compare(".".join(map(str, left)), ".".join(map(str, right))) == expected


@ever
@given(st.text(max_size=20))
def test_any_text_is_a_version_or_is_refused_by_name(text: str) -> None:
    try:
        assert len(versions.parse(text)) == 4
    except versions.VersionError as error:
        assert "is no version" in str(error)


@ever
@given(service_lists)
def test_in_service_means_that_rtcsrv_and_every_automatic_service_runs(found: list[services.Service]) -> None:
    if services.server_state(found, None).state == "in_service":
        assert any(s.name == "RTCSRV" and s.status == "Running" for s in found)
        assert all(s.status == "Running" for s in found if s.start_type in ("Automatic", ""))


@ever
@given(service_lists, st.booleans(), st.booleans())
def test_a_marked_server_is_never_in_service(found: list[services.Service], over: bool, back: bool) -> None:
    mark = Mark("r", "2026-01-31T22:30:00Z", "u", "h", {})
    assert services.server_state(found, mark, over, back).state in ("out_by_us", "draining", "coming_back")


@ever
@given(st.dictionaries(st.text(min_size=1), st.builds(ServiceBefore, st.text(), st.text())), st.text(min_size=1))
def test_every_mark_comes_back_as_it_was_written(found: dict[str, ServiceBefore], user: str) -> None:
    assume(user.strip())
    mark = Mark("r", "2026-01-31T22:30:00Z", user, "fe01.example.com", found)
    assert read_mark(mark_text(mark), "fe01.example.com") == mark


@ever
@given(st.integers(0, 20), st.sampled_from(["lync2013", "sfb2015", "sfb2019", "?"]), st.sets(st.integers(0, 19)))
def test_one_more_server_away_never_gives_a_pool_its_quorum_back(size: int, product: str, away: set[int]) -> None:
    members = [f"fe{number}" for number in range(size)]
    out = {members[number] for number in away if number < size}
    held = quorum.quorum(members, out, product).held
    assert all(quorum.quorum(members, out | {one}, product).held in (held, False) for one in members) or held is None
    if out:
        assert quorum.may_lose_one(members, out, product).held is not True


@ever
@given(st.lists(st.text()), st.lists(st.text()), st.lists(st.text()))
def test_no_text_with_a_warning_or_an_error_is_ever_healthy(
    lines: list[str], warnings: list[str], errors: list[str]
) -> None:
    healthy = [f"{name} OK Up" for name in MEMBERS]
    for text in (lines, [*healthy, *lines]):
        reading = fabric.read_fabric(text, warnings, errors, pool="p.example.com", product="sfb2015", members=MEMBERS)
        assert reading.reasons
        if any(part.strip() for warning in (*warnings, *errors) for part in warning.splitlines()):
            assert reading.verdict != "healthy"


@ever
@given(st.lists(st.text(alphabet="ab1 9/:.-{}%,of\n\t")))
def test_a_normalised_text_stays_as_it_is(texts: list[str]) -> None:
    once = normalise(texts)
    assert normalise([once]) == once


@ever
@given(st.floats(0, 1e6))
def test_a_time_span_says_its_minutes(minutes: float) -> None:
    days, clock = times.time_span(minutes).split(".")
    hours, mins, seconds = (int(part) for part in clock.split(":"))
    assert hours < 24 and mins < 60 and seconds < 60
    assert abs(int(days) * 1440 + hours * 60 + mins + seconds / 60 - minutes) <= 1 / 119


@ever
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    st.times(),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Taipei", "+05:30"]),
)
def test_the_window_ends_after_its_start_within_a_day_and_at_the_wanted_time(
    start: datetime, wanted: object, zone: str
) -> None:
    began = start.replace(tzinfo=window.zone_of("UTC"), microsecond=0).timestamp()
    end = window.limits(began, f"{wanted:%H:%M}", zone).stop_at
    assert end is not None
    assert began < end <= began + timedelta(hours=25).total_seconds()
    shown = datetime.fromtimestamp(end, window.zone_of(zone))
    missing = shown.utcoffset() != (shown - timedelta(hours=2)).utcoffset()  # the clocks were just changed
    assert f"{shown:%H:%M}" == f"{wanted:%H:%M}" or missing


@ever
@given(st.floats(0, 2000), st.floats(1, 2000), st.none() | st.floats(0, 500))
def test_no_server_is_started_that_would_end_after_the_window(now: float, stop: float, last: float | None) -> None:
    answer = window.may_start_next(now * 60, 0, window.limits(0, stop_after_minutes=stop), last)
    assert answer.reason
    if answer.allowed:
        assert now + (last or 0) <= stop + 1e-6
