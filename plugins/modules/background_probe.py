# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: background_probe
version_added: 0.1.0
short_description: Prove that work in the background reaches the pool
description:
  - A fail over, a fail back and an installer run in a process of their own on the server, which goes on when the
    connection or the controller is lost. This module starts such a process, lets it read the topology, and waits
    for its result.
  - It shows, before a server is taken out of service, that such a process lives on and has the rights of the
    second hop, with the same C(become) as the tasks that follow.
  - It changes nothing of the product. It makes the folder C(C:\ProgramData\sfb.server) where it is missing.
  - It needs an account that is an administrator of the server and a member of C(RTCUniversalServerAdmins), with a real
    logon or delegation.
  - It fails when the process could not be started, was cut off, or was refused its read.
author:
  - sfb.server authors (!UNKNOWN)
options: {}
attributes:
  check_mode:
    support: full
    details:
      - The server is not asked.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.computer_failover
"""

EXAMPLES = r"""
---
- name: Prove that work in the background reaches the pool
  sfb.server.background_probe:
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
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 5
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:20Z"
msg:
  description: What went wrong, on which server, and what to do.
  returned: failure
  type: str
  sample: >-
    fe01: work in the background does not reach the pool: probe on fe01 was cut off: its process is gone and left no result.
remedy:
  description: What to do about the failure. It stands in RV(msg) too.
  returned: failure
  type: str
  sample: Nothing was taken out of service.
"""
