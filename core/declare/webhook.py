"""How a provider tells of a task by itself: what asks it to, what it sends, and how that is signed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from anymedia.model.forms import texts_in
from anymedia.model.strict_json import Json

from .auth import SETTING
from .endpoint import Endpoint, Reply
from .fields import Url
from .offer import Param
from .typed import typed

SIGNED = re.compile(r"\{(@[A-Za-z0-9-]*|sha256|id)\}")
"""What of a webhook stands within what is signed: its bytes, a header, its sha256, or the id that it tells."""

_HEADER = re.compile(r"@[A-Za-z0-9-]+")


def _header(_: Any, attribute: Any, given: Any) -> None:
    if given is not None and _HEADER.fullmatch(given) is None:
        raise ValueError(f"{attribute.name}: {given!r} is no header, like '@webhook-{attribute.name}'")


def _one_of(*words: str) -> Any:
    def check(_: Any, attribute: Any, given: str) -> None:
        if given not in words:
            raise ValueError(f"{attribute.name}: {given!r} is not one of {', '.join(words)}")

    return check


@attrs.frozen(kw_only=True, field_transformer=typed)
class Signed:
    r"""How a webhook is signed.

    `over` is what is signed: {@} are the bytes of its body, {@x-name} is a header, {sha256} the body's sha256 in
    lower-case hex, {id} the id that its reply finds; all else stands as it is, so that "\n" joins lines. `signature` is
    the header that holds the signature, or several with blanks between, of which any may match; `prefix` is left off
    each that begins with it, and `written` says how the rest is written. `time` is the header of the time at which it
    was signed, in seconds since 1970, which may be `within` so many seconds of now.

    `key` is the secret setting that holds the key: as `key_written` says its utf-8 bytes, base64, or base64 behind
    "whsec_" (what does not begin so is taken as it is). `keys` is a call that gives the public keys, as a JWKS.
    Errors: ValueError for words that contradict each other, or that nothing reads.
    """

    by: Literal["hmac-sha256", "ed25519"] = attrs.field(validator=_one_of("hmac-sha256", "ed25519"))
    over: str
    signature: str = attrs.field(validator=_header)
    written: Literal["base64", "hex"] = attrs.field(default="base64", validator=_one_of("base64", "hex"))
    prefix: str = ""
    time: str | None = attrs.field(default=None, validator=_header)
    within: float = 300.0
    key: str | None = None
    key_written: Literal["text", "base64", "whsec"] = attrs.field(
        default="text", validator=_one_of("text", "base64", "whsec")
    )
    keys: Endpoint | None = None

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join((*_unsigned(self), *_wrong_keys(self)))
        if wrong:
            raise ValueError(f"signed: {wrong}")

    @property
    def covers(self) -> Literal["body", "id"]:
        """What the signature vouches for: the whole body, or no more than the id of the task."""
        return "body" if {"@", "sha256"} & set(self.names) else "id"

    @property
    def names(self) -> list[str]:
        """What `over` names, in order; headers in lower case, behind an @."""
        return [name.lower() for name in SIGNED.findall(self.over)]


def _unsigned(signed: Signed) -> Iterator[str]:
    """Yield what is wrong with what is signed."""
    unknown = re.findall(r"\{[^{}]*\}", SIGNED.sub("", signed.over))
    if unknown:
        yield f"over: {' '.join(unknown)} is none of {{@}}, {{@x-name}}, {{sha256}} and {{id}}"
    if not {"@", "sha256", "id"} & set(signed.names):
        yield "over: it holds neither the body nor the id, so that it would be as good for any other task"
    if signed.time is None and signed.within != attrs.fields(Signed).within.default:
        yield "within: nothing reads it without a time"
    if signed.time is not None and signed.time.lower() not in signed.names:
        yield f"time: {signed.time} is not signed, so that anybody could change it"


def _wrong_keys(signed: Signed) -> Iterator[str]:
    """Yield what is wrong with where the key comes from."""
    if (signed.key is None) == (signed.keys is None):
        yield "either key names the setting that holds the key, or keys is a call that gives the public ones"
    if signed.keys is None:
        return
    if signed.by != "ed25519":
        yield f"keys: {signed.by} has no public keys"
    if signed.key_written != "text":
        yield "key_written: the keys that a call gives are a JWKS"
    usual = Endpoint(method="GET", path=signed.keys.path)
    read = ("path", "origin", "query", "headers", "auth", "keyed", "timeout", "limit")
    if signed.keys.path is None or attrs.evolve(usual, **{name: getattr(signed.keys, name) for name in read}) != (
        signed.keys
    ):
        yield f"keys: it is a GET of a path, of which nothing is read but {', '.join(read)}"


def _asking(given: "str | Param | None") -> Param | None:
    return Param(given, Url()) if isinstance(given, str) else given


@attrs.frozen(kw_only=True, field_transformer=typed)
class Webhook:
    """A call of the provider's that tells how a task stands.

    `asked_by` is the field of a submit that takes the URL to call, or its place, as "callback_url" or "?webhook"; None:
    the URL is set up at the provider. `sends` is what stands in the body of a submit that asks for it, by place; a
    text that is a setting in braces, secret ones too, is filled in last, and is left out where that is not given.
    `reply` says where its body holds what (None: as that of a look). `signed` None: anybody could have sent it.
    Errors: ValueError for words that nothing reads.
    """

    asked_by: Param | None = attrs.field(default=None, converter=_asking)
    sends: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    reply: Reply | None = None
    signed: Signed | None = None

    def __attrs_post_init__(self) -> None:
        if self.asked_by is None and self.sends:
            raise ValueError("webhook: nothing asks for it, so sends goes nowhere")
        if self.asked_by is not None and not isinstance(self.asked_by.takes, Url):
            raise ValueError("webhook: asked_by takes a Url, and nothing else")
        for place, value in self.sends.items():
            if any(SETTING.search(text) for text in texts_in(value)) and place not in self.fills:
                raise ValueError(f"webhook: sends, {place}: a setting stands there alone, as '{{secret}}'")

    @property
    def fills(self) -> dict[str, str]:
        """The settings that are filled in last, by their places."""
        found = {place: SETTING.fullmatch(text) for place, text in self.sends.items() if isinstance(text, str)}
        return {place: match[1] for place, match in found.items() if match is not None}

    @property
    def settings(self) -> list[str]:
        """The settings that it names."""
        key = None if self.signed is None else self.signed.key
        return [*self.fills.values(), *([] if key is None else [key])]
