"""An attempt as the entry that is stored, and back; what is private is left out on the way.

An account's API key and the bytes of a result are in no attempt's JSON, so they never come here.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

import attrs

from anymedia.model.codec import from_json, to_bare_json
from anymedia.model.errors import AnymediaError, JournalError
from anymedia.model.money import EXACT, Money, PriceStatus
from anymedia.model.options import MOST_USD
from anymedia.model.strict_json import dumps, loads
from anymedia.model.task import SENDING, Attempt, Order, Task, Trouble
from anymedia.model.urls import is_path, signatures, unsigned
from anymedia.model.vocabulary import Outcome, State

from .counts_as import of_attempt, of_task
from .private import NOTHING, Hide, Private
from .protocol import Ended, Entry, Seen, Unknown
from .redact import secrets_of

REMEMBERED = 10_000
"""How many tasks' prompts are remembered where none is to be written."""

LEAST, MOST = 1e-6, 1e9
"""Seconds that a task takes, at least and at most: a time is written down to the microsecond."""

LOST = "its process ended before the answer came"

_OTHER = "its texts are of another attempt"

NANO = Decimal(1_000_000_000)
"""Parts of a USD that amounts are stored in, so that sums are exact."""


class Records:
    """What is written of attempts and tasks; `prompts=False` leaves out what was asked for.

    It remembers the prompts of the latest tasks, since the provider's later answers may repeat them. `hide` hides the
    accounts' API keys in JSON.
    """

    def __init__(self, *, prompts: bool, hide: Hide = NOTHING) -> None:
        self.prompts: bool = prompts
        self.hide: Hide = hide
        self._private: dict[tuple[str, str], tuple[str, ...]] = {}

    def entry(self, attempt: Attempt, body: bytes | None, digest: str | None) -> Entry:
        """Return the entry of an attempt that is about to be sent. Errors: JournalError for a price above MOST_USD."""
        order = attempt.order
        quoted = nano(order.money.usd)
        if quoted is not None and quoted > MOST_USD * NANO:  # sums are whole numbers of 64 bits
            raise JournalError(
                f"{order.name} is quoted at {order.money}: no sum holds amounts above ${MOST_USD:,} exactly"
            )
        return Entry(
            id=attempt.id,
            provider=order.provider,
            account=order.account,
            started=attempt.started_at.timestamp(),
            status=SENDING,
            open=True,
            record=self._record(attempt),
            reserved=quoted,  # until it has ended, it may be billed as it was quoted
            quoted=quoted,
            quoted_exactly=order.money.status == PriceStatus.EXACT,
            kind=str(order.kind),
            offer=as_text(order.offer),
            variant=as_text(order.variant),
            model=as_text(order.model or order.wire_id),
            labels=self._labels(attempt),
            batch=as_text(order.batch),
            counts_as=SENDING,
            idempotency_key=order.idempotency_key,
            digest=digest,
            body=body if self.prompts else None,
        )

    def ended(
        self, attempt: Attempt, *, unanswered: bool = False, keeps_task: bool = False, by_webhook: bool = False
    ) -> Ended:
        """Return the change that a submit's end makes."""
        task = attempt.task
        return Ended(
            id=attempt.id,
            status=attempt.status,
            open=attempt.open,
            record=self._record(attempt),
            task=None if task is None else self._task(task, self._secrets(attempt)),
            task_id=None if task is None else task.id,
            reserved=nano(attempt.reserved),
            counts_as=of_attempt(attempt),
            undownloaded=is_undownloaded(attempt),
            expires=expires(task) if is_undownloaded(attempt) else None,
            unanswered=unanswered,
            keeps_task=keeps_task,
            over=task is not None and task.state.final,
            by_webhook=by_webhook,
            body=self._unsigned(attempt),
        )

    def _unsigned(self, attempt: Attempt) -> bytes | None:
        """Return what replaces the body of an attempt whose URLs let anybody in: once no replay needs them."""
        order = attempt.order
        needed = attempt.outcome in (None, Outcome.UNCERTAIN) and attempt.settled is None
        return None if needed or not order.signatures or not self.prompts else dumps(unsigned(order.body))

    def seen(self, task: Task, *, by_webhook: bool = False, took: tuple[float, float] | None = None) -> Seen:
        """Return the change that a look at a task makes, or what a webhook told of it."""
        return Seen(
            account=task.account,
            task_id=task.id,
            status=str(task.state),
            open=not task.state.final,
            task=self._task(task, self._private.get((task.account, task.id))),
            reserved=nano(task.money.usd),
            counts_as=of_task(task),
            undownloaded=_lacks_files(task),
            expires=expires(task),
            on_disk=any(asset.kept for asset in task.assets),
            complete=all(asset.kept for asset in task.assets),
            by_webhook=by_webhook,
            took=took,
        )

    def unknown(self, task: Task) -> Unknown:
        """Return the change that a word of a task makes which no attempt has; nobody knows its prompt."""
        return Unknown(account=task.account, task_id=task.id, open=not task.state.final, task=self._task(task, None))

    def _record(self, attempt: Attempt) -> str:
        """Return an attempt as JSON, without its body and its task, which are stored beside it.

        Where its prompt is not known any more, it was taken out before.
        """
        return _written(attempt, self._private_of(attempt))

    def _private_of(self, attempt: Attempt) -> Private:
        return Private(self._secrets(attempt) or (), self.hide)

    def _task(self, task: Task, private: Sequence[str] | None) -> str:
        """Return a task as JSON, without the bytes of its result, and without the prompt where none is wanted."""
        return _written(task, Private(private or () if self.prompts else private, self.hide))

    def _labels(self, attempt: Attempt) -> str:
        """Return an attempt's labels as a text that is the same for the same ones, and empty where there are none."""
        if not attempt.order.labels:
            return ""
        private = self._private_of(attempt)
        return _text(dict(sorted(private.without(_Labels(attempt.order.labels)).labels.items())))

    def _secrets(self, attempt: Attempt) -> tuple[str, ...] | None:
        """Return the texts of an attempt that are the user's own, or that let anybody in, and remember them for its
        task. None where nobody knows them any more."""
        order = attempt.order
        if not self.prompts and order.body is None and not order.texts:
            return None
        private = (*order.signatures, *(() if self.prompts else secrets_of(order.body, order.texts)))
        if attempt.task is not None and (private or not self.prompts):
            name = (attempt.task.account, attempt.task.id)
            self._private[name] = tuple(dict.fromkeys((*self._private.pop(name, ()), *private)))
            if len(self._private) > REMEMBERED:
                self._private.pop(next(iter(self._private)))
        return private


