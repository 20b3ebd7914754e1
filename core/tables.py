"""Tables of a configuration: the keys that may stand in one, and in words what is wrong where something else does."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

import attrs

from .model.errors import ConfigError, OutOfBounds
from .model.forms import Form, is_json, shown
from .model.money import DECIMALS
from .model.names import no_such
from .model.options import usd
from .model.spellings import span

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


USD = (str, int, float)
"""An amount of money, which `usd_text` reads."""

NUMBER = (int, float, str)
"""A number, which may stand in quotes."""

TIME = (float, int, str)
"""A number of seconds, or a text like "5m", which `seconds_of` reads."""

LONGEST = 1_000_000
"""Seconds, above every time that a configuration may give."""

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
    """Return an amount of USD as text, in quotes or as a number of the file. Errors: ConfigError."""
    with contextlib.suppress(OutOfBounds):
        text = value if isinstance(value, str) else f"{usd(value):f}"
        usd(text)
        if len(text.partition(".")[2]) <= DECIMALS:
            return text
    raise ConfigError(f'{place}: must be an amount in USD, like "0.05", not {value!r:.60}')


def seconds_of(value: Any, place: str) -> float:
    """Return a time above 0 in seconds, from a number of them or a text like "5m". Errors: ConfigError."""
    seconds = span(value) if isinstance(value, str) else value
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds < LONGEST:
        bounds = f"must be more than 0 and less than {LONGEST}"
        raise ConfigError(f'{place}: {bounds} seconds, or a time like "5m", not {value!r:.60}')
    return float(seconds)


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
    each = kinds if isinstance(kinds, tuple) else (kinds,)
    several: dict[Any, str] = {
        USD: 'an amount in USD, like "0.05"',
        NUMBER: "a number",
        TIME: 'a number of seconds, or a time like "5m"',
    }
    if each[:3] in several:  # their order tells them apart
        return " or ".join((several[each[:3]], *(words[other] for other in each[3:])))
    return " or ".join(words[other] for other in each)
