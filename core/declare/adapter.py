"""A provider as data: its calls, errors, limits, offers, and what contradicts itself."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs

from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Cause, Outcome, Refund, State

from .assets import optional_place
from .endpoint import Endpoint, Fault, Header, code_and_yes
from .files import Upload
from .offer import Offer
from .path import Place, place
from .prices import Credit, Printed
from .several import pair, several
from .when import When
from .written import Written, clashes


@attrs.frozen
class Match:
    """An error that is recognised by its HTTP status and a part of its text."""

    text: str
    status: int | None = None


@attrs.frozen
class Err:
    """What an error means: its cause, the outcome of a submit that gets it, and whether a failed task is refunded."""

    cause: Cause = attrs.field(converter=Cause)
    submit: Outcome | None = attrs.field(default=None, converter=attrs.converters.optional(Outcome))
    refund: Refund | None = attrs.field(default=None, converter=attrs.converters.optional(Refund))


def _errors(given: Mapping[Any, Any]) -> Mapping[Any, Err]:
    return {key if isinstance(key, Match) else str(key): _row(f"errors, {key}", row) for key, row in given.items()}


def _row(where: str, given: Any) -> Err:
    """Return what an error means, which may be said by its cause alone. Errors: ValueError for what is no cause."""
    if isinstance(given, Err):
        return given
    if not isinstance(given, State) and given in tuple(Cause):
        return Err(given)
    raise ValueError(f"{where}: {_shown(given)} is no Cause; there are {', '.join(Cause)}")


def _states(given: Mapping[str, Any]) -> Mapping[str, State | Err]:
    return {word: _meant(f"states, {word}", meaning) for word, meaning in given.items()}


def _meant(where: str, given: Any) -> State | Err:
    """Return what a word for a state means. Errors: ValueError for what is neither a state nor tells a cause."""
    if isinstance(given, Err | Cause):
        return _row(where, given)
    if given in tuple(State):
        return State(given)
    raise ValueError(f"{where}: {_shown(given)} is no State; there are {', '.join(State)}, or an Err")


def _shown(given: Any) -> str:
    return repr(str(given)) if isinstance(given, str) else repr(given)


@attrs.frozen
class Idempotency:
    """The header with which a second POST is the same task, and the seconds for which a replay relies on that."""

    header: str
    window: float


@attrs.frozen(kw_only=True)
class Pace:
    """When to poll: after `first` seconds, then every `then` seconds; `slower` maps a task's age to an interval."""

    first: float
    then: float
    slower: Mapping[float, float] = attrs.field(factory=dict, hash=False)


def _rate(_: Any, attribute: Any, given: Any) -> None:
    if given is not None:
        pair(attribute.name, "so many calls in so many seconds, like (20, 10)", given)


@attrs.frozen(kw_only=True)
class Limits:
    """The rate limits of an account: submits and polls as (calls, per seconds), `active` as tasks at a time."""

    submits: tuple[int, float] | None = attrs.field(default=None, validator=_rate)
    polls: tuple[int, float] | None = attrs.field(default=None, validator=_rate)
    active: int | None = None


@attrs.frozen
class Gap:
    """What no page says, and what is done about it."""

    what: str
    choice: str | None = None


@attrs.frozen(kw_only=True)
class Balance:
    """What an account still has: a path to GET, and the place of the figure in USD, cents or the provider's credits."""

    path: str
    ok: tuple[Place, Json] | None = attrs.field(default=None, converter=code_and_yes)
    usd: Place | None = attrs.field(default=None, converter=optional_place)
    cents: Place | None = attrs.field(default=None, converter=optional_place)
    credits: Place | None = attrs.field(default=None, converter=optional_place)


def _words(given: Mapping[str, Json]) -> Mapping[Place, Json]:
    return {place(where): word for where, word in given.items()}


@attrs.frozen(kw_only=True)
class PriceQuote:
    """How to ask a provider what a task would cost: by a POST without the API key, which buys nothing.

    `body` is what is posted: texts may hold {wire_id} and the names that `of`, a form of the submit's path, finds in
    it; "{body}" is the submit's own body. The answer holds the amount for the whole task in `usd` or `cents`, true
    where it has all the words of `known`. `changes` is a path to GET whose ETag changes when prices do.
    """

    path: str
    of: str
    body: Mapping[str, str] = attrs.field(hash=False)
    known: Mapping[Place, Json] = attrs.field(factory=dict, converter=_words, hash=False)
    usd: Place | None = attrs.field(default=None, converter=optional_place)
    cents: Place | None = attrs.field(default=None, converter=optional_place)
    date: Place | None = attrs.field(default=None, converter=optional_place)
    changes: str | None = None


# The provider


def _posted(_: Any, attribute: Any, submit: Endpoint) -> None:
    if submit.method != "POST":
        raise ValueError(
            f"submit: must be POST, not {submit.method}: HTTP clients send any other method once more by themselves "
            "when a connection dies, and each time something may be bought"
        )


