"""Tables of a configuration: what may stand in one, and in words what is wrong where something else does."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from .model.errors import ConfigError, OutOfBounds
from .model.forms import Form, is_json, shown
from .model.names import no_such
from .model.options import usd

DECIMALS = 9
"""Digits behind the point of an amount that the journal adds up."""

SCALAR = Form(
    "must be a text, a number, or true or false, not {shown}",
    lambda value: isinstance(value, str | int | float) and is_json(value),
)
"""A value that is one thing."""


def only(table: Mapping[str, Any], known: Mapping[str, Any], where: str, what: str = "setting") -> None:
    """Check that a table holds known names alone, each with a value of its type. Errors: ConfigError."""
    for name, value in table.items():
        if name not in known:
            raise ConfigError(f"{where}: {no_such(what, name, known)}")
        kind = known[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ConfigError(f"{where}: {name}: must be {_kind(kind)}, not {value!r}")


def fitting(value: Any, form: Form, where: str) -> Any:
    """Return a value that has a form. Errors: ConfigError."""
    if not form.fits(value):
        raise ConfigError(f"{where}: {form.message.format(shown=shown(value))}")
    return value


def fits(form: Form) -> Callable[[Any, str], Any]:
    """Return what reads a value of a form."""
    return lambda value, where: fitting(value, form, where)


def usd_text(value: Any, place: str) -> str:
    """Return an amount of USD that stands as text. Errors: ConfigError."""
    with contextlib.suppress(OutOfBounds):
        if isinstance(value, str) and len(value.partition(".")[2]) <= DECIMALS:
            usd(value)
            return value
    raise ConfigError(f'{place}: must be USD as text, like "0.05", not {value!r:.60}')


def _kind(kind: Any) -> str:
    """Return a type, or several, in words."""
    words = {
        str: "a text",
        bool: "true or false",
        int: "a whole number",
        list: "a list",
        Mapping: "a table",
        date: "a day like 2026-12-01, without quotes",
    }
    if kind == (int, float):
        return "a number"
    return " or ".join(words[each] for each in (kind if isinstance(kind, tuple) else (kind,)))
