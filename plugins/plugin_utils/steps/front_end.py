# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Front End as a run works on it: who it is, whether it may be worked on, which way it goes out and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product import quorum
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import How
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell

Facts = dict[str, Any]
Say = Callable[[str], None]
#: How much longer than the product's own deadline we wait, so that the cmdlet gives up first: then no action is taken.
GRACE_SECONDS = 10 * 60


@dataclass(frozen=True)
class Run:
    """Who takes the server out: written into the mark."""

    identifier: str
    put_back_after_failure: bool = True
    adopt: bool = False
    two_server_pool: Literal["stop", "graceful_stop"] = "stop"


def read_server(shell: ManagementShell) -> Facts:
    """The server's own state and the members of its pool."""
    answer = shell.read({**survey.own_state_calls(), **survey.topology_calls(), "product": cmdlets.server_version()})
    return {**survey.read_own_state(answer), **survey.read_topology(answer), **survey.read_product(answer)}


def identified(facts: Facts, computer: str | None) -> str:
    server = str(facts["server"])
    if computer is not None and computer.lower() != server:
        raise SfbError(
            f"This connection leads to {server}, not to {computer}.",
            remedy="Check ansible_host of this server in the inventory.",
        )
    return server


def way_of(facts: Mapping[str, Any]) -> How:
    """How this server goes out of service, and so also how it comes back: the only place that decides it.

    "fail_over": Invoke-CsComputerFailOver moves users away, stops and disables; Invoke-CsComputerFailBack undoes it.
    "stop": Stop-CsWindowsService -Graceful, and Start-CsWindowsService of what ran before. Nothing is disabled, so that
    a restart starts the services too. For Lync Server 2013, which has no fail over (DOC: applicable to 2015 and 2019),
    and for pools of two, in which there is nobody to take over (BLOG: stoknes). A mark that says so says it for good.
    """
    stopped = (facts["mark"] or {}).get("how") == "stop"
    if stopped or facts["product"] == "lync2013" or len(facts["computers"]) == 2:
        return "stop"
    return "fail_over"


def can_be_adopted(facts: Mapping[str, Any], adopt: bool) -> bool:
    """Out by somebody else's fail over. Services that somebody disabled by hand could not be started again."""
    return adopt and facts["state"] == "out_by_others" and way_of(facts) == "fail_over"


def refuse_unfit(facts: Facts, run: Run) -> None:
    """A Standard Edition server has no companions, a pool of two too few; a product that nobody knows has no rules."""
    server = facts["server"]
    if facts["edition"] != "enterprise":
        raise SfbError(
            f"{server} is not a Front End of an Enterprise Edition pool ({facts['edition']}, pool {facts['pool']}).",
            remedy="A server without companions can't be drained; patch_standard_edition_server.yml patches it while its "
            "users are out.",
        )
    if facts["product"] not in quorum.TABLES:
        raise SfbError(
            f"{server} runs {facts['product_text']}, which this collection does not know.",
            remedy="It knows Lync Server 2013 and Skype for Business Server 2015, 2019 and later.",
        )
    if len(facts["computers"]) == 2 and run.two_server_pool != "graceful_stop":
        raise SfbError(
            f"The pool of {server} has two Front Ends; users can be moved away only in pools of three or more.",
            remedy="sfb_two_server_pool: graceful_stop stops its services gracefully instead; its users feel it.",
        )


def others_of(facts: Facts, server: str) -> list[str]:
    return [name for name in facts["computers"] if name != server]


def refuse_two(server: str, answer: Answer, others: Sequence[str]) -> None:
    reasons = companions.out(companions.read(answer, others))
    if reasons:
        raise two_out(server, reasons)


def two_out(server: str, reasons: Sequence[str]) -> SfbError:
    return SfbError(
        f"{server} is not taken out of service, because another server of its pool may be out: {'; '.join(reasons)}.",
        remedy="Bring that server back first. In one pool only one server may be out at a time.",
        others=list(reasons),
    )


def not_in_service(facts: Facts) -> SfbError:
    return SfbError(
        f"{facts['server']} can't be taken out of service: it is {facts['state']} ({'; '.join(facts['state_reasons'])}).",
        remedy="Bring it into service (or find out who works on it), then start again.",
        state=facts["state"],
    )


def somebody_elses(facts: Facts) -> SfbError:
    remedy = "Find out who works on it. If you want to take it over: sfb_adopt_out_of_service: true."
    if way_of(facts) == "stop":
        remedy = "Find out who works on it, and let them set its start types right and start it."
    return SfbError(
        f"{facts['server']} is {facts['state']} ({'; '.join(facts['state_reasons'])}), and not by us: it has no mark of ours.",
        remedy=remedy,
        state=facts["state"],
    )


def work_of(shell: ManagementShell, what: str) -> background.Work:
    answer = shell.read(background.looking(what))
    return background.read_work(answer)


def result_of(facts: Facts, changed: bool, **more: Any) -> Facts:
    return {
        "changed": changed,
        "server": facts["server"],
        "state": facts["state"],
        "how": way_of(facts),
        "services": facts["services"],
        **more,
    }


def minutes_since(shell: ManagementShell, began: float) -> float:
    return round((shell.clock.now() - began) / 60, 1)
