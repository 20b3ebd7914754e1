"""A call and its answer: where it goes, what it carries, and where the answer holds what."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from anymedia.model.forms import texts_in
from anymedia.model.strict_json import Json

from .assets import Assets, assets, optional_place
from .auth import SETTING, Header, Query
from .hook import Hook
from .path import BODY, First, Place, place
from .several import pair, several
from .typed import typed

Ok: TypeAlias = tuple[Place, tuple[Json, ...]]
"""The place of a body's own code, and the codes that mean yes."""


def code_and_yes(ok: tuple[Any, ...] | None) -> Ok | None:
    """Return the place of a body's own code and the codes that mean yes. Errors: ValueError for what tells neither."""
    if ok is None:
        return None
    pair("ok", "the place of a code and the codes that mean yes, like ('code', 0)", ok, more=True)
    return place(ok[0]), ok[1:]


TOLD = ("progress", "position", "log", "seed", "title", "seconds")
"""What may be told of a task: how far it is (0 to 1), its place in the queue, a text of lines, the seed that was taken,
and the title and the seconds of the work."""


def _named(given: Mapping[str, str | Place]) -> Mapping[str, Place]:
    return {name: place(where) for name, where in given.items()}


def _told(given: Mapping[str, str | Place]) -> Mapping[str, Place]:
    for name in given:
        if name not in TOLD:
            raise ValueError(f"tells: no task tells {name!r}; there are {', '.join(TOLD)}")
    return _named(given)


@attrs.frozen(field_transformer=typed)
class Fault:
    """Where an error, or a failed task, holds its code, its text, the texts by field, and the seconds to wait."""

    code: Place | None = attrs.field(default=None, converter=optional_place)
    message: Place | None = attrs.field(default=None, converter=optional_place)
    fields: Place | None = attrs.field(default=None, converter=optional_place)
    request_id: Place | None = attrs.field(default=None, converter=optional_place)
    retry_after: Place | None = attrs.field(default=None, converter=optional_place)


@attrs.frozen(kw_only=True, field_transformer=typed)
class Reply:
    """Where an answer holds what.

    `ok` is the place of the body's own code and the codes that mean yes. `assets` is a place of URLs, one for each
    medium (image, video, audio), or Assets, which say more; `files` is a place of the bytes themselves, "@" where a
    good answer is the file, unless it is a text. `failed_if` is a place that is there when the task failed, whatever
    its state; `succeeded_if` one that is there when it has succeeded, in an answer that tells no state. `usd` and
    `credits` are what the task took, `used` places of amounts by which its price goes (Metered). `tells` are places
    of what else is told of the task, by the names of TOLD. `reads` is a function that makes of a good answer's words
    (JSON; a text where they are none) those in which all these places are.
    """

    ok: Ok | None = attrs.field(default=None, converter=code_and_yes)
    id: Place | None = attrs.field(default=None, converter=optional_place)
    state: Place | None = attrs.field(default=None, converter=optional_place)
    assets: tuple[Assets, ...] = attrs.field(default=(), converter=assets)
    files: Place | None = attrs.field(default=None, converter=optional_place)
    failure: Fault = Fault()
    failed_if: Place | None = attrs.field(default=None, converter=optional_place)
    succeeded_if: Place | None = attrs.field(default=None, converter=optional_place)
    created: Place | None = attrs.field(default=None, converter=optional_place)
    completed: Place | None = attrs.field(default=None, converter=optional_place)
    usd: Place | None = attrs.field(default=None, converter=optional_place)
    credits: Place | None = attrs.field(default=None, converter=optional_place)
    used: Mapping[str, Place] = attrs.field(factory=dict, converter=_named, hash=False)
    replayed: Place | None = attrs.field(default=None, converter=optional_place)
    reads: Hook | None = None
    tells: Mapping[str, Place] = attrs.field(default={}, converter=_told, hash=False)

    @property
    def is_file(self) -> bool:
        """Whether a good answer is the result itself."""
        return self.files == BODY

    def __attrs_post_init__(self) -> None:
        if self.failure.retry_after is not None:
            raise ValueError("failure: nothing waits for a task that has failed, so nothing reads its retry_after")
        if isinstance(self.files, First) and BODY in self.files.paths:
            raise ValueError('files: an answer is the file, "@", or holds it somewhere; it is not told which')


