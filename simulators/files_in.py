"""What every provider does with files that it is sent, or to which it is given links; it opens no socket for that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import uuid4

from .fields import Fields, Problem, inputs
from .inputs import MEGABYTE, Fetched, Wanted, from_inline, is_inline, media_type, reach
from .message import Request, Response
from .uploads import Slot, Upload, Uploads, named

BASE64 = 1.4
"""What bytes grow by in a body: as base64, or in a form."""

MOST_UNFETCHED = 100
"""Links that nobody fetched that are kept."""


class FilesIn:
    """The files of one provider's callers."""

    files_at: ClassVar[Sequence[str]] = ()
    """The places that take files, whose bodies may be long: those of uploads, and a submit with files in its body."""
    upload_life: float = 3600.0
    """How long an upload can be fetched, and how long bytes can be put to a link."""
    upload_megabytes: float = 100.0
    """What is taken in one call that brings files, and what is fetched for one that names them (1,000,000 bytes)."""
    kept_megabytes: float = 256.0
    """What all uploads have together that are kept; the oldest go first."""
    fetch_seconds: float = 30.0
    """How long the inputs of a call are waited for."""
    base_url: str
    now: float

    def __init__(self) -> None:
        super().__init__()
        self.uploads: Uploads = Uploads()
        self.unfetched: list[str] = []
        """Inputs at public addresses, which were taken unseen."""

    @property
    def longest_with_files(self) -> float:
        """Bytes of a request that brings files."""
        return self.upload_megabytes * MEGABYTE * BASE64

    def here(self, request: Request) -> str:
        """The origin that a caller reached, for links that lead back here."""
        host = request.headers.get("host")
        return f"http://{host}" if host else self.base_url

    def keep(
        self,
        content: bytes | None,
        name: object,
        *,
        declared: str = "",
        link: str = "",
        upload_id: str = "",
        life: float | None = None,
        about: Mapping[str, object] | None = None,
    ) -> Upload:
        """Keeps a file, for `upload_life` seconds or those of `life`; its type is what its bytes say, else as declared.

        Without content it is the file at a public link, which nobody fetched.
        """
        kind = media_type(content or b"") or declared or "application/octet-stream"
        ends = self.now + (self.upload_life if life is None else life)
        new = Upload(upload_id or uuid4().hex, named(name), kind, content, self.now, ends, link, about or {})
        return self.uploads.add(new, int(self.kept_megabytes * MEGABYTE))

    def lend(
        self,
        name: object,
        headers: Mapping[str, str],
        *,
        size: int | None = None,
        checksum: str | None = None,
        kept: bool = False,
        keyed: bool = False,
    ) -> Slot:
        """Lends a link to which the bytes of a file are put once, with these headers; "put" serves it.

        With `kept` they are kept at once, at the slot's `kept_path`; else whoever lent it keeps its `content`. `keyed`:
        the API key may come with them.
        """
        ends = self.now + self.upload_life
        return self.uploads.lend(Slot(named(name), headers, ends, size, checksum, kept, keyed))

    def kept(self, request: Request, match: re.Match[str]) -> Response:
        """An upload, at its link."""
        return self.uploads.served(request, self.now)

    def put(self, request: Request, match: re.Match[str]) -> Response:
        """The bytes for a link that was lent."""
        response = self.uploads.put(request, match["slot"], self.now, int(self.kept_megabytes * MEGABYTE))
        slot = self.uploads.slot(match["slot"])
        if slot is not None and slot.kept and response.status == 200:
            declared = request.headers.get("content-type", "")
            slot.upload = self.keep(request.body, slot.name, declared=declared, upload_id=slot.id)
            slot.content = b""  # it is kept once
        return response

    def unusable(self, request: Request, body: Mapping[str, object], fields: Fields) -> list[Problem]:
        """What is wrong with the files to which the links in a body lead, by what the fields take.

        The body fits its fields. Raises Wanted for what has to be fetched first: nothing may be done before that.
        """
        asked = inputs(body, fields)
        there = self.looked_up(request, [link for _, link, _ in asked])
        wrong = ((name, takes.wrong(there[link]), link) for name, link, takes in asked)
        return [Problem(name, *why, link) for name, why, link in wrong if why]

    def looked_up(self, request: Request, links: Sequence[str]) -> Mapping[str, Fetched]:
        """What is at some links: the provider's own uploads, and what was fetched. Raises Wanted for the rest."""
        found = {link: self._at(link, request.fetched or {}) for link in links}
        if wanted := [link for link, there in found.items() if there is None]:
            raise Wanted(wanted)
        return {link: there for link, there in found.items() if there}

    def _at(self, link: str, fetched: Mapping[str, Fetched]) -> Fetched | None:
        """What is at a link, or what stands in its place; None where it is still to be fetched."""
        upload = self.uploads.referred(link)
        if upload is None and is_inline(link):
            return Fetched(from_inline(link))
        if upload := upload or self.uploads.at(link):
            if self.now >= upload.expires:
                return Fetched(why="its link has expired")
            return Fetched(upload.content) if upload.content is not None else self._unseen(upload.link)
        match reach(link):
            case "loopback":
                return fetched.get(link)
            case "public":
                return self._unseen(link)
            case _:
                return Fetched(why="its address is not public")

    def _unseen(self, link: str) -> Fetched:
        """Notes that nobody looked, without the link's query: it may be a signature."""
        self.unfetched = list(dict.fromkeys((*self.unfetched, link.partition("?")[0])))[:MOST_UNFETCHED]
        return Fetched()
