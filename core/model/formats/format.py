"""The words in which it is told what a file is."""

import attrs

_LONGEST_SIDE = (1 << 31) - 1
_LONGEST = 1e10
"""Seconds: a file that says it lasts for centuries is spoilt."""


@attrs.frozen
class Format:
    """A media type, the usual ending of a file's name, and where they are known the pixels and the seconds.

    `width` and `height` are as the file stores them: what turns the picture when it is shown (Exif's orientation, the
    matrix of a film's track) is not applied. An SVG has the pixels of its width and height, else of its view box.
    `seconds`, to the millisecond, is the length of a sound, a film or a picture that moves.
    """

    type: str
    ending: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None

    def sized(self, width: float, height: float) -> "Format":
        """Return the same with a size in pixels; without one where a side is none that a picture can have."""
        sides = round(width), round(height)
        if not all(0 < side <= _LONGEST_SIDE for side in sides):
            return self
        return attrs.evolve(self, width=sides[0], height=sides[1])

    def lasting(self, amount: float, rate: float = 1) -> "Format":
        """Return the same with a length of so many units at so many a second; without one where it is no length."""
        seconds = amount / rate if rate else 0
        lasts = round(seconds, 3) if seconds < _LONGEST else 0
        return attrs.evolve(self, seconds=lasts) if lasts > 0 else self


UNKNOWN = Format("application/octet-stream", "bin")
"""What a file is that nobody here knows."""
