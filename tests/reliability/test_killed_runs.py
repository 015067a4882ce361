# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook is killed, and started again: it finishes, from wherever it is started, and nothing is done twice."""

from __future__ import annotations

import pytest
from killed_runs import FAIL_OVER, is_call, kill_at

FE02 = "fe02.example.com"


def test_try(lab):
    running = lab()
    killed = kill_at(running, is_call(FAIL_OVER, phase="begun"), "--limit", FE02)
    print(killed.code, killed.seen, len(killed.left), killed.output[-500:])
    run = running.play("patch_frontend_pool.yml", "--limit", FE02)
    print(run.output[-3000:])
    assert run.code == 0
