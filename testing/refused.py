"""How a provider says no, as its simulator states it: what each error means, and what is read of it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

from anymedia import (
    AnymediaError,
    BadApiKey,
    Billed,
    Blocked,
    Money,
    NoCredit,
    NotFound,
    Outcome,
    RateLimited,
    Rejected,
    SubmitUncertain,
    Task,
    Unavailable,
)
from anymedia.declare import Adapter, Balance
from anymedia.declare.path import Content
from anymedia.simulators import Service
from anymedia.simulators.message import Response
from anymedia.translate.check import check
from anymedia.translate.encode import follow, look_up, parts
from anymedia.translate.reading import declared_text, read, text_of

from .hints import hint
from .suite import Case, Suite, fail, look, promise, read_as, stated_refusal, unstated
from .wire import Wire, answer_of

MEANS: dict[str, tuple[type[AnymediaError], bool]] = {
    "unauthorised": (BadApiKey, False),
    "no_credit": (NoCredit, False),
    "throttled": (RateLimited, False),
    "not_found": (NotFound, False),
    "rejected": (Rejected, False),
    "moderated": (Blocked, False),
    "unavailable": (Unavailable, False),
    "unsure": (SubmitUncertain, True),
}
"""What an error of a submit is, by what the page says of it, and whether it may have been billed."""

LOOKED: tuple[str, ...] = ("unauthorised", "throttled", "not_found")
"""The errors that a look may meet at every provider."""

BESIDE: Mapping[str, tuple[str, ...]] = {
    "cancel": ("unauthorised", "throttled", "not_found"),
    "balance": ("unauthorised", "throttled"),
}
"""The errors that the calls beside a submit and its looks may meet, by the adapter's word for the call."""

WAIT = 11
"""Seconds that a throttled call is told to wait."""


class Refused(Suite):
    """Errors of a submit, and of a look."""

    def test_every_error_means_what_the_page_says(self, first: Case) -> None:
        """Cause, outcome and bill of each documented error, whatever its HTTP status."""
        adapter, service = first.adapter, first.service
        # What a look is answered that finds no task is no answer to a submit.
        kinds = _held(service, [kind for kind in MEANS if kind != "not_found"])
        errors = [(kind, *service.refusals[kind]) for kind in kinds]
        errors += [(each.means, each.status, each.code, each.message) for each in service.errors]
        if not errors:
            unstated(adapter, "error of a submit")
        wrong = "; ".join(filter(None, (_misread(first, *error) for error in errors)))
        promise(not wrong, f"{adapter.name}: {wrong}; look at `errors`, and at the places of `fault` and `reply.ok`")

    def test_an_error_of_a_look_is_the_look_s_alone(self, first: Case) -> None:
        """A look that is refused says nothing about the task: not that it failed, and not that it is done."""
        adapter, poll, kinds = first.adapter, look(first), _held(first.service, LOOKED)
        if not kinds:
            unstated(adapter, "error of a look")
        wire, task = _accepted(first)
        for kind in kinds:
            wire.service.add_fault({"kind": kind, "on": "poll"})
            response = wire.send(follow(wire.account, poll, task))
            came, wanted = wire.seen(poll, response, task), MEANS[kind][0]
            promise(
                isinstance(came, wanted),
                f"{adapter.name}: a look that is answered {_said(response)} is {wanted.__name__}, and is read as "
                f"{read_as(came)}; look at `errors`, `states`, `verdict` and the places of `fault`",
            )

    def test_a_refusal_of_a_cancel_and_of_a_balance_is_heard(self, first: Case) -> None:
        """Where a provider says no at HTTP 200, it does so there too: `ok` stands at each call."""
        adapter, service = first.adapter, first.service
        declared = {"cancel": first.life.cancel, "balance": adapter.balance}
        calls = [call for call in BESIDE if declared[call] is not None]
        if not calls:
            pytest.skip(f"{adapter.name} declares no cancel and no balance")
        for call, kind in [(each, kind) for each in calls for kind in _held(service, BESIDE[each])]:
            wire, task = _accepted(first)
            wire.service.add_fault(_refusal(wire.service, kind))
            response, came = _beside(wire, call, task)
            wanted = MEANS[kind][0]
            promise(
                isinstance(came, wanted),
                f"{adapter.name}: a {call} that is answered {_said(response)} is {wanted.__name__}, and is read as "
                f"{read_as(came)}; look at the `ok` of `{call}`, at `errors` and the places of `fault`",
            )

    def test_a_cancel_that_comes_too_late_is_refused(self, first: Case) -> None:
        """A task that is over is not taken for one that was stopped."""
        adapter = first.adapter
        if "too_late" not in first.service.refusals or first.life.cancel is None:
            unstated(adapter, "cancel that comes too late")
        wire, task = _accepted(first)
        made = wire.service.tasks[task.id]
        made.queued = made.running = 0.0
        response, came = _beside(wire, "cancel", task)
        text = wire.service.refusals["too_late"][2]
        told = isinstance(came, Rejected | NotFound)
        promise(
            told and not _untold(adapter, text, response),
            f"{adapter.name}: a cancel that comes too late is answered {_said(response)}, which is Rejected, and is "
            f"read as {read_as(came)}; look at the `ok` of `cancel`, at `errors` and the places of `fault`",
        )

    def test_the_wait_that_is_asked_for_is_read(self, first: Case) -> None:
        """A throttled answer may say how long to wait in a header or in its body."""
        adapter, wire = first.adapter, Wire.of(first.adapter)
        if not wire.service.retry_after:
            unstated(adapter, "wait")
        stated_refusal(adapter, "throttled")
        wire.service.add_fault({"kind": "throttled", "on": "submit", "retry_after": WAIT})
        came = _submitted(wire, first)[1]
        told = getattr(came, "retry_after", None)
        where = f"in its {wire.service.retry_after}"
        promise(told == WAIT, f"{adapter.name}: {WAIT} s are asked for {where}, and read as {told}; look at `fault`")

    def test_a_call_is_named_as_the_provider_names_it(self, first: Case) -> None:
        """The request id is what the provider's support asks for: it is kept with a task, and with an error."""
        adapter, wire = first.adapter, Wire.of(first.adapter)
        header, field = wire.service.request_id_header, wire.service.request_id_field
        if not header and not field:
            unstated(adapter, "request id")
        answers = [_submitted(wire, first)]
        wire.service.add_fault({"kind": "unauthorised", "on": "submit"})
        answers += [_submitted(wire, first)]
        for response, came in answers if header else answers[1:]:
            named = response.headers.get(header) or _under(field, response)
            read = getattr(came, "request_id", None)
            differs = f"{adapter.name}: a call is named {named}, and that is read as {read}"
            promise(read == named, f"{differs}; look at `request_id`")


