"""The one step that costs money: a submit is sent at most once, and its answer is never lost.

What is to be sent is in the journal before its first byte, and how it ended before the caller hears of it. Each POST
runs in a task of its own: a caller's cancel or deadline ends the caller's wait, not the POST, whose answer is written
down and told to `on_event` whoever still waits. Only what provably was not billed is tried again; only where the
provider honours an idempotency key is an unanswered submit replayed: the same bytes under the same key.
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import attrs

from . import decode, encode
from .answer import Lost
from .candidates import Candidate
from .config import Account
from .declare import pick
from .encode import Call
from .errors import AnymediaError, JournalError, RateLimited, SubmitUncertain, Unavailable
from .money import Money
from .request import RawRequest
from .session import Session
from .strict_json import Json
from .task import Adjustment, Attempt, Task
from .transport import Progress
from .words import Billed, Outcome


@attrs.frozen(kw_only=True)
class Order:
    """One task to be: what is sent where, and what is known of it beforehand."""

    account: Account
    path: str
    body: Json = attrs.field(hash=False)
    money: Money
    kind: str = "image"
    offer: str | None = None
    model: str | None = None
    wire_id: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    key: str | None = None
    part: int = 0


def orders(candidate: Candidate, key: str | None = None) -> Iterator[Order]:
    """Yield one order for each task that a request takes; `key` is the caller's own."""
    checked = candidate.checked
    for number, (part, money) in enumerate(zip(candidate.parts, candidate.prices, strict=True)):
        yield Order(
            account=candidate.account,
            path=encode.submit_path(checked),
            body=part.body,
            money=money,
            kind=checked.offer.kind,
            offer=candidate.name,
            model=checked.offer.model,
            wire_id=pick(checked.offer.wire_id, checked.mode),
            adjustments=(*checked.adjustments, *part.adjustments),
            labels=checked.request.labels,
            key=key,
            part=number,
        )


def raw_order(request: RawRequest, account: Account, key: str | None = None) -> Order:
    """Return the order for a raw body: nothing is known of it but where it goes."""
    named = request.body.get(account.adapter.submit.model or "")
    return Order(
        account=account,
        path=request.path,
        body=request.body,
        money=Money.unknown("a raw request"),
        kind=request.kind,
        wire_id=named if isinstance(named, str) else None,
        key=key,
    )


def order_of(attempt: Attempt, account: Account) -> Order:
    """Return the order that an attempt was made for."""
    return Order(
        account=account,
        path=attempt.path,
        body=attempt.body,
        money=attempt.money,
        kind=attempt.kind,
        offer=attempt.offer,
        model=attempt.model,
        wire_id=attempt.wire_id,
        adjustments=attempt.adjustments,
        labels=attempt.labels,
        key=attempt.key,
        part=attempt.part,
    )


class Submits:
    """The submits of one client that are under way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._under_way: set[asyncio.Task[Task]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    async def close(self) -> None:
        """Wait for every answer that is still to come."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def place(self, order: Order, deadline: float | None) -> Task:
        """Submit an order and return the accepted task; try again only what provably was not billed.

        `deadline` is on the clock's monotonic time. Errors: ProviderError when it was refused or not sent;
        SubmitUncertain when it may have been billed.
        """
        return await self._session.retried(
            lambda: self._try(order, deadline), Unavailable, RateLimited, deadline=deadline
        )

    async def replay(self, attempt: Attempt, account: Account) -> Task:
        """Send an uncertain attempt again: the same bytes under the same key, at the account that it was sent to.

        Errors: SubmitUncertain when it is as uncertain as before.
        """
        return await self._sent(_Post(order_of(attempt, account), self._session, attempt), None)

    async def _try(self, order: Order, deadline: float | None) -> Task:
        return await self._sent(_Post(order, self._session), deadline)

    async def _sent(self, post: "_Post", deadline: float | None) -> Task:
        under_way = asyncio.create_task(post.send())
        self._under_way.add(under_way)
        under_way.add_done_callback(partial(self._put_away, post))
        left = None if deadline is None else max(deadline - self._session.clock.monotonic(), 0.0)
        try:
            await asyncio.wait({under_way}, timeout=left)
        except asyncio.CancelledError:
            if under_way.done():  # the answer and the cancel came together
                self._leave(under_way)
            elif post.progress.connected:
                raise post.left("the call was cancelled") from None
            under_way.cancel()
            raise
        if under_way.done():
            return under_way.result()
        if post.progress.connected:
            raise post.left("the deadline passed")
        under_way.cancel()
        account = post.order.account.name
        raise Unavailable(f"{account} could not be sent to in time", outcome=Outcome.NOT_SENT, **post.facts)

    def _put_away(self, post: "_Post", under_way: "asyncio.Task[Task]") -> None:
        self._under_way.discard(under_way)
        if post.was_left:
            self._leave(under_way)

    def _leave(self, under_way: "asyncio.Task[Task]") -> None:
        """Keep the task of a submit in sight that nobody waits for; of an error, the journal and on_event know."""
        if not under_way.cancelled() and under_way.exception() is None:
            self._session.detached.append(under_way.result())


