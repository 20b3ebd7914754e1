"""Result files: fetched without an API key, recognised as media, written whole, and never over another file."""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import attrs

from anymedia.account import Account
from anymedia.model.errors import DownloadError
from anymedia.model.formats import UNKNOWN, Format, is_message, measured
from anymedia.model.task import Asset, Task
from anymedia.translate.encode import facts
from anymedia.translate.messages import Lost

from .file import File
from .http import Transport
from .whole import is_whole

FILE_LIMIT = 1 << 30
"""Bytes of a result file at most; a longer one is not read to its end."""

_HEAD = 1 << 16

WHOLE = (200, 203)
"""HTTP statuses of an answer that holds a file, and all of it."""

PUBLIC, PRIVATE = 0o666, 0o600
"""The mode of a new file, before the user's umask."""

PART_LIFE = 3600.0
"""Seconds without a write after which an unfinished file is abandoned."""

_log = logging.getLogger("anymedia")


async def save(transport: Transport, task: Task, number: int, directory: Path, account: Account | None) -> Asset:
    """Fetch an asset of a task into a directory, and return it with its path, type, size and length.

    Errors: DownloadError, whatever is in the way; `permanent` where another try at once would meet it too.
    """
    asset = task.assets[number]
    try:
        data = _at_hand(asset)
        if data is None:
            async with transport.files:  # no file is opened before there is room for it
                return await _fetched(transport, task, number, directory, account)
        return _written(task, number, directory, data, PUBLIC)
    except Lost as lost:
        error = _error(task, asset, lost.why, status=lost.status, body=_text(lost.body))
        error.permanent = lost.permanent
    except OSError as fault:
        error = _error(task, asset, f"{fault.filename or directory}: {fault.strerror or fault}")
        error.permanent = True
    raise error


def keep(task: Task, directory: Path) -> Task:
    """Write the assets that came as bytes into a directory, known media or not, and return the task with their paths.

    The bytes are on disk alone then, and nobody else's to read. Errors: OSError.
    """
    assets = list(task.assets)
    for number, asset in enumerate(assets):
        if asset.data is not None:
            assets[number] = _written(task, number, directory, asset.data, PRIVATE)
    return attrs.evolve(task, assets=tuple(assets))


def lies_in(directory: Path, asset: Asset) -> bool:
    """Return whether an asset's file is in a directory."""
    return asset.path is not None and asset.path.parent.resolve() == directory.resolve() and asset.path.is_file()


def clear(directory: Path) -> None:
    """Remove unfinished files that killed processes left in a directory, once they are older than an hour."""
    for part in directory.glob(".anymedia-*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > PART_LIFE:
                part.unlink()


def _at_hand(asset: Asset) -> bytes | None:
    """Return the bytes of a result that came with its answer."""
    if asset.data is None and asset.url is None and asset.path is not None:
        return asset.path.read_bytes()
    return asset.data


def _written(task: Task, number: int, directory: Path, data: bytes, rights: int) -> Asset:
    """Return an asset once its bytes are on disk. Errors: OSError."""
    with _part(directory, rights) as part:
        part.write(data)
        return part.kept(task, number, part.measured() or UNKNOWN)


async def _fetched(transport: Transport, task: Task, number: int, directory: Path, account: Account | None) -> Asset:
    """Return an asset once its file is whole and on disk. Errors: Lost, OSError."""
    with _part(directory, PUBLIC) as part:
        async with transport.fetch(task.assets[number].url or "", account) as file:
            if file.status not in WHOLE:
                raise Lost(f"its link answered {file.status}", sent=True, status=file.status)
            if file.length > FILE_LIMIT:
                raise _too_long()
            async for chunk in file.chunks():
                if part.size + len(chunk) > FILE_LIMIT:
                    raise _too_long()
                part.write(chunk)
            media = _recognised(part, file, task)
        return part.kept(task, number, media)


def _too_long() -> Lost:
    return Lost(f"it has more than {FILE_LIMIT >> 20} MiB", sent=True, permanent=True)


def _recognised(part: "_Part", file: File, task: Task) -> Format:
    """Return what a file is. Errors: Lost where it is none, or not all of it."""
    if not part.size:
        raise Lost("it has 0 bytes", sent=True, status=file.status)
    media = part.measured()
    if media is None:
        if file.packed:
            raise Lost(f"it is packed as {file.packed}, which was not asked for and cannot be unpacked", sent=True)
        if is_message(part.head):
            raise Lost("a page or a message came in its place", sent=True, status=file.status, body=part.head)
        _log.warning("the result of task %s is of a kind that is not known; it is kept as .bin", task.id)
        return UNKNOWN
    if not part.is_whole(media):
        if not file.framed:
            raise Lost("it was cut off before its end", sent=True, status=file.status)
        _log.warning("the result of task %s has no end, though all that its link holds was fetched", task.id)
    return media


def _error(task: Task, asset: Asset, why: str, **told: Any) -> DownloadError:
    until = "" if asset.expires_at is None else f" (its link is good until {asset.expires_at:%Y-%m-%d %H:%M} UTC)"
    message = f"the result of task {task.id} was not fetched: {why}{until}"
    return DownloadError(message, **facts(task), **told)


def _text(body: bytes) -> str | None:
    return body[:8000].decode("utf-8", "replace")[:2000] or None


class _Part:
    """An unfinished file: its first bytes in `head`, and its `size`."""

    def __init__(self, path: Path, out: BinaryIO) -> None:
        self.head: bytes = b""
        self.size: int = 0
        self._path = path
        self._out = out

    def write(self, chunk: bytes) -> None:
        if len(self.head) < _HEAD:
            self.head += chunk[: _HEAD - len(self.head)]
        self.size += len(chunk)
        self._out.write(chunk)

    def measured(self) -> Format | None:
        self._out.flush()
        with self._path.open("rb") as file:
            return measured(file)

    def is_whole(self, media: Format) -> bool:
        self._out.flush()
        return is_whole(self._path, media.type)

    def kept(self, task: Task, number: int, media: Format) -> Asset:
        """Flush it to the disk, give it its name, or the next free one, and return its asset."""
        self._out.flush()
        os.fsync(self._out.fileno())
        stem, turn = f"{_safe(task.id)}-{number + 1}", 1
        while True:
            name = f"{stem}.{media.ending}" if turn == 1 else f"{stem}.{turn}.{media.ending}"
            path = self._path.with_name(name)
            try:
                _name(self._path, path)
                break
            except FileExistsError:
                turn += 1
        return attrs.evolve(
            task.assets[number],
            data=None,
            path=path,
            media_type=media.type,
            width=media.width,
            height=media.height,
            seconds=task.assets[number].seconds if media.seconds is None else media.seconds,
            length=self.size,
        )


@contextmanager
def _part(directory: Path, rights: int) -> Iterator[_Part]:
    """Open an unfinished file in a directory, which is made if need be; the end removes it unless it was kept."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f".anymedia-{uuid4().hex}.part"
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, rights)) as out:
            yield _Part(path, out)
    finally:
        path.unlink(missing_ok=True)


def _name(part: Path, path: Path) -> None:
    """Give a file a free name in one step, so that nobody sees half a file. Errors: FileExistsError."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        path.touch(exist_ok=False)
        part.replace(path)


def _safe(task_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", task_id)[:80]
