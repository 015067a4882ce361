# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fabric baseline: what Get-CsPoolFabricState wrote of a pool while its administrator knew it to be healthy.

JSON: {"pool": FQDN, "product": "sfb2015", "saved": ISO 8601 UTC, "lines": [normalised lines]}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

_GUID = re.compile(r"[{(]?\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b[)}]?", re.IGNORECASE)
_CLOCK = r"(?:\d+\.)?\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AP]\.?M\.?(?!\w))?"
_DATE = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
_TIME = re.compile(
    rf"(?<![\w.:]){_DATE}(?:T|,?\s+)?(?:{_CLOCK})?(?:Z|[+-]\d{{2}}:?\d{{2}})?(?![\w:])|(?<![\w.:]){_CLOCK}(?![\w:])",
    re.IGNORECASE,
)
# A number of its own, with or without a unit; digits in a name (fe01, 7.0.2046.0 in a path) stay or go with their word.
_NUMBER = r"(?<![\w.-])[+-]?(?:0x[0-9a-f]+|\d+(?:[.,]\d+)*)\s?(?:%|(?:ms|s|sec|min|h|KB|MB|GB)\b)?(?![\w-]|\.\w)"
_NUMBERS = re.compile(_NUMBER, re.IGNORECASE)
# "2 of 3" is not "3 of 3": the numbers go, but whether something is short stays.
_PART = re.compile(r"(?<![\w.,/-])(\d+)\s*(?:/|\b(?:out )?of\b)\s*(\d+)(?![\w/-]|[.,]\d)", re.IGNORECASE)


class BaselineError(ValueError):
    """A baseline that can't be read or must not be saved."""


@dataclass(frozen=True)
class Baseline:
    """The normalised text of one pool; `product` as in the lab's cmdlets.json, `saved` ISO 8601 UTC."""

    pool: str
    product: str
    saved: str
    lines: tuple[str, ...]


def normalise(texts: Iterable[str]) -> str:
    """The text without what changes while nothing happens: GUIDs, dates, times, numbers. Lines keep their order."""
    lines = [_normal_line(line) for text in texts for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


def _normal_line(line: str) -> str:
    line = _GUID.sub("<id>", line)
    line = _TIME.sub("<time>", line)
    line = _PART.sub(lambda found: "<all>" if int(found[1]) == int(found[2]) else "<part>", line)
    return " ".join(_NUMBERS.sub("<number>", line).split())


def new_baseline(texts: Iterable[str], pool: str, product: str, saved: str) -> Baseline:
    """The baseline to save. Errors: BaselineError for an empty text. For warnings see fabric.read_fabric."""
    lines = normalise(texts).splitlines()
    if not lines:
        raise BaselineError(
            f"Get-CsPoolFabricState wrote nothing for {pool}, so there is nothing to compare with later."
        )
    return Baseline(pool, product, saved, tuple(lines))


def difference(baseline: Baseline, texts: Iterable[str]) -> str | None:
    """The first line in which a text differs from the baseline, in words; None where it is the same."""
    return _first_difference(baseline.lines, normalise(texts).splitlines())


def changed_line(before: Iterable[str], after: Iterable[str]) -> str | None:
    """The same of two texts of one pool."""
    return _first_difference(normalise(before).splitlines(), normalise(after).splitlines())


def _first_difference(then: Sequence[str], now: Sequence[str]) -> str | None:
    for number in range(max(len(now), len(then))):
        before = then[number] if number < len(then) else None
        after = now[number] if number < len(now) else None
        if before != after:
            had = "nothing more" if before is None else f'"{before}"'
            has = "nothing more" if after is None else f'"{after}"'
            return f"line {number + 1} was {had} and is {has}"
    return None


def baseline_text(baseline: Baseline) -> str:
    """The baseline as the JSON text of its file."""
    return json.dumps(asdict(baseline), indent=2, sort_keys=True) + "\n"


def read_baseline(text: str, where: str) -> Baseline:
    """A saved baseline; `where` names its file in the error. Errors: BaselineError, for an administrator."""
    try:
        found = json.loads(text.removeprefix("\ufeff"))
        pool, product, saved, lines = (found[key] for key in ("pool", "product", "saved", "lines"))
        readable = all(isinstance(value, str) and value for value in (pool, product, saved))
        if not readable or not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
            raise ValueError("pool, product and saved must be texts, lines a list of texts")
        parse_utc(saved)
    except (ValueError, KeyError, TypeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise BaselineError(
            f"The fabric baseline {where} can't be read: {why}. Save it anew with pool_status.yml while the pool is "
            "known to be healthy, or leave sfb_fabric_baseline away."
        ) from error
    return Baseline(pool, product, saved, tuple(lines))
