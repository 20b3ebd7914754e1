"""Quotes, as JSON and as a table."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from anymedia import Quote
from anymedia.declare.numbers import as_word
from anymedia.model.quote import REFUSED

from .age import Ages
from .fields import flag, in_flags
from .takes import worded
from .text import dollars, plain, together, with_credits

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

COLUMNS = ("", "offer", "billed", "tasks", "depends on", "price of")
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

MARKS = {"*": "the cheapest", "~": "not exact"}


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
    priced = [quote for quote in taken if quote.money.usd is not None]
    refused = [quote for quote in quotes if quote.status == REFUSED]
    for title, style, some, told in (
        ("notes", "cyan", taken, _notes),
        ("ends soon", "yellow", taken, _notices),
        ("refused", "red", refused, reasons_of),
        ("where the prices stand", "cyan", priced, _sources),
    ):
        if rows := [*_alike(some, told)]:
            screen.headline(title, style)
            screen.block(pairs(rows), "")


def _show_table(screen: "Screen", quotes: Sequence[Quote], cheapest: Decimal | None, ages: Ages) -> None:
    """Print a table of quotes, without the columns that say nothing of any of them, and what its marks mean."""
    rows = [_row(quote, cheapest, ages) for quote in quotes]
    told = {"tasks": any(tasks_of(quote) != ["1"] for quote in quotes)}
    told["depends on"] = any(quote.depends_on for quote in quotes)
    columns = [name for name in COLUMNS if told.get(name, True)]
    screen.table(columns, ([row[name] for name in columns] for row in rows), whole=("offer", "billed", "price of"))
    shown = "".join(_mark(quote, cheapest) + str(quote.money) for quote in quotes)
    marks = [f"{mark} {words}" for mark, words in MARKS.items() if mark in shown]
    if remarks := [*filter(None, (", ".join(marks), _unlike(quotes), ages.remark(quotes)))]:
        screen.block(*remarks, "")


def _unlike(quotes: Sequence[Quote]) -> str:
    """Return which fields that prices go by are not the same for all: the cheapest may be another work then."""
    seen: dict[str, set[str]] = {}
    for quote in quotes:
        for field, value in quote.depends_on.items():
            seen.setdefault(field, set()).add(worded(field, value))
    unlike = [flag(field) for field, values in seen.items() if len(values) > 1]
    return f"not the same work everywhere: give {together(unlike)} to compare like with like" if unlike else ""


def _row(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "dict[str, Cell]":
    from rich.text import Text

    billed = Text(with_credits(quote.money), "bold green" if _is(quote, cheapest) else "")
    depends_on = ", ".join(worded(field, value) for field, value in quote.depends_on.items())
    since = "yours" if quote.money.got == "override" else ages.since(quote) or ""
    cells = (_mark(quote, cheapest), _names(quote), billed, ", ".join(tasks_of(quote)), depends_on, since)
    return dict(zip(COLUMNS, cells, strict=True))


def _alike(quotes: Sequence[Quote], told: Callable[[Quote], Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield the names of quotes and what is told of them, which is told once of those of which it is the same."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for quote in quotes:
        alike.setdefault(tuple(told(quote)), []).extend(_names(quote))
    yield from (("\n".join(names), "\n".join(lines)) for lines, names in alike.items() if lines)


def _notes(quote: Quote) -> list[str]:
    """Return what the page prints where that is not what is billed, and why the price is not exact, or not known."""
    money = quote.money
    printed = [] if money.list_usd in (None, money.usd) else [f"printed as {dollars(money.list_usd)}"]
    return [*printed, *reasons_of(quote)]


def _sources(quote: Quote) -> list[str]:
    source = quote.money.source
    return [] if source is None else [f"live: {source}" if quote.money.got == "live" else source]


def _piped(quote: Quote, cheapest: Decimal | None, ages: Ages) -> "list[Cell]":
    money, refused = quote.money, quote.status == REFUSED
    return [
        _mark(quote, cheapest),
        quote.offer,
        quote.account,
        quote.status,
        "-" if refused else str(money),
        "-" if money.list_usd is None else dollars(money.list_usd),
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


def tasks_of(quote: Quote) -> list[str]:
    """Return how many tasks it takes, and how many works they make where that is another number."""
    if quote.status == REFUSED:
        return ["-"]
    return [str(quote.tasks), *([] if quote.works == quote.tasks else [f"makes {quote.works}"])]


def reasons_of(quote: Quote) -> list[str]:
    """Return why a quote is not exact, or refused, with the flags of what it names."""
    return list(map(in_flags, quote.reasons))


def _notices(quote: Quote) -> list[str]:
    """Return what else is to be known of an offer."""
    return list(quote.notices)


def _word(value: object) -> str:
    return "unknown" if value is None else as_word(value)
