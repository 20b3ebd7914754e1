"""fal, as its page says: a queue, three links in its answer, failures at the result's own address.

Ours, where the page is silent: an image that is put in is of one megapixel; what a wrong key and too many calls are
answered; a model's error has no error_type beside the status, and the queue's has one; which errors are worth another
try; what a cancelled request shows; how many wait in the queue, and what a log says; pauses between the tries of a
webhook, whom it names as the user, and that a cancelled request is told of; headers that ask for a time-out or a
priority change nothing.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from attrs import asdict

from .fal_films import FILMS_SOLD
from .fal_model import Endpoint, refuse
from .fal_pictures import PICTURES_SOLD
from .fal_platform import FalPlatform
from .fal_results import media, result
from .fal_signed import FalSigned
from .fal_sounds import SOUNDS_SOLD
from .fal_wan import WANS_SOLD
from .fields import Link, given, problems
from .message import Body, Clock, Error, Refusal, Request, Response, json_response
from .model import known
from .service import DAY
from .task import Failure, Order, Stage, Task
from .webhooks import Webhook

SOLD: Mapping[str, Endpoint] = {**PICTURES_SOLD, **FILMS_SOLD, **WANS_SOLD, **SOUNDS_SOLD}
"""Every endpoint."""

REQUESTS = r"/(?P<app>[^/]+/[^/]+)/requests/(?P<id>[^/]+)"
OF_A_MODEL = ("content_policy_violation", "no_media_generated", "image_too_large", "file_download_error")
"""Errors of a model: 422, in a list."""

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
TOO_LATE = "ALREADY_COMPLETED"
ASKED = ("1", "true")
"""What asks for logs: the page's word, and that of fal's own client."""


class Fal(FalPlatform, FalSigned):
    """Base https://queue.fal.run, and what rest.fal.ai, v3.fal.media and api.fal.ai do; amounts are US cents."""

    name = "fal"
    origin: ClassVar[str] = "https://queue.fal.run"
    hue: ClassVar[float] = 0.78
    lifetime: ClassVar[float] = 7 * DAY
    id_fields: ClassVar[Sequence[str]] = ("request_id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "/(?P<model>{})".format("|".join(map(re.escape, sorted(SOLD)))), "submit"),
        ("GET", f"{REQUESTS}/status", "poll"),
        ("GET", REQUESTS, "output"),
        ("PUT", f"{REQUESTS}/cancel", "cancel"),
        *FalSigned.key_routes,
        *FalPlatform.platform_routes,
        *FalPlatform.file_routes,
    )
    sold: ClassVar[Mapping[str, Endpoint]] = SOLD
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "", "Cannot access the application without a valid key"),
        "no_credit": (403, "", LOCKED),
        "throttled": (429, "", "Too many requests"),
        "not_found": (404, "", "Request not found"),
        "moderated": (422, "content_policy_violation", "The content could not be processed: it was flagged"),
        "too_late": (400, "", TOO_LATE),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("request_timeout", "The request took too long"),
        "moderated": Failure("content_policy_violation", "The content could not be processed: it was flagged"),
        "nothing": Failure("no_media_generated", "The model made nothing", means="failed"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 422, "image_too_large", "The image is too large"),
        Error("rejected", 422, "file_download_error", "The file could not be downloaded"),
        Error("unsure", 500, "runner_server_error", "The runner failed"),
        Error("unsure", 503, "startup_timeout", "The runner took too long to start"),
        Error("unsure", 504, "request_timeout", "The request took too long"),
    )
    webhook: ClassVar[Webhook] = Webhook(pauses=(2, 10, 30, 60, 300, 600, 1200, 2400, 2400), within=15)
    ours: ClassVar[Sequence[str]] = ("lifetime", "webhook.pauses")
    states: ClassVar[Mapping[str, str]] = {
        "IN_QUEUE": "queued",
        "IN_PROGRESS": "running",
        "COMPLETED": "succeeded",
        "OK": "succeeded",
        "ERROR": "failed",
    }
    request_id_header: ClassVar[str] = "x-fal-request-id"

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self._asked_for_logs = False

    def new_key(self) -> str:
        """<id>:<secret>."""
        return f"{uuid4()}:{secrets.token_hex(16)}"

    def new_id(self, order: Order) -> str:
        """A UUID."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """401 without the API key."""
        if request.headers.get("authorization") != f"Key {self.api_key}":
            raise self.refusal("unauthorised")

    # The queue

    def order(self, request: Request) -> Order:
        """Everything that is wrong, field by field, or the order."""
        body = given(request.object or {})
        name = request.path.removeprefix("/")
        endpoint = SOLD[name]
        own = known(body, endpoint.fields)
        wrong = [*problems(body, endpoint.fields), *problems(request.query, {"fal_webhook": Link()})]
        refuse(wrong or [*endpoint.rules(own)] or self.unusable(request, own, endpoint.fields))
        return Order(
            wire_id=name,
            prompt=str(own.get(endpoint.subject) or ""),
            price=endpoint.cents(own),
            sent=body,
            callback=str(request.query.get("fal_webhook") or ""),
            **asdict(endpoint.made(own), recurse=False),
        )

    def accepted(self, task: Task, request: Request) -> Response:
        """The place in the queue, and the links; they drop the model's subpath."""
        at = f"{self.here(request)}/{'/'.join(task.order.wire_id.split('/')[:2])}/requests/{task.id}"
        return json_response({
            "status": "IN_QUEUE",
            "request_id": task.id,
            "response_url": at,
            "status_url": f"{at}/status",
            "cancel_url": f"{at}/cancel",
            "queue_position": self.told(task, "queued")["position"],
        })  # fmt: skip

    def poll(self, request: Request, match: re.Match[str]) -> Response:
        """One look, with the log where `logs` asks for it."""
        self._asked_for_logs = request.query.get("logs") in ASKED
        return super().poll(request, match)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """202 until it is COMPLETED, which a failed one is too."""
        if stage == "queued":
            return json_response({"status": "IN_QUEUE", "queue_position": self.told(task, stage)["position"]}, 202)
        logs = [{"message": line, "timestamp": ""} for line in self._lines(task)] if self._asked_for_logs else None
        if stage == "running":
            return json_response({"status": "IN_PROGRESS", "logs": logs}, 202)
        body: Body = {"status": "COMPLETED", "logs": logs, "metrics": {"inference_time": task.running}}
        if stage == "canceled":
            body |= {"error": "The request was cancelled", "error_type": "request_cancelled"}
        if task.failure and stage == "failed":
            body["error"] = task.failure.message
            if task.failure.code not in OF_A_MODEL:
                body["error_type"] = task.failure.code
        return json_response(body)

    def fetched(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The result, or the error with its own status."""
        if stage == "failed" and task.failure is not None:
            status = 422 if task.failure.code in OF_A_MODEL else 504
            raise Refusal(status, task.failure.code, task.failure.message)
        if stage != "succeeded":
            raise Refusal(400, "", "Request is still in progress")
        return result(self._endpoint(task), task, urls, self.work(task, 0))

    def canceled(self, task: Task, request: Request) -> Response:
        """It is asked for; whether it is so yet, the status tells."""
        return json_response({"status": "CANCELLATION_REQUESTED"}, 202)

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The place in the queue, then the log where it was asked for, and the seed with the result."""
        if stage == "queued":
            return {"position": round((task.created + task.queued - self.now) * 10)}
        told: Body = {"log": "\n".join(self._lines(task))} if stage == "running" else {}
        made = media(self._endpoint(task), task, []) if stage == "succeeded" else {}
        return {**told, **({"seed": made["seed"]} if "seed" in made else {})}

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """How long a film is, where that is told."""
        return [{"seconds": task.order.seconds}] if "details" in self._endpoint(task).tells else ()

    def _lines(self, task: Task) -> list[str]:
        """The log: a line for each step that is done."""
        if not task.running:
            return []
        done = (self.now - task.created - task.queued) / task.running
        return [f"step {number + 1} of 8" for number in range(min(int(8 * done) + 1, 8))]

    @staticmethod
    def _endpoint(task: Task) -> Endpoint:
        return SOLD[task.order.wire_id]

    # Webhooks

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """OK and the result, or ERROR and the detail of the error."""
        body: Body = {"request_id": task.id, "gateway_request_id": task.id}
        if stage == "succeeded":
            return json_response({**body, "status": "OK", "payload": media(self._endpoint(task), task, urls)})
        if stage in ("queued", "running"):
            return json_response({**body, "status": "IN_PROGRESS"})
        failure = task.failure if stage == "failed" else None
        why = failure or Failure("request_cancelled", "The request was cancelled")
        status = 422 if why.code in OF_A_MODEL else 504
        detail = json.loads(self.refused(Refusal(status, why.code, why.message)).body)
        return json_response({**body, "status": "ERROR", "error": why.message, "payload": detail})

    # Errors

    def refused(self, refusal: Refusal) -> Response:
        """{detail: [{loc, msg, type}]} of a model, {detail, error_type?} of the queue."""
        if refusal.message == TOO_LATE:
            return json_response({"status": TOO_LATE}, refusal.status)
        body: Body = {"detail": refusal.message}
        if refusal.status == 422:
            fields = refusal.fields or {"prompt": [refusal.message]}
            body = {
                "detail": [
                    {"loc": ["body", name], "msg": text, "type": refusal.code}
                    for name, texts in fields.items()
                    for text in texts
                ]
            }
        elif refusal.code:
            body["error_type"] = refusal.code
        again = refusal.status >= 500 or refusal.code == "no_media_generated"
        return json_response(body, refusal.status, {"X-Fal-Retryable": "true" if again else "false"})

    def code_of(self, status: int) -> str:
        """The errors of the runners, 500 to 504, have a type."""
        return "runner_server_error" if status >= 500 else ""


SERVICE = Fal
