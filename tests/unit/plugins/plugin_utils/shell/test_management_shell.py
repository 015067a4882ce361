# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be sent to a server, how often, and what becomes of its answers."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ChangeRefused,
    ConnectionLost,
    CredentialsRejected,
    NotUsable,
    Orphaned,
    SfbError,
)
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import MODULES, ManagementShell
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    FakeClock,
    ScriptedTransport,
    answer,
    outcome,
)

READ = Call("Get-CsPool")
CHANGE = Call("Invoke-CsComputerFailOver", {"ComputerName": "fe01.example.com", "Confirm": False}, changes=True)
OF_WINDOWS = Call("Get-Content", {"LiteralPath": "C:\\x"})
LOST = ConnectionLost("Connection reset by peer")
FINE = [outcome([{"Fqdn": "pool01.example.com"}])]


def shell_on(*results: Any, **more: Any) -> tuple[ManagementShell, ScriptedTransport, FakeClock]:
    transport, clock = ScriptedTransport(*results), FakeClock()
    return ManagementShell(transport, clock, "fe01.example.com", **more), transport, clock


def sent(body: dict[str, Any]) -> dict[str, Any]:
    return {"output": [json.dumps(body)]}


# ---- a connection that breaks ----------------------------------------------------------------------------------------


def test_a_read_whose_connection_broke_is_asked_again_over_a_new_one() -> None:
    shell, transport, clock = shell_on(LOST, LOST, FINE)
    assert shell.read({"pools": READ})["pools"].row == {"Fqdn": "pool01.example.com"}
    assert (len(transport.requests), transport.resets, clock.minutes) == (3, 2, 20 / 60)
    assert shell.executions == 3


def test_a_read_gives_up_when_its_caller_will_not_wait_longer() -> None:
    shell, transport, clock = shell_on(LOST)
    with pytest.raises(ConnectionLost):
        shell.read({"pools": READ}, retry_seconds=300)
    assert clock.minutes == 5
    assert len(transport.requests) == 31


def test_a_read_that_a_sleeping_controller_lost_is_asked_once_more_when_it_wakes_up() -> None:
    shell, transport, clock = shell_on(LOST, FINE)
    asks = transport.execute

    def sleeps(*request: Any) -> dict[str, Any]:
        clock.sleep(3 * 3600)
        return asks(*request)

    transport.execute = sleeps  # type: ignore[method-assign]
    assert shell.read({"pools": READ}, retry_seconds=120)["pools"].ok


def test_a_read_that_may_not_wait_at_all_is_asked_once() -> None:
    shell, transport, clock = shell_on(LOST)
    with pytest.raises(ConnectionLost):
        shell.read({"pools": READ}, retry_seconds=0)
    assert (len(transport.requests), clock.minutes) == (1, 0)


@pytest.mark.parametrize("detached", [False, True])
def test_a_change_whose_answer_got_lost_is_never_sent_again(detached: bool) -> None:
    shell, transport, clock = shell_on(LOST, FINE)
    with pytest.raises(ConnectionLost):
        if detached:
            shell.start({"out": CHANGE}, "C:\\claim.json", 600)
        else:
            shell.change({"out": CHANGE})
    assert (len(transport.requests), clock.minutes) == (1, 0)


def test_a_refused_password_is_never_tried_twice() -> None:
    shell, transport, clock = shell_on(CredentialsRejected("401"))
    with pytest.raises(CredentialsRejected):
        shell.read({"pools": READ})
    assert (len(transport.requests), transport.resets, clock.minutes) == (1, 0, 0)


# ---- what is not sent at all -----------------------------------------------------------------------------------------


def test_in_check_mode_a_change_is_refused_before_anything_is_sent() -> None:
    shell, transport, _clock = shell_on(FINE, check_mode=True)
    for send in (
        lambda: shell.change({"look": READ, "out": CHANGE}),
        lambda: shell.start({"look": READ, "out": CHANGE}, "C:\\claim.json", 600),
    ):
        with pytest.raises(ChangeRefused, match=r"Invoke-CsComputerFailOver .* must not be sent .* in check mode"):
            send()
    assert transport.requests == []


def test_in_check_mode_reads_go_on() -> None:
    shell, transport, _clock = shell_on(FINE, check_mode=True)
    assert shell.read({"pools": READ})["pools"].ok
    assert len(transport.requests) == 1


