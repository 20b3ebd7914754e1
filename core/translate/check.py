"""Step 1: what of a request an offer takes, and every reason why it does not."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import attrs

from anymedia.declare.adapter import CALLBACK, Adapter
from anymedia.declare.auth import settings_in
from anymedia.declare.fields import Choice, Flaw, is_same
from anymedia.declare.lifecycle import Lifecycle
from anymedia.declare.numbers import as_word
from anymedia.declare.offer import Offer, Param, Rule
from anymedia.declare.when import ANY, When, decides, pick
from anymedia.model.errors import REFUSES, OutOfBounds, Problem, RequestError, Unsupported
from anymedia.model.options import OnUnsupported
from anymedia.model.request import DELIVERY, Request
from anymedia.model.strict_json import Json, dumps
from anymedia.model.task import Adjustment
from anymedia.model.urls import is_local, with_query

from .files import NO_WAYS, Ways, placed
from .own import Own, asked_as, forbidden, overrides, own_of, problem_of
from .resolve import Field, Source, overridden, resolve


@attrs.frozen(kw_only=True)
class Checked:
    """A request in the words of one offer: all that the later steps need to know of it.

    `fields` are the offer's fields, resolved; `given` is what the caller gave, before anything was dropped or
    exchanged. `path` is where it is submitted, with its query. `units` is how many results are asked for, `knobs` the
    offer's own fields that `extra` gives, `extra` the raw fields that are left, `texts` the caller's own words.
    `problems` is empty when the offer takes the request; `adjustments` say what is not sent as it was given, `notices`
    what else is to be known of the offer.
    """

    adapter: Adapter
    offer: Offer
    variant: str
    wire_id: str | None
    path: str
    units: int
    given: Mapping[str, Any]
    fields: Mapping[str, Field]
    knobs: Mapping[str, Any]
    extra: Mapping[str, Json]
    labels: Mapping[str, str]
    texts: tuple[str, ...]
    problems: tuple[Problem, ...]
    adjustments: tuple[Adjustment, ...]
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The offer's full name, provider/offer."""
        return f"{self.adapter.name}/{self.offer.name}"

    @property
    def page(self) -> str:
        """Where it is written what the offer takes."""
        return page_of(self.adapter, self.offer)

    @property
    def life(self) -> Lifecycle:
        """How the offer's tasks go."""
        return self.adapter.life(self.offer.lifecycle)

    @property
    def sends(self) -> Mapping[str, Json]:
        """What stands in the body because it asks for a webhook, by place."""
        asks, webhook = self.fields.get(CALLBACK), self.life.webhook
        return {} if webhook is None or asks is None or asks.sent is None else webhook.sends

    @property
    def defaults(self) -> dict[str, Any]:
        """What the provider takes for fields that are not given, as far as its page tells: values, or words."""
        return {
            name: field.value
            for name, field in self.fields.items()
            if field.source not in (Source.GIVEN, Source.RAW) and field.value is not None
        }

    def value(self, name: str) -> Any:
        """Return the value that the provider takes for a field; None where nobody knows it."""
        field = self.fields.get(name)
        return None if field is None else field.value

    def error(self, account: str | None = None) -> RequestError:
        """Return the error that lists every problem."""
        kind = Unsupported if any(problem.unsupported for problem in self.problems) else OutOfBounds
        return kind(
            f"{self.name}{REFUSES}{'; '.join(map(str, self.problems))}",
            problems=self.problems,
            account=account,
            provider=self.adapter.name,
            model=self.offer.model,
        )


