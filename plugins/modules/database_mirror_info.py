# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_mirror_info
version_added: 0.1.0
short_description: Read which side of mirrored databases is principal
description:
  - Lists the mirrored databases of a pool (C(Get-CsDatabaseMirrorState)), and tells whether all of them are principal on
    the primary SQL Server and synchronised.
  - Skype for Business Server 2019 has no mirrored back ends. There the list is empty.
  - It changes nothing.
  - It needs an account that is a member of C(RTCUniversalServerAdmins) and may read both SQL Servers.
  - It fails when the state can't be read.
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
  - module: sfb.server.database
"""

EXAMPLES = r"""
---
- name: Look at the mirrors of this pool
  sfb.server.database_mirror_info:
  register: mirrors

- name: Fail where an update of the databases could not count on the primary
  ansible.builtin.assert:
    that: mirrors.ready
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
databases:
  description: Every database that was shown, mirrored or not.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: rtcxds
    on_primary:
      description: Its state on the primary SQL Server, as the product names it.
      returned: always
      type: str
      sample: Principal
    on_mirror:
      description: Its state on the mirror.
      returned: always
      type: str
      sample: Mirror
    synchronised:
      description: Whether the principal's side says that both are synchronised.
      returned: always
      type: bool
      sample: true
principal:
  description:
    - V(primary) or V(mirror), where all databases agree. V(mixed) where they do not. V(none) where none is mirrored, or
      none was shown.
  returned: success
  type: str
  sample: primary
ready:
  description: Whether every database is principal on the primary and synchronised. Never true where none was shown.
  returned: success
  type: bool
  sample: true
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 2
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
    Get-CsDatabaseMirrorState -PoolFqdn pool01.example.com failed: Access is denied.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: The account must be a member of RTCUniversalServerAdmins.
"""
