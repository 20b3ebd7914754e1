"""Hears of what moves: a thread waits for what PostgreSQL tells, on a connection of its own."""

import logging
import os
import selectors
import socket
import threading
from collections.abc import Callable

import psycopg

from anymedia.journal.forks import at_forks
from anymedia.model.errors import JournalError

from .link import Link
from .schema import MOVES
from .server import Connection, Server

AGAIN = 1.0
"""Seconds until a database that is away is asked again."""

_log = logging.getLogger("anymedia")


class Listener:
    """Calls each of `heard` when something may have moved: when it is told, and once it listens anew."""

    def __init__(self, server: Server) -> None:
        self.heard: list[Callable[[], None]] = []
        self.process: int = os.getpid()
        self._link = Link(server, _listens)
        self._over = threading.Event()
        self._woken, self._wakes = socket.socketpair()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()  # held while the thread begins or ends, and through a fork
        self._was_hearing = False
        self._begin()
        at_forks(self)

    def close(self) -> None:
        """Hear nothing more."""
        with self._lock:
            self._end()
            for end in (self._woken, self._wakes):
                end.close()

    # Before and after a fork. What a thread holds while it connects, such as a lock of OpenSSL's, would be held in the
    # new process for ever: nothing there lets go of it.

    def hold(self) -> None:
        """Hear nothing until `go_on`."""
        self._lock.acquire()
        self._was_hearing = self._end()

    def go_on(self) -> None:
        """Hear again, in the process that was there before: the other one has a listener of its own."""
        if self._was_hearing and self.process == os.getpid():
            self._begin()
        self._lock.release()

    # The thread

    def _begin(self) -> None:
        self._over.clear()
        self._thread = threading.Thread(target=self._work, name="journal moves", daemon=True)
        self._thread.start()

    def _end(self) -> bool:
        """End the thread, and return whether there was one."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._over.set()
            self._wakes.send(b".")
            thread.join()
            self._woken.recv(1)
        return thread is not None

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                self._listen(self._link.run(lambda connection: connection))
            except psycopg.Error:  # it is opened anew
                self._link.drop()
            except JournalError:  # which was told
                self._over.wait(AGAIN)
        self._link.drop()

    def _listen(self, connection: Connection) -> None:
        """Wait until it is over. Errors: psycopg.Error where the connection breaks."""
        with selectors.DefaultSelector() as selector:  # select() takes no file above the 1024th
            for file in (connection.fileno(), self._woken.fileno()):
                selector.register(file, selectors.EVENT_READ)
            while not self._over.is_set():
                self._tell()
                selector.select()
                for _ in connection.notifies(timeout=0):
                    pass

    def _tell(self) -> None:
        for heard in self.heard:
            try:
                heard()
            except Exception:  # noqa: BLE001 - it is not for this thread
                _log.exception("whoever is told that something has moved fails")


def _listens(connection: Connection) -> None:
    connection.execute(f"LISTEN {MOVES}")
