# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""management_shell.ps1, simulated: the same request, the same answer, the same claim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..border import RefusedByWindows
from .call import Outcome, Session, call_cmdlet
from .clock import Work
from .files import clean
from .model import Model
from .products import PRODUCTS
from .programs import run_program
from .server import Server
from .texts import word
from .values import PsError, iso, plain, row, ticks

Json = dict[str, Any]


def _answer(session: Session, roles: list[str]) -> Json:
    server, process = session.server, session.process
    groups = {group.lower() for group in session.identity.groups}
    return {
        "module": None,
        "import_seconds": 0.0,
        "edition": server.settings["powershell"]["edition"],
        "version": server.settings["powershell"]["version"],
        "process": process.pid,
        "ticks": ticks(process.started),
        "user": word(session.identity.user, session.model.language),
        "administrator": session.identity.administrator,
        "roles": {role: role.lower() in groups for role in roles},
        "started": iso(session.model.clock.now()),
        "finished": None,
        "running": None,
        "outcomes": [],
    }


def run_request(session: Session, request: Mapping[str, Any]) -> Work:
    """Lives through one request and returns the answer."""
    model, server = session.model, session.server
    yield model.times["execution_seconds"]
    answer = _answer(session, request.get("roles") or [])
    if request["editions"] and answer["edition"] not in request["editions"]:
        answer["finished"] = iso(model.clock.now())
        return answer
    if request["claim"]:
        held = _take_claim(model, server, request["claim"], answer)
        if held is not None:
            answer["running"] = held
            return answer
    yield from _import_module(session, request["modules"], answer)
    for call in request["calls"]:
        outcome: Outcome
        if call["program"]:
            outcome = yield from run_program(session, call["program"], call["arguments"] or "", call["folder"])
        else:
            outcome = yield from call_cmdlet(session, call["cmdlet"], call["parameters"] or {})
        rows = [row(item, call["select"] or []) for item in outcome.output]
        _expect(outcome, rows, call.get("expect"))
        answer["outcomes"].append(
            {
                "cmdlet": call["cmdlet"],
                "program": call["program"],
                "missing": outcome.missing,
                "output": rows,
                "warnings": outcome.warnings,
                "verbose": outcome.verbose,
                "information": outcome.information,
                "errors": [error.as_row() for error in outcome.errors],
                "seconds": outcome.seconds,
            }
        )
        if (outcome.errors or outcome.missing) and not call["go_on"]:
            break
    answer["finished"] = iso(model.clock.now())
    if request["claim"]:
        _write(model, server, request["claim"], answer)
    return answer


def _expect(outcome: Outcome, rows: list[Any], expected: Json | None) -> None:
    """An error of our own where the first row is not as expected (text, without regard to case)."""
    if not expected or outcome.errors or outcome.missing:
        return
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    for name, wanted in expected.items():
        found = first.get(name)
        if str("" if found is None else found).lower() != str(wanted).lower():
            message = f"{name} is '{'' if found is None else found}' and should be '{wanted}'"
            outcome.errors.append(PsError(message, "SfbServer.Unexpected", "InvalidData", "", name))
            return


def _import_module(session: Session, names: list[str], answer: Json) -> Work:
    model, server = session.model, session.server
    if server.product == "none":
        yield 0.3 * len(names)
        return
    product = PRODUCTS[server.product]
    folder = module_folder(model, server)
    for name in names:
        by_name = name.lower() == product["module"].lower() and model.switches["module_autoloads"]
        by_path = clean(name).lower() in (folder.lower(), f"{folder}\\{product['module']}.psd1".lower())
        if by_name or by_path:
            yield model.times["module_seconds"]
            session.process.holds_module = True
            answer["module"] = name
            answer["import_seconds"] = model.times["module_seconds"]
            return
        yield 0.3


def module_folder(model: Model, server: Server) -> str:
    known = str(PRODUCTS[server.product]["module_folder"])
    return (
        known
        if model.switches["module_path"] == "documented"
        else known.replace("Common Files", "Common Files\\Server Components")
    )


def _take_claim(model: Model, server: Server, path: str, answer: Json) -> Json | None:
    """None when it is ours now; else the state of its living holder. A dead holder's state is moved beside it."""
    known = server.files.get(path)
    if known is not None and known.content is not None:
        try:
            held = json.loads(known.content.decode("utf-8-sig"))
            holder = server.processes.get(int(held["process"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedByWindows(f"Cannot convert the content of {path}: {error}") from error
        if (
            not held["finished"]
            and holder is not None
            and abs(int(ticks(holder.started)) - int(held["ticks"])) < 20_000_000
        ):
            return held  # type: ignore[no-any-return]
        server.files.remove(path + ".before")
        server.files.move(path, path + ".before")
    _write(model, server, path, answer)
    return None


def _write(model: Model, server: Server, path: str, state: Json) -> None:
    text = json.dumps(plain(state), ensure_ascii=False, separators=(",", ":"))
    server.files.put_file(path, text.encode(), model.clock.now())
