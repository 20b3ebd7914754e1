"""One request, from offer to offer until it is made: what is bought where, and what it may cost in all.

A request is a row of pictures. What of them is open is submitted at one offer, a task for each batch; what comes back
undone is open again, and `routing` says whether it may go elsewhere. Nothing is begun after a stop or a cancel, and
nothing goes elsewhere once something was bought, unless the caller mixes.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import attrs

from anymedia.account import Account
from anymedia.clock import first_of
from anymedia.limits.ceiling import Ceiling, Reservation
from anymedia.model.errors import AnymediaError, Cooling, NoRoute, OverCeiling, Problem, RateLimited
from anymedia.model.money import total
from anymedia.model.options import Options
from anymedia.model.quote import Quote
from anymedia.model.request import RawRequest
from anymedia.model.task import Attempt, Order, Result, Task
from anymedia.model.vocabulary import Billed, State
from anymedia.pricing.offers import Candidate
from anymedia.pricing.quote import quote_of

from .buy import Submits, raw_order
from .idempotency import bought, latest
from .rules import Then, after, step
from .session import Session
from .watch import Looks

TRIES = 4
"""How often one account is asked for the same pictures that is not there, or unavailable."""


@attrs.frozen(kw_only=True)
class Option:
    """An offer of an account that takes the request: what all of it costs, and the orders for some of its pictures."""

    account: Account
    quote: Quote
    orders: Callable[[range], list[Order]]


def option_of(candidate: Candidate, terms: Options) -> Option:
    """Return the option that a candidate is."""
    return Option(
        account=candidate.account,
        quote=quote_of(candidate),
        orders=lambda units: candidate.orders(units, terms.idempotency_key),
    )


def raw_option(request: RawRequest, account: Account, terms: Options) -> Option:
    """Return the option that an account is for a raw request: its price is unknown."""
    order = raw_order(request, account, terms)
    quote = Quote(
        offer=f"{account.adapter.name} {request.path}",
        provider=account.adapter.name,
        account=account.name,
        model=order.wire_id or "",
        status=str(order.money.status),
        money=order.money,
        tasks=1,
        depends_on={},
    )
    return Option(account=account, quote=quote, orders=lambda _: [order])


class Generation:
    """One request on its way: `options` in the order of the policy, `refused` what would not take it, with reasons."""

    def __init__(
        self,
        count: int,
        options: Sequence[Option],
        refused: Sequence[AnymediaError],
        terms: Options,
        deadline: float,
        *,
        session: Session,
        submits: Submits,
        looks: Looks,
    ) -> None:
        self._count = count
        self._options = list(options)
        self._refused = refused
        self._terms = terms
        self._deadline = deadline
        self._session = session
        self._submits = submits
        self._looks = looks
        self._ceiling = Ceiling(terms.max_price, allow_unknown=terms.allow_unknown_price)
        self._open: list[range] = [range(count)]
        self._waiting: dict[asyncio.Future[Task], _Share] = {}
        self._made: dict[int, Task] = {}
        self._attempts: dict[str, Attempt] = {}
        self._errors: dict[int, AnymediaError] = {}
        self._tries: Counter[str] = Counter()
        self._where: Option | None = None
        self._stop: AnymediaError | None = None
        self._stopped = False
        self._why = ""

    async def result(self, earlier: Iterable[Attempt], account_of: Callable[[Task], Account]) -> Result:
        """Make the pictures that were not bought `earlier`, and return all that there is.

        Errors: what stopped it, or what the offers said, where nothing was made; each with every attempt.
        """
        self._take_up(earlier, account_of)
        try:
            while self._open or self._waiting:
                if self._may_begin():
                    await self._begin()
                elif self._waiting:
                    await self._until_one_has_ended()
                else:
                    break
        except BaseException:
            await self._abandon()
            raise
        return self._ended()

    # Where things stand

    def _take_up(self, earlier: Iterable[Attempt], account_of: Callable[[Task], Account]) -> None:
        """Take what was bought before under the caller's key for what it is: it is not bought again."""
        earlier = list(earlier)
        held = {attempt.id: self._ceiling.hold(attempt) for attempt in earlier}
        self._attempts = {attempt.id: attempt for attempt in earlier}
        for attempt in latest(earlier).values():
            share = _Share(attempt=attempt, pictures=attempt.order.range, reservation=held[attempt.id])
            self._open = [rest for each in self._open for rest in _without(each, share.pictures)]
            self._where = next((each for each in self._options if each.account.name == attempt.order.account), None)
            self._wait_for(share, None if attempt.task is None else account_of(attempt.task))

    def _may_begin(self) -> bool:
        """Return whether what is open may be begun now: where something was bought already, or anywhere."""
        if not self._open or self._stopped:
            return False
        bought_some = bool(self._waiting or self._made)
        return self._terms.mix or not bought_some or self._where in self._options

    def _choices(self) -> list[Option]:
        """Return the options that are left, the best first."""
        if (self._waiting or self._made) and not self._terms.mix:
            return [each for each in self._options if each is self._where]
        if self._terms.policy == "spread":
            return sorted(self._options, key=lambda each: self._session.permits.of(each.account).load())
        return self._options

    # What is begun

    async def _begin(self) -> None:
        """Submit what is open at the best offer that can be asked, all its tasks at once; or give up."""
        option = await self._next()
        if option is None:
            self._stopped = True
            return
        reason, chosen_at = self._reason(option), self._session.clock.now()
        found = [order for pictures in self._open for order in option.orders(pictures)]
        reservations: list[Reservation] = []
        try:
            for order in found:
                reservations.append(self._ceiling.reserve(option.quote.offer, order.money))  # noqa: PERF401 - those made so far are let go
        except OverCeiling as error:
            for reservation in reservations:
                reservation.release()
            self._take_off(option, error)
            return
        self._where, self._open = option, []
        if not self._terms.fallback:
            self._options = [option]
        shares = [
            self._place(option, attrs.evolve(order, why=reason, chosen_at=chosen_at), reservation)
            for order, reservation in zip(found, reservations, strict=True)
        ]
        lanes = self._session.permits.of(option.account)
        lanes.coming += len(shares)
        try:
            ends = await asyncio.gather(*shares, return_exceptions=True)
        finally:
            lanes.coming -= len(shares)
        for end in ends:
            if end is not None:
                raise end

    async def _next(self) -> Option | None:
        """Return the first option that can be asked now; wait for the soonest where none can; None: there is none."""
        health, clock = self._session.health, self._session.clock
        while (choices := self._choices()) and clock.monotonic() < self._deadline:
            health.look(each.account for each in choices)
            well = [each for each in choices if not health.wait(each.account) and not health.trial(each.account)]
            queue = [self._session.permits.of(each.account).wait() for each in well]
            cooling = min((health.wait(each.account) or math.inf for each in choices), default=math.inf)
            in_time = not math.isinf(cooling) and clock.monotonic() + cooling <= self._deadline
            if queue and (min(queue) <= cooling or not in_time):
                return well[queue.index(min(queue))]  # it waits for its turn there, where it is not free at once
            trials = [trial for each in choices if (trial := health.trial(each.account)) is not None]
            if not in_time and not trials:
                for each in choices:
                    self._errors.setdefault(id(each), health.cooling(each.account))
                return None
            await self._pause(cooling if in_time else math.inf, trials)
        return None

    async def _pause(self, wait: float, trials: Sequence[asyncio.Event]) -> None:
        """Wait, at most until somebody's trial of an account is over, or the deadline."""
        left = self._deadline - self._session.clock.monotonic()
        waits: list[Coroutine[Any, Any, Any]] = [trial.wait() for trial in trials]
        if not math.isinf(wait):
            waits.append(self._session.clock.sleep(wait))
        await first_of(*waits, timeout=left)

    def _reason(self, option: Option) -> str:
        """Return why an option is chosen."""
        policy, choices = self._terms.policy, self._choices()
        if len(choices) == 1:
            reason = "the only one that takes it" if len(self._options) == 1 and not self._why else "the only one left"
        elif choices[0] is not option:
            reason = "the first that can be asked now"
        else:
            first, next_ = ("first of the policy", "next of the policy") if callable(policy) else _REASONS[policy]
            reason = next_ if self._why else first
        return f"{reason}; {self._why}" if self._why else reason

    async def _place(self, option: Option, order: Order, reservation: Reservation) -> None:
        """Submit one task's share, and begin to wait for its task."""
        try:
            attempt = await self._submits.once(
                order,
                option.account,
                self._deadline,
                partial(self._admit, option.account),
                self,
                any_price=self._terms.allow_unknown_price,
            )
        except _Stopped:
            reservation.release()
        except AnymediaError as error:
            if error.attempt is not None:
                self._attempts[error.attempt.id] = error.attempt
            if error.billed is Billed.NO:
                reservation.release()
            self._failed(option, order.range, error)
        else:
            share = _Share(attempt=attempt, pictures=order.range, option=option, reservation=reservation)
            self._wait_for(share, option.account)

    def _admit(self, account: Account) -> bool:
        """Return whether a submit is its account's trial. Errors: where it is not to be sent any more."""
        if self._stopped:
            raise _Stopped
        return self._session.health.admit(account)

    # What becomes of it

    def _wait_for(self, share: "_Share", account: Account | None) -> None:
        self._attempts[share.attempt.id] = share.attempt
        self._waiting[asyncio.ensure_future(self._done(share.attempt, account))] = share

    async def _done(self, attempt: Attempt, account: Account | None) -> Task:
        task = bought(attempt)
        if account is None or task.state is State.SUCCEEDED:
            return task
        return await self._looks.until_done(account, task, self._deadline - self._session.clock.monotonic())

    async def _until_one_has_ended(self) -> None:
        ended, _ = await asyncio.wait(self._waiting, return_when=asyncio.FIRST_COMPLETED)
        for end in ended:
            share = self._waiting[end]
            try:
                task = end.result()
            except AnymediaError as error:
                self._count_in(share, getattr(error, "task", None))
                self._failed(share.option, share.pictures, error)
            else:
                self._count_in(share, task)
                self._made[share.attempt.order.part] = task
            del self._waiting[end]

    def _count_in(self, share: "_Share", task: Task | None) -> None:
        """Take note of what a task has come to, and of what it cost."""
        if task is not None:
            attempt = self._attempts[share.attempt.id] = attrs.evolve(share.attempt, task=task)
            share.reservation.count(attempt)

    def _failed(self, option: Option | None, pictures: range, error: AnymediaError) -> None:
        """Decide what follows from an error: what was not made is open again, unless it stops here."""
        then = Then.STOP if option is None else after(error, self._terms)
        if option is None or then is Then.STOP:
            self._stop, self._stopped = self._stop or error, True
            return
        self._open.append(pictures)
        self._session.health.look([option.account])
        if isinstance(error, Cooling):
            return
        self._tries[option.account.name] += then is Then.SOONER and not isinstance(error, RateLimited)
        if then is not Then.SOONER or self._tries[option.account.name] >= TRIES:
            self._take_off(option, error, whole=then is not Then.OFFER)
        self._errors[id(option)] = error
        self._why = f"after {option.quote.offer}: {step(error).what}"

    def _take_off(self, option: Option, error: AnymediaError, *, whole: bool = False) -> None:
        """Take an option off the route, or the whole account."""
        self._errors[id(option)] = error
        self._options = [
            each for each in self._options if not (each is option or (whole and each.account is option.account))
        ]

    # How it ends

    async def _abandon(self) -> None:
        """Leave what goes on in sight: nobody waits for it here any more."""
        self._stopped = True
        left = [share.attempt.task for share in self._waiting.values()]
        self._session.detached.extend(task for task in (*left, *self._made.values()) if task is not None)
        for waiting in self._waiting:
            waiting.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _ended(self) -> Result:
        attempts = tuple(sorted(self._attempts.values(), key=lambda attempt: attempt.started_at))
        tasks = tuple(task for _, task in sorted(self._made.items()))
        missing = max(self._count - sum(len(task.assets) for task in tasks), 0)
        said = [*([] if self._stop is None else [self._stop]), *self._errors.values()]
        if not tasks:
            error = self._stop or no_route([*self._refused, *said])
            error.attempts = attempts
            raise error
        return Result(
            tasks=tasks,
            missing=missing,
            errors=tuple(map(str, said)) if missing else (),
            money=total(task.money for task in tasks),
            attempts=attempts,
        )


