# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_survey
version_added: 0.1.0
short_description: Read everything that a patch run needs to know of one server
description:
  - Reads, in one execution, what this server is and how it is. Product, edition, pool, component versions,
    services with their start types, certificates, local databases, free disk space, pending restart, open
    administration windows, and whether this collection has taken the server out of service.
  - It changes nothing. It does not judge either, M(sfb.server.patch_plan) does that.
  - What could not be read is named under RV(unread) and never guessed.
  - It does not ask about the health of the pool, M(sfb.server.pool_fabric_info) does that.
  - It needs an account that is an administrator of the server and a member of C(RTCUniversalServerAdmins). With fewer
    rights it still answers, and RV(administrator), RV(server_admin) and RV(unread) show what was missing.
  - It fails when the server can't be reached, refuses the account, has no Management Shell, or when its services, its
    mark or the state of its long work can't be read. With O(tolerate_failure=true) it reports this in its result.
author:
  - sfb.server authors (!UNKNOWN)
options:
  source:
    description:
      - Where the update comes from, to see whether the server can get it. An http(s) address or a UNC path.
      - Anything else is a file on the controller, about which no server is asked.
      - A web server is asked for the headers of the file only, with the method C(HEAD).
    type: str
  retry_seconds:
    description:
      - For how many seconds a server that does not answer is tried again.
    type: int
    default: 60
  tolerate_failure:
    description:
      - Whether a server that can't be read is a result and no failure. The result then has RV(reachable) V(false) and
        says why in RV(trouble).
      - Use it to see the trouble of all servers in one list.
    type: bool
    default: false
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
  - module: sfb.server.patch_plan
  - module: sfb.server.pool_fabric_info
  - module: sfb.server.pool_status
  - ref: ansible_collections.sfb.server.docsite.guide_patch_frontend_pool
    description: What a run looks at, and what it makes of it.
"""

EXAMPLES = r"""
---
- name: Read what this server is and how it is
  sfb.server.server_survey:
  register: survey

- name: Show why a server is not in service
  ansible.builtin.debug:
    var: survey.state_reasons
  when: survey.state != 'in_service'

- name: Read it, and see whether the server can get the update
  sfb.server.server_survey:
    source: https://files.example.com/SkypeServerUpdateInstaller.exe
    tolerate_failure: true
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
inventory_name:
  description: The inventory's name of the server.
  returned: success
  type: str
  sample: fe01
reachable:
  description:
    - Whether the server could be read. If not, all that is returned beside this are RV(inventory_name), RV(trouble),
      RV(trouble_kind), RV(remedy), RV(executions), RV(begun) and RV(ended).
  returned: success
  type: bool
  sample: true
trouble:
  description: Why the server could not be read.
  returned: when RV(reachable) is V(false)
  type: str
  sample: "fe01: it refused the account: ntlm: the specified credentials were rejected by the server"
trouble_kind:
  description:
    - What kind of trouble it was.
    - V(ConnectionLost), V(CredentialsRejected) and V(NotUsable) are the usual ones. Others are the names of
      errors of this collection, such as V(CallFailed) or V(MarkError).
  returned: when RV(reachable) is V(false)
  type: str
  sample: CredentialsRejected
remedy:
  description: What to do about the trouble. Null where it has no remedy of its own.
  returned: when RV(reachable) is V(false), or the task failed
  type: str
  sample: Check the user name and password of the connection; nothing was tried twice.
server:
  description: The FQDN that Windows on the server gives itself, in lower case.
  returned: when RV(reachable) is V(true)
  type: str
  sample: fe01.example.com
state:
  description:
    - V(in_service) when RTCSRV and every service that starts automatically runs, and no mark stands.
    - V(out_by_us) where the mark of this collection stands, however the services look.
    - V(out_by_others) when RTCSRV is stopped and disabled and no mark stands.
    - V(draining) and V(coming_back) while a way out or back that this collection began is running.
    - V(starting) when what does not run yet is starting.
    - V(no_front_end) for a server of the product without RTCSRV, such as a Back End Server. RV(state_reasons) names the
      automatic services that do not run.
    - V(no_product) where RV(product) is V(none).
    - V(partly_stopped) for everything else.
  returned: when RV(reachable) is V(true)
  type: str
  sample: in_service
state_reasons:
  description: The facts from which RV(state) follows.
  returned: when RV(reachable) is V(true)
  type: list
  elements: str
  sample:
    - RTCSRV is Running (start type Automatic)
down:
  description:
    - Whether RTCSRV is stopped and disabled, however it came to that. With a mark whose C(how) is V(stop), whether it is
      stopped, since nothing is disabled then.
  returned: when RV(reachable) is V(true)
  type: bool
  sample: false
