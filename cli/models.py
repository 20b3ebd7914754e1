"""`anymedia models`: what can be asked for, and who sells it as what."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Config, load_config, to_json
from anymedia.declare import Adapter, Offer
from anymedia.pricing.price import least
from anymedia.registry import offers

from .command import Command, config_option
from .text import print_json

if TYPE_CHECKING:
    from .screen import Screen

COLUMNS = ("model", "offer", "wire id", "variants", "takes", "from", "of")


@click.command("models", cls=Command)
@config_option
def command(config: Path | None, as_json: bool) -> None:
    """Show every model and who sells it, with the offers that the config file declares.

    `takes` lists the fields of a request that an offer maps, those of the provider alone as extra.NAME; `from` is the
    lowest price of one picture, `of` the day of that price.
    """
    sold = sorted((*offers(), *_own(load_config(config))), key=lambda sold: sold[1].model)
    if as_json:
        print_json([_json(adapter, offer) for adapter, offer in sold])
        return
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(COLUMNS, (_row(adapter, offer) for adapter, offer in sold))
        return
    for model, sellers in groupby(sold, key=lambda sold: sold[1].model):
        screen.headline(model, "cyan")
        for adapter, offer in sellers:
            _show(screen, adapter, offer)
        screen.print()


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
    screen.print(f"{_named(adapter, offer)}  {since}", style="bold")
    screen.block(pairs([*offer.variants.items(), ("takes", ", ".join(features(offer)))]))


def _named(adapter: Adapter, offer: Offer) -> str:
    return f"{adapter.name}/{offer.name}" + (" (yours)" if offer.own else "")


def _row(adapter: Adapter, offer: Offer) -> list[str | list[str]]:
    money = least(adapter, offer)
    return [
        offer.model,
        _named(adapter, offer),
        list(dict.fromkeys(offer.variants.values())),
        list(offer.variants),
        features(offer),
        str(money),
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
        "from": to_json(money),
        "page": offer.page,
        "own": offer.own,
    }


def features(offer: Offer) -> list[str]:
    """Return the fields that an offer takes beside the prompt, the provider's own as a request names them."""
    return [*(field for field in offer.params if field != "prompt"), *(f"extra.{name}" for name in offer.knobs)]