def check(
    request: Request,
    adapter: Adapter,
    offer: Offer,
    *,
    on_unsupported: OnUnsupported = "refuse",
    limits: bool = True,
    ways: Ways = NO_WAYS,
    callback: str | None = None,
) -> Checked:
    """Check a request against an offer, and resolve every field of it; `ways` are what its account adds for files.

    `callback` is the account's own callback_url, sent where the caller gives none and the offer takes it as it is. One
    on this machine goes to no provider that is elsewhere; at one that is on this machine too, http is as good as https.

    With on_unsupported="drop", what the offer does not have is left out and recorded, except what the work is of: the
    fields that `Roles.subject` names.
    With limits=False, limits that the provider's page documents are ignored; only what cannot be expressed is refused.
    An offer of another kind takes nothing of the request.
    """
    if request.kind is not offer.kind:
        return _checked(request, adapter, offer, {}, Own(), [], [_other_kind(request, offer)])
    own = own_of(request, adapter, offer)
    given = {**request.given, **own.knobs}
    dropped, refused = _sort(request, given, offer, drop=on_unsupported == "drop")
    left = _without(given, [each.field for each in dropped]) if dropped else given
    ours = callback is not None and CALLBACK not in request.given and _fits(callback, given, offer, ways)
    if ours:
        left = {**left, CALLBACK: callback}
    shaped = left if offer.shape is None else offer.shape.fit(left)
    if isinstance(shaped, Flaw):
        refused.append(problem_of("size" if "size" in left else "resolution", shaped))
        shaped = _without(left, request.roles.shape)
    fields = resolve(shaped, offer)
    refused += own.wrong
    refused += _flaws(_without(shaped, [CALLBACK]) if ours else shaped, fields, offer)
    refused += _missing(shaped, fields, offer)
    refused += _broken(shaped, fields, offer)
    if any(name in shaped for name in request.roles.files):
        fields, stranded = placed(fields, adapter, ways, offer.in_query)
        told = {flaw.field for flaw in refused if limits or not flaw.documented}
        # That no way takes a file which is too large says no more than its bound does.
        refused += [each for each in stranded if each.field not in told or not each.unsupported]
    if own.raw:
        refused += forbidden(own.raw, adapter, offer)
        dropped += overrides(own.raw)
        fields = overridden(fields, offer, own.raw)
    problems = [each for each in refused if limits or not each.documented]
    return _checked(request, adapter, offer, fields, own, dropped, problems)


def page_of(adapter: Adapter, offer: Offer) -> str:
    """Return where it is written what an offer takes."""
    return offer.page or f"{adapter.page}, {offer.name}"


def _checked(
    request: Request,
    adapter: Adapter,
    offer: Offer,
    fields: Mapping[str, Field],
    own: Own,
    adjustments: Sequence[Adjustment],
    problems: Sequence[Problem],
) -> Checked:
    given = request.given
    wire_id, page = pick(offer.wire_id, given), page_of(adapter, offer)
    return Checked(
        adapter=adapter,
        offer=offer,
        variant=request.variant,
        wire_id=wire_id,
        path=_path(adapter, offer, wire_id, given, fields),
        units=request.units,
        given=given,
        fields=fields,
        knobs=own.knobs,
        extra=own.raw,
        labels=request.labels,
        texts=request.texts,
        problems=tuple(attrs.evolve(each, page=page, field=asked_as(offer, each.field)) for each in problems),
        adjustments=tuple(attrs.evolve(each, field=asked_as(offer, each.field)) for each in adjustments),
    )


def _path(
    adapter: Adapter, offer: Offer, wire_id: str | None, given: Container[str], fields: Mapping[str, Field]
) -> str:
    """Return where a request is submitted, with what goes into the query."""
    submit = adapter.life(offer.lifecycle).submit
    path = (pick(offer.path, given) or submit.path or "").replace("{wire_id}", str(wire_id))
    # What names a setting is the account's, and is added when it is sent.
    always = {name: text for name, text in submit.query.items() if not settings_in(text, adapter.settings)}
    if not offer.in_query and not always:
        return path
    query = {name: value.replace("{wire_id}", str(wire_id)) for name, value in always.items()}
    for name in offer.in_query:
        field = fields.get(name)
        if field is not None and field.sent is not None and field.takes is not None:
            value = field.takes.write(field.sent)
            query[str(offer.fields[name].to)[1:]] = value if isinstance(value, str) else dumps(value).decode()
    return with_query(path, query)


def _other_kind(request: Request, offer: Offer) -> Problem:
    message = f"this offer makes {offer.kind.work}s, and the request is for {request.kind.work}s"
    return Problem(field="kind", message=message, unsupported=True, documented=False)


def _fits(callback: str, given: Mapping[str, Any], offer: Offer, ways: Ways) -> bool:
    param = offer.fields.get(CALLBACK)
    takes = None if param is None else param.taken(given)
    return takes is not None and (ways.local if is_local(callback) else not any(takes.flaws(callback)))


