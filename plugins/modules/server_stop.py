# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_stop
version_added: 0.1.0
short_description: Stop the services of a Back End or Standard Edition server, and start them again
description:
  - Stops every service of the product on a server that no other server stands in for, starts its web server, or
    starts what ran before. These are the steps 4, 5, 9 and 10 of Microsoft's instructions for such servers, and the
    start at the end that they leave out.
  - B(With the first stop the users of a Standard Edition server are out), until O(state=started) has succeeded.
  - Before the first stop it writes a mark on the server with the services as they were. The mark is removed when
    everything that ran before runs again. A killed run is started again and goes on from there, and a later run takes
    over from an earlier one, which stops then.
  - A service that was stopped or disabled before stays so. It never changes a start type.
  - It never stops a Front End that has companions in its pool. Use M(sfb.server.computer_failover) for that.
  - A server that has nothing of the product (a SQL Server alone) is left as it is, and RV(reason) says so.
  - C(Stop-CsWindowsService) and C(Start-CsWindowsService) run in a process of their own on the server. A broken
    connection or a killed playbook does not end it, and the next task finds it and waits for it.
  - It needs an account that is an administrator of the server.
  - It fails when the server is a Front End with companions, when it was failed over, while an update is being installed
    there, when RTCSRV does not run and no mark stands, when a service can't be stopped or started, and when it is not
    so in time. The failure names each service with its state, and the mark stays.
author:
  - sfb.server authors (!UNKNOWN)
options:
  state:
    description:
      - V(stopped) means that every service of the product is stopped, W3SVC among them, and that the server is marked.
        C(Stop-Service W3SVC) is sent after C(Stop-CsWindowsService), where a stopped web server is no error.
      - V(web_server) means that W3SVC runs. It is left alone where it is disabled or not there.
      - V(started) means that everything that ran before runs again, and that the mark is gone. Nothing is done where no
        mark stands, except that the task fails when an automatic service does not run.
    type: str
    required: true
    choices:
      - stopped
      - web_server
      - started
  again:
    description:
      - Whether C(Stop-CsWindowsService) is sent once more although everything is stopped, as Microsoft's instructions
        want it after the installation, for the assembly cache. It has no meaning with another O(state).
    type: bool
    default: false
  run:
    description:
      - The name of this run, which is written into the mark. It has to be the same in all tasks of a run.
      - When it is not given, the name of the module.
    type: str
  timeout_minutes:
    description:
      - How long the services may take to stop or to start, in minutes.
      - RTCSRV that is starting makes progress. It is waited for up to 60 minutes, or for this long if that is longer.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    details:
      - The services are read, and what would be run stands in RV(commands), in its order.
  diff_mode:
    support: full
    details:
      - Shows the status, before and after, of the services that are stopped or started.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.computer_failover
  - module: sfb.server.windows_service
  - module: sfb.server.server_update
"""

EXAMPLES = r"""
---
- name: Stop everything before the update is installed
  sfb.server.server_stop:
    state: stopped
    run: window-2026-01-31

- name: Stop everything once more after it, for the assembly cache
  sfb.server.server_stop:
    state: stopped
    again: true
    run: window-2026-01-31

- name: Start the web server before the databases are updated
  sfb.server.server_stop:
    state: web_server
    run: window-2026-01-31

- name: Start what ran before
  sfb.server.server_stop:
    state: started
    run: window-2026-01-31
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
  sample: sql01.example.com
state:
  description:
    - The state of the server, as RV(sfb.server.server_survey#module:state). V(out_by_us) from the first stop until
      everything has been started again.
  returned: success, and with some failures
  type: str
  sample: out_by_us
services:
  description:
    - The product's services by name, with their status and start type. In check mode, as they are.
  returned: success
  type: dict
  sample:
    REPLICA:
      status: Stopped
      start_type: Automatic
ran_before:
  description: The services that have to run again, by the mark. Empty where no mark stands.
  returned: success
  type: list
  elements: str
  sample:
    - REPLICA
    - RTCCLSAGT
    - W3SVC
reason:
  description: Why there was nothing to do, where that is not because it was so already.
  returned: when it has one
  type: str
  sample: sql01.example.com has nothing of the product (a SQL Server alone), so nothing is there to stop
minutes:
  description: How long it took.
  returned: success
  type: float
  sample: 2.5
commands:
  description: The PowerShell that was run, or would be run in check mode, in its order.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      Stop-CsWindowsService -ComputerName sql01.example.com -Report
      C:\ProgramData\sfb.server\reports\services.html -Confirm:$false
    - Stop-Service -Name W3SVC
still_waited_for:
  description: The services that are not as wanted, each with its state.
  returned: when they were not as wanted in time, or could not be started
  type: str
  sample: RTCCHAT (Stopping)
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 9
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
    sql01.example.com: not every service is stopped after 30 minutes: RTCCHAT (Stopping).
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Look at that service there, and end it if it hangs; then start the playbook again.
"""
