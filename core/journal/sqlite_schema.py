"""The form of a journal's file: its tables, its number, and how an older form becomes the newest one."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from anymedia.model.errors import JournalError

APPLICATION = 0x616D6A31
"""The mark in the SQLite files that are journals, so that no other program's file is taken for one."""

UNRELEASED = 2
"""The last form that no release has written: files of this form or an earlier one are not read."""

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """CREATE TABLE attempts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            wanted INTEGER NOT NULL DEFAULT 0,
            provider TEXT NOT NULL,
            account TEXT NOT NULL,
            started REAL NOT NULL,
            status TEXT NOT NULL,
            open INTEGER NOT NULL,
            record TEXT NOT NULL,
            reserved INTEGER,
            idempotency_key TEXT,
            digest TEXT,
            task_id TEXT,
            task TEXT,
            body BLOB
        )""",
        "CREATE INDEX by_task ON attempts (task_id, account) WHERE task_id IS NOT NULL",
        "CREATE INDEX by_key ON attempts (idempotency_key) WHERE idempotency_key IS NOT NULL",
        "CREATE INDEX by_open ON attempts (open) WHERE open",
        "CREATE INDEX by_wanted ON attempts (wanted) WHERE wanted",
        "CREATE INDEX by_owner ON attempts (owner) WHERE task_id IS NOT NULL",
        "CREATE INDEX by_day ON attempts (account, started)",
        "CREATE TABLE keys (key TEXT PRIMARY KEY, holder TEXT, owner TEXT NOT NULL, fence INTEGER NOT NULL)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
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
