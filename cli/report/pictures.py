"""Thumbnails of results that are on this machine, small enough to stand in the page itself."""

import base64
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from anymedia import Asset, Attempt
from anymedia.cli.inline.opened import is_file, opened

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 48
"""How many results are shown."""

SIDE = 320
"""Pixels of a thumbnail's longer side, at most."""

BYTES = 20_000
"""Bytes of a thumbnail in the page, at most; all together are below a megabyte."""

QUALITIES = (82, 70, 55, 40, 25)
"""How well a thumbnail is kept: the first that is small enough."""


@attrs.frozen(kw_only=True)
class Work:
    """A result with the attempt that it comes from: `thumbnail` is a data URI, None where there is none.

    `there` says whether its file is where it was saved; None where it was saved nowhere on this machine.
    """

    attempt: Attempt
    asset: Asset
    there: bool | None
    thumbnail: str | None = None


Shown: TypeAlias = tuple[Work, ...]


def shown(attempts: Iterable[Attempt]) -> Shown:
    """Return the results of attempts in their order, as many as are shown."""
    works: list[Work] = []
    for attempt in attempts:
        works += _works(attempt)
        if len(works) >= MOST:
            break
    return tuple(works[:MOST])


def _works(attempt: Attempt) -> Iterator[Work]:
    """Yield the results of an attempt that are what was bought; a cover beside one may stand for it."""
    task = attempt.task
    if task is None:
        return
    covers = [
        asset for asset in task.assets if asset.kind == "image" and asset.path is not None and asset.role != "main"
    ]
    for asset in task.works:
        there = None if asset.path is None else is_file(asset.path)
        pictures = [asset, *covers] if asset.kind == "image" else covers
        made = (thumbnail(each.path) for each in pictures if there and each.path is not None)
        yield Work(attempt=attempt, asset=asset, there=there, thumbnail=next(filter(None, made), None))


def thumbnail(path: Path) -> str | None:
    """Return a picture as a data URI of BYTES at most; None for what is none, and where Pillow is missing.

    Without Pillow only a picture that is small enough as it is would do, and of that nobody can tell what is in it.
    """
    try:
        picture = opened(path, SIDE)
    except ImportError:
        return None
    return None if picture is None else _uri(picture)


def _uri(picture: "Image") -> str | None:
    for quality in QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        uri = f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
        if len(uri) <= BYTES:
            return uri
    return None
