# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: computer_failover
version_added: 0.1.0
short_description: Take a Front End out of service and bring it back
description:
  - With O(state=out_of_service) it drains a Front End of an Enterprise Edition pool with
    C(Invoke-CsComputerFailOver). Its users and conferences move to the other servers. Its services end up
    stopped and disabled, so that no restart of Windows starts them.
  - With O(state=in_service) it brings the server back with C(Invoke-CsComputerFailBack), and waits until every
    service runs again that ran before and was not disabled.
  - Where there is no fail over, the server is stopped instead. That is so with Lync Server 2013, which does not have
    these cmdlets, and in a pool of two Front Ends. C(Stop-CsWindowsService -Graceful) stops all services of the server,
    and C(Start-CsWindowsService) starts what ran before. They are not disabled, so a restart of Windows starts them
    too. RV(how) says which way it was.
  - Before the server goes out it writes a mark on the server (C(C:\ProgramData\sfb.server\mark.json)) with the run, the
    time, the account and the services as they were. The mark goes only after the server was verified to be back. It
    tells the work of this collection from the work of others, and lets a killed run be started again.
  - It never takes out a second server of a pool. Directly before the drain, and once more after the mark was
    written, it looks at the services, at port 5090 and at the mark of every other server of the pool. One that
    is not known to be in service stops the task. A mark that can't be read over the administrative share of the
    other server does not. If another server goes out while this one drains, this one is put back when its drain
    has ended, and the task fails.
  - It does not ask about the health of the pool. Put M(sfb.server.pool_fabric_info) with
    O(sfb.server.pool_fabric_info#module:wait_for_healthy=true) before it.
  - It never brings back what this collection did not take out, unless O(adopt_out_of_service=true).
  - It never uses C(-Force), C(-NoStop), C(-NoStart) or C(-SkipFabricHealthCheck).
  - Both ways out and back run in a process of their own on the server. A broken connection or a killed
    playbook does not end them, and the next task finds them and waits for them. While a server drains, a line
    about every 90 seconds says what each service still holds.
  - It refuses a Standard Edition server, and a pool of two Front Ends unless O(two_server_pool=graceful_stop).
  - It needs an account that is an administrator of every server of the pool, with a real logon or delegation,
    and a member of C(RTCUniversalServerAdmins).
  - When the drain fails or runs out of time, the server is put back into service and the task fails, unless
    O(put_back_after_failure=false). When the fail over still runs after its deadline and ten minutes more,
    nothing is put back. It is left alone, and the mark stays.
  - The fail back is tried until it succeeds. When it was refused twice, the server counts as back all the same
    if its services and start types are as the mark has them and the readiness cmdlet counts every Front End of
    the pool as active.
  - When the fail back does not succeed within O(start_timeout_minutes), the task fails. The server stays out of
    service and marked, and no other server of its pool may be touched.
author:
  - sfb.server authors (!UNKNOWN)
options:
  state:
    description:
      - What the server shall be.
      - For V(out_of_service) the server has to be in service, or marked by an earlier run. A marked server that
        is only half out is brought back first and then drained anew.
      - For V(in_service) the server has to be in service already, or marked.
    type: str
    required: true
    choices:
      - in_service
      - out_of_service
  computer:
    description:
      - The FQDN, as the topology has it, of the server that the connection leads to.
      - When it is not given, the server is asked for it. When it is given and is not the server's own, the task
        fails before anything is changed.
      - It is no way to reach another server. Use C(delegate_to) for that.
  drain_timeout_minutes:
    description:
      - How long conferences and sessions may take to end, in minutes. What then happens says O(on_drain_timeout).
    type: int
    default: 60
  on_drain_timeout:
    description:
      - With V(fail) the cmdlet gives up after O(drain_timeout_minutes) and takes no action (C(-WaitTime)). The
        server is put back and the task fails. A graceful stop may give up earlier.
      - With V(cut) what is left after O(drain_timeout_minutes) is cut (C(-DrainingTimeout)), and the services
        are stopped. The cmdlet gets 30 minutes more for that. Where the server is stopped gracefully, it is
        C(Stop-CsWindowsService) without C(-Graceful) that stops what is left by then.
    type: str
    default: fail
    choices:
      - fail
      - cut
  start_timeout_minutes:
    description:
      - How long the fail back may take, in minutes. It is tried again each minute until then, because it is
        refused right after a restart.
      - As long again the services that ran before may take to run. What the fail back left stopped is started once.
    type: int
    default: 60
  put_back_after_failure:
    description:
      - Whether a server that would not drain is put back into service before the task fails. If not, it is left
        as it is, with our mark.
    type: bool
    default: true
  adopt_out_of_service:
    description:
      - Whether a server that somebody else took out of service (RTCSRV stopped and disabled, no mark) is taken
        over. It is marked then, and what ran before is not known. So the services that run now and RTCSRV must
        run after the way back. It is not done where there is no fail over.
    type: bool
    default: false
  two_server_pool:
    description:
      - What to do in a pool of two Front Ends, where C(Invoke-CsComputerFailOver) has nobody to move users to.
      - With V(stop) the task fails.
      - With V(graceful_stop) the server is stopped gracefully. Its users feel it.
    type: str
    default: stop
    choices:
      - stop
      - graceful_stop
  run:
    description:
      - Who takes the server out, as it shall stand in the mark. When it is not given, V(computer_failover).
    type: str
attributes:
  check_mode:
    support: full
    details:
      - The state of the server and of the others is read, and what would be run stands in RV(commands).
      - It refuses what a real run would refuse, except for a server that is starting or partly stopped, and a
        fail over or fail back that is running. About these only a real run says that it can't go on.
  diff_mode:
    support: full
    details:
      - Shows the state of the server before and after.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.computer
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.pool_fabric_info
  - module: sfb.server.server_update
  - module: sfb.server.windows_service
  - ref: ansible_collections.sfb.server.docsite.guide_when_it_stops
    description: What to do when it fails.
"""

EXAMPLES = r"""
---
- name: Wait until the pool can lose a server, asked on another Front End
  sfb.server.pool_fabric_info:
    wait_for_healthy: true
  delegate_to: fe02.example.com

- name: Take the server out of service
  sfb.server.computer_failover:
    state: out_of_service
    drain_timeout_minutes: 90

- name: Take it out, and cut the conferences that are left after an hour
  sfb.server.computer_failover:
    state: out_of_service
    on_drain_timeout: cut

- name: Bring it back
  sfb.server.computer_failover:
    state: in_service
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
state:
  description:
    - The state of the server at the end, as RV(sfb.server.server_survey#module:state). In check mode, the state
      that it would have.
    - After a failure, the state that is known, where it is known.
  returned: success, and after some failures
  type: str
  sample: out_by_us
state_before:
  description: The state of the server before.
  returned: when something was changed, but for a server that was adopted
  type: str
  sample: in_service
how:
  description:
    - The way of this server, V(fail_over) or V(stop).
  returned: success
  type: str
  sample: fail_over
services:
  description: The product's services by name, with C(status) and C(start_type).
  returned: success
  type: dict
  sample:
    RTCSRV:
      status: Stopped
      start_type: Disabled
minutes:
  description: How long the way out or back took, with the wait for the services.
  returned: when something was changed, but for a server that was adopted
  type: float
  sample: 11.5
adopted:
  description: Set to V(true) when a server was taken over that somebody else had taken out.
  returned: when O(state=out_of_service) and a server was taken over
  type: bool
  sample: true
warnings_of_call:
  description: The warnings that the cmdlet wrote.
  returned: when a server was drained
  type: list
  elements: str
  sample: []
commands:
  description: The PowerShell that would change something, in order, as an administrator would type it.
  returned: in check mode
  type: list
  elements: str
  sample:
    - >-
      Invoke-CsComputerFailOver -ComputerName fe01.example.com -WaitTime 0.01:00:00 -Report
      C:\ProgramData\sfb.server\reports\fail_over.html -Confirm:$false
left:
  description: What the services still held when the drain was given up.
  returned: when the server would not drain
  type: list
  elements: str
  sample:
    - "RTCAVMCU (Audio/Video Conferencing): Active Conferences=2"
others:
  description: Why another server of the pool may be out of service.
  returned: when the task was refused for that reason
  type: list
  elements: str
  sample:
    - RTCSRV on fe02.example.com is Stopped
still_waited_for:
  description: The services that did not come up in time.
  returned: when the server was failed back and its services do not run
  type: str
  sample: RTCSRV is Starting
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 14
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
    fe01.example.com would not drain: Invoke-CsComputerFailOver failed. fe01.example.com was put back and is in
    service again.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: fe01.example.com was put back and is in service again.
"""
