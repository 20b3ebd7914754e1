"""What a field of an offer takes, in words."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from anymedia.declare import (
    UNKNOWN,
    VARIANT,
    Always,
    Choice,
    File,
    Files,
    Flag,
    Number,
    Offer,
    Pixels,
    Size,
    Text,
    Url,
    When,
    Whole,
)
from anymedia.declare.fields import Value
from anymedia.declare.numbers import AUTO, as_word
from anymedia.declare.sizes import Shape
from anymedia.model.request import FROM_TEXT

from .fields import FIELDS, flag

NONE = "–"
"""What stands where there is nothing."""


def told(offer: Offer, field: str) -> str:
    """Say what an offer takes in a field that it maps, or takes by its shape, or in a knob (extra.name)."""
    param = offer.fields.get(field.removeprefix("extra."))
    if param is None:
        return _by_shape(offer.shape, field)
    words = [by_case(param.takes, taken), "required" if param.required else ""]
    default = "" if param.default is None else f"default {by_case(param.default, default_of)}"
    return "; ".join(filter(None, [*words, default]))


def _by_shape(shape: Shape | None, field: str) -> str:
    """Say what an offer takes in a field that it does not map, but makes into others."""
    if isinstance(shape, Pixels):
        return "any ratio" if field == "aspect_ratio" else " ".join(shape.megapixels)
    sizes = {} if shape is None else shape.sizes
    return " ".join("x".join(map(str, size)) for size in sizes.values())


def worded(field: str, value: object) -> str:
    """Say what a field is, as a price goes by it: with the field's name, unless the value says what it is."""
    word = "unknown" if value is None else as_word(value)
    if value == "dearest":
        return f"dearest {field}"
    if word in ("true", "false"):
        return f"{'no ' * (word == 'false')}{field}"
    if field == VARIANT:
        return "text alone" if word == FROM_TEXT else f"with {flag(word)}"
    if field in UNITS and word.isdigit():
        unit = UNITS[field]
        return f"{word} {unit.removesuffix('s') if word == '1' and unit != 's' else unit}"
    return word if isinstance(value, str) and field in FIELDS and re.search(r"\d\D|\D\d", word) else f"{field} {word}"


UNITS = {"duration": "s", "text": "characters", "prompt": "characters"}
"""What a number of a field is of."""


def by_case(thing: Any, words: Callable[[Any], str]) -> str:
    """Say a thing once, or once for each case of it."""
    if not isinstance(thing, When):
        return words(thing)
    without = f"without {' or '.join(thing.fields)}"
    cases = {without: thing.otherwise, **{f"with {field}": each for field, each in thing.cases}}
    return ", ".join(f"{case} {NONE if each is None else words(each)}" for case, each in cases.items())


def default_of(value: Any) -> str:
    """Say what is taken where a field is not given."""
    return "unknown" if value is UNKNOWN else as_word(value)


def taken(value: Value) -> str:
    """Say which values a field takes."""
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
            raise TypeError(f"there are no words yet for {value!r}: add them to cli/takes.py")


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
    if size.most is not None:
        yield f", {size.least}–{size.most} a side"
    elif size.least > 1:
        yield f", {size.least} a side or more"
    if size.step > 1:
        yield f", in steps of {size.step}"
    if size.megapixels is not None:
        yield f", {size.megapixels} megapixels at most"
    if size.area is not None:
        yield f", as many as {size.area[0]}x{size.area[1]} at most"
    if size.ratio is not None:
        yield f", 1:{size.ratio} to {size.ratio}:1"