_REASONS = {
    "ordered": ("first of the route", "next of the route"),
    "cheapest": ("the cheapest", "the cheapest left"),
    "spread": ("the most room", "the most room"),
}
"""Why an offer is chosen first, and later."""


class _Stopped(Exception):
    """It was not to be sent any more when its turn came."""


@attrs.frozen(kw_only=True)
class _Share:
    """Some pictures of a request: the attempt that is to make them; without an option it was made earlier."""

    attempt: Attempt
    pictures: range
    reservation: Reservation
    option: Option | None = None


def _without(pictures: range, made: range) -> list[range]:
    """Return what is left of some pictures."""
    before = range(pictures.start, min(pictures.stop, made.start))
    behind = range(max(pictures.start, made.stop), pictures.stop)
    return [rest for rest in (before, behind) if rest]


def no_route(errors: Sequence[AnymediaError]) -> AnymediaError:
    """Return the one error there is, or the one that holds them all."""
    if not errors:
        return NoRoute("the policy tries none of the offers that take the request")
    if len(errors) > 1 and all(isinstance(error, OverCeiling) for error in errors):
        return OverCeiling(
            "; ".join(map(str, errors)), problems=[each for error in errors for each in _problems(error)]
        )
    return errors[0] if len(errors) == 1 else NoRoute(errors=errors)


def _problems(error: AnymediaError) -> Sequence[Problem]:
    return error.problems if isinstance(error, OverCeiling) else ()
