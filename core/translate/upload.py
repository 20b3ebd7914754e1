"""The calls of an upload, one for each step, and what their answers tell: pure but for reading the file."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from anymedia.account import Account
from anymedia.declare.conversions import number
from anymedia.declare.files import NAMED, Step, Upload
from anymedia.model.errors import Unavailable
from anymedia.model.media import Media, as_base64
from anymedia.model.strict_json import Json
from anymedia.model.urls import absolute
from anymedia.model.vocabulary import Cause

from .classify import Asked, Received
from .encode import ANY, call
from .form import as_form, file_name
from .messages import Answer, Call, Stream
from .places import said

FILE = "{file}"
"""What stands in a form for the file itself."""


_OF_THE_LINE = frozenset(("host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"))
"""Headers that say how a call is sent, and so are no answer's to say: one could cut the file off."""


@attrs.frozen
class Placed:
    """Where a file lies, as a URL or a reference, since when, and until when it can be had there; None: nobody says."""

    url: str
    since: datetime
    until: datetime | None = None


def known_of(media: Media, upload: Upload) -> dict[str, Any]:
    """Return what the steps of an upload may say of a file, as far as they name it. Errors: Unreadable."""
    named = {name for step in upload.steps for text in step.texts for name in NAMED.findall(text)}
    makes = {
        "name": lambda: file_name(media),
        "type": lambda: media.media_type,
        "size": lambda: media.size,
        "sha256": lambda: media.sha256,
        "md5": lambda: _md5(media),
        "base64": lambda: as_base64(media.read()),
        "data": media.data_uri,
    }
    return {name: make() for name, make in makes.items() if name in named}


def _md5(media: Media) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in media.chunks():
        digest.update(chunk)
    return base64.b64encode(digest.digest()).decode()


def step_call(account: Account, step: Step, known: Mapping[str, Any], media: Media) -> Call:
    """Return the call of a step; `known` is what its texts may name. Errors: Unreadable."""
    endpoint = step.call
    headers = {name: str(said(text, known)) for name, text in endpoint.headers.items()}
    named = known.get(step.headers or "")
    told = named.items() if isinstance(named, Mapping) else ()
    headers |= {str(name): str(value) for name, value in told if str(name).lower() not in _OF_THE_LINE}
    linked = None if endpoint.link is None else _linked(account, known[endpoint.link])
    query = {name: str(said(text, known)) for name, text in endpoint.query.items()}
    path = str(said(endpoint.path or "", {name: quote(str(value), errors=ANY) for name, value in known.items()}))
    if linked is None:
        url = f"{path or '/'}?{urlencode(query)}" if query else path or "/"
    else:
        url = linked.rstrip("/") + path if path else linked
    body, content, about = _body(step, known, media)
    return call(
        account,
        attrs.evolve(endpoint, headers=headers),
        url,
        body,
        content=content,
        headers=about,
        alone=True,
        public=linked is not None,
    )


def _linked(account: Account, link: Any) -> str:
    """Return a URL that an answer named. Errors: Unavailable for what is none, and where files would go unencrypted."""
    url = absolute(link, account.origin) if isinstance(link, str) else None
    if url is None or not (url.startswith("https://") or account.local or account.allow_http):
        what = "named no usable URL to put it to" if url is None else "would have it sent unencrypted"
        raise Unavailable(f"{account.name} {what}", account=account.name, provider=account.adapter.name)
    return url


def _body(step: Step, known: Mapping[str, Any], media: Media) -> tuple[Json, Stream | None, dict[str, str]]:
    """Return what a step sends: JSON, or a stream with the headers that say what it is."""
    if step.call.body == "file":
        return None, Stream((media,)), {}
    sends = said(step.sends, known)
    if step.call.body == "form":
        fields = {name: media if step.sends[name] == FILE else value for name, value in sends.items()}
        return None, *as_form(fields)
    return (sends if step.call.method != "GET" else None), None, {}


def found(asked: Asked, step: Step, answer: Answer) -> dict[str, Any]:
    """Return what the answer to a step tells those after it.

    Errors: a ProviderError when it was refused; Unavailable when it does not tell what it should.
    """
    received = Received.of(asked, answer)
    if received.is_error(step.call.reply.ok):
        if step.call.link is None:
            raise received.refusal(submit=False)
        raise received.error(Cause.UNAVAILABLE, f"the store answered {received.answer.status}{received.aside}")
    told = {name: where.one(received.content) for name, where in step.finds.items()}
    missing = [name for name, value in told.items() if value in (None, "") or not _can_be_sent(value)]
    if missing:
        raise received.error(Cause.UNAVAILABLE, f"{asked.account} answered without {', '.join(missing)}")
    return told


def _can_be_sent(value: Any) -> bool:
    """Return whether the steps after it can name a value: half of a surrogate pair stands in no call."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except ValueError:
        return False
    return True


def placed(asked: Asked, upload: Upload, known: Mapping[str, Any]) -> Placed:
    """Return where an upload has put a file. Errors: Unavailable for what is no URL, or no reference to it."""
    told = known[upload.url]
    url = None if not isinstance(told, str) else told if upload.reference else absolute(told, asked.origin)
    if url is None:
        what = "reference to" if upload.reference else "usable URL for"
        raise Unavailable(f"{asked.account} named no {what} it", account=asked.account)
    until = known[upload.expires] if isinstance(upload.expires, str) else upload.expires
    return Placed(url, asked.now, until if isinstance(until, datetime) else _after(asked.now, until))


def _after(now: datetime, seconds: Any) -> datetime | None:
    """Return the time after so many seconds; None for what says no time that there can be."""
    try:
        return now + timedelta(seconds=float(number(seconds)))
    except (ValueError, OverflowError):
        return None
