"""The events: one frozen value for each step of what a client does, with its facts.

A fact is a short value under a name that facts.py declares: whatever reads an event reads its facts, and no more of an
attempt or a task than these.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeAlias

import attrs

from anymedia.model.batch import BatchEnd, RowEnd
from anymedia.model.money import EXACT, Money
from anymedia.model.plain import one_line
from anymedia.model.task import Attempt, Order, Task
from anymedia.model.vocabulary import Billed, Cause, Kind, Outcome, Refund, State

Fact: TypeAlias = str | int | float | bool | Decimal
Facts: TypeAlias = Mapping[str, Fact]

_BILLED = {
    None: Billed.UNKNOWN,
    Outcome.NOT_SENT: Billed.NO,
    Outcome.REFUSED: Billed.NO,
    Outcome.ACCEPTED: Billed.YES,
    Outcome.ACCEPTED_WITHOUT_ID: Billed.LIKELY,
    Outcome.UNCERTAIN: Billed.UNKNOWN,
}

_OF_FAILED = {Refund.YES: Billed.NO, Refund.NO: Billed.YES, Refund.UNKNOWN: Billed.UNKNOWN}


class Event(Protocol):
    """A step of what a client does."""

    @property
    def facts(self) -> Facts:
        """What is known of it, by the names of facts.py."""


@attrs.frozen
class Sent:
    """An attempt whose intent is written down is sent now; `again`: it was sent before, under the same replay key."""

    attempt: Attempt
    again: bool = False

    @property
    def facts(self) -> Facts:
        """The attempt, what is asked of whom, and for how much."""
        why = self.attempt.order.why
        return {**of_attempt(self.attempt), **({} if why is None else {"why": why}), "again": self.again}


@attrs.frozen
class Answered:
    """A submit has ended, however it did; `by_webhook`: a webhook told that it was accepted, and no answer."""

    attempt: Attempt
    by_webhook: bool = False

    @property
    def seconds(self) -> float:
        """How long it took, from the intent."""
        attempt = self.attempt
        return _seconds(attempt.started_at, attempt.ended_at)

    @property
    def facts(self) -> Facts:
        """The attempt, its outcome, its task, and what it has cost by then."""
        attempt = self.attempt
        facts = {**of_attempt(attempt), **_of_outcome(attempt), "sends": attempt.sends, "seconds": self.seconds}
        return facts if attempt.task is None else {**facts, **of_task(attempt.task)}


@attrs.frozen
class Waits:
    """Somebody waits for a task from now on."""

    task: Task

    @property
    def facts(self) -> Facts:
        """The task."""
        return of_task(self.task)


@attrs.frozen
class Looked:
    """A task was looked at; `error` names the kind of error that the look met, and not what that says."""

    task: Task
    error: str | None = None

    @property
    def facts(self) -> Facts:
        """The task as it stands."""
        return {**of_task(self.task), **({} if self.error is None else {"error": self.error})}


@attrs.frozen
class Moved:
    """A task has moved on, and is not over: it is running, or further than it was."""

    task: Task

    @property
    def facts(self) -> Facts:
        """The task as it stands."""
        return of_task(self.task)


@attrs.frozen
class Left:
    """Nobody waits for a task any more, which lives on and is billed; `written`: the journal has it."""

    task: Task
    written: bool = True

    @property
    def facts(self) -> Facts:
        """The task as it stands."""
        return of_task(self.task)


@attrs.frozen
class Ended:
    """A task is over, and was so before (None: not known); `heard`: another process saw that, and the journal told."""

    task: Task
    was: Task | None = None
    heard: bool = False

    @property
    def seconds(self) -> float:
        """How long it took, from the submit."""
        return _seconds(self.task.submitted_at, self.task.ended_at)

    @property
    def facts(self) -> Facts:
        """The task as it has ended, and what it costs."""
        return {**of_task(self.task), "seconds": self.seconds}


def moved(task: Task, was: Task | None = None, *, heard: bool = False) -> Moved | Ended:
    """Return the event of a task that has moved on, or is over by that."""
    return Ended(task, was, heard) if task.state.final else Moved(task)


@attrs.frozen(kw_only=True)
class BilledMore:
    """A task was billed more than had been quoted for it."""

    task: Task
    quoted: Money

    @property
    def facts(self) -> Facts:
        """The task with its bill, and the quote."""
        return {**of_task(self.task), **({} if self.quoted.usd is None else {"quoted": self.quoted.usd})}


def billed_more(event: object) -> BilledMore | None:
    """Return the event of a bill above its quote, where the end of a submit or a task tells of one."""
    if isinstance(event, Answered):
        task, quoted = event.attempt.task, event.attempt.order.money
    elif isinstance(event, Ended) and event.was is not None:
        task, quoted = event.task, event.was.money
    else:
        return None
    if task is None or task.money.got != "settled" or task.money.usd is None:
        return None
    is_news = quoted.got != "settled" and quoted.usd is not None and task.money.usd > quoted.usd
    return BilledMore(task=task, quoted=quoted) if is_news else None


@attrs.frozen(kw_only=True)
class PassedCeiling:
    """What was bought has cost, or may have cost, more than its caller allowed (both in USD): for a request, or in a
    `batch`, whose budget is the ceiling."""

    max_price: Decimal
    spent: Decimal
    batch: str | None = None

    @property
    def facts(self) -> Facts:
        """What it has cost, and the ceiling."""
        return {**_given(batch=self.batch), "max_price": self.max_price, "spent": self.spent}


@attrs.frozen
class BatchBegan:
    """A batch is run: of its `rows`, so many were `bought_before`; its `budget` is in USD."""

    name: str
    rows: int
    bought_before: int
    budget: Decimal | None

    @property
    def facts(self) -> Facts:
        """The batch, its rows, and its ceiling."""
        ceiling = {} if self.budget is None else {"max_price": self.budget}
        return {"batch": one_line(self.name), "rows": self.rows, "bought_before": self.bought_before, **ceiling}


@attrs.frozen
class RowEnded:
    """A row of a batch has ended."""

    batch: str
    end: RowEnd

    @property
    def facts(self) -> Facts:
        """Which row it is, how it has ended, what was made of it costs, and how long it took."""
        end = self.end
        return {
            "batch": one_line(self.batch),
            "row": end.number,
            "row_state": end.state,
            **({} if end.result is None else _of_money(end.result.money)),
            **({} if end.error is None else {"error": type(end.error).__name__}),
            **({} if end.seconds is None else {"seconds": end.seconds}),
        }


@attrs.frozen
class BatchEnded:
    """A batch is over."""

    end: BatchEnd

    @property
    def facts(self) -> Facts:
        """Why it is over, how many rows ended in which way, and what it has cost over all of its runs."""
        end = self.end
        states = ("rows", "done", "failed", "uncertain", "unfinished", "not_begun", "bought_before")
        return {
            "batch": one_line(end.name),
            "batch_ended": end.why,
            **{name: getattr(end, name) for name in states},
            "spent": EXACT.add(end.spent, end.possibly),
            "unknown": end.unknown,
            **({} if end.error is None else {"error": type(end.error).__name__}),
        }


@attrs.frozen
class FellBack:
    """A request goes on with an order, after the offer `after` came to nothing; `again`: at the same offer."""

    order: Order
    after: str
    again: bool = False

    @property
    def facts(self) -> Facts:
        """Where it goes on, after what, and why."""
        return {**of_order(self.order), "after": self.after, "why": self.order.why or "", "again": self.again}


@attrs.frozen
class CooledDown:
    """An account is left alone until a time, or (None) until it is well: nobody is asked to pay there meanwhile."""

    account: str
    provider: str
    cause: str
    until: datetime | None
    failures: int

    @property
    def facts(self) -> Facts:
        """The account, and why."""
        until = {} if self.until is None else {"until": self.until.isoformat(timespec="seconds")}
        facts = {"account": self.account, "provider": self.provider, "error": self.cause}
        return {**facts, **until, "failures": self.failures}


@attrs.frozen
class Recovered:
    """An account that was left alone is asked again, as a submit has succeeded there, or its balance has changed."""

    account: str
    provider: str

    @property
    def facts(self) -> Facts:
        """The account."""
        return {"account": self.account, "provider": self.provider}


@attrs.frozen
class Uploaded:
    """A file of the caller's was put where a provider finds it, or (`error` names the kind) was not."""

    account: str
    provider: str
    bytes: int
    media_type: str
    seconds: float
    error: str | None = None

    @property
    def facts(self) -> Facts:
        """The account, the file's size and type, and how long it took."""
        return {
            "account": self.account,
            "provider": self.provider,
            **_file(self.bytes, self.media_type),
            "seconds": self.seconds,
            **({} if self.error is None else {"error": self.error}),
        }


