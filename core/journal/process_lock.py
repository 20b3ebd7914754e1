"""Whether the process that wrote an entry is still alive: each owner holds a lock that its death releases.

An owner that died without ending leaves its file behind, as a marker.
"""

import contextlib
import os
import re
import sqlite3
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

from anymedia.model.errors import JournalError

from .one_file import identity, take_from_others
from .sqlite_errors import Fault

PATIENCE = 5.0
"""Seconds that taking the lock waits for those who look whether it is held."""

_NAME = re.compile("[0-9A-Za-z]+")

_inherited: list[sqlite3.Connection] = []
"""The locks of processes that this one was forked from: this one must not release them."""


class ProcessLock:
    """A liveness lock, held from `hold` until `end()` or until the process dies.

    It is SQLite's own lock on an empty file: it works the same on every system, and a killed process cannot keep it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[int, str] = {}
        self._lock: sqlite3.Connection | None = None
        self._process = 0
        self._mark: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The owner's name, which no other has; a forked process has one of its own."""
        return self._names.setdefault(os.getpid(), uuid4().hex)  # in one step, so that threads agree on it

    @property
    def is_held(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock is not None and self._process == os.getpid()

    def hold(self) -> None:
        """Hold the lock from now on, and renew its file where a cleaner has taken it. Errors: OSError, sqlite3.Error.

        The file is touched too, so that no cleaner takes it for old.
        """
        file = self._folder / self.name
        if self._lock is not None and self._process != os.getpid():
            _inherited.append(self._lock)
            self._lock = None
        if self._lock is not None and identity(file) == self._mark:
            os.utime(file)
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        take_from_others(file.parent, 0o700)
        unseen = file.with_name(f".{file.name}")  # so that nobody sees it before it is locked
        lock = sqlite3.connect(unseen, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        lock.execute("PRAGMA journal_mode = MEMORY")  # otherwise a second file is made beside it
        lock.execute("BEGIN EXCLUSIVE")
        unseen.replace(file)
        swept, self._lock = self._lock, lock
        self._process, self._mark = os.getpid(), identity(file)
        _here[self.name] = self
        if swept is not None:
            swept.close()

    def end(self) -> None:
        """Release the lock, and leave no marker."""
        if self._lock is not None and self.is_held:
            forget(self._folder, self.name)
            self._lock.close()
            self._lock = None


_here: WeakValueDictionary[str, ProcessLock] = WeakValueDictionary()
"""The owners of this process, whose life does not hang on their files."""


def is_name(name: object) -> bool:
    """Return whether an owner may be called so."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def mark_of(folder: Path, name: str) -> Path:
    """Return the file by which an owner says that it has the journal open."""
    return folder / f".{name}.open"


def is_here(name: str) -> bool:
    """Return whether an owner is of this process and alive, whatever has become of its file."""
    ours = _here.get(name)
    return ours is not None and ours.is_held


def known(folder: Path) -> list[str]:
    """Return every owner that is alive or left a marker. Errors: JournalError."""
    try:
        return [file.name for file in folder.iterdir() if file.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise JournalError(f"{folder}: {error.strerror or error}") from None


def is_alive(folder: Path, name: str) -> bool:
    """Return whether an owner is alive; where that cannot be determined, it counts as alive.

    A name that no owner has, as in a damaged row, is of nobody.
    """
    if not is_name(name):
        return False
    file = folder / name
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", timeout=0, uri=True)) as probe:
            probe.execute("SELECT count(*) FROM sqlite_master").fetchone()  # a shared lock: it disturbs no other reader
    except sqlite3.Error as error:
        return Fault.of(error) is not Fault.NOTADB
    return False


def forget(folder: Path, name: str) -> None:
    """Delete the marks of an owner that has ended or died."""
    with contextlib.suppress(OSError):
        mark_of(folder, name).unlink(missing_ok=True)
        (folder / name).unlink(missing_ok=True)
