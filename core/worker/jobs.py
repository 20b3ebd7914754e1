"""What a worker's jobs do, each in a short time: buy a request, send an order, take a step of a task, look at all.

Each may be run more than once, and at the same time as another of the same: the journal says what was bought. What is
to be waited for is a time at which the job comes again, never a job that sleeps.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import attrs

from anymedia.client import Client, Where
from anymedia.engine.sidecar import Sidecar
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import (
    AnymediaError,
    Cooling,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    MalformedAnswer,
    NotFound,
    OutOfBounds,
    SubmitUncertain,
)
from anymedia.model.strict_json import Json
from anymedia.model.task import Task
from anymedia.model.vocabulary import Billed, Outcome, Retry

from .database import Database
from .written import Carrier, order_of

TURN = 10.0
"""Seconds for which a job waits for its turn to send, before it makes room for others."""

FIRST, LONGEST, HOUR = 2.0, 60.0, 3600.0
"""Seconds until a job comes again that has not got its turn, or met what passes; each time doubles them. What is paid
for is looked at once an hour at least, whatever is in the way."""

OVER = (DownloadError, MalformedAnswer, NotFound, OutOfBounds, SubmitUncertain)
"""What no later look at a task would change."""

_UNKNOWN = (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)
"""How a submit has ended of which nobody may know more."""

_log = logging.getLogger("anymedia")


class Again(Exception):
    """A job is to come again in so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.1f} s")
        self.seconds: float = seconds


@attrs.frozen(kw_only=True)
class Saving:
    """Where results go, as at generate; False: nowhere. `on_saved` hears of each task that is over, with its files."""

    where: Where | Literal[False] = False
    names: str | None = None
    sidecar: Sidecar = False
    on_saved: Callable[[Task], None] = lambda task: None


class Jobs:
    """The jobs of one worker: what they do with its client, and how it saves results."""

    def __init__(self, client: Client, ledger: Ledger, database: Database, carrier: Carrier, saving: "Saving") -> None:
        self._client = client
        self._ledger = ledger
        self._database = database
        self._carrier = carrier
        self._saving = saving

    async def submit(
        self,
        key: str,
        request: str,
        accounts: list[str],
        options: Mapping[str, Any],
        until: float | None,
        times: int,
    ) -> None:
        """Buy a request once under its key, and let its task be followed. Errors: Again."""
        try:
            with _broken():
                asked = await self._carrier.request(request)
                task = await self._client.submit(asked, *accounts, timeout=TURN, idempotency_key=key, **options)
        except AnymediaError as error:
            await self._failed(key, error, until, times)
            return
        attempt = await self._ledger.with_task(task.account, task.id)
        if attempt is None:  # its outcome waits on this machine until the journal is back
            raise Again(pause(times))
        await self._database.follow(attempt.id, key)

    async def order(self, request: str, until: float | None, times: int, **args: Json) -> None:
        """Send an order that was handed over, unless that was done, and let its task be followed. Errors: Again."""
        name = str(args["id"])
        stands = await self._ledger.lease()
        attempt = await self._ledger.attempt(name)
        if attempt is None:
            try:
                with _broken():
                    order = order_of(args, await self._carrier.request(request))
                    order = attrs.evolve(order, stands=stands)
                    attempt = await self._client._sent(order, TURN)  # noqa: SLF001 - what a worker does for others
            except AnymediaError as error:
                attempt = await self._ledger.attempt(name)
                if attempt is None or attempt.outcome is not None:  # else it is being sent: by another worker too
                    is_told = isinstance(error, Cooling) or (isinstance(error, JournalError) and not _is_passing(error))
                    await self._failed(name, error, 0.0 if is_told else until, times)
                    return
        if attempt.outcome is None:  # it is being sent
            raise Again(pause(times))
        if attempt.task is not None:
            await self._database.follow(attempt.id, name)
        await self._database.ended(name)

    async def advance(self, attempt: str, name: str, times: int) -> None:
        """Take a step of a task, by the id of its attempt. Errors: Again.

        What a batch has bought it saves itself, where it wants it.
        """
        try:
            written = await self._ledger.attempt(attempt)
            saving = Saving() if written is None or written.order.batch is not None else self._saving
            with _broken():
                step = await self._client.advance(attempt, saving.where, names=saving.names, sidecar=saving.sidecar)
        except AnymediaError as error:
            if not isinstance(error, OVER):
                _log.warning("attempt %s: %s", attempt[:8], error)
                raise Again(_pause_after(error, times, most=HOUR)) from None
            _log.error("attempt %s: %s", attempt[:8], error)
        else:
            if step.after is not None:
                raise Again(step.after)
            saving.on_saved(step.task)
        await self._database.ended(name)

    async def _failed(self, name: str, error: AnymediaError, until: float | None, times: int) -> None:
        """Write down why something came to nothing. Errors: Again where it may still come to something."""
        now = self._client._session.clock.now().timestamp()  # noqa: SLF001 - its clock, as above
        if await self._may_tell_more(error):
            raise Again(pause(times))
        if _passes(error) and now < (math.inf if until is None else until):
            raise Again(_pause_after(error, times))
        _log.warning("%s came to nothing: %s", name, error)
        await self._database.ended(name, error)

    async def _may_tell_more(self, error: AnymediaError) -> bool:
        """Return whether a submit that is given up here still goes on, in this process or another, or has ended now."""
        if not isinstance(error, SubmitUncertain) or error.attempt is None:
            return False
        written = await self._ledger.attempt(error.attempt.id)
        return written is None or written.task is not None or written.outcome not in _UNKNOWN


def _passes(error: AnymediaError) -> bool:
    """Return whether the same may come to something later, and nothing was billed that is not known."""
    if isinstance(error, JournalError) or (isinstance(error, DeadlineExceeded) and error.task is None):
        return True  # another call holds the key, or the journal is to say what was bought
    return error.billed is Billed.NO and error.retry is Retry.SAME and not error.permanent


def _is_passing(error: JournalError) -> bool:
    """Return whether it is no fault of what was to be written, like a claim that no longer stands."""
    return error.away or error.lapsed


def pause(times: int, most: float = LONGEST) -> float:
    """Return in how many seconds a job comes again that has come so many times before."""
    return min(FIRST * 2.0 ** min(times, 20), most)


def _pause_after(error: AnymediaError, times: int, most: float = LONGEST) -> float:
    return max(error.retry_after or 0.0, pause(times, most))


@contextmanager
def _broken() -> Iterator[None]:
    """Let a fault of ours be an error that ends a job, and no endless retry. Errors: AnymediaError."""
    try:
        yield
    except AnymediaError:
        raise
    except Exception as fault:
        _log.exception("a job broke")
        raise AnymediaError(f"it broke, and may be billed: {fault!r}", billed=Billed.UNKNOWN) from fault
