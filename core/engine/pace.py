"""When a task is looked at again: as its provider says, and when tasks like it were done; pure."""

import math
from collections.abc import Sequence

import attrs

from anymedia.declare.lifecycle import Lifecycle, Pace
from anymedia.limits.slots import FORGOTTEN

ENOUGH = 3
"""How many tasks teach how long the next one takes."""

LOOKS = 4
"""Looks at most in the time in which a task is likely to be done, where the declared pace allows so many by then."""

LIKELY = 0.95
"""The part of tasks that are done by the last of these looks."""

FADES = 0.93
"""How much less each task counts than the one after it."""

CLOSEST = 0.03
"""Least time between two such looks, as a part of the time that half of the tasks take."""

SHORTEST = 0.1
"""Least seconds between two such looks."""

SELDOM = 5
"""Declared pauses that pass before the first look at a task which is likely to take longer."""

MARGIN = 0.5
"""How much sooner than the first look, as a part of its age, a task may have been done that was done by then."""

Took = tuple[float, float]
"""How many seconds a task took since its submit: more than the first, and not more than the second."""


def first_wait(pace: Pace, age: float) -> float:
    """Return how many seconds to wait before the first look at a task of an age (seconds since its submit)."""
    return max(pace.first - age, 0.0)


def next_wait(pace: Pace, age: float, *, errors: int = 0, jitter: float = 0.0) -> float:
    """Return how many seconds to wait before the next look at a task of an age.

    After `errors` in a row the wait doubles each time, up to a minute. `jitter` (0 to 1) adds up to a tenth, so that
    tasks submitted together are not looked at together.
    """
    step = _step(pace, age)
    if errors > 1:
        step = max(step, min(step * 2 ** min(errors - 1, 6), 60.0))
    return step * (1 + jitter / 10)


def _step(pace: Pace, age: float) -> float:
    if not pace.slower:
        return pace.then
    return next((slow for since, slow in sorted(pace.slower.items(), reverse=True) if age >= since), pace.then)


# What is known of tasks like it


@attrs.frozen
class Learned:
    """When tasks of one offer and variant are likely to be done: the ages for looks, and half of them by `usual`.

    `gap` is the least time between two looks; all are in seconds.
    """

    ages: tuple[float, ...]
    usual: float
    gap: float

    def wait(self, pace: Pace, age: float, looks: int, jitter: float) -> float:
        """Return how many seconds to wait before the next look at a task of an age, after so many looks.

        Once it may be done, it is looked at as often as is declared at least, and behind the last age the waits double
        up to the declared one. Where it was looked at more often than each `pace.then` seconds, the wait is the
        declared one.
        """
        declared = _step(pace, age) * (1 + jitter / 10)
        spare = min(looks * pace.then - age, declared)
        if age < self.ages[0] - self.gap / 2:  # it is not likely to be done, and may be as quick as no task before
            wait = min(self.ages[0] + self.gap * jitter / 2 - age, early_wait(pace, age))
            return max(wait, spare)
        ahead = next((each for each in self.ages if each > age + self.gap / 2), None)
        if ahead is None:
            wait = min(max(self.ages[-1] - self.ages[0], age - self.ages[-1], self.gap), declared)
        else:
            wait = min(ahead - age, declared)
        return max(wait, spare)


def early_wait(pace: Pace, age: float) -> float:
    """Return the longest wait before a task is likely to be done: until twice its age, and no less than a few looks."""
    return max(SELDOM * pace.then - age, age)


def learned(pace: Pace, took: Sequence[Took]) -> Learned | None:
    """Return what tasks teach that took so long, the newest first; None where they are too few."""
    if len(took) < ENOUGH:
        return None
    usual, last = _quantiles(took, (0.5, LIKELY))
    gap = max(CLOSEST * usual, SHORTEST)
    looks = max(1, min(LOOKS, 1 + int(last / pace.then))) if pace.then else LOOKS
    ages: list[float] = []
    for age in _quantiles(took, [LIKELY * number / looks for number in range(1, looks + 1)]):
        if not ages or ages[-1] < last:
            ages.append(max(age, ages[-1] + gap) if ages else age)
    return Learned(tuple(ages), usual, gap)


def _quantiles(took: Sequence[Took], parts: Sequence[float]) -> list[float]:
    """Return the ages by which these rising parts of tasks are done; each moment of a span is as likely as another."""
    steps: list[tuple[float, float]] = []
    weight = 1.0
    for least, most in took:
        density = weight / (most - least)
        steps += ((least, density), (most, -density))
        weight *= FADES
    whole = (1 - weight) / (1 - FADES)
    steps.sort()
    found: list[float] = []
    done = density = at = 0.0
    for age, change in steps:
        more = density * (age - at)
        while len(found) < len(parts) and more and done + more >= parts[len(found)] * whole:
            found.append(at + (parts[len(found)] * whole - done) / density)
        done, density, at = done + more, density + change, age
    return found + [at] * (len(parts) - len(found))


def lasted(pace: Pace, known: Learned | None, unfinished: float, done: float) -> Took | None:
    """Return how long a task took that was found done at an age, and not by the look before it; None: nobody knows.

    `unfinished` is the age at that look, 0 where there was none. A gap between them, as where a process was away, tells
    nothing.
    """
    step = _step(pace, done)
    first = pace.first if known is None else known.ages[0]
    is_first = unfinished == 0.0 and done <= first + 2 * step
    planned = 2 * step if known is None else max(2 * step, 1.5 * early_wait(pace, unfinished))
    if is_first and known is not None and done >= known.ages[0] - known.gap:
        # It may have been done for long: what becomes faster is found out step by step.
        unfinished = max(0.0, done - max(MARGIN * done, known.gap))
    elif not is_first and done - unfinished > planned:
        return None
    return (unfinished, done) if unfinished < done else None


# While a webhook is expected

UNKNOWN = 60.0
"""Seconds until the first sweep of tasks of which nobody knows how long they take. Our choice."""


def sweep_wait(pace: Pace, known: Learned | None, age: float, looks: int) -> float:
    """Return how many seconds to wait for the webhook of a task, which arrives as a rule, before the next look."""
    first = UNKNOWN if known is None else 2 * known.usual
    if looks == 0 or age < first:
        return max(first - age, 0.0)
    return max((pace.then, *pace.slower.values()))


def bounded(life: Lifecycle, wait: float) -> float:
    """Return a wait that takes no more than a third of the time for which a result can be fetched.

    Nor is a task ever left alone for so long that it would count as over against the limit of active ones.
    """
    return min(wait, FORGOTTEN / 2, math.inf if life.expires is None else life.expires / 3)
