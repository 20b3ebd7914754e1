"""An attempt as the entry that is stored, and back; what is private is left out on the way.

An account's API key and the bytes of a result are in no attempt's JSON, so they never come here.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

import attrs

from anymedia.model.codec import from_json, to_json
from anymedia.model.errors import AnymediaError
from anymedia.model.money import EXACT, Money
from anymedia.model.redact import scrubbed
from anymedia.model.strict_json import loads
from anymedia.model.task import SENDING, Attempt, Order, Task
from anymedia.model.vocabulary import Outcome

from .protocol import Ended, Entry, Seen
from .redact import secrets_of

LOST = "its process ended before the answer came"

NANO = Decimal(1_000_000_000)
"""Parts of a USD that amounts are stored in, so that sums are exact."""


class Records:
    """What is written of attempts and tasks; `prompts=False` leaves out what was asked for.

    It remembers the prompts of tasks that go on, since the provider's later answers may repeat them.
    """

    def __init__(self, *, prompts: bool) -> None:
        self._prompts = prompts
        self._private: dict[tuple[str, str], tuple[str, ...]] = {}

    def entry(self, attempt: Attempt, body: bytes | None, digest: str | None) -> Entry:
        """Return the entry of an attempt that is about to be sent."""
        order = attempt.order
        return Entry(
            id=attempt.id,
            provider=order.provider,
            account=order.account,
            started=attempt.started_at.timestamp(),
            status=SENDING,
            open=True,
            record=self._record(attempt),
            reserved=nano(attempt.reserved),
            idempotency_key=order.idempotency_key,
            digest=digest,
            body=body if self._prompts else None,
        )

    def ended(self, attempt: Attempt, *, unanswered: bool = False) -> Ended:
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
            unanswered=unanswered,
        )

    def seen(self, task: Task) -> Seen:
        """Return the change that a look at a task makes."""
        return Seen(
            account=task.account,
            task_id=task.id,
            status=str(task.state),
            open=not task.state.final,
            task=self._task(task, self._private.get((task.account, task.id))),
            reserved=nano(task.money.usd),
            on_disk=any(asset.path for asset in task.assets),
            complete=all(asset.path for asset in task.assets),
        )

    def _record(self, attempt: Attempt) -> str:
        """Return an attempt as JSON, without its body and its task, which are stored beside it."""
        record = to_json(attrs.evolve(attempt, order=attrs.evolve(attempt.order, body=None), task=None))
        if not self._prompts:
            private = self._secrets(attempt)
            record["error"] = scrubbed(record["error"], private)
            record["order"]["adjustments"] = scrubbed(record["order"]["adjustments"], private)
        return _text(record)

    def _task(self, task: Task, private: Sequence[str] | None) -> str:
        """Return a task as JSON, without the bytes of its result, and without the prompt where none is wanted.

        Where the prompt is no longer known (`private` is None), the provider's words, which may repeat it, are left
        out altogether.
        """
        known = private is not None or self._prompts
        raw = scrubbed(task.raw, private or ()) if known else None
        assets = tuple(asset if asset.data is None else attrs.evolve(asset, data=None) for asset in task.assets)
        stored = to_json(attrs.evolve(task, raw=None, assets=assets)) | {"raw": raw}
        if not self._prompts:
            if stored["failure"] is not None:
                stored["failure"]["message"] = scrubbed(stored["failure"]["message"], private or ()) if known else None
            stored["adjustments"] = scrubbed(stored["adjustments"], private or ()) if known else []
            if task.state.final:
                self._private.pop((task.account, task.id), None)
        return _text(stored)

    def _secrets(self, attempt: Attempt) -> tuple[str, ...]:
        """Return the texts of an attempt that are the user's own, and remember them while its task goes on."""
        if self._prompts:
            return ()
        private = secrets_of(attempt.order.body)
        if attempt.task is not None and not attempt.task.state.final:
            self._private[attempt.task.account, attempt.task.id] = private
        return private


def attempt_of(entry: Entry) -> Attempt:
    """Return the attempt of an entry.

    One that was being sent when its owner died is uncertain; one whose JSON cannot be read is uncertain and says so.
    """
    try:
        attempt = from_json(Attempt, loads(entry.record))
        task = None if entry.task is None else from_json(Task, loads(entry.task))
        body = None if entry.body is None else loads(entry.body)
        attempt = attrs.evolve(attempt, task=task, order=attrs.evolve(attempt.order, body=body))
    except (AnymediaError, ValueError) as error:
        return _unreadable(entry, error)
    if attempt.status == SENDING and not entry.alive:
        return attrs.evolve(attempt, outcome=Outcome.UNCERTAIN, error=LOST)
    return attempt


def _unreadable(entry: Entry, error: Exception) -> Attempt:
    money = Money.unknown("its record cannot be read")
    return Attempt(
        id=str(entry.id),
        order=Order(provider=str(entry.provider), account=str(entry.account), path="", money=money),
        started_at=datetime.fromtimestamp(entry.started, UTC),
        outcome=Outcome.UNCERTAIN,
        error=f"its record cannot be read: {error}",
    )


def nano(usd: Decimal | None) -> int | None:
    """Return an amount in billionths of a USD, rounded up."""
    return None if usd is None else int(EXACT.multiply(usd, NANO).to_integral_value(ROUND_CEILING))


_text = json.JSONEncoder(separators=(",", ":")).encode
"""In ASCII, because a provider's text may hold half of a surrogate pair."""
