"""The submits of a client that are under way, each shielded from its caller's cancel and deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from anymedia.clock import left
from anymedia.model.errors import Unavailable
from anymedia.model.task import Attempt
from anymedia.model.vocabulary import Outcome

from .session import Session
from .submission import Submission, task_of
from .uploads import Uploads

Life: TypeAlias = Callable[[Submission], Awaitable[Attempt]]


class Submits:
    """The submits of one client that are under way, each in a task of its own."""

    def __init__(self, session: Session) -> None:
        self.session: Session = session
        self.uploads: Uploads = Uploads(session)
        self._under_way: dict[asyncio.Task[Attempt], Submission] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def longest(self) -> float:
        """How many seconds the answers of those that were sent are waited for at most, from now."""
        return max((each.longest for each in self._under_way.values() if each.is_uncertain), default=0.0)

    async def close(self) -> None:
        """Wait for every answer that is still to come; a cancel ends the wait, and not the submits."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self.uploads.close()

    async def shielded(self, life: Life, submission: Submission, deadline: float) -> Attempt:
        """Return the accepted attempt of a submission; the deadline or a cancel ends the wait and not the POST.

        `deadline` is on the clock's monotonic time. Errors: the submit's own; SubmitUncertain when the wait ended with
        a POST under way, Unavailable when it ended before one.
        """
        under_way = asyncio.ensure_future(life(submission))
        self._under_way[under_way] = submission
        under_way.add_done_callback(self._put_away)
        try:
            await asyncio.wait({under_way}, timeout=left(self.session.clock, deadline))
        except asyncio.CancelledError:
            if under_way.done():  # the answer and the cancel came together
                self._detach(under_way)
            elif submission.progress.connected:
                submission.cancelled = True
                raise submission.left("the call was cancelled") from None
            under_way.cancel()
            raise
        if under_way.done():
            return under_way.result()
        if submission.progress.connected:
            raise submission.left("the deadline passed")
        under_way.cancel()
        if submission.is_uncertain:  # a replay that could not be sent in time
            raise submission.left("the deadline passed")
        raise not_in_time(**submission.facts)

    def _put_away(self, under_way: "asyncio.Task[Attempt]") -> None:
        if self._under_way.pop(under_way).abandoned:
            self._detach(under_way)

    def _detach(self, under_way: "asyncio.Task[Attempt]") -> None:
        """Keep the task of a submit in sight that nobody waits for; of an error, the journal and on_event know."""
        if not under_way.cancelled() and under_way.exception() is None:
            self.session.detach([task_of(under_way.result())])


def not_in_time(account: str, **facts: Any) -> Unavailable:
    """Return the error for an account to which nothing was sent before the deadline."""
    return Unavailable(f"{account} could not be sent to in time", outcome=Outcome.NOT_SENT, account=account, **facts)
