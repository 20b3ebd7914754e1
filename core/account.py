"""Who is asked: a provider's adapter, where it is, the API key, and what the user allows it."""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn

import attrs

from .declare.adapter import Adapter, Limits
from .declare.auth import API_KEY, OLD
from .declare.prices import Override
from .model.errors import ConfigError
from .model.redact import HIDDEN, holds, scrubbed
from .model.strict_json import Json
from .model.urls import is_local

_PLAIN = re.compile(r"[!#-\[\]-~]*")  # what JSON writes as it is

FINGERPRINT = re.compile(r"[0-9a-f]{16}:[0-9a-f]{16}")

NO_LIMITS = Limits()

TOKEN = "0" * 64
"""What stands in an account's callback for the part that nobody can guess, until an attempt has one."""


class Secret:
    """An API key that shows itself only when asked: not in a repr, a log, a pickle or an error."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the API key."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other.reveal()

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _: Any) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("an API key is not pickled")


@attrs.frozen(kw_only=True)
class Account:
    """A configured way to use a provider: where it is, the API key, and what it may use.

    `api_key` None: none was found in `api_key_env`. `settings` are those of the adapter's that are given, the secret
    ones as Secret, `settings_env` the variables that they are looked for in. `timeout` (seconds) is for one answer,
    beside the time in which a large body is sent; `connections` open at a time; `prices` are the user's own by offer;
    `limits` are the user's, else the provider's; `daily_limit` is in USD, from midnight to midnight UTC, over all
    processes that share the journal. `proxy` is the URL of the proxy for the account's calls and files ("": none; None:
    as the environment says), `ca_file` a file of certificates that are trusted beside the system's; `allow_http` sends
    the API key unencrypted to a host that is not this machine; `lender` is the URL of the storage that lends URLs of
    files which its provider cannot take otherwise; `callback` is the URL that its provider calls when a task has moved,
    with TOKEN at its end.
    """

    name: str
    adapter: Adapter = attrs.field(repr=lambda adapter: repr(adapter.name))
    origin: str
    api_key: Secret | None = None
    api_key_env: tuple[str, ...] = ()
    settings: Mapping[str, "str | Secret"] = attrs.field(factory=dict, hash=False)
    settings_env: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    timeout: float = 120.0
    connections: int = 32
    prices: Mapping[str, Override] = attrs.field(factory=dict, hash=False)
    limits: Limits = NO_LIMITS
    daily_limit: Decimal | None = None
    proxy: str | None = attrs.field(default=None, repr=False)  # it may hold a password
    ca_file: Path | None = None
    allow_http: bool = False
    lender: str | None = None
    callback: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is served on this machine, as a simulator is."""
        return is_local(self.origin)

    @property
    def secrets(self) -> "tuple[Secret, ...]":
        """Its API key and its secret settings, which are shown nowhere."""
        of_settings = (each for each in self.settings.values() if isinstance(each, Secret))
        return (*(() if self.api_key is None else (self.api_key,)), *of_settings)

    @property
    def shown_settings(self) -> dict[str, str | None]:
        """Every setting of the adapter's, as it can be shown: None for one that is not given."""
        held = {name: self.settings.get(name) for name in self.adapter.settings}
        return {name: HIDDEN if isinstance(each, Secret) else each for name, each in held.items()}

    @property
    def lacks(self) -> dict[str, str]:
        """What is to be set before anything can be sent, and in words how, by its name."""
        needed = [name for name in self.adapter.needed if name not in self.settings]
        key = {API_KEY: self.how(API_KEY)} if self.api_key is None else {}
        return key | {name: self.how(name) for name in needed}

    def check(self) -> None:
        """Check that there is all that its calls need. Errors: ConfigError, as of `secret`."""
        for name in (API_KEY, *self.lacks):
            self.secret(name)

    def secret(self, name: str = API_KEY) -> Secret:
        """Return the API key, or a secret setting.

        Errors: ConfigError that says what to set, or that it would go unencrypted.
        """
        facts: dict[str, Any] = {"account": self.name, "provider": self.adapter.name}
        held = self.api_key if name == API_KEY else self.settings.get(name)
        if not isinstance(held, Secret):
            what = "API key" if name == API_KEY else name
            raise ConfigError(f"no {what} for {self.name}: {self.how(name)}", **facts)
        if not (self.allow_http or self.local or self.origin.startswith("https://")):
            raise ConfigError(f"{self.name}: {unencrypted(self.origin)}", **facts)
        return held

    def secrets_of(self, name: str) -> tuple[Secret, ...]:
        """Return the secrets that a setting holds: the one given, and the one before it while it is rotated."""
        held = (self.settings.get(each) for each in (name, name + OLD))
        return tuple(each for each in held if isinstance(each, Secret))

    def how(self, name: str) -> str:
        """Return in words how the API key, or a setting of the adapter's, is given."""
        if name == API_KEY:
            return f"set {' or '.join(self.api_key_env)}"
        variable, is_secret = self.settings_env.get(name), self.adapter.settings[name].secret
        line = f'{name}_env = "…"' if is_secret else f'{name} = "…"'
        return f"set {variable}, or write {line} in its settings" if variable else f"write {line} in its settings"


def unencrypted(origin: str) -> str:
    """Return why an origin gets no API key."""
    return f"{origin} would carry the API key unencrypted; use https://, or allow_http = true where that is safe"


@attrs.frozen
class ApiKeys:
    """API keys that are hidden in what is written down, in whatever escapes they stand there."""

    keys: Sequence[Secret]

    def may_be_in(self, text: str) -> bool:
        """Return whether JSON may hold one of them: to ask that is cheap, and to hide them is not.

        A key that stands in JSON otherwise than it is may always be in it.
        """
        keys = [key.reveal() for key in self.keys]
        return any(not _PLAIN.fullmatch(key) or holds(text, key) for key in keys)

    def hidden(self, words: Json) -> Json:
        """Return JSON data in which "***" replaces each of them."""
        return scrubbed(words, [key.reveal() for key in self.keys], sys.maxsize, mark=HIDDEN, most=math.inf)


def fingerprint(key: Secret, salt: str | None = None) -> str:
    """Return "salt:digest", which recognises an API key and hides it; the salt is 16 hex digits, or random."""
    salt = token_hex(8) if salt is None else salt
    return f"{salt}:{_digest(key, salt)}"


def is_of(fingerprint: str, key: Secret) -> bool:
    """Return whether a fingerprint is of an API key; a text that is no fingerprint is of none."""
    if FINGERPRINT.fullmatch(fingerprint) is None:
        return False
    salt, _, digest = fingerprint.partition(":")
    return compare_digest(_digest(key, salt), digest)


def _digest(key: Secret, salt: str) -> str:
    text = key.reveal().encode()
    return blake2b(text, digest_size=8, salt=bytes.fromhex(salt), person=b"anymedia").hexdigest()
