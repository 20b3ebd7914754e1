"""What could not be written to the journal: kept until it can be, and written under the same rules.

A journal that may be away has a folder for it on this machine, from which a later process takes it up too; without
one, it is kept in memory. The journal comes first all the same: nothing is bought before all of it is written.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from anymedia.model.errors import JournalError

from .protocol import Ended, Journal, Seen
from .records import Records
from .spool import Late, Spool, is_new, no_place

T = TypeVar("T")

SOON = 3.0
"""Seconds after which a journal counts as away that has not answered: nobody knows then how long this process lives."""

AT_ONCE = 100
"""How many changes are read and written together."""

_log = logging.getLogger("anymedia")


class Outbox:
    """The ends of submits, and of tasks, that wait for one journal.

    `write` writes such a change, and returns why it is not to be written, if so. `is_under_way` says of one whether
    another process may still be writing what comes before it: while it is new, it is left to that. `late` is called
    when one is put in the folder.
    """

    def __init__(
        self,
        journal: Journal,
        records: Records,
        write: Callable[[Late], Awaitable[str | None]],
        is_under_way: Callable[[Late], bool],
    ) -> None:
        self.late: Callable[[], None] = lambda: None
        self._journal = journal
        self._write = write
        self._is_under_way = is_under_way
        self._in_memory: deque[Ended] = deque()
        self._writing = asyncio.Lock()
        folder = journal.spool
        self._spool = None if folder is None else Spool(folder, records)

    @property
    def in_memory(self) -> int:
        """How many ends are known to this process alone."""
        return len(self._in_memory)

    def on_disk(self) -> int:
        """Return how many changes wait in the folder, whichever process put them there. Errors: JournalError."""
        return 0 if self._spool is None else len(_names(self._spool))

    async def sure(self, change: Late, write: Callable[[], Awaitable[T]]) -> T | None:
        """Return what the write of a change comes to, or None where it is kept in the folder, as the journal is away.

        Errors: JournalError, and then the end of a submit is kept in memory.
        """
        try:
            if self._spool is None:
                return await write()
            async with asyncio.timeout(SOON):
                return await write()
        except TimeoutError:
            error = JournalError(f"{self._journal.name}: it has not answered for {SOON:g} s", away=True)
        except JournalError as fault:
            error = fault
        except asyncio.CancelledError:  # whether it is written, nobody hears any more
            self.put(change)
            raise
        await self._keep(change, error)
        return None

    def put(self, change: Late) -> bool:
        """Keep a change in the folder without waiting; return whether there is one that takes it."""
        if self._spool is None:
            return False
        try:
            self._spool.put(change)
        except OSError as error:
            _log.error("%s", no_place(self._spool.folder, error))
            return False
        self.late()
        return True

    async def _keep(self, change: Late, error: JournalError) -> None:
        """Keep a change that was not written. Errors: JournalError where it is not on the disk."""
        if self._spool is not None and error.away:
            try:
                await asyncio.to_thread(self._spool.put, change)
            except OSError as full:
                error = JournalError(f"{error}; {no_place(self._spool.folder, full)}", away=True)
            else:
                self.late()
                return
        if isinstance(change, Ended):
            self._in_memory.append(change)
        raise error

    async def catch_up(self) -> None:
        """Write all that waits, that of other processes too. Errors: JournalError, and then the rest waits on."""
        if not self._in_memory and (self._spool is None or not _names(self._spool)):
            return
        async with self._writing:
            while self._in_memory:
                await self._write_first()
            if self._spool is not None:
                await self._write_folder(self._spool)

    async def _write_first(self) -> None:
        """Write what has waited longest in memory."""
        change = self._in_memory.popleft()
        try:
            await self._write(change)
        except BaseException:  # a cancel too: what is not known to be written is written again
            self._in_memory.appendleft(change)
            raise

    async def _write_folder(self, spool: Spool) -> None:
        """Write what waits in the folder."""
        written, left = 0, set[str]()
        while names := [name for name in _names(spool) if name not in left][:AT_ONCE]:
            found = await asyncio.to_thread(spool.read, names)
            left |= {name for name, change in found.items() if is_new(name) and self._is_under_way(change)}
            for kind in (Ended, Seen):
                some = {name: change for name, change in found.items() if isinstance(change, kind) and name not in left}
                ends = await asyncio.gather(*(self._written(spool, *each) for each in some.items()))
                written += len(ends)
                if (error := next(filter(None, ends), None)) is not None:
                    raise error
        if written:
            _log.info("%s: outcomes that waited in %s are written down: %s", self._journal.name, spool.folder, written)

    async def _written(self, spool: Spool, name: str, change: Late) -> JournalError | None:
        """Write a change that waits under a name, and return why it was not written and waits on."""
        try:
            why = await self._write(change)
            if why is None:
                spool.done(name)
            else:
                spool.put_aside(name, f"in {self._journal.name}, {why}")
        except JournalError as error:
            return error
        except OSError as error:
            return no_place(spool.folder, error)
        except Exception as error:  # noqa: BLE001 - no other change is held up by what this one meets
            spool.put_aside(name, repr(error))
        return None


def _names(spool: Spool) -> list[str]:
    """Return the names of what waits in a folder. Errors: JournalError."""
    try:
        return spool.names()
    except OSError as error:
        raise no_place(spool.folder, error) from None
