"""A database of PostgreSQL: how a connection to it is opened, how long is waited for it, and what is said of that.

psycopg 3 is what procrastinate uses too, and its synchronous connections work in a thread of any program. asyncpg is
not faster here: for a lock, a look, a change and a commit it takes 0.5 ms, and psycopg behind a thread 0.3 to 0.5 ms
(where each commit is flushed to a slow disk, 4 and 5.5 ms). It would tie a journal to one event loop.
"""

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from anymedia.journal.database_urls import name_of
from anymedia.model.errors import ConfigError, JournalError

T = TypeVar("T")
Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_log = logging.getLogger("anymedia")

PATIENCE = 10.0
"""Seconds to wait for a database that does not answer, as while it is started anew."""

SILENCE = 60.0
"""Seconds after which a server counts as away that says nothing to a statement: none of ours takes nearly as long."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries."""

SCHEMA = "anymedia"
"""The schema in which everything is, so that a database can be shared with what else a program keeps."""

OLDEST = 120_000
"""The number of the oldest version that is known to do."""

# A machine that is gone says nothing more: these notice it within seconds, and not within hours.
_DEFAULTS: dict[str, Any] = {
    "application_name": "anymedia",
    "client_encoding": "UTF8",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

# What a frozen process holds in the middle of a transaction, others wait for.
_SET_UP = f"""SET search_path = {SCHEMA}, pg_catalog;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '5s';
SET lock_timeout = '9s';
SET client_min_messages = warning"""

_PASSING = ("08", "25006", "25P03", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
"""What passes by itself: lost connections, deadlocks, locks held for long, servers that stop, start, or only read."""

_AWAY = ("53", "57", "58")
"""What keeps a server from writing anything, and passes once somebody sees to it: a full disk is among these."""

_HELD_BY = "PGPASSWORD, ~/.pgpass or a service file holds it"

_REFUSALS: Mapping[str, str] = {
    "password authentication failed": _HELD_BY,
    "no password supplied": _HELD_BY,
    "authentication failed": "see who is let in by the server's pg_hba.conf",
    "no pg_hba.conf entry": "have the server's pg_hba.conf let this machine in",
    "does not exist": "make it, or name another in the URL",
    "connection is bad: invalid": "mend the URL",
    "connection is bad: definition of service": "name a service that the service file has",
}
"""What a server says to a connection that it will never take, and what can be done; the first that fits counts."""


class _Heard(psycopg.Connection[tuple[Any, ...]]):
    def wait(self, gen: Generator[Any, Any, T], *how: Any, **named: Any) -> T:
        return super().wait(heard(self, gen), *how, **named)


def heard(connection: psycopg.BaseConnection[Any], gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """Break a connection once the server says nothing for `SILENCE` seconds, as one does that was frozen.

    Its connections stand for as long as it is: nothing else tells.
    """
    until = time.monotonic() + SILENCE
    try:
        is_ready = yield next(gen)
        while is_ready or time.monotonic() < until:
            is_ready = yield gen.send(is_ready)
    except StopIteration as end:
        done: T = end.value
        return done
    connection.pgconn.finish()
    raise psycopg.OperationalError(f"it has said nothing for {SILENCE:g} s")


def let_go(fault: BaseException | None) -> None:
    """Close the socket of a connection that came to nothing, which psycopg leaves to a collection of garbage.

    For one that says nothing, a server before PostgreSQL 18 waits a minute when it is shut down.
    """
    while fault is not None:
        traceback.clear_frames(fault.__traceback__)
        fault = fault.__context__


def conninfo_of(url: str) -> str:
    """Return how to connect to a database: as its URL says, and else so that a machine that is gone is noticed.

    Errors: psycopg.Error for a URL that cannot be read.
    """
    given = conninfo_to_dict(url)
    several = {"target_session_attrs": "read-write"} if "," in str(given.get("host", "")) else {}
    return make_conninfo(**{**_DEFAULTS, **several, **given})


class Server:
    """A database that a URL names, and whether it answers: said once when it does not, and once when it does again.

    `name` is its URL without a password. Any thread may use it. Errors: ConfigError for a URL that cannot be read.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self.name: str = name_of(url)
        self.patience: float = patience
        try:
            given = conninfo_to_dict(url)
        except psycopg.Error as error:
            said = str(error).strip()
            why = said if said.startswith("invalid URI query parameter") else "PostgreSQL's client cannot read it"
            raise ConfigError(f"{self.name}: {why}") from None
        self._secrets = [str(given[name]) for name in ("password", "sslpassword") if given.get(name)]
        self._conninfo = conninfo_of(url)
        self._is_away = self._is_told = False
        self._lock = threading.Lock()

    @property
    def digest(self) -> str:
        """What tells its host, its port and its database from others."""
        defaults = {each.keyword.decode(): each.val for each in pq.Conninfo.get_defaults()}
        known = {**defaults, **{name: str(value).encode() for name, value in conninfo_to_dict(self._conninfo).items()}}
        place = b"\0".join(known.get(name) or b"" for name in ("host", "hostaddr", "port", "dbname"))
        return hashlib.blake2b(place, digest_size=8).hexdigest()

    @property
    def is_away(self) -> bool:
        """Whether it has not answered for as long as anybody waits, and not since."""
        return self._is_away

    def connect(self) -> Connection:
        """Return a new connection, on which each statement is a transaction until one is begun.

        Errors: JournalError for a database that cannot be used; psycopg.Error.
        """
        try:
            connection: Connection = _Heard.connect(self._conninfo, autocommit=True)
        except BaseException as fault:
            let_go(fault)
            raise
        try:
            self._check(connection)
            connection.execute(_SET_UP)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: Connection) -> None:
        version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
        if version < OLDEST:
            oldest, its = OLDEST // 10_000, version // 10_000
            raise JournalError(f"{self.name}: PostgreSQL {oldest} or newer is needed, and this is {its}")
        if encoding != "UTF8":
            raise JournalError(f"{self.name}: the database's encoding must be UTF8, not {encoding}")

    def patiently(self, work: Callable[[], T], failed: Callable[[], None]) -> T:
        """Do something, and do it again as a whole while the database does not answer, or something is in its way.

        `failed` is called after each try that failed so: it drops the connection. While the database is away, there is
        one try. Errors: JournalError, which is `away` where it still does not answer after `patience` seconds.
        """
        until = time.monotonic() + (0 if self._is_away else self.patience)
        pauses = _pauses()
        while True:
            try:
                done = work()
            except psycopg.Error as error:
                if not _passes(error):
                    raise self.error(error) from None
                failed()
                self._wait(error, next(pauses), until)
            else:
                self._answers()
                return done

    def _wait(self, error: psycopg.Error, pause: float, until: float) -> None:
        """Wait for the next try. Errors: JournalError, once that would be too late."""
        is_late = time.monotonic() + pause > until
        if is_late or pause > FIRST_PAUSE:
            self._tell(error)
        if is_late:
            self._is_away = True
            raise self.error(error) from None
        time.sleep(pause)

    def error(self, error: psycopg.Error) -> JournalError:
        """Return what is wrong in one sentence, without a password."""
        state = error.sqlstate or ""
        is_away = _passes(error) or state.startswith(_AWAY)
        return JournalError(f"{self.name}: {'PostgreSQL does not answer: ' * is_away}{self._said(error)}", away=is_away)

    def _said(self, error: psycopg.Error) -> str:
        said = error.diag.message_primary or next(filter(None, str(error).split("\n")), type(error).__name__)
        for secret in self._secrets:
            said = said.replace(secret, "…")
        way = next((way for refusal, way in _REFUSALS.items() if error.sqlstate is None and refusal in said), None)
        return said if way is None else f"{said}; {way}"

    def _tell(self, error: psycopg.Error) -> None:
        """Say that the database does not answer, unless that was said."""
        with self._lock:
            was_told, self._is_told = self._is_told, True
        if not was_told:
            away = "%s: PostgreSQL does not answer (%s): nothing is bought until it does"
            _log.warning(away, self.name, self._said(error))

    def _answers(self) -> None:
        """Say that the database answers again, where it was said that it does not."""
        with self._lock:
            was_told, self._is_told = self._is_told, False
            self._is_away = False
        if was_told:
            _log.info("%s: PostgreSQL answers again", self.name)


def _passes(error: psycopg.Error) -> bool:
    """Return whether an error passes by itself: the same may do well in a moment, on another connection."""
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_PASSING)
    is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return is_lost and not any(refusal in str(error) for refusal in _REFUSALS)


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)
