"""What a provider accepted, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import attrs

from .money import EXACT, Money
from .strict_json import Json
from .words import Billed, Cause, Outcome, Refund, State

SENDING, SETTLED = "sending", "settled"
"""What an attempt is called that has no outcome yet, and one whose outcome somebody found out by hand."""


@attrs.frozen(kw_only=True)
class Asset:
    """One result: at `url` until `expires_at` (None: nobody says), or in `data`, and at `path` once it is on disk.

    `kind` is image, video or audio; `media_type`, `width` and `height` (pixels) and `length` (bytes) are read from the
    file.
    """

    kind: str
    url: str | None = None
    data: bytes | None = attrs.field(default=None, repr=False)
    path: Path | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    length: int | None = None
    expires_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Failure:
    """Why a task failed: one word for all providers, and the provider's own words."""

    cause: Cause
    code: str | None = None
    message: str | None = None
    refund: Refund = Refund.UNKNOWN


@attrs.frozen(kw_only=True)
class Adjustment:
    """A field that was not sent as it was given, and why; `sent` is None when it was left out."""

    field: str
    given: Json
    sent: Json = None
    reason: str


@attrs.frozen(kw_only=True)
class Task:
    """One piece of work that a provider accepted.

    Times are UTC: `submitted_at` and `running_at` (first seen running) are ours, `created_at` and `completed_at` the
    provider's. `money` is what was quoted until the provider says what it took. `raw_state`, `raw` (the last answer)
    and `request_id` are the provider's own words; `idempotency_key` was sent with the submit, `replayed` says that it
    was needed. `path` and `links` say where to look.
    """

    id: str
    provider: str
    account: str
    offer: str | None = None
    model: str | None = None
    wire_id: str | None = None
    kind: str = "image"
    state: State = State.QUEUED
    raw_state: str | None = None
    assets: tuple[Asset, ...] = ()
    failure: Failure | None = None
    money: Money = attrs.field(factory=Money)
    adjustments: tuple[Adjustment, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    submitted_at: datetime
    running_at: datetime | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    path: str
    links: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    request_id: str | None = None
    idempotency_key: str | None = None
    replayed: bool = False
    raw: Json = attrs.field(default=None, hash=False, repr=False)


@attrs.frozen(kw_only=True)
class Attempt:
    """One try at one offer: what was to be sent, and how it ended; `outcome` is None while nobody knows.

    `key` is the caller's own, `part` which task of the request it is; `idempotency_key` is what a replay would carry.
    `origin` and `fingerprint` (of the account's key) say where a replay may go. `error` is the error's text; `settled`
    is what somebody found out by hand of an attempt that was uncertain.
    """

    id: str
    provider: str
    account: str
    offer: str | None
    model: str | None
    wire_id: str | None
    kind: str = "image"
    path: str
    body: Json = attrs.field(default=None, hash=False, repr=False)
    money: Money
    adjustments: tuple[Adjustment, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    key: str | None = None
    part: int = 0
    idempotency_key: str | None
    origin: str | None = None
    fingerprint: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    sends: int = 0
    outcome: Outcome | None = None
    task: Task | None = None
    error: str | None = None
    settled: Billed | None = None

    @property
    def status(self) -> str:
        """Where it stands: the task's state, else how its submit ended, `sending` until then, `settled` by hand."""
        if self.task is not None:
            return str(self.task.state)
        if self.settled is not None:
            return SETTLED
        return SENDING if self.outcome is None else str(self.outcome)

    @property
    def open(self) -> bool:
        """Whether something may still become of it: its task goes on, or nobody knows whether there is one."""
        if self.task is not None:
            return not self.task.state.final
        return self.settled is None and self.outcome not in (Outcome.NOT_SENT, Outcome.REFUSED)

    @property
    def drift(self) -> Decimal | None:
        """By how many USD the bill was above the quote; None where it was not, or where one of them is not known.

        A failed task that was given back, and a call that was free, are no drift.
        """
        billed = None if self.task is None or self.task.money.got != "settled" else self.task.money.usd
        if not billed or self.money.usd in (None, billed):
            return None
        return EXACT.subtract(billed, self.money.usd)

    def draft(self, task_id: str) -> Task:
        """Return the task that this makes, as it stands before anybody has looked."""
        return Task(
            id=task_id,
            provider=self.provider,
            account=self.account,
            offer=self.offer,
            model=self.model,
            wire_id=self.wire_id,
            kind=self.kind,
            money=self.money,
            adjustments=self.adjustments,
            labels=self.labels,
            submitted_at=self.started_at,
            path=self.path,
            idempotency_key=self.idempotency_key,
        )


@attrs.frozen(kw_only=True)
class Result:
    """What a request came to: the assets of all its tasks, and how many of `count` are missing."""

    tasks: tuple[Task, ...]
    missing: int = 0
    errors: tuple[str, ...] = ()
    money: Money

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Every asset, in the order of the tasks."""
        return tuple(asset for task in self.tasks for asset in task.assets)
