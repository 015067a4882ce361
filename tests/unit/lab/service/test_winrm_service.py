# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service over real sockets, with pywinrm at the other end."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

winrm = pytest.importorskip("winrm")

import requests  # noqa: E402
from sfb_lab.border import Caller, Console  # noqa: E402
from sfb_lab.service.listener import PortTaken  # noqa: E402
from sfb_lab.service.running_lab import RunningLab  # noqa: E402
from sfb_lab.service.tls import Authority  # noqa: E402
from stub_simulation import FRONT_END, WITNESS, StubSimulation  # noqa: E402
from winrm.exceptions import (  # noqa: E402
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

LINE = "Get-CsPoolFabricState -PoolFqdn pool01.example.com"
ACTIONS = ("Create", "Command", "Receive", "Signal", "Delete")
ANSWER = b"Replica Instance: Primary\r\nReplica Instance: ActiveSecondary\r\n"


@pytest.fixture
def lab(simulation: StubSimulation) -> Iterator[RunningLab]:
    with RunningLab(simulation) as running:
        yield running


def session(
    lab: RunningLab,
    simulation: StubSimulation,
    scheme: str = "https",
    host: str = FRONT_END,
    user: str = "LAB\\admin",
    password: str | None = None,
    **options: Any,
) -> Any:
    password = simulation.accounts["LAB\\admin"] if password is None else password
    settings = {"transport": "ntlm", "ca_trust_path": str(lab.ca_file), "proxy": None} | options
    address = f"{scheme}://{simulation.addresses[host]}:{lab.port}/wsman"
    return winrm.Session(address, auth=(user, password), **settings)


WAYS_IN = {
    "NTLM with encrypted messages over HTTP": {"scheme": "http"},
    "NTLM over TLS": {"scheme": "https"},
    "Basic over TLS": {"scheme": "https", "transport": "basic"},
    "a user name without domain": {"scheme": "http", "user": "ADMIN"},
    "a user principal name": {"scheme": "https", "user": "admin@example.com"},
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_every_way_in_runs_powershell_and_cmd(lab: RunningLab, simulation: StubSimulation, way: str) -> None:
    client = session(lab, simulation, **WAYS_IN[way])
    answer = client.run_ps(LINE)
    assert (answer.status_code, answer.std_out, answer.std_err) == (0, ANSWER, b"")
    assert client.run_ps("Get-CsPool nowhere").std_err == b"Get-CsPool : Cannot find the pool."
    assert client.run_cmd("whoami").std_out == b"lab\\admin\r\n"
    assert {user for _host, user, _action in simulation.requests} == {"LAB\\admin"}


def test_every_request_of_a_command_is_shown_to_the_simulation(lab: RunningLab, simulation: StubSimulation) -> None:
    session(lab, simulation, host=WITNESS).run_cmd("hostname")
    assert simulation.requests == [(WITNESS, "LAB\\admin", action) for action in ACTIONS]


REFUSED = {
    "a wrong password": ({"password": "wrong"}, 1),
    "a wrong password over TLS": ({"password": "wrong", "scheme": "https"}, 1),
    "an unknown account": ({"user": "LAB\\nobody"}, 1),
    "a wrong password with Basic": ({"password": "wrong", "transport": "basic", "scheme": "https"}, 1),
    "Basic without TLS": ({"transport": "basic"}, 0),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nobody_else_gets_in(lab: RunningLab, simulation: StubSimulation, what: str) -> None:
    options, attempts = REFUSED[what]
    with pytest.raises(InvalidCredentialsError):
        session(lab, simulation, **{"scheme": "http", **options}).run_cmd("hostname")
    assert simulation.requests == []
    assert simulation.refused() == ["logon"] * attempts


def test_messages_that_are_not_encrypted_are_refused_over_http(lab: RunningLab, simulation: StubSimulation) -> None:
    with pytest.raises(WinRMTransportError, match="400"):
        session(lab, simulation, scheme="http", message_encryption="never").run_cmd("hostname")


def test_a_client_that_trusts_another_authority_is_not_fooled(
    lab: RunningLab, simulation: StubSimulation, tmp_path: Path
) -> None:
    other = Authority(tmp_path)
    with pytest.raises(requests.exceptions.SSLError):
        session(lab, simulation, ca_trust_path=str(other.ca_file)).run_cmd("hostname")
    assert simulation.requests == []


@pytest.mark.parametrize("name", [FRONT_END, "127.0.91.11"])
def test_a_certificate_names_its_server_and_its_address_and_no_other(
    lab: RunningLab, simulation: StubSimulation, name: str
) -> None:
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    place = (simulation.addresses[FRONT_END], lab.port)
    with socket.create_connection(place) as raw, context.wrap_socket(raw, server_hostname=name) as secured:
        assert secured.version() == "TLSv1.3"
    with socket.create_connection(place) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname=WITNESS)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("number", "action"), list(enumerate(ACTIONS, 1)))
def test_a_connection_can_break_at_each_request_before_or_after_the_work(
    lab: RunningLab, simulation: StubSimulation, scheme: str, number: int, action: str
) -> None:
    for fault in ("drop", "drop_after"):
        simulation.requests.clear()
        simulation.typed.clear()
        simulation.faults = {number: fault}
        with pytest.raises(requests.exceptions.ConnectionError):
            session(lab, simulation, scheme).run_ps(LINE)
        done = number > 2 or (action == "Command" and fault == "drop_after")
        assert len(simulation.typed) == int(done)


def test_a_connection_that_breaks_is_no_end_of_the_shell(lab: RunningLab, simulation: StubSimulation) -> None:
    protocol = session(lab, simulation).protocol
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "hostname")
    simulation.faults = {3: "drop_after"}
    with pytest.raises(requests.exceptions.ConnectionError):
        protocol.get_command_output(shell, command)
    # As in Windows, what was received by nobody is lost, but the shell is there.
    assert protocol.run_command(shell, "whoami")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_makes_the_client_give_up(
    lab: RunningLab, simulation: StubSimulation, scheme: str
) -> None:
    simulation.faults = {2: "hang"}
    client = session(lab, simulation, scheme, operation_timeout_sec=1, read_timeout_sec=2)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.run_ps(LINE)
    assert simulation.typed == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_password_that_changes_in_mid_run_is_refused_until_another_connection(
    lab: RunningLab, simulation: StubSimulation, scheme: str
) -> None:
    simulation.faults = {2: "reject"}
    client = session(lab, simulation, scheme)
    with pytest.raises(InvalidCredentialsError):
        client.run_cmd("hostname")
    assert [action for *_rest, action in simulation.requests] == ["Create", "Command"]
    assert session(lab, simulation, scheme).run_cmd("hostname").status_code == 0


