"""OpenAI's images, as its page says: pictures in the answer, edits by form or as JSON, errors with type and code.

Ours, where the page is silent: prices, the codes of errors but for moderation, how an empty account is told; `auto` is
1024x1024; webp is drawn as PNG.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, cast
from uuid import uuid4

from .fields import Choice, Field, Link, Links, Problem, Text, Whole, given, problems
from .inputs import Fetched, Takes
from .message import Refusal, Request, Response, Sent, json_response
from .multipart import Part
from .picture import Media, Size
from .service import Service
from .task import Failure, Order, Stage, Task

SIZES: Mapping[str, Size] = {
    "auto": (1024, 1024),
    "1024x1024": (1024, 1024),
    "1536x1024": (1536, 1024),
    "1024x1536": (1024, 1536),
}
FIELDS: dict[str, Field] = {
    "model": Choice(("gpt-image-2",), required=True),
    "prompt": Text(1, 32_000, required=True),
    "n": Whole(1, 10),
    "size": Choice(tuple(SIZES)),
    "quality": Choice(("auto", "low", "medium", "high")),
    "background": Choice(("transparent", "opaque", "auto")),
    "output_format": Choice(("png", "jpeg", "webp")),
    "output_compression": Whole(0, 100),
    "moderation": Choice(("low", "auto")),
    "safety_identifier": Text(),
}
CENTS = 4
"""Of one picture."""

MOST_IMAGES = 16
IMAGES = Takes(("image/png", "image/webp", "image/jpeg"), megabytes=50)
MASK = Takes(("image/png",), megabytes=4)
NUMBERS = ("n", "output_compression")
"""Fields that are numbers, also where a form has them as text."""


class OpenAI(Service):
    """Base https://api.openai.com; amounts are US cents."""

    name = "openai"
    origin: ClassVar[str] = "https://api.openai.com"
    hue: ClassVar[float] = 0.45
    lifetime: ClassVar[float] = 0  # no file has a link
    queued: ClassVar[float] = 0
    running: ClassVar[float] = 0
    moderates: ClassVar[str] = "submit"
    files_at: ClassVar[Sequence[str]] = ("submit",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (("POST", r"/v1/images/(?P<what>generations|edits)", "submit"),)
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "invalid_api_key", "Incorrect API key provided"),
        "no_credit": (402, "insufficient_quota", "You exceeded your current quota"),
        "throttled": (429, "rate_limit_exceeded", "Rate limit reached"),
        "not_found": (404, "not_found", "Not found"),
        "moderated": (400, "moderation_blocked", "Your request was rejected by the safety system"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("server_error", "The server had an error while processing your request"),
        "moderated": Failure("moderation_blocked", "Your request was rejected by the safety system"),
    }
    tells: ClassVar[Sequence[str]] = ("created",)
    says: ClassVar[Mapping[str, str]] = {"organization": "org-simulated", "project": "proj_simulated"}
    request_id_header: ClassVar[str] = "x-request-id"
    ours: ClassVar[Sequence[str]] = ("refusals.not_found", "refusals.no_credit", "lifetime", "refunds")

    def new_key(self) -> str:
        """sk-…."""
        return f"sk-{secrets.token_hex(24)}"

    def new_id(self, order: Order) -> str:
        """Of the bills alone: no answer tells it."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """401 without the API key, or for another organization or project than its own."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")
        for name, own in self.settings.items():
            if request.headers.get(f"openai-{name}", own) != own:
                raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        body, files = _form(request.form) if request.form is not None else (given(request.object or {}), None)
        edits = request.path.endswith("edits")
        wrong = [*problems(body, FIELDS), *_opaque(body), *(_images(body, files) if edits else _strays(files))]
        if edits and not wrong and files is None:
            linked = {"images": [image["image_url"] for image in body["images"]]}
            wrong = self.unusable(request, linked, {"images": Links(takes=IMAGES)})
        if wrong:
            raise Refusal(400, "invalid_value", "; ".join(f"{each.field} {each.predicate}" for each in wrong))
        count = cast(int, body.get("n", 1))
        media: Media = "jpeg" if body.get("output_format") == "jpeg" else "png"
        size = SIZES[str(body.get("size", "auto"))]
        return Order(str(body["model"]), str(body["prompt"]), size, media, CENTS * count, count)

    def accepted(self, task: Task, request: Request) -> Response:
        """The pictures."""
        return self.shown(task, task.stage(self.now), [])

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{created, data: [{b64_json}]}, drawn when it is read; a task that never ends is given up by a gateway."""
        if stage == "failed" and task.failure is not None:
            blocked = task.failure.code == "moderation_blocked"
            raise Refusal(400 if blocked else 500, task.failure.code, task.failure.message)
        if stage != "succeeded":
            raise Refusal(504, "timeout", "The request timed out")

        def body() -> bytes:
            pictures = [self.work(task, index).draw() for index in range(task.order.count)]
            data = [{"b64_json": b64encode(picture).decode()} for picture in pictures]
            return json.dumps({"created": int(task.created), "data": data}).encode()

        return Response(200, {"Content-Type": "application/json"}, body)

    def refused(self, refusal: Refusal) -> Response:
        """{error: {message, type, param, code}}."""
        kind = "image_generation_user_error" if refusal.code == "moderation_blocked" else "invalid_request_error"
        error = {"message": refusal.message, "type": kind, "param": None, "code": refusal.code}
        return json_response({"error": error}, refusal.status)


def _form(form: Sent) -> tuple[dict[str, object], dict[str, list[Part]]]:
    """The fields of a form as JSON has them, and its files: image, or image[] more than once, and mask."""
    fields: dict[str, object] = {}
    files: dict[str, list[Part]] = {}
    for name in form:
        each = form[name]
        if isinstance(each, str):
            fields[name] = int(each) if name in NUMBERS and each.isascii() and each.isdecimal() else each
        else:
            found = each if isinstance(each, list) else [each]
            files.setdefault(name.removesuffix("[]"), []).extend(part for part in found if isinstance(part, Part))
    return fields, files


def _parts(files: Mapping[str, Sequence[Part]]) -> Iterator[Problem]:
    """The files of an edit are what they should be."""
    if not 1 <= len(files.get("image", ())) <= MOST_IMAGES:
        yield Problem("image", "entries", f"needs 1 to {MOST_IMAGES} files")
    if unknown := sorted(set(files) - {"image", "mask"}):
        yield Problem(unknown[0], "unlisted", "is not supported here")
    for name, takes in (("image", IMAGES), ("mask", MASK)):
        yield from (Problem(name, *why) for part in files.get(name, ()) if (why := takes.wrong(Fetched(part.content))))


def _strays(files: Mapping[str, Sequence[Part]] | None) -> Iterator[Problem]:
    """What is made from text alone takes no files."""
    yield from (Problem(name, "unlisted", "is not supported here") for name in files or ())


def _images(body: Mapping[str, object], files: Mapping[str, Sequence[Part]] | None) -> Iterator[Problem]:
    """An edit has 1 to 16 images: files of a form, or each {image_url}."""
    if files is not None:
        yield from _parts(files)
        return
    images = body.get("images")
    if not isinstance(images, list) or not 1 <= len(images) <= MOST_IMAGES:
        yield Problem("images", "entries", f"needs 1 to {MOST_IMAGES} entries")
        return
    for image in images:
        fields: dict[str, Field] = {"image_url": Link(required=True, inline=("data",))}
        yield from problems(image, fields) if isinstance(image, dict) else (Problem("images", "type", "are objects"),)


def _opaque(body: Mapping[str, object]) -> Iterator[Problem]:
    """JPEG has no transparency."""
    if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
        yield Problem("background", "rule", "transparent needs png or webp")


SERVICE = OpenAI
