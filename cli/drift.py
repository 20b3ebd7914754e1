"""Where the bill differed from the quote: what `anymedia prices --drift` shows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from anymedia import Config, Money
from anymedia.journal import Sum
from anymedia.journal.counts_as import CountsAs
from anymedia.journal.records import usd_of

from .journal import use_journal
from .spend import date_of, money_of
from .text import counted, plain, print_json, say


@attrs.frozen(kw_only=True)
class Drift:
    """What became of an offer's quotes: how many of the `settled` attempts cost another price, and the sums.

    `settled` attempts are those whose bill the provider reported. `free` attempts succeeded and were billed nothing, as
    a first call may be: they are in no other figure. `unquoted` ones were billed at a price that nobody had known; with
    one of them the quoted sum is unknown. `last` is the last day (UTC) on which one of them was begun.
    """

    offer: str
    settled: int
    differing: int
    unquoted: int
    free: int
    quoted: Money
    billed: Money
    last: str


def drifts(sums: Iterable[Sum]) -> list[Drift]:
    """Return how the bills of each offer compare with its quotes, as far as providers say what they took."""
    offers: dict[str, list[tuple[CountsAs, Sum]]] = {}
    for each in sums:
        counts_as = CountsAs.read(each.counts_as)
        if each.group and (counts_as.billed or counts_as.free):
            offers.setdefault(str(each.group), []).append((counts_as, each))
    return [_drift(offer, offers[offer]) for offer in sorted(offers)]


def _drift(offer: str, ends: Sequence[tuple[CountsAs, Sum]]) -> Drift:
    paid = [each for counts_as, each in ends if counts_as.billed]
    settled = sum(each.number for each in paid)
    quotes, known = sum(each.quotes for each in paid), sum(each.known for each in paid)
    return Drift(
        offer=offer,
        settled=settled,
        differing=sum(each.differing for each in paid),
        unquoted=settled - quotes,
        free=sum(each.number for counts_as, each in ends if counts_as.free),
        quoted=_money(
            sum(each.quoted for each in paid) if quotes == settled else None,
            exact=sum(each.exact_quotes for each in paid) == settled,
        ),
        billed=_money(
            sum(each.reserved for each in paid) if known == settled else None,
            exact=all(counts_as.exact for counts_as, _ in ends if counts_as.billed),
        ),
        last=date_of(max(each.day for _, each in ends)),
    )


def _money(nano: int | None, *, exact: bool) -> Money:
    if nano is None:
        return Money()
    return money_of(usd_of(nano), exact=exact)


# Shown

COLUMNS = ("offer", "bills", "differ", "free", "quoted", "billed", "last")


def show_drift(config: Config, *, as_json: bool) -> None:
    """Print how the bills in the journal compare with their quotes."""
    sums = use_journal(config, lambda ledger: ledger.sums("offer"))
    found = drifts(sums)
    if as_json:
        print_json([_json(drift) for drift in found])
        return
    if not found:
        say("no provider has reported yet what it charged")
        return
    from rich.text import Text

    from .screen import Screen

    Screen().table(
        COLUMNS,
        (
            [
                drift.offer,
                str(drift.settled),
                Text(str(drift.differing), "bold yellow" if drift.differing else ""),
                str(drift.free),
                str(drift.quoted),
                str(drift.billed),
                drift.last,
            ]
            for drift in found
        ),
        whole=("offer", "last"),
    )
    for sentence in _remarks(found, sum(each.number for each in sums if _is_untold(each))):
        say(sentence)


def _is_untold(each: Sum) -> bool:
    """Return whether the provider has told no bill of some attempts that it took."""
    counts_as = CountsAs.read(each.counts_as)
    return counts_as.accepted and not counts_as.settled and not counts_as.refunded


def _remarks(found: Sequence[Drift], untold: int) -> Iterator[str]:
    """Yield what the table leaves out, and what sets a quote right."""
    if untold:
        yield f"{counted(untold, 'attempt')} of which no bill was told: in no figure here"
    if any(drift.differing for drift in found):
        yield (
            "where bills differ from quotes: `anymedia prices --refresh` asks for live prices, and a price of your own "
            "is corrected in anymedia.toml, under [providers.NAME.prices]"
        )


def _json(drift: Drift) -> dict[str, Any]:
    plainly = attrs.asdict(drift, recurse=False)
    quoted, billed = plainly.pop("quoted"), plainly.pop("billed")
    return {**plainly, "quoted_usd": plain(quoted.usd), "settled_usd": plain(billed.usd)}
