"""Removes prompts, however they are escaped, and long texts (such as files) from what a provider answered."""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

import attrs

from anymedia.model.request import text_names
from anymedia.model.strict_json import Json, loads
from anymedia.model.urls import is_url

MARK = "[prompt]"
"""The text that replaces a prompt."""

DEEPEST = 100
"""Levels of objects, lists and JSON in texts that are read; deeper ones are left out."""

LAYERS = 8
"""Layers of escapes under which a prompt is found in a text that is not JSON; JSON within JSON counts anew."""

SHORT = 3
"""Characters; a shorter secret occurs in too many words, so it is found only where it is the whole text."""

CUT = 20
"""Characters at either end of a longer secret by which it is found even when the rest is cut off."""

LONG = 40
"""Characters; any longer text of a submit counts as the user's own words."""

COMMON = ("text", "message")
"""Keys of bodies under which the user's own words stand, beside the text fields of the kinds of requests."""

_BLANKS = re.compile(r"\s{2,}|[^\S ]")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]"  # JSON
    r"|\\x[0-9a-fA-F]{2}|\\U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}|\\'"  # Python
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"  # HTML
    r"|\+|(?i:%[0-7][0-9a-f]|(?:%[cd][0-9a-f]|%e[0-9a-f]%[89ab][0-9a-f]|%f[0-7](?:%[89ab][0-9a-f]){2})%[89ab][0-9a-f])"
)


def scrubbed(words: Json, secrets: Sequence[str], longest: int = 4096) -> Json:
    """Return a copy of JSON data in which "[prompt]" replaces each secret, and "… (N characters)" each long text.

    A secret is found in values and keys, in JSON within a text, escaped (JSON, HTML, URL), with its blanks collapsed,
    and cut down to its first or last 20 characters or more; one of fewer than 3 characters only where it is the whole
    text. Texts of more than `longest` characters and levels below the hundredth are left out.
    """
    return _value(words, _Sought(tuple(_spellings(secrets, longest)), longest), 0)


def secrets_of(body: Json, texts: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the texts of a submit's body that may be the user's own words, each once.

    They are `texts` (the values of the request's text fields), the texts at any depth under a key that holds the name
    of a text field of any kind or a word of COMMON, and all texts of more than 40 characters that are not URLs.
    """
    keys = re.compile("|".join((*text_names(), *COMMON)), re.IGNORECASE)
    found: dict[str, None] = dict.fromkeys(filter(str.strip, texts))
    left: list[tuple[Json, bool]] = [(body, False)]
    while left:
        value, own = left.pop()
        if isinstance(value, Mapping):
            left += [(inner, own or keys.search(str(key)) is not None) for key, inner in reversed([*value.items()])]
        elif isinstance(value, list | tuple):
            left += [(inner, own) for inner in reversed(value)]
        elif isinstance(value, str):
            if value.strip() and (own or (len(value) > LONG and not is_url(value))):
                found[value] = None
            left.append((_inside(value), own))  # a provider may return the data that is in it
    return tuple(found)


@attrs.frozen
class _Sought:
    """The secrets in every spelling, and the number of characters of the longest text that is kept."""

    spellings: tuple[str, ...]
    longest: int


_HOLDERS = (dict, list, tuple, Mapping)


def _value(value: Json, sought: _Sought, depth: int) -> Json:
    if isinstance(value, str):
        return _text(value, sought, depth)
    if not isinstance(value, _HOLDERS):
        return value
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        return [_value(inner, sought, depth + 1) for inner in value]
    clean: dict[str, Json] = {}
    for key, inner in value.items():
        name = _value(key, sought, depth)
        name = name if name not in clean else f"{name} ({len(clean)})"
        clean[name] = _value(inner, sought, depth + 1)
    return clean


def _text(text: str, sought: _Sought, depth: int) -> str:
    if len(text) > sought.longest:
        return _told(text)
    if not sought.spellings:  # what most journals are written with
        return text
    held, clean = _inside(text), text
    if held is not None:
        inner = _value(held, sought, depth + 1)
        clean = text if inner == held else json.dumps(inner, ensure_ascii=text.isascii())
    # Parsed JSON does not show everything (a key that occurs twice, a secret that is JSON itself): search the text too.
    clean = _marked(clean, sought.spellings)
    return clean if len(clean) <= sought.longest else _told(text)


def _told(text: str) -> str:
    return f"… ({len(text)} characters)"


def _inside(text: str) -> Json:
    """Return the object, list or text that a text holds as JSON, or None."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return loads(text)
    except ValueError:
        return None


def _marked(text: str, spellings: Sequence[str]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted(_spans(text, spellings)):
        if start >= at:
            pieces += (text[at:start], MARK)
        at = max(at, end)
    return "".join(pieces) + text[at:]


def _spans(text: str, spellings: Sequence[str]) -> set[tuple[int, int]]:
    """Return where a text holds a secret in any of its readings, except where a mark already is."""
    found: set[tuple[int, int]] = set()
    for reading in _readings(text) if spellings else ():
        for spelling in spellings:
            if len(spelling) >= SHORT:
                found |= {reading.span(at, length) for at, length in _runs(reading.text, spelling)}
            elif reading.text.strip() == spelling:
                found.add((0, len(text)))
    return {(start, end) for start, end in found if text.find(MARK, max(end - len(MARK), 0), start + len(MARK)) < 0}


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


def _spellings(secrets: Sequence[str], longest: int) -> Iterator[str]:
    """Yield each secret as it is, and as it reads without escapes and needless blanks, each once."""
    found: dict[str, None] = {}
    # No text that is kept holds more of a secret than this: reference pictures in a body are megabytes of base64.
    for secret in (whole[: 10 * longest] for whole in secrets):
        read = [reading.text for reading in _readings(secret) if reading.text.strip()]
        found |= dict.fromkeys((secret, *read, *map(str.strip, read)))
    yield from filter(None, found)


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
