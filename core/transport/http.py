"""HTTP: one call out, one answer back; and result files, opened to be read.

What was sent and what was not is told apart, answers are read up to a limit, redirects are not followed with an API
key, and files come from public addresses alone, but for what the configuration allows.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from anymedia.account import Account
from anymedia.model.urls import absolute
from anymedia.model.version import version
from anymedia.network import Network
from anymedia.translate.messages import Answer, Call, Lost, Progress

from .addresses import Guard, is_below
from .answered import answered
from .auth import NONE, Credentials, body_of, headers_of, hidden, url_of
from .certificates import trusting
from .connector import Connector, Sending, sending
from .faults import Permanent
from .file import SILENCE, File, plain
from .proxies import proxy_for
from .reasons import HEADER_LIMIT, HEADERS_LIMIT, is_permanent, reason
from .slots import Slots
from .unpack import Unpacking
from .upload import payload

CONNECT_TIMEOUT = 15.0

KEEP_ALIVE = 4.0
"""Seconds; below the 5 s after which common servers close idle connections, so that few calls meet a dead one."""

MAX_REDIRECTS = 5

LOST_BODY = 1 << 16
"""Bytes that are kept of an answer that broke off."""

FILES = 32
"""Files that are fetched at a time."""

FILE_TIME = 3600.0
"""Seconds that one file may take."""

DIRECT = Network()

_NOT_GUESSED = ("Content-Type",)
"""A header that would make a signed URL another one where it is not asked for."""


def user_agent() -> str:
    """Return the User-Agent of every call."""
    return f"anymedia/{version()}"


class Transport:
    """The connections of one client. Open inside a running event loop; `close` when done.

    A slot of `files` is held while a file is fetched, so that connections and open files stay few.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self.files: Slots = Slots(FILES)
        self._network = network
        self._guard = Guard(network.networks)
        self._kept = _session(Connector(limit=0, keepalive_timeout=KEEP_ALIVE))
        self._alone = _session(Connector(limit=0, force_close=True))
        self._public = _session(Connector(limit=0, socket_factory=self._guard.socket))
        self._allowed = _session(Connector(limit=0))

    @property
    def largest(self) -> int:
        """The bytes that a result file may have."""
        return self._network.largest

    async def close(self) -> None:
        """Close every connection."""
        for session in (self._kept, self._alone, self._public, self._allowed):
            await session.close()

    async def send(self, account: Account, call: Call, progress: Progress, credentials: Credentials = NONE) -> Answer:
        """Send a call once, with its credentials. Errors: Lost, with whether a byte left.

        A good answer that is a file goes where the call says, and is not read into memory.
        `progress.connected` turns true just before the first byte, unless `progress.stands` says no then; the caller
        holds a permit.
        """
        status: int | None = None
        body = bytearray()
        sending.set(Sending(progress))
        try:
            url = _parsed(call.url)
            way = self._way(url, account)
            async with self._for_call(call, url, account, proxied=way["proxy"] is not None).request(
                call.method,
                url_of(url, call, account),
                data=payload(body_of(call, account)),
                headers=headers_of(call, account, credentials),
                skip_auto_headers=_NOT_GUESSED,
                allow_redirects=False,
                timeout=_timeout((call.timeout or account.timeout) + call.sending),
                **way,
            ) as response:
                status = response.status
                if call.into is not None and 200 <= status < 300:
                    return await answered(File(response), call.limit, call.into, body)
                await _read(response, call.limit, body)
                return Answer(status, plain(response.headers), bytes(body))
        except Lost as of_file:
            lost = of_file.with_traceback(None)
            lost.body = lost.body or bytes(body[:LOST_BODY])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = Lost(
                hidden(reason(error), account, credentials),
                sent=progress.connected or status is not None,
                status=status,
                body=bytes(body[:LOST_BODY]),
                permanent=is_permanent(error),
            )
        finally:
            sending.set(None)
        raise lost  # out of the block, so that no frame of the failed request hangs on it

    async def reach(self, link: str, account: Account | None = None) -> Answer:
        """Return what a URL answers without an API key, as it is reached for an account, without its body.

        Errors: Lost.
        """
        try:
            url = _parsed(link)
            way = self._way(url, account)
            async with self._kept.get(url, allow_redirects=False, timeout=_timeout(CONNECT_TIMEOUT), **way) as response:
                return Answer(response.status, plain(response.headers))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = Lost(reason(error), sent=False, permanent=is_permanent(error))
        raise lost

    def proxy(self, account: Account) -> str | None:
        """Return the URL of the proxy that an account's calls go through. Errors: ValueError for one that is none."""
        proxy: str | None = self._way(_parsed(account.origin), account)["proxy"]
        return proxy

    async def connect(self, link: str) -> None:
        """Open a connection to where a URL leads, and close it again. Errors: Lost."""
        url = _parsed(link)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(url.host, url.port)
            writer.close()
        except (TimeoutError, OSError) as error:
            raise Lost(reason(error), sent=False) from None

    async def private_address(self, account: Account) -> str | None:
        """Return an address of an account's host that no result file would be fetched from; None where there is none.

        Behind a proxy nobody here looks hosts up.
        """
        try:
            url = _parsed(account.origin)
            host = url.host or ""
            if self._way(url, account)["proxy"] is not None or is_below(host, self._network.hosts):
                return None
            found = await asyncio.get_running_loop().getaddrinfo(host, url.port)
        except (OSError, ValueError):
            return None  # which `reach` tells
        addresses = [str(where[0]) for *_, where in found]
        return next((address for address in addresses if not self._guard.admits(address)), None)

    @asynccontextmanager
    async def fetch(self, url: str, account: Account | None, silence: float = SILENCE) -> AsyncIterator["File"]:
        """Open a result file, without an API key, from where it may lie: a public address, what the configuration
        allows, or the account's own origin. It may send nothing for `silence` seconds. Errors: Lost."""
        async with await self._opened(url, account, silence) as response:
            yield File(response, silence)

    async def _opened(self, link: str, account: Account | None, silence: float) -> aiohttp.ClientResponse:
        try:
            return await self._open(link, account, silence)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = Lost(reason(error), sent=True, permanent=is_permanent(error))
        raise lost

    async def _open(self, link: str, account: Account | None, silence: float) -> aiohttp.ClientResponse:
        """Follow redirects by hand; each has to meet the same rules as the first address."""
        timeout = aiohttp.ClientTimeout(total=FILE_TIME, connect=CONNECT_TIMEOUT, sock_read=silence)
        for _ in range(MAX_REDIRECTS + 1):
            url = _parsed(link)
            way = self._way(url, account)
            session = self._for_files(url, account, proxied=way["proxy"] is not None)
            async with asyncio.timeout(CONNECT_TIMEOUT + silence):  # a head that drips is never silent
                response = await session.get(url, allow_redirects=False, timeout=timeout, **way)
            if response.status not in (301, 302, 303, 307, 308):
                return response
            response.release()
            link = _joined(link, response.headers.get("Location", ""))
        raise ValueError(f"its link leads to more than {MAX_REDIRECTS} redirects")

    def _for_call(self, call: Call, url: URL, account: Account, *, proxied: bool) -> aiohttp.ClientSession:
        """Return the connections for a call. Errors: as _for_files, for one that goes where an answer said."""
        if call.public:
            return self._for_files(url, account, proxied=proxied)
        return self._alone if call.alone else self._kept

    def _for_files(self, url: URL, account: Account | None, *, proxied: bool) -> aiohttp.ClientSession:
        """Return the connections for a file. Errors: ValueError for a host behind a proxy that is not public."""
        host = url.host or ""
        own = account is not None and url.origin() == URL(account.origin).origin()
        if own or is_below(host, self._network.hosts):
            return self._allowed
        if proxied:
            self._guard.check_name(host)
            return self._allowed
        return self._public

    def _way(self, url: URL, account: Account | None) -> dict[str, Any]:
        """Return how a URL is reached: its proxy, and the certificates that are trusted. Errors: ValueError."""
        own = None if account is None else account.proxy
        ca_file = self._network.ca_file if account is None or account.ca_file is None else account.ca_file
        return {
            "proxy": proxy_for(url.scheme, url.host or "", url.port, self._network, own),
            "ssl": True if ca_file is None or url.scheme == "http" else trusting(ca_file),
        }


