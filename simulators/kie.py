"""kie.ai, as its page says: jobs of any model, records with JSON in texts, codes in the body of an HTTP 200; and veo.

Ours, where the page is silent: every error is an HTTP 200, but at uploads; the form of an API key; how moderation
shows; what 501 means at a submit; fields that are not listed are ignored; what a record of veo tells beside its number,
its links and its error, and that a webhook about it holds that record; when a webhook is tried again, and its msg; ids
of songs; that both hosts are one here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

from attrs import asdict, evolve

from . import kie_answers, kie_kling, kie_pictures, kie_seedance, kie_sounds, kie_veo, kie_wan
from .fields import Fields, Link, Problem, given, problems
from .kie_answers import check, refuse, success
from .kie_files import FRESH, UPLOAD, Files
from .message import Body, Error, Refusal, Request, Response, json_response
from .model import Model, known
from .service import DAY
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

MODELS: Mapping[str, Model] = {
    **kie_pictures.MODELS,
    **kie_kling.MODELS,
    **kie_seedance.MODELS,
    **kie_wan.MODELS,
    **kie_sounds.MODELS,
}
CREATE = "/api/v1/jobs/createTask"
VEO = (kie_veo.GENERATE, kie_veo.EXTEND)


class Kie(Files):
    """Base https://api.kie.ai, uploads at https://kieai.redpandaai.co; amounts are credits.

    `form` is where the last frame of a film stands: under a name of its own, or behind the film in the list.
    """

    name = "kie"
    origin: ClassVar[str] = "https://api.kie.ai"
    hue: ClassVar[float] = 0.48
    lifetime: ClassVar[float] = DAY
    credit: ClassVar[Decimal] = Decimal("0.005")
    id_fields: ClassVar[Sequence[str]] = ("taskId",)
    state_fields: ClassVar[Sequence[str]] = ("state", "successFlag")
    forms: ClassVar[Sequence[str]] = ("named", "listed")
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "|".join((CREATE, *VEO)), "submit"),
        ("GET", r"/api/v1/(?P<of>jobs/recordInfo|veo/record-info)", "poll"),
        ("GET", r"/api/v1/veo/get-1080p-video", "larger"),
        ("POST", r"/api/v1/veo/get-4k-video", "larger"),
        ("GET", r"/api/v1/chat/credit", "funds"),
        ("POST", UPLOAD, "upload"),
        ("POST", r"/api/v1/common/download-url", "fresh"),
        ("GET", FRESH, "result"),
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
        Error("rejected", 200, 505, "The feature is disabled"),
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
        # Of veo, which tells a number:
        "0": "running",
        "1": "succeeded",
        "2": "failed",
        "3": "failed",
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
        if request.path == CREATE:
            return self._job(request, sent)
        return self._extension(sent) if request.path == kie_veo.EXTEND else self._veo(request, sent)

    def _job(self, request: Request, sent: Body) -> Order:
        name, wanted = sent.get("model"), sent.get("input")
        if not isinstance(name, str) or name not in MODELS:
            raise Refusal(200, 422, "The model name you specified is not supported")
        if not isinstance(wanted, dict):
            raise Refusal(200, 422, "The input cannot be null")
        check(sent, {"callBackUrl": Link()})
        return self._ordered(request, sent, name, MODELS[name], given(wanted))

    def _veo(self, request: Request, sent: Body) -> Order:
        body = given(sent)
        return self._ordered(request, sent, str(body.get("model", "veo3_fast")), kie_veo.MODEL, body)

    def _ordered(self, request: Request, sent: Body, name: str, model: Model, body: Mapping[str, object]) -> Order:
        fields = model.fields(body)
        own = known(body, fields)
        wrong = [*problems(body, fields), *_mismatch(body, fields)]
        refuse(wrong or [*model.rules(own)] or self.unusable(request, own, fields))
        words = ("prompt", "text", "lyrics", "style", "negative_tags")
        return Order(
            wire_id=name,
            prompt=next((str(own[each]) for each in words if own.get(each)), ""),
            price=model.price(own),
            scope=request.path,
            sent=sent,
            callback=str(sent.get("callBackUrl") or ""),
            **asdict(model.made(own), recurse=False),
        )

    def _extension(self, sent: Body) -> Order:
        """A film of veo that goes on."""
        body = given(sent)
        check(body, kie_veo.AGAIN)
        before = self._made_by_veo(str(body["taskId"]))
        return evolve(
            before.order,
            wire_id=kie_veo.EXTENDED[str(body.get("model", "fast"))],
            prompt=str(body["prompt"]),
            price=kie_veo.credits({"model": body.get("model", "fast")}),
            scope=kie_veo.EXTEND,
            sent=sent,
            callback=str(body.get("callBackUrl") or ""),
        )

    def _made_by_veo(self, task_id: str) -> Task:
        task = self.tasks.get(task_id)
        if task is None or task.order.scope not in VEO:
            raise self.refusal("not_found")
        if task.stage(self.now) != "succeeded":
            raise Refusal(200, 422, "The task has not succeeded")
        return task

    def larger(self, request: Request, _: re.Match[str]) -> Response:
        """{code, msg, data: {resultUrl}}: a film of veo in 1080p, by the query, or in 4k, by the body."""
        self.admit(request)
        asked = request.query if request.method == "GET" else given(request.object or {})
        task = self._made_by_veo(str(asked.get("taskId", "")))
        links = self.result_links(task, self.here(request))
        index = str(asked.get("index", 0))
        if not re.fullmatch(r"[0-9]{1,4}", index) or int(index) >= len(links):
            raise Refusal(200, 422, "index is that of no film")
        return success({"taskId": task.id, "resultUrl": links[int(index)]})

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's taskId, of a task of that route."""
        if not (sought := request.query.get("taskId")):
            raise Refusal(200, 422, "taskId is required")
        task = self.tasks.get(str(sought))
        is_veo = match["of"].startswith("veo")
        return task.id if task is not None and (task.order.scope in VEO) is is_veo else None

    def accepted(self, task: Task, request: Request) -> Response:
        """{code, msg, data: {taskId}}."""
        return success({"taskId": task.id})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The record, of its route."""
        return success(self._told_of(task, stage, urls))

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """The record, with the credits that were taken and those that are left; a failure has its own code."""
        record = self._told_of(task, stage, urls)
        record["consumeCredits"] = float(task.order.price - task.refunded)
        record["remainedCredits"] = float(self.balance)
        if task.failure and stage == "failed":
            return json_response({"code": 501, "msg": task.failure.message, "data": record})
        return success(record)

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The time, and the task's id with it, signed; the body is not."""
        stamp = str(int(self.now))
        signature = hmac.digest(key.encode(), f"{delivery.task.id}.{stamp}".encode(), hashlib.sha256)
        return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": base64.b64encode(signature).decode()}

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """Songs have titles, lengths and covers; the last frame of a film stands beside it."""
        return kie_answers.told(task.order)

    def tells_of(self, task: Task) -> Sequence[str]:
        """Of veo nothing is told."""
        return () if task.order.scope in VEO else self.tells

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The progress, in whole percent, while it is generated."""
        tells = stage == "running" and task.order.scope not in VEO
        return {"progress": kie_answers.percent(task, self.now) / 100} if tells else {}

    def refused(self, refusal: Refusal) -> Response:
        """{code, msg, data: null}."""
        return json_response({"code": refusal.code, "msg": refusal.message, "data": None}, refusal.status)

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """The credits that are left."""
        self.admit(request)
        return success(float(self.balance))

    def _told_of(self, task: Task, stage: Stage, urls: Sequence[str]) -> Body:
        failure = task.failure if stage == "failed" else None
        if task.order.scope in VEO:
            return kie_veo.record(task, stage, urls, failure)
        return kie_answers.record(task, stage, urls, self.now, named=self.form == "named")


def _mismatch(body: Mapping[str, object], fields: Fields) -> Iterator[Problem]:
    """A text-to-image model takes no images."""
    for name in ("input_urls", "image_urls", "image_url"):
        if name in body and name not in fields:
            yield Problem(name, "rule", "needs a model that takes images")


SERVICE = Kie
