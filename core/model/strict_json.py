"""JSON as it comes from outside: every fault is a ValueError, and nothing but JSON gets through."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any
"""A JSON value: dict, list, str, int, float, bool or None."""

UNWRITTEN = "unwritten"
"""The mark in the metadata of fields of the model that stand in no JSON."""


def loads(text: bytes | str) -> Json:
    """Parse JSON text (bytes are UTF-8, with or without a byte order mark). Errors: ValueError, whatever is wrong."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(value: Json) -> bytes:
    """Write JSON the way every call is sent: UTF-8, no blanks, keys in the order given."""
    return _ENCODER.encode(value).encode()


def texts_in(value: Json) -> Iterator[str]:
    """Yield every text in a JSON value, at any depth; keys are none."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list | tuple):
            left += each


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"a number out of range: {digits[:20]}")
    return number


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
