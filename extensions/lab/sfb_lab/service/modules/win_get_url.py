# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_get_url. CODE ansible.windows 3.3.0 ``win_get_url.ps1``."""

from __future__ import annotations

import ntpath
from urllib.parse import unquote, urlsplit

from ...border import Json, RefusedByWindows
from ..answers import ModuleFailed, Session, UnknownToService
from .arguments import Arguments
from .files import checksum

_ADVICE = (
    "or is not visible to the current user. Ensure download destination folder exists (perhaps using win_file "
    "state=directory) before win_get_url runs."
)


def answer(session: Session, args: Arguments) -> Json:
    url, dest = args.required("url"), session.expand(args.required("dest"))
    if args.get("checksum_url"):
        raise UnknownToService("win_get_url with checksum_url")
    algorithm = args.text("checksum_algorithm", default="sha1").strip().lower()
    wanted = args.text("checksum").strip().lower()
    if session.is_folder(dest):
        parts = urlsplit(url)
        dest = ntpath.join(dest, unquote(parts.path.rpartition("/")[2]) or parts.hostname or "")
    elif not ntpath.basename(dest):
        raise ModuleFailed(f"The destination path '{dest}' does not exist, {_ADVICE}", elapsed=0, url=url)
    result: Json = {"changed": False, "elapsed": 0, "url": url, "dest": dest}

    there = session.stat(dest)
    hash_there = checksum(session, there, algorithm) if there is not None else ""
    force = args.flag("force", default=True) or bool(wanted and hash_there and wanted != hash_there)
    if there is None or force:
        result |= _download(session, args, url, dest, hash_there, wanted, algorithm)
    elif not wanted:
        raise UnknownToService("when a web server's file was last changed (win_get_url with force: false, no checksum)")
    there = session.stat(dest)
    if there is not None:
        result |= {"checksum_dest": checksum(session, there, algorithm), "size": there.size}
    return result


def _download(
    session: Session, args: Arguments, url: str, dest: str, hash_there: str, wanted: str, algorithm: str
) -> Json:
    parent = ntpath.dirname(dest)
    if not session.is_folder(parent):
        text = f"The path '{parent}' does not exist for destination '{dest}', {_ADVICE}"
        raise ModuleFailed(text, elapsed=0, url=url, dest=dest)
    facts: Json = {"url": url, "dest": dest}
    old = session.simulation.read_file(session.caller, dest) if hash_there and wanted else None
    target = session.temporary_path() if args.check_mode else dest
    start = session.simulation.now()
    try:
        session.simulation.download(session.caller, url, target)
    except RefusedByWindows as error:
        facts["elapsed"] = session.simulation.now() - start
        raise ModuleFailed(f"Error downloading '{url}' to '{dest}': {error}", **facts) from error
    entry = session.stat(target)
    source = checksum(session, entry, algorithm) if entry is not None else ""
    facts |= {"elapsed": session.simulation.now() - start, "checksum_src": source, "status_code": 200}
    # The module downloads beside the place and copies from there; here what must not stay is taken back.
    unwanted = bool(wanted and wanted != source)
    if args.check_mode or (unwanted and old is None):
        session.simulation.remove(session.caller, target)
    elif unwanted and old is not None:
        session.simulation.write_file(session.caller, dest, old)
    if unwanted:
        text = f"The checksum for {url} did not match '{wanted}', it was '{source}'"
        raise ModuleFailed(f"Error downloading '{url}' to '{dest}': {text}", **facts)
    return {**facts, "msg": "OK", "changed": source != hash_there}
