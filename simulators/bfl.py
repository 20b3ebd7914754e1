"""Black Forest Labs, as its page says: pixels, numbered images, a link to poll at, states that tell what happened.

Ours, where the page is silent: a wrong key is a 403; a task that failed or was moderated costs nothing; an image that
is put in is of one megapixel; where a plain failure says why; an unknown task is an HTTP 200; a size that is left out
is 1024x1024; what a webhook's error is called; without a webhook_secret it is not signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, cast
from uuid import uuid4

from attrs import field, frozen

from .fields import Cause, Choice, Field, Flag, Link, Number, Problem, Text, Whole, given, problems
from .inputs import PICTURES, Takes
from .message import Body, Error, Refusal, Request, Response, json_response
from .picture import Media
from .service import Service
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

MEGAPIXEL = 1024 * 1024
IMAGES = Takes(PICTURES.types, megabytes=20, megapixels=20)
LARGEST = 4 * MEGAPIXEL


@frozen
class Side:
    """Pixels of a side: at least 64, in steps of 16."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, int) or isinstance(value, bool):
            return "type", "must be an integer"
        return None if value >= 64 and value % 16 == 0 else ("range", "must be a multiple of 16, 64 at least")


COMMON: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "width": Side(),
    "height": Side(),
    "seed": Whole(0, 2**63),
    "safety_tolerance": Whole(0, 5),
    "output_format": Choice(("jpeg", "png")),
    "webhook_url": Link(schemes=("https",)),
    "webhook_secret": Text(),
}
FLEX: dict[str, Field] = {"prompt_upsampling": Flag(), "guidance": Number(1.5, 10), "steps": Whole(1, 50)}


def _images(most: int) -> dict[str, Field]:
    """The fields that take the first, the second, … image."""
    names = ("input_image", *(f"input_image_{number}" for number in range(2, most + 1)))
    return dict.fromkeys(names, Link(takes=IMAGES, inline=("base64",)))


