"""`anymedia simulate`: local providers to test against."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click

from anymedia import ConfigError, read_config

from .command import Command
from .text import cannot_listen, print_json, say

if TYPE_CHECKING:
    from anymedia.simulators import Simulators

JOURNAL = "simulated.db"
"""The journal of what simulators are asked, beside the anymedia.toml that leads to them."""


@click.command("simulate", cls=Command, example="simulate --provider fal")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="P",
    help="The first port, the next ones follow; 0, the default, takes free ones.",
)
@click.option(
    "--provider", "providers", multiple=True, metavar="NAME", help="Simulate this one alone; may be repeated."
)
@click.option(
    "--speed", type=float, default=1.0, show_default=True, metavar="X", help="How much faster tasks are done."
)
def command(host: str, port: int, providers: tuple[str, ...], speed: float, as_json: bool) -> None:
    """Serve providers to test against.

    They listen on this machine until Ctrl-C or SIGTERM, and cost nothing. --json prints one line a provider:
    provider, base_url, api_key.
    """
    asyncio.run(_serve(host, port, providers, speed, as_json=as_json))


async def _serve(host: str, port: int, providers: tuple[str, ...], speed: float, *, as_json: bool) -> None:
    needs_packages()
    from anymedia.simulators import running

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        try:
            simulators = await stack.enter_async_context(running(*providers, host=host, port=port, speed=speed))
        except (OSError, OverflowError) as error:
            raise click.UsageError(cannot_listen(host, port, error)) from None
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        (_print_lines if as_json else _show)(simulators)
        await stop.wait()


def needs_packages() -> None:
    """Make sure that pictures, films and sounds can be made. Errors: ConfigError that says what to install."""
    from anymedia.simulators import work

    try:
        work.needs_packages()
    except ImportError as error:
        raise ConfigError(str(error)) from None


def _print_lines(simulators: "Simulators") -> None:
    for one in simulators:
        print_json({"provider": one.name, "base_url": one.base_url, "api_key": one.api_key}, indent=None)


def _written(table: Mapping[str, Any]) -> str:
    """Return a table's lines, as TOML has them."""
    held = {name: _inline(each) if isinstance(each, Mapping) else f'"{each}"' for name, each in table.items()}
    return "\n".join(f"{name} = {each}" for name, each in held.items())


def _inline(table: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f'{name} = "{each}"' for name, each in table.items()) + " }"


def _show(simulators: "Simulators") -> None:
    from .screen import Screen

    config = read_config(simulators.config, simulators.environ)
    screen = Screen()
    screen.table(("provider", "base URL", "API key"), ([one.name, one.base_url, one.api_key] for one in simulators))
    screen.print("\n# anymedia.toml", style="dim")
    for account in config.accounts.values():
        click.echo(f"[providers.{account.name}]\n{_written(simulators[account.name].table)}\n")
    # Its bills are no money, and are not to be among the real ones.
    click.echo(f'[journal]\npath = "{JOURNAL}"\n')
    screen.print("# the shell", style="dim")
    for name, key in simulators.environ.items():
        click.echo(f"export {name}={key}")
    say("\nCtrl-C stops them.")
