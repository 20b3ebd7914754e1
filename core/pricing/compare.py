"""What would differ if a request went to one seller instead of another, in words; pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import UNKNOWN, Adapter, Param, pick
from anymedia.declare.fields import Text, Urls
from anymedia.declare.sizes import Grid
from anymedia.model.money import EXACT, Money
from anymedia.model.options import OnUnsupported
from anymedia.model.request import FIELDS, ImageRequest
from anymedia.model.strict_json import dumps
from anymedia.model.vocabulary import Refund
from anymedia.translate.check import SHAPE, Checked

from .live import LivePrices
from .offers import Candidate, candidates, choose

NEAR = 0.8
"""The part of the longest prompt from which on its length is worth a word."""

LOOKS = ("aspect_ratio", "resolution", "quality", "moderation")
"""What every picture has, asked for or not: an offer without such a field decides it all the same."""

WHOLE = ("prompt", "images", "count")
"""Fields that go to any seller as they are; their bounds, and the number of tasks, are told apart."""


@attrs.frozen
class Difference:
    """One thing that would differ: what it is at each of the two, and a sentence on what that means."""

    field: str
    a: str
    b: str
    text: str


@attrs.frozen
class Seller:
    """Where a request could go: an account, or one offer of it; `name` is what it is called here."""

    name: str
    account: Account
    offer: str | None = None


def compare(
    request: ImageRequest,
    a: Seller,
    b: Seller,
    live: LivePrices | None = None,
    *,
    on_unsupported: OnUnsupported = "refuse",
) -> list[Difference]:
    """Return what would differ if a request went to b instead of a, at the prices of their accounts."""
    at_a, at_b = (_found(request, seller, live, on_unsupported) for seller in (a, b))
    if not at_a and not at_b:
        candidates(request, [a.account, b.account])  # which says what there is instead
    if not at_a or not at_b:
        return [_unsold(request.model, (a, at_a), (b, at_b))]
    return list(_differences(request, _side(a, at_a), _side(b, at_b)))


def _found(
    request: ImageRequest, seller: Seller, live: LivePrices | None, on_unsupported: OnUnsupported
) -> list[Candidate]:
    """Return what a seller has of the model; nothing where it has none."""
    sells = any(offer.model == request.model for offer in seller.account.adapter.offers)
    if not sells and seller.offer is None:
        return []
    return candidates(request, [seller.account], offer=seller.offer, on_unsupported=on_unsupported, live=live)


def _unsold(model: str, *found: tuple[Seller, list[Candidate]]) -> Difference:
    names = [", ".join(candidate.name for candidate in sold) for _, sold in found]
    clauses = (
        f"{seller.name} {f'sells it as {name}' if name else 'does not sell it'}"
        for (seller, _), name in zip(found, names, strict=True)
    )
    at_a, at_b = (name or "not sold" for name in names)
    return Difference("model", at_a, at_b, f"{model}: {'; '.join(clauses)}")


# One side


@attrs.frozen
class _Side:
    """A seller with the offer that would be taken: the cheapest that takes the request, else the one nearest to it."""

    name: str
    taken: Candidate
    among: int

    @property
    def adapter(self) -> Adapter:
        return self.taken.account.adapter

    @property
    def checked(self) -> Checked:
        return self.taken.checked

    def takes(self, field: str) -> Any:
        """Return what a field may be in the request's mode; None where there is no such field."""
        param = self.taken.offer.params.get(field)
        return None if param is None else pick(param.takes, self.checked.mode)


def _side(seller: Seller, found: list[Candidate]) -> _Side:
    nearest = min(found, key=lambda candidate: len(candidate.checked.problems))
    return _Side(seller.name, choose(found) or nearest, len(found))


@attrs.frozen
class _Told:
    """What a thing is at a side, and the same as what the seller does; `key` decides whether two are alike."""

    value: str
    clause: str
    key: Any = attrs.field(default=attrs.Factory(lambda self: self.value, takes_self=True))


_Tell: TypeAlias = Callable[[_Side], _Told]


# What is told of both


def _differences(request: ImageRequest, a: _Side, b: _Side) -> Iterator[Difference]:
    for field, (what, tell) in _aspects(request, a, b).items():
        at_a, at_b = tell(a), tell(b)
        if at_a.key != at_b.key:
            clauses = f"{a.name} {at_a.clause}; {b.name} {at_b.clause}"
            yield Difference(field, at_a.value, at_b.value, f"{what}: {clauses}{_advice(field, a, b)}")


