"""The journal on PostgreSQL, which any number of machines share: an owner is alive while its lease goes on."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from anymedia.clock import Clock
from anymedia.environment import HOME, XDG_STATE_HOME, state_folder
from anymedia.journal.changes import Changes, importing
from anymedia.journal.info import Database, Info
from anymedia.journal.protocol import (
    LEASE,
    By,
    Change,
    Claim,
    Done,
    Ended,
    Entry,
    Limit,
    Prunable,
    Pruned,
    Query,
    Refusal,
    Released,
    Seen,
    Sum,
    Taken,
    Told,
    Unknown,
)
from anymedia.journal.pruning import GONE, Pruner, fact, uncollected
from anymedia.journal.queries import INTO, Queries, columns, entry_of, sum_of_row, texts
from anymedia.journal.whole import Arrived, Kept, Leaving, Rest
from anymedia.model.errors import ConfigError, JournalError
from anymedia.shared_limits import SharedLimits

from .care import database, info
from .limits import PostgresLimits
from .listener import Listener
from .owner import Owner
from .schema import POSTGRES, Schema
from .server import Connection, Server
from .store import MOVES, TOGETHER_LOCK, Store, Write, dead, forget, is_alive
from .whole import MOVER, locks_of, take_rest

T = TypeVar("T")
CHANGES, QUERIES = Changes(POSTGRES), Queries(POSTGRES)
_VALUES = ", ".join(["%s"] * len(INTO))
_INSERT = f"""WITH added AS (INSERT INTO attempts ({", ".join(INTO)}) VALUES ({_VALUES}) RETURNING number)
    INSERT INTO texts (number, record, task, body) SELECT number, %s, %s, %s::bytea FROM added"""  # noqa: S608 - names


class PostgresJournal:
    """A journal in a PostgreSQL database: durable at each commit, shared by any number of machines.

    Its tables are in the schema `anymedia`, which is made at the first write. What PostgreSQL does not hold is in
    `folder` on this machine: results that came as bytes, and outcomes while the database is away (None: in a folder of
    the user's own, one for each database). An owner is alive for `lease` seconds after it was last heard of. Errors:
    ConfigError for a URL that cannot be read, or where no folder is known.
    """

    def __init__(self, url: str, *, lease: float = LEASE, folder: str | os.PathLike[str] | None = None) -> None:
        self.server: Server = Server(url)
        self.folder: Path = _folder(self.server) if folder is None else Path(folder).absolute()
        self._lease = lease
        self._store = Store(self.server, lease, Schema())
        self._limits = PostgresLimits(self.server, Schema())
        self._owner = Owner(self.name, lease)
        self._following: dict[tuple[str, int], Owner] = {}
        self._listener: Listener | None = None

    @property
    def name(self) -> str:
        """Its URL, with its user, its hosts and its database alone."""
        return self.server.name

    @property
    def owner(self) -> str:
        """As Journal.owner."""
        return self._now().name

    @property
    def results(self) -> Path:
        """The folder `results` in that of this machine."""
        return self.folder / "results"

    @property
    def spool(self) -> Path | None:
        """The folder `spool` in that of this machine."""
        return self.folder / "spool"

    @property
    def limits(self) -> SharedLimits:
        """As Journal.limits: in tables of the same database, by its clock."""
        return self._limits

    def stands(self, owner: str) -> bool:
        """As Journal.stands."""
        now = self._owner
        return owner == now.name and now.process == os.getpid() and now.stands()

    def hear(self, heard: Callable[[], None]) -> bool:
        """Call `heard` whenever something may have moved; PostgreSQL tells it."""
        if self._listener is None or self._listener.process != os.getpid():
            self._listener = Listener(self.server)
        self._listener.heard.append(heard)
        return True

    async def check(self) -> None:
        """As Journal.check; an owner whose lease has run out is another one after it."""
        while not await self._write(lambda _, owner: not owner.lapsed):
            pass

    async def heir(self) -> None:
        """Return None: it moves nowhere."""

    async def intend(self, entry: Entry, *, claim: Claim | None = None, limit: Limit | None = None) -> Refusal | None:
        """As Journal.intend."""
        locks = [] if claim is None else [_key(claim.key)]
        if limit is not None:
            locks.append(f"day {entry.account}")
        return await self._write(partial(_intend, entry=entry, claim=claim, limit=limit), locks)

    async def write(self, change: Change) -> bool | Taken | Told:
        """As Journal.write."""
        return await self._store.write(self._changing(change))

    def put(self, change: Change) -> None:
        """As Journal.put."""
        self._store.put(self._changing(change))

    async def select(self, query: Query) -> list[Entry]:
        """As Journal.select."""
        nothing: list[Entry] = []
        if not all(map(_is_text, _texts_of(query))):  # everything that is stored is text
            return nothing
        return await self._store.read(partial(_select, query=query), nothing)

    async def moved(self, after: int | None) -> tuple[int, list[Entry]]:
        """As Journal.moved."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(_moved, after=after), (0, nothing))

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
        return await self._store.read(partial(_sums, by=by, since=since), nothing)

    async def count(self) -> int:
        """As Journal.count."""
        return await self._store.read(QUERIES.count, 0)

    async def prunable(self, prunable: Prunable) -> list[Entry]:
        """As Journal.prunable."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(QUERIES.prunable, prunable=prunable), nothing)

    async def uncollected(self, prunable: Prunable) -> int:
        """As Journal.uncollected."""
        return await self._store.glance(partial(uncollected, dialect=POSTGRES, prunable=prunable), 0)

    async def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """As Journal.prune."""
        tasks = [f"task {each.entry.task_id}" for each in pruned if each.entry.task_id is not None]
        keys = [_key(each.entry.idempotency_key) for each in pruned if each.entry.idempotency_key is not None]
        return await self._write(partial(_prune, pruned=pruned), ["prune", *tasks, *keys])

    async def pruned(self) -> int | None:
        """As Journal.pruned."""
        return await self._store.read(partial(fact, dialect=POSTGRES, name=GONE), None)

    async def dead(self) -> list[str]:
        """As Journal.dead."""
        nothing: list[str] = []
        return await self._store.read(dead, nothing)

    async def forget(self, owners: Collection[str]) -> None:
        """As Journal.forget."""
        if owners:
            step = partial(forget, names=[*owners])
            await self._store.write(Write(step, self._now(), (TOGETHER_LOCK,), lives=False))

    async def claim(self, key: str, holder: str) -> Claim | None:
        """As Journal.claim."""
        return await self._write(partial(_claim, key=key, holder=holder), [_key(key)])

    async def salts(self) -> list[bytes]:
        """As Journal.salts."""
        return await self._store.write(Write(MOVER.salts, self._now(), ("salt",), lives=False))

    async def importing(self) -> str | None:
        """As Journal.importing."""
        return await self._store.glance(partial(importing, dialect=POSTGRES), None)

    # Another journal that moves into it

    async def begin_import(self, leaving: Leaving) -> Arrived:
        """As Target.begin_import."""
        step = partial(MOVER.begin, leaving=leaving)
        return await self._store.write(Write(step, self._now(), ("salt", "imports"), lives=False))

    async def take(self, name: str, after: int, kept: Sequence[Kept]) -> None:
        """As Target.take."""
        step = partial(MOVER.take, named=self.name, name=name, after=after, several=kept)
        await self._store.write(Write(step, self._now(), locks_of(name, kept), lives=False))

    async def take_rest(self, name: str, after: int, rest: Rest) -> None:
        """As Target.take_rest."""
        step = partial(take_rest, named=self.name, name=name, after=after, rest=rest)
        locks = (f"import {name}", TOGETHER_LOCK, "prune", "unknown", *(f"done {each}" for each in rest.done))
        days = {f"day {account}" for account, _ in rest.days}
        await self._store.write(Write(step, self._now(), (*locks, *days), lives=False))

    async def give_up(self, name: str) -> None:
        """As Target.give_up."""
        step = partial(MOVER.give_up, name=name)
        await self._store.write(Write(step, self._now(), (f"import {name}",), lives=False))

    async def found(self, ids: Collection[str]) -> list[Entry]:
        """As Target.found."""
        nothing: list[Entry] = []
        return await self._store.glance(partial(MOVER.found, ids=ids), nothing)

    async def info(self, before: float, now: float | None = None) -> Info | None:
        """Return what it holds; attempts that began before a time (in seconds since 1970) and are over are old.

        Results that expired before `now` count as gone (None: the present). None where there is no table yet. Errors:
        JournalError.
        """
        old = Prunable(before=before, now=Clock().now().timestamp() if now is None else now)
        nothing: Info | None = None
        return await self._store.glance(partial(info, name=self.name, folder=self.folder, old=old), nothing)

    async def database(self) -> Database | None:
        """Return what the server says of itself; None where there is no table yet. Errors: JournalError."""
        nothing: Database | None = None
        return await self._store.glance(partial(database, spool=self.folder / "spool"), nothing)

    async def close(self) -> None:
        """As Journal.close."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._listener is not None and self._listener.process == os.getpid():
            self._listener.close()
        self._listener = None
        if (owner := self._owner).process == os.getpid() and self._store.is_writing:
            with contextlib.suppress(JournalError):  # its lease runs out then, which loses nothing
                self._store.end(owner)
        self._store.close()
        self._limits.close()

    # Owners

    def _now(self) -> Owner:
        """Return the owner that this journal is now: another one in a forked process, and once its lease ran out."""
        owner, process = self._owner, os.getpid()
        if owner.lapsed or owner.process != process:
            follows = Owner(self.name, self._lease)
            owner = self._owner = self._following.setdefault((owner.name, process), follows)  # threads agree on it
        return owner

    async def _write(self, step: Callable[..., T], locks: Collection[str] = ()) -> T:
        """Do a step as the owner that this journal is now, which has to be alive for it."""
        owner = self._now()
        return await self._store.write(Write(partial(step, owner=owner), owner, locks))

    def _changing(self, change: Change) -> "Write[bool | Taken | Told]":
        owner = self._now()
        step = partial(_change, change=change, owner=owner)
        return Write(step, owner, [*_locks_of(change)], lives=not isinstance(change, Ended))


# In a transaction


def _intend(
    connection: Connection, entry: Entry, claim: Claim | None, limit: Limit | None, owner: Owner
) -> Refusal | None:
    if claim is not None and not _is_of_the_living(connection, claim, owner):
        return Refusal()
    owner.check()
    refusal = CHANGES.refusal(connection, entry.account, entry.reserved, claim, limit)
    if refusal is None:
        connection.execute(_INSERT, (owner.name, *columns(entry), *texts(entry)))
    return refusal


def _is_of_the_living(connection: Connection, claim: Claim, owner: Owner) -> bool:
    """Return whether the owner of a claim is alive: this one, or another that has this one buy for it."""
    return not owner.lapsed if claim.owner == owner.name else is_alive(connection, claim.owner)


def _change(connection: Connection, change: Change, owner: Owner) -> bool | Taken | Told:
    if not isinstance(change, Ended):
        owner.check()
    return CHANGES.make(connection, change, owner.name, partial(is_alive, connection))


def _claim(connection: Connection, key: str, holder: str, owner: Owner) -> Claim | None:
    owner.check()
    return CHANGES.claim(connection, key, holder, owner.name, partial(is_alive, connection))


def _prune(connection: Connection, pruned: Sequence[Pruned], owner: Owner) -> list[str]:
    owner.check()
    return Pruner(POSTGRES, connection, partial(is_alive, connection)).prune(pruned)


def _select(connection: Connection, query: Query) -> list[Entry]:
    return [entry_of(row, alive=row[1]) for row in QUERIES.rows(connection, query)]


def _moved(connection: Connection, after: int | None) -> tuple[int, list[Entry]]:
    last = QUERIES.last_move(connection)
    rows = [] if after is None or last <= after else QUERIES.moved(connection, after)
    return rows[-1][-1] if rows else last, [entry_of(row[:-1], alive=row[1]) for row in rows]


def _sums(connection: Connection, by: By, since: float | None) -> list[Sum]:
    rows = QUERIES.summed(connection, by, since)
    return [sum_of_row(row, by, alive=row[0] is None or row[1]) for row in rows]


# What is locked


def _locks_of(change: Change) -> Iterator[str]:
    """Yield what a change decides about, which nobody else decides about at the same time."""
    if isinstance(change, Released):
        yield _key(change.key)
    elif isinstance(change, Done):
        yield f"done {change.name}"
    elif isinstance(change, Unknown):
        yield "unknown"
    else:
        if isinstance(change, Ended):
            yield f"entry {change.id}"
        if change.task_id is not None:
            yield f"task {change.task_id}"
        if change.over if isinstance(change, Ended) else isinstance(change, Seen) and not change.open:
            yield MOVES


def _key(key: str) -> str:
    return f"key {key}"


def _texts_of(query: Query) -> Iterator[str]:
    """Yield the texts that a query looks for; those of labels are written in ASCII."""
    for name, value in attrs.asdict(query, recurse=False).items():
        if isinstance(value, str):
            yield value
        elif name in ("statuses", "accounts", "left_by") and value is not None:
            yield from value


def _is_text(text: str) -> bool:
    """Return whether PostgreSQL can hold a text: neither half of a surrogate pair, nor U+0000."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _folder(server: Server) -> Path:
    """Return the folder of the user's own for a database. Errors: ConfigError."""
    state = state_folder(os.environ)
    if state is None:
        told = f"set [journal] folder, {HOME} or {XDG_STATE_HOME}"
        raise ConfigError(f"no home folder is known, so there is no place for what {server.name} does not hold: {told}")
    return state / f"postgres-{server.digest}"
