"""A new file that is there whole or not at all, in nobody's place, and that only its user may read."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Give an empty file, which gets its name once it is written; where that fails, nothing is left of it.

    Errors: OSError, FileExistsError where there is such a file already.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        if os.path.lexists(target):
            raise _exists(target)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        yield part
        _name(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _name(part: Path, target: Path) -> None:
    """Give a whole file a name that no other file has, also after a power cut. Errors: OSError."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        os.link(part, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # there are no links here
        if os.path.lexists(target):
            raise _exists(target) from None
        part.rename(target)
    with contextlib.suppress(OSError):  # not every system opens folders
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, "there is such a file already; name another one", str(target))
