"""Step 4: an answer to a task or an error, in canonical words; pure.

A yes is believed only where the adapter says that it stands; whatever cannot be read is an error, never a success.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import attrs

from anymedia.account import Secret
from anymedia.declare.adapter import Adapter, Balance, PriceQuote
from anymedia.declare.endpoint import Endpoint, Fault, Reply, Token
from anymedia.declare.errors import Err
from anymedia.declare.lifecycle import Lifecycle
from anymedia.declare.many import Many
from anymedia.declare.path import Content, Place
from anymedia.declare.prices import Metered
from anymedia.model.errors import AnymediaError, MalformedAnswer, ProviderError, SubmitUncertain, Unavailable
from anymedia.model.money import EXACT, LARGEST, Money, PriceStatus, can_be
from anymedia.model.strict_json import dumps
from anymedia.model.task import Failure, Task
from anymedia.model.vocabulary import Cause, Refund, State

from .classify import CAUSES, LONGEST_NAME, Asked, Received
from .links import followed
from .messages import Answer, ToldPrice
from .reading import amount, code_of, declared_text, has_amount, id_of, other_id, time_of, word
from .results import results
from .told import told

GOING_ON = (State.QUEUED, State.RUNNING, State.SUCCEEDED)
"""What a task is that may have been billed."""

LEAST = Decimal("0.000001")
"""USD; a smaller amount that is not zero is none."""

LONGEST_TOKEN = 8192
"""Characters; a longer one fits into no header of a common server."""

LONGEST_LIFE = 86_400.0
"""Seconds for which a token is kept at most."""


def submitted(asked: Asked, answer: Answer, draft: Task) -> Task:
    """Return the accepted task that the answer to a submit tells of.

    Errors: a ProviderError when it was refused; SubmitUncertain when nobody can tell, or it has no readable id.
    """
    life = asked.adapter.life(draft.lifecycle)
    reply = life.submit.reply
    received = Received.of(asked, answer, reply.reads)
    content = received.content
    if received.is_error(reply.ok):
        raise _refusal(received, life)
    task_id = id_of(reply.id, content) if reply.id is not None else draft.id
    named = task_id is not None
    if task_id is None and (answer.file is not None or _is_over(life, reply, content)):
        task_id = draft.id  # it needs no name: nothing is left to look at
    if task_id is None:
        raise _without(received, f"without a task id that can be read{received.aside}")
    known: dict[str, Any] = {
        "id": task_id,
        "links": dict(followed(asked.adapter, draft.lifecycle, asked.origin, content)),
        "replayed": reply.replayed is not None and reply.replayed.one(content) is True,
        "raw": received.raw,
    }
    try:
        read = _read(received, reply, draft, task_id)
    except AnymediaError as error:
        if life.poll is None or not named:
            raise _without(received, f"and it cannot be read ({error})") from None
        # It was accepted: what else the answer says can be asked for again.
        return attrs.evolve(draft, request_id=received.request_id, **known)
    if read["state"] is State.SUCCEEDED and not read.get("assets"):
        if not named:
            raise _without(received, "without a task id and a result")
        # What is finished at once, and does not show here what it made, is looked at like any other.
        read |= {"state": State.RUNNING, "ended_at": None, "money": draft.money}
    return attrs.evolve(draft, **known | read)


def _refusal(received: Received, life: Lifecycle) -> AnymediaError:
    """Return the error of a submit that was refused.

    An HTTP status alone is no refusal beside a body that tells of a task that goes on, and of no error.
    """
    error, reply = received.refusal(submit=True), life.submit.reply
    by_status = received.answer.status >= 300 and received.code is None
    task_id = id_of(reply.id, received.content)
    said = _said(reply, received.content)
    meaning = None if said is None else life.meaning(said)
    if not by_status or task_id is None or meaning not in GOING_ON or isinstance(error, SubmitUncertain):
        return error
    return received.contradiction(f"and said all the same that task {received.asked.shown(task_id)} is {meaning}")


def _without(received: Received, what: str) -> AnymediaError:
    """A success without an id, or a result: a refusal where the body's own code says so, else money that is likely
    spent."""
    if received.row is not None or received.status >= 400:
        return received.refusal(submit=True)
    return received.paid_for_nothing(what)


class Unnamed(Exception):
    """An answer tells how a task has ended, and does not name it: on a connection of its own it has to come again."""


def looked(asked: Asked, endpoint: Endpoint, answer: Answer, task: Task, *, alone: bool = True) -> Task:
    """Return the task as an answer to a look tells it; `alone`: it came on a connection that was never used before.

    Errors: a ProviderError for an error answer, MalformedAnswer for one that cannot be read; the task is as it was.
    Unnamed for an end that might be another task's.
    """
    received = Received.of(asked, answer, endpoint.reply.reads)
    if received.is_error(endpoint.reply.ok):
        return _refused(received, endpoint, task, alone=alone)
    seen = attrs.evolve(task, **_read(received, endpoint.reply, task, task.id))
    if seen.state.final and not alone and id_of(endpoint.reply.id, received.content) is None:
        raise Unnamed
    return seen


def posted(received: Received, reply: Reply, task: Task) -> Task | None:
    """Return the task as the body of a webhook tells it; None where it tells of none, or nothing that can be read."""
    if received.is_error(reply.ok):
        return None
    try:
        return attrs.evolve(task, **_read(received, reply, task, task.id))
    except AnymediaError:
        return None


def listed(
    asked: Asked, life: Lifecycle, many: Many, answer: Answer, tasks: Sequence[Task]
) -> dict[str, Task | ProviderError]:
    """Return the tasks, by their ids, as an answer tells them that tells of several; those that are not in it are left
    out. An error in place of a task is what a look at it alone would come to. Errors: ProviderError."""
    received = Received.of(asked, answer, many.call.reply.reads)
    if received.is_error(many.call.reply.ok):
        raise received.refusal(submit=False)
    by_id, found = {task.id: task for task in tasks}, dict[str, Task | ProviderError]()
    poll = attrs.evolve(cast("Endpoint", life.poll), reply=life.many_reply)
    for words in many.each.find(received.content):
        task = by_id.get(id_of(poll.reply.id, Content(words)) or "")
        if task is not None and task.id not in found:
            one = attrs.evolve(answer, body=dumps(words))
            try:
                found[task.id] = looked(asked, poll, one, task)
            except ProviderError as error:
                found[task.id] = error
    return found


def _refused(received: Received, endpoint: Endpoint, task: Task, *, alone: bool) -> Task:
    """Return what an error answer to a look tells of the task all the same. Errors: the answer's own; Unnamed."""
    other = other_id(endpoint.reply.id, received.content, task.id)
    if other is not None:
        raise _of_another(received, other, task.id)
    error = received.refusal(submit=False)
    error.task_id = task.id
    if endpoint.not_yet is not None:
        code, seconds = endpoint.not_yet
        young = received.asked.now - task.submitted_at < timedelta(seconds=seconds)
        if young and str(code) in (received.code, str(received.answer.status)):
            return attrs.evolve(task, raw=received.raw)
    named = id_of(endpoint.reply.id, received.content) == task.id
    if (named or endpoint.verdict == "state") and (ended := _ended(received, endpoint.reply, task)):
        if not (named or alone):
            raise Unnamed
        return ended
    if endpoint.verdict is True and _is_verdict(received):
        failed = _failure(received, received.asked.adapter.fault, task, None, task.money)
        return attrs.evolve(task, state=State.FAILED, ended_at=received.asked.now, raw=received.raw, **failed)
    raise error


