"""What a provider accepted, and what became of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import attrs

from .money import EXACT, Money
from .process import Process
from .strict_json import BESIDE, UNWRITTEN, Json
from .vocabulary import AssetRole, Billed, Cause, Kind, Outcome, Refund, State

SENDING, SETTLED = "sending", "settled"
"""The status of an attempt without an outcome yet, and of one whose outcome a person found out."""

STATUSES = (*map(str, State), SENDING, *(str(each) for each in Outcome if each is not Outcome.ACCEPTED), SETTLED)
"""Every status of an attempt."""


@attrs.frozen(kw_only=True)
class Asset:
    """One result: at `url` until `expires_at` (None: nobody says), or in `data`, and at `path` once it is on disk.

    `kind` is the medium: image, video or audio; `role` what it is of the work: the work itself (main), or a cover or
    the last frame beside it. `title` is the provider's, and so is `seconds`, unless the file tells it. `media_type`,
    `width` and `height` (pixels), `length` (bytes) and `sha256` (in hex) are read from the file. `stored` is where it
    lies in a storage, as s3://bucket/key.
    """

    kind: str
    role: AssetRole = "main"
    title: str | None = None
    seconds: float | None = None
    url: str | None = None
    data: bytes | None = attrs.field(default=None, repr=False, metadata={BESIDE: True})
    path: Path | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    length: int | None = None
    sha256: str | None = None
    stored: str | None = None
    expires_at: datetime | None = None

    @property
    def kept(self) -> bool:
        """Whether its file was saved: on disk or in a storage."""
        return self.path is not None or self.stored is not None


@attrs.frozen(kw_only=True)
class Saved(Asset):
    """A result that was saved: `location` is its path, or s3://bucket/key, and what its file is is known."""

    location: str
    media_type: str
    length: int
    sha256: str

    @property
    def asset(self) -> Asset:
        """The result as its task holds it."""
        return Asset(**{field.name: getattr(self, field.name) for field in attrs.fields(Asset)})


@attrs.frozen(kw_only=True)
class SavedFile(Saved):
    """A result that was saved on disk, at `path`."""

    path: Path


@attrs.frozen(kw_only=True)
class Failure:
    """Why a task failed: one word for all providers, and the provider's own; `passing`: it may succeed as it is."""

    cause: Cause
    code: str | None = None
    message: str | None = None
    refund: Refund = Refund.UNKNOWN
    passing: bool = False


@attrs.frozen(kw_only=True)
class Adjustment:
    """A field that was not sent as it was given, and why; `sent` is None when it was left out."""

    field: str
    given: Json
    sent: Json = None
    reason: str


@attrs.frozen(kw_only=True)
class Trouble:
    """Why the latest looks at a task do not tell how it stands: `error` in words, after so many `looks` in a row.

    `answer` is what the last of them was answered (JSON or text), None where no answer came.
    """

    error: str
    looks: int = 1
    answer: Json = attrs.field(default=None, hash=False, repr=False)

    def __str__(self) -> str:
        looks = "the last look" if self.looks == 1 else f"the last {self.looks} looks"
        return f"{looks}: {self.error or 'what it met is not kept'}"


