"""What a request has for one provider alone: the knobs of an offer, and raw fields."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.declare.fields import Flaw
from anymedia.declare.offer import Offer
from anymedia.declare.when import When, pick
from anymedia.model.errors import Problem
from anymedia.model.forms import shown
from anymedia.model.request import Request
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment

from .places import touches


@attrs.frozen
class Own:
    """The knobs that a request gives, the raw fields beside them, and what is wrong with the kind of a knob's value."""

    knobs: Mapping[str, Any] = attrs.field(factory=dict)
    raw: Mapping[str, Json] = attrs.field(factory=dict)
    wrong: tuple[Problem, ...] = ()


def own_of(request: Request, adapter: Adapter, offer: Offer) -> Own:
    """Part what a request has in `extra` for a provider into the offer's knobs and raw fields."""
    extra = request.extra.get(adapter.name, {})
    if not (extra and offer.knobs):
        return Own(raw=extra)
    knobs = {
        name: tuple(held) if isinstance(held, list) else held for name, held in extra.items() if name in offer.knobs
    }
    wrong = {name: problem for name, value in knobs.items() for problem in _not_wanted(request, offer, name, value)}
    return Own(
        {name: value for name, value in knobs.items() if name not in wrong},
        {name: value for name, value in extra.items() if name not in knobs},
        tuple(wrong.values()),
    )


def _not_wanted(request: Request, offer: Offer, name: str, value: Any) -> Iterator[Problem]:
    """Yield why a value is none of the kind that a knob takes, whatever its bounds."""
    takes = pick(offer.knobs[name].takes, request.given)
    if takes is not None and not takes.wants.fits(value):
        yield problem_of(name, Flaw(takes.wants.message.format(shown=shown(value)), documented=False))


def asked_as(offer: Offer, field: str) -> str:
    """Return what a request calls a field: a knob is "extra.name"."""
    return f"extra.{field}" if field in offer.knobs else field


def problem_of(field: str, flaw: Flaw) -> Problem:
    """Return a flaw of a field's value as a problem of a request."""
    return Problem(field=field, message=flaw.message, unsupported=flaw.unsupported, documented=flaw.documented)


def overrides(raw: Mapping[str, Json]) -> Iterator[Adjustment]:
    """Yield that raw fields are sent as they stand."""
    for name, value in raw.items():
        yield Adjustment(field=f"extra.{name}", given=value, sent=value, reason="a raw field, sent as it stands")


def forbidden(raw: Mapping[str, Json], adapter: Adapter, offer: Offer) -> Iterator[Problem]:
    """Yield raw fields that set the model, or what else tells one offer from another: these decide the price."""
    constant = (place for place, value in offer.fixed.items() if not isinstance(value, When))
    for place in filter(None, (adapter.life(offer.lifecycle).submit.model, *constant)):
        if touches(raw, place):
            message = f"cannot set {place}: choose the model or the offer instead"
            yield Problem(field="extra", message=message, documented=False)
