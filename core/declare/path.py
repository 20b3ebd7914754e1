"""Where a thing stands in an answer: `data.taskId`, `images[].url`, `data.resultJson!json.resultUrls[]`.

    a.b        the key b under the key a
    a.*_url    every key under a that fits the pattern
    a[]        every element of the list a; one value, or the JSON text of a list, is a list too
    a[0]       its first element
    a!json     a, converted, by one of these words:
               json     the JSON of a text (an object stays as it is)
               s, ms    a time, from the seconds or milliseconds since 1970; iso: from its text
               base64   bytes
               num      a number, also one that is written as text
               cents    USD, from a number of cents; percent: 0.45, from "45%" or 45
               span     seconds, from "1.5s", "1m 30s", "00:01:02" or a number of seconds
               tail     the last part of a URL's path, like the id in a Location
    @x-cost    the header x-cost of the answer, in whatever letters
    @          the bytes of the answer's body
    first(…)   the first of several places that holds anything

A path never raises on data: what is not there, is null, or does not convert, is not found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import attrs

from anymedia.model.strict_json import Json

from .conversions import CONVERSIONS, parsed_json
from .typed import typed

_STEP = re.compile(r"(?P<key>[A-Za-z0-9_* -]+)|\[(?P<index>\d*)\]|!(?P<convert>[a-z0-9]+)")
_PLAIN = re.compile(r"[A-Za-z0-9_ -]+(?:\.[A-Za-z0-9_ -]+)*(?=$|\[|!)")
_BESIDE = re.compile(r"@(?P<header>[A-Za-z0-9_-]*)(?=$|!)")
_Step: TypeAlias = Callable[[Any], Iterable[Any]]


@attrs.frozen
class Content:
    """What an answer holds: its body as JSON or text (`words`), its headers, by names in lower case, and its bytes."""

    words: Json = attrs.field(hash=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(field_transformer=typed)
class Path:
    """One place in an answer, read with `find` (everything there) or `one` (the first, or None).

    What is read is a Content, or the words of one alone, in which no header and no bytes are found.
    """

    text: str
    _beside: bool = attrs.field(init=False, repr=False, eq=False)
    _keys: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)
    _steps: tuple[_Step, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        beside, plain = _BESIDE.match(self.text), _PLAIN.match(self.text)
        end = 0 if plain is None else plain.end()
        steps = _parse(self.text, end if beside is None else beside.end())
        if beside is not None:
            steps = iter((_to_header(beside["header"]) if beside["header"] else _to_body, *steps))
        object.__setattr__(self, "_beside", beside is not None)
        object.__setattr__(self, "_keys", tuple(self.text[:end].split(".")) if end else ())
        object.__setattr__(self, "_steps", tuple(steps))

    def find(self, data: Json | Content) -> list[Any]:
        """Return every value at this place, in order."""
        if type(data) is Content and not self._beside:
            data = data.words
        for key in self._keys:  # most places begin with plain keys, and reading an answer spends its time here
            if not isinstance(data, dict) or (data := data.get(key)) is None:
                return []
        values = [data]
        for step in self._steps:
            values = [inner for each in values for inner in step(each) if inner is not None]
        return values

    def one(self, data: Json | Content) -> Any:
        """Return the first value at this place, or None."""
        found = self.find(data)
        return found[0] if found else None

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type["Path"], tuple[str]]:
        return Path, (self.text,)


@attrs.frozen(field_transformer=typed)
class First:
    """Several places for one thing: the first that holds anything counts."""

    paths: tuple[Path, ...]

    def find(self, data: Json | Content) -> list[Any]:
        """Return every value at the first place that holds any."""
        return next((values for path in self.paths if (values := path.find(data))), [])

    def one(self, data: Json | Content) -> Any:
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
        if step is None or step["convert"] not in (None, *CONVERSIONS):
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
    return _converted(CONVERSIONS[convert])


def _to_header(name: str) -> _Step:
    def step(answer: Any) -> Iterable[Any]:
        return (answer.headers.get(name.lower()),) if type(answer) is Content else ()

    return step


def _to_body(answer: Any) -> Iterable[Any]:
    return (answer.body,) if type(answer) is Content and answer.body else ()


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
            value = parsed_json(value)
    if isinstance(value, list):
        if depth == DEEPEST or not any(isinstance(inner, list) for inner in value):
            return value
        return [each for inner in value for each in (_listed(inner, depth + 1) if isinstance(inner, list) else [inner])]
    return [] if value in ("", {}) or value is False else [value]


def _converted(convert: Callable[[Any], Any]) -> _Step:
    def step(value: Any) -> Iterable[Any]:
        try:
            return (convert(value.decode("utf-8-sig") if isinstance(value, bytes) else value),)
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, OSError):
            return ()

    return step


BODY = Path("@")
"""The bytes of an answer."""
