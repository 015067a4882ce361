# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pool_backup_info
version_added: 0.1.0
short_description: Read which pool backs up a pool, and whether the two are alike
description:
  - Reads, on a server of the deployment, the backup pool of a pool (C(Get-CsPoolBackupRelationship)) and the state of
    the backup service between the two (C(Get-CsBackupServiceStatus)).
  - It changes nothing.
  - It needs an account that may read the topology, which a member of C(RTCUniversalServerAdmins) may.
  - It fails when the relationship can't be read. A pool without a backup pool is a result.
author:
  - sfb.server authors (!UNKNOWN)
options:
  pool_fqdn:
    description: The FQDN of the pool.
    type: str
    required: true
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
  - module: sfb.server.deployment_plan
"""

EXAMPLES = r"""
---
- name: Who stands in for the pool?
  sfb.server.pool_backup_info:
    pool_fqdn: pool01.example.com
  register: backup

- name: Stop while the two are not alike
  ansible.builtin.assert:
    that: backup.partner is none or backup.healthy
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
changed:
  description: Always V(false).
  returned: always
  type: bool
  sample: false
executions:
  description: How many times the server was asked.
  returned: when the server was asked
  type: int
  sample: 1
pool:
  description: The FQDN of the pool.
  returned: success
  type: str
  sample: pool01.example.com
partner:
  description: The FQDN of its backup pool. Null where it has none.
  returned: success
  type: str
  sample: pool02.example.com
healthy:
  description: Whether every state is a good one. Null where none could be read.
  returned: success
  type: bool
  sample: true
states:
  description: The states of the backup service, by what they are about.
  returned: success
  type: dict
  sample:
    ExportStatus of UserServices.PresenceFocus: SteadyState
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:10Z"
"""
