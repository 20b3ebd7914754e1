"""`anymedia completion`: what makes a shell complete the words of the command line."""

from typing import Any

import click
from click.shell_completion import get_completion_class

from .command import Command
from .text import print_json

SHELLS = {
    "bash": 'eval "$(anymedia completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(anymedia completion zsh)"    # in ~/.zshrc',
    "fish": "anymedia completion fish | source    # in ~/.config/fish/config.fish",
}
"""How each shell takes the script, and where that stands."""


def _help() -> str:
    lines = "\n".join(f"  {line}" for line in SHELLS.values())
    return f"""Print the script by which a shell completes commands.

    \b
{lines}

    --json prints one object: shell, script.
    """


@click.command("completion", cls=Command, example="completion bash > ~/.anymedia-completion", help=_help())
@click.argument("shell", type=click.Choice([*SHELLS]))
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """See _help."""
    completion: Any = get_completion_class(shell)
    script: str = completion(ctx.find_root().command, {}, "anymedia", "_ANYMEDIA_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
