"""Sixel: bands of six lines, each colour of a band drawn by itself."""

import re
from collections.abc import Iterator, Sequence

BAND = 6
"""Lines of a band: one bit of a letter for each."""

FIRST = 63
"""The letter of six empty pixels; the bits are added to it."""

_RUN = re.compile(r"(.)\1{3,}")


def sixel(width: int, height: int, palette: Sequence[tuple[int, int, int]], pixels: bytes) -> str:
    """Return what shows a picture: each pixel is the number of a colour of the palette, whose parts go to 255."""
    colours = "".join(f"#{number};2;{_percents(colour)}" for number, colour in enumerate(palette))
    bands = (pixels[top * width : (top + BAND) * width] for top in range(0, height, BAND))
    drawn = "-".join("$".join(_band(width, band)) for band in bands)
    return f'\x1bP0;1;0q"1;1;{width};{height}{colours}{drawn}\x1b\\'


def _percents(colour: tuple[int, int, int]) -> str:
    return ";".join(str(round(part * 100 / 255)) for part in colour)


def _band(width: int, band: bytes) -> Iterator[str]:
    """Yield each colour of a band with its letters, those that repeat as a number and one of them."""
    drawn: dict[int, bytearray] = {}
    for at, colour in enumerate(band):
        line, column = divmod(at, width)
        drawn.setdefault(colour, bytearray([FIRST] * width))[column] += 1 << line
    for colour, letters in drawn.items():
        yield f"#{colour}" + _RUN.sub(lambda run: f"!{len(run[0])}{run[1]}", letters.decode().rstrip(chr(FIRST)))
