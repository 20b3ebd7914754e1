"""A body that is read from a file while it is sent, so that no large one stands in memory."""

import asyncio
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from anymedia.translate.messages import Stream


def payload(body: bytes | Stream | None) -> Any:
    """Return a body as aiohttp sends it."""
    return Streamed(body) if isinstance(body, Stream) else body


class Streamed(aiohttp.Payload):
    """A stream as a body; it can be written again from its beginning."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._size = stream.length
        self._stream = stream

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Raises TypeError: it is bytes, and not all of them are at hand."""
        raise TypeError("a stream is not read as text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it; files are read in a thread. Errors: Unreadable."""
        for piece in self._stream.pieces:
            if isinstance(piece, bytes):
                await writer.write(piece)
                continue
            chunks = piece.chunks()
            while chunk := await asyncio.to_thread(next, chunks, b""):
                await writer.write(chunk)
