"""fal, as its page says: a queue, three links in its answer, failures at the result's own address.

Ours, where the page is silent: pixels of the named sizes; an image that is put in is of one megapixel; bounds of sizes
and counts; what a wrong key and too many calls are answered; a model's error has no error_type beside the status, and
the queue's has one; what a cancelled request shows; how long files and tokens live; how many wait in the queue, and
what a log says; pauses between the tries of a webhook, whom it names as the user, and that a cancelled request is
told of.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, cast
from uuid import uuid4

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .fields import (
    Cause,
    Choice,
    Field,
    Fields,
    Flag,
    Link,
    Links,
    Text,
    Whole,
    given,
    problems,
)
from .inputs import PICTURES
from .message import Body, Clock, Error, Refusal, Request, Response, json_response
from .picture import Media, Size, pixels
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

SIZES: Mapping[str, Size] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
RATIOS = (
    *("auto", "1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9"),
)
MEGAPIXEL = 1024 * 1024


@frozen
class ImageSize:
    """One of the named sizes, or {width, height}; `auto` where there is an image to go by."""

    auto: bool = False
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if isinstance(value, dict):
            sides = [value.get("width"), value.get("height")]
            return None if all(type(side) is int and side > 0 for side in sides) else ("type", "needs width and height")
        fits = isinstance(value, str) and (value in SIZES or (self.auto and value == "auto"))
        return None if fits else ("choice", ", ".join(SIZES))


IMAGES = Links(1, required=True, takes=PICTURES, inline=("data",))
FLUX_2: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "image_size": ImageSize(),
    "seed": Whole(0, 2**63),
    "safety_tolerance": Choice(("1", "2", "3", "4", "5")),
    "enable_safety_checker": Flag(),
    "output_format": Choice(("jpeg", "png")),
}
FLUX_2_EDIT: dict[str, Field] = {
    **FLUX_2,
    "image_size": ImageSize(auto=True),
    "image_urls": IMAGES,
}
BANANA: dict[str, Field] = {
    "safety_tolerance": Choice(("1", "2", "3", "4", "5", "6")),
    "enable_web_search": Flag(),
    "prompt": Text(1, required=True),
    "aspect_ratio": Choice(RATIOS),
    "resolution": Choice(("0.5K", "1K", "2K", "4K")),
    "num_images": Whole(1, 4),
    "seed": Whole(0, 2**63),
    "output_format": Choice(("jpeg", "png", "webp")),
}


@frozen
class Model:
    """What a model takes, and its prices in cents: of the first megapixel and each further one, or by resolution."""

    fields: Fields
    first: Decimal = Decimal(0)
    further: Decimal = Decimal(0)
    by_resolution: Mapping[str, int] | None = None

    def size(self, body: Mapping[str, object]) -> Size:
        """Width and height."""
        if self.by_resolution is not None:
            resolution = str(body.get("resolution", "1K"))
            return pixels(str(body.get("aspect_ratio", "auto")), "1K" if resolution == "0.5K" else resolution)
        wanted = body.get("image_size", "landscape_4_3")
        if isinstance(wanted, dict):
            return cast(int, wanted["width"]), cast(int, wanted["height"])
        return SIZES.get(str(wanted), SIZES["square_hd"])

    def cents(self, body: Mapping[str, object]) -> Decimal | int:
        """What it costs."""
        if self.by_resolution is not None:
            return self.by_resolution[str(body.get("resolution", "1K"))] * cast(int, body.get("num_images", 1))
        width, height = self.size(body)
        put_in = len(cast("list[str]", body.get("image_urls", [])))
        megapixels = -(-width * height // MEGAPIXEL) + put_in
        return self.first + self.further * (megapixels - 1)


BY_RESOLUTION = {"0.5K": 6, "1K": 8, "2K": 12, "4K": 16}
MODELS: Mapping[str, Model] = {
    "fal-ai/flux-2-pro": Model(FLUX_2, Decimal(3), Decimal("1.5")),
    "fal-ai/flux-2-pro/edit": Model(FLUX_2_EDIT, Decimal(3), Decimal("1.5")),
    "fal-ai/flux-2-flex": Model(FLUX_2, Decimal(5), Decimal(5)),
    "fal-ai/flux-2-flex/edit": Model(FLUX_2_EDIT, Decimal(5), Decimal(5)),
    "fal-ai/nano-banana-2": Model(BANANA, by_resolution=BY_RESOLUTION),
    "fal-ai/nano-banana-2/edit": Model({**BANANA, "image_urls": IMAGES}, by_resolution=BY_RESOLUTION),
}

REQUESTS = r"/(?P<app>[^/]+/[^/]+)/requests/(?P<id>[^/]+)"
OF_A_MODEL = ("content_policy_violation", "no_media_generated")
"""Errors of a model: 422, in a list."""

TOKEN_LIFE = 3600
"""Seconds for which a token is good: our choice."""

ASKED = ("1", "true")
"""What asks for logs: the page's word, and that of fal's own client."""

USER = "github|1234567"
"""Whose request a webhook is about."""

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


class Fal(Service):
    """Base https://queue.fal.run; amounts are US cents."""

    name = "fal"
    origin: ClassVar[str] = "https://queue.fal.run"
    hue: ClassVar[float] = 0.78
    lifetime: ClassVar[float] = 7 * DAY
    id_fields: ClassVar[Sequence[str]] = ("request_id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "/(?P<model>{})".format("|".join(sorted(MODELS))), "submit"),
        ("GET", f"{REQUESTS}/status", "poll"),
        ("GET", REQUESTS, "output"),
        ("PUT", f"{REQUESTS}/cancel", "cancel"),
        ("POST", r"/storage/auth/token", "token"),
        ("POST", r"/files/upload", "upload"),
        ("POST", r"/storage/upload/initiate", "initiate"),
        ("GET", r"/\.well-known/jwks\.json", "public_keys"),
    )
    files_at: ClassVar[Sequence[str]] = ("token", "upload", "initiate", "put", "submit")
    upload_life: float = 7 * DAY
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "", "Cannot access the application without a valid key"),
        "no_credit": (403, "", LOCKED),
        "throttled": (429, "", "Too many requests"),
        "not_found": (404, "", "Request not found"),
        "moderated": (422, "content_policy_violation", "The content could not be processed: it was flagged"),
        "too_late": (400, "", "ALREADY_COMPLETED"),
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

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self._asked_for_logs = False
        self._webhook_key: str = self.new_secret("")
        self._older_key: str = self.new_secret("")

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

    def order(self, request: Request) -> Order:
        """Everything that is wrong, field by field, or the order."""
        body = given(request.object or {})
        name = request.path.removeprefix("/")
        model = MODELS[name]
        wrong = [*problems(body, model.fields), *problems(request.query, {"fal_webhook": Link()})]
        if wrong := wrong or self.unusable(request, body, model.fields):
            raise Refusal(422, "value_error", "", {problem.field: [problem.predicate] for problem in wrong})
        media: Media = "png" if body.get("output_format", "png" if model.by_resolution else "jpeg") == "png" else "jpeg"
        hook = str(request.query.get("fal_webhook") or "")
        return Order(name, str(body["prompt"]), model.size(body), media, model.cents(body), sent=body, callback=hook)

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
        return json_response(self._made(task, urls))

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """OK and the result, or ERROR and the detail of the error."""
        body: Body = {"request_id": task.id, "gateway_request_id": task.id}
        if stage == "succeeded":
            return json_response({**body, "status": "OK", "payload": self._made(task, urls)})
        if stage in ("queued", "running"):
            return json_response({**body, "status": "IN_PROGRESS"})
        failure = task.failure if stage == "failed" else None
        why = failure or Failure("request_cancelled", "The request was cancelled")
        status = 422 if why.code in OF_A_MODEL else 504
        detail = json.loads(self.refused(Refusal(status, why.code, why.message)).body)
        return json_response({**body, "status": "ERROR", "error": why.message, "payload": detail})

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """Request, user and time, signed with the body's digest."""
        about = (delivery.task.id, USER, str(int(self.now)))
        lines = "\n".join((*about, hashlib.sha256(body).hexdigest()))
        names = ("Request-Id", "User-Id", "Timestamp", "Signature")
        signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)).sign(lines.encode()).hex()
        return {f"X-Fal-Webhook-{name}": value for name, value in zip(names, (*about, signature), strict=True)}

    def webhook_key(self, task: Task) -> str:
        """The seed of a private key, in hex; callers have the public one."""
        return self._webhook_key

    def new_secret(self, name: str) -> str:
        """32 bytes in hex."""
        return secrets.token_hex(32)

    def public_keys(self, request: Request, _: re.Match[str]) -> Response:
        """The JWKS, for anyone: the key that signs, behind one that did so before."""
        keys = [{"kty": "OKP", "crv": "Ed25519", "x": _public(key)} for key in (self._older_key, self._webhook_key)]
        return json_response({"keys": keys})

    def _made(self, task: Task, urls: Sequence[str]) -> Body:
        """The result."""
        width, height = task.order.size
        about = {"content_type": f"image/{task.order.media}", "width": width, "height": height}
        return {"images": [{"url": url, **about} for url in urls], "seed": self.told(task, "succeeded")["seed"]}

    def canceled(self, task: Task, request: Request) -> Response:
        """It is asked for; whether it is so yet, the status tells."""
        return json_response({"status": "CANCELLATION_REQUESTED"}, 202)

    def token(self, request: Request, _: re.Match[str]) -> Response:
        """{token, token_type, base_url, expires_at}, for uploads in place of the API key."""
        self.admit(request)
        _stored(request, "fal-cdn-v3")
        token, expires = self.new_token(TOKEN_LIFE), datetime.fromtimestamp(self.now + TOKEN_LIFE, UTC).isoformat()
        return json_response(
            {"token": token, "token_type": "Bearer", "base_url": self.here(request), "expires_at": expires}
        )

    def upload(self, request: Request, _: re.Match[str]) -> Response:
        """{access_url} of the bytes that are the body, with a token."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.is_good(token):
            raise self.refusal("unauthorised")
        name, kind = (request.headers.get(each, "") for each in ("x-fal-file-name", "content-type"))
        kept = self.keep(request.body, name, declared=kind, life=_life(request))
        return json_response({"access_url": f"{self.here(request)}{kept.path}"})

    def initiate(self, request: Request, _: re.Match[str]) -> Response:
        """{upload_url, file_url}: where the bytes are put, and where they are then.

        Their type is all that has to come with them; fal's own client sends the API key too.
        """
        self.admit(request)
        _stored(request, "gcs")
        body = given(request.object or {})
        if wrong := problems(body, {"file_name": Text(1, required=True), "content_type": Text(1, required=True)}):
            raise Refusal(422, "value_error", "", {problem.field: [problem.predicate] for problem in wrong})
        lent = self.lend(body["file_name"], {"Content-Type": str(body["content_type"])}, kept=True, keyed=True)
        here = self.here(request)
        return json_response({"upload_url": f"{here}{lent.path}", "file_url": f"{here}{lent.kept_path}"})

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The place in the queue, then the log where it was asked for, and the seed with the result."""
        if stage == "queued":
            return {"position": round((task.created + task.queued - self.now) * 10)}
        log = {"log": "\n".join(self._lines(task))} if stage == "running" else {}
        return {**log, "seed": task.order.sent.get("seed", 7)} if stage == "succeeded" else log

    def _lines(self, task: Task) -> list[str]:
        """The log: a line for each step that is done."""
        done = (self.now - task.created - task.queued) / task.running
        return [f"step {number + 1} of 8" for number in range(min(int(8 * done) + 1, 8))]

    def poll(self, request: Request, match: re.Match[str]) -> Response:
        """One look, with the log where `logs` asks for it."""
        self._asked_for_logs = request.query.get("logs") in ASKED
        return super().poll(request, match)

    def refused(self, refusal: Refusal) -> Response:
        """{detail: [{loc, msg, type}]} of a model, {detail, error_type?} of the queue."""
        body: dict[str, object] = {"detail": refusal.message}
        if refusal.status == 422:
            fields = refusal.fields or {"prompt": [refusal.message]}
            body = {
                "detail": [
                    {"loc": ["body", field], "msg": text, "type": refusal.code}
                    for field, texts in fields.items()
                    for text in texts
                ]
            }
        elif refusal.code:
            body["error_type"] = refusal.code
        return json_response(body, refusal.status)

    def code_of(self, status: int) -> str:
        """The errors of the runners, 500 to 504, have a type."""
        return "runner_server_error" if status >= 500 else ""


def _public(seed: str) -> str:
    """The public key that belongs to a seed, as a JWKS writes it."""
    raw = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).public_key().public_bytes_raw()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _stored(request: Request, where: str) -> None:
    """422 for another storage_type than that of the call."""
    if request.query.get("storage_type") != where:
        raise Refusal(422, "value_error", "", {"storage_type": [f"must be {where}"]})


def _life(request: Request) -> float | None:
    """How many seconds a file is to be kept; None: as long as the account has it."""
    asked = json.loads(request.headers.get("x-fal-object-lifecycle", "{}"))
    return cast("float | None", asked.get("expiration_duration_seconds"))


SERVICE = Fal
