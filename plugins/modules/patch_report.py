# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: patch_report
version_added: 0.1.0
short_description: Keep the record of a run on the controller
description:
  - Writes one line about a run to C(events.jsonl) in its folder, and makes C(report.json) and C(report.html)
    there anew from all lines.
  - Where the variable C(patch_report_folder) names this folder, the other modules of this collection write a line
    when they begin and a line when they end, each on its own. Nothing is written in check mode.
  - It asks no server and changes nothing on one. What is true about a server never depends on the record.
  - The collection writes no password into it, and never changes what it wrote before.
  - It fails when the folder can't be written to.
author:
  - sfb.server authors (!UNKNOWN)
options:
  state:
    description:
      - With V(begun) the run begins. The records of older runs beside this one, which were killed and never
        ended, are closed as V(interrupted). A record of the same ansible-playbook process, or of one that is alive
        on the same controller, stays open. Whether a run of another controller is alive can not be told.
      - With V(ended) the run has ended. Where its outcome is V(failed) or V(stopped by findings), what else the same
        ansible-playbook process has open is closed as V(interrupted), since nothing comes after that.
    type: str
    required: true
    choices:
      - begun
      - ended
  folder:
    description:
      - The folder of this run on the controller. It is made where it is missing. Each run needs a folder of its
        own, and all of them the same parent folder.
    type: path
    required: true
  facts:
    description:
      - What the line shall hold.
      - The report reads C(run), C(playbook), C(pool) and C(update_version) when the run begins, and C(outcome)
        and C(msg) when it ends.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_controller
seealso:
  - ref: ansible_collections.sfb.server.docsite.guide_patch_frontend_pool
    description: What stands in the report.
"""

EXAMPLES = r"""
---
- name: Begin the record
  sfb.server.patch_report:
    state: begun
    folder: "{{ patch_report_folder }}"
    facts:
      run: "{{ patch_report_run }}"
      pool: pool01.example.com
      update_version: "6.0.9319.628"
  run_once: true

- name: End it
  sfb.server.patch_report:
    state: ended
    folder: "{{ patch_report_folder }}"
    facts:
      outcome: done
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
  description: Always V(false), since the report is about the change and none itself.
  returned: always
  type: bool
  sample: false
folder:
  description: The whole path of the folder.
  returned: success
  type: str
  sample: /srv/ansible/sfb-reports/20260131T223000Z-4711
closed:
  description: The folders of the killed runs whose records were closed.
  returned: success, not in check mode
  type: list
  elements: str
  sample: []
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
"""
