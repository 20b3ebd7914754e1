"""`anymedia prices`: what a request costs everywhere, as the pages print it or as the providers report it."""

import asyncio
import os
from collections.abc import Sequence
from datetime import date

import attrs
import click

from anymedia import Account, AnymediaError, Config
from anymedia.clock import Clock
from anymedia.config import default_account
from anymedia.model.quote import REFUSED
from anymedia.pricing.live import LivePrices
from anymedia.pricing.offers import Candidate
from anymedia.pricing.quote import ordered, quote_of
from anymedia.registry import adapters

from .age import Ages
from .command import Command, config_option
from .drift import show_drift
from .errors import end_refused
from .quotes import quote_json, show_quotes
from .request import Asked, asks_unless
from .text import print_json, say


@click.command("prices", cls=Command, example='prices "a lighthouse at dusk" --model flux-2-pro --all')
@asks_unless("drift", "config", "as_json")
@click.option("--all", "every", is_flag=True, help="Use every known provider, with or without an API key.")
@click.option(
    "--refresh", is_flag=True, help="First ask the providers that publish live prices: some with the API key."
)
@click.option("--drift", is_flag=True, help="Show bills that differed from their quotes instead.")
@config_option
@click.pass_obj
def command(
    clock: Clock, asked: Asked | None, every: bool, refresh: bool, drift: bool, config: Config, as_json: bool
) -> None:
    """Show what a request costs, the cheapest offer first.

    A price is for the whole request, as it is billed; ~ marks a price that is not exact. Unknown prices come last, and
    refusals after them; the exit code is 2 when every offer refuses. The command needs no API key and buys nothing. It
    uses the accounts given with --provider, or those in the config file or with an API key in the environment, or every
    known provider. --all adds every known provider.

    --drift reads the journal and needs no PROMPT.

    --json prints a list of offer, provider, account, model, status (exact, approximate, estimate, unknown, refused),
    money (usd, list_usd, credits, got, date, source), tasks, works (how many it makes), depends_on, reasons, notices.
    """
    if asked is None:
        show_drift(config, as_json=as_json)
        return
    accounts = pool(asked.accounts, config, every=every)
    if refresh:
        for sentence in asyncio.run(_refreshed(asked, accounts, config, clock)):
            say(sentence)
    live = LivePrices.at(config.live_prices)
    sold = asked.candidates(accounts, live)
    quotes = ordered(map(quote_of, sold))
    if as_json:
        print_json([quote_json(quote) for quote in quotes])
    else:
        show_quotes(quotes, Ages(clock.now().date(), _told(sold, live)))
    end_refused(all(quote.status == REFUSED for quote in quotes))


def pool(names: Sequence[str], config: Config, *, every: bool) -> list[Account]:
    """Return the accounts of these names, else the configured ones, else every provider's own (`every`: those too)."""
    there = dict(config.accounts)
    if every or not there:
        sold = {account.adapter.name for account in there.values()}
        others = (default_account(each, os.environ) for name, each in adapters().items() if name not in sold)
        there |= {account.name: account for account in others}
    return [there.get(name) or config.account(name) for name in names] or list(there.values())


async def _refreshed(asked: Asked, accounts: Sequence[Account], config: Config, clock: Clock) -> list[str]:
    """Ask for live prices, and return what went wrong, in sentences."""
    from anymedia import Client

    if not any(account.adapter.price_quote for account in accounts):
        return ["no price is live: none of these providers publishes any"]
    by_name = {account.name: account for account in accounts}
    async with Client(attrs.evolve(config, accounts=by_name, journal=None), clock=clock) as client:
        try:
            errors = await client.refresh_prices(asked.request, offer=asked.offer, on_unsupported=asked.on_unsupported)
        except OSError as error:
            return [f"the live prices cannot be kept: {error}"]
    return [_sentence(error) for error in errors]


def _sentence(error: AnymediaError) -> str:
    return f"no live price{f' of {error.model}' if error.model else ''}: {error}"


def _told(sold: Sequence[Candidate], live: LivePrices) -> dict[tuple[str, str], date]:
    """Return the day on which each live price was reported, by account and offer; the oldest of several."""
    told: dict[tuple[str, str], date] = {}
    for candidate in sold:
        prices = (live.price(candidate.checked, candidate.account.origin, part.units) for part in candidate.parts)
        days = [price.fetched_at.date() for price in prices if price is not None]
        if days:
            told[candidate.account.name, candidate.name] = min(days)
    return told
