# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many Front Ends a pool needs, and whether it can lose one.

DOC high-availability.md (same numbers for Lync Server 2013); "first" is the order in which Get-CsComputer -Pool lists
them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`must_run` of the first `of_first` keep the pool up; `to_start` bring it up from cold (None: not said)."""

    must_run: int
    of_first: int
    to_start: int | None


TABLE = {
    2: Row(1, 2, 1),
    3: Row(2, 3, 3),
    4: Row(2, 4, 3),
    5: Row(3, 5, 4),
    6: Row(3, 6, 5),
    7: Row(4, 7, 5),
    8: Row(4, 7, 6),
    9: Row(4, 7, 7),
    10: Row(5, 9, 8),
    11: Row(5, 9, 9),
    12: Row(5, 9, 10),
}
# 2019 refuses to publish a pool of two, and has rows of its own from 12 on; of 13 to 15 no number for the start is
# given.
TABLE_2019 = {size: row for size, row in TABLE.items() if 2 < size < 12}
TABLE_2019 |= {size: Row(7, 12, to_start) for size, to_start in {12: 10, 13: None, 14: None, 15: None, 16: 12}.items()}
TABLES = {"lync2013": TABLE, "sfb2015": TABLE, "sfb2019": TABLE_2019}


@dataclass(frozen=True)
class Quorum:
    """`held` is None where the table has no answer. `reasons` say it in words."""

    held: bool | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BackEnd:
    """The primary SQL back end; None where it was not read. One that is not mirrored is principal."""

    name: str
    reachable: bool | None
    principal: bool | None


def quorum(members: Sequence[str], out: Collection[str], product: str) -> Quorum:
    """Whether the pool stays functional with the servers in `out` not running.

    members: FQDNs in Get-CsComputer order; product: "lync2013", "sfb2015" or "sfb2019" (also for what came later).
    """
    names = [name.casefold() for name in members]
    away = {name.casefold() for name in out}
    strangers = sorted(away - set(names))
    if strangers or len(set(names)) != len(names):
        what = f"{', '.join(strangers)} is no member of this pool" if strangers else "a server is listed twice"
        return Quorum(None, (f"The members of the pool are not clear: {what}. Check Get-CsComputer -Pool.",))
    row = TABLES.get(product, {}).get(len(members))
    if row is None:
        return Quorum(None, (_not_in_table(len(members), product),))
    running = [name for name in members[: row.of_first] if name.casefold() not in away]
    rule = "any" if row.of_first == len(members) else f"of the first {row.of_first} in the order of Get-CsComputer"
    without = f"Without {', '.join(sorted(away))} " if away else ""
    counted = f"{without}{len(running)} of them run{'s' if len(running) == 1 else ''}."
    fact = f"A pool of {len(members)} Front Ends needs {row.must_run} ({rule}). {counted}"
    if len(running) >= row.must_run:
        return Quorum(True, (fact,))
    return Quorum(False, (f"{fact} Below that the Front Ends that are left stop all their services.",))


def _not_in_table(size: int, product: str) -> str:
    if product not in TABLES:
        return f"The product {product!r} is not known, so nobody can say how many Front Ends its pool needs."
    if size == 1:
        return "A pool of one Front End can't lose it: patch it as a Standard Edition server, in a planned outage."
    if size == 2:
        return (
            "This product does not support a pool of two Front Ends, so it has no quorum rule. Patch it in an outage."
        )
    return (
        f"Microsoft gives no quorum rule for a pool of {size} Front Ends of this product. Check Get-CsComputer -Pool."
    )


def may_lose(server: str, members: Sequence[str], out: Collection[str], product: str) -> Quorum:
    """Whether `server` may be taken out now. Never while another one is out, whatever the table says.

    A routing group has three replicas and a quorum of its own: losing two puts its users into limited mode although
    the pool still has its quorum (BLOG BRYNTESON).
    """
    others = sorted(name for name in out if name.casefold() != server.casefold())
    if others:
        fact = f"{', '.join(others)} is out of service, so {server} must not be taken out: never two of one pool."
        return Quorum(False, (f"{fact} Bring {', '.join(others)} back first.",))
    return quorum(members, {server}, product)


def may_lose_one(members: Sequence[str], out: Collection[str], product: str) -> Quorum:
    """Whether the pool can lose any one more of its servers; the reasons are those of the first that it can't."""
    away = {name.casefold() for name in out}
    answers = [may_lose(name, members, out, product) for name in members if name.casefold() not in away]
    if not answers:
        return Quorum(None, ("No Front End of this pool is in service or its members were not read.",))
    return next((answer for answer in answers if not answer.held), answers[0])


def back_end_vote(members: Sequence[str], back_end: BackEnd | None) -> Quorum:
    """In a pool with an even number of Front Ends the primary SQL back end is a vote of the quorum (DOC, BRYNTESON).

    held: True also for odd pools, which do not need it.
    """
    if len(members) % 2:
        return Quorum(True, (f"With {len(members)} Front Ends the SQL back end has no vote in the quorum.",))
    if back_end is None or back_end.reachable is None:
        name = back_end.name if back_end else "the primary SQL back end"
        return Quorum(None, (f"Whether {name}, a vote in this pool's quorum, can be reached was not read.",))
    if not back_end.reachable:
        return Quorum(
            False, (f"{back_end.name} is a vote in this pool's quorum and can't be reached. Bring it up first.",)
        )
    if back_end.principal is None:
        return Quorum(None, (f"Whether {back_end.name}, a vote in this pool's quorum, is principal was not read.",))
    if not back_end.principal:
        cure = "Make it principal (Invoke-CsDatabaseFailover -NewPrincipal Primary)"
        return Quorum(
            False, (f"The mirror of {back_end.name} is principal, so this pool already lost a vote. {cure}.",)
        )
    return Quorum(True, (f"{back_end.name} is reachable and principal: its vote counts.",))
