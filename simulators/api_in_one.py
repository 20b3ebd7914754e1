"""API in One, as its pages tell: flux-2 with a `type`, credits of one US cent.

Ours, where the pages are silent: the body of a finished task; what a webhook says (the poll's answer), when it is tried
again, and that nobody signs it; every `type` in errors, and 400 for what is invalid; fields that are not listed are
ignored; links live for a day.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

from .fields import Choice, Field, Link, Links, Text, given, problems
from .inputs import PICTURES
from .message import Refusal, Request, Response, json_response
from .picture import pixels
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Webhook

FIELDS: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    # The page lists three ratios as examples; these are the seven that FLUX.2 has.
    "aspect_ratio": Choice(("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")),
    "type": Choice(("pro", "flex")),
    "resolution": Choice(("1K", "2K")),
    "input_urls": Links(0, 8, takes=PICTURES),
    "callback_url": Link(),
}
CREDITS = {("pro", "1K"): 5, ("pro", "2K"): 7, ("flex", "1K"): 14, ("flex", "2K"): 24}
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_credits",
    429: "rate_limit_error",
}

PLACES: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "one in output": lambda url: {"output": {"image_url": url}},
    "a list beside the status": lambda url: {"image_urls": [url]},
    "one beside the status": lambda url: {"image_url": url},
    "response_data": lambda url: {"response_data": [{"image_url": url}]},
    "results": lambda url: {"results": [{"url": url}]},
    "result": lambda url: {"result": [{"url": url}]},
}
"""Where a result was seen, beside the place that is ours; a task makes one picture."""


class APIInOne(Service):
    """Base https://apiin.one, paths below /api/v1."""

    name = "api_in_one"
    origin: ClassVar[str] = "https://apiin.one"
    hue: ClassVar[float] = 0.82
    lifetime: ClassVar[float] = DAY
    credit: ClassVar[Decimal] = Decimal("0.01")
    id_fields: ClassVar[Sequence[str]] = ("task_id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/api/v1/images/generations", "submit"),
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
        """As the page's example: n41xxxx_flux2."""
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
        body = given(sent)
        if "model" not in body:
            raise Refusal(400, 400, "model is required")
        if body["model"] != "flux-2":
            raise Refusal(400, 400, f"Unknown model: {body['model']}")
        if wrong := problems(body, FIELDS) or self.unusable(request, body, FIELDS):
            raise Refusal(400, 400, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        resolution = str(body.get("resolution", "1K"))
        return Order(
            wire_id="flux-2",
            prompt=str(body["prompt"]),
            size=pixels(str(body.get("aspect_ratio", "1:1")), resolution),
            media="jpeg",
            price=CREDITS[str(body.get("type", "pro")), resolution],
            sent=sent,
            callback=str(body.get("callback_url", "")),
        )

    def accepted(self, task: Task, request: Request) -> Response:
        """As the current pages show, or in one of the forms of the older ones."""
        if self.form == "older":
            return json_response({"task_id": task.id, "status": "pending"})
        if self.form == "oldest":
            created = datetime.fromtimestamp(task.created, UTC).isoformat()
            return json_response({"id": task.id, "status": "pending", "model": "flux-2", "created_at": created})
        return _success({"task_id": task.id, "status": "IN_PROGRESS"})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """IN_PROGRESS, COMPLETED or FAILED; the forms of the last two are ours, or where a client has seen results."""
        if stage in ("queued", "running"):
            return _success({"task_id": task.id, "status": "IN_PROGRESS"})
        spent = task.order.price - task.refunded
        if task.failure:
            error = {"error": task.failure.message, "error_code": task.failure.code}
            return _success({"task_id": task.id, "status": "FAILED", **error, "credits_used": spent})
        seen = PLACES[self.form](urls[0]) if self.form in PLACES and urls else {"output": {"image_urls": list(urls)}}
        done = {"task_id": task.id, "status": "COMPLETED", **seen, "credits_used": spent}
        return json_response(done) if self.form == "older" else _success(done)

    def refused(self, refusal: Refusal) -> Response:
        """{error: {code, message, type}}."""
        kind = TYPES.get(refusal.status, "api_error" if refusal.status >= 500 else "invalid_request_error")
        error = {"code": refusal.code, "message": refusal.message, "type": kind}
        return json_response({"error": error}, refusal.status)


def _success(data: Mapping[str, object]) -> Response:
    return json_response({"code": 200, "message": "success", "data": data})


SERVICE = APIInOne
