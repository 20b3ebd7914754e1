"""Which way each file of a request goes to an offer."""

from collections.abc import Collection, Mapping

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.declare.files import MEGA, File, Files, Upload
from anymedia.model.errors import Problem
from anymedia.model.media import Media
from anymedia.model.plain import sized
from anymedia.model.slots import Slot, Way
from anymedia.model.urls import is_on_the_web

from .resolve import Field

WAYS: Mapping[str, Way] = {"upload": Way.UPLOAD, "data": Way.DATA, "base64": Way.BASE64, "part": Way.PART}
"""The way of a file that each form stands for."""


LENT = 86_400.0
"""Seconds for which the storage lends a URL of a file."""


def lent_key(media: Media, digest: str) -> str:
    """Return the key of a file that the storage lends: the same for the same bytes."""
    return f"inputs/{digest}.{media.ending}"


@attrs.frozen
class Ways:
    """What an account adds to the ways of its provider: it is on this machine (`local`), a storage `lends` URLs."""

    local: bool = False
    lends: bool = False

    @classmethod
    def of(cls, account: Account) -> "Ways":
        """Return the ways of an account."""
        return cls(local=account.local, lends=account.lender is not None)


NO_WAYS = Ways()


def placed(
    fields: dict[str, Field], adapter: Adapter, ways: Ways, in_query: Collection[str] = ()
) -> tuple[dict[str, Field], list[Problem]]:
    """Return the fields with a Slot in the place of each file of this machine, and why some cannot get there.

    A field with a file that cannot get there sends nothing.
    Fields that are sent `in_query` take public URLs alone: what stands there is known before a file is placed.
    """
    changed: dict[str, Field] = {}
    problems: list[Problem] = []
    for name, field in fields.items():
        if isinstance(field.takes, File | Files) and field.sent is not None:
            taken = field.sent if isinstance(field.sent, tuple) else (field.sent,)
            lent = attrs.evolve(ways, lends=False) if name in in_query else ways
            sent = [_sent(name, each, field.takes, adapter, lent) for each in taken]
            problems += [each for each in sent if isinstance(each, Problem)]
            if any(isinstance(each, Problem) for each in sent):
                changed[name] = attrs.evolve(field, sent=None)
            elif any(isinstance(each, Slot) for each in sent):
                changed[name] = attrs.evolve(field, sent=tuple(sent) if isinstance(field.sent, tuple) else sent[0])
    return {**fields, **changed} if changed else fields, problems


def _sent(name: str, value: str | Media, takes: File | Files, adapter: Adapter, ways: Ways) -> str | Slot | Problem:
    if isinstance(value, str):
        if ways.local or is_on_the_web(value):
            return value
        message = f"{value[:60]} is not on the web, where {adapter.title} could fetch it: give its bytes, or a Path"
        return Problem(field=name, message=message, documented=False)
    way = _way(value, takes, adapter.upload, ways)
    return _no_way(name, value, takes, adapter) if way is None else Slot(name, value, way)


def _way(media: Media, takes: File | Files, upload: Upload | None, ways: Ways) -> Way | None:
    """Return the first way that a file can go; the storage comes last: what it lends is read by others."""
    for form in takes.forms:
        way = WAYS.get(form)
        if way is not None and media.size <= _most(way, takes, upload):
            return way
    return Way.STORAGE if "url" in takes.forms and ways.lends else None


def _most(way: Way, takes: File | Files, upload: Upload | None) -> float:
    """Return how many bytes can go a way."""
    if way is Way.UPLOAD:
        return 0 if upload is None else float("inf") if upload.megabytes is None else upload.megabytes * MEGA
    return float("inf") if way is Way.PART else takes.inline * MEGA


def _no_way(name: str, media: Media, takes: File | Files, adapter: Adapter) -> Problem:
    what = f"{media.label} ({sized(media.size)})"
    if "url" not in takes.forms:
        message = f"{what} is larger than what {adapter.title} takes"
    else:
        message = (
            f"{what} is not on the web, and {adapter.title} takes a public URL: set [storage] url in anymedia.toml to "
            "a bucket, which lends one, or put the file on the web and give its URL"
        )
    return Problem(field=name, message=message, unsupported=True, documented=False)


@attrs.frozen(kw_only=True)
class Going:
    """Which way a file of this machine goes, for the `field` that it was given for.

    `where` it would lie, and for how many `seconds` it can be fetched there; None: it lies nowhere, or nobody says.
    """

    field: str
    file: str
    media_type: str
    bytes: int
    way: str
    where: str | None = None
    seconds: float | None = None


def going(slot: Slot, account: Account) -> Going:
    """Return which way the file of a slot goes at an account; nothing is sent for it."""
    media, upload = slot.media, account.adapter.upload
    where, seconds = None, None
    if slot.way is Way.STORAGE:
        where, seconds = f"{account.lender}/{lent_key(media, '…')}", LENT
    elif slot.way is Way.UPLOAD and upload is not None:
        where = f"{account.adapter.title}, by its own upload"
        seconds = None if isinstance(upload.expires, str) else upload.expires
    return Going(
        field=slot.field,
        file=media.label,
        media_type=media.media_type,
        bytes=media.size,
        way=str(slot.way),
        where=where,
        seconds=seconds,
    )