def _early(_: Any, attribute: Any, given: Any) -> None:
    if given is not None:
        pair("not_yet", "an error code and for how many seconds it means that, like (404, 30)", given)


def credentials(given: Any) -> "tuple[Credential, ...]":
    """Return the credentials of a call, one or several. Errors: ValueError for what is none."""
    each = given if isinstance(given, tuple) else (given,)
    for one in each:
        if not isinstance(one, Header | Query | Token | Hook):
            raise ValueError(f"auth: {type(one).__name__} is no Header, Query, Token or Hook")
    return each


@attrs.frozen(kw_only=True, field_transformer=typed)
class Endpoint:
    """A call: `path` may hold {id}, {wire_id} and {path} (where the task was submitted); `link` is the place in the
    submit's answer of a URL to use instead, on the account's own origin or a host of `hosts`.

    `origin` is where it goes in place of the adapter's base_url (an account with a base_url of its own sends it there
    too); `headers` are sent with it; `auth` stands in place of the adapter's, and without `keyed` nothing of it is
    sent. Headers and the `query` may hold settings of the account: {organization}; what names one that is not given is
    left out. `body` is how its body is written: as JSON, as a form of parts, or as the bytes of a file.

    `model` is where the body names the wire id; `writes` is a function that makes of the body the one that is sent.
    `not_yet` is an error code and for how many seconds after the submit it means no more than "not yet". `verdict`: a
    refusal here (400–499, but for key, credit and rate) says that the task failed; "state": an error here is believed
    where its body tells a final state, though it names no task. `timeout` is in seconds, `limit` in bytes of an
    answer that is no file.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str | None = None
    link: str | None = None
    hosts: tuple[str, ...] = attrs.field(default=(), validator=several("hosts", str))
    query: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    origin: str | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    auth: "tuple[Credential, ...] | None" = attrs.field(default=None, converter=attrs.converters.optional(credentials))
    keyed: bool = True
    body: Literal["json", "form", "file"] = "json"
    model: str | None = None
    writes: Hook | None = None
    reply: Reply = Reply()
    not_yet: tuple[int | str, float] | None = attrs.field(default=None, validator=_early)
    verdict: bool | Literal["state"] = False
    timeout: float | None = None
    limit: int = 8 << 20


def _lifetime(given: float | str | Place) -> float | Place:
    return float(given) if isinstance(given, int | float) else place(given)


def _asked_with_a_key(_: Any, attribute: Any, call: Endpoint) -> None:
    if any(isinstance(each, Token) for each in call.auth or ()):
        raise ValueError("call: a token is not asked for with a token")
    if call.path is None or call.body == "file":
        raise ValueError("call: it has a path, and sends JSON or a form")


@attrs.frozen(kw_only=True, field_transformer=typed)
class Token:
    """A token that a call with the API key gives, and that then goes in a header in place of the API key.

    Unless the `call` has an `auth` of its own, the API key goes in the same header. `sends` is its body (a form is
    URL-encoded); texts may hold {api_key} and settings of the account, secret ones too. `token` is where the answer
    holds the token, `expires` where it holds how many seconds, or until when, it is good (or that many seconds); where
    it does not say, each call asks for one of its own.
    """

    call: Endpoint = attrs.field(validator=_asked_with_a_key)
    sends: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    token: Place = attrs.field(converter=place)
    expires: float | Place = attrs.field(converter=_lifetime)
    name: str = "Authorization"
    prefix: str = "Bearer "

    @property
    def names(self) -> list[str]:
        """What its body names."""
        return [name for text in texts_in(self.sends) for name in SETTING.findall(text)]

    @property
    def asked_with(self) -> "tuple[Credential, ...]":
        """The credentials of the call that gives it."""
        usual = (Header(self.name, self.prefix),) if self.call.auth is None else self.call.auth
        return usual if self.call.keyed else ()


def secrets_of(credential: "Credential") -> Iterator[str]:
    """Yield the names of the settings that a credential is made of, and of the API key."""
    if isinstance(credential, Header | Query):
        yield credential.of
    elif isinstance(credential, Token):
        yield from credential.names
        for each in credential.asked_with:
            yield from secrets_of(each)


Credential: TypeAlias = Header | Query | Token | Hook
"""What shows who asks: a secret in a header or in the query, a token, or what a function makes of the call."""
