"""RunAPI, as its SDK tells: actions below services, closed bodies, keys that replay, cents.

Ours, where nothing is written: a key is remembered for a day, once its request was accepted; which of the three error
forms comes when; `auto` and references are drawn as 1:1; when a webhook is sent again; a failed task was charged and is
refunded; a source that cannot be had or read is an invalid field; what a synchronous action that failed, or takes too
long, is answered, in each of `forms`.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from attrs import evolve

from .fields import given, problems
from .message import Clock, Error, Refusal, Request, Response, json_response
from .runapi_answers import results, told
from .runapi_files import by_field, invalid
from .runapi_models import SCOPES
from .runapi_parts import PartedFiles
from .runapi_prices import Prices
from .service import DAY
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook, signature

STATUS: Mapping[Stage, str] = {
    "queued": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
}


AT_ONCE = "/api/v1/tasks"
"""Below it are the tasks of synchronous actions that took longer."""

FINISHED = ("finished", "told")
"""Forms in which a synchronous action is finished when it is answered."""

ENCLOSED = ("enclosed", "as_text")
"""Forms in which a look tells of a failure by the response alone that it holds."""


class RunAPI(Prices, PartedFiles):
    """Base https://runapi.ai, paths below /api/v1; amounts are US cents.

    `form` says how a synchronous action is answered: finished, where one that failed is looked at (or told at once,
    without an id); or begun, with its id in the body, in a header alone, or in the Location alone; begun, and a look
    holds the response with a failure enclosed, as JSON or as the text of it.
    """

    name = "runapi"
    origin: ClassVar[str] = "https://runapi.ai"
    hue: ClassVar[float] = 0.04
    lifetime: ClassVar[float] = 7 * DAY
    id_fields: ClassVar[Sequence[str]] = ("id", "X-RunAPI-Task-Id", "Location")
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        *Prices.price_routes,
        *PartedFiles.file_routes,
        ("POST", "|".join(sorted(SCOPES)), "submit"),
        ("GET", f"(?P<scope>{'|'.join((*sorted(SCOPES), AT_ONCE))})/(?P<id>[^/]+)", "poll"),
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
    forms: ClassVar[Sequence[str]] = (*FINISHED, "begun", "in_header", "located", *ENCLOSED)
    tells: ClassVar[Sequence[str]] = ("charge",)
    request_id_header: ClassVar[str] = "X-Request-Id"
    secrets: ClassVar[Sequence[str]] = ("webhook_secret",)
    webhook: ClassVar[Webhook] = Webhook("webhook_secret", pauses=(10, 60, 300), within=10)
    ours: ClassVar[Sequence[str]] = ("refusals.moderated", "failures.moderated", "failures.codes", "webhook.pauses")

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
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
            return self._answered_with(first, request, task_replayed=True)
        body = given(order.sent)
        if wrong := self.unusable(request, body, self.model(order.scope, body).fields):
            raise invalid(by_field(wrong))
        task = self.create(order, key)
        if key:
            self._keys[key] = task.id
        return self.accepted(task, request)

    def takes(self, order: Order) -> tuple[float, float]:
        """No time, where the answer to the submit is the result."""
        at_once = self.model(order.scope, order.sent).at_once and self.form in FINISHED
        return (0.0, 0.0) if at_once else super().takes(order)

    def order(self, request: Request) -> Order:
        """Everything that is wrong, by field, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, "", "Request body must be a JSON object")
        body = given(sent)
        model = self.model(request.path, body)
        wrong = problems(body, model.fields, closed=True)
        wrong = wrong or [problem for rule in model.rules for problem in rule.wrong(body)]
        if wrong or (cents := model.price(body)) is None:
            raise invalid(by_field(wrong) or {name: ["is not sold with the others"] for name in model.by})
        return Order(
            wire_id=str(body.get("model", model.names[0])),
            price=cents,
            scope=model.scope,
            sent=sent,
            callback=str(body.get("callback_url", "")),
            **model.makes(model.full(body)),
        )

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The path's id, if its task lives below the path: that of its action, or of those that are done at once."""
        task = self.tasks.get(match["id"])
        if task is None:
            return None
        below = AT_ONCE if self._is_at_once(task) else task.order.scope
        return task.id if match["scope"] == below else None

    def accepted(self, task: Task, request: Request) -> Response:
        """{id, status}; of a synchronous action the result, or 202 and where to look, as it stands by then."""
        return self._answered_with(task, request)

    def _answered_with(self, task: Task, request: Request, **more: bool) -> Response:
        headers = {"X-RunAPI-Task-Id": task.id}
        if not self._is_at_once(task):
            return json_response({"id": task.id, "status": "pending", **more}, headers=headers)
        stage = task.stage(self.now)
        if stage == "succeeded":
            return json_response(
                {**self._made(task, self.result_links(task, self.here(request))), **more}, 200, headers
            )
        if stage == "failed" and task.failure and self.form == "told":
            return json_response({"status": "failed", "error": task.failure.message, **more})
        where = {"Location": f"{AT_ONCE}/{task.id}", "Retry-After": "1"}
        if self.form in ("in_header", "located"):
            return json_response(
                {"status": "pending", **more}, 202, where if self.form == "located" else headers | where
            )
        return json_response({"id": task.id, "status": "pending", **more}, 202, headers | where)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{id, status, images, error, usage}; the cost is in USD and comes with the end.

        Of a synchronous action {id, status, error, response}, which holds what the submit would have been answered.
        """
        if self._is_at_once(task):
            return self._shown_at_once(task, stage, urls)
        body: dict[str, object] = {"id": task.id, "status": STATUS[stage]}
        made = results(task, urls, self.work(task, 0))
        error = task.failure.message if task.failure and stage == "failed" else None
        usage: dict[str, object] = {"usage": _usage(task)} if stage in ("succeeded", "failed") else {}
        return json_response({**body, **made, "error": error, **usage}, headers={"X-RunAPI-Task-Id": task.id})

    def _shown_at_once(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        error = task.failure.message if task.failure and stage == "failed" else None
        body: dict[str, object] = {"id": task.id, "status": STATUS[stage], "error": error, "response": None}
        if stage == "succeeded":
            body["response"] = self._whole(200, self._made(task, urls))
        elif error and self.form in ENCLOSED:
            body |= {"status": "completed", "error": None, "response": self._whole(422, {"error": error})}
        return json_response(body, headers={"X-RunAPI-Task-Id": task.id})

    def _made(self, task: Task, urls: Sequence[str]) -> Mapping[str, object]:
        """What a synchronous action that is finished is answered."""
        made = results(task, urls, self.work(task, 0))
        return {"id": task.id, "status": "completed", **made, "usage": _usage(task)}

    def _whole(self, status: int, body: Mapping[str, object]) -> Mapping[str, object]:
        """A response within a look: its body is JSON, or the text of it."""
        kind = "application/json"
        held = json.dumps(body) if self.form == "as_text" else body
        return {"status": status, "content_type": kind, "headers": {"Content-Type": kind}, "body": held}

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """Songs have titles, lengths and covers; the last frame of a film stands beside it."""
        return told(task.order)

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
        return {
            "X-Callback-Id": delivery.id,
            "X-Callback-Timestamp": stamp,
            "X-Callback-Signature": signature(delivery, stamp, body, key),
        }

    def code_of(self, status: int) -> str:
        """Empty: an error of which nothing more is known is a bare text."""
        return ""

    def _is_at_once(self, task: Task) -> bool:
        return self.model(task.order.scope, task.order.sent).at_once

    def _remembered(self, key: str) -> Task | None:
        task = self.tasks.get(self._keys.get(key, ""))
        return task if task and task.created > self.now - DAY else None


def _usage(task: Task) -> Mapping[str, float]:
    """What it cost in the end, in USD."""
    return {"cost": float(Decimal(task.order.price - task.refunded) / 100)}


SERVICE = RunAPI
