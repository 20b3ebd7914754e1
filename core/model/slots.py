"""The place of a file in a body until it is sent: which file comes there, and which way it goes."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from .media import Media, as_base64
from .plain import sized


class Way(StrEnum):
    """How a file gets to a provider."""

    UPLOAD = "upload"  # to the provider, which names a URL for it
    STORAGE = "storage"  # to the storage of the configuration, which lends a URL
    DATA = "data"  # in the body, as a data URI
    BASE64 = "base64"  # in the body, as base64 alone
    PART = "part"  # in the body, as a part of a form

    @property
    def inline(self) -> bool:
        """Whether the file itself is in the body."""
        return self not in (Way.UPLOAD, Way.STORAGE)


class Slot(str):
    """The place of a file in a body, until it is sent: as a text it says which file comes here, and in which way.

    `field` is the field of the request that the `media` was given for.
    """

    __slots__ = ("field", "media", "way")

    field: str
    media: Media
    way: Way

    def __new__(cls, field: str, media: Media, way: Way) -> "Slot":
        """Return the place of a file."""
        slot = super().__new__(cls, f"<{media.label}, {media.media_type}, {sized(media.size)}: {_BY[way]}>")
        slot.field, slot.media, slot.way = field, media, way
        return slot

    def __deepcopy__(self, _: Any) -> "Slot":
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.field, self.media, self.way

    @property
    def kept(self) -> str:
        """What is written down in its place where the file itself is in the body. Errors: Unreadable."""
        return f"<sha256 {self.media.sha256}, {self.media.media_type}, {self.media.size} bytes>"

    def held(self) -> "Slot":
        """Return the place of the same file, held in memory: nothing can change it any more. Errors: Unreadable."""
        media = self.media
        return Slot(self.field, Media(media.read(), media.media_type, media.name), self.way)

    def written(self) -> str:
        """Return the file as it stands in JSON. Errors: Unreadable."""
        return as_base64(self.media.read()) if self.way is Way.BASE64 else self.media.data_uri()


_BY = {
    Way.UPLOAD: "the URL of its upload",
    Way.STORAGE: "the URL that the storage lends",
    Way.DATA: "as a data URI",
    Way.BASE64: "as base64",
    Way.PART: "as a part of the form",
}


def slots(body: Any) -> list[Slot]:
    """Return every place of a file in a body, in order."""
    found: list[Slot] = []
    _walked(body, found.append)
    return found


def filled(body: Any, fill: Callable[[Slot], Any]) -> Any:
    """Return a body in which each place of a file holds what `fill` returns for it."""
    return _walked(body, fill) if slots(body) else body


def kept_of(body: Any, sent: Any) -> Any:
    """Return what of a filled body may be written down: a digest in the place of each file that is in it."""
    if isinstance(body, Slot):
        return body.kept if body.way.inline else sent
    if isinstance(body, dict):
        kept = {key: kept_of(value, sent[key]) for key, value in body.items()}
        return kept if any(kept[key] is not value for key, value in body.items()) else body
    if isinstance(body, list):
        each = [kept_of(value, other) for value, other in zip(body, sent, strict=True)]
        return each if any(one is not value for one, value in zip(each, body, strict=True)) else body
    return body


def _walked(body: Any, fill: Callable[[Slot], Any]) -> Any:
    if isinstance(body, Slot):
        return fill(body)
    if isinstance(body, dict):
        return {key: _walked(value, fill) for key, value in body.items()}
    if isinstance(body, list):
        return [_walked(value, fill) for value in body]
    return body
