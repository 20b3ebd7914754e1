"""Bodies that arrive packed, though nobody asked for that: unpacked piece by piece, so that none fills the memory."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zlib import _Decompress

PIECE = 1 << 20
"""Bytes that are unpacked at a time, at most."""

EMPTY = 100
"""Packed bodies without a byte in them that may stand one behind the other."""

_UNREADABLE = ("br", "zstd", "compress", "x-compress")


class Unpacking:
    """The way from the bytes of a body, as they come, to what they hold.

    A word of the Content-Encoding that names no packing (`identity`, `aws-chunked`, `utf-8`, …) leaves the bytes as
    they are, and so does one that cannot be undone here, which `unreadable` names: the word may be wrong.
    """

    def __init__(self, encoding: str) -> None:
        words = [each.strip().lower() for each in encoding.split(",")]
        self.unreadable: str | None = next((word for word in words if word in _UNREADABLE), None)
        # What was packed last is unpacked first.
        packed = [] if self.unreadable else [_WINDOWS[word] for word in reversed(words) if word in _WINDOWS]
        self._steps = [_Step(window) for window in packed]

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what more bytes hold. Errors: ValueError for what cannot be unpacked."""
        return _through(self._steps, chunk)

    def end(self) -> Iterator[bytes]:
        """Yield what was held back for more to come. Errors: ValueError where more should have come."""
        for number, step in enumerate(self._steps, 1):
            yield from _through(self._steps[number:], step.end())


def _through(steps: "Sequence[_Step]", chunk: bytes) -> Iterator[bytes]:
    if not steps:
        yield chunk
        return
    for piece in steps[0].take(chunk):
        yield from _through(steps[1:], piece)


class _Step:
    """One packing, which `window` chooses by the first two bytes; what is not packed at all goes through as it is."""

    def __init__(self, window: Callable[[bytes], int | None]) -> None:
        self._window = window
        self._held = b""
        self._unpack: _Decompress | None = None
        self._plain = False
        self._was_packed = False
        self._empty = 0

    def take(self, chunk: bytes) -> Iterator[bytes]:
        chunk, self._held = self._held + chunk, b""
        while chunk:
            if self._unpack is None and len(chunk) < 2:
                self._held = chunk
                return
            self._unpack = self._unpack or self._begun(chunk[:2])
            if self._unpack is None:
                if not self._was_packed:  # else it fills up what was packed
                    yield chunk
                return
            held = False
            for piece in _pieces(self._unpack, chunk):
                held = held or bool(piece)
                yield piece
            chunk = self._unpack.unused_data
            self._empty = 0 if held else self._empty + self._unpack.eof
            if self._empty > EMPTY:
                raise ValueError("it is packed, and holds nothing")
            if self._unpack.eof:  # the next packed one may stand right behind
                self._unpack, self._was_packed = None, True

    def _begun(self, head: bytes) -> "_Decompress | None":
        window = None if self._plain else self._window(head)
        self._plain = window is None or (self._was_packed and self._window is _deflate)
        return None if self._plain or window is None else zlib.decompressobj(window)

    def end(self) -> bytes:
        if self._unpack is not None:
            raise ValueError("it is packed, and ends in the middle")
        return b"" if self._was_packed else self._held


def _pieces(unpack: "_Decompress", chunk: bytes) -> Iterator[bytes]:
    try:
        while not unpack.eof:
            piece = unpack.decompress(chunk, PIECE)
            yield piece
            chunk = unpack.unconsumed_tail
            if not chunk and len(piece) < PIECE:
                return
    except zlib.error as error:
        raise ValueError(f"it cannot be unpacked: {error}") from None


def _gzip(head: bytes) -> int | None:
    """Return how zlib reads what is said to be gzip; None where it is not."""
    return zlib.MAX_WBITS | 16 if head == b"\x1f\x8b" else None


def _deflate(head: bytes) -> int:
    """Return how zlib reads what is said to be deflate: with zlib's own header, or without one."""
    return zlib.MAX_WBITS if head[0] & 15 == 8 and int.from_bytes(head, "big") % 31 == 0 else -zlib.MAX_WBITS


_WINDOWS: dict[str, Callable[[bytes], int | None]] = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate}
