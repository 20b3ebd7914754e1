"""JSON as it comes from outside: read strictly, or leniently where that fails; every fault is a ValueError.

A lenient reading never makes up a value: what is out of range is None, and a byte that is no text is U+FFFD (REPLACED),
by which whoever reads an id or a link knows that it is not whole.
"""

import json
import math
import re
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any
"""A JSON value: dict, list, str, int, float, bool or None."""

UNWRITTEN = "unwritten"
"""The mark in the metadata of fields of the model that stand in no JSON."""

BESIDE = "beside"
"""The mark in the metadata of fields that the journal stores beside the JSON of what they belong to, or not at all."""


def loads(text: bytes | str, *, unique: bool = False) -> Json:
    """Parse JSON text (bytes are UTF-8, with or without a byte order mark). Errors: ValueError, whatever is wrong.

    With `unique`, so is a key that stands twice in an object; else the last one counts.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        return (_UNIQUE if unique else _DECODER).decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


REPLACED = "\ufffd"
"""What stands in a text where its bytes could not be read."""

DEEPEST = 100
"""Levels that are read of a text that is nested too deeply."""

LONGEST_NUMBER = 1000
"""Digits of a whole number that the lenient reading takes."""


def decoded(data: bytes) -> str:
    """Return bytes as text, in UTF-8, UTF-16 or UTF-32 as their beginning tells; what is none of it is replaced."""
    return data.decode(json.detect_encoding(data), "replace")


def lenient(text: str) -> Json:
    """Parse JSON text in which NaN, numbers out of range and raw control characters may stand.

    The first two are None, and so is what lies deeper than a hundred levels in a text that is too deep to be read
    otherwise. Errors: ValueError.
    """
    text = text.strip(_AROUND)
    try:
        return _LENIENT.decode(text)
    except RecursionError:
        return _LENIENT.decode(_shallow(text))


def _shallow(text: str) -> str:
    """Return JSON text with null in place of each list and object below the hundredth level."""
    kept: list[str] = []
    depth, at = 0, 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth == DEEPEST:
                kept += (text[at : found.start()], "null")
        elif found[0] in "]}":
            depth -= 1
            if depth == DEEPEST - 1:
                at = found.end()
    return "".join(kept) + text[at:] if depth < DEEPEST else text[:0]


def dumps(value: Json) -> bytes:
    """Write JSON the way every call is sent: UTF-8, no blanks, keys in the order given."""
    return _ENCODER.encode(value).encode()


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"a number out of range: {digits[:20]}")
    return number


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"a key stands twice: {name[:60]!r}")
        found[name] = value
    return found


def _finite_or_none(digits: str) -> float | None:
    number = float(digits)
    return None if math.isinf(number) else number


def _whole_or_none(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


# A text without an end goes to the end, and nothing of it is tried twice.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_AROUND = "\ufeff\0 \t\r\n"
_LENIENT = json.JSONDecoder(
    parse_float=_finite_or_none, parse_int=_whole_or_none, parse_constant=lambda _: None, strict=False
)
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_UNIQUE = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
