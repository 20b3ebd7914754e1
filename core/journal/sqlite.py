"""One SQLite file, written by one thread: what waits is committed together, and is on disk before anyone is told.

Everything that a disk can do to a file is one error, JournalError, in one sentence.
"""

import concurrent.futures
import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from anymedia.model.errors import JournalError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
Change: TypeAlias = Callable[[sqlite3.Connection], T]

APPLICATION = 0x616D6A31
"""What SQLite files of ours are marked with, so that no other program's file is taken for one."""

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""

MOST = 1000
"""How many changes one commit takes."""

_TO_MEND = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
"""What a reader is told of a file that a crash left in the middle of something: a writer can put it right."""

_OF_FOLDERS = ("SQLITE_CANTOPEN", "SQLITE_IOERR")
"""What is told of a folder: by who opens it to write, and by who reads."""

_log = logging.getLogger("anymedia")

_SENTENCES = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it cannot be written to",
    "SQLITE_PERM": "it may not be opened",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_BUSY": f"another process has held it for {PATIENCE:g} s",
    "SQLITE_IOERR": "the disk failed",
    "SQLITE_CORRUPT": "it is damaged; move it away, and a new one is begun",
    "SQLITE_NOTADB": "it is no journal; name another file",
}

_stores: "weakref.WeakSet[Store]" = weakref.WeakSet()
_held: "list[Store]" = []
_forking = threading.Lock()


class Store:
    """A SQLite file with a schema that grows: `migrations` are the statements that lead from each version to the next.

    Opened by its own thread when it is first needed; after a fault it is opened anew, and after a fork in each of the
    two processes.
    """

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]]) -> None:
        self.path: Path = path
        self._migrations = migrations
        self._writer: _Writer | None = None
        self._ending: _Writer | None = None
        self._lock = threading.RLock()  # while a writer is chosen and given something: its end comes last
        self._reading = threading.Lock()
        self._process = os.getpid()
        with _forking:
            _stores.add(self)

    async def write(self, change: Change[T]) -> T:
        """Make a change, and return what it returns once it is on disk. Errors: JournalError."""
        import asyncio  # not needed by the commands that only read

        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Item(change, future, loop))
        return await future

    def put(self, change: Change[Any]) -> None:
        """Make a change that nobody waits for; a fault is logged."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.add_done_callback(_log_fault)
        self._put(_Item(change, future))

    def call(self, change: Change[T]) -> T:
        """Do as `write` does, for code that does not await."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._put(_Item(change, future))
        return future.result()

    def read(self, query: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """Return what a query finds; `nothing` where there is no file. It waits for no other writer.

        Errors: JournalError.
        """
        if self._writer is not None:  # in line with our own changes
            return self.call(query)
        if not self._is_there():
            return nothing
        try:
            with self._reading:
                reader = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)
                with contextlib.closing(reader):
                    return query(reader) if self._version(reader) else nothing
        except sqlite3.Error as error:
            if error.sqlite_errorname.startswith(_TO_MEND):
                return self.call(query)
            raise self._sentence(error) from None

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._is_cut_off():
            return
        with self._lock:
            if self._writer is not None:
                self._writer.queue.put(None)
                self._ending, self._writer = self._writer, None
            ending = self._ending
        if ending is not None:
            ending.thread.join()

    # Before a process forks and after: what SQLite knows of a file's locks is copied with the process, though the locks
    # are not. A file that was open then would be taken for locked in the new process, and its changes might be lost.

    def hold(self) -> None:
        """Close the file, and keep it closed until `go_on`."""
        self._reading.acquire()
        self._lock.acquire()
        self.close()

    def go_on(self) -> None:
        """Let the file be opened again, in whichever process this is."""
        self._process = os.getpid()
        self._lock.release()
        self._reading.release()

    def _is_cut_off(self) -> bool:
        """Return whether the process was forked by what does not let Python know: its threads are not there."""
        return self._process != os.getpid()

    def _is_there(self) -> bool:
        try:
            self.path.stat()
        except (FileNotFoundError, ValueError):  # or no file can be named so
            return False
        except NotADirectoryError:
            raise JournalError(f"{self.path}: {self.path.parent} is no folder") from None
        except OSError as error:
            raise self._sentence(error) from None
        return True

    def _put(self, item: "_Item") -> None:
        if self._is_cut_off():
            raise JournalError(f"{self.path}: its process was forked while it was open; open it after the fork")
        with self._lock:
            if self._writer is None:
                writer = _Writer()
                writer.thread = threading.Thread(
                    target=self._work, args=(writer, self._ending), name="journal", daemon=True
                )
                writer.thread.start()
                self._writer = writer
            self._writer.queue.put(item)

    def _work(self, writer: "_Writer", before: "_Writer | None") -> None:
        if before is not None:  # what it was given comes first
            before.thread.join()
        try:
            while batch := writer.next():
                self._commit(writer, batch)
                _tell(batch)
        finally:
            writer.drop()

    def _commit(self, writer: "_Writer", batch: Sequence["_Item"]) -> None:
        """Make every change in one transaction; where one of them fails, each in its own."""
        try:
            if writer.connection is None:
                writer.connection = self._opened()
            with _transaction(writer.connection) as connection:
                for item in batch:
                    item.result = item.change(connection)
        except (sqlite3.Error, OSError) as error:
            writer.drop()
            fault: Exception = self._sentence(error)
        except Exception as error:  # noqa: BLE001 - a change that is refused is its caller's matter, not this thread's
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
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            if not _patiently(lambda: self._version(connection)):
                # What was asked for is nobody else's to read; SQLite gives its other files the same rights. To open
                # the file for that would be to drop every lock that this process has on it.
                self.path.chmod(0o600)
            _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute("PRAGMA synchronous = FULL")
            with _transaction(connection):
                self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = self._version(connection)
        for statement in (each for step in self._migrations[version:] for each in step):
            connection.execute(statement)
        if version < len(self._migrations):
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")

    def _version(self, connection: sqlite3.Connection) -> int:
        """Return the form of a file. Errors: JournalError when it is another program's, or of a newer version."""
        version: int
        # In this order: what another process makes meanwhile is not taken for another program's.
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if tables and application != APPLICATION:
            raise JournalError(f"{self.path}: another program's file; name another one")
        if version > len(self._migrations):
            raise JournalError(
                f"{self.path}: written by a newer anymedia (its form is {version}, and {len(self._migrations)} is the "
                "newest known here): bring this one up to date, or name another file"
            )
        return version

    def _sentence(self, error: sqlite3.Error | OSError) -> JournalError:
        if isinstance(error, FileExistsError | NotADirectoryError):  # of the folder that could not be made
            return JournalError(f"{self.path}: {error.filename or self.path.parent} is no folder")
        if isinstance(error, OSError):
            return JournalError(f"{self.path}: {error.strerror or error}")
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(_OF_FOLDERS) and os.path.isdir(self.path):  # noqa: PTH112 - Path.is_dir may raise
            return JournalError(f"{self.path}: it is a folder; name a file in it")
        known = next((sentence for code, sentence in _SENTENCES.items() if name.startswith(code)), str(error))
        return JournalError(f"{self.path}: {known}")


