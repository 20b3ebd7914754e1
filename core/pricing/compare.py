"""What would differ if a request went to one seller instead of another, in words; pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.declare.fields import Text, Urls
from anymedia.declare.offer import Param
from anymedia.declare.sizes import Grid
from anymedia.declare.when import UNKNOWN
from anymedia.model.forms import Roles
from anymedia.model.money import EXACT, Money
from anymedia.model.options import OnUnsupported
from anymedia.model.request import Request
from anymedia.model.strict_json import dumps
from anymedia.model.vocabulary import Refund
from anymedia.translate.check import Checked
from anymedia.translate.resolve import Field, Source

from .live import LivePrices
from .offers import Candidate, candidates, choose

NEAR = 0.8
"""A text of this part of its bound, or longer, has its bounds compared."""


@attrs.frozen
class Difference:
    """One thing that would differ: what it is at each of the two sellers, and a sentence that says what it means."""

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
    request: Request,
    a: Seller,
    b: Seller,
    live: LivePrices | None = None,
    *,
    on_unsupported: OnUnsupported = "refuse",
    known: Collection[Adapter] = (),
) -> list[Difference]:
    """Return what would differ if a request went to b instead of a, at the prices of their accounts.

    Errors: as candidates, for a model that neither sells.
    """
    known = (*known, a.account.adapter, b.account.adapter)
    at_a, at_b = (_sold(request, seller, live, on_unsupported, known) for seller in (a, b))
    if not at_a and not at_b:
        candidates(request, [a.account, b.account], known=known)  # its error says who sells the model
    if not at_a or not at_b:
        return [_unsold(request.model, (a, at_a), (b, at_b))]
    return list(_differences(_side(a, at_a), _side(b, at_b)))


def _sold(
    request: Request,
    seller: Seller,
    live: LivePrices | None,
    on_unsupported: OnUnsupported,
    known: Collection[Adapter],
) -> list[Candidate]:
    """Return what a seller has of the model; nothing where it has none."""
    sells = any(offer.model == request.model for offer in seller.account.adapter.offers)
    if not sells and seller.offer is None:
        return []
    return candidates(
        request, [seller.account], offer=seller.offer, on_unsupported=on_unsupported, live=live, known=known
    )


def _unsold(model: str, *sides: tuple[Seller, list[Candidate]]) -> Difference:
    names = [", ".join(candidate.name for candidate in sold) for _, sold in sides]
    clauses = (
        f"{seller.name} {f'sells it as {name}' if name else 'does not sell it'}"
        for (seller, _), name in zip(sides, names, strict=True)
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

    @property
    def roles(self) -> Roles:
        return self.taken.offer.roles

    def field(self, name: str) -> Field | None:
        """Return a field as it is resolved; None where there is none in the request's variant."""
        field = self.checked.fields.get(name)
        return None if field is None or field.takes is None else field

    def given(self, name: str) -> Any:
        """Return the value that a field is given, as the offer's shape exchanges it; None where it is left open."""
        field = self.field(name)
        return None if field is None or field.source not in (Source.GIVEN, Source.RAW) else field.sent

    def problems(self, name: str) -> list[str]:
        """Return what is wrong with a field."""
        return [problem.message for problem in self.checked.problems if problem.field == name]


def _side(seller: Seller, sold: list[Candidate]) -> _Side:
    nearest = min(sold, key=lambda candidate: len(candidate.checked.problems))
    return _Side(seller.name, choose(sold) or nearest, len(sold))


@attrs.frozen
class _Told:
    """What a thing is at a side, and the same as what the seller does; `key` decides whether two are alike."""

    value: str
    clause: str
    key: Any = attrs.field(default=attrs.Factory(lambda self: self.value, takes_self=True))


_Tell: TypeAlias = Callable[[_Side], _Told]


# What is told of both


def _differences(a: _Side, b: _Side) -> Iterator[Difference]:
    for name, (what, tell) in _aspects(a, b).items():
        at_a, at_b = tell(a), tell(b)
        if at_a.key != at_b.key:
            clauses = f"{a.name} {at_a.clause}; {b.name} {at_b.clause}"
            yield Difference(name, at_a.value, at_b.value, f"{what}: {clauses}{_advice(name, a, b)}")


def _aspects(a: _Side, b: _Side) -> dict[str, tuple[str, _Tell]]:
    """Return by name what is compared, each with how it is called."""
    aspects: dict[str, tuple[str, _Tell]] = {}
    if a.among > 1 or b.among > 1:
        aspects["offer"] = a.taken.offer.model, _offer
    aspects |= dict(_given(a, b))
    aspects |= {
        name: (f"{name} is not given", partial(_default, name)) for name in _left_open(a, b) if name not in aspects
    }
    if not a.checked.problems and not b.checked.problems:
        aspects |= {"pixels": ("pixels", _pixels), "tasks": ("tasks", _tasks), "money": ("price", _money)}
    return {**aspects, **_SOLD}


def _advice(name: str, a: _Side, b: _Side) -> str:
    """Return what can be done about a difference, where that is not plain."""
    if name == "money":
        return _cheaper(a, b)
    left_open = all(side.field(name) is not None and side.given(name) is None for side in (a, b))
    if name in a.roles.looks and left_open:
        return f"; give {name} to have the same"
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


