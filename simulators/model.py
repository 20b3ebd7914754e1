"""What the models of a provider may be written in: the fields of one, what it makes, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import frozen

from .fields import Fields, Problem
from .picture import Media, Size

Given = Mapping[str, object]
"""A body without its nulls, already checked against the fields."""


@frozen
class Made:
    """What a body asks for: how many of which size and format, and of a film or a sound what there is to tell."""

    size: Size
    media: Media
    count: int = 1
    seconds: float = 0
    sound: bool = False
    titles: Sequence[str] = ()
    last_frame: bool = False
    covers: bool = False


def known(body: Given, fields: Fields) -> dict[str, object]:
    """What a model knows of a body: of its fields alone."""
    return {name: body[name] for name in fields if name in body}


def no_rules(_: Given) -> Iterable[Problem]:
    """No rule between fields."""
    return ()


@frozen
class Model:
    """One model: its fields, or those of a body; what it makes, what a task costs, the rules between its fields."""

    takes: Fields | Callable[[Given], Fields]
    made: Callable[[Given], Made]
    price: Callable[[Given], Decimal]
    rules: Callable[[Given], Iterable[Problem]] = no_rules

    def fields(self, body: Given) -> Fields:
        """The fields that a body may have."""
        return self.takes if isinstance(self.takes, Mapping) else self.takes(body)


def said(body: Given, name: str, default: str) -> str:
    """A text field, or its default."""
    return str(body.get(name, default))


def number(body: Given, name: str, default: int) -> int:
    """A whole number, or its default."""
    value = body.get(name)
    return value if isinstance(value, int) else default


def listed(body: Given, name: str) -> list[Any]:
    """A list, empty where none is given."""
    value = body.get(name)
    return value if isinstance(value, list) else []


def last_needs_first(body: Given, first: str, last: str) -> Iterable[Problem]:
    """There is no end without a beginning."""
    if body.get(last) and not body.get(first):
        yield Problem(last, "rule", f"needs {first}")


SPOKEN = 15
"""Characters that are spoken in a second."""


def spoken_seconds(text: str, speed: float = 1) -> float:
    """How long a text takes to say: a second at least."""
    return max(1.0, len(text) / SPOKEN / speed)


def at_most_one(body: Given, *groups: Sequence[str]) -> Iterable[Problem]:
    """The fields of one group exclude those of the others."""
    given = [[name for name in group if body.get(name)] for group in groups]
    first, *others = [names for names in given if names] or [[]]
    for names in others:
        yield Problem(names[0], "rule", f"{first[0]} cannot be combined with {names[0]}")
