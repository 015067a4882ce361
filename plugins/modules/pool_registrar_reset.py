# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pool_registrar_reset
version_added: 0.1.0
short_description: Recover a pool with missing replicas
description:
  - Runs C(Reset-CsPoolRegistrarState -ResetType QuorumLossRecovery) for a pool whose replicas are missing. This
    is the answer that Microsoft's manual gives.
  - B(The reset interrupts the whole pool, and data that was not yet written to the back end can be lost.)
  - It is run only when the text of C(Get-CsPoolFabricState) says plainly that replicas are missing, when they
    are still missing after O(rebuild_minutes), and when every Front End of the pool is in service and answers
    on port 5090. Otherwise nothing is changed. Where no replicas are missing the task succeeds without a
    change, where a server may be out it fails.
  - It never uses another type of reset, and it runs the cmdlet at most once per task.
  - The reset runs in a process of its own on the server that was asked. A reset that an earlier run began there
    is waited for, not begun again.
  - It ends when the cmdlet has ended. Whether the pool is healthy then stands in RV(health), see also
    M(sfb.server.pool_fabric_info) with O(sfb.server.pool_fabric_info#module:wait_for_healthy=true).
  - It fails when the cmdlet reports an error, when its process vanishes, or when it runs longer than
    O(timeout_minutes). In the last case it is left alone and goes on.
  - It needs an account that is an administrator of every server of the pool and a member of
    C(RTCUniversalServerAdmins).
author:
  - sfb.server authors (!UNKNOWN)
options:
  pool_fqdn:
    description:
      - The pool. When it is not given, the pool of the asked server.
    type: str
  rebuild_minutes:
    description:
      - How long replicas that are missing may take to rebuild by themselves, in minutes. After a restart that
        is normal. The pool is read every minute.
    type: int
    default: 30
  timeout_minutes:
    description:
      - How long the cmdlet may run, in minutes.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    details:
      - The cmdlet is not run and stands in RV(commands). The time of O(rebuild_minutes) is not waited.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.pool_fabric_info
  - ref: ansible_collections.sfb.server.docsite.guide_when_it_stops
    description: What to do about missing replicas.
"""

EXAMPLES = r"""
---
- name: See whether the pool would be reset
  sfb.server.pool_registrar_reset:
    rebuild_minutes: 0
  check_mode: true
  register: recovery

- name: Let the replicas rebuild, and reset the registrar once if they do not
  sfb.server.pool_registrar_reset:
    pool_fqdn: pool01.example.com
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
commands:
  description: The PowerShell that was run, or would be run in check mode. Empty where none was needed.
  returned: success
  type: list
  elements: str
  sample:
    - Reset-CsPoolRegistrarState -PoolFqdn pool01.example.com -ResetType QuorumLossRecovery -Confirm:$false
health:
  description:
    - V(healthy) only when all evidence is. V(degraded) when one piece is bad. V(unknown) when one piece could
      not be read or could not be understood, and none is bad.
  returned: success
  type: str
  sample: healthy
evidence:
  description: Everything that RV(health) rests on, bad pieces first.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description:
        - What was looked at. One of V(fabric), V(readiness), V(services), V(port), V(events), V(replication),
          V(quorum) and V(back end).
      returned: always
      type: str
      sample: port
    server:
      description: The server that it is about. Null where it is about the pool.
      returned: always
      type: str
      sample: fe02.example.com
    verdict:
      description: V(healthy), V(degraded) or V(unknown).
      returned: always
      type: str
      sample: degraded
    fact:
      description: What was found.
      returned: always
      type: str
      sample: Port 5090 of fe02.example.com does not answer
    remedy:
      description: What to do about it. Empty where nothing has to be done.
      returned: always
      type: str
      sample: Check RTCSRV on it and the firewall between the Front Ends.
missing_replicas:
  description: Whether the fabric's text says plainly that replicas are missing.
  returned: success
  type: bool
  sample: false
fabric_text:
  description: What C(Get-CsPoolFabricState) wrote, unchanged.
  returned: success
  type: list
  elements: str
  sample:
    - fe01.example.com OK Up
pool:
  description: The FQDN of the pool, in lower case.
  returned: success
  type: str
  sample: pool01.example.com
computers:
  description: The FQDNs of its Front Ends, in the order that the quorum rules count in.
  returned: success
  type: list
  elements: str
  sample:
    - fe01.example.com
    - fe02.example.com
    - fe03.example.com
product:
  description: V(lync2013), V(sfb2015), V(sfb2019) or V(unknown).
  returned: success
  type: str
  sample: sfb2015
witness:
  description: The FQDN of the server that was asked.
  returned: success
  type: str
  sample: fe02.example.com
fabric_warnings:
  description: The warnings of C(Get-CsPoolFabricState), unchanged.
  returned: success
  type: list
  elements: str
  sample: []
central_management_master:
  description: The FQDN of the server that holds the active Central Management master. Null where it was not told.
  returned: success
  type: str
  sample: fe01.example.com
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 12
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
    Pool pool01.example.com is not reset while a server of it may be out of service: fe02.example.com is partly
    stopped
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Bring every server into service first; the replicas may then rebuild by themselves.
"""
