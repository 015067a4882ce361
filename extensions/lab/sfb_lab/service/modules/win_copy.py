# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_copy: the module's four modes, steered by its action. CODE ansible.windows 3.3.0 ``win_copy.ps1``."""

from __future__ import annotations

import base64
import io
import ntpath
import zipfile

from ...border import Json
from ..answers import ModuleFailed, Session
from .arguments import Arguments


def answer(session: Session, args: Arguments) -> Json:
    modes = {"query": _query, "single": _single, "remote": _remote, "explode": _explode}
    return modes[args.text("_copy_mode", default="single")](session, args)


def _target(session: Session, dest: str, name: str) -> str:
    """A file's place: below ``dest`` if that is, or reads like, a folder. Raises ModuleFailed if it has no parent."""
    folder_meant = dest.endswith("\\")
    target = ntpath.join(dest, name) if folder_meant or session.is_folder(dest) else dest
    parent = ntpath.dirname(target)
    if session.is_file(parent):
        raise ModuleFailed(f"object at destination parent dir '{parent}' is currently a file")
    if not session.is_folder(parent):
        if target == dest:
            raise ModuleFailed(f"Destination directory '{parent}' does not exist")
        session.simulation.make_folder(session.caller, parent)
    return target


def _query(session: Session, args: Arguments) -> Json:
    """Which of the controller's files and folders are missing or different on the server."""
    dest, force = session.expand(args.required("dest")), args.flag("force", default=True)
    files, folders = [], []
    for file in args.get("files") or []:
        path = ntpath.join(dest, file["dest"].replace("/", "\\"))
        if session.is_folder(path):
            path = ntpath.join(path, ntpath.basename(file["src"]))
        entry = session.stat(path)
        if entry is not None and entry.is_folder:
            raise ModuleFailed(f"cannot copy file to dest '{path}': object at path is already a directory")
        if entry is None or (force and entry.sha1.lower() != str(file["checksum"]).lower()):
            files.append(file)
    for folder in args.get("directories") or []:
        path = ntpath.join(dest, folder["dest"].replace("/", "\\"))
        if session.is_file(path):
            raise ModuleFailed(f"cannot copy folder to dest '{path}': object at path is already a file")
        if not session.is_folder(path):
            folders.append(folder)
    return {"changed": False, "files": files, "directories": folders, "symlinks": []}


def _single(session: Session, args: Arguments) -> Json:
    """The one file was uploaded beside its place; it is put there."""
    source, dest = session.expand(args.required("src")), session.expand(args.required("dest"))
    if not session.is_file(source):
        raise ModuleFailed(f"Cannot copy src file: '{source}' as it does not exist")
    target = _target(session, dest, args.text("_original_basename"))
    session.simulation.copy(session.caller, source, target)
    return {"changed": True}


def _explode(session: Session, args: Arguments) -> Json:
    """Several files were uploaded as one archive; the names in it are base64."""
    source, dest = session.expand(args.required("src")), session.expand(args.required("dest"))
    if not session.is_file(source):
        raise ModuleFailed(f"Cannot expand src zip file: '{source}' as it does not exist")
    with zipfile.ZipFile(io.BytesIO(session.simulation.read_file(session.caller, source))) as archive:
        for item in archive.infolist():
            name = base64.b64decode(item.filename.rstrip("/")).decode().replace("/", "\\")
            path = ntpath.join(dest, name)
            folder = path if item.is_dir() else ntpath.dirname(path)
            if not session.is_folder(folder):
                session.simulation.make_folder(session.caller, folder)
            if not item.is_dir():
                session.simulation.write_file(session.caller, path, archive.read(item))
    return {"changed": True}


def _remote(session: Session, args: Arguments) -> Json:
    """From a path that the server sees itself, UNC paths included."""
    source, dest = session.expand(args.required("src")), session.expand(args.required("dest"))
    entry = session.stat(source)
    if entry is None:
        raise ModuleFailed(f"Cannot copy src file: '{source}' as it does not exist", src=source, dest=dest)
    name = ntpath.basename(source.rstrip("\\"))
    result: Json = {"src": source}
    if entry.is_folder:
        target = dest if source.endswith("\\") else ntpath.join(dest, name)
        changed = _copy_folder(session, args, source, target)
        result |= {"operation": "folder_copy", "dest": dest if source.endswith("\\") else target}
    else:
        if args.check_mode:
            target = ntpath.join(dest, name) if dest.endswith("\\") or session.is_folder(dest) else dest
        else:
            target = _target(session, dest, name)
        changed = _copy_file(session, args, source, target)
        checksum = entry.sha1.lower() if args.flag("force", default=True) else None
        result |= {"operation": "file_copy", "original_basename": name, "dest": target, "checksum": checksum}
    there = session.stat(target)
    result["size"] = there.size if there is not None and not there.is_folder else None
    if entry.is_folder and there is not None:
        result["size"] = _size(session, target)
    return {"changed": changed, **result}


def _copy_file(session: Session, args: Arguments, source: str, target: str) -> bool:
    there, here = session.stat(target), session.stat(source)
    if there is not None and there.is_folder:
        raise ModuleFailed(f"cannot copy file from '{source}' to '{target}': dest is already a folder")
    same = there is not None and here is not None and there.sha1.lower() == here.sha1.lower()
    if there is not None and (same or not args.flag("force", default=True)):
        return False
    if not args.check_mode:
        session.simulation.copy(session.caller, source, target)
    return True


def _copy_folder(session: Session, args: Arguments, source: str, target: str) -> bool:
    changed = False
    if not session.is_folder(target):
        changed = True
        if not args.check_mode:
            session.simulation.make_folder(session.caller, target)
    for child in session.simulation.list_folder(session.caller, source):
        place = ntpath.join(target, ntpath.basename(child.path.rstrip("\\")))
        copy = _copy_folder if child.is_folder else _copy_file
        changed = copy(session, args, child.path, place) or changed
    return changed


def _size(session: Session, folder: str) -> int:
    children = session.simulation.list_folder(session.caller, folder)
    return sum(_size(session, child.path) if child.is_folder else child.size for child in children)
