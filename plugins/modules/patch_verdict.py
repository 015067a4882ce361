# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: patch_verdict
version_added: 0.1.0
short_description: Tell how a run ended and what remains to be done
description:
  - Tells, from the surveys and the plan of the run, which servers are left for another run. When none is left,
    it compares the component versions of all servers of the pool, which have to be alike. It prints what it
    found.
  - It asks no server and changes nothing. Pools that are not alike are a result and no failure, see RV(outcome).
  - It fails when O(plan) is not the plan of M(sfb.server.patch_plan).
author:
  - sfb.server authors (!UNKNOWN)
options:
  surveys:
    description:
      - The results of M(sfb.server.server_survey) from the beginning of the run, one for each server of the pool.
    type: list
    elements: dict
    required: true
  plan:
    description:
      - The plan, RV(sfb.server.patch_plan#module:plan).
    type: dict
    required: true
  finished:
    description:
      - By the inventory's name of each server that was patched, its components now, as
        RV(sfb.server.server_update_info#module:components).
    type: dict
    default: {}
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
  - module: sfb.server.patch_report
"""

EXAMPLES = r"""
---
- name: See how the run ended
  sfb.server.patch_verdict:
    surveys: "{{ patch_readiness_surveys }}"
    plan: "{{ patch_readiness_plan.plan }}"
    finished:
      fe01: "{{ installed.components }}"
  register: verdict
  run_once: true
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
outcome:
  description:
    - V(done) when every server of the pool has the update and all are alike.
    - V(window ended) when servers of the plan were not patched.
    - V(limited) when servers were left out by C(--limit).
    - V(failed) when every server has the update and their components are not alike.
  returned: success
  type: str
  sample: done
message:
  description: What is not as it should be. Empty with V(done).
  returned: success
  type: str
  sample: "Not patched in this window: fe03.example.com."
remains:
  description: What has to be done before the databases can be updated. Empty with V(done).
  returned: success
  type: str
  sample: "Left for another run: fe03.example.com. The databases follow the last server of the pool."
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
"""
