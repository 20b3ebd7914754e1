"""The list of attempts: a table where a terminal has room for the prompts, else two lines for each; lines in a pipe."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anymedia import Attempt

from .attempts import cost, sold, stands
from .journal import SHORT_ID, is_uncertain, when
from .prompt import prompt_of
from .text import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from .screen import Cell, Screen

PIPED = ("attempt", "asked (UTC)", "state", "account", "offer", "cost", "prompt", "kind")

COLUMNS = ("attempt", "asked (UTC)", "state", "cost", "offer, account", "prompt")
"""The columns of a terminal: the account stands below the offer, where the offer does not tell it."""

STANDS = 4
"""How many of the columns say how an attempt stands: the first ones."""

WORDS = 30
"""Columns in which a prompt is told from others by its first words: where a table leaves it fewer, it goes below."""

GAP = "  "

INDENT = SHORT_ID + len(GAP)
"""Columns before the second line of an attempt."""

STYLES = {"succeeded": "green", "failed": "red", "refused": "dim", "not sent": "dim"}


def show_list(screen: "Screen", attempts: Sequence[Attempt]) -> None:
    """Print attempts in the form for which there is room."""
    if not screen.is_terminal:
        screen.table(PIPED, map(_piped, attempts))
        return
    from rich.padding import Padding

    heads, rows = COLUMNS[:STANDS], [_stands(attempt) for attempt in attempts]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    widest = max(len(line) for attempt in attempts for line in (COLUMNS[STANDS], *_seller(attempt)))
    if screen.width - sum(width + len(GAP) for width in (*widths, widest)) > WORDS:
        cells = ([*_stands(attempt), _seller(attempt), _prompt(attempt)] for attempt in attempts)
        screen.table(COLUMNS, cells, fill=True, whole=COLUMNS)
        return
    screen.print(_aligned(heads, widths), style="bold")
    for attempt, row in zip(attempts, rows, strict=True):
        screen.print(_aligned(row, widths))
        for line in _asked(attempt, screen.width):
            screen.print(Padding(line, (0, 0, 0, INDENT), expand=False))


def _aligned(cells: "Sequence[str | Text]", widths: Sequence[int]) -> "Text":
    """Return the first line of an attempt: its cells below those of the others."""
    from rich.text import Text

    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append(cell).append(" " * (width - len(cell))).append(GAP)
    line.rstrip()
    return line


def _asked(attempt: Attempt, columns: int) -> "list[Text]":
    """Return what was asked for, and of whom: on one line, or on two where the prompt would be cut too soon."""
    from rich.text import Text

    offer, prompt = sold(attempt), Text(_prompt(attempt), "dim", no_wrap=True, overflow="ellipsis")
    if columns - INDENT - len(offer) - len(GAP) < WORDS:
        return [Text(offer, overflow="fold"), prompt]
    return [Text.assemble(offer, GAP, prompt, no_wrap=True, overflow="ellipsis")]


def _stands(attempt: Attempt) -> "list[str | Text]":
    """Return which attempt it is, since when, how it stands, and what it cost."""
    from rich.text import Text

    doubtful = is_uncertain(attempt)
    style = "bold yellow" if doubtful else STYLES.get(attempt.status, "")
    state = Text(stands(attempt) + (" (!)" if doubtful else ""), style)
    return [attempt.id[:SHORT_ID], when(attempt.started_at), state, cost(attempt)]


def _seller(attempt: Attempt) -> list[str]:
    """Return the offer, and below it the account where the offer does not tell it."""
    order = attempt.order
    if order.offer is not None and order.account == order.provider:
        return [order.offer]
    return [_sold(attempt), order.account]


def _piped(attempt: Attempt) -> "list[Cell]":
    name, asked, state, spent = _stands(attempt)
    order = attempt.order
    return [name, asked, state, order.account, _sold(attempt), spent, _prompt(attempt), order.kind]


def _prompt(attempt: Attempt) -> str:
    return one_line(prompt_of(attempt.order))


def _sold(attempt: Attempt) -> str:
    offer = attempt.order.offer and attempt.order.offer.removeprefix(f"{attempt.order.provider}/")
    return offer or attempt.order.model or attempt.order.wire_id or attempt.order.path
