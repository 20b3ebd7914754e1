"""The command `anymedia`: its subcommands, each a module of this package that is imported when it is asked for."""

from importlib import import_module

import click

from anymedia.model.version import version

from .command import Root

COMMANDS = (
    "generate",
    "batch",
    "resume",
    "collect",
    "tasks",
    "spend",
    "report",
    "journal",
    "explain",
    "prices",
    "compare",
    "balance",
    "models",
    "providers",
    "doctor",
    "trust",
    "raw",
    "listen",
    "worker",
    "simulate",
    "demo",
    "completion",
)
"""The modules that hold a `command`, in the order of the help."""

MODULES = {"journal": "journal_command"}
"""Where a module of that name holds what several commands need."""

EXIT_CODES = """\b
Exit codes:
  0    done
  1    refused, failed or not complete; or `doctor` found something wrong
  2    the request or the command line is wrong; nothing was sent
  3    configuration: no API key, unknown account, broken file
  4    uncertain: it may have been billed; the error says what to do
  5    not finished in time, or not saved; what was accepted goes on
  6    the journal cannot be used; the error says if anything was sent
  7    over --max-price or a daily_limit: nothing was sent; over --budget
  130  interrupted
"""


class Commands(Root):
    """A group of commands that are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__package__}.{MODULES.get(cmd_name, cmd_name)}").command
        return command


@click.group(
    cls=Commands,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version(), message="anymedia %(version)s")
def app() -> None:
    """One request and one task model over every generative-media provider.

    API keys are read from the environment, accounts from anymedia.toml. `anymedia demo` needs neither.
    """
