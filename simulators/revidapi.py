"""RevidAPI, as its page tells: kie.ai's records behind its own paths and key header.

Ours, where the page is silent: the body's code is the HTTP status too; failed tasks are refunded and links live for a
day, as at kie.ai, whose records it carries; a GET on the query is not found; fields that are not listed are ignored; a
webhook is not signed, and when it is tried again.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar
from uuid import uuid4

from .fields import Choice, Field, Fields, Link, Links, Problem, Text, given, problems
from .inputs import Takes
from .message import Error, Refusal, Request, Response, json_response
from .picture import pixels
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Webhook

RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
PICTURES = Takes(("image/jpeg", "image/png", "image/webp"), megabytes=10)
TEXT: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(RATIOS, required=True),
    "resolution": Choice(("1K", "2K"), required=True),
}
EDIT: dict[str, Field] = {
    **TEXT,
    "aspect_ratio": Choice((*RATIOS, "auto"), required=True),
    "input_urls": Links(1, 8, required=True, takes=PICTURES),
}
MODELS: Mapping[str, tuple[Fields, Mapping[str, int]]] = {
    "flux-2/pro-text-to-image": (TEXT, {"1K": 10, "2K": 15}),
    "flux-2/pro-image-to-image": (EDIT, {"1K": 10, "2K": 15}),
    "flux-2/flex-text-to-image": (TEXT, {"1K": 25, "2K": 40}),
    "flux-2/flex-image-to-image": (EDIT, {"1K": 25, "2K": 40}),
}
"""Each model's fields, and its credits by resolution."""


class RevidAPI(Service):
    """Base https://api.revidapi.com, paths below /paid."""

    name = "revidapi"
    origin: ClassVar[str] = "https://api.revidapi.com"
    hue: ClassVar[float] = 0.38
    lifetime: ClassVar[float] = DAY
    id_fields: ClassVar[Sequence[str]] = ("taskId",)
    state_fields: ClassVar[Sequence[str]] = ("state",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/paid/flux-2/create", "submit"),
        ("POST", r"/paid/get/taskid", "poll"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, 401, "Unauthorized: the API key is missing or wrong"),
        "no_credit": (402, 402, "Insufficient balance"),
        "throttled": (429, 429, "Too many requests"),
        "not_found": (404, 404, "Task not found"),
        "moderated": (422, 422, "The prompt was flagged by content moderation"),
        "not_yet": (422, 422, "recordInfo is null"),
    }
    not_yet_for: ClassVar[float] = 90.0
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 400, 400, "Invalid request"),
        Error("rejected", 422, 422, "Validation error"),
        Error("unsure", 500, 500, "Server error"),
        # All but 401 and 402 may also come as the body's code alone.
        Error("rejected", 200, 400, "Invalid request"),
        Error("not_found", 200, 404, "Not found"),
        Error("rejected", 200, 422, "Validation error"),
        Error("throttled", 200, 429, "Too many requests"),
        Error("unsure", 200, 500, "Server error"),
    )
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("500", "Internal error, please try again later"),
        "moderated": Failure("400", "The prompt was flagged by content moderation"),
    }
    states: ClassVar[Mapping[str, str]] = {
        "waiting": "queued",
        "queuing": "queued",
        "generating": "running",
        "success": "succeeded",
        "fail": "failed",
    }
    tells: ClassVar[Sequence[str]] = ("created", "completed")
    webhook: ClassVar[Webhook] = Webhook(pauses=(10, 60, 300), within=15)
    ours: ClassVar[Sequence[str]] = (
        *("lifetime", "refunds", "refusals.moderated", "failures.moderated"),
        *("webhook.pauses", "webhook.within", "webhook.signature"),
    )

    def new_key(self) -> str:
        """Hex: the form is unknown."""
        return secrets.token_hex(24)

    def new_id(self, order: Order) -> str:
        """32 hex digits."""
        return uuid4().hex

    def admit(self, request: Request) -> None:
        """401 without x-api-key."""
        if request.headers.get("x-api-key") != self.api_key:
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, 400, "Request body must be a JSON object")
        name, wanted = sent.get("model"), sent.get("input")
        if not isinstance(name, str) or name not in MODELS:
            raise Refusal(422, 422, f"model must be one of {', '.join(MODELS)}")
        if not isinstance(wanted, dict):
            raise Refusal(422, 422, "input must be an object")
        fields, credits = MODELS[name]
        body = given(wanted)
        wrong = [*problems(sent, {"callBackUrl": Link()}), *problems(body, fields), *_mismatch(body, fields)]
        if wrong := wrong or self.unusable(request, body, fields):
            raise Refusal(422, 422, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        resolution = str(body["resolution"])
        size = pixels(str(body["aspect_ratio"]), resolution)
        back = str(sent.get("callBackUrl") or "")
        return Order(name, str(body["prompt"]), size, "jpeg", credits[resolution], sent=sent, callback=back)

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's taskId."""
        wanted: str | None = request.query.get("taskId")
        if not wanted:
            raise Refusal(400, 400, "taskId is required")
        return wanted

    def accepted(self, task: Task, request: Request) -> Response:
        """{code, msg, data: {taskId}}."""
        return _success({"taskId": task.id})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The record; `param` and `resultJson` are JSON in a string, times in ms."""
        final = stage in ("succeeded", "failed")
        failure = task.failure if stage == "failed" else None
        record = {
            "taskId": task.id,
            "model": task.order.wire_id,
            "state": self._word(task, stage),
            "param": json.dumps(task.order.sent),
            "resultJson": json.dumps({"resultUrls": list(urls)}) if stage == "succeeded" else "",
            "failCode": str(failure.code) if failure else None,
            "failMsg": failure.message if failure else None,
            "costTime": round((task.queued + task.running) * 1000) if final else None,
            "completeTime": round(task.ends * 1000) if final else None,
            "createTime": round(task.created * 1000),
        }
        return _success(record)

    def refused(self, refusal: Refusal) -> Response:
        """{code, msg, data: null}."""
        return json_response({"code": refusal.code, "msg": refusal.message, "data": None}, refusal.status)

    def _word(self, task: Task, stage: Stage) -> str:
        """waiting and queuing share the time before the work, half each."""
        if stage == "queued":
            return "waiting" if self.now < task.created + task.queued / 2 else "queuing"
        return {"running": "generating", "succeeded": "success"}.get(stage, "fail")


def _mismatch(body: Mapping[str, object], fields: Fields) -> Iterator[Problem]:
    """The slug must match the input: a text-to-image one takes no images."""
    if "input_urls" in body and "input_urls" not in fields:
        yield Problem("input_urls", "rule", "needs an image-to-image model")


def _success(data: Mapping[str, object]) -> Response:
    return json_response({"code": 200, "msg": "success", "data": data})


SERVICE = RevidAPI
