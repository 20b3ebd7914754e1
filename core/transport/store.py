"""Storage: objects of a bucket written, read and lent. With store_faults the only file that knows obstore."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import attrs

from anymedia.environment import ALLOW_HTTP
from anymedia.model.errors import ConfigError
from anymedia.model.urls import is_loopback
from anymedia.storage import Storage

from .store_faults import errors, told, unopened

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Store

ONE = 5 << 20
"""Bytes that are sent in one request at most; a longer object goes up in parts of so many, one after the other."""

ABREAST = 4
"""Objects that are sent to a bucket at a time; each holds about two parts in memory."""

GIVE_UP = 5.0
"""Seconds for which the parts of an object are taken back whose sending was cancelled."""

PIECE = 1 << 20
"""Bytes that are read at a time, about."""

CHECK = ".anymedia-check"
"""The object that is written to see whether a bucket can be written to."""

LONGEST = 7 * 86400.0
"""Seconds that a presigned URL holds at most, by the rules of S3."""

_CLIENT: dict[str, Any] = {"connect_timeout": "15s", "read_timeout": "120s", "timeout": "1h"}
_RETRY: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}


@attrs.frozen
class Store:
    """A bucket, opened; it may be used from any number of tasks. Names of objects stand below the URL of `storage`."""

    storage: Storage
    _bucket: "ObjectStore" = attrs.field(repr=False)
    _going: list[str] = attrs.field(factory=list, init=False, repr=False)
    _room: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(ABREAST), init=False, repr=False)

    @classmethod
    def open(cls, storage: Storage, ca_file: Path | None = None) -> "Store":
        """Return a bucket, to which nothing is sent yet; `ca_file` holds certificates to trust beside the system's.

        Errors: ConfigError where obstore is not installed, the settings fit no bucket, or the storage is a folder.
        """
        if storage.folder is not None:
            raise ConfigError(f"{storage.url} is a folder, and no bucket that lends URLs")
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError:
            raise ConfigError(f"{storage.url} needs obstore: install anymedia with its extra storage") from None
        client = _CLIENT | _certificates(ca_file)
        options = {name: value for name, value in storage.options.items() if name != "allow_http"}
        if _allows_http(storage):
            client["allow_http"] = True  # beside options of the client, its variable does not count
        try:
            open_url: Any = from_url  # its types know each option by itself
            bucket = open_url(storage.url, client_options=client, retry_config=_RETRY, **options)
        except (BaseError, ValueError) as error:
            raise ConfigError(unopened(storage, error)) from None
        return cls(storage, bucket)

    def location(self, key: str) -> str:
        """Return where an object is, as s3://bucket/key: to be written down, and of no use without the keys."""
        return f"{self.storage.url}/{key}"

    def key(self, location: str | None) -> str | None:
        """Return the name of an object by its location; None for what is elsewhere."""
        begin = self.storage.url + "/"
        return location[len(begin) :] if location is not None and location.startswith(begin) else None

    async def put(
        self, key: str, source: Path | bytes | AsyncIterator[bytes], media_type: str, *, over: bool = True
    ) -> None:
        """Write an object, which appears whole or not at all; a file is read piece by piece.

        `over`: it may replace another of that name. Of objects longer than ONE, two that two processes write in one
        moment may do so all the same: a name has to tell what is in it. Errors: FileExistsError, Lost, OSError of the
        file, and what the iterator raises.
        """
        from obstore.exceptions import AlreadyExistsError

        size = _size(source)
        small = size is not None and size <= ONE
        options: dict[str, Any] = {
            "attributes": {"Content-Type": media_type},
            "mode": "overwrite" if over or not small else "create",
            "use_multipart": not small,
        }
        taken = FileExistsError(self.location(key))
        if not over and key in self._going:
            raise taken
        self._going.append(key)
        try:
            if not over and not small and await self.exists(key):
                raise taken
            if isinstance(source, Path):
                source = await asyncio.to_thread(source.read_bytes) if small else pieces(source)
            send = self._put if isinstance(source, bytes) else self._send
            async with self._room:
                await send(key, cast("Any", source), options)
            return
        except AlreadyExistsError:
            lost: Exception = taken
        except errors() as error:
            lost = self._lost(key, error)
        finally:
            self._going.remove(key)
        raise lost

    async def _send(self, key: str, source: AsyncIterator[bytes], options: dict[str, Any]) -> None:
        """Send an object in parts; a cancel gives them up at the bucket too, where they would be paid for."""
        stop = asyncio.Event()
        sending = asyncio.create_task(self._put(key, _until(stop, source), options))
        sending.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait({sending}, timeout=GIVE_UP)
            sending.cancel()
            raise

    async def _put(self, key: str, source: bytes | AsyncIterator[bytes], options: dict[str, Any]) -> None:
        from obstore import put_async

        await put_async(self._bucket, key, source, chunk_size=ONE, max_concurrency=1, **options)

    async def presigned(self, key: str, seconds: float) -> str:
        """Return a URL at which anybody can read an object for so many seconds (LONGEST at most). Errors: Lost."""
        from obstore import sign_async

        try:
            bucket = cast("S3Store", self._bucket)  # or another one that can sign
            return await sign_async(bucket, "GET", key, timedelta(seconds=min(seconds, LONGEST)))
        except errors() as error:
            lost = self._lost(key, error)
        raise lost

    async def chunks(self, key: str) -> AsyncIterator[bytes]:
        """Yield the bytes of an object. Errors: Lost."""
        from obstore import get_async

        try:
            found = await get_async(self._bucket, key)
            async for chunk in found.stream(min_chunk_size=PIECE):
                yield bytes(chunk)
            return
        except errors() as error:
            lost = self._lost(key, error)
        raise lost

    async def check(self) -> None:
        """Write an empty object, and take it away again where that is allowed. Errors: Lost."""
        from obstore import delete_async

        await self.put(CHECK, b"", "application/octet-stream")
        with suppress(*errors()):
            await delete_async(self._bucket, CHECK)

    async def exists(self, key: str) -> bool:
        """Return whether there is an object of a name. Errors: Lost."""
        from obstore import head_async

        try:
            await head_async(self._bucket, key)
            return True
        except FileNotFoundError:
            return False
        except errors() as error:
            lost = self._lost(key, error)
        raise lost

    def _lost(self, key: str, error: Exception) -> Exception:
        return told(self.storage, self.location(key), error)


