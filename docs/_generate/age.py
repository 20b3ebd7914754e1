"""When the provider's page of prices is to be checked again, as the command line has it too."""

from collections.abc import Iterable
from datetime import date, timedelta

from anymedia.cli.age import LIFE, oldest
from anymedia.declare import Adapter


def due(printed: str | None) -> date | None:
    """Return the last day on which prices of a printed date are sure to be fresh; None where there is no such day."""
    since = oldest(printed)
    return None if since is None else since + LIFE


def stale(sellers: Iterable[Adapter], on: date) -> list[str]:
    """Return a sentence for each provider whose page of prices is due to be checked again on a day, or may be."""
    return [
        f"{adapter.name}: prices of {words(adapter.printed.date)}: check the provider's page again"
        + ("" if last is None else f", since {last + timedelta(days=1)}")
        for adapter in sellers
        if (last := due(adapter.printed.date)) is None or last < on
    ]


def words(printed: str | None) -> str:
    """Return a printed date with what is not known of it."""
    since = oldest(printed)
    if since is None:
        return f"{printed} (no day is known)" if printed else "an unknown day"
    return str(printed) if since.isoformat() == printed else f"{printed} (the day is not known)"