def test_a_change_among_reads_is_refused_since_reads_are_repeated() -> None:
    shell, transport, _clock = shell_on(FINE)
    with pytest.raises(ChangeRefused, match="was sent as a read"):
        shell.read({"look": READ, "out": CHANGE})
    assert transport.requests == []


def test_a_worker_whose_ansible_playbook_is_gone_sends_nothing_more_not_even_a_read() -> None:
    parents = [4711, 4711, 1]
    shell, transport, _clock = shell_on(FINE, parent=lambda: parents.pop(0) if len(parents) > 1 else parents[0])
    assert shell.read({"pools": READ})["pools"].ok
    for send in (
        lambda: shell.read({"pools": READ}),
        lambda: shell.change({"out": CHANGE}),
        lambda: shell.start({"out": CHANGE}, "C:\\claim.json", 600),
    ):
        with pytest.raises(Orphaned, match="nothing more is sent"):
            send()
    assert len(transport.requests) == 1


def test_a_read_that_is_repeated_stops_as_soon_as_its_ansible_playbook_is_gone() -> None:
    parents = [4711, 4711, 4711, 1]
    shell, transport, _clock = shell_on(LOST, parent=lambda: parents.pop(0) if len(parents) > 1 else parents[0])
    with pytest.raises(Orphaned):
        shell.read({"pools": READ}, retry_seconds=3600)
    assert len(transport.requests) == 2


def test_a_worker_whose_ansible_playbook_was_gone_before_it_began_sends_nothing_either() -> None:
    fork = multiprocessing.get_context("fork")
    answers, tells = fork.Pipe(duplex=False)

    def worker() -> None:
        maker = multiprocessing.parent_process()
        while maker and os.getppid() == maker.pid:
            time.sleep(0.01)
        transport = ScriptedTransport(FINE)
        try:
            ManagementShell(transport, FakeClock(), "fe01").read({"pools": READ})
        except Orphaned:
            tells.send(len(transport.requests))
        tells.send(-1)

    def ansible_playbook() -> None:
        fork.Process(target=worker).start()
        os._exit(0)

    killed = fork.Process(target=ansible_playbook)
    killed.start()
    killed.join()
    assert answers.poll(20)
    assert answers.recv() == 0


# ---- the request -----------------------------------------------------------------------------------------------------


def test_the_products_module_is_loaded_only_when_a_call_needs_it() -> None:
    shell, transport, _clock = shell_on(FINE)
    shell.read({"text": OF_WINDOWS})
    shell.read({"text": OF_WINDOWS, "pools": READ})
    assert [request["modules"] for request in transport.requests] == [[], list(MODULES)]


def test_a_request_holds_the_calls_in_their_order_and_every_key() -> None:
    shell, transport, _clock = shell_on([*FINE, *FINE])
    shell.read({"b": READ, "a": OF_WINDOWS})
    request = transport.requests[0]
    assert set(request) == {"modules", "editions", "claim", "roles", "calls"}
    assert [call["cmdlet"] for call in request["calls"]] == ["Get-CsPool", "Get-Content"]
    assert (request["claim"], request["editions"], request["roles"]) == (
        None,
        ["Desktop"],
        ["RTCUniversalServerAdmins"],
    )


def test_a_start_names_its_claim_and_asks_for_no_answer() -> None:
    shell, transport, _clock = shell_on({"ansible_job_id": "j1", "started": 1})
    shell.start({"out": CHANGE}, "C:\\claim.json", 600)
    assert transport.requests[0]["claim"] == "C:\\claim.json"


# ---- the answer ------------------------------------------------------------------------------------------------------


def test_each_outcome_goes_by_the_name_that_its_caller_gave_it() -> None:
    body = answer([outcome([1], warnings="one", missing=False), outcome("text")], process=77, finished="now")
    shell, _transport, _clock = shell_on(sent(body))
    got = shell.read({"first": READ, "second": OF_WINDOWS})
    assert got["first"].output == [1]
    assert got["first"].warnings == ["one"]  # what travelled as a single value is a list again
    assert (got.module, got.user, got.administrator, got.process) == ("SkypeForBusiness", "LAB\\admin", True, 77)
    assert got.roles == {"RTCUniversalServerAdmins": True}


def test_calls_that_were_not_reached_are_skipped_and_neither_good_nor_empty() -> None:
    shell, _transport, _clock = shell_on([outcome(errors=[{"message": "no", "category": "NotSpecified"}])])
    got = shell.read({"first": READ.must(), "second": OF_WINDOWS})
    assert got["second"].skipped and not got["second"].ok and not got["second"].absent
    with pytest.raises(CallFailed, match=r"Get-Content -LiteralPath C:.x was not run, because a call before it failed"):
        got["second"].checked()


