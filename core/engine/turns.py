"""Whose turn it is to fetch the files of a task: one at a time, over all processes that share the journal.

Who has the turn takes what the others have written down by then, so that nothing is fetched twice.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import attrs

from anymedia.journal.away import say
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import JournalError
from anymedia.model.task import Asset, Task

from .session import Session

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two looks at whether another process has ended its turn."""

_locks: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str, str], asyncio.Lock] = WeakValueDictionary()
"""The locks of tasks whose files are fetched in this process, by event loop, account and id."""

_fetched: dict[tuple[str, str, str], object] = {}
"""Who fetches the files of a task as which owner of a journal: clients of several loops may share one."""


class Busy(Exception):
    """Somebody else fetches the files of a task at this moment."""


@attrs.frozen
class Turns:
    """The turns of one client."""

    session: Session

    @asynccontextmanager
    async def of(self, task: Task, *, waits: bool) -> AsyncIterator[Task]:
        """Hold the turn for a task, and yield it with the copies of its files that the journal knows by then.

        Where the journal fails, the files are fetched all the same: they are paid for. Errors: Busy while somebody else
        has the turn, unless the caller `waits`.
        """
        lock = _locks.setdefault((asyncio.get_running_loop(), task.account, task.id), asyncio.Lock())
        if lock.locked() and not waits:
            raise Busy
        async with lock:
            ledger = self.session.ledger
            if ledger is None:
                yield task
                return
            me = object()
            name = (ledger.journal.owner, task.account, task.id)
            try:
                await self._begin(ledger, task, name, me, waits=waits)
                yield await _known(ledger, task)
            finally:
                await self._leave(ledger, task, name, me)

    async def _begin(self, ledger: Ledger, task: Task, name: tuple[str, str, str], me: object, *, waits: bool) -> None:
        """Wait until no other process has the turn, nor another thread of this one. Errors: Busy."""
        pause = FIRST_PAUSE
        while True:
            if _fetched.setdefault(name, me) is me:
                try:
                    if await ledger.begin_fetch(task):
                        return
                except JournalError as error:
                    if not error.lapsed:
                        say(error, "whether others fetch the result of task %s is not known", task.id)
                        return
                    del _fetched[name]  # nothing is fetched yet: it is asked again by who this process is now
                    continue
                del _fetched[name]
            if not waits:
                raise Busy
            await self.session.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _leave(self, ledger: Ledger, task: Task, name: tuple[str, str, str], me: object) -> None:
        """Let others have the turn, if it was had."""
        if _fetched.get(name) is not me:
            return
        try:
            await _end(ledger, task)
        finally:  # a cancel ends this wait, and not the write
            del _fetched[name]


async def _end(ledger: Ledger, task: Task) -> None:
    """Let others have the turn; what cannot be written now is written later."""
    try:
        await ledger.end_fetch(task)
    except JournalError as error:
        say(error, "that the result of task %s is fetched no more is not written down", task.id)


async def _known(ledger: Ledger, task: Task) -> Task:
    """Return a task with the copies of its files that are written down."""
    try:
        written = await ledger.with_task(task.account, task.id)
    except JournalError:
        return task
    if written is None or written.task is None:
        return task
    known = _counterparts(task.assets, written.task.assets)
    return attrs.evolve(task, assets=tuple(map(_with_copies, task.assets, known)))


def _counterparts(ours: Sequence[Asset], known: Sequence[Asset]) -> list[Asset | None]:
    """Return which of the assets that are known each of ours is: by its link, else by its place, as links change."""
    by_url = {asset.url: asset for asset in known if asset.url is not None}
    urls = {asset.url for asset in ours if asset.url is not None}
    by_place = (
        [None if asset.url in urls else asset for asset in known] if len(ours) == len(known) else [None] * len(ours)
    )
    return [by_url.get(asset.url or "", other) for asset, other in zip(ours, by_place, strict=True)]


def _with_copies(ours: Asset, known: Asset | None) -> Asset:
    """Return an asset with the copies of its file that are known beside its own."""
    if known is None or not known.kept or ours.sha256 not in (None, known.sha256):
        return ours
    is_here = ours.path is not None and ours.path.is_file()
    return attrs.evolve(
        ours,
        path=ours.path if is_here or known.path is None else known.path,
        stored=ours.stored or known.stored,
        **{name: getattr(known, name) for name in ("media_type", "width", "height", "seconds", "length", "sha256")},
    )