def _of_another(received: Received, other: str, task_id: str) -> MalformedAnswer:
    return received.malformed(f"another task, {received.asked.shown(other)}", task_id)


def _ended(received: Received, reply: Reply, task: Task) -> Task | None:
    """Return the task where an error answer that names it holds its final state; None where it holds none."""
    try:
        seen = attrs.evolve(task, **_read(received, reply, task, task.id))
    except AnymediaError:
        return None
    return seen if seen.state.final and seen.raw_state is not None else None


def _is_verdict(received: Received) -> bool:
    """Return whether an error answer is the provider's own word on the work."""
    return _is_of_the_work(received) and (received.row is not None or 400 <= received.status < 500)


def _is_of_the_work(received: Received) -> bool:
    """Return whether an error answer can be the provider's own word on the work, and not on the call or the account."""
    row = received.row
    if row is not None:
        return row.cause in (Cause.REJECTED, Cause.BLOCKED, Cause.FAILED)
    return CAUSES.get(received.status) is None


def _read(received: Received, reply: Reply, task: Task, task_id: str) -> dict[str, Any]:
    """Return what an answer changes of a task. Errors: MalformedAnswer, NotFound."""
    content, now = received.content, received.asked.now
    if not isinstance(content.words, dict) and received.answer.file is None:
        raise received.malformed("no JSON object", task_id)
    other = other_id(reply.id, content, task_id)
    if other is not None:
        raise _of_another(received, other, task_id)
    state, raw_state, said = _state(received, reply, task, task_id)
    completed_at = time_of(reply.completed, content) or task.completed_at
    # An amount beside a task that goes on is not what it comes to.
    money = _settled(received, reply, task) if state.final else task.money
    changes: dict[str, Any] = {
        "state": state,
        "raw_state": raw_state,
        "running_at": task.running_at or (now if state is not State.QUEUED else None),
        "ended_at": task.ended_at or (now if state.final else None),
        "created_at": time_of(reply.created, content) or task.created_at,
        "completed_at": completed_at,
        "money": money,
        "request_id": received.request_id or task.request_id,
        "told": told(received.asked, reply, content, task.told),
        "raw": received.raw,
    }
    if state is State.FAILED:
        changes |= _failure(received, reply.failure, task, said, money)
    elif state is State.SUCCEEDED and (reply.assets or reply.files is not None):
        changes |= results(received, reply, task, completed_at)
    return changes


