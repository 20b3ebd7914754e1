"""Result files: fetched without an API key, recognised as media, written whole, and never over another file."""

import asyncio
import errno
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import attrs

from anymedia.account import Account
from anymedia.model.errors import ConfigError, DownloadError
from anymedia.model.formats import UNKNOWN, Format
from anymedia.model.plain import sized
from anymedia.model.task import Asset, Task
from anymedia.translate.encode import facts
from anymedia.translate.messages import Lost

from .answered import known, recognised
from .file import SILENCE, File
from .http import Transport
from .part import PRIVATE, Part, part
from .places import Folder, Place
from .slots import urgency
from .store import pieces
from .stores import Stores

WHOLE = (200, 203)
"""HTTP statuses of an answer that holds a file, and all of it."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a place that is full."""

CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of a place that may not be written to."""

COLLECT = "then `anymedia collect` fetches it"


SHORTEST_SILENCE = 5.0
"""Seconds for which a link may always send nothing."""

OF_UNKNOWN_LIFE = 30.0
"""Seconds for which a link may send nothing of which nobody knows how long it lives."""


@attrs.frozen
class Sources:
    """What the files of results are read from: memory, this machine's disk, storage, and the links of providers.

    `now` tells the time, by which a link has some of its life left.
    """

    transport: Transport
    stores: Stores
    now: Callable[[], datetime]

    async def read(self, asset: Asset, account: Account | None) -> AsyncIterator[bytes]:
        """Yield the bytes of a result, from where they are nearest. Errors: Lost, OSError, ConfigError."""
        copies = self.copies(asset)
        is_gone = asset.data is None and not asset.stored and not (asset.path and asset.path.is_file())
        if copies and not (is_gone and asset.url):
            async for piece in copies[0]:
                yield piece
            return
        async with self.transport.fetch(asset.url or "", account) as file:
            async for piece in _limited(file, self.transport.largest):
                yield piece

    def copies(self, asset: Asset) -> list[AsyncGenerator[bytes, None]]:
        """Return the copies of a result that are at hand, the nearest first, each as its bytes.

        Errors, as they are read: Lost, OSError, ConfigError.
        """
        copies: list[AsyncGenerator[bytes, None]] = []
        if asset.data is not None:
            copies.append(_held(asset.data))
        if asset.path is not None and (asset.stored is None or asset.path.is_file()):
            copies.append(pieces(asset.path))
        if asset.stored is not None:
            copies.append(self.stores.read(asset.stored))
        return copies


Also: TypeAlias = Callable[[Task, int, Asset, BinaryIO], Awaitable[None]]
"""What is done once the file of an asset is where it is to be, with its bytes in a file of this machine."""


async def save(
    sources: Sources, task: Task, number: int, place: Place, account: Account | None, also: Also | None = None
) -> Asset:
    """Put the file of an asset of a task where it is to be, and return it with where it is and what it is.

    What is there already is not fetched again. A copy that is at hand is taken in place of the link where its digest
    tells that it is one. Errors: DownloadError, whatever is in the way; `permanent` where another try at once would
    meet it too.
    """
    asset = task.assets[number]
    from_link = asset.data is None and asset.url is not None
    try:
        held = await place.holds(asset)
        if held and also is None and asset.sha256 and asset.media_type and asset.length is not None:
            return attrs.evolve(asset, data=None)
        # No file is opened before there is room for it.
        turn = sources.transport.files.one(urgency(asset.expires_at, sources.now())) if from_link else nullcontext()
        async with turn:
            with part(place.work, place.rights) as unfinished:
                media = await _filled(sources, unfinished, task, asset, account, held=held)
                asset = known(asset, unfinished, media)
                if not held:
                    asset = await place.keep(unfinished, task, number, asset, media.ending)
                if also is not None:
                    await also(task, number, asset, unfinished.file)
                return asset
    except Lost as lost:
        error = _error(task, asset, f"{lost.why}{_way_out(lost)}", status=lost.status, body=_text(lost.body))
        error.permanent, error.came, error.place_is_full = lost.permanent, lost.came, lost.of_place
    except OSError as fault:
        # What is read may be at fault too.
        way_out = None if fault.filename == str(asset.path) else _to_be_done(fault)
        why = f"{fault.filename or place.work}: {fault.strerror or fault}"
        error = _error(task, asset, f"{why}; {way_out}" if way_out else why)
        error.permanent, error.place_is_full = True, way_out is not None
    raise error


def keep(task: Task, directory: Path) -> Task:
    """Write the assets that came as bytes into a directory, known media or not, and return the task with their paths.

    The bytes are on disk alone then, and nobody else's to read. Errors: OSError.
    """
    place, assets = Folder(directory, rights=PRIVATE), list(task.assets)
    for number, asset in enumerate(assets):
        if asset.data is not None:
            with part(directory, place.rights) as unfinished:
                unfinished.write(asset.data)
                media = unfinished.measured() or UNKNOWN
                assets[number] = place.put(unfinished, task, number, known(asset, unfinished, media), media.ending)
    return attrs.evolve(task, assets=tuple(assets))


async def _filled(
    sources: Sources, unfinished: Part, task: Task, asset: Asset, account: Account | None, *, held: bool
) -> Format:
    """Write all of a result, and return what it is. Errors: Lost, OSError, ConfigError."""
    fault: Exception | None = None
    # Where there is a link, what lies elsewhere has to be known for a copy.
    for copy in sources.copies(asset) if held or asset.sha256 or not asset.url or asset.data else ():
        try:
            await _copied(copy, unfinished, asset)
            return unfinished.measured() or UNKNOWN
        except (Lost, OSError, ConfigError) as error:
            fault = error
            unfinished.begin()
    if fault is not None and not asset.url:
        raise fault
    return await _fetched(sources, unfinished, task, asset, account)


async def _copied(copy: AsyncGenerator[bytes, None], unfinished: Part, asset: Asset) -> None:
    async with aclosing(copy):  # a disk that is full leaves no file open
        async for piece in copy:
            unfinished.write(piece)
    if asset.sha256 not in (None, unfinished.sha256):
        raise Lost(f"{asset.path or asset.stored} is not what came: its sha256 is another", sent=False, permanent=True)


async def _fetched(sources: Sources, unfinished: Part, task: Task, asset: Asset, account: Account | None) -> Format:
    """Write the file that a link leads to, whole, and return what it is. Errors: Lost, OSError."""
    transport = sources.transport
    async with transport.fetch(asset.url or "", account, _silence(asset, sources.now())) as file:
        async for chunk in _limited(file, transport.largest):
            unfinished.write(chunk)
        media = await asyncio.to_thread(recognised, unfinished, file, f"the result of task {task.id}")
        if task.offer is not None and _is_other(media, asset.kind):
            lost = Lost(f"a file of type {media.type} came in place of {asset.kind}", sent=True, status=file.status)
            lost.came = media.type
            raise lost
        return media


def _silence(asset: Asset, now: datetime) -> float:
    """Return for how many seconds a link may send nothing: a third of what is left of its life at most, so that there
    is time for another try."""
    if asset.expires_at is None:
        return OF_UNKNOWN_LIFE
    left = (asset.expires_at - now).total_seconds()
    return min(SILENCE, max(left / 3, SHORTEST_SILENCE)) if left > 0 else SILENCE


def _is_other(media: Format, kind: str) -> bool:
    """Return whether a picture stands for a film or a sound; one that moves may be a film.

    A film or a sound is kept whatever was asked for: nobody puts one there in place of what is gone.
    """
    moves = kind == "video" and media.seconds is not None
    return media.type.startswith("image/") and kind != "image" and not moves


async def _limited(file: File, most: int) -> AsyncIterator[bytes]:
    """Yield the bytes of a file as they come, no more than the `most` that it may have.

    Errors: Lost, also for a link that answers otherwise, and a flood.
    """
    if file.status not in WHOLE:
        raise Lost(f"its link answered {file.status}", sent=True, status=file.status)
    if file.length > most:
        raise _too_large(f"it has {sized(file.length)}", most)
    length = 0
    async for chunk in file.chunks():
        length += len(chunk)
        if length > most or file.came > 2 * most:  # what is packed may hold nothing
            break
        yield chunk
    else:
        return
    raise _too_large("it has more", most)


def _too_large(what: str, most: int) -> Lost:
    why = f"{what}, and [download] largest is {sized(most)}; raise that in anymedia.toml, {COLLECT}"
    return Lost(why, sent=True, permanent=True)


def _to_be_done(fault: OSError) -> str | None:
    """Return what is to be done about a place that took nothing; None where it is not the place as such."""
    if fault.errno not in (*NO_ROOM, *CLOSED):
        return None
    first = "free some space there" if fault.errno in NO_ROOM else "make it writable"
    return f"{first} or name another place (--out), {COLLECT}"


def _way_out(lost: Lost) -> str:
    """Return what is to be done about what was lost, behind its reason."""
    if lost.of_place:
        return f"; once the storage takes it, or with another place (--out), {COLLECT.removeprefix('then ')}"
    if lost.came is not None:
        return "; `anymedia collect` asks for it again, and `anymedia tasks settle ID --dismiss` gives it up"
    return "; `anymedia collect` asks for it again" if lost.body else ""  # which is a page, or a message


async def _held(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


def _error(task: Task, asset: Asset, why: str, **told: Any) -> DownloadError:
    until = "" if asset.expires_at is None else f" (its link is good until {asset.expires_at:%Y-%m-%d %H:%M} UTC)"
    message = f"the result of task {task.id} was not saved: {why}{until}"
    return DownloadError(message, **facts(task), **told)


def _text(body: bytes) -> str | None:
    return body[:8000].decode("utf-8", "replace")[:2000] or None
