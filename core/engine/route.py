"""The route of a request, before anything is sent: the offers in their order, and what it can cost at most."""

from collections.abc import Sequence
from decimal import Decimal

import attrs

from anymedia.account import Account
from anymedia.limits.ceiling import Ceiling, unbound
from anymedia.model.money import EXACT, dollars
from anymedia.model.options import Options
from anymedia.model.quote import Quote
from anymedia.model.vocabulary import Refund

from .plan import Option, Plan


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


def route_of(plan: Plan, terms: Options) -> Route:
    """Return the route that a plan is, before anything is sent."""
    ceiling = Ceiling(terms.max_price, allow_unknown=terms.allow_unknown_price)
    tried = [option for option in plan.options if ceiling.fits(option.money)]
    over = [option for option in plan.options if not ceiling.fits(option.money)]
    steps = tried if terms.fallback else tried[:1]
    refused = [
        *(option.quote for option in plan.refused),
        *(_passed(option, "the policy leaves it out") for option in plan.left_out),
        *(_passed(option, _over(option, terms)) for option in over),
        *(_passed(option, "without fallback the first offer is the only one") for option in tried[len(steps) :]),
    ]
    return Route(
        policy=plan.policy if isinstance(plan.policy, str) else "a function",
        steps=tuple(option.quote for option in steps),
        refused=tuple(refused),
        max_price=terms.max_price,
        worst=worst(steps, terms),
    )


def worst(steps: Sequence[Option], terms: Options) -> Decimal | None:
    """Return the most that a request can be billed: at each offer in turn, where it goes on after it was billed."""
    # Of several tasks some may be billed and others made elsewhere: any amount up to the ceiling.
    in_parts = any(option.tasks > 1 for option in steps)
    most = terms.max_price
    spent = {Decimal(0)}
    goes_on: set[Decimal] = set(spent)
    for option in steps:
        if option.money.bound is None:
            return None
        sums = {EXACT.add(each, option.money.bound) for each in goes_on}
        here = {each if most is None or each <= most else most for each in sums if in_parts or _fits(each, most)}
        spent |= here
        if _goes_on(option.account, terms):
            goes_on |= here
    return max(spent)


def _fits(usd: Decimal, most: Decimal | None) -> bool:
    return most is None or usd <= most


def _goes_on(account: Account, terms: Options) -> bool:
    """Return whether a request can go on to another offer after it may have been billed at this account."""
    if terms.max_price is None:
        return False
    moves = terms.on_uncertain == "continue" or terms.on_blocked == "continue"
    return moves or account.adapter.refunds is not Refund.YES


def _over(option: Option, terms: Options) -> str:
    if option.money.bound is None and not terms.allow_unknown_price:
        return f"max_price: {unbound('its price', option.money, terms.max_price)}"
    return f"max_price: it costs {option.money}, more than the {dollars(terms.max_price)} allowed"


def _passed(option: Option, reason: str) -> Quote:
    """Return the quote of an option that is not asked, with the reason before whatever else is said of its price."""
    return attrs.evolve(option.quote, reasons=(reason, *option.quote.reasons))
