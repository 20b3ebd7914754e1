"""Tables of a configuration: the keys that may stand in one, and in words what is wrong where something else does."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

import attrs

from .model.errors import ConfigError, OutOfBounds
from .model.forms import Form, is_json, shown
from .model.names import no_such
from .model.options import usd

Kinds: TypeAlias = type | tuple[type, ...]
"""What a value may be; `object` is anything."""


@attrs.frozen
class Key:
    """A key of a table: what its value may be, and what the page on the configuration says of it.

    `says` is a sentence; `like` is an example, as TOML writes it; `default` says in words what holds without the key.
    """

    kinds: Kinds
    says: str = attrs.field(kw_only=True)
    like: str = attrs.field(kw_only=True)
    default: str = attrs.field(kw_only=True)


DECIMALS = 9
"""Digits behind the point of an amount that the journal adds up."""

SCALAR = Form(
    "must be a text, a number, or true or false, not {shown}",
    lambda value: isinstance(value, str | int | float) and is_json(value),
)
"""A value that is one thing."""


def only(table: Mapping[str, Any], known: Mapping[str, Key], where: str, what: str = "setting") -> None:
    """Check that a table holds known keys alone, each with a value that it may have. Errors: ConfigError."""
    for name, value in table.items():
        if name not in known:
            raise ConfigError(f"{where}: {no_such(what, name, known)}")
        kinds = known[name].kinds
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds not in (bool, object)):
            raise ConfigError(f"{where}: {name}: must be {in_words(kinds)}, not {value!r}")


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


def in_words(kinds: Kinds) -> str:
    """Return in words what a value may be."""
    words: dict[Any, str] = {
        object: "any value",
        str: "a text",
        bool: "true or false",
        int: "a whole number",
        list: "a list",
        Mapping: "a table",
        date: "a day like 2026-12-01, without quotes",
    }
    if kinds == (int, float):
        return "a number"
    return " or ".join(words[each] for each in (kinds if isinstance(kinds, tuple) else (kinds,)))
