"""reAPI, as its pages tell: charged on submit, refunded when failed, keys that do not deduplicate.

Ours, where the pages are silent: fields that a model does not list are ignored; a model of another endpoint is 20004;
only `processing` comes before the end; `usage` is shown once a task is final; an input that cannot be had or read is an
invalid value.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from attrs import asdict

from . import reapi_films, reapi_gpt, reapi_images, reapi_songs
from .fields import Problem, given, problems
from .message import Body, Error, Meaning, Refusal, Request, Response, json_response
from .model import Model
from .picture import Media
from .service import DAY, Service
from .task import Failure, Order, Stage, Task

PICTURES_AT = "/api/v1/images/generations"

MODELS: Mapping[str, Mapping[str, Model]] = {
    PICTURES_AT: {**reapi_images.MODELS, **reapi_gpt.MODELS},
    "/api/v1/videos/generations": reapi_films.MODELS,
    "/api/v1/audio/generations": reapi_songs.MODELS,
}
"""The models of each endpoint."""

OUTPUT: Mapping[Media, str] = {"mp4": "video_urls", "mp3": "audio_urls"}
"""Where the links stand, unless they lead to pictures."""

CODES = {400: 20003, 401: 10003, 402: 30001, 403: 10006, 404: 40001, 429: 50001, 503: 70001}
"""The code for an HTTP status, where several share one: the most general. Everything else is 60099."""

ERRORS: Sequence[tuple[Meaning, int, Sequence[int], str]] = (
    ("unauthorised", 401, (10001, 10002, 10003, 10004, 10005), "no key that can be used"),
    ("rejected", 403, (10006,), "origin not allowed"),
    ("rejected", 400, (20001, 20002, 20003, 20004, 20005, 20006, 20007), "the request is not valid"),
    ("rejected", 400, (30002,), "the price of this model cannot be determined"),
    ("unavailable", 500, (60001, 60002), "the task was not begun, and is refunded"),
    ("unavailable", 503, (70001, 70002), "the backend is unavailable"),
    ("unsure", 500, (60099,), "internal error"),
)
"""The page's table, but for what `refusals` has."""