def _session(connector: Connector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": user_agent(), "Accept-Encoding": "identity"},
        max_line_size=HEADER_LIMIT,
        max_field_size=HEADER_LIMIT,
        max_headers=HEADERS_LIMIT,
    )


@cache
def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_TIMEOUT)


def _parsed(link: str) -> URL:
    """Return an http(s) URL. Errors: Permanent for what is none."""
    try:
        url = URL(link, encoded=link.isascii())
        usable = url.scheme in ("http", "https") and bool(url.raw_host)
    except Exception:  # noqa: BLE001 - yarl fails at garbage in many ways, and none may end more than this call
        usable = False
    if not usable:
        raise Permanent(f"{link[:200]!r} is no http(s) URL")
    return url.with_path("/", keep_query=True) if url.raw_path == "/" else url  # it may have been written without


def _joined(link: str, location: str) -> str:
    """Return where a redirect leads, read as a link of an answer is. Errors: Permanent for what is no URL."""
    try:
        url = absolute(urljoin(link, location.strip()), link)
    except ValueError:
        url = None
    if url is None:
        raise Permanent(f"{location[:200]!r} is no http(s) URL")
    return url


async def _read(response: aiohttp.ClientResponse, limit: int, body: bytearray) -> None:
    """Read a body up to a limit, unpacked as it comes, so that a small packed body cannot fill the memory."""
    encoding = response.headers.get("Content-Encoding")
    unpacking = None if encoding is None else Unpacking(encoding)
    while chunk := await response.content.readany():
        for piece in (chunk,) if unpacking is None else unpacking.take(chunk):
            body += piece
            if len(body) > limit:
                response.close()
                raise ValueError(f"an answer of more than {limit >> 20} MiB")
    for piece in () if unpacking is None else unpacking.end():
        body += piece
