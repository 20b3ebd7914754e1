"""How values may be spelled: in other letters, with another sign between two numbers, a ratio as a decimal, a time.

Each reader returns the value that a spelling means, and what means no one value as it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Reader: TypeAlias = Callable[[Any], Any]

RATIOS = (
    *("1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21"),
    *("3:1", "1:3", "4:1", "1:4", "8:1", "1:8"),
)
"""The ratios that offers have words for; a ratio as a decimal means one of these."""

_SIDES = {name: (int(name.partition(":")[0]), int(name.partition(":")[2])) for name in RATIOS}

_SIGN = r"\s*[xX×*:：/]\s*"
_RATIO = re.compile(rf"([1-9][0-9]?){_SIGN}([1-9][0-9]?)")
_DECIMAL = re.compile(rf"([0-9]{{1,2}})(?:\.([0-9]{{1,15}})[0-9]*)?(?:{_SIGN}1)?")
"""What a float is beyond 15 digits says nothing of what was divided."""

_SIZE = re.compile(r"([0-9]{1,9})\s*[xX×*]\s*([0-9]{1,9})")

_COMMA = re.compile(r"([0-9]{1,6}),([0-9]{1,6})")

_FINE = 2
"""Digits behind the point from which a decimal stands for a ratio that it rounds to: 1.78 is 16:9, 1.8 may be 9:5."""

_LIKE = 0.1
"""How far a ratio may be from another, as a part of it, to be meant by it."""

_UNITS = {
    "w": (604_800, "weeks?|w"),
    "d": (86_400, "days?|d"),
    "h": (3_600, "hours?|hrs?|h"),
    "m": (60, "minutes?|mins?|m"),
    "s": (1, "seconds?|secs?|s"),
}
"""How long each unit of time is in seconds, and how it is written; the longest stands first."""

_DECIMALS = 9
"""Digits behind the point of a time: what is finer than a nanosecond is no time that anybody gives."""

_SECOND: int = 10**_DECIMALS
"""The smallest parts of a number of which there is one."""

_NUMBER = rf"[0-9]{{1,15}}(?:\.[0-9]{{1,{_DECIMALS}}})?"
_SPAN = re.compile(
    r"\s*".join(rf"(?:(?P<{name}>{_NUMBER})\s*(?:{written}))?" for name, (_, written) in _UNITS.items()),
    re.IGNORECASE,
)
_SECONDS = re.compile(_NUMBER)
_BYTES = re.compile(rf"({_NUMBER})\s*(?:bytes?|(?:([kmgt])(i?))?b)?", re.IGNORECASE)

_MOST = 100_000
"""Above every number that is written as a text here."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


def ratio(given: Any) -> Any:
    """Return a ratio like 16:9 for 16x9, 16/9, 1.78 or the number, and auto for AUTO."""
    text = _plain(given)
    if text is None:
        return given
    if sides := _RATIO.fullmatch(text):
        return f"{sides[1]}:{sides[2]}"
    if (decimal := _DECIMAL.fullmatch(text)) and (named := _of_decimal(decimal[1], decimal[2] or "")) is not None:
        return named
    return "auto" if text.casefold() == "auto" else given


def near_ratios(given: Any) -> list[str]:
    """Return the ratios that a value may mean which is none: those nearest to a decimal, the nearest first."""
    decimal = _DECIMAL.fullmatch(_plain(given) or "")
    found = float(f"{decimal[1]}.{decimal[2] or 0}") if decimal else 0.0
    away = {name: abs(found * down / across - 1) for name, (across, down) in _SIDES.items()}
    return sorted((name for name in RATIOS if away[name] <= _LIKE), key=away.__getitem__)


def _of_decimal(whole: str, behind: str) -> str | None:
    """Return the one ratio that a decimal is, or is rounded or cut to; None where there is none, or several."""
    decimal, step = int(whole + behind), 10 ** len(behind)  # in whole numbers, of which none is rounded
    over = {name: across * step - decimal * down for name, (across, down) in _SIDES.items()}
    exact = [name for name in RATIOS if over[name] == 0]
    near = [name for name, (_, down) in _SIDES.items() if -down <= 2 * over[name] < 2 * down]
    found = exact or (near if len(behind) >= _FINE else [])
    return found[0] if len(found) == 1 else None


def size(given: Any) -> Any:
    """Return width and height of 1024x768, or of a list of both."""
    if isinstance(given, list):
        return tuple(given)
    sides = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    return (int(sides[1]), int(sides[2])) if sides else given


def span(text: str) -> int | float | None:
    """Return the seconds of a time like 90, 90s, 5m, 1h30m or 2 days; None for a text that is no time."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return _exact(_fine(text))
    parts = _SPAN.fullmatch(text)
    given = {} if parts is None else {name: held for name, held in parts.groupdict().items() if held is not None}
    return _exact(sum(_fine(held) * _UNITS[name][0] for name, held in given.items())) if given else None


def byte_size(text: str) -> int | None:
    """Return the bytes of a size like 50 MB, 1.5 GiB or 4096; None for a text that is no size."""
    if (found := _BYTES.fullmatch(text.strip())) is None:
        return None
    factor = (1024 if found[3] else 1000) ** (1 + "kmgt".index(found[2].lower())) if found[2] else 1
    return _fine(found[1]) * factor // _SECOND


def _fine(number: str) -> int:
    """Return a number as so many of its smallest parts."""
    whole, _, behind = number.partition(".")
    return int(whole + behind.ljust(_DECIMALS, "0"))


def _exact(fine: int) -> int | float:
    whole, rest = divmod(fine, _SECOND)
    return whole if rest == 0 else fine / _SECOND


def seconds(given: Any) -> Any:
    """Return the seconds of a text like 5s, and auto for AUTO."""
    if not isinstance(given, str):
        return given
    found = span(given)
    return ("auto" if given.strip().casefold() == "auto" else given) if found is None else found


def word(words: Iterable[str], also: Mapping[str, str] = _NOTHING) -> Reader:
    """Return what reads one of some words in any letters, or a word that is `also` said for one of them."""
    known = {**{each.casefold(): each for each in words}, **also}

    def read(given: Any) -> Any:
        text = _plain(given)
        return given if text is None else known.get(text.casefold(), given)

    return read


def _plain(given: Any) -> str | None:
    """Return a text without blanks around it, or a number as a text; None for anything else."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given) if abs(given) < _MOST else None
    return given.strip() if isinstance(given, str) else None


def with_point(value: Any) -> tuple[str, ...]:
    """Return what a number with a decimal comma may mean; nothing for anything else.

    It may also be a number with a comma between its thousands, so that nothing but a hint is made of it.
    """
    found = _COMMA.fullmatch(value) if isinstance(value, str) else None
    return () if found is None else (f"{found[1]}.{found[2]}",)
