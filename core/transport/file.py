"""A file as it is answered: its bytes, piece by piece, unpacked and at a pace."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp

from anymedia.translate.messages import Lost

from .reasons import is_permanent, reason
from .unpack import Unpacking

SILENCE = 60.0
"""Seconds in which something has to come, unless less is allowed."""

LEAST = 1 << 10
"""Bytes of a file that have to come in a second, over each such time."""


class File:
    """A result file that is being read: `status`, `headers` (names in lower case), and its bytes in `chunks`.

    `framed`: its answer says where it ends, so that its end is known to have come; `length` is what it says of its
    length in bytes, 0 where it says nothing; `packed` the packing that it names and that cannot be undone here; `came`
    counts the bytes that have come, packed as they are. It may send nothing for `silence` seconds.
    """

    def __init__(self, response: aiohttp.ClientResponse, silence: float = SILENCE) -> None:
        self._response = response
        self._silence = silence
        self.came: int = 0
        self.status: int = response.status
        self.headers: Mapping[str, str] = plain(response.headers)
        self.length: int = response.content_length or 0
        self._unpacking = Unpacking(self.headers.get("content-encoding", ""))
        self.packed: str | None = self._unpacking.unreadable
        self.framed: bool = "content-length" in self.headers or "transfer-encoding" in self.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come, unpacked. Errors: Lost, also when they come too slowly."""
        try:
            async for chunk in self._paced():
                for piece in self._unpacking.take(chunk):
                    yield piece
            for piece in self._unpacking.end():
                yield piece
            return
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = Lost(reason(error), sent=True, status=self.status, permanent=is_permanent(error))
        raise lost

    async def _paced(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Errors: TimeoutError, ValueError when they come too slowly."""
        now = asyncio.get_running_loop().time
        since, before = now(), 0
        async for chunk in self._response.content.iter_any():
            self.came += len(chunk)
            yield chunk
            if now() - since >= self._silence:
                if (came := self.came - before) < LEAST * self._silence:
                    raise ValueError(f"it came too slowly: {came} bytes in {now() - since:.0f} s")
                since, before = now(), self.came


def plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
