"""What is asked of a journal's file as a whole: what it holds, a whole copy of it, and the room that nothing needs."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from anymedia.model.errors import JournalError
from anymedia.model.task import SENDING

from .counts_as import UNCERTAIN
from .new_file import new_file
from .protocol import Prunable
from .pruning import fact, prunable_where, uncollected
from .sqlite_errors import Fault, journal_error
from .sqlite_schema import SQLITE

COMPACTIONS = "compactions"
"""The fact that counts when a compaction begins and when it ends: while it is odd, one is under way, or was killed."""

_STATUSES = "SELECT status, count(*) FROM attempts GROUP BY status"
_SENDING = "SELECT owner, count(*) FROM attempts WHERE open AND counts_as = ? GROUP BY owner"
_UNCERTAIN = "SELECT count(*) FROM attempts WHERE open AND counts_as = ?"
_TEXTS = "ifnull(length(CAST(record AS BLOB)), 0) + ifnull(length(CAST(task AS BLOB)), 0) + ifnull(length(body), 0)"


@attrs.frozen(kw_only=True)
class Info:
    """What a journal's file holds.

    `statuses` counts attempts by where they stand; `uncertain` may have been billed, `uncollected` are paid for and
    not saved. `first` and `last` say when the first and the last were begun, in seconds since 1970. `texts` are
    the bytes of what was asked, sent and answered. `old` attempts would be pruned, whose texts take `old_texts` bytes;
    `old_uncollected` would be too, if their results were saved, or should be gone by now.
    `form` is the number of the file's form, `bytes` what it takes on the disk, `unused` of these what new attempts will
    use first; `results` counts the files in the folder for results that came as bytes, which take `results_bytes`.
    `room` is what is free on the disk.
    """

    path: Path
    form: int
    statuses: Mapping[str, int]
    open: int
    uncertain: int
    uncollected: int
    first: float | None
    last: float | None
    texts: int
    old: int
    old_texts: int
    old_uncollected: int
    bytes: int
    unused: int
    results: int
    results_bytes: int
    room: int


def info(
    connection: sqlite3.Connection, path: Path, results: Path, old: Prunable, is_alive: Callable[[str], bool]
) -> Info:
    """Return what a file holds, and how much of it may be pruned."""

    def one(query: str, values: object = ()) -> tuple[int, ...]:
        row: tuple[int, ...] = connection.execute(query, values).fetchone()  # type: ignore[arg-type]
        return row

    lost = [number for owner, number in connection.execute(_SENDING, (SENDING,)) if not is_alive(owner)]
    where, values = prunable_where(old)
    where = SQLITE(where)
    first, last = one("SELECT min(started), max(started) FROM attempts WHERE typeof(started) = 'real'")
    files = _sizes(results)
    return Info(
        path=path,
        form=one("PRAGMA user_version")[0],
        statuses={str(status): number for status, number in connection.execute(_STATUSES)},
        open=one("SELECT count(*) FROM attempts WHERE open")[0],
        uncertain=one(_UNCERTAIN, (UNCERTAIN,))[0] + sum(lost),
        uncollected=one("SELECT count(*) FROM attempts WHERE undownloaded")[0],
        first=first,
        last=last,
        texts=one(f"SELECT ifnull(sum({_TEXTS}), 0) FROM texts")[0],  # noqa: S608 - the names are ours
        old=one(f"SELECT count(*) FROM attempts WHERE {where}", values)[0],  # noqa: S608
        old_texts=one(
            f"SELECT ifnull(sum({_TEXTS}), 0) FROM attempts JOIN texts USING (number) WHERE {where}",  # noqa: S608
            values,
        )[0],
        old_uncollected=uncollected(connection, SQLITE, old),
        bytes=sum(size for name in ("", "-wal", "-shm") for size in _size(path.with_name(path.name + name))),
        unused=one("PRAGMA freelist_count")[0] * one("PRAGMA page_size")[0],
        results=len(files),
        results_bytes=sum(files),
        room=shutil.disk_usage(path.parent).free,
    )


def _sizes(folder: Path) -> list[int]:
    return [size for place, _, names in os.walk(folder) for name in names for size in _size(Path(place, name))]


def _size(file: Path) -> list[int]:
    """Return the size of a file, if it is there."""
    with contextlib.suppress(OSError):
        return [file.stat().st_size]
    return []


# A copy


def copy(reader: sqlite3.Connection, source: Path, target: Path) -> int:
    """Copy the journal that is read to a new file, which is there whole or not at all; return its bytes.

    Others write to it meanwhile: the copy is of one moment. Errors: JournalError.
    """
    target = target.absolute()
    try:
        with new_file(target) as part, contextlib.closing(sqlite3.connect(part, isolation_level=None)) as written:
            reader.backup(written)
            written.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
            (fault,) = written.execute("PRAGMA quick_check(1)").fetchone()
            if fault != "ok":
                raise JournalError(f"{source}: it is damaged, and so would be a copy: {fault}")
        return target.stat().st_size
    except sqlite3.Error as error:
        raise journal_error(source if Fault.of(error) in _OF_SOURCE else target, error) from None
    except OSError as error:
        raise JournalError(f"{target}: {error.strerror or error}") from None


_OF_SOURCE = (Fault.CORRUPT, Fault.BUSY)
"""What is wrong with the journal that is copied, and not with the copy."""


# Room


def begin_compaction(connection: sqlite3.Connection) -> None:
    """Write down that the file may grow smaller from now on."""
    _count(connection, (fact(connection, SQLITE, COMPACTIONS) or 0) // 2 * 2 + 1)


def end_compaction(connection: sqlite3.Connection) -> None:
    """Write down that the file has grown smaller, and will no more."""
    _count(connection, (fact(connection, SQLITE, COMPACTIONS) or 0) // 2 * 2 + 2)


def _count(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (COMPACTIONS, str(number)))
