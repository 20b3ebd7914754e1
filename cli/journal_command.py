"""`anymedia journal`: what the journal holds, what of it may go, a copy of it, and all of it as lines of JSON."""

import os
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar

import attrs
import click

from anymedia import Attempt, ConfigError, load_config
from anymedia.clock import Clock, midnight
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.journal.info import Info, Looked
from anymedia.journal.new_file import new_file
from anymedia.journal.private import without_prompts
from anymedia.model.paths import expanded
from anymedia.model.plain import sized

from .command import Command, Group, config_option
from .journal import attempt_json, database_lines, moment, say_none, since_option, use_journal, when
from .journal_import import command as import_command
from .text import counted, json_of, print_json, say

T = TypeVar("T")

OLD = timedelta(days=90)
"""How old attempts are of which `info` says what a prune would take."""

STDOUT = Path("-")

NO_COMPACTION = "PostgreSQL uses the room of what is pruned by itself (autovacuum); leave out --compact"


@click.group("journal", cls=Group, example="journal info", subcommand_metavar="COMMAND [ARGS]...")
def command(as_json: bool) -> None:
    """Look after the journal: what it holds, what may go, a copy.

    Nothing is sent, and other processes may buy meanwhile.
    """


def _with_kept(config: Path | None, work: Callable[[Ledger, Looked], Awaitable[T]], *, writes: bool = False) -> T:
    """Do something with the journal that a configuration names. Errors: ConfigError where it is kept nowhere."""

    async def done(ledger: Ledger) -> T:
        journal: Any = ledger.journal
        if not hasattr(journal, "info"):
            raise ConfigError(f"the journal is {journal.name}: it ends with its process, and has no file")
        looked: Looked = journal
        return await work(ledger, looked)

    return use_journal(load_config(config), done, writes=writes)


def _file_of(journal: Looked, instead: str) -> SQLiteJournal:
    """Return a journal that is a file. Errors: ConfigError, which says what to do instead."""
    if isinstance(journal, SQLiteJournal):
        return journal
    raise ConfigError(f"the journal is {journal.name}, and no file: {instead}")


# What it holds


@command.command("info", cls=Command, example="journal info")
@config_option
@click.pass_obj
def info(clock: Clock, config: Path | None, as_json: bool) -> None:
    """Show what the journal holds, and how much of it may go.

    Attempts by where they stand, what is open, uncertain or nowhere on your disks, how much of the file is texts (what
    was asked, sent and answered), and what `prune --older-than 90d` would take.

    --json prints path, form, bytes, unused, results, results_bytes, room, attempts, statuses, open, uncertain,
    uncollected, first, last, pruned, texts, old, old_texts and old_uncollected (attempts that such a prune would leave
    for the sake of results that were never saved and may still be fetched) and importing (the journal whose import into
    this one has not ended); null where there is no journal yet.
    `database` is null where it is a file, else it has version, ahead (seconds by which this machine's clock is ahead of
    the server's), alive and dead (owners), spooled and aside (outcomes that wait on this machine, and that cannot be
    written).
    """
    now = clock.now()
    before = midnight(now - OLD)

    async def found(ledger: Ledger, journal: Looked) -> tuple[Info | None, datetime | None]:
        told = await journal.info(before.timestamp(), now.timestamp())
        if told is None and not isinstance(journal, SQLiteJournal):  # of a file it is said already
            say_none(journal.name)
        return told, await ledger.pruned()

    told, pruned = _with_kept(config, found)
    if as_json:
        print_json(None if told is None else _info_json(told, pruned))
    if as_json or told is None:
        return
    from .screen import Screen, pairs

    Screen().print(pairs(_info(told, pruned)))


def _info_json(told: Info, pruned: datetime | None) -> dict[str, Any]:
    facts = attrs.asdict(told)
    times = {name: None if facts[name] is None else _moment(facts[name]).isoformat() for name in ("first", "last")}
    return {
        **facts,
        **times,
        "attempts": sum(told.statuses.values()),
        "pruned": None if pruned is None else pruned.isoformat(),
    }


