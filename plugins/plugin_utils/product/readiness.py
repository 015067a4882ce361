# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading of Get-CsPoolUpgradeReadinessState (2013, 2015) and Get-CsUpgradeDomainInfo (2019 and later).

DOC: one object with the numbers of all and of active Front Ends, the upgrade domains and the readiness, which is
Ready, Busy or InsufficientActiveFrontEnds. Nobody has shown a real one and its names differ by source
(PoolUpgradeState, State; ReadyforUpgrade, IsReadyForUpgrade), so they are found by their meaning; what is not found
stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ready", "busy", "insufficient", "unknown"]
Row = Mapping[str, Any]

_STATES: dict[str, State] = {"ready": "ready", "busy": "busy", "insufficientactivefrontends": "insufficient"}
_STATES |= {"true": "ready", "false": "busy"}  # DOC calls the readiness True or False in another place
_STATE_KEYS = ("poolupgradestate", "state", "readiness", "poolupgradereadinessstate", "upgradereadinessstate")


@dataclass(frozen=True)
class Domain:
    """An upgrade domain: whether it may be upgraded (None: not told), and its Front Ends as the cmdlet names them."""

    name: str
    ready: bool | None
    front_ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Readiness:
    """`active` and `total` are Front Ends, None where they were not told."""

    state: State
    reasons: tuple[str, ...]
    active: int | None = None
    total: int | None = None
    domains: tuple[Domain, ...] = ()


def read_readiness(rows: Sequence[Row]) -> Readiness:
    """What the cmdlet's rows say; the worst of them counts. The names of properties ignore case."""
    objects = [{_plain(key): value for key, value in row.items()} for row in rows]
    domains = tuple(_domains(objects))
    states = [_named_state(row) for row in objects]
    told = [state for state in states if state]
    active = _front_ends(objects, active=True)
    total = _front_ends(objects, active=False)

    def answer(state: State, reason: str) -> Readiness:
        return Readiness(state, (reason,), active, total, domains)

    if not rows:
        return answer("unknown", "The pool's upgrade readiness is not known: the cmdlet returned nothing.")
    strange = [text for text, state in told if state is None]
    if strange:
        return answer("unknown", f"The pool's upgrade readiness is {strange[0]!r}, which is not a known state.")
    known = {state for _text, state in told}
    if "insufficient" in known:
        return answer("insufficient", f"The pool has too few active Front Ends for an upgrade{_counts(active, total)}.")
    if active is not None and total is not None and active < total:
        return answer("insufficient", f"Not every Front End of the pool is active{_counts(active, total)}.")
    if "busy" in known:
        return answer("busy", f"The pool is busy and not ready for an upgrade{_counts(active, total)}.")
    waiting = [domain.name for domain in domains if domain.ready is False]
    if waiting:
        return answer("busy", f"Upgrade domain {', '.join(waiting)} is not ready for an upgrade.")
    unread = [domain.name for domain in domains if domain.ready is None]
    if unread:
        return answer("unknown", f"Whether upgrade domain {', '.join(unread)} is ready was not told.")
    if not told and not (domains and active is not None and active == total):
        return answer(
            "unknown",
            f"The pool's upgrade readiness was not told (found: {', '.join(sorted(objects[0])) or 'nothing'}).",
        )
    return answer("ready", f"The pool is ready for an upgrade{_counts(active, total)}.")


def _plain(text: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


def _counts(active: int | None, total: int | None) -> str:
    return "" if active is None or total is None else f" ({active} of {total} active)"


def _is_domain(row: Row) -> bool:
    """Some rows may be the upgrade domains themselves: a flag, and no state of the pool."""
    return not any(key in row for key in _STATE_KEYS) and "upgradedomains" not in row and _flag_key(row) is not None


def _named_state(row: Row) -> tuple[str, State | None] | None:
    """The state as told and as known; None where the row tells none."""
    key = next((key for key in _STATE_KEYS if row.get(key) is not None), None)
    if key is None:
        return None
    return str(row[key]), _STATES.get(_plain(row[key]))


def _front_ends(objects: Iterable[Row], active: bool) -> int | None:
    for row in objects:
        for key, value in row.items():
            ours = "frontend" in key and "inactive" not in key and ("active" in key) == active
            if ours and not isinstance(value, bool) and re.fullmatch(r"\d+", str(value), re.ASCII):
                return int(value)
    return None


def _flag_key(row: Row) -> str | None:
    return next((key for key in row if "ready" in key), None)


def _domains(objects: Iterable[Row]) -> Iterable[Domain]:
    for row in objects:
        nested = [row] if _is_domain(row) else row.get("upgradedomains") or []
        for number, domain in enumerate(nested if isinstance(nested, (list, tuple)) else [nested], 1):
            if isinstance(domain, Mapping):  # a text is only a name
                plain = {_plain(key): value for key, value in domain.items()}
                flag = {"true": True, "false": False}.get(_plain(plain.get(_flag_key(plain) or "")))
                listed = plain.get("frontends") or ()
                front_ends = listed if isinstance(listed, (list, tuple)) else [listed]
                yield Domain(str(plain.get("name") or number), flag, tuple(str(name).lower() for name in front_ends))