@attrs.frozen
class Downloaded:
    """The file `number` (from 1) of a task was saved, or (`error` names the kind) was not."""

    task: Task
    number: int
    seconds: float
    bytes: int | None = None
    media_type: str | None = None
    error: str | None = None

    @property
    def facts(self) -> Facts:
        """The task, the file's size and type, and how long it took."""
        return {
            **of_task(self.task),
            "number": self.number,
            **_file(self.bytes, self.media_type),
            "seconds": self.seconds,
            **({} if self.error is None else {"error": self.error}),
        }


@attrs.frozen
class Posted:
    """A webhook of an account was taken: about a task, or about one that nobody knows (None)."""

    account: str
    task: Task | None = None

    @property
    def facts(self) -> Facts:
        """The account, and the task where there is one."""
        return {"account": self.account, **({} if self.task is None else of_task(self.task))}


@attrs.frozen
class Refused:
    """A webhook was not believed, and changed nothing; `why` says in our words what it lacks."""

    account: str
    why: str

    @property
    def facts(self) -> Facts:
        """The account that it was posted for, which anybody may have written, and why."""
        return {"account": one_line(self.account), "refused": self.why}


@attrs.frozen(kw_only=True)
class Alert:
    """The attempts of a day (UTC) have cost, or may have cost, more than was to be told of.

    `spent` and `limit` are in USD; `spent` is over all processes that share the journal. Of `unknown` attempts nobody
    knows what they cost: they are not in it.
    """

    day: date
    limit: Decimal
    spent: Decimal
    unknown: int = 0

    @property
    def facts(self) -> Facts:
        """The day, and what it has cost."""
        return {"day": self.day.isoformat(), "limit": self.limit, "spent": self.spent, "unknown": self.unknown}


