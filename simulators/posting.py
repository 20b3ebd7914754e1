"""How a simulator posts what its service has to tell: to this machine alone, beside the answers, never in their way."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
from yarl import URL

from .fetch import Loopback
from .service import Service
from .webhooks import Post

AT_A_TIME = 16
"""Posts that are open at a time; what else is due waits."""

LOOK = 0.005
"""Seconds between two looks at what is due, while anything is to be posted: the service's clock goes as it likes."""


class Posting:
    """The posts of one service, from the first one that it has to make until `stop`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._there = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Looks whether anything is to be posted; to be called when something may be."""
        if self._service.deliveries:
            self._there.set()
            self._work = self._work or asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends every post."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _run(self) -> None:
        connector = aiohttp.TCPConnector(resolver=Loopback(), force_close=True)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as http, asyncio.TaskGroup() as group:
            open_posts: set[asyncio.Task[None]] = set()
            while await self._there.wait():
                for post in self._service.due(AT_A_TIME - len(open_posts)):
                    open_posts.add(task := group.create_task(self._post(http, post)))
                    task.add_done_callback(open_posts.discard)
                if not self._service.deliveries and not open_posts:
                    self._there.clear()
                else:
                    await asyncio.sleep(LOOK)

    async def _post(self, http: aiohttp.ClientSession, post: Post) -> None:
        """One try; a redirect is not followed, and what is answered is not read."""
        status = None
        with contextlib.suppress(aiohttp.ClientError, OSError, ValueError):
            # As it is written: the caller may know each letter again.
            url, timeout = URL(post.url, encoded=True), aiohttp.ClientTimeout(total=post.within)
            sent = http.post(url, data=post.body, headers=post.headers, timeout=timeout, allow_redirects=False)
            async with sent as response:
                status = response.status
        self._service.posted(post, status)
