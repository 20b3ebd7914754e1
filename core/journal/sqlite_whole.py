"""A SQLite journal as a whole: how it is read to its last row, how it takes in another one, and how it retires."""

import json
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs

from anymedia.model.errors import JournalError

from .protocol import Done, Entry, Unknown
from .sqlite_changes import do, hear
from .sqlite_prune import GONE, RAISED, fact
from .sqlite_schema import ADDED_UP, GROUPS, HAS_MOVED
from .whole import PAGE, Arrived, Gone, Kept, Leaving, Rest

HEIR, IMPORT, SALT, DONE = "heir", "import ", "salt ", "done "
"""The facts that say where a journal has moved, how far imports have come, and which salts these brought; and what was
done for a day."""

_TEXTS = ("record", "task", "body")
_COLUMNS = tuple(field.name for field in attrs.fields(Entry) if field.name not in ("number", "alive", *_TEXTS))
_BESIDE = ("wanted", "bare", "moved", "least", "most")
_KEPT = f"""SELECT number, {", ".join((*_COLUMNS, *_TEXTS, *_BESIDE))} FROM attempts LEFT JOIN texts USING (number)
    WHERE number > ? ORDER BY number LIMIT ?"""  # noqa: S608 - the names are ours
_TAKEN = (*_COLUMNS, "day", *_BESIDE)
_TAKE = f"INSERT INTO attempts ({', '.join(_TAKEN)}) VALUES ({', '.join('?' * len(_TAKEN))})"  # noqa: S608
_TAKE_TEXTS = "INSERT INTO texts (number, record, task, body) VALUES (?, ?, ?, ?)"
_THERE = "SELECT id FROM attempts WHERE id IN (SELECT value FROM json_each(?))"
_FOUND = f"""SELECT number, {", ".join((*_COLUMNS, *_TEXTS))} FROM attempts LEFT JOIN texts USING (number)
    WHERE id IN (SELECT value FROM json_each(?))"""  # noqa: S608
