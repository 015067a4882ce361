# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that a call may start: the installer (recognised by its bytes) and a few of Windows' own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Generator
from typing import Any

from ..border import RefusedByWindows, UnknownToLab
from .call import Outcome, Session
from .clock import Task, Wait, Work
from .files import Entry, clean, leaf
from .installer import install
from .model import account_key
from .sql import Store, service_name
from .texts import say, word
from .values import PsError

Program = Callable[[Session, list[str]], Generator[Wait, None, tuple[int, str]]]


def run_program(session: Session, program: str, arguments: str, folder: str | None) -> Work:
    """A process without a shell; its Outcome holds one row: ExitCode, Id, Output."""
    model, server = session.model, session.server
    began = model.clock.now()
    outcome = Outcome()
    name = leaf(program).lower()
    words = split_arguments(arguments)
    own = PROGRAMS.get(name if name.endswith(".exe") else name + ".exe")
    path = program if re.match(r"[A-Za-z]:|\\\\", clean(program)) else f"{folder or 'C:'}\\{program}"
    try:
        content = None
        if own is None:
            files, inside = model.locate(server, path, session.identity)
            entry = files.get(inside)
            content = entry.content if entry else None
        if own is not None:
            process = server.new_process(
                leaf(program),
                session.identity.user,
                model.clock.now(),
                command_line=f"{program} {arguments}",
                parent=session.process.pid,
            )
            yield 0.3
            code, text = yield from own(session, words)
            model.end_process(server, process)
        elif content is None:
            raise _cannot_start(say("no_such_file"))
        else:
            medium = model.media.recognise(content)
            if medium is None:
                raise _cannot_start(say("no_application"))
            if not session.identity.administrator:
                raise _cannot_start(say("needs_elevation"))
            if "/silentmode" not in (word.lower() for word in words):
                raise UnknownToLab(f"{leaf(program)} without /silentmode waits for somebody at the screen")
            process = server.new_process(
                leaf(program),
                session.identity.user,
                model.clock.now(),
                command_line=f'"{path}" {arguments}',
                parent=session.process.pid,
            )
            model.faults.call_begins(name, {server.fqdn})
            task: Task = model.clock.begin(install(session, process, medium, clean(path)))
            process.tasks.append(task)
            yield task
            code, text = int(task.result if task.result is not None else -1), ""
        outcome.output.append({"ExitCode": code, "Id": process.pid, "Output": model.speak(text)})
    except (RefusedByWindows, _CannotStart) as error:
        outcome.errors.append(
            PsError(
                model.speak(say("start_failed", error=error.args[0])),
                "Win32Exception",
                "NotSpecified",
                "System.Management.Automation.MethodInvocationException",
            )
        )
        model.journal.write(
            "cmdlet",
            session.caller,
            server.fqdn,
            cmdlet=leaf(program),
            parameters={"arguments": arguments},
            changes=False,
            error=model.speak(error.args[0]),
            execution=session.number,
        )
    outcome.seconds = round(model.clock.now() - began, 3)
    return outcome


class _CannotStart(Exception):
    pass


def _cannot_start(text: str) -> _CannotStart:
    return _CannotStart(text)


def split_arguments(text: str) -> list[str]:
    """A command line as Windows programs take it apart: blanks, and double quotes around blanks."""
    words = re.findall(r'(?:[^\s"]|"[^"]*")+', text)
    return [word.replace('"', "") for word in words]


def _note(session: Session, name: str, words: list[str], changes: bool, error: str | None = None) -> None:
    session.model.journal.write(
        "cmdlet",
        session.caller,
        session.server.fqdn,
        cmdlet=name,
        parameters={"arguments": shlex.join(words)},
        changes=changes,
        error=error,
        execution=session.number,
    )


