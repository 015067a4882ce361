# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pool_status
version_added: 0.1.0
short_description: Show the state of a pool on one screen
description:
  - Prints, from surveys and the health of the pool that were read before, which server is in which state and
    why, which versions differ, and all evidence. Where the pool is not healthy it also prints what
    C(Get-CsPoolFabricState) wrote.
  - It asks no server and changes nothing on one.
  - With O(save_baseline) it writes the fabric's text to a file on the controller, so that
    M(sfb.server.pool_fabric_info) can compare with it later. GUIDs, dates, times and numbers are taken out of
    the text. The administrator says by this that the pool is healthy now.
  - It fails when a baseline shall be saved while other evidence is not V(healthy), or while the fabric's text
    shows warnings or known bad words. Nothing is written then.
author:
  - sfb.server authors (!UNKNOWN)
options:
  surveys:
    description:
      - The results of M(sfb.server.server_survey), one for each server.
    type: list
    elements: dict
    required: true
  pool_health:
    description:
      - The result of M(sfb.server.pool_fabric_info). Without it no evidence is shown.
    type: dict
  save_baseline:
    description:
      - The file on the controller to write the baseline to. Its folder is made where it is missing, and an
        older file is replaced.
      - Have one file for each pool.
    type: path
attributes:
  check_mode:
    support: full
    details:
      - The screen is shown, and no file is written.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_controller
seealso:
  - module: sfb.server.server_survey
  - module: sfb.server.pool_fabric_info
"""

EXAMPLES = r"""
---
- name: Look at the servers
  sfb.server.server_survey:
    tolerate_failure: true
  register: survey

- name: Ask about the pool
  sfb.server.pool_fabric_info:
  register: health
  run_once: true

- name: Show it, and keep the fabric's text
  sfb.server.pool_status:
    surveys: "{{ ansible_play_hosts | map('extract', hostvars, 'survey') | list }}"
    pool_health: "{{ health }}"
    save_baseline: "{{ playbook_dir }}/baselines/{{ health.pool }}.json"
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
  description: Whether a baseline was written, or would be in check mode. It is V(true) also when the same text
    was there before.
  returned: always
  type: bool
  sample: false
health:
  description: The health of the pool as it was given, or V(unknown).
  returned: success
  type: str
  sample: healthy
baseline:
  description: The file that the baseline was written to. Null where none was wanted.
  returned: success
  type: str
  sample: /srv/ansible/baselines/pool01.example.com.json
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
    The fabric's text was not kept as baseline. Port 5090 of fe02.example.com does not answer
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Save it while everything else says that the pool is healthy.
"""