@attrs.define(eq=False)
class _Writer:
    """A thread that writes, what waits for it, and the connection that it has open."""

    queue: "queue.SimpleQueue[_Item | None]" = attrs.field(factory=queue.SimpleQueue)
    thread: threading.Thread = attrs.field(init=False)
    connection: sqlite3.Connection | None = None

    def next(self) -> list["_Item"]:
        """Return everything that waits: at least one item, and none at the end."""
        items = [self.queue.get()]
        with contextlib.suppress(queue.Empty):
            while items[-1] is not None and len(items) < MOST:
                items.append(self.queue.get_nowait())
        if items[-1] is None and len(items) > 1:
            self.queue.put(None)  # the last ones first, then the end
        return [item for item in items if item is not None]

    def drop(self) -> None:
        """Close the connection; the next change opens another."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


@attrs.define(eq=False)
class _Item:
    """A change that waits to be made, who waits for it, and what came of it."""

    change: Change[Any]
    future: "asyncio.Future[Any] | concurrent.futures.Future[Any]"
    loop: "asyncio.AbstractEventLoop | None" = None
    result: Any = None
    error: Exception | None = None


def _log_fault(future: "concurrent.futures.Future[Any]") -> None:
    if (error := future.exception()) is not None:
        _log.error("not written down: %s", error)


def _tell(batch: Sequence[_Item]) -> None:
    """Let everyone know, those of one event loop in one call."""
    by_loop: dict[Any, list[_Item]] = {}
    for item in batch:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        if loop is None:
            _settle(items)
            continue
        with contextlib.suppress(RuntimeError):  # the loop is over: so is whoever waited
            loop.call_soon_threadsafe(_settle, items)


def _settle(items: Sequence[_Item]) -> None:
    for item in items:
        if item.future.done():  # nobody waits any more
            continue
        if item.error is None:
            item.future.set_result(item.result)
        else:
            item.future.set_exception(item.error)


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
    """Take a step that SQLite does not always wait for by itself while another process opens the file."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _before_fork() -> None:
    _forking.acquire()
    for store in _stores:
        _held.append(store)
        store.hold()


def _after_fork() -> None:
    while _held:
        _held.pop().go_on()
    with contextlib.suppress(RuntimeError):  # some programs fork without a word before
        _forking.release()


# Not on every system, and then nothing forks.
getattr(os, "register_at_fork", lambda **_: None)(
    before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
)
