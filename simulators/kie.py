"""kie.ai, as its page says: jobs of any model, records with JSON in texts, codes in the body of an HTTP 200.

Ours, where the page is silent: every error is an HTTP 200; the form of an API key; how moderation shows; what 501 means
at a submit; fields that are not listed are ignored; what is put in is drawn as 1:1; when a webhook is tried again, and
its msg; an upload from a public link is refused, as nobody follows it here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Literal

from attrs import frozen

from .fields import (
    Choice,
    Field,
    Fields,
    Flag,
    Link,
    Links,
    Problem,
    Text,
    Whole,
    given,
    is_link,
    problems,
)
from .inputs import PICTURES, Fetched, from_base64
from .message import Body, Error, Refusal, Request, Response, json_response
from .multipart import Part
from .picture import pixels
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
BANANA_RATIOS = (
    *("auto", "1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9"),
)
FIVE_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")

FLUX_2: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(FLUX_RATIOS, required=True),
    "resolution": Choice(("1K", "2K"), required=True),
    "nsfw_checker": Flag(),
}
FLUX_2_EDIT: dict[str, Field] = {
    **FLUX_2,
    "aspect_ratio": Choice((*FLUX_RATIOS, "auto"), required=True),
    "input_urls": Links(1, 8, required=True, takes=PICTURES),
}


@frozen
class Model:
    """What a model takes, what it costs in credits by resolution ("": whatever it is), and what it does by default."""

    fields: Fields
    credits: Mapping[str, int | Decimal]
    ratio: str = "1:1"
    suffix: str = "jpg"


MODELS: Mapping[str, Model] = {
    "flux-2/pro-text-to-image": Model(FLUX_2, {"1K": 5, "2K": 7}),
    "flux-2/pro-image-to-image": Model(FLUX_2_EDIT, {"1K": 5, "2K": 7}),
    "flux-2/flex-text-to-image": Model(FLUX_2, {"1K": 14, "2K": 24}),
    "flux-2/flex-image-to-image": Model(FLUX_2_EDIT, {"1K": 14, "2K": 24}),
    "nano-banana-2": Model(
        {
            "prompt": Text(1, 20_000, required=True),
            "image_input": Links(0, 14, takes=PICTURES),
            "aspect_ratio": Choice(BANANA_RATIOS),
            "resolution": Choice(("1K", "2K", "4K")),
            "output_format": Choice(("png", "jpg")),
        },
        {"1K": 8, "2K": 12, "4K": 18},
        ratio="auto",
    ),
    "google/imagen4-fast": Model(
        {
            "prompt": Text(1, 5000, required=True),
            "negative_prompt": Text(0, 5000),
            "aspect_ratio": Choice((*FIVE_RATIOS, "auto")),
            "seed": Whole(0, 2**63),
        },
        {"": 4},
        ratio="16:9",
    ),
    "z-image": Model(
        {
            "prompt": Text(1, 1000, required=True),
            "aspect_ratio": Choice(FIVE_RATIOS, required=True),
            "nsfw_checker": Flag(),
        },
        {"": Decimal("0.8")},
    ),
}


class Kie(Service):
    """Base https://api.kie.ai; amounts are credits."""

    name = "kie"
    origin: ClassVar[str] = "https://api.kie.ai"
    hue: ClassVar[float] = 0.48
    lifetime: ClassVar[float] = DAY
    credit: ClassVar[Decimal] = Decimal("0.005")
    id_fields: ClassVar[Sequence[str]] = ("taskId",)
    state_fields: ClassVar[Sequence[str]] = ("state",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/api/v1/jobs/createTask", "submit"),
        ("GET", r"/api/v1/jobs/recordInfo", "poll"),
        ("GET", r"/api/v1/chat/credit", "funds"),
        ("POST", r"/api/file-(?P<way>stream|base64|url)-upload", "upload"),
    )
    files_at: ClassVar[Sequence[str]] = ("upload",)
    upload_life: float = 3 * DAY
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (200, 401, "You do not have access permissions"),
        "no_credit": (200, 402, "Credits insufficient"),
        "throttled": (200, 429, "The call frequency is too high"),
        "not_found": (200, 404, "Task not found"),
        "not_yet": (200, 422, "recordInfo is null"),
        "moderated": (200, 422, "The prompt was flagged by the content policy"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("500", "Internal Error, Please try again later"),
        "moderated": Failure("501", "The prompt was flagged by the content policy"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 200, 400, "The request is not formatted as it should be"),
        Error("rejected", 200, 422, "The prompt cannot be empty"),
        Error("no_credit", 200, 433, "The key has reached its cap"),
        Error("unavailable", 200, 455, "The service is under maintenance"),
        Error("unavailable", 200, 505, "The feature is disabled"),
        Error("unsure", 200, 408, "The upstream service gave no answer for ten minutes"),
        Error("unsure", 200, 500, "Internal Error, Please try again later"),
        Error("unsure", 200, 501, "Generation failed"),
    )
    not_yet_for: ClassVar[float] = 90
    retry_after: ClassVar[Literal["header", "body", ""]] = ""
    secrets: ClassVar[Sequence[str]] = ("webhook_key",)
    webhook: ClassVar[Webhook] = Webhook("webhook_key", pauses=(10, 60, 300), within=15)
    ours: ClassVar[Sequence[str]] = ("refusals.moderated", "failures.moderated", "webhook.pauses")
    states: ClassVar[Mapping[str, str]] = {
        "waiting": "queued",
        "queuing": "queued",
        "generating": "running",
        "success": "succeeded",
        "fail": "failed",
    }
    tells: ClassVar[Sequence[str]] = ("created", "completed", "charge")
    limits: ClassVar[Mapping[str, int | tuple[int, float]]] = {"submits": (20, 10), "polls": (10, 1)}

    def new_key(self) -> str:
        """Hex."""
        return secrets.token_hex(16)

    def new_id(self, order: Order) -> str:
        """32 hex digits."""
        return secrets.token_hex(16)

    def admit(self, request: Request) -> None:
        """401 without the API key."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(200, 400, "The request body is not a JSON object")
        name, wanted = sent.get("model"), sent.get("input")
        if not isinstance(name, str) or name not in MODELS:
            raise Refusal(200, 422, "The model name you specified is not supported")
        if not isinstance(wanted, dict):
            raise Refusal(200, 422, "The input cannot be null")
        model, body = MODELS[name], given(wanted)
        wrong = [*problems(sent, {"callBackUrl": Link()}), *problems(body, model.fields), *_mismatch(name, body)]
        if wrong := wrong or self.unusable(request, body, model.fields):
            raise Refusal(200, 422, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        resolution = str(body.get("resolution", "1K"))
        return Order(
            wire_id=name,
            prompt=str(body["prompt"]),
            size=pixels(str(body.get("aspect_ratio", model.ratio)), resolution),
            media="png" if body.get("output_format", model.suffix) == "png" else "jpeg",
            price=model.credits[resolution if resolution in model.credits else ""],
            sent=sent,
            callback=str(sent.get("callBackUrl") or ""),
        )

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's taskId."""
        if not (sought := request.query.get("taskId")):
            raise Refusal(200, 422, "taskId is required")
        return str(sought)

    def accepted(self, task: Task, request: Request) -> Response:
        """{code, msg, data: {taskId}}."""
        return _success({"taskId": task.id})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The record."""
        return _success(self._record(task, stage, urls))

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """The record, with the credits that were taken and those that are left; a failure has its own code."""
        record = self._record(task, stage, urls)
        record["consumeCredits"] = float(task.order.price - task.refunded)
        record["remainedCredits"] = float(self.balance)
        if task.failure and stage == "failed":
            return json_response({"code": 501, "msg": task.failure.message, "data": record})
        return _success(record)

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The time, and the task's id with it, signed; the body is not."""
        stamp = str(int(self.now))
        signature = hmac.digest(key.encode(), f"{delivery.task.id}.{stamp}".encode(), hashlib.sha256)
        return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": base64.b64encode(signature).decode()}

    def _record(self, task: Task, stage: Stage, urls: Sequence[str]) -> Body:
        """`param` and `resultJson` are JSON in a text, times in milliseconds."""
        failure = task.failure if stage == "failed" else None
        record: Body = {
            "taskId": task.id,
            "model": task.order.wire_id,
            "state": self._word(task, stage),
            "param": json.dumps(task.order.sent),
            "resultJson": json.dumps({"resultUrls": list(urls)}) if stage == "succeeded" else "",
            "failCode": failure.code if failure else None,
            "failMsg": failure.message if failure else None,
            "createTime": round(task.created * 1000),
            "updateTime": round(self.now * 1000),
        }
        if stage == "running":
            record["progress"] = self._percent(task)
        if stage in ("succeeded", "failed"):
            record["completeTime"] = round(task.ends * 1000)
            record["costTime"] = round((task.ends - task.created) * 1000)
            record["creditsConsumed"] = float(task.order.price - task.refunded)
        return record

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The progress, in whole percent, while it is generated."""
        return {"progress": self._percent(task) / 100} if stage == "running" else {}

    def refused(self, refusal: Refusal) -> Response:
        """{code, msg, data: null}."""
        return json_response({"code": refusal.code, "msg": refusal.message, "data": None}, refusal.status)

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """The credits that are left."""
        self.admit(request)
        return _success(float(self.balance))

    def upload(self, request: Request, match: re.Match[str]) -> Response:
        """{success, code, msg, data: {downloadUrl, …}}, of the bytes in a form, of base64, or of a link."""
        self.admit(request)
        sent = given((request.form if match["way"] == "stream" else request.object) or {})
        if wrong := problems(sent, {"uploadPath": Text(1, required=True), "fileName": Text()}):
            raise Refusal(400, 400, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        content = self._brought(request, match["way"], sent)
        kept = self.keep(content, sent.get("fileName"))
        data = {"downloadUrl": f"{self.here(request)}{kept.path}", "fileName": kept.name, "fileSize": kept.size}
        told = {"success": True, "code": 200, "msg": "File uploaded successfully"}
        return json_response({**told, "data": {**data, "mimeType": kept.media_type}})

    def _brought(self, request: Request, way: str, sent: Mapping[str, object]) -> bytes:
        if way == "stream":
            file = sent.get("file")
            content, why = file.content if isinstance(file, Part) else None, "file is required"
        elif way == "base64":
            content, why = from_base64(sent.get("base64Data")), "base64Data is not valid"
        else:
            link = sent.get("fileUrl")
            there = self.looked_up(request, [link])[link] if isinstance(link, str) and is_link(link) else Fetched()
            content, why = there.content, there.why or "fileUrl cannot be read"
        if not content:
            raise Refusal(400, 400, why)
        return content

    def _percent(self, task: Task) -> int:
        return int(100 * (self.now - task.created - task.queued) / task.running)

    def _word(self, task: Task, stage: Stage) -> str:
        """waiting and queuing share the time before the work, half each."""
        if stage == "queued":
            return "waiting" if self.now < task.created + task.queued / 2 else "queuing"
        return {"running": "generating", "succeeded": "success", "failed": "fail"}[stage]


def _mismatch(name: str, body: Mapping[str, object]) -> Iterator[Problem]:
    """A text-to-image model takes no images."""
    if "input_urls" in body and name.endswith("text-to-image"):
        yield Problem("input_urls", "rule", "needs an image-to-image model")


def _success(data: object) -> Response:
    return json_response({"code": 200, "msg": "success", "data": data})


SERVICE = Kie