def _aspects(request: ImageRequest, a: _Side, b: _Side) -> dict[str, tuple[str, _Tell]]:
    """Return by name what the two are asked about, with how it is called."""
    told: dict[str, tuple[str, _Tell]] = {}
    if a.among > 1 or b.among > 1:
        told["offer"] = request.model, _offer
    told |= dict(_given(request, a, b))
    told |= {
        field: (f"{field} is not given", partial(_default, field))
        for field in _left_open(request, a, b)
        if field not in told
    }
    if not a.checked.problems and not b.checked.problems:
        told |= {"pixels": ("pixels", _pixels), "tasks": ("tasks", _tasks), "money": ("price", _money)}
    return {**told, **_SOLD}


def _advice(field: str, a: _Side, b: _Side) -> str:
    """Return what can be done about a difference, where that is not plain."""
    if field == "money":
        return _cheaper(a, b)
    not_given = getattr(a.checked.request, field, ()) is None and getattr(b.checked.request, field, ()) is None
    if field in LOOKS and not_given and a.takes(field) and b.takes(field):
        return f"; give {field} to have the same"
    return ""


def _cheaper(a: _Side, b: _Side) -> str:
    of_a, of_b = a.taken.money.usd, b.taken.money.usd
    if of_a is None or of_b is None or of_a == of_b:
        return ""
    return (
        f"; {min((of_a, a.name), (of_b, b.name))[1]} is ${abs(EXACT.subtract(of_a, of_b)).normalize(EXACT):f} cheaper"
    )


def _offer(side: _Side) -> _Told:
    name = side.taken.name
    if side.among == 1:
        return _Told(name, f"sells it as {name}")
    fits = "nearest to taking it" if side.checked.problems else "cheapest that takes it"
    return _Told(name, f"sells it as {name}, of {side.among} offers the {fits}")


# Fields that are given


def _given(request: ImageRequest, a: _Side, b: _Side) -> Iterator[tuple[str, tuple[str, _Tell]]]:
    wrong = {problem.field for side in (a, b) for problem in side.checked.problems}
    for field, value in request.given.items():
        if field not in WHOLE or field in wrong:
            what = field if field in WHOLE else f"{field} {_shown(value)}"
            yield field, (what, partial(_sent, field, value))
    for field in sorted(wrong - set(request.given)):
        yield field, (field, partial(_needed, field))
    if request.extra and "extra" not in wrong:
        yield "extra", ("raw fields", _extra)
    if "prompt" not in wrong and any(_is_near(side) for side in (a, b)):
        what = f"a prompt of {len(request.prompt)} characters"
        yield "prompt", (what, partial(_bounds, "prompt"))
    if request.images and "images" not in wrong:
        yield "images", (f"{len(request.images)} put in", partial(_bounds, "images"))


def _sent(field: str, value: Any, side: _Side) -> _Told:
    """Return a field as it is sent; that one place has another name than the other is no difference by itself."""
    refused = _refusal(field, side)
    if refused is not None:
        return refused
    if field in (adjustment.field for adjustment in side.checked.adjustments):
        return _Told("left out", "does not take it, so it is left out")
    if field in WHOLE:
        return _Told("taken", "takes what is given")
    sent = side.checked.request
    moved = getattr(sent, field) != value
    fields = [each for each in SHAPE if getattr(sent, each) is not None] if moved else [field]
    params = side.taken.offer.params
    words = ", ".join(_written(params[each], side.takes(each).write(getattr(sent, each))) for each in fields)
    if not fields:
        return _Told("not sent", "gets nothing of it")  # auto is what pixels are without; or another of SHAPE is wrong
    alike = not moved and side.takes(field).write(value) == value
    return _Told(words, f"gets {words}", key="as it is given" if alike else words)


def _written(param: Param, wire: Any) -> str:
    if isinstance(wire, Mapping) and not param.to:
        return ", ".join(f"{name} {dumps(value).decode()}" for name, value in wire.items())
    return f"{str(param.to).lstrip('?')} {dumps(wire).decode()}"


def _refusal(field: str, side: _Side) -> _Told | None:
    messages = [problem.message for problem in side.checked.problems if problem.field == field]
    return _Told("refused", f"refuses it: {'; '.join(messages)}", key=messages) if messages else None


def _needed(field: str, side: _Side) -> _Told:
    """Return what a side says of a field that nobody has given, and one of the two cannot do without."""
    return _refusal(field, side) or _Told("taken", "takes it without")


def _extra(side: _Side) -> _Told:
    names = ", ".join(side.checked.extra)
    return _Told(names or "none", f"gets {names or 'none'}", key=side.checked.extra)


def _is_near(side: _Side) -> bool:
    most = _most(side, "prompt")
    return most is not None and len(side.checked.request.prompt) >= most * NEAR


