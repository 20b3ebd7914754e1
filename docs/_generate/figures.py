"""One figure of docs/prices.md: what it is asked of the code as, how it is shown, and why it is not exact."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from anymedia import Money, PriceStatus
from anymedia.declare import Adapter, Metered, Offer, Per, PerMegapixel, Price, Table, pick
from anymedia.declare.numbers import of_word
from anymedia.model.money import dollars, in_credits
from anymedia.model.vocabulary import Kind
from anymedia.pricing.price import priced
from anymedia.testing.requests import fewest, given, knob, mended
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .markdown import code, works

ABOUT = "the page gives an approximate price"

MILLION, CENT = 1_000_000, Decimal("0.01")

UNITS = {"duration": "second", "text": "character", "prompt": "character"}
"""What is counted of a field; of a list files are, and of a number it itself."""


def work(offer: Offer) -> str:
    """Return what one price of an offer is for: a picture, a clip, 2 songs, speech."""
    if offer.kind is Kind.SPEECH:
        return works(offer.kind)
    return f"a {offer.kind.work}" if offer.makes == 1 else f"{offer.makes} {works(offer.kind)}"


def asked(adapter: Adapter, offer: Offer, variant: str | None, **named: str) -> Money:
    """Return what the code says that a work costs, for values as a table of prices names them.

    Errors: ValueError when it would not even be asked for.
    """
    variant = variant or _takes_all(offer, named)
    request = fewest(adapter, offer, variant)
    for name, word in named.items():
        takes = pick(offer.fields[name].takes, (variant,))
        field = knob(adapter, name) if name in offer.knobs else name
        request = given(request, field, word if takes is None else of_word(takes, word)) or request
    checked = check(mended(request, adapter, offer, variant), adapter, offer)
    if checked.problems:
        raise ValueError(f"{adapter.name}/{offer.name} has a price for what it does not take: {checked.problems}")
    return priced(checked, parts(checked))


def _takes_all(offer: Offer, named: Iterable[str]) -> str:
    """Return the first variant that takes all these fields; the first of all where none does."""
    fits = (each for each in offer.variants if all(pick(offer.fields[name].takes, (each,)) for name in named))
    return next(fits, next(iter(offer.variants)))


def told(money: Money, price: Price | None) -> str:
    """Return a figure as a cell: as printed, as billed in credits, and what that comes to where it differs."""
    if isinstance(price, Per):
        return _each(price)
    credits = None if money.credits is None else in_credits(money.credits)
    if money.usd is None:
        return "*unknown*" if credits is None else f"{credits}, in USD *unknown*"
    printed = None if price is None or price.usd is None else _usd(price.usd, money.status)
    billed = _usd(money.usd, money.status)
    shown = " · ".join(filter(None, (printed, credits))) or billed
    return shown if billed in (printed, shown) else f"{shown} = {billed}"


def _each(price: Per) -> str:
    """Say what is billed for each of a field."""
    status = (
        PriceStatus.APPROXIMATE if price.approximate else PriceStatus.ESTIMATE if price.doubt else PriceStatus.EXACT
    )
    figure = in_credits(price.credits or Decimal(0)) if price.usd is None else _usd(price.usd, status)
    unit = UNITS.get(price.of, f"of {price.of}")
    many = f"a {unit}" if price.each == 1 else f"for {'each begun ' * price.begun}{price.each:,} {unit}s"
    bounds = [
        f"{price.least:f} at least" if price.least else "",
        f"as for {price.more:f} more" if price.more else "",
    ]
    return ", ".join([f"{figure} {many}", *filter(None, bounds)])


def flat(prices: PerMegapixel | Metered) -> str:
    """Say what is billed by the size of a work, or by what was used for it."""
    if isinstance(prices, Metered):
        rates = ", ".join(_rate(name, rate) for name, rate in prices.rates.items())
        most = ", ".join(f"{most:,f} {name}" for name, most in prices.most.items())
        return f"{rates}; " + (f"at most {most}" if most else "how many nobody says beforehand")
    put_in = f", {dollars(prices.put_in)} for each that is put in" if prices.put_in else ""
    return f"{dollars(prices.first)} for the first megapixel, {dollars(prices.further)} for each further one{put_in}"


def _rate(name: str, usd: Decimal) -> str:
    """Say what is billed for each of what is used, or for a million where one is too cheap to be read."""
    words = name.replace("_", " ")
    return f"{dollars(usd * MILLION)} for a million {words}" if usd < CENT else f"{dollars(usd)} for each of {words}"


def _usd(usd: Decimal, status: PriceStatus) -> str:
    return str(Money(usd=usd, status=status))


def is_exact(money: Money) -> bool:
    """Return whether a price is exactly what is billed."""
    return money.status is PriceStatus.EXACT


def spoken(axis: str, value: str) -> str:
    """Return a value of a field as it is said alone; what says little alone is named."""
    return f"{axis.replace('_', ' ')} {value}" if value in ("true", "false") or value.isdecimal() else value


Cell: TypeAlias = tuple[str, ...]


class Notes:
    """Why figures of a model are not exact."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], list[Cell]] = {}
        self._cells: dict[str, list[Cell]] = {}
        self._axes: dict[str, tuple[str, ...]] = {}

    def take(self, adapter: Adapter, offer: Offer, cell: Cell, money: Money, price: Any) -> None:
        """Keep the reason of a figure that is not exact: for each of a field that is the page's reason alone."""
        name = f"{adapter.name}/{offer.name}"
        self._cells.setdefault(name, []).append(cell)
        self._axes[name] = offer.prices.by if isinstance(offer.prices, Table) else ()
        reason = None if is_exact(money) else money.reason or ABOUT
        if isinstance(price, Per):
            reason = price.doubt or (ABOUT if price.approximate else None if money.usd is not None else money.reason)
        if reason is not None:
            self._reasons.setdefault((name, reason), []).append(cell)

    def told(self) -> str:
        """Return one line for each reason."""
        return "\n".join(f"- {code(name)}{self._where(name, why)}: {why}" for name, why in self._reasons)

    def _where(self, name: str, why: str) -> str:
        """Say for which of an offer's figures a reason holds, where it is not all of them: by the fields that tell."""
        cells, every, axes = self._reasons[name, why], self._cells[name], self._axes[name]
        if len(cells) == len(every):
            return ""
        held = [list(dict.fromkeys(cell[at] for cell in cells)) for at in range(len(axes))]
        within = [cell for cell in every if all(value in held[at] for at, value in enumerate(cell))]
        if len(within) > len(cells):  # no fields tell them apart from the others
            return f" ({', '.join(' '.join(map(spoken, axes, cell)) for cell in cells)})"
        telling = [at for at in range(len(axes)) if {*held[at]} != {cell[at] for cell in every}]
        return f" ({'; '.join(' '.join(spoken(axes[at], value) for value in held[at]) for at in telling)})"
