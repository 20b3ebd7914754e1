"""What leaves a SQLite journal: old attempts, or their texts, in short transactions; the sums that are kept stay."""

import json
import math
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from .protocol import DAY, Prunable, Pruned
from .sqlite_schema import EXPIRY, HAS_MOVED

GONE, FENCE = "pruned", "fence"
"""The facts that say after which day entries have not gone, and how high the fencing numbers of keys were that have."""

_OLD = f"""NOT open AND number < (SELECT max(number) FROM attempts)
    AND (moved IS NULL OR moved IS NOT (SELECT max(moved) FROM attempts WHERE {HAS_MOVED}))"""  # noqa: S608
"""What is so of an entry that may go: the last that was added stays, and the last that moved, so that the next ones get
numbers that no other had."""

_NEEDED = "idempotency_key IS NOT NULL AND counts_as IS NOT NULL"
_ASKED = f"number > :after AND started < :before AND {_OLD} AND NOT (bare AND {{needed}})"
_LOST = f"(NOT undownloaded OR :uncollected OR ({EXPIRY} > -9e999 AND {EXPIRY} < :now))"
"""What is so of an entry whose results nobody is to miss: there are none, or they are gone."""

_STILL = f"""SELECT id, number, fetcher, idempotency_key, undownloaded, expires FROM attempts
    WHERE id IN (SELECT value FROM json_each(?)) AND {_OLD}"""  # noqa: S608
_HELD = "SELECT owner FROM keys WHERE key = ? AND holder IS NOT NULL"
_BARED = "UPDATE texts SET record = ?, task = ?, body = NULL WHERE number = ? AND record = ? AND task IS ?"
_UNUSED = """SELECT CAST(fence AS INTEGER) FROM keys
    WHERE key = ? AND NOT EXISTS (SELECT 1 FROM attempts WHERE idempotency_key = keys.key)"""
RAISED = """INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)"""


def prunable_where(prunable: Prunable) -> tuple[str, dict[str, Any]]:
    """Return the condition for entries that may be pruned, with its values."""
    return f"{_asked(prunable)} AND {_LOST}", attrs.asdict(prunable)


def uncollected(connection: sqlite3.Connection, prunable: Prunable) -> int:
    """Return how many entries may not be pruned only because they are undownloaded."""
    count = f"SELECT count(*) FROM attempts WHERE {_asked(prunable)} AND NOT {_LOST}"  # noqa: S608 - no value is in it
    number: int
    (number,) = connection.execute(count, attrs.asdict(prunable)).fetchone()
    return number


def _asked(prunable: Prunable) -> str:
    return _ASKED.format(needed={"texts": "1", "attempts": _NEEDED, "keys": "0"}[prunable.what])


def prune(connection: sqlite3.Connection, pruned: Sequence[Pruned], is_alive: Callable[[str], bool]) -> list[str]:
    """Prune entries as far as they may go still, and return the ids of those."""
    connection.execute("PRAGMA secure_delete = ON")  # what was dropped is not to be found in the file
    rows = connection.execute(_STILL, (json.dumps([each.entry.id for each in pruned]),)).fetchall()
    still = {name: row for name, *row in rows}
    alive = {fetcher: is_alive(fetcher) for _, fetcher, *_ in still.values() if fetcher is not None}
    done = set[str]()
    for each in pruned:
        number, fetcher, key, *results = still.get(each.entry.id, (None,) * 5)
        if number is None or alive.get(fetcher):
            continue
        if results[0] and results != [each.entry.undownloaded, each.entry.expires]:
            continue
        if each.kept is not None:
            if _bare(connection, number, each):
                done.add(each.entry.id)
        elif key is None or not _is_held(connection, key, is_alive):
            _drop(connection, number, key)
            done.add(each.entry.id)
    gone = [each.entry.day for each in pruned if each.kept is None and each.entry.id in done]
    if gone:
        connection.execute(RAISED, (GONE, str(max(gone) + 1)))
    return [*done]


def _bare(connection: sqlite3.Connection, number: int, pruned: Pruned) -> bool:
    """Replace the texts of an entry, unless they have changed since they were read; return whether they were."""
    before, now = (pruned.entry.record, pruned.entry.task), pruned.kept or ()
    if not connection.execute(_BARED, (*now, number, *before)).rowcount:
        return False
    connection.execute("UPDATE attempts SET bare = 1 WHERE number = ?", (number,))
    return True


def _is_held(connection: sqlite3.Connection, key: str, is_alive: Callable[[str], bool]) -> bool:
    return any(is_alive(owner) for (owner,) in connection.execute(_HELD, (key,)))


def _drop(connection: sqlite3.Connection, number: int, key: str | None) -> None:
    """Delete an entry, and what is known of its key where no other entry has it."""
    connection.execute("DELETE FROM texts WHERE number = ?", (number,))
    connection.execute("DELETE FROM attempts WHERE number = ?", (number,))
    if key is not None and (unused := connection.execute(_UNUSED, (key,)).fetchone()) is not None:
        connection.execute("DELETE FROM keys WHERE key = ?", (key,))
        connection.execute(RAISED, (FENCE, str(unused[0])))


def fact(connection: sqlite3.Connection, name: str) -> int | None:
    """Return the number that a fact is; None where there is none, or another program has written something else."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    value = "" if row is None else str(row[0])
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def since_when(connection: sqlite3.Connection, since: float) -> float:
    """Return the time since which sums are made: of a day of which entries may have gone, all is counted."""
    pruned = fact(connection, GONE)
    return math.floor(since / DAY) * DAY if pruned is not None and since < pruned * DAY else since
