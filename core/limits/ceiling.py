"""The ceiling of one logical request: the price of every attempt is reserved under it before anything is sent."""

from decimal import Decimal

from anymedia.model.errors import OverCeiling, Problem
from anymedia.model.money import EXACT, Money, dollars
from anymedia.model.task import Attempt


class Ceiling:
    """At most so many USD (None: any) over all attempts of a request, those included that may have been billed."""

    def __init__(self, most: Decimal | None, *, allow_unknown: bool = False) -> None:
        self.most = most
        self._allow_unknown = allow_unknown
        self._held: dict[object, Decimal] = {}

    @property
    def held(self) -> Decimal:
        """The USD that are reserved or spent."""
        total = Decimal(0)
        for usd in self._held.values():
            total = EXACT.add(total, usd)
        return total

    def hold(self, attempt: Attempt) -> "Reservation":
        """Reserve what an earlier attempt counts, even above the ceiling."""
        return Reservation(self._held, attempt.reserved or Decimal(0))

    def fits(self, money: Money) -> bool:
        """Return whether a price can be reserved now; an unknown one, where it is allowed, while anything is left."""
        return self._takes(money, self.held)

    def can_ever_fit(self, money: Money) -> bool:
        """Return whether a price could be reserved if nothing else were."""
        return self._takes(money, Decimal(0))

    def _takes(self, money: Money, held: Decimal) -> bool:
        if self.most is None:
            return True
        if money.bound is None and not self._allow_unknown:
            return False
        if money.usd is None:
            return not held or held < self.most
        return EXACT.add(held, money.usd) <= self.most

    def reserve(self, offer: str, money: Money) -> "Reservation":
        """Reserve the price of an attempt at an offer. Errors: OverCeiling."""
        if self.most is None:
            return Reservation(self._held, Decimal(0))
        if self.fits(money):
            return Reservation(self._held, money.usd or Decimal(0))
        raise self.over(offer, money)

    def over(self, offer: str, money: Money, tasks: int = 1) -> OverCeiling:
        """Return the error for a price, of so many tasks together, that does not fit now."""
        if money.bound is None and not self._allow_unknown:
            return _over(unbound(f"the price of {offer}", money, self.most))
        held = self.held
        spent = f", of which {dollars(held)} are spent, or reserved for its other tasks" if held else ""
        if money.usd is None:
            return _over(f"nothing is left for {offer}, whose price is unknown, of the {dollars(self.most)} allowed")
        costs = f"{offer} costs" if tasks == 1 else f"{tasks} tasks of {offer} cost"
        return _over(f"{costs} {money}, more than the {dollars(self.most)} allowed{spent}")


def unbound(price: str, money: Money, most: Decimal | None) -> str:
    """Return why a price that has no upper bound cannot be held under a ceiling, and what takes it all the same."""
    if money.usd is None:
        why = f"{price} is unknown ({money.reason}), and may be more than the {dollars(most)} allowed"
    else:
        why = f"{price}, {money}, is an estimate that may be too low, so it holds no ceiling"
    return f"{why}; allow_unknown_price takes it all the same"


class Reservation:
    """The part of a ceiling that one attempt reserves."""

    def __init__(self, held: dict[object, Decimal], usd: Decimal) -> None:
        self._held = held
        held[self] = usd

    def release(self) -> None:
        """Release it: nothing was billed."""
        self._held[self] = Decimal(0)

    def count(self, attempt: Attempt) -> None:
        """Reserve what the attempt counts as it stands; an unknown price changes nothing."""
        if attempt.reserved is not None:
            self._held[self] = attempt.reserved


def _over(message: str) -> OverCeiling:
    return OverCeiling(problems=[Problem(field="max_price", message=message)])
