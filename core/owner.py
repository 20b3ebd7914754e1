"""Whether the process that wrote something still lives: each holds a lock for its life, which only its end lets go.

A file stays behind of one who did not end well.
"""

import contextlib
import sqlite3
from pathlib import Path

_HELD = ("SQLITE_BUSY", "SQLITE_LOCKED")


class Owner:
    """One who writes: alive from `live` until `end`, or until its process ends, however that ends.

    The lock is SQLite's own on an empty file, as it is the same on every system and a killed process cannot keep it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name: str = name
        self._file = folder / name
        self._lock: sqlite3.Connection | None = None

    def live(self) -> None:
        """Hold the lock from now on. Errors: OSError, sqlite3.Error."""
        if self._lock is None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = sqlite3.connect(self._file, timeout=0, isolation_level=None, check_same_thread=False)
            _hold(lock)
            self._lock = lock

    def end(self) -> None:
        """Let the lock go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            forget(self._file.parent, self.name)


def known(folder: Path) -> list[str]:
    """Return every owner who lives, or did not end well."""
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


def is_alive(folder: Path, name: str) -> bool:
    """Return whether an owner still lives."""
    file = folder / name
    if not file.exists():
        return False
    with contextlib.closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as probe:
        try:
            _hold(probe)
        except sqlite3.DatabaseError as error:
            return error.sqlite_errorname.startswith(_HELD)
    return False


def mark(folder: Path, name: str) -> None:
    """Leave what an owner leaves who did not end well."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / name).touch(mode=0o600)


def forget(folder: Path, name: str) -> None:
    """Put away what an owner left that has ended."""
    with contextlib.suppress(OSError):
        (folder / name).unlink(missing_ok=True)


def _hold(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = MEMORY")  # else a second file is made beside it
    connection.execute("BEGIN EXCLUSIVE")
