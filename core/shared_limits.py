"""What all who share a journal ask it of an account's limits: slots, the queue for them, and how the account is.

A slot is of one kind (a submit or a look in a window, an active task, a trial) and has a name. It counts as long as it
is held, and for a while after that. Who holds slots says so again each third of `HOLD`: those of a killed process count
on from then as if it had left them.
"""

from collections.abc import Sequence
from typing import Protocol

import attrs

SUBMITS, POLLS, ACTIVE, TRIAL = "submits", "polls", "active", "trial"
"""The kinds of slots."""

HOLD = 15.0
"""Seconds for which a slot is held, unless whoever holds it says so again."""


@attrs.frozen(kw_only=True)
class Want:
    """A slot that is wanted: at most `most` of its kind may count. It counts `after` seconds longer than it is held."""

    kind: str
    name: str
    most: int
    after: float


@attrs.frozen(kw_only=True)
class Slot:
    """A slot as it is from now on: it counts for `seconds`; 0: it is free. One that is `held` counts `HOLD` longer.

    With `still`, one that counts no more stays so.
    """

    kind: str
    name: str
    seconds: float
    held: bool = False
    still: bool = False


@attrs.frozen(kw_only=True)
class Trouble:
    """The trouble of an account, which is left alone for `left` seconds from now on; `since` is in seconds since 1970.

    With `needs_trial`, a request that succeeds ends it; else it is over in time. The provider's own words are not in
    it: a prompt may be, or a key.
    """

    cause: str
    since: float
    left: float
    failures: int
    needs_trial: bool


@attrs.frozen(kw_only=True)
class Question:
    """What is asked of an account's limits, after what is told of them: `slots`, `trouble`, or that it is `well` again.

    `wants` are the slots that are wanted, all of them or none; who has to wait for them has a place in the queue under
    `place`, and `gives_up` are places that are not needed any more. With `minds`, the account's trouble comes before:
    there is no slot then, unless one for a trial is wanted too, and the account has been left alone for long enough.
    `names` are active tasks that may be over.
    """

    account: str
    slots: Sequence[Slot] = ()
    trouble: Trouble | None = None
    well: bool = False
    wants: Sequence[Want] = ()
    place: str = ""
    gives_up: Sequence[str] = ()
    minds: bool = False
    names: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class Answer:
    """The answer to a question: the slots are had where `wait` is 0; else it is to be asked again in so many seconds.

    `trouble` is that of the account, and the reason why there is no slot where `wait` is infinite. `over` are those of
    the names that count no more.
    """

    wait: float = 0.0
    trouble: Trouble | None = None
    over: Sequence[str] = ()


class SharedLimits(Protocol):
    """The limits of accounts, as they are used by all who share a journal.

    Each question is answered in one transaction, and of any number that are asked at once, no more get a slot than may.
    Times are those of the one clock that all of them go by; `now` is the asker's monotonic clock, for limits that have
    none of their own. What is told here need not outlive a power cut.
    """

    def ask_at_once(self, question: Question, now: float) -> Answer | None:
        """Return the answer where it can be had without waiting for others; None: nothing was done. Errors: as ask."""

    async def ask(self, question: Question, now: float) -> Answer:
        """Return the answer to a question. Errors: JournalError. Cancelling the caller does not undo the question."""
