"""What is asked of a journal's file as a whole: what it holds, a whole copy of it, and the room that nothing needs."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from anymedia.model.errors import JournalError

from .info import Info, around, held, sizes
from .new_file import new_file
from .protocol import Prunable
from .pruning import fact
from .sqlite_errors import Fault, journal_error
from .sqlite_schema import SQLITE

COMPACTIONS = "compactions"
"""The fact that counts when a compaction begins and when it ends: while it is odd, one is under way, or was killed."""

_TEXTS = "ifnull(length(CAST(record AS BLOB)), 0) + ifnull(length(CAST(task AS BLOB)), 0) + ifnull(length(body), 0)"


def info(
    connection: sqlite3.Connection, path: Path, results: Path, old: Prunable, is_alive: Callable[[str], bool]
) -> Info:
    """Return what a file holds, and how much of it may be pruned."""

    def pragma(name: str) -> int:
        number: int
        (number,) = connection.execute(f"PRAGMA {name}").fetchone()
        return number

    return Info(
        path=str(path),
        form=pragma("user_version"),
        bytes=sum(sizes(*(path.with_name(path.name + name) for name in ("", "-wal", "-shm")))),
        unused=pragma("freelist_count") * pragma("page_size"),
        **held(connection, SQLITE, _TEXTS, old, is_alive),
        **around(path.parent, results),
    )


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
            _check(written, "quick_check", f"{source}: it is damaged, and so would be a copy")
        return target.stat().st_size
    except sqlite3.Error as error:
        raise journal_error(source if Fault.of(error) in _OF_SOURCE else target, error) from None
    except OSError as error:
        raise JournalError(f"{target}: {error.strerror or error}") from None


def check_whole(connection: sqlite3.Connection, path: Path) -> bool:
    """Return that all of a journal can be read, each table with its indexes. Errors: JournalError."""
    lost = "not all of it would arrive; a copy from before can be imported in its place"
    _check(connection, "integrity_check", f"{path}: it is damaged, and {lost}")
    return True


def _check(connection: sqlite3.Connection, how: str, where: str) -> None:
    (fault,) = connection.execute(f"PRAGMA {how}(1)").fetchone()
    if fault != "ok":
        raise JournalError(f"{where}: {fault}")


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
