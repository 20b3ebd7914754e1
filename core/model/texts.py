"""How the values of a request are read from texts: the words of a command line, the cells of a table.

What is no number, and neither true nor false, stays as it is: the request then says all that is wrong at once.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .forms import COUNT, DURATION, FLAG, SECONDS, SPEED, TEXT, WHOLE, Form
from .media import is_data_uri
from .strict_json import Json, loads

DEEPEST = 50
"""Levels of raw fields at most, as they are given by texts: our choice."""

_WHOLE = re.compile("-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def whole(text: str) -> int | str:
    """Return a whole number; anything else as it is."""
    return int(text) if _WHOLE.fullmatch(text) else text


def number(text: str) -> float | str:
    """Return a number, whole or not; anything else as it is."""
    return float(text) if _NUMBER.fullmatch(text) else whole(text)


def flag(text: str) -> bool | str:
    """Return what true, yes and 1, or false, no and 0 mean, in any letters; anything else as it is."""
    return _FLAGS.get(text.casefold(), text)


def file(text: str) -> str | Path:
    """Return a URL of any kind as it is; anything else is the path of a file."""
    return text if "://" in text or is_data_uri(text) else Path(text)


def json_or_text(text: str) -> Json:
    """Return the value of a text that is JSON; anything else as it is."""
    try:
        return loads(text)
    except ValueError:
        return text


def raw_fields(given: Iterable[tuple[str, Json]]) -> dict[str, Any]:
    """Return raw fields by provider from places like acme.input.steps, each with its value. Errors: ValueError."""
    extra: dict[str, Any] = {}
    for place, value in given:
        *outer, last = place.split(".")
        if not (outer and last and all(outer)):
            raise ValueError(f"must be provider.key, not {place[:60]!r}")
        if len(outer) > DEEPEST:
            raise ValueError(f"must have {DEEPEST} levels at most: {place[:60]!r} has {len(outer)}")
        fields: Any = extra
        for name in outer:
            fields = fields.setdefault(name, {})
            if not isinstance(fields, dict):
                raise ValueError(f"{place!r}: {name} has a value already")
        if isinstance(fields.get(last), dict):
            raise ValueError(f"{place!r}: {last} has fields already")
        fields[last] = value
    return extra


def read(form: Form, text: str) -> Any:
    """Return the value that a text means in a field of some form; blanks around it count in a text alone."""
    return text if form == TEXT else _READERS.get(form, str)(text.strip())


_READERS: Mapping[Form, Callable[[str], Any]] = {
    **dict.fromkeys((WHOLE, COUNT, SECONDS, DURATION), whole),
    SPEED: number,
    FLAG: flag,
}