def _given(a: _Side, b: _Side) -> Iterator[tuple[str, tuple[str, _Tell]]]:
    given, alike = a.checked.given, _alike(a.roles)
    wrong = {problem.field for side in (a, b) for problem in side.checked.problems}
    for name, value in given.items():
        if name not in alike or name in wrong:
            what = name if name in alike else f"{name} {_shown(value)}"
            yield name, (what, partial(_sent, name, value))
    for name in sorted(wrong - set(given)):
        yield name, (name, partial(_needed, name))
    if "extra" not in wrong and (a.checked.extra or b.checked.extra):
        yield "extra", ("raw fields", _extra)
    for name in given:
        if name in alike and name not in wrong and (what := _length(name, a, b)):
            yield name, (what, partial(_bounds, name))


def _alike(roles: Roles) -> tuple[str, ...]:
    """Return the fields that every seller gets as they are; their bounds, and the number of tasks, are compared."""
    return *roles.inputs, *(name for name in roles.texts if name in roles.subject), "count"


def _length(name: str, a: _Side, b: _Side) -> str:
    """Return how long a list, or a text near its bound, is; "" where that is not worth a word."""
    value = a.checked.given[name]
    if isinstance(value, tuple):
        return f"{len(value)} put in"
    return f"a {name} of {len(value)} characters" if any(_is_near(name, side) for side in (a, b)) else ""


def _is_near(name: str, side: _Side) -> bool:
    most = _most(side, name)
    return most is not None and len(side.checked.given[name]) >= most * NEAR


def _sent(name: str, value: Any, side: _Side) -> _Told:
    """Return a field as it is sent; another name for its place is no difference by itself."""
    refused = _refusal(name, side)
    if refused is not None:
        return refused
    if name in (adjustment.field for adjustment in side.checked.adjustments):
        return _Told("left out", "does not take it, so it is left out")
    if name in _alike(side.roles):
        return _Told("taken", "takes what is given")
    moved = side.given(name) != value
    names = [each for each in side.roles.shape if side.given(each) is not None] if moved else [name]
    words = ", ".join(_written(side.taken.offer.params[each], _wire(each, side)) for each in names)
    if not names:
        return _Told("not sent", "gets nothing of it")  # auto is what pixels are without; or another field is wrong
    alike = not moved and _wire(name, side) == value
    return _Told(words, f"gets {words}", key="as it is given" if alike else words)


def _wire(name: str, side: _Side) -> Any:
    """Return a field in the wire's words."""
    field = side.checked.fields[name]
    return None if field.takes is None else field.takes.write(field.sent)


def _written(param: Param, wire: Any) -> str:
    if isinstance(wire, Mapping) and not param.to:
        return ", ".join(f"{name} {dumps(value).decode()}" for name, value in wire.items())
    return f"{str(param.to).lstrip('?')} {dumps(wire).decode()}"


def _refusal(name: str, side: _Side) -> _Told | None:
    messages = side.problems(name)
    return _Told("refused", f"refuses it: {'; '.join(messages)}", key=messages) if messages else None


def _needed(name: str, side: _Side) -> _Told:
    """Return what a seller makes of a field that is not given, and that one of the two requires."""
    return _refusal(name, side) or _Told("taken", "takes it without")


def _extra(side: _Side) -> _Told:
    names = ", ".join(side.checked.extra)
    return _Told(names or "none", f"gets {names or 'none'}", key=side.checked.extra)


def _bounds(name: str, side: _Side) -> _Told:
    most = _most(side, name)
    return _Told("unknown", "names no bound") if most is None else _Told(f"at most {most}", f"takes {most} at most")


def _most(side: _Side, name: str) -> int | None:
    field = side.field(name)
    return field.takes.most if field is not None and isinstance(field.takes, Text | Urls) else None


# Fields that are not


def _left_open(a: _Side, b: _Side) -> Iterator[str]:
    """Yield the fields that the caller leaves open, and that somebody decides."""
    given = a.checked.given
    decided_by_size = a.roles.shape if "size" in given else ()
    for name in a.roles.names:
        decided = name in a.roles.looks or all(name in side.checked.defaults for side in (a, b))
        if decided and name not in given and name not in decided_by_size:
            yield name


def _default(name: str, side: _Side) -> _Told:
    offer = side.taken.offer
    if side.field(name) is None and (offer.shape is None or name not in offer.shape.takes):
        return _Told("no such field", "has no such field")
    default = side.checked.defaults.get(name)
    if default in (None, UNKNOWN):
        return _Told("unknown", "names no default")
    billed = offer.params[name].bills_as.get(default)
    return _Told(f"{default}", f"takes {default}" + (f", billed as {billed}" if isinstance(billed, str) else ""))


# What is bought


def _pixels(side: _Side) -> _Told:
    size = side.given("size") or _printed(side)
    if size is None:
        return _Told("unknown", "has none that are known here")
    return _Told("{}x{}".format(*size), "makes {}x{}".format(*size))


def _printed(side: _Side) -> tuple[int, int] | None:
    """Return the size that the offer's page prints for the ratio and resolution that are given, or taken instead."""
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
        return _Told("bytes", "answers with the files themselves")
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
