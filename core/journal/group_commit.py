"""Changes that wait for the one thread that writes: all that wait are committed together, each has its own end."""

import concurrent.futures
import contextlib
import logging
import os
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import attrs

from anymedia.model.errors import JournalError

from .away import say
from .forks import at_forks

if TYPE_CHECKING:
    import asyncio


class Closable(Protocol):
    """A connection to a database."""

    def close(self) -> None:
        """Close it."""


T = TypeVar("T")
C = TypeVar("C", bound=Closable)
Step: TypeAlias = Callable[[C], T]
"""Something to be done in a transaction of a connection."""

MOST = 1000
"""How many steps one commit takes."""

_log = logging.getLogger("anymedia")


@attrs.define(eq=False)
class Item:
    """A step that waits to be done, who waits for it, and what came of it."""

    step: Callable[[Any], Any]
    future: "asyncio.Future[Any] | concurrent.futures.Future[Any]"
    loop: "asyncio.AbstractEventLoop | None" = None
    result: Any = None
    error: Exception | None = None


@attrs.define(eq=False)
class Writer(Generic[C]):
    """The thread that writes, the steps that wait for it, and the connection that it has open.

    Beside it, `reader` is one for whoever holds `reading`: it reads what is on disk, and waits for no write.
    """

    queue: "queue.SimpleQueue[Item | None]" = attrs.field(factory=queue.SimpleQueue)
    thread: threading.Thread = attrs.field(init=False)
    connection: C | None = None
    reader: C | None = None
    reading: threading.Lock = attrs.field(factory=threading.Lock)

    def next(self, seconds: float | None = None, most: int | None = None) -> list[Item]:
        """Wait for an item, and return all that wait (`most`, or `MOST`, at most); none at the end.

        Errors: queue.Empty where nothing has come for so many seconds.
        """
        items = [self.queue.get(timeout=seconds)]
        with contextlib.suppress(queue.Empty):
            while items[-1] is not None and len(items) < (most or MOST):
                items.append(self.queue.get_nowait())
        if items[-1] is None and len(items) > 1:
            self.queue.put(None)  # the last items first, then the end
        return [item for item in items if item is not None]

    def drop(self) -> None:
        """Close the connections, the writing one last: SQLite then deletes the files beside the database.

        The next step opens another.
        """
        with self.reading:
            connections = self.reader, self.connection
            self.reader = self.connection = None
            for connection in connections:
                if connection is not None:
                    with contextlib.suppress(Exception):  # whatever it says, it is of no more use
                        connection.close()


def unwatched(step: Callable[[Any], Any]) -> Item:
    """Return an item that nobody waits for: a fault is logged."""
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future.add_done_callback(_log_fault)
    return Item(step, future)


def _log_fault(future: "concurrent.futures.Future[Any]") -> None:
    error = future.exception()
    if isinstance(error, JournalError):
        say(error, "not written down")
    elif error is not None:
        _log.error("not written down: %s", error)


def tell(batch: Sequence[Item]) -> None:
    """Tell everyone who waits how their step ended, with one call for each event loop."""
    by_loop: dict[Any, list[Item]] = {}
    for item in batch:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        if loop is None:
            _settle(items)
            continue
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_settle, items)


def _settle(items: Sequence[Item]) -> None:
    for item in items:
        if item.future.done():  # whoever waited was cancelled
            continue
        if item.error is None:
            item.future.set_result(item.result)
        else:
            item.future.set_exception(item.error)


class GroupCommit(ABC, Generic[C]):
    """A database that a thread of its own opens when it is first needed, and alone writes to.

    After a fork it is opened anew, in each of the two processes. `named` is what messages call it.
    """

    def __init__(self, named: str) -> None:
        self._named = named
        self._writer: Writer[C] | None = None
        self._ending: Writer[C] | None = None
        self._lock = threading.RLock()  # held while a writer is chosen and given an item: its end comes last
        self._reading = threading.RLock()  # held while somebody reads past the thread
        self._process = os.getpid()
        at_forks(self)

    @property
    def is_writing(self) -> bool:
        """Whether its thread is there, which begins with the first write."""
        return self._writer is not None

    async def write(self, step: Step[C, T]) -> T:
        """Do a step in a transaction, and return what it returns once that is on disk. Errors: JournalError."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(Item(step, future, loop))
        return await future

    def put(self, step: Step[C, Any]) -> None:
        """Do a step that nobody waits for; a fault is logged."""
        self._put(unwatched(step))

    def call(self, step: Step[C, T]) -> T:
        """Do as `write` does, for code that does not await."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._put(Item(step, future))
        return future.result()

    async def read(self, query: Step[C, T], nothing: T) -> T:
        """Return what a query finds, or `nothing` where there is no journal. It waits for no other process's write.

        Errors: JournalError.
        """
        import asyncio

        if self._writer is not None:  # in order with our own writes
            return await self.write(query)
        return await asyncio.to_thread(self._read, query, nothing)

    async def glance(self, query: Step[C, T], nothing: T) -> T:
        """Return what a query finds that was written, or `nothing` where there is no journal; it waits for no write,
        nor ours.

        Errors: JournalError.
        """
        import asyncio

        return await asyncio.to_thread(self._glance, query, nothing)

    def close(self) -> None:
        """Do what waits, and close the database."""
        if self._is_cut_off():
            return
        with self._lock:
            if self._writer is not None:
                self._writer.queue.put(None)
                self._ending, self._writer = self._writer, None
            ending = self._ending
        if ending is not None:
            ending.thread.join()

    # Before and after a fork, which copies into the new process what is known of an open database, and not who has it:
    # SQLite would take the file for locked, and two processes would talk on one connection to a server.

    def hold(self) -> None:
        """Close the database, and keep it closed until `go_on`."""
        self._reading.acquire()
        self._lock.acquire()
        self.close()

    def go_on(self) -> None:
        """Let the database be opened again, in whichever process this is."""
        self._process = os.getpid()
        self._lock.release()
        self._reading.release()

    def _check_process(self) -> None:
        """Check that the database was not opened by another process. Errors: JournalError."""
        if self._is_cut_off():
            raise JournalError(f"{self._named}: its process was forked while it was open; open it after the fork")

    def _is_cut_off(self) -> bool:
        """Return whether the process was forked without Python's knowledge: the thread is missing here then."""
        return self._process != os.getpid()

    # The thread

    def _put(self, item: Item) -> None:
        self._check_process()
        with self._lock:
            if self._writer is None:
                writer: Writer[C] = Writer()
                writer.thread = threading.Thread(
                    target=self._work, args=(writer, self._ending), name="journal", daemon=True
                )
                writer.thread.start()
                self._writer = writer
            self._writer.queue.put(item)

    def _work(self, writer: Writer[C], before: Writer[C] | None) -> None:
        if before is not None:  # what the earlier thread was given comes first
            before.thread.join()
        try:
            while batch := self._next(writer):
                self._commit(writer, batch)
                tell(batch)
        finally:
            self._drop(writer)

    def _next(self, writer: Writer[C]) -> Sequence[Item]:
        return writer.next()

    def _drop(self, writer: Writer[C]) -> None:
        writer.drop()

    @abstractmethod
    def _commit(self, writer: Writer[C], batch: Sequence[Item]) -> None:
        """Do every step, and write into each item what came of it: all are on disk then that have no error."""

    @abstractmethod
    def _read(self, query: Step[C, T], nothing: T) -> T:
        """Return what a query finds, while no thread writes here."""

    @abstractmethod
    def _glance(self, query: Step[C, T], nothing: T) -> T:
        """Return what a query finds, beside the thread that writes."""
