"""OpenAI's images, as its page says: pictures in the answer, bodies of edits as JSON, errors with type and code.

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

from anymedia.simulators import Service
from anymedia.simulators.fields import Choice, Field, Link, Problem, Text, Whole, given, problems
from anymedia.simulators.message import Refusal, Request, Response, json_response
from anymedia.simulators.picture import Media, Size
from anymedia.simulators.task import Failure, Order, Stage, Task

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
}
CENTS = 4
"""Of one picture."""

MOST_IMAGES = 16


class OpenAI(Service):
    """Base https://api.openai.com; amounts are US cents."""

    name = "openai"
    origin: ClassVar[str] = "https://api.openai.com"
    hue: ClassVar[float] = 0.45
    lifetime: ClassVar[float] = 0  # no file has a link
    queued: ClassVar[float] = 0
    running: ClassVar[float] = 0
    moderates: ClassVar[str] = "submit"
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
    request_id_header: ClassVar[str] = "x-request-id"
    ours: ClassVar[Sequence[str]] = ("refusals.not_found", "refusals.no_credit", "lifetime", "refunds")

    def new_key(self) -> str:
        """sk-…."""
        return f"sk-{secrets.token_hex(24)}"

    def new_id(self, order: Order) -> str:
        """Of the bills alone: no answer tells it."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """401 without the API key."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        body = given(request.object or {})
        edits = request.path.endswith("edits")
        wrong = [*problems(body, FIELDS), *_opaque(body), *(_images(body) if edits else ())]
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
            pictures = [self.picture(task, index).draw() for index in range(task.order.count)]
            data = [{"b64_json": b64encode(picture).decode()} for picture in pictures]
            return json.dumps({"created": int(task.created), "data": data}).encode()

        return Response(200, {"Content-Type": "application/json"}, body)

    def refused(self, refusal: Refusal) -> Response:
        """{error: {message, type, param, code}}."""
        kind = "image_generation_user_error" if refusal.code == "moderation_blocked" else "invalid_request_error"
        error = {"message": refusal.message, "type": kind, "param": None, "code": refusal.code}
        return json_response({"error": error}, refusal.status)


def _images(body: Mapping[str, object]) -> Iterator[Problem]:
    """An edit has 1 to 16 images, each {image_url}."""
    images = body.get("images")
    if not isinstance(images, list) or not 1 <= len(images) <= MOST_IMAGES:
        yield Problem("images", "entries", f"needs 1 to {MOST_IMAGES} entries")
        return
    for image in images:
        fields: dict[str, Field] = {"image_url": Link(required=True)}
        yield from problems(image, fields) if isinstance(image, dict) else (Problem("images", "type", "are objects"),)


def _opaque(body: Mapping[str, object]) -> Iterator[Problem]:
    """JPEG has no transparency."""
    if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
        yield Problem("background", "rule", "transparent needs png or webp")


SERVICE = OpenAI
