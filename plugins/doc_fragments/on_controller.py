# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules share that only work on the controller: they decide and write, and ask no server."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  action:
    support: full
  action_group:
    support: full
    membership:
      - sfb.server.sfb
  async:
    support: none
    details:
      - A task with C(async) is refused.
  become:
    support: N/A
  bypass_host_loop:
    support: none
  connection:
    support: none
    details:
      - No server is asked. It makes no difference which host the task is for.
  delegation:
    support: N/A
  diff_mode:
    support: none
  platform:
    support: full
    platforms: posix
notes:
  - No real server has run this collection yet. It was tested on the simulated deployment that comes with it.
"""
