"""Replicate's files, each for a day, by its link in any input that takes one.

Ours, where the page is silent: the link to an upload is good without the API key; which checksums are told; the list
has all files, the newest first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import ClassVar

from .message import Body, Refusal, Request, Response, Sent, json_response, moment
from .multipart import Part
from .service import DAY, Service
from .uploads import Upload


class Files(Service):
    """The calls about files."""

    file_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/v1/files", "upload"),
        ("GET", r"/v1/files", "files"),
        ("GET", r"/v1/files/(?P<file>[^/]+)", "file"),
        ("DELETE", r"/v1/files/(?P<file>[^/]+)", "removed"),
    )
    upload_life: float = DAY

    def upload(self, request: Request, _: re.Match[str]) -> Response:
        """201 and the file, with the link that goes into an input."""
        self.admit(request)
        form = request.form or Sent({})
        content, about = form.get("content"), _object(form.get("metadata", "{}"))
        if not isinstance(content, Part) or about is None:
            raise Refusal(422, "Input validation failed", "content is a file, and metadata an object in JSON")
        kept = self.keep(content.content, content.filename, declared=content.media_type, about=about)
        return json_response(self._file(kept, request), 201)

    def files(self, request: Request, _: re.Match[str]) -> Response:
        """{previous, next, results}: the files that are not gone."""
        self.admit(request)
        there = [each for each in reversed(self.uploads.every()) if self.now < each.expires]
        results = [self._file(each, request) for each in there]
        return json_response({"previous": None, "next": None, "results": results})

    def file(self, request: Request, match: re.Match[str]) -> Response:
        """One file."""
        return json_response(self._file(self._found(request, match), request))

    def removed(self, request: Request, match: re.Match[str]) -> Response:
        """204, and the file is gone."""
        self.uploads.remove(self._found(request, match))
        return Response(204)

    def _found(self, request: Request, match: re.Match[str]) -> Upload:
        self.admit(request)
        file = self.uploads.get(match["file"])
        if file is None or self.now >= file.expires:
            raise self.refusal("not_found")
        return file

    def _file(self, file: Upload, request: Request) -> Body:
        content = file.content or b""
        return {
            "id": file.id,
            "name": file.name,
            "content_type": file.media_type,
            "size": file.size,
            "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "checksums": {"sha256": hashlib.sha256(content).hexdigest()},
            "metadata": file.about,
            "created_at": moment(file.created),
            "expires_at": moment(file.expires),
            "urls": {"get": f"{self.here(request)}{file.path}"},
        }


def _object(text: object) -> Body | None:
    """The object that a text says in JSON; None where it says none."""
    try:
        said = json.loads(str(text))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
