"""One HTTP server over one service: turns requests into data and answers into bytes, or into none."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from email.utils import formatdate
from tempfile import TemporaryFile

from aiohttp import web
from attrs import evolve

from .fetch import fetched
from .flood import Flood
from .message import Request, Response
from .posting import Posting
from .service import Service
from .work import Work

LONGEST_BODY = 10 * 1024 * 1024
"""Bytes of a request that brings no files."""

LARGE_AT_A_TIME = 2
"""Requests that are longer, or whose inputs are fetched, that are in memory at a time; the others wait."""

PIECE = 1 << 18
"""Bytes of a file that are sent at a time."""

STEP = 0.25
"""Seconds after which more of a slow file is sent."""

Sleep = Callable[[float], Awaitable[object]]

BODY_SECONDS = 300.0
"""How long a request may take to come."""


class Server:
    """A service on a socket, from `start` to `stop`."""

    def __init__(self, service: Service, sleep: Sleep = asyncio.sleep) -> None:
        self.service = service
        self._sleep = sleep
        self._stopping = asyncio.Event()
        self._large = asyncio.Semaphore(LARGE_AT_A_TIME)
        self._posting = Posting(service)
        # A handler ends when its client goes away, so that no held answer outlives its connection.
        self._runner = web.AppRunner(self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=1)

    async def start(self, host: str, port: int) -> str:
        """Listens, at any free port for 0, and answers the base URL. Raises OSError when the port is taken."""
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, host, port)
            await site.start()
        except BaseException:
            await self.stop()
            raise
        bound = self._runner.addresses[0][1]
        self.service.base_url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        return self.service.base_url

    async def stop(self) -> None:
        """Lets held answers go, posts no more, and closes every connection."""
        self._stopping.set()
        try:
            await self._posting.stop()
        finally:
            await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        request = Request(http.method, http.path, http.query, http.headers)
        async with contextlib.AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await self._body(http, self.service.room(request) or LONGEST_BODY, turn)
            except web.HTTPRequestEntityTooLarge as wrong:
                return web.Response(status=413, text=f"{wrong.text}\n")
            except web.RequestPayloadError as wrong:
                return web.Response(status=400, text=f"{wrong}\n")
            except TimeoutError:
                return web.Response(status=408, text=f"the request took more than {BODY_SECONDS:g} s\n")
            response = await self._answer(evolve(request, body=body), turn)
        return await self._sent(http, evolve(response, headers=self._dated(response.headers)))

    def _dated(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers with the time on the service's own clock, unless they name one."""
        told = any(name.lower() == "date" for name in headers)
        return headers if told else {"Date": formatdate(self.service.clock(), usegmt=True), **headers}

    async def _body(self, http: web.Request, most: float, turn: contextlib.AsyncExitStack) -> bytes:
        """The body; one that is long takes its turn, so that not many of them are in memory."""
        body, waits = bytearray(), True
        async for chunk in http.content.iter_any():
            if len(body) + len(chunk) > most:
                raise web.HTTPRequestEntityTooLarge(most, len(body) + len(chunk), text=f"more than {most:.0f} bytes")
            body += chunk
            if waits and len(body) > LONGEST_BODY:
                await turn.enter_async_context(self._large)
                waits = False
        return bytes(body)

    async def _answer(self, request: Request, turn: contextlib.AsyncExitStack) -> Response:
        """The answer of the service, once what it wants of this machine has been fetched."""
        response = self.service.answer(request)
        if response.wanted:
            if len(request.body) <= LONGEST_BODY:
                await turn.enter_async_context(self._large)
            found = await fetched(response.wanted, self.service.upload_megabytes, self.service.fetch_seconds)
            response = self.service.answer(evolve(request, fetched=found))
        self._posting.wake()
        return response

    async def _pause(self, seconds: float) -> None:
        """Waits, but no longer than the server runs."""
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _sent(self, http: web.Request, response: Response) -> web.StreamResponse:
        if response.delay and response.delivery in ("whole", "cut"):
            await self._pause(response.delay)
        match response.delivery:
            case "reset":
                return _reset(http)
            case "held":
                await (self._stopping.wait() if response.seconds is None else self._pause(response.seconds))
                return _reset(http)
            case "late":
                await self._pause(response.seconds or 0.0)
                return await self._sent(http, evolve(response, delivery="whole"))
            case "cut":
                return await self._cut(http, response)
            case "whole" if isinstance(response.content, Flood):
                return await self._flooded(http, response, response.content)
            case "whole" if isinstance(response.content, Work):
                return await self._drawn(http, response, response.content)
            case _:
                body = await _body(response)
                if response.served is not None:
                    response.served.sent += len(body)
                return web.Response(status=response.status, headers=response.headers, body=body)

    async def _cut(self, http: web.Request, response: Response) -> web.StreamResponse:
        """Half of the body, then the end of the connection."""
        body = await _body(response)
        half = web.StreamResponse(
            status=response.status, headers={**response.headers, "Content-Length": str(len(body) + 1)}
        )
        await half.prepare(http)
        with contextlib.suppress(ConnectionError):
            async for piece in self._paced(response, [body[: len(body) // 2]]):
                await half.write(piece)
        if http.transport is not None:
            http.transport.close()
        return half

    async def _drawn(self, http: web.Request, response: Response, work: Work) -> web.StreamResponse:
        """What a task made, drawn beside the event loop into a file, so that many long films take no memory."""
        with TemporaryFile(prefix="anymedia-") as file:
            drawing = asyncio.get_running_loop().run_in_executor(None, work.write, file)
            try:
                await asyncio.shield(drawing)
            except asyncio.CancelledError:  # the client is gone; the file is closed once nobody writes to it any more
                await asyncio.wait([drawing])
                raise
            headers = {**response.headers, "Content-Length": str(file.tell())}
            file.seek(0)
            pieces = iter(lambda: file.read(PIECE), b"")
            return await self._streamed(http, evolve(response, headers=headers), pieces)

    async def _flooded(self, http: web.Request, response: Response, flood: Flood) -> web.StreamResponse:
        """A body of any length, whose beginning is drawn beside the event loop."""
        flood = await asyncio.to_thread(flood.drawn)
        told = {"Content-Length": str(flood.length())} if flood.tells and not flood.gzipped else {}
        return await self._streamed(http, evolve(response, headers={**response.headers, **told}), flood.chunks())

    async def _streamed(self, http: web.Request, response: Response, pieces: Iterable[bytes]) -> web.StreamResponse:
        """Piece by piece, until the client has them all or goes away; of a HEAD, the headers."""
        stream = web.StreamResponse(status=response.status, headers=response.headers)
        await stream.prepare(http)
        with contextlib.suppress(ConnectionError):
            async for piece in self._paced(response, pieces if http.method != "HEAD" else ()):
                await stream.write(piece)
            if response.served is not None:  # before its end, which the client may act upon at once
                response.served.whole += response.content == response.served.work
            await stream.write_eof()
        return stream

    async def _paced(self, response: Response, pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
        """The pieces at the rate of the answer, and counted."""
        step = None if response.rate is None else max(1, int(response.rate * STEP))
        for piece in pieces:
            for start in range(0, len(piece), step or len(piece) or 1):
                part = piece if step is None else piece[start : start + step]
                if response.rate is not None:
                    await self._pause(len(part) / response.rate)
                yield part
                if response.served is not None:
                    response.served.sent += len(part)


async def _body(response: Response) -> bytes:
    """The body, drawn beside the event loop."""
    if isinstance(response.content, bytes):
        return response.content
    return await asyncio.to_thread(lambda: response.body)


def _reset(http: web.Request) -> web.StreamResponse:
    """A true TCP reset: with no time to linger, closing sends RST in place of FIN."""
    if http.transport is not None:
        opened: socket.socket | None = http.transport.get_extra_info("socket")
        if opened is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        http.transport.abort()
    return web.Response()  # goes nowhere
