# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the gate: how often and how long a pool is looked at before it counts as healthy (specs._GATE)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  reads:
    description:
      - How many healthy readings in a row are needed.
    type: int
    default: 3
  interval_seconds:
    description:
      - How long to wait between two readings, in seconds.
    type: int
    default: 60
  settle_minutes:
    description:
      - How long to wait after the last of these readings, in minutes. Then the pool is read once more and has to be
        healthy still; if it is not, the count begins anew.
      - With V(0) there is no such wait and no further reading.
    type: int
    default: 5
  timeout_minutes:
    description:
      - When to give up and fail, in minutes.
    type: int
    default: 60
"""
