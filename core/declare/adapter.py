"""A provider as data: its calls, errors, limits, offers, and what contradicts itself."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs

from anymedia.model.errors import ConfigError
from anymedia.model.names import no_such
from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Refund

from .assets import optional_place
from .endpoint import Fault, Header, code_and_yes
from .errors import Err, Match, errors
from .files import Upload
from .lifecycle import Lifecycle
from .offer import Offer
from .path import Place, place
from .prices import Credit, Printed
from .several import pair, several
from .when import When
from .written import Written, clashes


@attrs.frozen
class Idempotency:
    """The header with which a second POST is the same task, and the seconds for which a replay relies on that."""

    header: str
    window: float


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


def _queried(paths: str | When[str] | None) -> Iterator[Written]:
    """Yield the names that a path, or any of several, brings with it in its query."""
    for path in filter(
        None, (*(each for _, each in paths.cases), paths.otherwise) if isinstance(paths, When) else [paths]
    ):
        for name in parse_qs(urlsplit(path).query, keep_blank_values=True):
            yield Written(f"the path {path}", f"?{name}", in_query=True)


def _clashing(adapter: "Adapter") -> Iterator[str]:
    """Yield what the submits of an adapter would write over each other, offer by offer."""
    for offer in adapter.offers:
        if offer.lifecycle in adapter.lives:
            submit = adapter.life(offer.lifecycle).submit
            always = [Written(f"the query's {name}", f"?{name}", in_query=True) for name in submit.query]
            if submit.model is not None:
                always.append(Written("the wire id", submit.model))
            brought = _queried(submit.path if offer.path is None else offer.path)
            for clash in clashes((*always, *brought, *offer.written), offer.exclusive):
                yield f"{offer.name}: {clash}"
        else:
            yield f"{offer.name}: {_no_life(adapter, offer.lifecycle)}"


def _strays(adapter: "Adapter") -> Iterator[str]:
    """Yield which files could not get where their field says, and an upload that no field asks for."""
    uploading = [offer.name for offer in adapter.offers if "upload" in offer.forms]
    if adapter.upload is None:
        yield from (f"{name}: its files go by upload, and the adapter names none" for name in uploading)
    elif not uploading:
        yield "upload: no offer takes a file by upload"


def _no_life(adapter: "Adapter", name: str | None) -> str:
    return no_such("lifecycle", str(name), adapter.lifecycles)


@attrs.frozen(kw_only=True)
class Adapter:
    """A provider, as data.

    `lifecycle` is how its work usually goes; `lifecycles` are others, which offers name. `errors` gives what a code (or
    a Match) means; others go by their HTTP class. `read` is the day the page was read, `printed` the day and the place
    of the prices. Errors: ValueError for what contradicts itself.
    """

    name: str
    title: str
    page: str
    read: str
    base_url: str
    api_key_env: tuple[str, ...] = attrs.field(validator=several("names", str))
    auth: Header
    lifecycle: Lifecycle
    lifecycles: Mapping[str, Lifecycle] = attrs.field(factory=dict, hash=False)
    offers: tuple[Offer, ...] = attrs.field(validator=several("offers", Offer))
    fault: Fault = attrs.field(factory=Fault)
    errors: Mapping[str | Match, Err] = attrs.field(default={}, converter=errors, hash=False)
    request_id: tuple[str, ...] = attrs.field(default=(), validator=several("names of headers", str))
    refunds: Refund = attrs.field(default=Refund.UNKNOWN, converter=Refund)
    printed: Printed = attrs.field(factory=Printed)
    credit: Credit | None = None
    limits: Limits = Limits()
    idempotency: Idempotency | None = None
    balance: Balance | None = None
    price_quote: PriceQuote | None = None
    upload: Upload | None = None
    gaps: tuple[Gap, ...] = attrs.field(default=(), validator=several("gaps", Gap))
    lives: Mapping[str | None, Lifecycle] = attrs.field(init=False, repr=False, eq=False)
    """Every lifecycle by its name; that of the usual one is None."""

    @lives.default
    def _by_name(self) -> Mapping[str | None, Lifecycle]:
        return {None: self.lifecycle} | dict(self.lifecycles)

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join((*_clashing(self), *_strays(self)))
        if wrong:
            raise ValueError(f"{self.name}: {wrong}")

    def life(self, name: str | None) -> Lifecycle:
        """Return the lifecycle of a name; None is the usual one. Errors: ConfigError naming those there are."""
        if name not in self.lives:
            raise ConfigError(f"{self.title}: {_no_life(self, name)}", provider=self.name)
        return self.lives[name]

    def offer(self, name: str) -> Offer | None:
        """Return the offer of a name."""
        return next((offer for offer in self.offers if offer.name == name), None)
