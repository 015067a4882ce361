# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: patch_plan
version_added: 0.1.0
short_description: Tell what speaks against patching a pool now, and what a run would do
description:
  - Makes, from surveys and the health of the pool that were read before, the list of findings and the plan, and
    prints both.
  - A finding names the server, the fact and the remedy. A warning is to be known. An error stops the run,
    unless its id is in O(settings.accepted_findings).
  - The plan names the servers to patch in their order. A server with our mark comes first, then
    O(settings.server_order) counts, then the server with the active Central Management master comes last, then
    the topology's order counts. Servers that have the update are left out.
  - It asks no server and changes nothing. Where the variable C(patch_report_folder) names the record of a run, the
    plan is written there, but not in check mode.
  - It fails when a finding stops the run, and when there is neither a server to patch nor one that has the update. It
    also fails when O(settings.stop_at), O(settings.time_zone) or O(settings.update_version) can't be understood.
author:
  - sfb.server authors (!UNKNOWN)
options:
  surveys:
    description:
      - The results of M(sfb.server.server_survey) with
        O(sfb.server.server_survey#module:tolerate_failure=true), one for each server of the inventory group.
        Also for the servers that C(--limit) leaves out.
    type: list
    elements: dict
    required: true
  others:
    description:
      - The results of M(sfb.server.server_survey) of the servers of other pools that the same run patches. They are
        needed for databases that pools share.
    type: list
    elements: dict
    default: []
  pool_order:
    description: As O(sfb.server.database_plan#module:pool_order).
    type: list
    elements: str
    default: []
  pool_health:
    description:
      - The result of M(sfb.server.pool_fabric_info). Leave it out when the pool could not be asked because a
        server is out of service.
    type: dict
  settings:
    description:
      - The settings of the run. They have the names of the C(sfb_) variables without the prefix.
    type: dict
    required: true
    suboptions:
      pool_fqdn:
        description: The pool that the servers must belong to. When it is not given, the pool of the first server.
        type: str
      play_hosts:
        description:
          - The inventory's names of the servers that may be patched in this run. When they are not given, all
            that were surveyed.
        type: list
        elements: str
      update_source:
        description: Where the installer comes from. A file of the controller is looked for here and its hash is
          checked.
        type: str
        required: true
      update_version:
        description: The version that Core Components has with the update.
        type: str
        required: true
      update_sha256:
        description: The SHA-256 of the installer. A warning says so when it is not given.
        type: str
      drain_timeout_minutes:
        description: As O(sfb.server.computer_failover#module:drain_timeout_minutes), for the commands of the plan.
        type: int
        default: 60
      on_drain_timeout:
        description: As O(sfb.server.computer_failover#module:on_drain_timeout), for the commands of the plan.
        type: str
        default: fail
        choices:
          - fail
          - cut
      start_timeout_minutes:
        description: As O(sfb.server.computer_failover#module:start_timeout_minutes), for the commands of the plan.
        type: int
        default: 60
      reboot:
        description: When the server is restarted after the install, for the commands of the plan.
        type: str
        default: if_needed
        choices:
          - if_needed
          - always
          - never
      stop_at:
        description:
          - After this moment no further server is started. A time of day such as V("22:30"), the next one after
            now, or an ISO 8601 date and time. Write it in quotes. YAML makes a number of C(22:30), and a number
            is refused.
        type: raw
      time_zone:
        description:
          - The time zone of O(settings.stop_at), an IANA name such as V(Europe/Berlin) or an offset such as
            V(+01:00). When it is not given, the offset that the first server has now.
        type: str
      stop_after_minutes:
        description: So long after the start no further server is started, in minutes.
        type: float
      warn_after_minutes:
        description: So long after the start it is said that the run takes long, in minutes.
        type: float
      server_order:
        description: The servers that come first, in this order, by FQDN or by the inventory's name.
        type: list
        elements: str
        default: []
      accepted_findings:
        description:
          - The ids of findings that do not stop the run, as V(id) or for one server as V(id@fqdn). Some
            findings can't be accepted.
        type: list
        elements: str
        default: []
      adopt_out_of_service:
        description: Whether a server that somebody else took out of service may be taken over.
        type: bool
        default: false
      two_server_pool:
        description: As O(sfb.server.computer_failover#module:two_server_pool).
        type: str
        default: stop
        choices:
          - stop
          - graceful_stop
      recover_quorum_loss:
        description: Whether missing replicas are a warning, since the run recovers the pool before the first server.
        type: bool
        default: false
      close_shells:
        description: Whether open windows are a warning, since the run ends them before the installation.
        type: bool
        default: false
      update_mirrored_databases:
        description: Whether mirrored databases are updated too. Otherwise a finding says so.
        type: bool
        default: false
      backup_confirmed:
        description: Whether somebody confirmed a recent backup of the databases. If not, a warning says so.
        type: bool
        default: false
attributes:
  check_mode:
    support: full
    details:
      - The PowerShell of each step is printed too, in order, for each server.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_controller
seealso:
  - module: sfb.server.server_survey
  - module: sfb.server.pool_fabric_info
  - module: sfb.server.patch_window
  - module: sfb.server.patch_verdict
  - ref: ansible_collections.sfb.server.docsite.guide_patch_frontend_pool
    description: The table of findings, with remedies.
"""

EXAMPLES = r"""
---
- name: Findings and plan
  sfb.server.patch_plan:
    surveys: "{{ ansible_play_hosts | map('extract', hostvars, 'survey') | list }}"
    pool_health: "{{ health }}"
    settings:
      update_source: https://files.example.com/SkypeServerUpdateInstaller.exe
      update_version: "6.0.9319.628"
      stop_at: "04:00"
      time_zone: Europe/Berlin
      accepted_findings:
        - open_windows@fe02.example.com
  register: planned
  run_once: true

- name: Show the order
  ansible.builtin.debug:
    var: planned.plan.order
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
  description:
    - Always V(false). What a run would change stands in RV(plan).
  returned: always
  type: bool
  sample: false
findings:
  description: Everything that was found, what stops the run first.
  returned: success, and when findings stop the run
  type: list
  elements: dict
  contains:
    id:
      description: The name of this kind of finding.
      returned: always
      type: str
      sample: certificate_ends
    level:
      description: V(error) or V(warning).
      returned: always
      type: str
      sample: warning
    server:
      description: The server that it is about. Null where it is about the pool or the run.
      returned: always
      type: str
      sample: fe01.example.com
    fact:
      description: What was found.
      returned: always
      type: str
      sample: its Default certificate (CN=pool01.example.com) expires on 2026-02-07
    remedy:
      description: What to do about it.
      returned: always
      type: str
      sample: Renew it soon.
    accepted:
      description: Whether O(settings.accepted_findings) names it, and it can be accepted.
      returned: always
      type: bool
      sample: false
plan:
  description: What a run would do.
  returned: success
  type: dict
  contains:
    pool:
      description: The FQDN of the pool. Empty where it is not known.
      returned: always
      type: str
      sample: pool01.example.com
    computers:
      description: The FQDNs of the pool's servers, in the topology's order.
      returned: always
      type: list
      elements: str
      sample:
        - fe01.example.com
        - fe02.example.com
        - fe03.example.com
    patch:
      description: The servers to patch, in order.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The inventory's name of the server.
          returned: always
          type: str
          sample: fe01
        server:
          description: Its FQDN.
          returned: always
          type: str
          sample: fe01.example.com
        why:
          description: Its version now and then, and why it has its place.
          returned: always
          type: str
          sample: 6.0.9319.537 -> 6.0.9319.628
        installer:
          description: The path that the installer gets on the server.
          returned: always
          type: str
          sample: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
        has_update:
          description: Whether it has the update, and only has to come back.
          returned: always
          type: bool
          sample: false
        marked:
          description: Whether the mark of this collection stands on it.
          returned: always
          type: bool
          sample: false
        adopted:
          description: Whether somebody else took it out of service, and the run takes it over.
          returned: always
          type: bool
          sample: false
        pending_restart:
          description: Whether Windows waits for a restart.
          returned: always
          type: bool
          sample: false
        steps:
          description: What is done with it, in order.
          returned: always
          type: list
          elements: dict
          contains:
            name:
              description: The step.
              returned: always
              type: str
              sample: drain
            commands:
              description: The PowerShell of the step.
              returned: always
              type: list
              elements: str
              sample:
                - >-
                  Invoke-CsComputerFailOver -ComputerName fe01.example.com -WaitTime 0.01:00:00 -Report
                  C:\ProgramData\sfb.server\reports\fail_over.html -Confirm:$false
            when:
              description: Under which condition. Empty for always.
              returned: always
              type: str
              sample: ""
    order:
      description: The inventory's names of the servers to patch, in order.
      returned: always
      type: list
      elements: str
      sample:
        - fe01
        - fe02
        - fe03
    done:
      description: The FQDNs of the servers that have the update and are in service.
      returned: always
      type: list
      elements: str
      sample: []
    left_out:
      description: The FQDNs of the servers that need the update and are left out by C(--limit).
      returned: always
      type: list
      elements: str
      sample: []
    expected_minutes:
      description: How long the run is expected to take. It is a rough guess, the same for each server.
      returned: always
      type: int
      sample: 270
    ran_before:
      description: By FQDN, the services that run now.
      returned: always
      type: dict
      sample:
        fe01.example.com:
          - RTCSRV
          - W3SVC
time_zone:
  description: The time zone that O(settings.stop_at) is understood in.
  returned: success, and when findings stop the run
  type: str
  sample: "+01:00"
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
    Nothing was changed. 1 finding stops the run, fe02.example.com is out by others.
remedy:
  description: What to do about the failure. Null where it has no remedy of its own.
  returned: failure that no finding explains
  type: str
  sample: Write it in quotes.
"""
