"""Step 4: what an answer says, in canonical words; pure.

A yes is believed only where the adapter says that it stands; whatever cannot be read is an error, never a success.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from .answer import LONGEST_WAIT, Answer, Lost
from .declare import Adapter, Endpoint, Err, Fault, Match, Reply
from .errors import PROVIDER_ERRORS, AnymediaError, MalformedAnswer, ProviderError, SubmitUncertain, Unavailable
from .link import permitted, relative
from .money import Money, PriceStatus
from .path import Place, place
from .strict_json import Json
from .task import Asset, Failure, Task
from .words import Billed, Cause, Outcome, Refund, Retry, State

NEVER_ARRIVED = frozenset({521, 522, 523, 525, 526})
"""Codes of an edge that did not reach the provider: nothing was sent to it."""

UNDECIDED = frozenset({408, 499})
"""Codes below 500 that do not say whether the request was carried out."""

_CLASSES = {
    401: Cause.BAD_KEY,
    402: Cause.NO_CREDIT,
    403: Cause.BAD_KEY,
    404: Cause.NOT_FOUND,
    408: Cause.UNAVAILABLE,
    410: Cause.NOT_FOUND,
    425: Cause.UNAVAILABLE,
    429: Cause.RATE_LIMITED,
    499: Cause.UNAVAILABLE,
}


@attrs.frozen(kw_only=True)
class Asked:
    """Who was asked, and when the answer came: what every error and task says of itself."""

    adapter: Adapter
    account: str
    origin: str
    model: str | None
    now: datetime


# What went wrong


def failed_send(asked: Asked, lost: Lost, *, submit: bool) -> AnymediaError:
    """Return the error for a call that got no whole answer."""
    facts: dict[str, Any] = {"account": asked.account, "provider": asked.adapter.name, "model": asked.model}
    if not lost.sent:
        return Unavailable(f"{asked.account} was not reached: {lost.why}", outcome=Outcome.NOT_SENT, **facts)
    message = f"{asked.account} gave no readable answer: {lost.why}"
    if not submit:
        return Unavailable(message, status=lost.status, **facts)
    accepted = lost.status is not None and 200 <= lost.status < 300
    return _uncertain(message, accepted=accepted, status=lost.status, **facts)


def _uncertain(message: str, *, accepted: bool, **facts: Any) -> SubmitUncertain:
    text = f"{message}; the submit may have been billed and is not sent again"
    if accepted:
        return SubmitUncertain(text, outcome=Outcome.ACCEPTED_WITHOUT_ID, billed=Billed.LIKELY, **facts)
    return SubmitUncertain(text, **facts)


def _facts(asked: Asked, answer: Answer, words: Json) -> dict[str, Any]:
    fault = asked.adapter.fault
    code = None if fault.code is None else fault.code.one(words)
    header = next((answer.headers[name] for name in asked.adapter.request_id if name in answer.headers), None)
    request_id = header or (None if fault.request_id is None else fault.request_id.one(words))
    return {
        "account": asked.account,
        "provider": asked.adapter.name,
        "model": asked.model,
        "status": answer.status,
        "code": _code(code),
        "request_id": request_id if isinstance(request_id, str) else None,
        "retry_after": _retry_after(asked, answer, words),
        "body": words,
    }


def _retry_after(asked: Asked, answer: Answer, words: Json) -> float | None:
    """Return the seconds to wait: the header's, or else the body's."""
    seconds = answer.retry_after(asked.now)
    if seconds is None and asked.adapter.fault.retry_after is not None:
        named = _figure(asked.adapter.fault.retry_after, words)
        seconds = None if named is None else min(float(named), LONGEST_WAIT)
    return seconds


def _code(value: Any) -> str | None:
    return str(value)[:200] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _text(fault: Fault, words: Json) -> str:
    """Return the provider's own text, with what it says of single fields."""
    texts = [] if fault.message is None else [text for text in fault.message.find(words) if isinstance(text, str)]
    by_field = None if fault.fields is None else fault.fields.one(words)
    if isinstance(by_field, dict):
        texts += [f"{name} {_listed(says)}" for name, says in by_field.items()]
    return "; ".join(texts)[:2000]


