"""RunAPI's uploads in parts, in the form of OpenAI's: /v1/uploads, each of which becomes a lasting file in the end.

Ours, where nothing is written: 100 MB at most for a part and for the whole; an upload is open for an hour; it is
complete with as many bytes as it was announced with, from parts that are each named once; of one that is over there is
nothing to add, complete or cancel.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from attrs import define, field, frozen

from .fields import Cause, Field, Text, Whole
from .message import Body, Clock, Refusal, Request, Response, Sent, json_response
from .multipart import Part
from .runapi_files import invalid
from .runapi_lasting import LastingFiles

BEGUN: dict[str, Field] = {
    "bytes": Whole(1, 2**40, required=True),
    "filename": Text(1, required=True),
    "mime_type": Text(1, required=True),
    "purpose": Text(1, required=True),
}


@frozen
class Names:
    """A list of texts."""

    required: bool = True

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        fits = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
        return None if fits else ("type", "must be a list of strings")


ENDED: dict[str, Field] = {"part_ids": Names()}

OPEN_FOR = 3600
"""Seconds."""

MOST_OPEN = 100
"""Uploads that are remembered, the newest."""


@define
class Parted:
    """An upload, and the parts of it that have come."""

    said: Body
    created: float
    status: str = "pending"
    file: Body | None = None
    parts: dict[str, bytes] = field(factory=dict)
    id: str = field(factory=lambda: f"upload_{uuid4().hex}")


class PartedFiles(LastingFiles):
    """The calls about uploads in parts, beside those about whole files."""

    files_at: ClassVar[Sequence[str]] = (*LastingFiles.files_at, "part")
    file_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        *LastingFiles.file_routes,
        ("POST", r"/v1/uploads", "begin"),
        ("POST", r"/v1/uploads/(?P<parted>[^/]+)/parts", "part"),
        ("POST", r"/v1/uploads/(?P<parted>[^/]+)/complete", "complete"),
        ("POST", r"/v1/uploads/(?P<parted>[^/]+)/cancel", "give_up"),
    )

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self.parted: dict[str, Parted] = {}

    def begin(self, request: Request, _: re.Match[str]) -> Response:
        """An upload to which parts are added."""
        body = self._body(request, BEGUN)
        self.hold(body["bytes"], "bytes")
        new = Parted(body, self.now)
        self.parted[new.id] = new
        if len(self.parted) > MOST_OPEN:
            del self.parted[next(iter(self.parted))]
        return _told(new)

    def part(self, request: Request, match: re.Match[str]) -> Response:
        """{id, object, created_at, upload_id} of the bytes in a form's `data`."""
        one = self._open(request, match)
        data = (request.form or Sent({})).get("data")
        if not isinstance(data, Part):
            raise invalid({"data": ["is required"]})
        self.hold(len(data.content), "data")
        self.hold(len(data.content) + sum(map(len, one.parts.values())), "data")
        part_id = f"part_{uuid4().hex}"
        one.parts[part_id] = data.content
        return json_response({"id": part_id, "object": "upload.part", "created_at": int(self.now), "upload_id": one.id})

    def complete(self, request: Request, match: re.Match[str]) -> Response:
        """The upload and its file, which is made of the parts in their order."""
        one = self._open(request, match)
        names: list[str] = self._body(request, ENDED)["part_ids"]
        if len({*names} & {*one.parts}) != len(names):
            raise invalid({"part_ids": ["must name parts of this upload, each once"]})
        content = b"".join(one.parts[name] for name in names)
        if len(content) != one.said["bytes"]:
            raise invalid({"part_ids": [f"have {len(content)} bytes, not the {one.said['bytes']} of the upload"]})
        said: dict[str, Any] = one.said
        one.file = self.lasts(content, said["filename"], said["mime_type"], said["purpose"])
        return self._over(one, "completed")

    def give_up(self, request: Request, match: re.Match[str]) -> Response:
        """The upload, whose parts are gone."""
        return self._over(self._open(request, match), "cancelled")

    def _open(self, request: Request, match: re.Match[str]) -> Parted:
        self.admit(request)
        one = self.parted.get(match["parted"])
        if one is None:
            raise Refusal(404, "", "Upload not found")
        if one.status != "pending" or self.now >= one.created + OPEN_FOR:
            raise Refusal(400, "", "Upload is not open any more")
        return one

    def _over(self, one: Parted, status: str) -> Response:
        one.status = status
        one.parts.clear()
        return _told(one)


def _told(one: Parted) -> Response:
    body: Body = {"id": one.id, "object": "upload", "created_at": int(one.created), "status": one.status}
    about = {name: one.said[name] for name in ("bytes", "filename", "purpose")}
    return json_response({**body, **about, "expires_at": int(one.created + OPEN_FOR), "file": one.file})
