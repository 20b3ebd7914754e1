"""`anymedia spend`: what was billed, and what may have been."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import click

from anymedia import Money, PriceStatus
from anymedia.clock import midnight
from anymedia.journal import Ledger, Sum
from anymedia.journal.counts_as import CountsAs
from anymedia.journal.protocol import By
from anymedia.journal.records import usd_of
from anymedia.model.strict_json import loads

from .command import Command, config_option
from .journal import read_journal, since_option
from .text import plain, possibly, print_json, say

EPOCH = date(1970, 1, 1)
"""The day from which days are counted."""


@attrs.frozen(kw_only=True)
class Spent:
    """What became of a group of attempts, in USD; attempts of an unknown price are counted and in no sum.

    `refunded` are those of the accepted that failed or were canceled and whose price is given back. `usd` is what the
    provider billed, else the quote, and None where no price is known; `exact` says that all of it is what the provider
    billed, and `uncertain_exact` that each uncertain one has an exact quote.
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
    uncertain_exact: bool


def _names(text: str) -> Iterable[str]:
    """Return the names of the groups that a text of labels is of."""
    try:
        return [f"{name}={value}" for name, value in loads(text or "{}").items()] or ["no label"]
    except (AttributeError, ValueError):  # somebody has changed it in the journal
        return [text]


GROUPS: Mapping[str, tuple[By, Callable[[Any], Iterable[str]]]] = {
    "day": ("day", lambda day: [date_of(day)]),
    "account": ("account", lambda account: [account]),
    "kind": ("kind", lambda kind: [kind or "no kind"]),
    "model": ("model", lambda model: [model or "no model"]),
    "label": ("labels", _names),
    "batch": ("batch", lambda batch: [batch or "no batch"]),
}
"""What is added up, by which of the journal's columns, and the groups that a value of it is of."""


@click.command("spend", cls=Command, example="spend --by account --since 7d")
@click.option("--by", type=click.Choice([*GROUPS]), default="day", show_default=True, help="What is added up.")
@since_option
@config_option
def command(by: str, since: datetime | None, config: Path | None, as_json: bool) -> None:
    """Add up what was billed.

    What the provider said that it took, else the price that was quoted: ~ marks a sum with such a price in it. What
    may have been billed, and what nobody knows the price of, is counted apart. `refunded` counts the accepted tasks
    that failed or were canceled, and whose price was given back. Days are in UTC; an attempt with several labels counts
    for each, and once in the total. Attempts that `anymedia journal prune` has taken are in it; of a day of which some
    went, all is counted, also where --since is within it.

    --json prints a list of group, accepted, refunded, usd, settled_usd, uncertain, uncertain_usd and unknown.
    """
    column, _ = GROUPS[by]

    async def added(ledger: Ledger) -> tuple[list[Sum], datetime | None]:
        return await ledger.sums(column, since), await ledger.pruned()

    sums, pruned = read_journal(config, added)
    if since is not None and pruned is not None and since < pruned and since != midnight(since):
        say(f"attempts from before {pruned:%Y-%m-%d} were pruned, so all of {since:%Y-%m-%d} is counted")
    groups = spent(sums, by)
    if as_json:
        print_json([_json(group) for group in groups])
        return
    if not groups:
        say("nothing was spent")
        return
    from .screen import Screen

    Screen().table((by, *COLUMNS), map(_row, [*groups, added_up("total", sums)]), whole=(by,))
    if several := in_several(sums, by):
        have = "1 attempt has" if several == 1 else f"{several} attempts have"
        say(f"{have} several labels: a row for each of them counts it, so the rows add up to more than the total")


# Pure


def spent(sums: Iterable[Sum], by: str) -> list[Spent]:
    """Return what was spent on each day, or at each account, by the group's name."""
    groups: dict[str, list[Sum]] = {}
    _, names = GROUPS[by]
    for each in sums:
        for name in names(each.group):
            groups.setdefault(name, []).append(each)
    return [added_up(name, groups[name]) for name in sorted(groups)]


def in_several(sums: Iterable[Sum], by: str) -> int:
    """Return how many attempts are in more than one group."""
    _, names = GROUPS[by]
    return sum(each.number for each in sums if len([*names(each.group)]) > 1)


def added_up(group: str, sums: Iterable[Sum]) -> Spent:
    """Return what sums come to."""
    counted = [(CountsAs.read(each.counts_as), each) for each in sums]
    accepted = [(counts_as, each) for counts_as, each in counted if counts_as.accepted]
    doubtful = [each for counts_as, each in counted if counts_as.uncertain]
    moneys = [each for _, each in accepted]
    return Spent(
        group=group,
        accepted=sum(each.number for each in moneys),
        refunded=sum(each.number for counts_as, each in accepted if counts_as.refunded),
        usd=_usd(moneys),
        settled_usd=usd_of(sum(each.reserved for counts_as, each in accepted if counts_as.settled)),
        exact=all(counts_as.exact for counts_as, each in accepted if each.known),
        unknown=sum(each.number - each.known for each in moneys),
        uncertain=sum(each.number for each in doubtful),
        uncertain_usd=_usd(doubtful),
        uncertain_unknown=sum(each.number - each.known for each in doubtful),
        uncertain_exact=all(each.exact_quotes == each.known for each in doubtful),
    )


def _usd(sums: Sequence[Sum]) -> Decimal | None:
    """Return the sum of what is known; None where there is something, and nothing is known."""
    return usd_of(sum(each.reserved for each in sums)) if not sums or any(each.known for each in sums) else None


def date_of(day: int) -> str:
    """Return the date of a day that is counted from 1970."""
    return f"{EPOCH + timedelta(days=day):%Y-%m-%d}"


# Shown

COLUMNS = ("accepted", "billed", "uncertain", "refunded")


def _json(spent: Spent) -> dict[str, str | int | None]:
    return {
        "group": spent.group,
        "accepted": spent.accepted,
        "refunded": spent.refunded,
        "usd": plain(spent.usd),
        "settled_usd": plain(spent.settled_usd),
        "uncertain": spent.uncertain,
        "uncertain_usd": plain(spent.uncertain_usd),
        "unknown": spent.unknown + spent.uncertain_unknown,
    }


def _row(spent: Spent) -> tuple[str, ...]:
    doubtful = sums_told(spent.uncertain_usd, spent.uncertain_unknown, exact=spent.uncertain_exact, told=possibly)
    return (
        spent.group,
        str(spent.accepted),
        sums_told(spent.usd, spent.unknown, exact=spent.exact),
        f"{spent.uncertain}: {doubtful}" if spent.uncertain else "",
        str(spent.refunded or ""),
    )


def money_of(usd: Decimal | None, *, exact: bool) -> Money:
    """Return a sum as money: exact where all that is in it is."""
    return Money(usd=usd, status=PriceStatus.EXACT if exact else PriceStatus.APPROXIMATE)


def sums_told(usd: Decimal | None, unknown: int, *, exact: bool, told: Callable[[Money], str] = str) -> str:
    """Return an amount, and how many there are beside of which nobody knows the price."""
    known = [] if usd is None else [told(money_of(usd, exact=exact))]
    return " and ".join([*known, *([f"{unknown} of unknown price"] if unknown else [])])
