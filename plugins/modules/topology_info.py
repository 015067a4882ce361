# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: topology_info
version_added: 0.1.0
short_description: Read the pools and computers of the topology
description:
  - Reads the topology from a server of the deployment, with C(Get-CsComputer), C(Get-CsPool) and C(Get-CsService).
  - It changes nothing.
  - It needs an account that may read the topology, which a member of C(RTCUniversalServerAdmins) may.
  - It fails when one of its reads is refused.
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
  - module: sfb.server.server_survey
"""

EXAMPLES = r"""
---
- name: Read the topology
  sfb.server.topology_info:
  register: topology

- name: Show the pools that have no Front End of our own pool
  ansible.builtin.debug:
    msg: "{{ topology.pools | rejectattr('pool', 'equalto', topology.pool) | map(attribute='pool') | list }}"
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
pool:
  description: The FQDN of the pool that the asked server belongs to.
  returned: success
  type: str
  sample: pool01.example.com
edition:
  description: V(enterprise), or V(standard) where the pool has the name of the server.
  returned: success
  type: str
  sample: enterprise
computers:
  description: The FQDNs of the servers of this pool, in the topology's order. The quorum rules count in this order.
  returned: success
  type: list
  elements: str
  sample:
    - fe01.example.com
    - fe02.example.com
    - fe03.example.com
user_database:
  description: The FQDN of the SQL Server that holds the users of this pool. Null where the topology names none.
  returned: success
  type: str
  sample: sql01.example.com
pools:
  description: Every pool of the topology, also those of other servers such as SQL Server or Edge.
  returned: success
  type: list
  elements: dict
  contains:
    pool:
      description: The FQDN of the pool.
      returned: always
      type: str
      sample: pool01.example.com
    computers:
      description: The FQDNs of its servers, in the topology's order.
      returned: always
      type: list
      elements: str
      sample:
        - fe01.example.com
        - fe02.example.com
        - fe03.example.com
    services:
      description: Its services, as the topology names them.
      returned: always
      type: list
      elements: str
      sample:
        - Registrar:pool01.example.com
        - UserServer:pool01.example.com
    user_database:
      description: The FQDN of the SQL Server that holds its users. Null where the topology names none.
      returned: always
      type: str
      sample: sql01.example.com
    site:
      description: The site that it belongs to, as the topology names it. Null where it names none.
      returned: always
      type: str
      sample: Site:Site1
stores:
  description: Every store of the topology, which is a role whose databases live on a SQL Server.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description:
        - V(user), V(application), V(archiving), V(monitoring), V(persistent_chat), V(persistent_chat_compliance) or
          V(central_management).
      returned: always
      type: str
      sample: user
    sql_server:
      description: The FQDN of its SQL Server, in lower case.
      returned: always
      type: str
      sample: sql01.example.com
    instance:
      description: The instance of SQL Server. Empty for the default instance.
      returned: always
      type: str
      sample: rtc
    mirror:
      description: The FQDN of the mirror's SQL Server. Null where it is not mirrored.
      returned: always
      type: str
      sample: sql02.example.com
    mirror_instance:
      description: The instance of the mirror. Empty for the default instance, and where it is not mirrored.
      returned: always
      type: str
      sample: rtc
    pools:
      description: The FQDNs of the pools that depend on it, in lower case.
      returned: always
      type: list
      elements: str
      sample:
        - pool01.example.com
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
    Get-CsComputer -Local failed: Access is denied.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: The account must be a member of RTCUniversalServerAdmins.
"""
