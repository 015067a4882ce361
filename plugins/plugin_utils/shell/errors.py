# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as the administrator is told it: what, on which server, and what to do next."""

from __future__ import annotations

from typing import Any


class SfbError(Exception):
    """A failure with its place and its remedy.

    `facts` are plain values that go into the task's result beside the text.
    """

    def __init__(self, message: str, *, remedy: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.facts = facts

    def result(self) -> dict[str, Any]:
        """The failed result of a task."""
        text = f"{self.message} {self.remedy}" if self.remedy else self.message
        return {"failed": True, "changed": False, "msg": text, "remedy": self.remedy, **self.facts}


class ConnectionLost(SfbError):
    """The server did not answer. Whether it did what it was asked is unknown."""


class CredentialsRejected(SfbError):
    """The server refused the account; never tried again, since each try counts towards locking it."""


class ChangeRefused(SfbError):
    """A changing call reached the place where none may pass: a defect of this collection, not of the deployment."""


class Orphaned(SfbError):
    """The ansible-playbook that started this worker is gone; a restarted run may be at work already."""


class NotUsable(SfbError):
    """The server answers, but not as something that we can work with: PowerShell 7, no module, unreadable text."""


class CallFailed(SfbError):
    """A cmdlet or program said no."""


class TimedOut(SfbError):
    """A wait reached its deadline; `last` says what was still waited for."""