async def _until(stop: asyncio.Event, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what an iterator yields, until it is stopped. Errors: InterruptedError then, and the iterator's."""
    async for piece in source:
        if stop.is_set():
            raise InterruptedError
        yield piece


async def pieces(file: Path) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a file, few of them in memory at once. Errors: OSError."""
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, PIECE):
            yield piece


def _size(source: Path | bytes | AsyncIterator[bytes]) -> int | None:
    """Return how long an object will be, where that is known before. Errors: OSError."""
    if isinstance(source, Path):
        return source.stat().st_size
    return len(source) if isinstance(source, bytes) else None


def _certificates(ca_file: Path | None) -> dict[str, Any]:
    if ca_file is None:
        return {}
    try:
        return {"root_certificate": ca_file.read_bytes()}
    except OSError as error:
        raise ConfigError(f"the file of certificates {ca_file}: {error.strerror or error}") from None


def _allows_http(storage: Storage) -> bool:
    """Return whether a bucket may be reached without TLS: on this machine, or as its user says."""
    here = is_loopback(urlsplit(storage.options.get("endpoint", "")).hostname or "")
    variable = ALLOW_HTTP.get(storage.scheme)
    said = "" if variable is None else variable.read(os.environ)
    return here or bool(storage.options.get("allow_http")) or said.lower() in ("true", "1")
