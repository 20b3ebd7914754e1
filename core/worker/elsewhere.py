"""A batch whose rows worker processes send and look at: what its own process puts into the queue, and waits for."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import attrs

from anymedia.account import Account
from anymedia.clock import first_of, left
from anymedia.config import Config
from anymedia.engine.handed_over import HandedOver
from anymedia.engine.idempotency import bought
from anymedia.engine.rules import cooldown
from anymedia.engine.session import Session
from anymedia.engine.submission import Submission
from anymedia.engine.submits import Life, Submits, not_in_time
from anymedia.engine.watch import succeeded, too_late
from anymedia.journal.ledger import Ledger
from anymedia.limits.health import Cooldown
from anymedia.model.errors import PROVIDER_ERRORS, AnymediaError, Cooling, JournalError, ProviderError
from anymedia.model.options import Options
from anymedia.model.request import AnyRequest
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import Billed, Outcome

from .database import ALIVE, ORDER, QUEUE, Database, Told, database_of
from .written import Carrier, order_args

EACH, SELDOM = 0.25, 5.0
"""Seconds between two questions what has been told, of all that is waited for; and where the journal tells of it."""

ENDING = 60.0
"""Seconds for which a worker that is sending an order is waited for, once the time is up."""

_log = logging.getLogger("anymedia")


class Workers:
    """The worker processes that share a journal, for `Client.batch(…, workers=Workers(config))`.

    The batch plans its rows, holds its budget and waits; workers send and look. `url` and `name` are as with Queue.
    Large files of rows need a bucket as [storage]. Errors: ConfigError where the journal is not on PostgreSQL.
    """

    def __init__(self, config: Config, *, url: str | None = None, name: str = QUEUE) -> None:
        self._database = Database(database_of(config) if url is None else url, name)
        self._carrier = Carrier(config.storage)
        self._orders = _Asked(self._database.told)
        self._tasks: _Waits | None = None
        self._idleness = _Idleness(self._database)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._idleness.close()
        await self._orders.close()
        if self._tasks is not None:
            await self._tasks.close()
            self._tasks = None
        await self._database.close()

    def check(self, request: AnyRequest) -> None:
        """Refuse a request whose files cannot travel. Errors: OutOfBounds."""
        self._carrier.check(request)

    def submits(self, session: Session, request: AnyRequest, terms: Options) -> Submits:
        """Return the submits of a request, which workers make."""
        return _Submits(session, _Desk(self._database, self._carrier, self._orders, self._idleness), request, terms)

    def waits(self, session: Session) -> "_Waits":
        """Return what waits for tasks, of which the journal tells."""
        if self._tasks is None:
            assert session.ledger is not None  # noqa: S101 - a batch has a journal
            self._tasks = _Waits(session, session.ledger)
        return self._tasks


@attrs.frozen
class _Desk:
    """Where orders are handed over, and what became of them is asked."""

    database: Database
    carrier: Carrier
    orders: "_Asked"
    idleness: "_Idleness"


class _Submits(Submits):
    """The submits of one request, each sent by whichever worker takes it."""

    def __init__(self, session: Session, desk: _Desk, request: AnyRequest, terms: Options) -> None:
        super().__init__(session)
        self._desk = desk
        self._request = request
        self._terms = terms

    async def shielded(self, life: Life, submission: Submission, deadline: float) -> Attempt:
        """Hand an order over, and return its attempt once a worker has had it accepted.

        Errors: as of any submit. Where the time is up, or the caller is cancelled, an order that no worker has taken is
        taken back; one that is taken is sent all the same, and stays in the journal.
        """
        session, began = self.session, self.session.clock.monotonic()
        with _unknown():
            number = await self._put(submission, deadline)
        async with _TakenBack(submission, partial(self._takes_back, submission, number)):
            told = await self._told(submission, number, deadline)
        with _unknown():
            attempt = None if session.ledger is None else await session.ledger.attempt(submission.id)
        if attempt is None:
            raise self._unsent(submission, told.error)
        submission.attempt = attempt
        session.health.note(submission.account, attempt, cooldown(attempt), began)
        if attempt.task is not None:
            return attempt
        error = told.error or _error_of(attempt, session)
        error.attempt = attempt
        raise error

    def _unsent(self, submission: Submission, error: AnymediaError | None) -> AnymediaError:
        """Return why an order was not sent; an account that workers leave alone is left alone here too."""
        if isinstance(error, Cooling):
            now = self.session.clock.now()
            alone: dict[str, Any] = {"outcome": Outcome.NOT_SENT, "error": error.message, "started_at": now}
            attempt = Attempt(id=submission.id, order=submission.order, retry_after=error.retry_after, **alone)
            if error.retry_after is None:
                error.permanent = True  # nothing but another configuration ends it
            else:
                self.session.health.note(submission.account, attempt, Cooldown.TIME, self.session.clock.monotonic())
        return error or not_in_time(**submission.facts)

    async def _put(self, submission: Submission, deadline: float) -> int:
        order = submission.order
        offer = None if order.offer is None else order.name
        handed = HandedOver(
            id=submission.id,
            request=self._request,
            account=submission.account.name,
            units=order.range,
            terms=attrs.evolve(self._terms, offer=offer),
            claimed=submission.claim,
            most=None if order.money.bound is None else order.money.usd,
            why=order.why,
        )
        seconds = left(self.session.clock, deadline)
        until = None if seconds is None or math.isinf(seconds) else self.session.clock.now().timestamp() + seconds
        args = {**order_args(handed), "until": until, "request": await self._desk.carrier.text(self._request)}
        self._desk.idleness.look()
        number = await self._desk.database.put(ORDER, args, submission.id)
        assert number is not None  # noqa: S101 - the id is this order's alone
        return number

    async def _told(self, submission: Submission, number: int, deadline: float) -> Told:
        """Return what became of an order that was put in as this job. Errors: Unavailable, SubmitUncertain."""
        asked = self._desk.orders.ask(submission.id)
        try:
            await asyncio.wait({asked}, timeout=left(self.session.clock, deadline))
            if not asked.done():
                if await self._takes_back(submission, number):
                    raise not_in_time(**submission.facts)
                await asyncio.wait({asked}, timeout=ENDING)
            if not asked.done():
                raise submission.left("the deadline passed")
            return asked.result()
        finally:
            asked.cancel()

    async def _takes_back(self, submission: Submission, number: int) -> bool:
        """Take an order back, and return whether no worker has it. A database that is away tells nothing.

        One that is being sent, for longer than a job waits for it, comes again to be told, and is not taken back.
        """
        ledger = self.session.ledger
        try:
            is_sent = ledger is not None and await ledger.attempt(submission.id) is not None
            return not is_sent and await self._desk.database.take_back(number)
        except JournalError:
            return False


class _TakenBack:
    """A block in which an order is waited for: a cancel takes the order back, unless a worker has it."""

    def __init__(self, submission: Submission, takes_back: Callable[[], Awaitable[bool]]) -> None:
        self._submission = submission
        self._takes_back = takes_back

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._submission.progress.connected = not await asyncio.shield(asyncio.ensure_future(self._takes_back()))


@contextmanager
def _unknown() -> Iterator[None]:
    """Let an error of the journal say that a worker may buy, or may have bought, what it does not tell of."""
    try:
        yield
    except JournalError as error:
        error.billed = Billed.UNKNOWN
        raise


def _error_of(attempt: Attempt, session: Session) -> AnymediaError:
    """Return the error of an attempt that came to nothing, as far as the journal knows it."""
    if attempt.outcome in (None, Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID):
        try:
            bought(attempt, session)
        except AnymediaError as error:
            return error
    kind = ProviderError if attempt.cause is None else PROVIDER_ERRORS.get(attempt.cause, ProviderError)
    return kind(
        attempt.error or str(attempt.outcome),
        account=attempt.order.account,
        provider=attempt.order.provider,
        model=attempt.order.model,
        retry_after=attempt.retry_after,
        body=attempt.answer,
        outcome=attempt.outcome,
    )


# What is waited for


class _Asked:
    """What many wait to be told by name: one question at a time for all of it."""

    def __init__(self, told: Callable[[list[str]], Awaitable[Mapping[str, Told]]]) -> None:
        self._told = told
        self._waiting: dict[str, asyncio.Future[Told]] = {}
        self._asking: asyncio.Task[None] | None = None

    def ask(self, name: str) -> "asyncio.Future[Told]":
        """Return what will hold what is told of an order, once that is over; whoever gives it up cancels it."""
        asked = self._waiting[name] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return asked

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(EACH)
            self._waiting = {name: asked for name, asked in self._waiting.items() if not asked.done()}
            if not self._waiting:
                return
            with suppress(JournalError):  # it is asked again
                for name, told in (await self._told([*self._waiting])).items():
                    if told.ended and not self._waiting[name].done():
                        self._waiting[name].set_result(told)


class _Idleness:
    """Says that nobody works where something waits to be sent, whenever that begins."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look from now on."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
            self._looking = None

    async def _look(self) -> None:
        is_told = False
        while True:
            with suppress(JournalError):  # a database that is away tells so itself
                is_idle = await self._database.workers() == 0
                if is_idle and not is_told:
                    _log.warning("%s: no worker runs: what is put in waits for `anymedia worker`", self._database.name)
                is_told = is_idle
            await asyncio.sleep(ALIVE)


