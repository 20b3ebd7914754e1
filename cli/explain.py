"""`anymedia explain`: what would be sent, at every offer."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from anymedia import Config, Explanation, Money, to_json
from anymedia.clock import Clock
from anymedia.config import default_account
from anymedia.model.options import GenerateOptions
from anymedia.model.plain import duration, sized
from anymedia.pricing.explain import explain as explained
from anymedia.pricing.live import LivePrices
from anymedia.registry import adapters, sellers

from .command import Command, config_option
from .errors import end_refused, problem_json, problem_rows
from .request import Asked, asks
from .terms import routes
from .text import dollars, in_credits, offer_at, print_json

if TYPE_CHECKING:
    from anymedia.translate.files import Going

    from .screen import Screen


@click.command("explain", cls=Command, example='explain "a lighthouse at dusk" --model flux-2-pro --provider fal')
@asks
@routes
@config_option
@click.pass_obj
def command(clock: Clock, asked: Asked, terms: GenerateOptions | None, config: Config, as_json: bool) -> None:
    """Show the exact calls, and send nothing.

    The command needs no API key. It uses the accounts given with --provider, or those in the config file, or every
    known provider. The exit code is 2 when every offer refuses.

    --route shows the route of `anymedia generate` with the same flags instead: which offers it would ask, in which
    order, at what price and why, which it would not ask, and the worst case. It uses the accounts that `generate` would
    use, and leaves out those without an API key; where none has one, it shows every known provider as if each had.
    """
    if terms is not None:
        _show_route(asked, terms, config, clock.now(), as_json=as_json)
        return
    found = explanations(asked, config)
    if as_json:
        print_json([explanation_json(each) for each in found])
    else:
        _show_all(found)
    end_refused(all(each.refusals for each in found))


def _show_all(found: Sequence[Explanation]) -> None:
    from .screen import Screen

    screen = Screen()
    for each in sorted(found, key=lambda each: bool(each.refusals)):
        _show(screen, each)


def _show_route(asked: Asked, terms: GenerateOptions, config: Config, now: datetime, *, as_json: bool) -> None:
    from .route import route_json, route_of, show_route, used_up

    route, limited = route_of(asked, terms, config), used_up(config, now)
    if as_json:
        print_json(route_json(route, limited))
    else:
        show_route(route, limited)


def explanations(asked: Asked, config: Config) -> list[Explanation]:
    """Explain a request at the accounts of a config file, else at every known provider."""
    if config.path is None or not config.accounts:
        named = [adapters()[name] if name in adapters() else config.account(name).adapter for name in asked.accounts]
        accounts = [default_account(each, {}) for each in named or sellers(asked.request.model)]
    else:
        accounts = [config.account(name) for name in asked.accounts] or list(config.accounts.values())
    return list(map(explained, asked.candidates(accounts, LivePrices.at(config.live_prices))))


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON."""
    plain: dict[str, Any] = to_json(explanation)
    return {**plain, "refusals": [problem_json(problem) for problem in explanation.refusals]}


def _show(screen: "Screen", each: Explanation) -> None:
    from .screen import json_text, pairs

    name = offer_at(each.offer, each.account, each.provider)
    name += " (yours)" if each.own else ""
    if each.refusals:
        screen.headline(name, "red", "refused")
        screen.block(pairs(problem_rows(each.refusals)), "")
        return
    screen.headline(name, "green", "price unknown" if each.money.usd is None else str(each.money))
    screen.block(*filter(None, [_basis(each.money)]), pairs([(each.method, each.url), *each.headers.items()]), "")
    for call in each.calls:
        if call.times > 1 or len(each.calls) > 1:
            screen.block(f"sent {call.times} times:" if call.times > 1 else "sent once:")
        screen.block(json_text(call.json), "")
    notes = [*_notes(each)]
    if notes:
        screen.block(pairs(notes), "")


def _basis(money: Money) -> str:
    """Return what a price rests on, or why nobody knows it."""
    if money.usd is None:
        return money.reason or ""
    parts = [
        money.credits is not None and in_credits(money.credits),
        str(money.status),
        money.list_usd not in (None, money.usd) and f"printed as {dollars(money.list_usd)}",
        money.reason,
        money.date and f"{money.source}, {money.date}",
    ]
    return "; ".join(part for part in parts if part)


def _notes(each: Explanation) -> Iterator[tuple[str, str]]:
    for notice in each.notices:
        yield "note", notice
    for file in each.files:
        yield "file", " ".join(filter(None, _way_of(file)))
    for field, value in each.defaults.items():
        yield "default", f"{field} {_shown(value)}"
    for adjustment in each.adjustments:
        sent = "not sent" if adjustment.sent is None else f"sent as {_shown(adjustment.sent)}"
        yield "adjusted", f"{adjustment.field} {_shown(adjustment.given)}: {sent} ({adjustment.reason})"


def _way_of(file: "Going") -> Iterator[str]:
    """Yield in words which way a file goes, where it would lie, and for how long."""
    yield f"{file.file} ({file.media_type}, {sized(file.bytes)}):"
    yield WAYS[file.way] if file.where is None else f"to {file.where},"
    if file.where is not None:
        yield "for as long as its answer says" if file.seconds is None else f"for {duration(file.seconds)}"


WAYS = {
    "data": "in the body, as a data URI",
    "base64": "in the body, as base64",
    "part": "in the body, as a part of the form",
}
"""Where a file goes that lies nowhere."""


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
