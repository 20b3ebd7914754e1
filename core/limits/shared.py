"""What one client shares of its accounts' limits with all who share its journal.

The limits of this client alone come first (`slots.py`): the journal is asked once these let a call go. A slot of the
journal is taken before a call and left when that has ended; what was left is told with the next question, or a moment
later. Of what is held it is told time and again that it still is.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import count
from typing import Protocol
from uuid import uuid4

import attrs

from anymedia.account import Account, fingerprint
from anymedia.clock import Clock
from anymedia.model.errors import AnymediaError, JournalError
from anymedia.shared_limits import ACTIVE, HOLD, POLLS, TRIAL, Answer, Question, SharedLimits, Slot, Trouble, Want

from .slots import FORGOTTEN

SOON = 0.05
"""Seconds after which it is told what was left, where nothing is asked before."""

AGAIN = HOLD / 3
"""Seconds after which it is told again of what is held."""

LOOKED = 60.0
"""Seconds after which it is told of tasks that were looked at and are not over."""

EACH = 0.5
"""Seconds between two questions whether tasks are over, while somebody waits for that."""

AWAY = 1.0
"""Seconds after which a journal is asked again that did not answer."""

_SALT = "616e796d65646961"

_log = logging.getLogger("anymedia")


class Minds(Protocol):
    """Who minds the health of accounts."""

    def needs_trial(self, account: Account) -> bool:
        """Return whether the next submit to an account is one that shows whether its trouble is over."""

    def heard(self, account: Account, trouble: Trouble | None) -> None:
        """Take an account's trouble as others have met it; None: they know of none."""

    def cooling(self, account: Account) -> AnymediaError:
        """Return the error for a submit to an account that is left alone."""


class Shared:
    """What a client shares of its accounts' limits; nothing without a journal."""

    def __init__(self, limits: SharedLimits | None, clock: Clock) -> None:
        self.minds: Minds | None = None
        self._limits = limits
        self._clock = clock
        self._shares: dict[str, Share] = {}

    def of(self, account: Account) -> "Share | None":
        """Return the share of an account's limits; None where nothing is shared."""
        if self._limits is None:
            return None
        share = self._shares.get(account.name)
        if share is None:
            share = self._shares[account.name] = Share(account, self._limits, self._clock, self.minds)
        return share

    def tell(self, account: Account, trouble: Trouble | None) -> None:
        """Tell all of an account's trouble; None: it is well again."""
        if (share := self.of(account)) is not None:
            share.tell(trouble)

    async def close(self) -> None:
        """Tell what was left."""
        await asyncio.gather(*(share.close() for share in self._shares.values()))


