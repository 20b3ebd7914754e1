"""What the environment and an account's table say of its API key and its settings: read, and never shown.

A table that a program makes may hold a secret itself, as a Secret; one that is read from a file names its variable.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .account import Secret
from .declare.adapter import Adapter
from .declare.auth import OLD
from .model.errors import ConfigError
from .model.names import no_such

QUOTES = ("'", '"', "`")
"""What a secret stands in that was copied with the quotes of a shell or of another file."""

LONGEST = 1000
"""Characters of a setting."""

_IN_PYTHON = "a program gives it as Secret(…)"

_NAMED = "_env"
"""What stands behind a setting's name where its environment variable is named."""


@attrs.frozen
class Settings:
    """The settings of an account, and the environment variables that its settings are looked for in, by their names."""

    given: Mapping[str, str | Secret]
    variables: Mapping[str, str]


def settings_of(
    adapter: Adapter,
    table: Mapping[str, Any],
    environ: Mapping[str, str],
    where: str,
    *,
    own_origin: bool = False,
    own_key: bool = False,
) -> Settings:
    """Return the settings that a table, and else the environment, gives of an adapter's.

    An account with an origin of its own is given no secret from a variable that it does not name, and one whose API key
    a program gives is given nothing from such a variable. A secret that is being rotated is given twice: the one before
    it is called `name_old`. Errors: ConfigError without the secret.
    """
    _check(adapter, table, where)
    given: dict[str, str | Secret] = {name: value for name, value in table.items() if isinstance(value, Secret)}
    variables: dict[str, str] = {}
    for name, setting in adapter.settings.items():
        if name in given:
            continue
        usual = None if own_key or (own_origin and setting.secret) else setting.env
        named = variable(table[name + _NAMED], f"{where}: {name}{_NAMED}", "value") if name + _NAMED in table else usual
        if named is not None:
            variables[name] = named
        held: str | Secret | None
        if setting.secret:
            held = None if named is None else secret_of((named,), environ, where, "secret")
        else:
            held = _plain(name, table, environ.get(named or ""), setting.default, where)
        if held is not None:
            given[name] = held
        if setting.rotated and named is not None:
            variables[name + OLD] = named + OLD.upper()
            before = secret_of((variables[name + OLD],), environ, where, "secret")
            given |= {} if before is None else {name + OLD: before}
    return Settings(given, variables)


def _check(adapter: Adapter, table: Mapping[str, Any], where: str) -> None:
    """Refuse what is no setting, and a secret that stands in the table itself. Errors: ConfigError."""
    known = {name: setting for name, setting in adapter.settings.items() if not setting.secret}
    known |= {name + _NAMED: setting for name, setting in adapter.settings.items()}
    secret = {name for name, setting in adapter.settings.items() if setting.secret}
    secret |= {name + OLD for name, setting in adapter.settings.items() if setting.rotated}
    for name, value in table.items():
        if name in secret and isinstance(value, Secret):
            _check_secret(value, f"{where}: {name}")
            continue
        if name in adapter.settings and name not in known:
            raise ConfigError(
                f"{where}: {name}: is secret, and belongs in an environment variable; {name}{_NAMED} names which "
                f"({_IN_PYTHON})"
            )
        if name not in known:
            raise ConfigError(f"{where}: {no_such('setting', name, known)}")
        if not isinstance(value, str):
            raise ConfigError(f"{where}: {name}: must be a text, not {value!r:.60}")
        if name + _NAMED in table:
            raise ConfigError(f"{where}: {name} and {name}{_NAMED} both say what it is; leave one of them out")


def _plain(name: str, table: Mapping[str, Any], found: str | None, default: str | None, where: str) -> str | None:
    """Return a setting that is not secret; None where nothing says what it is. Errors: ConfigError."""
    value: str | None = table.get(name) or (found or "").strip() or default
    if value is not None and not (value.isascii() and value.isprintable() and len(value) <= LONGEST):
        raise ConfigError(f"{where}: {name}: must be at most {LONGEST} characters that an HTTP header can carry")
    return value


def key_of(table: Mapping[str, Any], where: str) -> Secret | None:
    """Return the API key that a program has put into an account's table; None where there is none. Errors:
    ConfigError."""
    if "api_key" not in table:
        return None
    key = table["api_key"]
    if not isinstance(key, Secret):
        place = "belongs in an environment variable; api_key_env names which"
        raise ConfigError(f"{where}: api_key: is secret, and {place} ({_IN_PYTHON})")
    if "api_key_env" in table:
        raise ConfigError(f"{where}: api_key and api_key_env both say what it is; leave one of them out")
    _check_secret(key, f"{where}: api_key")
    return key


def _check_secret(secret: Secret, where: str) -> None:
    """Check that a secret which a program gives can be one. Errors: ConfigError."""
    fault = "is empty" if secret == Secret("") else _fault(secret)
    if fault is not None:
        raise ConfigError(f"{where}: {fault}")


def secret_of(names: Iterable[str], environ: Mapping[str, str], where: str, what: str) -> Secret | None:
    """Return the secret in the first of these variables that holds one. Errors: ConfigError for what can be none."""
    for name in names:
        secret = Secret(environ.get(name, "").strip())  # never as a text of this frame, which an error shows to loggers
        if (fault := _fault(secret)) is not None:
            raise ConfigError(f"{where}: the {what} in {name} {fault}")
        if secret != Secret(""):
            return secret
    return None


def _fault(secret: Secret) -> str | None:
    """Return what is wrong with a secret, in the words that follow its name."""
    text = secret.reveal()
    if text[:1] in QUOTES or text[-1:] in QUOTES:
        return "stands in quotes, which are not part of it: remove them"
    if not (text.isascii() and text.isprintable() and " " not in text):
        return "holds a blank or a letter that no HTTP header can carry"
    return None


def variable(name: str, where: str, what: str) -> str:
    """Return the name of a variable; what may be a secret, put there by mistake, is not shown. Errors: ConfigError."""
    if not isinstance(name, str) or re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", name) is None:
        raise ConfigError(
            f"{where}: must be the name of an environment variable, 1 to 100 of A-Z, 0-9 and _ with no digit first; "
            f"the {what} itself belongs in that variable"
        )
    return name
