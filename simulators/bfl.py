"""Black Forest Labs, as its page says: pixels, numbered images, a link to poll at, states that tell what happened.

Ours, where the page is silent: a wrong key is a 403; a task that failed or was moderated costs nothing; where a plain
failure says why; an unknown task is an HTTP 200; what a webhook's error is called; without a webhook_secret it is not
signed; where the films of one draft stand; the words of the second form of errors; the seed 42 of who names none. What
is ours of prices and fields is told in bfl_models.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, cast
from uuid import uuid4

from attrs import asdict

from . import bfl_models as films
from .bfl_models import MODELS, VIDEO
from .fields import Problem, given, is_link, problems
from .inputs import from_base64, reach
from .message import Body, Error, Refusal, Request, Response, Sent, json_response, moment
from .model import Given, Made
from .service import Service
from .task import Failure, Order, Stage, Task
from .webhooks import Delivery, Webhook

ACTIVE = 24
"""Tasks at a time."""

FILMS = 5
"""Films at a time."""

PUT_IN = "input_mp"
"""What an answer calls the megapixels that are put in."""

TWO_HOURS = 7200.0
NOT_BELIEVED = "is no file of a draft"

WORDS: Mapping[int, str] = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 422: "validation_error"}
"""What the second form of errors calls some of them."""


class BlackForestLabs(Service):
    """Base https://api.bfl.ai; amounts are credits, which are US cents."""

    name = "bfl"
    origin: ClassVar[str] = "https://api.bfl.ai"
    hue: ClassVar[float] = 0.28
    lifetime: ClassVar[float] = 600
    lifetimes: ClassVar[Mapping[str, float]] = {"video": TWO_HOURS}
    credit: ClassVar[Decimal] = Decimal("0.01")
    id_fields: ClassVar[Sequence[str]] = ("id",)
    state_fields: ClassVar[Sequence[str]] = ("status",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "/v1/(?P<model>{})".format("|".join((*MODELS, VIDEO))), "submit"),
        ("GET", r"/v1/get_result", "poll"),
        ("GET", r"/v1/credits", "funds"),
    )
    files_at: ClassVar[Sequence[str]] = ("submit",)
    upload_life: float = TWO_HOURS
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (403, "", "Not authenticated"),
        "no_credit": (402, "", "Insufficient credits"),
        "throttled": (429, "", "Too many active tasks"),
        "not_found": (200, "Task not found", "Task not found"),
        "moderated": (422, "moderated", "The prompt was refused"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("Error", "It could not be made"),
        "moderated": Failure("Request Moderated", "Safety Filter"),
        "withheld": Failure("Content Moderated", "Safety Filter", means="moderated"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 422, "value_error", "prompt must be a string"),
        Error("rejected", 400, "", "The body cannot be read"),
        Error("unsure", 500, "", "Internal server error"),
        Error("unsure", 503, "", "Service unavailable"),
    )
    secrets: ClassVar[Sequence[str]] = ("webhook_secret",)
    webhook: ClassVar[Webhook] = Webhook(pauses=(1, 5, 30), within=30)
    ours: ClassVar[Sequence[str]] = ("refunds", "refusals.unauthorised", "refusals.moderated", "failures.codes")
    states: ClassVar[Mapping[str, str]] = {
        "Pending": "running",
        "Ready": "succeeded",
        "Error": "failed",
        "Request Moderated": "moderated",
        "Content Moderated": "moderated",
        "Task not found": "not_found",
    }
    tells: ClassVar[Sequence[str]] = ("charge",)
    limits: ClassVar[Mapping[str, int | tuple[int, float]]] = {"active": ACTIVE}
    hosts: ClassVar[Sequence[str]] = (
        "api.eu.bfl.ai",
        "api.us.bfl.ai",
        "api.eu2.bfl.ai",
        "api.us1.bfl.ai",
        "api.bfl.ml",
    )
    forms: ClassVar[Sequence[str]] = ("detail", "error")

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
        body, name = given(request.object or Sent({})), request.path.rpartition("/")[2]
        made, price, put_in = self._film(request, body) if name == VIDEO else self._picture(request, body, name)
        sent = {**{field: value for field, value in body.items() if field not in films.FILES}, PUT_IN: put_in}
        prompt, hook = str(body.get("prompt", "a draft, made better")), str(body.get("webhook_url", ""))
        return Order(name, prompt, price=price, sent=sent, callback=hook, **asdict(made, recurse=False))

    def _picture(self, request: Request, body: Given, name: str) -> tuple[Made, Decimal, int]:
        """What is made, its price, and the megapixels that are put in."""
        model = MODELS[name]
        _none([*problems(body, model.fields), *model.rules(body)] or self.unusable(request, body, model.fields))
        links = [str(body[field]) for field in model.fields if field.startswith("input_image") and field in body]
        there = self.looked_up(request, links)
        put_in = sum(films.megapixels(there[link]) for link in links)
        return model.made(body), model.cents(body, put_in), put_in

    def _film(self, request: Request, body: Given) -> tuple[Made, Decimal, int]:
        _none(films.wrong(body) or self.unusable(request, *films.files(body)))
        made = films.filmed(body, self._drafted(body))
        return made, films.film_cents(body, made), 0

    def _drafted(self, body: Given) -> float | None:
        """How long the draft is that is to be made better: it is known by its link, or by the file itself."""
        cache = body.get("draft_cache")
        if not isinstance(cache, str):
            return None
        kept = self.uploads.at(cache) if is_link(cache) else None
        if is_link(cache) and kept is None and reach(cache) == "public":
            return films.USUAL_FILM  # nobody looked
        content = from_base64(cache) if kept is None else kept.content if self.now < kept.expires else None
        lasts = films.drafted(content or b"")
        if lasts is None:
            _none([Problem("draft_cache", "unreadable", NOT_BELIEVED)])
        return lasts

    def create(self, order: Order, key: str | None) -> Task:
        """429 where too much is being made already."""
        active = [task for task in self.tasks.values() if task.stage(self.now) in ("queued", "running")]
        of_films = [task for task in active if task.order.media == "mp4"]
        if len(active) >= ACTIVE or (order.media == "mp4" and len(of_films) >= FILMS):
            raise self.refusal("throttled")
        return super().create(order, key)

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's id."""
        return str(request.query.get("id"))

    def accepted(self, task: Task, request: Request) -> Response:
        """The id, where to poll, and the cost in cents."""
        width, height = task.order.size
        put_in = cast("int", task.order.sent[PUT_IN])
        pixels = {PUT_IN: float(put_in), "output_mp": round(width * height / 1_000_000, 2)}
        return json_response({
            "id": task.id,
            "polling_url": f"{self.here(request)}/v1/get_result?id={task.id}",
            "cost": float(task.order.price),
            **(pixels if task.order.media != "mp4" else {}),
        })  # fmt: skip

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{id, status, result, progress, details, preview}, and the cost with the end."""
        body: Body = {"id": task.id, "status": "Pending", "result": None}
        body |= {"progress": self.told(task, stage).get("progress"), "details": None, "preview": None}
        if stage == "succeeded":
            result = self._result(task, urls) if urls else None
            body |= {"status": "Ready", "result": result, "cost": float(task.order.price)}
        if task.failure and stage == "failed":
            moderated = task.failure.code != "Error"
            details = {"Moderation Reasons": [task.failure.message]} if moderated else {"Error": task.failure.message}
            body |= {"status": task.failure.code, "details": details, "cost": float(task.order.price - task.refunded)}
        return json_response(body)

    def _result(self, task: Task, urls: Sequence[str]) -> Body:
        """The link, and the seed; of a film its times, and the file of a draft."""
        order, seed = task.order, self.told(task, "succeeded")["seed"]
        if order.media != "mp4":
            return {"sample": urls[0], "seed": seed}
        film: Body = {"sample": urls[0], "duration": order.seconds, "seed": seed}
        film |= {"start_time": task.created + task.queued, "end_time": task.ends}
        if order.count > 1:
            film["samples"] = list(urls)
        if order.sent.get("draft") is True:
            kept = self.keep(films.draft(order.seconds), f"{task.id}.draft", life=TWO_HOURS, upload_id=_hex(task.id))
            film["draft_cache"] = urls[0].partition("/media/")[0] + kept.path
        return film

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """Ready and the result, or Error and why."""
        body: Body = {"id": task.id, "status": "Pending"}
        if task.failure and stage == "failed":
            body |= {"status": "Error", "error": task.failure.code, "message": task.failure.message}
        if stage == "succeeded":
            result = {**self._result(task, urls), "prompt": task.order.prompt}
            body |= {"status": "Ready", "result": result}
        return json_response({**body, "timestamp": moment(self.now)})

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The body, signed with the secret that the submit brought; nothing where it brought none."""
        if not key:
            return {}
        return {"X-BFL-Signature": f"sha256={hmac.digest(key.encode(), body, hashlib.sha256).hex()}"}

    def webhook_key(self, task: Task) -> str:
        """The caller's own, of each submit."""
        return str(task.order.sent.get("webhook_secret", ""))

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """The progress once it has begun, and the seed with the result; of a film how long it is."""
        if stage == "running":
            return {"progress": round((self.now - task.created - task.queued) / task.running, 3)}
        if stage != "succeeded":
            return {}
        lasts = {"seconds": task.order.seconds} if task.order.media == "mp4" else {}
        return {"progress": 1.0, "seed": task.order.sent.get("seed", 42), **lasts}

    def refused(self, refusal: Refusal) -> Response:
        """{detail}: a list of {loc, msg, type} for fields, else a text; or {error, message, details}.

        An unknown task is a state.
        """
        if refusal.code == "Task not found":
            return json_response({"id": None, "status": "Task not found", "result": None})
        detail = [
            {"loc": ["body", field], "msg": text, "type": refusal.code}
            for field, texts in refusal.fields.items()
            for text in texts
        ]
        if self.form == "detail":
            return json_response({"detail": detail or refusal.message}, refusal.status)
        said = "; ".join(f"{field} {text}" for field, texts in refusal.fields.items() for text in texts)
        named = refusal.code or WORDS.get(refusal.status, "error")
        return json_response(
            {"error": named, "message": refusal.message or said, "details": detail or None}, refusal.status
        )

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """{credits}."""
        self.admit(request)
        return json_response({"credits": float(self.balance)})


def _none(wrong: Sequence[Problem]) -> None:
    """Raises a 422 that tells everything that is wrong, if anything is."""
    if wrong:
        raise Refusal(422, "value_error", "", {problem.field: [problem.predicate] for problem in wrong})


def _hex(task_id: str) -> str:
    return task_id.replace("-", "")


SERVICE = BlackForestLabs
