"""`anymedia compare`: what would differ if a request went to one seller instead of another."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from anymedia import Config, load_config, to_json
from anymedia.config import default_account
from anymedia.pricing.compare import compare as compared
from anymedia.pricing.live import LivePrices
from anymedia.pricing.side import Seller
from anymedia.registry import adapter, adapters

from .command import Command, config_option
from .fields import PROMPT
from .request import Asked, asks_of_named
from .text import print_json, say

T = TypeVar("T")

NAMES = {"money": "price"}
"""What a difference is called, where that is not its field."""

WIDE = 110
"""Columns of a terminal on which the sentences fit beside what they are about."""


def _naming_the_second(function: Callable[..., T]) -> Callable[..., T]:
    """Say that B is missing where A is no seller: the text was taken for it, as A and B are the last two words."""

    @wraps(function)
    def naming(*args: Any, **given: Any) -> T:
        try:
            return function(*args, **given)
        except click.MissingParameter as missing:
            named = str(given["a"]).partition("/")[0]
            is_prompt = missing.param is not None and missing.param.name == PROMPT
            if not is_prompt or named in adapters() or named in load_config(given["config"]).accounts:
                raise
            context = click.get_current_context()
            second = next(param for param in context.command.params if param.name == "b")
            raise click.MissingParameter(ctx=context, param=second) from None

    return naming


@click.command("compare", cls=Command, example='compare "a lighthouse at dusk" --model flux-2-pro reapi runapi')
@_naming_the_second
@asks_of_named
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@config_option
def command(asked: Asked, a: str, b: str, config: Config, as_json: bool) -> None:
    """Show what would differ if a request went to B instead of A.

    A and B are the last two arguments, with PROMPT before them where the request has one: `compare --model tts-1 --text
    hello reapi runapi`. Each is an account of the config file, a provider, or one offer of either, like
    reapi/gpt-image-2-official. The command needs no API key and sends nothing. --json prints a list of field, a, b,
    text; it is empty where nothing would differ.
    """
    live = LivePrices.at(config.live_prices)
    at_a, at_b = (_seller(name, config) for name in (a, b))
    differences = compared(asked.request, at_a, at_b, live, on_unsupported=asked.on_unsupported, today=asked.today)
    if as_json:
        print_json(to_json(differences))
        return
    if not differences:
        say(f"nothing would differ between {a} and {b}")
        return
    from .screen import Screen, pairs

    screen = Screen()
    rows = [(NAMES.get(each.field, each.field.replace("_", " ")), each.a, each.b, each.text) for each in differences]
    if screen.width >= WIDE:
        screen.table(("", a, b, "what it means"), rows)
        return
    screen.table(("", a, b), (row[:-1] for row in rows))
    screen.block(pairs(("·", row[-1]) for row in rows))


def _seller(name: str, config: Config) -> Seller:
    """Return whom a name means: an account, else a provider, with one offer pinned if it has a slash."""
    named, pinned, offer = name.partition("/")
    account = config.accounts.get(named) or default_account(adapter(named), {})
    return Seller(name, account, f"{account.adapter.name}/{offer}" if pinned else None)
