"""`anymedia simulate`: local providers to test against, for one program or until they are stopped."""

import asyncio
import os
import shlex
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from errno import EADDRINUSE
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs
import click

from anymedia import ConfigError, read_config
from anymedia.environment import JOURNAL
from anymedia.model.names import no_such
from anymedia.registry import adapters

from .command import Command
from .program import check_program, run
from .saving import writable
from .simulated import BILLS, Folder, folder_at, tables_of
from .text import print_json, reason, say

if TYPE_CHECKING:
    from anymedia.simulators import Simulators


SPEED = 4.0
"""How much faster tasks are done unless it is said: somebody waits for them."""


TRIES = 3
"""How often simulators are started at most."""


@attrs.frozen(kw_only=True)
class Wanted:
    """What is to be served: `folder` is where it is kept (None: nowhere), `faults` are provider and kind.

    `cdn` says how results are served.
    """

    host: str
    port: int
    providers: tuple[str, ...]
    speed: float
    faults: Sequence[tuple[str, str]]
    cdn: Mapping[str, Any]
    folder: Folder | None = None


def _folder(_: click.Context, __: click.Parameter, named: Path | None) -> Folder | None:
    return None if named is None else folder_at(writable(named))


@click.command(
    "simulate", cls=Command, example="simulate -- python first.py", context_settings={"allow_interspersed_args": False}
)
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
    "--speed",
    type=float,
    default=SPEED,
    show_default=True,
    metavar="X",
    help="How much faster tasks are done: most take 4 s divided by this.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=lambda _, __, given: [tuple(each.partition(":")[::2]) for each in given],
    metavar="NAME:KIND",
    help="What goes wrong once, like kie:reset_after or fal:no_credit; may be repeated.",
)
@click.option("--link-life", type=float, metavar="S", help="For how many seconds links to results live.")
@click.option(
    "--cdn-delay", "delay", type=float, default=0.0, metavar="S", help="Seconds before the first byte of a result."
)
@click.option("--cdn-rate", "rate", type=float, metavar="B", help="Bytes of a result that come in a second.")
@click.option(
    "--cdn-failing",
    "failing",
    type=float,
    default=0.0,
    metavar="X",
    help="The share of fetches that fail, from 0 to 1.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    callback=_folder,
    metavar="DIR",
    help="Keep an anymedia.toml and the keys in this folder: ports and keys are the same the next time.",
)
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[-- PROGRAM …]")
def command(
    host: str,
    port: int,
    providers: tuple[str, ...],
    speed: float,
    faults: tuple[tuple[str, str], ...],
    write: Folder | None,
    program: tuple[str, ...],
    as_json: bool,
    **cdn: float | None,
) -> None:
    """Serve providers to test against, or run a program at them.

    They listen on this machine, and cost nothing. A program behind -- is run with everything set up: its configuration,
    the API keys and a journal of its own; the API keys of real providers are taken out of its environment. The
    simulators end with it, and the command exits with its code. Without a program they are served until Ctrl-C or
    SIGTERM; --json prints one line a provider: provider, base_url, api_key.
    """
    needs_packages()
    _check_names(providers)
    if program and as_json:
        raise click.UsageError("--json goes without a program, which has stdout for itself")
    wanted = Wanted(host=host, port=port, providers=providers, speed=speed, faults=faults, cdn=cdn, folder=write)
    if program:
        raise click.exceptions.Exit(asyncio.run(_run(wanted, program)))
    asyncio.run(_serve(wanted, as_json=as_json))


def _check_names(providers: Sequence[str]) -> None:
    """Check that there is a simulator of each name. Errors: UsageError, naming those that may be meant."""
    from anymedia.simulators import names

    for name in providers:
        if name not in names():
            raise click.UsageError(no_such("simulator", name, names()))


def needs_packages() -> None:
    """Make sure that pictures, films and sounds can be made. Errors: ConfigError that says what to install."""
    from anymedia.simulators import work

    try:
        work.needs_packages()
    except ImportError as error:
        raise ConfigError(str(error)) from None


