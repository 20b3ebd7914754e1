"""What every command has: --json, one clear block for an error, and an exit code that tells its kind."""

import io
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from difflib import get_close_matches
from errno import ENOSPC, EPIPE
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

import click

from anymedia import AnymediaError, Billed, Kind, Outcome
from anymedia.clock import Clock

from .errors import INTERRUPTED, error_json, exit_code, foreign_json
from .failure import FLAGS, VERBOSE, show_error
from .fields import WORDS
from .text import give_up, print_json, reason, say
from .titles import write_options

F = TypeVar("F", bound=Callable[..., Any])

LINES = "lines"
"""Where a command line keeps that its command prints JSON as an object a line."""


@contextmanager
def ends_clearly(words: Sequence[str]) -> Iterator[None]:
    """End what is done meanwhile for a command line: no error but a programmer's shows a traceback.

    With --json among the words the error is on stdout too, as one object.
    """
    as_json = _is_json(words)
    try:
        yield
    except AnymediaError as error:
        _print(error_json(error), as_json)
        show_error(error)
        raise click.exceptions.Exit(exit_code(error)) from None
    except click.ClickException as error:
        _without_brackets(error)
        _print(foreign_json("UsageError", error.format_message(), Billed.NO, Outcome.NOT_SENT), as_json)
        _show(error)
        raise click.exceptions.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise click.exceptions.Exit(interrupted(words)) from None
    except OSError as error:
        if error.errno == EPIPE:  # whoever read has enough: that is no fault of the command's
            give_up(sys.stdout)
            raise click.exceptions.Exit(0) from None
        where = "stdout: " if error.filename is None and error.errno == ENOSPC else ""
        _print(foreign_json("OSError", where + reason(error)), as_json, is_told=True)
        say(f"error: {where}{reason(error)}")
        raise click.exceptions.Exit(1) from None


def interrupted(words: Sequence[str]) -> int:
    """Say that a command line was interrupted, and return what to exit with."""
    _print(foreign_json("KeyboardInterrupt", "interrupted"), _is_json(words))
    say("interrupted")
    return INTERRUPTED


def _is_json(words: Sequence[str]) -> bool:
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _print(error: dict[str, Any], as_json: bool, *, is_told: bool = False) -> None:
    """Print an error on stdout with --json; where nothing can be written there, say so, unless that is told anyway."""
    try:
        if as_json:
            print_json({"error": error}, indent=_indent())
        sys.stdout.flush()
    except OSError as full:
        give_up(sys.stdout)
        if not is_told and full.errno != EPIPE:
            say(f"error: {reason(full)}")


def _indent() -> int | None:
    """Return how far JSON is set in: not at all where a command prints an object a line."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is not None and LINES in ctx.meta else 2


def _show(error: click.ClickException) -> None:
    """Print what click says of a wrong command line, in lines that are broken as ours are."""
    told = io.StringIO()
    error.show(told)
    for line in told.getvalue().rstrip("\n").split("\n"):
        say(line)


def _without_brackets(error: click.ClickException) -> None:
    """Name an argument that is missing without the brackets that say that it may be."""
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
        error.param_hint = f"'{(error.param.metavar or str(error.param.name).upper()).strip('[]')}'"


class _Naming(click.Group):
    """A group that says what a name that is none of its commands may have meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        near = get_close_matches(args[0], names, 1)
        if near and args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


class _Unbroken:
    """stderr, which may be closed or full: that ends no command, as something may have been paid for by then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._unbroken():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._unbroken():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            give_up(self._stream)


class _Said(logging.Handler):
    """Prints what the library logs as lines of the command line: what it does with the time, a warning as one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out, without -v, what the command says itself as it ends: why, and what lives on."""
        return bool(super().filter(record)) and (self.level < logging.WARNING or record.name not in TOLD_AT_THE_END)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            say(f"{record.levelname.lower()}: {record.getMessage()}")
        else:
            when = f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S} "
            say(f"{when}{record.getMessage()}", indent=" " * len(when))


TOLD_AT_THE_END = ("anymedia.accounts", "anymedia.left")
"""Loggers of accounts that are left alone, and of tasks that nobody waits for."""

LOG = logging.getLogger("anymedia")
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""What is shown of the log without -v, with one, and with two."""


@contextmanager
def _logged(ctx: click.Context) -> Iterator[None]:
    """Show on stderr what the library warns of, and with -v what it does, for the length of a command."""
    before, handler = LOG.level, _Said()
    ctx.meta[_Said.__name__] = handler
    LOG.addHandler(handler)
    _show_more(ctx, None, 0)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(before)


def _show_more(ctx: click.Context, _: click.Parameter | None, times: int) -> None:
    """Show more of the log by each -v, wherever it stands; the contexts of a command line share what `meta` holds."""
    told = ctx.meta[VERBOSE] = ctx.meta.get(VERBOSE, 0) + times
    handler: logging.Handler | None = ctx.meta.get(_Said.__name__)
    if handler is not None:  # else the command is not run yet
        level = LEVELS[min(told, len(LEVELS) - 1)]
        handler.setLevel(level)
        if told:
            LOG.setLevel(level)


def verbose_option() -> click.Option:
    """Return -v."""
    says = "Say on stderr what is done: each attempt and what becomes of it; -vv: each look and each file too."
    return click.Option(["-v", "--verbose"], count=True, expose_value=False, callback=_show_more, help=says)


class Root(_Naming):
    """What all commands are below, and end clearly by; its context holds the Clock, which a caller may have put there.

    It has no --json of its own.
    """

    _words: Sequence[str] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(verbose_option())

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command line, as far as the name of the command."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        self._words = tuple(args)
        with ends_clearly(self._words):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Read the rest of it, and run the command."""
        ctx.obj = ctx.obj or Clock()
        with redirect_stderr(cast("TextIO", _Unbroken(sys.stderr))), ends_clearly(self._words), _logged(ctx):
            return super().invoke(ctx)


class _Clear(click.Command):
    """What has --json, and shows its options below their titles; those that have none stand last.

    `example` is what stands behind `anymedia` in the one example of its help; with `prints_lines` its JSON is an object
    a line.
    """

    def __init__(self, *args: Any, example: str, prints_lines: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.example: str = example
        self._prints_lines = prints_lines
        self.params.append(
            click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON on stdout, and no more.")
        )
        self.params.append(verbose_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is given to it, which errors go by as well."""
        ctx.meta[FLAGS], ctx.meta[WORDS] = {name for param in self.params for name in param.opts}, tuple(args)
        if self._prints_lines:
            ctx.meta[LINES] = True
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does into the help, and an example."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Example"):
            formatter.write(f"{'':{formatter.current_indent}}anymedia {self.example}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help."""
        write_options(self.get_params(ctx), ctx, formatter)


class Command(_Clear):
    """A command."""


class Group(_Clear, _Naming):
    """A command with others below it, which its help lists."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help, and then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


def kind_option(what: str) -> Callable[[F], F]:
    """Add --kind, which narrows a list."""
    return click.option("--kind", type=click.Choice([*map(str, Kind)]), help=what)


def config_option(function: F) -> F:
    """Add --config."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The anymedia.toml to use, in place of the one that is found.",
    )
    return option(function)
