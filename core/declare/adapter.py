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
from .auth import API_KEY, SETTING, Header, Query, Setting, wrong_settings
from .endpoint import Credential, Endpoint, Fault, Ok, Token, code_and_yes, credentials, secrets_of
from .errors import Err, Match, errors, refund
from .files import OF_A_FILE, Upload
from .lifecycle import Lifecycle
from .offer import Offer, Param
from .path import Place, place
from .prices import Credit, Printed
from .several import pair, several
from .typed import typed
from .webhook import Webhook
from .when import When
from .written import Written, clashes


@attrs.frozen(field_transformer=typed)
class Idempotency:
    """The header with which a second POST is the same task, and the seconds for which a replay relies on that."""

    header: str
    window: float


def _rate(_: Any, attribute: Any, given: Any) -> None:
    if given is not None:
        pair(attribute.name, "so many calls in so many seconds, like (20, 10)", given)


@attrs.frozen(kw_only=True, field_transformer=typed)
class Limits:
    """The rate limits of an account: submits and polls as (calls, per seconds), `active` as tasks at a time."""

    submits: tuple[int, float] | None = attrs.field(default=None, validator=_rate)
    polls: tuple[int, float] | None = attrs.field(default=None, validator=_rate)
    active: int | None = None


@attrs.frozen(field_transformer=typed)
class Gap:
    """What no page says, and what is done about it."""

    what: str
    choice: str | None = None


@attrs.frozen(kw_only=True, field_transformer=typed)
class Balance:
    """What an account still has: a path to GET, and the place of the figure in USD or the provider's credits."""

    path: str
    ok: Ok | None = attrs.field(default=None, converter=code_and_yes)
    usd: Place | None = attrs.field(default=None, converter=optional_place)
    credits: Place | None = attrs.field(default=None, converter=optional_place)


def _words(given: Mapping[str, Json]) -> Mapping[Place, Json]:
    return {place(where): word for where, word in given.items()}


@attrs.frozen(kw_only=True, field_transformer=typed)
class PriceQuote:
    """How to ask a provider what a task would cost, by a call that buys nothing.

    The query of `call` and what it `sends` as its body may hold {wire_id}, and the names that `of`, a form of the
    submit's path, finds in it; "{body}" is the submit's own body. The answer holds in `usd` what the whole task costs,
    true where it has all the words of `known`, of which "{wire_id}" is that of the offer, since the `date`.

    With `units` the amount is for one unit: `unit` is the place of its name, and `units` says by name which field of
    the request counts them. Such a price is an estimate, asked for where the page prints none, and so is one with a
    `doubt`, which says why. `changes` is a path to GET, without the API key, whose ETag changes when prices do.
    Errors: ValueError for a call that no submit tells the path of, and for a unit without a name.
    """

    call: Endpoint
    of: str | None = None
    sends: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    known: Mapping[Place, Json] = attrs.field(factory=dict, converter=_words, hash=False)
    usd: Place | None = attrs.field(default=None, converter=optional_place)
    unit: Place | None = attrs.field(default=None, converter=optional_place)
    units: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    doubt: str | None = None
    date: Place | None = attrs.field(default=None, converter=optional_place)
    changes: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.call.path is None:
            raise ValueError("price_quote: its call has no path")
        if (self.unit is None) != (not self.units):
            raise ValueError("price_quote: unit and units go together")

    @property
    def is_estimate(self) -> bool:
        """Whether what it tells is an estimate, which no figure of the page is replaced by."""
        return self.unit is not None or self.doubt is not None


def _quotes(given: PriceQuote | tuple[PriceQuote, ...]) -> tuple[PriceQuote, ...]:
    return given if isinstance(given, tuple) else (given,)


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
            always += _in_query(adapter, submit)
            always += _with_a_webhook(adapter.life(offer.lifecycle))
            brought = _queried(submit.path if offer.path is None else offer.path)
            for clash in clashes((*always, *brought, *offer.written), offer.exclusive):
                yield f"{offer.name}: {clash}"
        else:
            yield f"{offer.name}: {_no_life(adapter, offer.lifecycle)}"


def _with_a_webhook(life: Lifecycle) -> Iterator[Written]:
    """Yield what a submit writes that asks for a webhook, beside the field that asks."""
    sends = {} if life.webhook is None else life.webhook.sends
    return (Written(f"what the webhook sends as {place}", place) for place in sends)


def _in_query(adapter: "Adapter", submit: Endpoint) -> Iterator[Written]:
    auth = adapter.auth if submit.auth is None else submit.auth
    names = [each.name for each in auth if isinstance(each, Query)] if submit.keyed else []
    return (Written("the API key", f"?{name}", in_query=True) for name in names)


