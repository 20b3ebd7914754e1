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
        if self.most is None:
            return True
        if money.bound is None:
            return self._allow_unknown and (not self.held or self.held < self.most)
        return EXACT.add(self.held, money.bound) <= self.most

    def reserve(self, offer: str, money: Money) -> "Reservation":
        """Reserve the price of an attempt at an offer. Errors: OverCeiling."""
        if self.most is None:
            return Reservation(self._held, Decimal(0))
        if self.fits(money):
            return Reservation(self._held, money.usd or Decimal(0))
        held, more = self.held, f"more than the {dollars(self.most)} allowed"
        if money.bound is None and not self._allow_unknown:
            why = f"the price of {offer} is unknown ({money.reason}), and may be {more}"
            raise _over(f"{why}; allow_unknown_price takes it all the same")
        spent = f", of which {dollars(held)} are spent, or reserved for its other tasks" if held else ""
        if money.bound is None:
            raise _over(f"nothing is left for {offer}, whose price is unknown, of the {dollars(self.most)} allowed")
        raise _over(f"{offer} costs {money}, {more}{spent}")


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
