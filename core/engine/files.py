"""The result files of tasks: fetched into a folder, each for about a minute, or left for a recovery."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from anymedia.account import Account
from anymedia.model.errors import ConfigError, DownloadError
from anymedia.model.task import Asset, Task
from anymedia.transport.download import lies_in, save
from anymedia.transport.retry import Patience, retried

from .session import Session

MINUTE = 60.0
"""Seconds for which a file that does not come is asked for again, while its link lives."""

PATIENCE = Patience(tries=1000, first=1.0, most=16.0)
"""How long to wait between; MINUTE ends it."""


@attrs.frozen
class Files:
    """The downloads of one client; `account_of` returns the account of a task."""

    session: Session
    account_of: Callable[[Task], Account]

    async def download(self, tasks: Sequence[Task], folder: Path) -> tuple[Asset, ...]:
        """Save every asset of some tasks, and return them with their paths. Errors: DownloadError, once all is tried.

        What was not saved is left for a recovery.
        """
        saves = [self._saved(task, number, folder) for task in tasks for number in range(len(task.assets))]
        try:
            ends = await asyncio.gather(*saves, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                await self.session.leave(task)
            raise
        saved = iter(ends)
        for task in tasks:
            await self._note(task, [next(saved) for _ in task.assets])
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return tuple(end for end in ends if isinstance(end, Asset))

    async def _saved(self, task: Task, number: int, folder: Path) -> Asset:
        asset, clock = task.assets[number], self.session.clock
        if lies_in(folder, asset):
            return asset  # it was fetched before
        account = self._account(task)
        lives = asset.expires_at is None or clock.now() < asset.expires_at
        return await retried(
            lambda: save(self.session.transport, task, number, folder, account),
            lambda error: isinstance(error, DownloadError) and not error.permanent,
            clock=clock,
            patience=PATIENCE if lives else Patience(tries=1),
            deadline=clock.monotonic() + MINUTE,
        )

    def _account(self, task: Task) -> Account | None:
        """Return the account of a task; None where it is gone, and the file is fetched as any other."""
        try:
            return self.account_of(task)
        except ConfigError:
            return None

    async def _note(self, task: Task, ends: Sequence[Asset | BaseException]) -> None:
        """Write down where the files of a task are, and whether some are still to be fetched."""
        assets = tuple(_placed_at(end, was) for end, was in zip(ends, task.assets, strict=True))
        if assets != task.assets:
            await self.session.note(attrs.evolve(task, assets=assets))
        if any(isinstance(end, BaseException) for end in ends):
            await self.session.leave(task)


def _placed_at(end: Asset | BaseException, was: Asset) -> Asset:
    """Return an asset as it is written down: where its file is, for any working directory."""
    return attrs.evolve(end, path=end.path and end.path.absolute()) if isinstance(end, Asset) else was
