"""The queue in PostgreSQL: procrastinate's tables, and one of our own that says what became of what was put in.

A job holds what is to be done; when it is over it goes. What it came to is in the journal, and only why something came
to nothing before anything was sent has no place there: it stands in `anymedia_requests`, by the idempotency key, or by
the id of an attempt that was handed over.
"""

import logging
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar

import attrs
import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from anymedia.config import Config
from anymedia.journal.database_urls import is_postgres, name_of
from anymedia.journal.postgres.server import conninfo_of, heard, let_go
from anymedia.model.errors import AnymediaError, ConfigError, JournalError
from anymedia.model.plain import one_line
from anymedia.model.strict_json import Json

from .patient import PatientJobs
from .told import as_text, read

T = TypeVar("T")

QUEUE = "anymedia"
"""The name of the queue, where nobody names another."""

SUBMIT, ORDER, ADVANCE, SWEEP = (f"anymedia:{name}" for name in ("submit", "order", "advance", "sweep"))
"""What jobs do: buy a request, send an order that was handed over, take a step of a task, look at what is left."""

SOON = 1
"""The priority of what is paid for, over what is still to be bought."""

CONNECTIONS = 4
"""Connections of one process to the queue, at most, beside the one that hears of new jobs."""

PATIENCE = 10.0
"""Seconds for which a connection is waited for."""

PAUSE = 1.0
"""Seconds between two tries to connect, at most: a pool's own pauses grow with an outage, and outlast it."""

POOL = "anymedia"
"""The name of our pools, by which what they log is known."""

ALIVE = 30.0
"""Seconds after its last sign of life in which a worker counts as alive."""

LOCK = 0x616E796D656469
"""The advisory lock under which the tables are made: several processes may begin at once."""

IS_THERE = "SELECT 1 FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"

TABLE = """
CREATE TABLE IF NOT EXISTS anymedia_requests (
    name text PRIMARY KEY,
    put_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    error text,
    digest text
)
"""

PUT = """
INSERT INTO anymedia_requests AS there (name, digest) VALUES (%(name)s, %(digest)s)
ON CONFLICT (name) DO UPDATE SET put_at = now(), ended_at = NULL, error = NULL, digest = excluded.digest
    WHERE there.digest IS NOT DISTINCT FROM excluded.digest OR there.error IS NOT NULL
"""
"""What another request has this name is not put in, unless that has come to nothing."""
END = "UPDATE anymedia_requests SET ended_at = now(), error = %(error)s WHERE name = %(name)s"
READ = """
SELECT name, ended_at IS NOT NULL AS ended, error FROM anymedia_requests WHERE name = ANY(%(names)s::text[])
"""
FORGET = """
DELETE FROM anymedia_requests WHERE ended_at < now() - make_interval(secs => %(age)s)
"""

LIVING = """
SELECT count(*) AS number FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %(age)s)
"""

FAULTS = (ProcrastinateException, psycopg.Error, PoolTimeout, PoolClosed, OSError)
"""What is raised where the database is away, or takes something not."""

_log = logging.getLogger("anymedia")


@attrs.frozen
class Told:
    """What the queue knows of something that was put in: whether its jobs have ended, and why it came to nothing."""

    ended: bool
    error: AnymediaError | None


def why(fault: BaseException) -> str:
    """Return in one line what is behind a fault: procrastinate says of any that the database is at fault."""
    return one_line(str(fault.__cause__ or fault)) or type(fault).__name__


def database_of(config: Config) -> str:
    """Return the URL of the database with the queue: the journal's. Errors: ConfigError where that is no PostgreSQL."""
    if isinstance(config.journal, str) and is_postgres(config.journal):
        return config.journal
    file = "anymedia.toml" if config.path is None else config.path
    raise ConfigError(
        f'workers share a journal on PostgreSQL: write [journal] url = "postgresql://user@host/database" into {file}'
    )


class _Connection(psycopg.AsyncConnection[Any]):
    """A connection that a server which says nothing breaks; its socket is closed where it comes to nothing."""

    @classmethod
    async def connect(cls, *where: Any, **how: Any) -> Self:
        try:
            return await super().connect(*where, **how)
        except BaseException as fault:
            let_go(fault)
            raise

    async def wait(self, gen: Generator[Any, Any, T], *how: Any, **named: Any) -> T:
        return await super().wait(heard(self, gen), *how, **named)


def _is_others(record: logging.LogRecord) -> bool:
    """Return whether what a pool logs is not of a connection of ours that is lost: whoever needs it is told so."""
    about = record.args if isinstance(record.args, tuple) else ()
    return not any(each == POOL or (isinstance(each, _Connection) and each.closed) for each in about)


logging.getLogger("psycopg.pool").addFilter(_is_others)


