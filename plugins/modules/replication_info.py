# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: replication_info
version_added: 0.1.0
short_description: Read whether every computer has the newest configuration
description:
  - Lists whether the copy of the Central Management store is up to date on each computer
    (C(Get-CsManagementStoreReplicationStatus)), and which server holds the active master.
  - It changes nothing.
  - It needs an account that may read the topology, which a member of C(RTCUniversalServerAdmins) may.
  - It fails when the status can't be read. A copy that is not up to date is no failure.
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
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.topology_info
  - module: sfb.server.pool_fabric_info
"""

EXAMPLES = r"""
---
- name: Look at the replication
  sfb.server.replication_info:
  register: replication

- name: Show the computers that are not up to date
  ansible.builtin.debug:
    msg: "{{ replication.replicas | dict2items | rejectattr('value') | map(attribute='key') | list }}"
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
replicas:
  description: By FQDN of the computer, in lower case, whether its copy is up to date.
  returned: success
  type: dict
  sample:
    fe01.example.com: true
    fe02.example.com: true
up_to_date:
  description: Whether all of them are. Never true where none was listed.
  returned: success
  type: bool
  sample: true
master:
  description: The FQDN of the server that holds the active Central Management master. Null where it was not told.
  returned: success
  type: str
  sample: fe01.example.com
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 1
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
    Get-CsManagementStoreReplicationStatus failed: Access is denied.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: The account must be a member of RTCUniversalServerAdmins.
"""
