"""RunAPI's public prices: the list, and a quote for one request.

Ours: `billing_unit`, `billing_config` and `estimate_basis`, whose values nobody has written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from .message import Request, Response, json_response
from .runapi_models import Model

AS_OF = "2026-07-23T00:00:00Z"


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


def quoted(model: Model, name: object, resolution: object, as_of: str) -> Response:
    """{price_quote}; the amount is null while the price is pending."""
    quote = {
        "service": model.service,
        "action": model.action,
        "model": name,
        "pricing_status": "pending" if model.unpriced else "available",
        "currency": "USD",
        "reservation_amount_cents": None if model.unpriced else model.price(resolution),
        "estimate_basis": "request",
        "as_of": as_of,
    }
    return json_response({"price_quote": quote})


def _row(model: Model, name: str) -> Mapping[str, object]:
    return {
        "service": model.service,
        "action": model.action,
        "model": name,
        "pricing_status": "pending" if model.unpriced else "available",
        "catalog_status": "active",
        "currency": "USD",
        "billing_unit": "image",
        "unit_price_cents": None if model.unpriced else model.price(None),
        "billing_config": {} if model.unpriced else {"output_resolution": dict(model.cents)},
    }
