"""The code, asked what it makes of an answer: nothing here decides, it only words the question and takes the answer."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs

from anymedia import AnymediaError, Money, SubmitUncertain, Task
from anymedia.declare import (
    Adapter,
    Endpoint,
    Fault,
    Header,
    Idempotency,
    Lifecycle,
    Match,
    Pace,
    Reply,
    State,
)
from anymedia.declare.path import First, Place
from anymedia.model.money import PriceStatus
from anymedia.model.strict_json import Json, dumps
from anymedia.model.vocabulary import Billed, Outcome, Retry
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer, Lost

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://provider.example/1.png"

PLAIN = Adapter(
    name="provider",
    title="A provider",
    page="a page",
    read="2026-01-01",
    base_url="https://provider.example",
    api_key_env=("PROVIDER_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/tasks", reply=Reply(id="id", state="state")),
        poll=Endpoint(method="GET", path="/tasks/{id}", reply=Reply(state="state")),
        states={"queued": State.QUEUED, "done": State.SUCCEEDED, "failed": State.FAILED},
        pace=Pace(first=1, then=1),
    ),
    fault=Fault(code="code", message="message"),
    offers=(),
)
"""A provider with no words of its own: what holds wherever an adapter says nothing else."""

KEYED = attrs.evolve(PLAIN, idempotency=Idempotency("Idempotency-Key", window=60))
"""The same, honouring an idempotency key."""


def lives(sellers: Iterable[Adapter]) -> Iterator[Adapter]:
    """Yield each provider once for each of its lifecycles, as if it had that one alone; others are named behind it."""
    for adapter in sellers:
        for name, life in adapter.lives.items():
            sold = [attrs.evolve(offer, lifecycle=None) for offer in adapter.offers if offer.lifecycle == name]
            title = adapter.title if name is None else f"{adapter.title}, {name}"
            upload = adapter.upload if any("upload" in offer.forms for offer in sold) else None
            yield attrs.evolve(adapter, title=title, lifecycle=life, lifecycles={}, upload=upload, offers=tuple(sold))


def seller(adapter: Adapter) -> str:
    """Return the title of the provider whose lifecycle this is."""
    return adapter.title.partition(", ")[0]


@attrs.frozen
class End:
    """How a submit ended, in the words of the code; `raised` is None for one that was accepted.

    `replayed`: it is sent again under its replay key before anything else follows.
    """

    outcome: Outcome
    billed: Billed
    raised: str | None
    retry: Retry | None
    replayed: bool = False


def submit_end(adapter: Adapter, came: Answer | Lost) -> End:
    """Return how a submit ends that got this answer, or none."""
    asked = _asked(adapter)
    try:
        if isinstance(came, Lost):
            raise asked.lost(came, submit=True)
        submitted(asked, came, draft(adapter))
    except AnymediaError as error:
        if error.outcome is None:
            raise
        replayed = isinstance(error, SubmitUncertain) and adapter.idempotency is not None
        return End(error.outcome, error.billed, type(error).__name__, error.retry, replayed)
    return End(Outcome.ACCEPTED, Billed.YES, None, None)


def look(adapter: Adapter, answer: Answer) -> Task | AnymediaError:
    """Return what a look at a task makes of an answer: the task as it then stands, or the error."""
    try:
        return looked(_asked(adapter), adapter.lifecycle.poll or adapter.lifecycle.submit, answer, draft(adapter))
    except AnymediaError as error:
        return error


def draft(adapter: Adapter) -> Task:
    """Return a task that was just accepted, for a dollar."""
    money = Money(usd=Decimal(1), list_usd=Decimal(1), status=PriceStatus.EXACT, got="table")
    return Task(id="t-1", provider=adapter.name, account=adapter.name, submitted_at=NOW, path="/tasks", money=money)


def _asked(adapter: Adapter) -> Asked:
    return Asked(adapter=adapter, account=adapter.name, origin=adapter.base_url, model=None, now=NOW)


# Answers


def answer(status: int, *told: tuple[Place | None, Json]) -> Answer:
    """Return an answer that holds these values at these places; a place that is None is left out."""
    words: Any = {}
    for where, value in told:
        words = words if where is None else _laid(words, _at(where, value))
    return Answer(status, {}, dumps(_written(words)))


def refused(adapter: Adapter, key: str | Match, status: int = 400) -> Answer:
    """Return an answer that a row of an adapter's errors is about, at the row's own HTTP status where it has one."""
    if isinstance(key, Match):
        return answer(key.status or status, (adapter.fault.message, key.text))
    return answer(status, (adapter.fault.code, key))


def failed(adapter: Adapter, *told: tuple[Place | None, Json]) -> Task | None:
    """Return a task of which an answer tells that it failed, and why; None where no answer can."""
    mark = adapter.lifecycle.told_by.failed_if
    looks = (look(adapter, shows(adapter, word, (mark, "failed"), *told)) for word in adapter.lifecycle.states)
    return next((seen for seen in looks if isinstance(seen, Task) and seen.state is State.FAILED), None)


def shows(adapter: Adapter, state: Json, *told: tuple[Place | None, Json]) -> Answer:
    """Return an answer to a look that shows a state, with a result wherever one is looked for."""
    reply = adapter.lifecycle.told_by
    results = ((each.at, _at(each.url, URL)) for each in reply.assets)
    return answer(200, *results, (reply.state, state), *told)


@attrs.frozen
class _Text:
    """JSON that stands in an answer as a text."""

    words: Any


def _written(words: Any) -> Json:
    """Return an answer's words as they are sent."""
    match words:
        case _Text():
            return dumps(_written(words.words)).decode()
        case Mapping():
            return {key: _written(value) for key, value in words.items()}
        case list():
            return [_written(value) for value in words]
        case _:
            return words


def _at(where: Place, value: Any) -> Any:
    path = where.paths[0] if isinstance(where, First) else where
    for step in reversed(re.findall(r"[^.\[\]!]+|\[\d*\]|!json", path.text)):
        if step == "!json":
            value = _Text(value)
        else:
            value = [value] if step.startswith("[") else {step.replace("*", "x"): value}
    return value


def _laid(under: Any, over: Any) -> Any:
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **{key: _laid(under.get(key), value) for key, value in over.items()}}
    if isinstance(under, _Text) and isinstance(over, _Text):
        return _Text(_laid(under.words, over.words))
    if isinstance(under, list) and isinstance(over, list):
        return [_laid(under[0], over[0])]
    return over
