"""Bodies of any length that cost next to nothing to make: they are sent in pieces and never held in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache

from attrs import evolve, frozen

from .work import Work

PIECE = b"0" * (1 << 20)


@frozen
class Flood:
    """`size` bytes of zeros (the digit) between `head` and `tail`; gzipped, they cross the wire as a thousandth.

    `head` may be a work, which is drawn when it is sent; `tells`: the answer says how long it is.
    """

    size: int
    head: bytes | Work = b""
    tail: bytes = b""
    gzipped: bool = False
    tells: bool = False

    def drawn(self) -> Flood:
        """The same with a head of bytes, which takes up to some seconds to draw."""
        return evolve(self, head=self._head())

    def length(self) -> int:
        """How many bytes it has, before it is gzipped."""
        return len(self._head()) + self.size + len(self.tail)

    def _head(self) -> bytes:
        return self.head if isinstance(self.head, bytes) else self.head.draw()

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece."""
        return self._packed() if self.gzipped else self._plain()

    def _plain(self) -> Iterator[bytes]:
        yield self._head()
        whole, rest = divmod(self.size, len(PIECE))
        for _ in range(whole):
            yield PIECE
        yield PIECE[:rest] + self.tail

    def _packed(self) -> Iterator[bytes]:
        """One valid gzip stream: after a full flush a packed piece stands alone, so it is made once and repeated."""
        whole, rest = divmod(self.size, len(PIECE))
        head, packed, last = self._head(), _deflated(PIECE), PIECE[:rest] + self.tail
        yield b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # RFC 1952: magic, deflate, no flags, no time, any system
        yield _deflated(head)
        for _ in range(whole):
            yield packed
        yield _deflated(last) + zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()
        checksum = zlib.crc32(last, _checksum(zlib.crc32(head), whole))
        length = len(head) + self.size + len(self.tail)
        yield checksum.to_bytes(4, "little") + (length % (1 << 32)).to_bytes(4, "little")


def _deflated(piece: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(piece) + deflate.flush(zlib.Z_FULL_FLUSH)


@lru_cache
def _checksum(before: int, whole: int) -> int:
    """The checksum of so many pieces behind what has another: to sum up takes longer than to send."""
    for _ in range(whole):
        before = zlib.crc32(PIECE, before)
    return before
