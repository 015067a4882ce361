# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of every run, whatever befell it: read from the journal of the lab after each test.

The deployment itself says who was out of service: a server counts as out from the first changing line of its fail over
until the end of a fail back that succeeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"


def check(journal: Sequence[Line], named_in_failure: str = "", check_mode: bool = False) -> None:
    """Raises AssertionError with the promise that was broken. `named_in_failure`: the run's output, where it failed."""
    never_two(journal)
    nothing_in_check_mode(journal, check_mode)
    no_quorum_lost(journal)
    nothing_twice(journal)
    whoever_is_out_is_named(journal, named_in_failure)


def changes(journal: Sequence[Line], cmdlet: str | None = None) -> list[Line]:
    return [e for e in journal if e.get("changes") and (cmdlet is None or e.get("cmdlet") == cmdlet)]


def out_at_the_end(journal: Sequence[Line]) -> list[str]:
    """Servers that we took out and did not bring back."""
    return _walk(journal)[0]


def never_two(journal: Sequence[Line]) -> None:
    together = _walk(journal)[1]
    assert not together, f"two servers out of service at once: {together}"


def nothing_in_check_mode(journal: Sequence[Line], check_mode: bool) -> None:
    changing = [e for e in journal if e.get("changes") and (check_mode or e.get("check_mode"))]
    assert not changing, f"changed in check mode: {changing}"


def no_quorum_lost(journal: Sequence[Line]) -> None:
    lost = [e for e in journal if e["kind"] == "felt" and e.get("what") == "quorum_lost"]
    assert not lost, f"quorum lost: {lost}"


def nothing_twice(journal: Sequence[Line]) -> None:
    """No fail over of a server that is out already, no second one while one runs."""
    out: set[str] = set()
    for entry in journal:
        server = _server(entry)
        if entry.get("cmdlet") == FAIL_OVER and entry.get("phase") != "ended" and not entry.get("error"):
            assert server not in out, f"a second fail over of {server} at {entry['time']}"
            out.add(server)
        if entry.get("cmdlet") == FAIL_OVER and entry.get("error"):
            out.discard(server)
        if entry.get("cmdlet") == FAIL_BACK and entry.get("phase") == "ended":
            out.discard(server)


def whoever_is_out_is_named(journal: Sequence[Line], output: str) -> None:
    for server in out_at_the_end(journal):
        assert server in output, f"{server} was left out of service and the run does not say so"


def _server(entry: Line) -> str:
    return str((entry.get("parameters") or {}).get("ComputerName") or entry.get("host")).lower()


def _walk(journal: Sequence[Line]) -> tuple[list[str], list[tuple[str, ...]]]:
    out: list[str] = []
    together: list[tuple[str, ...]] = []
    for entry in journal:
        server = _server(entry)
        if entry.get("cmdlet") == FAIL_OVER:
            if entry.get("changes") and server not in out:
                out.append(server)
                if len(out) > 1:
                    together.append(tuple(out))
            if entry.get("error") and server in out:
                out.remove(server)
        if (
            entry.get("cmdlet") == FAIL_BACK
            and entry.get("phase") == "ended"
            and not entry.get("error")
            and server in out
        ):
            out.remove(server)
    return out, together
