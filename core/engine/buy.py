"""The one step that costs money: a submit is sent at most once, and its answer is never lost.

What is to be sent is in the journal before its first byte, and how it ended before the caller hears of it. Each POST
runs in a task of its own: a caller's cancel or deadline ends the caller's wait, not the POST, whose answer is written
down and told to `on_event` whoever still waits. Only what provably was not billed is tried again; only where the
provider honours an idempotency key is an unanswered submit replayed: the same bytes under the same key.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, cast
from uuid import uuid4

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import pick
from anymedia.limits.permits import Permit
from anymedia.model.errors import (
    NOT_AGAIN,
    AnymediaError,
    ConfigError,
    JournalError,
    OverCeiling,
    ProviderError,
    RateLimited,
    SubmitUncertain,
    Unavailable,
)
from anymedia.model.money import Money
from anymedia.model.options import Options
from anymedia.model.request import RawRequest
from anymedia.model.task import Attempt, Order, Task
from anymedia.model.vocabulary import Billed, Outcome
from anymedia.pricing.offers import Candidate
from anymedia.translate import decode, encode
from anymedia.translate.messages import Call, Lost
from anymedia.transport.http import Progress

from .rules import cooldown
from .session import Session


def orders(candidate: Candidate, terms: Options) -> Iterator[Order]:
    """Yield one order for each task that a request takes."""
    checked = candidate.checked
    for part, money in zip(candidate.parts, candidate.prices, strict=True):
        yield Order(
            provider=candidate.account.adapter.name,
            account=candidate.account.name,
            path=encode.submit_path(checked),
            body=part.body,
            money=money,
            kind=checked.offer.kind,
            offer=candidate.name,
            model=checked.offer.model,
            wire_id=pick(checked.offer.wire_id, checked.mode),
            adjustments=(*checked.adjustments, *part.adjustments),
            labels=checked.request.labels,
            idempotency_key=terms.idempotency_key,
            part=part.first,
            units=part.count,
        )


def raw_order(request: RawRequest, account: Account, terms: Options) -> Order:
    """Return the order for a raw body: nothing is known of it but where it goes."""
    named = request.body.get(account.adapter.submit.model or "")
    return Order(
        provider=account.adapter.name,
        account=account.name,
        path=request.path,
        body=request.body,
        money=Money.unknown("a raw request"),
        kind=request.kind,
        wire_id=named if isinstance(named, str) else None,
        idempotency_key=terms.idempotency_key,
    )


class Submits:
    """The submits of one client that are under way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._under_way: set[asyncio.Task[Attempt]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    async def close(self) -> None:
        """Wait for every answer that is still to come; a cancel ends the wait, and not the submits."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def place(self, order: Order, account: Account, deadline: float | None, *, any_price: bool) -> Task:
        """Submit an order and return the accepted task; try again only what provably was not billed.

        `deadline` is on the clock's monotonic time. Errors: ProviderError when it was refused or not sent;
        SubmitUncertain when it may have been billed.
        """
        ended = await self._session.retried(
            lambda: self.once(order, account, deadline, any_price=any_price),
            Unavailable,
            RateLimited,
            deadline=deadline,
        )
        return task_of(ended)

    async def once(
        self,
        order: Order,
        account: Account,
        deadline: float | None,
        admit: Callable[[], bool] | None = None,
        owner: object = None,
        *,
        any_price: bool = False,
    ) -> Attempt:
        """Submit an order once and return the attempt with the accepted task.

        Owners of orders take turns where they have to wait. `admit` is asked last, when the permit to send is held: it
        says whether this submit is an account's trial, or raises, and nothing is sent. Errors: as place; each has its
        `attempt`, if there was one.
        """
        post = _Post(order, account, self._session, admit=admit, owner=owner, any_price=any_price)
        return await self._sent(post, deadline)

    async def replay(self, attempt: Attempt, account: Account, deadline: float | None = None) -> Task:
        """Send an uncertain attempt again: the same bytes under the same key, at the account that it was sent to.

        Errors: SubmitUncertain when it is as uncertain as before.
        """
        return task_of(await self._sent(_Post(attempt.order, account, self._session, again=attempt), deadline))

    async def _sent(self, post: "_Post", deadline: float | None) -> Attempt:
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
        account = post.account.name
        raise Unavailable(f"{account} could not be sent to in time", outcome=Outcome.NOT_SENT, **post.facts)

    def _put_away(self, post: "_Post", under_way: "asyncio.Task[Attempt]") -> None:
        self._under_way.discard(under_way)
        if post.was_left:
            self._leave(under_way)

    def _leave(self, under_way: "asyncio.Task[Attempt]") -> None:
        """Keep the task of a submit in sight that nobody waits for; of an error, the journal and on_event know."""
        if not under_way.cancelled() and under_way.exception() is None:
            self._session.detached.append(task_of(under_way.result()))


class _Post:
    """One submit on its way: the attempt that records it, and how far it has come.

    `again` is an attempt that was sent before, and whose outcome nobody knows.
    """

    def __init__(
        self,
        order: Order,
        account: Account,
        session: Session,
        *,
        admit: Callable[[], bool] | None = None,
        owner: object = None,
        any_price: bool = False,
        again: Attempt | None = None,
    ) -> None:
        self.order = order
        self.account = account
        self._any_price = any_price
        self.progress = Progress()
        self.was_left = False
        self._session = session
        self._admit = admit
        self._owner = owner
        self._key = str(uuid4()) if account.adapter.idempotency is not None else None
        self._sends = 0
        self._until = math.inf
        self._uncertain: SubmitUncertain | None = None
        self._attempt = again
        if again is not None:
            self._key, self._sends = again.replay_key, max(again.sends, 1)
            self._uncertain = SubmitUncertain(again.error or "nobody knows its outcome", **self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """What every error of this submit says of it."""
        account = self.account
        return {"account": account.name, "provider": account.adapter.name, "model": self.order.model}

    def left(self, why: str) -> SubmitUncertain:
        """Return the error for a caller who does not wait for the answer."""
        self.was_left = True
        account = self.account.name
        text = f"{why} before {account} answered; {NOT_AGAIN}"
        attempt = None if self._attempt is None else attrs.evolve(self._attempt, sends=self._sends)
        return SubmitUncertain(text, attempt=attempt, **self.facts)

    async def send(self) -> Attempt:
        """Send the submit, replay it where that is safe, write down how it ended, and return it with its task."""
        order, account, health = self.order, self.account, self._session.health
        self._session.in_its_loop()
        call = encode.submit(account.adapter, account.origin, order.path, order.body, self._key)
        async with self._session.permits.submit(account, self._owner) as permit:
            trial = False
            try:
                trial = self._admit is not None and self._admit()
                ended = await self._answered(call, permit)
            finally:
                if trial:
                    health.over(account)
                if not self.progress.connected:
                    permit.unsent()
        return await self._accepted(ended)

    async def _answered(self, call: Call, permit: Permit) -> Attempt:
        """Write the intent down, send the submit, and return how it ended: well."""
        attempt, limit = self._attempt or self._intent(), self._limit()
        try:
            if self._attempt is None:
                # The intent is written once the permit to send is held, last before the bytes.
                self._attempt = attempt
                await self._session.begin(attempt, call.body, limit)
            task = await self._until_certain(call, attempt, permit)
        except (JournalError, OverCeiling):
            raise  # nothing was sent, and nothing is written down
        except AnymediaError as error:
            cause = error.cause if isinstance(error, ProviderError) else None
            facts = {"error": str(error), "cause": cause, "retry_after": error.retry_after}
            error.attempt = self._ended(attempt, permit, outcome=error.outcome, **facts)
            await self._session.failed(error.attempt)
            raise
        except BaseException as error:
            # A caller's cancel comes here only before there is a connection; the end of an event loop, or a fault of
            # ours, may come later, and then nobody knows.
            if self._uncertain is None:
                outcome = Outcome.UNCERTAIN if self.progress.connected else Outcome.NOT_SENT
                why = "cancelled" if isinstance(error, asyncio.CancelledError) else repr(error)
                self._session.failed_later(self._ended(attempt, permit, outcome=outcome, error=why))
            raise
        return self._ended(attempt, permit, outcome=Outcome.ACCEPTED, task=task)

    def _limit(self) -> Decimal | None:
        """Return the USD of the account's day.

        Errors: ConfigError without a journal to hold it against, OverCeiling for a price that cannot be held.
        """
        limit, order = self.account.daily_limit, self.order
        if limit is not None and self._session.ledger is None:
            name = self.account.name
            message = f"{name} has a daily_limit, and the journal, which it is held against, is switched off"
            raise ConfigError(message, **self.facts)
        if limit is not None and order.money.usd is None and not self._any_price:
            raise OverCeiling(
                f"{self.account.name} may spend {limit} USD a day, and the price of this is unknown "
                f"({order.money.reason}); allow_unknown_price=True takes it all the same",
                **self.facts,
            )
        return limit

    async def _accepted(self, ended: Attempt) -> Attempt:
        """Put a result that came as bytes on disk, write the task down, and return the attempt with it."""
        fault: JournalError | None = None
        task = task_of(ended)
        try:
            task = await self._session.kept(task)
        except JournalError as error:
            fault = error
        ended = attrs.evolve(ended, task=task)
        try:
            await self._session.end(ended)
        except JournalError as error:
            fault = error
        if fault is None:
            return ended
        self._session.detached.append(task)
        raise JournalError(
            f"task {task.id} was accepted by {task.account}, and that cannot be written down: {fault}",
            task=task,
            task_id=task.id,
            attempt=ended,
            outcome=Outcome.ACCEPTED,
            billed=Billed.YES,
            **self.facts,
        ) from None

    def _ended(self, attempt: Attempt, permit: Permit, **how: Any) -> Attempt:
        """Return how the submit ended, once the permit and the account's health know of it."""
        ended = attrs.evolve(attempt, sends=self._sends, ended_at=self._session.clock.now(), **how)
        if ended.may_be_billed:
            permit.keep(ended.task)
        self._session.health.note(self.account, ended, cooldown(ended))
        return ended

    async def _until_certain(self, call: Call, attempt: Attempt, permit: Permit) -> Task:
        idempotency, clock = self.account.adapter.idempotency, self._session.clock
        if idempotency is None:
            return await self._once(call, attempt)
        age = (clock.now() - attempt.started_at).total_seconds()
        self._until = clock.monotonic() + idempotency.window - age
        first = True

        async def once() -> Task:
            nonlocal first
            if not first:
                await permit.wait()
            first = False
            return await self._once(call, attempt)

        return await self._session.retried(once, SubmitUncertain, deadline=self._until)

    async def _once(self, call: Call, attempt: Attempt) -> Task:
        if self._uncertain is not None and self._session.clock.monotonic() > self._until:
            raise self._uncertain  # the permit came too late for the key
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
        asked = self._session.asked(self.account, self.order.model)
        try:
            answer = await self._session.transport.send(self.account, call, self.progress)
        except Lost as lost:
            raise asked.lost(lost, submit=True) from None
        return decode.submitted(asked, answer, attrs.evolve(attempt.draft(attempt.id), submitted_at=asked.now))

    def _intent(self) -> Attempt:
        return Attempt(
            id=uuid4().hex,
            order=self.order,
            replay_key=self._key,
            origin=self.account.origin,
            fingerprint=self._session.fingerprint(self.account),
            started_at=self._session.clock.now(),
        )


def task_of(attempt: Attempt) -> Task:
    """Return the task of an attempt that was accepted."""
    return cast("Task", attempt.task)
