"""The route of a request from offer to offer, for people and for programs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from anymedia import Account, Config, Money, PriceStatus, Quote, Route, Secret
from anymedia.journal.ledger import day_told
from anymedia.model.options import GenerateOptions

from .journal import with_journal
from .prices import pool
from .quotes import quote_json, reasons_of, tasks_of
from .request import Asked
from .text import dollars, offer_at, plain, say

if TYPE_CHECKING:
    from .screen import Cell

COLUMNS = ("", "offer", "billed", "tasks", "why it stands here")


def route_of(asked: Asked, terms: GenerateOptions, config: Config) -> Route:
    """Return the route of a request over the accounts that have an API key; over all of them where none has one."""
    from anymedia import SyncClient

    accounts = pool(asked.accounts, config, every=False)
    if all(account.api_key is None for account in accounts):
        say("no API key is set; this is the route if every account had one")
        accounts = [attrs.evolve(account, api_key=Secret("its own"), settings=_whole(account)) for account in accounts]
    options: GenerateOptions = {"offer": asked.offer, "on_unsupported": asked.on_unsupported, **terms}
    with SyncClient(attrs.evolve(config, accounts={account.name: account for account in accounts})) as client:
        return client.route(asked.request, *asked.accounts, **options)


def _whole(account: Account) -> "dict[str, str | Secret]":
    """Return the settings of an account, with something for each that it needs."""
    needed = [name for name in account.lacks if name in account.adapter.settings]
    return {**account.settings, **{name: Secret("its own") for name in needed}}


def used_up(config: Config, now: datetime) -> dict[str, str]:
    """Return what accounts with a daily limit may spend and have spent, in words, where nothing is left of it."""
    limits = {name: account.daily_limit for name, account in config.accounts.items() if account.daily_limit is not None}
    if not limits or config.journal is None:
        return {}
    spent = with_journal(config, lambda ledger: ledger.spent_today(now))
    return {
        name: day_told(name, limit, today)
        for name, limit in limits.items()
        if (today := spent.get(name, Decimal(0))) >= limit
    }


def route_json(route: Route, limited: Mapping[str, str]) -> dict[str, Any]:
    """Return a route as JSON: its steps and refusals are quotes, each step with why it stands there."""
    return {
        "policy": route.policy,
        "steps": [{**quote_json(quote), "why": why} for quote, why in _steps(route, limited)],
        "refused": [quote_json(quote) for quote in route.refused],
        "max_price": plain(route.max_price),
        "worst": plain(route.worst),
        "notes": list(_sentences(route)),
    }


def show_route(route: Route, limited: Mapping[str, str]) -> None:
    """Print a route: what is asked in which order, what is not and why, and what it comes to at worst."""
    from .screen import Screen, pairs

    screen = Screen()
    rows: list[list[Cell]] = [
        [f"{number}", _name(quote), str(quote.money), tasks_of(quote), why]
        for number, (quote, why) in enumerate(_steps(route, limited), 1)
    ]
    if rows:
        screen.table(COLUMNS, rows, whole=("offer", "billed"))
    if route.refused:
        screen.headline("not asked", "red")
        screen.block(pairs((_name(quote), "\n".join(reasons_of(quote))) for quote in route.refused), "")
    for sentence in _sentences(route):
        screen.print(sentence)


def _name(quote: Quote) -> str:
    return offer_at(quote.offer, quote.account, quote.provider)


def _not_bound(quote: Quote) -> str:
    return "is unknown" if quote.money.usd is None else "is an estimate that may be too low"


def _steps(route: Route, limited: Mapping[str, str]) -> Iterator[tuple[Quote, str]]:
    """Yield each step with why it stands where it does; `limited` says of accounts that nothing more is sent today."""
    seen: set[str] = set()
    for quote in route.steps:
        place = "first" if not seen else "next"
        if route.policy == "cheapest":
            cheapest = f"the {place} cheapest".replace("first ", "")
            why = cheapest if quote.money.bound is not None else f"its price {_not_bound(quote)}"
        elif quote.account in seen:
            why = f"the next cheapest of {quote.account}"
        else:
            why = f"{place} in order" + (", until another has more room" if route.policy == "spread" else "")
        seen.add(quote.account)
        yield quote, f"{why}, but passed over: {limited[quote.account]}" if quote.account in limited else why


def _sentences(route: Route) -> Iterator[str]:
    """Yield what a route comes to: the ceiling, and the worst case."""
    if not route.steps:
        is_dear = any(reason.startswith("max_price: ") for quote in route.refused for reason in quote.reasons[:1])
        why = (
            "every offer that takes this request costs more than is allowed"
            if is_dear
            else "no offer takes this request"
        )
        yield f"{why}: nothing would be sent"
        return
    if route.max_price is not None:
        yield f"ceiling: {dollars(route.max_price)} over every attempt and part"
    further = len(route.steps) > 1
    if route.worst is None:
        unknown = next(quote for quote in route.steps if quote.money.bound is None)
        yield f"nobody knows the worst case: the price of {_name(unknown)} {_not_bound(unknown)}"
        if route.max_price is None and further:
            yield "without --max-price a second offer is asked only if the first was certainly not billed"
        return
    exact = all(quote.money.status is PriceStatus.EXACT for quote in route.steps)
    most = Money(usd=route.worst, status=PriceStatus.EXACT if exact else PriceStatus.ESTIMATE)
    only = "; without --max-price a second offer is asked only if the first was certainly not billed"
    yield f"at most {most} in all" + (only if route.max_price is None and further else "")