@attrs.frozen
class _Labels:
    labels: Mapping[str, str]


def is_undownloaded(attempt: Attempt) -> bool:
    """Return whether a task has results that are not on disk, and that somebody may still wait for."""
    return attempt.task is not None and not attempt.dismissed and _lacks_files(attempt.task)


def _lacks_files(task: Task) -> bool:
    return task.state is State.SUCCEEDED and not all(asset.kept for asset in task.assets)


def expires(task: Task | None) -> float | None:
    """Return when the first result dies that is not kept, in seconds since 1970; None where nobody knows of one."""
    dies = None if task is None or not _lacks_files(task) else task.expires_at
    return None if dies is None else dies.timestamp()


def attempt_of(entry: Entry) -> Attempt:
    """Return the attempt of an entry.

    One that was being sent when its owner died is uncertain; one that cannot be read is uncertain and says so.
    """
    try:
        attempt = read(entry)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a row is that row's fault
        return _unreadable(entry, error)
    if attempt.status == SENDING and not entry.alive:
        return attrs.evolve(attempt, outcome=Outcome.UNCERTAIN, error=LOST)
    return attempt


def read(entry: Entry) -> Attempt:
    """Return what the texts of an entry say. Errors: of any kind."""
    attempt = attempt_in(entry.record, entry.task)
    body = None if entry.body is None else loads(entry.body)
    order = attrs.evolve(attempt.order, body=body, signatures=tuple(signatures(body)))
    task_id = None if attempt.task is None else attempt.task.id
    if (attempt.id, order.account, task_id) != (entry.id, entry.account, None if task_id is None else entry.task_id):
        raise ValueError(_OTHER)
    return attrs.evolve(attempt, order=order)


