"""The one way to buy: `submit` and `generate` both go it, and so does a replay."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar, cast

from anymedia.model.errors import AnymediaError
from anymedia.model.task import Attempt

from .submission import Submission
from .submits import Life, Submits

Place = TypeVar("Place")


class Buyer(Protocol[Place]):
    """Whoever buys: it says where to ask next, and takes note of what became of each submission."""

    async def choose(self) -> Place | None:
        """Return where to ask next; None when nothing is to be bought any more."""

    def reserve(self, place: Place, /) -> Sequence[Submission]:
        """Return what is to be submitted there, its price reserved; nothing where it would cost too much."""

    def admitted(self, submission: Submission, /) -> AbstractContextManager[None]:
        """Hold the admission of a submission that has its permit. Errors: the reason why it is not sent after all."""

    async def settle(self, submission: Submission, life: Life, /) -> None:
        """Let a submission live its life, and note what follows from its end."""


class Once(Generic[Place]):
    """The part of a buyer that asks at one place, once, and keeps what becomes of it."""

    def __init__(self, place: Place, submits: Submits, deadline: float) -> None:
        self._places = [place]
        self._submits = submits
        self._deadline = deadline
        self._end: Attempt | AnymediaError | None = None

    @property
    def attempt(self) -> Attempt:
        """The attempt that was accepted. Errors: why none was."""
        if isinstance(self._end, AnymediaError):
            raise self._end
        return cast("Attempt", self._end)

    async def choose(self) -> Place | None:
        """Return the place, once."""
        return self._places.pop() if self._places else None

    async def settle(self, submission: Submission, life: Life) -> None:
        """Keep what became of it."""
        try:
            self._end = await self._submits.shielded(life, submission, self._deadline)
        except AnymediaError as error:
            self._end = error


async def buy(buyer: Buyer[Place], submits: Submits) -> None:
    """Buy what is open of a request, at one offer after another: this is the whole life of a submit.

    Returns when all of it was accepted or nothing may follow; the buyer knows which. docs/architecture.md says each
    step in words.
    """

    async def life(submission: Submission) -> Attempt:
        async with submission.permit(buyer) as permit:  # permit: a turn,
            await submission.place(submits.uploads)  # place: its files where the provider finds them,
            with buyer.admitted(submission):  # a free rate slot and task slot, and an account that is well
                async with submission.recorded(permit):  # record: the intent before, the outcome after
                    while (answer := await submission.send(permit)) is not None:  # send: once, or under one replay key
                        submission.classify(answer)  # classify: accepted, refused, not sent, or uncertain
        return submission.recorded_attempt

    while (place := await buyer.choose()) is not None:  # plan: the first offer of the route that can be asked now
        submissions = buyer.reserve(place)  # reserve: the price of each, under one ceiling
        # What follows from each end (the task, the next offer, a stop) is the table in engine/rules.py.
        await _together([buyer.settle(submission, life) for submission in submissions])


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait until all have ended, and raise the first error; a cancel cancels each."""
    if len(works) == 1:  # most requests are one task
        await works[0]
        return
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        _raise_first(tasks)  # a submit that may have been billed says more than that the call was cancelled
        raise
    _raise_first(tasks)


def _raise_first(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
