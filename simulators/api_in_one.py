"""API in One, as its pages tell: pictures and films, songs with a feed of their own, credits of one US cent.

Ours, where the pages are silent: the body of a finished task, and of a song that is not finished; what a webhook says
(the poll's answer), when it is tried again, and that nobody signs it; every `type` in errors, and 400 for what is
invalid; fields that are not listed are ignored; links live for a day; a song shows in its feed's form wherever it is
looked for, and its feed tells what was charged.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from attrs import asdict

from .api_in_one_models import IMAGES, SONGS, VIDEOS
from .fields import given, problems
from .message import Body, Refusal, Request, Response, json_response
from .model import Model
from .picture import Media
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Webhook

MODELS: Mapping[str, Mapping[str, Model]] = {
    "/api/v1/images/generations": IMAGES,
    "/api/v1/videos/generations": VIDEOS,
    "/api/v1/audio/music": SONGS,
}
"""The models of each endpoint."""

FEED = "/api/v1/audio/music/feed"
USUAL_SONG = "chirp-v3-5"

WHAT: Mapping[Media, str] = {"mp4": "video", "mp3": "audio"}
"""What results are called, unless they are pictures."""

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_credits",
    429: "rate_limit_error",
}

PLACES: Mapping[str, Callable[[str, Sequence[str]], Body]] = {
    "one in output": lambda what, urls: {"output": {f"{what}_url": urls[0]}},
    "a list beside the status": lambda what, urls: {f"{what}_urls": [*urls]},
    "one beside the status": lambda what, urls: {f"{what}_url": urls[0]},
    "response_data": lambda what, urls: {"response_data": [{f"{what}_url": url} for url in urls]},
    "results": lambda _, urls: {"results": [{"url": url} for url in urls]},
    "result": lambda _, urls: {"result": [{"url": url} for url in urls]},
}
"""Where results were seen, beside the place that is ours; where there is room for one, it is the first."""


class APIInOne(Service):
    """Base https://apiin.one, paths below /api/v1."""

    name = "api_in_one"
    origin: ClassVar[str] = "https://apiin.one"
    hue: ClassVar[float] = 0.82
    lifetime: ClassVar[float] = DAY
    credit: ClassVar[Decimal] = Decimal("0.01")
    id_fields: ClassVar[Sequence[str]] = ("task_id",)
    state_fields: ClassVar[Sequence[str]] = ("status", "type")
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/api/v1/(?:(?:images|videos)/generations|audio/music)", "submit"),
        ("GET", FEED, "poll"),
        ("GET", r"/api/v1/tasks/(?P<id>[^/]+)", "poll"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, 401, "Invalid API key"),
        "no_credit": (402, 402, "Insufficient credits"),
        "throttled": (429, 429, "Too many requests"),
        "not_found": (404, 404, "Task not found"),
        "moderated": (400, 400, "The prompt violates the content policy"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure(500, "Generation failed"),
        "moderated": Failure(400, "The prompt violates the content policy"),
    }
    states: ClassVar[Mapping[str, str]] = {
        "pending": "queued",
        "IN_PROGRESS": "running",
        **dict.fromkeys(("COMPLETED", "completed", "SUCCESS", "success"), "succeeded"),
        **dict.fromkeys(("FAILED", "failed", "ERROR", "error"), "failed"),
    }
    tells: ClassVar[Sequence[str]] = ("charge",)
    forms: ClassVar[Sequence[str]] = ("current", "older", "oldest", *PLACES)
    webhook: ClassVar[Webhook] = Webhook(pauses=(10, 60, 300), within=10)
    ours: ClassVar[Sequence[str]] = (
        *("lifetime", "refusals.moderated", "failures.moderated", "failures.codes"),
        "tells.created",  # the oldest form alone, of an answer to a submit
        *("webhook.body", "webhook.pauses", "webhook.within", "webhook.signature"),
    )

    def new_key(self) -> str:
        """aio_ and hex."""
        return f"aio_{secrets.token_hex(24)}"

    def new_id(self, order: Order) -> str:
        """As the pages' examples: n41xxxx_flux2, gen…ksv."""
        if order.media == "mp3":
            return f"gen{secrets.token_hex(8)}ksv"
        return f"n41{secrets.token_hex(8)}_{order.wire_id.replace('-', '')}"

    def admit(self, request: Request) -> None:
        """401 without the key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() != self.api_key:
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, 400, "Request body must be a JSON object")
        body, models = given(sent), MODELS[request.path]
        name = body.get("model", USUAL_SONG if models is SONGS else None)
        if name is None:
            raise Refusal(400, 400, "model is required")
        if not isinstance(name, str) or name not in models:
            raise Refusal(400, 400, f"Unknown model: {name}")
        model = models[name]
        fields = model.fields(body)
        if wrong := problems(body, fields) or [*model.rules(body)] or self.unusable(request, body, fields):
            raise Refusal(400, 400, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        words = ("prompt", "gpt_description_prompt", "style")
        return Order(
            wire_id=name,
            prompt=next((str(body[word]) for word in words if body.get(word)), ""),
            price=model.price(body),
            sent=sent,
            callback=str(body.get("callback_url", "")),
            **asdict(model.made(body), recurse=False),
        )

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The path's id; of the feed the query's, if it is a song."""
        if request.path != FEED:
            return match["id"]
        task = self.tasks.get(str(request.query.get("task_id", "")))
        return task.id if task and _is_song(task) else None

    def accepted(self, task: Task, request: Request) -> Response:
        """As the current pages show, or in one of the forms of the older ones; a song as its page does."""
        created = datetime.fromtimestamp(task.created, UTC).isoformat()
        about = {"status": "pending", "model": task.order.wire_id, "created_at": created}
        if _is_song(task):
            return json_response({"task_id": task.id, **about})
        if self.form == "older":
            return json_response({"task_id": task.id, "status": "pending"})
        if self.form == "oldest":
            return json_response({"id": task.id, **about})
        return _success({"task_id": task.id, "status": "IN_PROGRESS"})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """IN_PROGRESS, COMPLETED or FAILED; the forms of the last two are ours, or where a client has seen results."""
        if _is_song(task):
            return _success(self._fed(task, stage, urls))
        if stage in ("queued", "running"):
            return _success({"task_id": task.id, "status": "IN_PROGRESS"})
        if task.failure:
            return _success({"task_id": task.id, "status": "FAILED", **_error(task), **_spent(task)})
        what = WHAT.get(task.order.media, "image")
        own: Body = {"output": {"video_url": urls[0]} if what == "video" and urls else {f"{what}_urls": [*urls]}}
        seen = PLACES[self.form](what, urls) if self.form in PLACES and urls else own
        done = {"task_id": task.id, "status": "COMPLETED", **seen, **_spent(task)}
        return json_response(done) if self.form == "older" else _success(done)

    def _fed(self, task: Task, stage: Stage, urls: Sequence[str]) -> Body:
        """What the feed tells of a song."""
        if stage in ("queued", "running"):
            return {"type": "PENDING", "response_data": []}
        if task.failure:
            return {"type": "FAILED", **_error(task), **_spent(task)}
        order = task.order
        told = zip(urls[: order.count], urls[order.count :], order.titles, strict=False)
        tracks = [
            {"audio_url": song, "image_url": cover, "title": title, "duration": order.seconds}
            for song, cover, title in told
        ]
        return {"type": "SUCCESS", "response_data": tracks, **_spent(task)}

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """The titles and lengths of songs, and their covers."""
        songs = [{"title": title, "seconds": task.order.seconds} for title in task.order.titles]
        return [*songs, *({"role": "cover"} for _ in songs)]

    def refused(self, refusal: Refusal) -> Response:
        """{error: {code, message, type}}."""
        kind = TYPES.get(refusal.status, "api_error" if refusal.status >= 500 else "invalid_request_error")
        error = {"code": refusal.code, "message": refusal.message, "type": kind}
        return json_response({"error": error}, refusal.status)


def _is_song(task: Task) -> bool:
    return task.order.media == "mp3"


def _error(task: Task) -> Body:
    return {} if task.failure is None else {"error": task.failure.message, "error_code": task.failure.code}


def _spent(task: Task) -> Body:
    return {"credits_used": task.order.price - task.refunded}


def _success(data: Mapping[str, object]) -> Response:
    return json_response({"code": 200, "message": "success", "data": data})


SERVICE = APIInOne
