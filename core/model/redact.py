"""Removes secrets, however they are escaped, and long texts (such as files) from what a provider answered.

A secret is a prompt, or an API key. A text is first looked through in all its readings without a note of where what
stands; only one that holds a secret is read again with that, which costs a hundred times as much.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote

import attrs

from .strict_json import Json, loads

MARK = "[prompt]"
"""The text that replaces a prompt."""

HIDDEN = "***"
"""The text that replaces an API key."""

DEEPEST = 100
"""Levels of objects, lists and JSON in texts that are read; deeper ones are left out."""

LAYERS = 8
"""Layers of escapes under which a prompt is found in a text that is not JSON; JSON within JSON counts anew."""

SHORT = 3
"""Characters; a shorter secret occurs in too many words, so it is found only where it is the whole text."""

CUT = 20
"""Characters at either end of a longer secret by which it is found even when the rest is cut off."""

MOST = 1 << 16
"""Characters of texts, with one for each other value, that are kept of an answer; the rest is left out."""

_BLANKS = re.compile(r"\s{2,}|[^\S ]")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]"  # JSON
    r"|\\x[0-9a-fA-F]{2}|\\U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}|\\'"  # Python
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"  # HTML
    r"|\+|%[0-7][0-9a-fA-F]"  # URLs, in UTF-8
    r"|%(?:[cdCD][0-9a-fA-F]|[eE][0-9a-fA-F]%[89abAB][0-9a-fA-F]|[fF][0-7](?:%[89abAB][0-9a-fA-F]){2})%[89abAB][0-9a-fA-F]"
)
"""Each alternative begins with a plain character: so a text is gone through five times as fast."""


def scrubbed(words: Json, secrets: Iterable[str], longest: int = 4096, *, mark: str = MARK, most: float = MOST) -> Json:
    """Return a copy of JSON data in which a mark replaces each secret, and "… (N characters)" each long text.

    A secret is found in values and keys, in JSON within a text, escaped (JSON, HTML, URL), with its blanks collapsed,
    and cut down to its first or last 20 characters or more; one of fewer than 3 characters only where it is the whole
    text. Texts of more than `longest` characters, levels below the hundredth, and what comes after the first `most`
    characters are left out.
    """
    return _value(words, _Sought.of(secrets, longest, mark, most), 0)


def holds(text: str, secret: str) -> bool:
    """Return whether a text may hold a secret, or a long piece of it, in any writing."""
    return _may_hold(text, _spelled((secret,)))


@attrs.frozen
class _Spelled:
    """Secrets in every spelling.

    `pieces` are what each longer spelling is found by, `short` the spellings that only a whole text can be; no text
    below `least` characters holds any. `blanks`: some of them hold blanks, which a text may hold as "+" or several.
    """

    spellings: tuple[str, ...]
    pieces: tuple[str, ...]
    short: frozenset[str]
    least: int
    blanks: bool


@attrs.define
class _Sought:
    """What is looked for, and how much is kept: `left` is how many characters may still be kept."""

    secrets: _Spelled
    longest: int
    mark: str
    left: float

    @classmethod
    def of(cls, secrets: Iterable[str], longest: int, mark: str, most: float) -> "_Sought":
        """Return what is looked for, for these secrets."""
        # No text that is kept holds more of a secret than this: reference pictures in a body are megabytes of base64.
        return cls(_spelled(tuple(whole[: 10 * longest] for whole in secrets)), longest, mark, most)


_HOLDERS = (dict, list, tuple, Mapping)


def _value(value: Json, sought: _Sought, depth: int) -> Json:
    if isinstance(value, str):
        clean = _text(value, sought, depth)
        sought.left -= (len(value) if len(value) <= sought.longest else len(clean)) + 1
        return clean
    if not isinstance(value, _HOLDERS):
        sought.left -= 1
        return value
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        return _list(value, sought, depth + 1)
    return _object(value, sought, depth)


def _list(values: Iterable[Json], sought: _Sought, depth: int) -> list[Json]:
    clean: list[Json] = []
    for inner in values:
        if sought.left <= 0:
            return [*clean, "…"]
        clean.append(_value(inner, sought, depth))
    return clean


def _object(value: Mapping[str, Json], sought: _Sought, depth: int) -> dict[str, Json]:
    clean: dict[str, Json] = {}
    for key, inner in value.items():
        if sought.left <= 0:
            return {**clean, "…": "…"}
        name = _value(key, sought, depth)
        name = name if name not in clean else f"{name} ({len(clean)})"
        clean[name] = _value(inner, sought, depth + 1)
    return clean


def _text(text: str, sought: _Sought, depth: int) -> str:
    if len(text) > sought.longest:
        return _told(text)
    if not _may_hold(text, sought.secrets):  # so it is with most texts
        return text
    held, clean = inside(text), text
    if held is not None:
        inner = _value(held, sought, depth + 1)
        clean = text if inner == held else json.dumps(inner, ensure_ascii=text.isascii())
    # Parsed JSON does not show everything (a key that occurs twice, a secret that is JSON itself): search the text too.
    clean = _marked(clean, sought)
    return clean if len(clean) <= sought.longest else _told(text)


def _may_hold(text: str, sought: _Spelled) -> bool:
    """Return whether a text may hold a secret: only then is it worth while to find out where."""
    if len(text) < sought.least or not sought.spellings:
        return False
    if sought.short and text.lstrip()[:1] in _OPENS:
        return True  # it may be a whole text within
    if not (sought.blanks or "\\" in text or "&" in text or "%" in text):  # so it is with most: it has one reading
        return any(piece in text for piece in sought.pieces) or text.strip() in sought.short
    readings = 0
    for reading in _plainly(text):
        readings += 1
        if any(piece in reading for piece in sought.pieces) or reading.strip() in sought.short:
            return True
    return readings > LAYERS  # there may be more beneath, in JSON within JSON


def _told(text: str) -> str:
    return f"… ({len(text)} characters)"


_OPENS = ("{", "[", '"')


def inside(text: str) -> Json:
    """Return the object, list or text that a text holds as JSON, or None."""
    if text.lstrip()[:1] not in _OPENS:
        return None
    try:
        return loads(text)
    except ValueError:
        return None


def _marked(text: str, sought: _Sought) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted(_spans(text, sought)):
        if start >= at:
            pieces += (text[at:start], sought.mark)
        at = max(at, end)
    return "".join(pieces) + text[at:]


def _spans(text: str, sought: _Sought) -> set[tuple[int, int]]:
    """Return where a text holds a secret in any of its readings, except where a mark already is."""
    found: set[tuple[int, int]] = set()
    for reading in _readings(text):
        for spelling in sought.secrets.spellings:
            if len(spelling) >= SHORT:
                found |= {reading.span(at, length) for at, length in _runs(reading.text, spelling)}
            elif reading.text.strip() == spelling:
                found.add((0, len(text)))
    mark = sought.mark
    return {(start, end) for start, end in found if text.find(mark, max(end - len(mark), 0), start + len(mark)) < 0}


def _runs(text: str, spelling: str) -> Iterator[tuple[int, int]]:
    """Yield where a text holds a spelling, or its beginning or end, and how many characters of it."""
    yield from _heads(text, spelling)
    if len(spelling) > CUT:
        for at, length in _heads(text[::-1], spelling[::-1]):
            yield len(text) - at - length, length


def _heads(text: str, spelling: str) -> Iterator[tuple[int, int]]:
    head = spelling[:CUT]
    at = text.find(head)
    while at >= 0:
        # The text agrees with the spelling up to some character: find it by halving.
        least, most = len(head), len(spelling)
        while least < most:
            middle = (least + most + 1) // 2
            least, most = (middle, most) if text.startswith(spelling[:middle], at) else (least, middle - 1)
        yield at, least
        at = text.find(head, at + 1)


@lru_cache(64)
def _spelled(secrets: tuple[str, ...]) -> _Spelled:
    """Return some secrets in every spelling."""
    spellings = tuple(_spellings(secrets))
    pieces = dict.fromkeys(piece for each in spellings if len(each) >= SHORT for piece in (each[:CUT], each[-CUT:]))
    short = frozenset(each for each in spellings if len(each) < SHORT)
    least = min(map(len, (*pieces, *short)), default=0)
    return _Spelled(spellings, tuple(pieces), short, least, any(each.split() != [each] for each in spellings))


def _spellings(secrets: Iterable[str]) -> Iterator[str]:
    """Yield each secret as it is, and as it reads without escapes and needless blanks, each once."""
    found: dict[str, None] = {}
    for secret in secrets:
        read = [reading for reading in _plainly(secret) if reading.strip()]
        found |= dict.fromkeys((secret, *read, *map(str.strip, read)))
    yield from filter(None, found)


def _plainly(text: str) -> Iterator[str]:
    """Yield the texts of `_readings`."""
    for _ in range(LAYERS + 1):
        yield text
        if " ".join(text.split()) != text and _BLANKS.search(text):  # the first is told at a tenth of the cost
            yield _BLANKS.sub(" ", text)
        inner = _ESCAPE.sub(_meant, text)
        if inner == text:
            return
        text = inner


def _meant(found: re.Match[str]) -> str:
    return _unescaped(found[0])


@attrs.frozen
class _Reading:
    """One way to read a text: character i of the reading is written at starts[i]:ends[i] of the text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, at: int, length: int) -> tuple[int, int]:
        """Return where a part of the reading is written."""
        return self.starts[at], self.ends[at + length - 1]

    def read(self, pattern: re.Pattern[str], means: Callable[[str], str]) -> "_Reading":
        """Return the reading in which each match of a pattern is replaced by its meaning."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            meant = means(match[0])
            text += (self.text[at:start], meant)
            starts += (*self.starts[at:start], *[self.starts[start]] * len(meant))
            ends += (*self.ends[at:start], *[self.ends[end - 1]] * len(meant))
            at = end
        text.append(self.text[at:])
        return _Reading("".join(text), (*starts, *self.starts[at:]), (*ends, *self.ends[at:]))


def _readings(text: str) -> Iterator[_Reading]:
    """Yield a text as it is, then with one more layer of escapes removed at a time, each also with blanks collapsed."""
    reading = _Reading(text, range(len(text)), range(1, len(text) + 1))
    for _ in range(LAYERS + 1):
        yield reading
        if _BLANKS.search(reading.text):
            yield reading.read(_BLANKS, lambda _: " ")
        inner = reading.read(_ESCAPE, _unescaped)
        if inner.text == reading.text:
            return
        reading = inner


@lru_cache(4096)
def _unescaped(written: str) -> str:
    match written[0]:
        case "\\":
            pair = "/" if written[1] == "/" else written.encode().decode("unicode_escape")
            return pair.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        case "&":
            return html.unescape(written)
        case "+":
            return " "
        case _:
            return unquote(written)
