"""Where several things are meant, or a pair: one text is a tuple of its letters to Python, so it is refused by name."""

from collections.abc import Callable
from typing import Any, Protocol


class _Named(Protocol):
    name: str


def several(what: str, type_: type) -> Callable[[Any, _Named, Any], None]:
    """Return the check of a field that is a tuple of things of one type; `what` says in words what they are."""

    def check(_: Any, field: _Named, given: Any) -> None:
        if not isinstance(given, tuple):
            raise ValueError(f"{field.name} is a tuple of {what}, not {_shown(given)}{_comma(given, type_)}")
        for each in given:
            if not isinstance(each, type_):
                raise ValueError(f"{field.name} is a tuple of {what}, and {_shown(each)} is in it")

    return check


def pair(name: str, what: str, given: Any, *, more: bool = False) -> None:
    """Raise ValueError for what is no tuple of two, or of `more`."""
    if not (isinstance(given, tuple) and (len(given) == 2 or (more and len(given) > 2))):
        raise ValueError(f"{name} is {what}, not {_shown(given)}")


def _comma(given: Any, wanted: type) -> str:
    return ": a comma before the last bracket makes one thing a tuple" if isinstance(given, wanted) else ""


def _shown(given: Any) -> str:
    return "a text" if isinstance(given, str) else f"one {type(given).__name__}"
