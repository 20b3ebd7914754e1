"""What an answer tells of a task beside its state: how far it is, its place in a queue, a log, a seed, a title."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from anymedia.declare.conversions import number
from anymedia.declare.endpoint import Reply
from anymedia.declare.path import Content, Place
from anymedia.model.strict_json import Json

from .classify import LONGEST_NAME, Asked
from .reading import LONGEST_TEXT, word

LARGEST = Decimal(2**64)
"""A whole number or a length of time is below this."""


def told(asked: Asked, reply: Reply, content: Content, before: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what answers have told of a task: what this one tells replaces what those before it told.

    What is out of range, or no such thing, is not told.
    """
    found = {name: _READ[name](asked, where, content) for name, where in reply.tells.items()}
    now = {name: value for name, value in found.items() if value is not None}
    return {**before, **now} if now else before


def _number(where: Place, content: Content) -> Decimal | None:
    try:
        figure = number(where.one(content))
    except ValueError:
        return None
    return figure if figure < LARGEST else None


def _progress(_: Asked, where: Place, content: Content) -> Json:
    figure = _number(where, content)
    return float(figure) if figure is not None and 0 <= figure <= 1 else None


def _seconds(_: Asked, where: Place, content: Content) -> Json:
    figure = _number(where, content)
    return float(figure) if figure is not None and figure > 0 else None


def _whole(_: Asked, where: Place, content: Content) -> Json:
    figure = _number(where, content)
    return int(figure) if figure is not None and figure >= 0 and figure == int(figure) else None


def _title(asked: Asked, where: Place, content: Content) -> Json:
    title = word(where.one(content))
    return None if title is None else asked.shown(title)[:LONGEST_NAME] or None


def _log(asked: Asked, where: Place, content: Content) -> Json:
    """Return the last lines of a log, which may stand in one text or in several."""
    texts = [text for text in where.find(content) if isinstance(text, str) and text][-LONGEST_TEXT:]
    lines = [asked.shown(line) for text in texts for line in text[-LONGEST_TEXT:].splitlines()]
    return "\n".join(filter(None, lines))[-LONGEST_TEXT:] or None


_READ: Mapping[str, Callable[[Asked, Place, Content], Json]] = {
    "progress": _progress,
    "position": _whole,
    "log": _log,
    "seed": _whole,
    "title": _title,
    "seconds": _seconds,
}
