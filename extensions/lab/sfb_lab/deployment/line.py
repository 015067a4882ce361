# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One plain line of PowerShell, as a person types it: ``Cmdlet -Name value | Select-Object A, B``; no expressions.

Statements may be joined by ``;``. What the lab can't read it says (UnknownToLab); it never guesses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..border import Console, UnknownToLab
from .binding import signature
from .call import Outcome, Session, call_cmdlet
from .clock import Work
from .products import PRODUCTS
from .programs import PROGRAMS, run_program
from .texts import say
from .values import Moment, PsObject, Span, Value, plain, row

TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<single>'(?:[^']|'')*')
  | (?P<double>"(?:[^"`]|`.|"")*")
  | (?P<mark>[|;,])
  | (?P<parameter>-[A-Za-z][A-Za-z]*:?)
  | (?P<variable>\$(?:true|false|null)\b)
  | (?P<bare>[^\s'"|;,$(){}&`@]+)
""",
    re.VERBOSE | re.IGNORECASE,
)
CONSTANTS = {"$true": True, "$false": False, "$null": None}
ALIASES = {
    "select": "Select-Object",
    "ft": "Format-Table",
    "fl": "Format-List",
    "gci": "Get-ChildItem",
    "dir": "Get-ChildItem",
    "ls": "Get-ChildItem",
    "gc": "Get-Content",
    "cat": "Get-Content",
    "type": "Get-Content",
    "gsv": "Get-Service",
    "sasv": "Start-Service",
    "spsv": "Stop-Service",
    "ps": "Get-Process",
    "gps": "Get-Process",
    "gcim": "Get-CimInstance",
    "tnc": "Test-NetConnection",
}
VIEWS = ("Select-Object", "Format-List", "Format-Table", "Out-String", "ConvertTo-Json")


@dataclass
class Token:
    kind: str
    text: str
    value: Any = None


@dataclass
class Command:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    positional: list[Any] = field(default_factory=list)


def run_line(session: Session, text: str) -> Work:
    """Lives through the line and returns its Console."""
    yield session.model.times["execution_seconds"]
    out: list[str] = []
    errors: list[str] = []
    for statement in _split(tokens(text), ";"):
        if statement:
            code = yield from _statement(session, statement, text, out, errors)
            if code:
                return Console(code, "".join(out), "".join(errors))
    return Console(1 if errors else 0, "".join(out), "".join(errors))


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise UnknownToLab(f"the lab reads no PowerShell expressions: {text[position : position + 40]!r}")
        kind = str(match.lastgroup)
        word = match.group()
        position = match.end()
        if kind == "blank":
            continue
        if kind == "single":
            found.append(Token("value", word, word[1:-1].replace("''", "'")))
        elif kind == "double":
            if "$" in word.replace("`$", ""):
                raise UnknownToLab(f"the lab expands no variables: {word}")
            found.append(Token("value", word, re.sub(r"`(.)", r"\1", word[1:-1].replace('""', '"'))))
        elif kind == "variable":
            found.append(Token("value", word, CONSTANTS[word.lower()]))
        elif kind == "bare":
            found.append(Token("bare", word, int(word) if re.fullmatch(r"\d+", word) else word))
        else:
            found.append(Token(kind, word, word))
    return found


def _split(items: list[Token], mark: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for item in items:
        if item.kind == "mark" and item.text == mark:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _command(items: list[Token]) -> Command:
    name = str(items[0].value)
    command = Command(ALIASES.get(name.lower(), name))
    index = 1
    while index < len(items):
        item = items[index]
        if item.kind == "parameter":
            parameter = item.text.rstrip(":")[1:]
            has_value = index + 1 < len(items) and items[index + 1].kind in ("value", "bare")
            if not has_value or (_is_switch(command.name, parameter) and not item.text.endswith(":")):
                command.parameters[parameter] = True
                index += 1
                continue
            command.parameters[parameter], index = _value(items, index + 1)
        else:
            value, index = _value(items, index)
            command.positional.append(value)
    return command


def _is_switch(name: str, parameter: str) -> bool:
    for product in PRODUCTS:
        sig = signature(name, product)
        if sig is not None:
            fits = [kind for known, kind in sig.types.items() if known.lower().startswith(parameter.lower())]
            if fits:
                return fits[0] == "SwitchParameter"
    return parameter.lower() in (
        "verbose",
        "debug",
        "whatif",
        "confirm",
        "autosize",
        "compress",
        "wrap",
        "force",
        "recurse",
    )


def _value(items: list[Token], index: int) -> tuple[Any, int]:
    values = [items[index].value]
    index += 1
    while index + 1 < len(items) and items[index].kind == "mark" and items[index].text == ",":
        values.append(items[index + 1].value)
        index += 2
    return (values[0] if len(values) == 1 else values), index


def _statement(session: Session, items: list[Token], text: str, out: list[str], errors: list[str]) -> Work:
    speak = session.model.speak
    pipeline = [_command(part) for part in _split(items, "|") if part]
    first = pipeline[0]
    for later in pipeline[1:]:
        if later.name.lower() not in (view.lower() for view in VIEWS):
            raise UnknownToLab(f"the lab has no {later.name} in a pipeline")
    program = first.name.lower().removesuffix(".exe") + ".exe"
    if program in PROGRAMS:
        arguments = text.strip().partition(" ")[2]
        outcome: Outcome = yield from run_program(session, program, arguments, None)
        code = int(outcome.output[0]["ExitCode"]) if outcome.output else 1
        (errors if code else out).append(
            str(outcome.output[0]["Output"]) if outcome.output else outcome.errors[0].message
        )
        return code
    outcome = yield from call_cmdlet(session, first.name, first.parameters, first.positional)
    if outcome.missing:
        errors.append(
            f"{first.name} : {speak(say('no_such_command', name=first.name))}\r\n"
            "    + CategoryInfo          : ObjectNotFound: (:) [], CommandNotFoundException\r\n"
            "    + FullyQualifiedErrorId : CommandNotFoundException\r\n"
        )
    out += [speak(say("warning_line", text=warning)) + "\r\n" for warning in outcome.warnings]
    out += [speak(say("verbose_line", text=line)) + "\r\n" for line in outcome.verbose]
    out.append(_show(outcome.output, pipeline[1:]))
    errors += [
        f"{first.name} : {error.message}\r\n"
        f"    + CategoryInfo          : {error.category}: ({error.target}:) [{first.name}], "
        f"{error.type.rpartition('.')[2]}\r\n    + FullyQualifiedErrorId : {error.id}\r\n"
        for error in outcome.errors
    ]
    return 1 if outcome.missing else 0


def _show(rows: list[Value], views: Sequence[Command]) -> str:
    wanted: list[str] = []
    single = False
    for view in views:
        names = [
            *(view.positional if view.name != "Out-String" else []),
            *([view.parameters["Property"]] if "Property" in view.parameters else []),
        ]
        flat = [str(name) for item in names for name in (item if isinstance(item, list) else [item])]
        if view.name.lower() == "select-object":
            if "ExpandProperty" in view.parameters:
                single = True
                flat = [str(view.parameters["ExpandProperty"])]
            if "First" in view.parameters:
                rows = rows[: int(view.parameters["First"])]
        wanted = flat or wanted
        if view.name.lower() == "convertto-json":
            return _as_json(rows, wanted, bool(view.parameters.get("Compress")))
    if single:
        rows = [item for value in rows for item in _expanded(value, wanted[0])]
    return "".join(_list_item(item, [] if single else wanted) for item in rows)


def _expanded(value: Value, name: str) -> list[Value]:
    known = {key.lower(): item for key, item in _properties(value).items()}
    found = known.get(name.lower())
    return found if isinstance(found, list) else [found]


def _properties(value: Value) -> dict[str, Value]:
    return value.properties if isinstance(value, PsObject) else value if isinstance(value, dict) else {}


def _as_json(rows: list[Value], wanted: list[str], compress: bool) -> str:
    def one(value: Value) -> Any:
        if isinstance(value, (PsObject, dict)):
            return row(value, wanted or list(_properties(value)))
        return plain(value)

    many = [one(value) for value in rows]
    return json.dumps(many[0] if len(many) == 1 else many, indent=None if compress else 4, ensure_ascii=False) + "\r\n"


def _list_item(value: Value, wanted: list[str]) -> str:
    """As Format-List prints it; text and numbers as they are."""
    if not isinstance(value, (PsObject, dict)):
        return _cell(value) + "\r\n"
    known = _properties(value)
    by_name = {name.lower(): (name, item) for name, item in known.items()}
    if any("*" in name for name in wanted):
        wanted = []
    chosen = [by_name.get(name.lower(), (name, None)) for name in wanted] if wanted else list(known.items())
    width = max((len(name) for name, _item in chosen), default=0)
    return "".join(f"{name:<{width}} : {_cell(item)}\r\n" for name, item in chosen) + "\r\n"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "{" + ", ".join(_cell(item) for item in value) + "}"
    if isinstance(value, Span):
        return _span(value.seconds)
    if isinstance(value, Moment):
        return str(plain(value))
    return str(value)


def _span(seconds: float) -> str:
    """As a TimeSpan prints itself, without fractions: 00:30:00, 1.02:00:00."""
    days, rest = divmod(round(seconds), 86_400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}.{clock}" if days else clock
