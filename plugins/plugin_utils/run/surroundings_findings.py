# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an administrator should know of what surrounds a run: the update itself, backups, other servers, the hour."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta, timezone

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc


def of_media(settings: Facts) -> Iterable[Finding]:
    wanted, source = str(settings.get("update_version") or ""), settings.get("update_source")
    if not versions.is_version(wanted):
        fact = f"sfb_update_version is {wanted!r}, which is no version" if wanted else "sfb_update_version is not given"
        remedy = 'Set it to the version that Core Components has with the update, in quotes, such as "6.0.9319.628".'
        yield Finding("settings", "error", None, fact, remedy)
    if not source:
        remedy = "Set it to where the installer is: an http(s) address, a UNC path, or a file on the controller."
        yield Finding("settings", "error", None, "sfb_update_source is not given", remedy)
    for trouble in settings.get("source_troubles") or []:
        yield Finding("source", "error", None, trouble, "Check sfb_update_source, sfb_update_sha256 and the file.")
    if settings.get("update_source") and not settings.get("update_sha256"):
        fact = "no hash was given: the same update was re-published with other files before (March 2019)"
        yield Finding(
            "no_hash", "warning", None, fact, "Set sfb_update_sha256 to the SHA-256 of the file that you tested."
        )


def of_others(reached: Sequence[Facts], others: Sequence[Facts] = ()) -> Iterable[Finding]:
    """Computers of the topology that this run leaves as they are. others: surveys of those that it patches elsewhere."""
    known = [survey for survey in reached if "topology" in survey]
    if not known:
        return
    # A server of the pool that did not answer is a finding already.
    ours = {survey["server"] for survey in [*reached, *others]} | set(known[0]["computers"])
    stores = ("Database", "FileStore")
    others = sorted(
        {
            name
            for pool in known[0]["topology"]
            for name in pool["computers"]
            # SQL and file servers get no product update.
            if not pool["services"] or not all(s.partition(":")[0].endswith(stores) for s in pool["services"])
        }
        - ours
    )
    if others:
        yield Finding(
            "not_patched",
            "warning",
            None,
            f"not patched by this run: {', '.join(others)}",
            "Patch them in runs of their own: other pools, Edge, Director and so on.",
        )


def of_backup(settings: Facts) -> Iterable[Finding]:
    if not settings.get("backup_confirmed"):
        yield Finding(
            "backup",
            "warning",
            None,
            "nobody confirmed a recent backup",
            "Back up the databases, then set sfb_backup_confirmed: true.",
        )


def of_address_book(reached: Sequence[Facts], now: float, expected_minutes: float) -> Iterable[Finding]:
    for survey in reached:
        run = _address_book_run(survey, now, expected_minutes)
        if run:
            yield Finding(
                "address_book", "warning", survey["server"], run, "Start later, or expect RTCSRV to start slowly."
            )


def _address_book_run(survey: Facts, now: float, expected_minutes: float) -> str | None:
    """ABServer.exe at work keeps RTCSRV from starting (support KB 3140472); its hour is the server's local one."""
    offset = timedelta(minutes=int(survey.get("utc_offset_minutes") or 0))
    local = datetime.fromtimestamp(now, timezone.utc) + offset
    for text in survey.get("address_book_runs", []):
        moment = _time_of_day(text, offset)
        if moment is None:
            continue
        run = local.replace(hour=moment.hour, minute=moment.minute, second=0)
        run += timedelta(days=1) if run < local else timedelta()
        if run <= local + timedelta(minutes=expected_minutes):
            return f"the Address Book is made at {run:%H:%M} (its local time), inside the time that this run needs"
    return None


def _time_of_day(text: str, offset: timedelta) -> time | None:
    """From "01:30", or from a moment that the script turned into UTC: which of the two a server gives is not known."""
    with contextlib.suppress(ValueError):
        return (parse_utc(text) + offset).time()
    found = re.match(r"(\d{1,2}):(\d{2})", text)
    return time(int(found[1]) % 24, int(found[2]) % 60) if found else None
