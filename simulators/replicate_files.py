"""The files of Replicate's callers: put in as a form, listed, looked at, deleted."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from .message import Body, Refusal, Request, Response, Sent, json_response
from .multipart import Part
from .service import Service
from .uploads import Upload


class Files(Service):
    """POST, GET /v1/files, and GET, DELETE /v1/files/{id}."""

    def upload(self, request: Request, _: re.Match[str]) -> Response:
        """201 and the file, with the link that goes into an input."""
        self.admit(request)
        form = request.form or Sent({})
        content, about = form.get("content"), _json(form.get("metadata", "{}"))
        if not isinstance(content, Part) or not isinstance(about, dict):
            raise Refusal(422, "Input validation failed", "content is a file, and metadata an object in JSON")
        kept = self.keep(content.content, content.filename, declared=content.media_type, about=about)
        return json_response(self._file(kept, request), 201)

    def files(self, request: Request, _: re.Match[str]) -> Response:
        """All that are still kept, the newest first."""
        self.admit(request)
        there = [each for each in reversed(self.uploads.every()) if self.now < each.expires]
        return json_response({"previous": None, "next": None, "results": [self._file(each, request) for each in there]})

    def file(self, request: Request, match: re.Match[str]) -> Response:
        """One of them; deleted where that is asked for."""
        self.admit(request)
        kept = self.uploads.get(match["file"])
        if kept is None or self.now >= kept.expires:
            raise self.refusal("not_found")
        if request.method != "DELETE":
            return json_response(self._file(kept, request))
        self.uploads.remove(kept)
        return Response(204)

    def _file(self, kept: Upload, request: Request) -> Body:
        content = kept.content or b""
        return {
            "id": kept.id,
            "name": kept.name,
            "content_type": kept.media_type,
            "size": kept.size,
            "etag": kept.id,
            "checksums": {
                "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                "sha256": hashlib.sha256(content).hexdigest(),
            },
            "metadata": kept.about,
            "created_at": moment(kept.created),
            "expires_at": moment(kept.expires),
            "urls": {"get": f"{self.here(request)}{kept.path}"},
        }


def moment(seconds: float) -> str:
    """A time as Replicate writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _json(text: object) -> object:
    """What a text says in JSON; None where it says nothing."""
    if isinstance(text, Part):
        text = text.content.decode("utf-8", "replace")
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        return None
