"""Connections: told to the call just before its bytes leave, and never used again once something came unasked."""

import select
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

import aiohttp
import attrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from anymedia.translate.messages import Lost, Progress


@attrs.define
class Sending:
    """One sending of a call, and whether it had a connection."""

    progress: Progress
    connected: bool = False


sending: ContextVar[Sending | None] = ContextVar("sending", default=None)
"""The call that the running task sends; a file is fetched without."""


class _Handler(ResponseHandler):
    """The reading end of a connection, which counts what it has received."""

    received = 0
    at_rest: int | None = None
    """What it had received when its last answer was over; None for a new connection."""

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)

    def rest(self) -> None:
        """Take note that the answer is over."""
        self.at_rest = self.received

    def is_clean(self) -> bool:
        """Return whether nothing has come unasked: it would be read as the answer to the next call."""
        transport: Any = self.transport
        if self.received != (self.at_rest or 0) or transport is None:
            return False
        # A new TLS connection may hold bytes that are not the server's words yet.
        return (self.at_rest is None and transport.get_extra_info("ssl_object") is not None) or not _has_more(transport)


def _has_more(transport: Any) -> bool:
    """Return whether something has arrived at a socket (its end too) that the event loop has not read yet."""
    return _is_readable(transport.get_extra_info("socket").fileno())


def by_poll(socket: int) -> bool:
    """Return whether a socket can be read from at once: at a fourth of what a selector costs, and each call asks."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


def by_select(socket: int) -> bool:
    """Do as `by_poll` where the system has no poll."""
    return bool(select.select([socket], [], [], 0)[0])


_is_readable = by_poll if hasattr(select, "poll") else by_select


class Connector(aiohttp.TCPConnector):
    """A connector that tells the call when it has its connection: the last moment before the bytes leave.

    With `force_close` each connection is a new one, and is used once.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        handler: type[ResponseHandler] = _Handler
        self._factory = partial(handler, loop=self._loop)

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Return a connection on which nothing has come unasked, and tell the call.

        Errors: aiohttp's; Lost where the call is not to be sent any more.
        """
        call = sending.get()
        if call is not None and call.connected:
            # aiohttp would send a GET a second time by itself, behind the permit that is held for one.
            raise aiohttp.ServerDisconnectedError
        while True:
            connection = await super().connect(req, traces, timeout)
            handler = cast("_Handler", connection.protocol)
            if handler.is_clean():
                break
            connection.close()
            if handler.at_rest is None:
                raise aiohttp.ClientConnectionError("it answered, or hung up, before it was asked")
        connection.add_callback(handler.rest)
        if call is not None:
            if not call.progress.stands():
                connection.release()
                raise _lapsed()
            call.connected = call.progress.connected = True
        return connection


def _lapsed() -> Lost:
    lost = Lost("it was not to be sent any more", sent=False, permanent=True)
    lost.lapsed = True
    return lost
