# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_update
version_added: 0.1.0
short_description: Install a cumulative update on a server
description:
  - Runs the update's own installer (C(SkypeServerUpdateInstaller.exe) or C(LyncServerUpdateInstaller.exe)) with
    C(/silentmode) on a server that is out of service, and verifies the result by the versions of the components.
  - Where Core Components has O(version) already, nothing is changed, unless the server carries the mark of this
    collection and its last installation failed or was cut off. Then the installer is run again.
  - It never runs the installer on a server whose RTCSRV runs, and never one that would be a step back.
  - It never restarts Windows. The result says whether a restart is needed, see M(sfb.server.server_restart). An
    installer that restarts Windows by itself (exit code 1641) is waited for.
  - The installer's hash and signature are checked before its process is started, and again by that very process.
  - The installer runs in a process of its own on the server. A broken connection or a killed playbook does not
    end it, and the next task finds it and waits for it. It is never killed. When it runs longer than
    O(timeout_minutes) the task fails and the installer goes on.
  - No PowerShell of this collection has the product's module loaded while the installer runs.
  - The exit codes 0, 2 and 3010 count as success (the last two need a restart), and so does 1641. With 1618
    another installation is running, and the installer is started again each minute until O(timeout_minutes).
    Every other code is a failure. Whatever the code, the task fails when Core Components is below O(version)
    afterwards, or when another component is lower than before.
  - After a failure RV(unchanged) says whether the server is as it was before, which takes the same component
    versions, and all local databases C(ONLINE) and C(MULTI_USER). Only then may it go back into service without
    further thought. The module itself leaves the server as it is.
  - It needs an account that is an administrator of the server. The update alters the local SQL Server instances
    RTCLOCAL and LYNCLOCAL, so the account needs its rights there too.
  - The server needs C(Get-CsServerPatchVersion), which Skype for Business Server 2015 has since the update of
    November 2015.
author:
  - sfb.server authors (!UNKNOWN)
options:
  installer:
    description:
      - The path of the installer on the server. Each version needs a folder of its own, because the installer
        writes its logs beside itself. M(sfb.server.update_media) brings it there.
    type: str
    required: true
  version:
    description:
      - The version that Core Components has with this update, such as V(6.0.9319.628). Write it in quotes.
      - A server that has a higher version makes the task fail.
    type: str
    required: true
  sha256:
    description:
      - The SHA-256 of the installer. When it is not given, the file's hash is not checked.
    type: str
  signer:
    description:
      - A part of the name of whoever signed the installer. Case does not matter. The signature has to be valid
        in any case.
    type: str
    default: CN=Microsoft Corporation
  timeout_minutes:
    description:
      - How long the installer may run, in minutes. Each time that it is started it has all of it.
    type: int
    default: 90
  restart_timeout_minutes:
    description:
      - How long the server may take to answer again when the installer restarts Windows by itself, in minutes.
    type: int
    default: 30
  wait:
    description:
      - With V(false) the task returns as soon as the installer has begun. A later task waits for it and verifies it.
    type: bool
    default: true
  begun:
    description:
      - The whole result of an earlier task with O(wait=false). The task is the second half of that installation then,
        also when its installer has ended meanwhile. It says what the installation changed, and whether it failed.
      - It has no meaning when that task began nothing and found nothing running.
      - Without it, a task that finds an installer running waits for it too, but what was there before is not known,
        and one that has ended belongs to the past.
    type: dict
attributes:
  check_mode:
    support: full
    details:
      - The versions are read, and what would be run stands in RV(commands). Whether the server is out of
        service and whether the installer is there is not looked at.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
seealso:
  - module: sfb.server.update_media
  - module: sfb.server.computer_failover
  - module: sfb.server.server_restart
  - module: sfb.server.server_update_info
  - ref: ansible_collections.sfb.server.docsite.guide_when_it_stops
    description: What to do after a failed installation.
"""

EXAMPLES = r"""
---
- name: Install the update on a server that is out of service
  sfb.server.server_update:
    installer: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
    version: "6.0.9319.628"
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  register: update

- name: Begin an installation, to do something else meanwhile
  sfb.server.server_update:
    installer: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
    version: "6.0.9319.628"
    wait: false
  register: update_begun

- name: Wait for its end and verify it
  sfb.server.server_update:
    installer: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
    version: "6.0.9319.628"
    begun: "{{ update_begun }}"

- name: Restart, if the update asks for it
  sfb.server.server_restart:
  when: update.restart_required
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The FQDN of the server, in lower case. In check mode, the inventory's name of it.
  returned: success
  type: str
  sample: fe01.example.com
version_before:
  description: The version of Core Components before.
  returned: success, but not when the installer has only begun
  type: str
  sample: 6.0.9319.537
version_after:
  description: The version of Core Components afterwards. In check mode, and where nothing was changed, the same
    as before.
  returned: success, but not when the installer has only begun
  type: str
  sample: 6.0.9319.628
components_before:
  description: The version of each component before.
  returned: success, and when the installation failed
  type: dict
  sample:
    Skype for Business Server 2015, Core Components: 6.0.9319.537
components_after:
  description: The version of each component afterwards. Null where it could not be read after a failure.
  returned: success, and when the installation failed
  type: dict
  sample:
    Skype for Business Server 2015, Core Components: 6.0.9319.628
exit_code:
  description: The installer's exit code.
  returned: when the installer was run
  type: int
  sample: 3010
restart_required:
  description: Whether Windows has to be restarted.
  returned: success, not in check mode
  type: bool
  sample: true
restart_reasons:
  description: Who asks for the restart.
  returned: success, not in check mode
  type: list
  elements: str
  sample:
    - the installer asks for it
    - files to be replaced
restarted:
  description: Whether the installer restarted Windows by itself.
  returned: when the installer was run
  type: bool
  sample: false
minutes:
  description: How long the installation took.
  returned: when the installer was run
  type: float
  sample: 12.5
running:
  description: Whether the installer runs.
  returned: with O(wait=false), not in check mode
  type: bool
  sample: true
work:
  description: Which start of the installer it is, for O(begun).
  returned: when RV(running) is V(true)
  type: str
  sample: 5012/638424234000000000
last_boot:
  description: When Windows was started, for O(begun).
  returned: when RV(running) is V(true)
  type: str
  sample: "2026-01-30T20:15:10.5000000Z"
commands:
  description: The PowerShell that would be run. Empty where the server has the update.
  returned: in check mode
  type: list
  elements: str
  sample:
    - Get-AuthenticodeSignature -LiteralPath
      C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
    - "& C:\\ProgramData\\sfb.server\\media\\6.0.9319.628\\SkypeServerUpdateInstaller.exe /silentmode"
unchanged:
  description: Whether the failed installation left the server as it was.
  returned: when the installation failed
  type: bool
  sample: false
problems:
  description: Everything that is not as it was.
  returned: when the installation failed
  type: list
  elements: str
  sample:
    - "Skype for Business Server 2015, Web Components Server: 6.0.9319.537 -> 6.0.9319.628"
    - database rtc of RTCLOCAL is ONLINE, SINGLE_USER; not ONLINE, MULTI_USER
log:
  description: The lines of the installer's newest logs that tell why. Twenty at most.
  returned: when the installation failed
  type: list
  elements: str
  sample:
    - Error 29024. Error 0x80004005 (Unspecified error) occurred while executing a command.
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 16
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
    The update of fe01.example.com failed: A part of the update could not be installed (exit code 1603); its msp
    log says why.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Touch no other server until fe01.example.com is in service again.
"""
