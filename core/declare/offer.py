"""What is sold: an offer, its fields on the wire, and the rules between them."""

from collections.abc import Container, Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from anymedia.model.forms import Roles
from anymedia.model.kinds import KINDS
from anymedia.model.request import FROM_TEXT
from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Kind

from .fields import Always, Text, Value
from .files import File, Files
from .numbers import Number, Whole
from .prices import Prices, counted_by, goes_by
from .several import several
from .sizes import Shape
from .typed import typed, word_of
from .when import When, cases, pick
from .written import Keys, Numbered, Written, clashes, places

VARIANT = "variant"
"""What a price table names to go by the request's variant."""


@attrs.frozen(field_transformer=typed)
class Param:
    """A canonical field on the wire.

    `to` is its place in the body (None: it is not sent, since each work has it, as `Always` says): "input.prompt";
    "input." merges an object into the one there, "" into the body itself, "images[].url" makes an object of each
    element, "images[0]" is an element of a list, "?name" puts it into the query. No two fields share a place, or lie
    one under the other, unless a request can give only one of them.

    It is `required` wherever it is taken at all. `default` is what the provider takes when the field is not sent
    (None: nothing is known to be taken); with `always_sent` the wire requires the field, and the default is filled
    in. `bills_as` names values that are billed as another one.
    """

    to: str | Numbered | When[str] | None
    takes: Value | When[Value]
    required: bool = False
    default: Any = None
    always_sent: bool = False
    bills_as: Mapping[Any, Any] = attrs.field(factory=dict, hash=False)

    def taken(self, given: Container[str]) -> Value | None:
        """Return what it takes where these fields are given; None: it is not taken."""
        nowhere = isinstance(self.to, When) and self.to.pick(given) is None
        return None if nowhere else pick(self.takes, given)

    @property
    def places(self) -> list[str | Numbered]:
        """Where it is written: at its place, or at each key of an object that is merged."""
        return places(self.to, self.takes)


def _allowed(_: Any, attribute: Any, given: Mapping[str, Any]) -> None:
    for field, values in given.items():
        if isinstance(values, str):
            raise ValueError(f"allows, {field}: it is a tuple of values, not a text")


def _names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


@attrs.frozen(kw_only=True, field_transformer=typed)
class Rule:
    """A rule between fields: when fields have these values (ANY: are given at all), `needs` another field to be given,
    or any one of several, `excludes` others, or `allows` only some values of others. A false flag is not given."""

    when: Mapping[str, Any] = attrs.field(hash=False)
    needs: tuple[str, ...] = attrs.field(default=(), converter=_names, validator=several("fields", str))
    excludes: tuple[str, ...] = attrs.field(default=(), converter=_names, validator=several("fields", str))
    allows: Mapping[str, tuple[Any, ...]] = attrs.field(factory=dict, hash=False, validator=_allowed)


def _day(given: str | date | None) -> date | None:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise ValueError(f"ends: {given!r} is no day, like '2027-01-06'") from None


def _kind(given: Any) -> Any:
    return word_of(Kind, given)


def _itself(offer: "Offer") -> str:
    return offer.name


def _fields(offer: "Offer") -> Mapping[str, Param]:
    return {**offer.params, **offer.knobs}


def _in_query(offer: "Offer") -> tuple[str, ...]:
    return tuple(name for name, param in offer.fields.items() if str(param.to).startswith("?"))


@attrs.frozen(kw_only=True, field_transformer=typed)
class Offer:
    """What is sold under a name of the provider's: a canonical model, its wire id, its fields in the wire's order.

    Model and wire id are the name unless told otherwise. `kind` is what it makes: only requests of that kind are
    taken. `lifecycle` names one of the adapter's (None: the usual one). `makes` is how many works one unit is, like
    the two songs of one price. `knobs` are fields that the provider alone has: they are given in a request's `extra`
    by these names, and held to their bounds, rules and prices like the canonical fields in `params`. `fixed` fields
    are always sent, or where `when` says so, and tell the offer apart; `path` replaces the submit's path; `prices`
    None is unknown; `page` is where it is written, unless the adapter's page says so under the offer's name; `ends` is
    the day from which it is no longer sold; `own` is one that the user's configuration declares. Errors: ValueError for
    a name that is no field of the kind, and for two things of which one would overwrite the other.
    """

    name: str
    model: str = attrs.field(default=attrs.Factory(_itself, takes_self=True))
    wire_id: str | When[str] = attrs.field(default=attrs.Factory(_itself, takes_self=True))
    kind: Kind = attrs.field(default=Kind.IMAGE, converter=_kind)
    makes: int = 1
    params: Mapping[str, Param] = attrs.field(hash=False)
    knobs: Mapping[str, Param] = attrs.field(factory=dict, hash=False)
    page: str | None = None
    lifecycle: str | None = None
    path: str | When[str] | None = None
    fixed: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    rules: tuple[Rule, ...] = attrs.field(default=(), validator=several("rules", Rule))
    shape: Shape | None = None
    prices: Prices | None = None
    ends: date | None = attrs.field(default=None, converter=_day)
    own: bool = False
    fields: Mapping[str, Param] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_fields, takes_self=True)
    )
    """Every field that it takes: the canonical ones, then its knobs."""
    in_query: tuple[str, ...] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_in_query, takes_self=True)
    )
    """The fields that are sent in the query of the submit."""

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join((*_unknown_names(self), *clashes(self.written, self.exclusive)))
        if wrong:
            raise ValueError(f"{self.name}: {wrong}")

    def has_ended(self, day: date) -> bool:
        """Return whether it is no longer sold on a day."""
        return self.ends is not None and self.ends <= day

    @property
    def roles(self) -> Roles:
        """The fields of the kind of request that it takes."""
        return KINDS[self.kind].roles

    @property
    def forms(self) -> set[str]:
        """The forms in which its fields take files."""
        return {form for param in self.fields.values() for form in _forms(param)}

    @property
    def exclusive(self) -> tuple[tuple[str, str], ...]:
        """Pairs of fields of which a request gives one at most."""
        return KINDS[self.kind].exclusive

    @property
    def written(self) -> list[Written]:
        """What a submit writes for it: each field, and what is fixed."""
        fields = [
            Written(name, each.to, each.takes, each.always_sent)
            for name, each in self.fields.items()
            if each.to is not None
        ]
        return [*fields, *(Written(f"the fixed {to}", to) for to in self.fixed)]

    @property
    def batch(self) -> int:
        """How many units one task can make."""
        count = self.params.get("count")
        return count.takes.most or 1 if count is not None and isinstance(count.takes, Whole) else 1

    @property
    def variants(self) -> dict[str, str]:
        """The wire id in each variant that there is: "text", and the inputs that it takes."""
        inputs = {field: self.params[field] for field in self.roles.inputs if field in self.params}
        needed = {field for field, param in inputs.items() if param.required}
        taken = [field for field, param in inputs.items() if param.taken((field,)) is not None]
        ids = {each: pick(self.wire_id, (each,)) for each in (FROM_TEXT, *taken) if needed <= {each}}
        return {variant: wire_id for variant, wire_id in ids.items() if wire_id is not None}


