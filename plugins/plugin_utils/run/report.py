# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of one run, made anew from its events each time: report.json for programs, report.html for people."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc
from jinja2 import Environment, FileSystemLoader

Event = Mapping[str, Any]

_TEMPLATE = "report.html.j2"
#: What a step is called where people read it.
STEP_NAMES = {
    "server_survey": "looked at",
    "pool_fabric_info": "pool health",
    "pool_registrar_reset": "registrar reset",
    "update_media": "media",
    "background_probe": "background work",
    "server_update": "install",
    "server_update_info": "version check",
    "server_restart": "restart",
    # A fail over, or the graceful stop where there is none.
    "fail_over": "drain",
    "fail_back": "back into service",
    "server_stop": "stop",
    "web_server_start": "web server",
    "server_start": "start",
    "management_shells": "open shells",
    "back_end_watch": "back end",
    "windows_service": "services",
    "patch_plan": "plan",
}
#: The steps that take a server out of service or bring it back.
_MOVES = ("fail_over", "fail_back", "server_stop", "server_start")


def summary(events: Sequence[Event]) -> dict[str, Any]:
    """{run, pool, outcome, message, begun, ended, servers: [...], back_end, databases, findings, steps} of the events so far."""
    first = next((event for event in events if event["event"] == "run begun"), {})
    last = next((event for event in reversed(events) if event["event"] == "run ended"), {})
    planned = next((event for event in reversed(events) if event["event"] == "planned"), {})
    failed = [event for event in events if event["event"] == "ended" and event.get("failed")]
    outcome = last.get("outcome") or "running"
    names = list(planned.get("order", []))
    names += [name for name in planned.get("done", []) if name not in names]
    return {
        "run": first.get("run"),
        "playbook": first.get("playbook"),
        "pool": planned.get("pool") or first.get("pool"),
        "update_version": first.get("update_version"),
        "outcome": outcome,
        "message": last.get("msg") or (failed[-1].get("msg") if failed and outcome != "done" else None),
        "begun": first.get("time"),
        "ended": last.get("time"),
        "minutes": _minutes(first.get("time"), last.get("time") or (events[-1]["time"] if events else None)),
        "servers": [_server(name, events, planned) for name in names],
        "back_end": _back_end(events),
        "databases": _databases(events),
        "findings": planned.get("findings", []),
        "steps": [_step(events, index) for index, event in enumerate(events) if event["event"] == "begun"],
    }


def write(folder: Path, events: Sequence[Event]) -> None:
    """Replaces report.json and report.html whole."""
    facts = summary(events)
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    _replace(folder / "report.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    _replace(folder / "report.html", environment.get_template(_TEMPLATE).render(**facts))


def _replace(path: Path, text: str) -> None:
    # Servers that are worked on at the same time have a worker each: each needs a file of its own.
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def _server(name: str, events: Sequence[Event], planned: Event) -> dict[str, Any]:
    ended = [event for event in events if event.get("server") == name and event["event"] == "ended"]
    # A plan is made on one server and speaks of all.
    failures = [event for event in ended if event.get("failed") and event.get("step") != "patch_plan"]
    before = planned.get("versions", {}).get(name)
    after = [event["version_after"] for event in ended if event.get("version_after")]
    # Also of a step that failed: what it says of the server's state holds.
    moves = [event for event in ended if event.get("step") in _MOVES and event.get("state")]
    out = next((event["time"] for event in moves if event["state"] == "out_by_us"), None)
    # One that was cut off on its way out counts as out, as it does for the next run.
    begun = [e for e in events if e.get("server") == name and e["event"] == "begun" and e.get("step") in _MOVES]
    cut_off = bool(begun) and not any(
        e.get("step") == begun[-1]["step"] and e["time"] >= begun[-1]["time"] for e in ended
    )
    back = moves[-1]["time"] if moves and moves[-1]["state"] in ("in_service", "no_front_end") else None
    state = "patched" if after and back and not failures else "failed" if failures else "waiting"
    if (out or cut_off or name in planned.get("out", [])) and not back:
        state = "out of service"
    if name in planned.get("done", []):
        state = "had the update" if before else "databases only"
    return {
        "server": name,
        "fqdn": planned.get("servers", {}).get(name, name),
        "state": state,
        "version_before": before,
        "version_after": after[-1] if after else before if state == "had the update" else None,
        "minutes_out_of_service": _minutes(out, back),
        "message": failures[-1].get("msg") if failures else None,
    }


def _back_end(events: Sequence[Event]) -> dict[str, Any] | None:
    """{away_minutes, limit_minutes, past_limit} of the longest absence that a Front End saw; None where none looked."""
    watched = [event for event in events if event["event"] == "ended" and event.get("away_minutes") is not None]
    longest = max(watched, key=lambda event: float(event["away_minutes"]), default=None)
    return {key: longest.get(key) for key in ("away_minutes", "limit_minutes", "past_limit")} if longest else None


def _databases(events: Sequence[Event]) -> list[dict[str, Any]]:
    """{name, sql_server, instance, expected, before, after, state} of each database, as it was seen last."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for event in events:
        for row in event.get("databases") or []:
            known = seen.setdefault((row["sql_server"], row["instance"], row["name"]), dict(row))
            known.update({key: value for key, value in row.items() if key != "before"})
    return list(seen.values())


def _step(events: Sequence[Event], index: int) -> dict[str, Any]:
    """A begun step with its end, if it has one."""
    begun = events[index]
    same = (
        event for event in events[index + 1 :] if _key(event) == _key(begun) and event["event"] in ("ended", "begun")
    )
    end = next(same, None)
    ended = end if end is not None and end["event"] == "ended" else {}
    return {
        "server": begun.get("server"),
        "step": STEP_NAMES.get(str(begun.get("step")), str(begun.get("step")).replace("_", " ")),
        "begun": begun["time"],
        "ended": ended.get("time"),
        "minutes": _minutes(begun["time"], ended.get("time")),
        "changed": bool(ended.get("changed")),
        "failed": bool(ended.get("failed")),
        "state": ended.get("state") or ended.get("health"),
        "message": ended.get("msg"),
        "warnings": ended.get("warnings_of_call") or [],
    }


def _key(event: Event) -> tuple[Any, Any]:
    return event.get("step"), event.get("server")


def _minutes(begun: Any, ended: Any) -> float | None:
    if not begun or not ended:
        return None
    return round((parse_utc(str(ended)) - parse_utc(str(begun))).total_seconds() / 60, 1)
