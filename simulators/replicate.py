"""Replicate, as its page says: predictions of official models, with links, words for every end, a wait in the body.

Ours, where the page is silent: what a prediction costs that failed or was canceled; how long a webhook's answer is
waited for, and when exactly it is tried again; how many predictions are on a page; what a log says; that an official
model is known by a version too, and that any other version is a community model's; `Prefer: wait` waits for nothing;
`Cancel-After` of another form changes nothing.
What is ours of files and of models is told in replicate_files and replicate_models.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal, cast
from uuid import uuid4

from attrs import asdict, frozen

from .fields import Cause, Field, Link, given, problems
from .message import Body, Error, Refusal, Request, Response, json_response, moment
from .model import known
from .replicate_files import Files
from .replicate_models import COMMUNITY, MODELS, schema
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Moment, Webhook, signature

STATUS: Mapping[Stage, str] = {
    "queued": "starting",
    "running": "processing",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
}

EVENTS = ("start", "output", "logs", "completed")
UNFILTERED = ("output", "completed")
"""What a caller is told of who does not say which events."""

A_PAGE = 100
"""Predictions of a list that come at a time."""

VERSIONS = {hashlib.sha256(name.encode()).hexdigest(): name for name in MODELS}
"""The models by their versions."""

VERSION = re.compile(r"(?:(?P<model>[\w.-]+/[\w.-]+):)?(?P<version>[0-9a-f]{64})")
"""A version, alone or behind the name of its model."""


@frozen
class Events:
    """A list of events."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        fits = isinstance(value, list) and all(each in EVENTS for each in value)
        return None if fits else ("choice", ", ".join(EVENTS))


HOOK: dict[str, Field] = {"webhook": Link(schemes=("https",)), "webhook_events_filter": Events()}

ABORTED = "aborted"
"""The one word for a failure that tells why, and that nothing is charged."""

ENDED = "canceled"
"""The word for what a deadline ended."""

UNITS = {"s": 1, "m": 60, "h": 3600}
DEADLINE = re.compile(r"(?:[0-9]{1,9}[smh])+")