services:
  description: The product's services by name, with C(status) and C(start_type).
  returned: when RV(reachable) is V(true)
  type: dict
  sample:
    RTCSRV:
      status: Running
      start_type: Automatic
    W3SVC:
      status: Running
      start_type: Automatic
instances:
  description: The status of the Windows services of the local SQL Server instances that are installed.
  returned: when RV(reachable) is V(true)
  type: dict
  sample:
    RTCLOCAL: Running
    LYNCLOCAL: Running
mark:
  description: What this collection wrote on the server before it took it out of service. Null where no mark stands.
  returned: when RV(reachable) is V(true)
  type: dict
  contains:
    run:
      description: The run that wrote it.
      returned: always
      type: str
      sample: 20260131T223000Z-4711
    time:
      description: When, in UTC.
      returned: always
      type: str
      sample: "2026-01-31T22:41:30Z"
    user:
      description: As which account.
      returned: always
      type: str
      sample: EXAMPLE\admin
    host:
      description: The FQDN of the server that it was written for.
      returned: always
      type: str
      sample: fe01.example.com
    services:
      description: The services as they were before.
      returned: always
      type: dict
      sample:
        RTCSRV:
          status: Running
          start_type: Automatic
works:
  description:
    - The long work of this collection on the server. One of V(none), V(running), V(finished), V(interrupted) and
      V(unreadable) each for C(fail_over), C(fail_back), C(services), C(install) and C(reset).
    - V(finished) says that it ended, not how. V(unreadable) says that its file is not whole, because it is being
      written just now, or because its writer died.
  returned: when RV(reachable) is V(true)
  type: dict
  sample:
    fail_over: none
    fail_back: none
    services: none
    install: none
    reset: none
install_incomplete:
  description:
    - Whether the last installation on a server that carries the mark failed or was cut off. It is then made again,
      whatever the versions say.
  returned: when RV(reachable) is V(true)
  type: bool
  sample: false
restart_due:
  description: Whether the last installation asked for a restart of Windows that has not been made since.
  returned: when RV(reachable) is V(true)
  type: bool
  sample: false
last_boot:
  description: When Windows was started, in UTC.
  returned: when RV(reachable) is V(true)
  type: str
  sample: "2026-01-15T03:12:44.5000000Z"
user:
  description: The account that the reads ran as. With C(become) it is the account that was become.
  returned: when RV(reachable) is V(true)
  type: str
  sample: EXAMPLE\admin
administrator:
  description: Whether the account is an administrator of the server, with its full rights in force.
  returned: when RV(reachable) is V(true)
  type: bool
  sample: true
server_admin:
  description: Whether the account is a member of C(RTCUniversalServerAdmins).
  returned: when RV(reachable) is V(true)
  type: bool
  sample: true
unread:
  description:
    - What could not be read, and why, in the words of the server. Its keys are the names of the other return
      values, or C(topology) for RV(pool), RV(computers), RV(edition), RV(user_database), RV(topology) and
      RV(stores) together, and C(product) for RV(product), RV(product_text) and RV(version) together. What is named here is
      not returned.
  returned: when RV(reachable) is V(true)
  type: dict
  sample: {}
pool:
  description: The FQDN of the pool that the server belongs to.
  returned: when RV(reachable) is V(true) and the topology could be read
  type: str
  sample: pool01.example.com
computers:
  description: The FQDNs of the pool's servers, in the topology's order.
  returned: when RV(reachable) is V(true) and the topology could be read
  type: list
  elements: str
  sample:
    - fe01.example.com
    - fe02.example.com
    - fe03.example.com
edition:
  description: V(enterprise), V(standard), or V(other) for a server that is a pool of its own without users.
  returned: when RV(reachable) is V(true) and the topology could be read
  type: str
  sample: enterprise
user_database:
  description: The FQDN of the SQL Server that holds the pool's users. Null where the topology names none.
  returned: when RV(reachable) is V(true) and the topology could be read
  type: str
  sample: sql01.example.com