def test_a_cmdlet_that_the_product_lacks_is_told_by_its_name() -> None:
    shell, _transport, _clock = shell_on([outcome(missing=True)])
    got = shell.read({"pools": READ})["pools"]
    assert got.missing and not got.ok and not got.absent
    with pytest.raises(CallFailed, match="Get-CsPool does not exist on this server"):
        got.checked()


def test_a_failed_call_keeps_the_servers_words_the_line_and_the_remedy() -> None:
    trouble = {"message": "Objet de gestion introuvable", "category": "InvalidOperation", "id": "Lync.Bad"}
    shell, _transport, _clock = shell_on([outcome(errors=[trouble], warnings=["careful"])])
    with pytest.raises(CallFailed, match="Get-CsPool failed: Objet de gestion introuvable") as failure:
        shell.read({"pools": READ})["pools"].checked("Look there.")
    result = failure.value.result()
    assert result["failed"] is True and result["msg"].endswith("Look there.")
    assert (result["call"], result["errors"], result["warnings_of_call"]) == ("Get-CsPool", [trouble], ["careful"])


def test_not_there_goes_by_the_category_and_never_by_words() -> None:
    gone = {"message": "Datei nicht gefunden", "category": "ObjectNotFound"}
    shell, _transport, _clock = shell_on([outcome(errors=[gone])])
    assert shell.read({"text": OF_WINDOWS})["text"].absent


def test_rows_and_text_are_told_apart() -> None:
    shell, _transport, _clock = shell_on([outcome(["fe01 OK Up", {"a": 1}, "fe02 OK Up", True])])
    got = shell.read({"pools": READ})["pools"]
    assert (got.rows, got.row) == ([{"a": 1}], {"a": 1})
    assert got.text == "fe01 OK Up\nfe02 OK Up\nTrue"


def test_a_living_holder_of_the_claim_is_handed_on() -> None:
    shell, _transport, _clock = shell_on(sent(answer([], running={"process": 5}, module=None)))
    got = shell.change({"out": CHANGE})
    assert got.running == {"process": 5}
    assert got["out"].skipped


# ---- servers that can't be worked with -------------------------------------------------------------------------------


def test_powershell_7_is_refused_by_name_and_says_which_endpoint_to_take() -> None:
    shell, transport, _clock = shell_on(sent(answer([], edition="Core", version="7.5.1", module=None)))
    with pytest.raises(NotUsable, match=r"PowerShell 7\.5\.1 \(Core\)") as failure:
        shell.read({"pools": READ})
    assert "ansible_psrp_configuration_name" in str(failure.value.remedy)
    assert len(transport.requests) == 1


def test_a_server_without_the_products_module_is_named() -> None:
    shell, _transport, _clock = shell_on(sent(answer([outcome(missing=True)], module=None)))
    with pytest.raises(NotUsable, match=r"fe01\.example\.com has neither the module SkypeForBusiness nor Lync"):
        shell.read({"pools": READ})


def test_windows_own_calls_need_no_module() -> None:
    shell, _transport, _clock = shell_on(sent(answer([outcome(["x"])], module=None)))
    assert shell.read({"text": OF_WINDOWS})["text"].text == "x"


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"output": None},
        {"output": []},
        {"output": [""]},
        {"output": ["Cannot load the profile"]},
        {"output": ['{"edition": "Desktop"']},
        {"output": ["{}"]},
        {"output": ["null"]},
        {"output": ["[]"]},
        {"output": [{"edition": "Desktop"}]},
        {"output": [None], "msg": "what came instead"},
    ],
)
def test_an_answer_that_cannot_be_read_is_shown_and_not_guessed(result: dict[str, Any]) -> None:
    shell, transport, _clock = shell_on(result)
    with pytest.raises(NotUsable, match="gave an answer that can't be read") as failure:
        shell.read({"pools": READ})
    assert str(result.get("msg") or "") in failure.value.facts["received"]
    assert len(transport.requests) == 1


def test_every_failure_is_one_that_an_action_turns_into_a_result() -> None:
    for kind in (CallFailed, ChangeRefused, ConnectionLost, CredentialsRejected, NotUsable, Orphaned):
        assert issubclass(kind, SfbError)
