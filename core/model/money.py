"""Money in Decimal, in which unknown is a value of its own and never 0."""

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from enum import StrEnum

import attrs


class PriceStatus(StrEnum):
    """How far a price can be trusted."""

    EXACT = "exact"
    APPROXIMATE = "approximate"  # the provider prints an approximate price
    ESTIMATE = "estimate"  # it depends on something that is not known beforehand: the dearest case, unless it was told
    UNKNOWN = "unknown"


_TRUST = list(PriceStatus)

EXACT = Context(prec=60)
"""The decimal context of every calculation, whatever context the caller's program has set."""


def _plainly(amount: Decimal | None) -> Decimal | None:
    """Return an amount in its one form: no zeros at the end, and no exponent."""
    if amount is None or not amount.is_finite():
        return amount
    least = amount.normalize(EXACT)
    exponent = least.as_tuple().exponent
    is_short = isinstance(exponent, int) and exponent > 0 and least.adjusted() < EXACT.prec
    return least.quantize(Decimal(1), context=EXACT) if is_short else least


@attrs.frozen(kw_only=True)
class Money:
    """What a thing costs: `usd` is what is billed, `list_usd` what the page prints, `credits` the provider's own.

    `got` says how the figure was found (table, live, override, settled), `date` the day on which it held, `source`
    where it stands, `reason` why it is not exact. A figure that nobody knows is None.
    """

    usd: Decimal | None = attrs.field(default=None, converter=_plainly)
    list_usd: Decimal | None = attrs.field(default=None, converter=_plainly)
    credits: Decimal | None = attrs.field(default=None, converter=_plainly)
    status: PriceStatus = PriceStatus.UNKNOWN
    got: str | None = None
    date: str | None = None
    source: str | None = None
    reason: str | None = None

    @property
    def bound(self) -> Decimal | None:
        """The most that is billed; None where nobody knows: what a provider told as an estimate may be an average."""
        is_guess = self.status is PriceStatus.ESTIMATE and self.got == "live"
        return None if is_guess else self.usd

    @classmethod
    def unknown(cls, reason: str) -> "Money":
        """Return an unknown amount, with the reason why nobody knows it."""
        return cls(reason=reason)

    def __str__(self) -> str:
        mark = "" if self.usd is None or self.status is PriceStatus.EXACT else "~"
        return f"{mark}{dollars(self.usd)}"


CENTS = 2
"""Decimals of an amount that is shown, at least."""


def dollars(usd: Decimal | None) -> str:
    """Return an amount as a person is shown it, everywhere: $0.10 or $0.0275, exactly as much as it is; or unknown."""
    if usd is None:
        return "unknown"
    exponent = usd.normalize(EXACT).as_tuple().exponent
    decimals = max(CENTS, -exponent) if isinstance(exponent, int) else CENTS
    return f"{'-' * (usd < 0)}${usd.copy_abs():.{decimals}f}"


def plain(amount: Decimal | None) -> str | None:
    """Return an amount as JSON has it: digits alone, without the zeros at the end."""
    return None if amount is None else f"{amount.normalize():f}"


def in_credits(amount: Decimal) -> str:
    """Return an amount of a provider's credits as a person is shown it: 1 credit, 2.5 credits."""
    return f"{amount.normalize(EXACT):f} credit{'s' * (amount != 1)}"


LARGEST = Decimal(1000)
DECIMALS = 9
"""A believable price of a task is above 0, at most LARGEST USD, and has at most DECIMALS digits behind the point, which
is what the journal adds up."""


def can_be(usd: Decimal) -> bool:
    """Return whether an amount can be the price of a task: nobody sells for nothing."""
    exponent = usd.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -DECIMALS and 0 < usd <= LARGEST


def total(parts: Iterable[Money]) -> Money:
    """Add up money, each part as it is billed; one unknown part makes the sum unknown, the least sure marks it."""
    parts = tuple(parts)
    if len(parts) == 1:
        return parts[0]
    least_sure = max(parts, key=lambda part: (_TRUST.index(part.status), part.bound is None))
    if least_sure.status is PriceStatus.UNKNOWN:
        return least_sure
    with localcontext(EXACT):
        return attrs.evolve(
            least_sure,
            usd=_sum(part.usd for part in parts),
            list_usd=_sum(part.list_usd for part in parts),
            credits=_sum(part.credits for part in parts),
        )


def _sum(figures: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total
