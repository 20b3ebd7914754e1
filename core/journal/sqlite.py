"""The journal in one SQLite file, which any number of processes of one machine share."""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from anymedia.clock import Clock
from anymedia.model.errors import JournalError
from anymedia.shared_limits import SharedLimits

from .changes import Changes, importing
from .info import Info
from .labels import has_labels
from .process_lock import ProcessLock, forget, is_alive, is_here, is_name, known, mark_of
from .protocol import (
    By,
    Change,
    Claim,
    Entry,
    Fetching,
    Limit,
    Prunable,
    Pruned,
    Query,
    Refusal,
    Sum,
    Taken,
    Told,
    Unknown,
    Wanted,
)
from .pruning import GONE, Pruner, fact, uncollected
from .queries import INTO, Queries, columns, entry_of, is_open, sum_of_row, texts
from .sqlite_care import check_whole, copy, info
from .sqlite_file import SQLiteFile
from .sqlite_limits import LimitsFile
from .sqlite_schema import SQLITE, Schema
from .sqlite_whole import MOVER, check_stays, heir, kept, reinstate, rest, retire
from .whole import Arrived, Kept, Leaving, Rest

T = TypeVar("T")

CHANGES, QUERIES = Changes(SQLITE), Queries(SQLITE)
_INSERT = f"INSERT INTO attempts ({', '.join(INTO)}) VALUES ({', '.join('?' * len(INTO))})"  # noqa: S608
_INSERT_TEXTS = "INSERT INTO texts (number, record, task, body) VALUES (?, ?, ?, ?)"
_OF_OWNER = lambda row: row[0] is not None  # noqa: E731 - beside is_open
_LIVES = "INSERT OR IGNORE INTO facts (name, value) VALUES (?, '')"
_ENDS = "DELETE FROM facts WHERE name = ?"
_LIVED = "SELECT name FROM facts WHERE name GLOB ?"
_OWNER = "owner "
"""What the name of a fact begins with that says that an owner has not ended: its mark may be swept away."""

LOOKS, PAUSE = 25, 0.02
"""How often, and after how many seconds, it is looked whether a part of the file is missing that others have open."""


