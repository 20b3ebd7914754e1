"""A batch on the command line: planned, or bought, told row by row, and summed up."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from errno import EPIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from anymedia import AnymediaError, BadRows, Batch, BatchEnd, BatchPlan, Config, Problem, Row, RowEnd
from anymedia.cli.failure import show_error
from anymedia.cli.making import watched
from anymedia.cli.saving import Saving
from anymedia.cli.text import give_up, print_json, reason, say
from anymedia.clock import Clock
from anymedia.manifest import Manifest, row_json
from anymedia.model.options import GenerateOptions

from .end import DONE, UNFINISHED, Places, code_of, end_json, show_end
from .plan import begun, plan_json, show_plan
from .progress import Progress

if TYPE_CHECKING:
    from anymedia import Client
    from anymedia.worker import Workers


@attrs.frozen(kw_only=True)
class Wanted:
    """What is to be bought: the rows of a file under a name, and how; `bad` is what is wrong with the other rows."""

    rows: Sequence[Row]
    bad: Sequence[Problem]
    name: str
    accounts: tuple[str, ...]
    budget: Decimal | None
    at_once: int
    timeout: float
    saving: Saving
    manifest: Path
    workers: bool
    options: GenerateOptions

    def batch(self, client: "Client") -> Batch:
        """Return it as a batch of a client. Errors: ConfigError where workers have no queue."""
        return client.batch(
            self.rows,
            *self.accounts,
            name=self.name,
            where=self.saving.place(client.config),
            names=self.saving.names,
            sidecar=self.saving.sidecar,
            budget=self.budget,
            at_once=self.at_once,
            timeout=self.timeout,
            workers=self._workers(client.config) if self.workers else None,
            **self.options,
        )

    def _workers(self, config: Config) -> "Workers":
        from anymedia.worker import Workers  # which few batches need

        return Workers(config)

    async def planned(self, batch: Batch) -> BatchPlan:
        """Return the plan of a batch. Errors: BadRows with every row that is bad, however that is found; as `plan`."""
        found: BatchPlan | None = None
        problems: Sequence[Problem] = ()
        try:
            found = await batch.plan()
        except BadRows as error:
            problems = error.problems
        except AnymediaError:
            if not self.bad:
                raise
        if found is None or self.bad:
            raise self._all_bad(problems) from None
        return found

    def _all_bad(self, problems: Sequence[Problem]) -> BadRows:
        """Return the error of what was wrong as the rows were read, and of what is wrong with those that could be."""
        lines = {row.line for row in self.rows} | {problem.line for problem in self.bad if problem.row is not None}
        numbers = {line: number for number, line in enumerate(sorted(filter(None, lines)), 1)}
        renumbered = [attrs.evolve(problem, row=numbers.get(problem.line or 0, problem.row)) for problem in problems]
        every = sorted([*self.bad, *renumbered], key=lambda problem: problem.line or 0)
        return BadRows(problems=every, rows=len(numbers))


def plan(wanted: Wanted, *, clock: Clock, config: Config, as_json: bool) -> None:
    """Show what a batch would cost, and buy nothing."""

    async def planned(client: "Client") -> BatchPlan:
        return await wanted.planned(wanted.batch(client))

    found = watched(planned, Progress(clock, wanted.budget), clock=clock, config=config)
    if as_json:
        print_json(plan_json(wanted.name, found, wanted.budget))
    else:
        show_plan(wanted.name, found, wanted.budget)


def buy(wanted: Wanted, *, clock: Clock, config: Config, as_json: bool) -> None:
    """Buy a batch, tell of each row, and exit as it ended."""
    run = _Run(wanted, Progress(clock, wanted.budget), as_json)
    try:
        watched(run.work, run.progress, clock=clock, config=config)
    except KeyboardInterrupt:
        if run.end is None:  # nothing was begun, or it has to end at once
            raise
        run.end = attrs.evolve(run.end, why="stopped")
    run.tell()


@attrs.define
class _Run:
    """One run of a batch: each row goes to the manifest, and to who reads stdout, as it ends."""

    wanted: Wanted
    progress: Progress
    as_json: bool
    end: BatchEnd | None = None
    _places: Places | None = None
    _unwritten: set[str] = attrs.field(factory=set)

    async def work(self, client: "Client") -> None:
        """Check all of it, say what is going to be bought, and buy it."""
        wanted = self.wanted
        files = await client.check_storage(wanted.saving.out, names=wanted.saving.names)
        batch = wanted.batch(client)
        found = await wanted.planned(batch)
        prompts = client.config.prompts
        manifest = Manifest(wanted.manifest, wanted.name, prompts=prompts)
        self._places = Places(files, manifest.path, manifest.summary)
        for line in begun(wanted.name, found, wanted.budget, wanted.at_once, files):
            self.progress.say(line)

        def ended(end: RowEnd) -> None:
            manifest.add(end)
            self._print({"batch": wanted.name, **row_json(end, prompts=prompts)})
            self.progress.ended(end)

        try:
            async with self.progress.of(batch):
                await batch.run(ended)
        finally:
            if (end := batch.end) is not None:
                self.end = end
                with self._written("the manifest"):
                    manifest.close(end)

    def tell(self) -> None:
        """Tell how it ended, and exit so."""
        end, places = self.end, self._places
        if end is None or places is None:
            raise AssertionError("a run that returns has ended")
        self._print(end_json(end, places))
        show_end(end, places, stderr=self.as_json)
        if end.error is not None and end.why == "error":  # else the row has told it that met it
            show_error(end.error)
        for what in self._unwritten:
            say(f"{what} is not whole: run the same command again, which buys nothing twice")
        raise SystemExit(code_of(end) or (UNFINISHED if self._unwritten else DONE))

    def _print(self, value: dict[str, Any]) -> None:
        if self.as_json:
            with self._written("stdout"):
                print_json(value, indent=None)

    @contextmanager
    def _written(self, what: str) -> Iterator[None]:
        """Say it, and go on, where something cannot be written: what is bought is in the journal all the same."""
        try:
            yield
        except OSError as error:
            if what == "stdout":
                give_up(sys.stdout)
            if error.errno != EPIPE and what not in self._unwritten:  # else nobody wants to read it
                self._unwritten.add(what)
                self.progress.say(f"warning: {what} cannot be written: {reason(error)}")
