"""`anymedia prices`: what a request costs everywhere, and where the bill was another than the quote."""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from anymedia import Account, AnymediaError, Attempt, Config, Money, PriceStatus, Quote, State, load_config
from anymedia.candidates import candidates
from anymedia.clock import Clock
from anymedia.config import default_account
from anymedia.live import LivePrices
from anymedia.money import total
from anymedia.quote import REFUSED, quote_at
from anymedia.registry import adapters

from .command import Command, config_option
from .journal import journal_of
from .request import Asked, asks_unless
from .spend import is_refunded
from .text import plain, print_json, say

if TYPE_CHECKING:
    from .screen import Cell, Screen

LIFE = timedelta(days=120)
"""How long a price is believed without being read anew, as docs/prices.md has it."""

STALE = "(!)"


@click.command("prices", cls=Command)
@asks_unless("drift", "config", "as_json")
@click.option("--all", "every", is_flag=True, help="Ask every known provider, with or without a key.")
@click.option("--refresh", is_flag=True, help="First ask the providers that tell their prices; needs no key.")
@click.option("--drift", is_flag=True, help="Show instead where the bill was another than the quote.")
@config_option
@click.pass_obj
def command(
    clock: Clock, asked: Asked | None, every: bool, refresh: bool, drift: bool, config: Path | None, as_json: bool
) -> None:
    """Show what a request costs, the cheapest offer first.

    Prices are for all of the request, as it is billed: ~ marks what is not exact. Unknown ones come last, refusals
    after them. Needs no key and buys nothing. Asked are the accounts of --provider, else those of the config file or
    of the keys in the environment, else every known provider; with --all every known one in any case.

    --drift needs no PROMPT: it goes by the journal.

    --json prints a list of offer, provider, account, model, status (exact, approximate, estimate, unknown, refused),
    money (usd, list_usd, credits, got, date, source), tasks, depends_on, reasons.
    """
    if asked is None:
        _show_drift(config, as_json=as_json)
        return
    found = load_config(config)
    accounts = pool(asked.accounts, found, every=every)
    if refresh:
        for sentence in asyncio.run(_refreshed(asked, accounts, found, clock)):
            say(sentence)
    live = LivePrices.at(found.live_prices)
    quotes = quote_at(asked.request, accounts, live, offer=asked.offer, on_unsupported=asked.on_unsupported)
    if as_json:
        print_json([quote_json(quote) for quote in quotes])
    else:
        _show(quotes, Ages(clock.now().date(), _told(asked, accounts, live)))


def pool(names: Sequence[str], config: Config, *, every: bool) -> list[Account]:
    """Return the accounts of these names, else the configured ones, else every provider's own (`every`: those too)."""
    there = dict(config.accounts)
    if every or not there:
        sold = {account.adapter.name for account in there.values()}
        others = (default_account(each, os.environ) for name, each in adapters().items() if name not in sold)
        there |= {account.name: account for account in others}
    return [there.get(name) or config.account(name) for name in names] or list(there.values())


async def _refreshed(asked: Asked, accounts: Sequence[Account], found: Config, clock: Clock) -> list[str]:
    """Ask for live prices, and return what went wrong, in sentences."""
    from anymedia import Client

    if all(account.adapter.price_quote is None for account in accounts):
        return ["no price is live: none of these providers tells any"]
    by_name = {account.name: account for account in accounts}
    async with Client(attrs.evolve(found, accounts=by_name, journal=None), clock=clock) as client:
        try:
            errors = await client.refresh_prices(asked.request, offer=asked.offer, on_unsupported=asked.on_unsupported)
        except OSError as error:
            return [f"the prices that were told cannot be kept: {error}"]
    return [_sentence(error) for error in errors]


def _sentence(error: AnymediaError) -> str:
    return f"no live price{f' of {error.model}' if error.model else ''}: {error}"


def _told(asked: Asked, accounts: Sequence[Account], live: LivePrices) -> dict[tuple[str, str], date]:
    """Return the day on which each live price was told, by account and offer; the oldest where there are several."""
    told: dict[tuple[str, str], date] = {}
    found = candidates(asked.request, accounts, offer=asked.offer, on_unsupported=asked.on_unsupported, live=live)
    for candidate in found:
        prices = (live.price(candidate.checked, candidate.account.origin, part.count) for part in candidate.parts)
        days = [price.fetched_at.date() for price in prices if price is not None]
        if days:
            told[candidate.account.name, candidate.name] = min(days)
    return told


