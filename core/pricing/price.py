"""What a request costs at an offer, from the offer's printed prices; pure, in Decimal."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Any

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.declare.numbers import as_word
from anymedia.declare.offer import Offer
from anymedia.declare.prices import (
    Dearest,
    Metered,
    Override,
    Per,
    PerMegapixel,
    Price,
    Prices,
    Table,
    counted_by,
    goes_by,
)
from anymedia.declare.when import Said, cases
from anymedia.model.money import DECIMALS, EXACT, Money, PriceStatus, total
from anymedia.model.strict_json import Json
from anymedia.translate.check import Checked
from anymedia.translate.encode import Part
from anymedia.translate.places import touches

from .figures import (
    ONE,
    PAGE,
    USED,
    Unpriced,
    axis_of,
    figure_of,
    fits,
    has_values,
    in_words,
    size_of,
    times_of,
    worth_telling,
)

SMALLEST = Decimal(1).scaleb(-DECIMALS)
UNPRINTED = "no page prints a price"
YOURS = "your configuration"
UNNAMED = f"{YOURS} names no price"
ABOUT = "the page gives an approximate price"


def priced(checked: Checked, parts: Sequence[Part]) -> Money:
    """Return what all tasks of a request cost together: each is rounded as the provider rounds, then they are added."""
    return total(priced_part(checked, part) for part in parts)


def priced_part(checked: Checked, part: Part, override: Override | None = None) -> Money:
    """Return what one task costs, by the offer's page or by the user's own prices; unknown comes with its reason."""
    prices = checked.offer.prices if override is None else override.prices
    if prices is None:
        return _told(checked.offer, Money.unknown(UNPRINTED))
    try:
        with localcontext(EXACT):
            money = _priced(checked, part, prices, override)
    except Unpriced as unpriced:
        reason = str(unpriced)
        money = Money.unknown(reason if override is None else reason.replace(PAGE, YOURS))
    return money if override is not None else _told(checked.offer, money)


def _told(offer: Offer, money: Money) -> Money:
    """Return the price of an offer with where it stands: the user's configuration, if that declares the offer."""
    if not offer.own:
        return money
    reason = None if money.reason is None else money.reason.replace(UNPRINTED, UNNAMED).replace(PAGE, YOURS)
    if money.got is None:
        return attrs.evolve(money, reason=reason)
    return attrs.evolve(money, got="override", date=None, source=offer.page, reason=reason)


def _priced(checked: Checked, part: Part, prices: Prices, override: Override | None) -> Money:
    units, open_ = _units(checked, part)
    if override is not None:
        _all_listed(checked, override, units)
    price, doubt = figure_of(checked, prices, units)
    if isinstance(prices, Table) and "count" in prices.by:
        units, open_ = 1, ""  # a cell is for all of them
    times, longest = times_of(checked, price)
    doubts = "; ".join(filter(None, (doubt, longest, price.doubt, _unmapped(checked), open_)))
    if override is not None:
        return _overridden(override, price, units * times, doubts)
    return _money(checked.adapter, price, units * times, doubts)


def _all_listed(checked: Checked, override: Override, units: int) -> None:
    """Refuse a price of the user's where a dearer one, which is not listed, may apply."""
    page = checked.offer.prices
    if isinstance(page, Table) and isinstance(override.prices, Table):
        axes = [axis_of(checked, name, units) for name in page.by]
        missing = [cell for cell in page.cells if fits(cell, axes) and cell not in override.prices.cells]
        if missing:
            raise Unpriced(
                f"{PAGE} prints no price for {in_words(checked, dict(zip(page.by, missing[0], strict=True)))}"
            )


def least(adapter: Adapter, offer: Offer) -> Money:
    """Return the least that one unit of an offer can cost; unknown where no page prints a price."""
    return least_work(adapter, offer)[0]


def least_work(adapter: Adapter, offer: Offer) -> tuple[Money, Mapping[str, str]]:
    """Return the least that one unit of an offer can cost, and of which work: each field that it goes by, in a word."""
    money, work = _least(adapter, offer)
    return _told(offer, money), work


def _least(adapter: Adapter, offer: Offer) -> tuple[Money, Mapping[str, str]]:
    match offer.prices:
        case None:
            return Money.unknown(UNPRINTED), {}
        case Table(by=by, cells=cells):
            each = (_least_of(adapter, offer, price, dict(zip(by, cell, strict=True))) for cell, price in cells.items())
            return min(each, key=lambda found: found[0].usd or 0)
        case PerMegapixel(first=first):
            return _money(adapter, Price(str(first))), {"size": "1 megapixel"}
        case Metered():
            return Money.unknown(USED), {}
        case price:
            return _least_of(adapter, offer, price, {})


