"""Which model a request means that spells its name in other letters, or with blanks or underscores."""

import re
from collections.abc import Iterable
from typing import TypeVar

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.model.names import either
from anymedia.model.request import AnyRequest, RawRequest

from .unsold import refuse

R = TypeVar("R", bound=AnyRequest)

_BETWEEN = re.compile(r"[\s_-]+")


def of_known_model(request: R, adapters: Iterable[Adapter]) -> R:
    """Return a request with its model by the name under which one of these adapters sells it.

    Errors: Unsupported where it spells several models.
    """
    if isinstance(request, RawRequest):
        return request
    named = model_meant(request.model, adapters)
    return request if named == request.model else attrs.evolve(request, model=named)


def model_meant(model: str, adapters: Iterable[Adapter]) -> str:
    """Return the name of the one model that a name spells; a name that is one, or spells none, as it is.

    Errors: Unsupported where it spells several.
    """
    names = dict.fromkeys(offer.model for adapter in adapters for offer in adapter.offers)
    meant = [] if model in names else [name for name in names if _folded(name) == _folded(model)]
    if len(meant) > 1:
        refuse("model", f"{model!r} may be {either(sorted(meant))}: give the one that is meant, letter by letter")
    return meant[0] if meant else model


def _folded(name: str) -> str:
    return _BETWEEN.sub("-", name.strip().casefold())
