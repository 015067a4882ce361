# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions and component tables."""

from __future__ import annotations

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.product.versions import Change, VersionError

CORE = "Skype for Business Server 2015, Core Components"
WEB = "Skype for Business Server 2015, Web Components Server"


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("6.0.9319.9", "6.0.9319.10", -1),
        ("6.0.9319.628", "6.0.9319.628", 0),
        ("6.0.9319", "6.0.9319.0", 0),
        ("7.0.2046.0", "6.0.9319.628", 1),
        ("6.0.09319.7", "6.0.9319.07", 0),
        (" 6.0.9319.1 ", "6.0.9319.1", 0),
    ],
)
def test_versions_are_compared_as_numbers(left: str, right: str, order: int) -> None:
    assert (versions.compare(left, right), versions.compare(left=right, right=left)) == (order, -order)


@pytest.mark.parametrize("junk", ["", "6", "6.0.9319.x", "6..1", "6.0.9319.1.2", "v6.0", "6.0.-1", "\u0666.\u0660"])
def test_junk_is_no_version(junk: str) -> None:
    with pytest.raises(VersionError, match="is no version"):
        versions.parse(junk)


@pytest.mark.parametrize("value", [6.0, 6, None, True])
def test_a_version_without_quotes_is_refused_with_the_hint(value: object) -> None:
    with pytest.raises(VersionError, match="Write it in quotes"):
        versions.parse(value)


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("5.0.8308.0", "lync2013"),
        ("6.0.9319.0", "sfb2015"),
        ("7.0.2046.0", "sfb2019"),
        ("8.1.0.0", "sfb2019"),
        ("4.0.7577.0", None),
        ("0.0", None),
    ],
)
def test_the_major_number_says_whose_rules_hold(version: str, key: str | None) -> None:
    product = versions.product_of(version)
    assert (product.key if product else None) == key


def test_the_base_version_is_found_in_the_text_of_get_csserverversion() -> None:
    text = "Skype for Business Server 2019 (7.0.2046.0): Volume license key installed."
    assert versions.version_in_text(text) == "7.0.2046.0"
    assert versions.version_in_text("Skype for Business Server 2019") is None


@pytest.mark.parametrize(
    ("installed", "has", "down"),
    [("6.0.9319.534", False, False), ("6.0.9319.628", True, False), ("6.0.9319.700", True, True)],
)
def test_core_components_alone_decide_whether_the_update_is_there(installed: str, has: bool, down: bool) -> None:
    table = {CORE: installed, WEB: "6.0.9319.0"}
    assert versions.has_update(table, "6.0.9319.628") is has
    assert versions.would_go_down(table, "6.0.9319.628") is down


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({}, "found: nothing"),
        ({WEB: "6.0.9319.0"}, "No Core Components is listed"),
        ({CORE: "6.0.9319.0", "Lync Server 2013, Core Components": "5.0.8308.0"}, "More than one Core Components"),
        ({CORE: "unknown"}, "has a version that can't be read"),
    ],
)
def test_a_table_without_one_clear_core_version_is_refused(table: dict[str, str], text: str) -> None:
    with pytest.raises(VersionError, match=text):
        versions.has_update(table, "6.0.9319.628")


def test_after_the_update_each_component_that_moved_is_listed_and_each_that_fell_is_bad() -> None:
    before = {CORE: "6.0.9319.534", WEB: "6.0.9319.534", "UCMA": "5.0.1", "Old": "1.0", "Odd": "?"}
    after = {CORE: "6.0.9319.628", WEB: "6.0.9319.99", "UCMA": "5.0.1.0", "New": "1.0", "Odd": "?"}
    assert versions.changed(before, after) == [
        Change("New", None, "1.0"),
        Change("Old", "1.0", None),
        Change(CORE, "6.0.9319.534", "6.0.9319.628"),
        Change(WEB, "6.0.9319.534", "6.0.9319.99"),
    ]
    assert [str(change) for change in versions.lowered(before, after)] == [
        "Old: 1.0 -> no longer listed",
        f"{WEB}: 6.0.9319.534 -> 6.0.9319.99",
    ]


def test_a_version_that_became_unreadable_counts_as_lowered() -> None:
    assert versions.lowered({CORE: "6.0.9319.1"}, {CORE: ""}) == [Change(CORE, "6.0.9319.1", "")]


def test_at_the_end_every_server_shows_the_same_table() -> None:
    same = {CORE: "6.0.9319.628", WEB: "6.0.9319.628"}
    assert versions.differing({"fe01": same, "fe02": {**same, CORE: "6.0.9319.0628"}}) == []
    assert versions.differing({}) == []


def test_at_the_end_a_component_that_is_behind_or_missing_is_named_with_its_server() -> None:
    tables = {"fe01": {CORE: "6.0.9319.628", WEB: "6.0.9319.628"}, "fe02": {CORE: "6.0.9319.534"}}
    assert [str(difference) for difference in versions.differing(tables)] == [
        f"{CORE}: fe01 6.0.9319.628, fe02 6.0.9319.534",
        f"{WEB}: fe01 6.0.9319.628, fe02 not listed",
    ]
