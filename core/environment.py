"""The environment variables that are read, each declared once; those of API keys and settings are in the adapters.

`Variable.read` is how they are read. What an adapter names is found by `settings`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import attrs

from .model.paths import expanded


@attrs.frozen
class Variable:
    """An environment variable: its name, or several names of which the first one that is set counts.

    `says` is a sentence, `like` an example, and `default` says in words what holds where it is not set.
    """

    name: str
    says: str = attrs.field(kw_only=True)
    like: str = attrs.field(kw_only=True)
    default: str = attrs.field(kw_only=True)
    before: str | None = attrs.field(default=None, kw_only=True)
    """Another name of it, which comes first."""

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Its names, in the order in which they are looked for."""
        return (self.name,) if self.before is None else (self.before, self.name)

    def read(self, environ: Mapping[str, str]) -> str:
        """Return what it says; an empty text where it is not set."""
        return next((value for name in self.names if (value := environ.get(name))), "")


CONFIG = Variable(
    "ANYMEDIA_CONFIG",
    says="The configuration to read.",
    like="/etc/anymedia.toml",
    default="`anymedia.toml` in the working directory, then in `anymedia` below `XDG_CONFIG_HOME`",
)
JOURNAL = Variable(
    "ANYMEDIA_JOURNAL",
    says="The journal, as a file or a URL, before what the configuration says; `off` for none.",
    like="/var/lib/app/journal.db",
    default="what `[journal]` says, else `anymedia/journal.db` below `XDG_STATE_HOME`",
)
XDG_CONFIG_HOME = Variable(
    "XDG_CONFIG_HOME",
    says="The folder below which the user's own `anymedia/anymedia.toml` is looked for.",
    like="/home/ann/.config",
    default="`.config` in the home folder",
)
XDG_STATE_HOME = Variable(
    "XDG_STATE_HOME",
    says="The folder below which `anymedia/` keeps the journal, the prices that providers reported, and the list of "
    "trusted folders.",
    like="/home/ann/.local/state",
    default="`.local/state` in the home folder",
)
HOME = Variable("HOME", says="The home folder.", like="/home/ann", default="what the system knows of the user")
NO_PROXY = Variable(
    "NO_PROXY",
    before="no_proxy",
    says="The hosts that are reached directly: names (and all below them), `name:port`, networks, or `*`.",
    like="internal.example,10.0.0.0/8",
    default="none but this machine",
)
SSL_CERT_FILE = Variable(
    "SSL_CERT_FILE",
    says="A file, or a folder, of certificates that are trusted beside the system's.",
    like="/etc/ssl/corporate.pem",
    default="what `REQUESTS_CA_BUNDLE` says",
)
REQUESTS_CA_BUNDLE = Variable(
    "REQUESTS_CA_BUNDLE",
    says="The same as `SSL_CERT_FILE`, and read where that is not set.",
    like="/etc/ssl/corporate.pem",
    default="the system's certificates alone",
)


def _proxy(name: str, says: str, default: str) -> Variable:
    return Variable(name, before=name.lower(), says=says, like="http://proxy.example:3128", default=default)


PROXIES: Mapping[str, Variable] = {
    "http": _proxy("HTTP_PROXY", "The proxy for `http://` URLs.", "what `ALL_PROXY` says"),
    "https": _proxy("HTTPS_PROXY", "The proxy for `https://` URLs.", "what `ALL_PROXY` says"),
    "all": _proxy("ALL_PROXY", "The proxy for URLs that have none of their own.", "none"),
}
"""The proxies by the scheme of the URLs that they are for."""


def _key(name: str, says: str, like: str) -> Variable:
    return Variable(name, says=says, like=like, default="what the machine has in its cloud")


STORES: Mapping[str, tuple[Variable, ...]] = {
    "s3": (
        _key("AWS_ACCESS_KEY_ID", "The name of the key with which S3 is used.", "AKIA…"),
        _key("AWS_SECRET_ACCESS_KEY", "The key with which S3 is used.", "…"),
    ),
    "gs": (_key("GOOGLE_APPLICATION_CREDENTIALS", "The file of the key with which GCS is used.", "/etc/gcs.json"),),
    "az": (
        _key("AZURE_STORAGE_ACCOUNT_NAME", "The storage account of Azure.", "mediaofmine"),
        _key("AZURE_STORAGE_ACCOUNT_KEY", "The key with which it is used.", "…"),
    ),
}
"""The variables that hold a store's keys, by the scheme of its URLs: the store's own client reads them."""


def _http(name: str, store: str) -> Variable:
    says = f"`true` lets {store} be reached by `http://` on another machine than this one."
    return Variable(name, says=says, like="true", default="what `options` of `[storage]` say")


ALLOW_HTTP: Mapping[str, Variable] = {
    "s3": _http("AWS_ALLOW_HTTP", "S3"),
    "az": _http("AZURE_ALLOW_HTTP", "Azure"),
}
"""What lets a store be reached without TLS, by the scheme of its URLs."""

VARIABLES: tuple[Variable, ...] = (
    CONFIG,
    JOURNAL,
    XDG_CONFIG_HOME,
    XDG_STATE_HOME,
    HOME,
    *PROXIES.values(),
    NO_PROXY,
    SSL_CERT_FILE,
    REQUESTS_CA_BUNDLE,
    *(each for variables in STORES.values() for each in variables),
    *ALLOW_HTTP.values(),
)
"""Every one of them, in the order in which they are told."""


def home(environ: Mapping[str, str]) -> str | None:
    """Return the home folder of the environment given, else of this process; None where nobody knows it."""
    named = HOME.read(environ) or os.path.expanduser("~")  # noqa: PTH111 - Path.home raises
    return None if named.startswith("~") else named


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder for what anymedia keeps; None where no home folder is known."""
    named, user = XDG_STATE_HOME.read(environ), home(environ)
    if named:
        return expanded(named) / "anymedia"
    return None if user is None else Path(user, ".local", "state", "anymedia")
