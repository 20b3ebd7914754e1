"""One logical request on its way: what of it is open, what was bought, what it may still cost, and where to ask next.

A request is a row of units (pictures, clips, songs). What of them is open is submitted at one offer, a task for each
batch; what comes back undone is open again, and `rules` says whether it may go elsewhere. Nothing is begun after a stop
or a cancel, and nothing goes elsewhere once something was bought, unless the caller mixes.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from anymedia.account import Account
from anymedia.clock import first_of, left
from anymedia.journal.ledger import Claimed
from anymedia.limits.ceiling import Budget, Ceiling, Reservation
from anymedia.limits.queue import Queue
from anymedia.model.errors import (
    AnymediaError,
    Cooling,
    NoRoute,
    OverCeiling,
    Problem,
    RateLimited,
    surest,
)
from anymedia.model.money import Money, total
from anymedia.model.options import Options
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import Billed
from anymedia.observe.events import FellBack, PassedCeiling

from .idempotency import latest
from .plan import Option, Plan
from .rules import Then, after, step
from .submission import Submission
from .submits import Life, Submits, not_in_time

_log = logging.getLogger("anymedia")

TRIES = 4
"""Submits to an unavailable account before it leaves the route."""


@attrs.frozen(kw_only=True)
class Share:
    """Some units of a request that were bought: the attempt that makes them; without an option it was made earlier."""

    attempt: Attempt
    reservation: Reservation
    option: Option | None = None

    @property
    def is_earlier(self) -> bool:
        """Whether an earlier call bought them, under the same idempotency key."""
        return self.option is None


class Purchase:
    """The buyer of one request, on the terms of its caller; `deadline` is on the clock's monotonic time.

    `claimed` is the claim of the caller's idempotency key; `bought` sees each share when it is accepted. What it costs
    counts under the `budget` of its batch too, if there is one.
    """

    def __init__(
        self,
        plan: Plan,
        terms: Options,
        deadline: float,
        submits: Submits,
        claimed: Claimed | None = None,
        bought: Callable[[Share], None] = lambda _: None,
        budget: Budget | None = None,
    ) -> None:
        self.shares: list[Share] = []
        self._refused = plan.errors
        self._options = list(plan.options)
        self._only = "the only one asked" if plan.alone else "the only one that takes it"
        self._policy = plan.policy
        self._terms = terms
        self._deadline = deadline
        self._submits = submits
        self._claimed = claimed
        self._bought = bought
        self._session = submits.session
        self._place = submits.session.permits.last_place()
        self._ceiling = Ceiling(terms.max_price, allow_unknown=terms.allow_unknown_price, under=budget)
        self._budget = budget
        self._lacking: tuple[Money, OverCeiling] | None = None
        self._has_sent = False
        self._units = plan.units
        self._open: list[range] = [range(plan.units)]
        self._attempts: dict[str, Attempt] = {}
        self._errors: dict[int, AnymediaError] = {}
        self._tries: Counter[str] = Counter()
        self._again: set[tuple[int, range]] = set()
        self._where: Option | None = None
        self._stops: list[AnymediaError] = []
        self._stopped = False
        self._fell: Option | None = None
        self._why = ""

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every try, in the order of the submits."""
        return tuple(sorted(self._attempts.values(), key=lambda attempt: attempt.started_at))

    @property
    def errors(self) -> list[AnymediaError]:
        """What stopped it, and what became of each offer that was asked."""
        return [*self._stops, *self._errors.values()]

    def error(self) -> AnymediaError:
        """Return the error for a request of which nothing was made: of what stopped it, that which says most of money.

        A part that was refused must not hide another that was paid for.
        """
        return surest(self.errors) if self._stops else no_route([*self._refused, *self.errors])

    def tell_of_excess(self) -> None:
        """Tell of what all of it has cost, where that is more than the caller allowed: bills may be above quotes."""
        most, held = self._terms.max_price, self._ceiling.held
        if most is not None and held > most:
            self._session.tell(PassedCeiling(max_price=most, spent=held))

    def take_up(self) -> None:
        """Count what was bought before under the caller's idempotency key: it is not bought again."""
        earlier = () if self._claimed is None else self._claimed.bought
        self._attempts = {attempt.id: attempt for attempt in earlier}
        held = {name: self._ceiling.hold(attempt) for name, attempt in self._attempts.items()}
        for attempt in latest(self._attempts.values()).values():
            self._open = [rest for each in self._open for rest in _without(each, attempt.order.range)]
            at = (option for option in self._options if option.account.name == attempt.order.account)
            self._where = next(at, None)
            self._took(Share(attempt=attempt, reservation=held[attempt.id]))

    # Where to ask next

    async def choose(self) -> Option | None:
        """Return the first option that can be asked now; wait for the soonest where none can; None: there is none."""
        if not self._may_begin() or self._is_too_dear() or not await self._has_budget():
            return None
        if not self._terms.fallback:
            self._keep_the_first()
        accounts = (each.account.name for each in self._left())
        queue = self._session.permits.queue((self._spreads, *accounts))
        if queue.is_held:  # whoever is first there may sleep for an hour: balances are looked at all the same
            self._session.health.look(each.account for each in self._left())
        try:
            async with queue.first(self._place, self._deadline):
                chosen = await self._first_with_room(queue)
        except TimeoutError:
            chosen = None
        if chosen is None:
            self._stopped = True
            self._errors = self._errors or {id(each): self._not_sent(each.account) for each in self._left()}
        return chosen

    async def _first_with_room(self, queue: Queue) -> Option | None:
        """Return the first option that can be asked now; wait for the soonest where none can; None: there is none."""
        health, permits, clock = self._session.health, self._session.permits, self._session.clock
        while (choices := self._choices()) and clock.monotonic() < self._deadline and not self._is_closed:
            health.look(each.account for each in choices)
            well = [each for each in choices if not health.wait(each.account) and not health.trial(each.account)]
            waits = [permits.of(each.account).wait() for each in well]
            cooling = min(health.wait(each.account) or math.inf for each in choices)
            in_time = not math.isinf(cooling) and clock.monotonic() + cooling <= self._deadline
            changes = [trial for each in choices if (trial := health.trial(each.account)) is not None]
            if waits and (min(waits) <= cooling or not in_time):
                soonest = [each for each, wait in zip(well, waits, strict=True) if wait == min(waits)]
                soonest = soonest if self._spreads else soonest[:1]
                if with_room := [each for each in soonest if self._has_room(each.account)]:
                    return with_room[0]  # it waits for its turn there, where it is not free at once
                changes += [permits.of(each.account).line.shorter for each in soonest]
            elif not in_time and not changes:
                for each in choices:
                    self._errors.setdefault(id(each), health.cooling(each.account))
                break
            # Where nothing but time opens an account, the others hear of it: their deadlines may come before that.
            opens = clock.monotonic() + cooling if in_time and not well and not changes else -math.inf
            changes += [health.better, *(permits.of(each.account).active.room for each in well)]
            changes += [] if self._budget is None else [self._budget.changed]
            with queue.closed(opens):
                await self._pause(cooling if in_time else math.inf, changes)
        return None

    def _has_room(self, account: Account) -> bool:
        """Return whether a request may wait for a permit of an account; for a trial there is room for one."""
        return self._session.permits.of(account).has_room(trial=self._session.health.needs_trial(account))

    def _not_sent(self, account: Account) -> AnymediaError:
        """Return why nothing was sent to an account before the deadline."""
        if self._session.health.is_in_trouble(account):
            return self._session.health.cooling(account)
        return not_in_time(account.name, provider=account.adapter.name)

    def _keep_the_first(self) -> None:
        """Keep no other option than the first whose price fits under the ceiling."""
        first = next((each for each in self._choices() if self._ceiling.fits(each.money)), None)
        if first is not None:
            self._options = [first]

    def _may_begin(self) -> bool:
        """Return whether what is open may be begun now: where something was bought already, or anywhere."""
        if not self._open or self._stopped or self._is_closed:
            return False
        return self._terms.mix or not self.shares or self._where in self._options

    @property
    def _is_closed(self) -> bool:
        """Whether nothing more is begun in its batch, and nothing was sent for this request."""
        if self._budget is None or self._has_sent:
            return False
        return self._budget.is_closed_to({option.account.name for option in self._options})

    def _is_too_dear(self) -> bool:
        """Return whether all of it costs more than is allowed at every offer that is left: no wait changes that."""
        is_untouched = not self.shares and self._open == [range(self._units)]
        if (
            not is_untouched
            or not self._options
            or any(self._ceiling.can_ever_fit(each.money) for each in self._options)
        ):
            return False
        for each in self._options:
            self._take_off(each, self._over(each, each.money, each.tasks))
        return True

    @property
    def _spreads(self) -> bool:
        return self._policy == "spread"

    def _left(self) -> list[Option]:
        """Return the options that are left, in the order of the plan."""
        if self.shares and not self._terms.mix:
            return [each for each in self._options if each is self._where]
        return self._options

    def _choices(self) -> list[Option]:
        """Return the options that are left, the best first."""
        options = self._left()
        if self._spreads and len(options) > 1:
            return sorted(options, key=lambda each: self._session.permits.of(each.account).load())
        return options

    async def _has_budget(self) -> bool:
        """Wait until what did not fit under the budget fits, as others give back; return whether it does."""
        if self._budget is None or self._lacking is None:
            return True
        (money, over), self._lacking, clock = self._lacking, None, self._session.clock
        with self._budget.lacking(self, money):
            while not self._budget.fits(money) and not self._budget.is_reached:
                await self._pause(math.inf, [self._budget.changed])
                if clock.monotonic() >= self._deadline:
                    self._budget.reach()
        if self._budget.is_reached:
            self._stops.append(over)
            self._stopped = True
        return not self._stopped

    async def _pause(self, wait: float, changes: Sequence[asyncio.Event]) -> None:
        """Wait, at most until something changes (a trial is over, a line is shorter), or the deadline."""
        waits: list[Coroutine[Any, Any, Any]] = [change.wait() for change in changes]
        if not math.isinf(wait):
            waits.append(self._session.clock.sleep(wait))
        await first_of(*waits, timeout=left(self._session.clock, self._deadline))

    # What is submitted there

    def reserve(self, option: Option) -> list[Submission]:
        """Return the submissions of all that is open, reserved under the ceilings; none where they do not fit."""
        reason, chosen_at = self._reason(option), self._session.clock.now()
        orders = [order for units in self._open for order in option.orders(units, why=reason, chosen_at=chosen_at)]
        if self._is_over_budget(option, total(order.money for order in orders), len(orders)):
            return []
        reservations: list[Reservation] = []
        try:
            for order in orders:
                reservations.append(self._ceiling.reserve(order.name, order.money))  # noqa: PERF401 - those made so far are released
        except OverCeiling:
            for reservation in reservations:
                reservation.release()
            self._take_off(option, self._over(option, total(order.money for order in orders), len(orders)))
            return []
        if self._fell is not None:
            self._session.tell(FellBack(orders[0], self._fell.name, again=self._fell is option))
        self._where, self._open = option, []
        for notice in option.notices:
            _log.warning("%s", notice)
        return [
            Submission(
                order,
                option.account,
                self._session,
                reservation=reservation,
                claim=self._claimed,
                any_price=self._terms.allow_unknown_price,
            )
            for order, reservation in zip(orders, reservations, strict=True)
        ]

    def _is_over_budget(self, option: Option, money: Money, tasks: int) -> bool:
        """Return whether a price fits under the ceiling and not under the budget, and note that it has to wait."""
        if self._budget is None or not self._ceiling.fits(money) or self._budget.fits(money):
            return False
        self._lacking = money, self._budget.over(option.name, money, tasks)
        return True

    def _over(self, option: Option, money: Money, tasks: int) -> OverCeiling:
        return self._ceiling.over(option.name, money, tasks)

    def _reason(self, option: Option) -> str:
        """Return why an option is chosen."""
        policy, choices = self._policy, self._choices()
        if self._fell is option:
            tried = self._tries[option.account.name]
            reason = f"try {tried + 1} of {TRIES}" if tried else "once more"
        elif len(choices) == 1 and self._terms.fallback:
            reason = self._only if len(self._options) == 1 and not self._why else "the only one left"
        elif choices[0] is not option:
            reason = "the first that can be asked now"
        else:
            first, next_ = _OF_FUNCTION if callable(policy) else _REASONS[policy]
            if policy == "cheapest" and option.money.bound is None:
                first, next_ = _UNPRICED
            reason = next_ if self._why else first
        return f"{reason}; {self._why}" if self._why else reason

    @contextmanager
    def admitted(self, submission: Submission) -> Iterator[None]:
        """Hold the admission of one submit. Errors: Cooling for an account in trouble, or that it was stopped."""
        self._session.permits.of(submission.account).line.leave(submission)
        if self._stopped or self._is_closed:
            raise _Stopped
        with self._session.health.admitted(submission.account):
            self._has_sent = True
            try:
                yield
            except AnymediaError as error:  # noted while the permit is held: the next part gets it only after this
                self._stopped = self._stopped or after(error, self._terms) is Then.STOP
                raise

    # What became of it

    async def settle(self, submission: Submission, life: Life) -> None:
        """Wait for the end of a submission, and note what follows from it."""
        limits = self._session.permits.of(submission.account)
        limits.coming += 1
        limits.line.join(submission, self)
        try:
            attempt = await self._submits.shielded(life, submission, self._deadline)
        except _Stopped:
            submission.reservation.release()
        except asyncio.CancelledError:
            if not submission.is_uncertain:  # nothing was sent, and nothing will be
                submission.reservation.release()
            raise
        except AnymediaError as error:
            self._failed_submit(submission, error)
            if submission.cancelled:
                raise
        else:
            self._took(Share(attempt=attempt, reservation=submission.reservation, option=self._where))
        finally:
            limits.coming -= 1
            limits.line.leave(submission)

    def _took(self, share: Share) -> None:
        self._attempts[share.attempt.id] = share.attempt
        self.shares.append(share)
        self._bought(share)

    def _failed_submit(self, submission: Submission, error: AnymediaError) -> None:
        if error.attempt is not None:
            self._attempts[error.attempt.id] = error.attempt
        if error.billed is Billed.NO:
            submission.reservation.release()
        self._follow(self._where, submission.order.range, error)

    def ended(self, share: Share, task: Task | None, error: AnymediaError | None = None) -> None:
        """Note what a bought share has come to, and what it cost."""
        if task is not None:
            attempt = self._attempts[share.attempt.id] = attrs.evolve(share.attempt, task=task)
            share.reservation.count(attempt)
        if error is not None:
            self.shares.remove(share)
            self._follow(share.option, share.attempt.order.range, error)

    def _follow(self, option: Option | None, units: range, error: AnymediaError) -> None:
        """Decide what follows from an error: what was not made is open again, unless it stops here."""
        then = Then.STOP if option is None else after(error, self._terms)
        if option is None or then is Then.STOP:
            self._stops.append(error)
            self._stopped = True
            return
        self._open.append(units)
        self._session.health.look([option.account])
        if isinstance(error, Cooling) and not error.permanent:
            return
        self._place = self._session.permits.last_place()  # what is wrong with one request must not hold up the others
        self._tries[option.account.name] += then is Then.SOONER and not isinstance(error, RateLimited)
        if then is Then.AGAIN and (id(option), units) not in self._again:
            self._again.add((id(option), units))
        elif then is not Then.SOONER or error.permanent or self._tries[option.account.name] >= TRIES:
            self._take_off(option, error, whole=then in (Then.SOONER, Then.ACCOUNT))
        self._errors[id(option)] = error
        self._fell, self._why = option, f"after {option.name}: {step(error).what}"

    def _take_off(self, option: Option, error: AnymediaError, *, whole: bool = False) -> None:
        """Take an option off the route, or the whole account."""
        self._errors[id(option)] = error
        self._options = [
            each for each in self._options if not (each is option or (whole and each.account is option.account))
        ]

    def abandon(self) -> None:
        """Begin nothing more, and keep in sight what was bought: nobody waits for it here any more."""
        self._stopped = True
        tasks = (self._attempts[share.attempt.id].task for share in self.shares)
        self._session.detach(task for task in tasks if task is not None)


_REASONS = {
    "ordered": ("first in order", "next in order"),
    "cheapest": ("the cheapest", "the cheapest left"),
    "spread": ("the most room", "the most room"),
}
"""Why an offer is chosen first, and later."""

_OF_FUNCTION = ("first of the policy", "next of the policy")
_UNPRICED = ("first in order, as no price is known", "next in order, as no price left is known")


class _Stopped(Exception):
    """It was not to be sent any more when its turn came."""


def _without(units: range, made: range) -> list[range]:
    """Return what is left of some units."""
    before = range(units.start, min(units.stop, made.start))
    behind = range(max(units.start, made.stop), units.stop)
    return [rest for rest in (before, behind) if rest]


def no_route(errors: Sequence[AnymediaError]) -> AnymediaError:
    """Return the one error there is, or the one that holds them all."""
    if not errors:
        return NoRoute("the policy tries none of the offers that take the request")
    if len(errors) > 1 and all(isinstance(error, OverCeiling) for error in errors):
        problems: list[Problem] = [
            each for error in errors if isinstance(error, OverCeiling) for each in error.problems
        ]
        return OverCeiling("; ".join(map(str, errors)), problems=problems)
    return errors[0] if len(errors) == 1 else NoRoute(errors=errors)
