# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_stat, win_file, slurp and win_tempfile. CODE ansible.windows 3.3.0."""

from __future__ import annotations

import base64
import hashlib
import ntpath

from ...border import FileEntry, Json
from ..answers import ModuleFailed, Session, UnknownToService
from .arguments import Arguments


def win_stat(session: Session, args: Arguments) -> Json:
    path = session.expand(args.required("path", "dest", "name"))
    entry = session.stat(path)
    if entry is None:
        return {"changed": False, "stat": {"exists": False}}
    stat: Json = {
        "exists": True,
        "attributes": "Directory" if entry.is_folder else "Archive",
        "isarchive": not entry.is_folder,
        "isdir": entry.is_folder,
        "ishidden": False,
        "isjunction": False,
        "islnk": False,
        "isreadonly": False,
        "isreg": not entry.is_folder,
        "isshared": False,
        "nlink": 1,
        "hlnk_targets": [],
        "creationtime": entry.modified,
        "lastaccesstime": entry.modified,
        "lastwritetime": entry.modified,
        "path": entry.path,
        "filename": ntpath.basename(entry.path.rstrip("\\")),
        "owner": "BUILTIN\\Administrators",
    }
    if args.flag("get_size", default=True):
        stat["size"] = _folder_size(session, path) if entry.is_folder else entry.size
    if not entry.is_folder:
        stat["extension"] = ntpath.splitext(entry.path)[1]
        if args.flag("get_checksum", default=True):
            stat["checksum"] = checksum(session, entry, args.text("checksum_algorithm", default="sha1"))
    return {"changed": False, "stat": stat}


def checksum(session: Session, entry: FileEntry, algorithm: str) -> str:
    """A file's hash in lower case. Raises ModuleFailed for an algorithm that no module offers."""
    if algorithm == "sha1":
        return entry.sha1.lower()
    if algorithm == "sha256":
        return entry.sha256.lower()
    if algorithm in ("md5", "sha384", "sha512"):
        return hashlib.new(algorithm, session.simulation.read_file(session.caller, entry.path)).hexdigest()
    choices = "md5, sha1, sha256, sha384, sha512"
    raise ModuleFailed(f"value of checksum_algorithm must be one of: {choices}. Got no match for: {algorithm}")


def _folder_size(session: Session, folder: str) -> int:
    entries = session.simulation.list_folder(session.caller, folder)
    return sum(_folder_size(session, entry.path) if entry.is_folder else entry.size for entry in entries)


def win_file(session: Session, args: Arguments) -> Json:
    path, state = session.expand(args.required("path", "dest", "name")), args.text("state")
    entry = session.stat(path)
    if state == "touch":
        raise UnknownToService("win_file with state touch")
    if entry is None:
        if state == "absent":
            return {"changed": False}
        if state != "directory" and ntpath.basename(path):
            raise ModuleFailed(f"path {path} will not be created")
        if not args.check_mode:
            session.simulation.make_folder(session.caller, path)
        return {"changed": True}
    if state == "absent":
        if not args.check_mode:
            session.simulation.remove(session.caller, path)
        return {"changed": True}
    if state == "directory" and not entry.is_folder:
        raise ModuleFailed(f"path {path} is not a directory")
    if state == "file" and entry.is_folder:
        raise ModuleFailed(f"path {path} is not a file")
    return {"changed": False}


def slurp(session: Session, args: Arguments) -> Json:
    path = session.expand(args.required("src", "path"))
    entry = session.stat(path)
    if entry is None:
        raise ModuleFailed(f"Path {path} is not found")
    if entry.is_folder:
        raise ModuleFailed(f"Path {path} is a directory")
    content = base64.b64encode(session.simulation.read_file(session.caller, path)).decode()
    return {"changed": False, "content": content, "encoding": "base64"}


def win_tempfile(session: Session, args: Arguments) -> Json:
    state = args.text("state", default="file")
    folder = session.expand(args.text("path", "dest", default="%TEMP%"))
    prefix, suffix = args.text("prefix", default="ansible."), args.text("suffix")
    number = 1
    while session.stat(path := ntpath.join(folder, f"{prefix}{number:08d}.tmp{suffix}")) is not None:
        number += 1
    if not args.check_mode:
        if state == "directory":
            session.simulation.make_folder(session.caller, path)
        else:
            session.simulation.write_file(session.caller, path, b"")
    return {"changed": True, "state": state, "path": path}
