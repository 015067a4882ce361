# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection breaks at one HTTP request after the other, over Ansible's own winrm: nothing is done twice.

One remote execution is six requests: Command, three times Send, Receive, Signal. Some of them break in ways of their own
in pywinrm and Ansible, before the work was done and after it.
"""

from __future__ import annotations

import promises
import pytest
from broken_requests import FE02, cases, count_requests, run_task
from killed_runs import FAIL_BACK, FAIL_OVER, is_call, is_kind
from night import Night

INSTALLER = r"C:\ProgramData\sfb.server\media\7.0.2046.521\SkypeServerUpdateInstaller.exe"
SOURCE = "http://media.example.com/sfb2019/7.0.2046.521/SkypeServerUpdateInstaller.exe"
MARK = "C:\\ProgramData\\sfb.server\\mark.json"


def as_it_is(night: Night) -> None:
    """Nothing was done yet."""


def staged(night: Night) -> None:
    """The installer lies on the server."""
    night.run(FE02, at={night_staged(): "killed"})


def night_staged() -> int:
    return 0


KINDS = {}


def test_try(tmp_path):
    task = ("sfb.server.update_media", f"source={SOURCE}", f"installer='{INSTALLER}'")
    number = count_requests(tmp_path / "whole", as_it_is, task, is_kind("file", what="download"))
    made = cases(tmp_path, as_it_is, range(number - 6, number + 3))
    run_task(tmp_path, made, task)
    for case in made:
        print(case, {k: v for k, v in case.result.items() if k in ("failed", "unreachable", "msg", "changed", "exception")})
    assert 0
