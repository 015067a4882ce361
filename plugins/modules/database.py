# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database
version_added: 0.1.0
short_description: Update the databases of a SQL Server
description:
  - Runs C(Install-CsDatabase -Update) where C(Test-CsDatabase) shows a database whose version is behind, and verifies
    every database afterwards. Where all are current, nothing is changed.
  - It runs on a server that has the update already, because the files of that server are what is installed. Every server
    of all pools that use the SQL Server should have the update by then, which the playbooks see to. The task refuses
    where a database is above what its server brings.
  - The cmdlet runs in a process of its own on the server. A broken connection or a killed playbook does not end it, and
    the next task finds it and waits for it. When it runs longer than O(timeout_minutes) the task fails and the cmdlet
    goes on.
  - Before anything is sent, everything that speaks against it is told in one message. That is a missing right, an instance
    that does not answer, a database that is not C(ONLINE) and C(MULTI_USER), a database owned by
    C(RTCUniversalServerAdmins) (the call may delete that group), mirrored databases, an availability group whose name
    is missing, and an update that another server of these pools has begun.
  - The Central Management store is shown, and never updated unless O(scope=central_management) asks for it.
  - It never deletes a database, never forces anything and never chooses paths for files.
  - Warnings of the cmdlet are shown and are no failure.
  - It needs an account that is a member of C(RTCUniversalServerAdmins), has the role sysadmin on the SQL Server, and is an
    administrator of every server of the pools concerned.
  - It fails when something speaks against the update, when the cmdlet fails, and when a database is not current
    afterwards.
author:
  - sfb.server authors (!UNKNOWN)
options:
  state:
    description:
      - V(updated) updates the databases that are behind.
      - V(present) runs C(Install-CsDatabase) without C(-Update) where a database has no version at all, for updates that
        bring a new database.
    type: str
    choices:
      - updated
      - present
    default: updated
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
  sql_instance:
    description:
      - The instance of SQL Server. With O(scope=configured) only its databases are updated and answered for
        (C(-ForInstance)), all instances by default. With O(scope=central_management) it is known from the topology.
      - O(scope=local) has no such option.
    type: str
  exclude_collocated_stores:
    description:
      - Whether C(-ExcludeCollocatedStores) is given, which the manual wants where stores such as archiving or monitoring
        share the SQL Server with the users of the pool. V(auto) finds that out from the topology.
      - The task does not answer for the databases of excluded stores. Those that are behind stand in RV(remains).
      - Only for O(scope=configured).
    type: str
    choices:
      - auto
      - "true"
      - "false"
    default: auto
  availability_group:
    description:
      - The FQDN of the AlwaysOn availability group. It is required where the databases are in one, and is used in the place of
        O(sql_server_fqdn) then. For databases that are in none it is ignored.
    type: str
  update_mirrored:
    description:
      - Mirrored databases stop the task, because the reference of C(Install-CsDatabase) says that C(-Update) cannot be used
        against them. Administrators have done it since Lync Server 2013 CU2.
      - V(true) follows that practice, only where every database is principal on the primary and synchronised.
    type: bool
    default: false
  timeout_minutes:
    description:
      - How long the cmdlet may run, in minutes.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    details:
      - Everything is read, and whatever speaks against the update fails the task. What would be run stands in RV(commands).
  diff_mode:
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.database_info
  - module: sfb.server.database_mirror_info
  - module: sfb.server.server_update
"""

EXAMPLES = r"""
---
- name: Update the databases of this server's pool
  sfb.server.database:
    sql_server_fqdn: sql01.example.com

- name: Update the databases of a Standard Edition server
  sfb.server.database:
    scope: local

- name: Update the Central Management store
  sfb.server.database:
    scope: central_management

- name: Install the new database that an update brings
  sfb.server.database:
    state: present
    sql_server_fqdn: sql01.example.com
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The FQDN of the server that ran it, in lower case.
  returned: success
  type: str
  sample: fe01.example.com
sql_server:
  description: The FQDN of the SQL Server. With O(scope=local) it is the server itself.
  returned: success
  type: str
  sample: sql01.example.com
scope:
  description: As O(scope).
  returned: success
  type: str
  sample: configured
databases:
  description:
    - Every database that was shown. Where the task failed before anything was sent, C(installed) stands in the place of
      C(before) and C(after).
  returned: success, and when the versions could be read
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
    before:
      description: The version before. Empty where none was shown.
      returned: always
      type: str
      sample: 15.13.20
    after:
      description: The version afterwards. In check mode, the one that it would have.
      returned: always
      type: str
      sample: 15.13.22
    state:
      description:
        - V(current) where both versions are the same text, V(behind) or V(ahead) where they differ.
        - V(unknown) where no version is shown, and V(unreachable) where the database was not reached either.
      returned: always
      type: str
      sample: current
excluded_stores:
  description: The roles that share the SQL Server and were excluded.
  returned: success
  type: list
  elements: str
  sample:
    - archiving
    - monitoring
remains:
  description: What is still to be done, and by what.
  returned: success
  type: list
  elements: str
  sample:
    - "lis on sql01.example.com\\rtc is behind (installed 3.1.0, expected 3.1.1): the Central Management store is updated
      only on request, with scope: central_management."
warnings_of_call:
  description: The warnings of C(Install-CsDatabase), unchanged.
  returned: success, and when the call failed
  type: list
  elements: str
  sample: []
commands:
  description: The PowerShell that was run, or would be run in check mode. Empty where none was needed.
  returned: success
  type: list
  elements: str
  sample:
    - Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn sql01.example.com -Report
      C:\ProgramData\sfb.server\reports\database.html -Confirm:$false
minutes:
  description: How long the task took.
  returned: success
  type: float
  sample: 6.5
diff:
  description: The versions of all databases before and after, one a line.
  returned: success
  type: dict
  sample:
    before: |
      sql01.example.com\rtc rtcxds 15.13.20
    after: |
      sql01.example.com\rtc rtcxds 15.13.22
reasons:
  description: Everything that speaks against it, each with C(reason) and C(remedy).
  returned: when nothing was sent because of it
  type: list
  elements: dict
  sample:
    - reason: EXAMPLE\admin is not sysadmin on SQL Server sql01.example.com\rtc
      remedy: Give EXAMPLE\admin the role sysadmin on sql01.example.com\rtc, at least for tonight, or use an account that
        has it.
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 8
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
    The databases of sql01.example.com are not updated; nothing was sent. 1. EXAMPLE\admin is not sysadmin on SQL
    Server sql01.example.com\rtc. Give EXAMPLE\admin the role sysadmin on it.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Look at Test-CsDatabase and at the report.
"""