topology:
  description: Every pool of the topology, as RV(sfb.server.topology_info#module:pools).
  returned: when RV(reachable) is V(true) and the topology could be read
  type: list
  elements: dict
  sample:
    - pool: pool01.example.com
      computers:
        - fe01.example.com
        - fe02.example.com
        - fe03.example.com
      services:
        - Registrar:pool01.example.com
      user_database: sql01.example.com
      site: Site:Site1
stores:
  description: Every store of the topology, as RV(sfb.server.topology_info#module:stores).
  returned: when RV(reachable) is V(true) and the topology could be read
  type: list
  elements: dict
  sample:
    - role: user
      sql_server: sql01.example.com
      instance: rtc
      mirror: null
      mirror_instance: ""
      pools:
        - pool01.example.com
product:
  description:
    - V(lync2013), V(sfb2015), V(sfb2019) or V(unknown). V(sfb2019) stands for everything from 7.0 on.
    - V(none) where neither a module nor a service of the product is there, as on a server that only has SQL Server. The
      values that the product's cmdlets tell are not returned then.
  returned: when RV(reachable) is V(true) and the version could be read
  type: str
  sample: sfb2015
product_text:
  description: What C(Get-CsServerVersion) says.
  returned: when RV(reachable) is V(true) and the version could be read
  type: str
  sample: "Skype for Business Server 2015 (6.0.9319.0): Volume license key installed."
version:
  description: The version of the installed base, without updates. Null where RV(product_text) has none.
  returned: when RV(reachable) is V(true) and the version could be read
  type: str
  sample: 6.0.9319.0
components:
  description:
    - The version of each installed component, as C(Get-CsServerPatchVersion) lists them, or the list of programs in the
      registry where that cmdlet does not exist. Where no component is named Core Components, as on a localised server,
      its version is that of C(Microsoft.Rtc.Management.Deployment.Bootstrapper.dll).
  returned: when RV(reachable) is V(true) and they could be read
  type: dict
  sample:
    Skype for Business Server 2015, Core Components: 6.0.9319.537
pending_restart:
  description: Who waits for a restart of Windows.
  returned: when RV(reachable) is V(true) and it could be read
  type: list
  elements: str
  sample:
    - Windows Update
    - files to be replaced
certificates:
  description: The product's certificates, each with C(Use), C(Subject), C(NotAfter) and C(Thumbprint).
  returned: when RV(reachable) is V(true) and they could be read
  type: list
  elements: dict
  sample:
    - Use: Default
      Subject: CN=pool01.example.com
      NotAfter: "2027-06-30T12:00:00.0000000Z"
      Thumbprint: 0123456789ABCDEF0123456789ABCDEF01234567
user_databases:
  description: By FQDN of the SQL Server, whether this server reaches its user database.
  returned: when RV(reachable) is V(true) and they could be read
  type: dict
  sample:
    sql01.example.com: true
disks:
  description: The free bytes of each local disk.
  returned: when RV(reachable) is V(true) and they could be read
  type: dict
  sample:
    "C:": 41875931136
open_windows:
  description:
    - Open windows of PowerShell, Topology Builder and management consoles, which hold files that an update
      replaces. What runs in session 0 is a service or this module, and is left out. Each with C(Id), C(Name),
      C(UserName) and C(SessionId).
  returned: when RV(reachable) is V(true) and they could be read
  type: list
  elements: dict
  sample: []
foreign_roots:
  description: Certificates in Trusted Root whose issuer is not their subject, with C(Subject), C(Issuer),
    C(Thumbprint).
  returned: when RV(reachable) is V(true) and they could be read
  type: list
  elements: dict
  sample: []
local_databases:
  description: The databases of the local SQL Server instances, with C(name), C(state) and C(access).
  returned: when RV(reachable) is V(true) and they could be read
  type: dict
  sample:
    RTCLOCAL:
      - name: rtc
        state: ONLINE
        access: MULTI_USER
    LYNCLOCAL: []
folder_sddl:
  description: Owner and rights of the collection's folder on the server. Null where there is no such folder.
  returned: when RV(reachable) is V(true) and it could be read
  type: str
  sample: O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)
address_book_runs:
  description: The times of day at which the Address Book is made, as the server has them.
  returned: when RV(reachable) is V(true) and they could be read
  type: list
  elements: str
  sample:
    - "01:30"
errors_24h:
  description:
    - Errors and critical events in the Lync Server event log of the last 24 hours, counted by source and event
      id. The 50 newest are counted at most.
  returned: when RV(reachable) is V(true) and they could be read
  type: dict
  sample:
    LS User Services 32174: 3
update_policy:
  description: The policy of Windows Update, with C(AUOptions), C(NoAutoUpdate) and C(ScheduledInstallTime) where set.
  returned: when RV(reachable) is V(true)
  type: dict
  sample: {}
local_time:
  description: The server's clock, in UTC.
  returned: when RV(reachable) is V(true)
  type: str
  sample: "2026-01-31T22:30:00.0000000Z"
utc_offset_minutes:
  description: By how many minutes the server's local time is ahead of UTC.
  returned: when RV(reachable) is V(true)
  type: int
  sample: 60
source_found:
  description: Whether the server can get O(source).
  returned: when RV(reachable) is V(true) and O(source) was given
  type: bool
  sample: true
source_trouble:
  description: Why not. Empty where nothing went wrong.
  returned: when RV(reachable) is V(true) and O(source) was given
  type: str
  sample: ""
executions:
  description: How many times a script was run on the server for this task.
  returned: when the server was asked
  type: int
  sample: 1
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
"""
