"""Recovery of what ended processes left, live tasks and results that are not fetched, and of every uncertain submit.

Nothing that may cost money is sent unless the caller asks for replays, and then only where the provider honours the
replay key.
"""

import asyncio
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

import attrs

from anymedia.account import Account, is_of
from anymedia.journal.ledger import Ledger
from anymedia.limits.ceiling import Ceiling
from anymedia.model.errors import AnymediaError, ConfigError, SubmitUncertain
from anymedia.model.plain import duration
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import Billed, State
from anymedia.transport.answered import files_of
from anymedia.transport.part import clear
from anymedia.transport.places import Place

from .accepted import Accepted
from .buy import Once, buy
from .custody import Custody
from .files import MINUTE
from .session import Session
from .sidecar import Sidecars
from .submission import Submission, task_of
from .submits import Submits
from .watch import Watch


@attrs.frozen(kw_only=True)
class Recovery:
    """What a recovery found: `tasks` that have succeeded, and attempts that are still `uncertain`.

    `errors` holds the rest: a task that failed, was not finished in time or could not be looked at, a file that could
    not be fetched, an attempt that could not be replayed.
    """

    tasks: tuple[Task, ...] = ()
    uncertain: tuple[Attempt, ...] = ()
    errors: tuple[AnymediaError, ...] = ()


