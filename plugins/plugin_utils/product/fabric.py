# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading of Get-CsPoolFabricState: text for people, of which no public source shows a verbatim sample.

So it can only veto. Warnings and known bad words are bad; a server list of the one healthy layout that was described,
or the text that an administrator saved while the pool was healthy (the baseline), is good; everything else is
unknown. The words are English: on a localised system the baseline decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import Baseline, difference

Verdict = Literal["healthy", "degraded", "unknown"]


@dataclass(frozen=True)
class FabricReading:
    """`missing_replicas`: the text says so plainly, which is when the manual resets the pool's registrar."""

    verdict: Verdict
    missing_replicas: bool
    reasons: tuple[str, ...]


_BAD = re.compile(
    r"\b(?:missing|lost|quorum loss|down|errors?|fail(?:ed|ure|ures|s|ing)?(?!\s*-?(?:over|back))|warnings?|unhealthy"
    r"|degraded|unknown|stopped|unreachable|unavailable|offline|inactive|disconnected|time(?:d )?out|in ?build"
    r"|(?:re)?building|stuck|dropped|insufficient|exceptions?|denied|cannot|can't|could not|unable"
    r"|not (?:ok|up|ready|running|healthy|active|available|found|reachable|placed|built|connected)"
    r"|(?:no|without)(?: an?| any)? (?:active )?(?:primary|secondary|secondaries|quorum|replicas?))\b",
    re.IGNORECASE,
)
# "No missing replicas", "0 errors", "0 replicas missing"; a 0 after a word ("Partition 0 down") may be a name, not a
# count.
_NONE_BEFORE = re.compile(
    r"(?:\bno\s+|(?:^|[:,;(|=])\s*(?:none|0)\s+)(?:replicas\s+|servers\s+|nodes\s+)?$", re.IGNORECASE
)
# "Missing replicas: 0", "Errors found = none | ...", "Missing: 0 Down: 0".
_NONE_AFTER = re.compile(
    r"^(?:\s+[a-z]+){0,3}\s*[:=]\s*(?:0|none|no|false)\s*"
    r"(?:\.?$|[,;|)\]](?!\d)|(?<!no)\s[a-z ]{1,30}[:=]\s*(?:\d+|none)\b)",
    re.IGNORECASE,
)
_NO_REPLICA = re.compile(r"(?:no|without)\b.*(?:primary|secondar|replica)", re.IGNORECASE)


def read_fabric(
    lines: Iterable[str],
    warnings: Iterable[str],
    errors: Iterable[str],
    *,
    pool: str,
    product: str,
    members: Sequence[str],
    baseline: Baseline | None = None,
) -> FabricReading:
    """The verdict on one run of Get-CsPoolFabricState -PoolFqdn.

    lines, warnings, errors: the texts of the three streams; members: FQDNs of the pool's Front Ends.
    """
    output, warned, failed = _lines(lines), _lines(warnings), _lines(errors)
    names = sorted({pool, *members, *(m.split(".")[0] for m in members)}, key=len, reverse=True)
    found = {line: _bad_words(_without(line, names)) for line in [*warned, *output]}
    missing = any(_says_missing(_without(line, names), words) for line, words in found.items())
    bad = [f"the warning {_quoted(line)}" for line in warned]
    bad += [f'"{found[line][0]}" in {_quoted(line)}' for line in output if found[line]]
    if bad:
        return FabricReading("degraded", missing, tuple(f"Get-CsPoolFabricState shows {text}" for text in bad))
    if failed:
        return FabricReading(
            "unknown", False, tuple(f"Get-CsPoolFabricState failed: {_quoted(line)}" for line in failed)
        )
    if not output:
        return FabricReading("unknown", False, ("Get-CsPoolFabricState wrote nothing at all",))
    if members and all(any(_ok_and_up(line, member) for line in output) for member in members):
        return FabricReading("healthy", False, ("Get-CsPoolFabricState lists every Front End as OK and Up",))
    return _by_baseline(output, pool, product, baseline)


def _by_baseline(output: Sequence[str], pool: str, product: str, baseline: Baseline | None) -> FabricReading:
    unknown = "The text of Get-CsPoolFabricState is not one that is known to be healthy"
    if baseline is None:
        return FabricReading("unknown", False, (f"{unknown}, and no baseline was saved for {pool}",))
    if baseline.pool.casefold() != pool.casefold() or baseline.product != product:
        of = f"{baseline.pool} ({baseline.product}), not {pool} ({product})"
        return FabricReading("unknown", False, (f"{unknown}, and the baseline is of {of}",))
    first = difference(baseline, output)
    if first:
        return FabricReading(
            "unknown", False, (f"{unknown}; it differs from the baseline of {baseline.saved}: {first}",)
        )
    return FabricReading(
        "healthy", False, (f"Get-CsPoolFabricState shows the same as the baseline of {baseline.saved}",)
    )


def _lines(texts: Iterable[str]) -> list[str]:
    """One line each, without empty ones: the cmdlet may write one text of many lines."""
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def _quoted(line: str) -> str:
    return f'"{line}"' if len(line) <= 200 else f'"{line[:197]}..."'


def _token(name: str) -> str:
    """A pattern for a host name that is not part of a longer one: fe01 is neither fe011 nor fe01.other.com."""
    return rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)"


def _without(line: str, names: Iterable[str]) -> str:
    """The line without host names (a server may be called fe-down-01), its words apart: QuorumLoss -> Quorum Loss."""
    for name in names:
        line = re.sub(_token(name), " ", line, flags=re.IGNORECASE)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_|(?<=[A-Z])(?=[A-Z][a-z])", " ", line)


def _bad_words(text: str) -> list[str]:
    """The known bad words of a line, but for those that it says there are none of."""
    text = re.sub(r"\s+", " ", text)
    return [
        word[0]
        for word in _BAD.finditer(text)
        if not _NONE_BEFORE.search(text[: word.start()]) and not _NONE_AFTER.search(text[word.end() :])
    ]


def _says_missing(text: str, words: Sequence[str]) -> bool:
    lower = [word.casefold() for word in words]
    if "missing" in lower and "replica" in text.casefold():
        return True
    return any(word == "quorum loss" or _NO_REPLICA.match(word) for word in lower)


def _ok_and_up(line: str, member: str) -> bool:
    """BLOG itgala.xyz: at the bottom stands one line per server, OK and Up."""
    named = any(re.search(_token(name), line, re.IGNORECASE) for name in (member, member.split(".")[0]))
    return named and {"ok", "up"} <= set(
        re.findall(r"[a-z]+", _without(line, (member, member.split(".")[0])).casefold())
    )