class Database:
    """The queue at a URL; its connections belong to the event loop in which it is opened."""

    def __init__(self, url: str, queue: str = QUEUE) -> None:
        self.name: str = name_of(url)
        self.queue: str = queue
        self._url = url
        connector = PsycopgConnector(
            conninfo=conninfo_of(url),
            name=POOL,
            connection_class=_Connection,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE,
            reconnect_timeout=PAUSE,
            reconnect_failed=AsyncConnectionPool.check,  # which begins anew
        )
        self.app: App = App(connector=connector, periodic_defaults={"max_delay": 60.0})
        self.app.job_manager = PatientJobs(connector)
        self._is_open = False

    async def open(self) -> None:
        """Connect, and make the tables that are missing. Errors: JournalError."""
        if not self._is_open:
            with self.answers():
                await _prepare(self._url)
                await self.app.open_async()
            self._is_open = True

    async def close(self) -> None:
        """Close every connection."""
        if self._is_open:
            self._is_open = False
            with self.answers():
                await self.app.close_async()

    @contextmanager
    def answers(self) -> Iterator[None]:
        """Let what the database is at fault for be a JournalError, which holds no password."""
        try:
            yield
        except FAULTS as fault:
            raise JournalError(f"{self.name}: the queue cannot be used: {why(fault)}", away=True) from None

    # What was put in

    async def put(
        self, task: str, args: Mapping[str, Json], name: str, digest: str | None = None, connection: Any = None
    ) -> int | None:
        """Put a job in that has a name, and return its number; within a transaction of `connection`, where given.

        None where another digest has the name: what that was put in for waits, or was bought. Errors: JournalError.
        """
        with self.answers():
            if connection is None:
                async with self._transaction() as connection:
                    return await self._put(task, args, name, digest, connection)
            return await self._put(task, args, name, digest, connection)

    async def _put(
        self, task: str, args: Mapping[str, Json], name: str, digest: str | None, connection: Any
    ) -> int | None:
        if not (await connection.execute(PUT, {"name": name, "digest": digest})).rowcount:
            return None
        job = self.app.configure_task(task, queue=self.queue, lock=f"{task} {name}", connection=connection)
        return await job.defer_async(**args)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        connector = self.app.connector
        assert isinstance(connector, PsycopgConnector)  # noqa: S101 - it was made so
        async with connector.pool.connection() as connection, connection.transaction():
            yield connection

    async def take_back(self, number: int) -> bool:
        """Take a job back, and return whether it was still waiting. Errors: JournalError."""
        with self.answers():
            return await self.app.job_manager.cancel_job_by_id_async(number, delete_job=True)

    async def ended(self, name: str, error: AnymediaError | None = None) -> None:
        """Write down that what has this name is over, and why it came to nothing if it did. Errors: JournalError."""
        await self._execute(END, name=name, error=None if error is None else as_text(error))

    async def told(self, names: Sequence[str]) -> dict[str, Told]:
        """Return what is known of what has these names, by name. Errors: JournalError."""
        with self.answers():
            rows = await self.app.connector.execute_query_all_async(READ, names=list(names))
        return {row["name"]: Told(row["ended"], None if row["error"] is None else read(row["error"])) for row in rows}

    async def forget(self, age: float) -> None:
        """Forget what has been over for so many seconds. Errors: JournalError."""
        await self._execute(FORGET, age=age)

    async def workers(self) -> int:
        """Return how many workers have given a sign of life of late, whichever queue they take from.

        Errors: JournalError.
        """
        with self.answers():
            rows = await self.app.connector.execute_query_all_async(LIVING, age=ALIVE)
        return int(rows[0]["number"])

    async def _execute(self, statement: Any, **values: Any) -> None:
        with self.answers():
            await self.app.connector.execute_query_async(statement, **values)

    # Jobs of tasks

    async def follow(self, attempt_id: str, name: str, after: float = 0.0) -> None:
        """Let a task be looked at, by the id of its attempt, in so many seconds, unless it is already.

        Errors: JournalError.
        """
        lock = f"{ADVANCE} {attempt_id}"
        with self.answers():
            if await self._is_going(lock):
                return
            job = self.app.configure_task(
                ADVANCE, queue=self.queue, lock=lock, priority=SOON, schedule_in={"seconds": after}
            )
            await job.defer_async(attempt=attempt_id, name=name)

    async def _is_going(self, lock: str) -> bool:
        """Return whether a job of a lock waits or is under way."""
        for status in ("todo", "doing"):
            if [*await self.app.job_manager.list_jobs_async(lock=lock, status=status)]:
                return True
        return False


async def _prepare(url: str) -> None:
    """Make the tables that are missing; whoever does so at the same time waits."""
    async with await _Connection.connect(conninfo_of(url)) as connection:
        if await _are_there(connection):
            return
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            if not await _is_there(connection, "procrastinate_jobs"):
                await connection.execute(SchemaManager.get_schema())
            await connection.execute(TABLE)


async def _are_there(connection: "psycopg.AsyncConnection[Any]") -> bool:
    both = [await _is_there(connection, name) for name in ("procrastinate_jobs", "anymedia_requests")]
    return all(both)


async def _is_there(connection: "psycopg.AsyncConnection[Any]", table: str) -> bool:
    # to_regclass may say what it has said before in the same transaction, though another process has made it since.
    found = await connection.execute(IS_THERE, [table])
    return await found.fetchone() is not None