async def _run(wanted: Wanted, program: Sequence[str]) -> int:
    """Run a program at simulators, and return its exit code."""
    environ = _environ_without_keys()
    check_program(program[0], environ, _meant(program[0]))
    with TemporaryDirectory(prefix="anymedia-") as passing:
        async with _running(wanted) as simulators:
            folder = wanted.folder or folder_at(Path(passing))
            folder.write(simulators)
            return await run(program, {**environ, **folder.variables(simulators)})


def _environ_without_keys() -> dict[str, str]:
    """Return the environment without what leads to real money: API keys of providers, and the user's own journal."""
    real = {name for adapter in adapters().values() for name in adapter.api_key_env}
    return {name: value for name, value in os.environ.items() if name not in real | {JOURNAL.name}}


def _meant(name: str) -> str:
    return f"; --provider {name} simulates that provider alone" if name in adapters() else ""


async def _serve(wanted: Wanted, *, as_json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _running(wanted) as simulators:
        if wanted.folder is not None:
            wanted.folder.write(simulators)
        if as_json:
            _print_lines(simulators)
        else:
            _show(simulators, wanted.folder)
        await stop.wait()


@asynccontextmanager
async def _running(wanted: Wanted) -> AsyncIterator["Simulators"]:
    """Run simulators until the block ends. Errors: UsageError, ConfigError."""
    from anymedia.simulators.faults import KINDS

    async with AsyncExitStack() as stack:
        try:
            simulators = await _started(stack, wanted)
            for name, kind in wanted.faults:
                if name not in {one.name for one in simulators}:
                    raise ValueError(no_such("simulator", name, [one.name for one in simulators]))
                if kind not in KINDS:
                    raise ValueError(f"--fault: {no_such('fault', kind, KINDS)}")
                simulators[name].fault(kind)
        except OSError as error:
            folder = wanted.folder
            end = "" if folder is None else f"; if `anymedia simulate` serves {folder.path} already, end it first"
            raise click.UsageError(reason(error) + end) from None
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        read_config(simulators.config, simulators.environ)  # an address that would get no API key is refused
        yield simulators


async def _started(stack: AsyncExitStack, wanted: Wanted) -> "Simulators":
    """Start simulators; once more where a port that was free was taken meanwhile. Errors: OSError, ValueError."""
    from anymedia.simulators import CDN, names, running

    folder, served, tries = wanted.folder, wanted.providers or names(), TRIES
    said: dict[str, Any] = {"speed": wanted.speed, "cdn": CDN(**wanted.cdn)}
    while True:
        tries -= 1
        ports = {} if folder is None else folder.ports(served, wanted.host, wanted.port)
        environ = {} if folder is None else folder.environ
        block = running(*served, host=wanted.host, port=wanted.port, ports=ports, environ=environ, **said)
        try:
            return await stack.enter_async_context(block)
        except OSError as error:
            if error.errno != EADDRINUSE or not tries or folder is None or {*served} <= {*folder.tables}:
                raise


def _print_lines(simulators: "Simulators") -> None:
    for one in simulators:
        print_json({"provider": one.name, "base_url": one.base_url, "api_key": one.api_key}, indent=None)


def _show(simulators: "Simulators", folder: Folder | None) -> None:
    from .screen import Screen

    screen = Screen()
    screen.table(("provider", "base URL", "API key"), ([one.name, one.base_url, one.api_key] for one in simulators))
    if folder is None:
        screen.print("\n# anymedia.toml", style="dim")
        click.echo(tables_of(simulators, [one.name for one in simulators]))
        # Its bills are no money, and are not to be among the real ones.
        click.echo(f'[journal]\npath = "{BILLS}"\n')
        screen.print("# the shell", style="dim")
        for name, key in simulators.environ.items():
            click.echo(f"export {name}={key}")
        say("`anymedia simulate --write DIR` keeps all of this in a folder; `anymedia simulate -- PROGRAM` needs none.")
    else:
        shell = shlex.quote(str(folder.keys))
        say(f"\n. {shell}\nsets another terminal up: all that is started there then asks these simulators.")
    say("\nCtrl-C stops them.")