class SQLiteJournal:
    """A journal in a SQLite file: synced at each commit, shared by the processes of one machine.

    The file is made at the first write, and opened again by a write after `close`. It is one file whatever its names:
    symbolic links are followed, and one that was renamed, deleted, replaced or cut while it was open is written to no
    more (JournalError). Beside it, `results` holds the results that came as bytes, `<file>-owners` an empty file
    for each process that writes, and `<file>-limits` what is used of the limits of accounts just now.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._store = SQLiteFile(path, Schema(), self._begins, joins=self._joins, uses=self._uses)
        self.path: Path = self._store.path
        self._folder = self._store.file.owners
        self._lock = ProcessLock(self._folder)
        self._alive_since = 0
        self._stays = 0
        self._limits = LimitsFile(self.path.with_name(f"{self.path.name}-limits"))

    @property
    def name(self) -> str:
        """The path, with every symbolic link followed."""
        return str(self.path)

    @property
    def owner(self) -> str:
        """As Journal.owner."""
        return self._lock.name

    @property
    def results(self) -> Path:
        """The folder `results` beside the file."""
        return self.path.parent / "results"

    @property
    def limits(self) -> SharedLimits:
        """As Journal.limits: in a file of their own, `<file>-limits`."""
        return self._limits

    @property
    def spool(self) -> Path | None:
        """None: where the file cannot be written, no other place is surer."""
        return None

    def stands(self, owner: str) -> bool:
        """Return whether that is this owner, who lives as long as its process."""
        return owner == self.owner

    def hear(self, heard: Callable[[], None]) -> bool:
        """Return False: it tells nobody what moves."""
        return False

    async def check(self) -> None:
        """As Journal.check."""
        await self._store.write(self._unless_moved(self._live))

    async def intend(self, entry: Entry, *, claim: Claim | None = None, limit: Limit | None = None) -> Refusal | None:
        """As Journal.intend."""
        intended = partial(self._intend, entry=entry, claim=claim, limit=limit)
        return await self._store.write(self._unless_moved(intended))

    async def write(self, change: Change) -> bool | Taken | Told:
        """As Journal.write."""
        return await self._store.write(self._unless_moved(partial(self._change, change=change)))

    def put(self, change: Change) -> None:
        """As Journal.put."""
        self._store.put(self._unless_moved(partial(self._change, change=change)))

    async def select(self, query: Query) -> list[Entry]:
        """As Journal.select."""
        nothing: list[Entry] = []
        try:
            return await self._store.read(partial(self._select, query=query), nothing)
        except UnicodeEncodeError:  # the query holds what is no text, and everything that is stored is text
            return nothing

    async def moved(self, after: int | None) -> tuple[int, list[Entry]]:
        """As Journal.moved."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(self._moved, after=after), (0, nothing))

    async def durations(self, provider: str, offer: str, variant: str) -> list[tuple[float, float]]:
        """As Journal.durations."""
        nothing: list[tuple[float, float]] = []
        return await self._store.glance(partial(QUERIES.took, work=(provider, offer, variant)), nothing)

    async def unknown(self) -> list[Unknown]:
        """As Journal.unknown."""
        nothing: list[Unknown] = []
        return await self._store.read(QUERIES.unknown, nothing)

    async def sums(self, by: By, since: float | None = None) -> list[Sum]:
        """As Journal.sums."""
        nothing: list[Sum] = []
        return await self._store.read(partial(self._sums, by=by, since=since), nothing)

    async def count(self) -> int:
        """As Journal.count."""
        return await self._store.read(QUERIES.count, 0)

    async def prunable(self, prunable: Prunable) -> list[Entry]:
        """As Journal.prunable."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(QUERIES.prunable, prunable=prunable), nothing)

    async def uncollected(self, prunable: Prunable) -> int:
        """As Journal.uncollected."""
        return await self._store.glance(partial(uncollected, dialect=SQLITE, prunable=prunable), 0)

    async def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """As Journal.prune."""
        return await self._store.write(self._unless_moved(partial(self._prune, pruned=pruned)))

    async def pruned(self) -> int | None:
        """As Journal.pruned."""
        return await self._store.read(partial(fact, dialect=SQLITE, name=GONE), None)

    async def dead(self) -> list[str]:
        """As Journal.dead."""
        nothing: list[str] = []
        names = {*await self._store.read(_lived, nothing), *await asyncio.to_thread(known, self._folder)}
        return await asyncio.to_thread(lambda: [name for name in sorted(names) if not self._is_alive(name)])

    async def forget(self, owners: Collection[str]) -> None:
        """As Journal.forget."""
        if owners:
            await self._store.write(partial(_end, owners=owners))
        for name in owners:
            await asyncio.to_thread(forget, self._folder, name)

    async def claim(self, key: str, holder: str) -> Claim | None:
        """As Journal.claim."""
        return await self._store.write(self._unless_moved(partial(self._claim, key=key, holder=holder)))

    async def salts(self) -> list[bytes]:
        """As Journal.salts."""
        return await self._store.write(MOVER.salts)

    async def importing(self) -> str | None:
        """As Journal.importing."""
        return await self._store.glance(partial(importing, dialect=SQLITE), None)

    # All of it, as it moves into another journal, or takes one in

    async def retire(self, heir: str) -> Leaving:
        """As Source.retire."""
        self._there(await self._store.glance(partial(check_whole, path=self.path), None))
        return await self._store.write(partial(self._retire, heir=heir))

    async def heir(self) -> tuple[str, str] | None:
        """As Source.heir."""
        moved = await self._store.read(heir, None)
        return None if moved is None else (moved["id"], moved["to"])

    async def reinstate(self) -> None:
        """As Source.reinstate."""
        self._there(await self._store.glance(lambda _: True, None))
        await self._store.write(reinstate)

    async def kept(self, after: int) -> list[Kept]:
        """As Source.kept."""
        nothing: list[Kept] = []
        return await self._store.glance(partial(kept, after=after), nothing)

    async def rest(self) -> Rest:
        """As Source.rest."""
        dead = await self.dead()
        return await self._store.glance(partial(rest, dead=dead), Rest())

    async def begin_import(self, leaving: Leaving) -> Arrived:
        """As Target.begin_import."""
        return await self._store.write(self._unless_moved(partial(MOVER.begin, leaving=leaving)))

    async def take(self, name: str, after: int, kept: Sequence[Kept]) -> None:
        """As Target.take."""
        taken = partial(MOVER.take, named=self.name, name=name, after=after, several=kept)
        await self._store.write(self._unless_moved(taken))

    async def take_rest(self, name: str, after: int, rest: Rest) -> None:
        """As Target.take_rest."""

        def taken(connection: sqlite3.Connection) -> None:
            MOVER.take_rest(connection, self.name, name, after, rest)
            connection.executemany(_LIVES, [(_OWNER + owner,) for owner in rest.dead])

        await self._store.write(self._unless_moved(taken))

    async def give_up(self, name: str) -> None:
        """As Target.give_up."""
        await self._store.write(partial(MOVER.give_up, name=name))

    async def found(self, ids: Collection[str]) -> list[Entry]:
        """As Target.found."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(MOVER.found, ids=ids), nothing)

    # The file as a whole

    async def info(self, before: float, now: float | None = None) -> Info | None:
        """Return what the file holds; attempts that began before a time (in seconds since 1970) and are over are old.

        Results that expired before `now` count as gone (None: the present). None where there is no file yet. It waits
        for no write, and no write waits for it. Errors: JournalError.
        """
        old = Prunable(before=before, now=Clock().now().timestamp() if now is None else now)
        asked = partial(info, path=self.path, results=self.results, old=old, is_alive=self._is_alive)
        return await self._store.glance(asked, None)

    async def backup(self, target: Path) -> int:
        """Copy the journal to a new file as it is at one moment, while others write to it; return the copy's bytes.

        The copy is a journal, and for its user alone (0600). It is there whole or not at all, never in the place of
        another file. The results that came as bytes are not in it. Errors: JournalError.
        """
        asked = partial(copy, source=self.path, target=target)
        return self._there(await self._store.glance(asked, None))

    async def compact(self) -> None:
        """Give the disk back what pruning has freed. No process can write meanwhile; those that try wait for it.

        Errors: JournalError, also when others write or read for too long.
        """
        self._there(await self._store.glance(lambda _: True, None))
        await asyncio.to_thread(self._store.compact)

    def _there(self, found: T | None) -> T:
        if found is None:
            raise JournalError(f"{self.path}: there is no journal yet")
        return found

    async def close(self) -> None:
        """As Journal.close."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._lock.is_held:
            with contextlib.suppress(JournalError):  # it counts as dead then, which loses nothing
                self._store.call(partial(_end, owners=[self.owner]))
        self._store.close()
        self._limits.close()
        self._lock.end()

    def _begins(self) -> None:
        """Refuse to begin a new file while others have the earlier one open. Errors: JournalError."""
        if any(map(self._is_alive, known(self._folder))):
            raise JournalError(
                f"{self.path}: it was renamed or deleted while other processes have it open; put it back, or end them"
            )

    def _joins(self) -> None:
        """Refuse a file that others have open, and whose newest part has been taken away. Errors: JournalError.

        Others may open or close it at this moment: only what stays so for a while was taken away.
        """
        for _ in range(LOOKS):
            if not self._is_open_elsewhere() or self._store.file.is_in_use():
                return
            time.sleep(PAUSE)
        raise JournalError(
            f"{self.path}-wal: it was deleted while other processes have the journal open, and what they bought "
            "last is not seen here; end them"
        )

    def _is_open_elsewhere(self) -> bool:
        owners = known(self._folder)
        return any(
            mark_of(self._folder, name).exists() and name != self.owner and self._is_alive(name) for name in owners
        )

    def _uses(self, does: bool) -> None:
        """Mark that this owner has the file open, or not any more; where it cannot be marked, nobody misses it."""
        mark = mark_of(self._folder, self.owner)
        with contextlib.suppress(OSError):
            if does:
                mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                mark.touch()
            else:
                mark.unlink(missing_ok=True)

    # In a transaction

    def _unless_moved(self, step: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
        """Return a step that is refused once the journal has moved; once a transaction is enough to look."""

        def checked(connection: sqlite3.Connection) -> T:
            if self._stays != self._store.transactions:
                check_stays(connection, self.path)
                self._stays = self._store.transactions
            return step(connection)

        return checked

    def _retire(self, connection: sqlite3.Connection, heir: str) -> Leaving:
        others = sum(name != self.owner and self._is_alive(name) for name in known(self._folder))
        if others:
            which = "another process has" if others == 1 else f"{others} other processes have"
            raise JournalError(f"{self.path}: {which} it open and may be buying; end them, and import it then")
        return retire(connection, self.path, heir)

    def _live(self, connection: sqlite3.Connection) -> None:
        """Be alive as an owner from now on, also for those who find no mark of it; once a transaction is enough."""
        if self._alive_since == self._store.transactions:
            return
        self._lock.hold()
        connection.execute(_LIVES, (_OWNER + self.owner,))
        self._alive_since = self._store.transactions

    def _intend(
        self, connection: sqlite3.Connection, entry: Entry, claim: Claim | None, limit: Limit | None
    ) -> Refusal | None:
        refusal = CHANGES.refusal(connection, entry.account, entry.reserved, claim, limit)
        if refusal is not None:
            return refusal
        self._live(connection)
        number = connection.execute(_INSERT, (self.owner, *columns(entry))).lastrowid
        connection.execute(_INSERT_TEXTS, (number, *texts(entry)))
        return None

    def _change(self, connection: sqlite3.Connection, change: Change) -> bool | Taken | Told:
        if isinstance(change, Wanted | Fetching):
            self._live(connection)
        return CHANGES.make(connection, change, self.owner, self._is_alive)

    def _claim(self, connection: sqlite3.Connection, key: str, holder: str) -> Claim | None:
        claim = CHANGES.claim(connection, key, holder, self.owner, self._is_alive)
        if claim is not None:
            self._live(connection)
        return claim

    def _prune(self, connection: sqlite3.Connection, pruned: Sequence[Pruned]) -> list[str]:
        connection.execute("PRAGMA secure_delete = ON")  # what was dropped is not to be found in the file
        return Pruner(SQLITE, connection, self._is_alive).prune(pruned)

    def _select(self, connection: sqlite3.Connection, query: Query) -> list[Entry]:
        if (labels := query.labels) is not None:
            connection.create_function("has_labels", 1, cache(lambda text: has_labels(text, labels)))
        rows, alive = self._with_owners(lambda: QUERIES.rows(connection, query), is_open, {})
        return [entry_of(row, alive=alive[row[0]]) for row in rows]

    def _moved(self, connection: sqlite3.Connection, after: int | None) -> tuple[int, list[Entry]]:
        last = QUERIES.last_move(connection)
        if after is None or last <= after:
            return last, []
        rows, alive = self._with_owners(lambda: QUERIES.moved(connection, after), is_open, {})
        return rows[-1][-1], [entry_of(row[:-1], alive=alive[row[0]]) for row in rows]

    def _sums(self, connection: sqlite3.Connection, by: By, since: float | None) -> list[Sum]:
        # Looked at beforehand, so that the sums are made once, although a dead owner has left something open.
        alive = {owner: self._is_alive(owner) for owner in QUERIES.open_owners(connection)}
        rows, alive = self._with_owners(lambda: QUERIES.summed(connection, by, since), _OF_OWNER, alive)
        return [sum_of_row(row, by, alive=row[0] is None or alive[row[0]]) for row in rows]

    def _with_owners(
        self, look: Callable[[], list[Any]], is_open: Callable[[Any], Any], known: Mapping[Any, bool]
    ) -> tuple[list[Any], dict[Any, bool]]:
        """Return rows that each begin with an owner, and which owners are alive; of some it is `known`.

        Each row is as it was while its owner was still alive, or as its owner left it for good. An owner that ends
        between the query and the look at its lock may have written in between: so the query is repeated until every
        dead owner of an open row was known to be dead before it.
        """
        alive = {**known}
        known_dead = {owner for owner, lives in alive.items() if not lives}
        while True:
            rows = look()
            for owner in {row[0] for row in rows} - alive.keys():
                alive[owner] = self._is_alive(owner)
            dead = {row[0] for row in rows if is_open(row) and not alive[row[0]]}
            if dead <= known_dead:
                return rows, alive
            known_dead |= dead

    def _is_alive(self, owner: str) -> bool:
        return owner == self.owner or is_here(owner) or is_alive(self._folder, owner)


def _end(connection: sqlite3.Connection, owners: Collection[str]) -> None:
    connection.executemany(_ENDS, [(_OWNER + name,) for name in owners])


def _lived(connection: sqlite3.Connection) -> list[str]:
    names = (str(name)[len(_OWNER) :] for (name,) in connection.execute(_LIVED, (f"{_OWNER}*",)))
    return [name for name in names if is_name(name)]  # another program may have written others
