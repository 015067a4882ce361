# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every use of a Windows cmdlet or program: what a survey reads, and the few things that we write."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call, Selection

# ---- the machine -------------------------------------------------------------------------------------------------------


def _cim(name: str, select: Sequence[Selection], condition: str | None = None) -> Call:
    parameters = {"ClassName": name} | ({"Filter": condition} if condition else {})
    return Call("Get-CimInstance", parameters, select=select)


def computer_system() -> Call:
    return _cim("Win32_ComputerSystem", ["DNSHostName", "Domain", "PartOfDomain"])


def operating_system() -> Call:
    """LastBootUpTime tells one start of Windows from the next."""
    return _cim("Win32_OperatingSystem", ["Caption", "Version", "LastBootUpTime", "LocalDateTime", "CurrentTimeZone"])


def disks() -> Call:
    return _cim("Win32_LogicalDisk", ["DeviceID", "FreeSpace", "Size"], "DriveType=3")


def service_settings() -> Call:
    """All services with their start mode (Auto, Manual, Disabled), which the product's cmdlet does not show."""
    return _cim("Win32_Service", ["Name", "State", "StartMode"])


def shells() -> Call:
    """PowerShell processes: ours that work in the background, and people's."""
    return _cim("Win32_Process", ["ProcessId", "CreationDate", "Name", "CommandLine"], "Name='powershell.exe'")


def product_windows() -> Call:
    """Programs that may hold the product's assemblies while an update wants to replace them.

    Somebody's window is known by its session: 0 is for services and for us. Titles can't be read from there.
    """
    names = ["powershell", "powershell_ise", "Microsoft.Rtc.Management.TopologyBuilder", "AdminUIHost"]
    parameters = {"Name": names, "IncludeUserName": True}
    return Call("Get-Process", parameters, select=["Id", "Name", "UserName", "SessionId"])


def process_of(window: int, name: str, session: int) -> Call:
    """Ends the list of calls unless this process is still the window that was seen: Windows uses its numbers again."""
    expected = {"Name": name, "SessionId": str(session)}
    return Call("Get-Process", {"Id": window}, select=["Name", "SessionId"], expect=expected, go_on=False)


def end_process(window: int) -> Call:
    return Call("Stop-Process", {"Id": window, "Force": True, "Confirm": False}, changes=True, go_on=False)


def stop_web_server() -> Call:
    """What `net stop w3svc` does, but that one which is stopped already is no error."""
    return Call("Stop-Service", {"Name": "W3SVC"}, changes=True, go_on=False)


def start_web_server() -> Call:
    return Call("Start-Service", {"Name": "W3SVC"}, changes=True, go_on=False)


def restart() -> Call:
    """A planned restart (reason 2:17, operating system: security fix) that leaves time for our answer to get out."""
    return Call(program="shutdown.exe", arguments="/r /t 5 /d p:2:17", changes=True)


def local_databases(instance: str) -> Call:
    """Rows name|state|access of a local SQL Server Express instance: RTCLOCAL or LYNCLOCAL."""
    query = "SET NOCOUNT ON; SELECT name, state_desc, user_access_desc FROM sys.databases"
    return Call(program="sqlcmd.exe", arguments=f'-S .\\{instance} -E -h -1 -W -s "|" -Q "{query}"')


_SQL_SERVER = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)
_INSTANCE = re.compile(r"[A-Za-z_#][A-Za-z0-9_#$]{0,15}", re.ASCII)


def databases_of(sql_server: str, instance: str) -> Call:
    """Rows name|state|access|owner|whether we are sysadmin, of one instance ("" is the default one), local or not.

    Errors: ValueError for a name that is none: it becomes part of a command line.
    """
    if not _SQL_SERVER.fullmatch(sql_server) or not (instance == "" or _INSTANCE.fullmatch(instance)):
        raise ValueError(f"{sql_server!r} with the instance {instance!r} is no SQL server.")
    query = (
        "SET NOCOUNT ON; SELECT name, state_desc, user_access_desc, SUSER_SNAME(owner_sid), "
        "IS_SRVROLEMEMBER('sysadmin') FROM sys.databases"
    )
    address = f"{sql_server}\\{instance}" if instance else sql_server
    return Call(program="sqlcmd.exe", arguments=f'-S {address} -E -h -1 -W -s "|" -Q "{query}"')


def port_open(computer: str, port: int) -> Call:
    parameters = {"ComputerName": computer, "Port": port}
    return Call("Test-NetConnection", parameters, select=["ComputerName", "RemotePort", "TcpTestSucceeded"])


def address_answers(url: str) -> Call:
    """Asks a web server for the headers of a file only."""
    parameters = {"Uri": url, "Method": "Head", "UseBasicParsing": True}
    return Call("Invoke-WebRequest", parameters, select=["StatusCode"])


# ---- events --------------------------------------------------------------------------------------------------------------


def product_events(ids: Sequence[int], seconds: int) -> Call:
    """Events of these ids from the last `seconds`, on the server's own clock: no time zone comes between."""
    wanted = " or ".join(f"EventID={int(number)}" for number in ids)
    return _events(f"({wanted})", seconds)


def product_errors(seconds: int) -> Call:
    return _events("(Level=1 or Level=2)", seconds)


def _events(condition: str, seconds: int) -> Call:
    path = f"*[System[{condition} and TimeCreated[timediff(@SystemTime) <= {int(seconds) * 1000}]]]"
    parameters = {"LogName": "Lync Server", "FilterXPath": path, "MaxEvents": 50}
    return Call("Get-WinEvent", parameters, select=["Id", "TimeCreated", "LevelDisplayName", "ProviderName", "Message"])


