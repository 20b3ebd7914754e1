"""The flag --show, which is added to what makes or shows files; what it needs is imported where it is given."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import click

from anymedia import Asset

if TYPE_CHECKING:
    from anymedia.cli.screen import Screen

    from .showing import Look

F = TypeVar("F", bound=Callable[..., Any])


def show_option(function: F) -> F:
    """Add --show."""
    option = click.option(
        "--show",
        is_flag=True,
        help="Show the pictures, and the first frames of clips, on the terminal: by kitty's graphics, iTerm2's images, "
        "sixel, or half blocks in colour.",
    )
    return option(function)


def refuse_json(*, show: bool, as_json: bool) -> None:
    """Refuse --show beside --json. Errors: UsageError."""
    if show and as_json:
        raise click.UsageError("--show is for a terminal, and --json for a program: give one of them")


def looks_at(screen: "Screen", *, show: bool, rows: int | None = None) -> Callable[[Asset], None]:
    """Return what shows a result on a terminal, on so many lines at most; it does nothing without --show.

    The terminal is asked how it takes pictures when there is the first one.
    """
    if not show:
        return lambda _: None

    @cache
    def found() -> "Look | None":
        from .showing import ROWS, look

        return look(screen, rows=rows or ROWS)

    def at(asset: Asset) -> None:
        if (look := found()) is not None:
            look(asset)

    return at
