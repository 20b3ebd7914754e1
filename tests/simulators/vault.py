"""A provider of nobody's that wants to know who asks: a token for the API key, a secret in the query, an organization.

Pictures and sketches go by calls of their own, and a sketch is told in words of its own.
"""

import secrets
from collections.abc import Mapping
from typing import ClassVar

from anymedia.simulators import Service
from anymedia.simulators.fields import Choice, Text, given, problems
from anymedia.simulators.message import Refusal, json_response
from anymedia.simulators.task import Failure, Order

LIFE = 300.0
FIELDS = {"model": Choice(("oil", "ink"), required=True), "prompt": Text(1, 500, required=True)}
OIL = {"queued": "waiting", "running": "waiting", "succeeded": "dry", "failed": "spoilt"}
INK = {"queued": "w", "running": "w", "succeeded": "d", "failed": "s"}


class Vault(Service):
    """Base https://api.vault.example; amounts are US cents."""

    name = "vault"
    origin = "https://api.vault.example"
    hue = 0.1
    lifetime = 3600.0
    state_fields = ("state", "s")
    routes = (
        ("POST", r"/login", "login"),
        ("POST", r"/v1/(?P<what>pictures|sketches)", "submit"),
        ("GET", r"/v1/(?P<what>pictures|sketches)/(?P<id>[^/]+)", "poll"),
        ("GET", r"/v1/(?P<what>pictures|sketches)/(?P<id>[^/]+)/why", "why"),
        ("GET", r"/v1/funds", "funds"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, str, str]]] = {
        "unauthorised": (401, "who", "We do not know you"),
        "no_credit": (402, "empty", "Nothing is left"),
        "throttled": (429, "slow", "Too many calls"),
        "not_found": (404, "gone", "There is none"),
        "moderated": (422, "banned", "We do not draw this"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("spilt", "The paint was spilt"),
        "moderated": Failure("banned", "We do not show this"),
    }
    states: ClassVar[Mapping[str, str]] = {
        "waiting": "queued",
        "dry": "succeeded",
        "spoilt": "failed",
        "w": "queued",
        "d": "succeeded",
        "s": "failed",
    }
    says: ClassVar[Mapping[str, str]] = {"organization": "org-1"}
    secrets = ("client",)
    ours = ("settings.team",)

    def new_key(self):
        return secrets.token_hex(16)

    def new_id(self, order):
        return f"{order.wire_id}-{secrets.token_hex(8)}"

    def login(self, request, _):
        body = request.object or {}
        if request.headers.get("x-login") != self.api_key or body.get("client") != self.settings["client"]:
            raise self.refusal("unauthorised")
        return json_response({"token": self.new_token(LIFE), "seconds": LIFE})

    def admit(self, request):
        token = request.headers.get("authorization", "").removeprefix("Pass ")
        organization, client = request.headers.get("x-org"), request.query.get("client")
        if not self.is_good(token) or (organization, client) != (
            self.settings["organization"],
            self.settings["client"],
        ):
            raise self.refusal("unauthorised")

    def order(self, request):
        body = given(request.object or {})
        if wrong := problems(body, FIELDS, closed=True):
            raise Refusal(422, "wrong", "; ".join(f"{each.field} {each.predicate}" for each in wrong))
        return Order(body["model"], body["prompt"], (1024, 1024), "png", 4)

    def accepted(self, task, request):
        return json_response({"id": task.id})

    def shown(self, task, stage, urls):
        words = INK if task.order.wire_id == "ink" else OIL
        return json_response({"id": task.id, "s" if words is INK else "state": words[stage], "urls": list(urls)})

    def why(self, request, match):
        self.admit(request)
        failure = self.tasks[match["id"]].failure
        raise Refusal(422, failure.code, failure.message)

    def refused(self, refusal):
        return json_response({"error": {"code": refusal.code, "text": refusal.message}}, refusal.status)

    def funds(self, request, _):
        self.admit(request)
        return json_response({"cents": str(self.balance)})