def _state(received: Received, reply: Reply, task: Task, task_id: str) -> tuple[State, str | None, Err | None]:
    """Return the state, the raw word for it, and what the adapter says of the failure that the word tells."""
    raw, life = _said(reply, received.content), _life(received, task)
    if reply.failed_if is not None and reply.failed_if.find(received.content):
        return State.FAILED, None if raw is None else _word(received, raw), None
    if received.answer.file is not None:
        return State.SUCCEEDED, task.raw_state, None
    if _shows_success(reply, received.content):
        return State.SUCCEEDED, task.raw_state, None
    if reply.state is None:
        # An answer without a state of its own is a result where there is nothing to look at later; else it tells none.
        return State.SUCCEEDED if life.poll is None else task.state, task.raw_state, None
    if raw is None or not raw.strip():
        raise received.malformed("no state", task_id)
    meaning, said = life.meaning(raw) or State.RUNNING, _word(received, raw)
    if isinstance(meaning, State):
        return meaning, said, None
    if meaning.cause is Cause.NOT_FOUND:
        raise received.error(meaning.cause, f"{received.asked.account} answered {said}", task_id=task_id)
    return State.FAILED, said, meaning


def _is_over(life: Lifecycle, reply: Reply, content: Content) -> bool:
    """Return whether an answer without an id tells all the same how the task has ended."""
    said = _said(reply, content)
    meaning = None if said is None else life.meaning(said)
    if isinstance(meaning, Err):
        return meaning.cause is not Cause.NOT_FOUND
    return (meaning is not None and meaning.final) or _shows_success(reply, content)


def _shows_success(reply: Reply, content: Content) -> bool:
    """Return whether an answer without a state shows all the same that the task has succeeded."""
    told = reply.state is not None and reply.state.one(content) is not None
    return not told and reply.succeeded_if is not None and bool(reply.succeeded_if.find(content))


def _said(reply: Reply, content: Content) -> str | None:
    """Return the raw word of an answer's state, which may be a whole number; None where there is neither."""
    return None if reply.state is None else word(reply.state.one(content))


def _word(received: Received, raw: str) -> str:
    return received.asked.shown(raw)[:LONGEST_NAME]


def _life(received: Received, task: Task) -> Lifecycle:
    return received.asked.adapter.life(task.lifecycle)


