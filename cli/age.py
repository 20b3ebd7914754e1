"""How old a price is, and whether to check the provider's page again."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import attrs

from anymedia import Quote

from .text import counted

LIFE = timedelta(days=120)
"""How long a price is believed before the provider's page is checked again."""


@attrs.frozen
class Ages:
    """How old prices are today; live ones are as old as the answer that gave them."""

    today: date
    told: Mapping[tuple[str, str], date]

    def __call__(self, quote: Quote) -> str:
        """Return the age of a quote's price in words."""
        if quote.money.got == "override":
            return "yours"
        since = self.since(quote)
        first = oldest(since)
        if first is None:
            return "" if quote.money.usd is None else "no date"
        days = max((self.today - first).days, 0)
        return f"{'' if first.isoformat() == since else 'up to '}{counted(days, 'day')}"

    def since(self, quote: Quote) -> str | None:
        """Return the day on which a quote's price was printed, or on which the provider told it."""
        money = quote.money
        told = self.told.get((quote.account, quote.offer)) if money.got == "live" else None
        return money.date if told is None else told.isoformat()

    def remark(self, quotes: Iterable[Quote]) -> str:
        """Return the sentence on those of the prices that are old; nothing where none is."""
        known = (quote for quote in quotes if quote.money.usd is not None and quote.money.got != "override")
        return remark({quote.account: self.since(quote) for quote in known}, self.today)


def remark(printed: Mapping[str, str | None], today: date) -> str:
    """Return the sentence on whose prices are old, of those printed on these days; nothing where none are."""
    old = [f"{name} ({since or 'no date'})" for name, since in printed.items() if is_old(since, today)]
    return f"older than {LIFE.days} days, so look at the provider's page too: {', '.join(old)}" if old else ""


def is_old(printed: str | None, today: date) -> bool:
    """Return whether prices of a printed date are, or may be, older than they are believed."""
    first = oldest(printed)
    return first is None or today - first > LIFE


def oldest(printed: str | None) -> date | None:
    """Return the first day that a date can mean ("2026" is any day of 2026); None where it names none."""
    if printed is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}", printed):
        return None
    try:
        return date.fromisoformat(printed + "0000-01-01"[len(printed) :])
    except ValueError:
        return None
