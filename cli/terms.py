"""The flags of how a request is bought: over which offers, for how much, and what follows when something goes wrong."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import click

from anymedia import OutOfBounds
from anymedia.model.options import POLICIES, GenerateOptions, usd
from anymedia.model.spellings import with_point

T = TypeVar("T")


def buys(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags to a command; it receives those that are given as `terms`, and [route] supplies the others."""

    @wraps(function)
    def buying(*args: Any, **given: Any) -> T:
        return function(*args, terms=_terms(given), **given)

    return _flagged(buying, _FLAGS)


def routes(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags to a command that shows the route; `terms` is None where none of them is given, nor --route."""
    route = click.option(
        "--route", "is_route", is_flag=True, help="Show the route and the worst case; so does any flag below."
    )

    @wraps(function)
    def routing(*args: Any, is_route: bool, **given: Any) -> T:
        terms = _terms(given)
        return function(*args, terms=terms if terms or is_route else None, **given)

    return _flagged(routing, [route, *_FLAGS])


def _terms(given: dict[str, Any]) -> GenerateOptions:
    """Take the options that are said out of what a command is given."""
    return cast(GenerateOptions, {name: said for name in _NAMES if (said := given.pop(name)) is not None})


def _flagged(function: Callable[..., T], flags: Sequence[Callable[..., Any]]) -> Callable[..., T]:
    for flag in reversed(flags):
        function = flag(function)
    return function


def amount(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse what is no amount; it stays the text that was given: no float comes near it."""
    try:
        if text is not None:
            usd(text)
    except OutOfBounds:
        hint = "".join(f"; did you mean {near}?" for near in with_point(text))
        raise click.BadParameter(f"must be an amount in USD, like 0.10, not {text!r}{hint}") from None
    return text


_NAMES = ("policy", "max_price", "allow_unknown_price", "fallback", "on_uncertain", "on_blocked", "mix")

_GOES_ON = click.Choice(["stop", "continue"])

_FLAGS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--policy",
        type=click.Choice(POLICIES),
        help="The order of the offers: as the accounts are named or configured, by price, or by free room in their "
        "limits. Without it: by price, unless --provider or [route] accounts gives an order.",
    ),
    click.option(
        "--max-price",
        callback=amount,
        metavar="USD",
        help="The most that the request may cost over every attempt and part, like 0.10.",
    ),
    click.option(
        "--allow-unknown-price/--no-allow-unknown-price",
        default=None,
        help="Whether --max-price admits offers of unknown price, which then count as $0 towards it.",
    ),
    click.option("--fallback/--no-fallback", default=None, help="Whether another offer is asked after the first."),
    click.option(
        "--on-uncertain",
        type=_GOES_ON,
        help="What to do when a submit may have been billed; to continue needs --max-price.",
    ),
    click.option("--on-blocked", type=_GOES_ON, help="What to do when moderation says no."),
    click.option("--mix/--no-mix", default=None, help="Whether several results may come from different offers."),
)
