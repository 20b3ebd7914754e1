"""Tables, and words for numbers, in Markdown."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from anymedia.cli.takes import NONE as NONE  # noqa: PLC0414 - the pages take their words from here
from anymedia.declare.path import First, Place


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell that is empty shows as –."""
    lines = [head, ["---"] * len(head), *([cell or NONE for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def blocks(*parts: str) -> str:
    """Return paragraphs, tables and headings one below the other; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def code(text: object) -> str:
    """Return a word as it stands on the wire or in the code."""
    return f"`{text}`"


def codes(words: Iterable[object]) -> str:
    """Return such words in a row."""
    return " ".join(map(code, words))


def places(where: Place | None) -> str:
    """Return a place in an answer, or the several ones that are looked at in turn."""
    paths = where.paths if isinstance(where, First) else () if where is None else (where,)
    return " or ".join(map(code, paths))


def anchor(title: str) -> str:
    """Return the name by which GitHub links to a heading."""
    kept = (letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")
    return "#" + "".join(kept)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers with runs drawn together: 400, 402–407."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
