"""The journal in one SQLite file, which any number of processes of one machine share."""

import asyncio
import contextlib
import json
import math
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cache, partial
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, TypeVar

import attrs

from anymedia.clock import Clock
from anymedia.model.errors import JournalError

from .group_commit import Step
from .labels import has_labels
from .process_lock import ProcessLock, forget, is_alive, is_here, is_name, known, mark_of
from .protocol import (
    DAY,
    DURATIONS,
    MOVED,
    PRUNED,
    By,
    Change,
    Claim,
    Done,
    Ended,
    Entry,
    Fetched,
    Fetching,
    Limit,
    Prunable,
    Pruned,
    Query,
    Refusal,
    Seen,
    Sum,
    Taken,
    Told,
    Unknown,
    Wanted,
)
from .sqlite_care import Info, copy, info
from .sqlite_changes import do, end_submit, hear, see
from .sqlite_file import SQLiteFile
from .sqlite_prune import FENCE, GONE, fact, prunable_where, prune, since_when, uncollected
from .sqlite_schema import ADDED_UP, EXPIRY, HAS_MOVED, IN_BATCH, Schema
from .sqlite_whole import begin_import, check_stays, found, kept, reinstate, rest, retire, salts, take, take_rest
from .whole import Arrived, Kept, Leaving, Rest

T = TypeVar("T")

_TEXTS = ("record", "task", "body")
_COLUMNS = tuple(field.name for field in attrs.fields(Entry) if field.name not in ("owner", "alive", "number", *_TEXTS))
_STORED = (*_COLUMNS, *_TEXTS)
_columns, _texts = attrgetter("day", *_COLUMNS), attrgetter(*_TEXTS)
_INSERT = f"INSERT INTO attempts (owner, day, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"  # noqa: S608 - the names are ours
_IS_OPEN, _OF_OWNER = itemgetter(2 + _STORED.index("open")), lambda row: row[0] is not None
_INSERT_TEXTS = "INSERT INTO texts (number, record, task, body) VALUES (?, ?, ?, ?)"
# An attempt whose texts somebody has deleted cannot be read, and is there all the same.
_SELECT = (
    f"SELECT owner, number, {', '.join(_STORED)} FROM attempts LEFT JOIN texts USING (number) "  # noqa: S608
    "WHERE %s ORDER BY %s"
)
# By itself, SQLite would go through all numbers for the sake of their order.
_SOONEST = _SELECT.replace("FROM attempts", "FROM attempts INDEXED BY by_expiry")
# Each part has an index, which SQLite would not use for all of them at once.
_OPEN = "number IN (SELECT number FROM attempts WHERE open)"
_LEFT = """number IN (
    SELECT number FROM attempts WHERE open
    UNION ALL SELECT number FROM attempts WHERE wanted
    UNION ALL SELECT number FROM attempts WHERE undownloaded AND owner IN (SELECT value FROM json_each(?)))"""
_BATCH = f"number IN (SELECT number FROM attempts WHERE batch = ? AND {IN_BATCH})"  # noqa: S608 - the names are ours
# In the order of the numbers, and in the order of that index.
_EXPIRING = f"undownloaded AND {EXPIRY} >= ? AND {EXPIRY} < ?"
_EXPIRES = f"number IN (SELECT number FROM attempts WHERE {_EXPIRING})"  # noqa: S608
_NAMED = """number IN (
    SELECT number FROM attempts WHERE id >= ? AND id < ? || 'g'
    UNION ALL SELECT number FROM attempts WHERE task_id = ?)"""
# The order is that of the numbers: the first number of a time bounds what is looked at, however a clock was set.
_SINCE = "number >= (SELECT min(+number) FROM attempts WHERE started >= ?) AND started >= ?"
_LAST_MOVE = f"SELECT max(moved) FROM attempts WHERE {HAS_MOVED}"  # noqa: S608
_MOVED = f"""SELECT owner, number, {", ".join(_STORED)}, moved FROM attempts LEFT JOIN texts USING (number)
    WHERE moved > ? AND {HAS_MOVED} ORDER BY moved LIMIT {MOVED}"""  # noqa: S608 - the names are ours
_TOOK = f"""SELECT least, most FROM attempts WHERE provider = ? AND offer = ? AND variant = ? AND least IS NOT NULL
    ORDER BY moved DESC LIMIT {DURATIONS}"""  # noqa: S608
