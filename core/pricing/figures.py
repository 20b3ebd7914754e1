"""Which printed figure a request is billed by, and how often; pure, in Decimal."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from anymedia.declare.fields import Choice, Text
from anymedia.declare.files import Files
from anymedia.declare.numbers import as_word
from anymedia.declare.offer import VARIANT, Param
from anymedia.declare.prices import Dearest, Metered, Per, PerMegapixel, Price, Prices
from anymedia.declare.when import Said, When, cases
from anymedia.model.forms import shown
from anymedia.model.media import Media
from anymedia.model.request import FROM_TEXT
from anymedia.translate.check import Checked
from anymedia.translate.places import reaches

PAGE = "the page"
ONE = Decimal(1)
USED = "it is billed by what is used, which nobody knows beforehand"
EACH_ROUNDED = "each file that is put in is taken to be rounded up to a megapixel by itself"


class Unpriced(Exception):
    """No printed price fits; the message says why."""


def figure_of(checked: Checked, figures: Prices, units: int) -> tuple[Price, str]:
    """Return the price of one unit, or of all where it goes by their number; and why it is only an estimate, or ""."""
    if isinstance(figures, Price):
        return figures, ""
    if isinstance(figures, Metered):
        return _at_most(figures)
    if isinstance(figures, PerMegapixel):
        put_in = _put_in(checked) if figures.put_in else 0
        usd = _by_megapixel(checked, figures) + figures.put_in * put_in
        return Price(str(usd)), EACH_ROUNDED if put_in > 1 else ""
    if _in_pixels(checked, figures.by):
        raise Unpriced(f"{PAGE} prints no price for a size in pixels")
    axes = [axis_of(checked, name, units) for name in figures.by]
    exact = figures.cells.get(tuple(map(as_word, axes)))
    fitting = [exact] if exact else [price for cell, price in figures.cells.items() if fits(cell, axes)]
    if not fitting:
        values = dict(zip(figures.by, axes, strict=True))
        raise Unpriced(f"{PAGE} prints no price for {in_words(checked, values)}")
    reasons = [axis.reason for axis in axes if isinstance(axis, Dearest) and axis.reason]
    dearest = max(fitting, key=partial(_dear, checked))
    return dearest, "; ".join(reasons) if len(set(fitting)) > 1 else ""


def in_words(checked: Checked, values: Mapping[str, Any]) -> str:
    """Return what a price goes by, each value with its field, but for what is left open."""
    known = (name for name in worth_telling(checked, values) if not isinstance(values[name], Dearest))
    return ", ".join(_in_words(name, as_word(values[name])) for name in known)


def _in_words(name: str, word: str) -> str:
    if name == VARIANT:
        return f"{word} alone" if word == FROM_TEXT else word
    return f"{name} {word}"


def worth_telling(checked: Checked, by: Iterable[str]) -> list[str]:
    """Return by which fields a price goes, in the order of a request; a knob of one value only where it is given."""
    knobs, order = checked.offer.knobs, (VARIANT, *checked.offer.roles.names)
    told = [name for name in by if name not in knobs or name in checked.knobs or has_values(knobs[name])]
    return sorted(told, key=lambda name: order.index(name) if name in order else len(order))


def has_values(param: Param) -> bool:
    """Return whether a field takes more values than one."""
    return any(not isinstance(takes, Choice) or len(takes.wire) > 1 for takes in cases(param.takes))


def _dear(checked: Checked, price: Price) -> tuple[Decimal, Decimal]:
    """Return by what the dearer of two figures is found: what each comes to."""
    times, _ = times_of(checked, price)
    return (price.usd or Decimal(0)) * times, (price.credits or Decimal(0)) * times


def times_of(checked: Checked, price: Price) -> tuple[Decimal, str]:
    """Return how often a figure is billed, and why that is only an estimate ("" when it is not)."""
    if not isinstance(price, Per):
        return ONE, ""
    field = checked.fields[price.of]
    value, takes = field.value, field.takes
    if field.raw and value is None:
        raise Unpriced(f"a raw field sets {price.of} to what {PAGE} prints no price for")
    if field.raw and takes is not None and any(takes.flaws(value)):
        raise Unpriced(f"a raw field sets {price.of} to {shown(value)}, which is out of its bounds")
    if not isinstance(value, str | tuple | Said | None):
        return _counted(price, Decimal(str(value)))
    if isinstance(value, tuple) or (isinstance(value, str) and isinstance(takes, Text)):
        return price.times(Decimal(len(value))), _beyond(price)
    if value is None and isinstance(takes, Files):
        return price.times(Decimal(0)), _beyond(price)
    said = f"{price.of} is {value or 'not given, and no page names a default'}"
    most = getattr(takes, "most", None)
    if most is None:
        raise Unpriced(f"{said}, and {PAGE} names no most")
    return price.times(Decimal(str(most))), f"{said}; the most is taken"


def _counted(price: Per, amount: Decimal) -> tuple[Decimal, str]:
    """Return how often a figure is billed for an amount. Errors: Unpriced for what is none."""
    if amount <= 0:
        raise Unpriced(f"{price.of} is {amount}, and {PAGE} prints no price for that")
    return price.times(amount), _beyond(price)


def _beyond(price: Per) -> str:
    """Return why a figure that may be billed for more than its field says is only an estimate."""
    return f"up to {price.more:f} beyond {price.of} may be billed; the most is taken" if price.more else ""


def _at_most(metered: Metered) -> tuple[Price, str]:
    """Return what is billed at most where it goes by what is used."""
    if metered.most.keys() != metered.rates.keys():
        raise Unpriced(USED)
    told = ", ".join(f"{most:f} {name}" for name, most in metered.most.items())
    return Price(metered.bill(metered.most)), f"it is billed by what is used; at most {told} are taken"


def fits(cell: Sequence[Any], axes: Sequence[Any]) -> bool:
    """Return whether a cell of a table is one that these values may find."""
    return all(isinstance(axis, Dearest) or as_word(axis) == value for axis, value in zip(axes, cell, strict=True))


def axis_of(checked: Checked, name: str, units: int) -> Any:
    """Return the value of a field that the price goes by: as billed, or the dearest of several."""
    if name == VARIANT:
        return _variant(checked, checked.offer.roles.inputs)
    field, param = checked.fields[name], checked.offer.fields[name]
    if field.raw and field.value is None:
        if isinstance(param.default, When) and not reaches(checked.extra, param):
            _variant(checked, param.default.fields)
        raise Unpriced(f"a raw field sets {' or '.join(map(str, param.places))} to what {PAGE} prints no price for")
    if field.value is None or isinstance(field.value, Said):
        return Dearest(f"{name} is {field.value or 'not given, and no page names a default'}; the dearest is taken")
    # A task is billed for what it makes itself, not for all that is asked for.
    value = units if name == "count" else field.value
    return param.bills_as.get(value, value)


def _variant(checked: Checked, inputs: Sequence[str]) -> str:
    """Return the variant. Errors: Unpriced where a raw field sets one of the inputs that decide."""
    raw = [name for name in inputs if name in checked.fields and checked.fields[name].raw]
    if raw:
        raise Unpriced(f"a raw field sets {raw[0]}, and the price depends on whether it is given")
    return checked.variant


def size_of(checked: Checked) -> tuple[int, int] | None:
    """Return the size that is given in pixels."""
    field = checked.fields.get("size")
    return None if field is None or field.sent is None else field.sent


def _in_pixels(checked: Checked, by: Sequence[str]) -> bool:
    """Return whether the size is sent in pixels, as it is given or by a raw field of its own."""
    if size_of(checked) is not None:
        return True
    fields, field = checked.fields, checked.fields.get("size")
    if field is None or not field.raw:
        return False
    return all(fields[name].to != field.to for name in by if name in fields)


def _by_megapixel(checked: Checked, figures: PerMegapixel) -> Decimal:
    roles, size = checked.offer.roles, size_of(checked)
    if any(field.raw for name, field in checked.fields.items() if name not in roles.texts):
        raise Unpriced("a raw field changes what the price depends on")
    if size is None:
        raise Unpriced("give resolution or size: without it the provider chooses the size, and the price with it")
    return figures.first + figures.further * (_megapixels(*size) - 1)


def _put_in(checked: Checked) -> int:
    """Return the megapixels of all files that are put in; those of a public URL are not known."""
    given = [checked.given[name] for name in checked.offer.roles.files if name in checked.given]
    files = [each for value in given for each in (value if isinstance(value, tuple) else (value,))]
    formats = [each.format for each in files if isinstance(each, Media) and each.format is not None]
    known = [_megapixels(each.width, each.height) for each in formats if each.width and each.height]
    if len(known) < len(files):
        raise Unpriced("the price goes by the size of what is put in, which is not known of a URL: give the file")
    return sum(known)


def _megapixels(width: int, height: int) -> int:
    return -(-width * height // (1 << 20))
