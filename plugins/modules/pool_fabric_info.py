# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pool_fabric_info
version_added: 0.1.0
short_description: Tell whether a pool is healthy enough to lose one server
description:
  - Asks a Front End about its pool, in one execution, and judges all answers together. Nothing is discounted.
  - Looks at the text of C(Get-CsPoolFabricState), at the upgrade readiness, at the services and at port 5090 of
    every Front End, at marks of this collection, at pool manager events in the Lync Server event log of the
    asked server (32163, 32170, 32173, and 32174 when it repeats), at the configuration replicas, at the quorum
    with one server less, and at the SQL back end where it has a vote in the quorum.
  - Nobody has published a real text of C(Get-CsPoolFabricState). So its text can forbid but hardly allow.
    Warnings and known bad words make the pool V(degraded). A list that shows every Front End as OK and Up
    counts as good, and so does the text that was saved as O(baseline). Every other text makes the pool
    V(unknown).
  - It changes nothing.
  - It fails when the asked server does not answer, when the file of O(baseline) is not there, and with
    O(wait_for_healthy=true) when the pool does not become healthy in time. Without that, an answer other than
    V(healthy) is a result and no failure.
  - It is meant to be asked while every server of the pool is in service. A server that is out makes the pool
    V(degraded), whoever took it out.
  - It needs an account that is a member of C(RTCUniversalServerAdmins) and an administrator of every server of
    the pool. What the account may not read makes the pool V(unknown).
  - The readiness cmdlet of Lync Server 2013 and Skype for Business Server 2015 blocks until replicas are built, so a
    reading may take minutes.
  - Lync Server 2013 has rules of its own for O(wait_for_healthy=true), which Microsoft gives for its update by upgrade
    domain. A busy pool is asked again after ten minutes. When it is busy three times in a row, or has too few active
    Front Ends once, with every server in service, that is a problem of the pool and the task fails at once. The settle
    time is at least 20 minutes. While it lasts the pool is looked at, and when it is not ready meanwhile, or the text of
    C(Get-CsPoolFabricState) changes, the readings and the settle time begin anew. The settle time comes on top of
    O(timeout_minutes) there.
author:
  - sfb.server authors (!UNKNOWN)
options:
  pool_fqdn:
    description:
      - The pool. When it is not given, the pool of the asked server.
    type: str
  computers:
    description:
      - The FQDNs of its Front Ends, in the order of C(Get-CsComputer). When they are not given, the topology is
        asked, which takes one more execution.
    type: list
    elements: str
  baseline:
    description:
      - A file on the controller with the fabric's text of this pool as it was while the pool was known to be healthy.
        C(sfb.server.pool_status) of the playbooks writes it, see O(sfb.server.pool_status#module:save_baseline).
      - A file that does not exist makes the task fail.
    type: path
  events_since:
    description:
      - Only events after this moment count, an ISO 8601 date and time with its offset. When it is not given,
        those of the last hour before the task began.
    type: str
  services_before:
    description:
      - By FQDN of a Front End, the names of the services that ran before. Those that do not run now are bad evidence.
    type: dict
    default: {}
  wait_for_healthy:
    description:
      - Whether to wait until the pool is V(healthy), and to fail when it does not become so. This is the gate
        of a patch run.
      - When it is V(false), the pool is read once, and the options O(reads), O(interval_seconds),
        O(settle_minutes) and O(timeout_minutes) have no meaning.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details:
      - The pool is read once and not waited for, also with O(wait_for_healthy=true).
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.gate
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.pool_status
  - module: sfb.server.pool_registrar_reset
  - ref: ansible_collections.sfb.server.docsite.guide_patch_frontend_pool
    description: The gate, and what each piece of evidence means.
"""

EXAMPLES = r"""
---
- name: Read the health of the pool
  sfb.server.pool_fabric_info:
  register: pool

- name: Show what is not good
  ansible.builtin.debug:
    msg: "{{ pool.evidence | rejectattr('verdict', 'equalto', 'healthy') }}"

- name: Wait until the pool is healthy, with what its administrator saved while it was
  sfb.server.pool_fabric_info:
    pool_fqdn: pool01.example.com
    baseline: "{{ playbook_dir }}/baselines/pool01.example.com.json"
    wait_for_healthy: true
    reads: 3
    interval_seconds: 60
    settle_minutes: 5
    timeout_minutes: 60
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
health:
  description:
    - V(healthy) only when all evidence is. V(degraded) when one piece is bad. V(unknown) when one piece could
      not be read or could not be understood, and none is bad.
  returned: success, and when the pool did not become healthy in time
  type: str
  sample: healthy
evidence:
  description: Everything that RV(health) rests on, bad pieces first.
  returned: success, and when the pool did not become healthy in time
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
  returned: success, and when the pool did not become healthy in time
  type: bool
  sample: false
fabric_text:
  description: What C(Get-CsPoolFabricState) wrote, unchanged.
  returned: success, and when the pool did not become healthy in time
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
readiness:
  description:
    - What the readiness cmdlet says. V(ready), V(busy), V(insufficient) (too few active Front Ends) or V(unknown).
  returned: success
  type: str
  sample: ready
upgrade_domains:
  description: The upgrade domains that the readiness cmdlet lists.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: UpgradeDomain1
    ready:
      description: Whether it may be upgraded. Null where that was not told.
      returned: always
      type: bool
      sample: true
    front_ends:
      description: Its Front Ends in lower case, as the cmdlet names them.
      returned: always
      type: list
      elements: str
      sample:
        - fe01.example.com
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
  sample: 4
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
    Pool pool01.example.com was not healthy within 60 minutes: Port 5090 of fe02.example.com does not answer
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Check RTCSRV on it and the firewall between the Front Ends.
"""
