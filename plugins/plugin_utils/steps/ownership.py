# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose work it is: of two runs over one server the one that came last works, and the earlier one sees that and stops.

A run that finds another run's mark cannot know whether that one was killed or goes on. So it puts its own name before
the other's in the mark ("later < earlier"), and whatever fails a server over or back looks first, in the same process
on the server, whether the name still stands there as it was.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, mark_text, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Outcome

_BEFORE = " < "
#: The error that management_shell.ps1 adds where a first row is not as expected.
UNEXPECTED = "SfbServer.Unexpected"


class TakenOver(SfbError):
    """Another run has taken over this server; nothing more may be done to it, not even putting it back."""


def taken_over(server: str, by: str | None = None) -> TakenOver:
    who = f"run {by}" if by else "another run, which has brought it back already"
    return TakenOver(
        f"{server} was taken over by {who}; this run stops.",
        remedy="Only one run may work on a pool at a time. Let the other one finish, then start this one again if need be.",
    )


def claimed(mark: Mark, run: str, user: str) -> Mark:
    """The mark with this run's name in front; itself where it is there. Raises TakenOver for a run that came later."""
    names = mark.run.split(_BEFORE)
    if names[0] == run:
        return mark
    if run in names:
        raise taken_over(mark.host, names[0])
    return replace(mark, run=_BEFORE.join([run, *names]), user=user)


def guard(mark: Mark) -> Call:
    """Ends the list of calls unless the mark still bears the same names."""
    line = next(line for line in mark_text(mark).splitlines() if line.startswith('  "run": '))
    return windows.line_of(state_folder.MARK, line)


def check(outcome: Outcome, mark: Mark) -> None:
    """Of `guard`. Raises TakenOver; CallFailed where it could not be told."""
    if outcome.absent or any(error.get("id") == UNEXPECTED for error in outcome.errors):
        raise taken_over(mark.host)
    outcome.checked()


def check_text(outcome: Outcome, mark: Mark) -> None:
    """Of the mark read anew. Raises TakenOver; a mark that could not be read this time says nothing."""
    if outcome.absent:
        raise taken_over(mark.host)
    if outcome.ok:
        found = read_mark(outcome.text, mark.host)
        if found.run != mark.run:
            raise taken_over(mark.host, found.run.partition(_BEFORE)[0])
