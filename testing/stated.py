"""What a provider's page says beside the good way, as its simulator states it: errors, ends, times, limits.

Where the simulator states nothing, since the page says nothing, there is nothing to hold, and the test is skipped.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

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
    Refund,
    Rejected,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    Unavailable,
)
from anymedia.declare import Adapter, Cause, Err
from anymedia.simulators import services
from anymedia.simulators.message import Response
from anymedia.simulators.task import Task as Made
from anymedia.translate.check import check
from anymedia.translate.encode import follow, parts
from anymedia.translate.links import leads

from .suite import Case, Scene, Suite, at_simulator, cases, in_a_loop, look, promise
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

NEAR = 1.0
"""Seconds that a time may be off: some are rounded."""


class Stated(Suite):
    """What can go wrong, how it is told, and what holds besides."""

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
                f"{_read(came)}; look at `errors`, `states`, `verdict` and the places of `fault`",
            )

    def test_the_wait_that_is_asked_for_is_read(self, adapter: Adapter) -> None:
        """A throttled answer may say how long to wait in a header or in its body."""
        wire, case = Wire.of(adapter), next(cases(adapter))
        if not wire.service.retry_after:
            _unstated(adapter, "wait")
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
            _unstated(adapter, "request id")
        answers = [_submitted(wire, case)]
        wire.service.add_fault({"kind": "unauthorised", "on": "submit"})
        answers += [_submitted(wire, case)]
        for response, came in answers if header else answers[1:]:
            named = response.headers.get(header) or _under(field, response)
            read = getattr(came, "request_id", None)
            differs = f"{adapter.name}: a call is named {named}, and that is read as {read}"
            promise(read == named, f"{differs}; look at `request_id`")

    @in_a_loop
    async def test_a_failure_is_read_as_the_page_tells_it(self, adapter: Adapter) -> None:
        """Why a task failed, with the provider's own code, and whether it is given back."""
        look(adapter)
        for name in services()[adapter.name].failures:
            async with at_simulator(adapter) as scene:
                await _fails(scene, next(cases(adapter)), name, "submit")

    @in_a_loop
    async def test_a_refusal_in_place_of_the_result_ends_the_task(self, adapter: Adapter) -> None:
        """Where only the call for the result tells that a task failed, that is the end of it."""
        look(adapter)
        if not _has(adapter, "output"):
            _unstated(adapter, "call for the result alone")
        for name in services()[adapter.name].failures:
            async with at_simulator(adapter) as scene:
                await _fails(scene, next(cases(adapter)), name, "output")

    def test_every_word_of_a_state_means_what_the_page_says(self, adapter: Adapter) -> None:
        """Spelled as the page spells it, the rare ones too."""
        states = services()[adapter.name].states
        if not states:
            _unstated(adapter, "words for states")
        wrong = "; ".join(
            f"{word!r} means {means}, and is read as {_shown(adapter.meaning(word))}"
            for word, means in states.items()
            if not _means(adapter.meaning(word), means)
        )
        promise(not wrong, f"{adapter.name}: {wrong}; look at `states`")

    @in_a_loop
    async def test_every_form_of_an_answer_is_read(self, adapter: Adapter) -> None:
        """Where an answer comes in several forms, each leads to the result."""
        forms = services()[adapter.name].forms
        if not forms:
            _unstated(adapter, "second form of an answer")
        for form in forms:
            async with at_simulator(adapter) as scene:
                scene.simulator.service.form = form
                came = await scene.run(next(cases(adapter)))
                assets = came.assets if isinstance(came, Task) else ()
                promise(
                    bool(assets),
                    f"{adapter.name}: answers in the form {form!r} come to {came!r}; look at the places of `reply`",
                )

    @in_a_loop
    async def test_what_answers_tell_is_read(self, adapter: Adapter) -> None:
        """When a task was begun and over, by the provider's clock, and what it took."""
        async with at_simulator(adapter) as scene:
            service, case = scene.simulator.service, next(cases(adapter))
            if not service.tells:
                _unstated(adapter, "times, and nothing that was taken")
            task = await scene.finished(case)
            made = service.tasks[task.id] if task.id in service.tasks else next(iter(service.tasks.values()))
            for what, read, true in _times(task, made):
                promise(
                    read is None if what not in service.tells and read is None else _near(read, true),
                    f"{case}: {what} at {datetime.fromtimestamp(true, UTC)}, and that is read as {read}; look at "
                    f"`reply.{what}` and its unit",
                )
            if "charge" in service.tells:
                charged = scene.bills[0]["charged"]
                told = self.billed(task.money) if task.money.got == "settled" else None
                promise(
                    told == charged,
                    f"{case}: the answer tells that {charged} were taken, and that is read as {told}; look at "
                    "`reply.credits`, `reply.usd` and `credit`",
                )

    @in_a_loop
    async def test_a_balance_is_what_the_account_has(self, adapter: Adapter) -> None:
        """After something was bought, so that it is no round figure."""
        if not _has(adapter, "funds") and adapter.balance is None:
            _unstated(adapter, "call for the balance")
        promise(adapter.balance is not None, f"{adapter.name} tells a balance, and `balance` is not declared")
        async with at_simulator(adapter) as scene:
            await scene.finished(next(cases(adapter)))
            try:
                money = await scene.client.balance(adapter.name)
            except AnymediaError as error:
                pytest.fail(f"{adapter.name}: no balance: {_read(error)}; look at `balance`", pytrace=False)
            left, read = scene.simulator.service.balance, self.billed(money)
            differs = f"{adapter.name}: the account has {left}, and that is read as {self.counted(money)}"
            promise(read == left, f"{differs}; look at `balance`")

    @in_a_loop
    async def test_a_task_can_be_canceled(self, adapter: Adapter) -> None:
        """By the method and the path of the page; the word for it is known then."""
        if not _has(adapter, "cancel") and adapter.cancel is None:
            _unstated(adapter, "cancel")
        promise(adapter.cancel is not None, f"{adapter.name} can cancel, and `cancel` is not declared")
        async with at_simulator(adapter) as scene:
            case, service = next(cases(adapter)), scene.simulator.service
            task = await scene.client.submit(case.request, offer=case.name)
            try:
                seen = await scene.client.cancel(task)
            except AnymediaError as error:
                pytest.fail(f"{case}: not canceled: {_read(error)}; look at `cancel`", pytrace=False)
            stopped = service.tasks[task.id].canceled is not None
            promise(stopped, f"{case}: the provider goes on with what was canceled; look at `cancel`")
            known = seen.state is State.CANCELED or "canceled" not in service.states.values()
            promise(known, f"{case}: canceled, and then seen as {seen.state} ({seen.raw_state}); look at `states`")

    @in_a_loop
    async def test_a_look_that_comes_too_early_is_no_error(self, adapter: Adapter) -> None:
        """For as long as the page says, and no longer."""
        service = services()[adapter.name]
        if "not_yet" not in service.refusals:
            _unstated(adapter, "look that comes too early")
        said = " ".join(map(str, service.refusals["not_yet"]))
        async with at_simulator(adapter) as scene:
            case = next(cases(adapter))
            scene.simulator.fault("stuck")
            task = await scene.client.submit(case.request, offer=case.name)
            scene.simulator.fault("not_yet", times=None)
            for age, early in ((service.not_yet_for / 2, True), (service.not_yet_for + 1, False)):
                scene.clock.seconds = task.submitted_at.timestamp() + age
                came: Task | AnymediaError
                try:
                    came = await scene.client.get(task)
                except AnymediaError as error:
                    came = error
                meaning = "no more than 'not yet'" if early else "an error"
                promise(
                    isinstance(came, Task) is early,
                    f"{case}: a look that is answered {said} after {age:g} s means {meaning}, and is read as "
                    f"{_read(came)}; look at `not_yet`",
                )

    def test_links_live_as_long_as_the_page_says(self, adapter: Adapter) -> None:
        """No file is fetched after that, and none is given up before."""
        service = services()[adapter.name]
        if "lifetime" in service.ours:
            _unstated(adapter, "lifetime of results")
        same = (adapter.expires or 0) == service.lifetime
        promise(same, f"{adapter.name}: results live {service.lifetime:g} s, and `expires` says {adapter.expires}")

    def test_links_lead_to_every_host_of_the_provider(self, adapter: Adapter) -> None:
        """The API key goes there, and nowhere else."""
        hosts, places = services()[adapter.name].hosts, (adapter.poll, adapter.result, adapter.cancel)
        if not hosts:
            _unstated(adapter, "other hosts")
        linked = [each for each in places if each is not None and each.link is not None]
        promise(bool(linked), f"{adapter.name}: its links lead to {', '.join(hosts)}, and no call follows a `link`")
        for endpoint in linked:
            for host in hosts:
                led = leads(adapter, adapter.base_url, endpoint, f"https://{host}/x")
                promise(led, f"{adapter.name}: {endpoint.link} may lead to {host}, which `hosts` does not let it")

    def test_limits_are_those_of_the_page(self, adapter: Adapter) -> None:
        """Submits and looks in a time, and tasks at a time."""
        limits = services()[adapter.name].limits
        if not limits:
            _unstated(adapter, "limits")
        for what, figure in limits.items():
            read = getattr(adapter.limits, what)
            promise(read == figure, f"{adapter.name}: the page limits {what} to {figure}, and `limits` says {read}")


