"""Requests made from what an offer declares: in which variants, with which fields, and on both sides of each bound."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from anymedia import OutOfBounds
from anymedia.declare import (
    Adapter,
    Always,
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
from anymedia.declare.numbers import AUTO
from anymedia.model.kinds import KINDS
from anymedia.model.media import Media
from anymedia.model.request import Request
from anymedia.translate.check import check

from .files import fitting, medium

PROMPT = "a lighthouse at dusk"
IMAGE = "https://media.example/reference.png"
LINK = "https://app.example/anything"
LONG, MANY = 20_000, 20
"""What stands for the upper bound of a length, or of a list, that has none."""

ENDINGS = {"image": "png", "video": "mp4", "audio": "mp3"}
"""How links to what is put in end, by its medium."""

RATIOS = (
    *("auto", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21"),
    *("3:1", "1:3", "7:3", "4:1", "1:4", "8:1", "1:8"),
)
"""Ratios that can be asked for, whoever takes them."""


def fewest(adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request with no more than an offer needs in a variant."""
    kind, taken = KINDS[offer.kind], _taken(adapter, offer, variant)
    fields = {field.name: PROMPT for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    needed = [field for field, (param, _) in taken.items() if param.required or field in (variant, *fields)]
    canonical = {field: _fitting(kind, field, taken[field][1]) for field in needed if "." not in field}
    request = _made(kind, fields | canonical | {"model": offer.model}, taken)
    for field in needed:
        if "." in field:
            request = given(request, field, usual(field, taken[field][1])) or request
    return mended(request, adapter, offer, variant)


def _taken(adapter: Adapter, offer: Offer, variant: str) -> dict[str, tuple[Param, Value]]:
    """Return each field and knob that an offer maps and takes in a variant."""
    mapped = {**offer.params, **{knob(adapter, name): param for name, param in offer.knobs.items()}}
    found = {field: (param, pick(param.takes, (variant,))) for field, param in mapped.items()}
    return {field: (param, takes) for field, (param, takes) in found.items() if takes is not None}


def _made(kind: type[Request], fields: dict[str, Any], taken: dict[str, tuple[Param, Value]]) -> Request:
    """Return a request, with the first words of what it is of that make it one, where it cannot be without.

    Errors: OutOfBounds where no words do.
    """
    words = [field for field in kind.roles.texts if field in kind.roles.subject and field in taken]
    for field in words:
        try:
            return kind(**fields)
        except OutOfBounds:
            fields = fields | {field: usual(field, taken[field][1])}
    return kind(**fields)


def _fitting(kind: type[Request], field: str, takes: Value) -> Any:
    """Return a value that a field takes, and that a request of the kind may hold in it."""
    form, value = kind.roles.forms[field], usual(field, takes)
    return value if form.fits(value) else form.example


def usual(field: str, takes: Value) -> Any:
    """Return a value that a field takes; the prompt where it fits."""
    match takes:
        case Text():
            return PROMPT[: takes.most].ljust(takes.least, ".")
        case File() | Files():
            return put_in(takes, field=field)
        case _:
            wanted = values(field, takes)
            return next((value for value in wanted if not any(takes.flaws(value))), wanted[0])


def put_in(takes: File | Files, number: int = 1, field: str = "images") -> Any:
    """Return what a field for files holds, `number` of them or as many as it needs: links where it takes any."""
    one = _link(field) if "url" in takes.forms else Media(fitting(takes, medium(field)))
    return (one,) * max(takes.least, number) if isinstance(takes, Files) else one


def _link(field: str) -> str:
    return IMAGE.replace("png", ENDINGS[medium(field)])


def mended(request: Request, adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request that an offer may refuse with the further fields for which its rules ask, one by one."""
    for field, wanted in askable(adapter, offer, variant).items():
        problems = len(check(request, adapter, offer).problems)
        if problems == 0:
            break
        if field not in (*request.given, *request.roles.inputs):
            made = [each for value in wanted if (each := given(request, field, value)) is not None]
            request = min([request, *made], key=lambda each: len(check(each, adapter, offer).problems))
    return request


def every(adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request with every field that an offer takes together with the others, off its default if possible."""
    request = fewest(adapter, offer, variant)
    for _ in range(2):  # what needs another field is taken when that is there
        request = _filled(request, adapter, offer, variant)
    return request


def _filled(request: Request, adapter: Adapter, offer: Offer, variant: str) -> Request:
    """Return a request with each further field that an offer takes beside those that it has."""
    for field, wanted in askable(adapter, offer, variant).items():
        if field in request.roles.inputs or value_of(request, field) not in (None, ()):
            continue
        param = param_of(offer, field)
        dull = (None if param is None else pick(param.default, (variant,)), "auto", "1:1", "", False)
        tried = sorted(wanted, key=dull.__contains__)
        made = (given(request, field, value) for value in tried if field != "count" or _is_batch(value, offer))
        request = next((each for each in made if each and fits(each, adapter, offer)), request)
    return request


def _is_batch(value: Any, offer: Offer) -> bool:
    """Return whether one task can make so many: what is asked for may be no number."""
    return isinstance(value, int) and value <= offer.batch


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
    return _evolved(request, {field: value})


def all_given(request: Request, fields: Mapping[str, Any]) -> Request:
    """Return a request with more fields, and knobs; without those that it cannot have beside the ones before."""
    whole = _evolved(request, fields)
    for field, value in () if whole else fields.items():
        request = given(request, field, value) or request
    return whole or request


def _evolved(request: Request, fields: Mapping[str, Any]) -> Request | None:
    changes: dict[str, Any] = {}
    for field, value in fields.items():
        outer, *inner = field.split(".")
        if inner:
            provider, name = inner
            extra = changes.get(outer, request.extra)
            changes[outer] = {**extra, provider: {**extra.get(provider, {}), name: value}}
        else:
            changes[outer] = value
    try:
        return attrs.evolve(request, **changes)
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
        found |= {field: list(words(offer, field)) for field in ("aspect_ratio", "resolution")}
    for field, (_, takes) in _taken(adapter, offer, variant).items():
        found[field] = [*values(field, takes), *(words(offer, field) if isinstance(takes, Choice) else ())]
        found[field] = list(dict.fromkeys(found[field]))
    if isinstance(offer.shape, Grid):
        found["size"] = [*found.get("size", []), *offer.shape.sizes.values(), (1000, 1000)]
    return found


def words(offer: Offer, field: str) -> tuple[str, ...]:
    """Return the words that a field can be asked for in at all, whoever takes them."""
    form = offer.roles.forms.get(field)
    return RATIOS if field == "aspect_ratio" else ("no such word",) if form is None else form.words or ("no such word",)


def values(field: str, takes: Value) -> list[Any]:
    """Return what can be asked for in a field: what the offer declares, and both sides of each bound."""
    match takes:
        case Choice():
            return [*takes.wire]
        case Text():
            lengths = around(takes.least, takes.most or LONG)
            return [letter * length for length in lengths for letter in ("a", "é", "🦊")]
        case Whole():
            numbers = around(takes.least, LONG if takes.most is None else takes.most)
            return [*numbers, *(takes.values or ())[1:3], AUTO]
        case Number():
            least, most = takes.least, LONG if takes.most is None else takes.most
            return [least, most, (least + most) / 2, least - 0.5, most + 0.5]
        case Flag() | Always():
            return [takes.value] if isinstance(takes, Always) else [True, False]
        case Files():
            (one, *_) = put_in(takes, field=field)
            lists = [(one,) * length for length in around(takes.least, takes.most or MANY)]
            return [*lists, (_plain(one),) * max(takes.least, 1)] if isinstance(one, str) else lists
        case Url():
            return [LINK, _plain(LINK)]
        case File():
            one = put_in(takes, field=field)
            return [one, _plain(one)] if isinstance(one, str) else [one]
        case Size():
            usual_sizes = [(1024, 1024), (2048, 1152), (1000, 1000), (4096, 4096), (16384, 64)]
            return list(dict.fromkeys([*usual_sizes, *_sides(takes)]))
    raise TypeError(f"{field}: {type(takes).__name__} is no kind of value that this suite knows")


def around(least: int, most: int) -> list[int]:
    """Return the numbers at both sides of each bound."""
    return sorted({max(bound + step, min(least, 0)) for bound in (least, most) for step in (-1, 0, 1)})


def _sides(takes: Size) -> list[tuple[int, int]]:
    """Return sizes at both sides of each bound: of the sides, of both together, and of their ratio."""
    step = takes.step
    below = max(takes.least - step, step)
    sizes = [(below, below), (takes.least, takes.least)]
    if takes.megapixels is not None:
        wide, high = 2048, takes.megapixels * 512
        sizes += [(wide, high), (wide, high + step)]
    if takes.most is not None:
        sizes += [(takes.most, takes.most // 2 // step * step), (takes.most + step, takes.most // 2 // step * step)]
    if takes.area is not None:
        wide, high = takes.area
        sizes += [(wide, high), (high, wide), (wide, high + step)]
    if takes.ratio is not None:
        short = max(takes.least, 1024) // step * step
        sizes += [(short * takes.ratio, short), (short * takes.ratio + step, short)]
    return sizes


def _plain(url: str) -> str:
    return url.replace("https:", "http:", 1)