def _info(told: Info, pruned: datetime | None) -> Iterator[tuple[str, str]]:
    number = sum(told.statuses.values())
    yield "journal", told.path
    yield "form", str(told.form)
    free = "" if told.unused is None else f", of which {sized(told.unused)} are free for new attempts"
    yield "size", f"{sized(told.bytes)}{free}"
    if told.database is not None:
        yield from (("database", said) for said in database_lines(told.database))
    yield "texts", f"{sized(told.texts)}: what was asked, sent and answered"
    yield "results", f"{counted(told.results, 'file')} in results/, {sized(told.results_bytes)}"
    yield "disk", f"{sized(told.room)} free"
    states = ", ".join(f"{many:,} {status}" for status, many in sorted(told.statuses.items()))
    yield "attempts", f"{number:,}: {states}" if number else "none"
    if told.first is not None and told.last is not None:
        yield "from", f"{when(_moment(told.first))} to {when(_moment(told.last))} UTC"
    if told.importing is not None:
        yield (
            "import",
            f"that of {told.importing} has not ended: `anymedia journal import {told.importing}` goes on with it",
        )
    if pruned is not None:
        yield "pruned", f"attempts from before {pruned:%Y-%m-%d}; what they cost is kept"
    yield "open", f"{told.open:,}"
    yield "uncertain", f"{told.uncertain:,}"
    yield "uncollected", f"{told.uncollected:,}, paid for and not saved"
    old = f"{counted(told.old, 'attempt')} and {sized(told.old_texts)} of texts" if told.old else "nothing"
    yield f"older than {OLD.days} d", f"`anymedia journal prune --older-than {OLD.days}d` takes {old}"
    if told.old_uncollected:
        yield "", _stay(told.old_uncollected)


def _stay(number: int, *, did: bool = False) -> str:
    stay = f"{counted(number, 'attempt')} {'stayed' if did else 'would stay'}"
    return f"{stay}: paid for, never saved, and perhaps still to be had; `anymedia collect` saves them"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), datetime.max.replace(tzinfo=UTC).timestamp() - 1), UTC)


# What of it may go


def _before(ctx: click.Context, _: click.Parameter, text: str) -> datetime:
    now: datetime = (ctx.obj or Clock()).now()
    try:
        before = moment(text, now)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"must be an age like 90d, or a date, not {text!r}") from None
    if before > now:
        raise click.BadParameter("must be in the past")
    return before


@command.command("prune", cls=Command, example="journal prune --older-than 90d --dry-run")
@click.option(
    "--older-than", "before", required=True, callback=_before, metavar="T", help="An age like 90d, or a date."
)
@click.option("--texts", is_flag=True, help="Let no attempt go: only what was asked, sent and answered.")
@click.option("--keys", is_flag=True, help="Forget idempotency keys too: the same key may buy again.")
@click.option(
    "--uncollected",
    is_flag=True,
    help="Give up results too that are paid for, were never saved, and may still be there.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--compact", is_flag=True, help="Then make the file smaller, for which all that buy have to wait.")
