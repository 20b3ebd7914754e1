"""`anymedia listen`: webhooks of the configured accounts, taken on this machine while a program is written."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia import ConfigError, load_config
from anymedia.clock import Clock

from .command import Command, config_option
from .text import one_line, print_json, reason, say

if TYPE_CHECKING:
    from anymedia import Config
    from anymedia.webhooks import Delivery

UNKNOWN = "a task that no attempt has: `anymedia tasks --unknown` lists it"


@click.command("listen", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, metavar="P")
@config_option
@click.pass_obj
def command(clock: Clock, host: str, port: int, config: Path | None, as_json: bool) -> None:
    """Take webhooks, and print what comes.

    [webhooks] url in anymedia.toml is where providers post: an address of this machine, or of a tunnel that leads here.
    What comes is written down in the journal, and whoever waits for the task there hears of it. Ends with Ctrl-C or
    SIGTERM. --json prints one object a line: account, status, task, state, error.
    """
    asyncio.run(_serve(load_config(config), host, port, clock=clock, as_json=as_json))


async def _serve(config: "Config", host: str, port: int, *, clock: Clock, as_json: bool) -> None:
    from aiohttp import web

    from anymedia import Client
    from anymedia.webhooks import routes

    if config.webhooks is None:
        raise ConfigError('no provider knows where to post: write [webhooks] url = "https://…" into anymedia.toml')
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def told(delivery: "Delivery") -> None:
        (_print_line if as_json else _show)(delivery, clock)

    async with Client(config, clock=clock) as client:
        app = web.Application()
        app.add_routes(routes(client, on_delivery=told))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except (OSError, OverflowError) as error:
                raise click.UsageError(f"cannot listen at {host}, port {port}: {_why(error)}") from None
            say(f"listening at {host}, port {runner.addresses[0][1]}, for what is posted to {config.webhooks}")
            say("Ctrl-C ends it.")
            await stop.wait()
        finally:
            await runner.cleanup()


def _why(error: Exception) -> str:
    return reason(error).rpartition(": ")[2] if isinstance(error, OSError) else str(error)


def _print_line(delivery: "Delivery", _: Clock) -> None:
    task = delivery.task
    print_json(
        {
            "account": delivery.account,
            "status": delivery.status,
            "task": None if task is None else task.id,
            "state": None if task is None else str(task.state),
            "error": delivery.error,
        },
        indent=None,
    )


def _show(delivery: "Delivery", clock: Clock) -> None:
    task = delivery.task
    if delivery.error is not None:
        what = delivery.error
    elif task is None:
        what = UNKNOWN
    else:
        what = f"{task.id} is {task.state}"
    click.echo(f"{clock.now():%H:%M:%S}  {delivery.status}  {one_line(delivery.account)}  {one_line(what)}")
