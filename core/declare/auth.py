"""Who asks: the settings of an account, and where the API key goes, or a secret in its place."""

import re
from collections.abc import Iterator, Mapping

import attrs

from .typed import typed

API_KEY = "api_key"
"""What the API key is called where a secret is named."""

OLD = "_old"
"""What stands behind a setting's name, and in capitals behind its variable's, where the secret before it is meant."""

SETTING = re.compile(r"\{(\w+)\}")
"""A setting within a text."""


@attrs.frozen(kw_only=True, field_transformer=typed)
class Setting:
    """What an account says of itself beside its API key, like an organization or a second secret.

    It stands in the account's `settings`, else in the environment variable `env`, else it is `default`; a secret
    stands in no file, and is shown nowhere. `required`: nothing is sent without it. `rotated`: the secret before it,
    which is good for a while yet, stands in the same variable with _OLD behind its name.
    """

    env: str | None = None
    secret: bool = False
    default: str | None = None
    required: bool = False
    rotated: bool = False

    def __attrs_post_init__(self) -> None:
        if self.secret and self.default is not None:
            raise ValueError("default: a secret has none, as it would stand in the adapter")
        if self.required and self.default is not None:
            raise ValueError("required: what has a default is never missing")
        if self.rotated and not self.secret:
            raise ValueError("rotated: only a secret is replaced while the one before it is still good")


@attrs.frozen(field_transformer=typed)
class Header:
    """The header that carries the API key, or the secret setting that `of` names, and the prefix before it."""

    name: str
    prefix: str = ""
    of: str = API_KEY


@attrs.frozen(field_transformer=typed)
class Query:
    """The name in the query that carries the API key, or the secret setting that `of` names."""

    name: str
    of: str = API_KEY


def with_settings(text: str, given: Mapping[str, object], known: Mapping[str, Setting]) -> str | None:
    """Return a text with the settings that it names; None where one of them is not given.

    What it names beside the `known` settings stays as it is.
    """
    named = settings_in(text, known)
    if any(name not in given for name in named):
        return None
    return SETTING.sub(lambda found: str(given[found[1]]) if found[1] in known else found[0], text)


def settings_in(text: str, known: Mapping[str, Setting]) -> list[str]:
    """Return the names of the settings within a text."""
    return [name for name in SETTING.findall(text) if name in known]


def wrong_settings(settings: Mapping[str, Setting], taken: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with the names of settings; `taken` are names that mean something else within a text."""
    for name in settings:
        if not name.isidentifier() or name.endswith("_env"):
            yield f"settings: {name!r} is no name of letters, digits and _ that does not end in _env"
        elif name in taken or name == API_KEY:
            yield f"settings: {name} means something else"
        elif settings[name].rotated and name + OLD in settings:
            yield f"settings: {name + OLD} means the secret before {name}"
