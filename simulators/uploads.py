"""Files that callers have put in: kept for a while, served at links of their own, and taken as inputs by these links.

A provider keeps what it is sent by `Service.keep`, whether it came as base64 in JSON, as a part of a form
(`Request.form`), or as the body itself; `Service.lend` is for a link to which the bytes are to be put.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import define, field, frozen

from .message import Request, Response

KEPT = r"/uploads/(?P<upload>[0-9a-f]{32})/(?P<name>[^/]+)"
"""Where uploads are served: our choice, at every provider."""

LENT = r"/uploads/lent/(?P<slot>[0-9a-f]{32})"
"""Where bytes are put."""

MOST = 1000
"""Uploads and links to put to that are kept, the newest of each."""


@frozen
class Upload:
    """A file that is kept until `expires`; `content` is None where only its `link` is known, which nobody followed.

    `about` is what its sender says of it.
    """

    id: str
    name: str
    media_type: str
    content: bytes | None
    created: float
    expires: float
    link: str = ""
    about: Mapping[str, object] = field(factory=dict)

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/uploads/{self.id}/{self.name}"

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content or b"")


@define
class Slot:
    """A link to which bytes are put once, with these very headers, and without an API key unless it may be `keyed`.

    `size` and `checksum` (the MD5 in base64) are what the bytes must have, None where the provider asks for neither.
    `kept`: they are an upload as soon as they are here.
    """

    name: str
    headers: Mapping[str, str]
    expires: float
    size: int | None = None
    checksum: str | None = None
    kept: bool = False
    keyed: bool = False
    id: str = field(factory=lambda: secrets.token_hex(16))
    content: bytes | None = None
    upload: Upload | None = None

    @property
    def path(self) -> str:
        """Where the bytes go."""
        return f"/uploads/lent/{self.id}"

    @property
    def kept_path(self) -> str:
        """Where they are served, if they are kept at once."""
        return f"/uploads/{self.id}/{self.name}"

    def wrong(self, request: Request, now: float) -> tuple[int, str] | None:
        """Why a request may not put its bytes here: HTTP status and text."""
        if now >= self.expires:
            return 403, "this link has expired"
        if self.content is not None:
            return 403, "this link was used"
        if not self.keyed and {"authorization", "x-api-key", "x-key"} & set(request.headers):
            return 400, "this link is signed: an API key has no place here"
        for name, value in self.headers.items():
            if request.headers.get(name.lower()) != value:
                return 403, f"the signature does not match: {name} must be {value}"
        if self.size is not None and len(request.body) != self.size:
            return 400, f"{self.size} bytes were announced, not {len(request.body)}"
        if self.checksum is not None and md5(request.body) != self.checksum:
            return 400, "the bytes have another MD5"
        return None


class Uploads:
    """The uploads of one provider, the newest of them: in number, and in bytes."""

    def __init__(self) -> None:
        self._kept: dict[str, Upload] = {}
        self._slots: dict[str, Slot] = {}

    def add(self, upload: Upload, most: int) -> Upload:
        """Keeps an upload, and lets the oldest go until all have `most` bytes or fewer."""
        self._kept[upload.id] = upload
        size = sum(each.size for each in self._kept.values())
        while len(self._kept) > 1 and (size > most or len(self._kept) > MOST):
            size -= self._kept.pop(next(iter(self._kept))).size
        return upload

    def remove(self, upload: Upload) -> None:
        """Forgets an upload."""
        self._kept.pop(upload.id, None)

    def lend(self, slot: Slot) -> Slot:
        """Keeps a link to put to."""
        self._slots[slot.id] = slot
        if len(self._slots) > MOST:
            del self._slots[next(iter(self._slots))]
        return slot

    def slot(self, slot_id: object) -> Slot | None:
        """The link to put to that has an id."""
        return self._slots.get(str(slot_id))

    def get(self, upload_id: str) -> Upload | None:
        """The upload that has an id."""
        return self._kept.get(upload_id)

    def every(self) -> tuple[Upload, ...]:
        """All uploads, the oldest first."""
        return tuple(self._kept.values())

    def at(self, url: str) -> Upload | None:
        """The upload that a link leads to, expired or not."""
        path = re.fullmatch(KEPT, urlsplit(url).path)
        return self._kept.get(path["upload"]) if path else None

    def referred(self, text: str) -> Upload | None:
        """The upload in whose id a reference ends, which is no web address; expired or not."""
        return None if text[:4].lower() == "http" else self._kept.get(text[-32:])

    def served(self, request: Request, now: float) -> Response:
        """An upload: no key needed, 403 once it has expired, 404 where there is none."""
        upload = self.at(request.path)
        if upload is None or upload.content is None:
            return _plain(404, "no such file")
        if now >= upload.expires:
            return _plain(403, "this link has expired")
        return Response(200, {"Content-Type": upload.media_type}, upload.content)

    def put(self, request: Request, slot_id: str, now: float, most: int) -> Response:
        """Takes the bytes for a link that was lent; the oldest go until all that were put have `most` or fewer."""
        slot = self.slot(slot_id)
        if slot is None:
            return _plain(403, "no such link was signed")
        if wrong := slot.wrong(request, now):
            return _plain(*wrong)
        slot.content = request.body
        put = [each for each in self._slots.values() if each.content]
        size = sum(len(each.content or b"") for each in put)
        for each in put[:-1]:
            if size > most:
                size -= len(each.content or b"")
                del self._slots[each.id]
        return Response(200)


def named(name: object) -> str:
    """A file's name as it may stand in a link."""
    last = str(name or "").replace("\\", "/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip(".")[:100] or "file"


def md5(content: bytes) -> str:
    """The MD5 of bytes, in base64."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _plain(status: int, text: str) -> Response:
    return Response(status, {"Content-Type": "text/plain"}, f"{text}\n".encode())
