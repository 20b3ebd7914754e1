"""What was left when a process ended: tasks that go on, results that nobody fetched, submits that nobody heard of.

Nothing that costs money is sent unless it is asked for, and then only where the provider honours the key.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import attrs

from anymedia.account import Account, is_of
from anymedia.config import Config
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import AnymediaError, ConfigError, SubmitUncertain
from anymedia.model.task import Asset, Attempt, Task
from anymedia.model.vocabulary import State
from anymedia.transport.download import clear

from .buy import Submits
from .session import Session
from .watch import Looks


@attrs.frozen(kw_only=True)
class Recovery:
    """What recovering came to: `tasks` that have succeeded, and attempts that are `uncertain` still.

    `errors` say what went wrong: a task that failed, was not finished in time, or could not be looked at; a file that
    could not be fetched; an attempt that could not be replayed.
    """

    tasks: tuple[Task, ...] = ()
    uncertain: tuple[Attempt, ...] = ()
    errors: tuple[AnymediaError | OSError, ...] = ()


@attrs.frozen(kw_only=True)
class Recoverer:
    """The recovering of one client."""

    config: Config
    ledger: Ledger
    session: Session
    submits: Submits
    looks: Looks
    save: Callable[[Task, Path], Awaitable[tuple[Asset, ...]]]

    async def recover(self, timeout: float, directory: Path | None, *, replay: bool) -> Recovery:
        """Wait for what goes on, fetch what is there into a directory, and tell what is uncertain."""
        deadline = self.session.clock.monotonic() + timeout
        left, marks = await self.ledger.left()
        tasks = [attempt.task for attempt in left if attempt.task is not None]
        # Without an outcome it is being sent just now.
        uncertain = [attempt for attempt in left if attempt.task is None and attempt.outcome is not None]
        errors: list[AnymediaError | OSError] = []
        if replay:
            ends = await asyncio.gather(*(self._replayed(attempt, deadline) for attempt in uncertain))
            tasks += [end for end in ends if isinstance(end, Task)]
            errors += [end for end in ends if not isinstance(end, Task)]
            uncertain = [attempt for attempt, end in zip(uncertain, ends, strict=True) if not isinstance(end, Task)]
        owned = {(attempt.order.account, attempt.task.id): attempt for attempt in left if attempt.task is not None}
        for task in tasks if directory is not None else ():
            await self.session.leave(task)
        still = deadline - self.session.clock.monotonic()
        found = await asyncio.gather(
            *(self._finished(task, owned.get((task.account, task.id)), still, directory) for task in tasks)
        )
        errors += [end for end in found if not isinstance(end, Task)]
        if directory is not None:
            await asyncio.to_thread(clear, directory)
        if directory is not None and not errors:
            await self.ledger.forget(marks)
        done = tuple(end for end in found if isinstance(end, Task))
        return Recovery(tasks=done, uncertain=tuple(uncertain), errors=tuple(errors))

    async def _replayed(self, attempt: Attempt, deadline: float) -> Task | AnymediaError:
        """Return the task that a replay came to, or why there was none."""
        try:
            account = self._account(attempt)
            if (reason := self._no_replay(attempt, account)) is None:
                return await self.submits.replay(attempt, account, deadline)
        except AnymediaError as error:
            return error
        message = f"attempt {attempt.id[:8]} at {attempt.order.account} is not replayed: {reason}"
        return SubmitUncertain(message, attempt=attempt, account=attempt.order.account, provider=attempt.order.provider)

    def _no_replay(self, attempt: Attempt, account: Account) -> str | None:
        """Return why an attempt cannot be replayed safely."""
        idempotency = account.adapter.idempotency
        if idempotency is None or attempt.replay_key is None:
            return f"{account.adapter.title} honours no idempotency key"
        age = self.session.clock.now() - attempt.started_at
        if not timedelta(0) <= age <= timedelta(seconds=idempotency.window):
            return f"{account.adapter.title} honours its key for {idempotency.window:g} s, and it was sent {age} ago"
        if attempt.origin != account.origin:
            return f"it was sent to {attempt.origin}, and the account is now at {account.origin}"
        if attempt.order.body is None:
            return "what was sent is not in the journal (prompts = false)"
        return None

    async def _finished(
        self, task: Task, attempt: Attempt | None, timeout: float, directory: Path | None
    ) -> Task | AnymediaError | OSError:
        """Return a task that has succeeded, with its files where a directory is given; else why not."""
        try:
            if task.state is not State.SUCCEEDED:
                task = await self.looks.until_done(self._account(attempt or task), task, timeout)
            if directory is not None and not all(asset.path for asset in task.assets):
                task = attrs.evolve(task, assets=await self.save(task, directory))
        except (AnymediaError, OSError) as error:
            return error
        return task

    def _account(self, left: Attempt | Task) -> Account:
        """Return the account of what was left. Errors: ConfigError when it is missing, or has another key now."""
        order = left.order if isinstance(left, Attempt) else left
        account = self.config.account(order.account)
        if account.adapter.name != order.provider:
            raise self._other(left, f"is now of {account.adapter.name}, and was of {order.provider}")
        if isinstance(left, Attempt) and not is_of(left.fingerprint or "", account.secret()):
            raise self._other(left, "has another API key than the one that this was submitted with")
        return account

    def _other(self, left: Attempt | Task, how: str) -> ConfigError:
        order = left.order if isinstance(left, Attempt) else left
        name = f"task {left.id}" if isinstance(left, Task) else f"attempt {left.id[:8]}"
        return ConfigError(f"{name}: account {order.account} {how}", account=order.account, provider=order.provider)
