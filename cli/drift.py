"""Where the bill differed from the quote: what `anymedia prices --drift` shows."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from anymedia import Attempt, Money, PriceStatus, State, Task
from anymedia.model.money import total

from .journal import read_journal
from .spend import is_refunded
from .text import plain, print_json, say


@attrs.frozen(kw_only=True)
class Drift:
    """What became of an offer's quotes: how many of the `settled` attempts cost another price, and the sums.

    `settled` attempts are those whose bill the provider reported. `free` attempts succeeded and were billed nothing, as
    a first call may be: they are in no other figure. `unquoted` ones were billed at a price that nobody had known; with
    one of them the quoted sum is unknown. `last` is the last day.
    """

    offer: str
    settled: int
    differing: int
    unquoted: int
    free: int
    quoted: Money
    billed: Money
    last: str


def drifts(attempts: Iterable[Attempt]) -> list[Drift]:
    """Return how the bills of each offer compare with its quotes, as far as providers say what they took."""
    offers: dict[str, list[tuple[Attempt, Task]]] = {}
    for attempt in attempts:
        task = attempt.task
        if task is None or attempt.order.offer is None or task.money.got != "settled" or not task.state.final:
            continue
        if not is_refunded(attempt) and (task.state is State.SUCCEEDED or task.money.usd != 0):
            offers.setdefault(attempt.order.offer, []).append((attempt, task))
    return [_drift(offer, offers[offer]) for offer in sorted(offers)]


def _drift(offer: str, ends: Sequence[tuple[Attempt, Task]]) -> Drift:
    paid = [(attempt, task) for attempt, task in ends if task.money.usd != 0]
    return Drift(
        offer=offer,
        settled=len(paid),
        differing=sum(attempt.drift is not None for attempt, _ in paid),
        unquoted=sum(attempt.order.money.usd is None for attempt, _ in paid),
        free=len(ends) - len(paid),
        quoted=_sum(attempt.order.money for attempt, _ in paid),
        billed=_sum(task.money for _, task in paid),
        last=max(task.money.date or attempt.started_at.date().isoformat() for attempt, task in ends),
    )


def _sum(moneys: Iterable[Money]) -> Money:
    return total([Money(usd=Decimal(0), status=PriceStatus.EXACT), *moneys])


# Shown

COLUMNS = ("offer", "bills", "differ", "free", "quoted", "billed", "last")


def show_drift(config: Path | None, *, as_json: bool) -> None:
    """Print how the bills in the journal compare with their quotes."""
    found = drifts(read_journal(config, lambda ledger: ledger.attempts()))
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


def _json(drift: Drift) -> dict[str, Any]:
    plainly = attrs.asdict(drift, recurse=False)
    quoted, billed = plainly.pop("quoted"), plainly.pop("billed")
    return {**plainly, "quoted_usd": plain(quoted.usd), "settled_usd": plain(billed.usd)}
