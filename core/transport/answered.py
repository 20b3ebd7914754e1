"""An answer that may be a file: told from a message by its beginning, and written to disk as it comes.

A file is never in memory whole, has its name only once all of it is on the disk, and is its user's alone to read.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import attrs

from anymedia.model.formats import UNKNOWN, Format, is_file, is_message
from anymedia.model.task import Asset
from anymedia.translate.messages import Answer, Into, Lost

from .file import File
from .part import FILE_LIMIT, HEAD, PRIVATE, Part, part

_log = logging.getLogger("anymedia")


async def answered(file: File, limit: int, into: Into, begun: bytearray) -> Answer:
    """Return a good answer: a message with its body, of `limit` bytes at most, or a file once it is on the disk.

    `begun` has what has come of a message. Errors: Lost for what is not whole, or too long; ValueError for a message
    that is too long.
    """
    chunks = file.chunks()
    async for chunk in chunks:
        begun += chunk
        if len(begun) >= HEAD:
            break
    if is_file(bytes(begun)):
        head = bytes(begun)
        begun.clear()
        try:
            return Answer(file.status, file.headers, file=await _written(file, head, chunks, into))
        except OSError as error:
            why = f"it could not be written to {into.folder}: {error.strerror or error}"
        raise Lost(why, sent=True, status=file.status)
    async for chunk in chunks:
        begun += chunk
        if len(begun) > limit:
            break
    if len(begun) > limit:
        raise ValueError(f"an answer of more than {limit >> 20} MiB")
    return Answer(file.status, file.headers, bytes(begun))


async def _written(file: File, head: bytes, chunks: AsyncIterator[bytes], into: Into) -> Asset:
    """Return a file that is on the disk. Errors: Lost, OSError."""
    with part(into.folder, PRIVATE) as unfinished:
        unfinished.write(head)
        async for chunk in chunks:
            if max(unfinished.size + len(chunk), file.length) > FILE_LIMIT:
                raise Lost(f"it has more than {FILE_LIMIT >> 20} MiB", sent=True, status=file.status, permanent=True)
            unfinished.write(chunk)
        media = await asyncio.to_thread(recognised, unfinished, file, f"the answer {into.name}")
        await asyncio.to_thread(unfinished.sync)
        path = await asyncio.to_thread(unfinished.put, into.folder, _stem(into.name), media.ending)
        return known(Asset(kind=media.type.partition("/")[0], path=path), unfinished, media)


def known(asset: Asset, unfinished: Part, media: Format) -> Asset:
    """Return an asset with what its file tells of itself."""
    return attrs.evolve(
        asset,
        data=None,
        media_type=media.type,
        width=media.width,
        height=media.height,
        seconds=asset.seconds if media.seconds is None else media.seconds,
        length=unfinished.size,
        sha256=unfinished.sha256,
    )


def recognised(unfinished: Part, file: File, what: str) -> Format:
    """Return what a file is that has come. Errors: Lost where it is none, or not all of it."""
    if not unfinished.size:
        raise Lost("it has 0 bytes", sent=True, status=file.status)
    media = unfinished.measured()
    if media is None:
        if file.packed:
            why = f"it is packed as {file.packed}, which was not asked for and cannot be unpacked"
            raise Lost(why, sent=True, status=file.status)
        if is_message(unfinished.head):
            raise Lost("a page or a message came in its place", sent=True, status=file.status, body=unfinished.head)
        _log.warning("%s is of a kind that is not known; it is kept as .bin", what)
        return UNKNOWN
    if not unfinished.is_whole(media):
        if not file.framed:
            raise Lost("it was cut off before its end", sent=True, status=file.status)
        _log.warning("%s has no end, though all that was sent has come", what)
    return media


def files_of(folder: Path, name: str) -> list[Path]:
    """Return the answers under a name that are in a folder as files."""
    return sorted(folder.glob(f"{_stem(name)}.*"))


def _stem(name: str) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:80]}-1"
