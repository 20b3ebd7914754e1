"""The report in the terminal: what is uncertain first, then the figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anymedia import Attempt, State
from anymedia.cli.doubt import replay_until
from anymedia.cli.journal import SHORT_ID
from anymedia.cli.text import counted

from .data import Data, Row
from .words import (
    amount,
    billed,
    cause,
    confirmed,
    damaged,
    doubtful,
    elsewhere,
    ended,
    moment,
    offer,
    pruned,
    rate,
    returned,
    selected,
)

if TYPE_CHECKING:
    from anymedia.cli.screen import Screen

MOST = 10
"""How many rows a table has; the page has more."""


def show(data: Data) -> None:
    """Print the summary of a report."""
    from anymedia.cli.screen import Screen, pairs

    screen = Screen()
    _show_uncertain(screen, data)
    screen.headline("summary", "cyan", selected(data.wanted))
    total = data.total
    screen.block(
        pairs(
            (name, told)
            for name, told in (
                ("attempts", f"{total.number:,}: {ended(total)}"),
                (
                    "billed",
                    f"{billed(total)}, {confirmed(total)}",
                ),
                ("may have been", doubtful(total)),
                (
                    "given back",
                    f"{amount(total.given_back, exact=False)}, {returned(total)}" if total.spent.refunded else "",
                ),
                ("succeeded", rate(total)),
                ("note", damaged(data)),
                ("note", pruned(data)),
            )
            if told
        )
    )
    for by, rows in (("account", data.accounts), ("model", data.models), ("label", data.labels)):
        if len(rows) > 1:
            _show_groups(screen, by, rows)
    if data.failures:
        screen.headline("what failed", "red")
        failed = [[cause(each.cause), str(each.row.number), billed(each.row)] for each in data.failures]
        screen.table(("why", "attempts", "billed"), failed)


def _show_uncertain(screen: "Screen", data: Data) -> None:
    if data.uncertain:
        screen.headline("uncertain", "yellow", "may have been billed, and is not sent again by itself")
        columns = ("attempt", "asked", "offer", "may have cost", "what can be done")
        screen.table(columns, [_doubt(attempt, data) for attempt in data.uncertain[:MOST]], whole=("attempt",))
        left = data.total.spent.uncertain - len(data.uncertain[:MOST])
        more = f"{left} more: " if left > 0 else ""
        screen.print(f"{more}`anymedia tasks show ID` shows one, `anymedia tasks settle ID` notes what you found out.")
    if more := elsewhere(data):
        screen.print(f"{more} `anymedia tasks --state uncertain` lists them.")


def _doubt(attempt: Attempt, data: Data) -> list[str]:
    until = replay_until(attempt, data.made_at)
    way = "settle it" if until is None else f"`anymedia resume --replay` until {moment(until)}"
    return [attempt.id[:SHORT_ID], moment(attempt.started_at), offer(attempt), str(attempt.order.money), way]


def _show_groups(screen: "Screen", by: str, rows: Sequence[Row]) -> None:
    screen.headline(f"by {by}", "cyan")
    shown = [
        [
            row.name,
            billed(row),
            doubtful(row),
            f"{row.number:,}",
            str(row.count(State.SUCCEEDED) or ""),
            str(row.spent.refunded or ""),
            rate(row),
        ]
        for row in rows[:MOST]
    ]
    screen.table((by, "billed", "may have been", "attempts", "succeeded", "given back", "rate"), shown)
    if len(rows) > MOST:
        screen.print(f"{counted(len(rows) - MOST, by)} more")
