# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding parameters as PowerShell does, from the documented signatures: names, types, sets, mandatory ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .products import data
from .texts import say
from .values import Moment, PsError, Span, Terminating

COMMON = {
    "Verbose": "SwitchParameter",
    "Debug": "SwitchParameter",
    "ErrorAction": "ActionPreference",
    "WarningAction": "ActionPreference",
    "InformationAction": "ActionPreference",
    "ErrorVariable": "String",
    "WarningVariable": "String",
    "InformationVariable": "String",
    "OutVariable": "String",
    "OutBuffer": "Int32",
    "PipelineVariable": "String",
}
COMMON_ALIASES = {
    "ea": "ErrorAction",
    "wa": "WarningAction",
    "vb": "Verbose",
    "db": "Debug",
    "cf": "Confirm",
    "wi": "WhatIf",
}

#: Values of enumerations. ResetType: DOC; the rest as far as the reference lists them (incomplete lists take any text).
ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "PoolResetType": ("ServiceReset", "QuorumLossRecovery", "FullReset", "MachineStateRemoved"),
    "ActionPreference": ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend"),
    "MirrorRole": ("Primary", "Mirror"),
    "TestPathType": ("Any", "Container", "Leaf"),
    "FileSystemCmdletProviderEncoding": (
        "Unknown",
        "String",
        "Unicode",
        "Byte",
        "BigEndianUnicode",
        "UTF8",
        "UTF7",
        "UTF32",
        "Ascii",
        "Default",
        "Oem",
        "BigEndianUTF32",
    ),
    "CertType": (
        "Default",
        "WebServicesInternal",
        "WebServicesExternal",
        "OAuthTokenIssuer",
        "AccessEdgeExternal",
        "AudioVideoAuthentication",
        "DataEdgeExternal",
        "Internal",
        "External",
        "JICertificate",
        "ProvisionService",
        "WsFedTokenTransfer",
        "XmppServer",
    ),
}


@dataclass(frozen=True)
class SetParameter:
    mandatory: bool
    position: int | None


@dataclass(frozen=True)
class Signature:
    name: str
    class_name: str
    types: Mapping[str, str]
    """Parameter name -> type."""
    aliases: Mapping[str, str]
    """Lower case alias -> parameter name."""
    sets: Mapping[str, Mapping[str, SetParameter]]
    default_set: str | None
    enumerations: Mapping[str, tuple[str, ...]]
    """Parameter name -> its values, where they are documented for this product."""

    @property
    def can_confirm(self) -> bool:
        return "Confirm" in self.types


@dataclass(frozen=True)
class Bound:
    values: dict[str, Any]
    set_name: str

    def __contains__(self, name: str) -> bool:
        return name in self.values


LINE_PARAMETER = re.compile(r"(\[?)(\[?)-(\w+)(\]?)(?: <([\w\[\].]+)>)?(\]?)")


def _parse_line(line: str) -> tuple[dict[str, SetParameter], dict[str, str]]:
    """A syntax line of the reference: what is in brackets is optional, a name in brackets of its own is positional."""
    parameters: dict[str, SetParameter] = {}
    types: dict[str, str] = {}
    position = 0
    for match in LINE_PARAMETER.finditer(line.partition(" ")[2]):
        outer, inner, name, closed, kind, _end = match.groups()
        positional = closed == "]" and kind is not None
        optional = bool(inner) if positional else bool(outer)
        parameters[name] = SetParameter(not optional, position if positional else None)
        position += positional
        types[name] = kind or "SwitchParameter"
    return parameters, types


@cache
def signature(name: str, product: str) -> Signature | None:
    """The signature of a cmdlet on a server with this product (or ``none``); None where it does not exist."""
    for known, entry in data("windows_cmdlets.yml").items():
        if known.lower() == name.lower():
            return _windows(known, entry)
    for known, entry in data("cmdlets.json")["cmdlets"].items():
        if known.lower() == name.lower() and product in entry["products"]:
            return _documented(known, entry, product)
    return None