def _listed(says: Any) -> str:
    return ", ".join(map(str, says)) if isinstance(says, list) else str(says)


def _row(adapter: Adapter, status: int | None, code: str | None, text: str) -> Err | None:
    """Return what the adapter says of an error, told by its text first, then by its code."""
    for match, row in adapter.errors.items():
        if isinstance(match, Match) and match.status in (None, status) and match.text in text:
            return row
    return adapter.errors.get(code) if code is not None else None


def _http_class(status: int, code: str | None) -> int:
    """Return the HTTP status that counts: below 400, the body's code where it is one."""
    if status < 400 and code is not None and code.isdecimal() and 400 <= int(code[:4]) < 600:
        return int(code[:4])
    return status


def refusal(asked: Asked, answer: Answer, words: Json, *, submit: bool) -> AnymediaError:
    """Return the error that a "no" of the provider means; at a submit, with how far it can be trusted."""
    facts = _facts(asked, answer, words)
    text = _text(asked.adapter.fault, words) or _redirect(answer)
    row = _row(asked.adapter, answer.status, facts["code"], text)
    status = _http_class(answer.status, facts["code"])
    cause = row.cause if row is not None else _cause(status)
    said = " ".join(
        filter(None, [str(answer.status), facts["code"] if facts["code"] != str(answer.status) else "", text])
    )
    message = f"{asked.account} answered {said}"
    if not submit:
        return _provider_error(cause, message, facts)
    outcome = _outcome(status) if row is None else _told(row, status)
    if outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID):
        return _uncertain(message, accepted=outcome is Outcome.ACCEPTED_WITHOUT_ID, **facts)
    return _provider_error(cause, message, facts | {"outcome": outcome})


def _provider_error(cause: Cause, message: str, facts: dict[str, Any]) -> ProviderError:
    return PROVIDER_ERRORS.get(cause, PROVIDER_ERRORS[Cause.REJECTED])(message, **facts)


def _redirect(answer: Answer) -> str:
    return (
        f"a redirect to {answer.headers.get('location', 'nowhere')}, not followed" if answer.status // 100 == 3 else ""
    )


def _cause(status: int) -> Cause:
    return _CLASSES.get(status, Cause.REJECTED if 400 <= status < 500 else Cause.UNAVAILABLE)


def _told(row: Err, status: int) -> Outcome:
    """Return what a known error means for a submit: a "no" whose reason is known is a "no" at any HTTP status."""
    return row.submit or (_outcome(status) if row.cause is Cause.UNAVAILABLE else Outcome.REFUSED)


def _outcome(status: int) -> Outcome:
    if status in NEVER_ARRIVED:
        return Outcome.NOT_SENT
    if 400 <= status < 500 and status not in UNDECIDED:
        return Outcome.REFUSED
    return Outcome.UNCERTAIN


def malformed(asked: Asked, answer: Answer, words: Json, what: str, task: Task | None = None) -> MalformedAnswer:
    """Return the error for an answer that cannot be read."""
    error = MalformedAnswer(f"{asked.account} answered {answer.status} with {what}", **_facts(asked, answer, words))
    error.task_id = None if task is None else task.id
    return error


# The answer to a submit


def submitted(asked: Asked, answer: Answer, draft: Task) -> Task:
    """Return the accepted task that the answer to a submit tells of.

    Errors: a ProviderError when it was refused; SubmitUncertain when nobody can tell, or it has no readable id.
    """
    reply, words = asked.adapter.submit.reply, answer.words()
    if not 200 <= answer.status < 300 or _says_no(reply, words):
        raise refusal(asked, answer, words, submit=True)
    task_id = _id(reply.id.one(words)) if reply.id is not None else draft.id
    if task_id is None:
        raise _without_id(asked, answer, words)
    task = attrs.evolve(
        draft,
        id=task_id,
        links=dict(_links(asked, words)),
        request_id=_facts(asked, answer, words)["request_id"],
        replayed=reply.replayed is not None and reply.replayed.one(words) is True,
        raw=words,
    )
    try:
        seen = _read(asked, reply, answer, words, task)
    except AnymediaError as error:
        if asked.adapter.poll is None:
            raise _uncertain(str(error), accepted=True, **_facts(asked, answer, words)) from None
        # It was accepted: what else the answer says can be asked for again.
        return task
    # What is finished at once, and does not show here what it made, is looked at like any other.
    unseen = seen.state is State.SUCCEEDED and not seen.assets
    return attrs.evolve(seen, state=State.RUNNING) if unseen else seen


