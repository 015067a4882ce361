# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the lab's own YAML files strictly: what is wrong is named with its key and its line.

A file is described by small objects (``Table``, ``Listing``, ``Text`` ...) that read a YAML node and give plain data
with every default filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml


class FileError(Exception):
    """A deployment or faults file can't be used; the message names file, line, key and what is wrong."""


@dataclass(frozen=True)
class Place:
    """Where in which file."""

    file: str
    path: str = ""

    def key(self, name: str) -> Place:
        return Place(self.file, f"{self.path}.{name}" if self.path else name)

    def item(self, index: int) -> Place:
        return Place(self.file, f"{self.path}[{index}]")

    def error(self, node: yaml.Node, text: str) -> FileError:
        return FileError(f"{self.file} line {node.start_mark.line + 1}: {self.path or 'the file'}: {text}")


class Spec(Protocol):
    def read(self, node: yaml.Node, place: Place) -> Any: ...


def _scalar(node: yaml.Node, place: Place, wanted: str) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise place.error(node, f"{wanted} expected")
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (ValueError, yaml.YAMLError) as error:
        raise place.error(node, str(error)) from error
    finally:
        loader.dispose()


@dataclass(frozen=True)
class Text:
    """Text; a number that YAML read out of it is refused, because 7.10 would have become 7.1."""

    empty: bool = False

    def read(self, node: yaml.Node, place: Place) -> str:
        value = _scalar(node, place, "text")
        if not isinstance(value, str):
            raise place.error(node, f'text expected; write it in quotes: "{getattr(node, "value", value)}"')
        if not value and not self.empty:
            raise place.error(node, "must not be empty")
        return value


@dataclass(frozen=True)
class Number:
    low: float = 0
    high: float = 1e12
    whole: bool = False

    def read(self, node: yaml.Node, place: Place) -> float:
        value = _scalar(node, place, "a number")
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or (self.whole and not isinstance(value, int))
        ):
            raise place.error(node, "a whole number expected" if self.whole else "a number expected")
        if not self.low <= value <= self.high:
            raise place.error(node, f"{value} is not between {self.low:g} and {self.high:g}")
        return value


@dataclass(frozen=True)
class Flag:
    def read(self, node: yaml.Node, place: Place) -> bool:
        value = _scalar(node, place, "true or false")
        if not isinstance(value, bool):
            raise place.error(node, "true or false expected")
        return value


@dataclass(frozen=True)
class Choice:
    values: tuple[Any, ...]

    def read(self, node: yaml.Node, place: Place) -> Any:
        value = _scalar(node, place, "one value")
        for known in self.values:
            if value == known and isinstance(value, bool) == isinstance(known, bool):
                return known
        raise place.error(node, f"{value!r} is not one of {', '.join(str(known) for known in self.values)}")


@dataclass(frozen=True)
class Listing:
    of: Spec
    least: int = 0
    most: int = 10_000

    def read(self, node: yaml.Node, place: Place) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            raise place.error(node, "a list expected")
        if not self.least <= len(node.value) <= self.most:
            raise place.error(node, f"{self.least} to {self.most} items expected, {len(node.value)} found")
        return [self.of.read(item, place.item(index)) for index, item in enumerate(node.value)]


@dataclass(frozen=True)
class Named:
    """A mapping whose keys are free names."""

    of: Spec

    def read(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        return {name: self.of.read(value, place.key(name)) for name, _key, value in _pairs(node, place)}


@dataclass(frozen=True)
class Either:
    """A short form (text) and a long form (a table with that text under one key)."""

    key: str
    table: Table

    def read(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            return {**self.table.defaults(), self.key: Text().read(node, place)}
        return self.table.read(node, place)


@dataclass(frozen=True)
class Key:
    """One key of a table. A default that is callable is called for each new value."""

    spec: Spec
    default: Any = None
    required: bool = False
    about: str = ""


@dataclass(frozen=True)
class Table:
    keys: dict[str, Key]
    check: Callable[[dict[str, Any]], str | None] = lambda values: None
    """Says what is wrong with values that are right one by one, or None."""

    def defaults(self) -> dict[str, Any]:
        return {name: key.default() if callable(key.default) else key.default for name, key in self.keys.items()}

    def read(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        values = self.defaults()
        given = set()
        for name, key_node, value in _pairs(node, place):
            if name not in self.keys:
                raise place.key(name).error(key_node, f"no such key; known here: {', '.join(self.keys)}")
            given.add(name)
            values[name] = self.keys[name].spec.read(value, place.key(name))
        for name, key in self.keys.items():
            if key.required and name not in given:
                raise place.error(node, f"the key {name} is missing")
        wrong = self.check(values)
        if wrong:
            raise place.error(node, wrong)
        return values


def _pairs(node: yaml.Node, place: Place) -> Sequence[tuple[str, yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise place.error(node, "keys and values expected")
    pairs: list[tuple[str, yaml.Node, yaml.Node]] = []
    for key_node, value in node.value:
        name = str(_scalar(key_node, place, "a key"))
        if any(name == known for known, _key, _value in pairs):
            raise place.key(name).error(key_node, "stands here twice")
        pairs.append((name, key_node, value))
    return pairs


def read_file(path: str | Path, spec: Spec, empty: Any) -> Any:
    """A YAML file as ``spec`` describes it; ``empty`` for a file that holds nothing.

    Raises:
        FileError: unreadable, no YAML, or not as described.
    """
    name = Path(path).name
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{name}: {error}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark is not None else ""
        raise FileError(f"{name}{line}: {getattr(error, 'problem', None) or error}") from error
    return empty if node is None else spec.read(node, Place(name))
