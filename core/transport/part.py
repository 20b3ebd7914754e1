"""An unfinished file of a result: written piece by piece, and hashed as it comes."""

import errno
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from anymedia.model.formats import Format, measured

from .whole import is_whole

FILE_LIMIT = 1 << 30
"""Bytes of an answer that is a file at most; a longer one is not read to its end."""

HEAD = 1 << 16
"""Bytes from the beginning by which a message is told from a file."""

PUBLIC, PRIVATE = 0o666, 0o600
"""The mode of a new file, before the user's umask."""

PART_LIFE = 3600.0
"""Seconds without a write after which an unfinished file is abandoned."""

UNSYNCED = {errno.EINVAL, errno.ENOTSUP}
"""How file systems refuse to sync a folder that keep its names by themselves."""


class Part:
    """An unfinished file at `path`, which can be read too: its first bytes in `head`, and its `size`."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path: Path = path
        self.file: BinaryIO = file
        self.begin()

    def begin(self) -> None:
        """Throw away what is in it. Errors: OSError."""
        self.head: bytes = b""
        self.size: int = 0
        self._hash = hashlib.sha256()
        self.file.seek(0)
        self.file.truncate()

    def write(self, chunk: bytes) -> None:
        """Write more to its end. Errors: OSError."""
        if len(self.head) < HEAD:
            self.head += chunk[: HEAD - len(self.head)]
        self.size += len(chunk)
        self._hash.update(chunk)
        self.file.write(chunk)

    @property
    def sha256(self) -> str:
        """The digest of what is in it, in hex."""
        return self._hash.hexdigest()

    def measured(self) -> Format | None:
        """Return what it is; None for what is no known media. Errors: OSError."""
        self.file.flush()
        return measured(self.file)

    def is_whole(self, media: Format) -> bool:
        """Return whether it has come to the end that its format has. Errors: OSError."""
        self.file.flush()
        return is_whole(self.path, media.type)

    def is_at(self, path: Path) -> bool:
        """Return whether a file holds the same bytes; what cannot be read does not."""
        return is_file_of(path, self.size, self.sha256)

    def sync(self) -> None:
        """Have it on the disk. Errors: OSError."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def named(self, path: Path) -> None:
        """Give it a free name in one step, so that nobody sees half a file, and have the name on the disk.

        Errors: FileExistsError, OSError.
        """
        try:
            path.hardlink_to(self.path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            path.touch(exist_ok=False)
            try:
                self.path.replace(path)
            except OSError:
                path.unlink(missing_ok=True)  # which is empty
                raise
        sync_names(path.parent)

    def put(self, directory: Path, stem: str, ending: str) -> Path:
        """Give it the first name that is free, and return its path: the same bytes under a name are the same file.

        Errors: OSError.
        """
        names = free(stem, ending)
        while True:
            path = directory / next(names)
            make_folder(path.parent)
            try:
                self.named(path)
            except FileExistsError:
                if not self.is_at(path):
                    continue
                sync_names(path.parent)  # whoever named it may have died before that
            return path


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it is in, unless it is there; their names are on the disk then. Errors: OSError."""
    new = list(takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        sync_names(each.parent)


def sync_names(folder: Path) -> None:
    """Have the names in a folder on the disk: what loses its name with the power is lost, whole as it is.

    Where no folder is synced, as on Windows, nothing is done. Errors: OSError.
    """
    try:
        number = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(number)
    except OSError as fault:
        if fault.errno not in UNSYNCED:
            raise
    finally:
        os.close(number)


def is_file_of(path: Path, size: int | None, sha256: str) -> bool:
    """Return whether a file has this digest, and this size where that is known; what cannot be read has none."""
    with suppress(OSError):
        if path.is_file() and (size is None or path.stat().st_size == size):  # a pipe would be waited for
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return False


def free(stem: str, ending: str) -> Iterator[str]:
    """Yield the names that a file may have: its own, and more where that is taken."""
    turn = 1
    while True:
        yield f"{stem}.{ending}" if turn == 1 else f"{stem}.{turn}.{ending}"
        turn += 1


@contextmanager
def part(directory: Path, rights: int) -> Iterator[Part]:
    """Open an unfinished file in a directory, which is made if need be; the end removes it unless it was named."""
    make_folder(directory)
    path = directory / f".anymedia-{uuid4().hex}.part"
    try:
        with open(path, "x+b", opener=lambda name, flags: os.open(name, flags, rights)) as file:
            yield Part(path, file)
    finally:
        path.unlink(missing_ok=True)


def clear(directory: Path) -> None:
    """Remove unfinished files that killed processes left in a directory, once they are older than an hour."""
    for left in directory.glob(".anymedia-*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > PART_LIFE:
                left.unlink()
