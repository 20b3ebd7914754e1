"""MP4, MOV and M4A, AVIF and HEIC: what their boxes say of tracks, pictures and length."""

from collections.abc import Iterator, Mapping

from .format import Format
from .recognise import as_sound
from .tree import boxes, inside, times
from .window import HEAD, Piece, Window


def iso(window: Window, found: Format) -> Format:
    """Return an ISO file with its pixels and seconds; one that holds sound and no film is told as such."""
    for box in boxes(window, 0, window.size):
        if box.kind == b"moov":
            found = _movie(window, box, found)
        elif box.kind == b"meta" and found.width is None:
            found = found.sized(*_picture(window, box))
    return found


def _movie(window: Window, moov: Piece, found: Format) -> Format:
    kinds: set[bytes] = set()
    lengths: list[float] = []
    for media in inside(window, moov, b"trak", b"mdia"):
        kind = next((window.take(each.begin + 8, 4) for each in inside(window, media, b"hdlr")), b"")
        kinds.add(kind)
        for entries in inside(window, media, b"minf", b"stbl", b"stsd"):
            if kind == b"vide" and found.width is None:
                found = found.sized(window.number(entries.begin + 40, 2), window.number(entries.begin + 42, 2))
    if b"soun" in kinds and b"vide" not in kinds:
        found = as_sound(found)
    # A film that begins anew at its end has no length of its own: its tracks have.
    for way in ((b"mvhd",), (b"trak", b"mdia", b"mdhd")):
        lengths += () if any(lengths) else (_seconds(*times(window, header)) for header in inside(window, moov, *way))
    if next(inside(window, moov, b"mvex"), None):
        lengths += _fragments(window, moov)
    return found if window.spent else found.lasting(max(lengths, default=0))


def _seconds(amount: int, rate: int) -> float:
    return amount / rate if rate else 0


# Films in fragments, as they are streamed: each fragment tells how long its samples last.


def _fragments(window: Window, moov: Piece) -> Iterator[float]:
    """Yield the length that is said for all fragments, and the seconds at which each track ends in each of them."""
    for header in inside(window, moov, b"mvex", b"mehd"):
        size = 8 if window.number(header.begin, 1) == 1 else 4
        rates = [times(window, each)[1] for each in inside(window, moov, b"mvhd")]
        yield from (_seconds(window.number(header.begin + 4, size), rate) for rate in rates)
    rate_of, usual = dict(_rates(window, moov)), dict(_usual(window, moov))
    ends: dict[int, int] = {}
    for moof in boxes(window, moov.end, window.size):
        if moof.kind == b"moof":
            for track in inside(window, moof, b"traf"):
                for number, end in _ends(window, track, usual, ends):
                    ends[number] = end
                    yield _seconds(end, rate_of.get(number, 0))


def _rates(window: Window, moov: Piece) -> Iterator[tuple[int, int]]:
    """Yield the number of each track, and its units a second."""
    for track in inside(window, moov, b"trak"):
        for header in inside(window, track, b"tkhd"):
            at = header.begin + (20 if window.number(header.begin, 1) == 1 else 12)
            for media in inside(window, track, b"mdia", b"mdhd"):
                yield window.number(at, 4), times(window, media)[1]


def _usual(window: Window, moov: Piece) -> Iterator[tuple[int, int]]:
    """Yield the number of each track, and how long its samples last by default."""
    for box in inside(window, moov, b"mvex", b"trex"):
        yield window.number(box.begin + 4, 4), window.number(box.begin + 12, 4)


def _ends(window: Window, track: Piece, usual: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the number of a track, and when it ends in one fragment: it begins where it says, or ended before."""
    for header in inside(window, track, b"tfhd"):
        flags, number = window.number(header.begin + 1, 3), window.number(header.begin + 4, 4)
        at = header.begin + 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
        each = window.number(at, 4) if flags & 0x8 else usual.get(number, 0)
        begins = (
            window.number(time.begin + 4, 8 if window.number(time.begin, 1) == 1 else 4)
            for time in inside(window, track, b"tfdt")
        )
        lasts = sum(_run(window, run, each) for run in inside(window, track, b"trun"))
        yield number, next(begins, ends.get(number, 0)) + lasts


def _run(window: Window, run: Piece, each: int) -> int:
    """Return how long the samples of a run last."""
    flags, count = window.number(run.begin + 1, 3), window.number(run.begin + 4, 4)
    if not flags & 0x100:
        return count * each
    at = run.begin + 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = sum(4 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    return sum(window.number(place, 4) for place in range(at, min(at + count * step, run.end), step))


# Pictures: the item that is shown has properties, one of which is its size.


def _picture(window: Window, meta: Piece) -> tuple[int, int]:
    """Return the pixels of the picture that is shown."""
    inner = Piece(meta.kind, meta.begin + 4, meta.end)
    shown = next((_shown(window, box) for box in inside(window, inner, b"pitm")), 0)
    for table in inside(window, inner, b"iprp", b"ipma"):
        numbers = _properties(window, table, shown)
        for store in inside(window, inner, b"iprp", b"ipco"):
            for number, box in enumerate(boxes(window, store.begin, store.end), 1):
                if box.kind == b"ispe" and number in numbers:
                    return window.number(box.begin + 4, 4), window.number(box.begin + 8, 4)
    return 0, 0


def _shown(window: Window, box: Piece) -> int:
    return window.number(box.begin + 4, 4 if window.number(box.begin, 1) else 2)


def _properties(window: Window, table: Piece, item: int) -> set[int]:
    """Return the numbers of an item's properties, of a table that says them for every item."""
    data = window.take(table.begin, min(table.end - table.begin, HEAD))
    name, wide = (4 if data[:1] > b"\0" else 2), 2 if data[3:4] and data[3] & 1 else 1
    at = 8
    while at + name < len(data):
        count, begin = data[at + name], at + name + 1
        number, at_end = int.from_bytes(data[at : at + name], "big"), begin + count * wide
        if number == item:
            places = (data[each : each + wide] for each in range(begin, at_end, wide))
            return {int.from_bytes(each, "big") & ((1 << 8 * wide - 1) - 1) for each in places}
        at = at_end
    return set()