def _held(service: type[Service], kinds: Iterable[str]) -> list[str]:
    """Return the refusals of these that the page tells, and that are none of the simulator's own."""
    return [kind for kind in kinds if kind in service.refusals and f"refusals.{kind}" not in service.ours]


def _submitted(wire: Wire, case: Case) -> tuple[Response, Task | AnymediaError]:
    """Return what a submit is answered, and what that is read as."""
    checked = check(case.request, case.adapter, case.offer)
    response = wire.submit(checked, parts(checked)[0])
    return response, wire.accepted(response, checked)


def _accepted(case: Case) -> tuple[Wire, Task]:
    wire = Wire.of(case.adapter)
    came = _submitted(wire, case)[1]
    if not isinstance(came, Task):
        fail(f"{case} was not accepted: {read_as(came)}{hint(case.life, came)}")
    return wire, came


def _refusal(service: Service, kind: str) -> dict[str, object]:
    """Return the fault with which the next call, whichever it is, is refused."""
    status, code, text = service.refusals[kind]
    return {"kind": "status", "on": "any", "status": status, "code": code, "message": text}


def _beside(wire: Wire, call: str, task: Task) -> tuple[Response, Task | Money | AnymediaError]:
    """Return what a cancel, or a call for the balance, is answered, and what that is read as."""
    cancel = wire.adapter.life(task.lifecycle).cancel
    if call == "cancel" and cancel is not None:
        response = wire.send(follow(wire.account, cancel, task))
        return response, wire.seen(cancel, response, task)
    words = cast(Balance, wire.adapter.balance)
    response = wire.send(look_up(wire.account, words.path))
    return response, wire.funds(words, response)


def _untold(adapter: Adapter, text: str, response: Response) -> str:
    """Return what an error tells in place of a stated text: what stands at the places of `fault`, or else usually."""
    answer, fault = answer_of(response), adapter.fault
    content = Content(read(answer.body)[0], answer.headers, answer.body)
    named = fault.message is not None or fault.fields is not None
    told = declared_text(fault, content) if named else text_of(fault, content)
    return "" if text in told else told or "nothing"


def _misread(first: Case, means: str, status: int, code: int | str, text: str) -> str | None:
    """Return what is wrong with how an error of a submit is read; None where nothing is."""
    wire = Wire.of(first.adapter)
    wire.service.add_fault({"kind": "status", "on": "submit", "status": status, "code": code, "message": text})
    response, came = _submitted(wire, first)
    wanted, may_be_billed = MEANS[means]
    outcome = getattr(came, "outcome", None)
    billed = getattr(came, "billed", None)
    told = isinstance(outcome, Outcome) and outcome.may_be_billed is may_be_billed
    if isinstance(came, wanted) and told and (billed is Billed.NO) is not may_be_billed:
        instead = _untold(first.adapter, text, response)
        return f"{_said(response)} tells {text!r}, and `fault` reads {instead}" if instead else None
    bill = "and may be billed" if may_be_billed else "and is not billed"
    return f"{_said(response)} means {means}, {wanted.__name__}, {bill}; it is read as {read_as(came)}"


def _said(response: Response) -> str:
    return f"{response.status} {response.body.decode(errors='replace')[:300]}"


def _under(field: str, response: Response) -> Any:
    """Return what stands under a key of a body, at any depth."""
    found: list[Any] = []

    def hook(pairs: dict[str, Any]) -> dict[str, Any]:
        found.extend(value for name, value in pairs.items() if name == field)
        return pairs

    json.loads(response.body, object_hook=hook)
    return next(iter(found), None)