# ---- what waits for a restart ------------------------------------------------------------------------------------------

_VERSION = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion"
RESTART_KEYS = {
    "Windows components": f"{_VERSION}\\Component Based Servicing\\RebootPending",
    "Windows Update": f"{_VERSION}\\WindowsUpdate\\Auto Update\\RebootRequired",
}


def key_exists(path: str) -> Call:
    return Call("Test-Path", {"LiteralPath": path})


def pending_renames() -> Call:
    parameters = {"LiteralPath": "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"}
    return Call("Get-ItemProperty", parameters, select=["PendingFileRenameOperations"])


def update_policy() -> Call:
    """Automatic updates set by policy: AUOptions 4 installs and restarts by itself."""
    parameters = {"LiteralPath": "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU"}
    return Call("Get-ItemProperty", parameters, select=["AUOptions", "NoAutoUpdate", "ScheduledInstallTime"])


def installed_programs() -> Call:
    """The list of programs, from the registry: Win32_Product would make the installer check every one of them (BLOG)."""
    parameters = {"Path": f"{_VERSION}\\Uninstall\\*"}
    return Call("Get-ItemProperty", parameters, select=["DisplayName", "DisplayVersion", "Publisher"])


def trusted_roots() -> Call:
    """A certificate here whose issuer is somebody else breaks sign-in between servers (support KB 2795828)."""
    parameters = {"LiteralPath": "Cert:\\LocalMachine\\Root"}
    return Call("Get-ChildItem", parameters, select=["Subject", "Issuer", "Thumbprint"])


# ---- files ---------------------------------------------------------------------------------------------------------------


def path_exists(path: str) -> Call:
    return Call("Test-Path", {"LiteralPath": path})


def read_text(path: str) -> Call:
    return Call("Get-Content", {"LiteralPath": path, "Raw": True, "Encoding": "UTF8"})


def telling_lines(path: str) -> Call:
    """Lines of an installer's log that carry an error number. Select-String finds out the log's encoding by itself."""
    parameters = {
        "LiteralPath": path,
        "Pattern": "\\bError (code )?\\d{3,5}\\b|\\bMsg \\d+, Level|could not be installed|0x8[0-9A-F]{7}|return value 3",
    }
    return Call("Select-String", parameters, select=["Line"])


def line_of(path: str, line: str) -> Call:
    """Fails, and ends the list of calls, where the file has no such line."""
    parameters = {"LiteralPath": path, "Pattern": line, "SimpleMatch": True}
    return Call("Select-String", parameters, select=["Line"], expect={"Line": line}, go_on=False)


def no_unfinished(claims: Sequence[str]) -> Call:
    """Ends the list of calls where one of these claims has begun and not ended. One that is not there says nothing."""
    parameters = {"LiteralPath": list(claims), "Pattern": '"finished": *null', "ErrorAction": "SilentlyContinue"}
    return Call("Select-String", parameters, select=["Path"], expect={"Path": ""}, go_on=False)


def write_text(path: str, text: str) -> Call:
    parameters = {"LiteralPath": path, "Value": text, "Encoding": "UTF8"}
    return Call("Set-Content", parameters, changes=True, go_on=False)


def move(path: str, target: str) -> Call:
    """Whole or not at all; fails where the target exists."""
    return Call("Move-Item", {"LiteralPath": path, "Destination": target}, changes=True, go_on=False)


def remove(path: str) -> Call:
    return Call("Remove-Item", {"LiteralPath": path}, changes=True, go_on=False)


def make_folder(path: str) -> Call:
    return Call("New-Item", {"Path": path, "ItemType": "Directory"}, changes=True, go_on=False)


def make_folder_if_missing(path: str) -> Call:
    return Call("New-Item", {"Path": path, "ItemType": "Directory", "Force": True}, changes=True, go_on=False)


def copy(path: str, target: str) -> Call:
    return Call("Copy-Item", {"LiteralPath": path, "Destination": target}, changes=True, go_on=False)


def file_version(path: str) -> Call:
    version: Selection = {"name": "VersionInfo", "select": ["FileVersion"]}
    return Call("Get-Item", {"LiteralPath": path}, select=[version])


def folder(path: str) -> Call:
    return Call("Get-ChildItem", {"LiteralPath": path}, select=["Name", "FullName", "Length", "LastWriteTimeUtc"])


def security(path: str) -> Call:
    """Owner and rights as SDDL, in which well-known accounts have names of two letters in every language."""
    return Call("Get-Acl", {"LiteralPath": path}, select=["Sddl"])


def icacls(path_and_switches: str) -> Call:
    return Call(program="icacls.exe", arguments=path_and_switches, expect={"ExitCode": "0"}, changes=True, go_on=False)


def sha256(path: str) -> Call:
    return Call("Get-FileHash", {"LiteralPath": path, "Algorithm": "SHA256"}, select=["Hash"])


def signature(path: str) -> Call:
    signer: Selection = {"name": "SignerCertificate", "select": ["Subject", "Thumbprint"]}
    return Call("Get-AuthenticodeSignature", {"LiteralPath": path}, select=["Status", signer])


# ---- the update ----------------------------------------------------------------------------------------------------------


def install_update(folder_path: str, installer: str) -> Call:
    """`/silentmode` is the only switch seen in use (CODE: MDT, DUMP, rlevchenko); it logs next to itself."""
    return Call(
        program=f"{folder_path}\\{installer}",
        arguments="/silentmode",
        folder=folder_path,
        changes=True,
        go_on=False,
    )
