"""The server that both sides of the benchmark call: it accepts anything, and a task is done at the second look.

    python benchmarks/server.py [SECONDS]

Each answer comes after so many seconds; 0 unless told.
"""

import asyncio
import itertools
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
PENDING = b'{"id":"%b","model":"flux-2","status":"processing","created_at":1735000000}'
DONE = (
    b'{"id":"%b","model":"flux-2","status":"completed","created_at":1735000000,'
    b'"output":{"image_urls":["https://cdn.example/media/tasks/%b/0.jpg"]},"error":null,"usage":{"credits":28}}'
)


DELAY = float(sys.argv[1]) if sys.argv[1:] else 0.0


class Provider(asyncio.Protocol):
    """Enough HTTP for one client that is known: whole requests, with a Content-Length where there is a body."""

    numbers = itertools.count()
    seen: set[bytes] = set()  # noqa: RUF012 - shared by all connections

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n")[1:]:
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.answer(head.split(b" ", 2)[1] if head.startswith(b"GET") else b"")

    def answer(self, path: bytes) -> None:
        """Answer a submit ("") or a look."""
        task = path.rpartition(b"/")[2] or b"task_%032d" % next(self.numbers)
        if path in self.seen:
            self.seen.discard(path)
            body = DONE % (task, task)
        else:
            body = PENDING % task
            if path:
                self.seen.add(path)
        answer = ANSWER % (len(body), body)
        if DELAY:
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, answer)  # type: ignore[attr-defined]
        else:
            self.transport.write(answer)  # type: ignore[attr-defined]


async def main() -> None:
    """Serve until the end, after printing the port."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
