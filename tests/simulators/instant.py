"""A provider that answers a submit with the pictures themselves, as OpenAI's images do: nothing is left to poll.

It runs as any other once it is plugged in: `monkeypatch.setattr("anymedia.simulators._plugins", plugins)`, then
`running("instant")`.
"""

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar

from anymedia.simulators import Service
from anymedia.simulators.fields import PIXELS, Choice, Parts, Text, Whole, given, problems
from anymedia.simulators.inputs import Takes
from anymedia.simulators.message import Refusal, Response, json_response
from anymedia.simulators.picture import snapped
from anymedia.simulators.task import Failure, Order

FIELDS = {
    "model": Choice(("gpt-image-2",), required=True),
    "prompt": Text(1, 32_000, required=True),
    "n": Whole(1, 10),
    "size": Choice(("auto",), pixels=True),
    "quality": Choice(("auto", "low", "medium", "high")),
}
CENTS, TOKENS = 4, 1000
"""Of one picture."""

BLOCKED = "moderation_blocked"


class Instant(Service):
    """Base https://api.instant.example, paths below /v1/images; amounts are US cents."""

    name = "instant"
    origin = "https://api.instant.example"
    tells = ("created",)
    hue = 0.45
    lifetime = 0.0  # no file has a link
    queued = running = 0.0
    moderates = "submit"
    fields: ClassVar = FIELDS
    routes = (("POST", r"/v1/images/generations", "submit"),)
    refusals: ClassVar[Mapping[str, tuple[int, str, str]]] = {
        "unauthorised": (401, "invalid_api_key", "Incorrect API key provided"),
        "no_credit": (429, "insufficient_quota", "You exceeded your current quota"),
        "throttled": (429, "rate_limit_exceeded", "Rate limit reached"),
        "not_found": (404, "not_found", "Not found"),
        "moderated": (400, BLOCKED, "Your request was rejected by the safety system"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("server_error", "The server had an error while processing your request"),
        "moderated": Failure(BLOCKED, "The picture was rejected by the safety system"),
    }

    def new_key(self):
        return f"sk-{secrets.token_hex(24)}"

    def new_id(self, order):
        return secrets.token_hex(16)  # of the bills alone: no answer tells it

    def admit(self, request):
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise self.refusal("unauthorised")

    def sent(self, request):
        """What a submit sends, field by field."""
        return request.object

    def order(self, request):
        body = given(self.sent(request) or {})
        if wrong := problems(body, self.fields, closed=True) or self.unusable(request, body, self.fields):
            raise Refusal(400, "invalid_value", "; ".join(f"{each.field} {each.predicate}" for each in wrong))
        exact, count = PIXELS.fullmatch(body.get("size", "auto")), body.get("n", 1)
        size = snapped(int(exact[1]), int(exact[2])) if exact else (1024, 1024)
        return Order(body["model"], body["prompt"], size, "png", CENTS * count, count, sent=body)

    def accepted(self, task, request):
        return self.shown(task, task.stage(self.now), ())

    def shown(self, task, stage, urls):
        if stage == "failed":
            raise Refusal(400 if task.failure.code == BLOCKED else 500, task.failure.code, task.failure.message)
        if stage != "succeeded":  # stuck or late: a gateway gives up before the task does
            raise Refusal(504, "timeout", "The request timed out")

        def body():
            pictures = [self.work(task, index).draw() for index in range(task.order.count)]
            data = [{"b64_json": b64encode(picture).decode()} for picture in pictures]
            usage = {"input_tokens": 0, "output_tokens": TOKENS * len(data), "total_tokens": TOKENS * len(data)}
            return json.dumps({"created": int(task.created), "data": data, "usage": usage}).encode()

        return Response(200, {"Content-Type": "application/json"}, body)

    def refused(self, refusal):
        error = {"message": refusal.message, "type": "error", "param": None, "code": refusal.code}
        return json_response({"error": error}, refusal.status)


class Painter(Instant):
    """Its answer is the picture itself; headers tell its name, and what was charged, in cents."""

    id_fields = ("X-Job",)
    tells = ("charge",)
    routes = (("POST", r"/v1/paint", "submit"),)
    fields: ClassVar = {name: FIELDS[name] for name in ("model", "prompt", "size")}

    def shown(self, task, stage, urls):
        if stage != "succeeded":
            return super().shown(task, stage, urls)
        headers = {"Content-Type": "image/png", "X-Job": task.id, "X-Cost-Cents": str(task.order.price)}
        return Response(200, headers, self.work(task, 0))


class Retoucher(Instant):
    """It is asked by a form whose parts are the files."""

    routes = (("POST", r"/v1/images/edits", "submit"),)
    files_at = ("submit",)
    pictures = Takes(("image/png", "image/webp"), megabytes=4, sides=(32, 2048), megapixels=2)
    fields: ClassVar = {name: rule for name, rule in FIELDS.items() if name != "n"} | {
        "image[]": Parts(pictures, 1, 16, required=True)
    }

    def sent(self, request):
        return request.form


def plugins():
    return (("tests", Instant),)