def _least_of(adapter: Adapter, offer: Offer, price: Price, cell: Mapping[str, str]) -> tuple[Money, Mapping[str, str]]:
    """Return what a figure comes to at least, and of which work."""
    work = {name: word for name, word in cell.items() if name not in offer.knobs or has_values(offer.knobs[name])}
    if not isinstance(price, Per):
        return _money(adapter, price, ONE, price.doubt or ""), work
    fewest = min((getattr(takes, "least", 0) for takes in cases(offer.fields[price.of].takes)), default=0)
    money = _money(adapter, price, price.times(Decimal(str(fewest))), price.doubt or "")
    return money, {**work, price.of: as_word(fewest)} if fewest else work


def _money(adapter: Adapter, price: Price, units: Decimal = ONE, doubt: str = "") -> Money:
    status = PriceStatus.APPROXIMATE if price.approximate else PriceStatus.ESTIMATE if doubt else PriceStatus.EXACT
    doubt = doubt or (ABOUT if price.approximate else "")
    usd, list_usd, credits = _bill(adapter, price, units)
    if usd is None:
        status, doubt = PriceStatus.UNKNOWN, "printed in credits alone, and no page says what one costs"
    return Money(
        usd=usd,
        list_usd=list_usd,
        credits=credits,
        status=status,
        got="table",
        date=adapter.printed.date,
        source=adapter.printed.source or adapter.page,
        reason=doubt or None,
    )


def _overridden(override: Override, price: Price, units: Decimal, doubt: str) -> Money:
    """Return a price of the user's own, which is not rounded to credits."""
    usd = None if price.usd is None else fine(price.usd * units)
    status = PriceStatus.ESTIMATE if doubt else PriceStatus.EXACT
    return Money(usd=usd, list_usd=usd, status=status, got="override", source=override.source, reason=doubt or None)


def _bill(adapter: Adapter, price: Price, units: Decimal) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return what is billed in USD, what the page prints in USD, and the credits."""
    rate = adapter.credit
    if rate is None:
        usd = None if price.usd is None else fine(price.usd * units)
        return usd, usd, None if price.credits is None else price.credits * units
    list_usd = fine((price.usd if price.usd is not None else (price.credits or Decimal(0)) * rate.usd) * units)
    credits = rate.bill(list_usd)
    return credits * rate.usd if rate.whole else list_usd, list_usd, credits


def fine(usd: Decimal) -> Decimal:
    """Return an amount with no more decimals than the journal adds up, rounded up."""
    exponent = usd.as_tuple().exponent
    return usd.quantize(SMALLEST, ROUND_CEILING) if isinstance(exponent, int) and exponent < -DECIMALS else usd


# What a price goes by


def depends_on(checked: Checked) -> dict[str, Json]:
    """Return what a price by the page goes by, as it is billed: "dearest" where that is not known beforehand.

    A knob that takes one value is left out unless it is given.
    """
    prices = checked.offer.prices
    names = ("size",) if isinstance(prices, PerMegapixel) else goes_by(prices)
    return {name: _billed_as(checked, name) for name in worth_telling(checked, names)}


def _billed_as(checked: Checked, name: str) -> Json:
    if name == "size":
        size = size_of(checked)
        return None if size is None else "{}x{}".format(*size)
    try:
        value = axis_of(checked, name, checked.value("count") or checked.units)
    except Unpriced:
        return None
    if isinstance(value, str | tuple) and name in counted_by(checked.offer.prices):
        return len(value)
    return "dearest" if isinstance(value, Dearest) else value


def _unmapped(checked: Checked) -> str:
    """Return the doubt about raw fields that no canonical field maps: nobody knows what they cost."""
    if not checked.extra:
        return ""
    places = [place for param in checked.offer.fields.values() for place in param.places]
    names = [name for name in _leaves(checked.extra) if not any(touches(_nested(name), to) for to in places)]
    return f"what raw fields cost is not known: {', '.join('.'.join(name) for name in names)}" if names else ""


def _leaves(fields: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from ((name, *leaf) for leaf in _leaves(value))
        else:
            yield (name,)


def _nested(name: tuple[str, ...]) -> Mapping[str, Any]:
    return {name[0]: _nested(name[1:]) if name[1:] else None}


def _units(checked: Checked, part: Part) -> tuple[int, str]:
    """Return how many units a task is billed for, and why that is only an estimate ("" when it is not)."""
    field = checked.fields.get("count")
    if field is None or field.takes is None or ("count" in checked.given and not field.raw):
        return part.units, ""
    if not field.raw and isinstance(field.value, Said):
        return checked.offer.batch, f"count is {field.value}; the most is taken"
    if not field.raw and field.value is None:
        return part.units, ""
    units = field.value
    if not isinstance(units, int) or isinstance(units, bool) or units < 1:
        raise Unpriced(f"a raw field sets {field.to} to what is no number of results")
    return units, ""
