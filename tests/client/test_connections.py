"""Connections: a stale answer is never read as another call's, whichever Python and aiohttp do the reading."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import pytest

from anymedia import Account, Client, read_config
from anymedia.errors import AnymediaError
from anymedia.translate.messages import Call, Lost
from anymedia.transport import connector
from anymedia.transport.connector import by_poll, by_select
from anymedia.transport.http import Progress, Transport

KEY = "planted-key-5f0c1d"
STALE = b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"id": "stale_task_1"}'


def answer(text: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


class Server:
    """A server of raw sockets in a thread of its own: it answers each request with the number of its connection."""

    def __init__(self, *, at_once: bytes = b"", first: bytes = b"") -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self.requests: list[tuple[int, bytes]] = []
        self.at_once, self.first, self.told = at_once, first, threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection, len(self.connections)), daemon=True).start()
        except OSError:
            return

    def _serve(self, connection: socket.socket, number: int) -> None:
        if self.first:
            connection.sendall(self.first)
            self.told.set()
        try:
            while request := connection.recv(1 << 16):
                self.requests.append((number, request))
                connection.sendall(answer(f'{{"connection": {number}}}') + self.at_once)
        except OSError:
            return

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections:
            connection.close()


@contextmanager
def serving(**how):
    server = Server(**how)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
async def transport():
    transport = Transport()
    yield transport
    await transport.close()


def account(origin) -> Account:
    data = {"providers": {"reapi": {"base_url": origin, "api_key_env": "K"}}}
    return read_config(data, {"K": KEY}).account("reapi")


async def asked(transport, server, method="GET", *, alone=False):
    call = Call(method=method, url=f"{server.origin}/", alone=alone)
    answer = await transport.send(account(server.origin), call, Progress())
    return json.loads(answer.body)["connection"]


async def test_a_connection_is_kept_between_looks(transport):
    with serving() as server:
        assert [await asked(transport, server) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("left", [STALE, STALE[:9], b"\r\n", b"garbage"])
async def test_a_connection_that_got_something_while_idle_is_never_used_again(transport, left):
    """The bytes lie in the socket: the event loop has had no turn to read them."""
    with serving() as server:
        assert await asked(transport, server) == 1
        server.connections[0].sendall(left)
        assert await asked(transport, server) == 2
        assert await asked(transport, server) == 2


@pytest.mark.parametrize("left", [STALE, STALE[:9], b"\r\n"])
async def test_nor_is_one_whose_stale_bytes_the_event_loop_has_read(transport, left):
    with serving() as server:
        assert await asked(transport, server) == 1
        server.connections[0].sendall(left)
        for _ in range(5):
            await asyncio.sleep(0)
        assert await asked(transport, server) == 2


async def test_nor_is_one_that_brought_two_answers_at_once(transport):
    with serving(at_once=STALE) as server:
        assert [await asked(transport, server) for _ in range(3)] == [1, 2, 3]


async def test_a_connection_that_the_server_has_ended_is_not_used_again(transport):
    with serving() as server:
        assert await asked(transport, server) == 1
        server.connections[0].shutdown(socket.SHUT_RDWR)
        assert await asked(transport, server) == 2


async def test_a_call_that_goes_alone_has_a_connection_of_its_own(transport):
    with serving() as server:
        numbers = [await asked(transport, server, "POST", alone=each) for each in (False, True, True, False)]
    assert numbers == [1, 2, 3, 1]


async def test_an_answer_before_the_question_is_none(transport, monkeypatch):
    with serving(first=STALE) as server:
        is_clean = connector._Handler.is_clean

        def later(handler):
            assert server.told.wait(9)
            return is_clean(handler)

        monkeypatch.setattr(connector._Handler, "is_clean", later)
        with pytest.raises(Lost, match="before it was asked") as caught:
            await asked(transport, server, "POST", alone=True)
    assert not caught.value.sent


async def test_a_submit_reads_no_answer_but_its_own(clock, request_):
    """A look leaves a stale answer behind; the submit that follows is not refused by it, nor accepted."""
    with serving() as server:
        config = read_config({"providers": {"reapi": {"base_url": server.origin, "api_key_env": "K"}}}, {"K": KEY})
        async with Client(config, clock=clock) as client:
            with pytest.raises(AnymediaError):
                await client.balance("reapi")
            server.connections[0].sendall(answer('{"error": {"code": 402}}', "402 Payment Required"))
            with pytest.raises(AnymediaError) as caught:
                await client.submit(request_)
    assert "402" not in str(caught.value)
    posts = [number for number, request in server.requests if request.startswith(b"POST")]
    assert len(posts) == 1
    assert posts != [1]


@pytest.mark.parametrize("is_readable", [by_poll, by_select])
def test_a_socket_is_readable_when_something_came_or_it_ended(is_readable):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not is_readable(ours.fileno())
        theirs.send(b"x")
        assert is_readable(ours.fileno())
        ours.recv(1)
        theirs.shutdown(socket.SHUT_WR)
        assert is_readable(ours.fileno())
