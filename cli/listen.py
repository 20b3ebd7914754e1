"""`anymedia listen`: webhooks of the configured accounts, taken on this machine while a program is written."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia import ConfigError, Task, load_config
from anymedia.clock import Clock

from .believed import believed
from .command import Command, config_option
from .making import files_of
from .saving import place
from .text import cannot_listen, json_of, one_line, say, shortened

if TYPE_CHECKING:
    from anymedia import Config
    from anymedia.webhooks import Delivery

UNKNOWN = "`anymedia tasks --unknown` lists the task: no attempt has it"
NAME, STATE, PATH = 20, len("succeeded"), 24
"""Characters of the longest name that is shown whole, of the longest state, and of the longest path."""


@click.command("listen", cls=Command, example="listen --port 8765  # needs [webhooks] url in anymedia.toml first")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, metavar="P")
@click.option(
    "--out",
    callback=place,
    metavar="PLACE",
    help="Where results are saved: a folder, or a bucket like s3://bucket/prefix. Default: [storage] of the config "
    "file where its results are on, else they are left for `anymedia collect`.",
)
@config_option
@click.pass_obj
def command(clock: Clock, host: str, port: int, out: str | None, config: Path | None, as_json: bool) -> None:
    """Take webhooks, and print what comes.

    [webhooks] url in anymedia.toml is where providers post: an address of this machine, or of a tunnel that leads here.
    What comes is written down in the journal, and whoever waits for the task hears of it, in other processes too.

    Results are saved in the background until their links die, and so is what was left before: an end leaves the rest
    for `anymedia collect`.

    Each line tells the time (UTC), what is answered (200: taken, 401: nothing proves it, 503: it is to come again), the
    account, and how the task stands or why it is refused; or `saved`, the account, and where a file is. --json prints
    one object a line: account, status, task, state, error; or account, task and files. Ctrl-C or SIGTERM ends it.
    """
    asyncio.run(_serve(load_config(config), host, port, out, clock=clock, as_json=as_json))


async def _serve(config: "Config", host: str, port: int, out: str | None, *, clock: Clock, as_json: bool) -> None:
    if config.webhooks is None:
        raise ConfigError('no provider knows where to post: write [webhooks] url = "https://…" into anymedia.toml')
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _end, ended)
    lines = _Lines(clock, config)

    def show(delivery: "Delivery") -> None:
        echo(_json_line(delivery) if as_json else lines(delivery))

    def show_saved(task: Task) -> None:
        for line in [_json_saved(task)] if as_json else lines.saved(task):
            echo(line)

    def echo(line: str) -> None:
        try:
            click.echo(line, color=False if os.environ.get("NO_COLOR") else None)
        except OSError as error:  # nobody reads any more
            _end(ended, error)
            raise

    async with AsyncExitStack() as stack:
        taken = await _listening(stack, config, host, port, out, clock, show, show_saved)
        say(f"listening at {host}, port {taken}, for what is posted to {config.webhooks}")
        for account in config.accounts.values():
            for told in believed(account):
                say(f"{account.name}: {told}")
        say("Ctrl-C ends it.")
        await ended


def _end(ended: "asyncio.Future[None]", error: OSError | None = None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error)


async def _listening(
    stack: AsyncExitStack,
    config: "Config",
    host: str,
    port: int,
    out: str | None,
    clock: Clock,
    show: "Callable[[Delivery], None]",
    show_saved: Callable[[Task], None],
) -> int:
    """Listen until a stack ends, and return the port. Errors: UsageError."""
    from aiohttp import web

    from anymedia import Client
    from anymedia.webhooks import Delivery, routes

    async def astray(request: web.Request) -> web.Response:
        what = f"{request.method} {shortened(request.path, PATH)}: no webhook comes so"
        show(Delivery(account="", status=404, error=what))
        return web.Response(status=404)

    client = await stack.enter_async_context(Client(config, clock=clock))
    if client.journal is not None:
        await client.journal.check()
    app = web.Application()
    hooks = routes(client, on_delivery=show, where=out, on_saved=show_saved)
    app.add_routes([*hooks, web.route("*", "/{path:.*}", astray)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        raise click.UsageError(cannot_listen(host, port, error)) from None
    taken: int = runner.addresses[0][1]
    return taken


def _json_line(delivery: "Delivery") -> str:
    task = delivery.task
    told = {
        "account": delivery.account,
        "status": delivery.status,
        "task": None if task is None else task.id,
        "state": None if task is None else str(task.state),
        "error": delivery.error,
    }
    return json_of(told, indent=None)


def _json_saved(task: Task) -> str:
    return json_of({"account": task.account, "task": task.id, "files": files_of([task])}, indent=None)


class _Lines:
    """Makes a line of each webhook, and of each file that is saved."""

    def __init__(self, clock: Clock, config: "Config") -> None:
        self._clock = clock
        self._wide = max(map(len, config.accounts), default=0)

    def __call__(self, delivery: "Delivery") -> str:
        task, name = delivery.task, shortened(one_line(delivery.account), NAME)
        if task is not None:
            what = f"{task.state:{STATE}}  {one_line(task.id)}"
        else:
            what = UNKNOWN if delivery.error is None else one_line(delivery.error)
        return self._line(click.style(delivery.status, fg="green" if delivery.error is None else "red"), name, what)

    def saved(self, task: Task) -> Iterator[str]:
        """Yield a line for each file of a task."""
        for file in files_of([task]):
            yield self._line("saved", shortened(one_line(task.account), NAME), one_line(file))

    def _line(self, status: str, name: str, what: str) -> str:
        return f"{self._clock.now():%H:%M:%S}  {status}  {name:{min(self._wide, NAME)}}  {what}"