def _windows(name: str, entry: Mapping[str, Any]) -> Signature:
    sets: dict[str, dict[str, SetParameter]] = {}
    types: dict[str, str] = {}
    for title, line in entry["sets"].items():
        sets[title], found = _parse_line(line)
        types.update(found)
    aliases = {alias.lower(): parameter for alias, parameter in entry.get("aliases", {}).items()}
    return Signature(name, entry.get("class", name), types, aliases, sets, next(iter(sets)), {})


def _documented(name: str, entry: Mapping[str, Any], product: str) -> Signature:
    here = {parameter: about for parameter, about in entry["parameters"].items() if product in about["products"]}
    sets: dict[str, dict[str, SetParameter]] = {}
    for title, syntax in entry["syntax"].items():
        ordered, _types = _parse_line(syntax["line"])
        sets[title] = {
            parameter: SetParameter(spec["mandatory"], ordered[parameter].position if parameter in ordered else None)
            for parameter, spec in syntax["parameters"].items()
            if parameter in here
        }
    types = {parameter: str(about["type"]).rsplit(".", maxsplit=1)[-1] for parameter, about in here.items()}
    aliases = {alias.lower(): parameter for parameter, about in here.items() for alias in about["aliases"]}
    enumerations = {
        parameter: tuple(about["values_in_text"][product])
        for parameter, about in here.items()
        if product in about["values_in_text"]
    }
    default = entry["default_set"] or sorted(sets)[-1]
    return Signature(name, name, types, aliases, sets, default, enumerations)