def _bounds(field: str, side: _Side) -> _Told:
    most = _most(side, field)
    return _Told("unknown", "names no bound") if most is None else _Told(f"at most {most}", f"takes {most} at most")


def _most(side: _Side, field: str) -> int | None:
    takes = side.takes(field)
    return takes.most if isinstance(takes, Text | Urls) else None


# Fields that are not


def _left_open(request: ImageRequest, a: _Side, b: _Side) -> Iterator[str]:
    """Yield the fields that nobody has asked for, and that somebody decides."""
    shaped = SHAPE if request.size else ()
    for field in FIELDS:
        decided = field in LOOKS or all(field in side.checked.defaults for side in (a, b))
        if decided and field not in (*request.given, *shaped):
            yield field


def _default(field: str, side: _Side) -> _Told:
    offer = side.taken.offer
    if side.takes(field) is None and (offer.shape is None or field not in SHAPE):
        return _Told("no such field", "has no such field")
    default = side.checked.defaults.get(field)
    if default in (None, UNKNOWN):
        return _Told("unknown", "names no default")
    billed = offer.params[field].bills_as.get(default)
    return _Told(f"{default}", f"takes {default}" + (f", billed as {billed}" if isinstance(billed, str) else ""))


# What is bought


def _pixels(side: _Side) -> _Told:
    size = side.checked.request.size or _printed(side)
    if size is None:
        return _Told("unknown", "has none that are known here")
    return _Told("{}x{}".format(*size), "makes {}x{}".format(*size))


def _printed(side: _Side) -> tuple[int, int] | None:
    """Return the size that the offer's page prints for what is asked for, or taken instead."""
    shape = side.taken.offer.shape
    if not isinstance(shape, Grid):
        return None
    return shape.sizes.get((str(side.checked.value("aspect_ratio")), str(side.checked.value("resolution"))))


def _tasks(side: _Side) -> _Told:
    number = len(side.taken.parts)
    return _Told(str(number), f"makes it in {number} task{'s' * (number > 1)}")


def _money(side: _Side) -> _Told:
    money: Money = side.taken.money
    if money.usd is None:
        return _Told("unknown", f"bills what is unknown ({money.reason})")
    why = f"{money.status}: {money.reason}" if money.reason else str(money.status)
    return _Told(str(money), f"bills {money} ({why})", key=(money.usd, money.status))


# How it is sold


def _refunds(side: _Side) -> _Told:
    clauses = {
        Refund.YES: "gives the price of a failed task back",
        Refund.NO: "keeps the price of a failed task",
        Refund.UNKNOWN: "does not say whether a failed task is billed, so it counts as billed",
    }
    return _Told(str(side.adapter.refunds), clauses[side.adapter.refunds])


def _expires(side: _Side) -> _Told:
    seconds = side.adapter.expires
    if seconds is None:
        return _Told("unknown", "does not say how long they can be fetched: download them at once")
    return _Told(_span(seconds), f"keeps them for {_span(seconds)}")


def _idempotency(side: _Side) -> _Told:
    words = side.adapter.idempotency
    if words is None:
        return _Told("none", "honours no key, so an unanswered submit stays uncertain and is not sent again")
    return _Told(words.header, f"honours {words.header}, so an unanswered submit is replayed for {_span(words.window)}")


def _cancel(side: _Side) -> _Told:
    return _Told("yes", "can stop one") if side.adapter.cancel is not None else _Told("no", "cannot stop one")


def _balance(side: _Side) -> _Told:
    return _Told("yes", "tells it") if side.adapter.balance is not None else _Told("no", "tells none")


def _results(side: _Side) -> _Told:
    endpoints = filter(None, (side.adapter.submit, side.adapter.poll, side.adapter.result))
    if any(endpoint.reply.files is not None for endpoint in endpoints):
        return _Told("bytes", "answers with the pictures themselves")
    return _Told("URL", "answers with URLs")


_SOLD: Mapping[str, tuple[str, _Tell]] = {
    "refunds": ("a task that failed", _refunds),
    "expires": ("results", _expires),
    "idempotency": ("a submit without an answer", _idempotency),
    "cancel": ("a task under way", _cancel),
    "balance": ("the account's balance", _balance),
    "results": ("what is made", _results),
}


def _span(seconds: float) -> str:
    units = {timedelta(days=1): "days", timedelta(hours=1): "h", timedelta(minutes=1): "min"}
    for unit, name in units.items():
        if seconds >= 2 * unit.total_seconds():
            return f"{seconds / unit.total_seconds():g} {name}"
    return f"{seconds:g} s"


def _shown(value: Any) -> str:
    return "{}x{}".format(*value) if isinstance(value, tuple) else str(value)
