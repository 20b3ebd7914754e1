"""How a batch ended: its rows and its money, where its files are, and what to do next."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import attrs

from anymedia import BatchEnd
from anymedia.cli.errors import INTERRUPTED, MISSING, exit_code
from anymedia.cli.text import counted, plain

from .words import counts, spent

if TYPE_CHECKING:
    from rich.console import RenderableType

SETTLE = (
    "Look for it in the provider's own list, and note what you find with `anymedia tasks settle`; then run the same "
    "command again. Until then it is not sent again."
)

GOES_ON = (
    "What was sent for these rows is paid for. The same command waits for it and saves it, and buys none of it again;"
)

DONE, UNCERTAIN, UNFINISHED, BUDGET = 0, 4, 5, 7


@attrs.frozen
class Places:
    """Where the files of a batch are, and what is written of it: the manifest, and the summary."""

    files: str
    manifest: Path
    summary: Path


def code_of(end: BatchEnd) -> int:
    """Return what to exit with: the gravest of how the batch, and its rows, have ended."""
    codes = (
        (INTERRUPTED, end.why == "stopped"),
        (UNCERTAIN, end.uncertain > 0),
        (BUDGET, end.why == "budget"),
        (MISSING if end.error is None else exit_code(end.error), end.why == "error"),
        (UNFINISHED, end.unfinished > 0 or end.not_begun > 0),
        (MISSING, end.failed > 0),
    )
    return next((code for code, holds in codes if holds), DONE)


def end_json(end: BatchEnd, places: Places) -> dict[str, Any]:
    """Return the end of a batch as JSON."""
    return {
        "batch": end.name,
        "why": end.why,
        "rows": end.rows,
        "done": end.done,
        "failed": end.failed,
        "uncertain": end.uncertain,
        "unfinished": end.unfinished,
        "not_begun": end.not_begun,
        "bought_before": end.bought_before,
        "spent": plain(end.spent),
        "possibly": plain(end.possibly),
        "unknown": end.unknown,
        "unlisted": end.unlisted,
        "manifest": str(places.manifest),
        "summary": str(places.summary),
        "exit": code_of(end),
    }


def show_end(end: BatchEnd, places: Places, *, stderr: bool) -> None:
    """Print how a batch ended, and what to do next."""
    from anymedia.cli.screen import Screen, pairs

    screen = Screen(stderr=stderr)
    code = code_of(end)
    style = "green" if code == DONE else "yellow" if code != MISSING else "red"
    screen.headline(f"batch {end.name}", style, _in_all(end))
    screen.block(pairs(_facts(end, places)))
    if advice := list(_next(end, places)):
        screen.print("")
        screen.block(pairs(advice))


def _in_all(end: BatchEnd) -> str:
    every = "the only row" if end.rows == 1 else f"all {end.rows:,} rows"
    if end.bought_before == end.done == end.rows:
        return f"already bought: {every}; nothing was sent"
    if end.done == end.rows:
        return f"{every} {'is' if end.rows == 1 else 'are'} done"
    if end.rows == 1:
        return "the only row is not done"
    return f"{end.done:,} of {end.rows:,} rows are done"


def _facts(end: BatchEnd, places: Places) -> "Iterator[tuple[str, RenderableType]]":
    before = f" ({end.bought_before:,} bought before)" if 0 < end.bought_before < end.rows else ""
    yield "rows", ", ".join([*counts(end), *([f"{end.not_begun:,} not begun"] if end.not_begun else [])]) + before
    yield "spent", spent(end.spent, end.possibly, end.unknown)
    yield "files", places.files
    yield "manifest", str(places.manifest)
    yield "summary", str(places.summary)


def _next(end: BatchEnd, places: Places) -> "Iterator[tuple[str, RenderableType]]":
    """Yield what to do about the rows that are not done, and about what kept them from being begun."""
    name = quote(end.name)
    if end.uncertain:
        listed = f"`anymedia tasks --batch {name} --state uncertain` lists what may have been billed."
        yield "uncertain", f"{listed} {SETTLE}"
    if end.failed:
        yield "failed", "The manifest says why. The same command asks again for those rows of which nothing was billed."
    if end.unfinished:
        yield (
            "unfinished",
            f"{GOES_ON} `anymedia collect --batch {name} --out {quote(places.files)}` fetches what is ready.",
        )
    if end.unlisted:
        bought = f"{counted(end.unlisted, 'task')} bought for rows that are no longer in the file, or were changed"
        resumed = f"`anymedia resume --out {quote(places.files)}` waits for what goes on, and fetches it"
        yield "not listed", f"{bought}; {resumed}."
    if end.why == "budget":
        yield "budget", "Nothing more fits in it. The same command with a higher --budget goes on with the next row."
    if end.why == "place":
        yield "place", "It takes no more files. Make room, or name another --out, and run the same command again."
    if end.why == "error":
        yield "error", "It would meet every other row too. Put it right, and run the same command again."
    if end.why == "stopped":
        yield "stopped", "The same command goes on exactly where this one was."
