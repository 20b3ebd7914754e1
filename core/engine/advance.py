"""One step of a task, for whoever runs many of them and sleeps through none: looked at, written down, its files saved.

A step may be taken at least once: twice at the same time, again after a crash, long after the task was over. What the
journal knows by then is not looked at again, and the files of a task are fetched by one at a time.
"""

import logging
from collections.abc import Callable
from typing import cast

import attrs

from anymedia.account import Account
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import (
    AnymediaError,
    DownloadError,
    JournalError,
    MalformedAnswer,
    NotFound,
    OutOfBounds,
    Problem,
    ProviderError,
    RateLimited,
    Unavailable,
)
from anymedia.model.task import Asset, Attempt, Task
from anymedia.model.vocabulary import Retry, State
from anymedia.transport.places import Place

from .accepted import Accepted
from .custody import Custody
from .files import MINUTE
from .idempotency import bought
from .session import Session
from .sidecar import Sidecars
from .watch import Watch

LONGEST = 60.0
"""Seconds that a look may take, with the wait for its turn."""

FRESH = 60.0
"""Seconds after its submit for which a task that is not found may still come in sight at the provider."""

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class Advance:
    """How a task stands after one step, and in how many seconds (`after`) the next one is worth taking.

    None: nothing is left to be done. It failed or was canceled (`task.failure` and `task.money` say what is known of
    its price), nobody waits for it any more, or it has succeeded, and its files are saved, or are to be saved nowhere.
    `error` is what this step met, and what passes. `attempt_id` is the attempt's, which a job of an engine carries;
    None where no journal has it.
    """

    task: Task
    after: float | None = None
    error: AnymediaError | None = None
    attempt_id: str | None = None


@attrs.frozen
class Advances:
    """The steps that one client takes; `account_of` returns the account of a task."""

    session: Session
    watch: Watch
    custody: Custody
    account_of: Callable[[Task], Account]

    async def advance(
        self, given: Task | Attempt | str, place: Place | None, sidecars_of: Callable[[Attempt | None], Sidecars | None]
    ) -> Advance:
        """Take one step of a task: look at it, or save its files in a place, where either is to be done.

        Errors: as Client.advance.
        """
        task, attempt = await self._known(given)
        step = Advance(task=task, attempt_id=None if attempt is None else attempt.id)
        if attempt is not None and attempt.dismissed:
            return step
        with Accepted(task):
            if task.state.final:
                await self.watch.over_before(task)
            else:
                step = await self._looked(step)
            if step.task.state is not State.SUCCEEDED or place is None:
                return step
            return await self._saved(step, place, attempt, sidecars_of(attempt))

    # What is known of it

    async def _known(self, given: Task | Attempt | str) -> tuple[Task, Attempt | None]:
        """Return a task as it is written down, and its attempt; the given task where none is, or it is over first."""
        attempt = await self._attempt(given)
        if attempt is None and isinstance(given, Task):
            return given, None
        written = self._task_of(attempt or cast("Attempt", given))
        if isinstance(given, Task) and given.state.final and not written.state.final:
            await self.session.note(given)  # whoever saw that it was over could not write it down
            return given, attempt
        return written, attempt

    async def _attempt(self, given: Task | Attempt | str) -> Attempt | None:
        """Return the attempt as it is written down; None where no journal has it, or it cannot be read. Errors:
        OutOfBounds and JournalError for an id."""
        ledger = self.session.ledger
        if ledger is None:
            return None
        if isinstance(given, str):
            return await ledger.find(given)
        try:
            return await self._written(ledger, given)
        except JournalError as error:
            _log.warning("what is written down of %s is not known: %s", given.id, error)
            return None

    async def _written(self, ledger: Ledger, given: Task | Attempt) -> Attempt | None:
        if isinstance(given, Attempt):
            return await ledger.attempt(given.id)
        return await ledger.with_task(given.account, given.id)

    def _task_of(self, attempt: Attempt) -> Task:
        """Return the task of an attempt. Errors: SubmitUncertain where it may have one; OutOfBounds for no attempt."""
        if attempt.task is None and not attempt.may_be_billed:
            message = f"{attempt.id[:8]} is {attempt.status}: it has no task"
            raise OutOfBounds(problems=[Problem(field="task", message=message)])
        return bought(attempt, self.session)

    # A look

    async def _looked(self, step: Advance) -> Advance:
        """Look at the task. Errors: ProviderError where that would not pass by itself; ConfigError."""
        look = await self.watch.step(self.account_of(step.task), step.task, LONGEST)
        if look.error is not None and not self._passes(look.error, step.task):
            raise look.error
        after = None if look.task.state.final else look.after
        return attrs.evolve(step, task=look.task, after=after, error=look.error)

    def _passes(self, error: ProviderError, was: Task) -> bool:
        """Return whether a later look may do better."""
        if isinstance(error, MalformedAnswer):  # that it holds no result is told once before it counts
            return error.retry is not Retry.NEVER or was.trouble is None or was.trouble.error != str(error)
        if isinstance(error, NotFound):
            return (self.session.clock.now() - was.submitted_at).total_seconds() < FRESH
        return isinstance(error, Unavailable | RateLimited) and not error.permanent

    # Its files

    async def _saved(self, step: Advance, place: Place, attempt: Attempt | None, sidecars: Sidecars | None) -> Advance:
        """Save the files of a task that has succeeded, in one try. Errors: DownloadError, ConfigError."""
        task = step.task
        if all(asset.kept for asset in task.assets):
            return await self._moved(step, place, sidecars) if any(map(self._waits_here, task.assets)) else step
        asks = None if attempt is None else self.custody.asked_for(attempt)
        saved = await self.custody.step(task, place, sidecars, asks=asks)
        return attrs.evolve(step, task=saved.task, after=saved.after, error=saved.error)

    def _waits_here(self, asset: Asset) -> bool:
        """Return whether a file that came as bytes lies beside the journal, on this machine's disk, and there alone."""
        ledger, path = self.session.ledger, asset.path
        if ledger is None or asset.stored is not None or path is None or path.parent != ledger.results:
            return False
        return path.is_file()

    async def _moved(self, step: Advance, place: Place, sidecars: Sidecars | None) -> Advance:
        """Put files that lie beside the journal where they are to be. Errors: DownloadError, ConfigError."""
        try:
            files = await self.custody.files.download([step.task], place, sidecars)
        except DownloadError as error:
            if error.permanent and not error.place_is_full:
                raise
            return attrs.evolve(step, after=MINUTE, error=error)
        return attrs.evolve(step, task=attrs.evolve(step.task, assets=files))
