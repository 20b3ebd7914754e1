"""The flags of how a request is bought: over which offers, for how much, and what follows when something goes wrong."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import click

from anymedia import OutOfBounds
from anymedia.model.options import POLICIES, GenerateOptions, usd

T = TypeVar("T")

AS_CONFIGURED = "as configured"
"""What --route stands for where no policy is given with it."""


def buys(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags to a command; it receives those that are given as `terms`, and [route] supplies the others."""
    route = click.option(
        "--route",
        "policy",
        type=click.Choice(POLICIES),
        help="The order of the offers: as the accounts are named or configured, by price, or by free room in their "
        "limits. Without it: by price, unless --provider or [route] accounts gives an order.",
    )
    return _buying(function, [route, *_FLAGS])


def routes(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags to a command that shows the route; `terms` is None where none of them is given."""
    route = click.option(
        "--route",
        "policy",
        is_flag=False,
        flag_value=AS_CONFIGURED,
        callback=_policy,
        metavar=f"[{'|'.join(POLICIES)}]",
        help="Show the route and the worst case. Without a value, at the end of the line, it is the configured policy. "
        "Any flag below also shows the route.",
    )
    return _buying(function, [route, *_FLAGS], when_asked=True)


def _buying(
    function: Callable[..., T], flags: Sequence[Callable[..., Any]], *, when_asked: bool = False
) -> Callable[..., T]:
    @wraps(function)
    def buying(*args: Any, **given: Any) -> T:
        terms = {name: said for name in _NAMES if (said := given.pop(name)) is not None}
        asked = bool(terms)
        if terms.get("policy") == AS_CONFIGURED:
            del terms["policy"]
        return function(*args, terms=cast(GenerateOptions, terms) if asked or not when_asked else None, **given)

    for flag in reversed(flags):
        buying = flag(buying)
    return buying


def _policy(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text in (None, AS_CONFIGURED, *POLICIES):
        return text
    raise click.BadParameter(f"must be one of {', '.join(POLICIES)}, or nothing at the end of the line, not {text!r}")


def _usd(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse what is no amount; it stays the text that was given: no float comes near it."""
    try:
        if text is not None:
            usd(text)
    except OutOfBounds:
        raise click.BadParameter(f"must be an amount in USD, like 0.10, not {text!r}") from None
    return text


_NAMES = ("policy", "max_price", "allow_unknown_price", "fallback", "on_uncertain", "on_blocked", "mix")

_GOES_ON = click.Choice(["stop", "continue"])

_FLAGS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--max-price",
        callback=_usd,
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
