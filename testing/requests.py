"""Requests made from what an offer declares: in which variants, with which fields, and on both sides of each bound."""

from collections.abc import Iterator
from typing import Any

import attrs

from anymedia import OutOfBounds
from anymedia.declare import (
    Adapter,
    Choice,
    File,
    Files,
    Flag,
    Grid,
    Number,
    Offer,
    Param,
    Size,
    Text,
    Url,
    Whole,
    pick,
)
from anymedia.declare.fields import Value
from anymedia.model.kinds import BACKGROUNDS, IMAGE_FORMATS, IMAGE_RESOLUTIONS, KINDS, MODERATIONS, QUALITIES
from anymedia.model.media import Media
from anymedia.model.request import Request
from anymedia.translate.check import check

from .files import fitting

PROMPT = "a lighthouse at dusk"
IMAGE = "https://pictures.example/reference.png"
LINK = "https://app.example/anything"
LONG, MANY = 20_000, 20
"""What stands for the upper bound of a length, or of a list, that has none."""

WORDS = {
    "aspect_ratio": (
        *("auto", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21"),
        *("3:1", "1:3", "7:3", "4:1", "1:4", "8:1", "1:8"),
    ),
    "resolution": IMAGE_RESOLUTIONS,
    "quality": QUALITIES,
    "background": BACKGROUNDS,
    "moderation": MODERATIONS,
    "output_format": IMAGE_FORMATS,
}
"""The words that a field can be asked for in at all, whoever takes them."""


def fewest(adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request with no more than an offer needs in a variant."""
    kind = KINDS[offer.kind]
    needed: dict[str, Any] = {field.name: PROMPT for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    if variant in offer.params:
        takes = pick(offer.params[variant].takes, (variant,))
        needed[variant] = put_in(takes)
    request = kind(**needed | {"model": offer.model})
    for name, param in offer.knobs.items():
        if param.required and (takes := pick(param.takes, (variant,))) is not None:
            fitting = (value for value in values(name, takes) if not any(takes.flaws(value)))
            request = given(request, knob(adapter, name), next(fitting)) or request
    return request


def put_in(takes: Any, number: int = 1) -> Any:
    """Return what a field for files holds, `number` of them or as many as it needs: links where it takes any."""
    one = IMAGE if "url" in takes.forms else Media(fitting(takes))
    return (one,) * max(takes.least, number) if isinstance(takes, Files) else one


def every(adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request with every field that an offer takes together with the others, off its default if possible."""
    request = fewest(adapter, offer, variant)
    needed = (*request.given, *request.roles.inputs)
    for field, wanted in askable(adapter, offer, variant).items():
        if field not in needed:
            param = param_of(offer, field)
            dull = (None if param is None else pick(param.default, (variant,)), "auto", "1:1", "")
            tried = sorted(wanted, key=dull.__contains__)
            made = (given(request, field, value) for value in tried if field != "count" or value <= offer.batch)
            request = next((each for each in made if each and fits(each, adapter, offer)), request)
    return request


def fits(request: Request, adapter: Adapter, offer: Offer) -> bool:
    """Return whether an offer takes a request."""
    return not check(request, adapter, offer).problems


def one_by_one(adapter: Adapter, offer: Offer, variant: str) -> Iterator[Request]:
    """Yield requests with one field more than needed, or with another value of a needed one."""
    least = fewest(adapter, offer, variant)
    yield least
    for field, wanted in askable(adapter, offer, variant).items():
        for value in wanted:
            if (request := given(least, field, value)) is not None:
                yield request


def knob(adapter: Adapter, name: str) -> str:
    """Return the name under which a knob is among the fields of a request: "extra.acme.steps"."""
    return f"extra.{adapter.name}.{name}"


def param_of(offer: Offer, field: str) -> Param | None:
    """Return what an offer declares of a field, or of a knob; None where it maps no such field."""
    return offer.knobs.get(field.rpartition(".")[2]) if "." in field else offer.params.get(field)


def given(request: Request, field: str, value: Any) -> Request | None:
    """Return a request with one more field, or knob; None where no such request can be written."""
    outer, *inner = field.split(".")
    if inner:
        provider, name = inner
        value = {**request.extra, provider: {**request.extra.get(provider, {}), name: value}}
    try:
        return attrs.evolve(request, **{outer: value})
    except OutOfBounds:
        return None


def value_of(request: Request, field: str) -> Any:
    """Return what a request has in a field, or for a knob; None where that is not given."""
    outer, *inner = field.split(".")
    held = getattr(request, outer)
    for key in inner:
        held = held.get(key, {})
    return None if inner and held == {} else held


def askable(adapter: Adapter, offer: Offer, variant: str) -> dict[str, list[Any]]:
    """Return what can be asked for, field by field: what the offer maps, and what its shape makes of ratio and size."""
    found: dict[str, list[Any]] = {}
    if offer.shape is not None:
        found |= {field: list(WORDS[field]) for field in ("aspect_ratio", "resolution")}
    mapped = {**offer.params, **{knob(adapter, name): param for name, param in offer.knobs.items()}}
    for field, param in mapped.items():
        if (takes := pick(param.takes, (variant,))) is not None:
            found[field] = values(field, takes)
    if isinstance(offer.shape, Grid):
        found["size"] = [*found.get("size", []), *offer.shape.sizes.values(), (1000, 1000)]
    return found


def values(field: str, takes: Value) -> list[Any]:
    """Return what can be asked for in a field: its words, what the offer declares, and both sides of each bound."""
    match takes:
        case Choice():
            return list(dict.fromkeys([*takes.wire, *WORDS.get(field, ("no such word",))]))
        case Text():
            lengths = around(takes.least, takes.most or LONG)
            return [letter * length for length in lengths for letter in ("a", "é", "🦊")]
        case Whole():
            return around(takes.least, LONG if takes.most is None else takes.most)
        case Number():
            least, most = takes.least, LONG if takes.most is None else takes.most
            return [least, most, (least + most) / 2, least - 0.5, most + 0.5]
        case Flag():
            return [True, False]
        case Files():
            (one, *_) = put_in(takes)
            lists = [(one,) * length for length in around(takes.least, takes.most or MANY)]
            return [*lists, (_plain(IMAGE),) * max(takes.least, 1)] if one == IMAGE else lists
        case Url():
            return [LINK, _plain(LINK)]
        case File():
            return [IMAGE, _plain(IMAGE)] if put_in(takes) == IMAGE else [put_in(takes)]
        case Size():
            usual = [(1024, 1024), (2048, 1152), (1000, 1000), (4096, 4096), (16384, 64)]
            return list(dict.fromkeys([*usual, *_sides(takes)]))
    raise TypeError(f"{field}: {type(takes).__name__} is no kind of value that this suite knows")


def around(least: int, most: int) -> list[int]:
    """Return the numbers at both sides of each bound."""
    return sorted({max(bound + step, min(least, 0)) for bound in (least, most) for step in (-1, 0, 1)})


def _sides(takes: Size) -> list[tuple[int, int]]:
    """Return sizes at both sides of the least side, and of the megapixels that a size has at most."""
    below = max(takes.least - takes.step, takes.step)
    sizes = [(below, below), (takes.least, takes.least)]
    if takes.megapixels is not None:
        wide, high = 2048, takes.megapixels * 512
        sizes += [(wide, high), (wide, high + takes.step)]
    return sizes


def _plain(url: str) -> str:
    return url.replace("https:", "http:", 1)
