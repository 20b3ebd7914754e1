"""Step 1: what of a request an offer takes, and every reason why it does not."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from .declare import ANY, Adapter, Numbered, Offer, Param, Rule, pick
from .errors import OutOfBounds, Problem, RequestError, Unsupported
from .request import DELIVERY, ImageRequest, Mode
from .strict_json import Json
from .task import Adjustment
from .values import Flaw, Value

OnUnsupported: TypeAlias = Literal["refuse", "drop"]

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
    dropped, refused = _sort(request, offer, drop=on_unsupported == "drop")
    left_out: dict[str, Any] = dict.fromkeys(adjustment.field for adjustment in dropped)
    sent = attrs.evolve(request, **left_out) if left_out else request
    shaped = sent if offer.shape is None else offer.shape.fit(sent)
    if isinstance(shaped, Flaw):
        refused.append(_problem("size" if sent.size else "resolution", shaped))
        shaped = attrs.evolve(sent, size=None, aspect_ratio=None, resolution=None)
    checked = Checked(
        adapter=adapter,
        offer=offer,
        request=shaped,
        problems=(),
        adjustments=(*dropped, *_overrides(request, adapter)),
        defaults=dict(_defaults(shaped, offer)),
    )
    problems = [*refused, *_flaws(shaped, offer), *_missing(checked), *_broken(checked), *_forbidden(checked)]
    held = [problem for problem in problems if limits or not problem.documented]
    if not held:
        return checked
    page = offer.page or f"{adapter.page}, {offer.name}"
    return attrs.evolve(checked, problems=tuple(attrs.evolve(problem, page=page) for problem in held))


def _given(request: ImageRequest, offer: Offer) -> Iterator[tuple[str, Any, Param]]:
    for field, param in offer.params.items():
        if (value := getattr(request, field)) not in (None, ()):
            yield field, value, param


def _sort(request: ImageRequest, offer: Offer, *, drop: bool) -> tuple[list[Adjustment], list[Problem]]:
    """Part what the offer does not have into what is left out and what is refused."""
    dropped: list[Adjustment] = []
    refused: list[Problem] = []
    for field, value, flaw in _unsupported(request, offer):
        if (drop and field not in SUBJECT) or field in DELIVERY:
            given = list(value) if isinstance(value, tuple) else value
            dropped.append(Adjustment(field=field, given=given, reason=flaw.message))
        else:
            refused.append(_problem(field, flaw))
    return dropped, refused


def _unsupported(request: ImageRequest, offer: Offer) -> Iterator[tuple[str, Any, Flaw]]:
    shape = ("size", "aspect_ratio", "resolution") if offer.shape else ()
    # A count is never unsupported: what one task cannot make, several can.
    known = {"model", "extra", "labels", "count", *shape, *offer.params}
    for field in attrs.fields_dict(ImageRequest):
        value = getattr(request, field)
        if field not in known and value not in (None, ()):
            yield field, value, Flaw("not supported by this offer", documented=False, unsupported=True)
    for field, value, param in _given(request, offer):
        takes = pick(param.takes, request.mode)
        if takes is None:
            where = "with images" if request.mode == "edit" else "without images"
            yield field, value, Flaw(f"not supported {where}", documented=False, unsupported=True)
        else:
            yield from ((field, value, flaw) for flaw in takes.flaws(value) if flaw.unsupported)


def _flaws(request: ImageRequest, offer: Offer) -> Iterator[Problem]:
    for field, value, param in _given(request, offer):
        takes: Value | None = pick(param.takes, request.mode)
        held = min(value, offer.batch) if field == "count" else value
        for flaw in takes.flaws(held) if takes is not None else ():
            if not flaw.unsupported:
                yield _problem(field, flaw)


def _problem(field: str, flaw: Flaw) -> Problem:
    return Problem(field=field, message=flaw.message, unsupported=flaw.unsupported, documented=flaw.documented)


def _defaults(request: ImageRequest, offer: Offer) -> Iterator[tuple[str, Any]]:
    for field, param in offer.params.items():
        default = pick(param.default, request.mode)
        shaped = field == "aspect_ratio" and request.size is not None and not param.always_sent
        if default is not None and getattr(request, field) is None and not shaped:
            yield field, default


def _missing(checked: Checked) -> Iterator[Problem]:
    for field, param in checked.offer.params.items():
        if pick(param.required, checked.mode) and checked.value(field) in (None, ()):
            yield Problem(field=field, message="required by this offer", documented=False)
    if pick(checked.offer.wire_id, checked.mode) is None and checked.mode == "text":
        yield Problem(field="images", message="required by this offer", documented=False)


def _broken(checked: Checked) -> Iterator[Problem]:
    for rule in checked.offer.rules:
        given = {field: getattr(checked.request, field) for field in rule.when}
        if all(value not in (None, ()) and rule.when[field] in (ANY, value) for field, value in given.items()):
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