_UNKNOWN = """SELECT account, task_id, open, task FROM unknown WHERE NOT EXISTS (
    SELECT 1 FROM attempts WHERE attempts.task_id = unknown.task_id AND attempts.account = unknown.account)
    ORDER BY number DESC"""
_OWNERS = "SELECT DISTINCT owner FROM attempts WHERE task_id = ? AND account = ?"
_OPEN_OWNERS = "SELECT DISTINCT owner FROM attempts WHERE open"
_WANTED = "UPDATE attempts SET wanted = 1 WHERE task_id = ? AND account = ?"
_OWNED = "UPDATE attempts SET owner = ? WHERE task_id = ? AND account = ? AND owner = ?"
_FETCHERS = "SELECT DISTINCT fetcher FROM attempts WHERE task_id = ? AND account = ? AND fetcher IS NOT NULL"
_FETCHING = "UPDATE attempts SET fetcher = ? WHERE task_id = ? AND account = ?"
_FETCHED = "UPDATE attempts SET fetcher = NULL WHERE task_id = ? AND account = ? AND fetcher = ?"
_RELEASED = "UPDATE keys SET holder = NULL WHERE key = ? AND holder = ? AND owner = ?"
_LIVES = "INSERT OR IGNORE INTO facts (name, value) VALUES (?, '')"
_ENDS = "DELETE FROM facts WHERE name = ?"
_LIVED = "SELECT name FROM facts WHERE name GLOB ?"
_OWNER = "owner "
"""What the name of a fact begins with that says that an owner has not ended: its mark may be swept away."""

_SPENT = "SELECT coalesce(sum(ifnull(reserved, 9e999)), 0) FROM days WHERE account = ? AND day >= ?"
_EACH = ", ".join(f"{value} AS {name}" for name, value in ADDED_UP.items())
# A sum of whole numbers that is beyond 64 bits is an error: what is above a billion USD was written by nobody of ours.
_SUMMED = ", ".join(f"sum(CASE WHEN {name} BETWEEN -1e18 AND 1e18 THEN {name} ELSE 0 END)" for name in ADDED_UP)
_SUMS = f"""SELECT owner, grouped, counts_as, {_SUMMED}, max(day) FROM (
    SELECT {{by}} AS grouped, counts_as, {", ".join(ADDED_UP)}, day, NULL AS owner
        FROM {{kept}} WHERE number != 0 AND day >= ?
    UNION ALL SELECT {{by}}, counts_as, {_EACH}, day, NULL
        FROM attempts WHERE started >= ? AND started < ? AND NOT open AND counts_as IS NOT NULL
    UNION ALL SELECT {{by}}, counts_as, {_EACH}, day, owner
        FROM attempts WHERE open AND +started >= ? AND counts_as IS NOT NULL
    ) GROUP BY grouped, counts_as, owner"""  # noqa: S608
"""Whole days as they are kept, the rest of the first day, and what is open: little is, and + has that index used."""


LOOKS, PAUSE = 25, 0.02
"""How often, and after how many seconds, it is looked whether a part of the file is missing that others have open."""


