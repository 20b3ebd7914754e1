"""fal's uploads: a token and the bytes, in one call or in parts; or a link to which they are put.

Ours, where the page is silent: how long a token and a file live; that the parts of an upload may come in any order, and
each once more, and need the token too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, cast
from uuid import uuid4

from attrs import define, field

from .fal_model import check, invalid
from .fields import Fields, Number, Text, Whole, given, problems
from .inputs import MEGABYTE
from .message import Clock, Refusal, Request, Response, json_response
from .service import DAY, Service
from .uploads import named

TOKEN_LIFE = 3600
"""Seconds for which a token is good."""

AT = r"/uploads/(?P<upload>[0-9a-f]{32})/[^/]+/multipart/(?P<key>[0-9a-f]{32})"
MOST_OPEN = 100
"""Uploads in parts that are open at a time; the oldest go."""

MOST_PARTS = 10_000

LIFE: Fields = {"expiration_duration_seconds": Number(0, 1e10)}
"""How long a file is kept: three centuries are as good as for ever."""


@define
class InParts:
    """An upload that comes in parts: by their numbers."""

    name: str
    declared: str
    life: float | None
    key: str = field(factory=lambda: uuid4().hex)
    parts: dict[int, bytes] = field(factory=dict)

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return sum(map(len, self.parts.values()))


def etag(content: bytes) -> str:
    """What an answer calls a part by."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


class FalFiles(Service):
    """The files of fal's callers."""

    file_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/storage/auth/token", "token"),
        ("POST", r"/files/upload", "upload"),
        ("POST", r"/files/upload/multipart", "begin"),
        ("PUT", rf"{AT}/(?P<number>[0-9]{{1,9}})", "part"),
        ("POST", rf"{AT}/complete", "complete"),
        ("POST", r"/storage/upload/initiate", "initiate"),
    )
    files_at: ClassVar[Sequence[str]] = ("token", "upload", "begin", "part", "complete", "initiate", "put", "submit")
    upload_life: float = 7 * DAY

    def __init__(self, *, clock: Clock, speed: float, balance: float) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self._in_parts: dict[str, InParts] = {}

    def token(self, request: Request, _: re.Match[str]) -> Response:
        """{token, token_type, base_url, expires_at}, for uploads in place of the API key."""
        self.admit(request)
        _stored(request, "fal-cdn-v3")
        token, expires = self.new_token(TOKEN_LIFE), datetime.fromtimestamp(self.now + TOKEN_LIFE, UTC).isoformat()
        return json_response(
            {"token": token, "token_type": "Bearer", "base_url": self.here(request), "expires_at": expires}
        )

    def upload(self, request: Request, _: re.Match[str]) -> Response:
        """{access_url} of the bytes that are the body, with a token."""
        self._admit_bytes(request)
        name, kind = _told(request)
        kept = self.keep(request.body, name, declared=kind, life=_life(request))
        return json_response({"access_url": f"{self.here(request)}{kept.path}"})

    def begin(self, request: Request, _: re.Match[str]) -> Response:
        """{access_url, uploadId} of bytes that come in parts."""
        self._admit_bytes(request)
        name, kind = _told(request)
        new, upload_id = InParts(named(name), kind, _life(request)), uuid4().hex
        self._in_parts[upload_id] = new
        if len(self._in_parts) > MOST_OPEN:
            del self._in_parts[next(iter(self._in_parts))]
        return json_response(
            {"access_url": f"{self.here(request)}/uploads/{upload_id}/{new.name}", "uploadId": new.key}
        )

    def part(self, request: Request, match: re.Match[str]) -> Response:
        """One part, which its ETag names."""
        self._admit_bytes(request)
        number = int(match["number"])
        if not 1 <= number <= MOST_PARTS:
            raise invalid("part_number", f"parts are counted from 1 to {MOST_PARTS}")
        there = self._open(match)
        there.parts[number] = request.body
        if there.size > self.kept_megabytes * MEGABYTE:
            del there.parts[number]
            raise invalid("part_number", f"all parts together have at most {self.kept_megabytes:g} MB")
        return json_response({}, headers={"ETag": etag(request.body)})

    def complete(self, request: Request, match: re.Match[str]) -> Response:
        """All parts together are the file."""
        self._admit_bytes(request)
        there, body = self._open(match), given(request.object or {})
        check(body, {"parts": Parts(there.parts)})
        content = b"".join(there.parts[number] for number in sorted(there.parts))
        kept = self.keep(content, there.name, declared=there.declared, life=there.life, upload_id=match["upload"])
        del self._in_parts[match["upload"]]
        return json_response({"access_url": f"{self.here(request)}{kept.path}"})

    def initiate(self, request: Request, _: re.Match[str]) -> Response:
        """{upload_url, file_url}: where the bytes are put, and where they are then.

        Their type is all that has to come with them; fal's own client sends the API key too.
        """
        self.admit(request)
        _stored(request, "gcs")
        body = given(request.object or {})
        check(body, {"file_name": Text(1, required=True), "content_type": Text(1, required=True)})
        lent = self.lend(body["file_name"], {"Content-Type": str(body["content_type"])}, kept=True, keyed=True)
        here = self.here(request)
        return json_response({"upload_url": f"{here}{lent.path}", "file_url": f"{here}{lent.kept_path}"})

    def _admit_bytes(self, request: Request) -> None:
        """401 without a token."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.is_good(token):
            raise self.refusal("unauthorised")

    def _open(self, match: re.Match[str]) -> InParts:
        there = self._in_parts.get(match["upload"])
        if there is None or there.key != match["key"]:
            raise Refusal(404, "", "Upload not found")
        return there


@define
class Parts:
    """A list of {partNumber, etag}, one for each part that is there, in whatever order."""

    there: Mapping[int, bytes]
    required: bool = True

    def wrong(self, value: object) -> tuple[Any, str] | None:
        """See Field."""
        if not isinstance(value, list) or not value:
            return "type", "must be a list of parts"
        fields: Fields = {"partNumber": Whole(1, MOST_PARTS, required=True), "etag": Text(1, required=True)}
        for each in value:
            if not isinstance(each, dict) or problems(each, fields):
                return "entries", "must be a list of {partNumber, etag}"
            content = self.there.get(each["partNumber"])
            if content is None or etag(content).strip('"') != each["etag"].strip('"'):
                return "entries", f"part {each['partNumber']} is not there, or has another etag"
        numbers = sorted(each["partNumber"] for each in value)
        return None if numbers == sorted(self.there) else ("entries", "must name every part once")


def _told(request: Request) -> tuple[str, str]:
    """Return a file's name and type as the headers tell them."""
    return request.headers.get("x-fal-file-name", ""), request.headers.get("content-type", "")


def _stored(request: Request, where: str) -> None:
    """422 for another storage_type than that of the call."""
    if request.query.get("storage_type") != where:
        raise invalid("storage_type", f"must be {where}")


def _life(request: Request) -> float | None:
    """How many seconds a file is to be kept; None: as long as the account has it."""
    headers = ("x-fal-object-lifecycle", "x-fal-object-lifecycle-preference")
    told = next((request.headers[each] for each in headers if each in request.headers), "{}")
    try:
        asked: object = json.loads(told)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or problems(asked, LIFE):
        raise Refusal(400, "", "X-Fal-Object-Lifecycle must be an object in JSON, with seconds that are a number")
    return cast("float | None", asked.get("expiration_duration_seconds"))
