# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: windows_service_info
version_added: 0.1.0
short_description: Read the product's services of a server
description:
  - Lists the product's services of a server with their status, their start type and what they still hold
    (C(Get-CsWindowsService)).
  - It changes nothing.
  - It needs an account that is an administrator of the server and may read the topology.
  - It fails when the connection leads to another server than O(computer), and when the services, their start types
    or the mark can't be read.
author:
  - sfb.server authors (!UNKNOWN)
options: {}
attributes:
  check_mode:
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.computer
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.windows_service
  - module: sfb.server.server_survey
"""

EXAMPLES = r"""
---
- name: Read the services
  sfb.server.windows_service_info:
  register: found

- name: Show what the services report
  ansible.builtin.debug:
    msg: "{{ found.services | dict2items | selectattr('value.activity') | list }}"
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The FQDN of the server, in lower case.
  returned: success
  type: str
  sample: fe01.example.com
services:
  description: The product's services by name.
  returned: success
  type: dict
  contains:
    status:
      description: V(Running), V(Stopped), V(Starting), V(Stopping) or V(Paused).
      returned: always
      type: str
      sample: Running
    start_type:
      description: V(Automatic), V(Manual) or V(Disabled). Empty for a service that Windows does not list.
      returned: always
      type: str
      sample: Automatic
    activity:
      description: What the service holds, one text for each counter.
      returned: always
      type: list
      elements: str
      sample:
        - Active Conferences=2
  sample:
    RTCAVMCU:
      status: Running
      start_type: Automatic
      activity:
        - Active Conferences=2
out_of_service:
  description:
    - Whether the mark of this collection stands on the server, which means that M(sfb.server.computer_failover)
      took it out.
  returned: success
  type: bool
  sample: false
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 2
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
    Get-CsWindowsService -ComputerName fe01.example.com failed: Access is denied.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Look at the server by hand.
"""
