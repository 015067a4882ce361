# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a back end has been away, as looks from a Front End tell it.

An outage runs from the first look that failed to the first one that did not; several short ones are not added up,
because the product's limit is about one (DOC: BackupStoreUnavailableThreshold, 30 minutes where nobody set it).
What really happened began up to one interval of looking earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class BackEndAway:
    """Times are seconds since 1970. `since`: the first failed look of the outage that still goes on."""

    limit_minutes: float
    since: float | None = None
    ended: float = 0.0
    """Minutes of the longest outage that is over."""

    def look(self, now: float, answers: bool) -> BackEndAway:
        """After one more look."""
        if not answers:
            return self if self.since is not None else replace(self, since=now)
        if self.since is None:
            return self
        return replace(self, since=None, ended=max(self.ended, self.running(now)))

    def running(self, now: float) -> float:
        """Minutes of the outage that goes on; 0 while the back end answers."""
        return max(0.0, now - self.since) / 60 if self.since is not None else 0.0

    def longest(self, now: float) -> float:
        """Minutes of the longest outage so far."""
        return max(self.ended, self.running(now))

    def past_limit(self, now: float) -> bool:
        """The manual: "30 minutes or more"."""
        return self.longest(now) >= self.limit_minutes
