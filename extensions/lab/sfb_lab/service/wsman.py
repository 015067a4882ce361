# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WS-Management envelopes of the remote shell (MS-WSMV): requests taken apart, replies and faults put together."""

from __future__ import annotations

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

CMD_SHELL = _SHELL + "/cmd"

_DEFAULT_TIMEOUT_SECONDS = 60.0


class NotWsMan(Exception):
    """The body is no WS-Man envelope."""


class Fault(Exception):
    """Answered as a SOAP fault; ``code`` is the WSManFault number that clients look at."""

    def __init__(self, code: int, subcode: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode
        self.text = text


def timed_out() -> Fault:
    """0x80338029: nothing to report within the operation time-out; pywinrm asks again."""
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."
    return Fault(2150858793, "w:TimedOut", text)


def shell_not_found(shell_id: str) -> Fault:
    """0x8033805B, as after a restart of the server."""
    text = (
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists."
    )
    return Fault(2150858843, "w:InvalidSelectors", text)


def command_not_found(command_id: str) -> Fault:
    """0x80338057: no such command in the shell."""
    return Fault(2150858839, "w:InvalidSelectors", f"The command {command_id} was not found in the shell.")


def unknown_to_lab(text: str) -> Fault:
    """What the lab doesn't know is named, not guessed at."""
    return Fault(2150858778, "w:UnsupportedFeature", f"the lab does not know: {text}")


@dataclass(frozen=True)
class Message:
    """What the service needs of one request."""

    action: str
    """Last part of the action's address: Create, Command, Send, Receive, Signal, Delete."""
    message_id: str
    resource: str
    shell_id: str = ""
    command_id: str = ""
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS
    options: dict[str, str] = field(default_factory=dict)
    command_line: str = ""
    stdin: bytes = b""
    stdin_ends: bool = False


def parse(text: bytes) -> Message:
    """Raises NotWsMan."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise NotWsMan(str(error)) from error
    header, body = root.find(f"{{{_SOAP}}}Header"), root.find(f"{{{_SOAP}}}Body")
    if header is None or body is None:
        raise NotWsMan("no SOAP header or body")
    options = {option.get("Name", ""): option.text or "" for option in header.iterfind(f".//{{{_WSMAN}}}Option")}
    shell_id = ""
    for selector in header.iterfind(f".//{{{_WSMAN}}}Selector"):
        if selector.get("Name") == "ShellId":
            shell_id = selector.text or ""
    stream = body.find(f".//{{{_SHELL}}}Send/{{{_SHELL}}}Stream")
    command_id = next((node.get("CommandId", "") for node in body.iter() if node.get("CommandId")), "")
    return Message(
        action=_text(header, _ADDRESSING, "Action").rstrip("/").rpartition("/")[2],
        message_id=_text(header, _ADDRESSING, "MessageID"),
        resource=_text(header, _WSMAN, "ResourceURI"),
        shell_id=shell_id,
        command_id=command_id,
        timeout_seconds=_seconds(_text(header, _WSMAN, "OperationTimeout")),
        options=options,
        command_line=_command_line(body),
        stdin=base64.b64decode(stream.text or "") if stream is not None else b"",
        stdin_ends=stream is not None and stream.get("End", "").lower() == "true",
    )


def _text(parent: ET.Element, namespace: str, name: str) -> str:
    return (parent.findtext(f"{{{namespace}}}{name}") or "").strip()


def _command_line(body: ET.Element) -> str:
    line = body.find(f"{{{_SHELL}}}CommandLine")
    if line is None:
        return ""
    parts = [line.findtext(f"{{{_SHELL}}}Command") or ""]
    parts += [argument.text or "" for argument in line.iterfind(f"{{{_SHELL}}}Arguments")]
    return " ".join(part for part in parts if part)


def _seconds(duration: str) -> float:
    """An ISO 8601 duration such as PT20S."""
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration)
    if not match or not any(match.groups()):
        return _DEFAULT_TIMEOUT_SECONDS
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600.0 + int(minutes or 0) * 60.0 + float(seconds or 0)


def created(request: Message, shell_id: str) -> bytes:
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    return _envelope(
        request,
        _TRANSFER + "/CreateResponse",
        f"<x:ResourceCreated><a:Address>{_ADDRESSING}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{CMD_SHELL}</w:ResourceURI>{selector}</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri></rsp:Shell>",
    )


def command_started(request: Message, command_id: str) -> bytes:
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return _envelope(request, _SHELL + "/CommandResponse", body)


def input_taken(request: Message) -> bytes:
    return _envelope(request, _SHELL + "/SendResponse", "<rsp:SendResponse/>")


def output(request: Message, stdout: bytes, stderr: bytes, exit_code: int | None) -> bytes:
    """``exit_code`` None: the command goes on, or there is more output to fetch."""
    attribute = f'CommandId="{request.command_id}"'
    streams = "".join(
        f'<rsp:Stream Name="{name}" {attribute}>{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in (("stdout", stdout), ("stderr", stderr))
        if data
    )
    if exit_code is None:
        state = f'<rsp:CommandState {attribute} State="{_SHELL}/CommandState/Running"/>'
    else:
        streams += "".join(f'<rsp:Stream Name="{name}" {attribute} End="true"/>' for name in ("stdout", "stderr"))
        state = (
            f'<rsp:CommandState {attribute} State="{_SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>"
    return _envelope(request, _SHELL + "/ReceiveResponse", body)


def signalled(request: Message) -> bytes:
    return _envelope(request, _SHELL + "/SignalResponse", "<rsp:SignalResponse/>")


def deleted(request: Message) -> bytes:
    return _envelope(request, _TRANSFER + "/DeleteResponse", "")


def fault(request: Message, error: Fault) -> bytes:
    text = escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "?", error.text))
    return _envelope(
        request,
        _FAULT_ACTION,
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{_FAULT}" Code="{error.code}" Machine="lab"><f:Message>{text}</f:Message>'
        "</f:WSManFault></s:Detail></s:Fault>",
    )


def _envelope(request: Message, action: str, body: str) -> bytes:
    namespaces = (
        f'xmlns:s="{_SOAP}" xmlns:a="{_ADDRESSING}" xmlns:x="{_TRANSFER}" xmlns:w="{_WSMAN}" xmlns:rsp="{_SHELL}"'
    )
    return (
        f'<s:Envelope xml:lang="en-US" {namespaces}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{_ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(request.message_id)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
