"""What a batch is made of, and what it tells: its rows, its plan, the end of each row, and of all."""

from decimal import Decimal
from typing import Literal, TypeAlias

import attrs

from .errors import AnymediaError
from .money import Money
from .request import AnyRequest
from .task import Result

RowState: TypeAlias = Literal["done", "failed", "uncertain", "unfinished", "not begun"]
"""How a row has ended: RowEnd says what each means."""

STATES: tuple[RowState, ...] = ("done", "failed", "uncertain", "unfinished", "not begun")

Why: TypeAlias = Literal["done", "failed", "uncertain", "unfinished", "budget", "stopped", "place", "error"]
"""Why a batch has ended: BatchEnd says what each means."""


@attrs.frozen(kw_only=True)
class Row:
    """One row of a batch: a request, which is bought once however often the batch is started.

    `idempotency_key` is the caller's own name for it; None: the batch makes one of its name and of what the row asks
    for. `accounts` are names of accounts in the order in which they are asked; (): as the batch says. `offer` pins one
    by its name. `line` is where the row stands in a file, for messages.
    """

    request: AnyRequest
    idempotency_key: str | None = None
    accounts: tuple[str, ...] = ()
    offer: str | None = None
    line: int | None = None


@attrs.frozen(kw_only=True)
class BatchPlan:
    """What a batch would buy, and for how much, before anything is sent.

    Of `rows`, `bought_before` were bought by earlier runs, or may have been. These have `spent` so many USD, those
    included that may have been billed, which are `possibly`. The rest is asked first at `offers`: each by its name, how
    many rows begin there, and what these cost together. `money` is the total of these quotes, `worst` the most USD that
    the routes of all these rows allow (None: nobody knows); neither counts the budget. Of `unpriced` rows nobody knows
    what the first offer costs.
    """

    rows: int
    bought_before: int = 0
    spent: Decimal = Decimal(0)
    possibly: Decimal = Decimal(0)
    offers: tuple[tuple[str, int, Money], ...] = ()
    money: Money
    worst: Decimal | None
    unpriced: int = 0


@attrs.frozen(kw_only=True)
class RowEnd:
    """How row `number` (from 1) has ended, whose idempotency key is `key`.

    `state` is `done`: all of it was made, and is saved where a place was given; `failed`: `error` says why, and what
    was billed; `uncertain`: it may have been billed, nobody knows what became of it, and it is never sent again by
    itself; `unfinished`: it is paid, and its task goes on, its files are not saved yet, or this run has not come to it;
    `not begun`: nothing was bought for it. What is unfinished or was not begun goes on when the batch is started again,
    and so does what failed without being billed. `result` is what was made, also of a row that has ended otherwise.
    `bought_before` says that an earlier run bought it and nothing was sent for it now. `seconds` is how long it took in
    this run; None where it was not begun.
    """

    number: int
    row: Row
    key: str
    state: RowState
    result: Result | None = None
    error: AnymediaError | None = None
    bought_before: bool = False
    seconds: float | None = None


@attrs.frozen(kw_only=True)
class _Counts:
    """What the rows of a batch have come to, and what that has cost."""

    rows: int
    done: int = 0
    failed: int = 0
    uncertain: int = 0
    unfinished: int = 0
    not_begun: int = 0
    bought_before: int = 0
    spent: Decimal = Decimal(0)
    possibly: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class BatchEnd(_Counts):
    """How a batch has ended: how many of its rows ended in which state, what it has cost, and why it is over.

    `spent` (USD) was billed over the whole batch, earlier runs included, `possibly` (USD) may have been or may yet be;
    of `unknown` attempts nobody knows what they cost, and they are in neither. `unlisted` tasks were bought by earlier
    runs for rows that there are no more, and go on, or have results that are not saved: `recover` takes them up. `why`
    is `stopped`, `error`, `place` or `budget` where something kept rows from being begun: `stop` was called, `error`
    would have met every other row alike, the place for the files takes none, or nothing more fits under the budget;
    `unfinished` too, where rows had no turn. Else it is the gravest that rows ended as: `uncertain`, `unfinished`,
    `failed`, or `done`.
    """

    name: str
    unknown: int = 0
    unlisted: int = 0
    why: Why
    error: AnymediaError | None = None


@attrs.frozen(kw_only=True)
class BatchProgress(_Counts):
    """How a batch stands: of its `rows`, so many have ended in each state, wait, or are under way.

    `bought_before` of those that have ended were bought by an earlier run. `spent` and `possibly` (USD) are as in
    BatchEnd; what is under way is in `possibly`. `rate` is how many rows ended per second over the last minutes, those
    not counted that were done before, and `seconds_left` how long the rest takes at that rate; None while nobody knows.
    """

    waiting: int = 0
    under_way: int = 0
    rate: float | None = None
    seconds_left: float | None = None