def _shutdown(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    lower = [word.lower().replace("-", "/", 1) if word.startswith("-") else word.lower() for word in words]
    if "/r" not in lower:
        raise UnknownToLab(f"shutdown.exe {' '.join(words)}: the lab only restarts (/r)")
    delay = float(lower[lower.index("/t") + 1]) if "/t" in lower else 30.0
    if not session.identity.administrator:
        session.model.journal.write("refused", session.caller, session.server.fqdn, reason="restart")
        return 5, say("no_reboot_right")
    if session.server.restart_planned is not None:
        return 1190, say("shutdown_scheduled")
    session.model.faults.call_begins("shutdown.exe", {session.server.fqdn})
    session.model.journal.write(
        "reboot",
        session.caller,
        session.server.fqdn,
        by="shutdown.exe",
        delay_seconds=delay,
        changes=True,
        execution=session.number,
    )
    session.model.restart(session.server, delay)
    return 0, ""
    yield 0.0


#: SDDL name -> SID and English name.
ACCOUNTS = {
    "SY": ("S-1-5-18", "NT AUTHORITY\\SYSTEM"),
    "BA": ("S-1-5-32-544", "BUILTIN\\Administrators"),
    "BU": ("S-1-5-32-545", "BUILTIN\\Users"),
    "WD": ("S-1-1-0", "Everyone"),
}
RIGHTS = {"F": "FA", "M": "0x1301bf", "RX": "0x1200a9", "R": "FR", "W": "FW"}


def _icacls(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    """Grants, inheritance and owner of one folder or file."""
    if not words:
        raise UnknownToLab("icacls.exe without a path")
    entry = session.server.files.get(words[0])
    if entry is None:
        _note(session, "icacls.exe", words, False, "not found")
        return 2, say("icacls_failed", path=words[0], error=say("no_such_file"))
    if not session.identity.administrator:
        _note(session, "icacls.exe", words, False, "access denied")
        return 5, say("icacls_failed", path=words[0], error=say("access_denied"))
    try:
        _change_rights(session, entry, words[1:])
    except _NoAccount as unknown:
        _note(session, "icacls.exe", words, False, "no such account")
        return 1332, say("icacls_no_account", name=str(unknown))
    _note(session, "icacls.exe", words, True)
    return 0, say("icacls_done", path=words[0])
    yield 0.0


class _NoAccount(Exception):
    """The name of an account in another language than the server's."""


def _change_rights(session: Session, entry: Entry, options: list[str]) -> None:
    aces: list[str] = []
    protected = False
    while options:
        option = options.pop(0)
        if option.lower() in ("/inheritance:r", "/inheritance:d"):
            protected = True
        elif option.lower() in ("/grant:r", "/grant"):
            while options and not options[0].startswith("/"):
                aces.append(_ace(session, options.pop(0)))
        elif option.lower() == "/setowner" and options:
            name = options.pop(0)
            who = _who(session, name)
            entry.owner = ACCOUNTS[who][1] if who else name
        elif option.lower() not in ("/t", "/q", "/c", "/l"):
            raise UnknownToLab(f"icacls.exe {option}")
    if aces or protected:
        owner = {"BUILTIN\\Administrators": "BA", "NT AUTHORITY\\SYSTEM": "SY"}.get(entry.owner, "S-1-5-21-1-2-3-1105")
        entry.sddl = f"O:{owner}G:DUD:{'PAI' if protected else 'AI'}{''.join(aces)}"


def _who(session: Session, name: str) -> str | None:
    """The SDDL name of one of Windows' accounts: by its SID, or by its name in the server's language.

    Raises:
        _NoAccount: its English name, on a server of another language.
    """
    for short, (sid, english) in ACCOUNTS.items():
        here = word(english, session.model.language)
        if name.lstrip("*").lower() in (sid.lower(), here.lower(), here.rpartition("\\")[2].lower()):
            return short
    if any(name.lower() in (full.lower(), full.rpartition("\\")[2].lower()) for _sid, full in ACCOUNTS.values()):
        raise _NoAccount(name)
    return None


def _ace(session: Session, grant: str) -> str:
    name, _colon, rest = grant.rpartition(":")
    flags = "".join(re.findall(r"\((OI|CI|IO|NP)\)", rest.upper()))
    right = re.sub(r"\((OI|CI|IO|NP)\)", "", rest.upper()).strip("()")
    who = _who(session, name)
    if who is None or right not in RIGHTS:
        raise UnknownToLab(f"icacls.exe /grant {grant}")
    return f"(A;{flags};{RIGHTS[right]};;;{who})"


SELECT = re.compile(
    r"\s*(?:SET\s+NOCOUNT\s+ON\s*;)?\s*SELECT\s+([\w\s,()']+?)\s+FROM\s+sys\.databases"
    r"(?:\s+WHERE\s+name\s+IN\s*\(([^)]*)\))?(?:\s+ORDER\s+BY\s+name)?\s*;?\s*",
    re.IGNORECASE,
)


def _sqlcmd(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    """Reads sys.databases of an instance, here or on another server."""
    options = {word: words[index + 1] for index, word in enumerate(words[:-1]) if re.fullmatch(r"-[SQsqhWE]", word)}
    query = options.get("-Q") or options.get("-q") or ""
    host, _backslash, instance = options.get("-S", "").partition("\\")
    yield 1.0
    here = host.lower() in (".", "(local)", "localhost", session.server.fqdn.lower(), session.server.name.lower())
    instances = _local_instances(session, instance) if here else _remote_instances(session, host, instance)
    if instances is None:
        yield 0.0 if here else 14.0
        _note(session, "sqlcmd.exe", words, False, "no instance")
        return 1, say("sql_no_instance")
    match = SELECT.fullmatch(query)
    if match is None:
        raise UnknownToLab(f"sqlcmd.exe: the lab has no answer to {query!r}")
    user = session.identity.user if here or session.identity.second_hop else "NT AUTHORITY\\ANONYMOUS LOGON"
    if not session.identity.sql_login or (user != session.identity.user):
        _note(session, "sqlcmd.exe", words, False, "login failed")
        return 1, say("sqlcmd_login_failed", user=user)
    sysadmin = int(session.identity.sql_administrator)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "state_desc": state,
            "user_access_desc": access,
            "suser_sname(owner_sid)": owner,
            "is_srvrolemember('sysadmin')": sysadmin,
        }
        for name, state, access, owner in instances
    ]
    columns = [re.sub(r"\s", "", column).lower() for column in match[1].split(",")]
    wanted = [name.strip().strip("N'").lower() for name in match[2].split(",")] if match[2] else None
    if any(column not in rows[0] for column in columns):
        raise UnknownToLab(f"sqlcmd.exe: unknown column in {query!r}")
    separator = options.get("-s", " ")
    lines = [
        separator.join(str(found[column]) for column in columns)
        for found in rows
        if wanted is None or found["name"].lower() in wanted
    ]
    _note(session, "sqlcmd.exe", words, False)
    return 0, "\r\n".join(lines) + "\r\n"


Instance = list[tuple[str, str, str, str]]
"""Name, state, access and owner of every database."""


def _local_instances(session: Session, instance: str) -> Instance | None:
    """None: no such instance runs on the server itself."""
    server = session.server
    if not server.service_running(service_name(instance)):
        return None
    local = [
        (known.name, known.state, known.access, "sa")
        for known in server.databases.values()
        if known.instance == instance.upper()
    ]
    stores = [store for store in session.model.sql.stores if store.node.host is server]
    return _system() + local + _of_stores(session, stores, instance)


def _remote_instances(session: Session, host: str, instance: str) -> Instance | None:
    stores = [
        store for store in session.model.sql.stores if host.lower() in (store.fqdn.lower(), store.node.fqdn.lower())
    ]
    stores = [store for store in stores if store.instance.lower() == instance.lower()]
    if not any(store.reached_from(session.server) for store in stores):
        return None
    return _system() + _of_stores(session, stores, instance)


def _system() -> Instance:
    return [(name, "ONLINE", "MULTI_USER", "sa") for name in ("master", "tempdb", "model", "msdb")]


def _of_stores(session: Session, stores: list[Store], instance: str) -> Instance:
    """The owner is NULL when its account is gone."""
    gone = session.model.deleted_groups
    return [
        (known.name, known.state, known.access, "NULL" if account_key(known.owner) in gone else known.owner)
        for store in stores
        if store.instance.lower() == instance.lower()
        for known in store.databases.values()
    ]


def _hostname(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    return 0, session.server.name.lower() + "\r\n"
    yield 0.0


def _whoami(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    return 0, session.identity.user.lower() + "\r\n"
    yield 0.0


def _net(session: Session, words: list[str]) -> Generator[Wait, None, tuple[int, str]]:
    """net start / net stop of one service; stopping what is stopped is error 2 (DOC)."""
    if len(words) != 2 or words[0].lower() not in ("start", "stop"):
        raise UnknownToLab(f"net.exe {' '.join(words)}")
    service = next(
        (known for known in session.server.services.values() if known.name.lower() == words[1].lower()), None
    )
    if service is None:
        return 2, say("net_no_service")
    if not session.identity.administrator:
        return 2, say("net_denied")
    starts = words[0].lower() == "start"
    if (service.status == "Stopped") != starts:
        return 2, say("net_already_started") if starts else say("net_not_started", title=service.title)
    _note(session, "net.exe", words, True)
    yield 5.0
    if starts:
        session.model.start_service(session.server, service.name)
    else:
        session.model.stop_service(session.server, service.name)
    return 0, say("net_started" if starts else "net_stopped", title=service.title)


PROGRAMS: dict[str, Program] = {
    "shutdown.exe": _shutdown,
    "icacls.exe": _icacls,
    "sqlcmd.exe": _sqlcmd,
    "hostname.exe": _hostname,
    "whoami.exe": _whoami,
    "net.exe": _net,
}
