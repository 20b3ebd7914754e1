"""OpenAI's pictures and speech, as its page says: results in the answer, edits by form or as JSON, errors with a code.

Ours, where the page is silent: the codes of errors but for moderation, how an empty account is told, that fields which
a model does not list are refused, and that the mask may have another size than the first image. What is ours of models
is told in openai_models.
"""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast
from uuid import uuid4

from attrs import asdict, evolve

from . import openai_models as models
from .fields import Field, Link, Objects, Problem, given, inputs, problems
from .message import Error, Refusal, Request, Response, Sent, json_response
from .model import Made
from .multipart import Part
from .service import Service
from .sound import Sound
from .sound_formats import TYPES, Spoken
from .task import Failure, Order, Stage, Task
from .work import Work

SPEECH_AT = "/v1/audio/speech"
NUMBERS = ("n", "output_compression", "partial_images")
FLAGS = {"true": True, "false": False}
"""Fields that are numbers, and words that are flags, also where a form has them as text."""

PICTURE = Link(required=True, takes=models.IMAGES, inline=("data",))
LINKED: dict[str, Field] = {
    "images": Objects({"image_url": PICTURE}, 1, models.MOST_IMAGES, required=True),
    "mask": Link(takes=models.MASK, inline=("data",)),
}
"""The pictures of an edit in JSON."""

BLOCKED = "moderation_blocked"
UNKNOWN = "model_not_found"


