"""Words for a terminal, and JSON for a program."""

import json
from decimal import Decimal
from typing import Any

import click

from anymedia import Money
from anymedia.model.plain import one_line as one_line  # noqa: PLC0414 - the commands take their words from here
from anymedia.model.plain import printable as printable  # noqa: PLC0414

_FLAGS = {
    "prompt": "PROMPT",
    "images": "--image",
    "labels": "--label",
    "path": "PATH",
    "body": "BODY",
    "id": "ID",
}


def flag(field: str) -> str:
    """Return how a request's field is given on the command line."""
    return _FLAGS.get(field) or "--" + field.replace("_", "-")


def price(money: Money) -> str:
    """Return what something costs, with the reason when nobody knows."""
    if money.usd is None:
        return f"unknown ({money.reason})" if money.reason else "unknown"
    return str(money)


def plain(amount: Decimal | None) -> str | None:
    """Return an amount as JSON has it: digits alone, without the zeros at the end."""
    return None if amount is None else f"{amount.normalize():f}"


def pixels(width: int | None, height: int | None) -> str:
    """Return a size in pixels."""
    return f"{width}x{height}" if width and height else "size unknown"


def reason(error: OSError) -> str:
    """Return what the system says is wrong, and with what; without the number of the error."""
    said = error.strerror or str(error)
    return said if error.filename is None else f"{error.filename}: {said}"


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print JSON on stdout, in ASCII: valid on every terminal and in every pipe."""
    click.echo(json.dumps(value, indent=indent))


def say(text: str) -> None:
    """Print a line on stderr."""
    click.echo(printable(text), err=True)