class ReAPI(Service):
    """Base https://reapi.ai, paths below /api/v1."""

    name = "reapi"
    origin: ClassVar[str] = "https://reapi.ai"
    hue: ClassVar[float] = 0.6
    lifetime: ClassVar[float] = 7 * DAY
    credit: ClassVar[Decimal] = Decimal("0.001")
    moderates = "submit"
    id_fields: ClassVar[Sequence[str]] = ("id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/api/v1/(?:images|videos|audio)/generations", "submit"),
        ("GET", r"/api/v1/tasks/(?P<id>[^/]+)", "poll"),
        ("GET", r"/api/v1/balance", "funds"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, 10003, "invalid API key"),
        "no_credit": (402, 30001, "insufficient credits"),
        "throttled": (429, 50001, "rate limit exceeded"),
        "not_found": (404, 40001, "task not found"),
        # A 400 whose code no page tells: ours is that of an invalid value.
        "moderated": (400, 20003, "the prompt was rejected by content moderation"),
    }
    errors: ClassVar[Sequence[Error]] = tuple(
        Error(means, status, code, text) for means, status, codes, text in ERRORS for code in codes
    )
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure(80003, "provider_failed"),
        "moderated": Failure(80006, "content policy violation"),
        "not_begun": Failure(80001, "provider_submit_failed", means="failed"),
        "timed_out": Failure(80002, "provider_polling_timeout", means="failed"),
    }
    states: ClassVar[Mapping[str, str]] = {"processing": "running", "completed": "succeeded", "failed": "failed"}
    tells: ClassVar[Sequence[str]] = ("created", "charge")
    request_id_field: ClassVar[str] = "request_id"
    ours: ClassVar[Sequence[str]] = ("refusals.moderated", "states.queued", "states.pending")

    def new_key(self) -> str:
        """rk_live_ and hex."""
        return f"rk_live_{secrets.token_hex(24)}"

    def new_id(self, order: Order) -> str:
        """task_ and 32 hex digits."""
        return f"task_{uuid4().hex}"

    def admit(self, request: Request) -> None:
        """10001 without the header, 10002 when it is not Bearer, 10003 with another key."""
        sent = request.headers.get("authorization")
        if sent is None:
            raise Refusal(401, 10001, "missing Authorization header")
        scheme, _, key = sent.partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(401, 10002, "Authorization must be a Bearer token")
        if key.strip() != self.api_key:
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """The first thing that is wrong, with its documented code and text, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, 20001, "request body must be a JSON object")
        body = given(sent)
        name, models = body.get("model"), MODELS[request.path]
        if name in (None, ""):
            raise Refusal(400, 20002, "model is required")
        if not isinstance(name, str) or name not in models:
            raise Refusal(400, 20004, f'model "{name}" is not supported on this endpoint')
        model = models[name]
        fields = model.fields(body)
        if wrong := problems(body, fields) or [*model.rules(body)] or self.unusable(request, body, fields):
            raise _refusal(wrong[0], pictures=request.path == PICTURES_AT)
        prompt = next((str(body[name]) for name in ("prompt", "style") if body.get(name)), "")
        # ceil(USD × 1000), in decimal arithmetic.
        credits = (model.price(body) / self.credit).to_integral_value(ROUND_CEILING)
        made = asdict(model.made(body), recurse=False)
        return Order(wire_id=name, prompt=prompt, price=int(credits), sent=sent, **made)

    def accepted(self, task: Task, request: Request) -> Response:
        """The task, still without output and error."""
        return json_response(self._head(task, "processing"))

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """200 also when the task failed."""
        if stage in ("queued", "running"):
            return json_response({**self._head(task, "processing"), "output": None, "error": None})
        usage = {"credits": task.order.price - task.refunded}
        if task.failure:
            error = {"code": task.failure.code, "message": task.failure.message}
            return json_response({**self._head(task, "failed"), "output": None, "error": error, "usage": usage})
        done = {**self._head(task, "completed"), "output": self._output(task, urls), "error": None, "usage": usage}
        return json_response(done)

    def _output(self, task: Task, urls: Sequence[str]) -> Body:
        """The links, under a name for what they lead to; beside them the last frame, and the tracks."""
        links, last = (urls[:-1], urls[-1:]) if task.order.last_frame else (urls, ())
        output: Body = {OUTPUT.get(task.order.media, "image_urls"): [*links]}
        if last:
            output["last_frame_url"] = last[0]
        if task.order.titles:
            ids = (str(uuid5(NAMESPACE_URL, url)) for url in links)
            tracks = zip(links, ids, task.order.titles, strict=False)
            output["tracks"] = [
                {"url": url, "id": id_, "title": title, "duration": task.order.seconds} for url, id_, title in tracks
            ]
        return output

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """The last frame, and the titles and lengths of tracks."""
        order = task.order
        if order.titles:
            return [{"title": title, "seconds": order.seconds} for title in order.titles]
        return [{} for _ in range(order.count)] + [{"role": "last_frame"}] if order.last_frame else ()

    def refused(self, refusal: Refusal) -> Response:
        """{error: {code, message, request_id}}."""
        error = {"code": refusal.code, "message": refusal.message, "request_id": f"req_{uuid4().hex}"}
        return json_response({"error": error}, refusal.status)

    def code_of(self, status: int) -> int:
        """The code that goes with an HTTP status."""
        return CODES.get(status, 60099)

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """{balance} in credits."""
        self.admit(request)
        return json_response({"balance": self.balance})

    @staticmethod
    def _head(task: Task, status: str) -> dict[str, object]:
        return {"id": task.id, "model": task.order.wire_id, "status": status, "created_at": int(task.created)}


def _refusal(problem: Problem, *, pictures: bool) -> Refusal:
    """The documented text and code of a problem; of pictures and of other things an address is told otherwise."""
    match problem.cause:
        case "missing":
            return Refusal(400, 20002, f"{problem.field} is required")
        case "long":
            return Refusal(400, 20007, f"{problem.field} {problem.text}")
        case "choice":
            return Refusal(400, 20003, f'invalid {problem.field} "{problem.value}" (allowed: {problem.text})')
        case "link" if pictures:
            return Refusal(400, 20003, f"image URL {problem.text} — data: URIs are rejected")
        case "rule":
            return Refusal(400, 20003, problem.text)
        case _:
            return Refusal(400, 20003, f"{problem.field} {problem.text}")


SERVICE = ReAPI