class _Post:
    """One submit on its way: the attempt that records it, and how far it has come.

    `again` is an attempt that was sent before, and whose outcome nobody knows.
    """

    def __init__(self, order: Order, session: Session, again: Attempt | None = None) -> None:
        self.order = order
        self.progress = Progress()
        self.was_left = False
        self._session = session
        self._key = str(uuid4()) if order.account.adapter.idempotency is not None else None
        self._sends = 0
        self._uncertain: SubmitUncertain | None = None
        self._attempt = again
        if again is not None:
            self._key, self._sends = again.idempotency_key, max(again.sends, 1)
            self._uncertain = SubmitUncertain(again.error or "nobody knows its outcome", **self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """What every error of this submit says of it."""
        account = self.order.account
        return {"account": account.name, "provider": account.adapter.name, "model": self.order.model}

    def left(self, why: str) -> SubmitUncertain:
        """Return the error for a caller who does not wait for the answer."""
        self.was_left = True
        account = self.order.account.name
        text = f"{why} before {account} answered; the submit may have been billed and is not sent again"
        attempt = None if self._attempt is None else attrs.evolve(self._attempt, sends=self._sends)
        return SubmitUncertain(text, attempt=attempt, **self.facts)

    async def send(self) -> Task:
        """Send the submit, replay it where that is safe, write down how it ended, and return the task."""
        order = self.order
        call = encode.submit(order.account.adapter, order.account.origin, order.path, order.body, self._key)
        async with self._session.transport.gate(order.account):
            attempt = self._attempt or self._intent()
            try:
                if self._attempt is None:
                    # The intent is written once the permit to send is held, last before the bytes.
                    self._attempt = attempt
                    await self._session.begin(attempt, call.body)
                task = await self._until_certain(call, attempt)
            except JournalError:
                raise  # nothing was sent, and nothing is written down
            except AnymediaError as error:
                ended = self._ended(attempt, outcome=error.outcome, error=str(error))
                await self._session.failed(ended)
                if isinstance(error, SubmitUncertain):
                    error.attempt = ended
                raise
            except asyncio.CancelledError:
                # Only what has no connection yet is cancelled.
                if self._uncertain is None:
                    self._session.failed_later(self._ended(attempt, outcome=Outcome.NOT_SENT, error="cancelled"))
                raise
        return await self._accepted(attempt, task)

    async def _accepted(self, attempt: Attempt, task: Task) -> Task:
        """Put a result that came as bytes on disk, write the task down, and return it."""
        fault: JournalError | None = None
        try:
            task = await self._session.kept(task)
        except JournalError as error:
            fault = error
        try:
            await self._session.end(self._ended(attempt, outcome=Outcome.ACCEPTED, task=task))
        except JournalError as error:
            fault = error
        if fault is None:
            return task
        self._session.detached.append(task)
        raise JournalError(
            f"task {task.id} was accepted by {task.account}, and that cannot be written down: {fault}",
            task=task,
            task_id=task.id,
            outcome=Outcome.ACCEPTED,
            billed=Billed.YES,
            **self.facts,
        ) from None

    def _ended(self, attempt: Attempt, **how: Any) -> Attempt:
        return attrs.evolve(attempt, sends=self._sends, ended_at=self._session.clock.now(), **how)

    async def _until_certain(self, call: Call, attempt: Attempt) -> Task:
        idempotency, clock = self.order.account.adapter.idempotency, self._session.clock
        if idempotency is None:
            return await self._once(call, attempt)
        return await self._session.retried(
            lambda: self._once(call, attempt),
            SubmitUncertain,
            deadline=clock.monotonic() + idempotency.window - (clock.now() - attempt.started_at).total_seconds(),
        )

    async def _once(self, call: Call, attempt: Attempt) -> Task:
        self._sends += 1
        try:
            task = await self._exchange(call, attempt)
        except AnymediaError as error:
            if self._uncertain is None:
                if isinstance(error, SubmitUncertain):
                    self._uncertain = error
                raise
            # What a replay is refused for says nothing about the submit that it repeats: only a yes settles that.
            self._uncertain.retry_after = error.retry_after
            raise self._uncertain from None
        return task if self._sends == 1 else attrs.evolve(task, replayed=True)

    async def _exchange(self, call: Call, attempt: Attempt) -> Task:
        asked = self._session.asked(self.order.account, self.order.model)
        try:
            answer = await self._session.transport.send(self.order.account, call, self.progress)
        except Lost as lost:
            raise asked.lost(lost, submit=True) from None
        return decode.submitted(asked, answer, attrs.evolve(attempt.draft(attempt.id), submitted_at=asked.now))

    def _intent(self) -> Attempt:
        order, account = self.order, self.order.account
        return Attempt(
            id=uuid4().hex,
            provider=account.adapter.name,
            account=account.name,
            offer=order.offer,
            model=order.model,
            wire_id=order.wire_id,
            kind=order.kind,
            path=order.path,
            body=order.body,
            money=order.money,
            adjustments=order.adjustments,
            labels=order.labels,
            key=order.key,
            part=order.part,
            idempotency_key=self._key,
            origin=account.origin,
            fingerprint=self._session.fingerprint(account),
            started_at=self._session.clock.now(),
        )
