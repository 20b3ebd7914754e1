"""Ceilings: the price of every attempt is reserved, under its request's and its batch's, before anything is sent."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal

from anymedia.model.errors import OverCeiling, Problem
from anymedia.model.money import EXACT, Money, dollars
from anymedia.model.task import Attempt
from anymedia.model.vocabulary import Billed

NOTHING = Decimal(0)


class Ceiling:
    """At most so many USD (None: any) over all attempts of a request, those included that may have been billed.

    What is reserved here is reserved `under` another ceiling too, if one is given. `held` are the USD that are reserved
    or spent, of which `billed` were billed for certain; of `unknown` attempts nobody knows what they cost.
    """

    field = "max_price"
    """What errors call it: the option that sets it."""

    def __init__(self, most: Decimal | None, *, allow_unknown: bool = False, under: "Ceiling | None" = None) -> None:
        self.most: Decimal | None = most
        self.held: Decimal = NOTHING
        self.billed: Decimal = NOTHING
        self.unknown: int = 0
        self._allow_unknown = allow_unknown
        self._under = under
        self._earlier: dict[str, Reservation] = {}

    def hold(self, attempt: Attempt) -> "Reservation":
        """Reserve what an earlier attempt counts, even above the ceiling; once, however often it is told."""
        reservation = self._earlier.get(attempt.id)
        if reservation is None:
            above = None if self._under is None else self._under.hold(attempt)
            reservation = self._earlier[attempt.id] = Reservation(self, above)
            reservation.begin(attempt.reserved)
        reservation.count(attempt)
        return reservation

    def knows(self, attempt: Attempt) -> bool:
        """Return whether an attempt is an earlier one that is held here."""
        return attempt.id in self._earlier

    def fits(self, money: Money) -> bool:
        """Return whether a price can be reserved here now; an unknown one, where it is allowed, while anything is left.

        What is left under the ceiling above does not count.
        """
        return self._takes(money, self.held)

    def can_ever_fit(self, money: Money) -> bool:
        """Return whether a price could be reserved here if nothing else were."""
        return self._takes(money, NOTHING)

    def _takes(self, money: Money, held: Decimal) -> bool:
        if money.bound is None and not self._takes_unknown:
            return False
        if self.most is None:
            return True
        if money.usd is None:
            return not held or held < self.most
        return EXACT.add(held, money.usd) <= self.most

    @property
    def _takes_unknown(self) -> bool:
        return self._allow_unknown or self.lowest is None

    @property
    def lowest(self) -> Decimal | None:
        """The lower of this ceiling and those above it; None where there is none."""
        above = None if self._under is None else self._under.lowest
        return above if self.most is None else self.most if above is None else min(self.most, above)

    def reserve(self, offer: str, money: Money) -> "Reservation":
        """Reserve the price of an attempt at an offer, here and above. Errors: OverCeiling."""
        if not self.fits(money):
            raise self.over(offer, money)
        above = None if self._under is None else self._under.reserve(offer, money)
        reservation = Reservation(self, above)
        reservation.begin(money.usd)
        return reservation

    def over(self, offer: str, money: Money, tasks: int = 1) -> OverCeiling:
        """Return the error for a price, of so many tasks together, that does not fit now."""
        if money.bound is None and not self._allow_unknown:
            ceiling = self if self.most is not None or self._under is None else self._under
            return ceiling._over(unbound(f"the price of {offer}", money, ceiling.most))  # noqa: SLF001 - it is one too
        held = self.held
        spent = f", of which {dollars(held)} are spent, or reserved {self.elsewhere}" if held else ""
        if money.usd is None:
            return self._over(
                f"nothing is left for {offer}, whose price is unknown, of the {dollars(self.most)} allowed"
            )
        costs = f"{offer} costs" if tasks == 1 else f"{tasks} tasks of {offer} cost"
        return self._over(f"{costs} {money}, more than the {dollars(self.most)} allowed{spent}")

    elsewhere = "for its other tasks"
    """For what the rest of it is reserved."""

    def _over(self, message: str) -> OverCeiling:
        return OverCeiling(problems=[Problem(field=self.field, message=message)])

    def move(self, held: Decimal, billed: Decimal, unknown: int) -> None:
        """Take note that a reservation has changed by these USD, and these attempts of unknown price."""
        self.held = EXACT.add(self.held, held)
        self.billed = EXACT.add(self.billed, billed)
        self.unknown += unknown


class Budget(Ceiling):
    """The ceiling of a batch: a row that does not fit waits for what other rows give back.

    `under_way` returns how many rows may still give something back, those included that wait. Once all of them wait
    and none fits, the budget `is_reached`: it is never passed, and what is left of it is less than the price of each.
    Once it is closed, altogether or to some accounts, nothing is sent for rows for which nothing was sent yet.
    `changed` is set when something is given back, or it is closed, and is then replaced by the next event.
    """

    field = "budget"
    elsewhere = "for other rows"

    def __init__(self, most: Decimal | None, under_way: Callable[[], int], *, allow_unknown: bool = False) -> None:
        super().__init__(most, allow_unknown=allow_unknown)
        self.changed: asyncio.Event = asyncio.Event()
        self.is_closed: bool = False
        self.is_reached: bool = False
        self._under_way = under_way
        self._waiting: dict[object, Money] = {}
        self._closed_to: set[str] = set()

    @property
    def is_short(self) -> bool:
        """Whether no row is to be begun now: one waits for what others give back, or it is closed."""
        return self.is_closed or bool(self._waiting)

    @contextmanager
    def lacking(self, row: object, money: Money) -> Iterator[None]:
        """Hold that a row waits until this price fits."""
        self._waiting[row] = money
        self.look()
        try:
            yield
        finally:
            del self._waiting[row]

    def look(self) -> None:
        """Find out whether it is reached: after a row has begun to wait, and after one has ended."""
        is_stuck = bool(self._waiting) and len(self._waiting) >= self._under_way()
        if is_stuck and not any(map(self.fits, self._waiting.values())):
            self.reach()

    def reach(self) -> None:
        """Wait for nothing that others give back any more, and close it."""
        self.is_reached = True
        self.close()

    def close(self, accounts: Collection[str] | None = None) -> None:
        """Begin nothing more, or nothing that can go to these accounts alone."""
        self.is_closed = self.is_closed or accounts is None
        self._closed_to.update(accounts or ())
        self._change()

    def is_closed_to(self, accounts: Collection[str]) -> bool:
        """Return whether nothing is begun any more that can go to these accounts alone."""
        return self.is_closed or (bool(accounts) and self._closed_to.issuperset(accounts))

    def move(self, held: Decimal, billed: Decimal, unknown: int) -> None:
        """Do as any ceiling, and let those who wait know of what is given back."""
        super().move(held, billed, unknown)
        if held < 0:
            self._change()

    def _change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def unbound(price: str, money: Money, most: Decimal | None) -> str:
    """Return why a price that has no upper bound cannot be held under a ceiling, and what takes it all the same."""
    if money.usd is None:
        why = f"{price} is unknown ({money.reason}), and may be more than the {dollars(most)} allowed"
    else:
        why = f"{price}, {money}, is an estimate that may be too low, so it holds no ceiling"
    return f"{why}; allow_unknown_price takes it all the same"


class Reservation:
    """The part of a ceiling that one attempt reserves, and of the ceiling `above`, if there is one."""

    def __init__(self, ceiling: Ceiling, above: "Reservation | None") -> None:
        self._ceiling = ceiling
        self._above = above
        self._usd: Decimal | None = NOTHING
        self._is_billed = False

    def begin(self, usd: Decimal | None) -> None:
        """Reserve so many USD; None: nobody knows how many."""
        self._set(usd, is_billed=False)

    def release(self) -> None:
        """Release it: nothing was billed."""
        self._set(NOTHING, is_billed=False)
        if self._above is not None:
            self._above.release()

    def count(self, attempt: Attempt) -> None:
        """Reserve what the attempt counts as it stands; an unknown price changes nothing."""
        is_over = attempt.task is not None and attempt.task.state.final
        usd = self._usd if attempt.reserved is None else attempt.reserved
        self._set(usd, is_billed=is_over or attempt.settled is Billed.YES)
        if self._above is not None:
            self._above.count(attempt)

    def _set(self, usd: Decimal | None, *, is_billed: bool) -> None:
        """Take another amount, and let the ceiling know by how much it differs."""
        was, is_ = self._usd or NOTHING, usd or NOTHING
        was_billed, now_billed = was if self._is_billed else NOTHING, is_ if is_billed else NOTHING
        unknown = (usd is None) - (self._usd is None)
        self._usd, self._is_billed = usd, is_billed
        self._ceiling.move(EXACT.subtract(is_, was), EXACT.subtract(now_billed, was_billed), unknown)
