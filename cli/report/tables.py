"""The tables of a report: by day, by account, by model, by label, and prices compared."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from anymedia import State
from anymedia.cli.spend import date_of
from anymedia.cli.text import counted

from .data import Data, Day, Price, Row
from .markup import Html, Inside, el, own, together
from .words import billed, doubtful, rate, signed

MOST_ROWS = 100
"""How many groups a table shows; the others are counted."""

MOST_DAYS, MOST_COLUMNS = 400, 12
"""How many days have their figures, and how many accounts a column there."""

PRICES = (
    "An average is over whatever was asked for, large or small. Bills are those that the provider told, and "
    "the amounts beside them are of these alone. What other offers would have cost is not in the journal: `anymedia prices` says "
    "what they cost now."
)
"""What is to be known of prices that are compared."""

NUMBER = "number"
"""The class of what is set in figures."""


def table(caption: str, columns: Sequence[str], rows: Iterable[Html], *, foot: Html | None = None) -> Html:
    """Return a table that can be moved to the side where it is too wide; all columns but the first hold figures."""
    heads = [el("th", name, scope="col", class_=NUMBER if place else None) for place, name in enumerate(columns)]
    made = el(
        "table",
        el("caption", caption),
        el("thead", el("tr", heads)),
        el("tbody", rows),
        None if foot is None else el("tfoot", foot),
    )
    return el("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def line(name: Inside, *cells: Inside) -> Html:
    """Return a row of a table, which its first cell names."""
    return el("tr", el("th", name, scope="row"), [el("td", cell, class_=NUMBER) for cell in cells])


def groups(by: str, rows: Sequence[Row]) -> Html:
    """Return what became of each group, the dearest first; nothing where nothing is grouped."""
    if not rows or (by == "label" and [row.name for row in rows] == ["no label"]):
        return Html()
    top = max((row.spent.usd or Decimal(0) for row in rows), default=Decimal(0))
    columns = (by, "billed", "may have been", "attempts", "succeeded", "failed", "given back", "rate")
    shown = [
        line(
            own(row.name),
            [_share(row.spent.usd, top), billed(row)],
            doubtful(row),
            str(row.number),
            _count(row.count(State.SUCCEEDED)),
            _count(row.count(State.FAILED, "refused", "not sent")),
            _count(row.spent.refunded),
            rate(row),
        )
        for row in rows[:MOST_ROWS]
    ]
    made = table(f"What became of the attempts of each {by}", columns, shown)
    notes = [
        _left(len(rows) - MOST_ROWS, f"{by} that cost less", "is not shown"),
        "An attempt with several labels is counted under each of them." if by == "label" else "",
    ]
    return Html(made + _notes(notes))


def _count(number: int) -> str:
    return str(number or "")


def _share(usd: Decimal | None, top: Decimal) -> Html:
    """Return a bar of a length that goes by an amount."""
    wide = f"{float((usd or Decimal(0)) / top) * 100:.1f}%" if top else "0%"
    bar = el("rect", width=wide, height="100%", class_="share")
    return el("svg", bar, class_="shares", width=72, height=8, aria_hidden="true")


def by_day(data: Data) -> Html:
    """Return the table behind the chart, which opens on demand."""
    if not data.days:
        return Html()
    names = [row.name for row in data.accounts[:MOST_COLUMNS]]
    shown = [_day(day, names) for day in data.days[: -MOST_DAYS - 1 : -1]]
    made = table("What was billed on each day, at each account", ("day", "all", "may have been", *names), shown)
    notes = [
        _left(len(data.accounts) - MOST_COLUMNS, "account", "has no column"),
        _left(len(data.days) - MOST_DAYS, "earlier day", "is not shown"),
    ]
    return el("details", el("summary", "The figures of each day"), made, _notes(notes))


def _day(day: Day, names: Sequence[str]) -> Html:
    accounts = {row.name: row for row in day.accounts}
    cells = (billed(accounts[name]) if name in accounts else "" for name in names)
    return line(date_of(day.day), billed(day.total), doubtful(day.total), *cells)


def prices(found: Sequence[Price]) -> Html:
    """Return what was billed against what was quoted; nothing where nothing was paid for."""
    if not found:
        return Html()
    columns = (
        "model and offer",
        "tasks",
        "each, on average",
        "bills",
        "differ",
        "quoted",
        "billed",
        "above the quotes",
    )
    made = table("What the offers of each model cost, the cheapest first", columns, map(_price, found[:MOST_ROWS]))
    notes = [
        _left(len(found) - MOST_ROWS, "offer", "is not shown"),
        PRICES,
    ]
    return Html(made + _notes(notes))


def _price(price: Price) -> Html:
    name = [own(price.model), el("br"), own(price.offer, class_="offer")]
    drift = price.drift
    if drift is None:
        return line(name, str(price.paid), str(price.each), "", "", "", "", "")
    over = price.difference
    told = "" if over is None else "none" if not over else signed(over)
    figures = (str(drift.settled), _count(drift.differing), str(drift.quoted), str(drift.billed))
    return line(name, str(price.paid), str(price.each), *figures, el("span", told, class_="drift" if over else None))


def _left(number: int, what: str, is_so: str) -> str:
    """Say how many are left out; nothing where none are."""
    if number <= 0:
        return ""
    verb, _, rest = is_so.partition(" ")
    return f"{counted(number, what)} {verb if number == 1 else {'is': 'are', 'has': 'have'}[verb]} {rest}."


def _notes(notes: Iterable[str]) -> Html:
    return together([el("p", note, class_="note") for note in notes if note])