@attrs.frozen(kw_only=True)
class Recoverer:
    """The recovery of one client: of what these `accounts` bought, or all."""

    account_of: Callable[[str], Account]
    ledger: Ledger
    session: Session
    submits: Submits
    watch: Watch
    custody: Custody
    sidecars: Sidecars | None = None
    any_api_key: bool = False
    accounts: Collection[str] | None = None

    async def recover(self, timeout: float, place: Place | None, *, replay: bool) -> Recovery:
        """Wait for live tasks, put results into a place, and return what is uncertain."""
        deadline = self.session.clock.monotonic() + timeout
        await self.ledger.check_stays()
        await self.session.catch_up()
        left, marks = await self.ledger.left()
        if self.accounts is not None:
            left = [attempt for attempt in left if attempt.order.account in self.accounts]
        tasks = [attempt.task for attempt in left if attempt.task is not None]
        # An attempt without an outcome is being sent at this moment.
        uncertain = [attempt for attempt in left if attempt.task is None and attempt.outcome is not None]
        errors: list[AnymediaError] = []
        found: list[Task] = []
        if replay:
            replayed = await asyncio.gather(*(self._replayed(attempt, deadline) for attempt in uncertain))
            found = [end for end in replayed if isinstance(end, Task)]
            errors += [end for end in replayed if not isinstance(end, Task)]
            uncertain = [each for each, end in zip(uncertain, replayed, strict=True) if not isinstance(end, Task)]
        owned = {(attempt.order.account, attempt.task.id): attempt for attempt in left if attempt.task is not None}
        if place is not None:  # another process may have taken up the same ones just now
            tasks = [task for task in tasks if await self.session.leave(task)]
            for task in found:  # nobody else knows of it, not even a living owner of the attempt
                await self.session.leave(task)
        tasks += found
        still = deadline - self.session.clock.monotonic()
        ends = await asyncio.gather(
            *(self._finished(task, owned.get((task.account, task.id)), still, place) for task in tasks)
        )
        errors += [end for end in ends if not isinstance(end, Task)]
        if place is not None:
            await asyncio.to_thread(clear, place.work)
            all_done = self.accounts is None and not errors
            await self.ledger.forget(marks if all_done else await self.ledger.idle(marks))
        await asyncio.to_thread(clear, self.ledger.results)
        uncertain = await asyncio.to_thread(lambda: [self._with_answer(attempt) for attempt in uncertain])
        done = tuple(end for end in ends if isinstance(end, Task))
        return Recovery(tasks=done, uncertain=tuple(uncertain), errors=tuple(errors))

    def _with_answer(self, attempt: Attempt) -> Attempt:
        """Return an uncertain attempt whose error tells of an answer that was a file, and is on the disk."""
        files = files_of(self.ledger.results, attempt.id)
        if not files:
            return attempt
        return attrs.evolve(attempt, error=f"{attempt.error}; it was answered with {', '.join(map(str, files))}")

    async def _replayed(self, attempt: Attempt, deadline: float) -> Task | AnymediaError:
        """Return the task that a replay found, or the error."""
        try:
            account = self._account(attempt)
            if (reason := self._no_replay(attempt, account)) is None:
                replay = Replay(attempt, account, self.submits, deadline)
                await buy(replay, self.submits)
                return replay.task()
        except AnymediaError as error:
            if error.billed is Billed.NO:  # the replay was not sent, and the attempt is as uncertain as before
                error.billed, error.attempt = Billed.UNKNOWN, attempt
            return error
        message = f"attempt {attempt.id[:8]} at {attempt.order.account} is not replayed: {reason}"
        return SubmitUncertain(message, attempt=attempt, account=attempt.order.account, provider=attempt.order.provider)

    def _no_replay(self, attempt: Attempt, account: Account) -> str | None:
        """Return why an attempt cannot be replayed safely."""
        idempotency = account.adapter.idempotency
        if idempotency is None:
            return f"{account.adapter.title} honours no idempotency key"
        if attempt.replay_key is None:
            return "it was sent under no replay key, as a body that holds a file is"
        if not is_of(attempt.fingerprint or "", account.secret()):
            return "it was sent with another API key, and a replay key holds for one"
        if (age := self.session.age(attempt)) > idempotency.window:
            old = f"is {duration(round(age))} old" if math.isfinite(age) else "was sent at a time that is still to come"
            return f"{account.adapter.title} honours its key for {duration(idempotency.window)}, and this {old}"
        if attempt.origin != account.origin:
            return f"it was sent to {attempt.origin}, and the account is now at {account.origin}"
        if attempt.order.body is None:
            return "what was sent is not in the journal (prompts = false)"
        return None

    async def _finished(
        self, task: Task, attempt: Attempt | None, timeout: float, place: Place | None
    ) -> Task | AnymediaError:
        """Return a task that has succeeded, with its files where a place is given, or the error."""
        try:
            with Accepted(task):
                if task.state is not State.SUCCEEDED:
                    task = await self.watch.until_done(self._account(attempt or task), task, timeout)
                if place is not None and not all(asset.kept for asset in task.assets):
                    task = await self._saved(task, attempt, place)
        except AnymediaError as error:
            return error
        return task

    async def _saved(self, task: Task, attempt: Attempt | None, place: Place) -> Task:
        """Save the files of a task for about a minute, and return it with them. Errors: DownloadError, ConfigError."""
        asks = None
        with suppress(ConfigError):  # files are fetched without an API key: another one does not matter
            asks = self._account(attempt or task)
        until = self.session.clock.monotonic() + MINUTE
        return await self.custody.saved(task, place, self.sidecars, asks=asks, until=until)

    def _account(self, left: Attempt | Task) -> Account:
        """Return the account of an attempt or task. Errors: ConfigError when it is missing or has another API key."""
        order = left.order if isinstance(left, Attempt) else left
        account = self.account_of(order.account)
        if account.adapter.name != order.provider:
            raise self._other(left, f"is now of {account.adapter.name}, and was of {order.provider}")
        same_key = self.any_api_key or not isinstance(left, Attempt) or is_of(left.fingerprint or "", account.secret())
        if not same_key:
            how = "has another API key than the one that this was submitted with; where this key has replaced it, "
            raise self._other(left, how + "any_api_key=True takes it up all the same")
        return account

    def _other(self, left: Attempt | Task, how: str) -> ConfigError:
        order = left.order if isinstance(left, Attempt) else left
        name = f"task {left.id}" if isinstance(left, Task) else f"attempt {left.id[:8]}"
        return ConfigError(f"{name}: account {order.account} {how}", account=order.account, provider=order.provider)


class Replay(Once[Account]):
    """The buyer of an attempt of unknown outcome: it sends the same bytes again, where they were sent before."""

    def __init__(self, attempt: Attempt, account: Account, submits: Submits, deadline: float) -> None:
        super().__init__(account, submits, deadline)
        self._attempt = attempt

    def task(self) -> Task:
        """Return the task that the replay found. Errors: SubmitUncertain when it is as uncertain as before."""
        return task_of(self.attempt)

    def reserve(self, account: Account) -> list[Submission]:
        """Return the attempt's submission: its price is counted already."""
        held = Ceiling(None).hold(self._attempt)
        return [Submission(self._attempt.order, account, self._submits.session, reservation=held, again=self._attempt)]

    @contextmanager
    def admitted(self, submission: Submission) -> Iterator[None]:
        """Admit it whatever the account's health: what it finds out is worth more than a wait."""
        yield
