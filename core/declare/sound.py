"""What contradicts itself in an offer that can be made: defaults that are no values, prices that no request has."""

from collections.abc import Iterator
from typing import Any

from .fields import Choice, Text, Value
from .files import Files
from .numbers import Flag, Number, Whole, as_word
from .offer import VARIANT, Offer
from .prices import Table
from .when import Said, cases, pick
from .written import spreads

MANY = 1000
"""Whole numbers that are not counted up one by one."""

SEVERAL = ("https://a.example/1.png",)
"""A list, as a field holds one."""


def contradictions(offer: Offer, field: str, variant: str) -> Iterator[str]:
    """Yield what contradicts itself in a field, in one variant."""
    param = offer.fields[field]
    takes, default = pick(param.takes, (variant,)), pick(param.default, (variant,))
    known = default is not None and not isinstance(default, Said)
    if takes is not None:
        yield from _misplaced(offer, field, takes)
    if known and takes is not None and not _is_one(takes, default):
        yield f"the default {as_word(default)} is none of its values"
    if isinstance(takes, Choice):
        for value, wire in takes.wire.items():
            if takes.read(wire) != value:
                yield f"{value} is written as {wire!r}, and so is {takes.read(wire)}"
    if isinstance(takes, Text | Files | Whole | Number) and takes.most is not None and takes.least > takes.most:
        yield f"at least {takes.least} and at most {takes.most}"
    if param.always_sent and not known and not param.required:
        yield "always sent, and there is no default to send"


def _misplaced(offer: Offer, field: str, takes: Value) -> Iterator[str]:
    """Yield why values of a kind cannot be in a field, or not at its place."""
    form = offer.roles.forms.get(field)
    if form is not None and form.example is not None and not takes.wants.fits(form.example):
        yield f"a request gives values like {form.example!r}, and no {type(takes).__name__}"
    if any(map(spreads, offer.fields[field].places)) and not takes.wants.fits(SEVERAL):
        yield "only a list can be spread over several places"


def unlisted(offer: Offer) -> Iterator[str]:
    """Yield what is fixed at several places, and is no list."""
    for to, fixed in offer.fixed.items():
        if spreads(to) and not all(isinstance(value, list) for value in cases(fixed)):
            yield f"fixed, {to}: only a list can be spread over several places"


def _is_one(takes: Value, value: Any) -> bool:
    return takes.holds(value) and all(flaw.unsupported for flaw in takes.flaws(value))


def cells_of_no_request(offer: Offer) -> Iterator[str]:
    """Yield the values in a table of prices that no field ever has: nothing would read such a price."""
    if isinstance(offer.prices, Table):
        for place, name in enumerate(offer.prices.by):
            held = _billed_as(offer, name)
            printed = dict.fromkeys(cell[place] for cell in offer.prices.cells)
            yield from (f"{name} {value}" for value in printed if held is not None and value not in held)


def _billed_as(offer: Offer, name: str) -> set[str] | None:
    """Return every value that a field is billed as, as a table has it; None where they are not counted up."""
    if name == VARIANT:
        return set(offer.variants)
    param = offer.fields[name]
    values: list[object] = []
    for takes in cases(param.takes):
        match takes:
            case Choice(wire=wire):
                values += wire
            case Whole(values=range() as numbers) if len(numbers) <= MANY:
                values += numbers
            case Flag():
                values += (True, False)
            case _:
                return None
    return {as_word(param.bills_as.get(value, value)) for value in (*values, *cases(param.default))}
