"""`anymedia models`: what can be asked for, and who sells it as what."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Config, Kind, load_config, to_json
from anymedia.declare import Adapter, Offer
from anymedia.model.request import FROM_TEXT
from anymedia.pricing.offers import kinds_of
from anymedia.pricing.price import least
from anymedia.registry import adapters, offers

from .command import Command, config_option, kind_option
from .fields import PROMPT, flag, in_flags
from .request import TEXT
from .takes import told
from .text import print_json

if TYPE_CHECKING:
    from .screen import Screen

COLUMNS = ("model", "kind", "offer", "wire id", "variants", "takes", "from", "makes", "of")


@click.command("models", cls=Command)
@click.argument("model", required=False)
@kind_option("Models that make this.")
@config_option
def command(model: str | None, kind: str | None, config: Path | None, as_json: bool) -> None:
    """Show every model and who sells it, with the offers that the config file declares.

    `takes` lists what an offer takes, by the flags of `anymedia generate`, and raw fields of the provider as
    extra.NAME. For one MODEL it says which values each of them has. `from` is the lowest price of one picture, clip or
    recording, or of as many songs as one price is for; `of` is the day of that price.
    """
    found = load_config(config)
    if model is not None:
        kinds_of(model, [*adapters().values(), *(account.adapter for account in found.accounts.values())], None)
    every = [each for each in (*offers(), *_own(found)) if model in (None, each[1].model)]
    sold = sorted((each for each in every if kind in (None, each[1].kind)), key=_place)
    if as_json:
        print_json([_json(adapter, offer) for adapter, offer in sold])
        return
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(COLUMNS, (_row(adapter, offer) for adapter, offer in sold))
        return
    for (_, name), sellers in groupby(sold, key=_place):
        some = list(sellers)
        screen.headline(name, "cyan", some[0][1].kind)
        for adapter, offer in some:
            _show(screen, adapter, offer, values=model is not None)
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


def _show(screen: "Screen", adapter: Adapter, offer: Offer, *, values: bool) -> None:
    """Print an offer on a terminal, where a table of so many columns would have no room.

    With `values` what it takes is told field by field.
    """
    from .screen import pairs

    money = least(adapter, offer)
    since = f"price unknown: {money.reason}" if money.usd is None else f"from {money}, {money.date}"
    since += "" if offer.makes == 1 else f", makes {offer.makes}"
    screen.print(f"{_named(adapter, offer)}  {since}", style="bold")
    screen.block(pairs(_variants(offer).items()))
    if values:
        screen.block("", pairs((_flag(field), in_flags(told(offer, field))) for field in features(offer)), "")
    else:
        screen.block(pairs([("takes", ", ".join(map(_flag, features(offer))))]))


def _named(adapter: Adapter, offer: Offer) -> str:
    return f"{adapter.name}/{offer.name}" + (" (yours)" if offer.own else "")


def _row(adapter: Adapter, offer: Offer) -> list[str | list[str]]:
    money = least(adapter, offer)
    return [
        offer.model,
        offer.kind,
        _named(adapter, offer),
        list(dict.fromkeys(offer.variants.values())),
        list(_variants(offer)),
        list(map(_flag, features(offer))),
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
        "takes": {field: told(offer, field) for field in features(offer)},
        "makes": offer.makes,
        "from": to_json(money),
        "page": offer.page,
        "own": offer.own,
    }


def features(offer: Offer) -> list[str]:
    """Return the fields that an offer takes, the provider's own as a request names them."""
    shaped = () if offer.shape is None else (field for field in offer.shape.takes if field not in offer.params)
    return [*offer.params, *shaped, *(f"extra.{name}" for name in offer.knobs)]


def _variants(offer: Offer) -> dict[str, str]:
    """Return the wire id of each variant, which is named by the flag of what is put in."""
    return {name if name == FROM_TEXT else flag(name): wire_id for name, wire_id in offer.variants.items()}


def _flag(field: str) -> str:
    """Return how a field is given on the command line; the text that is spoken is PROMPT too."""
    return field if field.startswith("extra.") else flag(PROMPT if field == TEXT else field)
