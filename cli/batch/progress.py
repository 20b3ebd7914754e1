"""How far a batch is, on stderr: live lines on a terminal, else a line now and then."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Self

from anymedia import Alert, Attempt, Batch, BatchProgress, RowEnd, Task
from anymedia.cli.failure import in_a_line
from anymedia.cli.text import counted, dollars, one_line, row_at, say
from anymedia.clock import Clock

from .words import counts

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

TICK, EVERY = 0.25, 10.0
"""Seconds after which the live lines are made anew; and where there is no terminal, after which the end of a row is
followed by a line on all of them."""

TOLD = 20
"""Rows that came to nothing and are told of as they end; the manifest has all of them."""

MINUTE, HOUR = 60.0, 3600.0


class Progress:
    """How far a batch is; `written` says whether the journal has what is under way."""

    def __init__(self, clock: Clock, budget: Decimal | None) -> None:
        self.written: bool = True
        self._clock = clock
        self._budget = budget
        self._live: Live | None = None
        self._batch: Batch | None = None
        self._at: BatchProgress | None = None
        self._bad = 0
        self._told_at = 0.0

    def __enter__(self) -> Self:
        from anymedia.cli.screen import Screen

        screen = Screen(stderr=True)
        if screen.is_terminal:
            from rich.live import Live

            self._live = Live(get_renderable=self._drawn, console=screen, transient=True, refresh_per_second=1 / TICK)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def see(self, event: Attempt | Task | Alert) -> None:
        """Leave it out: a batch is told by its rows."""

    def say(self, text: str) -> None:
        """Print a line on stderr, above the live lines where there are any."""
        if self._live is None:
            say(text)
        else:
            self._live.console.print(text)

    @asynccontextmanager
    async def of(self, batch: Batch) -> AsyncIterator[None]:
        """Show how a batch goes, as long as it is run."""
        self._batch, self._told_at = batch, self._clock.monotonic()
        following = None if self._live is None else asyncio.create_task(self._follow(batch))
        try:
            yield
        finally:
            if following is not None:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
            self._at = None

    def ended(self, end: RowEnd) -> None:
        """Tell of a row that did not end well, of the first of them; and now and then how all of them stand."""
        if end.error is not None and self._bad <= TOLD:
            self._bad += 1
            error = one_line(in_a_line(end.error))
            told = f"{row_at(end.number, end.row.line)}: {end.state}: {error}"
            self.say(told if self._bad <= TOLD else "further rows that did not end well stand in the manifest alone")
        now = self._clock.monotonic()
        if self._live is None and self._batch is not None and now - self._told_at >= EVERY:
            self._told_at = now
            at = self._batch.progress
            say(", ".join([_ended(at), *_parts(at, self._budget)]))

    def done(self) -> Iterator[str]:
        """Yield nothing: the end of a batch says what came of it."""
        yield from ()

    def living(self) -> Iterator[str]:
        """Yield nothing: the end of a batch says what goes on."""
        yield from ()

    async def _follow(self, batch: Batch) -> None:
        while True:
            self._at = batch.progress  # made here, as the lines are drawn in a thread of their own
            await self._clock.sleep(TICK)

    def _drawn(self) -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        at = self._at
        if at is None:
            return Text("")
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1)
        grid.add_column(no_wrap=True)
        over = at.rows - at.waiting - at.under_way
        grid.add_row(ProgressBar(total=at.rows, completed=over, complete_style="cyan"), _ended(at))
        columns = 80 if self._live is None else self._live.console.width
        return Group(grid, *(Text(line, "dim") for line in packed(_parts(at, self._budget), columns)))


def _ended(at: BatchProgress) -> str:
    return f"{at.rows - at.waiting - at.under_way:,} of {counted(at.rows, 'row')}"


def _parts(at: BatchProgress, budget: Decimal | None) -> Iterator[str]:
    """Yield how rows ended and go on, how fast, for how much, and for how long still."""
    yield from counts(at)
    if at.under_way:
        yield f"{at.under_way:,} under way"
    of = "" if budget is None else f" of {dollars(budget)}"
    yield f"{dollars(at.spent)}{of} spent"
    if at.possibly:
        yield f"up to {dollars(at.possibly)} more"
    if at.rate:
        yield f"{at.rate * MINUTE:.0f} rows a minute" if at.rate >= 1 / MINUTE else f"{at.rate * HOUR:.0f} rows an hour"
    if at.seconds_left is not None:
        yield f"{lasting(at.seconds_left)} left"


def lasting(seconds: float) -> str:
    """Return about how long something takes: 40 s, 12 min, 3 h 5 min."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def packed(parts: Iterator[str], columns: int) -> Iterator[str]:
    """Yield lines of so many columns, none of which breaks a part."""
    line = ""
    for part in parts:
        if line and len(line) + len(part) + 3 > columns:
            yield line
            line = part
        else:
            line = f"{line}   {part}" if line else part
    if line:
        yield line
