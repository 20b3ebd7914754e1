"""Half blocks: two pixels a cell, the upper one as the colour of a letter and the lower one as its background."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

HALF = "▀"

PIXEL = 3
"""Bytes of a pixel: red, green and blue."""


def blocks(width: int, pixels: bytes) -> "Iterator[Text]":
    """Yield the lines of a picture of so many columns, whose number of lines is even."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    line = width * PIXEL
    for top in range(0, len(pixels), 2 * line):
        text = Text(no_wrap=True, end="")
        for at in range(top, top + line, PIXEL):
            upper, lower = (Color.from_rgb(*pixels[start : start + PIXEL]) for start in (at, at + line))
            text.append(HALF, Style(color=upper, bgcolor=lower))
        yield text
