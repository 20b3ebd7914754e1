"""What the plan, the progress and the end of a batch say in the same words."""

from collections.abc import Iterator
from decimal import Decimal

from anymedia import BatchEnd, BatchProgress
from anymedia.cli.text import counted, dollars


def counts(at: BatchProgress | BatchEnd) -> Iterator[str]:
    """Yield how many rows ended in each way: 12 done, 1 failed."""
    yield f"{at.done:,} done"
    for state in ("failed", "uncertain", "unfinished"):
        if number := getattr(at, state):
            yield f"{number:,} {state}"


def spent(usd: Decimal, possibly: Decimal, unknown: int = 0) -> str:
    """Return what was billed, what may have been, and of how much nobody knows the price."""
    more = [f"{dollars(possibly)} that may be billed"] if possibly else []
    more += [f"{counted(unknown, 'task')} of unknown price"] if unknown else []
    return ", and ".join([dollars(usd), *more])