def _failure(received: Received, fault: Fault, task: Task, said: Err | None, money: Money) -> dict[str, Any]:
    """Return what a failure changes of a task: why it failed, and what it then costs; its state's word counts first."""
    adapter = received.asked.adapter
    asked = received.asked
    code = code_of(fault, received.content)
    row = asked.row(code, declared_text(fault, received.content))
    rows = [each for each in (said, row) if each is not None]
    refund = next((each.refund for each in rows if each.refund is not None), adapter.refunds)
    cause = rows[0].cause if rows else Cause.FAILED
    if refund is Refund.YES and _took_something(received, task, money):
        refund = Refund.UNKNOWN  # the page says that nothing is billed, and the answer that something was
    if refund is Refund.YES and money.got != "settled":
        money = _given_back(adapter, money)
    failure = Failure(
        cause=cause,
        code=None if code is None else asked.shown(code),
        message=asked.shown(declared_text(fault, received.kept)) or None,
        refund=refund,
        passing=any(each.passing for each in rows),
    )
    return {"failure": failure, "money": money}


def _given_back(adapter: Adapter, money: Money) -> Money:
    """Return the money for a task of which the page says that it is not billed, since it failed."""
    source = f"{adapter.page}: a failed task is not billed"
    return Money(usd=Decimal(0), list_usd=money.list_usd, status=PriceStatus.EXACT, got="settled", source=source)


def _took_something(received: Received, task: Task, money: Money) -> bool:
    """Return whether an answer says that something was taken, be it in a form that cannot be read."""
    told_by = _life(received, task).told_by
    told = any(has_amount(where, received.content) for where in (told_by.usd, told_by.credits))
    return told or (money.got == "settled" and money.usd != 0)


def explained(asked: Asked, endpoint: Endpoint, answer: Answer, task: Task, failed: Task) -> Task:
    """Return a task that a look found `failed` with what the answer to `why` tells; `task` is as it was before.

    What tells nothing more leaves it as it is: a good answer, an error of the call or of the account, or one without a
    code, and without a text where the look had none.
    """
    received, was = Received.of(asked, answer), cast("Failure", failed.failure)
    fault = asked.adapter.fault
    is_text = was.message is None and received.status < 500 and declared_text(fault, received.content) != ""
    told = (received.code is not None or is_text) and _is_of_the_work(received)
    if not told or not received.is_error(endpoint.reply.ok):
        return failed
    meaning = None if failed.raw_state is None else _life(received, failed).meaning(failed.raw_state)
    # What the look took off the price goes by its own words; these may say otherwise.
    money = task.money if failed.money == _given_back(asked.adapter, task.money) else failed.money
    changes = _failure(received, fault, failed, meaning if isinstance(meaning, Err) else None, money)
    failure = changes["failure"]
    code, message = failure.code or was.code, failure.message or was.message
    if received.row is None:  # a code that the page does not list says nothing of cause and price
        changes = {"failure": attrs.evolve(was, code=code, message=message)}
    else:
        changes["failure"] = attrs.evolve(failure, code=code, message=message)
    request_id = received.request_id or failed.request_id
    return attrs.evolve(failed, raw=received.raw, request_id=request_id, **changes)


def balance(asked: Asked, words_of: Balance, answer: Answer) -> Money:
    """Return what an answer says that an account still has. Errors: ProviderError."""
    received = Received.of(asked, answer)
    if received.is_error(words_of.ok):
        raise received.refusal(submit=False)
    usd, credits = _amounts(received, words_of)
    if usd is None and credits is None:
        raise received.malformed("no balance", None)
    return Money(
        usd=usd,
        credits=credits,
        status=PriceStatus.EXACT if usd is not None else PriceStatus.UNKNOWN,
        got="live",
        date=asked.now.date().isoformat(),
        source=f"{asked.adapter.title}'s answer",
    )


