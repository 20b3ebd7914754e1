"""`anymedia worker`: a process that buys what applications put into the queue, in any number beside each other."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Alert, Attempt, Task, load_config
from anymedia.clock import Clock

from .command import Command, config_option
from .making import files_of
from .saving import Saving, saves_many
from .text import counted, json_of, one_line, plain, say, shortened

if TYPE_CHECKING:
    from anymedia import Config
    from anymedia.worker import Worker

AT_ONCE = 16
"""Jobs that are done at once, unless it is said."""

NAME, STATE = 20, len("uncertain")
"""Characters of the longest name that is shown whole, and of the longest state that is usual."""

LOUD = ("procrastinate", "psycopg.pool")
"""Loggers of what it stands on, which tell at length what is told here in a line."""


def _named(_: click.Context, __: click.Parameter, name: str) -> str:
    if not name.strip():
        raise click.BadParameter("a queue has a name")
    return name


@click.command("worker", cls=Command, prints_lines=True, example="worker --out s3://media-of-mine/results")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    default=AT_ONCE,
    show_default=True,
    metavar="N",
    help="How many jobs are done at once: each is short, and none waits for a task.",
)
@click.option(
    "--queue",
    "name",
    callback=_named,
    default="anymedia",
    show_default=True,
    metavar="NAME",
    help="The queue to take from.",
)
@saves_many(otherwise="nowhere: they are left for `anymedia collect`")
@config_option
@click.pass_obj
def command(clock: Clock, concurrency: int, name: str, saving: Saving, config: Path | None, as_json: bool) -> None:
    """Buy what stands in the queue, and save what is made.

    Applications put requests in, and each job is short: it sends one, looks at a task, or fetches a result.

    Workers share the journal of [journal] url, on PostgreSQL, and the queue lies in the same database: run as many as
    you like, on any machines. Nothing is bought twice, whichever of them is killed: once a minute one of them takes up
    what was left. `anymedia.worker.Queue` puts requests in, and `anymedia batch --workers` does so with rows.

    Each line tells the time (UTC), what became of a submit or of a task, the account, and the task or the error. --json
    prints one object a line. Ctrl-C or SIGTERM ends it, once the jobs under way are done, after half a minute at most:
    only the answer to a submit that has left is waited for longer, as it may be billed.
    """
    held = load_config(config)
    for logger in LOUD:
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    asyncio.run(_serve(held, concurrency, name, saving, clock=clock, as_json=as_json))


async def _serve(config: "Config", concurrency: int, name: str, saving: Saving, *, clock: Clock, as_json: bool) -> None:
    from anymedia import Client
    from anymedia.worker import Worker

    stored = config.storage is not None and config.storage.results
    lines = _Lines(clock, config, as_json=as_json)
    async with Client(config, clock=clock, on_event=lines.see) as client:
        worker = Worker(
            client,
            saving.out,
            names=saving.names,
            sidecar=saving.sidecar,
            on_saved=lines.saved,
            at_once=concurrency,
            name=name,
        )
        if client.journal is not None:
            await client.journal.check()
        if saving.out is not None or stored:
            await client.check_storage(saving.out, names=saving.names)
        async with worker:
            say(f"taking from the queue {one_line(name)}, {counted(concurrency, 'job')} at once; Ctrl-C ends it")
            if saving.out is None and not stored:
                say("results are saved nowhere: --out or [storage] names a place, and `anymedia collect` fetches them")
            await _until_ended(worker)
            say("ended: what goes on is taken up by another worker, or the next one")


async def _until_ended(worker: "Worker") -> None:
    """Let a worker work until a signal comes; a second one ends it at once."""
    loop, running = asyncio.get_running_loop(), asyncio.ensure_future(worker.run())

    def end() -> None:
        say("ending, once the jobs under way are done")
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    with suppress(asyncio.CancelledError):
        await running


class _Lines:
    """Prints a line for each submit that has ended, each task that is over, and each file that is saved."""

    def __init__(self, clock: Clock, config: "Config", *, as_json: bool) -> None:
        self._clock = clock
        self._wide = min(max(map(len, config.accounts), default=0), NAME)
        self._as_json = as_json

    def see(self, event: Attempt | Task | Alert) -> None:
        """Print what has become of a submit or of a task."""
        if isinstance(event, Attempt) and event.outcome is not None:
            self._print(event.order.account, self._submitted(event), _attempt_json(event))
        elif isinstance(event, Task) and event.state.final:
            why = "" if event.failure is None else f"  {event.failure.message or event.failure.cause}"
            self._print(event.account, (str(event.state), event.id + why), _task_json(event))

    def saved(self, task: Task) -> None:
        """Print where the files of a task are."""
        for file in files_of([task]):
            self._print(task.account, ("saved", file), {"account": task.account, "task": task.id, "file": file})

    def _submitted(self, attempt: Attempt) -> tuple[str, str]:
        key = "" if attempt.order.idempotency_key is None else f"  {attempt.order.idempotency_key}"
        if attempt.task is None:
            return str(attempt.outcome), f"{attempt.order.name}: {attempt.error}{key}"
        return "bought", f"{attempt.task.id}  {attempt.order.name}, {attempt.order.money}{key}"

    def _print(self, account: str, told: tuple[str, str], as_json: dict[str, Any]) -> None:
        for line in self._lines(account, told, as_json):
            with suppress(BrokenPipeError):  # whoever reads has enough; what is bought goes on
                click.echo(line, color=False if os.environ.get("NO_COLOR") else None)

    def _lines(self, account: str, told: tuple[str, str], as_json: dict[str, Any]) -> Iterator[str]:
        if self._as_json:
            yield json_of(as_json, indent=None)
            return
        state, what = told
        yield (
            f"{self._clock.now():%H:%M:%S}  {state:{STATE}}  {shortened(one_line(account), NAME):{self._wide}}  "
            f"{one_line(what)}"
        )


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "account": attempt.order.account,
        "attempt": attempt.id,
        "key": attempt.order.idempotency_key,
        "offer": attempt.order.name,
        "status": attempt.status,
        "usd": plain(attempt.reserved),
        "task": None if attempt.task is None else attempt.task.id,
        "error": attempt.error,
    }


def _task_json(task: Task) -> dict[str, Any]:
    return {"account": task.account, "task": task.id, "state": str(task.state)}