def test_a_server_that_is_down_resets_connections_and_others_go_on(lab: RunningLab, simulation: StubSimulation) -> None:
    simulation.down = {FRONT_END}
    before = simulation.clock
    with pytest.raises(requests.exceptions.ConnectionError):
        session(lab, simulation).run_cmd("hostname")
    assert simulation.clock == before + 10
    assert session(lab, simulation, host=WITNESS).run_cmd("hostname").std_out == b"FE02\r\n"


def test_work_that_takes_longer_than_an_operation_is_waited_for(
    lab: RunningLab, simulation: StubSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Condition(simulation.lock)
    waiting = True

    def slow(_caller: Caller, text: str) -> Console:
        while waiting:
            go_on.wait(10)
        return Console(0, text)

    monkeypatch.setattr(simulation, "line", slow)
    protocol = session(lab, simulation, operation_timeout_sec=1, read_timeout_sec=5).protocol
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "slow.exe")
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    with go_on:
        waiting = False
        go_on.notify_all()
    assert protocol.get_command_output(shell, command) == (b"slow.exe", b"", 0)


def test_neither_a_connection_nor_a_shell_outlives_a_restart(lab: RunningLab, simulation: StubSimulation) -> None:
    protocol = session(lab, simulation).protocol
    shell = protocol.open_shell()
    protocol.run_command(shell, "shutdown /r /t 0")
    with pytest.raises(requests.exceptions.ConnectionError):
        protocol.run_command(shell, "hostname")
    with pytest.raises(WSManFaultError, match="shell was not found"):
        protocol.run_command(shell, "hostname")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_stops_in_mid_call_breaks_the_connection(
    lab: RunningLab, simulation: StubSimulation, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    def gone(_caller: Caller, _text: str) -> Console:
        raise ConnectionResetError("fe01.example.com went down")

    monkeypatch.setattr(simulation, "line", gone)
    with pytest.raises(requests.exceptions.ConnectionError):
        session(lab, simulation, scheme).run_ps(LINE)
    assert [action for *_rest, action in simulation.requests] == ["Create", "Command"]


def test_a_shell_of_one_server_is_unknown_on_another(lab: RunningLab, simulation: StubSimulation) -> None:
    shell = session(lab, simulation).protocol.open_shell()
    with pytest.raises(WSManFaultError, match="shell was not found") as caught:
        session(lab, simulation, host=WITNESS).protocol.run_command(shell, "hostname")
    assert caught.value.wsman_fault_code == 2150858843


def test_output_larger_than_a_reply_comes_in_pieces(
    lab: RunningLab, simulation: StubSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "0123456789" * 30_000
    monkeypatch.setattr(simulation, "line", lambda *_: Console(0, text, "the end"))
    answer = session(lab, simulation, "http").run_cmd("large.exe")
    assert (answer.std_out, answer.std_err) == (text.encode(), b"the end")
    assert [action for *_rest, action in simulation.requests].count("Receive") == 4


def test_many_shells_at_once_keep_their_answers_apart(lab: RunningLab, simulation: StubSimulation) -> None:
    hosts = [FRONT_END, WITNESS] * 6
    with ThreadPoolExecutor(len(hosts)) as pool:
        answers = list(pool.map(lambda host: session(lab, simulation, host=host).run_cmd("hostname").std_out, hosts))
    assert answers == [b"FE01\r\n", b"FE02\r\n"] * 6


def test_another_resource_than_the_shell_is_a_fault_that_names_it(lab: RunningLab, simulation: StubSimulation) -> None:
    protocol = session(lab, simulation).protocol
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service"
    header = protocol.build_wsman_header("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", uri)
    xmltodict = pytest.importorskip("xmltodict")
    with pytest.raises(WSManFaultError, match=r"the lab does not know: WS-Man resource .*Win32_Service"):
        protocol.send_message(xmltodict.unparse({"env:Envelope": {**header, "env:Body": None}}))
    assert len(simulation.refused()) == 1


def test_what_is_no_winrm_gets_no_further_than_http(lab: RunningLab, simulation: StubSimulation) -> None:
    address = simulation.addresses[FRONT_END]
    client = http.client.HTTPConnection(address, lab.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().status == 404
    with socket.create_connection((address, lab.port), timeout=10) as raw:
        raw.sendall(b"SSH-2.0-nobody\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    socket.create_connection((address, lab.port), timeout=10).close()
    assert simulation.requests == []


def test_stopping_closes_connections_and_removes_every_trace(simulation: StubSimulation) -> None:
    lab = RunningLab(simulation)
    folder = lab.ca_file.parent
    simulation.faults = {1: "hang"}
    errors: list[Exception] = []

    def hang() -> None:
        try:
            session(lab, simulation).run_cmd("hostname")
        except (WinRMError, requests.exceptions.RequestException) as error:
            errors.append(error)

    client = threading.Thread(target=hang)
    client.start()
    while not simulation.requests:
        time.sleep(0.01)
    lab.stop()
    client.join(10)
    assert len(errors) == 1
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((simulation.addresses[FRONT_END], lab.port))


def test_a_port_that_is_taken_on_one_address_is_said_and_leaves_nothing(simulation: StubSimulation) -> None:
    with socket.socket() as taken:
        taken.bind((simulation.addresses[WITNESS], 0))
        taken.listen()
        with pytest.raises(PortTaken, match=r"can't listen on 127\.0\.91\.12, port \d+: Address already in use"):
            RunningLab(simulation, taken.getsockname()[1])


@pytest.mark.parametrize("password", ["with:colon", "with\nline"])
def test_a_password_that_the_service_could_not_check_is_refused_at_the_start(
    simulation: StubSimulation, password: str
) -> None:
    simulation.accounts = {"LAB\\admin": password}
    with pytest.raises(ValueError, match=r"account LAB\\admin: the password"):
        RunningLab(simulation)
