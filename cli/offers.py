"""The offers of a model in full: their names on the wire, what they cost at least, and what each flag takes there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from anymedia import to_json
from anymedia.declare import Offer
from anymedia.model.request import FROM_TEXT
from anymedia.pricing.price import least, least_work

from .fields import PROMPT, flag, in_flags
from .request import TEXT
from .sold import Sold
from .takes import told, worded
from .usual import Usual

if TYPE_CHECKING:
    from .screen import Screen

COLUMNS = ("model", "kind", "offer", "wire id", "variants", "takes", "from", "makes", "of")


def show_offers(every: Sequence[Sold]) -> None:
    """Print every offer of these models; those of a provider that two accounts have are told once."""
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(COLUMNS, (_row(each) for sold in every for each in by_least(sold.offers)))
        return
    for sold in every:
        screen.headline(sold.model, "cyan", sold.kind)
        for each in by_least(sold.offers):
            _show(screen, each)
        screen.print()


def once(offers: Sequence[Usual]) -> Iterator[Usual]:
    """Yield each offer of a provider once, though several accounts have it; those that a user declares may differ."""
    seen: list[tuple[str, Offer]] = []
    for each in offers:
        if (known := (each.account.adapter.name, each.offer)) not in seen:
            seen.append(known)
            yield each


def by_least(offers: Sequence[Usual]) -> list[Usual]:
    """Return each offer once, in the order of the least that it costs: unknown prices last."""
    every = [(least(each.account.adapter, each.offer).usd, each) for each in once(offers)]
    return [each for _, each in sorted(every, key=lambda found: (found[0] is None, found[0] or 0))]


def _show(screen: "Screen", each: Usual) -> None:
    """Print an offer on a terminal, where a table of so many columns would have no room."""
    from .screen import pairs

    offer, (money, work) = each.offer, least_work(each.account.adapter, each.offer)
    of = ", ".join(worded(field, word) for field, word in work.items())
    least_price = f"from {money}{f' for {of}' if of else ''}, {money.date}"
    since = f"price unknown: {money.reason}" if money.usd is None else least_price
    since += "" if offer.makes == 1 else f", makes {offer.makes}"
    since += "" if offer.ends is None else f", {'ended' if each.ended else 'ends'} {offer.ends}"
    screen.print(f"{_named(each)}  {since}", style="bold")
    screen.block(pairs(_variants(offer).items()))
    screen.block("", pairs((_flag(field), in_flags(told(offer, field))) for field in features(offer)), "")


def _named(each: Usual) -> str:
    return each.name + (" (yours)" if each.offer.own else "")


def _row(each: Usual) -> list[str | list[str]]:
    offer, money = each.offer, least(each.account.adapter, each.offer)
    return [
        offer.model,
        offer.kind,
        _named(each),
        list(dict.fromkeys(offer.variants.values())),
        list(_variants(offer)),
        list(map(_flag, features(offer))),
        str(money),
        str(offer.makes),
        money.date or "",
    ]


def offer_json(each: Usual) -> dict[str, Any]:
    """Return what is known of an offer as JSON."""
    offer = each.offer
    return {
        "model": offer.model,
        "offer": each.name,
        "provider": each.account.adapter.name,
        "variants": offer.variants,
        "kind": offer.kind,
        "fields": features(offer),
        "takes": {field: told(offer, field) for field in features(offer)},
        "makes": offer.makes,
        "price": to_json(each.money),
        "from": to_json(least(each.account.adapter, offer)),
        "ends": None if offer.ends is None else offer.ends.isoformat(),
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
