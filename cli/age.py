"""How old a price is, and whether to check the provider's page again."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

import attrs

from anymedia import Quote

from .text import counted

LIFE = timedelta(days=120)
"""How long a price is believed before the provider's page is checked again."""

STALE = "(!)"
"""The mark of a price that is older."""


@attrs.frozen
class Ages:
    """How old prices are today; live ones are as old as the answer that gave them."""

    today: date
    told: Mapping[tuple[str, str], date]

    def __call__(self, quote: Quote) -> str:
        """Return the age of a quote's price in words, with a mark where it is too old."""
        if quote.money.got == "override":
            return "yours"
        since = self.since(quote)
        first = oldest(since)
        if first is None:
            return "" if quote.money.usd is None else "no date"
        days = max((self.today - first).days, 0)
        words = f"{'' if first.isoformat() == since else 'up to '}{counted(days, 'day')}"
        return f"{words} {STALE}" if timedelta(days) > LIFE else words

    def since(self, quote: Quote) -> str | None:
        """Return the day on which a quote's price was printed, or on which the provider told it."""
        money = quote.money
        told = self.told.get((quote.account, quote.offer)) if money.got == "live" else None
        return money.date if told is None else told.isoformat()


def oldest(printed: str | None) -> date | None:
    """Return the first day that a date can mean ("2026" is any day of 2026); None where it names none."""
    if printed is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}", printed):
        return None
    try:
        return date.fromisoformat(printed + "0000-01-01"[len(printed) :])
    except ValueError:
        return None