# As JSON


def quote_json(quote: Quote) -> dict[str, Any]:
    """Return a quote as JSON."""
    money = quote.money
    amounts = {"usd": plain(money.usd), "list_usd": plain(money.list_usd), "credits": plain(money.credits)}
    return {
        "offer": quote.offer,
        "provider": quote.provider,
        "account": quote.account,
        "model": quote.model,
        "status": quote.status,
        "money": {**amounts, "got": money.got, "date": money.date, "source": money.source},
        "tasks": quote.tasks,
        "depends_on": dict(quote.depends_on),
        "reasons": list(quote.reasons),
    }


# How old


@attrs.frozen
class Ages:
    """How old prices are today; live ones are as old as the answer that told them."""

    today: date
    told: Mapping[tuple[str, str], date]

    def __call__(self, quote: Quote) -> str:
        """Return the age of a quote's price in words, with a mark where it is too old."""
        money = quote.money
        if money.got == "override":
            return "yours"
        told = self.told.get((quote.account, quote.offer)) if money.got == "live" else None
        since = money.date if told is None else told.isoformat()
        first = _oldest(since)
        if first is None:
            return "" if money.usd is None else "no date"
        days = max((self.today - first).days, 0)
        words = f"{'' if first.isoformat() == since else 'up to '}{days} day{'s' * (days != 1)}"
        return f"{words} {STALE}" if timedelta(days) > LIFE else words


def _oldest(printed: str | None) -> date | None:
    """Return the first day that a date can mean ("2026" is any day of 2026); None where it names none."""
    if printed is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}", printed):
        return None
    try:
        return date.fromisoformat(printed + "0000-01-01"[len(printed) :])
    except ValueError:
        return None


# As a table

COLUMNS = ("", "offer", "billed", "tasks", "goes by", "age and source")
PIPED = ("", "offer", "account", "status", "billed", "list", "credits", "tasks", "goes by", "age", "source", "reasons")

MARKS = {
    "*": "the cheapest",
    "~": "not exact: see below",
    STALE: f"older than {LIFE.days} days: to be read anew",
}


def _show(quotes: Sequence[Quote], ages: Ages) -> None:
    from .screen import Screen, pairs

    screen = Screen()
    cheapest = min((quote.money.usd for quote in quotes if quote.money.usd is not None), default=None)
    if not screen.is_terminal:
        screen.table(PIPED, (_piped(quote, cheapest, ages) for quote in quotes))
        return
    taken = [quote for quote in quotes if quote.status != REFUSED]
    if taken:
        screen.table(COLUMNS, (_row(quote, cheapest, ages) for quote in taken), whole=("offer", "billed"))
        _show_marks(screen, taken, ages)
    refused = [quote for quote in quotes if quote.status == REFUSED]
    for title, style, some in (("why it is not exact", "cyan", taken), ("refused", "red", refused)):
        reasons = [("\n".join(_names(quote)), "\n".join(quote.reasons)) for quote in some if quote.reasons]
        if reasons:
            screen.headline(title, style)
            screen.block(pairs(reasons), "")


