"""How a simulator fetches the inputs that lie on this machine; it goes nowhere else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .inputs import MEGABYTE, Fetched, is_loopback

CHUNK = 1 << 16


class Loopback(AbstractResolver):
    """Finds this machine under its own name, and no other machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See AbstractResolver. Raises OSError for another host."""
        if not is_loopback(host):
            raise OSError(f"{host} is not this machine")
        return [_address("127.0.0.1", port, socket.AF_INET), _address("::1", port, socket.AF_INET6)]

    async def close(self) -> None:
        """Nothing is open."""


def _address(host: str, port: int, family: socket.AddressFamily) -> ResolveResult:
    return ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)


class Room:
    """The bytes that are left for all that one request names."""

    def __init__(self, megabytes: float) -> None:
        self.megabytes = megabytes
        self.left: float = megabytes * MEGABYTE


async def fetched(links: Sequence[str], megabytes: float, seconds: float) -> dict[str, Fetched]:
    """What is at some links of this machine, all of them together of so many megabytes, and within so many seconds.

    A redirect is not followed: it might lead elsewhere.
    """
    room = Room(megabytes)
    timeout = aiohttp.ClientTimeout(total=seconds)
    connector = aiohttp.TCPConnector(resolver=Loopback(), force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        found = await asyncio.gather(*(_fetched(http, link, room) for link in links))
    return dict(zip(links, found, strict=True))


async def _fetched(http: aiohttp.ClientSession, link: str, room: Room) -> Fetched:
    try:
        # As it is written: a signature may cover each letter.
        async with http.get(URL(link, encoded=True), allow_redirects=False) as response:
            if response.status != 200:
                return Fetched(why=f"it answered {response.status}")
            content = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                room.left -= len(chunk)
                if room.left < 0:
                    return Fetched(why=f"it has more than {room.megabytes:g} MB")
                content += chunk
            return Fetched(bytes(content))
    except TimeoutError:
        return Fetched(why="it did not come in time")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Fetched(why=str(error) or type(error).__name__)