def _says_no(reply: Reply, words: Json) -> bool:
    if reply.ok is None:
        return False
    where, yes = reply.ok
    code = where.one(words)
    return code is not None and _code(code) != str(yes)


def _id(value: Any) -> str | None:
    """Return an id that can stand in a path and be found again."""
    text = _code(value) if not isinstance(value, str) else value
    usable = text is not None and 0 < len(text) <= 512 and text.isprintable() and text.strip(". ") != ""
    return text if usable else None


def _without_id(asked: Asked, answer: Answer, words: Json) -> AnymediaError:
    """A success without an id: a refusal where the body's own code says so, else money that is likely spent."""
    facts = _facts(asked, answer, words)
    known = _row(asked.adapter, answer.status, facts["code"], _text(asked.adapter.fault, words))
    if known is not None or _http_class(answer.status, facts["code"]) >= 400:
        return refusal(asked, answer, words, submit=True)
    message = f"{asked.account} answered {answer.status} without a task id that can be read"
    return _uncertain(message, accepted=True, **facts)


def _links(asked: Asked, words: Json) -> Iterator[tuple[str, str]]:
    adapter = asked.adapter
    for endpoint in (adapter.poll, adapter.result, adapter.cancel):
        if endpoint is not None and endpoint.link is not None:
            url = place(endpoint.link).one(words)
            if isinstance(url, str) and permitted(url, asked.origin, endpoint.hosts):
                yield endpoint.link, relative(url, asked.origin)


# The answer to a look


def looked(asked: Asked, endpoint: Endpoint, answer: Answer, task: Task) -> Task:
    """Return the task as an answer to a look tells it.

    Errors: a ProviderError for an error answer, MalformedAnswer for one that cannot be read; the task is as it was.
    """
    words = answer.words()
    if not 200 <= answer.status < 300 or _says_no(endpoint.reply, words):
        return _refused(asked, endpoint, answer, words, task)
    return _read(asked, endpoint.reply, answer, words, task)


def _refused(asked: Asked, endpoint: Endpoint, answer: Answer, words: Json, task: Task) -> Task:
    error = refusal(asked, answer, words, submit=False)
    error.task_id = task.id
    if endpoint.not_yet is not None:
        code, seconds = endpoint.not_yet
        young = asked.now - task.submitted_at < timedelta(seconds=seconds)
        if young and str(code) in (error.code, str(answer.status)):
            return attrs.evolve(task, raw=words)
    final = isinstance(error, ProviderError) and error.cause in (Cause.REJECTED, Cause.BLOCKED)
    if endpoint.verdict and final and _http_class(answer.status, error.code) < 500:
        return _fail(asked, asked.adapter.fault, words, task, None)
    raise error


def _read(asked: Asked, reply: Reply, answer: Answer, words: Json, task: Task) -> Task:
    if not isinstance(words, dict):
        raise malformed(asked, answer, words, "no JSON object", task)
    named = _id(reply.id.one(words)) if reply.id is not None else None
    if named is not None and named != task.id:
        raise malformed(asked, answer, words, f"another task, {named}", task)
    state, raw_state, cause = _state(asked, reply, answer, words, task)
    task = attrs.evolve(
        task,
        state=state,
        raw_state=raw_state,
        running_at=task.running_at or (asked.now if state is not State.QUEUED else None),
        created_at=_time(reply.created, words) or task.created_at,
        completed_at=_time(reply.completed, words) or task.completed_at,
        money=_settled(asked, reply, words, task.money),
        request_id=_facts(asked, answer, words)["request_id"] or task.request_id,
        raw=words,
    )
    if state is State.FAILED:
        return _fail(asked, reply.failure, words, task, cause)
    if state is State.SUCCEEDED and (reply.assets or reply.files is not None):
        assets = tuple(_assets(asked, reply, words, task))
        if not assets:
            error = malformed(asked, answer, words, "a finished task that has no result", task)
            error.retry = Retry.NEVER
            raise error
        return attrs.evolve(task, assets=assets)
    return task


