# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: deployment_plan
version_added: 0.1.0
short_description: Tell in which order a whole deployment is patched, and what is not
description:
  - Makes, from surveys that were read before, the order in which the playbooks patch the servers of a deployment, and
    prints it with the reason for each place.
  - Standard Edition servers come first, then the Front End pools, then the back end servers. Of the pools, one with a
    server that carries our mark comes first, and the one with the Central Management store last. O(pool_order) changes
    that.
  - Computers of the topology that no playbook patches are listed with their role. Pools that the inventory does not
    have, and SQL servers that stand in no group, are named too.
  - It asks no server and changes nothing.
  - It fails when a server does not answer or stands in the wrong group, when the backup service between two paired
    pools is not known to be healthy, and when there is no server to patch.
author:
  - sfb.server authors (!UNKNOWN)
options:
  surveys:
    description:
      - The results of M(sfb.server.server_survey) with
        O(sfb.server.server_survey#module:tolerate_failure=true), one for each server of the three groups. Also for the
        servers that C(--limit) leaves out.
    type: list
    elements: dict
    required: true
  front_end_servers:
    description: The inventory's names of the Front Ends.
    type: list
    elements: str
    default: []
  standard_edition_servers:
    description: The inventory's names of the Standard Edition servers.
    type: list
    elements: str
    default: []
  back_end_servers:
    description: The inventory's names of the back end servers.
    type: list
    elements: str
    default: []
  backups:
    description: The results of M(sfb.server.pool_backup_info), one for each pool.
    type: list
    elements: dict
    default: []
  play_hosts:
    description:
      - The inventory's names of the servers that may be patched in this run. When they are not given, all that were
        surveyed.
    type: list
    elements: str
  pool_order:
    description:
      - The FQDNs of pools in the order in which they are to be patched. Pools that are not named keep their place.
      - The Front End pools are patched by one playbook. A Standard Edition server comes before all of them, or after
        all of them where the order names it after one.
    type: list
    elements: str
    default: []
  update_version:
    description: The version that Core Components has with the update, to tell which servers have it already.
    type: str
  accepted_findings:
    description: Findings that do not stop the run, as C(id) or C(id@server).
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
  - module: sfb.server.patch_plan
  - module: sfb.server.back_end_plan
  - module: sfb.server.pool_backup_info
"""

EXAMPLES = r"""
---
- name: In which order is the deployment patched?
  sfb.server.deployment_plan:
    surveys: "{{ ansible_play_hosts | map('extract', hostvars, 'survey') | list }}"
    front_end_servers: "{{ groups['sfb_front_end_servers'] }}"
    backups: "{{ backups.results }}"
    pool_order:
      - pool02.example.com
      - pool01.example.com
  register: planned
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
findings:
  description: Everything that was found, what stops the run first, as RV(sfb.server.patch_plan#module:findings).
  returned: success, and when findings stop the run
  type: list
  elements: dict
  sample: []
plan:
  description: The order, and what is left as it is.
  returned: success
  type: dict
  contains:
    steps:
      description:
        - One for each pool and for each back end server, in order, with C(stage), C(playbook), C(pool) (the FQDN of the
          pool or of the back end server), C(servers) (the inventory's names), C(why) and C(partner).
      returned: always
      type: list
      elements: dict
      sample:
        - stage: front_ends
          playbook: patch_frontend_pool
          pool: pool01.example.com
          servers:
            - fe01
            - fe02
            - fe03
          why: its databases follow once every server has the update
          partner: null
    pools:
      description: The FQDNs of the Front End pools, in order.
      returned: always
      type: list
      elements: str
      sample:
        - pool01.example.com
    batches:
      description: How many servers of each of these pools are patched.
      returned: always
      type: list
      elements: int
      sample:
        - 3
    members:
      description: By pool, the inventory's names of all its servers, whatever C(--limit) leaves out.
      returned: always
      type: dict
      sample:
        pool01.example.com:
          - fe01
          - fe02
          - fe03
    pool_of:
      description: By the inventory's name, the FQDN of the pool.
      returned: always
      type: dict
      sample:
        fe01: pool01.example.com
    partners:
      description: By pool, the FQDN of its backup pool. Only pools that have one.
      returned: always
      type: dict
      sample:
        se01.example.com: se02.example.com
    left_out:
      description: The FQDNs of the servers that C(--limit) leaves out.
      returned: always
      type: list
      elements: str
      sample: []
    not_patched:
      description: By FQDN, the role of the computers that no playbook patches.
      returned: always
      type: dict
      sample:
        edge01.example.com: Edge
    not_in_inventory:
      description: By pool, the FQDNs of the servers of pools that the inventory does not have.
      returned: always
      type: dict
      sample: {}
    sql_servers:
      description: The FQDNs of the SQL servers that stand in no group.
      returned: always
      type: list
      elements: str
      sample:
        - sql02.example.com
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
"""
