"""A body as a form of parts (multipart/form-data), which can hold files."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from anymedia.model.media import Media
from anymedia.model.slots import Slot
from anymedia.model.strict_json import Json, dumps

from .messages import Stream

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"\\\ud800-\udfff]')
"""What would end a name within a part's header or begin another header, and what cannot be written at all."""

_LONGEST_NAME = 200
"""Characters that are sent of a file's name, from its end."""


def boundary_of(fields: Mapping[str, Any]) -> str:
    """Return what parts a form's parts: it depends on every byte of it, so that no file can hold it.

    Errors: Unreadable.
    """
    digest = hashlib.sha256()
    for name, value in fields.items():
        for each in _each(value):
            digest.update(f"{name}={each.sha256 if isinstance(each, Media) else _text(each)}\n".encode())
    return digest.hexdigest()[:40]


def as_form(fields: Mapping[str, Any]) -> tuple[Stream, dict[str, str]]:
    """Return a form as it is sent, with the header that says so. Errors: Unreadable."""
    boundary = boundary_of(fields)
    return Stream(form(fields, boundary)), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def form(fields: Mapping[str, Any], boundary: str) -> tuple[bytes | Media, ...]:
    """Return the pieces of a form: a part for each field, for each element of a list, and for each file.

    A text is written as it is, what else JSON has as JSON; None is left out.
    """
    pieces: list[bytes | Media] = []
    for name, value in fields.items():
        for each in _each(value):
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
            if isinstance(each, Media):
                head += f'; filename="{_quoted(file_name(each))}"\r\nContent-Type: {_quoted(each.media_type)}'
                pieces += [f"{head}\r\n\r\n".encode(), each, b"\r\n"]
            else:
                pieces.append(f"{head}\r\n\r\n{_text(each)}\r\n".encode())
    return (*pieces, f"--{boundary}--\r\n".encode())


def file_name(media: Media) -> str:
    """Return what a file is called where it is sent: the name that it was given, else one that tells nothing.

    It is one name, and no path: it may stand in a URL.
    """
    name = _quoted(media.name or "").replace("/", "_")[-_LONGEST_NAME:]
    return name if name.strip(". ") else f"file.{media.ending}"


def _each(value: Any) -> Iterator[Json | Media]:
    for each in value if isinstance(value, list | tuple) else (value,):
        if each is not None:
            yield each.media if isinstance(each, Slot) else each


def _text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value).decode()


def _quoted(text: str) -> str:
    return _UNSAFE.sub("_", text)
