"""What a person asked for, read back from what was sent."""

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

from anymedia import Order
from anymedia.declare.written import Keys, Written
from anymedia.model.forms import SUBJECTS
from anymedia.model.kinds import text_names
from anymedia.model.strict_json import Json
from anymedia.registry import adapters

WORDS = tuple(name for name in SUBJECTS if name in text_names())
"""The fields in which a person says what the work is of."""


def prompt_of(order: Order) -> str:
    """Return the prompt of an order, wherever its offer puts it, else its text or lyrics.

    Where none of them is found, the first text is returned that is called so, and where there is none, as with bodies
    that are not kept, an empty one.
    """
    told = (" ".join(text for keys in places for text in _texts(_at(order, keys))) for places in _places(order))
    return next(filter(None, told), "") or next(filter(None, _called(order.body, WORDS)), "")


def _places(order: Order) -> Iterator[list[Keys]]:
    """Yield where the offer of an order puts each of the words; nothing for what is no offer that is known here."""
    adapter = adapters().get(order.provider)
    offers = () if adapter is None else adapter.offers
    for offer in offers:
        if order.offer == f"{order.provider}/{offer.name}":
            params = [(name, offer.params[name]) for name in WORDS if name in offer.params]
            yield from (Written(name, param.to, param.takes).places for name, param in params if param.to is not None)


def _at(order: Order, keys: Keys) -> Json:
    """Return what was sent at a place."""
    if keys[0].startswith("?"):
        return parse_qs(urlsplit(order.path).query).get(keys[0][1:])
    value = order.body
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _texts(value: Json) -> Iterator[str]:
    """Yield every text in what was sent at one place."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _called(body: Json, names: Iterable[str]) -> Iterator[str]:
    """Yield the first text of each name, the outer ones first."""
    for name in names:
        left = [body]
        while left:
            value = left.pop(0)
            if isinstance(value, dict):
                if isinstance(value.get(name), str):
                    yield str(value[name])
                    break
                left += value.values()
