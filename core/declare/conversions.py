"""What the word behind a `!` in a place makes of a value; a ValueError or the like where it does not convert."""

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import Any
from urllib.parse import unquote, urlsplit

from anymedia.model.inline import Inline
from anymedia.model.money import EXACT
from anymedia.model.strict_json import Json, lenient, loads

TIMES_ENCODED = 4
"""How often the JSON text of a JSON text is read."""

LARGEST = Decimal(10) ** 30
"""A number is below this, and above its negative."""

SMALLEST = Decimal(10) ** -30
"""A number that is not 0 is no nearer to it."""


def parsed_json(value: Any) -> Json:
    """Return the JSON of a text, however often it was encoded; what is JSON already stays as it is."""
    if isinstance(value, dict | list):
        return value
    held: Json = value
    for _ in range(TIMES_ENCODED):
        held = _parsed(held)
        if not isinstance(held, str):
            break
    return held


def _parsed(text: str) -> Json:
    try:
        return loads(text)
    except ValueError:
        return lenient(text)


def _since_1970(seconds: float) -> datetime:
    if not seconds:
        raise ValueError("0 stands for a time that has not come")
    return datetime.fromtimestamp(seconds, UTC)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)


def _bytes(text: str) -> bytes:
    if isinstance(text, Inline) and not text.uri:
        return text.decoded()
    if _BASE64.fullmatch(text) is None:
        raise ValueError("no base64")
    return binascii.a2b_base64(text)


_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")


def number(value: Any) -> Decimal:
    """Return a number, or the text of a plain decimal, exactly: of a binary float its shortest decimal.

    Errors: ValueError for what is neither, and out of range.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) is None:
        raise ValueError("no number")
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("no number")
    figure = Decimal(repr(value) if isinstance(value, float) else value)
    if not figure.is_finite() or not (SMALLEST <= figure.copy_abs() < LARGEST or figure == 0):
        raise ValueError("out of range")
    return figure


def _hundredth(value: Any) -> Decimal:
    return EXACT.multiply(number(value), Decimal("0.01"))


def _percent(value: Any) -> Decimal:
    return _hundredth(value.strip().removesuffix("%") if isinstance(value, str) else value)


_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2}(?:\.[0-9]{1,12})?)")
"""Hours, where there are any, minutes and seconds."""

_SIXTY = Decimal(60)

_COUNTED = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([a-z]+)\s*")

_UNITS: Mapping[str, Decimal] = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), Decimal("0.001")),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), Decimal(1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _SIXTY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Decimal(3600)),
}


def _span(value: Any) -> Decimal:
    """Return the seconds of a length of time: "1.5s", "1m 30s", "00:01:02", or a number of seconds."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (Decimal(each or 0) for each in clock.groups())
        return EXACT.add(EXACT.multiply(EXACT.add(EXACT.multiply(hours, _SIXTY), minutes), _SIXTY), seconds)
    counted = _COUNTED.findall(text)
    if counted and not _COUNTED.sub("", text):
        return reduce(EXACT.add, (EXACT.multiply(Decimal(many), _UNITS[unit]) for many, unit in counted))
    seconds = number(value)
    if seconds < 0:
        raise ValueError("no length of time is below 0")
    return seconds


def _tail(value: str) -> str:
    """Return the last part of a URL's path, or of a path."""
    part = unquote(urlsplit(value).path.rstrip("/").rpartition("/")[2])
    if not part:
        raise ValueError("a path without a part")
    return part


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "json": parsed_json,
    "s": lambda seconds: _since_1970(float(seconds)),
    "ms": lambda milliseconds: _since_1970(float(milliseconds) / 1000),
    "iso": _time,
    "base64": _bytes,
    "num": number,
    "cents": _hundredth,
    "percent": _percent,
    "span": _span,
    "tail": _tail,
}
"""By the word; each may raise ValueError, TypeError, AttributeError, ArithmeticError, LookupError or OSError."""