_FACTS = "SELECT name, value FROM facts WHERE name GLOB ?"
_WRITTEN = """INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_MOVES = f"SELECT ifnull(min(moved), 0), ifnull(max(moved), 0) FROM attempts WHERE {HAS_MOVED}"  # noqa: S608
_UNKNOWN = "SELECT account, task_id, open, task FROM unknown ORDER BY number DESC"


def salts(connection: sqlite3.Connection) -> list[bytes]:
    """Return the salt, which is made where there is none yet, and then those of imported journals."""
    connection.execute("INSERT OR IGNORE INTO facts (name, value) VALUES ('salt', ?)", (secrets.token_hex(16),))
    return _salts(connection)


def _salts(connection: sqlite3.Connection) -> list[bytes]:
    own = connection.execute("SELECT value FROM facts WHERE name = 'salt'").fetchall()
    others = connection.execute(f"{_FACTS} ORDER BY name", (f"{SALT}*",)).fetchall()
    return [bytes.fromhex(value) for (value,) in (*own, *((value,) for _, value in others))]


# That it has moved


def heir(connection: sqlite3.Connection) -> dict[str, str] | None:
    """Return where a journal has moved, with the id of the move and its time; None where it has not."""
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
        connection.execute(_WRITTEN, (HEIR, json.dumps(moved)))
    elif moved["to"] != to:
        raise JournalError(
            f"{path}: it was imported into {moved['to']} at {moved['at']}; where that is given up, take it back first: "
            f"`anymedia journal import {path} --undo`"
        )
    _, moves = connection.execute(_MOVES).fetchone()
    return Leaving(id=moved["id"], salts=tuple(_salts(connection)), moves=max(moves, 0))


def reinstate(connection: sqlite3.Connection) -> bool:
    """Do as Source.reinstate."""
    return connection.execute("DELETE FROM facts WHERE name = ?", (HEIR,)).rowcount > 0


# What it keeps


def kept(connection: sqlite3.Connection, after: int) -> list[Kept]:
    """Do as Source.kept."""
    return [_kept(row) for row in connection.execute(_KEPT, (after, PAGE))]


def _kept(row: Sequence[Any]) -> Kept:
    wanted, bare, moved, least, most = row[-len(_BESIDE) :]
    return Kept(
        entry=_entry(row[: -len(_BESIDE)]),
        wanted=bool(wanted),
        bare=bool(bare),
        moved=moved if isinstance(moved, int) else None,
        took=(least, most) if isinstance(least, float) and isinstance(most, float) else None,
    )


def _entry(row: Sequence[Any]) -> Entry:
    number, *stored = row
    return Entry(number=number, alive=False, **dict(zip((*_COLUMNS, *_TEXTS), stored, strict=True)))


def found(connection: sqlite3.Connection, ids: Collection[str]) -> list[Entry]:
    """Do as Target.found."""
    return [_entry(row) for row in connection.execute(_FOUND, (json.dumps([*ids]),))]


def rest(connection: sqlite3.Connection, dead: Sequence[str]) -> Rest:
    """Return what a journal keeps beside its entries, with its dead owners."""
    done = {name[len(DONE) :]: _whole(value) for name, value in connection.execute(_FACTS, (f"{DONE}*",))}
    return Rest(
        dead=dead,
        done=done,
        unknown=[
            Unknown(account=account, task_id=task_id, open=bool(is_open), task=task)
            for account, task_id, is_open, task in connection.execute(_UNKNOWN)
        ],
        pruned=fact(connection, GONE),
        gone=[*_gone(connection)],
        days=_days(connection),
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


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


# What it takes in


def begin_import(connection: sqlite3.Connection, leaving: Leaving) -> Arrived:
    """Do as Target.begin_import."""
    arrived = _arrived(connection, leaving.id)
    if arrived is None:
        first, _ = connection.execute(_MOVES).fetchone()
        arrived = Arrived(moves=min(first, 0) - 1 - leaving.moves)
        _note(connection, leaving.id, arrived)
        for salt in leaving.salts[:1]:
            connection.execute("INSERT OR IGNORE INTO facts (name, value) VALUES ('salt', ?)", (salt.hex(),))
        has = _salts(connection)
        for salt in leaving.salts:
            if salt not in has:
                connection.execute(_WRITTEN, (f"{SALT}{salt.hex()}", salt.hex()))
    return arrived


def take(connection: sqlite3.Connection, path: Path, name: str, after: int, several: Sequence[Kept]) -> None:
    """Do as Target.take."""
    arrived = _expected(connection, path, name, after)
    ids = json.dumps([each.entry.id for each in several])
    if (there := connection.execute(_THERE, (ids,)).fetchone()) is not None:
        raise is_there(path, there[0])
    for each in several:
        entry, moved = each.entry, None if each.moved is None else each.moved + arrived.moves
        columns = [getattr(entry, column) for column in _COLUMNS]
        beside = (entry.day, each.wanted, each.bare, moved, *(each.took or (None, None)))
        number = connection.execute(_TAKE, (*columns, *beside)).lastrowid
        connection.execute(_TAKE_TEXTS, (number, entry.record, entry.task, entry.body))
    _note(connection, name, attrs.evolve(arrived, after=several[-1].entry.number))


def take_rest(connection: sqlite3.Connection, path: Path, name: str, after: int, rest: Rest) -> None:
    """Do as Target.take_rest, but for the dead owners."""
    arrived = _expected(connection, path, name, after)
    for each in rest.gone:
        columns = (*each.group, *each.figures)
        added = ", ".join(f"{figure} = {figure} + excluded.{figure}" for figure in each.figures)
        query = f"""INSERT INTO {each.table} ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})
            ON CONFLICT ({", ".join(each.group)}) DO UPDATE SET {added}"""  # noqa: S608 - the names are ours
        connection.execute(query, (*each.group.values(), *each.figures.values()))
    for (account, day), reserved in rest.days.items():
        query = """INSERT INTO days (account, day, reserved) VALUES (?, ?, ?)
            ON CONFLICT (account, day) DO UPDATE SET reserved = reserved + excluded.reserved"""
        connection.execute(query, (account, day, reserved))
    for what, day in rest.done.items():
        do(connection, Done(name=what, day=day))
    for told in reversed(rest.unknown):
        hear(connection, told)
    if rest.pruned is not None:
        connection.execute(RAISED, (GONE, str(rest.pruned)))
    _note(connection, name, attrs.evolve(arrived, over=True))


def is_there(name: object, attempt_id: str) -> JournalError:
    """Return the error for an attempt that is to be imported, and that came by another way."""
    return JournalError(
        f"{name}: attempt {attempt_id[:8]} of it is there already, from another copy of that journal or from an import "
        "that was taken back; import it into an empty database"
    )


def _expected(connection: sqlite3.Connection, path: Path, name: str, after: int) -> Arrived:
    """Return how far an import has come, which is to be up to a number. Errors: JournalError."""
    arrived = _arrived(connection, name)
    if arrived is None or arrived.over or arrived.after != after:
        raise JournalError(f"{path}: another process imports the same journal; let it end")
    return arrived


def _arrived(connection: sqlite3.Connection, name: str) -> Arrived | None:
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (IMPORT + name,)).fetchone()
    return None if row is None else Arrived(**json.loads(row[0]))


def _note(connection: sqlite3.Connection, name: str, arrived: Arrived) -> None:
    connection.execute(_WRITTEN, (IMPORT + name, json.dumps(attrs.asdict(arrived))))
