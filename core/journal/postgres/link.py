"""One connection to PostgreSQL, opened when it is first needed and again after it broke."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

import psycopg

from .server import Connection, Server

T = TypeVar("T")


class Link:
    """A connection that one thread uses at a time; `prepare` is called with each that is opened.

    Errors: JournalError, as Server.patiently.
    """

    def __init__(self, server: Server, prepare: Callable[[Connection], None] = lambda _: None) -> None:
        self._server = server
        self._prepare = prepare
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; it may have broken meanwhile."""
        return self._connection is not None

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do something with the connection, and do it again as a whole where that broke."""
        return self._server.patiently(lambda: work(self.opened()), self.drop)

    def opened(self) -> Connection:
        """Return the connection. Errors: psycopg.Error too."""
        if self._connection is None:
            connection = self._server.connect()
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def drop(self) -> None:
        """Close the connection; the next work opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()