@attrs.frozen(kw_only=True)
class Task:
    """One piece of work that a provider accepted.

    Times are UTC: `submitted_at`, `running_at` (first seen running) and `ended_at` (first seen final) are ours,
    `created_at` and `completed_at` the provider's. `money` is what was quoted until the provider says what it took.
    `raw_state`, `raw` (the last answer) and `request_id` are the provider's own words; `idempotency_key` is the
    caller's own name for the request; `replayed` says that the submit was sent more than once under one replay key.
    `bought_before` says that the call which returned it sent nothing: an earlier one bought it under the same key.
    `told` is what the provider tells of it meanwhile, where it does: progress (0 to 1), position (its place in the
    queue), log (lines of text), seed, and the title and the seconds of the work.
    `variant` is that of its request; `webhook` says that the provider was asked to tell of it by a webhook of ours.
    `lifecycle` names how it goes where that is not the provider's usual way; `path` and `links` say where to look,
    `trouble` is what the latest looks met where they did not tell how it stands.
    """

    id: str
    provider: str
    account: str
    offer: str | None = None
    model: str | None = None
    wire_id: str | None = None
    variant: str | None = None
    lifecycle: str | None = None
    kind: Kind = Kind.IMAGE
    webhook: bool = False
    state: State = State.QUEUED
    raw_state: str | None = None
    assets: tuple[Asset, ...] = ()
    failure: Failure | None = None
    money: Money = attrs.field(factory=Money)
    adjustments: tuple[Adjustment, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    submitted_at: datetime
    running_at: datetime | None = None
    ended_at: datetime | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    path: str
    links: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    request_id: str | None = None
    told: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    idempotency_key: str | None = None
    replayed: bool = False
    bought_before: bool = attrs.field(default=False, eq=False, metadata={BESIDE: True})  # of one call, and no other
    trouble: Trouble | None = None
    raw: Json = attrs.field(default=None, hash=False, repr=False)

    @property
    def works(self) -> tuple[Asset, ...]:
        """The results that are what was bought; of what a raw request buys nobody knows, so each main one is."""
        return tuple(asset for asset in self.assets if self.is_work(asset))

    def is_work(self, asset: Asset) -> bool:
        """Return whether a result is what was bought, and nothing beside it, like a cover."""
        return asset.role == "main" and (self.offer is None or asset.kind == self.kind.medium)

    @property
    def expires_at(self) -> datetime | None:
        """When the first of its results dies that is not kept; None where nobody knows that of one of them."""
        times = [asset.expires_at for asset in self.assets if not asset.kept]
        known = [time for time in times if time is not None]
        return min(known) if known and len(known) == len(times) else None


@attrs.frozen(kw_only=True)
class Order:
    """One task to be bought: what is sent where, and for how much.

    It makes `units` of the request's units (pictures, clips, songs), from number `part` on, and of each as many works
    as `makes` says, like two songs for one price. `money` is the quote; `why` says why this offer was chosen, at
    `chosen_at`; `variant` is that of the request, `lifecycle` names how its task goes where that is not the
    provider's usual way, `webhook` says that the provider is asked to tell of it by a webhook of ours.
    `idempotency_key` is the caller's own name for the request, `batch` that of the batch it is bought in. `texts` are
    the caller's own words, `signatures` are of URLs in its body, with which anybody may fetch them: both are in no
    JSON.
    """

    provider: str
    account: str
    offer: str | None = None
    model: str | None = None
    wire_id: str | None = None
    variant: str | None = None
    lifecycle: str | None = None
    kind: Kind = Kind.IMAGE
    webhook: bool = False
    path: str
    body: Json = attrs.field(default=None, hash=False, repr=False, metadata={BESIDE: True})
    money: Money
    adjustments: tuple[Adjustment, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    idempotency_key: str | None = None
    batch: str | None = None
    part: int = 0
    units: int = 1
    makes: int = 1
    why: str | None = None
    chosen_at: datetime | None = None
    texts: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False, metadata={UNWRITTEN: True})
    signatures: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False, metadata={UNWRITTEN: True})

    @property
    def name(self) -> str:
        """What is ordered: an offer, or a path."""
        return self.offer or f"{self.provider} {self.path.partition('?')[0]}"

    @property
    def range(self) -> range:
        """Which of the request's units it makes."""
        return range(self.part, self.part + self.units)


