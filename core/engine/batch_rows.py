"""The rows of a batch before anything is sent: the key of each, what earlier runs bought, its offers and its price."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterable, Iterator, Sequence
from decimal import Decimal

import attrs

from anymedia.journal.counts_as import may_be_paid
from anymedia.journal.ledger import Ledger
from anymedia.journal.records import is_undownloaded
from anymedia.limits.ceiling import Budget, Ceiling
from anymedia.model.batch import BatchPlan, Row, RowEnd
from anymedia.model.errors import (
    AnymediaError,
    BadRows,
    ConfigError,
    JournalError,
    NoRoute,
    OutOfBounds,
    Problem,
    RequestError,
)
from anymedia.model.money import EXACT, Money, PriceStatus, total
from anymedia.model.options import Options
from anymedia.model.request import AnyRequest, RawRequest, Request
from anymedia.model.task import Attempt, Result
from anymedia.model.vocabulary import State

from .idempotency import LONGEST, compared, fault_of_name
from .lanes import Lane
from .plan import Option, Plan
from .purchase import no_route
from .route import worst

TOGETHER = 8
"""Rows whose files are read for their digests at the same time."""

DIGEST = 32
"""Letters of the digest in a key."""

Planned = Callable[[AnyRequest, Sequence[str], Options, Sequence[Attempt]], Awaitable[Plan]]
"""Returns the plan of what was not bought earlier of a request, at the accounts of these names, on these terms."""


@attrs.frozen
class Earlier:
    """What earlier runs of a batch bought, or may have: by key, how many units from which on; and when results die.

    `dies` is in seconds since 1970 for rows that have results which are not saved: -inf where nobody knows it. `left`
    counts what goes on, is uncertain, or has results that are not saved.
    """

    parts: dict[str, dict[int, int]] = attrs.field(factory=dict)
    dies: dict[str, float] = attrs.field(factory=dict)
    left: Counter[str] = attrs.field(factory=Counter)

    @classmethod
    async def of(cls, name: str, ledger: Ledger, ceiling: Ceiling) -> "Earlier":
        """Return what the journal knows of a batch; what it cost is held under a ceiling. Errors: JournalError."""
        found = cls()
        async for attempt in ledger.each(batch=name):
            if attempt.reserved != 0:
                ceiling.hold(attempt)
            if attempt.order.idempotency_key is not None and may_be_paid(attempt):
                found.add(attempt.order.idempotency_key, attempt)
                found.left[attempt.order.idempotency_key] += attempt.open or is_undownloaded(attempt)
        return found

    def add(self, key: str, attempt: Attempt) -> None:
        """Take note of an attempt that bought something, or may have."""
        self.parts.setdefault(key, {})[attempt.order.part] = attempt.order.units
        task = attempt.task
        if task is not None and task.state is State.SUCCEEDED:
            times = [asset.expires_at for asset in task.assets if not asset.kept]
            dies = (-math.inf if time is None else time.timestamp() for time in times)
            self.dies[key] = min(self.dies.get(key, math.inf), *dies, math.inf)

    def units(self, key: str) -> int:
        """Return how many units were bought under a key."""
        return sum(self.parts.get(key, {}).values())


async def done_before(
    name: str, ledger: Ledger, rows: "Rows", numbers: Iterable[int], *, saves: bool
) -> AsyncGenerator[RowEnd, None]:
    """Yield the ends of those of some rows that earlier runs have made whole, and saved where that `saves`.

    Each comes as soon as all of it is read: few of them are in memory at once. Errors: JournalError.
    """
    wanted = {rows.key(number): number for number in numbers}
    made: dict[str, dict[int, Attempt]] = {}
    async for attempt in ledger.each(batch=name):
        key = attempt.order.idempotency_key or ""
        if key not in wanted or not _is_made(attempt, saves=saves):
            continue
        made.setdefault(key, {})[attempt.order.part] = attempt
        attempts = [each for _, each in sorted(made[key].items())]
        row = rows.rows[wanted[key]]
        if sum(each.order.units for each in attempts) == row.request.units:
            tasks = tuple(attrs.evolve(each.task, bought_before=True) for each in attempts if each.task is not None)
            money = total(task.money for task in tasks)
            result = Result(tasks=tasks, missing=0, errors=(), money=money, attempts=tuple(attempts))
            number = wanted.pop(key) + 1
            yield RowEnd(number=number, row=row, key=key, state="done", result=result, bought_before=True)
            del made[key]


def _is_made(attempt: Attempt, *, saves: bool) -> bool:
    """Return whether all that was ordered was made, and is kept where that `saves`."""
    task, order = attempt.task, attempt.order
    if task is None or task.state is not State.SUCCEEDED or len(task.works) < order.units * order.makes:
        return False
    return not saves or all(asset.kept for asset in task.assets)


class Rows:
    """The rows of one batch, and the terms on which each is bought: `accounts` and `terms` where a row says nothing.

    `known` returns a request with its model by the name that it is sold under, `planned` is how requests are planned.
    """

    def __init__(
        self,
        name: str,
        rows: Sequence[Row],
        accounts: tuple[str, ...],
        terms: Options,
        *,
        ledger: Ledger,
        known: Callable[[AnyRequest], AnyRequest],
        planned: Planned,
    ) -> None:
        self.rows: Sequence[Row] = rows
        self._name = name
        self._accounts = accounts
        self._terms = terms
        self._ledger = ledger
        self._known = known
        self._planned = planned
        self._keys: list[str] = []
        self._given: dict[int, Sequence[str]] = {}  # the digests of the requests that have a given key

    def key(self, number: int) -> str:
        """Return the key of a row by its index, once they are named."""
        return self._keys[number]

    def terms(self, number: int) -> tuple[tuple[str, ...], Options]:
        """Return the names of the accounts that a row may go to, and its terms."""
        row = self.rows[number]
        offer = self._terms.offer if row.offer is None else row.offer
        terms = attrs.evolve(self._terms, idempotency_key=self.key(number), batch=self._name, offer=offer)
        return row.accounts or self._accounts, terms

    # Keys

    async def name(self) -> None:
        """Find the key of each row. Errors: BadRows for rows that are none, and two rows of one key; JournalError."""
        if self._keys:
            return
        problems: list[Problem] = []
        digests: list[Sequence[str]] = []
        await self._ledger.learn_imported()
        for first in range(0, len(self.rows), TOGETHER):
            some = self.rows[first : first + TOGETHER]
            ends = await asyncio.gather(*map(self._digest, some), return_exceptions=True)
            for number, (row, end) in enumerate(zip(some, ends, strict=True), first):
                if isinstance(end, AnymediaError) and not isinstance(end, JournalError):
                    problems += _told(end, number, row)
                elif isinstance(end, BaseException):
                    raise end
                digests.append(("",) if isinstance(end, BaseException) else end)
        keys = self._named(digests, await self._imported(digests))
        problems += self._twice(keys)
        if problems:
            raise BadRows(problems=sorted(problems, key=lambda each: each.row or 0), rows=len(self.rows))
        self._keys = keys

    async def _digest(self, row: Row) -> list[str]:
        """Return what tells a row from others, also in imported journals; with a given key, its request from others.

        Errors: OutOfBounds, Unsupported, JournalError.
        """
        given: object = row.request
        if not isinstance(given, Request | RawRequest):
            message = f"a request like ImageRequest or RawRequest is needed, not {given!r:.60}"
            raise OutOfBounds(problems=[Problem(field="request", message=message)])
        request = await compared(self._known(row.request))
        if row.idempotency_key is None:
            return await self._ledger.digests({"request": request, "accounts": list(row.accounts), "offer": row.offer})
        if (fault := fault_of_name(row.idempotency_key, LONGEST)) is not None:
            raise OutOfBounds(problems=[Problem(field="idempotency_key", message=fault)])
        return await self._ledger.digests(request)

    async def _imported(self, digests: Sequence[Sequence[str]]) -> set[str]:
        """Return the keys under which the batch has bought, where some of it may have come from another journal."""
        if all(len(each) == 1 for each in digests):
            return set()
        return {each.order.idempotency_key or "" async for each in self._ledger.each(batch=self._name)}

    def _named(self, digests: Sequence[Sequence[str]], imported: Container[str]) -> list[str]:
        """Return the key of each row: the given one, or of the batch's name, its digest and its n-th occurrence.

        A row that was bought under the digest of an imported journal keeps that key.
        """
        seen: Counter[str] = Counter()
        keys = []
        for number, (row, every) in enumerate(zip(self.rows, digests, strict=True)):
            if row.idempotency_key is not None:
                self._given[number] = every
                keys.append(row.idempotency_key)
                continue
            seen[every[0]] += 1
            named = [f"{self._name}:{digest[:DIGEST]}:{seen[every[0]]}" for digest in every]
            keys.append(next((key for key in named if key in imported), named[0]))
        return keys

    def _twice(self, keys: Sequence[str]) -> Iterator[Problem]:
        """Yield what is wrong with rows whose key an earlier row has."""
        first: dict[str, int] = {}
        for number, key in enumerate(keys):
            other = first.setdefault(key, number)
            if other != number:
                at = self.rows[other].line
                where = f"row {other + 1}" if at is None else f"line {at}"
                message = f"{key!r} stands in {where} too; each row needs a key of its own"
                yield _problem("idempotency_key", message, number, self.rows[number])

    # What each would cost

    async def checked(self, earlier: Earlier, budget: Decimal | None, spent: Ceiling) -> tuple[BatchPlan, list[Lane]]:
        """Check and price each row that was not bought before; return the plan, and the lane of each row.

        Errors: BadRows with every bad row; JournalError, which is no fault of a row; what a policy raises.
        """
        sums, lanes, problems = _Sums(), list[Lane](), list[Problem]()
        alike: dict[str | None, ConfigError | None] = {}
        for number, row in enumerate(self.rows):
            try:
                lanes.append(await self._lane(number, row, earlier, budget, sums))
            except JournalError:
                raise
            except AnymediaError as error:
                problems += _told(error, number, row)
                fault = error if isinstance(error, ConfigError) else None
                own = str(fault) if row.accounts or row.offer else ""  # else only what is configured is at fault
                alike.setdefault(None if fault is None else own, fault)
        if len(alike) == 1 and not lanes and (fault := next(iter(alike.values()))) is not None:
            raise fault  # that is no fault of the rows
        if problems:
            raise BadRows(problems=problems, rows=len(self.rows))
        return sums.plan(len(self.rows), spent), lanes

    async def _lane(self, number: int, row: Row, earlier: Earlier, budget: Decimal | None, sums: "_Sums") -> Lane:
        """Check and price a row, and return its lane: the accounts that it may go to. Errors: why it may not."""
        key, units = self._keys[number], row.request.units
        bought = earlier.units(key)
        before: Sequence[Attempt] = ()
        if number in self._given or 0 < bought < units:  # a given key may be known from elsewhere
            before = await self._ledger.bought(key, self._given.get(number))
            for attempt in before:
                earlier.add(key, attempt)
            bought = earlier.units(key)
        if bought >= units:
            sums.bought_before += 1
            return ()
        accounts, terms = self.terms(number)
        planned = await self._planned(row.request, accounts, terms, before)
        ceiling = Ceiling(terms.max_price, allow_unknown=terms.allow_unknown_price, under=Budget(budget, int))
        steps = [option for option in planned.options if ceiling.can_ever_fit(option.money)]
        if not steps:
            over = [ceiling.over(option.name, option.money, option.tasks) for option in planned.options]
            raise no_route([*planned.errors, *over])
        steps = steps if terms.fallback else steps[:1]
        sums.add(steps[0], worst(steps, terms))
        return sums.lane(option.account.name for option in steps)


@attrs.define
class _Sums:
    """What the rows of a batch come to that were not bought before."""

    bought_before: int = 0
    unpriced: int = 0
    most: Decimal | None = Decimal(0)
    offers: dict[str, tuple[int, Money | None]] = attrs.field(factory=dict)
    lanes: dict[Lane, Lane] = attrs.field(factory=dict)

    def lane(self, accounts: Iterable[str]) -> Lane:
        """Return the lane of these accounts, the same one for all of its rows."""
        lane = tuple(sorted(set(accounts)))
        return self.lanes.setdefault(lane, lane)

    def add(self, first: Option, most: Decimal | None) -> None:
        """Add a row that is asked first at an offer, and can be billed so many USD at most."""
        self.most = None if self.most is None or most is None else EXACT.add(self.most, most)
        rows, money = self.offers.get(first.name, (0, None))
        if first.money.usd is None:
            self.unpriced += 1
        else:
            money = first.money if money is None else total((money, first.money))
        self.offers[first.name] = rows + 1, money

    def plan(self, rows: int, spent: Ceiling) -> BatchPlan:
        """Return them as a plan."""
        priced = [money for _, money in self.offers.values() if money is not None]
        nothing = Money(usd=Decimal(0), status=PriceStatus.EXACT)
        return BatchPlan(
            rows=rows,
            bought_before=self.bought_before,
            spent=spent.held,
            possibly=EXACT.subtract(spent.held, spent.billed),
            offers=tuple(
                (name, number, Money.unknown("no price is known") if money is None else money)
                for name, (number, money) in self.offers.items()
            ),
            money=total(priced) if priced else Money.unknown("no price is known") if self.unpriced else nothing,
            worst=self.most,
            unpriced=self.unpriced,
        )


# What is wrong with a row


def _told(error: AnymediaError, number: int, row: Row) -> list[Problem]:
    """Return why a row cannot be asked for, in problems that name it."""
    if isinstance(error, RequestError) and error.provider is None and error.account is None and error.problems:
        return [attrs.evolve(problem, row=number + 1, line=row.line) for problem in error.problems]
    fields = {problem.field for problem in _problems(error)}
    field = "account" if isinstance(error, ConfigError) else fields.pop() if len(fields) == 1 else "request"
    return [_problem(field, str(error), number, row)]


def _problems(error: AnymediaError) -> Iterator[Problem]:
    if isinstance(error, NoRoute):
        for each in error.errors:
            yield from _problems(each)
    elif isinstance(error, RequestError):
        yield from error.problems


def _problem(field: str, message: str, number: int, row: Row) -> Problem:
    return Problem(field=field, message=message, row=number + 1, line=row.line)