def _unstated(adapter: Adapter, what: str) -> NoReturn:
    pytest.skip(f"the simulator of {adapter.name} states no {what}")


def _has(adapter: Adapter, place: str) -> bool:
    return any(place == each for _, _, each in services()[adapter.name].routes)


# Errors


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
        pytest.fail(f"{case} was not accepted: {_read(came)}", pytrace=False)
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
    return f"{_said(response)} means {means}, {wanted.__name__}, {bill}; it is read as {_read(came)}"


def _said(response: Response) -> str:
    return f"{response.status} {response.body.decode(errors='replace')[:300]}"


def _read(came: Task | AnymediaError) -> str:
    if isinstance(came, Task):
        return f"a task that is {came.state}"
    return f"{type(came).__name__} ({came.outcome or 'no outcome'}, billed {came.billed}): {came}"


def _under(field: str, response: Response) -> Any:
    """Return what stands under a key of a body, at any depth."""
    found: list[Any] = []

    def hook(pairs: dict[str, Any]) -> dict[str, Any]:
        found.extend(value for name, value in pairs.items() if name == field)
        return pairs

    json.loads(response.body, object_hook=hook)
    return next(iter(found), None)


# Tasks


async def _fails(scene: Scene, case: Case, name: str, place: str) -> None:
    """Let a task fail, and compare what is read with what the simulator knows."""
    service = scene.simulator.service
    failure = service.failures[name]
    ended = f"{case}: a task that ended with the code {failure.code!r} and the text {failure.message!r}"
    scene.simulator.fault("failed", like=name, on=place)
    came = await scene.run(case)
    task = came.task if isinstance(came, TaskFailed | Blocked) else None
    if task is None or task.failure is None:
        pytest.fail(f"{ended} comes to {came!r}; look at `states`, `failed_if` and `verdict`", pytrace=False)
    read = task.failure
    blocked = (failure.means or name) == "moderated"
    if f"failures.{name}" not in service.ours:
        told = f"{ended} {'was moderated' if blocked else 'was not moderated'}, and is read as {read.cause}"
        promise((read.cause is Cause.BLOCKED) is blocked, f"{told}; look at `errors` and `states`")
    if failure.code != "" and "failures.codes" not in service.ours:
        told = f"{ended} is read with the code {read.code!r} in {task.raw}"
        promise(read.code == str(failure.code), f"{told}; look at `failure` and `fault`")
    (entry,) = scene.bills
    if "refunds" not in service.ours:
        given_back = Refund.YES if entry["refunded"] else Refund.NO
        told = f"{ended} gave {entry['refunded']} of {entry['charged']} back, and that is read as refund {read.refund}"
        promise(
            read.refund is given_back,
            f"{told}; look at `refunds`, `errors` and `states`, and at what the simulator calls `ours`",
        )


def _means(meaning: State | Err | None, means: str) -> bool:
    """Return whether an adapter's meaning of a word is the page's."""
    match means:
        case "queued" | "running":
            return meaning in (State.QUEUED, State.RUNNING)
        case "moderated" | "not_found":
            wanted = Cause.BLOCKED if means == "moderated" else Cause.NOT_FOUND
            return isinstance(meaning, Err) and meaning.cause is wanted
        case "failed":
            other = (Cause.BLOCKED, Cause.NOT_FOUND)
            return meaning.cause not in other if isinstance(meaning, Err) else meaning is State.FAILED
        case _:
            return meaning is State(means)


def _shown(meaning: State | Err | None) -> str:
    if meaning is None:
        return "nothing: it is not listed"
    return str(meaning if isinstance(meaning, State) else meaning.cause)


def _times(task: Task, made: Made) -> Iterator[tuple[str, datetime | None, float]]:
    yield "created", task.created_at, made.created
    yield "completed", task.completed_at, made.ends


def _near(read: datetime | None, true: float) -> bool:
    return read is not None and abs(read.timestamp() - true) <= NEAR
