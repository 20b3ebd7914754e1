"""Each field of an offer, resolved once: the value as it will be sent, and where it comes from."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from anymedia.declare.fields import Always, Value
from anymedia.declare.offer import Offer, Param
from anymedia.declare.when import UNKNOWN, Said, When
from anymedia.declare.written import Numbered
from anymedia.model.strict_json import Json

from .places import held, merged, put, reaches


class Source(StrEnum):
    """Where the value of a field comes from."""

    GIVEN = "given"  # the caller gave it, or gave what the offer's shape exchanges for it
    DEFAULT = "default"  # the provider takes it when nothing is given
    RAW = "raw field"  # a raw field sets it, or decides it
    CHOICE = "provider's choice"  # the page tells in words what the provider takes
    UNKNOWN = "unknown"  # nothing is given, and the page names no default


@attrs.frozen
class Field:
    """One field of an offer, for one request.

    `value` is the canonical value that the provider takes: as words (Said) where the page has nothing else, None where
    nobody knows it. `sent` is the value that the body is written with before raw fields are laid over it; None: the
    field is left out. `to` is its place. `takes` None: the offer has no such field in this variant.
    """

    value: Any
    source: Source
    sent: Any
    takes: Value | None
    to: str | Numbered | None

    @property
    def raw(self) -> bool:
        """Whether a raw field sets it."""
        return self.source is Source.RAW


def resolve(given: Mapping[str, Any], offer: Offer) -> dict[str, Field]:
    """Return each field of an offer as it is without raw fields; `given` holds the offer's own words for the shape."""
    return {name: _field(name, param, given) for name, param in offer.fields.items()}


def _field(name: str, param: Param, given: Mapping[str, Any]) -> Field:
    # Most things are no When, and this is where a check spends its time.
    takes = param.takes.pick(given) if isinstance(param.takes, When) else param.takes
    to = param.to.pick(given) if isinstance(param.to, When) else param.to
    if isinstance(takes, Always):
        return Field(takes.value, Source.GIVEN if name in given else Source.DEFAULT, None, takes, None)
    if to is None:
        takes = None
    if name in given:
        value = given[name]
        return Field(value, Source.GIVEN, value, takes, to)
    default = param.default.pick(given) if isinstance(param.default, When) else param.default
    if default is None or (name == "aspect_ratio" and "size" in given and not param.always_sent):
        return Field(None, Source.UNKNOWN, None, takes, to)  # a size in pixels leaves no ratio to be taken
    if isinstance(default, Said):
        return Field(default, Source.UNKNOWN if default == UNKNOWN else Source.CHOICE, None, takes, to)
    return Field(default, Source.DEFAULT, default if param.always_sent else None, takes, to)


def overridden(fields: Mapping[str, Field], offer: Offer, extra: Mapping[str, Json]) -> dict[str, Field]:
    """Return the fields as they are once raw fields are laid over the body."""
    raw = {name for name, param in offer.fields.items() if name not in offer.in_query and reaches(extra, param)}
    changed = {name: _overridden(fields[name], extra) for name in raw}
    for name, field in fields.items():
        if name not in raw and field.source is not Source.GIVEN and raw & _deciding(offer.fields[name].default):
            changed[name] = attrs.evolve(field, value=None, source=Source.RAW)
    return {**fields, **changed}


def _deciding(default: Any) -> set[str]:
    """Return the fields that decide what a default is."""
    return set(default.fields) if isinstance(default, When) else set()


def _overridden(field: Field, extra: Mapping[str, Json]) -> Field:
    value = None
    if field.takes is not None and isinstance(field.to, str):
        body: dict[str, Json] = {}
        if field.sent is not None:
            put(body, field.to, field.takes.write(field.sent))
        read = field.takes.read(held(merged(body, extra), field.to, field.takes.keys or ()))
        value = read if field.takes.holds(read) else None
    return attrs.evolve(field, value=value, source=Source.RAW)
