"""What a person asked for, read back from what was sent."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from anymedia import Order
from anymedia.declare.written import Keys, Written
from anymedia.model.strict_json import Json
from anymedia.registry import adapters


def prompt_of(order: Order) -> str:
    """Return the prompt of an order, wherever its offer puts it; else the first text that is called a prompt.

    It is empty where neither is found, as with bodies that are not kept.
    """
    return " ".join(text for keys in _places(order) for text in _texts(_at(order, keys))) or _called_so(order.body)


def _places(order: Order) -> list[Keys]:
    """Return where the offer of an order puts the prompt; none for what is no offer that is known here."""
    adapter = adapters().get(order.provider)
    offers = () if adapter is None else adapter.offers
    for offer in offers:
        if order.offer == f"{order.provider}/{offer.name}" and (param := offer.params.get("prompt")) is not None:
            return Written("prompt", param.to, param.takes).places
    return []


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


def _called_so(body: Json) -> str:
    left = [body]
    while left:
        value = left.pop(0)
        if isinstance(value, dict):
            if isinstance(value.get("prompt"), str):
                return str(value["prompt"])
            left += value.values()
    return ""
