# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: back_end_plan
version_added: 0.1.0
short_description: Tell what speaks against the eleven steps now, and what a run would do
description:
  - Makes, from surveys that were read before, the list of findings and the plan for Back End or Standard Edition
    servers, and prints both.
  - The plan has the manual's eleven steps for each server. Steps that do not apply are named with the reason. A back
    end without the product has nothing to install, and its databases are updated from a Front End.
  - It asks no server and changes nothing. Where the variable C(patch_report_folder) names the record of a run, the
    plan is written there, but not in check mode.
  - It fails when a finding stops the run, and when there is no server to patch.
author:
  - sfb.server authors (!UNKNOWN)
options:
  kind:
    description: What the servers are.
    type: str
    required: true
    choices:
      - back_end
      - standard_edition
  surveys:
    description: The results of M(sfb.server.server_survey), one for each server.
    type: list
    elements: dict
    required: true
  front_ends:
    description: The results of M(sfb.server.server_survey) of the Front Ends whose pools depend on the back ends.
    type: list
    elements: dict
    default: []
  pools:
    description:
      - One for each of these pools, with C(pool), C(registrar) (the result of M(sfb.server.registrar_info)), C(health)
        (the result of M(sfb.server.pool_fabric_info)) and C(witness) (the inventory's name of a Front End that can be
        asked). For a Standard Edition server C(pool) and C(backup) (the result of M(sfb.server.pool_backup_info)).
    type: list
    elements: dict
    default: []
  settings:
    description: The settings of the run. They have the names of the C(sfb_) variables without the prefix.
    type: dict
    required: true
    suboptions:
      play_hosts:
        description:
          - The inventory's names of the servers that may be patched in this run. When they are not given, all
            that were surveyed.
        type: list
        elements: str
      update_source:
        description: Where the installer comes from.
        type: str
      update_version:
        description: The version that Core Components has with the update.
        type: str
        required: true
      update_sha256:
        description: The SHA-256 of the installer.
        type: str
      database_runner:
        description: The Front End that the databases of a server without the product are updated from.
        type: str
      sql_availability_group:
        description: The FQDN of the AlwaysOn availability group.
        type: str
      reboot:
        description: Whether the servers are restarted.
        type: str
        default: if_needed
        choices:
          - if_needed
          - always
          - never
      max_minutes_away:
        description: A back end that is expected to be away for longer stops the run.
        type: float
      close_shells:
        description: Whether open Management Shells are ended. Otherwise they stop the run.
        type: bool
        default: false
      stop_at:
        description: After this moment no further server is started.
        type: raw
      time_zone:
        description: The time zone of O(settings.stop_at). When it is not given, that of the servers.
        type: str
      stop_after_minutes:
        description: So long after the plan no further server is started.
        type: float
      warn_after_minutes:
        description: So long after the plan a warning is printed.
        type: float
      accepted_findings:
        description: Findings that do not stop the run, as C(id) or C(id@server).
        type: list
        elements: str
        default: []
      update_mirrored_databases:
        description: Whether mirrored databases are updated too. Otherwise a finding says so.
        type: bool
        default: false
      backup_confirmed:
        description: Whether there is a recent backup.
        type: bool
        default: false
      patched_before:
        description:
          - The inventory's names of Front Ends that count as patched, since the same run patches them before. For check
            mode, in which nobody did.
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
  - module: sfb.server.server_stop
  - module: sfb.server.database
"""

EXAMPLES = r"""
---
- name: Findings and plan
  sfb.server.back_end_plan:
    kind: standard_edition
    surveys: "{{ ansible_play_hosts | map('extract', hostvars, 'survey') | list }}"
    settings:
      update_source: https://files.example.com/SkypeServerUpdateInstaller.exe
      update_version: "7.0.2046.521"
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
  description: Always V(false). What a run would change stands in RV(plan).
  returned: always
  type: bool
  sample: false
findings:
  description: Everything that was found, what stops the run first, as RV(sfb.server.patch_plan#module:findings).
  returned: success, and when findings stop the run
  type: list
  elements: dict
  sample: []
time_zone:
  description: The time zone that times of day are meant in.
  returned: success
  type: str
  sample: "+01:00"
plan:
  description: What a run would do.
  returned: success
  type: dict
  contains:
    kind:
      description: As O(kind).
      returned: always
      type: str
      sample: back_end
    order:
      description: The inventory's names of the servers, in order.
      returned: always
      type: list
      elements: str
      sample:
        - be01
    left_out:
      description: The FQDNs of the servers that C(--limit) leaves out.
      returned: always
      type: list
      elements: str
      sample: []
    patch:
      description:
        - The servers in order, each with C(name), C(server), C(why), C(installer), C(install), C(marked),
          C(pending_restart), C(scope), C(sql_server), C(pools), C(runner), C(witness), C(limit_minutes),
          C(expected_minutes), C(steps) and C(left_out), the steps that do not apply.
      returned: always
      type: list
      elements: dict
      sample: []
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
"""
