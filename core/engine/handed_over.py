"""Orders that one process plans and pays for, and another one sends: under the id that the first has given it, once.

Who hands an order over has chosen its offer, holds its price under its ceilings, and holds the caller's idempotency
key. Who sends it plans the same request at that offer, and sends it under that claim: once the claim no longer stands,
nothing is sent.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from decimal import Decimal
from typing import Protocol

import attrs

from anymedia.account import Account
from anymedia.journal.ledger import Claimed
from anymedia.limits.ceiling import Ceiling
from anymedia.model.errors import OutOfBounds, Problem
from anymedia.model.options import Options
from anymedia.model.request import AnyRequest
from anymedia.model.task import Attempt, Task
from anymedia.translate.messages import always

from .buy import Once, buy
from .plan import Option, Plan
from .purchase import no_route
from .session import Session
from .submission import Submission
from .submits import Submits


@attrs.frozen(kw_only=True)
class HandedOver:
    """An order that is to be sent as the attempt `id`: these `units` of a request, at one offer of an account.

    It may cost `most` USD (None: nobody knows its price, and the terms allow that); `claimed` is the claim of the
    caller's idempotency key, `why` says why its offer was chosen. `stands` says whether it is still for who sends it to
    send: a machine that slept since it was taken has lost it to another.
    """

    id: str
    request: AnyRequest
    account: str
    units: range
    terms: Options
    claimed: Claimed | None = None
    most: Decimal | None = None
    why: str | None = None
    stands: Callable[[], bool] = always


class Waits(Protocol):
    """Whoever waits for tasks."""

    async def until_done(self, account: Account, task: Task, timeout: float, /) -> Task:
        """Return a task once it has succeeded, after `timeout` seconds at most. Errors: as Watch.until_done."""


class Elsewhere(AbstractAsyncContextManager[object], Protocol):
    """Other processes that send what is planned here, and look at what was accepted; they are reached in its block."""

    def check(self, request: AnyRequest) -> None:
        """Refuse a request that cannot be handed over. Errors: OutOfBounds."""

    def submits(self, session: Session, request: AnyRequest, terms: Options) -> Submits:
        """Return the submits of a request that is bought on these terms."""

    def waits(self, session: Session) -> Waits:
        """Return what waits for tasks."""


async def sent(order: HandedOver, plan: Plan, submits: Submits, deadline: float) -> Attempt:
    """Send an order that was handed over, and return its attempt as it was accepted.

    Errors: what became of it; with billed NO before anything was sent, also where it would cost more than was reserved.
    """
    if not plan.options:
        raise no_route(plan.errors)
    sender = _Sender(order, plan.options[0], submits, deadline)
    await buy(sender, submits)
    return sender.attempt


class _Sender(Once[Option]):
    """The buyer of an order that was handed over: it is asked for once, at the one offer."""

    def __init__(self, order: HandedOver, option: Option, submits: Submits, deadline: float) -> None:
        super().__init__(option, submits, deadline)
        self._order = order

    def reserve(self, option: Option) -> list[Submission]:
        """Return the submission. Errors: OverCeiling; OutOfBounds where the offer makes other units in one task."""
        asked, session = self._order, self._submits.session
        orders = option.orders(asked.units, why=asked.why, chosen_at=session.clock.now())
        if [order.range for order in orders] != [asked.units]:
            message = f"{option.name} makes no {len(asked.units)} of it in one task, as whoever asks for them takes it"
            raise OutOfBounds(problems=[Problem(field="count", message=message)], account=option.account.name)
        ceiling = Ceiling(asked.most, allow_unknown=asked.terms.allow_unknown_price)
        return [
            Submission(
                order,
                option.account,
                session,
                reservation=ceiling.reserve(order.name, order.money),
                claim=asked.claimed,
                any_price=asked.terms.allow_unknown_price,
                name=asked.id,
                stands=asked.stands,
            )
            for order in orders
        ]

    @contextmanager
    def admitted(self, submission: Submission) -> Iterator[None]:
        """Hold the admission of the submit. Errors: Cooling for an account in trouble."""
        with self._submits.session.health.admitted(submission.account):
            yield
