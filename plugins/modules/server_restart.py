# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_restart
version_added: 0.1.0
short_description: Restart Windows on a server and wait for it
description:
  - Restarts Windows with C(shutdown.exe), and waits until the server answers with a new boot time.
  - B(It does not look whether the server is in service.) Take a Front End out with
    M(sfb.server.computer_failover) first.
  - It never restarts twice. Where the answer to the order was lost, the boot time tells whether the restart
    came. A restart that is under way already counts as ours.
  - It does not wait for services. M(sfb.server.computer_failover) with
    O(sfb.server.computer_failover#module:state=in_service) does.
  - In contrast to M(ansible.windows.win_reboot) it honours C(become), its time-out is the real one, and a
    server that does not come back is a failure and not C(unreachable).
  - It needs an account that may shut the system down.
  - It fails when the restart is refused, or when the server does not answer in time. In the second case it may
    be down. Look at its console.
author:
  - sfb.server authors (!UNKNOWN)
options:
  timeout_minutes:
    description:
      - How long the server may take to answer again, in minutes.
    type: int
    default: 30
  wait:
    description:
      - With V(false) the task returns as soon as the restart is ordered. RV(last_boot) is the boot time of before it,
        for O(since) of a later task.
    type: bool
    default: true
  since:
    description:
      - The boot time of before a restart that an earlier task ordered with O(wait=false). The task waits until the server
        answers with another one, and never orders a restart itself.
    type: str
attributes:
  check_mode:
    support: full
    details:
      - The server is not asked. What would be run stands in RV(commands).
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
seealso:
  - module: sfb.server.computer_failover
  - module: ansible.windows.win_reboot
"""

EXAMPLES = r"""
---
- name: Restart the server
  sfb.server.server_restart:
    timeout_minutes: 45

- name: Order a restart
  sfb.server.server_restart:
    wait: false
  register: restart

- name: Wait for its end, after something else was done meanwhile
  sfb.server.server_restart:
    since: "{{ restart.last_boot }}"
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
  sample: fe01
last_boot:
  description: When Windows was started, in UTC. With O(wait=false), when it was started before the restart.
  returned: success, not in check mode
  type: str
  sample: "2026-01-31T22:45:10.5000000Z"
minutes:
  description: How long it took until the server answered.
  returned: success, not in check mode
  type: float
  sample: 6.5
commands:
  description: The command that would be run.
  returned: in check mode
  type: list
  elements: str
  sample:
    - "& shutdown.exe /r /t 5 /d p:2:17"
exit_code:
  description: The exit code of C(shutdown.exe).
  returned: when the restart was refused
  type: int
  sample: 5
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 8
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
msg:
  description: What went wrong, on which server, and what to do.
  returned: failure
  type: str
  sample: >-
    fe01 did not come back from its restart within 30 minutes (waiting for an answer).
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Look at its console.
"""