class Replicate(Files):
    """Base https://api.replicate.com; amounts are US cents."""

    name = "replicate"
    origin: ClassVar[str] = "https://api.replicate.com"
    hue: ClassVar[float] = 0.93
    lifetime: ClassVar[float] = 3600
    id_fields: ClassVar[Sequence[str]] = ("id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "/v1/models/(?P<model>{})/predictions".format("|".join(MODELS)), "submit"),
        ("POST", r"/v1/predictions", "submit"),
        ("GET", r"/v1/predictions", "listed"),
        ("GET", r"/v1/predictions/(?P<id>[^/]+)", "poll"),
        ("POST", r"/v1/predictions/(?P<id>[^/]+)/cancel", "cancel"),
        ("GET", r"/v1/models/(?P<model>[^/]+/[^/]+)", "model"),
        *Files.file_routes,
        ("GET", r"/v1/webhooks/default/secret", "secret"),
    )
    files_at: ClassVar[Sequence[str]] = ("upload", "submit")
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "Unauthenticated", "You did not pass a valid authentication token"),
        "no_credit": (402, "Insufficient credit", "You have insufficient credit to run this model"),
        "throttled": (429, "", "Request was throttled. Expected available in 7 seconds."),
        "not_found": (404, "Not found", "The requested resource could not be found"),
        "moderated": (422, "Input validation failed", "The input was flagged as sensitive (E005)"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("", "Prediction interrupted; please retry (code: PA)"),
        "moderated": Failure("", "The output was flagged as sensitive (E005)"),
        ABORTED: Failure(ABORTED, "The deadline passed before it was started", means="failed", refunds=True),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 422, "Input validation failed", "input.prompt is required"),
        Error("unsure", 500, "Internal server error", "Something went wrong"),
    )
    secrets: ClassVar[Sequence[str]] = ("webhook_secret",)
    webhook: ClassVar[Webhook] = Webhook("webhook_secret", pauses=(2, 5, 15, 40), within=5)
    ours: ClassVar[Sequence[str]] = (
        *("refunds", "refusals.moderated", "failures.codes", "webhook.pauses", "webhook.within"),
    )
    retry_after: ClassVar[Literal["header", "body", ""]] = "body"
    states: ClassVar[Mapping[str, str]] = {
        "starting": "queued",
        "processing": "running",
        "succeeded": "succeeded",
        "failed": "failed",
        "aborted": "failed",
        "canceled": "canceled",
    }
    tells: ClassVar[Sequence[str]] = ("created", "completed")
    limits: ClassVar[Mapping[str, int | tuple[int, float]]] = {"submits": (600, 60), "polls": (3000, 60)}
    forms: ClassVar[Sequence[str]] = ("text", "list")

    def new_key(self) -> str:
        """r8_…."""
        return f"r8_{secrets.token_urlsafe(27)}"

    def new_id(self, order: Order) -> str:
        """Small letters and digits."""
        return uuid4().hex[:26]

    def admit(self, request: Request) -> None:
        """401 without the API key."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """Everything that is wrong, in one text, or the order."""
        body = given(request.object or {})
        name = request.path.removeprefix("/v1/models/").removesuffix("/predictions")
        if request.path == "/v1/predictions":
            name = _model_of(str(body.get("version", "")))
        model, wanted = MODELS.get(name, COMMUNITY), body.get("input")
        if not isinstance(wanted, dict):
            raise _invalid("input is required")
        put = given(wanted)
        fields = model.fields(put)
        own = known(put, fields)
        if wrong := problems(body, HOOK):
            raise _invalid("; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        if wrong := problems(put, fields) or [*model.rules(own)] or self.unusable(request, own, fields):
            raise _invalid("; ".join(f"input.{problem.field} {problem.predicate}" for problem in wrong))
        made = asdict(model.made(own), recurse=False)
        price: int | Decimal = model.price(own)
        sent = {**body, "input": put, "deadline": _deadline(request.headers.get("cancel-after", ""))}
        return Order(
            name, str(own.get("prompt", "")), price=price, sent=sent, callback=str(body.get("webhook", "")), **made
        )

    def create(self, order: Order, key: str | None) -> Task:
        """What a deadline ends ends then: not charged where it has not begun."""
        task = super().create(order, key)
        deadline = cast("float | None", order.sent["deadline"])
        if deadline is not None and not task.stuck and deadline / self.speed < task.ends - task.created:
            begins = task.queued
            task.queued = min(begins, deadline / self.speed)
            task.running = deadline / self.speed - task.queued
            ended = Failure(ENDED, "The deadline passed", means="failed")
            task.failure = self.failures[ABORTED] if task.running <= 0 < begins else ended
            self._failing.append(task)
            self.promise_again(task)
        return task

    def accepted(self, task: Task, request: Request) -> Response:
        """201, and the prediction as it begins."""
        return json_response(self._prediction(task, "queued", [], request), 201)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The prediction."""
        return json_response(self._prediction(task, stage, urls, None))

    def listed(self, request: Request, _: re.Match[str]) -> Response:
        """{previous, next, results}: the predictions, the newest first, so many a page."""
        self.admit(request)
        every = list(reversed(self.tasks.values()))
        asked = str(request.query.get("cursor", "0"))
        begin = int(asked[:9]) if asked.isascii() and asked.isdecimal() else 0
        stages = [(task, task.stage(self.now)) for task in every[begin : begin + A_PAGE]]
        links = (self.result_links(task, self.here(request)) if stage == "succeeded" else [] for task, stage in stages)
        results = [self._prediction(*each, urls, request) for each, urls in zip(stages, links, strict=True)]
        pages = {"previous": begin - A_PAGE, "next": begin + A_PAGE}
        at = f"{self.here(request)}/v1/predictions?cursor="
        turns = {name: f"{at}{where}" if 0 <= where < len(every) else None for name, where in pages.items()}
        return json_response({**turns, "results": results})

    def model(self, request: Request, match: re.Match[str]) -> Response:
        """What there is to know of a model, with the schema of its fields."""
        self.admit(request)
        name = match["model"]
        if name not in MODELS:
            raise self.refusal("not_found")
        owner, _, own = name.partition("/")
        version = next(version for version, of in VERSIONS.items() if of == name)
        return json_response({
            "url": f"https://replicate.com/{name}",
            "owner": owner,
            "name": own,
            "description": "An official model, simulated",
            "visibility": "public",
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "run_count": sum(task.order.wire_id == name for task in self.tasks.values()),
            "cover_image_url": None,
            "default_example": None,
            "latest_version": {
                "id": version,
                "created_at": moment(0),
                "cog_version": "0.16.0",
                "openapi_schema": schema(MODELS[name].fields({})),
            },
        })  # fmt: skip

    def refused(self, refusal: Refusal) -> Response:
        """{title, detail, status}; what is throttled has no title, and tells how long to wait."""
        body: Body = {"title": refusal.code} if refusal.code else {}
        body |= {"detail": refusal.message, "status": refusal.status}
        if refusal.status == 429:
            body["retry_after"] = 7 if refusal.retry_after is None else refusal.retry_after
        return json_response(body, refusal.status)

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The log, as soon as there is any."""
        if not task.running:
            return {}
        done = (self.now - task.created - task.queued) / task.running
        steps = range(min(int(8 * done) + 1, 8)) if done >= 0 else ()
        return {"log": "\n".join(f"step {number + 1} of 8" for number in steps)} if steps else {}

    def moments(self, task: Task) -> Sequence[Moment]:
        """The events that are asked for; only the last one is tried again."""
        wanted = task.order.sent.get("webhook_events_filter", UNFILTERED)
        began = task.created + task.queued
        times = {"start": began, "logs": began + task.running / 2, "output": task.ends, "completed": task.ends}
        if task.failure or task.canceled is not None:
            del times["output"]
        each = (Moment(at, event, again=event == "completed") for event, at in times.items())
        return [one for one in each if one.event in cast("Sequence[str]", wanted)]

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """As Standard Webhooks: the id, which a resend keeps, the time, and both with the body signed."""
        stamp = str(int(self.now))
        named = f"v1,{signature(delivery, stamp, body, key.removeprefix('whsec_'))}"
        return {"webhook-id": delivery.id, "webhook-timestamp": stamp, "webhook-signature": named}

    def new_secret(self, name: str) -> str:
        """whsec_ and 32 bytes in base64."""
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"

    def secret(self, request: Request, _: re.Match[str]) -> Response:
        """What webhooks are signed with."""
        self.admit(request)
        return json_response({"key": self.settings["webhook_secret"]})

    def _prediction(self, task: Task, stage: Stage, urls: Sequence[str], request: Request | None) -> dict[str, Any]:
        here = self.base_url if request is None else self.here(request)
        at = f"{here}/v1/predictions/{task.id}"
        output = (urls[0] if self.form == "text" else list(urls)) if urls else None
        failure = task.failure if stage == "failed" else None
        over = stage in ("succeeded", "failed", "canceled")
        began = self.now >= task.created + task.queued
        return {
            "id": task.id,
            "model": task.order.wire_id,
            "version": "hidden",
            "input": task.order.sent["input"],
            "output": output,
            "error": failure.message if failure else None,
            "status": failure.code if failure and failure.code in (ABORTED, ENDED) else STATUS[stage],
            "logs": self.told(task, stage).get("log", ""),
            "created_at": moment(task.created),
            "started_at": moment(task.created + task.queued) if began and task.running else None,
            "completed_at": moment(task.ends) if over else None,
            "metrics": {"predict_time": task.running} if over else {},
            "urls": {"get": at, "cancel": f"{at}/cancel"},
        }


def _model_of(version: str) -> str:
    """The model of a version: an official one by its version or its name, else a community model of whoever asks."""
    found = VERSION.fullmatch(version)
    name = version if found is None else VERSIONS.get(found["version"], found["model"] or found["version"])
    if found is None and name not in MODELS:
        raise _invalid("version is none that there is")
    return name


def _invalid(text: str) -> Refusal:
    return Refusal(422, "Input validation failed", text)


def _deadline(text: str) -> float | None:
    """The seconds of a deadline like 90s, 5m or 1h30m45s; None where it is none."""
    if not DEADLINE.fullmatch(text):
        return None
    return float(sum(int(many) * UNITS[unit] for many, unit in re.findall(r"([0-9]+)([smh])", text)))


SERVICE = Replicate