def _without(given: Mapping[str, Any], names: Container[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _sort(
    request: Request, given: Mapping[str, Any], offer: Offer, *, drop: bool
) -> tuple[list[Adjustment], list[Problem]]:
    """Part what the offer does not have into what is left out and what is refused."""
    dropped: list[Adjustment] = []
    refused: list[Problem] = []
    for name, flaw in _unsupported(request, given, offer):
        if (drop and name not in request.roles.subject) or name in DELIVERY:
            value = list(given[name]) if isinstance(given[name], tuple) else given[name]
            dropped.append(Adjustment(field=name, given=value, reason=flaw.message))
        else:
            refused.append(problem_of(name, flaw))
    return dropped, refused


def _unsupported(request: Request, given: Mapping[str, Any], offer: Offer) -> Iterator[tuple[str, Flaw]]:
    shaped = () if offer.shape is None else offer.shape.takes
    for name, value in given.items():
        param = offer.fields.get(name)
        if param is None:
            # A count is never unsupported: what one task cannot make, several can.
            if name != "count" and name not in shaped:
                others = ", ".join(each for each in request.roles.files if each in offer.params)
                hint = f", which takes {others}" if name in request.roles.files and others else ""
                yield name, Flaw(f"not supported by this offer{hint}", documented=False, unsupported=True)
        elif (takes := param.taken(given)) is None:
            yield name, Flaw(f"not supported {_where(param, given)}", documented=False, unsupported=True)
        else:
            yield from ((name, flaw) for flaw in takes.flaws(value) if flaw.unsupported)


def _where(param: Param, given: Mapping[str, Any]) -> str:
    """Return in words where a field is not taken: with another field, or without those that it goes with."""
    decided = next(each for each in (param.takes, param.to) if isinstance(each, When) and each.pick(given) is None)
    met = next((field for field in decided.fields if decides(field, given)), None)
    return f"without {' or '.join(_fields(decided))}" if met is None else f"with {met}"


def _fields(thing: Any) -> list[str]:
    """Return the fields with which there is such a thing."""
    return [name for name, each in thing.cases if each is not None] if isinstance(thing, When) else []


def _flaws(given: Mapping[str, Any], fields: Mapping[str, Field], offer: Offer) -> Iterator[Problem]:
    for name, value in given.items():
        takes = fields[name].takes if name in fields else None
        held = min(value, offer.batch) if name == "count" else value
        for flaw in () if takes is None else takes.flaws(held):
            if not flaw.unsupported:
                yield problem_of(name, flaw)


def _missing(given: Mapping[str, Any], fields: Mapping[str, Field], offer: Offer) -> Iterator[Problem]:
    for name, param in offer.fields.items():
        takes = fields[name].takes
        if param.required and fields[name].value is None and takes is not None:
            words = f", which takes {', '.join(takes.wire)}" if isinstance(takes, Choice) else ""
            yield Problem(field=name, message=f"required by this offer{words}", documented=False)
    if pick(offer.wire_id, given) is None:
        yield from _no_variant(given, offer)


def _no_variant(given: Mapping[str, Any], offer: Offer) -> Iterator[Problem]:
    """Yield why an offer has no wire id for what is put in: something is missing, or is too much."""
    inputs = [name for name in offer.roles.inputs if name in given]
    needed = _fields(offer.wire_id)
    if inputs:
        yield Problem(field=inputs[0], message="not supported by this offer", documented=False, unsupported=True)
    elif needed:
        others = f"this, or {' or '.join(needed[1:])}, is " if needed[1:] else ""
        yield Problem(field=needed[0], message=f"{others}required by this offer", documented=False)
    else:
        yield Problem(field="model", message="this offer has no variant", documented=False, unsupported=True)


def _broken(given: Mapping[str, Any], fields: Mapping[str, Field], offer: Offer) -> Iterator[Problem]:
    for rule in offer.rules:
        if all(_holds(name, value, given) for name, value in rule.when.items()):
            for message in _demands(rule, given, fields):
                yield Problem(field=next(iter(rule.when)), message=message)


def _holds(name: str, value: Any, given: Mapping[str, Any]) -> bool:
    """Return whether a field has the value for which a rule holds; ANY: it is given."""
    return decides(name, given) if value is ANY else name in given and is_same(value, given[name])


def _demands(rule: Rule, given: Mapping[str, Any], fields: Mapping[str, Field]) -> Iterator[str]:
    what = ", ".join(as_word(value) for value in rule.when.values() if value is not ANY)
    if rule.needs and not any(decides(name, given) for name in rule.needs):
        yield f"{what} needs {' or '.join(rule.needs)}".lstrip()
    for name in rule.excludes:
        if decides(name, given):
            yield f"{what} goes without {name}".lstrip()
    for name, values in rule.allows.items():
        value = fields[name].value if name in fields else None
        if value not in values:
            taken = "left out" if value is None else as_word(value)
            yield f"{what} needs {name} {' '.join(map(as_word, values))}, not {taken}".lstrip()
