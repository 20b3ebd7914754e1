"""What SQLite and the disk say when something is wrong, told apart once, and as one sentence each."""

import os
import sqlite3
from enum import IntEnum
from pathlib import Path

from anymedia.model.errors import JournalError

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


class Fault(IntEnum):
    """The kinds of SQLite errors that are told apart, by SQLite's primary codes."""

    OTHER = 0
    PERM = sqlite3.SQLITE_PERM
    BUSY = sqlite3.SQLITE_BUSY
    READONLY = sqlite3.SQLITE_READONLY
    IOERR = sqlite3.SQLITE_IOERR
    CORRUPT = sqlite3.SQLITE_CORRUPT
    FULL = sqlite3.SQLITE_FULL
    CANTOPEN = sqlite3.SQLITE_CANTOPEN
    NOTADB = sqlite3.SQLITE_NOTADB

    @classmethod
    def of(cls, error: sqlite3.Error) -> "Fault":
        """Return which kind an error is; its extended code, if it has one, holds the primary one in its low byte."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return cls(code) if code in set(cls) else cls.OTHER


REPAIRABLE = (Fault.CANTOPEN, Fault.READONLY)
"""What a reader meets in a file that a crash left half written: a writer repairs it by opening it."""

_FOLDER = (Fault.CANTOPEN, Fault.IOERR)
"""What SQLite reports when the path is a folder: to a writer, and to a reader."""

_SENTENCES = {
    Fault.FULL: "the disk is full",
    Fault.READONLY: "it cannot be written to",
    Fault.PERM: "it may not be opened",
    Fault.CANTOPEN: "it cannot be opened",
    Fault.BUSY: f"another process has held it for {PATIENCE:g} s",
    Fault.IOERR: "the disk failed",
    Fault.CORRUPT: "it is damaged; move it away, and a new one is begun",
    Fault.NOTADB: "it is no journal; name another file",
}


def journal_error(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    """Return what went wrong with a journal's file, in one sentence."""
    if isinstance(error, FileExistsError | NotADirectoryError):  # its folder could not be made
        return JournalError(f"{path}: {error.filename or path.parent} is no folder")
    if isinstance(error, OSError):
        return JournalError(f"{path}: {error.strerror or error}")
    fault = Fault.of(error)
    if fault in _FOLDER and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir may raise
        return JournalError(f"{path}: it is a folder; name a file in it")
    return JournalError(f"{path}: {_SENTENCES.get(fault, str(error))}")
