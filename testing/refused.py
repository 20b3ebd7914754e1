"""How a provider says no, as its simulator states it: what each error means, and what is read of it."""

import json
from typing import Any

import pytest

from anymedia import (
    AnymediaError,
    BadApiKey,
    Billed,
    Blocked,
    NoCredit,
    NotFound,
    Outcome,
    RateLimited,
    Rejected,
    SubmitUncertain,
    Task,
    Unavailable,
)
from anymedia.declare import Adapter
from anymedia.simulators import services
from anymedia.simulators.message import Response
from anymedia.translate.check import check
from anymedia.translate.encode import follow, parts

from .suite import Case, Suite, cases, look, promise, read_as, unstated
from .wire import Wire

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

WAIT = 11
"""Seconds that a throttled call is told to wait."""


class Refused(Suite):
    """Errors of a submit, and of a look."""

    def test_every_error_means_what_the_page_says(self, adapter: Adapter) -> None:
        """Cause, outcome and bill of each documented error, whatever its HTTP status."""
        service = services()[adapter.name]
        # What a look is answered that finds no task is no answer to a submit.
        held = [kind for kind in MEANS if kind in service.refusals and kind != "not_found"]
        kinds = [kind for kind in held if f"refusals.{kind}" not in service.ours]
        errors = [(kind, *service.refusals[kind]) for kind in kinds]
        errors += [(each.means, each.status, each.code, each.message) for each in service.errors]
        wrong = "; ".join(filter(None, (_misread(adapter, *error) for error in errors)))
        promise(not wrong, f"{adapter.name}: {wrong}; look at `errors`, and at the places of `fault` and `reply.ok`")

    def test_an_error_of_a_look_is_the_look_s_alone(self, adapter: Adapter) -> None:
        """A look that is refused says nothing about the task: not that it failed, and not that it is done."""
        poll, (wire, task) = look(adapter), _accepted(adapter)
        for kind in (kind for kind in LOOKED if f"refusals.{kind}" not in wire.service.ours):
            wire.service.add_fault({"kind": kind, "on": "poll"})
            response = wire.send(follow(adapter, poll, adapter.base_url, task))
            came, wanted = wire.seen(poll, response, task), MEANS[kind][0]
            promise(
                isinstance(came, wanted),
                f"{adapter.name}: a look that is answered {_said(response)} is {wanted.__name__}, and is read as "
                f"{read_as(came)}; look at `errors`, `states`, `verdict` and the places of `fault`",
            )

    def test_the_wait_that_is_asked_for_is_read(self, adapter: Adapter) -> None:
        """A throttled answer may say how long to wait in a header or in its body."""
        wire, case = Wire.of(adapter), next(cases(adapter))
        if not wire.service.retry_after:
            unstated(adapter, "wait")
        wire.service.add_fault({"kind": "throttled", "on": "submit", "retry_after": WAIT})
        came = _submitted(wire, case)[1]
        told = getattr(came, "retry_after", None)
        where = f"in its {wire.service.retry_after}"
        promise(told == WAIT, f"{adapter.name}: {WAIT} s are asked for {where}, and read as {told}; look at `fault`")

    def test_a_call_is_named_as_the_provider_names_it(self, adapter: Adapter) -> None:
        """The request id is what the provider's support asks for: it is kept with a task, and with an error."""
        wire, case = Wire.of(adapter), next(cases(adapter))
        header, field = wire.service.request_id_header, wire.service.request_id_field
        if not header and not field:
            unstated(adapter, "request id")
        answers = [_submitted(wire, case)]
        wire.service.add_fault({"kind": "unauthorised", "on": "submit"})
        answers += [_submitted(wire, case)]
        for response, came in answers if header else answers[1:]:
            named = response.headers.get(header) or _under(field, response)
            read = getattr(came, "request_id", None)
            differs = f"{adapter.name}: a call is named {named}, and that is read as {read}"
            promise(read == named, f"{differs}; look at `request_id`")


def _submitted(wire: Wire, case: Case) -> tuple[Response, Task | AnymediaError]:
    """Return what a submit is answered, and what that is read as."""
    checked = check(case.request, case.adapter, case.offer)
    response = wire.submit(checked, parts(checked)[0])
    return response, wire.accepted(response, checked.path)


def _accepted(adapter: Adapter) -> tuple[Wire, Task]:
    wire, case = Wire.of(adapter), next(cases(adapter))
    wire.service.base_url = adapter.base_url
    came = _submitted(wire, case)[1]
    if not isinstance(came, Task):
        pytest.fail(f"{case} was not accepted: {read_as(came)}", pytrace=False)
    return wire, came


def _misread(adapter: Adapter, means: str, status: int, code: int | str, text: str) -> str | None:
    """Return what is wrong with how an error of a submit is read; None where nothing is."""
    wire = Wire.of(adapter)
    wire.service.add_fault({"kind": "status", "on": "submit", "status": status, "code": code, "message": text})
    response, came = _submitted(wire, next(cases(adapter)))
    wanted, may_be_billed = MEANS[means]
    outcome = getattr(came, "outcome", None)
    billed = getattr(came, "billed", None)
    told = isinstance(outcome, Outcome) and outcome.may_be_billed is may_be_billed
    if isinstance(came, wanted) and told and (billed is Billed.NO) is not may_be_billed:
        return None
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