def _strays(adapter: "Adapter") -> Iterator[str]:
    """Yield which files could not get where their field says, and an upload that no field asks for."""
    uploading = [offer.name for offer in adapter.offers if "upload" in offer.forms]
    if adapter.upload is None:
        yield from (f"{name}: its files go by upload, and the adapter names none" for name in uploading)
    elif not uploading:
        yield "upload: no offer takes a file by upload"


CALLBACK = "callback_url"
"""The field of every request that asks for a webhook."""

_NAMES = frozenset(("id", "wire_id", "path"))
"""What a path or a query names that is no setting."""

_NAMES_OF_MANY = frozenset(("ids",))
"""The same in a call that tells of several tasks."""


def _misnamed(adapter: "Adapter") -> Iterator[str]:
    """Yield the settings that are named and not there, or are secret where only others may stand."""
    yield from wrong_settings(adapter.settings, _NAMES | OF_A_FILE)
    for where, endpoint in (*adapter.calls, *adapter.steps):
        auth = adapter.auth if endpoint.auth is None else endpoint.auth
        yield from (f"{where}: {wrong}" for each in auth for wrong in _wrong_secrets(adapter, each))
    lists = [life.many.call for life in adapter.lives.values() if life.many is not None]
    for where, endpoint in adapter.calls:
        for name, text in endpoint.headers.items():
            yield from (f"{where}, headers, {name}: {wrong}" for wrong in _wrong_names(adapter, text, frozenset()))
        names = _NAMES_OF_MANY if endpoint in lists else _NAMES
        for name, text in endpoint.query.items():
            yield from (f"{where}, query, {name}: {wrong}" for wrong in _wrong_names(adapter, text, names))
    for name, text in adapter.headers.items():
        yield from (f"headers, {name}: {wrong}" for wrong in _wrong_names(adapter, text, frozenset()))
    yield from (f"webhook: {wrong}" for webhook in adapter.webhooks for wrong in _wrong_in_a_webhook(adapter, webhook))


def _asking(adapter: "Adapter", offer: Offer) -> Offer:
    """Return an offer that takes a `callback_url` as the webhook of its lifecycle is asked for."""
    asked_by = _asked_by(adapter, offer)
    if asked_by is None or CALLBACK in offer.params:
        return offer
    return attrs.evolve(offer, params={**offer.params, CALLBACK: asked_by})


def _asked_by(adapter: "Adapter", offer: Offer) -> Param | None:
    life = adapter.lives.get(offer.lifecycle)
    return None if life is None or life.webhook is None else life.webhook.asked_by


def _asked_twice(adapter: "Adapter") -> Iterator[str]:
    """Yield the offers that take a `callback_url` otherwise than the webhook of their lifecycle is asked for."""
    for offer in adapter.offers:
        asked_by = _asked_by(adapter, offer)
        if asked_by is not None and offer.params[CALLBACK] != asked_by:
            yield f"{offer.name}: the webhook says where its callback_url goes, and so the offer does not"


def _filled_forms(adapter: "Adapter") -> Iterator[str]:
    """Yield the offers whose submit may be a form, into which no setting of a webhook is filled."""
    for offer in adapter.offers:
        life = adapter.lives.get(offer.lifecycle)
        fills = life is not None and life.webhook is not None and bool(life.webhook.fills)
        if life is not None and fills and (life.submit.body == "form" or "part" in offer.forms):
            yield f"{offer.name}: its submit may be a form, and the webhook fills a setting into a body of JSON"


def _wrong_in_a_webhook(adapter: "Adapter", webhook: Webhook) -> Iterator[str]:
    key = None if webhook.signed is None else webhook.signed.key
    for name in webhook.settings:
        if name not in adapter.settings:
            yield no_such("setting", name, adapter.settings)
        elif name == key and not adapter.settings[name].secret:
            yield f"signed, key: {name} is no secret setting"


def _wrong_names(adapter: "Adapter", text: str, others: frozenset[str]) -> Iterator[str]:
    for name in set(SETTING.findall(text)) - others:
        if name not in adapter.settings:
            yield no_such("setting", name, adapter.settings)
        elif adapter.settings[name].secret:
            yield f"{name} is secret, and goes by Header(of={name!r}) or Query"


def _wrong_secrets(adapter: "Adapter", auth: Credential) -> Iterator[str]:
    """Yield why a credential cannot be made of the API key and the secret settings."""
    if isinstance(auth, Token):
        yield from (wrong for each in auth.asked_with for wrong in _wrong_secrets(adapter, each))
        for name in set(auth.names) - {API_KEY, *adapter.settings}:
            yield no_such("setting", name, adapter.settings)
    elif isinstance(auth, Header | Query) and auth.of != API_KEY:
        setting = adapter.settings.get(auth.of)
        if setting is None or not setting.secret:
            yield f"auth: {auth.of} is no secret setting"


