"""What an offer takes, in words: its values, defaults, rules and shapes."""

from collections.abc import Iterator
from itertools import chain

from anymedia.cli.takes import by_case, default_of, taken
from anymedia.declare import ANY, Choice, Dearest, Grid, Offer, Param, Pixels, Rule, Table
from anymedia.declare.numbers import as_word
from anymedia.model.request import DELIVERY

from .markdown import NONE, code, codes


def cell(offer: Offer, field: str) -> str:
    """Return what an offer makes of a canonical field, or of a knob; – where it refuses it."""
    if field in offer.fields:
        return "; ".join(_told(offer.fields[field], offer, field))
    if field in _shape_fields(offer):
        return _shaped(offer, field)
    if field == "count":
        return "1 a task"
    return "left out" if field in DELIVERY else NONE


def _shape_fields(offer: Offer) -> tuple[str, ...]:
    return () if offer.shape is None else offer.shape.takes


def takes(offer: Offer, field: str) -> bool:
    """Return whether an offer maps a field, or takes it by its shape."""
    return field in offer.params or field in _shape_fields(offer)


def _told(param: Param, offer: Offer, field: str) -> Iterator[str]:
    yield by_case(param.takes, taken) + (" a task" if field == "count" else "")
    if field in _shape_fields(offer):
        yield _shaped(offer, field)
    if param.required:
        yield "**required**"
    if isinstance(param.takes, Choice) and param.takes.not_honoured:
        yield f"{codes(param.takes.not_honoured)} accepted but **not honoured**: refused"
    if param.default is not None:
        default = by_case(param.default, default_of)
        yield f"always sent: {default} when not given" if param.always_sent else f"default {default}"
    priced = isinstance(offer.prices, Table) and field in offer.prices.by
    for value, billed in param.bills_as.items() if priced else ():
        yield f"{code(as_word(value))} bills as " + (
            "the dearest" if isinstance(billed, Dearest) else code(as_word(billed))
        )


def _shaped(offer: Offer, field: str) -> str:
    match offer.shape:
        case Grid():
            return "a size of the grid below: sent as its ratio and resolution"
        case Pixels(step, megapixels, ratio, resolution):
            taken, given = (ratio, "any ratio") if field == "aspect_ratio" else (resolution, " ".join(megapixels))
            return f"{given}: sent as pixels, in steps of {step}; {taken} where only the other is given"
        case shape:
            raise TypeError(f"there are no words yet for {shape!r}: add them to docs/_generate/fields.py")


def rule(held: Rule) -> str:
    """Return a rule between fields as a sentence."""
    whens = (field if value is ANY else f"{field} {code(as_word(value))}" for field, value in held.when.items())
    allowed = (f"{field} {' '.join(map(as_word, values))}" for field, values in held.allows.items())
    needs = " and ".join(chain(filter(None, [" or ".join(held.needs)]), allowed))
    demands = (f"needs {needs}" if needs else "", f"goes without {', '.join(held.excludes)}" if held.excludes else "")
    return f"{' with '.join(whens)} {' and '.join(filter(None, demands))}"


def grid(shape: Grid) -> tuple[list[str], list[list[str]]]:
    """Return a grid's resolutions, and a row a ratio: its pixels at each of them."""
    resolutions = list(dict.fromkeys(resolution for _, resolution in shape.sizes))
    rows = []
    for ratio in dict.fromkeys(ratio for ratio, _ in shape.sizes):
        sizes = (shape.sizes.get((ratio, resolution)) for resolution in resolutions)
        rows.append([ratio, *("" if size is None else "x".join(map(str, size)) for size in sizes)])
    return resolutions, rows
