"""Many requests under one name, one budget and one bound on what is in flight: each is bought as `generate` buys it.

A batch is no other way to buy. Each row is a request under an idempotency key of its own, so that whatever ended a run,
the next one goes on where it was: what was bought is waited for and fetched, what is uncertain is reported, and the
rest is bought.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from decimal import Decimal
from typing import Any, Literal, cast

import attrs

from anymedia.journal.ledger import Ledger
from anymedia.limits.ceiling import Budget, Ceiling
from anymedia.model.batch import STATES, BatchEnd, BatchPlan, BatchProgress, Row, RowEnd, RowState, Why
from anymedia.model.errors import (
    AnymediaError,
    BadApiKey,
    ConfigError,
    Cooling,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    NoCredit,
    NoRoute,
    OverCeiling,
    RequestError,
)
from anymedia.model.money import EXACT
from anymedia.model.options import Options
from anymedia.model.request import AnyRequest
from anymedia.model.task import Attempt, Result
from anymedia.model.vocabulary import Billed, Cause
from anymedia.observe.events import BatchBegan, BatchEnded, PassedCeiling, RowEnded

from .batch_rows import Earlier, Rows, done_before
from .lanes import Lane, Lanes
from .rate import Rate
from .session import Session

_log = logging.getLogger("anymedia")

Generated = Callable[[AnyRequest, Sequence[str], Options, float, Budget], Awaitable[Result]]
"""Makes a request at the accounts of these names, on these terms, until a deadline, under a budget."""


@attrs.frozen(kw_only=True)
class Calls:
    """What a batch has its client do: make a row, save what was made, and find out whether the place takes it.

    `workers` are the other processes that send for it, which are reached while it runs; None: this one sends.
    """

    session: Session
    ledger: Ledger
    generated: Generated
    saved: Callable[[Result, float], Awaitable[tuple[Result, list[AnymediaError]]]] | None = None
    check_place: Callable[[], Awaitable[object]] | None = None
    workers: AbstractAsyncContextManager[object] | None = None


@attrs.frozen(kw_only=True)
class Bounds:
    """The bounds of a batch: USD over all of its runs, rows in flight, and seconds for each row."""

    budget: Decimal | None
    at_once: int
    timeout: float


class Batch:
    """Rows that are bought under one name; started again under it, a batch goes on exactly where it was.

    All rows are checked and priced before anything is sent. Each is then bought as `generate` buys it, under its
    idempotency key: the given one, or one of the batch's name, a digest of what the row asks for, and how many rows
    above ask for the same; so a row that is put in, taken out or moved changes no other. What was bought is never
    bought again, in this run or a later one; what may have been bought is reported as uncertain, and never sent again
    by itself. A row that failed and was not billed is tried again by the next run, one that was billed is reported
    again.

    A budget holds over all runs of the batch, for what was billed and what may have been: the price of each attempt is
    reserved under it before anything is sent. Once a row does not fit, no more are begun; if it fits when what is under
    way has given back what it did not cost, the batch goes on, else it is over. A file that could not be saved undoes
    no purchase: its row is `unfinished`, and the next run fetches it.

    One process runs a batch of a name at a time. Cancelling `run` (Ctrl-C) ends the wait as it does for `generate`:
    what was accepted lives on, and the next run waits for it; `stop` is the gentle way. Use `run`, or iterate over the
    batch to see each row's end as it comes. `end` is how the latest run has ended; None before that.
    """

    def __init__(self, name: str, rows: Rows, terms: Options, bounds: Bounds, calls: Calls) -> None:
        self.name: str = name
        self.rows: Sequence[Row] = rows.rows
        self.end: BatchEnd | None = None
        self._rows = rows
        self._terms = terms
        self._bounds = bounds
        self._calls = calls
        self._planned: tuple[BatchPlan, list[Lane]] | None = None
        self._run: _Run | None = None
        self._stopped = False
        self._left: Sequence[RowEnd] = ()

    @property
    def progress(self) -> BatchProgress:
        """How it stands now, and how its latest run has ended; before the first, all rows wait."""
        return BatchProgress(rows=len(self.rows), waiting=len(self.rows)) if self._run is None else self._run.progress

    async def plan(self) -> BatchPlan:
        """Check and price every row that was not bought before, and return what they come to; sends nothing.

        Errors: BadRows with every row that cannot be asked for, or that cannot be priced where a budget is given and
        `allow_unknown_price` is not; ConfigError where it is no fault of the rows, JournalError.
        """
        self._calls.session.in_its_loop()
        await self._rows.name()
        spent = Ceiling(None)
        earlier = await Earlier.of(self.name, self._calls.ledger, spent)
        self._planned = await self._rows.checked(earlier, self._bounds.budget, spent)
        return self._planned[0]

    async def run(self, on_row: Callable[[RowEnd], None] | None = None) -> BatchEnd:
        """Buy what was not bought before, wait for all of it, save it, and return how the batch has ended.

        `on_row` sees the end of each row as it comes; what it raises ends the run as a cancel does, and goes to the
        caller. Of a run that is cancelled it sees at last how the other rows are left. Errors, before anything is sent:
        as `plan`, JournalError where another process runs a batch of this name, ConfigError where the place for the
        files cannot be written to. What goes wrong later is in the ends.
        """
        with self._calls.session.readers.verb("batch", None):
            try:
                async with aclosing(self._ends()) as ends:
                    async for end in ends:
                        if on_row is not None:
                            on_row(end)
            except asyncio.CancelledError:
                if on_row is not None:
                    for end in self._left:
                        on_row(end)
                raise
        assert self.end is not None  # noqa: S101 - it is there once all ends were told
        return self.end

    def __aiter__(self) -> AsyncIterator[RowEnd]:
        """Do as `run`, and yield the end of each row as it comes; leaving the loop ends the run as a cancel does."""
        return self._ends()

    def stop(self) -> None:
        """Begin no more rows: what has sent nothing yet is not begun, and what is under way is waited for."""
        self._stopped = True
        if self._run is not None:
            self._run.close("stopped")

    async def _ends(self) -> AsyncGenerator[RowEnd, None]:
        calls, self.end, self._left = self._calls, None, ()
        calls.session.in_its_loop()
        try:
            async with calls.ledger.alone(f"batch {self.name}"), calls.workers or nullcontext():
                if self._planned is None:
                    await self.plan()
                if calls.check_place is not None:
                    await calls.check_place()
                self._run = run = await self._begun()
                try:
                    async with aclosing(run.ends()) as ends:
                        async for end in ends:
                            yield end
                except (asyncio.CancelledError, GeneratorExit):
                    self._left = await self._leave(run)
                    raise
                finally:
                    self.end = run.end()
                    calls.session.tell(BatchEnded(self.end))
        finally:
            self._stopped = False

    async def _leave(self, run: "_Run") -> Sequence[RowEnd]:
        """Return how a cancel leaves the rows that have not ended: what is sent for them is in the journal."""
        try:
            earlier = await Earlier.of(self.name, self._calls.ledger, Ceiling(None))
        except JournalError:  # nobody knows: the next run will
            earlier = None
        return [end async for end in run.left(earlier)]

    async def _begun(self) -> "_Run":
        """Return a run in which every row waits in its lane. Errors: JournalError."""
        run = _Run(self.name, self._rows, self._bounds, self._calls, allow_unknown=self._terms.allow_unknown_price)
        run.earlier = earlier = await Earlier.of(self.name, self._calls.ledger, run.budget)
        _, lanes = cast("tuple[BatchPlan, list[Lane]]", self._planned)
        keys = [self._rows.key(number) for number in range(len(self.rows))]
        run.unlisted = earlier.left.total() - sum(earlier.left[key] for key in keys)
        bought = [earlier.units(key) >= row.request.units for key, row in zip(keys, self.rows, strict=True)]
        # What dies soonest is fetched first; what only goes on is looked at last.
        for number in sorted(range(len(keys)), key=lambda number: earlier.dies.get(keys[number], math.inf)):
            run.lanes.add(() if bought[number] else lanes[number], number)
        self._calls.session.tell(BatchBegan(self.name, len(keys), sum(bought), self._bounds.budget))
        if self._stopped:
            run.close("stopped")
        return run


class _Run:
    """One run of a batch: which of its rows wait, are under way and have ended, and what all of it has cost."""

    def __init__(self, name: str, rows: Rows, bounds: Bounds, calls: Calls, *, allow_unknown: bool) -> None:
        self.lanes: Lanes = Lanes()
        self.earlier: Earlier = Earlier()
        self.unlisted: int = 0
        self.budget: Budget = Budget(bounds.budget, lambda: self._buying, allow_unknown=allow_unknown)
        self._name = name
        self._rows = rows
        self._bounds = bounds
        self._calls = calls
        self._rate = Rate(calls.session.clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Queue[RowEnd] = asyncio.Queue()
        self._begun: set[int] = set()
        self._buying = 0
        self._states: Counter[RowState] = Counter()
        self._bought_before = 0
        self._why: Why | None = None
        self._error: AnymediaError | None = None
        self._rest: dict[int, None] = {}  # the rows that are not come to, and of which nothing was told yet
        self._has_left = False
        self._is_closed = False
        self._is_over_told = False

    # What is seen of it

    @property
    def progress(self) -> BatchProgress:
        """How it stands now."""
        ended, rows, rate = self._states.total(), len(self._rows.rows), self._rate.per_second
        return BatchProgress(
            rows=rows,
            **self._counts(),
            waiting=rows - ended - len(self._begun),
            under_way=len(self._begun),
            rate=rate,
            seconds_left=None if rate is None else (rows - ended) / rate,
        )

    def end(self) -> BatchEnd:
        """Return how it has ended."""
        return BatchEnd(
            name=self._name,
            rows=len(self._rows.rows),
            **self._counts(),
            unknown=self.budget.unknown,
            unlisted=self.unlisted,
            why=self._ends_as(),
            error=self._error,
        )

    def _counts(self) -> dict[str, Any]:
        states, budget = self._states, self.budget
        return {
            **{state.replace(" ", "_"): states[state] for state in STATES},
            "bought_before": self._bought_before,
            "spent": budget.billed,
            "possibly": EXACT.subtract(budget.held, budget.billed),
        }

    def _ends_as(self) -> Why:
        if self._why is not None and self._has_left:
            return self._why
        if self.budget.is_reached:
            return "budget"
        gravest: tuple[Literal["uncertain", "unfinished", "failed"], ...] = ("uncertain", "unfinished", "failed")
        return next((state for state in gravest if self._states[state]), "done")

    # What goes on

    def close(self, why: Why, error: AnymediaError | None = None) -> None:
        """Begin no more rows, and send nothing for those that have sent nothing yet."""
        self._is_closed = True
        self._note_why(why, error)
        self.budget.close()

    def _note_why(self, why: Why, error: AnymediaError | None) -> None:
        if self._why is None:
            self._why, self._error = why, error

    async def ends(self) -> AsyncGenerator[RowEnd, None]:
        """Yield the end of each row as it comes, and then those of the rows that were not begun."""
        try:
            self._begin()
            while self._begun:
                end = await self._ended.get()
                self._note(end)
                self._begin()
                yield end
            self._rest = dict.fromkeys(self.lanes.left())
            async for end in self._left([*self._rest], self.earlier):
                del self._rest[end.number - 1]
                self._note(end)
                yield end
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def left(self, earlier: Earlier | None) -> AsyncGenerator[RowEnd, None]:
        """Yield how the rows that have not ended stand now that the run is cancelled: what was sent goes on."""
        self._note_why("stopped", None)
        for _ in range(self._ended.qsize()):
            end = self._ended.get_nowait()
            self._note(end)
            yield end
        begun = sorted(self._begun)
        if earlier is None:
            for number in begun:
                end = self._end_of(number, "unfinished")
                self._note(end)
                yield end
            begun, earlier = [], self.earlier
        async for end in self._left([*begun, *self._rest, *self.lanes.left()], earlier):
            self._note(end)
            yield end

    async def _left(self, numbers: Iterable[int], earlier: Earlier) -> AsyncGenerator[RowEnd, None]:
        """Yield how rows stand that this run does not come to: done before, bought before, or not begun."""
        left = dict.fromkeys(numbers)
        bought = [number for number in left if self.earlier.units(self._rows.key(number))]
        if bought:
            try:
                async for end in done_before(self._name, self._calls.ledger, self._rows, bought, saves=self._saves):
                    del left[end.number - 1]
                    yield end
            except JournalError as error:
                _log.error("how rows of batch %s that were bought before stand is not known: %s", self._name, error)
        self._has_left = self._has_left or bool(left)
        for number in left:
            before, now = self.earlier.units(self._rows.key(number)), earlier.units(self._rows.key(number))
            yield self._end_of(number, "unfinished" if now else "not begun", bought_before=before > 0)

    @property
    def _saves(self) -> bool:
        return self._calls.saved is not None

    def _begin(self) -> None:
        """Begin as many rows as may be in flight: each counts until its end was told."""
        while len(self._begun) < self._bounds.at_once and not self._is_closed:
            number = self.lanes.next(bought=self.budget.is_short)
            if number is None:
                return
            self._begun.add(number)
            self._buying += 1
            task = asyncio.create_task(self._live(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _note(self, end: RowEnd) -> None:
        """Count the end of a row, and tell of it."""
        self._begun.discard(end.number - 1)
        self._states[end.state] += 1
        self._bought_before += end.bought_before
        if end.state == "not begun":
            self._has_left = True
            return
        if not (end.bought_before and end.state == "done"):
            self._rate.ended()
        tell, budget = self._calls.session.tell, self.budget
        tell(RowEnded(self._name, end))
        if budget.most is not None and budget.held > budget.most and not self._is_over_told:
            self._is_over_told = True
            tell(PassedCeiling(max_price=budget.most, spent=budget.held, batch=self._name))

    async def _live(self, number: int) -> None:
        """Let a row be bought and saved, and put its end to the others."""
        clock = self._calls.session.clock
        began = clock.monotonic()
        try:
            end = await self._in_time(number)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one row loses no sight of the others
            _log.exception("row %s of batch %s broke", number + 1, self._name)
            broke = AnymediaError(f"row {number + 1} broke, and may be billed: {error!r}", billed=Billed.UNKNOWN)
            end = self._end_of(number, "failed", error=broke)
        finally:
            self.lanes.ended(number)
        if end.state != "not begun":
            end = attrs.evolve(end, seconds=clock.monotonic() - began)
        self._ended.put_nowait(end)

    async def _in_time(self, number: int) -> RowEnd:
        """Make a row and save it, and return how it has ended.

        The time of a row that waits for its turn begins again as long as other rows end: it is not its own that is
        over.
        """
        while True:
            ended, deadline = self._moved, self._calls.session.clock.monotonic() + self._bounds.timeout
            end = await self._made(number, deadline)
            if not _is_unsent(end) or self._calls.session.clock.monotonic() < deadline or self.budget.is_closed:
                return end
            if self._moved == ended:
                self._note_why("unfinished", None)
                return attrs.evolve(end, state="not begun")

    @property
    def _moved(self) -> int:
        """How many rows have ended for which something was sent or fetched."""
        return self._states.total() - self._states["not begun"]

    async def _made(self, number: int, deadline: float) -> RowEnd:
        """Make a row and save it until a time, and return how it has ended."""
        accounts, terms = self._rows.terms(number)
        try:
            with self._is_buying():
                result = await self._calls.generated(
                    self._rows.rows[number].request, accounts, terms, deadline, self.budget
                )
        except AnymediaError as error:
            return self._end_of_error(number, error)
        earlier = {(task.account, task.id) for task in result.bought_before}
        attempts = [
            each for each in result.attempts if each.task is None or (each.task.account, each.task.id) not in earlier
        ]
        facts: dict[str, Any] = {"bought_before": not self._was_sent(attempts)}
        if self._calls.saved is not None:
            result, faults = await self._calls.saved(result, deadline)
            for fault in faults:
                if isinstance(fault, DownloadError) and fault.place_is_full:
                    self.close("place", fault)
            if faults:
                return self._end_of(number, "unfinished", result=result, error=faults[0], **facts)
        if result.missing:
            facts["error"] = _missing(result, self._rows.rows[number].request.units)
        return self._end_of(number, self._state_of(result), result=result, **facts)

    @contextmanager
    def _is_buying(self) -> Iterator[None]:
        """Hold that a row, since it was begun, may still give back what it has reserved."""
        try:
            yield
        finally:
            self._buying -= 1
            self.budget.look()

    # How a row has ended

    def _state_of(self, result: Result) -> RowState:
        """Return the state of a row of which something was made."""
        if not result.missing:
            return "done"
        if (state := _open_state(result.attempts)) is not None:
            return state
        return "unfinished" if self.budget.is_closed else "failed"

    def _end_of_error(self, number: int, error: AnymediaError) -> RowEnd:
        """Return the end of a row of which nothing was made, and let nothing else meet what others would meet too."""
        attempts, is_of_all = error.attempts, isinstance(error, JournalError)
        if is_of_all:
            self.close("error", error)
        elif _is_of_accounts(error):
            is_of_all = True
            self._note_why("error", error)
            self.lanes.close(number)
            self.budget.close(self.lanes.of(number))
        elif not attempts and self.budget.is_closed_to(self.lanes.of(number)) and error.billed is Billed.NO:
            return self._end_of(number, "not begun")
        ended: RowState = "not begun" if is_of_all and not attempts else "failed"
        state = _open_state(attempts) or ("unfinished" if isinstance(error, DeadlineExceeded) else ended)
        bought_before = bool(attempts) and not self._was_sent(attempts)
        return self._end_of(number, state, error=error, bought_before=bought_before)

    def _was_sent(self, attempts: Sequence[Attempt]) -> bool:
        """Return whether one of these attempts was made in this run."""
        return not all(map(self.budget.knows, attempts))

    def _end_of(self, number: int, state: RowState, **facts: Any) -> RowEnd:
        return RowEnd(number=number + 1, row=self._rows.rows[number], key=self._rows.key(number), state=state, **facts)


def _open_state(attempts: Sequence[Attempt]) -> Literal["uncertain", "unfinished"] | None:
    """Return the state of a row some of whose attempts are open: nobody knows of a task, or one goes on."""
    open_ = [attempt for attempt in attempts if attempt.open]
    if any(attempt.task is None for attempt in open_):
        return "uncertain"
    return "unfinished" if open_ else None


_TOO_SOON = (Cause.RATE_LIMITED, Cause.UNAVAILABLE)
"""Why an attempt came to nothing that says nothing of what was asked for."""


def _is_unsent(end: RowEnd) -> bool:
    """Return whether a row has failed, and no provider has said more of it than that it comes too soon."""
    if end.state != "failed" or end.error is None or end.error.billed is not Billed.NO:
        return False
    return end.result is None and all(attempt.cause in _TOO_SOON for attempt in end.error.attempts)


def _missing(result: Result, units: int) -> AnymediaError:
    """Return the error of a row of which something is missing."""
    error = NoRoute("; ".join([f"{result.missing} of {units} are missing", *result.errors]), billed=Billed.YES)
    error.attempts = result.attempts
    return error


_OF_ACCOUNTS = (BadApiKey, NoCredit, Cooling, ConfigError)
"""What is wrong with an account, and not with what it was asked for."""


def _is_of_accounts(error: AnymediaError) -> bool:
    """Return whether any other request would meet the same, at the accounts that could have taken this one."""
    if error.billed is not Billed.NO:
        return False
    told = [each for each in _each(error) if _is_of_day(each) or not isinstance(each, RequestError)]
    return bool(told) and all(_is_of_day(each) or isinstance(each, _OF_ACCOUNTS) for each in told)


def _is_of_day(error: AnymediaError) -> bool:
    """Return whether it is the account's daily_limit that leaves no room."""
    return isinstance(error, OverCeiling) and error.account is not None


def _each(error: AnymediaError) -> Iterator[AnymediaError]:
    if isinstance(error, NoRoute):
        for each in error.errors:
            yield from _each(each)
    else:
        yield error