def _row(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "list[Cell]":
    from rich.text import Text

    best, age = _is(quote, cheapest), ages(quote)
    billed = Text("\n".join([str(quote.money), *_listed(quote.money)]), "bold green" if best else "")
    since = Text("\n".join(filter(None, [age, quote.money.source])), "yellow" if age.endswith(STALE) else "")
    goes_by = [_short(field, value) for field, value in quote.depends_on.items()]
    return [_mark(quote, cheapest), _names(quote), billed, str(quote.tasks), goes_by, since]


def _piped(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "list[Cell]":
    money, refused = quote.money, quote.status == REFUSED
    return [
        _mark(quote, cheapest),
        quote.offer,
        quote.account,
        quote.status,
        "-" if refused else str(money),
        plain(money.list_usd) or "-",
        plain(money.credits) or "-",
        str(quote.tasks),
        [f"{field} {'unknown' if value is None else value}" for field, value in quote.depends_on.items()] or "-",
        ages(quote) or "-",
        money.source or "-",
        "; ".join(quote.reasons) or "-",
    ]


def _is(quote: Quote, cheapest: Decimal | None) -> bool:
    return cheapest is not None and quote.money.usd == cheapest


def _mark(quote: Quote, cheapest: Decimal | None) -> str:
    return "*" if _is(quote, cheapest) else ""


def _names(quote: Quote) -> list[str]:
    return [quote.offer] if quote.account == quote.provider else [quote.offer, f"at {quote.account}"]


def _listed(money: Money) -> Iterator[str]:
    """Yield what the page prints where that is not what is billed, and the provider's own unit."""
    if money.list_usd not in (None, money.usd):
        yield f"list ${plain(money.list_usd)}"
    if money.credits is not None:
        yield f"{plain(money.credits)} credits"


def _short(field: str, value: object) -> str:
    """Return what a price goes by as it fits into a narrow column: a value alone tells its field."""
    if value is None:
        return f"{field} unknown"
    return f"dearest {field}" if value == "dearest" else str(value)


def _show_marks(screen: "Screen", quotes: Sequence[Quote], ages: Ages) -> None:
    prices = "".join(str(quote.money) for quote in quotes)
    shown = "".join([prices, *map(ages, quotes), "*" if "$" in prices else ""])
    told = [f"{mark} {words}" for mark, words in MARKS.items() if mark in shown]
    screen.block(*told, *([""] if told else []))


# Where the bill was another than the quote


@attrs.frozen(kw_only=True)
class Drift:
    """What became of an offer's quotes: how many of the `settled` attempts cost another price, and the sums.

    `free` attempts succeeded and were billed nothing, as a first call may be: they are in no other figure. `unquoted`
    ones settled at a price that nobody had known; with one of them the quoted sum is unknown. `last` is the last day.
    """

    offer: str
    settled: int
    differing: int
    unquoted: int
    free: int
    quoted: Money
    billed: Money
    last: str


def drifts(attempts: Iterable[Attempt]) -> list[Drift]:
    """Return how the bills of each offer compare with its quotes, as far as providers say what they took."""
    offers: dict[str, list[tuple[Money, Money, str]]] = {}
    for attempt in attempts:
        task = attempt.task
        if task is None or attempt.offer is None or task.money.got != "settled" or not task.state.final:
            continue
        nothing = task.money.usd == 0
        if not is_refunded(attempt) and (task.state is State.SUCCEEDED or not nothing):
            day = task.money.date or attempt.started_at.date().isoformat()
            offers.setdefault(attempt.offer, []).append((attempt.money, task.money, day))
    return [_drift(offer, offers[offer]) for offer in sorted(offers)]


def _drift(offer: str, ends: Sequence[tuple[Money, Money, str]]) -> Drift:
    paid = [(quoted, billed) for quoted, billed, _ in ends if billed.usd != 0]
    return Drift(
        offer=offer,
        settled=len(paid),
        differing=sum(quoted.usd not in (None, billed.usd) for quoted, billed in paid),
        unquoted=sum(quoted.usd is None for quoted, _ in paid),
        free=len(ends) - len(paid),
        quoted=_sum(quoted for quoted, _ in paid),
        billed=_sum(billed for _, billed in paid),
        last=max(day for _, _, day in ends),
    )


def _sum(moneys: Iterable[Money]) -> Money:
    return total([Money(usd=Decimal(0), status=PriceStatus.EXACT), *moneys])


DRIFT = ("offer", "settled", "differ", "free", "quoted", "billed", "last")


def _show_drift(config: Path | None, *, as_json: bool) -> None:
    with journal_of(config) as journal:
        found = drifts(journal.attempts())
    if as_json:
        print_json([_drift_json(drift) for drift in found])
        return
    if not found:
        say(f"no provider has said yet what it took, says {journal.path}")
        return
    from rich.text import Text

    from .screen import Screen

    Screen().table(
        DRIFT,
        (
            [
                drift.offer,
                str(drift.settled),
                Text(str(drift.differing), "bold yellow" if drift.differing else ""),
                str(drift.free),
                str(drift.quoted),
                str(drift.billed),
                drift.last,
            ]
            for drift in found
        ),
        whole=("offer", "last"),
    )


def _drift_json(drift: Drift) -> dict[str, Any]:
    plainly = attrs.asdict(drift, recurse=False)
    quoted, billed = plainly.pop("quoted"), plainly.pop("billed")
    return {**plainly, "quoted_usd": plain(quoted.usd), "settled_usd": plain(billed.usd)}
