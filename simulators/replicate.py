"""Replicate, as its page says: predictions of official models, with links, words for every end, a wait in the body.

Ours, where the page is silent: prices, and what a prediction costs that failed or was canceled; ratio and resolution
that are left out are 1:1 and 1 MP; webp is drawn as PNG; how long a webhook's answer is waited for, and when exactly it
is tried again; how many predictions are on a page; what a log says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal, cast
from uuid import uuid4

from attrs import frozen

from .fields import (
    Cause,
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
    problems,
)
from .inputs import PICTURES
from .message import Body, Error, Refusal, Request, Response, json_response
from .picture import Media, Size, snapped
from .replicate_files import Files, written
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Moment, Webhook

RATIOS = ("match_input_image", "custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")
MEGAPIXELS: Mapping[str, float] = {"0.5 MP": 0.5, "1 MP": 1, "2 MP": 2, "4 MP": 4}
FLUX_2: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "input_images": Links(0, 8, takes=PICTURES, inline=("data",)),
    "aspect_ratio": Choice(RATIOS),
    "resolution": Choice(tuple(MEGAPIXELS)),
    "width": Whole(256, 2048),
    "height": Whole(256, 2048),
    "seed": Whole(0, 2**63),
    "safety_tolerance": Whole(1, 5),
    "output_format": Choice(("webp", "jpg", "png")),
    "output_quality": Whole(0, 100),
}
FLEX: dict[str, Field] = {**FLUX_2, "steps": Whole(1, 50), "prompt_upsampling": Flag()}
MODELS: Mapping[str, tuple[Fields, int]] = {
    "black-forest-labs/flux-2-pro": (FLUX_2, 5),
    "black-forest-labs/flux-2-flex": (FLEX, 10),
}
"""Each model's fields and price."""

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


@frozen
class Events:
    """A list of events."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        fits = isinstance(value, list) and all(each in EVENTS for each in value)
        return None if fits else ("choice", ", ".join(EVENTS))


HOOK: dict[str, Field] = {"webhook": Link(schemes=("https",)), "webhook_events_filter": Events()}

A_PAGE = 100
"""Predictions of a list that come at a time."""

ABORTED = "aborted"
"""The one word for a failure that tells why, and that nothing is charged."""


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
        ("GET", r"/v1/predictions", "listed"),
        ("GET", r"/v1/predictions/(?P<id>[^/]+)", "poll"),
        ("POST", r"/v1/predictions/(?P<id>[^/]+)/cancel", "cancel"),
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
        fields, price = MODELS[name]
        wanted = body.get("input")
        if not isinstance(wanted, dict):
            raise Refusal(422, "Input validation failed", "input is required")
        put = given(wanted)
        wrong = [*problems(body, HOOK), *problems(put, fields), *_unmatched(put)]
        if wrong := wrong or self.unusable(request, put, fields):
            text = "; ".join(f"input.{problem.field} {problem.predicate}" for problem in wrong)
            raise Refusal(422, "Input validation failed", text)
        size = _size(str(put.get("aspect_ratio", "1:1")), MEGAPIXELS[str(put.get("resolution", "1 MP"))])
        media: Media = "jpeg" if put.get("output_format") == "jpg" else "png"
        hook = str(body.get("webhook", ""))
        return Order(name, str(put["prompt"]), size, media, price, sent={**body, "input": put}, callback=hook)

    def accepted(self, task: Task, request: Request) -> Response:
        """201, and the prediction as it begins."""
        return json_response(self._prediction(task, "queued", [], request), 201)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The prediction."""
        return json_response(self._prediction(task, stage, urls, None))

    def refused(self, refusal: Refusal) -> Response:
        """{title, detail, status}."""
        body: Body = {"title": refusal.code, "detail": refusal.message, "status": refusal.status}
        if refusal.retry_after is not None:
            body["retry_after"] = refusal.retry_after
        return json_response(body, refusal.status)

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The log, as soon as there is any."""
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
        return [moment for moment in each if moment.event in cast("Sequence[str]", wanted)]

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """As Standard Webhooks: the id, which a resend keeps, the time, and both with the body signed."""
        stamp = str(int(self.now))
        over = f"{delivery.id}.{stamp}.".encode() + body
        signature = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), over, hashlib.sha256)
        written = f"v1,{base64.b64encode(signature).decode()}"
        return {"webhook-id": delivery.id, "webhook-timestamp": stamp, "webhook-signature": written}

    def new_secret(self, name: str) -> str:
        """whsec_ and 32 bytes in base64."""
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"

    def secret(self, request: Request, _: re.Match[str]) -> Response:
        """What webhooks are signed with."""
        self.admit(request)
        return json_response({"key": self.settings["webhook_secret"]})

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

    def _prediction(self, task: Task, stage: Stage, urls: Sequence[str], request: Request | None) -> dict[str, object]:
        host = None if request is None else request.headers.get("host")
        at = f"{f'http://{host}' if host else self.base_url}/v1/predictions/{task.id}"
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
            "status": ABORTED if failure and failure.code == ABORTED else STATUS[stage],
            "logs": self.told(task, stage).get("log", ""),
            "created_at": written(task.created),
            "started_at": written(task.created + task.queued) if began else None,
            "completed_at": written(task.ends) if over else None,
            "metrics": {"predict_time": task.running} if over else {},
            "urls": {"get": at, "cancel": f"{at}/cancel"},
        }


def _unmatched(put: Mapping[str, object]) -> Iterator[Problem]:
    """What goes by an image needs one, and a size of one's own needs both sides."""
    if put.get("aspect_ratio") == "match_input_image" and not put.get("input_images"):
        yield Problem("aspect_ratio", "rule", "match_input_image needs input_images")


def _size(ratio: str, megapixels: float) -> Size:
    """Width and height; what goes by an image that is put in, or is custom, is taken as 1:1."""
    across, down = map(int, ratio.split(":")) if ":" in ratio else (1, 1)
    width = float(megapixels * 1024 * 1024 * across / down) ** 0.5
    return snapped(width, width * down / across)


SERVICE = Replicate
