"""`anymedia resume`: what earlier commands left, taken up again."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Attempt, Blocked, DeadlineExceeded, Result, SubmitUncertain, TaskError, to_json
from anymedia.clock import Clock
from anymedia.errors import OutOfBounds, Problem
from anymedia.journal import Ledger
from anymedia.model.paths import expanded

from .attempts import sold
from .command import Command, config_option
from .doubt import replay_until, settled
from .doubt import replayed as replays
from .errors import MISSING, error_json, exit_code
from .failure import show_error
from .journal import SHORT_ID, attempt_json, say_where, when
from .making import fetched_so, files_of, make, show_tasks, tells_what_is_paid_for, timeout_option, watched
from .progress import Progress
from .saving import Saving, saves
from .text import json_of, one_line, print_json, say, shortened
from .values import stdin_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from anymedia import Client, Recovery


ANSWER = 500
"""Characters of an uncertain submit's answer that are shown; `anymedia tasks show` has all of it."""


def _handle(_: click.Context, __: click.Parameter, file: str | None) -> str | None:
    try:
        return None if file is None else stdin_text() if file == "-" else expanded(file).read_text("utf-8").strip()
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file}: not a handle") from None


@click.command("resume", cls=Command, example="resume --out out")
@click.option("--handle", callback=_handle, metavar="FILE", help="Wait for this handle's task alone; - reads stdin.")
@click.option(
    "--replay", is_flag=True, help="Send uncertain attempts again where the provider still honours their replay key."
)
@click.option(
    "--any-api-key", is_flag=True, help="Take up what was submitted with an API key that the account no longer has."
)
@saves
@timeout_option
@config_option
@click.pass_obj
def command(
    clock: Clock,
    handle: str | None,
    replay: bool,
    any_api_key: bool,
    saving: Saving,
    timeout: float,
    config: Path | None,
    as_json: bool,
) -> None:
    """Take up what earlier commands left, and fetch the results.

    The command lists uncertain attempts, those of programs that are still running too, and sends them again only with
    --replay. Exits with 0 when nothing is left open, else 4 when something is still uncertain, 1 when a task failed or
    could not be fetched, 5 when one is not finished: so a cron job of it tells of money that nobody knows of.
    `anymedia tasks settle ID --dismiss` leaves alone what can never be fetched.

    With --json one object: tasks, files (where they are), uncertain (attempts), errors; with --handle as `generate`.
    """
    if handle is not None:
        if replay:
            raise click.UsageError("--replay is for attempts, and a handle names a task")
        _take_up(
            handle, clock=clock, config=config, saving=saving, timeout=timeout, any_api_key=any_api_key, as_json=as_json
        )
        return
    progress = Progress(clock)

    async def recovered(client: "Client") -> "Recovery":
        say_where(client.config)
        if client.journal is not None:
            left, _ = await Ledger(client.journal).left()
            for attempt in left:
                if attempt.task is not None and not attempt.task.state.final:
                    progress.see(attempt)
        return await client.recover(
            saving.place(client.config),
            names=saving.names,
            sidecar=saving.sidecar,
            timeout=timeout,
            replay=replay,
            any_api_key=any_api_key,
        )

    recovery = watched(recovered, progress, clock=clock, config=config)
    with tells_what_is_paid_for(recovery.tasks):
        if as_json:
            print_json(_json(recovery))
        else:
            show_tasks(recovery.tasks, show=saving.show)
    _show(recovery)
    raise SystemExit(_code(recovery))


def _take_up(
    text: str,
    *,
    clock: Clock,
    config: Path | None,
    saving: Saving,
    timeout: float,
    any_api_key: bool,
    as_json: bool,
) -> None:
    async def waited(client: "Client") -> Result:
        try:
            task = client.open(text, any_api_key=any_api_key)
        except OutOfBounds as error:
            problems = [Problem(field="handle", message=f"{each.field}: {each.message}") for each in error.problems]
            raise OutOfBounds(problems=problems) from None
        task = await client.wait(task, timeout)
        return Result(tasks=(task,), money=task.money)

    make(waited, clock=clock, config=config, saving=saving, as_json=as_json)


def _code(recovery: "Recovery") -> int:
    """Return what to exit with: doubt about money comes first."""
    if recovery.uncertain:
        return exit_code(SubmitUncertain())
    unfinished = [isinstance(error, DeadlineExceeded) for error in recovery.errors]
    if not all(unfinished):
        return MISSING
    return exit_code(DeadlineExceeded()) if unfinished else 0


def _json(recovery: "Recovery") -> dict[str, Any]:
    return {
        "tasks": [to_json(task) for task in recovery.tasks],
        "files": files_of(recovery.tasks),
        "uncertain": [attempt_json(attempt) for attempt in recovery.uncertain],
        "errors": [error_json(error) for error in recovery.errors],
    }


def _show(recovery: "Recovery") -> None:
    """Say what is uncertain, and what went wrong."""
    replays: dict[str, SubmitUncertain] = {}
    for error in recovery.errors:
        if isinstance(error, SubmitUncertain) and error.attempt is not None:
            replays[error.attempt.id] = error  # told with its attempt
    _show_uncertain(recovery.uncertain, replays)
    for error in recovery.errors:
        if error not in replays.values():
            show_error(error)
            if error.task_id is not None and not isinstance(error, TaskError | Blocked):
                say(fetched_so(error.task_id))
    if not (recovery.tasks or recovery.uncertain or recovery.errors):
        say("nothing is uncertain, and nothing was left open")


def _show_uncertain(attempts: Sequence[Attempt], replays: dict[str, SubmitUncertain]) -> None:
    from .screen import Screen, pairs

    screen = Screen(stderr=True)
    for attempt in attempts:
        screen.headline(attempt.id[:SHORT_ID], "yellow", f"{attempt.status}: it may have been billed")
        screen.block(pairs(_uncertain(attempt, replays.get(attempt.id))))


def _uncertain(attempt: Attempt, replayed: SubmitUncertain | None) -> "Iterator[tuple[str, RenderableType]]":
    """Yield what is known of an uncertain attempt, and what can be done."""
    yield "asked", f"{when(attempt.started_at)} UTC, {sold(attempt)}"
    yield "price", str(attempt.order.money)
    if attempt.error:
        yield "error", attempt.error
    if attempt.answer is not None:
        yield "answer", shortened(one_line(json_of(attempt.answer, indent=None, ensure_ascii=False)), ANSWER)
    if replayed is not None:
        yield "replay", replayed.message
    if (until := replay_until(attempt)) is not None:
        yield "replay", f"until {until:%H:%M:%S} UTC {replays()}"
    elif attempt.replay_until is not None and replayed is None:
        yield "replay", f"it could be replayed until {attempt.replay_until:%H:%M:%S} UTC: that is over"
    yield "settle", f"look for it in {attempt.order.provider}'s own list of tasks, then {settled(attempt)}"