def _queried(paths: str | When[str] | None) -> Iterator[Written]:
    """Yield the names that a path, or any of several, brings with it in its query."""
    for path in filter(
        None, (*(each for _, each in paths.cases), paths.otherwise) if isinstance(paths, When) else [paths]
    ):
        for name in parse_qs(urlsplit(path).query, keep_blank_values=True):
            yield Written(f"the path {path}", f"?{name}", in_query=True)


def _clashing(adapter: "Adapter") -> Iterator[str]:
    """Yield what the submits of an adapter would write over each other, offer by offer."""
    submit = adapter.submit
    always = [Written(f"the query's {name}", f"?{name}", in_query=True) for name in submit.query]
    if submit.model is not None:
        always.append(Written("the wire id", submit.model))
    for offer in adapter.offers:
        brought = _queried(submit.path if offer.path is None else offer.path)
        for clash in clashes((*always, *brought, *offer.written), offer.exclusive):
            yield f"{offer.name}: {clash}"


def _unread(adapter: "Adapter") -> Iterator[str]:
    """Yield the words that no step would ever read where they stand."""
    for word in ("link", "hosts", "not_yet", "verdict"):
        if getattr(adapter.submit, word):
            yield f"submit: nothing reads {word} of the call that submits"
    for name, endpoint in (("poll", adapter.poll), ("result", adapter.result), ("cancel", adapter.cancel)):
        if endpoint is not None:
            yield from (f"{name}: {why}" for why in _unread_in_a_look(adapter, endpoint))
    if adapter.result is not None and adapter.poll is None:
        yield "result: without a poll the answer to the submit is the result"
    for raw, meaning in adapter.states.items():
        if isinstance(meaning, Err) and meaning.submit is not None:
            yield f"states, {raw}: submit says how a submit ended that gets an error, and a state is none"
        if isinstance(meaning, Err) and meaning.cause is Cause.NOT_FOUND and meaning.refund is not None:
            yield f"states, {raw}: a task that was not found is not known to have failed, and has no refund"


def _unread_in_a_look(adapter: "Adapter", endpoint: Endpoint) -> Iterator[str]:
    if endpoint.model is not None:
        yield "model says where a submit names the wire id, and this call sends no body"
    if endpoint.reply.replayed is not None and adapter.submit.reply.replayed is None:
        yield "only the answer to a submit tells that it was replayed"
    if endpoint.path is None and endpoint.link is None:
        yield "it has neither a path nor a link"


def _folded(word: str) -> str:
    return word.strip().casefold()


@attrs.frozen(kw_only=True)
class Adapter:
    """A provider, as data.

    `states` gives the state of each raw word, in whatever letters it comes (an Err where the word tells a failure's
    cause, or that the task was not found); a word not listed is still running. `errors` gives what a code (or a Match)
    means; others go by their HTTP class. Without a `poll`, the answer to the submit is the result. `expires` is how
    many seconds a result can be fetched. `read` is the day the page was read, `printed` the day and the place of the
    prices. The submit is a POST, which nothing sends twice by itself. Errors: ValueError for what contradicts itself,
    and for words that no step reads where they stand.
    """

    name: str
    title: str
    page: str
    read: str
    base_url: str
    api_key_env: tuple[str, ...] = attrs.field(validator=several("names", str))
    auth: Header
    submit: Endpoint = attrs.field(validator=_posted)
    offers: tuple[Offer, ...] = attrs.field(validator=several("offers", Offer))
    states: Mapping[str, State | Err] = attrs.field(converter=_states, hash=False)
    poll: Endpoint | None = None
    result: Endpoint | None = None
    cancel: Endpoint | None = None
    fault: Fault = attrs.field(factory=Fault)
    errors: Mapping[str | Match, Err] = attrs.field(default={}, converter=_errors, hash=False)
    request_id: tuple[str, ...] = attrs.field(default=(), validator=several("names of headers", str))
    refunds: Refund = attrs.field(default=Refund.UNKNOWN, converter=Refund)
    printed: Printed = attrs.field(factory=Printed)
    credit: Credit | None = None
    expires: float | None = None
    pace: Pace
    limits: Limits = Limits()
    idempotency: Idempotency | None = None
    balance: Balance | None = None
    price_quote: PriceQuote | None = None
    upload: Upload | None = None
    gaps: tuple[Gap, ...] = attrs.field(default=(), validator=several("gaps", Gap))
    _meanings: Mapping[str, State | Err] = attrs.field(init=False, repr=False, eq=False)

    @_meanings.default
    def _by_word(self) -> Mapping[str, State | Err]:
        meanings: dict[str, State | Err] = {}
        for word, meaning in self.states.items():
            if meanings.setdefault(_folded(word), meaning) != meaning:
                raise ValueError(f"states: {word!r} means two things, in small letters and in others")
        return meanings

    def meaning(self, word: str) -> State | Err | None:
        """Return what a raw word of a state means, whatever its letters and the blanks around it; None: not listed."""
        return self._meanings.get(_folded(word))

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join((*_unread(self), *_clashing(self)))
        if wrong:
            raise ValueError(f"{self.name}: {wrong}")

    def offer(self, name: str) -> Offer | None:
        """Return the offer of a name."""
        return next((offer for offer in self.offers if offer.name == name), None)
