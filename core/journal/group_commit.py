"""Changes that wait for the one thread that writes: all that wait are committed together, each has its own end."""

import concurrent.futures
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
Step: TypeAlias = Callable[[sqlite3.Connection], T]
"""Something to be done in a transaction."""

MOST = 1000
"""How many steps one commit takes."""

_log = logging.getLogger("anymedia")


@attrs.define(eq=False)
class Item:
    """A step that waits to be done, who waits for it, and what came of it."""

    step: Step[Any]
    future: "asyncio.Future[Any] | concurrent.futures.Future[Any]"
    loop: "asyncio.AbstractEventLoop | None" = None
    result: Any = None
    error: Exception | None = None


@attrs.define(eq=False)
class Writer:
    """The thread that writes, the steps that wait for it, and the connection that it has open.

    Beside it, `reader` is one for whoever holds `reading`: it reads what is on disk, and waits for no write.
    """

    queue: "queue.SimpleQueue[Item | None]" = attrs.field(factory=queue.SimpleQueue)
    thread: threading.Thread = attrs.field(init=False)
    connection: sqlite3.Connection | None = None
    reader: sqlite3.Connection | None = None
    reading: threading.Lock = attrs.field(factory=threading.Lock)

    def next(self) -> list[Item]:
        """Wait for an item, and return all that wait (`MOST` at most); none at the end."""
        items = [self.queue.get()]
        with contextlib.suppress(queue.Empty):
            while items[-1] is not None and len(items) < MOST:
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
                    with contextlib.suppress(sqlite3.Error):
                        connection.close()


def unwatched(step: Step[Any]) -> Item:
    """Return an item that nobody waits for: a fault is logged."""
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future.add_done_callback(_log_fault)
    return Item(step, future)


def _log_fault(future: "concurrent.futures.Future[Any]") -> None:
    if (error := future.exception()) is not None:
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
