"""Result files: fetched without a key, known to be media, written whole, never over another file."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import attrs

from .answer import Lost
from .errors import MalformedAnswer, NotFound, Unavailable
from .media import Media, recognise
from .task import Asset, Task
from .transport import NOT_PUBLIC, File, Transport

FILE_LIMIT = 1 << 30
"""Bytes of a result file; a longer one is not read to its end."""

_HEAD = 1 << 16


async def save(transport: Transport, task: Task, number: int, directory: Path, trusted: str | None) -> Asset:
    """Fetch a task's asset into a directory and return it with its path and what the file says of itself.

    Errors: NotFound when the link has died, Unavailable when it cannot be fetched now, MalformedAnswer when it leads to
    no public address or no media file; OSError when the directory cannot be written.
    """
    asset = task.assets[number]
    with _part(directory) as (part, out):
        try:
            head, size = await _fetch(transport, task, asset, trusted, out)
        except Lost as lost:
            kind = MalformedAnswer if NOT_PUBLIC in lost.why else Unavailable
            raise kind(f"the result of task {task.id} was not fetched: {lost.why}", **_facts(task)) from None
        media = recognise(head)
        if media is None:
            raise MalformedAnswer(
                f"the result of task {task.id} is no media file",
                body=head[:2000].decode("utf-8", "replace"),
                **_facts(task),
            )
        path = _keep(part, directory, f"{_safe(task.id)}-{number + 1}", media)
    return attrs.evolve(
        asset, path=path, media_type=media.type, width=media.width, height=media.height, length=size, data=None
    )


def _facts(task: Task) -> dict[str, Any]:
    return {"account": task.account, "provider": task.provider, "model": task.model, "task_id": task.id}


async def _fetch(
    transport: Transport, task: Task, asset: Asset, trusted: str | None, out: BinaryIO
) -> tuple[bytes, int]:
    """Write a file's bytes and return its first ones and how many there are."""
    if asset.data is not None:
        out.write(asset.data)
        return asset.data[:_HEAD], len(asset.data)
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


def _found(file: File, task: Task, asset: Asset) -> None:
    if file.status == 200:
        return
    if file.status in (401, 403, 404, 410):
        until = "" if asset.expires_at is None else f"; it was good until {asset.expires_at:%Y-%m-%d %H:%M} UTC"
        message = f"the link to the result of task {task.id} has died ({file.status}){until}"
        raise NotFound(message, status=file.status, **_facts(task))
    raise Unavailable(f"the result of task {task.id} answered {file.status}", status=file.status, **_facts(task))


@contextmanager
def _part(directory: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open an unfinished file in a directory (made if need be), gone at the end unless it was kept."""
    directory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".anymedia-", suffix=".part", dir=directory)
    try:
        with os.fdopen(handle, "wb") as out:
            yield Path(name), out
    finally:
        Path(name).unlink(missing_ok=True)


def _keep(part: Path, directory: Path, stem: str, media: Media) -> Path:
    """Give a finished file its name, or the next free one."""
    turn = 1
    while True:
        path = directory / (f"{stem}.{media.ending}" if turn == 1 else f"{stem}.{turn}.{media.ending}")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            turn += 1
            continue
        part.replace(path)
        return path


def _safe(task_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", task_id)[:80]
