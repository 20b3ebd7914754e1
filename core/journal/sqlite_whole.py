"""A SQLite journal as a whole: that it has moved into another one, and all that it keeps, to its last row."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from anymedia.model.errors import JournalError

from .added_up import ADDED_UP, GROUPS
from .moving import TAKEN, Mover, Row, entry_of_row
from .protocol import Unknown
from .pruning import GONE, fact
from .queries import COLUMNS, TEXTS
from .records import as_text
from .sqlite_schema import SQLITE
from .whole import PAGE, Gone, Kept, Leaving, Rest

HEIR, DONE = "heir", "done "
"""The facts that say where a journal has moved, and what was done for a day."""

_BESIDE = ("wanted", "bare", "moved", "least", "most")
_KEPT = f"""SELECT owner, number, {", ".join((*COLUMNS, *TEXTS, *_BESIDE))} FROM attempts LEFT JOIN texts USING (number)
    WHERE number > ? ORDER BY number LIMIT ?"""  # noqa: S608 - the names are ours
_TAKE = f"INSERT INTO attempts ({', '.join(TAKEN)}) VALUES ({', '.join('?' * len(TAKEN))})"  # noqa: S608
_TAKE_TEXTS = "INSERT INTO texts (number, record, task, body) VALUES (?, ?, ?, ?)"
_LAST_MOVE = SQLITE("SELECT max(moved) FROM attempts WHERE {has_moved}")
_UNKNOWN = "SELECT account, task_id, open, task FROM unknown ORDER BY number DESC"


def add(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add entries that are taken in."""
    for columns, texts in rows:
        number = connection.execute(_TAKE, columns).lastrowid
        connection.execute(_TAKE_TEXTS, (number, *texts))


MOVER = Mover(SQLITE, add)
"""Takes in another journal."""


# That it has moved


def heir(connection: sqlite3.Connection) -> dict[str, str] | None:
    """Return where a journal has moved (to), when (at), and which move that was (id); None where it has not."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (HEIR,)).fetchone()
    return None if row is None else dict(json.loads(row[0]))


def check_stays(connection: sqlite3.Connection, path: Path) -> None:
    """Check that a journal has not moved. Errors: JournalError."""
    moved = heir(connection)
    if moved is not None:
        raise JournalError(
            f"{path}: it was imported into {moved['to']} at {moved['at']}, and nothing is written here any more; put "
            f'url = "…" of that into [journal], or take it back with `anymedia journal import {path} --undo`'
        )


def retire(connection: sqlite3.Connection, path: Path, to: str) -> Leaving:
    """Do as Source.retire, where no other owner is alive."""
    moved = heir(connection)
    if moved is None:
        moved = {"id": uuid4().hex, "to": to, "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
        connection.execute("INSERT INTO facts (name, value) VALUES (?, ?)", (HEIR, json.dumps(moved)))
    elif moved["to"] != to:
        raise JournalError(
            f"{path}: it was imported into {moved['to']} at {moved['at']}; where that is given up, take it back first: "
            f"`anymedia journal import {path} --undo`"
        )
    (moves,) = connection.execute(_LAST_MOVE).fetchone()
    return Leaving(
        id=moved["id"], of=as_text(str(path)), salts=tuple(MOVER.known_salts(connection)), moves=max(moves or 0, 0)
    )


def reinstate(connection: sqlite3.Connection) -> None:
    """Do as Source.reinstate."""
    connection.execute("DELETE FROM facts WHERE name = ?", (HEIR,))


# What it keeps


def kept(connection: sqlite3.Connection, after: int) -> list[Kept]:
    """Do as Source.kept."""
    return [_kept(row) for row in connection.execute(_KEPT, (after, PAGE))]


def _kept(row: Sequence[Any]) -> Kept:
    wanted, bare, moved, least, most = row[-len(_BESIDE) :]
    return Kept(
        entry=entry_of_row(row[: -len(_BESIDE)]),
        wanted=bool(wanted),
        bare=bool(bare),
        moved=moved if isinstance(moved, int) else None,
        took=(least, most) if isinstance(least, float) and isinstance(most, float) else None,
    )


def rest(connection: sqlite3.Connection, dead: Sequence[str]) -> Rest:
    """Return what a journal keeps beside its entries, with its dead owners."""
    facts = connection.execute("SELECT name, value FROM facts WHERE name GLOB ?", (f"{DONE}*",))
    return Rest(
        dead=dead,
        done={name[len(DONE) :]: int(value) for name, value in facts if value.isascii() and value.isdigit()},
        unknown=[
            Unknown(account=account, task_id=task_id, open=bool(is_open), task=task)
            for account, task_id, is_open, task in connection.execute(_UNKNOWN)
        ],
        pruned=fact(connection, SQLITE, GONE),
        gone=[*_gone(connection)],
        days=_days(connection),
    )


# A sum of whole numbers that is beyond 64 bits is an error: what is above a billion USD was written by nobody of ours.
_SUMMED = ", ".join(f"sum(CASE WHEN {name} BETWEEN -1e18 AND 1e18 THEN {name} ELSE 0 END)" for name in ADDED_UP)
_LESS = ", ".join(f"-({value})" for value in ADDED_UP.values())


def _gone(connection: sqlite3.Connection) -> Iterator[Gone]:
    """Yield what is in the sums that are kept, and not in the entries that there are."""
    for table, groups in GROUPS.items():
        columns = ", ".join(groups)
        query = f"""SELECT {columns}, {_SUMMED} FROM (
            SELECT {columns}, {", ".join(ADDED_UP)} FROM {table}
            UNION ALL SELECT {columns}, {_LESS} FROM attempts WHERE NOT open AND counts_as IS NOT NULL
            ) GROUP BY {columns}"""  # noqa: S608 - the names are ours
        for row in connection.execute(query):
            group = dict(zip(groups, row, strict=False))
            figures = dict(zip(ADDED_UP, row[len(groups) :], strict=True))
            if any(figures.values()):
                yield Gone(table=table, group=group, figures=figures)


def _days(connection: sqlite3.Connection) -> dict[tuple[str, int], int]:
    query = """SELECT account, day, sum(reserved) FROM (
        SELECT account, day, reserved FROM days
        UNION ALL SELECT account, day, -reserved FROM attempts WHERE reserved
        ) GROUP BY account, day HAVING sum(reserved) <> 0"""
    return {(account, day): reserved for account, day, reserved in connection.execute(query)}