def attempt_in(record: str, task: str | None) -> Attempt:
    """Return the attempt that the texts of its record and its task say, without its body. Errors: of any kind."""
    attempt = from_json(Attempt, loads(record.encode()))  # a byte that is no UTF-8 is a fault
    _check_path(attempt.order.path)
    attempt = attrs.evolve(attempt, task=None if task is None else task_in(task))
    if attempt.task is not None and attempt.task.account != attempt.order.account:
        raise ValueError(_OTHER)
    return attempt


def unknown_of(unknown: Unknown) -> Task:
    """Return an unknown task; one that cannot be read is of that name, and says so as its trouble."""
    try:
        task = task_in(unknown.task)
        if (task.account, task.id) != (unknown.account, unknown.task_id):
            raise ValueError("its text is of another task")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a row is that row's fault
        return Task(
            id=str(unknown.task_id),
            provider="",
            account=str(unknown.account),
            submitted_at=_moment(0),
            path="",
            trouble=Trouble(error=_fault(error)),
        )
    return task


def task_in(text: str) -> Task:
    """Return the task that a text says. Errors: of any kind."""
    task = from_json(Task, loads(text.encode()))
    _check_path(task.path)
    return task


def _check_path(path: str) -> None:
    """Refuse what is no plain path: an API key is sent there again, and other programs may have written it."""
    if not is_path(path):
        raise ValueError(f"its path is no plain path: {path!r:.60}")


def _fault(error: Exception) -> str:
    said = str(error) if isinstance(error, AnymediaError | ValueError) else type(error).__name__
    return f"its record cannot be read: {said}"


def _unreadable(entry: Entry, error: Exception) -> Attempt:
    return Attempt(
        id=str(entry.id),
        order=Order(
            provider=str(entry.provider),
            account=str(entry.account),
            path="",
            money=Money.unknown("its record cannot be read"),
        ),
        started_at=_moment(entry.started),
        outcome=Outcome.UNCERTAIN,
        error=_fault(error),
    )


def _moment(started: Any) -> datetime:
    try:
        return datetime.fromtimestamp(started, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def are_seconds(least: Any, most: Any) -> bool:
    """Return whether these are a least and a most that a task can have taken: another program may have written them."""
    return type(least) is type(most) is float and 0 <= least < most and LEAST <= most <= MOST


def as_text(name: str | None) -> str:
    """Return a name as a text that every database takes: half of a surrogate pair is none."""
    name = name or ""
    return name if name.isascii() else name.encode(errors="replace").decode()


def usd_of(nano: float) -> Decimal:
    """Return an amount in USD that is given in billionths."""
    return EXACT.divide(Decimal(nano), NANO)


def nano(usd: Decimal | None) -> int | None:
    """Return an amount in billionths of a USD, rounded up."""
    return None if usd is None else int(EXACT.multiply(usd, NANO).to_integral_value(ROUND_CEILING))


def _written(value: Attempt | Task, private: Private) -> str:
    """Return a value as JSON without what is private."""
    text = in_json(value)
    # To go through every text of it takes five times as long as to look whether that is needed.
    return in_json(private.without(value)) if private.may_be_in(text) else text


def in_json(value: Attempt | Task) -> str:
    """Return a value as JSON, without what is stored beside it."""
    return _text(to_bare_json(value))


_text = json.JSONEncoder(separators=(",", ":")).encode
"""In ASCII, because a provider's text may hold half of a surrogate pair."""
