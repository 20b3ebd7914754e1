"""The form of a journal's file: its tables, its number, and how an older form becomes the newest one."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from anymedia.model.errors import JournalError

from .added_up import ADDED_UP, ALL, GROUPS, MORE, kept, of_day
from .dialect import Dialect
from .queries import IN_BATCH

APPLICATION = 0x616D6A31
"""The mark in the SQLite files that are journals, so that no other program's file is taken for one."""

UNRELEASED = 6
"""The last form that no release has written: files of this form or an earlier one are not read."""

SQLITE = Dialect(
    differs="IS NOT",
    listed="IN (SELECT value FROM json_each(?))",
    # Whatever another program has written there.
    has_moved="typeof(moved) = 'integer'",
    expiry="CASE WHEN typeof(expires) = 'real' AND expires < 9e999 THEN expires ELSE -9e999 END",
    any_moment="-9e999",
    # As bytes: a text that is no UTF-8 would end the query.
    has_labels="has_labels(CAST(labels AS BLOB))",
    by_expiry=" INDEXED BY by_expiry",
    of_list=lambda texts: json.dumps([*texts]),
    of_labels=lambda _: (),
    every=-1,
)
"""The words of SQLite."""

_WHEN_MOVED = """AFTER UPDATE OF open, counts_as, reserved ON attempts
    WHEN (OLD.open, OLD.counts_as, OLD.reserved) IS NOT (NEW.open, NEW.counts_as, NEW.reserved)"""
"""When an attempt has changed in what sums are made of; the rest of that never changes."""


def _table(name: str, groups: Sequence[str]) -> str:
    """Return the statement that makes a table of sums."""
    columns = ", ".join(groups)
    return f"CREATE TABLE {name} ({columns}, {', '.join(ADDED_UP)}, PRIMARY KEY ({columns})) WITHOUT ROWID"


MIGRATIONS: Sequence[Sequence[str]] = (
    (
        # What attempts are found and added up by; their texts are apart, so that it takes little to read many of these.
        """CREATE TABLE attempts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            wanted INTEGER NOT NULL DEFAULT 0,
            provider TEXT NOT NULL,
            account TEXT NOT NULL,
            day INTEGER NOT NULL,
            started REAL NOT NULL,
            status TEXT NOT NULL,
            open INTEGER NOT NULL,
            undownloaded INTEGER NOT NULL DEFAULT 0,
            expires REAL,
            fetcher TEXT,
            bare INTEGER NOT NULL DEFAULT 0,
            moved INTEGER,
            by_webhook INTEGER NOT NULL DEFAULT 0,
            least REAL,
            most REAL,
            reserved INTEGER,
            quoted INTEGER,
            quoted_exactly INTEGER NOT NULL DEFAULT 0,
            kind TEXT NOT NULL DEFAULT '',
            offer TEXT NOT NULL DEFAULT '',
            variant TEXT NOT NULL DEFAULT '',
            model TEXT NOT NULL DEFAULT '',
            labels TEXT NOT NULL DEFAULT '',
            batch TEXT NOT NULL DEFAULT '',
            counts_as TEXT,
            idempotency_key TEXT,
            digest TEXT,
            task_id TEXT
        )""",
        "CREATE TABLE texts (number INTEGER PRIMARY KEY, record TEXT NOT NULL, task TEXT, body BLOB)",
        "CREATE INDEX by_task ON attempts (task_id, account) WHERE task_id IS NOT NULL",
        "CREATE INDEX by_key ON attempts (idempotency_key) WHERE idempotency_key IS NOT NULL",
        f"CREATE INDEX by_batch ON attempts (batch) WHERE {IN_BATCH}",
        "CREATE INDEX by_open ON attempts (open) WHERE open",
        "CREATE INDEX by_wanted ON attempts (wanted) WHERE wanted",
        "CREATE INDEX by_undownloaded ON attempts (owner) WHERE undownloaded",
        f"CREATE INDEX by_expiry ON attempts ({SQLITE.expiry}) WHERE undownloaded",
        f"CREATE INDEX by_move ON attempts (moved) WHERE {SQLITE.has_moved}",
        "CREATE INDEX by_duration ON attempts (provider, offer, variant, moved) WHERE least IS NOT NULL",
        "CREATE INDEX by_start ON attempts (started)",
        "CREATE TABLE keys (key TEXT PRIMARY KEY, holder TEXT, owner TEXT NOT NULL, fence INTEGER NOT NULL)",
        # In the order in which they were first told of; the oldest go.
        """CREATE TABLE unknown (
            number INTEGER PRIMARY KEY,
            account TEXT NOT NULL,
            task_id TEXT NOT NULL,
            open INTEGER NOT NULL,
            task TEXT NOT NULL,
            UNIQUE (task_id, account)
        )""",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        # Sums are kept by every statement that changes what they are made of, but for one that deletes: they stay.
        "CREATE TABLE days (account, day, reserved, PRIMARY KEY (account, day)) WITHOUT ROWID",
        *(_table(name, groups) for name, groups in GROUPS.items()),
        f"CREATE TRIGGER added AFTER INSERT ON attempts BEGIN {of_day(ALL)} {kept('NEW', '')} END",
        f"CREATE TRIGGER moved {_WHEN_MOVED} BEGIN {of_day(MORE)} {kept('OLD', '-')} {kept('NEW', '')} END",
    ),
)
"""The statements that lead from each form to the next; the first begin with an empty file."""


@attrs.frozen
class Schema:
    """The forms that a file can have: `unreleased` is the number of the last one that is refused."""

    migrations: Sequence[Sequence[str]] = MIGRATIONS
    unreleased: int = UNRELEASED

    @property
    def newest(self) -> int:
        """The number of the form that is written."""
        return self.unreleased + len(self.migrations)

    def form(self, connection: sqlite3.Connection, path: Path) -> int:
        """Return the number of a file's form; 0 for an empty file.

        Errors: JournalError when the file is another program's, or of a form that is not known here.
        """
        number: int
        # In this order, so that what another process creates meanwhile is not taken for another program's.
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        if tables and application != APPLICATION:
            raise JournalError(f"{path}: it belongs to another program; name another file")
        if 0 < number <= self.unreleased:
            raise JournalError(
                f"{path}: it was written before the first release of anymedia and cannot be read; move it away, and a "
                "new one is begun"
            )
        if number > self.newest:
            raise JournalError(
                f"{path}: written by a newer anymedia (its form is {number}, and {self.newest} is the newest known "
                "here): update this one, or name another file"
            )
        return number

    def migrate(self, connection: sqlite3.Connection, path: Path) -> None:
        """Bring a file to the newest form, within a transaction. Errors: as form."""
        number = self.form(connection, path)
        steps = self.migrations[max(number - self.unreleased, 0) :]
        for statement in (each for step in steps for each in step):
            connection.execute(statement)
        if steps:
            connection.execute(f"PRAGMA user_version = {self.newest}")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
