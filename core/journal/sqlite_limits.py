"""Shared limits in SQLite: in a file beside the journal for the processes of one machine, or in memory.

Nothing that was paid for hangs on the file: it need not outlive a power cut, and one that is damaged or deleted is made
anew. So a question takes some tens of microseconds, and is answered at once unless another process writes just then.
"""

import asyncio
import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from anymedia.model.errors import JournalError
from anymedia.shared_limits import Answer, Question

from .forks import at_forks
from .limit_rules import TABLES, Statement, answer, set_clock
from .one_file import identity, take_from_others
from .sqlite_errors import Fault, journal_error

PATIENCE = 5.0
"""Seconds to wait for other processes that write."""

FORM = 1
"""The number of the file's form."""

_DAMAGED = (Fault.CORRUPT, Fault.NOTADB, Fault.IOERR)
"""What SQLite says of a file that is damaged, and of one beside which stands what belongs to another."""

_inherited: list[sqlite3.Connection] = []
"""What processes have open that this one was forked from without a word: this one must not close it."""


class SQLiteLimits:
    """Shared limits over one SQLite database that `opened` opens, for any number of threads."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        self._opened = opened
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def ask_at_once(self, question: Question, now: float) -> Answer | None:
        """As SharedLimits.ask_at_once."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._answer(question, now)
        except sqlite3.OperationalError as error:
            if Fault.of(error) is Fault.BUSY:
                return None
            raise self._error(error) from None
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from None
        finally:
            self._lock.release()

    async def ask(self, question: Question, now: float) -> Answer:
        """As SharedLimits.ask."""
        return await asyncio.to_thread(self._ask, question, now)

    def close(self) -> None:
        """Close the database; a later question opens it again."""
        with self._lock:
            self._drop()

    def _ask(self, question: Question, now: float) -> Answer:
        """Answer a question, however long others write."""
        began, waited = time.monotonic(), 0.0
        with self._lock:
            while True:
                try:
                    return self._answer(question, now + waited)
                except sqlite3.OperationalError as error:
                    if Fault.of(error) is not Fault.BUSY or waited > PATIENCE:
                        raise self._error(error) from None
                    time.sleep(0.001)
                    waited = time.monotonic() - began
                except (sqlite3.Error, OSError) as error:
                    raise self._error(error) from None

    def _answer(self, question: Question, now: float) -> Answer:
        connection = self._connection
        if connection is None:
            connection = self._opened()
            self._connection = connection
            with _transaction(connection):
                set_clock(_Runs(connection, now))
        with _transaction(connection):
            return answer(_Runs(connection, now), question)

    def _error(self, error: sqlite3.Error | OSError) -> JournalError:
        self._drop()
        return JournalError(f"memory: {error}")

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class LimitsFile(SQLiteLimits):
    """Shared limits in a file of their own, which is opened when it is first needed, and made anew where it is damaged.

    `path` is beside the journal: for the user alone, as that is.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(self._open)
        self.path: Path = path
        self._known: tuple[int, int] | None = None
        self._process = os.getpid()
        at_forks(self)

    def _answer(self, question: Question, now: float) -> Answer:
        if self._connection is not None:
            if self._process != os.getpid():
                _inherited.append(self._connection)
                self._connection = None
            elif identity(self.path) != self._known:  # somebody has deleted it, or put another one there
                self._drop()
        try:
            return super()._answer(question, now)
        except sqlite3.DatabaseError as error:
            if Fault.of(error) not in _DAMAGED:
                raise
        self._remove()
        return super()._answer(question, now)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        take_from_others(self.path, 0o600)
        self._process, self._known = os.getpid(), identity(self.path)
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            with _transaction(connection):
                self._make(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self, connection: sqlite3.Connection) -> None:
        ((form,),) = connection.execute("PRAGMA user_version")
        if form not in (0, FORM):
            raise JournalError(f"{self.path}: it is of another version of anymedia; limits are not shared with it")
        if form == 0:
            make(connection)
            connection.execute(f"PRAGMA user_version = {FORM}")

    def _remove(self) -> None:
        """Delete the file, unless another process has made it anew by now."""
        is_ours = self._known is not None and identity(self.path) == self._known
        self._drop()
        for ending in ("", "-wal", "-shm") if is_ours else ():
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def _error(self, error: sqlite3.Error | OSError) -> JournalError:
        self._drop()
        return journal_error(self.path, error)

    # As of Forked

    def hold(self) -> None:
        """Close the file, and keep it closed until `go_on`."""
        self._lock.acquire()
        self._drop()

    def go_on(self) -> None:
        """Let the file be opened again."""
        self._lock.release()


def in_memory() -> sqlite3.Connection:
    """Return a new database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    make(connection)
    return connection


def make(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in TABLES:
        connection.execute(statement)


class _Runs:
    """Runs statements at a time."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._connection = connection
        self._now = now

    def __call__(self, statements: Sequence[Statement]) -> list[Any]:
        rows: list[Any] = []
        for statement, values in statements:
            text, times = _written(statement)
            given = [*values] if times is None else [self._now if at is None else values[at] for at in times]
            rows = self._connection.execute(text, given).fetchall()
        return rows


@cache
def _written(statement: str) -> tuple[str, Sequence[int | None] | None]:
    """Return a statement with a question mark for each time, and where its values come from (None: the time)."""
    marks = _MARKS.findall(statement)
    numbers = count()
    order = [None if mark == "{now}" else next(numbers) for mark in marks]
    return statement.replace("{now}", "?"), order if None in order else None


_MARKS = re.compile(r"\?|\{now\}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # some faults have rolled it back
            connection.execute("ROLLBACK")
        raise