def _state(
    asked: Asked, reply: Reply, answer: Answer, words: Json, task: Task
) -> tuple[State, str | None, Cause | None]:
    if reply.failed_if is not None and reply.failed_if.find(words):
        return State.FAILED, _raw(reply, words), None
    if reply.state is None:
        # An answer without a state of its own is a result where there is nothing to look at later; else it tells none.
        return State.SUCCEEDED if asked.adapter.poll is None else task.state, task.raw_state, None
    raw = reply.state.one(words)
    if not isinstance(raw, str) or not raw:
        raise malformed(asked, answer, words, "no state", task)
    meaning = asked.adapter.states.get(raw, State.RUNNING)
    if isinstance(meaning, State):
        return meaning, raw, None
    if meaning.cause is Cause.NOT_FOUND:
        raise _provider_error(meaning.cause, f"{asked.account} answered {raw}", _facts(asked, answer, words))
    return State.FAILED, raw, meaning.cause


def _raw(reply: Reply, words: Json) -> str | None:
    raw = None if reply.state is None else reply.state.one(words)
    return raw if isinstance(raw, str) else None


def _fail(asked: Asked, fault: Fault, words: Json, task: Task, cause: Cause | None) -> Task:
    code = _code(fault.code.one(words)) if fault.code is not None else None
    text = _text(fault, words)
    row = _row(asked.adapter, None, code, text)
    refund = (row.refund if row is not None else None) or asked.adapter.refunds
    failure = Failure(
        cause=cause or (row.cause if row is not None else Cause.FAILED), code=code, message=text or None, refund=refund
    )
    money = task.money
    if refund is Refund.YES:
        nothing = Decimal(0)
        status, source = PriceStatus.EXACT, f"{asked.adapter.page}: a failed task is not billed"
        money = Money(usd=nothing, list_usd=money.list_usd, status=status, got="settled", source=source)
    return attrs.evolve(task, state=State.FAILED, failure=failure, money=money)


def _assets(asked: Asked, reply: Reply, words: Json, task: Task) -> Iterator[Asset]:
    life = asked.adapter.expires
    since = min(task.completed_at or asked.now, asked.now)  # nothing is finished later than now, whatever is said
    expires_at = None if life is None else since + timedelta(seconds=life)
    for kind, where in reply.assets.items():
        for url in dict.fromkeys(url for url in where.find(words) if isinstance(url, str)):
            if url.lower().startswith(("https://", "http://")):
                yield Asset(kind=kind or task.kind, url=url, expires_at=expires_at)
    for data in () if reply.files is None else reply.files.find(words):
        if isinstance(data, bytes):
            yield Asset(kind=task.kind, data=data)


def _time(where: Place | None, words: Json) -> datetime | None:
    moment = None if where is None else where.one(words)
    return moment if isinstance(moment, datetime) else None


def _settled(asked: Asked, reply: Reply, words: Json, money: Money) -> Money:
    """Return what the task took in the provider's own words, else the money as it was."""
    usd = _figure(reply.usd, words)
    credits = _figure(reply.credits, words)
    if usd is None and credits is not None and asked.adapter.credit is not None:
        usd = credits * asked.adapter.credit.usd
    if usd is None:
        return money
    return Money(
        usd=usd,
        list_usd=money.list_usd,
        credits=credits,
        status=PriceStatus.EXACT,
        got="settled",
        date=asked.now.date().isoformat(),
        source=f"{asked.adapter.title}'s answer",
    )


def _figure(where: Place | None, words: Json) -> Decimal | None:
    """Return an amount; the shortest decimal of a binary float is what the provider wrote."""
    value: Any = None if where is None else where.one(words)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value)) if 0 <= value < 1_000_000_000 else None
