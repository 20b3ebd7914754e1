"""The tables of a journal on PostgreSQL: one thread writes, and what waits is committed together.

A transaction whose connection breaks is made again as a whole, unless it was committed before that.
"""

import contextlib
import copy
import hashlib
import queue
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

import attrs
import psycopg
from psycopg.adapt import Loader

from anymedia.journal.group_commit import GroupCommit, Item, Writer
from anymedia.model.errors import JournalError

from .link import Link
from .owner import Owner, awake
from .schema import TOGETHER, Schema
from .server import Connection, Server

T = TypeVar("T")

TOGETHER_AT_MOST = 100
"""How many steps one commit takes: a database holds a few thousand locks at a time."""

LOCKS = 4096
"""How many locks there are: what is decided about one thing takes that of its name."""

OURS = 0x616D
"""What distinguishes them from the advisory locks of other programs in the same database."""

MOVES = "moves"
"""What is locked by whoever numbers a move: so none is seen before those with smaller numbers."""

TOGETHER_LOCK = "together"
"""What is locked by whoever adds up what ended owners have added."""

AGAIN = 1.0
"""Seconds until a lease is renewed again that could not be."""


@attrs.frozen
class Write(Generic[T]):
    """A step that writes: as which owner, and what it decides about, which nobody else does at the same time.

    Only with `lives` has its owner to be alive, or comes to be.
    """

    step: Callable[[Connection], T]
    owner: Owner
    locks: Collection[str] = ()
    lives: bool = True

    def __call__(self, connection: Connection) -> T:
        """Do the step."""
        return self.step(connection)


