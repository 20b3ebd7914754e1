"""A server that knows no HTTP library: it reads requests, writes them down, and answers with the exact bytes given.

A `Site` is one port. What it answers is a `Reply`: bytes, and what becomes of the connection behind them. It runs in
the loop that starts it, or in a thread of its own (`in_thread`), so that commands of this process are served too.
"""

import asyncio
import contextlib
import json
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import attrs

KEEP, CLOSE, RESET, HANG = "keep", "close", "reset", "hang"
"""What becomes of a connection behind an answer."""


@attrs.frozen(kw_only=True)
class Reply:
    """Bytes, some of them after a pause (numbers are seconds), and what becomes of the connection."""

    data: Sequence[bytes | float]
    end: str = KEEP


@attrs.frozen(kw_only=True)
class Asked:
    """A request as it came; `connection` and `turn` say on which connection, and as its how manieth request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    turn: int

    @property
    def bare(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body or b"null")


Answering: TypeAlias = Callable[[Asked], Reply]


def as_bytes(body: Any) -> bytes:
    """Return a body as bytes: text as UTF-8, anything else as JSON."""
    return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()


def reply(
    body: Any = b"",
    status: int | str = 200,
    *,
    kind: str | None = "application/json",
    headers: Sequence[tuple[str, str]] = (),
    length: int | None = -1,
    end: str = KEEP,
    behind: bytes = b"",
) -> Reply:
    """Return an answer; `length` is what it says of its length (None: nothing), `behind` comes after it, unasked."""
    data = as_bytes(body)
    lines = [f"HTTP/1.1 {status}" + (" X" if isinstance(status, int) else "")]
    lines += [] if kind is None else [f"Content-Type: {kind}"]
    lines += [] if length is None else [f"Content-Length: {len(data) if length < 0 else length}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close"] if length is None or end == CLOSE else []
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return Reply(data=[head + data + behind], end=CLOSE if length is None and end == KEEP else end)


def chunked(body: bytes, *, whole: bool = True, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return an answer in chunks, which may lack its last one."""
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *(f"{name}: {value}" for name, value in headers), "", ""]
    data = "\r\n".join(lines).encode() + b"%x\r\n%s\r\n" % (len(body), body)
    return Reply(data=[data + (b"0\r\n\r\n" if whole else b"")], end=KEEP if whole else CLOSE)


class Site:
    """One port on this machine."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.host = host
        self.tls = tls
        self.port = 0
        self.answering: Answering = lambda _: reply({"error": "nothing is here"}, 404)
        self.asked: list[Asked] = []
        self.connections: dict[int, asyncio.StreamWriter] = {}
        self.open_connections = 0
        self.most_connections = 0
        self._number = 0
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: set[asyncio.Task[Any]] = set()

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> "Site":
        """Listen, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 24, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Stop listening, and drop every connection."""
        assert self._server is not None
        self._server.close()
        for serving in list(self._serving):
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def push(self, data: bytes, connection: int, *, end: str = KEEP) -> None:
        """Write bytes nobody asked for into a connection, from another thread; they are with the kernel then."""

        async def write() -> None:
            writer = self.connections.get(connection)
            if writer is not None:
                writer.write(data)
                if end == CLOSE:
                    writer.close()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(write(), self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        self._number += 1
        number, turn = self._number, 0
        self.connections[number] = writer
        self.open_connections += 1
        self.most_connections = max(self.most_connections, self.open_connections)
        try:
            while (asked := await _read(reader, number, turn := turn + 1)) is not None:
                self.asked.append(asked)
                if not await _answer(writer, self.answering(asked)):
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self.connections.pop(number, None)
            self._serving.discard(serving)
            writer.close()


async def _read(reader: asyncio.StreamReader, connection: int, turn: int) -> Asked | None:
    """Return the next request of a connection; None when there is none."""
    try:
        if (start := await reader.readexactly(1)) == b"\x16":  # the first byte of TLS, which is not spoken here
            return None
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = b""
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, headers=headers, body=body, connection=connection, turn=turn)


async def _answer(writer: asyncio.StreamWriter, answer: Reply) -> bool:
    """Send an answer, and return whether the connection goes on."""
    for part in answer.data:
        if isinstance(part, bytes):
            writer.write(part)
            await writer.drain()
        else:
            await asyncio.sleep(part)
    if answer.end == HANG:
        await asyncio.get_running_loop().create_future()
    if answer.end == RESET:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(_SOCKET, _LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return answer.end == KEEP


_SOCKET, _LINGER = 1, 13
"""SOL_SOCKET and SO_LINGER, to end a connection by a reset."""


class Thread:
    """Sites in a thread of their own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sites: list[Site] = []

    def site(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Site:
        """Open one more port."""
        site = Site(host, tls)
        asyncio.run_coroutine_threadsafe(site.start(), self._loop).result(10)
        self._sites.append(site)
        return site

    def clear(self) -> None:
        """Close every port."""
        while self._sites:
            asyncio.run_coroutine_threadsafe(self._sites.pop().stop(), self._loop).result(10)


@contextlib.contextmanager
def in_thread() -> Iterator[Thread]:
    """Run a loop for sites in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield (sites := Thread(loop))
        sites.clear()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
