"""What was tried, in words, as a list and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from anymedia import Attempt, Billed, Cause, Money, State, Task
from anymedia.journal.counts_as import CountsAs, of_attempt
from anymedia.model.strict_json import Json
from anymedia.model.task import SETTLED, reserved

from .text import dollars, offer_at, one_line, plain, possibly

if TYPE_CHECKING:
    from .screen import Cell

COLUMNS = ("offer, and why it was chosen", "quoted", "how it ended", "after", "billed")


def tried_json(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON, with what follows from it."""
    from .journal import attempt_json

    charged = attempt.charged
    return {
        **attempt_json(attempt),
        "reserved": plain(attempt.reserved),
        "charged": None if charged is None else {"usd": plain(charged.usd), "credits": plain(charged.credits)},
        "queued": attempt.queued,
        "running": attempt.running,
    }


def stands(attempt: Attempt) -> str:
    """Return where an attempt stands; of one that was settled by hand, with what was found out."""
    if attempt.status != SETTLED:
        return attempt.status
    return f"{SETTLED}: {'not billed' if attempt.settled is Billed.NO else 'billed'}"


def how(attempt: Attempt) -> str:
    """Return where an attempt stands, and for what reason if it came to nothing."""
    failure = None if attempt.task is None else attempt.task.failure
    cause = attempt.cause if failure is None else failure.cause
    if attempt.status == SETTLED or cause in (None, Cause.FAILED):
        return stands(attempt)
    return f"{attempt.status}: {cause.replace('_', ' ')}"


def far(task: Task) -> str:
    """Return how far a task is that goes on, as the provider tells it: its progress, its place in the queue."""
    if task.state.final:
        return ""
    progress, position = task.told.get("progress"), task.told.get("position")
    told = (
        None if progress is None or task.state is State.QUEUED else f"{progress:.0%}",
        None if position is None or task.state is not State.QUEUED else f"place {position} in the queue",
    )
    return ", ".join(filter(None, told))


def last_answer(attempt: Attempt) -> Json:
    """Return what was answered last: to the latest look, or else to the submit; None where nothing was."""
    task = attempt.task
    if task is None:
        return attempt.answer
    return task.raw if task.trouble is None or task.trouble.answer is None else task.trouble.answer


def sold(attempt: Attempt) -> str:
    """Return what was asked for, and of whom."""
    order = attempt.order
    return one_line(offer_at(order.offer or f"{order.provider} {order.path}", order.account, order.provider))


def show_attempts(attempts: Sequence[Attempt]) -> None:
    """Print on stderr what was tried, where that was more than one thing, and what all of it cost at most."""
    if len(attempts) < 2:
        return
    from .screen import Screen

    screen = Screen(stderr=True)
    usd = reserved(attempts)
    is_sure = all(attempt.charged is not None or attempt.reserved == 0 for attempt in attempts)
    told = "" if is_sure else "at most "
    in_all = "nobody knows what they cost in all" if usd is None else f"{told}{dollars(usd)} in all"
    screen.headline(f"{len(attempts)} attempts", "cyan", in_all)
    screen.table(COLUMNS, map(_row, attempts), whole=("quoted", "after", "billed"))


def _row(attempt: Attempt) -> "list[Cell]":
    ended = attempt.ended_at if attempt.task is None else attempt.task.ended_at
    after = "" if ended is None else f"{(ended - attempt.started_at).total_seconds():.0f} s"
    return [
        [sold(attempt), *filter(None, [attempt.order.why])],
        str(attempt.order.money),
        how(attempt),
        after,
        cost(attempt),
    ]


def cost(attempt: Attempt) -> str:
    """Return what an attempt cost, or may have cost (?)."""
    counts_as = CountsAs.read(of_attempt(attempt))
    if counts_as.refunded:
        return "refunded"
    if counts_as.accepted:
        return str(money_of(attempt))
    return possibly(attempt.order.money) if attempt.open else "nothing"


def money_of(attempt: Attempt) -> Money:
    """Return what the provider billed, else what was quoted."""
    return attempt.order.money if attempt.task is None else attempt.task.money
