# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: update_media
version_added: 0.1.0
short_description: Bring the installer of an update onto a server
description:
  - Copies the installer to its place on the server, and checks its hash and its signature there.
  - Where the wanted file lies there already, nothing is changed. A file with another hash or without a good
    signature is replaced.
  - An http(s) address and a UNC path are fetched by the server itself. A file of the controller is sent with
    M(ansible.windows.win_copy), which is slow over WinRM.
  - It never starts the installer.
  - Before anything is written it makes the folder C(C:\ProgramData\sfb.server), which belongs to administrators
    and can be written by nobody else. A folder of that name with another owner or other rights makes the task
    fail.
  - It needs an account that is an administrator of the server, and that may read the source from there.
  - It fails when the source can't be had, or when the file is not the wanted one. The file then stays where it
    is, it is not used, and the next attempt replaces it.
author:
  - sfb.server authors (!UNKNOWN)
options:
  source:
    description:
      - Where the installer comes from. An http(s) address, a UNC path that the server can read, or a file on
        the controller.
      - A file of the controller is looked for as M(ansible.builtin.copy) does, in C(files) beside the playbook
        or role too.
    type: str
    required: true
  installer:
    description:
      - The path that it shall have on the server. Give each version a folder of its own below
        C(C:\ProgramData\sfb.server\media).
    type: str
    required: true
  sha256:
    description:
      - The SHA-256 that the file shall have.
      - When it is not given and the source is a file on the controller, the hash of that file. Otherwise the
        hash is not checked.
    type: str
  signer:
    description:
      - A part of the name of whoever signed the installer. Case does not matter. The signature has to be valid
        in any case.
    type: str
    default: CN=Microsoft Corporation
attributes:
  check_mode:
    support: full
    details:
      - The file on the server is looked at, and nothing is fetched. Whether the source can be had is not looked
        at, unless it is a file on the controller.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
notes:
  - A UNC path is read with the account of the task, from the server. So the account needs its rights beyond the
    server (the second hop).
seealso:
  - module: sfb.server.server_update
  - module: ansible.windows.win_get_url
  - module: ansible.windows.win_copy
"""

EXAMPLES = r"""
---
- name: Fetch the installer from a web server
  sfb.server.update_media:
    source: https://files.example.com/SkypeServerUpdateInstaller.exe
    installer: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

- name: Fetch it from a share
  sfb.server.update_media:
    source: \\files.example.com\updates\SkypeServerUpdateInstaller.exe
    installer: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
server:
  description: The inventory's name of the server.
  returned: success
  type: str
  sample: fe01
installer:
  description: Where the installer lies on the server.
  returned: success
  type: str
  sample: C:\ProgramData\sfb.server\media\6.0.9319.628\SkypeServerUpdateInstaller.exe
source:
  description: Where it comes from.
  returned: success
  type: str
  sample: https://files.example.com/SkypeServerUpdateInstaller.exe
found_before:
  description: What is wrong with the file that lies there now.
  returned: in check mode, when the file would be fetched
  type: list
  elements: str
  sample:
    - the file is not there
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 6
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
    The update could not be brought to fe01. (404) Not Found
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Nothing was installed. Check sfb_update_source, sfb_update_sha256 and where the file came from.
"""
