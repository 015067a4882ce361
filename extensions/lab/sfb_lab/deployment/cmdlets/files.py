# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: their content, moves and copies, access lists, hashes and signatures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from ...border import RefusedByWindows
from ..call import Call, cmdlet
from ..clock import Wait
from ..files import ADMINISTRATORS, INHERITED, Entry, clean, leaf, parent
from ..texts import ANSI, say, word
from ..values import PsObject, guid
from .items import file_object, find, not_found, paths

BOM = "\ufeff".encode()


def _ansi(call: Call) -> str:
    return ANSI.get(call.model.language, "cp1252")


def _decode(call: Call, content: bytes, encoding: str | None) -> str:
    """As Windows PowerShell 5.1 reads: a byte order mark decides, then -Encoding, then ANSI."""
    if content.startswith(BOM):
        return content[3:].decode("utf-8", "replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    known = {"UTF8": "utf-8", "Unicode": "utf-16-le", "Ascii": "ascii"}.get(encoding or "", _ansi(call))
    return content.decode(known, "replace")


def _encode(call: Call, text: str, encoding: str | None, new: bool = True) -> bytes:
    if encoding == "UTF8":
        return (BOM if new else b"") + text.encode()
    if encoding in ("Unicode", "String"):
        return (b"\xff\xfe" if new else b"") + text.encode("utf-16-le")
    return text.encode("ascii" if encoding == "Ascii" else _ansi(call), "replace")


def _may_write(call: Call, path: str) -> None:
    files, inside = call.model.locate(call.server, path, call.identity)
    private = "\\temp" in inside.lower() or inside.lower().startswith("c:\\users\\")
    if files is call.model.media.share or not (call.identity.administrator or private):
        raise call.fail(
            say("path_denied", path=clean(path)),
            "UnauthorizedAccess",
            "PermissionDenied",
            path,
            "System.UnauthorizedAccessException",
        )


def _owner(call: Call) -> str:
    return ADMINISTRATORS if call.identity.administrator else call.identity.user


@cmdlet("Get-Content", 0.2)
def get_content(call: Call) -> None:
    for path in paths(call):
        entry = find(call, path)
        if entry is None or entry.content is None:
            not_found(call, path)
            continue
        text = _decode(call, entry.content, call.get("Encoding"))
        if call.get("Raw"):
            call.write(text)
            continue
        lines = text.replace("\r\n", "\n").split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        if call.get("Tail") is not None:
            lines = lines[-call.get("Tail") :]
        if call.get("TotalCount") is not None:
            lines = lines[: call.get("TotalCount")]
        call.write(*lines)


@cmdlet("Select-String", 0.3)
def select_string(call: Call) -> None:
    """Lines of files that fit a regular expression (.NET's and Python's are alike as far as we use them)."""
    flags = 0 if call.get("CaseSensitive") else re.IGNORECASE
    patterns = [
        re.compile(re.escape(text) if call.get("SimpleMatch") else text, flags) for text in call.names("Pattern")
    ]
    for path in paths(call):
        entry = find(call, path)
        if entry is None or entry.content is None:
            not_found(call, path)
            continue
        for number, line in enumerate(_decode(call, entry.content, "UTF8").splitlines(), 1):
            if any(pattern.search(line) for pattern in patterns):
                call.write_object(
                    "Microsoft.PowerShell.Commands.MatchInfo",
                    line,
                    Line=line,
                    LineNumber=number,
                    Path=clean(path),
                    Filename=leaf(path),
                )


def _text(call: Call) -> str:
    value = call.get("Value")
    items = value if isinstance(value, list) else [value]
    end = "" if call.get("NoNewline") else "\r\n"
    return "".join(("" if item is None else str(item)) + end for item in items)


def _put(call: Call, path: str, content: bytes) -> None:
    _may_write(call, path)
    files, inside = call.model.locate(call.server, path, call.identity)
    try:
        files.put_file(inside, content, call.model.clock.now(), _owner(call))
    except RefusedByWindows as refused:
        raise call.fail(
            str(refused),
            "GetContentWriterDirectoryNotFoundError",
            "ObjectNotFound",
            path,
            "System.IO.DirectoryNotFoundException",
        ) from refused
    call.acts()


@cmdlet("Set-Content", 0.2, changes=True)
def set_content(call: Call) -> None:
    for path in paths(call):
        _put(call, path, _encode(call, _text(call), call.get("Encoding")))


@cmdlet("Add-Content", 0.2, changes=True)
def add_content(call: Call) -> None:
    for path in paths(call):
        entry = find(call, path)
        before = entry.content if entry and entry.content else b""
        _put(call, path, before + _encode(call, _text(call), call.get("Encoding"), new=not before))


@cmdlet("New-Item", 0.2, changes=True)
def new_item(call: Call) -> None:
    for path in call.names("Path"):
        _may_write(call, path)
        files, inside = call.model.locate(call.server, path, call.identity)
        known = files.get(inside)
        folder = str(call.get("ItemType") or "File").lower() in ("directory", "container", "d")
        if known is not None and not (call.get("Force") and known.is_folder == folder):
            kind = "DirectoryExist" if known.is_folder else "NewItemIOError"
            call.error(
                say("item_exists", path=clean(path)),
                kind,
                "ResourceExists" if known.is_folder else "WriteError",
                path,
                "System.IO.IOException",
            )
            continue
        if folder:
            if known is None:
                call.acts()
            entry = files.put_folder(inside, call.model.clock.now(), _owner(call))
        else:
            if call.get("Force"):
                files.put_folder(parent(inside), call.model.clock.now(), _owner(call))
            elif files.get(parent(inside)) is None:
                raise call.fail(
                    say("part_of_path", path=clean(path)),
                    "NewItemIOError",
                    "WriteError",
                    path,
                    "System.IO.DirectoryNotFoundException",
                )
            call.acts()
            entry = files.put_file(
                inside, _encode(call, str(call.get("Value") or ""), None), call.model.clock.now(), _owner(call)
            )
        call.write(file_object(call, entry, path))


def _destination(call: Call, source: str) -> str:
    """A folder as target means: into it, under the same name."""
    target = str(call.get("Destination") or "C:\\Windows\\System32")
    entry = find(call, target)
    return f"{clean(target)}\\{leaf(source)}" if entry is not None and entry.is_folder else target


@cmdlet("Move-Item", 0.2, changes=True)
def move_item(call: Call) -> None:
    for path in paths(call):
        if find(call, path) is None:
            not_found(call, path)
            continue
        target = _destination(call, path)
        _may_write(call, path)
        _may_write(call, target)
        if find(call, target) is not None:
            if not call.get("Force"):
                call.error(
                    say("file_exists"),
                    "MoveFileInfoItemIOError",
                    "WriteError",
                    path,
                    "System.IO.IOException",
                )
                continue
            there, inside = call.model.locate(call.server, target, call.identity)
            there.remove(inside)
        files, old = call.model.locate(call.server, path, call.identity)
        others, new = call.model.locate(call.server, target, call.identity)
        if files is not others or others.get(parent(new)) is None:
            call.error(
                say("part_of_path", path=clean(target)),
                "MoveFileInfoItemIOError",
                "WriteError",
                path,
                "System.IO.DirectoryNotFoundException",
            )
            continue
        call.acts()
        files.move(old, new)


@cmdlet("Copy-Item", 0.2, changes=True)
def copy_item(call: Call) -> Iterator[Wait]:
    for path in paths(call):
        entry = find(call, path)
        if entry is None:
            not_found(call, path)
            continue
        target = _destination(call, path)
        _may_write(call, target)
        files, inside = call.model.locate(call.server, target, call.identity)
        if entry.is_folder:
            if not call.get("Recurse"):
                call.acts()
                files.put_folder(inside, call.model.clock.now(), _owner(call))
                continue
            raise call.fail("The lab copies single files.", "LabCopiesFiles", "NotImplemented", path)
        if files.get(parent(inside)) is None:
            call.error(
                say("part_of_path", path=clean(target)),
                "CopyFileInfoItemIOError",
                "WriteError",
                path,
                "System.IO.DirectoryNotFoundException",
            )
            continue
        call.acts()
        content = entry.content or b""
        yield call.model.media.megabytes(content) / call.model.times["megabytes_per_second"]
        files.put_file(inside, content, call.model.clock.now(), _owner(call))


@cmdlet("Remove-Item", 0.2, changes=True)
def remove_item(call: Call) -> None:
    for path in paths(call):
        entry = find(call, path)
        if entry is None:
            not_found(call, path)
            continue
        _may_write(call, path)
        files, inside = call.model.locate(call.server, path, call.identity)
        if entry.is_folder and any(True for _child in files.children(inside)) and not call.get("Recurse"):
            call.error(
                say("has_children", path=clean(path)),
                "RemoveItemHasChildren",
                "InvalidOperation",
                path,
            )
            continue
        call.acts()
        files.remove(inside)


@cmdlet("Get-Acl", 0.2)
def get_acl(call: Call) -> None:
    for path in paths(call):
        entry = find(call, path)
        if entry is None:
            call.error(
                say("path_not_found", path=path),
                "GetAcl_PathNotFound_Exception",
                "ObjectNotFound",
                path,
                "System.Management.Automation.ItemNotFoundException",
            )
            continue
        call.write_object(
            "System.Security.AccessControl.DirectorySecurity"
            if entry.is_folder
            else "System.Security.AccessControl.FileSecurity",
            None,
            Path=f"Microsoft.PowerShell.Core\\FileSystem::{clean(path)}",
            Owner=word(entry.owner, call.model.language),
            Group="LAB\\Domain Users",
            Sddl=entry.sddl or _inherited(entry),
            AreAccessRulesProtected="PAI" in (entry.sddl or ""),
        )


def _inherited(entry: Entry) -> str:
    short = {"BUILTIN\\Administrators": "BA", "NT AUTHORITY\\SYSTEM": "SY"}.get(
        entry.owner, "S-1-5-21-1-2-3-" + str(1000 + len(entry.owner))
    )
    return INHERITED.replace("O:BA", "O:" + short, 1)


@cmdlet("Get-FileHash", 0.2)
def get_file_hash(call: Call) -> Iterator[Wait]:
    algorithm = str(call.get("Algorithm") or "SHA256").upper()
    for path in paths(call):
        entry = find(call, path)
        if entry is None or entry.content is None:
            not_found(call, path)
            continue
        yield call.model.media.megabytes(entry.content) / 200
        digest = hashlib.new(algorithm.lower(), entry.content).hexdigest().upper()
        call.write_object(
            "Microsoft.Powershell.Utility.FileHash", None, Algorithm=algorithm, Hash=digest, Path=clean(path)
        )


@cmdlet("Get-AuthenticodeSignature", 0.3)
def get_signature(call: Call) -> Iterator[Wait]:
    for path in call.names("LiteralPath") or call.names("FilePath"):
        entry = find(call, path)
        if entry is None or entry.content is None:
            call.error(
                say("signature_no_file", path=path),
                "SignatureCommandsBaseFileNotFound",
                "ObjectNotFound",
                path,
                "System.IO.FileNotFoundException",
            )
            continue
        yield call.model.media.megabytes(entry.content) / 200
        medium = call.model.media.recognise(entry.content)
        status: str = "NotSigned"
        certificate: Any = None
        if medium is not None and medium.settings["signer"]:
            signer = medium.settings["signer"]
            status = medium.settings["signature"]
            certificate = PsObject(
                "System.Security.Cryptography.X509Certificates.X509Certificate2",
                {
                    "Subject": signer,
                    "Issuer": "CN=Microsoft Code Signing PCA 2011, O=Microsoft Corporation, C=US",
                    "Thumbprint": (guid(signer) + guid("signer")).replace("-", "").upper()[:40],
                },
                f"[Subject]\r\n  {signer}",
            )
        elif medium is None and call.model.media.looks_like_one(entry.content):
            status = "HashMismatch"
        call.write_object(
            "System.Management.Automation.Signature",
            None,
            Status=status,
            StatusMessage=status,
            Path=clean(path),
            SignerCertificate=certificate,
        )