def price(asked: Asked, words_of: PriceQuote, answer: Answer, wire_id: str | None = None) -> ToldPrice:
    """Return what an answer says that a task of a wire id costs. Errors: ProviderError."""
    received = Received.of(asked, answer)
    if received.is_error(None):
        raise received.refusal(submit=False)
    for where, word_ in words_of.known.items():
        if (value := where.one(received.content)) != (wire_id if word_ == "{wire_id}" else word_):
            said = asked.shown(value) if isinstance(value, str) else "missing"
            raise received.error(Cause.NOT_FOUND, f"{asked.account} reports no price: {where} is {said}"[:200])
    usd = amount(words_of.usd, received.content)
    # A price that is far too low by mistake would make this offer the first choice.
    if usd is None or not can_be(usd) or usd < LEAST:
        raise received.malformed("no price that can be", None)
    since = time_of(words_of.date, received.content) or asked.now
    if since > asked.now + timedelta(days=1):
        raise received.malformed("a price that is not true yet", None)
    counts = None
    if words_of.unit is not None:
        unit = words_of.unit.one(received.content)
        counts = words_of.units.get(unit) if isinstance(unit, str) else None
        if counts is None:
            said = asked.shown(unit) if isinstance(unit, str) else "missing"
            raise received.error(Cause.NOT_FOUND, f"{asked.account} reports no price: its unit is {said}"[:200])
    return ToldPrice(usd, since.date().isoformat(), counts)


def token(asked: Asked, words_of: Token, answer: Answer) -> tuple[Secret, datetime]:
    """Return the token that an answer gives, and until when it is good. Errors: ProviderError."""
    received = Received.of(asked, answer)
    given = Secret(_text(words_of.token.one(received.content)))
    if received.is_error(words_of.call.reply.ok):
        if given.reveal():  # a "no", or a redirect, may hold one all the same
            received = Received.of(attrs.evolve(asked, secrets=(*asked.secrets, given)), answer)
        raise received.refusal(submit=False)
    if not _fits(given.reveal()):  # nothing of the answer is repeated: the token may stand in it, in another place
        raise Unavailable(
            f"{asked.account} answered {answer.status} without a token that can be used",
            account=asked.account,
            provider=asked.adapter.name,
            status=answer.status,
            request_id=received.request_id,
        )
    return given, _until(words_of.expires, received)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _fits(token: str) -> bool:
    return 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def _until(expires: float | Place, received: Received) -> datetime:
    """Return until when a token is good; now, where nobody says."""
    now = received.asked.now
    if isinstance(expires, float):
        return now + timedelta(seconds=expires)
    moment = time_of(expires, received.content)
    seconds = amount(expires, received.content) if moment is None else None
    return moment or now + timedelta(seconds=min(float(seconds or 0), LONGEST_LIFE))


def price_list(asked: Asked, answer: Answer) -> None:
    """Raise if the price list call failed; only its ETag is used. Errors: ProviderError."""
    received = Received.of(asked, answer)
    if received.is_error(None):
        raise received.refusal(submit=False)


def _amounts(received: Received, places: Reply | Balance) -> tuple[Decimal | None, Decimal | None]:
    """Return the money and the credits that an answer names; credits are money where their price is known."""
    usd, credits = amount(places.usd, received.content), amount(places.credits, received.content)
    rate = received.asked.adapter.credit
    if usd is None and credits is not None and rate is not None:
        usd = EXACT.multiply(credits, rate.usd)
    return usd, credits


def _settled(received: Received, reply: Reply, task: Task) -> Money:
    """Return what the task took in the provider's own words, else the money as it was."""
    money, (usd, credits) = task.money, _amounts(received, reply)
    if usd is None and credits is None:
        usd = _metered(received, reply, task)
    # Nobody takes so much for a task, or so little: what was quoted stays reserved.
    if usd is None or usd > LARGEST or 0 < usd < LEAST:
        return money
    return Money(
        usd=usd,
        list_usd=money.list_usd,
        credits=credits,
        status=PriceStatus.EXACT,
        got="settled",
        date=received.asked.now.date().isoformat(),
        source=f"{received.asked.adapter.title}'s answer",
    )


def _metered(received: Received, reply: Reply, task: Task) -> Decimal | None:
    """Return what a task took by what its answer says was used, at the rates of its offer; None where it says less."""
    offer = received.asked.adapter.offer((task.offer or "").partition("/")[2])
    if offer is None or not isinstance(offer.prices, Metered):
        return None
    used = {
        name: figure for name, where in reply.used.items() if (figure := amount(where, received.content)) is not None
    }
    return offer.prices.bill(used) if offer.prices.rates.keys() <= used.keys() else None
