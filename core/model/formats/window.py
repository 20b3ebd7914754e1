"""A view of a file that reads no more than so much of it, whatever the file says of itself."""

import io
from typing import BinaryIO, Literal

import attrs

PAGE = 4096
"""Bytes that are read at a time."""

MOST_PAGES = 4096
"""Reads of one view at most: 16 MiB of any file."""

MOST_LOOKS = 1 << 17
"""Times that something is looked at in one view: what is read is no more than this many small things."""

HEAD = 1 << 16
"""Bytes that are looked at at once, at most."""


@attrs.frozen
class Piece:
    """One piece of a file: its kind, and where its content begins and ends."""

    kind: bytes
    begin: int
    end: int


class Window:
    """A file from which a few bytes here and there are taken; `size` is its length in bytes.

    What is asked for beyond the end of the file, or beyond the bounds of the view, is not there: less is returned, or
    nothing, and `spent` tells the second from the first. Errors: OSError, as the file itself has them.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.size: int = file.seek(0, io.SEEK_END)
        self.spent: bool = False
        self._file = file
        self._page, self._number = b"", -1
        self._pages, self._looks = MOST_PAGES, MOST_LOOKS

    def take(self, at: int, size: int) -> bytes:
        """Return `size` bytes from a place on, at most HEAD."""
        size = min(size, HEAD)
        found = self._from(at)[:size]
        while found and len(found) < size and (more := self._from(at + len(found))):
            found += more[: size - len(found)]
        return found

    def number(self, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
        """Return the whole number of at most 8 bytes that is written somewhere; 0 where the file has ended."""
        written = self.take(at, size) if size <= 8 else b""
        return int.from_bytes(written, order) if len(written) == size else 0

    def _from(self, at: int) -> bytes:
        """Return the rest of the page on which a place is."""
        number, begin = divmod(at, PAGE)
        self._looks -= 1
        if self._looks < 0 or (number != self._number and not self._turned(number)):
            self.spent = True
            return b""
        return self._page[begin:]

    def _turned(self, number: int) -> bool:
        """Read a page; return whether that was still within the bound."""
        self._pages -= 1
        if self._pages < 0:
            return False
        # A file says where it goes on with 64 bits, which are more than a file can be asked for.
        at = number * PAGE
        self._page, self._number = b"", number
        if at < self.size:
            self._file.seek(at)
            self._page = self._file.read(PAGE)
        return True