class OpenAI(Service):
    """Base https://api.openai.com; amounts are US cents."""

    name = "openai"
    origin: ClassVar[str] = "https://api.openai.com"
    hue: ClassVar[float] = 0.45
    lifetime: ClassVar[float] = 0  # no file has a link
    queued: ClassVar[float] = 0
    running: ClassVar[float] = 0
    moderates: ClassVar[str] = "submit"
    files_at: ClassVar[Sequence[str]] = ("submit",)
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", r"/v1/images/(?P<what>generations|edits)", "submit"),
        ("POST", SPEECH_AT, "submit"),
        ("GET", r"/v1/models", "listed"),
        ("GET", r"/v1/models/(?P<model>[^/]+)", "listed"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, "invalid_api_key", "Incorrect API key provided"),
        "no_credit": (402, "insufficient_quota", "You exceeded your current quota"),
        "throttled": (429, "rate_limit_exceeded", "Rate limit reached"),
        "not_found": (404, "not_found", "Not found"),
        "moderated": (400, BLOCKED, "Your request was rejected by the safety system"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("server_error", "The server had an error while processing your request"),
        "moderated": Failure(BLOCKED, "Your request was rejected by the safety system"),
    }
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 400, "invalid_value", "size must be one of auto"),
        Error("not_found", 404, UNKNOWN, "The model does not exist"),
    )
    tells: ClassVar[Sequence[str]] = ("created", "charge")
    says: ClassVar[Mapping[str, str]] = {"organization": "org-simulated", "project": "proj_simulated"}
    request_id_header: ClassVar[str] = "x-request-id"
    ours: ClassVar[Sequence[str]] = ("refusals.not_found", "refusals.no_credit", "lifetime", "refunds")

    def new_key(self) -> str:
        """sk-…."""
        return f"sk-{secrets.token_hex(24)}"

    def new_id(self, order: Order) -> str:
        """Of the bills alone: no answer tells it."""
        return str(uuid4())

    def admit(self, request: Request) -> None:
        """401 without the API key, or for another organization or project than its own."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")
        for name, own in self.settings.items():
            if request.headers.get(f"openai-{name}", own) != own:
                raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        if request.path == SPEECH_AT:
            return self._speech(request)
        edits = request.path.endswith("edits")
        body = given(request.object or Sent({})) if request.form is None else _form(request.form)
        model = self._known(body, models.PICTURES)
        fields = dict(models.fields(model, edits=edits))
        if edits and request.form is None:  # the pictures are links
            fields = {name: rule for name, rule in fields.items() if name not in ("image", "markup")} | LINKED
            body = _unwrapped(body)
        wrong = problems(body, fields, closed=True)
        if edits and "image" in fields and body.get("image") is None:
            wrong.append(Problem("image", "missing", "is required"))
        _none(wrong or [*models.rules(body)] or self.unusable(request, body, fields))
        put_in = sum(name != "mask" for name, _, _ in inputs(body, fields)) + len(
            cast("list[Part]", body.get("image", []))
        )
        used = models.usage(body, put_in)
        sent = {**_texts(body), "usage": used}
        return _order(model, str(body["prompt"]), models.made(body), models.cents(used), sent)

    def _speech(self, request: Request) -> Order:
        body = given(request.object or Sent({}))
        model = self._known(body, tuple(models.SPOKEN_CENTS))
        _none(problems(body, models.speech_fields(model), closed=True))
        return _order(model, str(body["input"]), models.spoken(body), models.spoken_cents(body), _texts(body))

    def _known(self, body: Mapping[str, object], there: Sequence[str]) -> str:
        """The model. Raises a 404 for one that there is not, or no longer."""
        model = body.get("model")
        if model is None:
            raise _invalid("you must provide a model parameter")
        if not isinstance(model, str):
            raise _invalid("model must be a string")
        if model not in there:
            raise Refusal(404, UNKNOWN, f"The model `{model}` does not exist or you do not have access to it.")
        return model

    def accepted(self, task: Task, request: Request) -> Response:
        """What was made, once it is: a slow one is waited for."""
        if task.stuck or self.now >= task.ends:
            return self.shown(task, task.stage(self.now), [])
        return evolve(self.shown(task, task.stage(task.ends), []), delivery="late", seconds=task.ends - self.now)

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """{created, data: [{b64_json}], usage}, or the sound itself; both are made when they are read.

        A task that never ends is given up by a gateway.
        """
        if stage == "failed" and task.failure is not None:
            raise Refusal(400 if task.failure.code == BLOCKED else 500, task.failure.code, task.failure.message)
        if stage != "succeeded":
            raise Refusal(504, "timeout", "The request timed out")
        work = self.work(task, 0)
        if isinstance(work, Spoken):
            return Response(200, {"Content-Type": TYPES[work.form]}, work)

        def body() -> bytes:
            pictures = [self.work(task, index).draw() for index in range(task.order.count)]
            data = [{"b64_json": b64encode(picture).decode()} for picture in pictures]
            told = {"created": int(task.created), "data": data, "usage": task.order.sent["usage"]}
            return json.dumps(told).encode()

        return Response(200, {"Content-Type": "application/json"}, body)

    def work(self, task: Task, index: int) -> Work:
        """A picture; or a sound in the format that was asked for."""
        work = super().work(task, index)
        return Spoken(work, str(task.order.sent.get("response_format", "mp3"))) if isinstance(work, Sound) else work

    def tells_of(self, task: Task) -> Sequence[str]:
        """Nothing of a sound, which is the answer itself."""
        return self.tells if "usage" in task.order.sent else ()

    def listed(self, request: Request, match: re.Match[str]) -> Response:
        """Every model, or one."""
        self.admit(request)
        every = [
            {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai"}
            for name in (*models.PICTURES, *models.SPOKEN_CENTS)
        ]
        wanted = match.groupdict().get("model")
        if wanted is None:
            return json_response({"object": "list", "data": every})
        return json_response(next(each for each in every if each["id"] == self._known({"model": wanted}, _ids(every))))

    def refused(self, refusal: Refusal) -> Response:
        """{error: {message, type, param, code}}; after what may have been charged a client is told not to try again."""
        kind = "image_generation_user_error" if refusal.code == BLOCKED else "invalid_request_error"
        if refusal.status >= 500:
            kind = "server_error"
        error = {"message": refusal.message, "type": kind, "param": None, "code": refusal.code}
        headers = {"x-should-retry": "false"} if refusal.status >= 500 else {}
        return json_response({"error": error}, refusal.status, headers)


def _order(model: str, prompt: str, made: Made, price: Any, sent: dict[str, object]) -> Order:
    return Order(model, prompt, price=price, sent=sent, **asdict(made, recurse=False))


def _texts(body: Mapping[str, object]) -> dict[str, object]:
    """What is kept of a body: no file."""
    return {name: value for name, value in body.items() if isinstance(value, str | int | float)}


def _ids(every: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    return tuple(str(each["id"]) for each in every)


def _form(form: Sent) -> Sent:
    """The fields of a form as JSON has them; image may be one file, or image[] more than once."""
    fields: dict[str, object] = {}
    files: dict[str, list[object]] = {}
    for name in form:
        each = form[name]
        if isinstance(each, str):
            whole = name in NUMBERS and re.fullmatch(r"[0-9]{1,9}", each)
            fields[name] = int(each) if whole else FLAGS.get(each, each) if name == "stream" else each
        else:
            files.setdefault(name.removesuffix("[]"), []).extend(each if isinstance(each, list) else [each])
    return Sent({**files, **fields})


def _unwrapped(body: dict[str, object]) -> dict[str, object]:
    """An edit in JSON, with the link of its mask in place of the object that holds it."""
    mask = body.get("mask")
    if isinstance(mask, dict):
        body["mask"] = mask.get("image_url")
    return body


def _invalid(text: str) -> Refusal:
    return Refusal(400, "invalid_value", text)


def _none(wrong: Sequence[Problem]) -> None:
    """Raises a 400 that tells everything that is wrong, if anything is."""
    if wrong:
        raise _invalid("; ".join(f"{each.field} {each.predicate}" for each in wrong))


SERVICE = OpenAI
