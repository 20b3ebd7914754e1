"""The boxes of which an ISO file is a tree."""

from collections.abc import Iterator

from .window import Piece, Window


def boxes(window: Window, begin: int, end: int) -> Iterator[Piece]:
    """Yield the boxes between two places of a file."""
    at = begin
    while at + 8 <= end and len(head := window.take(at, 16)) >= 8:
        size, content = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, content = int.from_bytes(head[8:], "big"), at + 16
        elif size == 0:  # up to the end
            size = end - at
        if size < content - at or content > end:
            return
        yield Piece(head[4:8], content, min(at + size, end))
        at += size


def inside(window: Window, outer: Piece, *way: bytes) -> Iterator[Piece]:
    """Yield the boxes that are found inside another by a way of kinds."""
    kind, *rest = way
    for box in boxes(window, outer.begin, outer.end):
        if box.kind == kind:
            yield from inside(window, box, *rest) if rest else (box,)


def times(window: Window, box: Piece) -> tuple[int, int]:
    """Return the duration that a header says, and its units a second; 0 for a duration that is left open."""
    long = window.number(box.begin, 1) == 1
    size = 8 if long else 4
    at = box.begin + (20 if long else 12)
    rate, amount = window.number(at, 4), window.number(at + 4, size)
    return (0 if amount == (1 << 8 * size) - 1 else amount), rate
