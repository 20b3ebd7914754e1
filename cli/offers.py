"""The offers of a model in full: their names on the wire, what they cost at least, and what each flag takes there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from anymedia import Money, to_json
from anymedia.declare import Offer
from anymedia.kind_meant import TEXT
from anymedia.model.request import FROM_TEXT
from anymedia.model.strict_json import Json
from anymedia.pricing.price import least, least_work

from .fields import PROMPT, flag, in_flags
from .sold import Sold
from .takes import told as words_of
from .takes import worded
from .usual import Usual, default

if TYPE_CHECKING:
    from .screen import Screen

COLUMNS = ("model", "kind", "offer", "wire id", "variants", "takes", "default", "from", "makes", "of")


def show_offers(every: Sequence[Sold]) -> None:
    """Print every offer of these models; those of a provider that two accounts have are told once."""
    from .screen import Screen

    screen = Screen()
    if not screen.is_terminal:
        screen.table(COLUMNS, (_row(each) for sold in every for each in once(sold.offers)))
        return
    for sold in every:
        screen.headline(sold.model, "cyan", sold.kind)
        for each in once(sold.offers):
            _show(screen, each)
        screen.print()


def once(offers: Sequence[Usual]) -> Iterator[Usual]:
    """Yield each offer of a provider once, though several accounts have it; those that a user declares may differ."""
    seen: list[tuple[str, Offer]] = []
    for each in offers:
        if (known := (each.account.adapter.name, each.offer)) not in seen:
            seen.append(known)
            yield each


def _show(screen: "Screen", each: Usual) -> None:
    """Print an offer on a terminal, where a table of so many columns would have no room."""
    from .screen import pairs

    offer = each.offer
    screen.print(_named(each), style="bold")
    told = {"price": _price(each), "makes": "" if offer.makes == 1 else str(offer.makes)}
    told["ended" if each.ended else "ends"] = "" if offer.ends is None else str(offer.ends)
    takes = {_flag(field): in_flags(words_of(offer, field)) for field in features(offer)}
    screen.block(pairs((name, said) for name, said in [*told.items(), *_names(offer)] if said))
    screen.block("", pairs(takes.items()), "")


def _price(each: Usual) -> str:
    """Say what an offer costs by default, the least that it costs where that is another price, and since when."""
    account, offer = each.account, each.offer
    money, work = least_work(account.adapter, offer)
    quote = default(account, offer)
    usual_, from_ = _for(quote.money, quote.depends_on), _for(money, work)
    if quote.money.usd is None:
        usual_ = f"{usual_}: {quote.money.reason}"
    if str(quote.money) == str(money):
        told = [from_ if money.usd is not None else usual_]
    else:
        told = [f"default {usual_}", f"from {from_}"]
    return "; ".join([*told, *([f"of {money.date}"] if money.usd is not None and money.date else [])])


def _for(money: Money, work: Mapping[str, Json]) -> str:
    """Say what something costs, and what of it the price goes by."""
    of = ", ".join(worded(field, value) for field, value in work.items()) if money.usd is not None else ""
    return f"{money} for {of}" if of else str(money)


def _names(offer: Offer) -> Iterator[tuple[str, str]]:
    """Yield what an offer is called on the wire, each name once, by the flags of what is put in."""
    for wire_id in dict.fromkeys(offer.variants.values()):
        named = (name.partition("/")[0] for name, each in _variants(offer).items() if each == wire_id)
        yield " ".join(named), wire_id


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
        str(default(each.account, offer).money),
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
        "takes": {field: words_of(offer, field) for field in features(offer)},
        "makes": offer.makes,
        "price": to_json(each.money),
        "default": to_json(default(each.account, offer).money),
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
