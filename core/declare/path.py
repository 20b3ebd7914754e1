"""Where a thing stands in an answer: `data.taskId`, `images[].url`, `data.resultJson!json.resultUrls[]`.

    a.b        the key b under the key a
    a.*_url    every key under a that fits the pattern
    a[]        every element of the list a; one value, or the JSON text of a list, is a list too
    a[0]       its first element
    a!json     a, converted: json (an object stays as it is), s and ms (time since 1970), iso (time), base64
    first(…)   the first of several places that holds anything

A path never raises on data: what is not there, is null, or does not convert, is not found.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import attrs

from anymedia.model.strict_json import Json, lenient, loads

_STEP = re.compile(r"(?P<key>[A-Za-z0-9_* -]+)|\[(?P<index>\d*)\]|!(?P<convert>[a-z0-9]+)")
_PLAIN = re.compile(r"[A-Za-z0-9_ -]+(?:\.[A-Za-z0-9_ -]+)*(?=$|\[|!)")
_Step: TypeAlias = Callable[[Any], Iterable[Any]]


@attrs.frozen
class Path:
    """One place in an answer, read with `find` (everything there) or `one` (the first, or None)."""

    text: str
    _keys: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)
    _steps: tuple[_Step, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        plain = _PLAIN.match(self.text)
        end = 0 if plain is None else plain.end()
        object.__setattr__(self, "_keys", tuple(self.text[:end].split(".")) if end else ())
        object.__setattr__(self, "_steps", tuple(_parse(self.text, end)))

    def find(self, data: Json) -> list[Any]:
        """Return every value at this place, in order."""
        for key in self._keys:  # most places begin with plain keys, and reading an answer spends its time here
            if not isinstance(data, dict) or (data := data.get(key)) is None:
                return []
        values = [data]
        for step in self._steps:
            values = [inner for each in values for inner in step(each) if inner is not None]
        return values

    def one(self, data: Json) -> Any:
        """Return the first value at this place, or None."""
        found = self.find(data)
        return found[0] if found else None

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type["Path"], tuple[str]]:
        return Path, (self.text,)


@attrs.frozen
class First:
    """Several places for one thing: the first that holds anything counts."""

    paths: tuple[Path, ...]

    def find(self, data: Json) -> list[Any]:
        """Return every value at the first place that holds any."""
        return next((values for path in self.paths if (values := path.find(data))), [])

    def one(self, data: Json) -> Any:
        """Return the first value, or None."""
        return next(iter(self.find(data)), None)

    def __str__(self) -> str:
        return " or ".join(map(str, self.paths))


Place: TypeAlias = Path | First


def first(*paths: str) -> First:
    """Name several places for one thing, the likeliest first."""
    return First(tuple(Path(path) for path in paths))


def place(where: "str | Place") -> Place:
    """Return the place that a path's text names."""
    return Path(where) if isinstance(where, str) else where


def _parse(text: str, at: int) -> Iterator[_Step]:
    """Yield the steps of a path behind its plain keys, which end at a character."""
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or step["convert"] not in (None, *_CONVERSIONS):
            raise ValueError(f"{text!r} is not a path at {text[at:]!r}")
        at = step.end()
        if at < len(text) and text[at] == ".":
            at += 1
        yield _step(step)


def _step(step: re.Match[str]) -> _Step:
    key, index, convert = step.group("key", "index", "convert")
    if key is not None:
        return _every_key(key) if "*" in key else _key(key)
    if index is not None:
        return _element(int(index)) if index else _each
    return _converted(_CONVERSIONS[convert])


def _key(key: str) -> _Step:
    def step(value: Any) -> Iterable[Any]:
        return (value.get(key),) if isinstance(value, dict) else ()

    return step


def _every_key(pattern: str) -> _Step:
    def step(value: Any) -> Iterable[Any]:
        held = value.items() if isinstance(value, dict) else ()
        return [inner for key, inner in held if fnmatchcase(key, pattern)]

    return step


def _each(value: Any) -> Iterable[Any]:
    return _listed(value)


def _element(index: int) -> _Step:
    def step(value: Any) -> Iterable[Any]:
        return _listed(value)[index : index + 1]

    return step


DEEPEST = 7
"""Lists within lists, and JSON within texts, that are read as one list."""


def _listed(value: Any, depth: int = 0) -> list[Any]:
    """Return a list, or the list that a JSON text holds, with the lists within it laid out.

    One value counts as a list of one, unless it is empty.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError):
            value = _json(value)
    if isinstance(value, list):
        if depth == DEEPEST or not any(isinstance(inner, list) for inner in value):
            return value
        return [each for inner in value for each in (_listed(inner, depth + 1) if isinstance(inner, list) else [inner])]
    return [] if value in ("", {}) or value is False else [value]


def _converted(convert: Callable[[Any], Any]) -> _Step:
    def step(value: Any) -> Iterable[Any]:
        try:
            return (convert(value),)
        except (ValueError, TypeError, AttributeError, OverflowError, OSError, binascii.Error):
            return ()

    return step


TIMES_ENCODED = 4
"""How often the JSON text of a JSON text is read."""


def _json(value: Any) -> Json:
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


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "json": _json,
    "s": lambda seconds: _since_1970(float(seconds)),
    "ms": lambda milliseconds: _since_1970(float(milliseconds) / 1000),
    "iso": _time,
    "base64": lambda text: base64.b64decode(text, validate=True),
}
