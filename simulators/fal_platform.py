"""fal's platform, api.fal.ai: what endpoints there are, what they cost, and what so many calls would cost.

Ours, where the page is silent: names of units beside those that it lists; what a call has cost so far, which is the
price of one unit; what an endpoint that does not exist is answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from .fal_files import FalFiles
from .fal_model import check, invalid
from .fields import Choice, Number, given, problems
from .message import Refusal, Request, Response, json_response

AT = "/v1/models"
MOST_IDS = 50
QUANTITIES = {"historical_api_price": "call_quantity", "unit_price": "unit_quantity"}


class Priced(Protocol):
    """What has a price."""

    @property
    def unit(self) -> str:
        """What is counted."""

    @property
    def unit_usd(self) -> Decimal:
        """The USD of one."""


class FalPlatform(FalFiles):
    """The price list; the API key is needed."""

    platform_routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("GET", f"{AT}/pricing", "pricing"),
        ("POST", f"{AT}/pricing/estimate", "estimate"),
        ("GET", AT, "listed"),
    )
    sold: ClassVar[Mapping[str, Priced]] = {}
    """What is sold, by endpoint."""

    def listed(self, request: Request, _: re.Match[str]) -> Response:
        """{models, next_cursor, has_more}: `limit` endpoints of all, from `cursor` on."""
        self.admit(request)
        limit, begin = (_count(request, name, usual) for name, usual in (("limit", 50), ("cursor", 0)))
        names = sorted(self.sold)
        more = begin + limit < len(names)
        return json_response({
            "models": [{"endpoint_id": name} for name in names[begin : begin + limit]],
            "next_cursor": str(begin + limit) if more else None,
            "has_more": more,
        })  # fmt: skip

    def pricing(self, request: Request, _: re.Match[str]) -> Response:
        """{prices}: unit_price, unit and currency of each endpoint_id, of which several have commas between."""
        self.admit(request)
        names = [name for name in str(request.query.get("endpoint_id", "")).split(",") if name]
        if not 1 <= len(names) <= MOST_IDS:
            raise invalid("endpoint_id", f"takes 1 to {MOST_IDS} ids")
        prices = [
            {
                "endpoint_id": name,
                "unit_price": float(sold.unit_usd),
                "unit": sold.unit,
                "currency": "USD",
            }
            for name in names
            for sold in [self._priced(name)]
        ]
        return json_response({"prices": prices, "next_cursor": None, "has_more": False})

    def estimate(self, request: Request, _: re.Match[str]) -> Response:
        """{estimate_type, total_cost, currency} of so many calls, or units, of each endpoint."""
        self.admit(request)
        body = given(request.object or {})
        check(body, {"estimate_type": Choice(tuple(QUANTITIES), required=True)})
        quantity, asked = QUANTITIES[str(body["estimate_type"])], body.get("endpoints")
        if not isinstance(asked, dict) or not asked:
            raise invalid("endpoints", "must be an object that names an endpoint")
        total = sum((self._cost(name, asked[name], quantity) for name in asked), Decimal(0))
        return json_response({"estimate_type": body["estimate_type"], "total_cost": float(total), "currency": "USD"})

    def _cost(self, name: str, of: Any, quantity: str) -> Decimal:
        wanted = {quantity: Number(0, 1e12, required=True)}
        if not isinstance(of, dict) or problems(of, wanted):
            raise invalid(f"endpoints.{name}", f"needs {quantity}")
        return self._priced(name).unit_usd * Decimal(repr(of[quantity]))

    def _priced(self, name: str) -> Priced:
        if name not in self.sold:
            raise Refusal(404, "", f"Endpoint not found: {name}")
        return self.sold[name]


def _count(request: Request, name: str, usual: int) -> int:
    told = str(request.query.get(name, usual))
    if not re.fullmatch(r"[0-9]{1,9}", told):
        raise invalid(name, "must be a whole number of nine digits at most")
    return int(told)
