# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: management_shells
version_added: 0.1.0
short_description: Make sure that nobody has a Management Shell open on a server
description:
  - Looks for windows of people that may hold files of the product while an update wants to replace them. These are
    PowerShell, PowerShell ISE, Topology Builder and the Control Panel's host, in any session but that of services.
  - Which of these windows have loaded the product's module is not asked. Every window of that kind counts.
  - Without O(end) it changes nothing. It fails when such a window is open, and names its process, its number and its
    user.
  - It never ends a process of session 0, in which services and this collection itself run.
  - It needs an account that is an administrator of the server, because the users of processes are read.
  - It fails when a window that it should end stays open.
author:
  - sfb.server authors (!UNKNOWN)
options:
  end:
    description:
      - Whether such windows are ended. What was not saved in them is lost.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details:
      - The windows are read, and what would be run stands in RV(commands). An open window is a failure without O(end),
        as in a real run.
  diff_mode:
    support: full
    details:
      - Shows the windows before and after.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
seealso:
  - module: sfb.server.server_update
  - module: sfb.server.server_stop
"""

EXAMPLES = r"""
---
- name: Stop the run if somebody has a Management Shell open
  sfb.server.management_shells:

- name: End what is open, since the window was announced
  sfb.server.management_shells:
    end: true
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The inventory's name of the server.
  returned: success
  type: str
  sample: sql01
windows:
  description: The windows that were open. After a failure, those that are still open.
  returned: success, and when a window is open
  type: list
  elements: dict
  sample:
    - id: 4242
      name: powershell
      user: EXAMPLE\anna
      session: 2
commands:
  description: The PowerShell that was run, or would be run in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - Stop-Process -Id 4242 -Force -Confirm:$false
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 1
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:02Z"
msg:
  description: What went wrong, on which server, and what to do.
  returned: failure
  type: str
  sample: >-
    On sql01 a window is open that may hold files of the product: powershell (process 4242) of EXAMPLE\anna, session 2.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: "Close it (ask who it belongs to), or let the run end it: sfb_close_shells: true."
"""
