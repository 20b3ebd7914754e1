"""Whether the process that wrote something still lives: each holds a lock for its life, which only its end lets go.

A file stays behind of one who did not end well.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from uuid import uuid4

from anymedia.model.errors import JournalError

PATIENCE = 5.0
"""Seconds that one who begins to live waits for those who look whether it does."""

_inherited: list[sqlite3.Connection] = []
"""The locks of processes that this one was forked from: not ours to let go."""


class Owner:
    """One who writes: alive from `live` until `end`, or until its process ends, however that ends.

    The lock is SQLite's own on an empty file, as it is the same on every system and a killed process cannot keep it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[int, str] = {}
        self._lock: sqlite3.Connection | None = None
        self._process = 0

    @property
    def name(self) -> str:
        """A name that no other has; a process that was forked has its own."""
        return self._names.setdefault(os.getpid(), uuid4().hex)  # in one step: threads agree on it

    def live(self) -> None:
        """Hold the lock from now on. Errors: OSError, sqlite3.Error."""
        file = self._folder / self.name
        if self._lock is not None and self._process != os.getpid():
            _inherited.append(self._lock)
            self._lock = None
        if self._lock is None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unseen = file.with_name(f".{file.name}")  # nobody may take it for dead before it is locked
            lock = sqlite3.connect(unseen, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            lock.execute("PRAGMA journal_mode = MEMORY")  # else a second file is made beside it
            lock.execute("BEGIN EXCLUSIVE")
            unseen.replace(file)
            self._lock, self._process = lock, os.getpid()

    def end(self) -> None:
        """Let the lock go."""
        if self._lock is not None and self._process == os.getpid():
            forget(self._folder, self.name)
            self._lock.close()
            self._lock = None


def known(folder: Path) -> list[str]:
    """Return every owner who lives, or did not end well. Errors: JournalError."""
    try:
        return [file.name for file in folder.iterdir() if file.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise JournalError(f"{folder}: {error.strerror or error}") from None


def is_alive(folder: Path, name: str) -> bool:
    """Return whether an owner still lives; where that cannot be told, it does."""
    file = folder / name
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", timeout=0, uri=True)) as probe:
            probe.execute("SELECT count(*) FROM sqlite_master").fetchone()  # shared: who looks disturbs nobody
    except sqlite3.Error as error:
        return error.sqlite_errorname != "SQLITE_NOTADB"
    return False


def mark(folder: Path, name: str) -> None:
    """Leave what an owner leaves who did not end well. Errors: JournalError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / name).touch(mode=0o600)
    except OSError as error:
        raise JournalError(f"{folder}: {error.strerror or error}") from None


def forget(folder: Path, name: str) -> None:
    """Put away what an owner left that has ended."""
    with contextlib.suppress(OSError):
        (folder / name).unlink(missing_ok=True)