@attrs.frozen(kw_only=True)
class Attempt:
    """One try to buy an order, and how it ended; `outcome` is None while nobody knows.

    A replay carries `replay_key`, may go to `origin` with the API key of this `fingerprint` alone, and is billed once
    until `replay_until`; None where it cannot be replayed from the journal. `error` is the
    error's text, `cause` the provider's reason in one word, `retry_after` how many seconds it asks to be left alone,
    `answer` what the submit was answered where that is no task (JSON or text); `settled` is what a person found out
    about an uncertain attempt, `dismissed` that nobody waits for its result. `bought_by` is the process that sent it,
    `settled_by` the last one that wrote down what became of it: what it was answered, or what a person found out.
    """

    id: str
    order: Order
    replay_key: str | None = None
    replay_until: datetime | None = None
    origin: str | None = None
    fingerprint: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    sends: int = 0
    outcome: Outcome | None = None
    task: Task | None = attrs.field(default=None, metadata={BESIDE: True})
    error: str | None = None
    cause: Cause | None = None
    retry_after: float | None = None
    answer: Json = attrs.field(default=None, hash=False, repr=False)
    settled: Billed | None = None
    dismissed: bool = False
    bought_by: Process | None = None
    settled_by: Process | None = None

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
            return not self.task.state.final and not self.dismissed
        return self.settled is None and self.may_be_billed

    @property
    def reserved(self) -> Decimal | None:
        """USD that count against a ceiling as it stands: what was, or may have been, billed; None: nobody knows."""
        if self.task is not None:
            return self.task.money.usd
        if self.settled is Billed.NO or not self.may_be_billed:
            return Decimal(0)
        return self.order.money.usd

    @property
    def may_be_billed(self) -> bool:
        """Whether the submit was billed or may have been, by how it ended; unknown counts as may have been."""
        return self.outcome is None or self.outcome.may_be_billed

    @property
    def charged(self) -> Money | None:
        """What the provider said that it took; None where it did not say."""
        return None if self.task is None or self.task.money.got != "settled" else self.task.money

    @property
    def queued(self) -> float | None:
        """Seconds from when the offer was chosen until it was seen running, or was over; None while it still waits."""
        until = self.ended_at if self.task is None else self.task.running_at or self.task.ended_at
        return _seconds(self.order.chosen_at or self.started_at, until)

    @property
    def running(self) -> float | None:
        """Seconds from when it was seen running until it was seen to be over; None before."""
        return None if self.task is None else _seconds(self.task.running_at, self.task.ended_at)

    @property
    def drift(self) -> Decimal | None:
        """By how many USD the bill was above the quote; None where it was not, or where one of them is not known.

        A failed task that was given back, and a call that was free, are no drift.
        """
        billed = None if self.charged is None else self.charged.usd
        if not billed or self.order.money.usd in (None, billed):
            return None
        return EXACT.subtract(billed, self.order.money.usd)

    def without_task(self, other: str) -> "Attempt":
        """Return this attempt, which has a task, as one whose answer named the task of another: its own is not known.

        Both prices stay reserved until somebody finds out.
        """
        task = cast("Task", self.task)
        error = f"{task.account} answered with task {task.id}, which is already the task of attempt {other[:8]}"
        return attrs.evolve(self, outcome=Outcome.ACCEPTED_WITHOUT_ID, task=None, error=error, answer=task.raw)

    def draft(self, task_id: str, submitted_at: datetime | None = None) -> Task:
        """Return the task that this makes, as it stands before anybody has looked."""
        order = self.order
        return Task(
            id=task_id,
            provider=order.provider,
            account=order.account,
            offer=order.offer,
            model=order.model,
            wire_id=order.wire_id,
            variant=order.variant,
            lifecycle=order.lifecycle,
            kind=order.kind,
            webhook=order.webhook,
            money=order.money,
            adjustments=order.adjustments,
            labels=order.labels,
            idempotency_key=order.idempotency_key,
            submitted_at=submitted_at or self.started_at,
            path=order.path,
        )


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else max((until - since).total_seconds(), 0.0)


@attrs.frozen(kw_only=True)
class Result:
    """What a request came to: the assets of all its tasks, and how many of its units are missing.

    `attempts` is every try in the order of the submits, those included that came to nothing; `money` is for `tasks`,
    `reserved` (USD) what all attempts together have cost at most (None: nobody knows).
    """

    tasks: tuple[Task, ...]
    missing: int = 0
    errors: tuple[str, ...] = ()
    money: Money
    attempts: tuple[Attempt, ...] = ()

    @property
    def reserved(self) -> Decimal | None:
        """USD that the request has cost at most."""
        return reserved(self.attempts)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Every asset, in the order of the tasks."""
        return tuple(asset for task in self.tasks for asset in task.assets)

    @property
    def bought_before(self) -> tuple[Task, ...]:
        """The tasks that an earlier call bought under the same idempotency key: this one sent nothing for them."""
        return tuple(task for task in self.tasks if task.bought_before)


def reserved(attempts: Iterable[Attempt]) -> Decimal | None:
    """Return what attempts have cost together, at most, in USD; None where nobody knows of one."""
    total = Decimal(0)
    for attempt in attempts:
        if attempt.reserved is None:
            return None
        total = EXACT.add(total, attempt.reserved)
    return total
