"""What an offer takes, in words: its values, defaults, rules and shapes."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from anymedia.declare import (
    ANY,
    UNKNOWN,
    Always,
    Choice,
    Dearest,
    File,
    Files,
    Flag,
    Grid,
    Number,
    Offer,
    Param,
    Pixels,
    Rule,
    Size,
    Table,
    Text,
    Url,
    When,
    Whole,
)
from anymedia.declare.fields import Value
from anymedia.declare.numbers import AUTO, as_word
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
    yield _each(param.takes, _value) + (" a task" if field == "count" else "")
    if field in _shape_fields(offer):
        yield _shaped(offer, field)
    if param.required:
        yield "**required**"
    if isinstance(param.takes, Choice) and param.takes.not_honoured:
        yield f"{codes(param.takes.not_honoured)} accepted but **not honoured**: refused"
    if param.default is not None:
        default = _each(param.default, _default)
        yield f"always sent: {default} when not given" if param.always_sent else f"default {default}"
    priced = isinstance(offer.prices, Table) and field in offer.prices.by
    for value, billed in param.bills_as.items() if priced else ():
        yield f"{code(as_word(value))} bills as " + (
            "the dearest" if isinstance(billed, Dearest) else code(as_word(billed))
        )


def _each(thing: Any, words: Any) -> str:
    """Say a thing once, or once for each case of it."""
    if not isinstance(thing, When):
        return str(words(thing))
    without = f"without {' or '.join(thing.fields)}"
    cases = {without: thing.otherwise, **{f"with {field}": each for field, each in thing.cases}}
    return ", ".join(f"{case} {NONE if each is None else words(each)}" for case, each in cases.items())


def _default(value: Any) -> str:
    return "unknown" if value is UNKNOWN else as_word(value)


def _value(value: Value) -> str:
    match value:
        case Text(least, most):
            return f"{_bounds(least, most)} characters" if least or most else "any text"
        case Whole():
            numbers = _bounds(value.least, value.most) if value.step == 1 else " ".join(map(str, value.values or ()))
            return numbers if value.auto is None else f"{numbers} or {AUTO}"
        case Number(least, most):
            return _bounds(least, most)
        case Flag() | Always():
            return f"always {as_word(value.value)}" if isinstance(value, Always) else "true false"
        case Url(https):
            return "an https URL" if https else "a URL"
        case File():
            return f"a file{_of_files(value)}"
        case Files():
            return f"{_bounds(value.least, value.most)} file{'s' * (value.most != 1)}{_of_files(value)}"
        case Choice(wire, not_honoured):
            return " ".join(each for each in wire if each not in not_honoured)
        case Size():
            return "pixels" + "".join(_pixel_bounds(value))
        case _:
            raise TypeError(f"there are no words yet for {value!r}: add them to docs/_generate/fields.py")


def _of_files(takes: File | Files) -> str:
    """Say in which forms files are taken, and what they may be."""
    forms = " or ".join(_FORMS[form].replace("URL", "https URL" if takes.https else "URL") for form in takes.forms)
    bounds = [
        takes.types and " ".join(each.partition("/")[2] for each in takes.types),
        takes.megabytes and f"{takes.megabytes:g} MB",
        takes.sides and f"{takes.sides[0]}–{takes.sides[1]} pixels a side",
        takes.megapixels and f"{takes.megapixels:g} MP",
    ]
    return f" ({'; '.join([forms, *(bound for bound in bounds if bound)])})"


_FORMS = {"url": "URL", "upload": "upload", "data": "data URI", "base64": "base64", "part": "part of the form"}


def _bounds(least: float, most: float | None) -> str:
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least}–{most}"


def _pixel_bounds(size: Size) -> Iterator[str]:
    if size.least > 1:
        yield f", {size.least} a side or more"
    if size.step > 1:
        yield f", in steps of {size.step}"
    if size.megapixels is not None:
        yield f", {size.megapixels} megapixels at most"


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
