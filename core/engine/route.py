"""The way that a request would go, before anything is sent: the offers in their order, and the worst case."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from anymedia.model.money import EXACT
from anymedia.model.options import Options
from anymedia.model.quote import Quote
from anymedia.model.vocabulary import Refund
from anymedia.registry import adapter

from .rules import in_order


@attrs.frozen(kw_only=True)
class Route:
    """The offers in the order in which they would be tried, and those that would not be, with their reasons.

    `policy` made the order (`spread` goes by the moment). `worst` is the most USD that the request can be billed in
    all, on the terms it was asked for; None: nobody knows. `max_price` is the ceiling, if there is one.
    """

    policy: str
    steps: tuple[Quote, ...]
    refused: tuple[Quote, ...]
    max_price: Decimal | None
    worst: Decimal | None


def route_of(fitting: Sequence[Quote], refused: Iterable[Quote], terms: Options) -> Route:
    """Return the route of the quotes that take a request."""
    ordered = in_order(terms.policy, fitting)
    tried = [quote for quote in ordered if _within(quote, terms)]
    steps = tried if terms.fallback else tried[:1]
    asked, within = {id(quote) for quote in ordered}, {id(quote) for quote in tried}
    refused = [
        *refused,
        *(_refused(quote, "the policy leaves it out") for quote in fitting if id(quote) not in asked),
        *(_refused(quote, _over(quote, terms)) for quote in ordered if id(quote) not in within),
        *(_refused(quote, "without fallback the first offer is the only one") for quote in tried[len(steps) :]),
    ]
    return Route(
        policy=terms.policy if isinstance(terms.policy, str) else "a function",
        steps=tuple(steps),
        refused=tuple(refused),
        max_price=terms.max_price,
        worst=worst(steps, terms),
    )


def worst(steps: Iterable[Quote], terms: Options) -> Decimal | None:
    """Return the most that a request can be billed: at each offer in turn, where it goes on after it was billed."""
    steps = list(steps)
    # Of several tasks some may be billed and others made elsewhere: any amount up to the ceiling.
    in_parts = any(quote.tasks > 1 for quote in steps)
    most = terms.max_price
    spent = {Decimal(0)}
    goes_on: set[Decimal] = set(spent)
    for quote in steps:
        if quote.money.usd is None:
            return None
        sums = {EXACT.add(each, quote.money.usd) for each in goes_on}
        here = {each if most is None or each <= most else most for each in sums if in_parts or _fits(each, most)}
        spent |= here
        if _goes_on(quote, terms):
            goes_on |= here
    return max(spent)


def _fits(usd: Decimal, most: Decimal | None) -> bool:
    return most is None or usd <= most


def _goes_on(quote: Quote, terms: Options) -> bool:
    """Return whether a request can go on to another offer after it may have been billed at this one."""
    if terms.max_price is None:
        return False
    moves = terms.on_uncertain == "continue" or terms.on_blocked == "continue"
    return moves or adapter(quote.provider).refunds is not Refund.YES


def _within(quote: Quote, terms: Options) -> bool:
    if terms.max_price is None:
        return True
    return terms.allow_unknown_price if quote.money.usd is None else quote.money.usd <= terms.max_price


def _over(quote: Quote, terms: Options) -> str:
    price = "its price is unknown" if quote.money.usd is None else f"{quote.money} is more"
    return f"max_price: {terms.max_price} USD are allowed, and {price}"


def _refused(quote: Quote, reason: str) -> Quote:
    return attrs.evolve(quote, reasons=(*quote.reasons, reason))