@attrs.frozen(eq=False)
class OpenTasks:
    """What tells of one client how many of its tasks are not known to be over, by account."""

    count: Callable[[], Mapping[str, int]]


def of_subject(subject: object) -> Facts:
    """Return the facts of what a call is about: a task, or a request that may yet be refused as none."""
    if isinstance(subject, Task):
        return of_task(subject)
    model, kind = getattr(subject, "model", None), getattr(subject, "kind", None)
    return _given(model=model if isinstance(model, str) else None, kind=str(kind) if isinstance(kind, Kind) else None)


def of_order(order: Order) -> Facts:
    """Return the facts of an order."""
    return {
        "account": order.account,
        "provider": order.provider,
        **_given(offer=order.offer, model=order.model),
        "kind": str(order.kind),
        "units": order.units,
        **_of_money(order.money),
    }


def of_attempt(attempt: Attempt) -> Facts:
    """Return the facts of an attempt that hold before it is answered."""
    return {"attempt": attempt.id, **of_order(attempt.order), **_given(origin=attempt.origin)}


def of_task(task: Task) -> Facts:
    """Return the facts of a task as it stands."""
    return {
        "account": task.account,
        "provider": task.provider,
        **_given(offer=task.offer, model=task.model, wire_id=task.wire_id),
        "kind": str(task.kind),
        "task": task.id,
        "state": str(task.state),
        **_of_money(task.money),
        "billed": str(billed_of(task)),
        **({} if task.failure is None else {"error": str(task.failure.cause)}),
    }


def billed_of(task: Task) -> Billed:
    """Return whether a task is billed, for all that is known."""
    is_canceled = task.state is State.CANCELED
    if task.failure is None and not is_canceled:
        return Billed.YES
    said = Billed.UNKNOWN if task.failure is None or is_canceled else _OF_FAILED[task.failure.refund]
    if said is Billed.NO or task.money.got != "settled" or task.money.usd is None:
        return said
    return Billed.YES if task.money.usd else Billed.NO  # the bill itself says it


def _of_outcome(attempt: Attempt) -> Facts:
    outcome, cause = attempt.outcome, attempt.cause
    facts: dict[str, Fact] = {"outcome": str(outcome), "billed": str(_BILLED[outcome])}
    return facts if outcome is Outcome.ACCEPTED else {**facts, "error": str(_error(outcome, cause))}


def _error(outcome: Outcome | None, cause: Cause | None) -> Outcome | Cause | None:
    """Return the word for an error: an outcome that leaves the bill open says more than its cause."""
    is_open = outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)
    return outcome if is_open or cause is None else cause


def _of_money(money: Money) -> Facts:
    known = {} if money.usd is None else {"usd": money.usd}
    return {**known, "price_status": str(money.status), **_given(price_source=money.got)}


def _file(length: int | None, media_type: str | None) -> Facts:
    return {**({} if length is None else {"bytes": length}), **_given(media_type=media_type)}


def _given(**facts: str | None) -> dict[str, Fact]:
    return {name: value for name, value in facts.items() if value is not None}


def _seconds(since: datetime, until: datetime | None) -> float:
    return 0.0 if until is None else max((until - since).total_seconds(), 0.0)
