"""What every command has: --json, one clear block for an error, and an exit code that tells its kind."""

import io
import sys
from collections.abc import Callable
from errno import EPIPE
from pathlib import Path
from typing import Any, TypeVar

import click

from anymedia import AnymediaError
from anymedia.clock import Clock

from .errors import INTERRUPTED, error_json, exit_code, show_error
from .text import print_json, say

F = TypeVar("F", bound=Callable[..., Any])


class _Clear(click.Command):
    """What has --json, and ends clearly; its context holds the Clock, which a caller may have put there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(
            click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON on stdout, and no more.")
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; no error of anymedia, of the file system or of the keyboard shows a traceback."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        ctx.obj = ctx.obj or Clock()
        try:
            return super().invoke(ctx)
        except AnymediaError as error:
            if ctx.params["as_json"]:
                print_json({"error": error_json(error)})
            show_error(error)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            say("interrupted")
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno == EPIPE:  # whoever read has enough; click ends that quietly
                raise
            say(f"error: {error}")
            ctx.exit(1)


class Command(_Clear):
    """A command that ends clearly."""


class Group(_Clear, click.Group):
    """A command that ends clearly, with others below it."""


def config_option(function: F) -> F:
    """Add --config."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The anymedia.toml to use, in place of the one that is found.",
    )
    return option(function)
