"""RunAPI's lasting files, in the form of OpenAI's: /v1/files.

Ours, where nothing is written: 100 MB at most, and no empty file; a file stays until it is deleted, or until newer ones
need its room; it cannot stand in a URL field; its content comes with the API key alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

from .fields import Choice, Field, Text, given
from .inputs import MEGABYTE, media_type
from .message import Body, Clock, Refusal, Request, Response, json_response
from .multipart import Part
from .runapi_files import Files, check, guessed, invalid
from .uploads import Upload, Uploads, named

SENT: dict[str, Field] = {"purpose": Text(1, required=True)}
ASKED: dict[str, Field] = {"after": Text(), "limit": Text(), "order": Choice(("asc", "desc")), "purpose": Text()}
MOST_LISTED = 100


class LastingFiles(Files):
    """The calls about lasting files, beside those about temporary ones."""

    files_at: ClassVar[Sequence[str]] = (*Files.files_at, "stored")
    file_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        *Files.file_routes,
        ("POST", r"/v1/files", "stored"),
        ("GET", r"/v1/files", "listed"),
        ("GET", r"/v1/files/(?P<file>[^/]+)", "described"),
        ("GET", r"/v1/files/(?P<file>[^/]+)/content", "content"),
        ("DELETE", r"/v1/files/(?P<file>[^/]+)", "deleted"),
    )

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self.lasting: Uploads = Uploads()
        self.purposes: dict[str, str] = {}

    def stored(self, request: Request, _: re.Match[str]) -> Response:
        """A file of a form, and what it is for."""
        self.admit(request)
        if (form := request.form) is None:
            raise Refusal(400, "", "Request body must be a form with parts")
        fields, file = given(form), form.get("file")
        if not isinstance(file, Part):
            raise invalid({"file": ["is required"]})
        check({name: value for name, value in fields.items() if name != "file"}, SENT)
        self.hold(len(file.content), "file")
        kind = file.media_type or guessed(file.filename)
        return json_response(self.lasts(file.content, file.filename, kind, str(fields["purpose"])))

    def lasts(self, content: bytes, name: object, kind: str, purpose: str) -> Body:
        """What is told of a file that is kept from now on; its type is what its bytes say, else `kind`."""
        kept = Upload(f"file-{uuid4().hex}", named(name), media_type(content) or kind, content, self.now, float("inf"))
        self.lasting.add(kept, int(self.kept_megabytes * MEGABYTE))
        self.purposes = {each.id: self.purposes.get(each.id, purpose) for each in self.lasting.every()}
        return self._file(kept)

    def listed(self, request: Request, _: re.Match[str]) -> Response:
        """The files, the newest first unless they are wanted the other way round."""
        self.admit(request)
        asked = given(request.query)
        check(asked, ASKED)
        wanted = str(asked.get("limit", MOST_LISTED))
        if not (wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted[:9]) <= MOST_LISTED):
            raise invalid({"limit": [f"must be between 1 and {MOST_LISTED}"]})
        every = [each for each in self.lasting.every() if asked.get("purpose") in (None, self.purposes[each.id])]
        if asked.get("order") != "asc":
            every.reverse()
        ids = [each.id for each in every]
        begin = ids.index(str(asked["after"])) + 1 if asked.get("after") in ids else 0
        page = every[begin : begin + int(wanted)]
        more = len(every) > begin + len(page)
        return json_response({"object": "list", "data": [self._file(each) for each in page], "has_more": more})

    def described(self, request: Request, match: re.Match[str]) -> Response:
        """One file."""
        return json_response(self._file(self._lasting(request, match)))

    def content(self, request: Request, match: re.Match[str]) -> Response:
        """The bytes of a file."""
        file = self._lasting(request, match)
        return Response(200, {"Content-Type": file.media_type}, file.content or b"")

    def deleted(self, request: Request, match: re.Match[str]) -> Response:
        """A file that is there no more."""
        file = self._lasting(request, match)
        self.lasting.remove(file)
        return json_response({"id": file.id, "object": "file", "deleted": True})

    def _lasting(self, request: Request, match: re.Match[str]) -> Upload:
        self.admit(request)
        if (file := self.lasting.get(match["file"])) is None:
            raise Refusal(404, "", "File not found")
        return file

    def _file(self, file: Upload) -> Body:
        """{id, object, bytes, created_at, filename, purpose}."""
        told: Body = {"id": file.id, "object": "file", "bytes": file.size, "created_at": int(file.created)}
        return {**told, "filename": file.name, "purpose": self.purposes[file.id]}
