"""Leases of owners of a journal on PostgreSQL, which a test lets run out."""

import psycopg

from anymedia.journal.postgres.server import SCHEMA


def execute(journal, statement, values=None):
    """Execute a statement as another program would, and return what it finds."""
    with psycopg.connect(journal.server._conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {SCHEMA}")
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description is not None else []


def lapse(journal, owner=None):
    """Let the lease of an owner run out: no time passes."""
    execute(
        journal,
        "UPDATE owners SET until = clock_timestamp() - interval '1 second' WHERE name = %s",
        [owner or journal.owner],
    )


def die_of_lease(journal):
    """Let a journal's owner die: nothing more is written, and its lease is over."""
    lapse(journal)
    journal._store.close()
