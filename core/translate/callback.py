"""The URL of ours in an order, which its provider calls: where it stands, and the attempt's own part of it; pure."""

import re
from collections.abc import Mapping
from urllib.parse import quote_plus

import attrs

from anymedia.account import TOKEN
from anymedia.model.forms import texts_in
from anymedia.model.strict_json import Json
from anymedia.model.task import Attempt, Order


def asks(order: Order, callback: str) -> bool:
    """Return whether an order names an account's callback."""
    return callback in texts_in(order.body) or quote_plus(callback) in order.path


def told(order: Order, callback: str, token: str) -> Order:
    """Return an order whose callback has an attempt's own token."""
    url = with_token(callback, token)
    path = order.path.replace(quote_plus(callback), quote_plus(url))
    return attrs.evolve(order, path=path, body=exchanged(order.body, callback, url), webhook=True)


def with_token(callback: str, token: str) -> str:
    """Return a callback with a token in the place that is kept for it."""
    return callback.removesuffix(TOKEN) + token


def without_token(attempt: Attempt) -> Json:
    """Return the body of an attempt with zeros in place of its token: the same body for the same request."""
    if not attempt.order.webhook:
        return attempt.order.body
    token = re.compile(rf"{re.escape(attempt.id)}[0-9a-f]{{{len(TOKEN) - len(attempt.id)}}}")
    body = attempt.order.body
    for text in {text for text in texts_in(body) if token.search(text)}:
        body = exchanged(body, text, token.sub(TOKEN, text))
    return body


def exchanged(body: Json, text: str, other: str) -> Json:
    """Return a body with another text wherever a text stands alone: what holds none is not touched."""
    if isinstance(body, Mapping):
        return {name: exchanged(each, text, other) for name, each in body.items()}
    if isinstance(body, list | tuple):
        return [exchanged(each, text, other) for each in body]
    return other if body == text else body
