"""The one file that a journal is, whatever happens to its names while it is open."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_IMODE, S_ISREG

from anymedia.model.errors import JournalError
from anymedia.model.paths import expanded

OTHERS = 0o077
"""The rights of a file that its owner's group and everybody else have."""

LEAST = 512
"""Bytes of the smallest SQLite file that holds anything."""

PAGE = 4096
"""Bytes that every journal has: what is left of one that was cut further is not looked at, as SQLite would then delete
what is beside it."""

BESIDE = ("-wal", "-shm")
"""The endings of the files that SQLite keeps beside a journal: for other names of it, it would keep others."""


class OneFile:
    """A journal's file: found by its name once, and known again by what it is.

    `path` is where it is, with every symbolic link followed and whatever the working directory is later. `compactions`
    counts how often one began that makes the file smaller, and how often one ended.
    """

    def __init__(self, named: str | os.PathLike[str], compactions: Callable[[], int] = lambda: 0) -> None:
        self._compactions = compactions
        self._compacted = 0
        self._named = expanded(named).absolute()
        self.path: Path = _followed(self._named)
        self._names = tuple(dict.fromkeys((str(self._named), str(self.path))))
        self._known: tuple[int, int] | None = None
        self._size = 0
        self._beside_known: dict[Path, tuple[int, int]] = {}

    @property
    def owners(self) -> Path:
        """The folder beside it in which everyone who writes to it leaves a mark."""
        return self.path.with_name(f"{self.path.name}-owners")

    @property
    def was_open(self) -> bool:
        """Whether it was open before, so that it has to be this very file."""
        return self._known is not None

    def check(self) -> None:
        """Check that each of its names still leads to the file that was opened, and that nothing of it was cut off.

        Errors: JournalError. Before it is first opened there is nothing to check.
        """
        if self._known is None:
            return
        for name in self._names:
            try:
                found = os.stat(name)  # noqa: PTH116 - each write asks this twice, and a Path makes it dearer
            except OSError as error:
                how = f"it was renamed or deleted while it was open ({error.strerror})"
                raise JournalError(f"{name}: {how}; put it back, or restart what uses it") from None
            if (found.st_dev, found.st_ino) != self._known:
                how = "another file was put in its place while it was open"
                raise JournalError(f"{name}: {how}; put it back, or restart what uses it")
        for file, known in self._beside_known.items():
            if identity(file) != known:
                how = "was deleted or replaced while the journal was open, and what was bought last may have been in it"
                raise JournalError(f"{file}: it {how}; restart what uses the journal, and look with `anymedia tasks`")
        if found.st_size < self._size and not (found.st_size >= PAGE and self._was_compacted()):
            raise JournalError(
                f"{self.path}: it was cut from {self._size:,} to {found.st_size:,} bytes while it was open; put a copy "
                "back, and restart what uses it"
            )
        self._size = found.st_size

    def is_there(self) -> bool:
        """Return whether there is a file to be opened.

        Errors: JournalError for what is left of a journal that was cut, and for a file of several names; OSError.
        """
        self.check()
        has_more = self._has_more()  # looked for before the file: another process may be making all of them
        was_used = has_more or self.owners.exists()
        try:
            found = self.path.stat()
        except FileNotFoundError:
            if has_more:  # a new file would have SQLite delete that
                raise JournalError(
                    f"{self.path}: it was renamed or deleted, and what it held last is in {self.path.name}-wal; put it "
                    "back, or delete that too, and a new one is begun"
                ) from None
            return False
        if not S_ISREG(found.st_mode):
            return True
        if found.st_size < LEAST and was_used:
            raise JournalError(
                f"{self.path}: it holds {found.st_size} bytes and was a journal; put a copy back, or delete it, and a "
                "new one is begun"
            )
        if 0 < found.st_size < LEAST:  # some of which SQLite takes for empty files
            raise JournalError(f"{self.path}: it is no journal; name another file")
        if found.st_nlink > 1:
            raise JournalError(f"{self.path}: it has {found.st_nlink} names (hard links); a journal may have only one")
        return True

    def remember(self) -> None:
        """Know the file that is open now again, and those beside it, until `is_closed`.

        Errors: JournalError when it is not the one of before; OSError.
        """
        if self._known is None:
            found = self.path.stat()
            self._known = found.st_dev, found.st_ino
            self._compacted = self._compactions()
        identities = {file: identity(file) for file in self._beside()}
        self._beside_known = {file: known for file, known in identities.items() if known is not None}
        self.check()

    def _was_compacted(self) -> bool:
        """Return whether the file grew smaller as it should; one that is put in its place counts no further."""
        number = self._compactions()
        was, self._compacted = self._compacted, max(number, self._compacted)
        return number > was or (number == was and number % 2 == 1)

    def is_closed(self) -> None:
        """Take note that it is open here no more: SQLite may take away what it keeps beside it."""
        self._beside_known = {}

    def is_in_use(self) -> bool:
        """Return whether SQLite keeps files beside it, as it does while anybody has it open."""
        return identity(next(self._beside())) is not None

    def keep_private(self) -> None:
        """Take from all others the right to read and to write it: prompts are in it. Errors: JournalError, OSError.

        The rights are changed by name: opening the file would drop every lock that this process has on it.
        """
        for file in (self.path, *self._beside()):
            with contextlib.suppress(FileNotFoundError):
                take_from_others(file, 0o600)

    def _has_more(self) -> bool:
        wal = next(self._beside())
        return wal.exists() and wal.stat().st_size > 0

    def _beside(self) -> Iterator[Path]:
        return (self.path.with_name(self.path.name + ending) for ending in BESIDE)


def identity(file: Path) -> tuple[int, int] | None:
    """Return what a file is known by; None where there is none. Errors: OSError."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def take_from_others(path: Path, mode: int) -> None:
    """Give a file or folder the rights of `mode` if others have any. Errors: JournalError, OSError."""
    if not S_IMODE(path.stat().st_mode) & OTHERS:
        return
    try:
        path.chmod(mode)
    except PermissionError:
        raise JournalError(
            f"{path}: others may read it or write to it, and it belongs to another user; `chmod {mode:o}` it"
        ) from None


def _followed(named: Path) -> Path:
    """Return where a path leads, also when nothing is there yet; a name that no file can have stays as it is."""
    try:
        return Path(os.path.realpath(named))
    except ValueError:
        return named
