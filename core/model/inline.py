"""Files that stand in JSON as base64: cut out before it is read, so that none is in memory as a text beside its bytes.

What is not written in the plain alphabet (with escaped slashes, for one) is read as any other text.
"""

import binascii
import re
from collections.abc import Sequence
from typing import Any, Self

from .strict_json import Json

LONG = 1 << 16
"""Characters from which on a text is cut out."""

_LONG = re.compile(rb'(?<!\\)"(data:[\w/.+;=-]{0,100};base64,)?([A-Za-z0-9+/]{%d,}={0,2})"' % LONG)

_MARK = "\0file "
"""What stands in the place of one, with its number; in JSON it is escaped."""


class Inline(str):
    """Base64 as it stands in an answer: a note of its length as a text, its own characters in `data`.

    `uri`: they are those of a data URI.
    """

    data: memoryview
    uri: bool

    @classmethod
    def of(cls, data: memoryview, *, uri: bool) -> Self:
        """Return base64 that stands in an answer."""
        made = cls(f"… ({len(data)} characters)")
        made.data, made.uri = data, uri
        return made

    def __deepcopy__(self, _: Any) -> Self:
        return self

    def decoded(self) -> bytes:
        """Return the bytes of the file. Errors: ValueError."""
        return binascii.a2b_base64(self.data)


def cut(body: bytes) -> tuple[bytes, list[Inline]]:
    """Return JSON with a short text in the place of each long base64, and what those stand for, in order."""
    if len(body) < LONG:
        return body, []
    found: list[Inline] = []
    pieces: list[bytes] = []
    view, at = memoryview(body), 0
    for match in _LONG.finditer(body):
        pieces.append(body[at : match.start()] + b'"\\u0000file %d"' % len(found))
        found.append(Inline.of(view[match.start(2) : match.end(2)], uri=match[1] is not None))
        at = match.end()
    return (b"".join((*pieces, body[at:])), found) if found else (body, [])


def put_back(words: Json, texts: Sequence[str]) -> Json:
    """Return JSON that was read with texts in the place of what was cut out of it."""
    by_mark = {f"{_MARK}{number}": text for number, text in enumerate(texts)}
    whole = [words]
    left: list[Json] = [whole]
    while left:
        held = left.pop()
        for key, value in [*(held.items() if isinstance(held, dict) else enumerate(held))]:
            if isinstance(value, dict | list):
                left.append(value)
            elif isinstance(value, str) and value in by_mark:
                held[key] = by_mark[value]
    return whole[0]
