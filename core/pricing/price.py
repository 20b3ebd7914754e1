"""What a request costs at an offer, from the offer's printed prices; pure, in Decimal."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from anymedia.declare.adapter import Adapter, ByMode, Offer, Said, pick
from anymedia.declare.path import Path
from anymedia.declare.prices import Dearest, Override, PerMegapixel, Price, Prices, Table
from anymedia.model.money import EXACT, Money, PriceStatus, total
from anymedia.model.request import Mode
from anymedia.model.strict_json import Json
from anymedia.translate.check import Checked, touches
from anymedia.translate.encode import Part

UNPRINTED = "no page prints a price"
PAGE, YOURS = "the page", "your configuration"
ABOUT = "the page says about so much"


class Unpriced(Exception):
    """No printed price fits; the message says why."""


def priced(checked: Checked, parts: Sequence[Part]) -> Money:
    """Return what all tasks of a request cost together, each rounded as the provider rounds, then added up."""
    return total(priced_part(checked, part) for part in parts)


def priced_part(checked: Checked, part: Part, override: Override | None = None) -> Money:
    """Return what one task costs, by the offer's page or by what the user says; unknown comes with its reason."""
    prices = checked.offer.prices if override is None else override.prices
    if prices is None:
        return Money.unknown(UNPRINTED)
    try:
        with localcontext(EXACT):
            return _priced(checked, part, prices, override)
    except Unpriced as unpriced:
        said = str(unpriced)
        return Money.unknown(said if override is None else said.replace(PAGE, YOURS))


def _priced(checked: Checked, part: Part, prices: Prices, override: Override | None) -> Money:
    if override is not None:
        _all_listed(checked, part, override)
    price, doubt = _figure(checked, part, prices)
    doubts = "; ".join(filter(None, (doubt, price.doubt, _unmapped(checked))))
    count = _count(checked, part)
    if override is not None:
        return _said(override, price, count, doubts)
    return _money(checked.adapter, price, count, doubts)


def _all_listed(checked: Checked, part: Part, override: Override) -> None:
    """Refuse a price of the user's where a dearer one may apply that is not listed."""
    page = checked.offer.prices
    if isinstance(page, Table) and isinstance(override.prices, Table):
        axes = [_axis(checked, part, field) for field in page.by]
        missing = [cell for cell in page.cells if _fits(cell, axes) and cell not in override.prices.cells]
        if missing:
            raise Unpriced(f"{PAGE} prints no price for {', '.join(missing[0])}")


def least(adapter: Adapter, offer: Offer) -> Money:
    """Return the least that a picture of an offer can cost; unknown where no page prints a price."""
    match offer.prices:
        case None:
            return Money.unknown(UNPRINTED)
        case Table(cells=cells):
            return min((_money(adapter, price) for price in cells.values()), key=lambda money: money.usd or 0)
        case PerMegapixel(first=first):
            return _money(adapter, Price(str(first)))
        case price:
            return _money(adapter, price)


def _money(adapter: Adapter, price: Price, count: int = 1, doubt: str = "") -> Money:
    status = PriceStatus.APPROXIMATE if price.approximate else PriceStatus.ESTIMATE if doubt else PriceStatus.EXACT
    doubt = doubt or (ABOUT if price.approximate else "")
    usd, list_usd, credits = _bill(adapter, price, count)
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


def _said(override: Override, price: Price, count: int, doubt: str) -> Money:
    """Return a price as the user says it, who needs no rounding to credits."""
    usd = None if price.usd is None else price.usd * count
    status = PriceStatus.ESTIMATE if doubt else PriceStatus.EXACT
    return Money(usd=usd, list_usd=usd, status=status, got="override", source=override.source, reason=doubt or None)


def depends_on(checked: Checked, part: Part) -> dict[str, Json]:
    """Return what a price by the page depends on, as it is billed: "dearest" where that is not known beforehand."""
    match checked.offer.prices:
        case Table(by=by):
            fields: Sequence[str] = by
        case PerMegapixel():
            fields = ("size",)
        case _:
            fields = ()
    return {field: _billed_as(checked, part, field) for field in fields}


def _billed_as(checked: Checked, part: Part, field: str) -> Json:
    if field == "size":
        size = checked.request.size
        return None if size is None else "{}x{}".format(*size)
    try:
        value = _axis(checked, part, field)
    except Unpriced:
        return None
    return "dearest" if isinstance(value, Dearest) else value