@config_option
@click.pass_obj
def prune(
    clock: Clock,
    before: datetime,
    texts: bool,
    keys: bool,
    uncollected: bool,
    dry_run: bool,
    compact: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Let old attempts go, or their texts, and keep what they cost.

    By whole days (UTC): what began and was over before the day of T. What is open or uncertain stays, whatever its age.
    So does what is paid for and not saved, until each result should be gone by what its provider declares; where
    nobody knows that, until it is collected or dismissed. --uncollected lets it go at once: the result is paid for, was
    never saved, and nobody can fetch it by this journal any more. `anymedia spend` says the same before and after. An
    attempt that bought something under an idempotency key, such as a row of a batch, loses its texts and stays, so that
    its key buys nothing twice, unless --keys is given. Labels and the names of batches are kept with the sums.

    Other processes may buy meanwhile. What goes leaves room in the file for new attempts; with --compact the file
    becomes smaller, while which nothing can be bought: seconds for each gigabyte.

    --json prints before, attempts, bare (attempts that lost their texts), bytes (of texts), unsaved (attempts that
    went, whose results are paid for and were never saved), uncollected (attempts that stay for such results), dry_run
    and unused.
    """
    if texts and keys:
        raise click.UsageError("--texts keeps every attempt with its key: leave out one of --texts and --keys")
    if dry_run and compact:
        raise click.UsageError("--dry-run changes nothing: leave out --compact")

    async def done(ledger: Ledger, journal: Looked) -> tuple[Any, int | None]:
        file = _file_of(journal, NO_COMPACTION) if compact else None
        went = await ledger.prune(
            before, texts=texts, keys=keys, uncollected=uncollected, dry_run=dry_run, now=clock.now()
        )
        if file is not None:
            await file.compact()
        told = await journal.info(before.timestamp())
        return went, None if told is None else told.unused

    went, unused = _with_kept(config, done, writes=not dry_run)
    if as_json:
        facts = {
            "attempts": went.attempts,
            "bare": went.bare,
            "bytes": went.bytes,
            "unsaved": went.unsaved,
            "uncollected": went.uncollected,
            "dry_run": dry_run,
            "unused": unused,
        }
        print_json({"before": went.before.isoformat(), **facts})
        return
    from .screen import Screen

    goes, loses = ("would go", "would lose their texts") if dry_run else ("went", "lost their texts")
    screen = Screen()
    screen.print(f"of what was over before {went.before:%Y-%m-%d} (UTC):")
    screen.print(f"{counted(went.attempts, 'attempt')} {goes}, {went.bare:,} {loses}, {sized(went.bytes)} in all")
    if went.unsaved:
        screen.print(f"of those that {goes}, {went.unsaved:,} had results that are paid for and were never saved")
    if went.uncollected:
        screen.print(_stay(went.uncollected, did=not dry_run))
    if unused is not None:
        screen.print(f"{sized(unused)} of the file are free for new attempts")


# A copy, and lines


def _file(_: click.Context, __: click.Parameter, text: str | None) -> Path | None:
    """Return the path of a new file. Errors: BadParameter where there is one already."""
    if text in (None, "-"):
        return None if text is None else STDOUT
    file = expanded(text)
    if os.path.lexists(file):
        raise click.BadParameter(f"{text}: there is such a file already; name another one")
    return file


@command.command("backup", cls=Command, example="journal backup journal-copy.db")
@click.argument("file", callback=_file, metavar="FILE")
@config_option
def backup(file: Path, config: Path | None, as_json: bool) -> None:
    """Copy the journal to a new file, as it is at one moment.

    Other processes may write meanwhile. The file is there whole or not at all, and no other file is written over; only
    its user may read it. It is a journal: put in the place of the other, or named in the configuration, it is read as
    such. The results that came as bytes, in the folder results beside the journal, are not in it. A journal on
    PostgreSQL is copied by PostgreSQL: the command is told.

    --json prints path and bytes.
    """
    if file == STDOUT:
        raise click.UsageError("a copy needs a file; `anymedia journal export` prints")
    size = _with_kept(config, lambda _, journal: _file_of(journal, _dump(journal.name, file)).backup(file))
    if as_json:
        print_json({"path": str(file), "bytes": size})
    else:
        say(f"{file} has a copy of the journal: {sized(size)}; the folder results/ is not in it")


@command.command("export", cls=Command, example="journal export attempts.jsonl --since 30d")
@click.argument("file", callback=_file, required=False, metavar="[FILE]")
@since_option
@click.option("--without-prompts", "bare", is_flag=True, help="Leave out what was asked for, and words that repeat it.")
@config_option
def export(file: Path | None, since: datetime | None, bare: bool, config: Path | None, as_json: bool) -> None:
    """Print every attempt as a line of JSON, or write them to a new FILE.

    Each is as `anymedia tasks --json` has it, and the oldest comes first. However many there are, few of them are in
    memory at once. A file is there whole or not at all, no other file is written over, and only its user may read it.

    --json prints path and attempts, and needs a FILE.
    """
    target = None if file in (None, STDOUT) else file
    if as_json and target is None:
        raise click.UsageError("the lines are JSON as it is: --json needs a FILE")

    async def written(ledger: Ledger, _: Looked) -> int:
        with _opened(target) as out:
            return await _write(out, ledger.each(since=since), bare=bare)

    number = _with_kept(config, written)
    if as_json:
        print_json({"path": str(target), "attempts": number})
    elif target is not None:
        say(f"{target} has {counted(number, 'attempt')}")


def _dump(name: str, file: Path) -> str:
    """Return how a database is copied to a file; its password is in no command."""
    command = ["pg_dump", "--format=custom", "--schema=anymedia", f"--file={file}", name]
    return f"`{shlex.join(command)}` copies it, with the password in PGPASSWORD or ~/.pgpass"


async def _write(out: IO[str], attempts: AsyncIterator[Attempt], *, bare: bool) -> int:
    number = 0
    async for attempt in attempts:
        out.write(json_of(attempt_json(without_prompts(attempt) if bare else attempt), indent=None) + "\n")
        number += 1
    return number


@contextmanager
def _opened(target: Path | None) -> Iterator[IO[str]]:
    """Open a new file that has its name once it is whole; without a name, stdout."""
    if target is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with new_file(target) as part, part.open("w", encoding="ascii") as out:
        yield out


command.add_command(import_command)
