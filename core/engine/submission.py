"""One order on its way to its account: sent at most once, written down before and after, and never lost.

Each submission runs in a task of its own. A cancel or a deadline ends the caller's wait, not the POST: its answer is
written down, and told to `on_event`, whoever still waits. Where the provider honours a replay key, an unanswered POST
is sent again under it: the same bytes, within the declared window.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, cast
from uuid import uuid4

import attrs

from anymedia.account import Account
from anymedia.journal.ledger import Claimed
from anymedia.limits.ceiling import Reservation, unbound
from anymedia.limits.permits import Permit
from anymedia.model.errors import (
    AnymediaError,
    BadApiKey,
    ConfigError,
    JournalError,
    OverCeiling,
    ProviderError,
    SubmitUncertain,
)
from anymedia.model.money import dollars
from anymedia.model.process import this_process
from anymedia.model.slots import kept_of, slots
from anymedia.model.strict_json import Json, dumps
from anymedia.model.task import Attempt, Order, Task
from anymedia.model.urls import signatures, unsigned
from anymedia.model.vocabulary import Billed, Outcome
from anymedia.observe.events import Sent
from anymedia.translate import callback, decode, encode
from anymedia.translate.messages import Answer, Call, Lost, Progress, always
from anymedia.transport.auth import NONE, Credentials

from .rules import cooldown
from .session import Session
from .uploads import Uploads


class Submission:
    """One order on its way: its attempt as the journal has it, and how far it has come.

    `reservation` holds its price under the caller's ceiling, `claim` the caller's idempotency key. `any_price` lets a
    price that nobody knows pass a daily limit. `again` is an attempt of unknown outcome that is to be replayed. `name`
    is the id that its attempt gets; None: a new one.
    """

    def __init__(
        self,
        order: Order,
        account: Account,
        session: Session,
        *,
        reservation: Reservation,
        claim: Claimed | None = None,
        any_price: bool = False,
        again: Attempt | None = None,
        name: str | None = None,
        stands: Callable[[], bool] = always,
    ) -> None:
        self.order: Order = order
        self.account: Account = account
        self.reservation: Reservation = reservation
        self.progress: Progress = Progress()
        self.attempt: Attempt | None = again
        self.id: str = name or uuid4().hex
        self.claim: Claimed | None = claim
        self.any_price: bool = any_price
        self.abandoned: bool = False
        self.cancelled: bool = False
        self._session = session
        self._stands = stands
        self._body: Json = order.body
        # A body that holds a file is not kept, and so is sent once.
        self._idempotency = None if any(slot.way.inline for slot in slots(order.body)) else account.adapter.idempotency
        self._sends = 0 if again is None else max(again.sends, 1)
        self._tries = 0
        self._sent_at = -math.inf
        # The wall clock may be set back meanwhile, and a replay key is good for a time from now on.
        self._began = session.clock.monotonic() - (0.0 if again is None else session.age(again))
        self._task: Task | None = None
        self._error: AnymediaError | None = None
        self._is_replay = again is not None
        self._replay_key = str(uuid4()) if self._idempotency is not None else None
        self._credentials: Credentials = NONE
        if again is not None:
            self._replay_key = again.replay_key
            self._error = SubmitUncertain(again.error or "nobody knows its outcome", **self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """What every error of this submit says of it."""
        return {
            "account": self.account.name,
            "provider": self.account.adapter.name,
            "model": self.order.model,
        }

    @property
    def is_uncertain(self) -> bool:
        """Whether it may have been billed as it stands, without an answer."""
        return self.progress.connected or isinstance(self._error, SubmitUncertain)

    @property
    def longest(self) -> float:
        """How many seconds its answer is waited for at most, from now, with every replay that may follow."""
        last = self._sent_at
        if self._idempotency is not None and self.attempt is not None:
            last = self._replay_until()
        until = last + (self.account.adapter.life(self.order.lifecycle).submit.timeout or self.account.timeout)
        until += self._call.sending if self._sends else 0.0
        return max(until - self._session.clock.monotonic(), 0.0)

    def left(self, why: str) -> SubmitUncertain:
        """Return the error for a caller who no longer waits for the answer."""
        self.abandoned = True
        attempt = None if self.attempt is None else attrs.evolve(self.attempt, sends=self._sends)
        until = None if attempt is None else self._session.replay_until(attempt)
        text = f"{why} before {self.account.name} answered"
        return SubmitUncertain(text, attempt=attempt, replay_until=until, **self.facts)

    def permit(self, owner: object) -> Permit:
        """Return the permit to send it; a replay is sent whatever the account's health."""
        name, minds = self.id if self.attempt is None else self.attempt.id, not self._is_replay
        return self._session.permits.submit(self.account, owner, name, minds=minds)

    # Placed before it is recorded

    async def place(self, uploads: Uploads) -> None:
        """Put the files of its body where the provider finds them.

        Errors, after which nothing may be sent: OutOfBounds for a file that is not what it was, ProviderError where it
        cannot be placed.
        """
        self._body = await uploads.filled(self.account, self.order.body, self.order.model)
        kept, signed = kept_of(self.order.body, self._body), tuple(signatures(self._body))
        if signed and self._idempotency is None:
            kept = unsigned(kept)
        if signed or kept is not self.order.body:
            self.order = attrs.evolve(self.order, body=kept, signatures=signed)

    # Recorded before and after

    def recorded(self, permit: Permit) -> "_Recorded":
        """Return the block at whose begin the intent is recorded, and at whose end the outcome, however it ends.

        Errors: the submit's own; JournalError and OverCeiling before anything was sent, and JournalError with the task
        when it was accepted and that cannot be written down.
        """
        return _Recorded(partial(self._begin, permit), partial(self._end, permit))

    async def _begin(self, permit: Permit) -> None:
        if self.attempt is None:
            await self._add_token()
        try:
            self._credentials = await self._session.tokens.credentials(self.account, self._call)
        except ProviderError as error:
            error.outcome, error.billed, error.permanent = Outcome.NOT_SENT, Billed.NO, True
            raise
        if self.attempt is not None:
            self.progress.stands = await self._session.lease()
        else:
            try:
                await self._intend()
            except (asyncio.CancelledError, JournalError) as error:
                if not isinstance(error, JournalError) or error.lapsed:  # the intent may be written down all the same
                    self._broke_off(permit, error)
                raise

    async def _end(self, permit: Permit, error: BaseException | None) -> None:
        if error is not None:
            # A caller's cancel comes here only before there is a connection; the end of an event loop, or a fault of
            # ours, may come later, and then nobody knows.
            self._broke_off(permit, error)
        elif self._error is None:
            ended = self._ended(permit, Outcome.ACCEPTED, task=self._task)
            permit.answered()  # a failed submit keeps its permit until the buyer knows: it may stop the parts that wait
            await self._accepted(ended)
        else:
            await self._failed(permit, self._error)

    def _broke_off(self, permit: Permit, error: BaseException) -> None:
        """Record how a submit ends that is broken off, without waiting for the disk."""
        cancel = "the wait for the answer was interrupted" if self.is_uncertain else "the call was cancelled"
        told = error.message if isinstance(error, JournalError) else repr(error)
        why = cancel if isinstance(error, asyncio.CancelledError) else told
        outcome = Outcome.UNCERTAIN if self.is_uncertain else Outcome.NOT_SENT
        self._session.failed_later(self._ended(permit, outcome, error=why))

    async def _intend(self) -> None:
        """Write the intent down: the last step before the bytes. Errors: JournalError, OverCeiling, ConfigError."""
        limit, self._began = self._daily_limit(), self._session.clock.monotonic()
        now = self._session.clock.now()
        self.attempt = Attempt(
            id=self.id,
            order=self.order,
            replay_key=self._replay_key,
            replay_until=self._replayed_until(now),
            origin=self.account.origin,
            fingerprint=self._session.fingerprint(self.account),
            started_at=now,
            bought_by=this_process(),
        )
        self._session.begun(self.attempt)
        try:
            stands = await self._session.begin(self.attempt, self._kept, limit, self.claim)
            self.progress.stands = lambda: stands() and self._stands()
        except OverCeiling as error:
            self._session.health.over_limit(self.account, error.message)
            raise

    def _replayed_until(self, now: datetime) -> datetime | None:
        """Return until when it can be sent again from the journal; None where it cannot be."""
        ledger = self._session.ledger
        if self._idempotency is None or ledger is None or not ledger.prompts:
            return None
        return now + timedelta(seconds=self._idempotency.window)

    async def _add_token(self) -> None:
        """Put the attempt's own token into our callback, where the order names it. Errors: JournalError."""
        ledger, ours = self._session.ledger, self.account.callback
        if ledger is not None and ours is not None and callback.asks(self.order, ours):
            token = await ledger.token(self.id)
            is_whole = self._body is self.order.body
            self.order = callback.told(self.order, ours, token)
            url = callback.with_token(ours, token)
            self._body = self.order.body if is_whole else callback.exchanged(self._body, ours, url)

    @property
    def _kept(self) -> bytes | None:
        """What of its body is written down, as JSON: the digests of files, and never their bytes."""
        body, sent = self.order.body, self._call.body
        return sent if isinstance(sent, bytes) and self._call.json is body else None if body is None else dumps(body)

    def _daily_limit(self) -> Decimal | None:
        """Return the USD that the account may cost a day.

        Errors: ConfigError without a journal to hold it against, OverCeiling for a price that cannot be held.
        """
        limit, name = self.account.daily_limit, self.account.name
        if limit is not None and self._session.ledger is None:
            message = f"{name} has a daily_limit, and the journal, which it is held against, is switched off"
            raise ConfigError(message, **self.facts)
        if limit is not None and self.order.money.bound is None and not self.any_price:
            raise OverCeiling(
                f"{name} may spend {dollars(limit)} a day, and {unbound('the price of this', self.order.money, limit)}",
                **self.facts,
            )
        return limit

    async def _failed(self, permit: Permit, error: AnymediaError) -> None:
        """Write down how a submit failed, and raise its error; where a webhook has named its task, it was accepted."""
        cause = error.cause if isinstance(error, ProviderError) else None
        facts = {"error": error.message, "cause": cause, "retry_after": error.retry_after, "answer": error.body}
        attempt = self._as_ended(error.outcome, **facts)
        try:
            attempt = await self._session.failed(attempt)
        finally:
            self._counted(permit, attempt)
        if attempt.task is None:
            error.attempt = attempt
            if isinstance(error, SubmitUncertain):
                error.replay_until = self._session.replay_until(attempt)
            raise error
        permit.answered()

    async def _accepted(self, ended: Attempt) -> None:
        """Keep a result that came as bytes, and write the task down. Errors: JournalError with the task."""
        fault: JournalError | None = None
        try:
            task = await self._session.kept(task_of(ended))
            if task is not ended.task:
                ended = attrs.evolve(ended, task=task)
        except JournalError as error:
            fault = error
        self.attempt = answered = ended
        try:
            ended = self.attempt = await self._session.end(ended)
        except JournalError as error:
            fault = error
        if ended.task is None:  # it is another attempt's
            said = {"outcome": ended.outcome, "billed": Billed.LIKELY, "body": ended.answer, "attempt": ended}
            raise SubmitUncertain(str(ended.error), **said, **self.facts)
        if fault is not None:
            raise self._unwritten(ended, fault)
        if ended is not answered:  # a webhook was faster, and its task may be over
            self._session.permits.found(ended)

    def _unwritten(self, ended: Attempt, fault: JournalError) -> JournalError:
        """Return the error for a task that was accepted, and that the journal does not know."""
        task = task_of(ended)
        self._session.detached.append(task)
        return JournalError(
            f"task {task.id} was accepted by {task.account}, and that cannot be written down: {fault}",
            task=task,
            task_id=task.id,
            attempt=ended,
            outcome=Outcome.ACCEPTED,
            billed=Billed.YES,
            **self.facts,
        )

    def _ended(self, permit: Permit, outcome: Outcome | None, **how: Any) -> Attempt:
        """Return the attempt as it ended, once the account's limits and health know of it."""
        ended = self._as_ended(outcome, **how)
        self._counted(permit, ended)
        return ended

    def _as_ended(self, outcome: Outcome | None, **how: Any) -> Attempt:
        how |= {"sends": self._sends, "ended_at": self._session.clock.now(), "settled_by": this_process()}
        return attrs.evolve(self.recorded_attempt, outcome=outcome, **how)

    def _counted(self, permit: Permit, ended: Attempt) -> None:
        """Let the account's limits and health know how the attempt ended."""
        self.attempt = ended
        permit.keep(ended)
        self._session.health.note(self.account, ended, cooldown(ended), self._began)

    # Sent

    async def send(self, permit: Permit) -> Answer | Lost | None:
        """Send the order and return what comes back; None when it is not to be sent, or not once more.

        It is sent again, under the replay key, while nobody knows what became of it: `classify` is given each answer
        before the next is asked for.
        """
        clock, until = self._session.clock, self._replay_until()
        self._tries += 1
        if self._tries == 1 and not (self._is_replay and clock.monotonic() > until):
            return await self._send(permit)
        if await self._has_new_token():
            await permit.wait()
            return await self._send(permit)
        if not isinstance(self._error, SubmitUncertain) or self._idempotency is None:
            return None
        pause = self._session.patience.pause(max(self._tries - 1, 1), self._error, clock, until)
        if pause is None:
            return None
        await clock.sleep(pause)
        await permit.wait()
        if clock.monotonic() > until:
            return None  # the permit came too late for the key
        return await self._send(permit)

    async def _has_new_token(self) -> bool:
        """Return whether the answer was a no to a token, in place of which there is another now: once."""
        is_no = isinstance(self._error, BadApiKey) and self._error.outcome is Outcome.REFUSED
        if not is_no or self._tries > 2 or not self._session.tokens.forget(self.account, self._credentials):
            return False
        try:
            self._credentials = await self._session.tokens.credentials(self.account, self._call)
        except ProviderError:
            return False
        self.progress.connected = False  # nothing is under way, and nothing was bought
        return True

    def _replay_until(self) -> float:
        """Return until when a replay is safe, on the monotonic clock."""
        idempotency = self._idempotency
        return math.inf if idempotency is None else self._began + idempotency.window

    async def _send(self, permit: Permit) -> Answer | Lost:
        self._sends += 1
        if self._sends > 1:
            self._session.tell(Sent(self.recorded_attempt, again=True))
        self._sent_at = self._session.clock.monotonic()
        try:
            sent, name = self._session.send, self.recorded_attempt.id
            return await sent(self.account, self._call, self.progress, self._credentials, name)
        except Lost as lost:
            self._sends -= lost.lapsed
            return lost
        finally:
            if self.progress.connected:
                permit.sent()

    @cached_property
    def _call(self) -> Call:
        order, account = self.order, self.account
        return encode.submit(account, order.lifecycle, order.path, self._body, self._replay_key)

    # Classified

    def classify(self, answer: Answer | Lost) -> None:
        """Take note of what an answer means: a task that was accepted, or the error of one outcome."""
        asked = self._session.asked(self.account, self.order.model)
        try:
            if isinstance(answer, Lost):
                raise self._lapsed() if answer.lapsed else asked.lost(answer, submit=True)
            draft = self.recorded_attempt.draft(self.recorded_attempt.id, asked.now)
            task = decode.submitted(asked, answer, draft)
        except AnymediaError as error:
            self._took(error)
        else:
            self._task = attrs.evolve(task, replayed=True) if isinstance(self._error, SubmitUncertain) else task
            self._error = None

    def _lapsed(self) -> JournalError:
        """Return the error for what was not sent, as another process may take it for lost by now."""
        name = self.account.name
        why = f"this process was not heard of in the journal for too long; nothing was sent to {name}, submit it again"
        return JournalError(why, lapsed=True, **self.facts)

    def _took(self, error: AnymediaError) -> None:
        if isinstance(self._error, SubmitUncertain):
            # What a replay is refused for says nothing about the submit that it repeats: only a yes settles that.
            self._error.retry_after = error.retry_after
            self._error.body = self._error.body if error.body is None else error.body
        else:
            self._error = error

    @property
    def recorded_attempt(self) -> Attempt:
        """The attempt, once its intent is recorded: before anything is sent."""
        return cast("Attempt", self.attempt)


class _Recorded:
    """A block with a step before it, and one after it that is told how it ended."""

    def __init__(
        self, begin: Callable[[], Awaitable[None]], end: Callable[[BaseException | None], Awaitable[None]]
    ) -> None:
        self._begin = begin
        self._end = end

    async def __aenter__(self) -> None:
        await self._begin()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._end(error)


def task_of(attempt: Attempt) -> Task:
    """Return the task of an attempt that was accepted."""
    return cast("Task", attempt.task)