class SQLiteJournal:
    """A journal in a SQLite file: synced at each commit, shared by the processes of one machine.

    The file is made at the first write, and opened again by a write after `close`. It is one file whatever its names:
    symbolic links are followed, and one that was renamed, deleted, replaced or cut while it was open is written to no
    more (JournalError). Beside it, `results` holds the results that came as bytes, and `<file>-owners` an empty file
    for each process that writes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._store = SQLiteFile(path, Schema(), self._begins, joins=self._joins, uses=self._uses)
        self.path: Path = self._store.path
        self._folder = self._store.file.owners
        self._lock = ProcessLock(self._folder)
        self._alive_since = 0
        self._stays = 0

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
    def spool(self) -> Path | None:
        """None: where the file cannot be written, no other place is surer."""
        return None

    def stands(self) -> bool:
        """Return True: an owner lives as long as its process."""
        return True

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
        return await self._store.glance(partial(_took, work=(provider, offer, variant)), nothing)

    async def unknown(self) -> list[Unknown]:
        """As Journal.unknown."""
        nothing: list[Unknown] = []
        return await self._store.read(_unknown, nothing)

    async def sums(self, by: By, since: float | None = None) -> list[Sum]:
        """As Journal.sums."""
        nothing: list[Sum] = []
        return await self._store.read(partial(self._sums, by=by, since=since), nothing)

    async def count(self) -> int:
        """As Journal.count."""
        return await self._store.read(_count, 0)

    async def prunable(self, prunable: Prunable) -> list[Entry]:
        """As Journal.prunable."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(_prunable, prunable=prunable), nothing)

    async def uncollected(self, prunable: Prunable) -> int:
        """As Journal.uncollected."""
        return await self._store.glance(partial(uncollected, prunable=prunable), 0)

    async def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """As Journal.prune."""
        return await self._store.write(self._unless_moved(partial(prune, pruned=pruned, is_alive=self._is_alive)))

    async def pruned(self) -> int | None:
        """As Journal.pruned."""
        return await self._store.read(partial(fact, name=GONE), None)

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
        return await self._store.write(salts)

    # All of it, as it moves into another journal, or takes one in

    async def retire(self, heir: str) -> Leaving:
        """As Source.retire."""
        self._there(await self._store.glance(lambda _: True, None))
        return await self._store.write(partial(self._retire, heir=heir))

    async def reinstate(self) -> bool:
        """As Source.reinstate."""
        self._there(await self._store.glance(lambda _: True, None))
        return await self._store.write(reinstate)

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
        return await self._store.write(self._unless_moved(partial(begin_import, leaving=leaving)))

    async def take(self, name: str, after: int, kept: Sequence[Kept]) -> None:
        """As Target.take."""
        taken = partial(take, path=self.path, name=name, after=after, several=kept)
        await self._store.write(self._unless_moved(taken))

    async def take_rest(self, name: str, after: int, rest: Rest) -> None:
        """As Target.take_rest."""

        def taken(connection: sqlite3.Connection) -> None:
            take_rest(connection, self.path, name, after, rest)
            connection.executemany(_LIVES, [(_OWNER + owner,) for owner in rest.dead])

        await self._store.write(self._unless_moved(taken))

    async def found(self, ids: Collection[str]) -> list[Entry]:
        """As Target.found."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(found, ids=ids), nothing)

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
        return any(mark_of(self._folder, name).exists() and self._is_alive_elsewhere(name) for name in owners)

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

    def _unless_moved(self, step: Step[T]) -> Step[T]:
        """Return a step that is refused once the journal has moved; once a transaction is enough to look."""

        def checked(connection: sqlite3.Connection) -> T:
            if self._stays != self._store.transactions:
                check_stays(connection, self.path)
                self._stays = self._store.transactions
            return step(connection)

        return checked

    def _retire(self, connection: sqlite3.Connection, heir: str) -> Leaving:
        others = sum(map(self._is_alive_elsewhere, known(self._folder)))
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
        if claim is not None and not _stands(connection, claim):
            return Refusal()
        if limit is not None:
            (spent,) = connection.execute(_SPENT, (entry.account, limit.day)).fetchone()
            if spent + (entry.reserved or 0) > limit.most:
                return Refusal(spent=spent)
        self._live(connection)
        number = connection.execute(_INSERT, (self.owner, *_columns(entry))).lastrowid
        connection.execute(_INSERT_TEXTS, (number, *_texts(entry)))
        return None

    def _change(self, connection: sqlite3.Connection, change: Change) -> bool | Taken | Told:
        if isinstance(change, Ended):
            return end_submit(connection, change)
        if isinstance(change, Seen):
            return see(connection, change)
        if isinstance(change, Wanted):
            return self._want(connection, change)
        if isinstance(change, Unknown):
            return hear(connection, change)
        if isinstance(change, Done):
            return do(connection, change)
        if isinstance(change, Fetching):
            return self._fetch(connection, change)
        if isinstance(change, Fetched):
            return connection.execute(_FETCHED, (change.task_id, change.account, self.owner)).rowcount > 0
        return connection.execute(_RELEASED, (change.key, change.holder, self.owner)).rowcount > 0

    def _want(self, connection: sqlite3.Connection, change: Wanted) -> bool:
        """Take over what nobody else sees to; the look at who is alive is within the transaction."""
        self._live(connection)
        task = (change.task_id, change.account)
        connection.execute(_WANTED, task)
        if change.stays:
            return False
        owners = [owner for (owner,) in connection.execute(_OWNERS, task) if not self._is_alive_elsewhere(owner)]
        return sum(connection.execute(_OWNED, (self.owner, *task, owner)).rowcount for owner in owners) > 0

    def _fetch(self, connection: sqlite3.Connection, change: Fetching) -> bool:
        """Let this owner fetch a task's files, unless another one does that is alive."""
        self._live(connection)
        task = (change.task_id, change.account)
        if any(self._is_alive_elsewhere(fetcher) for (fetcher,) in connection.execute(_FETCHERS, task)):
            return False
        connection.execute(_FETCHING, (self.owner, *task))
        return True

    def _claim(self, connection: sqlite3.Connection, key: str, holder: str) -> Claim | None:
        row = connection.execute(
            "SELECT holder, owner, CAST(fence AS INTEGER) FROM keys WHERE key = ?", (key,)
        ).fetchone()
        before, owner, fence = row or (None, "", fact(connection, FENCE) or 0)
        if before is not None and (before, owner) != (holder, self.owner) and self._is_alive(owner):
            return None
        self._live(connection)
        claim = Claim(key=key, holder=holder, owner=self.owner, fence=fence + 1)
        values = (claim.key, claim.holder, claim.owner, claim.fence)
        connection.execute("INSERT OR REPLACE INTO keys (key, holder, owner, fence) VALUES (?, ?, ?, ?)", values)
        return claim

    def _select(self, connection: sqlite3.Connection, query: Query) -> list[Entry]:
        rows, alive = self._with_owners(lambda: _rows(connection, query), _IS_OPEN, {})
        return [_entry(row, alive=alive[row[0]]) for row in rows]

    def _moved(self, connection: sqlite3.Connection, after: int | None) -> tuple[int, list[Entry]]:
        (last,) = connection.execute(_LAST_MOVE).fetchone()
        last = max(last or 0, 0)  # what was imported moved before the first
        if after is None or last <= after:
            return last, []
        rows, alive = self._with_owners(lambda: connection.execute(_MOVED, (after,)).fetchall(), _IS_OPEN, {})
        return rows[-1][-1], [_entry(row[:-1], alive=alive[row[0]]) for row in rows]

    def _sums(self, connection: sqlite3.Connection, by: By, since: float | None) -> list[Sum]:
        # Looked at beforehand, so that the sums are made once, although a dead owner has left something open.
        owners = [owner for (owner,) in connection.execute(_OPEN_OWNERS)]
        alive = {owner: self._is_alive(owner) for owner in owners}
        rows, alive = self._with_owners(lambda: _summed(connection, by, since), _OF_OWNER, alive)
        return [_sum(row, by, alive=row[0] is None or alive[row[0]]) for row in rows]

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

    def _is_alive_elsewhere(self, owner: str) -> bool:
        return owner != self.owner and (is_here(owner) or is_alive(self._folder, owner))


