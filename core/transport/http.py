"""HTTP calls: one call out, one answer back. The only file that knows aiohttp.

Every guard against the network is here: what was sent and what was not is told apart, answers are read up to a limit,
redirects are not followed with an API key, and files come from public addresses alone.
"""

import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp
import attrs
from aiohttp.connector import Connection
from yarl import URL

from anymedia.account import Account
from anymedia.model.version import version
from anymedia.translate.messages import Answer, Call, Lost, Progress

from .addresses import public_socket

T = TypeVar("T")

CONNECT_TIMEOUT = 15.0

KEEP_ALIVE = 4.0
"""Seconds; below the 5 s after which common servers close idle connections, so that few calls meet a dead one."""

MAX_REDIRECTS = 5


def user_agent() -> str:
    """Return the User-Agent of every call."""
    return f"anymedia/{version()}"


class Transport:
    """The connections of one client. Open inside a running event loop; `close` when done."""

    def __init__(self) -> None:
        agent = {"User-Agent": user_agent()}
        self._keyed = aiohttp.ClientSession(
            connector=_Connector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=agent | {"Accept-Encoding": "identity"},
        )
        self._public = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=16, socket_factory=public_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=agent | {"Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._keyed.close()
        await self._public.close()

    async def send(self, account: Account, call: Call, progress: Progress) -> Answer:
        """Send a call once, with the account's API key unless it goes without. Errors: Lost, with whether a byte left.

        `progress.connected` turns true just before the first byte; the caller holds a permit.
        """
        key = account.secret().reveal() if call.keyed else ""
        status: int | None = None
        _sending.set(_Sending(progress))
        try:
            async with self._keyed.request(
                call.method,
                URL(call.url, encoded=True),
                data=call.body,
                headers=_headers(call, account, key),
                allow_redirects=False,
                timeout=_timeout(call.timeout or account.timeout),
            ) as response:
                status = response.status
                body = await _read(response, call.limit)
                hidden = body.replace(key.encode(), b"***") if key else body
                return Answer(status, _plain(response.headers, key), hidden)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, zlib.error) as error:
            raise Lost(_reason(error, key), sent=progress.connected or status is not None, status=status) from None
        finally:
            _sending.set(None)

    async def reach(self, origin: str) -> int:
        """Return the HTTP status that an origin answers without an API key. Errors: Lost."""
        try:
            async with self._keyed.get(origin, allow_redirects=False, timeout=_timeout(CONNECT_TIMEOUT)) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Lost(_reason(error, ""), sent=False) from None

    @asynccontextmanager
    async def fetch(self, url: str, trusted: str | None) -> AsyncIterator["File"]:
        """Open a result file, without an API key, from a public address or the trusted origin. Errors: Lost."""
        try:
            response = await self._open(url, trusted)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Lost(_reason(error, ""), sent=True) from None
        async with response:
            yield File(response)

    async def _open(self, url: str, trusted: str | None) -> aiohttp.ClientResponse:
        """Follow redirects by hand; each has to meet the same rules as the first address."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=60)
        for _ in range(MAX_REDIRECTS + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise ValueError("a redirect to what is no http(s) URL")
            session = self._keyed if trusted is not None and _same_origin(url, trusted) else self._public
            response = await session.get(URL(url, encoded=True), allow_redirects=False, timeout=timeout)
            if response.status not in (301, 302, 303, 307, 308):
                return response
            response.release()
            url = urljoin(url, response.headers.get("Location", ""))
        raise ValueError(f"more than {MAX_REDIRECTS} redirects")


@attrs.define
class _Sending:
    """One sending of a call, and whether it had a connection."""

    progress: Progress
    connected: bool = False


_sending: ContextVar[_Sending | None] = ContextVar("sending", default=None)


class File:
    """A result file that is being read: `status`, `headers` (names in lower case), and its bytes in `chunks`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status: int = response.status
        self.headers: Mapping[str, str] = _plain(response.headers, "")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Errors: Lost."""
        encoding = self.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise Lost(f"the file is packed as {encoding}, which was not asked for", sent=True)
        chunks = self._response.content.iter_chunked(1 << 16)
        while True:
            try:
                chunk = await anext(chunks, b"")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise Lost(_reason(error, ""), sent=True) from None
            if not chunk:
                return
            yield chunk


class _Connector(aiohttp.TCPConnector):
    """A connector that tells the call when it has its connection: the last moment before the bytes leave."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        sending = _sending.get()
        if sending is not None and sending.connected:
            # aiohttp would send a GET a second time by itself, behind the permit that is held for one.
            raise aiohttp.ServerDisconnectedError
        connection = await super().connect(req, traces, timeout)
        if sending is not None:  # a file is fetched without
            sending.connected = sending.progress.connected = True
        return connection


def _headers(call: Call, account: Account, key: str) -> Mapping[str, str]:
    auth = account.adapter.auth
    return {**call.headers, auth.name: auth.prefix + key} if call.keyed else call.headers


@cache
def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_TIMEOUT)


def _plain(headers: Mapping[str, str], key: str) -> dict[str, str]:
    plain = {name.lower(): value for name, value in headers.items()}
    echoed = key and any(key in value for value in plain.values())
    return {name: _without(value, key) for name, value in plain.items()} if echoed else plain


def _without(text: str, key: str) -> str:
    return text.replace(key, "***") if key else text


def _reason(error: Exception, key: str) -> str:
    """Return what happened, without what the exception may repeat of the request."""
    if isinstance(error, ssl.SSLCertVerificationError | aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    told = str(error) if isinstance(error, OSError | ValueError | zlib.error) else ""
    return _without(told, key) or type(error).__name__


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body up to a limit, unpacking it as it comes, so that a small packed body cannot fill the memory."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity" and 0 <= (response.content_length or -1) <= limit:
        return await response.read()  # what is announced is what is read
    body = bytearray()
    unpack = _unpacker(encoding)
    async for chunk in response.content.iter_chunked(1 << 16):
        body += unpack(chunk, limit + 1 - len(body))
        if len(body) > limit:
            response.close()
            raise ValueError(f"an answer of more than {limit >> 20} MiB")
    return bytes(body)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    if encoding in ("", "identity"):
        return lambda chunk, _: chunk
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"an answer packed as {encoding!r}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    return unpacker.decompress


def _same_origin(url: str, origin: str) -> bool:
    try:
        return URL(url).origin() == URL(origin).origin()
    except ValueError:
        return False
