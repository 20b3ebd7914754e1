"""One SQLite file that one thread writes: what waits is committed together, and is on disk before anyone is told.

Whatever a disk does to a file is one error, JournalError, in one sentence.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from anymedia.model.errors import JournalError

from .group_commit import GroupCommit, Item, Step, Writer
from .one_file import OneFile
from .pruning import fact
from .sqlite_care import COMPACTIONS, begin_compaction, end_compaction
from .sqlite_errors import PATIENCE, REPAIRABLE, Fault, journal_error
from .sqlite_schema import SQLITE, Schema

T = TypeVar("T")


class SQLiteFile(GroupCommit[sqlite3.Connection]):
    """A SQLite file of a schema, which is opened by a thread of its own when it is first needed.

    After a fault it is opened anew, and after a fork in each of the two processes: always the same file. `begins`
    is called before a new file is begun, `joins` before one is opened that nobody seems to have open; they may refuse
    that. `uses` hears whether the file is open here.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: Schema,
        begins: Callable[[], None] = lambda: None,
        joins: Callable[[], None] = lambda: None,
        uses: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.file: OneFile = OneFile(path, self._compactions)
        self.path: Path = self.file.path
        super().__init__(str(self.path))
        self._begins = begins
        self._joins = joins
        self._uses = uses
        self._schema = schema
        self.transactions: int = 0  # how many were begun, so that a step knows whether it is in one with another

    def compact(self) -> None:
        """Give the disk back what nothing needs: until that is done, no process can write. Errors: JournalError."""
        self.call(begin_compaction)
        try:
            with contextlib.closing(_connected(f"{self.path.as_uri()}?mode=rw", uri=True)) as connection:
                connection.execute("VACUUM")
                is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            self.put(end_compaction)  # the file stays as it is, and what is cut from it from now on is lost
            raise journal_error(self.path, error) from None
        if is_busy:  # it still grows smaller, once it is read no more
            raise JournalError(
                f"{self.path}: it is read by others for too long, and gives nothing back before they end"
            )
        self.call(end_compaction)

    def _compactions(self) -> int:
        """Return the number of compactions, in halves; 0 where it cannot be read."""
        try:
            with contextlib.closing(self._reader()) as reader:
                return fact(reader, SQLITE, COMPACTIONS) or 0
        except sqlite3.Error:
            return 0

    # Reading past the thread

    def _glance(self, query: Step[sqlite3.Connection, T], nothing: T) -> T:
        self._check_process()
        with self._reading, self._beside() as reader:
            if reader is not None:
                return query(reader)
        return self._read(query, nothing)

    @contextlib.contextmanager
    def _beside(self) -> Iterator[sqlite3.Connection | None]:
        """Hold the connection that reads beside the one that writes; there is none where that is not open.

        Errors: JournalError.
        """
        if (writer := self._writer) is None:
            yield None
            return
        try:
            with writer.reading:
                if writer.connection is not None and writer.reader is None:
                    self.file.check()
                    writer.reader = self._reader(check_same_thread=False)
                yield writer.reader
        except sqlite3.Error as error:
            raise journal_error(self.path, error) from None

    def _reader(self, *, check_same_thread: bool = True) -> sqlite3.Connection:
        database = f"{self.path.as_uri()}?mode=ro"
        return _connected(database, uri=True, check_same_thread=check_same_thread)

    def _read(self, query: Step[sqlite3.Connection, T], nothing: T) -> T:
        if not self._exists():
            return nothing
        try:
            with self._reading, contextlib.closing(self._reader()) as reader:
                return query(reader) if self._schema.form(reader, self.path) else nothing
        except sqlite3.Error as error:
            if Fault.of(error) in REPAIRABLE:
                return self.call(query)
            raise journal_error(self.path, error) from None

    def _exists(self) -> bool:
        try:
            return self.file.is_there()
        except ValueError:  # no file can have this name
            return False
        except NotADirectoryError:
            raise JournalError(f"{self.path}: {self.path.parent} is no folder") from None
        except OSError as error:
            raise journal_error(self.path, error) from None

    # The thread

    def _drop(self, writer: Writer[sqlite3.Connection]) -> None:
        if writer.connection is not None:
            self._uses(False)
            self.file.is_closed()
        writer.drop()

    def _commit(self, writer: Writer[sqlite3.Connection], batch: Sequence[Item]) -> None:
        """Do every step in one transaction; if one of them fails, do each in a transaction of its own."""
        try:
            if writer.connection is None:
                writer.connection = self._opened()
            self.file.check()
            self.transactions += 1
            with _transaction(writer.connection) as connection:
                for item in batch:
                    item.result = item.step(connection)
            self.file.check()  # what went into a file that is gone by now is told as not written
        except (sqlite3.Error, OSError) as error:
            self._drop(writer)
            fault: Exception = journal_error(self.path, error)
        except Exception as error:  # noqa: BLE001 - it is for whoever waits, not for this thread
            fault = error
        else:
            return
        if len(batch) == 1:
            batch[0].error = fault
        else:
            for item in batch:
                self._commit(writer, [item])

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.file.is_there():
            with self._unless_made():
                self._begins()
        elif not self.file.is_in_use():
            self._joins()
        connection = _connected(self.path)
        try:
            _patiently(lambda: self._schema.form(connection, self.path))
            self.file.keep_private()
            _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute("PRAGMA synchronous = FULL")
            with _transaction(connection):
                if not self._schema.form(connection, self.path):
                    self._begin()
                self._schema.migrate(connection, self.path)
            self.file.remember()
            self._uses(True)
        except BaseException:
            self.file.is_closed()
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _unless_made(self) -> Iterator[None]:
        """Let a refusal to begin a new file pass where another process has made it meanwhile."""
        try:
            yield
        except JournalError:
            if not self.file.is_there():
                raise

    def _begin(self) -> None:
        if self.file.was_open:
            raise JournalError(f"{self.path}: it was emptied while it was open; put a copy back")
        self._begins()


def _connected(database: Path | str, **how: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=PATIENCE, isolation_level=None, **how)
    connection.text_factory = _text  # by itself, one byte that is no UTF-8 ends the reading of every row
    return connection


def _text(written: bytes) -> str:
    return written.decode(errors="surrogateescape")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _patiently(step: Callable[[], T]) -> T:
    """Take a step for which SQLite does not always wait by itself while another process opens the file."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if Fault.of(error) is not Fault.BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
