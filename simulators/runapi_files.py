"""RunAPI's temporary files, each for use in any URL field: of a link, in base64, or put to a link that is lent.

Ours, where nothing is written: 100 MB at most, and no empty file; times in ISO 8601; a link to which bytes are put
lives as long as an upload, and answers 403 when it is used twice or in another way than it was signed; to confirm again
answers the same; a public link is not followed, so that the size of its file is 0.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from .fields import Field, Fields, Link, Object, Problem, Text, Whole, given, problems
from .inputs import MEGABYTE, from_base64
from .message import Refusal, Request, Response, json_response, moment
from .service import Service
from .uploads import Slot, Upload

BROUGHT: dict[str, Field] = {"source": Object(required=True), "file_name": Text()}
SOURCES: Mapping[str, Fields] = {
    "url": {"type": Text(), "url": Link(required=True)},
    "base64": {"type": Text(), "data": Text(required=True)},
}
PREPARED: dict[str, Field] = {
    "filename": Text(1, required=True),
    "byte_size": Whole(0, 2**40, required=True),
    "checksum": Text(required=True),
}
CONFIRMED: dict[str, Field] = {"signed_id": Text(required=True)}

MD5_BYTES = 16


class Files(Service):
    """The calls about temporary files."""

    files_at: ClassVar[Sequence[str]] = ("brought", "prepare", "put", "confirm")
    file_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/api/v1/files", "brought"),
        ("POST", r"/api/v1/files/prepare", "prepare"),
        ("POST", r"/api/v1/files/confirm", "confirm"),
    )

    def brought(self, request: Request, _: re.Match[str]) -> Response:
        """A temporary file, from a link or in base64."""
        body = self._body(request, BROUGHT)
        source: dict[str, Any] = given(body["source"])
        if (kind := str(source.get("type"))) not in SOURCES:
            raise invalid({"source.type": [f"must be one of {', '.join(SOURCES)}"]})
        check(source, SOURCES[kind], "source.")
        content, link = self._linked(request, source["url"]) if kind == "url" else (self._data(source["data"]), "")
        name = body.get("file_name") or link.partition("?")[0]
        return self._temporary(self.keep(content, name, declared=guessed(name), link=link), request)

    def _linked(self, request: Request, link: str) -> tuple[bytes | None, str]:
        there = self.looked_up(request, [link])[link]
        if there.why:
            raise invalid({"source.url": [f"could not be fetched: {there.why}"]})
        return there.content, link

    def _data(self, text: str) -> bytes:
        content = from_base64(text)
        if content is None:
            raise invalid({"source.data": ["is not valid base64"]})
        self.hold(len(content), "source.data")
        return content

    def prepare(self, request: Request, _: re.Match[str]) -> Response:
        """A link to which the bytes are put: {signed_id, upload_url, headers}."""
        body = self._body(request, PREPARED)
        self.hold(body["byte_size"], "byte_size")
        if len(from_base64(body["checksum"]) or b"") != MD5_BYTES:
            raise invalid({"checksum": ["must be the MD5 of the bytes, in base64"]})
        headers = {"Content-Type": guessed(body["filename"]), "Content-MD5": body["checksum"]}
        slot = self.lend(body["filename"], headers, size=body["byte_size"], checksum=body["checksum"])
        url = f"{self.here(request)}{slot.path}"
        return json_response({"signed_id": slot.id, "upload_url": url, "headers": headers})

    def confirm(self, request: Request, _: re.Match[str]) -> Response:
        """The temporary file whose bytes were put."""
        slot = self.uploads.slot(self._body(request, CONFIRMED)["signed_id"])
        if slot is None:
            raise Refusal(404, "", "Upload not found")
        return self._temporary(self._confirmed(slot), request)

    def _confirmed(self, slot: Slot) -> Upload:
        if slot.upload is None:
            if slot.content is None:
                raise invalid({"signed_id": ["has no file yet: put its bytes to upload_url first"]})
            slot.upload = self.keep(slot.content, slot.name, declared=slot.headers["Content-Type"])
            slot.content = b""  # it is kept once
        return slot.upload

    def _temporary(self, upload: Upload, request: Request) -> Response:
        """{file_name, url, size_bytes, mime_type, created_at, expires_at}."""
        return json_response({
            "file_name": upload.name,
            "url": f"{self.here(request)}{upload.path}",
            "size_bytes": upload.size,
            "mime_type": upload.media_type,
            "created_at": moment(upload.created),
            "expires_at": moment(upload.expires),
        })  # fmt: skip

    def _body(self, request: Request, fields: Fields) -> dict[str, Any]:
        """The body of a call with the API key, once it fits its fields."""
        self.admit(request)
        if request.object is None:
            raise Refusal(400, "", "Request body must be a JSON object")
        body = given(request.object)
        check(body, fields)
        return body

    def hold(self, size: int, name: str) -> None:
        """422 for a file that is empty or too large."""
        if not size:
            raise invalid({name: ["is an empty file"]})
        if size > self.upload_megabytes * MEGABYTE:
            raise invalid({name: [f"must have at most {self.upload_megabytes:g} MB"]})


def check(body: Mapping[str, object], fields: Fields, where: str = "") -> None:
    """422 for everything that is wrong with an object, by field."""
    if wrong := problems(body, fields, closed=True):
        raise invalid(by_field(wrong, where))


def by_field(wrong: Iterable[Problem], where: str = "") -> dict[str, list[str]]:
    """What is wrong with each field."""
    return {f"{where}{problem.field}": [problem.predicate] for problem in wrong}


def invalid(fields: Mapping[str, list[str]]) -> Refusal:
    """The refusal of fields that are not valid."""
    return Refusal(422, "", "Validation failed", fields)


def guessed(name: object) -> str:
    """The media type that a file's name tells."""
    return mimetypes.guess_type(str(name))[0] or "application/octet-stream"