def _unknown_names(offer: Offer) -> Iterator[str]:
    """Yield what an offer names that is no field of its kind, decides nothing, or is not mapped."""
    roles = offer.roles
    unknown = sorted(set(offer.params) - set(roles.names))
    if unknown:
        yield f"no field of {offer.kind} is named {', '.join(unknown)}; there are {', '.join(roles.names)}"
    taken = sorted(set(offer.knobs) & {*roles.forms, VARIANT})
    if taken:
        yield f"a knob cannot be named {', '.join(taken)}, which is a field of every {offer.kind}, or decides its price"
    deciding = {field for each in _whens(offer) for field in each.fields} - set(roles.subject)
    if deciding:
        yield f"when() goes by {', '.join(roles.subject)}, not by {', '.join(sorted(deciding))}"
    yield from _of_no_field(offer)
    yield from _of_files(offer)
    yield from _of_places(offer)
    # They differ from task to task, and all tasks of a request are submitted at one path.
    for field in {"count", "seed"} & set(offer.in_query):
        yield f"{field} differs from task to task, so it cannot be sent in the query"


def _of_no_field(offer: Offer) -> Iterator[str]:
    """Yield what a price, the shape and the rules name that is not mapped."""
    unmapped = [field for field in goes_by(offer.prices) if field != VARIANT and field not in offer.fields]
    if unmapped:
        yield f"the price goes by {', '.join(unmapped)}, which is not mapped"
    for field in set(counted_by(offer.prices)) - {*unmapped}:
        if not all(isinstance(each, Whole | Number | Text | Files) for each in cases(offer.fields[field].takes)):
            yield f"the price counts {field}, which is no number, no text and no list of files"
    made = [] if offer.shape is None else [field for field in offer.shape.gives if field not in offer.params]
    if made:
        yield f"the shape makes {', '.join(made)}, which is not mapped"
    ruled = (name for rule in offer.rules for name in (*rule.when, *rule.allows, *rule.needs, *rule.excludes))
    unknown = [name for name in dict.fromkeys(ruled) if name not in (*offer.roles.names, *offer.knobs)]
    if unknown:
        yield f"a rule names {', '.join(unknown)}, which is no field of {offer.kind} and no knob"


def _of_places(offer: Offer) -> Iterator[str]:
    """Yield the fields that go nowhere though something is sent, and the elements of lists that are out of order."""
    for name, param in offer.fields.items():
        if (param.to is None) != all(isinstance(each, Always) for each in cases(param.takes)):
            yield f"{name}: it has a place, unless it is Always so"
    found: dict[Keys, list[int]] = {}
    for written in offer.written:
        for keys in written.places:
            for depth, key in enumerate(keys):
                if key[0] == "[":
                    at, order = int(key[1:-1]), found.setdefault(keys[:depth], [])
                    order += [] if at in order else [at]
    for keys, order in found.items():
        if order != [*range(len(order))]:
            yield f"the elements of {'.'.join(keys)} are written in the order {order}, and not from 0 on"


def _of_files(offer: Offer) -> Iterator[str]:
    """Yield which fields take files in a way in which nothing could put them there."""
    for field, several_ in offer.roles.files.items():
        needed = Files if several_ else File
        taken = cases(offer.params[field].takes) if field in offer.params else []
        if wrong := [each for each in taken if not isinstance(each, needed)]:
            yield f"files are put into {field}: it takes {needed.__name__}(…), not {type(wrong[0]).__name__}(…)"
    for field in offer.in_query:
        if _forms(offer.fields[field]) - {"url"}:
            yield f"{field} is sent in the query, where a file stands as its public URL alone"


def _forms(param: Param) -> set[str]:
    """Return the forms in which a field takes files."""
    return {form for each in cases(param.takes) if isinstance(each, File | Files) for form in each.forms}


def _whens(offer: Offer) -> Iterator[When[Any]]:
    params = offer.fields.values()
    of_params = (each for param in params for each in (param.to, param.takes, param.default))
    things = (offer.wire_id, offer.path, *offer.fixed.values(), *of_params)
    return (each for each in things if isinstance(each, When))
