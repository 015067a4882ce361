# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_update_info
version_added: 0.1.0
short_description: Read the component versions of a server
description:
  - Lists the version of each installed component (C(Get-CsServerPatchVersion)), and tells whether an update is
    on the server and whether Windows waits for a restart.
  - It changes nothing.
  - It needs an account that is an administrator of the server.
  - It fails when the versions can't be read, or when no or more than one Core Components is installed.
author:
  - sfb.server authors (!UNKNOWN)
options:
  version:
    description:
      - The version that Core Components has with the update, such as V(6.0.9319.628). When it is given,
        RV(has_update) is returned.
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
seealso:
  - module: sfb.server.server_update
"""

EXAMPLES = r"""
---
- name: Read the versions
  sfb.server.server_update_info:
    version: "6.0.9319.628"
  register: installed

- name: Fail where the update is missing
  ansible.builtin.assert:
    that: installed.has_update
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The inventory's name of the server.
  returned: success
  type: str
  sample: fe01
version:
  description: The version of Core Components.
  returned: success
  type: str
  sample: 6.0.9319.628
components:
  description: The version of each component.
  returned: success
  type: dict
  sample:
    Skype for Business Server 2015, Core Components: 6.0.9319.628
    Skype for Business Server 2015, Front End Server: 6.0.9319.628
pending_restart:
  description: Who waits for a restart of Windows.
  returned: success
  type: list
  elements: str
  sample: []
has_update:
  description: Whether Core Components is at O(version) or above.
  returned: when O(version) was given
  type: bool
  sample: true
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
    Get-CsServerPatchVersion failed: Get-CsServerPatchVersion does not exist on this server.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Look at the server by hand.
"""
