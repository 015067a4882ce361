# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_plan
version_added: 0.1.0
short_description: Tell which databases are to be updated, and from which server
description:
  - Makes, from surveys that were read before, the list of the SQL servers that hold databases of the surveyed pools,
    with the roles of these databases, and prints it.
  - A SQL server is skipped, with the reason, while a server of one of its pools lacks the update or was not
    surveyed. The databases are updated after the last server of all the pools that share them.
  - The Central Management store stands last. It is only tested, unless O(update_central_management=true).
  - It asks no server and changes nothing.
  - It fails when O(update_version) or a version in O(surveys) can't be read.
author:
  - sfb.server authors (!UNKNOWN)
options:
  surveys:
    description:
      - The results of M(sfb.server.server_survey), one for each server of the pools.
    type: list
    elements: dict
    required: true
  finished:
    description:
      - By the inventory's name of each server that was patched since it was surveyed, its components now, as
        RV(sfb.server.server_update_info#module:components).
    type: dict
    default: {}
  update_version:
    description:
      - The version that Core Components must have. When it is not given, the highest of the server's pool.
    type: str
  runner:
    description:
      - The inventory's name or the FQDN of the server that the databases are updated from. When it is not given,
        the first server of the pool that is in service and has the update. A Standard Edition server updates its own.
    type: str
  update_central_management:
    description: Whether the Central Management store is updated too.
    type: bool
    default: false
  pool_fqdn:
    description: With O(pool_order), the pool that the run works on now.
    type: str
  pool_order:
    description:
      - The pools that the run patches, in order, where they are several. Then only those SQL servers are listed that
        O(pool_fqdn) is the last one of these pools to depend on.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_controller
seealso:
  - module: sfb.server.database
  - module: sfb.server.database_info
"""

EXAMPLES = r"""
---
- name: Which databases are to be updated?
  sfb.server.database_plan:
    surveys: "{{ ansible_play_hosts | map('extract', hostvars, 'survey') | list }}"
    update_version: "7.0.2046.521"
  register: databases
  run_once: true
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
targets:
  description: One for each run of the database step, in order.
  returned: success
  type: list
  elements: dict
  contains:
    scope:
      description: As O(sfb.server.database#module:scope).
      returned: always
      type: str
      sample: configured
    sql_server:
      description: The FQDN of the SQL server, as the topology has it.
      returned: always
      type: str
      sample: sql01.example.com
    instances:
      description: The SQL Server instances. Empty for the default instance.
      returned: always
      type: list
      elements: str
      sample:
        - rtc
    roles:
      description: What its databases are for.
      returned: always
      type: list
      elements: str
      sample:
        - user
        - application
    pools:
      description: The pools that depend on it.
      returned: always
      type: list
      elements: str
      sample:
        - pool01.example.com
    runner:
      description: The inventory's name of the server to run the database step on.
      returned: always
      type: str
      sample: fe01
    skipped:
      description: Why this run leaves it alone. Empty where it does not.
      returned: always
      type: str
      sample: ""
remains:
  description: What another run has to do, one text for each SQL server that is skipped.
  returned: success
  type: list
  elements: str
  sample: []
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
"""