def _no_life(adapter: "Adapter", name: str | None) -> str:
    return no_such("lifecycle", str(name), adapter.lifecycles)


@attrs.frozen(kw_only=True, field_transformer=typed)
class Adapter:
    """A provider, as data.

    `auth` says where the API key goes, or several credentials; `settings` is what an account says beside it, and
    `headers`, which may hold settings, are sent wherever the API key is. `lifecycle` is how its work usually goes;
    `lifecycles` are others, which offers name; an offer takes a `callback_url` as the webhook of its lifecycle is asked
    for. `price_quote` is how prices are asked for, or several ways, of which the first that tells one counts. `errors`
    gives what a code (or a Match) means; others go by their HTTP class. `read` is the day the page was
    read, `printed` the day and the place of the prices. Errors: ValueError for what contradicts itself.
    """

    name: str
    title: str
    page: str
    read: str
    base_url: str
    api_key_env: tuple[str, ...] = attrs.field(validator=several("names", str))
    auth: tuple[Credential, ...] = attrs.field(converter=credentials)
    settings: Mapping[str, Setting] = attrs.field(factory=dict, hash=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    lifecycle: Lifecycle
    lifecycles: Mapping[str, Lifecycle] = attrs.field(factory=dict, hash=False)
    offers: tuple[Offer, ...] = attrs.field(validator=several("offers", Offer))
    fault: Fault = attrs.field(factory=Fault)
    errors: Mapping[str | Match, Err] = attrs.field(default={}, converter=errors, hash=False)
    request_id: tuple[str, ...] = attrs.field(default=(), validator=several("names of headers", str))
    refunds: Refund = attrs.field(default=Refund.UNKNOWN, converter=refund)
    printed: Printed = attrs.field(factory=Printed)
    credit: Credit | None = None
    limits: Limits = Limits()
    idempotency: Idempotency | None = None
    balance: Balance | None = None
    price_quote: tuple[PriceQuote, ...] = attrs.field(default=(), converter=_quotes)
    upload: Upload | None = None
    gaps: tuple[Gap, ...] = attrs.field(default=(), validator=several("gaps", Gap))
    lives: Mapping[str | None, Lifecycle] = attrs.field(init=False, repr=False, eq=False)
    """Every lifecycle by its name; that of the usual one is None."""

    @lives.default
    def _by_name(self) -> Mapping[str | None, Lifecycle]:
        return {None: self.lifecycle} | dict(self.lifecycles)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "offers", tuple(_asking(self, offer) for offer in self.offers))
        wrong = "; ".join(
            (*_clashing(self), *_strays(self), *_misnamed(self), *_asked_twice(self), *_filled_forms(self))
        )
        if wrong:
            raise ValueError(f"{self.name}: {wrong}")

    @property
    def needed(self) -> tuple[str, ...]:
        """The settings without which nothing is sent: those required, and secrets that its credentials are made of."""
        credentials_ = [*self.auth, *(each for _, call in (*self.calls, *self.steps) for each in call.auth or ())]
        of = {name for each in credentials_ for name in secrets_of(each)}
        return tuple(name for name, setting in self.settings.items() if setting.required or name in of)

    @property
    def calls(self) -> Iterator[tuple[str, Endpoint]]:
        """The calls of every lifecycle, of its list and of its webhook, each with where it stands."""
        for name, life in self.lives.items():
            of = "" if name is None else f"lifecycles, {name}, "
            yield from ((f"{of}{what}", call) for what, call in (("submit", life.submit), *life.looks.items()))
            if life.many is not None:
                yield f"{of}many, call", life.many.call
            signed = None if life.webhook is None else life.webhook.signed
            if signed is not None and signed.keys is not None:
                yield f"{of}webhook, keys", signed.keys

    @property
    def steps(self) -> Iterator[tuple[str, Endpoint]]:
        """The calls of an upload, each with where it stands."""
        steps = () if self.upload is None else self.upload.steps
        return ((f"upload, step {number}", step.call) for number, step in enumerate(steps, 1))

    @property
    def webhooks(self) -> Iterator[Webhook]:
        """The different webhooks of its lifecycles."""
        seen: list[Webhook] = []
        for webhook in (life.webhook for life in self.lives.values()):
            if webhook is not None and webhook not in seen:
                seen.append(webhook)
                yield webhook

    def life(self, name: str | None) -> Lifecycle:
        """Return the lifecycle of a name; None is the usual one. Errors: ConfigError naming those there are."""
        if name not in self.lives:
            raise ConfigError(f"{self.title}: {_no_life(self, name)}", provider=self.name)
        return self.lives[name]

    def offer(self, name: str) -> Offer | None:
        """Return the offer of a name."""
        return next((offer for offer in self.offers if offer.name == name), None)
