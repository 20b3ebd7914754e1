"""When the provider's page of prices is to be checked again, as the command line has it too."""

from collections.abc import Iterable
from datetime import date

from anymedia.cli.age import LIFE, oldest, remark
from anymedia.declare import Adapter


def due(printed: str | None) -> date | None:
    """Return the last day on which prices of a printed date are sure to be fresh; None where there is no such day."""
    since = oldest(printed)
    return None if since is None else since + LIFE


def stale(sellers: Iterable[Adapter], on: date) -> str:
    """Return the sentence on the providers whose prices are old on a day, or may be; nothing where none are."""
    return remark({adapter.name: adapter.printed.date for adapter in sellers}, on)


def words(printed: str | None) -> str:
    """Return a printed date with what is not known of it."""
    since = oldest(printed)
    if since is None:
        return f"{printed} (no day is known)" if printed else "an unknown day"
    return str(printed) if since.isoformat() == printed else f"{printed} (the day is not known)"
