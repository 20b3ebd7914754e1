"""A page is written whole or not at all, and over no file that is not such a page."""

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from tempfile import NamedTemporaryFile

import click

from anymedia.cli.saving import writable
from anymedia.model.paths import expanded
from anymedia.storage import unwritable

from .page import MARK

HEAD = 1000
"""Bytes of a file in which the mark of a report stands, where it is one."""


def checked(path: Path, *, force: bool) -> Path:
    """Return where a page is to be written, with every symbolic link followed.

    Errors: BadParameter for what is there and is no file, or no report, unless `force` is given for the latter;
    ConfigError for a folder that is not there or cannot be written to.
    """
    target = Path(os.path.realpath(expanded(path)))
    if not target.parent.is_dir():
        raise unwritable(str(target.parent), "there is no such folder")
    with suppress(FileNotFoundError):
        if not S_ISREG(target.stat().st_mode):
            raise _bad(f"{path} is there and is no file")
        if not force and not _is_report(target):
            raise _bad(f"{path} is there and is no report; --force writes over it")
    writable(target.parent)
    return target


def _bad(why: str) -> click.BadParameter:
    return click.BadParameter(why, param_hint="'--html'")


def _is_report(path: Path) -> bool:
    """Return whether a file is a report, or empty."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return not head or MARK.encode() in head


def write(path: Path, page: str, *, force: bool) -> None:
    """Write a page in place of the one before; who might read that may read this one, else only its owner may.

    Errors: OSError; BadParameter where something else was put there meanwhile.
    """
    checked(path, force=force)
    file = NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name[:40]}-", suffix=".tmp", delete=False)  # noqa: SIM115
    made = Path(file.name)
    try:
        with file:
            file.write(page.encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            made.chmod(S_IMODE(path.stat().st_mode))
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
