"""kie.ai's uploads, which lie at another host, and fresh links to what was made.

Ours, where the page is silent: a file of a name that is there already gets a link of its own; how a refusal is told; a
fresh link lasts 20 minutes, and is given for as long as the media are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .fields import Fields, Link, Text, given, is_link, problems
from .inputs import MEGABYTE, from_base64
from .kie_answers import check, sentence, success
from .message import Refusal, Request, Response, json_response
from .multipart import Part
from .service import DAY, Service
from .task import Task

UPLOAD = r"/api/file-(?P<way>stream|base64|url)-upload"
FRESH = r"/media/fresh/(?P<ends>[0-9]{1,12})(?P<path>/media/tasks/.+)"
FRESH_FOR = 1200.0
KEPT_FOR = 14 * DAY
BASE64_MEGABYTES = 10.0

WORDS: Fields = {"uploadPath": Text(1, required=True), "fileName": Text(1)}


class Files(Service):
    """What is put in by the three calls, and what comes out once more."""

    def upload(self, request: Request, match: re.Match[str]) -> Response:
        """{success, code, msg, data: {downloadUrl, …}}, of the bytes in a form, of base64, or of a link."""
        try:
            self.admit(request)
        except Refusal as refusal:
            return _no(401, refusal.message)
        sent = given((request.form if match["way"] == "stream" else request.object) or {})
        if wrong := problems(sent, WORDS):
            return _no(400, sentence(wrong))
        if str(sent["uploadPath"]).strip("/") != sent["uploadPath"]:
            return _no(400, "uploadPath has no slash at either end")
        try:
            content, link, name = self._brought(request, match["way"], sent)
        except ValueError as wrong_file:
            return _no(400, str(wrong_file))
        kept = self.keep(content, sent.get("fileName") or name, link=link)
        data = {"fileName": kept.name, "filePath": f"{sent['uploadPath']}/{kept.name}", "fileSize": kept.size}
        told = {"downloadUrl": f"{self.here(request)}{kept.path}", **data, "mimeType": kept.media_type}
        return json_response({"success": True, "code": 200, "msg": "File uploaded successfully", "data": told})

    def _brought(self, request: Request, way: str, sent: Mapping[str, object]) -> tuple[bytes | None, str, str]:
        """The bytes, or the public link that nobody follows, and the file's own name. Raises ValueError."""
        if way == "stream":
            file = sent.get("file")
            if not isinstance(file, Part) or not file.content:
                raise ValueError("file is required")
            return file.content, "", file.filename or ""
        if way == "base64":
            content = from_base64(sent.get("base64Data"))
            if not content:
                raise ValueError("base64Data is not valid")
            if len(content) > BASE64_MEGABYTES * MEGABYTE:
                raise ValueError(f"base64Data has more than {BASE64_MEGABYTES:g} MB")
            return content, "", ""
        link = sent.get("fileUrl")
        if not (isinstance(link, str) and is_link(link)):
            raise ValueError("fileUrl must be a public URL")
        there = self.looked_up(request, [link])[link]
        if there.why:
            raise ValueError(f"fileUrl could not be fetched: {there.why}")
        return there.content, "" if there.content else link, urlsplit(link).path

    def fresh(self, request: Request, _: re.Match[str]) -> Response:
        """{code, msg, data}: another link to a file that a task made."""
        self.admit(request)
        sent = given(request.object or {})
        check(sent, {"url": Link(required=True)})
        path = urlsplit(str(sent["url"])).path
        made = self.made_at(path)
        if made is None or self.now >= made[0].ends + KEPT_FOR:
            raise Refusal(200, 404, "The file does not exist")
        return success(f"{self.here(request)}/media/fresh/{int(self.now + FRESH_FOR)}{path}")

    def link_ends(self, task: Task, match: re.Match[str] | None = None) -> float:
        """When a link dies; a fresh one says so itself."""
        fresh = None if match is None else match.groupdict().get("ends")
        return super().link_ends(task, match) if fresh is None else float(fresh)


def _no(status: int, text: str) -> Response:
    return json_response({"success": False, "code": status, "msg": text, "data": None}, status)
