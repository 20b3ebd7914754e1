"""The bars of a chart of spend: one for each day, or for each week, month or year where there are many days."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import attrs

from anymedia.cli.spend import EPOCH
from anymedia.model.money import EXACT

from .data import Day, Row

MOST = 62
"""How many bars are drawn at most; what is before them is in the table alone."""


@attrs.frozen
class Part:
    """What an account has of a bar, in USD: what was billed, and what may have been beside."""

    name: str
    usd: Decimal
    doubt: Decimal


@attrs.frozen
class Bar:
    """A bar, by the name of the days that it is for, and its parts."""

    name: str
    parts: Sequence[Part]

    @property
    def usd(self) -> Decimal:
        """How high it is."""
        return added(amount for part in self.parts for amount in (part.usd, part.doubt))


@attrs.frozen
class Span:
    """A time that a bar is for: its name, about how many days it is long, how it begins, and how it is written."""

    name: str
    days: int
    begin: Callable[[date], date]
    form: str


SPANS = (
    Span("day", 1, lambda day: day, "%Y-%m-%d"),
    Span("week", 7, lambda day: day - timedelta(days=day.weekday()), "week of %Y-%m-%d"),
    Span("month", 31, lambda day: day.replace(day=1), "%Y-%m"),
    Span("year", 366, lambda day: day.replace(month=1, day=1), "%Y"),
)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of amounts, exactly."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def span_of(days: Sequence[Day]) -> Span:
    """Return what the bars of these days are for: the shortest span of which there are not too many."""
    between = days[-1].day - days[0].day
    return next((span for span in SPANS if between // span.days < MOST), SPANS[-1])


def bars(days: Sequence[Day]) -> list[Bar]:
    """Return the bars of some days that come in order, or of the last of them; those between have a bar too."""
    if not days:
        return []
    span, first, last = span_of(days), _date(days[0].day), _date(days[-1].day)
    begins = [span.begin(last)]
    while begins[-1] > first and len(begins) < MOST:
        begins.append(span.begin(begins[-1] - timedelta(days=1)))
    found: dict[date, dict[str, list[Row]]] = {begin: {} for begin in reversed(begins)}
    for day in days:
        for row in day.accounts if span.begin(_date(day.day)) in found else ():
            found[span.begin(_date(day.day))].setdefault(row.name, []).append(row)
    return [Bar(begin.strftime(span.form), [*map(_part, parts.values())]) for begin, parts in found.items()]


def _part(rows: Sequence[Row]) -> Part:
    """Return what one account has of a bar; what has no known price has no height."""
    return Part(
        rows[0].name,
        added(row.spent.usd or Decimal(0) for row in rows),
        added(row.spent.uncertain_usd or Decimal(0) for row in rows),
    )


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
