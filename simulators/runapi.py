"""RunAPI, as its SDK tells: actions below services, closed bodies, keys that replay, cents.

Ours, where nothing is written: a key is remembered for a day, once its request was accepted; which of the three error
forms comes when; `auto` and references are drawn as 1:1; when a webhook is sent again; a failed task was charged and is
refunded; a source that cannot be had or read is an invalid field.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

from attrs import evolve

from .fields import given, problems
from .message import Clock, Error, Refusal, Request, Response, json_response
from .picture import pixels
from .runapi_files import by_field, invalid
from .runapi_lasting import LastingFiles
from .runapi_models import MODELS, SCOPES, Model, model_of
from .runapi_prices import AS_OF, quoted, schedules
from .service import DAY
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

STATUS: Mapping[Stage, str] = {
    "queued": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
}


class RunAPI(LastingFiles):
    """Base https://runapi.ai, paths below /api/v1; amounts are US cents.

    `models` are what is sold, at prices of `as_of`: set both, and prices have changed.
    """

    name = "runapi"
    origin: ClassVar[str] = "https://runapi.ai"
    hue: ClassVar[float] = 0.04
    lifetime: ClassVar[float] = 7 * DAY
    id_fields: ClassVar[Sequence[str]] = ("id", "X-RunAPI-Task-Id")
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("GET", r"/api/v1/price_schedules", "prices"),
        ("POST", r"/api/v1/price_quotes", "quote"),
        ("GET", r"/api/v1/me/balance", "funds"),
        *LastingFiles.file_routes,
        ("POST", "|".join(sorted(SCOPES)), "submit"),
        ("GET", f"(?P<scope>{'|'.join(sorted(SCOPES))})/(?P<id>[^/]+)", "poll"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "", "Invalid API key"),
        "no_credit": (402, "insufficient_credits", "Insufficient credits"),
        "throttled": (429, "rate_limited", "Rate limit exceeded"),
        "not_found": (404, "", "Task not found"),
        "moderated": (422, "moderated", "The prompt was rejected by the safety system"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 400, "", "Bad request"),
        Error("rejected", 403, "", "Forbidden"),
        Error("rejected", 409, "idempotency_conflict", "Idempotency-Key was used with other input"),
        Error("rejected", 422, "invalid", "Validation failed"),
        Error("unsure", 500, "", "Internal server error"),
        Error("unsure", 502, "", "Bad gateway"),
        Error("unavailable", 503, "", "No active channel available"),
        Error("unsure", 504, "", "Gateway timeout"),
    )
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("failed", "Generation failed"),
        "moderated": Failure("moderated", "The prompt was rejected by the safety system"),
    }
    states: ClassVar[Mapping[str, str]] = {
        "pending": "queued",
        "processing": "running",
        "completed": "succeeded",
        "failed": "failed",
    }
    tells: ClassVar[Sequence[str]] = ("charge",)
    request_id_header: ClassVar[str] = "X-Request-Id"
    secrets: ClassVar[Sequence[str]] = ("webhook_secret",)
    webhook: ClassVar[Webhook] = Webhook("webhook_secret", pauses=(10, 60, 300), within=10)
    ours: ClassVar[Sequence[str]] = ("refusals.moderated", "failures.moderated", "failures.codes", "webhook.pauses")

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self.models: Sequence[Model] = MODELS
        self.as_of: str = AS_OF
        self._keys: dict[str, str] = {}

    def answer(self, request: Request) -> Response:
        """Every answer carries the caller's own id of the request, if there is one."""
        response = super().answer(request)
        own = request.headers.get("x-client-request-id", "")
        if not own or not own.isascii():
            return response
        return evolve(response, headers={**response.headers, "X-Client-Request-Id": own})

    def new_key(self) -> str:
        """Hex: the form is unknown."""
        return secrets.token_hex(24)

    def new_id(self, order: Order) -> str:
        """A UUID."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """401 without the key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() != self.api_key:
            raise self.refusal("unauthorised")

    def submit(self, request: Request, match: re.Match[str]) -> Response:
        """A task, or under a key that was used: its first answer again, 409 when the input differs."""
        self.admit(request)
        key, order = request.headers.get("idempotency-key"), self.order(request)
        if key is not None and len(key) > 512:
            raise invalid({"Idempotency-Key": ["must be at most 512 characters"]})
        if key and (first := self._remembered(key)):
            if (first.order.scope, first.order.sent) != (order.scope, order.sent):
                raise Refusal(409, "idempotency_conflict", "Idempotency-Key was used with other input")
            return self._created(first, task_replayed=True)
        body = given(order.sent)
        if wrong := self.unusable(request, body, self._model(order.scope, body).fields):
            raise invalid(by_field(wrong))
        task = self.create(order, key)
        if key:
            self._keys[key] = task.id
        return self.accepted(task, request)

    def order(self, request: Request) -> Order:
        """Everything that is wrong, by field, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, "", "Request body must be a JSON object")
        body = given(sent)
        model = self._model(request.path, body)
        if wrong := problems(body, model.fields, closed=True):
            raise invalid(by_field(wrong))
        resolution = str(body.get("output_resolution", "1k"))
        return Order(
            wire_id=str(body.get("model", model.names[0])),
            prompt=str(body["prompt"]),
            size=pixels(str(body.get("aspect_ratio", "1:1")), resolution),
            media=model.media,
            price=model.price(resolution),
            scope=model.scope,
            sent=sent,
            callback=str(body.get("callback_url", "")),
        )

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The path's id, if its task lives below the path's action."""
        task = self.tasks.get(match["id"])
        return task.id if task and task.order.scope == match["scope"] else None

    def accepted(self, task: Task, request: Request) -> Response:
        """{id, status}."""
        return self._created(task)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{id, status, images, error, usage}; the cost is in USD and comes with the end."""
        body: dict[str, object] = {"id": task.id, "status": STATUS[stage], "images": [{"url": url} for url in urls]}
        body["error"] = task.failure.message if task.failure and stage == "failed" else None
        if stage in ("succeeded", "failed"):
            body["usage"] = {"cost": (task.order.price - task.refunded) / 100}
        return json_response(body, headers={"X-RunAPI-Task-Id": task.id})

    def refused(self, refusal: Refusal) -> Response:
        """One of three forms: a text and the fields, a code and a message, or a bare text where there is no code."""
        body: dict[str, object] = {"error": refusal.message}
        if refusal.fields:
            body["errors"] = refusal.fields
        elif refusal.code:
            body["error"] = {"code": refusal.code, "message": refusal.message}
        return json_response(body, refusal.status)

    def new_secret(self, name: str) -> str:
        """32 bytes in base64."""
        return base64.b64encode(secrets.token_bytes(32)).decode()

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The id, which a resend keeps, the time, and both with the body signed by the secret's bytes."""
        stamp = str(int(self.now))
        over = f"{delivery.id}.{stamp}.".encode() + body
        signature = hmac.digest(base64.b64decode(key), over, hashlib.sha256)
        return {
            "X-Callback-Id": delivery.id,
            "X-Callback-Timestamp": stamp,
            "X-Callback-Signature": base64.b64encode(signature).decode(),
        }

    def code_of(self, status: int) -> str:
        """Empty: an error of which nothing more is known is a bare text."""
        return ""

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """The balance in cents; the day is UTC's."""
        self.admit(request)
        costs = [(task.created, task.order.price - task.refunded) for task in self.tasks.values()]
        return json_response({
            "balance_cents": self.balance,
            "paid_balance_cents": self.balance,
            "bonus_balance_cents": 0,
            "spent_cents_today": sum(cost for created, cost in costs if created >= self.now - self.now % DAY),
            "spent_cents_total": sum(cost for _, cost in costs),
        })  # fmt: skip

    def prices(self, request: Request, _: re.Match[str]) -> Response:
        """The price list, for anyone; 304 under its ETag."""
        return schedules(request, self.models, self.as_of)

    def quote(self, request: Request, _: re.Match[str]) -> Response:
        """What a request would reserve, for anyone."""
        wanted = given(request.object or {})
        params = wanted.get("params", {})
        if not isinstance(params, dict):
            raise invalid({"params": ["must be an object"]})
        model = self._model(f"/api/v1/{wanted.get('service')}/{wanted.get('action')}", wanted)
        # A price goes by the resolution alone; the other fields of the request are taken, and not looked at.
        name, taken = "output_resolution", {field: params.get(field) for field in model.fields}
        if wrong := problems(taken, {name: model.fields[name]} if name in model.fields else {}):
            raise invalid(by_field(wrong))
        return quoted(model, wanted.get("model", model.names[0]), taken.get(name), self.as_of)

    def _model(self, scope: str, body: Mapping[str, object]) -> Model:
        """The model of an action; a model of another action is refused too, whatever the product page's example."""
        if model := model_of(self.models, scope, body.get("model")):
            return model
        raise invalid({"model": ["is not a model of this action" if "model" in body else "is required"]})

    def _remembered(self, key: str) -> Task | None:
        task = self.tasks.get(self._keys.get(key, ""))
        return task if task and task.created > self.now - DAY else None

    @staticmethod
    def _created(task: Task, **more: bool) -> Response:
        return json_response({"id": task.id, "status": "pending", **more}, headers={"X-RunAPI-Task-Id": task.id})


SERVICE = RunAPI
