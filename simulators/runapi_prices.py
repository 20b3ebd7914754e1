"""RunAPI's models and what they cost: the list, a quote for one request, and what an account still has.

Ours: `billing_unit`, `billing_config` and `estimate_basis`, whose values nobody has written down.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from .fields import given, problems
from .message import Clock, Request, Response, json_response
from .runapi_files import by_field, invalid
from .runapi_model import Given, Model
from .runapi_models import MODELS, model_of
from .service import DAY, Service

AS_OF = "2026-07-23T00:00:00Z"


class Prices(Service):
    """The calls about prices, without a key, and about the balance.

    `models` are what is sold, at prices of `as_of`: set both, and prices have changed.
    """

    price_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("GET", r"/api/v1/price_schedules", "prices"),
        ("POST", r"/api/v1/price_quotes", "quote"),
        ("GET", r"/api/v1/me/balance", "funds"),
    )

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self.models: Sequence[Model] = MODELS
        self.as_of: str = AS_OF

    def model(self, scope: str, body: Mapping[str, object]) -> Model:
        """The model of an action; a model of another action is refused too, whatever the product page's example."""
        if model := model_of(self.models, scope, body.get("model")):
            return model
        raise invalid({"model": ["is not a model of this action" if "model" in body else "is required"]})

    def funds(self, request: Request, _: re.Match[str]) -> Response:
        """The balance in cents; the day is UTC's."""
        self.admit(request)
        costs = [(task.created, task.order.price - task.refunded) for task in self.tasks.values()]
        return json_response({
            "balance_cents": plain(self.balance),
            "paid_balance_cents": plain(self.balance),
            "bonus_balance_cents": 0,
            "spent_cents_today": plain(sum(cost for created, cost in costs if created >= self.now - self.now % DAY)),
            "spent_cents_total": plain(sum(cost for _, cost in costs)),
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
        model = self.model(f"/api/v1/{wanted.get('service')}/{wanted.get('action')}", wanted)
        taken = given({field: params.get(field) for field in model.fields})
        # Only what a price goes by has to fit; the other fields of the request are taken.
        wrong = [each for each in problems(taken, model.fields) if each.cause != "missing"]
        if wrong := [each for each in wrong if each.field in model.priced]:
            raise invalid(by_field(wrong))
        return quoted(model, wanted.get("model", model.names[0]), taken, self.as_of)


def schedules(request: Request, models: Sequence[Model], as_of: str) -> Response:
    """The rows that fit the query's service, action and model; 304 when the caller has them."""
    rows = [_row(model, name) for model in models for name in model.names[:1]]
    wanted = {key: request.query[key] for key in ("service", "action", "model") if key in request.query}
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    response = json_response({"as_of": as_of, "price_schedules": found})
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:16]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(304, {"ETag": tag})
    return Response(200, {**response.headers, "ETag": tag}, response.body)


def quoted(model: Model, name: object, params: Given, as_of: str) -> Response:
    """{price_quote}; the amount is null while the price is pending."""
    cents = None if model.unpriced else model.price(params)
    quote = {
        "service": model.service,
        "action": model.action,
        "model": name,
        "pricing_status": "pending" if cents is None else "available",
        "currency": "USD",
        "reservation_amount_cents": plain(cents),
        "estimate_basis": "request",
        "as_of": as_of,
    }
    return json_response({"price_quote": quote})


def _row(model: Model, name: str) -> Mapping[str, object]:
    cents = model.cents.items()
    return {
        "service": model.service,
        "action": model.action,
        "model": name,
        "pricing_status": "pending" if model.unpriced else "available",
        "catalog_status": "active",
        "currency": "USD",
        "billing_unit": model.unit,
        "unit_price_cents": None if model.unpriced else plain(model.unit_price({})),
        "billing_config": {} if model.unpriced else {" ".join(model.by): {name: plain(each) for name, each in cents}},
    }


def plain(cents: int | Decimal | None) -> float | None:
    """An amount as a number of JSON, whole where it can be."""
    if cents is None or isinstance(cents, int):
        return cents
    return float(cents) if cents % 1 else int(cents)
