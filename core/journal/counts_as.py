"""What an attempt counts as where many are added up: decided here once, stored as a few words, and read from them."""

from collections.abc import Container

import attrs

from anymedia.model.money import Money, PriceStatus
from anymedia.model.task import SENDING, Attempt, Task
from anymedia.model.vocabulary import Billed, Refund, State

UNCERTAIN, ACCEPTED = "uncertain", "accepted"
"""What counts as SENDING is uncertain once its owner is dead."""


@attrs.frozen
class CountsAs:
    """What words say that an attempt counts as: they were written by `of_attempt` or `of_task`."""

    words: Container[str]

    @classmethod
    def read(cls, text: str | None) -> "CountsAs":
        """Return what a text says; words that nobody knows say nothing."""
        return cls(frozenset(str(text or "").split()))

    @property
    def uncertain(self) -> bool:
        """Whether it may have been billed, and no task is known of it."""
        return UNCERTAIN in self.words

    @property
    def accepted(self) -> bool:
        """Whether a provider took it, as far as anybody knows."""
        return ACCEPTED in self.words

    @property
    def refunded(self) -> bool:
        """Whether it failed or was canceled, and its price is given back."""
        return "refunded" in self.words

    @property
    def settled(self) -> bool:
        """Whether its price is what the provider said that it took."""
        return "settled" in self.words

    @property
    def exact(self) -> bool:
        """Whether its price is exactly what the provider took."""
        return "exact" in self.words

    @property
    def billed(self) -> bool:
        """Whether its bill can be compared with its quote."""
        return "billed" in self.words

    @property
    def free(self) -> bool:
        """Whether it succeeded and was billed nothing."""
        return "free" in self.words


def of_attempt(attempt: Attempt) -> str | None:
    """Return what an attempt counts as, in words; None when it counts for nothing."""
    if attempt.task is not None:
        return of_task(attempt.task)
    if attempt.settled is Billed.YES:
        return _accepted(attempt.order.money)
    if not attempt.open:
        return None
    return SENDING if attempt.outcome is None else UNCERTAIN


def of_task(task: Task) -> str:
    """Return what the attempt with a task counts as, in words."""
    money, words = task.money, _accepted(task.money)
    if is_refunded(task):
        return f"{words} refunded"
    if money.got != "settled" or not task.state.final:
        return words
    if money.usd != 0:
        return f"{words} billed"
    return f"{words} free" if task.state is State.SUCCEEDED else words


def may_be_paid(attempt: Attempt) -> bool:
    """Return whether something was bought, or may have been, and was not given back."""
    task = attempt.task
    if task is not None and task.state in (State.FAILED, State.CANCELED) and attempt.reserved == 0:
        return False
    return task is not None or attempt.open or attempt.settled is Billed.YES


def is_refunded(task: Task) -> bool:
    """Return whether a task failed or was canceled, and its price is given back."""
    is_free = task.money.got == "settled" and task.money.usd == 0
    if task.state is State.CANCELED:
        return is_free
    return task.failure is not None and (task.failure.refund is Refund.YES or is_free)


def _accepted(money: Money) -> str:
    if money.got != "settled":
        return ACCEPTED
    return f"{ACCEPTED} settled exact" if money.status == PriceStatus.EXACT else f"{ACCEPTED} settled"