def _unknown(connection: sqlite3.Connection) -> list[Unknown]:
    return [
        Unknown(account=account, task_id=task_id, open=bool(is_open), task=task)
        for account, task_id, is_open, task in connection.execute(_UNKNOWN)
    ]


def _prunable(connection: sqlite3.Connection, prunable: Prunable) -> list[Entry]:
    where, values = prunable_where(prunable)
    rows = connection.execute(_SELECT % (where, f"number LIMIT {PRUNED}"), values).fetchall()
    return [_entry(row, alive=False) for row in rows]  # whatever may be pruned waits for nobody


def _took(connection: sqlite3.Connection, work: tuple[str, str, str]) -> list[tuple[float, float]]:
    return connection.execute(_TOOK, work).fetchall()


def _entry(row: Sequence[Any], *, alive: bool) -> Entry:
    owner, number, *stored = row
    return Entry(owner=owner, number=number, alive=alive, **dict(zip(_STORED, stored, strict=True)))


def _rows(connection: sqlite3.Connection, query: Query) -> list[Any]:
    conditions = dict(_conditions(query))
    where = " AND ".join(f"({text})" for text in conditions) or "1"
    values = [value for given in conditions.values() for value in given]
    if query.labels is not None:
        labels = query.labels
        connection.create_function("has_labels", 1, cache(lambda text: has_labels(text, labels)))
    if query.limit is not None:
        newest = connection.execute(_SELECT % (where, "number DESC LIMIT ?"), [*values, query.limit]).fetchall()
        return newest[::-1]
    most = -1 if query.first is None else query.first
    if query.behind is None:
        return connection.execute(_SELECT % (where, "number LIMIT ?"), [*values, most]).fetchall()
    # Each of the two finds its place in the index, which no condition for both does.
    time, number = query.behind
    same = _SOONEST % (f"{where} AND {EXPIRY} = ? AND number > ?", "number LIMIT ?")
    later = _SOONEST % (f"{where} AND {EXPIRY} > ?", f"{EXPIRY}, number LIMIT ?")
    rows = connection.execute(same, [*values, time, number, most]).fetchall()
    if most < 0 or len(rows) < most:
        rows += connection.execute(later, [*values, time, max(most - len(rows), -1)]).fetchall()
    return rows


