"""Step 1: what of a request an offer takes, and every reason why it does not."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from anymedia.declare.adapter import ANY, Adapter, Numbered, Offer, Rule, pick
from anymedia.declare.fields import Flaw
from anymedia.model.errors import OutOfBounds, Problem, RequestError, Unsupported
from anymedia.model.options import OnUnsupported
from anymedia.model.request import DELIVERY, ImageRequest, Mode
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment

SHAPE = ("size", "aspect_ratio", "resolution")
"""Fields that an offer with a Shape takes together, mapped or not."""

SUBJECT = ("prompt", "images", "mask")
"""What the picture is of: without these it is another picture, so they are never dropped."""


@attrs.frozen(kw_only=True)
class Checked:
    """A request in the words of one offer: `request` as it will be sent, `defaults` of what was not given.

    `problems` is empty when the offer takes it; `adjustments` are what was dropped or changed on the way.
    """

    adapter: Adapter
    offer: Offer
    request: ImageRequest
    problems: tuple[Problem, ...]
    adjustments: tuple[Adjustment, ...]
    defaults: Mapping[str, Any]

    @property
    def mode(self) -> Mode:
        """Whether the picture comes from text alone or from other pictures."""
        return self.request.mode

    @property
    def extra(self) -> Mapping[str, Json]:
        """The raw fields for this provider."""
        return self.request.extra.get(self.adapter.name, {})

    def value(self, field: str) -> Any:
        """Return what a field is given as, else its default, else None."""
        given = getattr(self.request, field)
        return self.defaults.get(field) if given in (None, ()) else given

    def error(self, account: str | None = None) -> RequestError:
        """Return the error that lists every problem."""
        kind = Unsupported if any(problem.unsupported for problem in self.problems) else OutOfBounds
        name = f"{self.adapter.name}/{self.offer.name}"
        return kind(
            f"{name} does not take this request: " + "; ".join(map(str, self.problems)),
            problems=self.problems,
            account=account,
            provider=self.adapter.name,
            model=self.offer.model,
        )


def check(
    request: ImageRequest,
    adapter: Adapter,
    offer: Offer,
    *,
    on_unsupported: OnUnsupported = "refuse",
    limits: bool = True,
) -> Checked:
    """Hold a request against an offer.

    With on_unsupported="drop", what the offer does not have is left out and recorded, but for what the picture is of.
    With limits=False the limits of the provider's page are not held, only what cannot be expressed is refused.
    """
    given = request.given
    dropped, refused = _sort(given, request.mode, offer, drop=on_unsupported == "drop")
    left_out: dict[str, Any] = dict.fromkeys(adjustment.field for adjustment in dropped)
    sent = attrs.evolve(request, **left_out) if left_out else request
    shaped = sent if offer.shape is None else offer.shape.fit(sent)
    if isinstance(shaped, Flaw):
        refused.append(_problem("size" if sent.size else "resolution", shaped))
        shaped = attrs.evolve(sent, size=None, aspect_ratio=None, resolution=None)
    if shaped is not request:
        given = shaped.given
    checked = Checked(
        adapter=adapter,
        offer=offer,
        request=shaped,
        problems=(),
        adjustments=(*dropped, *_overrides(request, adapter)),
        defaults=dict(_defaults(given, shaped.mode, offer)),
    )
    problems = [
        *refused,
        *_flaws(given, shaped.mode, offer),
        *_missing(given, checked),
        *_broken(given, checked),
        *_forbidden(checked),
    ]
    held = [problem for problem in problems if limits or not problem.documented]
    if not held:
        return checked
    page = offer.page or f"{adapter.page}, {offer.name}"
    return attrs.evolve(checked, problems=tuple(attrs.evolve(problem, page=page) for problem in held))


def _sort(given: Mapping[str, Any], mode: Mode, offer: Offer, *, drop: bool) -> tuple[list[Adjustment], list[Problem]]:
    """Part what the offer does not have into what is left out and what is refused."""
    dropped: list[Adjustment] = []
    refused: list[Problem] = []
    for field, flaw in _unsupported(given, mode, offer):
        if (drop and field not in SUBJECT) or field in DELIVERY:
            value = list(given[field]) if isinstance(given[field], tuple) else given[field]
            dropped.append(Adjustment(field=field, given=value, reason=flaw.message))
        else:
            refused.append(_problem(field, flaw))
    return dropped, refused


def _unsupported(given: Mapping[str, Any], mode: Mode, offer: Offer) -> Iterator[tuple[str, Flaw]]:
    for field, value in given.items():
        param = offer.params.get(field)
        if param is None:
            # A count is never unsupported: what one task cannot make, several can.
            if field != "count" and (offer.shape is None or field not in SHAPE):
                yield field, Flaw("not supported by this offer", documented=False, unsupported=True)
        elif (takes := pick(param.takes, mode)) is None:
            where = "with images" if mode == "edit" else "without images"
            yield field, Flaw(f"not supported {where}", documented=False, unsupported=True)
        else:
            yield from ((field, flaw) for flaw in takes.flaws(value) if flaw.unsupported)


def _flaws(given: Mapping[str, Any], mode: Mode, offer: Offer) -> Iterator[Problem]:
    for field, value in given.items():
        param = offer.params.get(field)
        takes = None if param is None else pick(param.takes, mode)
        held = min(value, offer.batch) if field == "count" else value
        for flaw in () if takes is None else takes.flaws(held):
            if not flaw.unsupported:
                yield _problem(field, flaw)


def _problem(field: str, flaw: Flaw) -> Problem:
    return Problem(field=field, message=flaw.message, unsupported=flaw.unsupported, documented=flaw.documented)


def _defaults(given: Mapping[str, Any], mode: Mode, offer: Offer) -> Iterator[tuple[str, Any]]:
    for field, param in offer.params.items():
        if param.default is not None and field not in given:
            default = pick(param.default, mode)
            shaped = field == "aspect_ratio" and "size" in given and not param.always_sent
            if default is not None and not shaped:
                yield field, default


def _missing(given: Mapping[str, Any], checked: Checked) -> Iterator[Problem]:
    for field, param in checked.offer.params.items():
        if param.required and field not in given and field not in checked.defaults:
            yield Problem(field=field, message="required by this offer", documented=False)
    if pick(checked.offer.wire_id, checked.mode) is None and checked.mode == "text":
        yield Problem(field="images", message="required by this offer", documented=False)


def _broken(given: Mapping[str, Any], checked: Checked) -> Iterator[Problem]:
    for rule in checked.offer.rules:
        if all(field in given and value in (ANY, given[field]) for field, value in rule.when.items()):
            for message in _demands(rule, checked):
                yield Problem(field=next(iter(rule.when)), message=message)


def _demands(rule: Rule, checked: Checked) -> Iterator[str]:
    what = ", ".join(str(value) for value in rule.when.values() if value is not ANY)
    if rule.needs is not None and getattr(checked.request, rule.needs) in (None, ()):
        yield f"{what} needs {rule.needs}".lstrip()
    for field, values in rule.allows.items():
        if (value := checked.value(field)) not in values:
            yield f"{what} needs {field} {' '.join(values)}, not {value or 'left out'}".lstrip()


def _overrides(request: ImageRequest, adapter: Adapter) -> Iterator[Adjustment]:
    for name, value in request.extra.get(adapter.name, {}).items():
        yield Adjustment(field=f"extra.{name}", given=value, sent=value, reason="a raw field, sent as it stands")


def _forbidden(checked: Checked) -> Iterator[Problem]:
    """The model, and what else tells one offer from another, are no raw fields: they decide the price."""
    for place in filter(None, (checked.adapter.submit.model, *checked.offer.fixed)):
        if touches(checked.extra, place):
            message = f"cannot set {place}: choose the model or the offer instead"
            yield Problem(field="extra", message=message, documented=False)


def touches(extra: Mapping[str, Json], to: str | Numbered) -> bool:
    """Return whether raw fields reach a place of the body (or all of it, "")."""
    if isinstance(to, Numbered):
        return any(name.startswith(to.first) for name in extra)
    held: Json = extra
    for key in to.replace("[]", "").split(".") if to else ():
        if not isinstance(held, Mapping):
            return True
        if key not in held:
            return False
        held = held[key]
    return bool(to) or bool(extra)
