"""When a task is looked at again; pure."""

from anymedia.declare.lifecycle import Pace


def first_wait(pace: Pace, age: float) -> float:
    """Return how many seconds to wait before the first look at a task of an age (seconds since its submit)."""
    return max(pace.first - age, 0.0)


def next_wait(
    pace: Pace, age: float, *, errors: int = 0, retry_after: float | None = None, jitter: float = 0.0
) -> float:
    """Return how many seconds to wait before the next look at a task of an age.

    What the server asks for comes first and is never undercut. After `errors` in a row the wait doubles each time, up
    to a minute. `jitter` (0 to 1) adds up to a tenth, so that tasks submitted together are not looked at together.
    """
    step = pace.then
    if pace.slower:
        step = next((slow for since, slow in sorted(pace.slower.items(), reverse=True) if age >= since), step)
    if errors > 1:
        step = max(step, min(step * 2 ** min(errors - 1, 6), 60.0))
    return max(step * (1 + jitter / 10), retry_after or 0.0)
