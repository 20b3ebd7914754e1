"""From a request to files, the same for `generate` and `raw`: progress, download, and what came of it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, TypeVar, cast

import click

from anymedia import (
    Alert,
    AnymediaError,
    Asset,
    Attempt,
    Config,
    DownloadError,
    JournalError,
    Kind,
    Result,
    Task,
    to_json,
)
from anymedia.clock import Clock
from anymedia.model.money import total
from anymedia.model.spellings import span

from .attempts import show_attempts, tried_json
from .errors import MISSING
from .failure import show_error
from .inline.option import looks_at
from .progress import Progress
from .saving import Saving, location
from .text import counted, give_up, pixels, plain, price, print_json, say

if TYPE_CHECKING:
    from anymedia import Client

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Generate: TypeAlias = "Callable[[Client], Awaitable[Result]]"


class Watches(Protocol):
    """What shows on stderr how work goes while it is done, and says what an interrupt leaves."""

    written: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def see(self, event: Attempt | Task | Alert) -> None:
        """Take note of a change."""

    def say(self, text: str) -> None:
        """Print a line on stderr."""

    def done(self) -> Iterable[str]:
        """Return a sentence for what has come of it."""

    def living(self) -> Iterable[str]:
        """Return a sentence for what goes on, or may, when the caller goes away now."""


def _timeout(_: click.Context, __: click.Parameter, text: str) -> float:
    if not (seconds := span(text)):
        raise click.BadParameter(f"must be more than 0 seconds, or a time like 90s, 5m, 1h30m, not {text!r}")
    return seconds


def timeout_option(function: F) -> F:
    """Add --timeout."""
    return timeout("10m", "How long to wait")(function)


def timeout(default: str, what: str) -> Callable[[F], F]:
    """Return what adds --timeout, which is `what`."""
    return click.option(
        "--timeout",
        default=default,
        callback=_timeout,
        show_default=True,
        metavar="T",
        help=f"{what}, in seconds or like 90s, 5m, 1h30m; a task that takes longer lives on.",
    )


def key_option(function: F) -> F:
    """Add --idempotency-key."""
    option = click.option(
        "--idempotency-key",
        metavar="KEY",
        help="Your own name for the request: it is bought once under it, however often this runs.",
    )
    return option(function)


def make(generate: Generate, *, clock: Clock, config: Config | Path | None, saving: Saving, as_json: bool) -> None:
    """Generate, save and show; exits with MISSING when not all of it is there."""
    progress = Progress(clock)

    async def made(client: "Client") -> tuple[Result, list[AnymediaError]]:
        await client.check_storage(saving.out, names=saving.names)  # nothing is bought that cannot be kept
        return await saved(client, await generate(client), saving)

    result, errors = watched(made, progress, clock=clock, config=config)
    show_attempts(result.attempts)
    _tell_bought_before(result.bought_before)
    with tells_what_is_paid_for(result.tasks):
        if as_json:
            print_json(result_json(result))
        else:
            show_tasks(result.tasks, show=saving.show)
    _show_missing(result, errors, progress)


def _tell_bought_before(tasks: Iterable[Task]) -> None:
    """Say of each task that an earlier command bought it, when and for how much."""
    from anymedia.engine.idempotency import bought_so  # which is there, as a client was used

    say_all(f"{bought_so(task)}: nothing was sent for it" for task in tasks)


def watched(
    work: "Callable[[Client], Awaitable[T]]", progress: Watches, *, clock: Clock, config: Config | Path | None
) -> T:
    """Do something with a client while its progress is shown; an interrupt tells what is done and what lives on."""
    try:
        with progress:
            return asyncio.run(_with_client(work, progress, clock, config))
    except KeyboardInterrupt:
        say_all([*progress.done(), *progress.living()])
        raise


async def _with_client(
    work: "Callable[[Client], Awaitable[T]]", progress: Watches, clock: Clock, config: Config | Path | None
) -> T:
    from anymedia import Client

    async with Client(config, clock=clock, on_event=progress.see) as client:
        progress.written = client.journal is not None
        try:
            return await work(client)
        except (AnymediaError, asyncio.CancelledError) as error:
            interrupted = cast("asyncio.Task[T]", asyncio.current_task()).cancelling() > 0
            if client.longest_wait:  # else nothing was sent that has no answer
                # Said while the answer is awaited: a Ctrl-C in here would be heard only when that is over.
                told = _waiting(client, "interrupted" if interrupted else "time is up")
                asyncio.get_running_loop().call_soon(progress.say, told)
            if isinstance(error, JournalError) and error.task is not None:
                with suppress(AnymediaError):
                    progress.say(f"a handle, for `anymedia resume --handle -`: {client.handle(error.task)}")
            if interrupted:
                raise asyncio.CancelledError from None  # which is told as an interrupt, whatever it met
            raise


def _waiting(client: "Client", why: str) -> str:
    """Return what the command still waits for, and what an interrupt does then."""
    seconds, submits = client.longest_wait, client.submitting
    what = "the answer of a submit" if submits == 1 else f"the answers of {submits} submits"
    then = "stops waiting" if client.journal is None else "leaves it uncertain in the journal"
    return f"{why}; waiting for {what}, {seconds:.0f} s at most; Ctrl-C {then}"


async def saved(client: "Client", result: Result, saving: Saving) -> tuple[Result, list[AnymediaError]]:
    """Save a result; return it with where its files are, and why the rest, which keeps its URLs, is not there."""
    from anymedia.engine.files import with_saved  # which is there, as a client was used

    ends = await asyncio.gather(*(saving.save(client, task) for task in result.tasks), return_exceptions=True)
    return with_saved(result, ends)


def result_json(result: Result) -> dict[str, object]:
    """Return a result as JSON, with the files by themselves, and what follows from its attempts."""
    return {
        **to_json(result),
        "reserved": plain(result.reserved) if result.attempts else None,
        "attempts": [tried_json(attempt) for attempt in result.attempts],
        "files": files_of(result.tasks),
    }


def files_of(tasks: Iterable[Task]) -> list[str]:
    """Return where the results of tasks are."""
    return [place for task in tasks for asset in task.assets if (place := location(asset)) is not None]


@contextmanager
def tells_what_is_paid_for(tasks: Sequence[Task]) -> Iterator[None]:
    """Print the files of tasks on stderr where nobody reads stdout any more: the command ends as its work went."""
    try:
        yield
    except BrokenPipeError:
        give_up(sys.stdout)
        say("stdout is closed; what is paid for is told here")
        show_tasks(tasks, stderr=True)


def show_tasks(tasks: Sequence[Task], *, show: bool = False, stderr: bool = False) -> None:
    """Print the files of tasks, and what they cost; with `show` as pictures too."""
    from .screen import Screen

    screen = Screen(stderr=stderr)
    look = looks_at(screen, show=show)
    for task in tasks:
        for asset in task.assets:
            screen.print(location(asset) or str(asset.url), style="bold", soft_wrap=True)
            screen.block(", ".join(_facts(task, asset)))
            look(asset)
        for adjustment in task.adjustments:
            screen.block(f"adjusted: {adjustment.field}: {adjustment.reason}")
    if len(tasks) > 1:
        files = sum(len(task.assets) for task in tasks)
        screen.print(f"{files} files, {price(total(task.money for task in tasks))} together")


def _facts(task: Task, asset: Asset) -> Iterable[str]:
    if asset.role != "main":
        yield asset.role.replace("_", " ")
    if asset.title is not None:
        yield repr(asset.title)
    if not asset.kept:
        yield "not saved" + (f", there until {asset.expires_at:%Y-%m-%d %H:%M} UTC" if asset.expires_at else "")
    else:
        if asset.kind != Kind.MUSIC.medium:
            yield pixels(asset.width, asset.height)
        if asset.seconds is not None:
            yield f"{asset.seconds:g} s"
        yield f"{asset.media_type}"
        yield f"{asset.length:,} bytes"
    yield task.offer or task.wire_id or task.provider
    if task.account != task.provider:
        yield f"account {task.account}"
    if asset is task.assets[0]:
        yield f"price {price(task.money)}" + (_for_all(len(task.assets)))


def _for_all(files: int) -> str:
    return "" if files == 1 else " for both files" if files == 2 else f" for all {files} files"


def fetched_so(task_id: str) -> str:
    """Return how the result of a task is fetched once more, which the journal knows."""
    return f"`anymedia tasks handle {quote(task_id)} | anymedia resume --handle -` fetches it once more"


def _show_missing(result: Result, errors: list[AnymediaError], progress: Progress) -> None:
    """Tell what is not there, and exit accordingly."""
    for error in errors:
        show_error(error)
    if progress.written and not all(isinstance(error, DownloadError) for error in errors):  # which says so itself
        say_all(fetched_so(task.id) for task in result.tasks if not all(asset.kept for asset in task.assets))
    if result.missing:
        (kind,) = {attempt.order.kind for attempt in result.attempts} or {task.kind for task in result.tasks}
        why = "; ".join(result.errors) or "the provider made fewer"
        say(f"{counted(result.missing, kind.work)} missing: {why}")
        say_all(progress.living())
    if errors or result.missing:
        raise SystemExit(MISSING)


def say_all(sentences: Iterable[str]) -> None:
    """Print lines on stderr."""
    for sentence in sentences:
        say(sentence)
