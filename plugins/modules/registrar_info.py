# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: registrar_info
version_added: 0.1.0
short_description: Read how long a pool goes on without its back end
description:
  - Reads after how many minutes without its back end a pool puts its users into resiliency mode
    (C(BackupStoreUnavailableThreshold) of C(Get-CsRegistrarConfiguration)), and the pool's own state.
  - The settings of the pool hold before those of its site, and those before the global ones. Where none has a value it is
    the documented default of 30 minutes.
  - It changes nothing.
  - It needs an account that may read the topology, which a member of C(RTCUniversalServerAdmins) may.
  - It fails when the settings can't be read, and when the topology does not know the pool.
author:
  - sfb.server authors (!UNKNOWN)
options:
  pool_fqdn:
    description:
      - The pool. The one that the server belongs to by default.
    type: str
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
"""

EXAMPLES = r"""
---
- name: Find out how long the back end may be away
  sfb.server.registrar_info:
    pool_fqdn: pool01.example.com
  register: registrar

- name: Show it
  ansible.builtin.debug:
    msg: "{{ registrar.unavailable_minutes }} minutes, by the settings of the {{ registrar['from'] }}"
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
pool:
  description: The FQDN of the pool, in lower case.
  returned: success
  type: str
  sample: pool01.example.com
pool_state:
  description: What the pool's own settings say, such as V(Active) or V(FailedOver). Null where it has none of its own.
  returned: success
  type: str
  sample: Active
unavailable_minutes:
  description: The limit, in minutes.
  returned: success
  type: float
  sample: 30.0
from:
  description: Where it comes from. V(pool), V(site), V(global), or V(default) where none of them has a value.
  returned: success
  type: str
  sample: global
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
    The topology knows no pool pool77.example.com.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: "It knows: pool01.example.com."
"""
