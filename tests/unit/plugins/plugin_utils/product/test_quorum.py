# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quorum of a pool."""

from __future__ import annotations

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.quorum import (
    BackEnd,
    back_end_vote,
    may_lose,
    may_lose_one,
    quorum,
)


def pool(size: int) -> list[str]:
    return [f"fe{number:02}.example.com" for number in range(1, size + 1)]


# Size, how many may be away of the first ones, first ones.  DOC: high-availability.md.
OLD = [
    (2, 1, 2),
    (3, 1, 3),
    (4, 2, 4),
    (5, 2, 5),
    (6, 3, 6),
    (7, 3, 7),
    (8, 3, 7),
    (9, 3, 7),
    (10, 4, 9),
    (11, 4, 9),
    (12, 4, 9),
]
NEW = [row for row in OLD if 2 < row[0] < 12] + [(size, 5, 12) for size in range(12, 17)]
CASES = [(product, *row) for product in ("lync2013", "sfb2015") for row in OLD] + [("sfb2019", *row) for row in NEW]


@pytest.mark.parametrize(("product", "size", "spare", "first"), CASES)
def test_the_pool_stands_as_long_as_the_table_says(product: str, size: int, spare: int, first: int) -> None:
    members = pool(size)
    assert quorum(members, members[:spare], product).held is True
    assert quorum(members, members[: spare + 1], product).held is False
    assert quorum(members, [*members[:spare], *members[first:]], product).held is True


@pytest.mark.parametrize(("product", "size", "spare", "first"), CASES)
def test_every_pool_of_the_table_may_lose_one(product: str, size: int, spare: int, first: int) -> None:
    assert may_lose_one(pool(size), (), product).held is True


def test_the_reason_counts_the_servers_that_matter() -> None:
    members = pool(8)
    (reason,) = quorum(members, members[:4], "sfb2015").reasons
    assert "A pool of 8 Front Ends needs 4 (of the first 7 in the order of Get-CsComputer)" in reason
    assert "3 of them run." in reason
    assert "stop all their services" in reason


@pytest.mark.parametrize(
    ("size", "product", "text"),
    [
        (0, "sfb2015", "no quorum rule"),
        (1, "sfb2015", "A pool of one Front End"),
        (13, "sfb2015", "no quorum rule for a pool of 13"),
        (17, "sfb2019", "no quorum rule for a pool of 17"),
        (2, "sfb2019", "does not support a pool of two"),
        (3, "unknown", "The product 'unknown' is not known"),
    ],
)
def test_a_pool_that_is_not_in_the_table_is_unknown(size: int, product: str, text: str) -> None:
    answer = quorum(pool(size), (), product)
    assert answer.held is None
    assert text in answer.reasons[0]


def test_unclear_members_are_unknown() -> None:
    assert quorum(pool(3), {"fe09.example.com"}, "sfb2015").held is None
    assert quorum([*pool(2), "FE01.example.com"], (), "sfb2015").held is None
    assert may_lose("fe09.example.com", pool(3), (), "sfb2015").held is None
    assert may_lose_one([], (), "sfb2015").held is None


def test_never_two_even_where_the_table_would_allow_it() -> None:
    members = pool(7)
    answer = may_lose(members[1], members, {"FE01.example.com"}, "sfb2015")
    assert answer.held is False
    assert "never two of one pool" in answer.reasons[0]
    assert may_lose_one(members, {"FE01.example.com"}, "sfb2015").held is False


def test_the_server_that_is_out_may_be_asked_about_itself() -> None:
    assert may_lose("fe01.example.com", pool(3), {"FE01.example.com"}, "sfb2015").held is True


SQL = "sql01.example.com"


@pytest.mark.parametrize(
    ("size", "back_end", "held", "text"),
    [
        (3, None, True, "has no vote"),
        (3, BackEnd(SQL, False, False), True, "has no vote"),
        (4, BackEnd(SQL, True, True), True, "its vote counts"),
        (4, BackEnd(SQL, False, True), False, "can't be reached"),
        (4, BackEnd(SQL, True, False), False, "already lost a vote"),
        (4, BackEnd(SQL, None, True), None, "was not read"),
        (4, BackEnd(SQL, True, None), None, "was not read"),
        (2, None, None, "was not read"),
    ],
)
def test_in_an_even_pool_the_back_end_has_a_vote(
    size: int, back_end: BackEnd | None, held: bool | None, text: str
) -> None:
    answer = back_end_vote(pool(size), back_end)
    assert answer.held is held
    assert text in answer.reasons[0]