class Share:
    """What one client holds of an account's limits."""

    def __init__(self, account: Account, limits: SharedLimits, clock: Clock, minds: Minds | None) -> None:
        self._account = account
        self._name = _name_of(account)
        self._limits = limits
        self._clock = clock
        self._minds = minds
        self._held: dict[tuple[str, str], Want] = {}
        self._untold: dict[tuple[str, str], Left] = {}
        self._trouble: Met | None = None
        self._given_up: list[str] = []
        self._looked: dict[str, float] = {}
        self._told_of_looks = clock.monotonic()
        self._until = -math.inf
        self._is_alone = False
        self._numbers = map(f"{uuid4().hex} {{}}".format, count())
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    def new_name(self) -> str:
        """Return a name that no other slot has."""
        return next(self._numbers)

    @property
    def wait(self) -> float:
        """About how many seconds whoever waits here was last told to wait, from now."""
        return max(self._until - self._clock.monotonic(), 0.0)

    # Slots

    async def enter(self, wants: Sequence[Want], *, minds: bool = False) -> Want | None:
        """Wait until all slots are had that are wanted; return that of a trial, where the account needs one.

        Errors: Cooling, with `minds`, while the account is in trouble.

        While the journal is away, a look goes by this client's own limits, and a submit waits.
        """
        minds = minds and self._minds is not None
        trial = None
        if minds and self._minds is not None and self._minds.needs_trial(self._account):
            trial = Want(kind=TRIAL, name=self.new_name(), most=1, after=0.0)
            wants = [*wants, trial]
        if not wants and not minds:
            return None
        place, waits = self.new_name(), False
        try:
            while (wait := await self._entered(wants, place, minds=minds)) > 0:
                waits, self._until = True, self._clock.monotonic() + wait
                await self._clock.sleep(wait)
        except BaseException:
            if waits:
                self._given_up.append(place)
                self._tell_in(SOON)
            raise
        return trial

    async def _entered(self, wants: Sequence[Want], place: str, *, minds: bool) -> float:
        """Ask for slots, and return how many seconds to wait before the next question; 0: they are had."""
        try:
            answer = await self._ask(Question(account=self._name, wants=wants, place=place, minds=minds))
        except JournalError:
            return 0.0 if all(want.kind == POLLS for want in wants) and not minds else AWAY
        if minds and self._minds is not None:
            if self._trouble is None and not self._is_alone:  # else there is news that was not told yet
                self._minds.heard(self._account, answer.trouble)
            if math.isinf(answer.wait):
                raise self._minds.cooling(self._account)
        if not answer.wait:
            self._take(wants)
        return answer.wait

    def _take(self, wants: Sequence[Want]) -> None:
        self._held.update(((want.kind, want.name), want) for want in wants)
        self._tell_in(AGAIN)

    def leave(self, *slots: tuple[str, str], seconds: float = 0.0) -> None:
        """Leave slots, each of a kind and with a name, which count for so many seconds from now; 0: they are free."""
        until = self._clock.monotonic() + seconds
        for slot in slots:
            self._held.pop(slot, None)
            self._untold[slot] = Left(until, seconds)
        self._tell_in(SOON)

    def looked(self, task_id: str, *, over: bool) -> None:
        """Note that a look showed an active task, or that one is over."""
        if over:
            self._looked.pop(task_id, None)
            self.leave((ACTIVE, task_id))
        else:
            self._looked[task_id] = self._clock.monotonic()
            self._tell_in(LOOKED)

    async def hear(self, names: Collection[str], over: Callable[[str], None]) -> None:
        """Ask whether active tasks are over, and say of which, until it is cancelled."""
        while True:
            await asyncio.sleep(EACH)  # of the loop's time: another clock goes on when somebody sleeps
            try:
                answer = await self._ask(Question(account=self._name, names=[*names]))
            except JournalError:
                continue
            for name in answer.over:
                over(name)

    def tell(self, trouble: Trouble | None) -> None:
        """Tell all of the account's trouble; None: it is well again."""
        self._trouble = Met(trouble, self._clock.monotonic())
        self._tell_in(SOON)

    # What is told

    async def close(self) -> None:
        """Tell what was left."""
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            await self._telling
        await self._tell()

    def _tell_in(self, seconds: float) -> None:
        """Tell what is untold in so many seconds, or before."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._tell_now)

    def _tell_now(self) -> None:
        self._timer = None
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_again())

    async def _tell_again(self) -> None:
        try:
            for slot, want in self._held.items():
                self._untold[slot] = Left(math.inf, want.after)
            await self._tell()
        finally:
            self._telling = None
        if self._untold or self._trouble is not None:
            self._tell_in(AWAY)
        elif self._held:
            self._tell_in(AGAIN)
        elif self._looked:
            self._tell_in(LOOKED)

    async def _tell(self) -> None:
        now = self._clock.monotonic()
        if self._looked and now >= self._told_of_looks + LOOKED:
            self._told_of_looks, looked, self._looked = now, self._looked, {}
            for task_id, at in looked.items():
                self._untold.setdefault((ACTIVE, task_id), Left(at + FORGOTTEN, FORGOTTEN, still=True))
        if self._untold or self._trouble is not None or self._given_up:
            try:
                await self._ask(Question(account=self._name))
            except JournalError:
                return

    async def _ask(self, question: Question) -> Answer:
        """Ask a question, and tell with it what is untold. Errors: JournalError, where the journal is away."""
        now = self._clock.monotonic()
        untold, trouble, given_up = dict(self._untold), self._trouble, self._given_up
        self._given_up = []  # who is not told of these finds out when they come late
        question = attrs.evolve(
            question,
            slots=[left.slot(*name, now) for name, left in untold.items()],
            trouble=None if trouble is None else trouble.at(now),
            well=trouble is not None and trouble.told is None,
            gives_up=given_up,
        )
        try:
            answer = self._limits.ask_at_once(question, now)
            if answer is None:
                answer = await self._asked(question, now)
        except JournalError as error:
            self._failed(error)
            return Answer()
        self._is_alone = False
        for name, left in untold.items():
            if self._untold.get(name) is left:
                del self._untold[name]
        self._trouble = None if self._trouble is trouble else self._trouble
        return answer

    async def _asked(self, question: Question, now: float) -> Answer:
        """Ask where others have to be waited for; what is had after a cancel is left again."""
        asking = asyncio.ensure_future(self._limits.ask(question, now))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(partial(self._leave_again, question.wants))
            raise

    def _leave_again(self, wants: Sequence[Want], asked: "asyncio.Future[Answer]") -> None:
        if not asked.cancelled() and asked.exception() is None and not asked.result().wait:
            self.leave(*((want.kind, want.name) for want in wants))

    def _failed(self, error: JournalError) -> None:
        """Go by this client's own limits where they cannot be shared. Errors: the one that says that it is away."""
        if error.away:
            now = self._clock.monotonic()
            self._untold = {name: left for name, left in self._untold.items() if left.until > now or name[0] == ACTIVE}
            raise error
        self._untold, self._trouble = {}, None
        if not self._is_alone:
            self._is_alone = True
            _log.error("limits of %s are not shared with other processes: %s", self._account.name, error)


@attrs.frozen(eq=False)
class Left:
    """A slot that counts until a time on the clock's monotonic time, for `seconds` at most; infinity: it is held.

    With `still`, one that counts no more stays so.
    """

    until: float
    seconds: float
    still: bool = False

    def slot(self, kind: str, name: str, now: float) -> Slot:
        """Return how the slot is from now on."""
        if math.isinf(self.until):
            return Slot(kind=kind, name=name, seconds=self.seconds, held=True)
        left = max(min(self.until - now, self.seconds), 0.0)
        return Slot(kind=kind, name=name, seconds=left, still=self.still)


@attrs.frozen(eq=False)
class Met:
    """The trouble of an account as it was at a time on the clock's monotonic time; None: it was well again."""

    told: Trouble | None
    moment: float

    def at(self, now: float) -> Trouble | None:
        """Return the trouble as it is now."""
        if self.told is None:
            return None
        return attrs.evolve(self.told, left=max(self.moment + self.told.left - now, 0.0))


def _name_of(account: Account) -> str:
    """Return what an account is called here: with another API key, or elsewhere, it is another account."""
    key = "" if account.api_key is None else fingerprint(account.api_key, _SALT).partition(":")[2]
    return f"{account.name} {account.origin} {key}".strip()
