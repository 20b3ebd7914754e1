"""Bodies of any length that cost next to nothing to make: they are sent in pieces and never held in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from attrs import frozen

PIECE = b"0" * (1 << 20)


@frozen
class Flood:
    """`size` bytes of zeros (the digit) between `head` and `tail`; gzipped, they cross the wire as a thousandth."""

    size: int
    head: bytes = b""
    tail: bytes = b""
    gzipped: bool = False

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece."""
        return self._packed() if self.gzipped else self._plain()

    def _plain(self) -> Iterator[bytes]:
        yield self.head
        whole, rest = divmod(self.size, len(PIECE))
        for _ in range(whole):
            yield PIECE
        yield PIECE[:rest] + self.tail

    def _packed(self) -> Iterator[bytes]:
        """One valid gzip stream: after a full flush a packed piece stands alone, so it is made once and repeated."""
        checksum, length, packed = 0, 0, b""
        yield b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # RFC 1952: magic, deflate, no flags, no time, any system
        for piece in self._plain():
            if piece is not PIECE or not packed:
                deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
                made = deflate.compress(piece) + deflate.flush(zlib.Z_FULL_FLUSH)
                packed = made if piece is PIECE else packed
            else:
                made = packed
            checksum, length = zlib.crc32(piece, checksum), length + len(piece)
            yield made
        last = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()
        yield last + checksum.to_bytes(4, "little") + (length % (1 << 32)).to_bytes(4, "little")
