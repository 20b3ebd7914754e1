"""What is under way, on stderr: a live line for each task on a terminal, else a line on every change."""

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs

from anymedia import Alert, Attempt, Order, Outcome, State, Task
from anymedia.clock import Clock

from .attempts import far, how, sold
from .doubt import replay_until, replayed
from .text import one_line, say

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

LINES = 3
"""Lines of a terminal that a task takes with its id, its price and why it was chosen: where all of them have no room,
each takes one, without these."""


@attrs.define
class Row:
    """An attempt with its task as it stands, and when either changed."""

    attempt: Attempt
    changed_at: datetime

    @property
    def words(self) -> str:
        """Where it stands, in a word or two, how far it is, and why it came to nothing."""
        task = self.attempt.task
        return ", ".join(filter(None, (how(self.attempt), "" if task is None else far(task))))

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        task = self.attempt.task
        return self.attempt.outcome is not None and (task is None or task.state.final)


class Progress:
    """The attempts of a client, told by its `on_event`; `written` says whether its journal has them too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._lines: dict[str, str] = {}
        self._live: Live | None = None
        self.written: bool = True

    def __enter__(self) -> Self:
        from .screen import Screen

        screen = Screen(stderr=True)
        if screen.is_terminal:
            from rich.live import Live
            from rich.spinner import Spinner

            self._spinner = Spinner("dots" if screen.encoding.startswith("utf") else "line")
            self._live = Live(get_renderable=self._table, console=screen, transient=True, refresh_per_second=10)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def see(self, event: Attempt | Task | Alert) -> None:
        """Take note of a change; an alert is a line of the log."""
        if isinstance(event, Alert):
            return
        attempt = event if isinstance(event, Attempt) else self._with(event)
        row = self._rows[attempt.id] = Row(attempt, self._clock.now())
        line = f"{self._name(row)} {row.words}{self._more(row)}"
        if self._live is None and line != self._lines.get(attempt.id):  # a log may grow that no line shows
            self.say(line)
        self._lines[attempt.id] = line

    def say(self, text: str) -> None:
        """Print a line on stderr, above the live lines where there are any."""
        if self._live is None:
            say(text)
        else:
            self._live.console.print(text)

    def seconds(self, task: Task) -> float:
        """Return how long a task took, from the submit to the last change that was seen."""
        row = next((row for row in self._rows.values() if _is_of(task, row.attempt)), None)
        return 0.0 if row is None else self._seconds(row)

    def living(self) -> Iterator[str]:
        """Yield a sentence for everything that goes on, or may, when the caller goes away now."""
        for row in self._rows.values():
            task, account = row.attempt.task, row.attempt.order.account
            if task is not None and not task.state.final:
                then = "; `anymedia resume` takes it up again" if self.written else ""
                yield f"task {task.id} at {account} was {task.state}: it lives on, and is billed{then}"
            elif task is None and row.attempt.may_be_billed:
                then = "; `anymedia tasks` lists it" if self.written else ""
                until = replay_until(row.attempt)
                again = "is not sent again" if until is None else f"until {until:%H:%M:%S} UTC {replayed()}"
                yield f"the submit to {account} is unanswered: it may have been billed, and {again}{then}"

    def done(self) -> Iterator[str]:
        """Yield a sentence for every task that has succeeded, with the links to its result."""
        for row in self._rows.values():
            task = row.attempt.task
            if task is not None and task.state is State.SUCCEEDED:
                links = " ".join(asset.url for asset in task.assets if asset.url)
                yield f"task {task.id} at {task.account} succeeded: {links}"

    def _with(self, task: Task) -> Attempt:
        known = next((row.attempt for row in self._rows.values() if _is_of(task, row.attempt)), None)
        return _earlier(task) if known is None else attrs.evolve(known, task=task)

    def _seconds(self, row: Row) -> float:
        until = row.changed_at if row.over else self._clock.now()
        return (until - row.attempt.started_at).total_seconds()

    def _name(self, row: Row) -> str:
        task = row.attempt.task
        return sold(row.attempt) if task is None else f"{sold(row.attempt)} {one_line(task.id)}"

    def _more(self, row: Row) -> str:
        """Return what a line says beside where it stands: the price and the choice at first, the time at last."""
        attempt = row.attempt
        if row.over:
            error = f": {one_line(attempt.error)}" if attempt.error else ""
            return f" after {self._seconds(row):.0f} s{error}"
        return f": {_chosen(attempt)}" if attempt.outcome is None else ""

    def _table(self) -> "Table":
        from rich.table import Table

        grid, rows = Table.grid(padding=(0, 2)), list(self._rows.values())  # a copy: it is drawn in a thread of its own
        is_crowded = self._live is not None and len(rows) * LINES >= self._live.console.height
        for row in rows:
            mark = "" if row.over else self._spinner
            title = sold(row.attempt) if is_crowded else self._title(row)
            grid.add_row(mark, title, row.words, f"{self._seconds(row):.0f} s")
        return grid

    def _title(self, row: Row) -> "Text":
        from rich.text import Text

        return Text.assemble(self._name(row), "\n", (_chosen(row.attempt), "dim"))


def _chosen(attempt: Attempt) -> str:
    """Return for how much an offer was chosen, and why."""
    return one_line(", ".join([str(attempt.order.money), *filter(None, [attempt.order.why])]))


def _is_of(task: Task, attempt: Attempt) -> bool:
    return attempt.task is not None and (attempt.order.account, attempt.task.id) == (task.account, task.id)


def _earlier(task: Task) -> Attempt:
    """Return what there is to show of the attempt that an earlier process made."""
    return Attempt(
        id=f"{task.account} {task.id}",
        order=Order(
            provider=task.provider,
            account=task.account,
            offer=task.offer,
            model=task.model,
            wire_id=task.wire_id,
            path=task.path,
            money=task.money,
        ),
        started_at=task.submitted_at,
        outcome=Outcome.ACCEPTED,
        task=task,
    )
