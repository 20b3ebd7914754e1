"""Idempotency keys: what a caller buys under one is bought once, by whichever process and however often."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import attrs

from anymedia.clock import left
from anymedia.journal.away import say
from anymedia.journal.ledger import Claimed, Ledger
from anymedia.model.codec import to_comparable_json
from anymedia.model.errors import ConfigError, DeadlineExceeded, JournalError, OutOfBounds, Problem, SubmitUncertain
from anymedia.model.media import Media, Unreadable
from anymedia.model.request import AnyRequest, Request, unreadable
from anymedia.model.strict_json import Json
from anymedia.model.task import Attempt, Task
from anymedia.model.urls import unsigned
from anymedia.model.vocabulary import Billed

from .accepted import Accepted
from .session import Session

LONGEST = 256
"""Characters of an idempotency key at most."""

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
"""Seconds between two looks at whether another call has released an idempotency key."""


_log = logging.getLogger("anymedia")


class IdempotencyKeys:
    """The idempotency keys of one client's callers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._locks: dict[str, asyncio.Lock] = {}

    def held(
        self, key: str | None, request: AnyRequest, deadline: float
    ) -> AbstractAsyncContextManager[Claimed | None]:
        """Claim an idempotency key while a request is bought under it; yield the claim, with what it bought before.

        Without a key nothing is claimed, and None is yielded. Errors: OutOfBounds for a key that another request was
        bought under, ConfigError without a journal; DeadlineExceeded when another call holds it for too long, or
        JournalError, both with `billed` unknown: what was bought under the key is not known.
        """
        return nullcontext() if key is None else self._held(key, request, deadline)

    @asynccontextmanager
    async def _held(self, key: str, request: AnyRequest, deadline: float) -> AsyncIterator[Claimed]:
        ledger = self._ledger(key)
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with self._turn(lock, key, deadline):
                claimed = await self._claimed(ledger, key, await compared(request), deadline)
                try:
                    with _after(claimed.bought):
                        yield claimed
                finally:
                    await self._release(ledger, claimed)
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    @asynccontextmanager
    async def _turn(self, lock: asyncio.Lock, key: str, deadline: float) -> AsyncIterator[None]:
        """Lock a key among the calls of this client. Errors: DeadlineExceeded."""
        try:
            async with asyncio.timeout(left(self._session.clock, deadline)):
                await lock.acquire()
        except TimeoutError:
            raise _too_late(key) from None
        try:
            yield
        finally:
            lock.release()

    def _ledger(self, key: str) -> Ledger:
        if (fault := fault_of_name(key, LONGEST)) is not None:
            raise OutOfBounds(problems=[Problem(field="idempotency_key", message=fault)])
        if self._session.ledger is None:
            raise ConfigError(
                "an idempotency key needs the journal, which is switched off (ANYMEDIA_JOURNAL, or [journal] enabled)"
            )
        return self._session.ledger

    async def _claimed(self, ledger: Ledger, key: str, request: Json, deadline: float) -> Claimed:
        """Wait until no other call holds a key, and claim it."""
        clock, pause, why = self._session.clock, FIRST_PAUSE, None
        while True:
            try:
                async with asyncio.timeout(left(clock, deadline)):
                    await self._session.catch_up()
                    claimed = await ledger.claim(key, request)
                    why = await _told(ledger, why) if claimed is None else None
            except TimeoutError:
                raise _not_known(f"the journal did not answer in time about the idempotency key {key!r}") from None
            except JournalError as error:
                error.billed = Billed.UNKNOWN  # an earlier call may have bought it
                raise
            if claimed is not None:
                return claimed
            if clock.monotonic() + pause > deadline:
                raise _too_late(key) if why is None else _not_known(why)
            await clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _release(self, ledger: Ledger, claimed: Claimed) -> None:
        """Let a key go; where that cannot be written, this client's next call claims it anew."""
        try:
            await ledger.release(claimed)
        except JournalError as error:  # what was bought is what counts
            say(error, "the idempotency key %r is not released", claimed.claim.key)


async def _told(ledger: Ledger, told: str | None) -> str | None:
    """Return why no key can be claimed, where an import is why, and log it unless that was `told`."""
    why = await ledger.importing()
    if why not in (None, told):
        _log.warning("%s", why)
    return why


def fault_of_name(name: object, longest: int) -> str | None:
    """Return what is wrong with a name that a caller gives; None where it is one."""
    if isinstance(name, str) and 0 < len(name) <= longest and name.isprintable():
        return None
    return f"must be 1 to {longest} printable characters, not {str(name)[:60]!r}"


def _too_late(key: str) -> DeadlineExceeded:
    return _not_known(f"another call is buying under the idempotency key {key!r}, and may be billed")


def _not_known(why: str) -> DeadlineExceeded:
    """Return the error for a call that has sent nothing, and does not know what others buy under its key."""
    return DeadlineExceeded(f"{why}; this call has sent nothing: ask again under the same key", billed=Billed.UNKNOWN)


def _after(bought: Iterable[Attempt]) -> AbstractContextManager[None]:
    """Let every error say that something was bought before, where a task was."""
    task = next((attempt.task for attempt in bought if attempt.task is not None), None)
    return nullcontext() if task is None else Accepted(task)


def latest(attempts: Iterable[Attempt]) -> Mapping[int, Attempt]:
    """Return the last attempt at each part of a request, by its first unit."""
    return {attempt.order.part: attempt for attempt in attempts}


def before(attempt: Attempt, session: Session) -> Task:
    """Return the task that an earlier call bought, marked so, and log it. Errors: as `bought`."""
    task = attrs.evolve(bought(attempt, session), bought_before=True)
    _log.info("%s under the idempotency key %r; nothing is sent", bought_so(task), attempt.order.idempotency_key)
    return task


def bought_so(task: Task) -> str:
    """Return when a task was bought, for how much and where, in words."""
    return f"already bought on {task.submitted_at:%Y-%m-%d %H:%M} UTC for {task.money} at {task.account}"


def bought(attempt: Attempt, session: Session) -> Task:
    """Return the task that an earlier attempt bought. Errors: SubmitUncertain when nobody knows of one."""
    if attempt.task is not None:
        return attempt.task
    key = f"the idempotency key {attempt.order.idempotency_key!r}"
    known = f"attempt {attempt.id[:8]} under {key} at {attempt.order.account}"
    ended = "was found to be billed, and its task is not known" if attempt.settled else f"is {attempt.status}"
    raise SubmitUncertain(
        f"{known} {ended}",
        attempt=attempt,
        replay_until=session.replay_until(attempt),
        account=attempt.order.account,
        provider=attempt.order.provider,
        model=attempt.order.model,
    )


async def compared(request: AnyRequest) -> Json:
    """Return what makes two requests the same; files are read for it in a thread.

    Errors: OutOfBounds for a file that is not what it was when it was put in.
    """
    for field, file in request.files if isinstance(request, Request) else ():
        if isinstance(file, Media):
            try:
                await asyncio.to_thread(Media.digest, file)
            except Unreadable as error:
                raise OutOfBounds(problems=[unreadable(field, file, error)]) from None
    return _same(request)


def _same(request: AnyRequest) -> Json:
    """Return what makes two requests the same: files by their bytes, and URLs but for the signatures of stores.

    Labels are the caller's own.
    """
    plain: dict[str, Any] = {"kind": str(request.kind), **to_comparable_json(request)}
    plain.pop("labels", None)
    return unsigned(plain)
