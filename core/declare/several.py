"""Where several things are meant, or a pair: one text is a tuple of its letters to Python, so it is refused by name."""

from typing import Any, Protocol

import attrs


class _Named(Protocol):
    name: str


@attrs.frozen
class Several:
    """A check of a field that is a tuple of things of one type; `what` says in words what they are."""

    what: str
    type: type

    def __call__(self, _: Any, field: _Named, given: Any) -> None:
        """Raise ValueError for what is no tuple, or has something else in it."""
        if not isinstance(given, tuple):
            raise ValueError(f"{field.name} is a tuple of {self.what}, not {_shown(given)}{_comma(given, self.type)}")
        for each in given:
            if not isinstance(each, self.type):
                raise ValueError(f"{field.name} is a tuple of {self.what}, and {_shown(each)} is in it")


def pair(name: str, what: str, given: Any) -> None:
    """Raise ValueError for what is no tuple of two."""
    if not (isinstance(given, tuple) and len(given) == 2):
        raise ValueError(f"{name} is {what}, not {_shown(given)}")


def _comma(given: Any, wanted: type) -> str:
    return ": a comma before the last bracket makes one thing a tuple" if isinstance(given, wanted) else ""


def _shown(given: Any) -> str:
    return "a text" if isinstance(given, str) else f"one {type(given).__name__}"