def _conditions(query: Query) -> list[tuple[str, Sequence[Any]]]:
    """Return each condition of a query in SQL, with its values."""
    given: list[tuple[str, Any, Callable[[Any], Sequence[Any]]]] = [
        ("status IN (SELECT value FROM json_each(?))", query.statuses, _listed),
        ("provider = ?", query.provider, _alone),
        ("account = ?", query.account, _alone),
        ("account IN (SELECT value FROM json_each(?))", query.accounts, _listed),
        ("kind = ?", query.kind, _alone),
        ("idempotency_key = ?", query.idempotency_key, _alone),
        (_BATCH if query.batch else "batch = ?", query.batch, _alone),
        # As bytes: a text that is no UTF-8 would end the query.
        ("has_labels(CAST(labels AS BLOB))", query.labels, lambda _: ()),
        ("id = ?", query.id, _alone),
        ("task_id = ?", query.task_id, _alone),
        (_SINCE, query.since, lambda since: (since,) * 2),
        (_OPEN if query.open else "NOT open", query.open, lambda _: ()),
        (_NAMED, query.name, lambda name: (name,) * 3),
        (_LEFT, query.left_by, _listed),
        (_EXPIRES if query.behind is None else _EXPIRING, query.expires, tuple),
        ("number < ?", query.before, _alone),
        ("number > ?", query.after, _alone),
    ]
    return [(sql, values_of(value)) for sql, value, values_of in given if value is not None]


def _summed(connection: sqlite3.Connection, by: By, since: float | None) -> list[Any]:
    """Return sums in rows: the owner of what is open, then the columns of a Sum."""
    since = -math.inf if since is None else since_when(connection, since)
    whole = -math.inf if since == -math.inf else math.ceil(since / DAY)  # the first day of which all is wanted
    values = (whole, since, whole * DAY, since)
    kept = {"labels": "label_sums", "batch": "batch_sums"}.get(by, "sums")
    return connection.execute(_SUMS.format(by=by, kept=kept), values).fetchall()


def _sum(row: Sequence[Any], by: By, *, alive: bool) -> Sum:
    """Return the sum of a row; what another program has damaged spoils that one alone."""
    _, group, counts_as, *figures, day = row
    amounts = dict(zip(ADDED_UP, figures, strict=True))
    group = _day(group) if by == "day" else group if isinstance(group, str) else repr(group)
    return Sum(group=group, counts_as=counts_as, alive=alive, day=_day(day), **amounts)


_FIRST = date(1970, 1, 1).toordinal()
_DAYS = range(date.min.toordinal() - _FIRST, date.max.toordinal() - _FIRST + 1)


def _day(day: Any) -> int:
    """Return a day since 1970, which a date can be made of: what is none is the first."""
    return day if isinstance(day, int) and day in _DAYS else 0


def _alone(value: Any) -> Sequence[Any]:
    return (value,)


def _listed(values: Collection[str]) -> Sequence[Any]:
    return (json.dumps(list(values)),)


def _end(connection: sqlite3.Connection, owners: Collection[str]) -> None:
    connection.executemany(_ENDS, [(_OWNER + name,) for name in owners])


def _lived(connection: sqlite3.Connection) -> list[str]:
    names = (str(name)[len(_OWNER) :] for (name,) in connection.execute(_LIVED, (f"{_OWNER}*",)))
    return [name for name in names if is_name(name)]  # another program may have written others


def _count(connection: sqlite3.Connection) -> int:
    number: int
    (number,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
    return number


def _stands(connection: sqlite3.Connection, claim: Claim) -> bool:
    """Return whether a claim was neither released nor followed by another."""
    row = connection.execute("SELECT holder, owner, fence FROM keys WHERE key = ?", (claim.key,)).fetchone()
    return bool(row == (claim.holder, claim.owner, claim.fence))
