"""When a call is tried again. The only file that knows backoff."""

import math
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

    def pause(self, tries: int, error: AnymediaError, clock: Clock, deadline: float = math.inf) -> float | None:
        """Return how many seconds to wait after so many tries; None when the call is not to be tried again.

        `deadline` is on the clock's monotonic time; a wait that would pass it is not begun.
        """
        if tries >= self.tries:
            return None
        exponential = min(self.most, self.first * 2.0 ** (tries - 1)) * clock.chance()
        # Jitter comes on top of what the server asks for, never off it.
        pause = exponential if error.retry_after is None else error.retry_after + exponential / 10
        return None if pause > self.longest or clock.monotonic() + pause > deadline else pause


async def retried(
    function: Callable[[], Awaitable[T]],
    again: Callable[[AnymediaError], bool],
    *,
    clock: Clock,
    patience: Patience,
    deadline: float = math.inf,
) -> T:
    """Call a function until it succeeds, fails with an error that is not worth another try, or patience ends.

    `deadline` is on the clock's monotonic time.
    """
    try:
        return await function()
    except AnymediaError as error:
        if not again(error):
            raise
        first: AnymediaError | None = error
    pause: float | None = 0.0

    def waits() -> Generator[float, Any, None]:
        nonlocal pause
        error, tries = (yield 0.0), 1
        while (pause := patience.pause(tries, error, clock, deadline)) is not None:
            error, tries = (yield 0.0), tries + 1

    async def wait(_: Any) -> None:
        await clock.sleep(pause or 0.0)

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
