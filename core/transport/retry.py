"""When a call is tried again. The only file that knows backoff."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

import attrs
import backoff

from anymedia.clock import Clock
from anymedia.model.errors import AnymediaError

T = TypeVar("T")


@attrs.frozen
class Patience:
    """How often a call is tried, and how long to wait between: `first` seconds, doubled up to `most`, with full jitter.

    What a server asks for (Retry-After) is waited in full; a wait past `longest` ends the tries instead.
    """

    tries: int = 4
    first: float = 0.5
    most: float = 8.0
    longest: float = 60.0


async def retried(
    function: Callable[[], Awaitable[T]],
    again: Callable[[AnymediaError], bool],
    *,
    clock: Clock,
    patience: Patience,
    deadline: float | None = None,
) -> T:
    """Call a function until it succeeds, or fails with what is not worth trying `again`, or time is up.

    `deadline` is on the clock's monotonic time; a wait that would pass it is not begun.
    """
    try:
        return await function()
    except AnymediaError as error:
        if not again(error):
            raise
        first: AnymediaError | None = error
    pause = 0.0

    def waits() -> Generator[float, Any, None]:
        nonlocal pause
        error = yield 0.0
        for turn in range(patience.tries - 1):
            exponential = min(patience.most, patience.first * 2**turn) * clock.chance()
            # Jitter comes on top of what the server asks for, never off it.
            pause = exponential if error.retry_after is None else error.retry_after + exponential / 10
            if pause > patience.longest or (deadline is not None and clock.monotonic() + pause > deadline):
                return
            error = yield 0.0

    async def wait(_: Any) -> None:
        await clock.sleep(pause)

    async def call() -> T:
        nonlocal first
        if first is not None:  # the first try is over: most calls never come this far
            error, first = first, None
            raise error
        return await function()

    decorate = backoff.on_exception(
        waits,
        AnymediaError,
        giveup=lambda error: not (isinstance(error, AnymediaError) and again(error)),
        on_backoff=wait,
        jitter=None,
        logger=None,
    )
    return await decorate(call)()
