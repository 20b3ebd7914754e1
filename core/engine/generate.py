"""The two buying verbs: `submit` returns one accepted task, `generate` waits until all of a request is made."""

import asyncio
from collections.abc import Callable

import attrs

from anymedia.account import Account
from anymedia.journal.ledger import Claimed
from anymedia.limits.ceiling import Budget
from anymedia.model.errors import AnymediaError
from anymedia.model.money import total
from anymedia.model.options import Options
from anymedia.model.task import Order, Result, Task
from anymedia.model.vocabulary import State

from .buy import buy
from .handed_over import Waits
from .idempotency import before, bought
from .plan import Plan
from .purchase import Purchase, Share
from .submits import Submits


async def submit(plan: Plan, terms: Options, deadline: float, submits: Submits, claimed: Claimed | None = None) -> Task:
    """Buy the one task of a plan and return it as it was accepted.

    Errors: what stopped it, or what the offers said; each with every attempt.
    """
    purchase = Purchase(plan, terms, deadline, submits, claimed)
    try:
        await buy(purchase, submits)
        if not purchase.shares:
            raise purchase.error()
        return bought(purchase.shares[0].attempt, submits.session)
    except AnymediaError as error:
        error.attempts = purchase.attempts
        raise
    finally:
        purchase.tell_of_excess()


class Generation:
    """A request that is bought and waited for; `account_of` returns the account at which a task is looked at.

    What it costs counts under the `budget` of its batch too, if there is one; `each` is for how many seconds a task is
    waited for at least, from its acceptance on, where others may have had their turn before it until the deadline.
    """

    def __init__(
        self,
        plan: Plan,
        terms: Options,
        deadline: float,
        submits: Submits,
        watch: Waits,
        account_of: Callable[[Task], Account],
        claimed: Claimed | None = None,
        budget: Budget | None = None,
        each: float = 0.0,
    ) -> None:
        self._each = each
        self._purchase = Purchase(plan, terms, deadline, submits, claimed, self._follow, budget)
        self._deadline = deadline
        self._submits = submits
        self._watch = watch
        self._account_of = account_of
        self._waiting: dict[asyncio.Future[Task], Share] = {}
        self._made: dict[int, Task] = {}
        self._fewer: list[str] = []
        self._missing = plan.units

    async def result(self) -> Result:
        """Make what was not bought before under the caller's key, wait for all of it, and return what there is.

        Errors: what stopped it, or what the offers said, where nothing was made; each with every attempt.
        """
        try:
            self._purchase.take_up()
            await buy(self._purchase, self._submits)
            while self._waiting:
                await self._until_one_has_ended()
                await buy(self._purchase, self._submits)
            return self._result()
        except AnymediaError as error:
            error.attempts = self._purchase.attempts
            await self._abandon()
            raise
        except BaseException:
            await self._abandon()
            raise
        finally:
            self._purchase.tell_of_excess()

    def _follow(self, share: Share) -> None:
        self._waiting[asyncio.ensure_future(self._done(share))] = share

    async def _done(self, share: Share) -> Task:
        task = (before if share.is_earlier else bought)(share.attempt, self._submits.session)
        if task.state is State.SUCCEEDED:
            return task
        left = max(self._deadline - self._submits.session.clock.monotonic(), self._each)
        return await self._watch.until_done(self._account_of(task), task, left)

    async def _until_one_has_ended(self) -> None:
        ended, _ = await asyncio.wait(self._waiting, return_when=asyncio.FIRST_COMPLETED)
        for end in ended:
            share = self._waiting[end]
            try:
                task = end.result()
            except AnymediaError as error:
                self._purchase.ended(share, error.task, error)
            else:
                self._purchase.ended(share, task)
                order, made = share.attempt.order, len(task.works)
                self._made[order.part] = attrs.evolve(task, bought_before=share.is_earlier)
                there = _units(made, order)
                self._missing -= there
                if made < there * order.makes:
                    self._fewer.append(
                        f"task {task.id} made {made} of the {order.units * order.makes} that it was paid for"
                    )
            del self._waiting[end]

    async def _abandon(self) -> None:
        """Wait for nothing more; what was bought stays in sight."""
        self._purchase.abandon()
        for waiting in self._waiting:
            waiting.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _result(self) -> Result:
        purchase, tasks = self._purchase, tuple(task for _, task in sorted(self._made.items()))
        if not tasks:
            raise purchase.error()
        return Result(
            tasks=tasks,
            missing=self._missing,
            errors=(
                *(map(str, purchase.errors) if self._missing else ()),
                *self._fewer,
                *(task.trouble.error for task in tasks if task.trouble is not None),
            ),
            money=total(task.money for task in tasks),
            attempts=purchase.attempts,
        )


def _units(works: int, order: Order) -> int:
    """Return how many of an order's units are there, each by one of its works at least."""
    return min(-(-works // order.makes), order.units)
