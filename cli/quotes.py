"""Quotes, as JSON and as a table."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from anymedia import Money, Quote
from anymedia.declare.numbers import as_word
from anymedia.model.quote import REFUSED

from .age import LIFE, STALE, Ages
from .fields import in_flags
from .takes import worded
from .text import dollars, in_credits, plain

if TYPE_CHECKING:
    from .screen import Cell, Screen


def quote_json(quote: Quote) -> dict[str, Any]:
    """Return a quote as JSON."""
    money = quote.money
    amounts = {"usd": plain(money.usd), "list_usd": plain(money.list_usd), "credits": plain(money.credits)}
    return {
        "offer": quote.offer,
        "provider": quote.provider,
        "account": quote.account,
        "model": quote.model,
        "status": quote.status,
        "money": {**amounts, "got": money.got, "date": money.date, "source": money.source},
        "tasks": quote.tasks,
        "works": quote.works,
        "depends_on": dict(quote.depends_on),
        "reasons": list(quote.reasons),
        "notices": list(quote.notices),
    }


# As a table

COLUMNS = ("", "offer", "billed", "tasks", "depends on", "date, age and source")
PIPED = (
    "",
    "offer",
    "account",
    "status",
    "billed",
    "list",
    "credits",
    "tasks",
    "depends on",
    "date",
    "age",
    "source",
    "reasons",
)

MARKS = {
    "*": "the cheapest",
    "~": "not exact: see below",
    STALE: f"older than {LIFE.days} days: check the provider's page again",
}


def show_quotes(quotes: Sequence[Quote], ages: Ages) -> None:
    """Print what quotes say, those that were refused last."""
    from .screen import Screen, pairs

    screen = Screen()
    cheapest = min((quote.money.bound for quote in quotes if quote.money.bound is not None), default=None)
    if not screen.is_terminal:
        screen.table(PIPED, (_piped(quote, cheapest, ages) for quote in quotes))
        return
    taken = [quote for quote in quotes if quote.status != REFUSED]
    if taken:
        _show_table(screen, taken, cheapest, ages)
        _show_marks(screen, taken, ages)
    priced = [quote for quote in taken if quote.money.usd is not None]
    refused = [quote for quote in quotes if quote.status == REFUSED]
    for title, style, some, told in (
        ("why it is not exact", "cyan", priced, reasons_of),
        ("ends soon", "yellow", taken, _notices),
        ("refused", "red", refused, reasons_of),
    ):
        rows = [("\n".join(_names(quote)), "\n".join(told(quote))) for quote in some if told(quote)]
        if rows:
            screen.headline(title, style)
            screen.block(pairs(rows), "")


def _show_table(screen: "Screen", quotes: Sequence[Quote], cheapest: Decimal | None, ages: Ages) -> None:
    """Print a table of quotes, without the columns that say nothing of any of them."""
    rows = [_row(quote, cheapest, ages) for quote in quotes]
    told = {"tasks": any(tasks_of(quote) != ["1"] for quote in quotes)}
    told["depends on"] = any(quote.depends_on for quote in quotes)
    columns = [name for name in COLUMNS if told.get(name, True)]
    screen.table(columns, ([row[name] for name in columns] for row in rows), whole=("offer", "billed"))


def _row(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "dict[str, Cell]":
    from rich.text import Text

    best, age = _is(quote, cheapest), ages(quote)
    billed = Text("\n".join([str(quote.money), *_listed(quote.money)]), "bold green" if best else "")
    known = Text("\n".join(_known(quote, ages)), "yellow" if age.endswith(STALE) else "")
    depends_on = [_short(field, value) for field, value in quote.depends_on.items()]
    cells = (_mark(quote, cheapest), _names(quote), billed, tasks_of(quote), depends_on, known)
    return dict(zip(COLUMNS, cells, strict=True))


def _known(quote: Quote, ages: Ages) -> Iterator[str]:
    """Yield since when a price is known, and where from; of an unknown one why it is not."""
    if quote.money.usd is None:
        yield from reasons_of(quote)
        return
    yield ", ".join(filter(None, [ages.since(quote), ages(quote)]))
    if quote.money.source:
        yield f"live: {quote.money.source}" if quote.money.got == "live" else quote.money.source


def _piped(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "list[Cell]":
    money, refused = quote.money, quote.status == REFUSED
    return [
        _mark(quote, cheapest),
        quote.offer,
        quote.account,
        quote.status,
        "-" if refused else str(money),
        plain(money.list_usd) or "-",
        plain(money.credits) or "-",
        tasks_of(quote),
        [f"{field} {_word(value)}" for field, value in quote.depends_on.items()] or "-",
        ages.since(quote) or "-",
        ages(quote) or "-",
        money.source or "-",
        "; ".join([*reasons_of(quote), *_notices(quote)]) or "-",
    ]


def _is(quote: Quote, cheapest: Decimal | None) -> bool:
    return cheapest is not None and quote.money.bound == cheapest


def _mark(quote: Quote, cheapest: Decimal | None) -> str:
    return "*" if _is(quote, cheapest) else ""


def _names(quote: Quote) -> list[str]:
    return [quote.offer] if quote.account == quote.provider else [quote.offer, f"at {quote.account}"]


def _listed(money: Money) -> Iterator[str]:
    """Yield what the page prints where that is not what is billed, and the provider's own unit."""
    if money.list_usd not in (None, money.usd):
        yield f"list {dollars(money.list_usd)}"
    if money.credits is not None:
        yield in_credits(money.credits)


def tasks_of(quote: Quote) -> list[str]:
    """Return how many tasks it takes, and how many works they make where that is another number."""
    return [str(quote.tasks), *([] if quote.works == quote.tasks else [f"makes {quote.works}"])]


def reasons_of(quote: Quote) -> list[str]:
    """Return why a quote is not exact, or refused, with the flags of what it names."""
    return list(map(in_flags, quote.reasons))


def _notices(quote: Quote) -> list[str]:
    """Return what else is to be known of an offer."""
    return list(quote.notices)


def _short(field: str, value: object) -> str:
    """Return what a price depends on as it fits into a narrow column."""
    told = worded(field, value)
    return told.replace(" ", "\n") if value in (None, "dearest") else told


def _word(value: object) -> str:
    return "unknown" if value is None else as_word(value)


def _show_marks(screen: "Screen", quotes: Sequence[Quote], ages: Ages) -> None:
    prices = "".join(str(quote.money) for quote in quotes)
    shown = "".join([prices, *map(ages, quotes), "*" if "$" in prices else ""])
    told = [f"{mark} {words}" for mark, words in MARKS.items() if mark in shown]
    screen.block(*told, *([""] if told else []))
