"""Where an answer holds its results, and what it tells of each."""

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args
from urllib.parse import urlsplit

import attrs

from anymedia.model.vocabulary import AssetRole, Kind

from .path import Path, Place, place
from .typed import typed

IMAGES = (".png", ".jpg", ".jpeg", ".webp")
"""How links to images end."""

MEDIA = tuple(sorted({kind.medium for kind in Kind}))
"""What a result may be."""


def optional_place(where: str | Place | None) -> Place | None:
    """Return a place, or None where there is none."""
    return None if where is None else place(where)


def _one_of(*words: str) -> Any:
    def check(_: Any, field: Any, given: Any) -> None:
        if given not in words:
            raise ValueError(f"{field.name} is one of {', '.join(words)}, not {given!r}")

    return check


@attrs.frozen(field_transformer=typed)
class Assets:
    """Results at a place: `at` holds each of them, and `url`, `title` and `seconds` are places within each.

    Without a `url` it is what `at` holds. `kind` is the medium (image, video, audio): without one that of the work, and
    an image for what stands beside it, which `role` says (main, cover, last_frame). Where neither is said, a link among
    films that ends as an image's is a last frame.
    """

    at: Place = attrs.field(converter=place)
    url: Place = attrs.field(default=Path(""), converter=place)
    kind: str | None = attrs.field(default=None, validator=attrs.validators.optional(_one_of(*MEDIA)))
    role: AssetRole = attrs.field(default="main", validator=_one_of(*get_args(AssetRole)))
    title: Place | None = attrs.field(default=None, converter=optional_place)
    seconds: Place | None = attrs.field(default=None, converter=optional_place)

    def beside(self, work: str, url: str) -> "Assets":
        """Return what a link at the place is, beside a work of this medium: the words of it, or a last frame's."""
        told = self.kind is not None or self.role != "main"
        if told or work != "video" or not urlsplit(url).path.lower().endswith(IMAGES):
            return self
        return attrs.evolve(self, role="last_frame")

    def medium(self, work: str) -> str:
        """Return what a result is as a file, beside a work of this medium."""
        return self.kind or (work if self.role == "main" else "image")

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.at), str(self.url))))


Given: TypeAlias = str | Place | Assets | tuple[Assets, ...] | Mapping[str, str | Place]


def assets(given: Given) -> tuple[Assets, ...]:
    """Return results as they are declared: at one place, by their medium, or in full. Errors: ValueError."""
    if isinstance(given, Mapping):
        return tuple(Assets(where, kind=kind) for kind, where in given.items())
    if not isinstance(given, tuple):
        return (given if isinstance(given, Assets) else Assets(given),)
    for each in given:
        if not isinstance(each, Assets):
            raise ValueError(f"assets is a tuple of Assets, and {each!r} is in it")
    return given
