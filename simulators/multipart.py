"""Forms with files in them: multipart/form-data, split into its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from attrs import frozen

MOST_PARTS = 100
LONGEST_HEAD = 8192

BOUNDARY = re.compile(r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
FILENAME = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)
FILENAME_IN_FULL = re.compile(r";\s*filename\*=utf-8''([^;\s]*)", re.IGNORECASE)
TYPE = re.compile(r"^content-type:\s*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@frozen
class Part:
    """A part of a form: the field's name, the file's (None where the part is no file), its declared type, its bytes."""

    field: str
    filename: str | None
    media_type: str
    content: bytes


def is_form(content_type: str) -> bool:
    """Whether a body of a type is a form with parts."""
    return BOUNDARY.match(content_type) is not None


def parts(content_type: str, body: bytes) -> list[Part] | None:
    """The parts of a body, at most 100; None where it is no such form, or one that is broken."""
    found = BOUNDARY.match(content_type)
    if not found:
        return None
    mark = b"--" + (found[1] or found[2]).encode()
    if not body.startswith(mark):
        return None
    try:
        return list(_parts(body, mark))
    except ValueError:
        return None


def _parts(body: bytes, mark: bytes) -> Iterator[Part]:
    at = len(mark)
    for _ in range(MOST_PARTS + 1):
        if body.startswith(b"--", at):
            return
        head = body.index(b"\r\n\r\n", at, at + LONGEST_HEAD)
        end = body.index(b"\r\n" + mark, head + 4)
        yield _part(body[at:head].decode("utf-8", "replace"), body[head + 4 : end])
        at = end + 2 + len(mark)
    raise ValueError("there are too many parts")


def _part(head: str, content: bytes) -> Part:
    name = NAME.search(head)
    if not name:
        raise ValueError("a part has no name")
    in_full, plain, kind = FILENAME_IN_FULL.search(head), FILENAME.search(head), TYPE.search(head)
    filename = unquote(in_full[1]) if in_full else plain[1] if plain else None
    return Part(name[1], filename, kind[1].strip() if kind else "", content)