def _bill(adapter: Adapter, price: Price, count: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    rate = adapter.credit
    if rate is None:
        usd = None if price.usd is None else price.usd * count
        return usd, usd, None if price.credits is None else price.credits * count
    list_usd = (price.usd if price.usd is not None else (price.credits or Decimal(0)) * rate.usd) * count
    credits = rate.bill(list_usd)
    return credits * rate.usd if rate.whole else list_usd, list_usd, credits


def _figure(checked: Checked, part: Part, figures: Prices) -> tuple[Price, str]:
    """Return the price of one picture, and why it is but an estimate ("" when it is not)."""
    if isinstance(figures, Price):
        return figures, ""
    if isinstance(figures, PerMegapixel):
        return Price(str(_by_megapixel(checked, figures))), ""
    if _in_pixels(checked, figures.by):
        raise Unpriced(f"{PAGE} prints no price for a size in pixels")
    axes = [_axis(checked, part, field) for field in figures.by]
    exact = figures.cells.get(tuple(axes))
    fitting = [exact] if exact else [price for cell, price in figures.cells.items() if _fits(cell, axes)]
    if not fitting:
        raise Unpriced(f"{PAGE} prints no price for {', '.join(map(str, axes))}")
    reasons = [axis.reason for axis in axes if isinstance(axis, Dearest) and axis.reason]
    dearest = max(fitting, key=lambda price: (price.usd or Decimal(0), price.credits or Decimal(0)))
    return dearest, "; ".join(reasons) if len(set(fitting)) > 1 else ""


def _fits(cell: Sequence[Any], axes: Sequence[Any]) -> bool:
    return all(isinstance(axis, Dearest) or axis == value for axis, value in zip(axes, cell, strict=True))


def _axis(checked: Checked, part: Part, field: str) -> Any:
    """Return the value of a field that the price depends on: as billed, or the dearest of several."""
    if field == "mode":
        return _mode(checked)
    value = _sent(checked, part, field)
    if value is None or isinstance(value, Said):
        return Dearest(f"{field} is {value or 'not given, and no page names a default'}; the dearest is taken")
    return checked.offer.params[field].bills_as.get(value, value)


def _sent(checked: Checked, part: Part, field: str) -> Any:
    param = checked.offer.params[field]
    takes = pick(param.takes, checked.mode)
    if not isinstance(param.to, str) or not touches(checked.extra, param.to):
        if isinstance(param.default, ByMode) and getattr(checked.request, field) is None:
            _mode(checked)
        return checked.value(field)
    value = None if takes is None else takes.read(Path(param.to).one(part.body))
    if value is None:
        raise Unpriced(f"a raw field sets {param.to} to what the page prints no price for")
    return value


def _unmapped(checked: Checked) -> str:
    """Return the doubt that raw fields leave which no canonical field maps: nobody knows what they cost."""
    if not checked.extra:
        return ""
    places = [param.to for param in checked.offer.params.values() if param.to]
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


def _mode(checked: Checked) -> Mode:
    images = checked.offer.params.get("images")
    if images is not None and touches(checked.extra, images.to):
        raise Unpriced("a raw field sets the pictures put in, and the price depends on whether there are any")
    return checked.mode


def _in_pixels(checked: Checked, by: Sequence[str]) -> bool:
    """Return whether the size is sent in pixels, by the request or by a raw field of its own."""
    params = checked.offer.params
    if checked.request.size is not None:
        return True
    if "size" not in params or any(params[field].to == params["size"].to for field in by if field in params):
        return False
    return touches(checked.extra, params["size"].to)


def _count(checked: Checked, part: Part) -> int:
    param = checked.offer.params.get("count")
    if param is None or not touches(checked.extra, param.to):
        return part.count
    count = _sent(checked, part, "count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise Unpriced(f"a raw field sets {param.to} to no number of pictures")
    return count


def _by_megapixel(checked: Checked, figures: PerMegapixel) -> Decimal:
    if any(touches(checked.extra, param.to) for field, param in checked.offer.params.items() if field != "prompt"):
        raise Unpriced("a raw field changes what the price depends on")
    if checked.request.size is None:
        raise Unpriced("the size is the provider's choice, and the price goes by it")
    if checked.request.images and figures.put_in:
        raise Unpriced("the pictures put in are billed by their size, which is not known")
    width, height = checked.request.size
    megapixels = -(-width * height // (1 << 20))
    return figures.first + figures.further * (megapixels - 1)
