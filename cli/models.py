"""`anymedia models`: what can be asked for, what it costs at the cheapest and who sells it; or one model in full."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Kind, load_config, to_json
from anymedia.clock import Clock
from anymedia.pricing.model_names import model_meant
from anymedia.pricing.unsold import EVERY_KIND, kinds_of
from anymedia.registry import adapters

from .command import Command, config_option, kind_option
from .complete import accounts, models
from .nothing import refuse_nothing
from .offers import offer_json, show_offers
from .prices import pool
from .sold import Sold, by_model
from .takes import NONE
from .text import print_json
from .usual import TITLES, usual

if TYPE_CHECKING:
    from .screen import Cell

COLUMNS = ("model", "price", "from", "at", "sellers", "note")
OF_SEVERAL = ("at", "sellers")
"""Columns that say nothing of the models of one account."""

PIPED = ("model", "kind", "price", "from", "cheapest at", "providers", "unpriced", "note")


@click.command("models", cls=Command, example="models kling-3.0")
@click.argument("model", required=False, shell_complete=models)
@kind_option("Models that make this.")
@click.option(
    "--provider",
    "names",
    multiple=True,
    metavar="ACCOUNT",
    shell_complete=accounts,
    help="What this account sells; may be repeated.",
)
@config_option
@click.pass_obj
def command(
    clock: Clock, model: str | None, kind: str | None, names: tuple[str, ...], config: Path | None, as_json: bool
) -> None:
    """Show every model, its cheapest price and who sells it.

    Every price is for the same: a picture of 1:1 at 1K, a clip of 5 s at 720p without sound, a text of 1,000
    characters, as many songs as one price is for. Where the cheapest offer makes something else, the note says what.
    `from` is the least that any work of the model costs, like a picture of low quality. ~ marks a price that is not
    exact; an unknown one is never the cheapest. `7 of 8` sellers: the prices of 7 are known.

    For one MODEL it shows every offer: its names on the wire, and which values each flag of `anymedia generate` takes
    there; raw fields of the provider are extra.NAME. `default` is what a request costs that gives a text alone, or no
    more than the offer needs, `from` the least that a work costs, and of which work that is; `of` is the day of these
    prices. Offers that the config file declares are among them.

    --json prints a list of model, kind, price, from, offer, account, providers, unpriced (those of whom no price is
    known), offers (all that is known of each).
    """
    found = load_config(config)
    accounts = pool(names, found, every=not names)
    of_kind = None if kind is None else Kind(kind)
    if model is not None:
        every = [*adapters().values(), *(account.adapter for account in found.accounts.values())]
        model = model_meant(model, every)
        kinds_of(model, every, kinds=EVERY_KIND if of_kind is None else (of_kind,))
    today = clock.now().date()
    offers = (
        usual(account, offer, today)
        for account in accounts
        for offer in account.adapter.offers
        if model in (None, offer.model) and of_kind in (None, offer.kind)
    )
    sold = by_model(offers)
    if not sold:
        refuse_nothing(accounts, of_kind, model)
    if as_json:
        print_json([{**_json(each), "offers": [offer_json(offer) for offer in each.offers]} for each in sold])
    elif model is None:
        _show(sold)
    else:
        show_offers(sold)


def _json(sold: Sold) -> dict[str, Any]:
    cheapest = sold.cheapest
    known = cheapest.money.usd is not None
    return {
        "model": sold.model,
        "kind": sold.kind,
        "price": to_json(cheapest.money),
        "from": to_json(sold.least),
        "offer": cheapest.quote.offer if known else None,
        "account": cheapest.account.name if known else None,
        "providers": sold.providers,
        "unpriced": sold.unpriced,
        "note": sold.note,
    }


def _show(every: Sequence[Sold]) -> None:
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(PIPED, map(_piped, every))
        return
    of_one = len({each.account.name for sold in every for each in sold.offers}) == 1
    columns = [name for name in COLUMNS if not of_one or name not in OF_SEVERAL]
    for kind, some in groupby(every, key=lambda sold: sold.kind):
        screen.headline(kind, "cyan", TITLES[kind])
        screen.table(columns, ([_row(sold)[name] for name in columns] for sold in some), whole=COLUMNS[:5])


def _row(sold: Sold) -> "dict[str, Cell]":
    name = sold.model + (" (yours)" if all(each.offer.own for each in sold.offers) else "")
    price, least = str(sold.cheapest.money), str(sold.least)
    cells = (name, price, "" if least == price else least, _where(sold), _sellers(sold), sold.note)
    return dict(zip(COLUMNS, cells, strict=True))


def _piped(sold: Sold) -> "list[Cell]":
    names = sold.providers, sold.unpriced or NONE
    prices = str(sold.cheapest.money), str(sold.least)
    return [sold.model, sold.kind, *prices, _where(sold) or NONE, *names, sold.note or NONE]


def _sellers(sold: Sold) -> str:
    """Return how many sell a model, and of how many of them the price is known where that is not of all."""
    every = len(sold.providers)
    return f"{every - len(sold.unpriced)} of {every}" if sold.unpriced else str(every)


def _where(sold: Sold) -> str:
    """Return the account at which a model is the cheapest."""
    return "" if sold.cheapest.money.usd is None else sold.cheapest.account.name
