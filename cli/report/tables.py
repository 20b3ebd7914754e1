"""The tables of a report: by day, by account, by model, by label, and prices compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial

from anymedia import Outcome, State
from anymedia.cli.spend import date_of
from anymedia.cli.text import counted

from .data import Data, Day, Price, Row
from .markup import Html, Inside, el, marked, own, together
from .words import amount, possible, rate, signed

MOST_ROWS = 100
"""How many groups a table shows; the others are counted."""

MOST_DAYS, MOST_COLUMNS = 400, 12
"""How many days have their figures, and how many accounts a column there."""

PRICES = (
    "An average is over whatever was asked for, large or small. Bills are those that the provider told, and "
    "the amounts beside them are of these alone. What other offers would have cost is not in the journal: "
    "`anymedia prices` says what they cost now."
)
"""What is to be known of prices that are compared."""

NUMBER = "number"
"""The class of what is set in figures."""


def table(caption: str, columns: Sequence[str], *bodies: Iterable[Html]) -> Html:
    """Return a table of one or several bodies of rows, all of whose columns but the first hold figures.

    Where it is too wide, it can be moved to the side.
    """
    heads = [el("th", name, scope="col", class_=NUMBER if place else None) for place, name in enumerate(columns)]
    made = el(
        "table",
        el("caption", caption),
        el("thead", el("tr", heads)),
        [el("tbody", rows) for rows in bodies],
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
    shown = rows[:MOST_ROWS]
    columns = {name: [cell(row) for row in shown] for name, cell in CELLS.items()}
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    lines = (
        line([own(row.name), _share(row.spent.usd, top)], *(cells[place] for cells in columns.values()))
        for place, row in enumerate(shown)
    )
    made = table(f"What became of the attempts of each {by}", (by, *columns), lines)
    notes = [
        _left(len(rows) - MOST_ROWS, f"cheaper {by}", "is not shown"),
        "An attempt with several labels is counted under each of them." if by == "label" else "",
    ]
    return Html(made + _notes(notes))


def known(row: Row) -> Html:
    """Return what was billed for a group, and below it for how many nobody knows it."""
    spent = row.spent
    return _sum(spent.usd, spent.unknown, partial(amount, exact=spent.exact)) if spent.accepted else Html()


def perhaps(row: Row) -> Html:
    """Return what may have been billed for a group beside."""
    spent = row.spent
    shown = partial(possible, exact=spent.uncertain_exact)
    return _sum(spent.uncertain_usd, spent.uncertain_unknown, shown) if spent.uncertain else Html()


def _sum(usd: Decimal | None, unknown: int, shown: Callable[[Decimal], str]) -> Html:
    more = el("div", f"{unknown:,} of unknown price", class_="offer") if unknown else None
    return together([None if usd is None else shown(usd), more])


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


CELLS: Mapping[str, Callable[[Row], str]] = {
    "billed": known,
    "may have been": perhaps,
    "attempts": lambda row: _count(row.number),
    "succeeded": lambda row: _count(row.count(State.SUCCEEDED)),
    "failed": lambda row: _count(row.count(State.FAILED, Outcome.REFUSED, Outcome.NOT_SENT)),
    "given back": lambda row: _count(row.spent.refunded),
    "rate": rate,
}
"""The columns of a table of groups; one that has nothing in it is left out."""


def _share(usd: Decimal | None, top: Decimal) -> Html:
    """Return a bar of a length that goes by an amount."""
    wide = f"{float((usd or Decimal(0)) / top) * 100:.1f}%" if top else "0%"
    bar = el("rect", width=wide, height="100%", class_="share")
    return el("svg", bar, class_="shares", height=4, aria_hidden="true")


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
    cells = (known(accounts[name]) if name in accounts else "" for name in names)
    return line(date_of(day.day), known(day.total), perhaps(day.total), *cells)


OFFERED = ("offer", "tasks", "each, on average", "bills", "differ", "quoted", "billed", "difference")


def prices(found: Sequence[Price]) -> Html:
    """Return what was billed against what was quoted, by model; nothing where nothing was paid for."""
    if not found:
        return Html()
    models: dict[str, list[Price]] = {}
    for price in found[:MOST_ROWS]:
        models.setdefault(price.model, []).append(price)
    bodies = (_offers(model, offers) for model, offers in models.items())
    made = table("What the offers of each model cost, the cheapest first", OFFERED, *bodies)
    return Html(made + _notes([_left(len(found) - MOST_ROWS, "offer", "is not shown"), PRICES]))


def _offers(model: str, offers: Sequence[Price]) -> Iterator[Html]:
    yield el("tr", el("th", own(model), colspan=len(OFFERED), scope="rowgroup"), class_="group")
    yield from map(_price, offers)


def _price(price: Price) -> Html:
    paid, drift, over = (own(price.offer), _count(price.paid), str(price.each)), price.drift, price.difference
    if drift is None:
        return line(*paid, *[""] * 5)
    told = "" if over is None else "none" if not over else signed(over)
    above = el("span", told, class_="drift" if over is not None and over > 0 else None)
    return line(*paid, _count(drift.settled), _count(drift.differing), str(drift.quoted), str(drift.billed), above)


def _left(number: int, what: str, is_so: str) -> str:
    """Say how many are left out; nothing where none are."""
    if number <= 0:
        return ""
    verb, _, rest = is_so.partition(" ")
    return f"{counted(number, what)} {verb if number == 1 else {'is': 'are', 'has': 'have'}[verb]} {rest}."


def _notes(notes: Iterable[str]) -> Html:
    return together([el("p", marked(note), class_="note") for note in notes if note])
