"""Shared limits in the tables of a database, by its clock: whoever asks needs no other answer before.

What is asked at once by one client is answered in one transaction. It need not outlive a crash of the server, and so
nobody waits for its disk.
"""

import asyncio
import concurrent.futures
import contextlib
import os
import queue
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs
import psycopg

from anymedia.journal.forks import at_forks
from anymedia.journal.limit_rules import Statement, answer, set_clock
from anymedia.model.errors import JournalError
from anymedia.shared_limits import Answer, Question

from .link import Link
from .schema import Schema
from .server import Connection, Server

TOGETHER_AT_MOST = 50
"""How many questions one transaction answers."""

LOCKS = 0x616C
"""What distinguishes the advisory locks of accounts from others."""

_BEGIN = """BEGIN; SELECT pg_advisory_xact_lock(%s, hashtext(account)) FROM unnest(%s::text[]) AS account"""
_NOW = "extract(epoch FROM clock_timestamp())::double precision"
"""The time, once no other question is in the midst."""


@attrs.frozen(eq=False)
class _Asked:
    """A question that waits to be answered, and who waits for that."""

    question: Question
    answered: "concurrent.futures.Future[Answer]"


class PostgresLimits:
    """Shared limits in a database; a thread with a connection of its own asks it, from the first question on."""

    def __init__(self, server: Server, schema: Schema) -> None:
        self._server = server
        self._schema = schema
        self._link = Link(server, self._prepare)
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        at_forks(self)

    def ask_at_once(self, question: Question, now: float) -> Answer | None:
        """Return None: it takes a moment."""
        return None

    async def ask(self, question: Question, now: float) -> Answer:
        """As SharedLimits.ask."""
        asked = _Asked(question, concurrent.futures.Future())
        with self._lock:
            if self._process != os.getpid():
                raise JournalError(f"{self._server.name}: its process was forked while it was open; open it afterwards")
            if self._thread is None:
                self._queue = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._work, args=(self._queue,), name="limits", daemon=True)
                self._thread.start()
            self._queue.put(asked)
        return await asyncio.wrap_future(asked.answered)

    def close(self) -> None:
        """Answer what waits, and close the connection; a later question opens it again."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._thread is not None and self._process == os.getpid():
            self._queue.put(None)
            self._thread.join()
        self._thread = None

    # As of Forked

    def hold(self) -> None:
        """Close the connection, and keep it closed until `go_on`."""
        self._lock.acquire()
        self._end()

    def go_on(self) -> None:
        """Let the connection be opened again, in whichever process this is."""
        self._process = os.getpid()
        self._lock.release()

    # The thread

    def _work(self, questions: "queue.SimpleQueue[_Asked | None]") -> None:
        try:
            while batch := _next(questions):
                self._answer(batch)
        finally:
            self._link.drop()

    def _answer(self, batch: Sequence[_Asked]) -> None:
        """Answer questions in one transaction; if one of them fails, each in a transaction of its own."""
        try:
            answers = self._link.run(lambda connection: _answers(connection, [each.question for each in batch]))
        except Exception as error:  # noqa: BLE001 - it is for whoever waits, not for this thread
            if len(batch) > 1 and self._link.is_open:
                for each in batch:
                    self._answer([each])
                return
            for each in batch:
                _settle(each.answered, error)
        else:
            for each, said in zip(batch, answers, strict=True):
                _settle(each.answered, said)

    def _prepare(self, connection: Connection) -> None:
        self._schema.migrate(connection, self._server.name)
        connection.execute("SET synchronous_commit = off")
        runs = _Runs(connection)
        runs.begin([])
        set_clock(runs)
        runs.commit()


class _Runs:
    """Runs statements, all that are given at once in one round trip; the first ones with the begin of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._cursor = psycopg.ClientCursor(connection)
        self._first: list[Statement] = []

    def begin(self, accounts: Sequence[str]) -> None:
        """Begin a transaction in which nobody else asks of these accounts."""
        self._first = [(_BEGIN, (LOCKS, [*accounts]))]

    def __call__(self, statements: Sequence[Statement]) -> list[Any]:
        script, self._first = [*self._first, *statements], []
        values = [value for _, given in script for value in given]
        self._cursor.execute("; ".join(_written(statement) for statement, _ in script), values)
        while self._cursor.nextset():
            pass
        return self._cursor.fetchall() if self._cursor.description else []

    def commit(self) -> None:
        """End the transaction."""
        self([("COMMIT", ())])


@cache
def _written(statement: str) -> str:
    return statement.replace("?", "%s").replace("{now}", _NOW)


def _answers(connection: Connection, questions: Sequence[Question]) -> list[Answer]:
    runs = _Runs(connection)
    runs.begin(sorted({question.account for question in questions}))
    try:
        answers = [answer(runs, question) for question in questions]
        runs.commit()
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            connection.execute("ROLLBACK")
        raise
    return answers


def _next(questions: "queue.SimpleQueue[_Asked | None]") -> list[_Asked]:
    """Wait for a question, and return all that wait; none at the end."""
    batch = [questions.get()]
    while batch[-1] is not None and len(batch) < TOGETHER_AT_MOST and not questions.empty():
        batch.append(questions.get())
    if batch[-1] is None and len(batch) > 1:
        questions.put(None)  # the last questions first, then the end
    return [asked for asked in batch if asked is not None]


def _settle(future: "concurrent.futures.Future[Answer]", said: Answer | Exception) -> None:
    """Tell who waits, unless nobody does any more."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(said, Exception):
        future.set_exception(said)
    else:
        future.set_result(said)