@frozen
class Model:
    """What a model takes, and its prices in cents: the first megapixel, each further one, each one put in."""

    fields: Mapping[str, Field]
    first: Decimal = field(converter=Decimal)
    further: Decimal = field(converter=Decimal)
    put_in: Decimal = field(converter=Decimal)

    def cents(self, width: int, height: int, images: int) -> Decimal:
        """What a task costs; a begun megapixel counts whole."""
        return self.first + self.further * (-(-width * height // MEGAPIXEL) - 1) + self.put_in * images


MODELS: Mapping[str, Model] = {
    "flux-2-pro": Model({**COMMON, **_images(8)}, "3", "1.5", "1.5"),
    "flux-2-flex": Model({**COMMON, **_images(8), **FLEX}, "5", "5", "5"),
    "flux-2-max": Model({**COMMON, **_images(8)}, "7", "3", "3"),
    "flux-2-klein-4b": Model({**COMMON, **_images(4)}, "1.4", "0.1", "0.1"),
    "flux-2-klein-9b": Model({**COMMON, **_images(4)}, "1.5", "0.2", "0.2"),
}


class BlackForestLabs(Service):
    """Base https://api.bfl.ai; amounts are credits, which are US cents."""

    name = "bfl"
    origin: ClassVar[str] = "https://api.bfl.ai"
    hue: ClassVar[float] = 0.28
    lifetime: ClassVar[float] = 600
    credit: ClassVar[Decimal] = Decimal("0.01")
    id_fields: ClassVar[Sequence[str]] = ("id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "/v1/(?P<model>{})".format("|".join(MODELS)), "submit"),
        ("GET", r"/v1/get_result", "poll"),
        ("GET", r"/v1/credits", "funds"),
    )
    files_at: ClassVar[Sequence[str]] = ("submit",)
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (403, "", "Not authenticated"),
        "no_credit": (402, "", "Insufficient credits"),
        "throttled": (429, "", "Too many active tasks"),
        "not_found": (200, "Task not found", "Task not found"),
        "moderated": (422, "moderated", "The prompt was refused"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("Error", "The image could not be made"),
        "moderated": Failure("Request Moderated", "Safety Filter"),
        "withheld": Failure("Content Moderated", "Safety Filter", means="moderated"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 422, "value_error", "prompt must be a string"),
        Error("unsure", 500, "", "Internal server error"),
        Error("unsure", 503, "", "Service unavailable"),
    )
    secrets: ClassVar[Sequence[str]] = ("webhook_secret",)
    webhook: ClassVar[Webhook] = Webhook(pauses=(1, 5, 30), within=30)
    ours: ClassVar[Sequence[str]] = ("refunds", "refusals.moderated", "failures.codes")
    states: ClassVar[Mapping[str, str]] = {
        "Pending": "running",
        "Ready": "succeeded",
        "Error": "failed",
        "Request Moderated": "moderated",
        "Content Moderated": "moderated",
        "Task not found": "not_found",
    }
    tells: ClassVar[Sequence[str]] = ("charge",)
    limits: ClassVar[Mapping[str, int | tuple[int, float]]] = {"active": 24}
    hosts: ClassVar[Sequence[str]] = ("api.eu2.bfl.ai", "api.us1.bfl.ai", "api.bfl.ml")

    def new_key(self) -> str:
        """A UUID: the form is unknown."""
        return str(uuid4())

    def new_id(self, order: Order) -> str:
        """A UUID."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """403 without the API key."""
        if request.headers.get("x-key") != self.api_key:
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """Everything that is wrong, field by field, or the order."""
        body = given(request.object or {})
        name = request.path.rpartition("/")[2]
        model = MODELS[name]
        wrong = [*problems(body, model.fields), *_too_large(body)] or self.unusable(request, body, model.fields)
        if wrong:
            raise Refusal(422, "value_error", "", {problem.field: [problem.predicate] for problem in wrong})
        width, height = (cast(int, body.get(side, 1024)) for side in ("width", "height"))
        images = sum(field.startswith("input_image") for field in body if field in model.fields)
        media: Media = "png" if body.get("output_format") == "png" else "jpeg"
        price = model.cents(width, height, images)
        hook = str(body.get("webhook_url", ""))
        return Order(name, str(body["prompt"]), (width, height), media, price, sent=body, callback=hook)

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's id."""
        return str(request.query.get("id"))

    def accepted(self, task: Task, request: Request) -> Response:
        """The id, where to poll, and the cost in cents."""
        origin = f"http://{host}" if (host := request.headers.get("host")) else self.base_url
        width, height = task.order.size
        return json_response({
            "id": task.id,
            "polling_url": f"{origin}/v1/get_result?id={task.id}",
            "cost": float(task.order.price),
            "input_mp": float(sum(field.startswith("input_image") for field in task.order.sent)),
            "output_mp": round(width * height / 1_000_000, 2),
        })  # fmt: skip

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{id, status, result, progress, details, preview}, and the cost with the end."""
        body: Body = {"id": task.id, "status": "Pending", "result": None, "progress": None}
        body |= {"details": None, "preview": None}
        told = self.told(task, stage)
        body["progress"] = told.get("progress")
        if stage == "succeeded":
            sample = {"sample": urls[0], "seed": told["seed"]} if urls else None
            body |= {"status": "Ready", "result": sample, "cost": float(task.order.price)}
        if task.failure and stage == "failed":
            moderated = task.failure.code != "Error"
            details = {"Moderation Reasons": [task.failure.message]} if moderated else {"Error": task.failure.message}
            body |= {"status": task.failure.code, "details": details, "cost": float(task.order.price - task.refunded)}
        return json_response(body)

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """Ready and the result, or Error and why."""
        body: Body = {"id": task.id, "status": "Pending"}
        if task.failure and stage == "failed":
            body |= {"status": "Error", "error": task.failure.code, "message": task.failure.message}
        if stage == "succeeded":
            seed = self.told(task, stage)["seed"]
            body |= {"status": "Ready", "result": {"sample": urls[0], "prompt": task.order.prompt, "seed": seed}}
        stamp = datetime.fromtimestamp(self.now, UTC).isoformat().replace("+00:00", "Z")
        return json_response({**body, "timestamp": stamp})

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The body, signed with the secret that the submit brought; nothing where it brought none."""
        if not key:
            return {}
        return {"X-BFL-Signature": f"sha256={hmac.digest(key.encode(), body, hashlib.sha256).hex()}"}

    def webhook_key(self, task: Task) -> str:
        """The caller's own, of each submit."""
        return str(task.order.sent.get("webhook_secret", ""))

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The progress once it has begun, and the seed with the result."""
        if stage == "running":
            return {"progress": round((self.now - task.created - task.queued) / task.running, 3)}
        return {"progress": 1.0, "seed": task.order.sent.get("seed", 42)} if stage == "succeeded" else {}

    def refused(self, refusal: Refusal) -> Response:
        """{detail}: a list of {loc, msg, type} for fields, else a text; an unknown task is a state."""
        if refusal.code == "Task not found":
            return json_response({"id": None, "status": "Task not found", "result": None})
        if refusal.fields:
            detail = [
                {"loc": ["body", field], "msg": text, "type": refusal.code}
                for field, texts in refusal.fields.items()
                for text in texts
            ]
            return json_response({"detail": detail}, refusal.status)
        return json_response({"detail": refusal.message}, refusal.status)

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """{credits}."""
        self.admit(request)
        return json_response({"credits": float(self.balance)})


def _too_large(body: Mapping[str, object]) -> Iterator[Problem]:
    """Both sides together are at most 4 megapixels."""
    width, height = body.get("width", 64), body.get("height", 64)
    if isinstance(width, int) and isinstance(height, int) and width * height > LARGEST:
        yield Problem("width", "rule", "times height must be at most 4 megapixels")


SERVICE = BlackForestLabs
