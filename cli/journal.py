"""The journal for the commands that read it: how it is opened, since when it is read, and what in it is uncertain.

No client is imported for it, so that these commands answer at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from anymedia import Attempt, Config, ConfigError, load_config, to_json
from anymedia.clock import Clock
from anymedia.errors import JournalError
from anymedia.journal import Ledger, open_journal
from anymedia.journal.counts_as import UNCERTAIN, of_attempt
from anymedia.journal.info import Database
from anymedia.model.spellings import span

from .text import counted, say
from .values import labels as named

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

SHORT_ID = 8
"""Letters of an attempt's id that are shown."""


def with_journal(config: Config, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Open the journal of a configuration, do something with it, close it, and return what came of it.

    Errors: ConfigError when it is switched off, JournalError.
    """
    if config.journal is None:
        raise ConfigError("the journal is switched off (ANYMEDIA_JOURNAL, or [journal] enabled)")
    journal = open_journal(config.journal, lease=config.lease, folder=config.folder)
    return asyncio.run(_with(Ledger(journal, prompts=config.prompts), work))


def say_where(config: Config) -> None:
    """Say that there is no journal where one is looked for: nothing was bought with it, or its path is wrong."""
    if isinstance(config.journal, Path) and not config.journal.exists():
        say_none(str(config.journal))


def say_none(name: str) -> None:
    """Say that there is no journal of a name."""
    say(f"there is no journal at {name} yet")


def use_journal(config: Config, work: Callable[[Ledger], Awaitable[T]], *, writes: bool = False) -> T:
    """Do as with_journal, and say where there is no journal yet, or it has moved; what `writes` is refused then."""

    async def done(ledger: Ledger) -> T:
        if writes:
            await ledger.check_stays()
        else:
            await _say_moved(ledger)
        return await work(ledger)

    say_where(config)
    return with_journal(config, done)


async def _say_moved(ledger: Ledger) -> None:
    """Say of a journal that has moved that it tells of nothing that was bought since."""
    moved = None
    with suppress(JournalError):  # whatever is in the way is told by what reads it
        moved = await ledger.journal.heir()
    if moved is not None:
        say(f"warning: {ledger.journal.name} was imported into {moved[1]}: what was bought since is not in it")


async def _with(ledger: Ledger, work: Callable[[Ledger], Awaitable[T]]) -> T:
    try:
        with suppress(JournalError):  # whatever is in the way is told by the work
            await ledger.catch_up()
        return await work(ledger)
    finally:
        await ledger.close()


def read_journal(path: Path | None, work: Callable[[Ledger], Awaitable[T]], *, writes: bool = False) -> T:
    """Do as use_journal with the journal that a config file names, or the config file that is found."""
    return use_journal(load_config(path), work, writes=writes)


def database_lines(database: Database) -> Iterator[str]:
    """Yield what is to be known of a database, and of what waits on this machine for it."""
    version = database.version.partition(" ")[0]
    yield f"PostgreSQL {version}; its clock is {abs(database.ahead):.1f} s off this machine's"
    dead = f", and {counted(database.dead, 'owner')} died: `anymedia resume` looks at what they left"
    yield f"{counted(database.alive, 'owner')} alive{dead if database.dead else ''}"
    if database.spooled:
        yield f"{counted(database.spooled, 'outcome')} on this machine still to be written: each command tries that"
    if database.aside:
        yield f"{counted(database.aside, 'outcome')} on this machine that nobody can write: the log said why"


def since_option(function: F) -> F:
    """Add --since."""
    option = click.option(
        "--since", callback=_since, metavar="T", help="Not before: a date, a time (UTC), or an age like 2h, 7d, 1h30m."
    )
    return option(function)


def label_option(function: F) -> F:
    """Add --label."""
    option = click.option(
        "--label",
        "labels",
        multiple=True,
        callback=named,
        metavar="NAME=VALUE",
        help="Attempts with this label alone; with several, those that have all of them.",
    )
    return option(function)


def _since(ctx: click.Context, _: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return moment(text, (ctx.obj or Clock()).now())
    except (ValueError, OverflowError):
        raise click.BadParameter(f"must be a date, a time, or an age like 2h, 7d, not {text!r}") from None


def ahead(ctx: click.Context, _: click.Parameter, text: str | None) -> datetime | None:
    """Return the time that a text names; an age is one from now on. Errors: BadParameter."""
    now: datetime = (ctx.obj or Clock()).now()
    try:
        return None if text is None else now + (now - moment(text, now)) if text[-1:].isalpha() else moment(text, now)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"must be an age like 24h, 7d, a date or a time, not {text!r}") from None


def moment(text: str, now: datetime) -> datetime:
    """Return the time that a text names: in UTC, unless it says otherwise. Errors: ValueError, OverflowError."""
    age = span(text) if text[-1:].isalpha() else None  # without a unit it is a date, like 20261201
    if age is not None:
        return now - timedelta(seconds=age)
    is_time = text[2:3] == ":"
    named = datetime.combine(now.date(), time.fromisoformat(text)) if is_time else datetime.fromisoformat(text)
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named.astimezone(UTC)


def is_uncertain(attempt: Attempt) -> bool:
    """Return whether it may have been billed, and no task is known of it."""
    return of_attempt(attempt) == UNCERTAIN


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON, with where it stands."""
    return {"status": attempt.status, **to_json(attempt)}


def when(moment: datetime) -> str:
    """Return a time as it is shown, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M}"