class _Waits:
    """Waits for tasks that others look at: the journal is asked what has moved, once for all of them."""

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger
        self._waiting: dict[tuple[str, str], list[asyncio.Future[Task]]] = {}
        self._unread: list[tuple[str, str]] = []
        self._after: int | None = None
        self._moved = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    async def until_done(self, account: Account, task: Task, timeout: float) -> Task:
        """As Watch.until_done."""
        if task.state.final:
            return succeeded(task)
        clock, name = self._session.clock, (task.account, task.id)
        over: asyncio.Future[Task] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, []).append(over)
        self._unread.append(name)
        self._moved.set()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(self._listens()))
        try:
            await asyncio.wait({over}, timeout=left(clock, clock.monotonic() + timeout))
            if not over.done():
                raise too_late(task, max((clock.now() - task.submitted_at).total_seconds(), 0.0))
            return succeeded(over.result())
        finally:
            self._give_up(name, over)

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    def _give_up(self, name: tuple[str, str], over: "asyncio.Future[Task]") -> None:
        """Wait for a task no more, though others may."""
        others = [each for each in self._waiting.pop(name, []) if each is not over]
        if others:
            self._waiting[name] = others

    def _listens(self) -> bool:
        """Return whether the journal tells of moves by itself."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(self._moved.set)

        return self._ledger.journal.hear(heard)

    async def _ask(self, listens: bool) -> None:
        self._after = None
        while self._waiting:
            self._moved.clear()
            with suppress(JournalError):  # it is asked again
                await self._read()
            if self._waiting:
                await first_of(self._moved.wait(), timeout=SELDOM if listens else EACH)

    async def _read(self) -> None:
        """Read what is waited for anew, and what has moved since the last time."""
        if self._after is None:
            self._after, _ = await self._ledger.moved()
        while self._unread:
            name = self._unread.pop()  # before it is read: others are added meanwhile
            try:
                self._tell(await self._ledger.with_task(*name))
            except JournalError:
                self._unread.append(name)
                raise
        self._after, moved = await self._ledger.moved(self._after)
        for each in moved:
            if (each.account, each.task_id) in self._waiting:
                self._tell(each.attempt)

    def _tell(self, attempt: Attempt | None) -> None:
        """Let whoever waits for the task of an attempt have it, if it is over."""
        task = None if attempt is None else attempt.task
        if task is not None and task.state.final:
            for over in self._waiting.pop((task.account, task.id), []):
                over.set_result(task)
