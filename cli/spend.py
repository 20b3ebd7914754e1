"""`anymedia spend`: what was billed, and what may have been."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import attrs
import click

from anymedia import Attempt, Billed, Money, PriceStatus, Refund

from .command import Command, config_option
from .journal import is_uncertain, read_journal, since_option
from .text import print_json, say


@attrs.frozen(kw_only=True)
class Spent:
    """What became of a group of attempts, in USD; attempts of an unknown price are counted and in no sum.

    `usd` is what the provider billed, else the quote, and None where no price is known; `exact` says that all of it is
    what the provider billed.
    """

    group: str
    accepted: int
    refunded: int
    usd: Decimal | None
    settled_usd: Decimal
    exact: bool
    unknown: int
    uncertain: int
    uncertain_usd: Decimal | None
    uncertain_unknown: int


def _names(attempt: Attempt) -> Iterable[str]:
    return [f"{name}={value}" for name, value in attempt.order.labels.items()] or ["no label"]


GROUPS: Mapping[str, Callable[[Attempt], Iterable[str]]] = {
    "day": lambda attempt: [f"{attempt.started_at:%Y-%m-%d}"],
    "account": lambda attempt: [attempt.order.account],
    "model": lambda attempt: [attempt.order.model or attempt.order.wire_id or "no model"],
    "label": _names,
}


@click.command("spend", cls=Command)
@click.option("--by", type=click.Choice([*GROUPS]), default="day", show_default=True, help="What is added up.")
@since_option
@config_option
def command(by: str, since: datetime | None, config: Path | None, as_json: bool) -> None:
    """Add up what was billed.

    What the provider said that it took, else the price that was quoted: ~ marks a sum with such a price in it. What
    may have been billed, and what nobody knows the price of, is counted apart. Days are in UTC; an attempt with
    several labels counts for each.
    """
    attempts = read_journal(config, lambda ledger: ledger.attempts(since=since))
    groups = spent(attempts, by)
    if as_json:
        print_json([_json(group) for group in groups])
        return
    if not groups:
        say("nothing was spent")
        return
    from .screen import Screen

    Screen().table((by, *COLUMNS), map(_row, [*groups, added_up("total", attempts)]))


# Pure


def spent(attempts: Iterable[Attempt], by: str) -> list[Spent]:
    """Return what was spent on each day, or at each account, by the group's name."""
    groups: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if is_accepted(attempt) or is_uncertain(attempt):
            for name in GROUPS[by](attempt):
                groups.setdefault(name, []).append(attempt)
    return [added_up(name, groups[name]) for name in sorted(groups)]


def added_up(group: str, attempts: Sequence[Attempt]) -> Spent:
    """Return what attempts came to."""
    accepted = [attempt for attempt in attempts if is_accepted(attempt)]
    moneys = [price_of(attempt) for attempt in accepted]
    doubtful = [attempt.order.money for attempt in attempts if is_uncertain(attempt)]
    return Spent(
        group=group,
        accepted=len(accepted),
        refunded=sum(map(is_refunded, accepted)),
        usd=_sum(moneys),
        settled_usd=sum(_known(filter(_is_settled, moneys)), Decimal(0)),
        exact=all(
            _is_settled(money) and money.status == PriceStatus.EXACT for money in moneys if money.usd is not None
        ),
        unknown=sum(money.usd is None for money in moneys),
        uncertain=len(doubtful),
        uncertain_usd=_sum(doubtful),
        uncertain_unknown=sum(money.usd is None for money in doubtful),
    )


def is_accepted(attempt: Attempt) -> bool:
    """Return whether a provider took it, as far as anybody knows."""
    return attempt.task is not None or attempt.settled is Billed.YES


def is_refunded(attempt: Attempt) -> bool:
    """Return whether it failed, and its price is given back."""
    failure = None if attempt.task is None else attempt.task.failure
    return failure is not None and failure.refund is Refund.YES


def price_of(attempt: Attempt) -> Money:
    """Return what the provider billed, else what was quoted."""
    return attempt.order.money if attempt.task is None else attempt.task.money


def _is_settled(money: Money) -> bool:
    return money.got == "settled"


def _known(moneys: Iterable[Money]) -> Iterator[Decimal]:
    return (money.usd for money in moneys if money.usd is not None)


def _sum(moneys: Sequence[Money]) -> Decimal | None:
    """Return the sum of what is known; None where there is something, and nothing is known."""
    known = list(_known(moneys))
    return None if moneys and not known else sum(known, Decimal(0))


# Shown

COLUMNS = ("accepted", "billed", "uncertain", "failed and refunded")


def _json(spent: Spent) -> dict[str, str | int | None]:
    return {
        "group": spent.group,
        "accepted": spent.accepted,
        "usd": _plain(spent.usd),
        "settled_usd": _plain(spent.settled_usd),
        "uncertain": spent.uncertain,
        "uncertain_usd": _plain(spent.uncertain_usd),
        "unknown": spent.unknown + spent.uncertain_unknown,
    }


def _plain(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd.normalize():f}"


def _row(spent: Spent) -> tuple[str, ...]:
    doubtful = _sums(spent.uncertain_usd, spent.uncertain_unknown, exact=False)
    return (
        spent.group,
        str(spent.accepted),
        _sums(spent.usd, spent.unknown, exact=spent.exact),
        f"{spent.uncertain}: {doubtful}" if spent.uncertain else "",
        str(spent.refunded or ""),
    )


def _sums(usd: Decimal | None, unknown: int, *, exact: bool) -> str:
    status = PriceStatus.EXACT if exact else PriceStatus.APPROXIMATE
    told = [] if usd is None else [str(Money(usd=usd, status=status))]
    return " and ".join([*told, *([f"{unknown} of unknown price"] if unknown else [])])