class _Whole(Loader):
    """Reads numerics, which are sums of whole numbers here, as int."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


class Store(GroupCommit[Connection]):
    """The tables in a database, which are made at the first write; reads find nothing before."""

    def __init__(self, server: Server, lease: float, schema: Schema) -> None:
        super().__init__(server.name)
        self.server: Server = server
        self._lease = lease
        self._schema = schema
        self._link = Link(server, self._prepare)
        self._reader = Link(server, _reads)
        self._owner: Owner | None = None
        self._again = 0.0
        self._written = 0

    def close(self) -> None:
        """Do what waits, and close every connection."""
        super().close()
        if not self._is_cut_off():
            with self._reading:
                self._reader.drop()

    def _prepare(self, connection: Connection) -> None:
        _reads(connection)
        self._schema.migrate(connection, self._named)
        if self._owner is not None and self._owner.number is not None:
            _adds_as(connection, self._owner.number)

    # Reading past the thread

    def _read(self, query: Callable[[Connection], T], nothing: T) -> T:
        return self._glance(query, nothing)

    def _glance(self, query: Callable[[Connection], T], nothing: T) -> T:
        self._check_process()
        with self._reading:
            form = self._reader.run(lambda connection: self._schema.form(connection, self._named))
            if not form:
                return nothing
            if form < self._schema.newest:
                self.call(lambda _: None)  # whoever writes brings the tables to the newest form
            return self._reader.run(query)

    # The thread

    def _next(self, writer: Writer[Connection]) -> Sequence[Item]:
        while True:
            due = self._due()
            if due != 0:  # whatever waits, the lease comes first once it is due
                with contextlib.suppress(queue.Empty):
                    return writer.next(due, TOGETHER_AT_MOST)
            self._renew()

    def _drop(self, writer: Writer[Connection]) -> None:
        super()._drop(writer)
        self._link.drop()

    def go_on(self) -> None:
        """As GroupCommit.go_on; what has forked is no owner yet."""
        if self._is_cut_off():
            self._owner = None
        super().go_on()

    # The lease

    def end(self, owner: Owner) -> None:
        """End an owner: what it has claimed is free. Errors: JournalError."""
        self.call(Write(lambda connection: _end(connection, owner.name), owner, (TOGETHER_LOCK,), lives=False))
        owner.ended()

    def _due(self) -> float | None:
        """Return in how many seconds the lease is to be renewed; None where there is none."""
        if self._owner is None or self._owner.number is None or self._owner.lapsed:
            return None
        return max(self._owner.due, self._again - awake())

    def _renew(self) -> None:
        owner, asked = self._owner, awake()
        assert owner is not None  # noqa: S101 - otherwise nothing is due
        values = (self._lease, owner.name)
        try:
            row = self._link.run(lambda connection: connection.execute(_RENEWED, values).fetchone())
        except JournalError:  # which was told
            self._again = awake() + AGAIN
        else:
            self.heard_of(owner, None if row is None else row[0], asked)

    def heard_of(self, owner: Owner, number: int | None, asked: float) -> None:
        """Take note of what the database has said of an owner: its number, or that its lease is over."""
        if number is None:
            owner.lapsed = True
            return
        owner.renewed(number, asked)
        self._owner = owner

    # A commit

    def _commit(self, writer: Writer[Connection], batch: Sequence[Item]) -> None:
        """Do every step in one transaction; if one of them fails, do each in a transaction of its own."""
        self._written += 1
        together = _Together(self, self._lease, self._written, batch)
        try:
            self._link.run(together.make)
        except UnicodeEncodeError:
            fault: Exception = JournalError(f"{self._named}: half of a surrogate pair is no text")
        except Exception as error:  # noqa: BLE001 - it is for whoever waits, not for this thread
            fault = error
        else:
            together.settle()
            return
        if len(batch) == 1 or not self._link.is_open:
            if isinstance(fault, JournalError) and together.is_sent:
                together.give_up()
                fault.lapsed = True
            for item in batch:
                item.error = copy.copy(fault)  # whoever gets it may write into it
        else:
            for item in batch:
                self._commit(writer, [item])


_RENEWED = """UPDATE owners SET until = clock_timestamp() + %s * interval '1 second'
    WHERE name = %s AND until > clock_timestamp() RETURNING number"""
_REGISTERED = """INSERT INTO owners (name, host, process, until, written)
    VALUES (%s, %s, %s, clock_timestamp() + %s * interval '1 second', %s) RETURNING number"""
_ENDED = "DELETE FROM owners WHERE name = %s"
_FORGOTTEN = "DELETE FROM owners WHERE name = ANY(%s) AND until <= clock_timestamp()"
_IS_ALIVE = "SELECT EXISTS (SELECT 1 FROM owners WHERE name = %s AND until > clock_timestamp())"
_RENEWS = "SELECT until > clock_timestamp() FROM owners WHERE name = %s FOR SHARE"
_DEAD = "SELECT name FROM owners WHERE until <= clock_timestamp() ORDER BY number"


class _Together:
    """Steps that are committed together, by one try or several; `written` is their number among this store's.

    `is_sent` says that a commit was asked for: where that has failed, nobody knows what became of it.
    """

    def __init__(self, store: Store, lease: float, written: int, batch: Sequence[Item]) -> None:
        self._store = store
        self._lease = lease
        self._written = written
        self._batch = batch
        self._writes = [item.step for item in batch if isinstance(item.step, Write)]
        self._owners = {write.owner.name: write.owner for write in self._writes}
        self._asked = 0.0
        self.is_sent: bool = False
        self._numbers: dict[str, int] = {}

    def make(self, connection: Connection) -> None:
        """Do the steps in one transaction, unless an earlier try has. Errors: psycopg.Error, and those of the steps."""
        if not self._writes:
            self._steps(connection)
            return
        try:
            if self._begin(connection):
                self._steps(connection)
                self.is_sent = True
                connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise

    def settle(self) -> None:
        """Take note of the owners whose lease was renewed with it."""
        for name, number in self._numbers.items():
            self._store.heard_of(self._owners[name], number, self._asked)

    def give_up(self) -> None:
        """End the owners of steps that may have been made: what was written as these is of nobody alive, in time.

        Else what nobody here knows of would be held, or sent, as long as this process lives.
        """
        for owner in self._owners.values():
            owner.lapsed = True

    def _steps(self, connection: Connection) -> None:
        for item in self._batch:
            item.result = item.step(connection)

    def _begin(self, connection: Connection) -> bool:
        """Begin a transaction, take its locks and renew its leases; return whether it is still to be made.

        All of that takes one round trip, but for a new owner.
        """
        names = {*self._owners, *(name for write in self._writes for name in write.locks)}
        locks = ", ".join(map(str, sorted({_lock(name) for name in names})))
        script = ["BEGIN", f"SELECT pg_advisory_xact_lock({OURS}, name) FROM unnest(ARRAY[{locks}]) AS name"]  # noqa: S608 - numbers
        if self.is_sent:
            connection.execute("; ".join(script), prepare=False)
            if self._was_committed(connection):
                connection.execute("ROLLBACK")
                return False
            self.is_sent, script = False, []
        self._numbers, self._asked = {}, awake()  # of an earlier try, the lease began when that asked
        known = [owner for owner in self._owners.values() if owner.number is not None and not owner.lapsed]
        rows = _results(connection, [*script, *map(self._renewal, known)])
        for owner, row in zip(reversed(known), reversed(rows), strict=False):
            if row is None:
                owner.lapsed = True
            else:
                self._numbers[owner.name] = row[0]
        for write in self._writes:
            if write.lives and write.owner.number is None and write.owner.name not in self._numbers:
                self._register(connection, write.owner)
        return True

    def _was_committed(self, connection: Connection) -> bool:
        """Return whether an earlier try was, whose answer was lost: the locks are those of its owners too."""
        rows = connection.execute("SELECT written FROM owners WHERE name = ANY(%s)", ([*self._numbers],)).fetchall()
        return (self._written,) in rows

    def _renewal(self, owner: Owner) -> str:
        until = f"clock_timestamp() + interval '{self._lease} seconds'"
        return (
            f"UPDATE owners SET until = {until}, written = {self._written} "  # noqa: S608 - all of it is ours
            f"WHERE name = '{owner.name}' AND until > clock_timestamp() RETURNING number"
        )

    def _register(self, connection: Connection, owner: Owner) -> None:
        values = (owner.name, socket.gethostname(), owner.process, self._lease, self._written)
        (number,) = connection.execute(_REGISTERED, values).fetchone() or (0,)
        self._numbers[owner.name] = number
        _adds_as(connection, number)


def is_alive(connection: Connection, name: str) -> bool:
    """Return whether an owner is alive; of one that seems dead, the end of a renewal is waited for that is under way.

    Until that is committed, nobody sees it; and while somebody acts on a death, nobody is renewed.
    """
    for question in (_IS_ALIVE, _RENEWS):
        (alive,) = connection.execute(question, (name,)).fetchone() or (False,)
        if alive:
            return True
    return False


def dead(connection: Connection) -> list[str]:
    """Return the owners whose lease is over."""
    return [name for (name,) in connection.execute(_DEAD).fetchall()]


def forget(connection: Connection, names: Sequence[str]) -> None:
    """Delete owners whose lease is over, and add up what they have added."""
    connection.execute(_FORGOTTEN, ([*names],))
    _add_together(connection)


def _end(connection: Connection, name: str) -> None:
    connection.execute(_ENDED, (name,))
    _add_together(connection)


def _add_together(connection: Connection) -> None:
    for statement in TOGETHER:
        connection.execute(statement)


def _adds_as(connection: Connection, number: int) -> None:
    """Let what is added on a connection be in rows of an owner's own."""
    connection.execute("SELECT set_config('anymedia.shard', %s, false)", (str(number),))


def _reads(connection: Connection) -> None:
    connection.adapters.register_loader("numeric", _Whole)


def _results(connection: Connection, script: Sequence[str]) -> list[Any]:
    """Return the first row of each statement that finds any rows, or might; None where there is none."""
    if not script:
        return []
    cursor, rows = connection.execute("; ".join(script), prepare=False), list[Any]()
    while True:
        rows.append(cursor.fetchone() if cursor.description is not None else None)
        if not cursor.nextset():
            return rows


def _lock(name: str) -> int:
    """Return the number of the lock of a name: several may share one."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="replace"), digest_size=4).digest()) % LOCKS
