"""Result files: fetched without an API key, recognised as media, written whole, and never over another file."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import attrs

from anymedia.model.errors import MalformedAnswer, NotFound, Unavailable
from anymedia.model.media import Media, recognise
from anymedia.model.task import Asset, Task
from anymedia.translate.encode import facts
from anymedia.translate.messages import Lost

from .addresses import NOT_PUBLIC
from .http import File, Transport

FILE_LIMIT = 1 << 30
"""Bytes of a result file at most; a longer one is not read to its end."""

_HEAD = 1 << 16

PUBLIC, PRIVATE = 0o666, 0o600
"""The mode of a new file, before the user's umask."""

PART_LIFE = 3600.0
"""Seconds without a write after which an unfinished file is abandoned."""


async def save(transport: Transport, task: Task, number: int, directory: Path, trusted: str | None) -> Asset:
    """Fetch an asset of a task into a directory, and return it with its path, type and size.

    Errors: NotFound when the link has died, Unavailable when it cannot be fetched now, MalformedAnswer when it leads to
    no public address or no media file; OSError when the directory cannot be written.
    """
    asset = task.assets[number]
    with _part(directory, PUBLIC) as (part, out):
        try:
            head, size = await _fetch(transport, task, asset, trusted, out)
        except Lost as lost:
            kind = MalformedAnswer if NOT_PUBLIC in lost.why else Unavailable
            raise kind(f"the result of task {task.id} was not fetched: {lost.why}", **facts(task)) from None
        media = recognise(head)
        if media is None:
            raise MalformedAnswer(
                f"the result of task {task.id} is no media file",
                body=head[:2000].decode("utf-8", "replace"),
                **facts(task),
            )
        _settle(out)
        path = _keep(part, directory, f"{_safe(task.id)}-{number + 1}", media)
    return attrs.evolve(_described(asset, path, media, size), data=None)


def keep(task: Task, directory: Path) -> Task:
    """Write the assets that came as bytes into a directory, known media or not, and return the task with their paths.

    The bytes are on disk alone then, and nobody else's to read. Errors: OSError.
    """
    assets = list(task.assets)
    for number, asset in enumerate(assets):
        if asset.data is not None:
            media = recognise(asset.data[:_HEAD]) or Media("application/octet-stream", "bin")
            with _part(directory, PRIVATE) as (part, out):
                out.write(asset.data)
                _settle(out)
                path = _keep(part, directory, f"{_safe(task.id)}-{number + 1}", media)
            assets[number] = attrs.evolve(_described(asset, path, media, len(asset.data)), data=None)
    return attrs.evolve(task, assets=tuple(assets))


def _described(asset: Asset, path: Path, media: Media, length: int) -> Asset:
    return attrs.evolve(asset, path=path, media_type=media.type, width=media.width, height=media.height, length=length)


def _settle(out: BinaryIO) -> None:
    """Flush a file to the disk."""
    out.flush()
    os.fsync(out.fileno())


def lies_in(directory: Path, asset: Asset) -> bool:
    """Return whether an asset's file is in a directory."""
    return asset.path is not None and asset.path.parent.resolve() == directory.resolve() and asset.path.is_file()


def clear(directory: Path) -> None:
    """Remove unfinished files that killed processes left in a directory, once they are older than an hour."""
    for part in directory.glob(".anymedia-*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > PART_LIFE:
                part.unlink()


async def _fetch(
    transport: Transport, task: Task, asset: Asset, trusted: str | None, out: BinaryIO
) -> tuple[bytes, int]:
    """Write the bytes of a file, and return its head and its length."""
    if (data := _at_hand(asset)) is not None:
        out.write(data)
        return data[:_HEAD], len(data)
    head, size = bytearray(), 0
    async with transport.fetch(asset.url or "", trusted) as file:
        _found(file, task, asset)
        async for chunk in file.chunks():
            size += len(chunk)
            if size > FILE_LIMIT:
                raise Lost(f"it has more than {FILE_LIMIT >> 20} MiB", sent=True)
            if len(head) < _HEAD:
                head += chunk
            out.write(chunk)
    return bytes(head), size


def _at_hand(asset: Asset) -> bytes | None:
    """Return the bytes of a result that came with its answer."""
    if asset.data is None and asset.url is None and asset.path is not None:
        return asset.path.read_bytes()
    return asset.data


def _found(file: File, task: Task, asset: Asset) -> None:
    if file.status == 200:
        return
    if file.status in (401, 403, 404, 410):
        until = "" if asset.expires_at is None else f"; it was good until {asset.expires_at:%Y-%m-%d %H:%M} UTC"
        message = f"the link to the result of task {task.id} has died ({file.status}){until}"
        raise NotFound(message, status=file.status, **facts(task))
    raise Unavailable(f"the result of task {task.id} answered {file.status}", status=file.status, **facts(task))


@contextmanager
def _part(directory: Path, rights: int) -> Iterator[tuple[Path, BinaryIO]]:
    """Open an unfinished file in a directory, which is made if need be; the end removes it unless it was kept."""
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".anymedia-{uuid4().hex}.part"
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, rights)) as out:
            yield part, out
    finally:
        part.unlink(missing_ok=True)


def _keep(part: Path, directory: Path, stem: str, media: Media) -> Path:
    """Rename a finished file to its name, or to the next free one."""
    turn = 1
    while True:
        path = directory / (f"{stem}.{media.ending}" if turn == 1 else f"{stem}.{turn}.{media.ending}")
        try:
            _name(part, path)
        except FileExistsError:
            turn += 1
            continue
        return path


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
