# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_info
version_added: 0.1.0
short_description: Read the versions of the product's databases
description:
  - Lists each database with the version that is expected and the one that is installed (C(Test-CsDatabase)).
  - The expected version comes from the files of the server that the task runs on, so that server needs the newest
    update.
  - Versions are compared as text. That C(Test-CsDatabase) says V(Succeed) means that a database was reached, not that it
    is up to date.
  - With O(scope=configured) the Central Management store is listed too, wherever it is.
  - It changes nothing.
  - It needs an account that is a member of C(RTCUniversalServerAdmins) and an administrator of the SQL Server.
  - It fails when C(Test-CsDatabase) fails or gives no answer, and when the topology does not know the SQL Server.
author:
  - sfb.server authors (!UNKNOWN)
options:
  scope:
    description:
      - V(configured) is about everything that the topology puts on O(sql_server_fqdn).
      - V(local) is about the SQL Server instances of the server that the task runs on, as a Standard Edition server
        needs it.
      - V(central_management) is about the Central Management store alone.
    type: str
    choices:
      - configured
      - local
      - central_management
    default: configured
  sql_server_fqdn:
    description:
      - The SQL Server, by the FQDN that it has in the topology. A mirror is refused.
      - Where it is not given, V(configured) is about the SQL Server that holds the users of the server's own pool. With
        V(local) and V(central_management) it is known anyway.
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
  - module: sfb.server.database_mirror_info
"""

EXAMPLES = r"""
---
- name: See whether the databases of this pool wait for an update
  sfb.server.database_info:
  register: databases

- name: Show those that are not current
  ansible.builtin.debug:
    msg: "{{ databases.databases | rejectattr('state', 'equalto', 'current') | list }}"

- name: Look at the databases of another SQL Server
  sfb.server.database_info:
    sql_server_fqdn: sql02.example.com
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The FQDN of the server that was asked, in lower case.
  returned: success
  type: str
  sample: fe01.example.com
scope:
  description: As O(scope).
  returned: success
  type: str
  sample: configured
sql_server:
  description: The FQDN of the SQL Server that was looked at. With O(scope=local) it is the server itself.
  returned: success
  type: str
  sample: sql01.example.com
databases:
  description: Every database that was shown.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: rtcxds
    sql_server:
      description: The FQDN of its SQL Server.
      returned: always
      type: str
      sample: sql01.example.com
    instance:
      description: The instance of SQL Server. Empty for the default instance.
      returned: always
      type: str
      sample: rtc
    role:
      description:
        - Of databases that are treated apart, why. V(central_management), V(replica) (the local copy of that store, whose
          versions are a known false alarm), V(archiving), V(monitoring), V(persistent_chat) or
          V(persistent_chat_compliance). Null for all others.
      returned: always
      type: str
      sample: central_management
    expected:
      description: The version that the files of the asked server bring. Empty where it is not shown.
      returned: always
      type: str
      sample: 15.13.22
    installed:
      description: The version that it has. Empty where it is not shown.
      returned: always
      type: str
      sample: 15.13.20
    state:
      description:
        - V(current) where both versions are the same text, V(behind) or V(ahead) where they differ.
        - V(unknown) where no version is shown, and V(unreachable) where the database was not reached either.
      returned: always
      type: str
      sample: behind
current:
  description:
    - Whether every database that M(sfb.server.database) would answer for is V(current). These are all but the Central
      Management store, its local replica, and collocated stores such as archiving and monitoring.
  returned: success
  type: bool
  sample: false
availability:
  description: The first C(DatabaseHighAvailability) that is not V(None), which only newer products show.
  returned: success
  type: str
  sample: AlwaysOn
remains:
  description: What is behind, or could not be looked at, and does not count for RV(current).
  returned: success
  type: list
  elements: str
  sample: []
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
    The topology puts no store on sql77.example.com.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: "The SQL servers that it knows: sql01.example.com. Use the FQDN that stands there."
"""
