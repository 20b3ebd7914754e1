"""docs/reference/commands.md: the command line, as its help says it."""

import inspect
from collections.abc import Iterator

import click

from anymedia.cli.app import EXIT_CODES, app
from anymedia.cli.command import Command, Group
from anymedia.cli.titles import OTHERS, Titled

from .markdown import anchor, blocks, code, table
from .signatures import escaped

INTRO = """\
Every command has `--help`, and every one that prints something for programs has `--json`."""

EXITS = """\
[Errors](../errors.md#exit-codes) says which error leads to which of them."""

WIDTH = 100_000
"""Characters of a line of the help: no line is broken."""


def page() -> str:
    """Return the page."""
    names = app.context_settings["help_option_names"]
    context = click.Context(app, info_name="anymedia", terminal_width=WIDTH, help_option_names=names)
    commands = [(name, app.get_command(context, name)) for name in app.list_commands(context)]
    rows = [
        [f"[`anymedia {name}`]({anchor(f'anymedia {name}')})", command.get_short_help_str(WIDTH)]
        for name, command in commands
        if command is not None
    ]
    return blocks(
        _told(app),
        table(["command", "what it does"], rows),
        INTRO,
        "## Exit codes",
        EXITS,
        table(["code", "when"], _exits()),
        *(part for name, command in commands if command is not None for part in _command(name, command, context)),
    )


def _exits() -> Iterator[list[str]]:
    for line in EXIT_CODES.splitlines():
        number, _, when = line.strip().partition("  ")
        if number.isdecimal():
            yield [code(number), when.strip()]


def _command(name: str, command: click.Command, above: click.Context, rank: str = "##") -> Iterator[str]:
    """Yield the heading of a command, how it is called, what it says, and its options; then the commands below it."""
    context = click.Context(command, info_name=name, parent=above, terminal_width=WIDTH)
    yield f"{rank} {code(context.command_path)}"
    yield f"```text\n{' '.join((context.command_path, *command.collect_usage_pieces(context)))}\n```"
    yield _told(command)
    if isinstance(command, Command | Group):
        yield f"```sh\nanymedia {command.example}\n```"
    for title, rows in _options(command, context).items():
        yield table([title.lower() if title == OTHERS else title, "what it is"], rows)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from _command(below, found, context, f"{rank}#")


def _told(command: click.Command) -> str:
    """Return the help of a command as paragraphs; what is set apart in it stays so."""
    parts = inspect.cleandoc(command.help or "").split("\n\n")
    return blocks(*(_set_apart(part) if part.startswith("\b") else escaped(part) for part in parts))


def _set_apart(part: str) -> str:
    return f"```text\n{part.removeprefix(chr(8)).strip(chr(10))}\n```"


def _options(command: click.Command, context: click.Context) -> dict[str, list[list[str]]]:
    """Return the options below their titles, in the order of the help."""
    titles: dict[str, list[list[str]]] = {}
    for param in command.get_params(context):
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record is not None:
            title = param.title if isinstance(param, Titled) else OTHERS
            titles.setdefault(title, []).append([code(record[0]), escaped(record[1])])
    return dict(sorted(titles.items(), key=lambda each: each[0] == OTHERS))
