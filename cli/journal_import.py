"""`anymedia journal import`: a journal that moves into another one, such as a database that several machines share."""

import asyncio
from pathlib import Path
from typing import Any

import attrs
import click

from anymedia import Config, ConfigError, load_config
from anymedia.journal import SQLiteJournal, open_journal
from anymedia.journal.imports import Imported, import_journal
from anymedia.journal.opening import is_url, path_of
from anymedia.journal.records import usd_of
from anymedia.journal.whole import Target

from .command import Command, config_option
from .text import counted, dollars, print_json, say

TOLD = 10_000
"""Attempts after which it is said how far an import has come."""


def _into(_: click.Context, __: click.Parameter, place: str | None) -> str | None:
    """Refuse a URL that names no journal."""
    try:
        if place is not None and is_url(place):
            path_of(place)
    except ConfigError as error:
        raise click.BadParameter(str(error)) from None
    return place


@click.command("import", cls=Command, example="journal import journal.db --into postgresql://media@db.example/media")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--into", callback=_into, metavar="URL", help="The journal that it moves into, in place of the configured one."
)
@click.option(
    "--undo",
    is_flag=True,
    help="Give the move up: let FILE be written again. The other journal keeps what has come, and buys again.",
)
@click.option("--gone", is_flag=True, help="With --undo: the other journal is no more.")
@config_option
def command(file: Path, into: str | None, undo: bool, gone: bool, config: Path | None, as_json: bool) -> None:
    """Move all that is in a journal's FILE into another one.

    Attempts with their texts, sums and limits of the day, idempotency keys, durations, results that came as bytes: what
    was bought before is bought no second time, and each command tells of it as before. The other journal may be in use,
    and several files can move into one. FILE must be in use by no process; a damaged one is refused.

    From the first moment on, nothing is written to FILE any more: whoever still names it in the configuration is
    refused, and told of the other journal. Nothing in it is changed or lost, and it can be read. An import that ends on
    the way goes on where it was when it is started again; until it has ended, nothing is bought under idempotency keys
    in the other journal. At its end, every attempt is compared. A password is best left in the configuration, as others
    see what a command is given.

    --json prints file, into, attempts (that were added), before (that an earlier run added), open, uncertain,
    uncollected, pruned (attempts that had gone, and whose sums came along), usd (what all of it cost or may cost),
    files (results that came as bytes) and done (whether there was nothing to do).
    """
    source = SQLiteJournal(file)
    found = load_config(config)
    if undo:
        _undo(source, found.journal if into is None else into, found, gone=gone, as_json=as_json)
        return
    if gone:
        raise click.UsageError("--gone is an option of --undo")
    target = _target(source, into, found)
    imported = asyncio.run(_imported(source, target))
    if as_json:
        facts = attrs.asdict(imported)
        usd = usd_of(facts.pop("reserved"))
        print_json({"file": str(source.path), "into": target.name, **facts, "usd": f"{usd.normalize():f}"})
    else:
        _tell(source, target, imported)


def _target(source: SQLiteJournal, into: str | None, config: Config) -> Target:
    """Return the journal that another one moves into. Errors: ConfigError."""
    place = config.journal if into is None else into
    if place is None:
        raise ConfigError("the journal is switched off (ANYMEDIA_JOURNAL, or [journal] enabled): name one with --into")
    journal: Any = open_journal(place, lease=config.lease, folder=config.folder)
    if isinstance(journal, SQLiteJournal) and journal.path == source.path:
        way = "name another one, as url in [journal] or with --into"
        raise ConfigError(f"{source.path} is the journal of the configuration itself: {way}")
    if not hasattr(journal, "take_rest"):
        raise ConfigError(f"nothing moves into {journal.name}: it ends with its process")
    target: Target = journal
    return target


async def _imported(source: SQLiteJournal, target: Target) -> Imported:
    said = 0

    def told(number: int) -> None:
        nonlocal said
        if number // TOLD > said:
            said = number // TOLD
            say(f"{number:,} attempts are there")

    try:
        return await import_journal(source, target, told)
    finally:
        await target.close()
        await source.close()


def _undo(source: SQLiteJournal, place: Path | str | None, config: Config, *, gone: bool, as_json: bool) -> None:
    """Give a move up: in the journal that it went to, unless that is gone, and then in the file.

    Errors: ConfigError where the journal that it went to is another one than a place's.
    """

    async def undone() -> str | None:
        try:
            moved = await source.heir()
            if moved is None:
                return None
            move, heir = moved
            if not gone and not await _given_up(move, heir, place, config):
                raise ConfigError(
                    f"{source.path} has moved into {heir}: name that with --into, so that it buys under idempotency "
                    "keys again; where it is no more, add --gone"
                )
            await source.reinstate()
            return heir
        finally:
            await source.close()

    heir = asyncio.run(undone())
    if as_json:
        print_json({"file": str(source.path), "undone": heir is not None})
    elif heir is None:
        say(f"{source.path} has moved nowhere: there is nothing to undo")
    else:
        say(f"{source.path} can be written again; what was bought in {heir} since is not in it")


async def _given_up(move: str, heir: str, place: Path | str | None, config: Config) -> bool:
    """Give a move up in the journal that it went to; return whether that is the one of a place."""
    if place is None:
        return False
    target: Any = open_journal(place, lease=config.lease, folder=config.folder)
    try:
        if target.name != heir:
            return False
        await target.give_up(move)
        return True
    finally:
        await target.close()


def _tell(source: SQLiteJournal, target: Target, imported: Imported) -> None:
    from .screen import Screen

    screen = Screen()
    if imported.done:
        screen.print(f"{source.path} was imported into {target.name} before: there is nothing to do")
        return
    number = imported.attempts + imported.before
    screen.print(f"{counted(number, 'attempt')} and {counted(imported.files, 'file')} of results are in {target.name}")
    if imported.pruned:
        screen.print(f"{counted(imported.pruned, 'attempt')} more had been pruned: what they cost came along")
    screen.print(f"all of them cost {dollars(usd_of(imported.reserved))}, or may: both journals agree on each")
    screen.print(
        f"{imported.open:,} open, {imported.uncertain:,} of these uncertain; {imported.uncollected:,} paid for and not "
        "saved: `anymedia resume` and `anymedia collect` take them up there"
    )
    screen.print(
        f"nothing is written to {source.path} any more: each program that used it needs the other journal as url in "
        "[journal], or in ANYMEDIA_JOURNAL"
    )
