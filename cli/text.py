"""Words for a terminal, and JSON for a program."""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, TextIO

import click

from anymedia import Money
from anymedia.model.kinds import works as works  # noqa: PLC0414 - the commands take their words from here
from anymedia.model.money import dollars as dollars  # noqa: PLC0414
from anymedia.model.money import in_credits as in_credits  # noqa: PLC0414
from anymedia.model.money import plain as plain  # noqa: PLC0414
from anymedia.model.names import together as together  # noqa: PLC0414
from anymedia.model.plain import duration as duration  # noqa: PLC0414
from anymedia.model.plain import one_line as one_line  # noqa: PLC0414
from anymedia.model.plain import printable as printable  # noqa: PLC0414

DEEPEST = 100
"""Levels of JSON that are printed at least."""

UNTOLD = 80
"""Columns of a terminal that does not say how many it has."""


def price(money: Money) -> str:
    """Return what something costs, with the reason when nobody knows."""
    if money.usd is None:
        return f"unknown ({money.reason})" if money.reason else "unknown"
    return str(money)


def possibly(money: Money) -> str:
    """Return what something cost if it was billed, which nobody knows."""
    return f"{money}?"


def with_credits(money: Money) -> str:
    """Return an amount, with the provider's credits that it is counted in: $0.10 (20 credits)."""
    if money.credits is None:
        return str(money)
    told = in_credits(money.credits)
    return told if money.usd is None else f"{money} ({told})"


def counted(number: int, what: str) -> str:
    """Return how many there are of a thing: 1 offer, 2 offers."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def pixels(width: int | None, height: int | None) -> str:
    """Return a size in pixels."""
    return f"{width}x{height}" if width and height else "size unknown"


def reason(error: OSError) -> str:
    """Return what the system says is wrong, and with what; without the number of the error."""
    said = error.strerror or str(error)
    return said if error.filename is None else f"{error.filename}: {said}"


def cannot_listen(host: str, port: int, error: OSError | OverflowError) -> str:
    """Return why nothing can be served at an address."""
    # Before the reason asyncio tells once more what it tried.
    said = reason(error).rpartition(": ")[2] if isinstance(error, OSError) else str(error)
    return f"cannot listen at {host}, port {port}: {said}"


def offer_at(offer: str, account: str, provider: str) -> str:
    """Return an offer, and its account where the provider in its name does not tell that."""
    return offer if account == provider else f"{offer} at {account}"


def row_at(number: int | None, line: int | None) -> str:
    """Return where a row stands: the line of its file, else its number."""
    return f"line {line}" if line is not None else "" if number is None else f"row {number}"


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print JSON on stdout, in ASCII: valid on every terminal and in every pipe."""
    click.echo(json_of(value, indent=indent))


async def print_json_list(values: AsyncIterator[Any]) -> None:
    """Print a list as print_json does, each value as it comes: of a long list, one value is in memory at once."""
    begun = False
    async for value in values:
        # There is no line break within a text of JSON.
        shown = json_of(value, indent=2).replace("\n", "\n  ")
        click.echo(f"{',' if begun else '['}\n  {shown}", nl=False)
        begun = True
    click.echo("\n]" if begun else "[]")


def json_of(value: Any, *, indent: int | None, ensure_ascii: bool = True) -> str:
    """Return JSON as text; where a provider nested it too deeply for that, only a hundred levels of it."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    except RecursionError:
        return json.dumps(_shallow(value, DEEPEST), indent=indent, ensure_ascii=ensure_ascii)


def _shallow(value: Any, levels: int) -> Any:
    """Return JSON without what lies below so many levels."""
    if not isinstance(value, dict | list | tuple):
        return value
    if levels == 0:
        return "…"
    if isinstance(value, dict):
        return {name: _shallow(inner, levels - 1) for name, inner in value.items()}
    return [_shallow(inner, levels - 1) for inner in value]


def give_up(stream: TextIO) -> None:
    """Drop what is still to be written to a stream, so that it is not tried again at the end of the process."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str, indent: str = "") -> None:
    """Print a line on stderr; on a terminal alone it is broken between words, and goes on behind `indent`."""
    shown, columns = printable(text), _columns()
    click.echo(shown if columns is None else wrapped(shown, columns, indent), err=True)


def wrapped(text: str, columns: int, indent: str = "") -> str:
    """Return a text in lines of so many columns, broken between words; a longer word, like a path, stays whole."""
    rules: dict[str, Any] = {"subsequent_indent": indent, "break_long_words": False, "break_on_hyphens": False}
    lines = (textwrap.wrap(line, columns, **rules) if len(line) > columns else [line] for line in text.split("\n"))
    return "\n".join(part for parts in lines for part in parts)


def _columns() -> int | None:
    """Return the columns of the terminal that stderr is; None where it is none."""
    if not sys.stderr.isatty():
        return None
    own = os.get_terminal_size(sys.stderr.fileno())  # stdout may be a pipe all the same
    return shutil.get_terminal_size(own).columns or UNTOLD


def settings_lines(shown: Mapping[str, str | None]) -> list[str]:
    """Return a line for each setting, as it is shown."""
    return [f"{name}: {'not set' if held is None else held}" for name, held in shown.items()]
