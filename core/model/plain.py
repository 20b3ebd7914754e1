"""Texts of others as they can be shown: nothing in them moves a cursor, turns text around or ends a line; and times."""

import re

# Everything that moves a cursor, turns text around or cannot be encoded; line feed and tab are layout.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    """Return a text with its control characters, which a provider may have written into it, spelled out."""
    return _HARMFUL.sub(lambda found: ascii(found[0])[1:-1], str(text))


def one_line(text: object) -> str:
    """Return a printable text on one line."""
    if isinstance(text, str) and text.isascii() and text.isalnum():  # as most words of a state are
        return text
    return printable(" ".join(str(text).split()))


def duration(seconds: float) -> str:
    """Return a time in the largest unit that it is a whole number of."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            many = "s" if seconds > length and unit != "min" else ""
            return f"{seconds / length:g} {unit}{many}"
    return f"{seconds:g} s"


def sized(size: int) -> str:
    """Return a number of bytes as a person reads it: in megabytes from a tenth of one on, and in gigabytes."""
    if size < 100_000:
        return f"{size:,} bytes"
    return f"{size / 1_000_000:.1f} MB" if size < 1_000_000_000 else f"{size / 1_000_000_000:.1f} GB"
