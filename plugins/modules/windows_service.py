# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: windows_service
version_added: 0.1.0
short_description: Start and stop the product's services of a server
description:
  - Starts or stops one service or all services of the product on one server (C(Start-CsWindowsService),
    C(Stop-CsWindowsService)), and waits until they are so.
  - B(It does not look at the other servers of the pool.) To take a Front End out of service use
    M(sfb.server.computer_failover).
  - It never starts a service of a server that carries the mark of this collection. Such a server has to be
    brought back with M(sfb.server.computer_failover).
  - It never starts a disabled service, also when it is named. With O(state=started) and without O(name),
    services that do not start automatically are left alone too.
  - It never changes a start type.
  - It needs an account that is an administrator of the server and may read the topology.
  - It fails when the connection leads to another server than O(computer), when the server has no service of that
    name, when a cmdlet reports an error, or when a service is not as wanted after O(timeout_minutes). What was
    started or stopped by then stays so.
author:
  - sfb.server authors (!UNKNOWN)
options:
  state:
    description:
      - What the services shall be.
    type: str
    required: true
    choices:
      - started
      - stopped
  name:
    description:
      - The name of one service as C(Get-CsWindowsService) lists it, such as V(RTCSRV) or V(W3SVC). When it is
        not given, all of them.
    type: str
  graceful:
    description:
      - Whether the services wait for their conferences and sessions to end before they stop. It has no meaning with
        O(state=started).
    type: bool
    default: false
  timeout_minutes:
    description:
      - How long the services may take after the cmdlet has ended, in minutes.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    details:
      - The services are read, and what would be run stands in RV(commands).
  diff_mode:
    support: full
    details:
      - Shows the status, before and after, of the services that are not as wanted.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.computer
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
notes:
  - The cmdlet runs within the connection. One answer may take as long as C(sfb_call_timeout_seconds) says, so a
    graceful stop that takes longer than that is not known to have succeeded. The task fails then.
seealso:
  - module: sfb.server.windows_service_info
  - module: sfb.server.computer_failover
"""

EXAMPLES = r"""
---
- name: Start what should run
  sfb.server.windows_service:
    state: started

- name: Stop the web server of the product
  sfb.server.windows_service:
    name: W3SVC
    state: stopped

- name: Stop everything on a Standard Edition server, conferences first
  sfb.server.windows_service:
    state: stopped
    graceful: true
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The FQDN of the server, in lower case.
  returned: success
  type: str
  sample: fe01.example.com
commands:
  description: The PowerShell that was run, or would be run in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      Start-CsWindowsService -Name RTCSRV -ComputerName fe01.example.com -Report
      C:\ProgramData\sfb.server\reports\services.html -Confirm:$false
services:
  description:
    - The product's services by name, as RV(sfb.server.windows_service_info#module:services). In check mode, as
      they are.
  returned: success
  type: dict
  sample:
    RTCSRV:
      status: Running
      start_type: Automatic
      activity: []
still_waited_for:
  description: The services that are not as wanted.
  returned: when they were not as wanted in time
  type: str
  sample: RTCSRV (Starting)
waited_minutes:
  description: How long they were waited for.
  returned: when they were not as wanted in time
  type: float
  sample: 59.5
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 5
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
    fe01.example.com has no product service named RTCSVR. It has RTCSRV, W3SVC.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: It has RTCSRV, W3SVC.
"""