def bind(sig: Signature, given: Mapping[str, Any], positional: Sequence[Any] = ()) -> Bound:
    """What arrives in the cmdlet.

    Raises:
        Terminating: the ParameterBindingException that PowerShell would throw.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        known = _name(sig, name)
        if known in values:
            raise _refuse(
                sig,
                "ParameterAlreadyBound",
                say("parameter_twice", name=known),
            )
        values[known] = value
    for index, value in enumerate(positional):
        names = {
            parameter
            for parameters in _candidates(sig, values)
            for parameter, spec in sig.sets[parameters].items()
            if spec.position is not None and parameter not in values
        }
        order = sorted(
            names,
            key=lambda name: min(
                spec.position
                for parameters in sig.sets.values()
                for parameter, spec in parameters.items()
                if parameter == name and spec.position is not None
            ),
        )
        if not order:
            raise _refuse(
                sig,
                "PositionalParameterNotFound",
                f"A positional parameter cannot be found that accepts argument '{value}'.",
                str(positional[index]),
            )
        values[order[0]] = value
    converted = {name: _convert(sig, name, value) for name, value in values.items()}
    return Bound(converted, _choose_set(sig, converted))


def _refuse(
    sig: Signature, error_id: str, message: str, target: str = "", category: str = "InvalidArgument"
) -> Terminating:
    return Terminating(
        PsError(
            message,
            f"{error_id},{sig.class_name}",
            category,
            "System.Management.Automation.ParameterBindingException",
            target,
        )
    )


def _name(sig: Signature, name: str) -> str:
    every = [*sig.types, *COMMON]
    for known in every:
        if known.lower() == name.lower():
            return known
    alias = sig.aliases.get(name.lower()) or COMMON_ALIASES.get(name.lower())
    if alias in every:
        return str(alias)
    fits = sorted({known for known in every if known.lower().startswith(name.lower())}) if name else []
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise _refuse(
            sig,
            "AmbiguousParameter",
            say("parameter_ambiguous", name=name, fits=" ".join("-" + fit for fit in fits)),
            name,
        )
    raise _refuse(sig, "NamedParameterNotFound", say("parameter_unknown", name=name), name)


def _candidates(sig: Signature, values: Mapping[str, Any]) -> list[str]:
    own = {name for name in values if not (name in COMMON or name in ("WhatIf", "Confirm"))}
    return [title for title, parameters in sig.sets.items() if own <= set(parameters)]


def _choose_set(sig: Signature, values: Mapping[str, Any]) -> str:
    candidates = _candidates(sig, values)
    complete = [
        title for title in candidates if all(name in values for name, spec in sig.sets[title].items() if spec.mandatory)
    ]
    if len(complete) == 1:
        return complete[0]
    if complete and sig.default_set in complete:
        return sig.default_set
    if not complete and candidates and (len(candidates) == 1 or sig.default_set in candidates):
        title = candidates[0] if len(candidates) == 1 else str(sig.default_set)
        missing = [name for name, spec in sig.sets[title].items() if spec.mandatory and name not in values]
        raise _refuse(
            sig,
            "MissingMandatoryParameter",
            say("parameter_missing", names=" ".join(missing)),
        )
    raise _refuse(sig, "AmbiguousParameterSet", say("parameter_set"))


def _convert(sig: Signature, name: str, value: Any) -> Any:
    kind = sig.types.get(name) or COMMON.get(name) or "SwitchParameter"
    mandatory = any(name in parameters and parameters[name].mandatory for parameters in sig.sets.values())
    if mandatory and value is None:
        raise _refuse(
            sig,
            "ParameterArgumentValidationErrorNullNotAllowed",
            say("argument_null", name=name),
            category="InvalidData",
        )
    if mandatory and value == "" and kind.lower() == "string":
        raise _refuse(
            sig,
            "ParameterArgumentValidationErrorEmptyStringNotAllowed",
            say("argument_empty", name=name),
            category="InvalidData",
        )
    try:
        if kind.endswith("[]"):
            many = value if isinstance(value, (list, tuple)) else [value]
            return [_one(kind[:-2], item, sig.enumerations.get(name)) for item in many]
        return _one(kind, value, sig.enumerations.get(name))
    except ValueError as error:
        raise _refuse(
            sig,
            "CannotConvertArgumentNoMessage",
            say("cannot_bind", name=name, error=error.args[0]),
            category="InvalidData",
        ) from error


def _one(kind: str, value: Any, values: tuple[str, ...] | None) -> Any:
    text = str(value)
    if kind == "SwitchParameter" or kind.lower() in ("boolean", "bool"):
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return bool(value)
        raise _no(value, "System.Management.Automation.SwitchParameter")
    if kind.lower() in ("int32", "int", "int64", "long", "uint32"):
        if (isinstance(value, (int, float)) and not isinstance(value, bool)) or re.fullmatch(r"\s*[+-]?\d+\s*", text):
            return int(value)
        raise _no(value, "System.Int32")
    if kind.lower() == "timespan":
        return time_span(value)
    if kind.lower() == "guid":
        if re.fullmatch(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?", text):
            return text.strip("{}")
        raise _no(value, "System.Guid")
    if kind.lower() in ("hashtable", "idictionary"):
        if isinstance(value, Mapping):
            return dict(value)
        raise _no(value, "System.Collections.Hashtable")
    known = values or ENUMERATIONS.get(kind)
    if known:
        exact = [item for item in known if item.lower() == text.lower()]
        fits = exact or [item for item in known if item.lower().startswith(text.lower())]
        if len(fits) == 1 and text:
            return fits[0]
        raise ValueError(say("no_enumerator", value=text, known=", ".join(known)))
    if kind.lower() in ("object", "psobject"):
        return value
    if isinstance(value, (list, tuple, Mapping)):
        raise _no(value, "System.String")
    if isinstance(value, Moment):
        return value
    return "" if value is None else text


def _no(value: Any, kind: str) -> ValueError:
    return ValueError(say("cannot_convert", value=value, type=kind))


SPAN = re.compile(r"\s*(-)?(?:(\d+)\.)?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7}))?)?\s*")


def time_span(value: Any) -> Span:
    """PowerShell's cast to TimeSpan: a number is ticks, a text without colons is days (seen; powershell/README.md)."""
    if isinstance(value, Span):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Span(int(value) / 1e7)
    text = str(value)
    if re.fullmatch(r"\s*-?\d+\s*", text):
        return Span(int(text) * 86_400.0)
    match = SPAN.fullmatch(text)
    if match:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        if int(hours) < 24 and int(minutes) < 60 and int(seconds or 0) < 60:
            total = (
                int(days or 0) * 86_400
                + int(hours) * 3600
                + int(minutes) * 60
                + int(seconds or 0)
                + float("0." + (fraction or "0"))
            )
            return Span(-total if sign else total)
    raise _no(value, "System.TimeSpan")
