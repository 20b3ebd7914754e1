"""`anymedia models`: what can be asked for, and who sells it as what."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Config, Kind, load_config, to_json
from anymedia.declare import Adapter, Offer
from anymedia.pricing.price import least
from anymedia.registry import offers

from .command import Command, config_option, kind_option
from .text import print_json

if TYPE_CHECKING:
    from .screen import Screen

COLUMNS = ("model", "kind", "offer", "wire id", "variants", "takes", "from", "makes", "of")


@click.command("models", cls=Command)
@kind_option("Models that make this.")
@config_option
def command(kind: str | None, config: Path | None, as_json: bool) -> None:
    """Show every model and who sells it, with the offers that the config file declares.

    `takes` lists the fields of a request that an offer maps, those of the provider alone as extra.NAME; `from` is the
    lowest price of one picture, clip or recording, or of as many songs as one price is for; `of` is the day of that
    price.
    """
    every = (*offers(), *_own(load_config(config)))
    sold = sorted((each for each in every if kind in (None, each[1].kind)), key=_place)
    if as_json:
        print_json([_json(adapter, offer) for adapter, offer in sold])
        return
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(COLUMNS, (_row(adapter, offer) for adapter, offer in sold))
        return
    for (_, model), sellers in groupby(sold, key=_place):
        some = list(sellers)
        screen.headline(model, "cyan", some[0][1].kind)
        for adapter, offer in some:
            _show(screen, adapter, offer)
        screen.print()


def _place(sold: tuple[Adapter, Offer]) -> tuple[int, str]:
    """Return where an offer stands in the list: by what it makes, then by its model."""
    _, offer = sold
    return [*Kind].index(offer.kind), offer.model


def _own(config: Config) -> Iterator[tuple[Adapter, Offer]]:
    """Yield the offers that a config file declares; two accounts may declare the same."""
    seen: list[tuple[str, Offer]] = []
    for account in config.accounts.values():
        for offer in account.adapter.offers:
            if offer.own and (account.adapter.name, offer) not in seen:
                seen.append((account.adapter.name, offer))
                yield account.adapter, offer


def _show(screen: "Screen", adapter: Adapter, offer: Offer) -> None:
    """Print an offer on a terminal, where a table of so many columns would have no room."""
    from .screen import pairs

    money = least(adapter, offer)
    since = f"price unknown: {money.reason}" if money.usd is None else f"from {money}, {money.date}"
    since += "" if offer.makes == 1 else f", makes {offer.makes}"
    screen.print(f"{_named(adapter, offer)}  {since}", style="bold")
    screen.block(pairs([*offer.variants.items(), ("takes", ", ".join(features(offer)))]))


def _named(adapter: Adapter, offer: Offer) -> str:
    return f"{adapter.name}/{offer.name}" + (" (yours)" if offer.own else "")


def _row(adapter: Adapter, offer: Offer) -> list[str | list[str]]:
    money = least(adapter, offer)
    return [
        offer.model,
        offer.kind,
        _named(adapter, offer),
        list(dict.fromkeys(offer.variants.values())),
        list(offer.variants),
        features(offer),
        str(money),
        str(offer.makes),
        money.date or "",
    ]


def _json(adapter: Adapter, offer: Offer) -> dict[str, Any]:
    money = least(adapter, offer)
    return {
        "model": offer.model,
        "offer": f"{adapter.name}/{offer.name}",
        "provider": adapter.name,
        "variants": offer.variants,
        "kind": offer.kind,
        "fields": features(offer),
        "makes": offer.makes,
        "from": to_json(money),
        "page": offer.page,
        "own": offer.own,
    }


def features(offer: Offer) -> list[str]:
    """Return the fields that an offer takes beside the prompt or the text, the provider's own as a request names
    them."""
    fields = (field for field in offer.params if field not in ("prompt", "text"))
    return [*fields, *(f"extra.{name}" for name in offer.knobs)]
