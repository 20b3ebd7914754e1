"""anymedia.toml and the environment, made into accounts.

A file is looked for at `--config` or ANYMEDIA_CONFIG, then as anymedia.toml in the working directory, then in the
user's config directory; without one, every provider whose API key is in the environment is an account.
"""

import codecs
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import attrs

from .account import TOKEN, Account, Secret, unencrypted
from .declare.adapter import Adapter, Limits
from .declare.auth import OLD
from .declare.prices import Override, Per, Price, Prices, Table, counted_by
from .declare.webhook import Signed
from .environment import CONFIG, HOME, JOURNAL, XDG_CONFIG_HOME, XDG_STATE_HOME, home, state_folder
from .journal.opening import is_url, path_of, shown
from .journal.protocol import LEASE
from .keys import ACCOUNT, ALERTS, LIMITS, ROUTE, TABLES, WEBHOOKS
from .keys import JOURNAL as JOURNAL_KEYS
from .model.errors import ConfigError, OutOfBounds
from .model.forms import LINK
from .model.names import no_such
from .model.options import Options
from .model.paths import expanded
from .model.urls import NO_PROXY_URL, ascii_host, is_local, is_loopback, is_on_the_web, is_path, proxy_url
from .network import DOWNLOAD, NETWORK, Network, network_of
from .registry import adapter as find_adapter
from .registry import adapters, faults
from .settings import QUOTES, key_of, secret_of, settings_of, variable
from .tables import only, seconds_of, usd_text
from .trust import check_trust

if TYPE_CHECKING:
    from .storage import Storage

FILE = "anymedia.toml"
"""What a configuration is called where it is looked for."""

OFF = ("off", "false", "no", "none", "0")
"""What ANYMEDIA_JOURNAL says, in letters of any case, where no journal is wanted; ./off is a file all the same."""

NOWHERE = Path(os.devnull, "anymedia")
"""A path at which no file can be."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""How a text is encoded that begins with one of these marks."""


def default_journal(environ: Mapping[str, str] = os.environ) -> Path | str | None:
    """Return where the journal is: a file or a URL in ANYMEDIA_JOURNAL (`off`: None), or a file of the user's own.

    Errors: ConfigError for a URL that names no journal, and where there is no place for a file of the user's own.
    """
    named = JOURNAL.read(environ)
    if named:
        if named.strip().lower() in OFF:
            return None
        if named.strip()[0:1] in QUOTES:
            raise ConfigError(f"{JOURNAL}: {named} stands in quotes; leave them out")
        return _place(named, str(JOURNAL)) if is_url(named) else expanded(named).absolute()
    state = state_folder(environ)
    if state is None:
        raise ConfigError(
            f"no home folder is known, so there is no place for the journal: set {JOURNAL} to a file, or to "
            f"`off`, or set {HOME} or {XDG_STATE_HOME}"
        )
    return state / "journal.db"


def _place(url: str, where: str) -> Path | str:
    """Return the file that a URL names, or the URL of a journal that is no file. Errors: ConfigError."""
    try:
        return path_of(url) or url
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def default_prices(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the prices are kept that providers reported; without a home folder, nowhere."""
    return (state_folder(environ) or NOWHERE) / "prices.json"


def trusted_folders(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the folders are listed whose anymedia.toml may name any host; without a home folder, nowhere."""
    return (state_folder(environ) or NOWHERE) / "trusted.json"


@attrs.frozen(kw_only=True)
class Config:
    """The accounts by name, in the order in which they stand in it; `path` is the file they were read from.

    `route` holds the default options for calls; `ordered` says whether [route] names the accounts in their order.
    `journal` is the file, or the URL, of the
    journal that every attempt is written to (None: none is), `prompts` whether what was asked for is written there too;
    `lease` and `folder` are those of a journal on PostgreSQL, as open_journal has them;
    `live_prices` is the file of the prices that providers reported; `network` says how other machines are reached;
    `storage` is where results lie, and what lends URLs of the user's own files (None: nothing does); `webhooks` is the
    URL below which providers call when a task has moved (None: they are not asked to); `daily_alert` is how many USD a
    day may cost before it is told of (None: whatever it costs).
    `unusable` says of the accounts whose adapter cannot be used why that is.
    """

    accounts: Mapping[str, Account] = attrs.field(hash=False)
    path: Path | None = None
    route: Options = attrs.field(factory=Options)
    ordered: bool = False
    journal: Path | str | None = attrs.field(factory=default_journal, repr=shown)
    lease: float = LEASE
    folder: Path | None = None
    prompts: bool = True
    live_prices: Path = attrs.field(factory=default_prices)
    network: Network = attrs.field(factory=lambda: network_of(os.environ))
    storage: "Storage | None" = None
    webhooks: str | None = None
    daily_alert: Decimal | None = None
    unusable: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    @classmethod
    def of(cls, **api_keys: str | Secret) -> "Config":
        """Return the configuration of providers whose API keys a program has at hand, by their names.

        Each account has the name of its provider. No anymedia.toml is read, and no API key in the environment. For
        accounts of other names, limits or a journal of its own see read_config, which takes an `api_key` as a Secret.
        Errors: ConfigError, also without any API key.
        """
        tables = {name: {"api_key": Secret(key) if isinstance(key, str) else key} for name, key in api_keys.items()}
        api_keys = {}  # no text of this frame, which an error shows to loggers
        if not tables:
            raise ConfigError("Config.of: name a provider with its API key, as in Config.of(acme=key)")
        return read_config({"providers": tables}, where="Config.of")

    def account(self, name: str) -> Account:
        """Return an account; without a file, a known provider is one, if only its API key is missing.

        Errors: ConfigError naming those there are.
        """
        if name in self.accounts:
            return self.accounts[name]
        if self.path is None and name in adapters():
            return default_account(adapters()[name], {})
        if (reason := self.unusable.get(name) or faults().get(name)) is not None:
            raise ConfigError(reason, account=name)
        known = self.accounts if self.path is not None else {**self.accounts, **adapters()}
        raise ConfigError(no_account_named(name, known), account=name)


def no_account_named(name: str, known: Iterable[str]) -> str:
    """Return the error text for an account that there is not; a provider's title means the account of its name."""
    known = list(known)
    return no_such(
        "account", name, known, {each.title: each.name for each in adapters().values() if each.name in known}
    )


def load_config(path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration of a file, of the file found, or of the environment alone.

    Errors: ConfigError naming the file, the place in it and what may stand there.
    """
    file, is_named = _find(path, environ)
    if file is None:
        return _from_environment(environ)
    try:
        data = tomllib.loads(_decoded(file.read_bytes()))
    except OSError as error:
        hint = "; this names a file, and accounts are named in each call" if str(path) in adapters() else ""
        raise ConfigError(f"{file}: {error.strerror or error}{hint}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    if not is_named:
        check_trust(file, data, adapters(), trusted_folders(environ))
    return read_config(data, environ, where=str(file), path=file)


def encoding_of(text: bytes) -> str:
    """Return the encoding of which a text begins with the mark: UTF-8 without one. Four bytes tell it."""
    return next((encoding for mark, encoding in _MARKS.items() if text.startswith(mark)), "utf-8")


def _decoded(text: bytes) -> str:
    """Return the text of a file, in UTF-8 unless it begins with the mark of another encoding. Errors: ValueError."""
    encoding = encoding_of(text)
    if encoding == "utf-8" and b"\0" in text:
        raise ValueError("it is not in UTF-8; save it as UTF-8")
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not in UTF-8, from byte {error.start + 1} on; save it as UTF-8") from None


def read_config(
    data: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    *,
    where: str = "config",
    path: Path | None = None,
) -> Config:
    """Return the configuration that plain data in the form of anymedia.toml describes.

    A program that has secrets at hand may put them into it: an account's `api_key`, and the secret ones of its
    `settings`, each as a Secret. An account whose `api_key` is given reads no setting from a variable that it does not
    name. Without `providers`, every provider whose API key is in `environ` is an account. Errors: ConfigError.
    """
    only(data, TABLES, where, "table")
    tables, beside = data.get("providers", {}), Path() if path is None else path.parent
    adapter_of = {name: str(table.get("adapter", name)) for name, table in tables.items() if isinstance(table, Mapping)}
    unusable = {name: faults()[each] for name, each in adapter_of.items() if each in faults()}
    accounts = {
        name: _account(name, table, environ, f"{where}: providers.{name}", beside)
        for name, table in tables.items()
        if name not in unusable
    }
    if "providers" not in data:
        accounts = dict(_from_environment(environ).accounts)
    route = data.get("route", {})
    only(route, ROUTE, f"{where}: route")
    if "accounts" in route:
        accounts = _order(route["accounts"], accounts, {**faults(), **unusable}, environ, f"{where}: route.accounts")
    storage = _storage(data, path, f"{where}: storage")
    if storage is not None and storage.folder is None:
        accounts = {name: attrs.evolve(account, lender=storage.url) for name, account in accounts.items()}
    webhooks = _webhooks(data, f"{where}: webhooks")
    if webhooks is not None:
        accounts = {name: attrs.evolve(each, callback=_callback(webhooks, name)) for name, each in accounts.items()}
        _check_keys(accounts.values(), where)
    journal = data.get("journal", {})
    only(journal, JOURNAL_KEYS, f"{where}: journal")
    return Config(
        accounts=accounts,
        path=path,
        route=_terms({name: value for name, value in route.items() if name != "accounts"}, f"{where}: route"),
        ordered="accounts" in route,
        journal=_journal(journal, environ, path, f"{where}: journal"),
        lease=_lease(journal, f"{where}: journal"),
        folder=Path(beside, expanded(journal["folder"])).absolute() if "folder" in journal else None,
        prompts=journal.get("prompts", True),
        live_prices=default_prices(environ),
        network=_network(data, environ, path, where),
        storage=storage,
        webhooks=webhooks,
        daily_alert=_daily_alert(data, f"{where}: alerts"),
        unusable=unusable,
    )


def _daily_alert(data: Mapping[str, Any], where: str) -> Decimal | None:
    alerts = data.get("alerts", {})
    only(alerts, ALERTS, where)
    return Decimal(usd_text(alerts["daily"], f"{where}: daily")) if "daily" in alerts else None


def _network(data: Mapping[str, Any], environ: Mapping[str, str], path: Path | None, where: str) -> Network:
    network, download = data.get("network", {}), data.get("download", {})
    only(network, NETWORK, f"{where}: network")
    only(download, DOWNLOAD, f"{where}: download")
    return network_of(environ, network, download, where, Path() if path is None else path.parent)


def _storage(data: Mapping[str, Any], path: Path | None, where: str) -> "Storage | None":
    if "storage" not in data:
        return None
    from .storage import STORAGE, storage_of  # which few configurations need

    only(data["storage"], STORAGE, where)
    return storage_of(data["storage"], where, Path() if path is None else path.parent)


def _order(
    names: list[Any],
    accounts: Mapping[str, Account],
    unusable: Mapping[str, str],
    environ: Mapping[str, str],
    where: str,
) -> dict[str, Account]:
    """Return the accounts named, in that order; a known provider without a table is its default account.

    Those that cannot be used are left out, which was told.
    """
    if not names:
        raise ConfigError(f"{where}: the list is empty: name an account, or leave it out to have every one")
    order: dict[str, Account] = {}
    for name in names:
        if isinstance(name, str) and name in unusable:
            continue
        if isinstance(name, str) and name in accounts:
            order[name] = accounts[name]
        elif isinstance(name, str) and name in adapters():
            order[name] = default_account(adapters()[name], environ)
        else:
            raise ConfigError(f"{where}: {no_account_named(str(name), {**accounts, **adapters()})}")
    return order


def _webhooks(data: Mapping[str, Any], where: str) -> str | None:
    """Return the URL below which providers call, without a slash at its end."""
    if "webhooks" not in data:
        return None
    only(data["webhooks"], WEBHOOKS, where)
    if "url" not in data["webhooks"]:
        raise ConfigError(f'{where}: url: is missing; it is like "https://app.example/hooks"')
    try:
        url: str = urlsplit(data["webhooks"]["url"].rstrip("/")).geturl()  # its scheme is in small letters now
        is_plain = _is_plain(url)
    except ValueError:  # the port, or the host
        is_plain = False
    if not is_plain:  # what stands before an @ may be a password, and is not shown
        raise ConfigError(f'{where}: url: must be like "https://app.example/hooks", in ASCII, without a user, ? and #')
    if not (is_local(url) or (url.startswith("https:") and is_on_the_web(url))):
        raise ConfigError(f"{where}: url: must be https:// and public, unless it leads to this machine")
    return url


LONGEST_URL = 500
"""Characters of the URL below which providers call."""


def _is_plain(url: str) -> bool:
    """Return whether a URL can have a path put behind it. Errors: ValueError for a port or a host that is none."""
    parts = urlsplit(url)
    host, segments = ascii_host(parts.hostname or ""), parts.path.split("/")
    is_host = not host.startswith(".") and ".." not in host and parts.port != 0
    is_below = is_path(parts.path or "/") and not {".", ".."} & set(segments)
    is_short = url.isascii() and len(url) <= LONGEST_URL and not set("?#@") & set(url)
    return LINK.fits(url) and is_short and is_host and is_below


def _check_keys(accounts: Iterable[Account], where: str) -> None:
    """Check that each secret with which webhooks are signed writes a key. Errors: ConfigError."""
    from .translate.signed import key_bytes  # which only those with webhooks need

    for account, signed, name in ((each, *held) for each in accounts for held in _signing(each)):
        if isinstance(secret := account.settings.get(name), Secret):
            try:
                key_bytes(signed, secret.reveal())
            except ValueError as error:
                told = f"the secret in {account.settings_env.get(name, name)}: {error}"
                raise ConfigError(f"{where}: providers.{account.name}: settings: {told}") from None


def _signing(account: Account) -> Iterator[tuple[Signed, str]]:
    """Yield how an account's webhooks are signed, with each setting that may hold a secret for it."""
    for signed in (webhook.signed for webhook in account.adapter.webhooks):
        if signed is not None and signed.key is not None:
            yield from ((signed, name) for name in (signed.key, signed.key + OLD))


def _callback(url: str, account: str) -> str:
    return f"{url}/{quote(account, safe='')}/{TOKEN}"


def _terms(route: Mapping[str, Any], where: str) -> Options:
    try:
        return Options(**route)
    except OutOfBounds as error:
        raise ConfigError(f"{where}: {error}") from None


def _journal(table: Mapping[str, Any], environ: Mapping[str, str], path: Path | None, where: str) -> Path | str | None:
    """Return where the journal is; the environment comes before the file, whose paths are relative to itself."""
    if "path" in table and "url" in table:
        raise ConfigError(f"{where}: path and url both name the journal; leave one of them out")
    if JOURNAL.read(environ) or not table:
        return default_journal(environ)
    if not table.get("enabled", True):
        return None
    if "url" in table:
        return _place(table["url"], f"{where}: url")
    if "path" not in table:
        return default_journal(environ)
    return Path("" if path is None else path.parent, expanded(table["path"])).absolute()


SHORTEST_LEASE = 3.0
"""Seconds: a shorter lease runs out while a process only waits for its turn."""


def _lease(table: Mapping[str, Any], where: str) -> float:
    lease = seconds_of(table.get("lease", LEASE), f"{where}: lease")
    if lease < SHORTEST_LEASE:
        raise ConfigError(f"{where}: lease: must be {SHORTEST_LEASE:g} seconds or more, not {lease:g}")
    return lease


def default_account(adapter: Adapter, environ: Mapping[str, str]) -> Account:
    """Return the account that a provider has without a configuration; its API key may be missing."""
    settings = settings_of(adapter, {}, environ, f"{adapter.name}: settings")
    return Account(
        name=adapter.name,
        adapter=adapter,
        origin=adapter.base_url,
        api_key=secret_of(adapter.api_key_env, environ, adapter.name, "API key"),
        api_key_env=adapter.api_key_env,
        settings=settings.given,
        settings_env=settings.variables,
        limits=adapter.limits,
    )


def _from_environment(environ: Mapping[str, str]) -> Config:
    every = (default_account(adapter, environ) for adapter in adapters().values())
    accounts = {account.name: account for account in every if account.api_key is not None}
    return Config(
        accounts=accounts,
        journal=default_journal(environ),
        live_prices=default_prices(environ),
        network=network_of(environ),
    )


def _find(path: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> tuple[Path | None, bool]:
    """Return the file to read, and whether it is the user's own choice: not one that the working directory brings."""
    named = path or CONFIG.read(environ)
    if named:
        return expanded(named), True
    settings, user = XDG_CONFIG_HOME.read(environ), home(environ)
    folder = expanded(settings) if settings else None if user is None else Path(user, ".config")
    here, users = Path(FILE), None if folder is None else folder / "anymedia" / FILE
    if _is_file(here):
        return here, users is not None and _is_file(users) and here.samefile(users)
    return (users if users is not None and _is_file(users) else None), True


def _is_file(file: Path) -> bool:
    """Return whether a file is there. Errors: ConfigError where that cannot be told, as a limit may stand in it."""
    try:
        return S_ISREG(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from None


def _account(name: str, table: Any, environ: Mapping[str, str], where: str, beside: Path) -> Account:
    if not isinstance(table, Mapping):
        # A text is not shown: it may be the API key, put there by mistake.
        raise ConfigError(f"{where}: must be a table, not {'a text' if isinstance(table, str) else repr(table)}")
    key = key_of(table, where)
    only({name: value for name, value in table.items() if name != "api_key"}, ACCOUNT, where)
    adapter = find_adapter(table.get("adapter", name), where=where)
    if "offers" in table:
        from .own_offers.offers import with_own  # few declare any

        adapter = with_own(adapter, table["offers"], where)
    allow_http = table.get("allow_http", False)
    origin = _origin(table["base_url"], where, allow_http) if "base_url" in table else adapter.base_url
    if origin != adapter.base_url and key is None and "api_key_env" not in table:
        raise ConfigError(
            f"{where}: base_url {origin} is not {adapter.title}'s own: name the API key for it with api_key_env "
            f"(the API key in {adapter.api_key_env[0]} is not sent to other hosts unasked)"
        )
    api_key_env = adapter.api_key_env if key is None else ()
    if "api_key_env" in table:
        api_key_env = (variable(table["api_key_env"], f"{where}: api_key_env", "API key"),)
    place, is_own = f"{where}: settings", origin != adapter.base_url
    given = table.get("settings", {})
    settings = settings_of(adapter, given, environ, place, own_origin=is_own, own_key=key is not None)
    account = Account(
        name=name,
        adapter=adapter,
        origin=origin,
        api_key=key or secret_of(api_key_env, environ, where, "API key"),
        api_key_env=api_key_env,
        settings=settings.given,
        settings_env=settings.variables,
        proxy=_proxy(table["proxy"], where) if "proxy" in table else None,
        ca_file=Path(beside, expanded(table["ca_file"])) if "ca_file" in table else None,
        allow_http=allow_http,
    )
    timeout = seconds_of(table.get("timeout", account.timeout), f"{where}: timeout")
    connections = table.get("connections", account.connections)
    if not 0 < connections < 1_000_000:
        raise ConfigError(f"{where}: connections: must be more than 0 and less than 1000000, not {connections}")
    prices = {offer: _override(adapter, offer, value, where) for offer, value in table.get("prices", {}).items()}
    daily_limit = usd_text(table["daily_limit"], f"{where}: daily_limit") if "daily_limit" in table else None
    return attrs.evolve(
        account,
        timeout=timeout,
        connections=connections,
        prices=prices,
        limits=_limits(table.get("limits", {}), adapter, f"{where}: limits"),
        daily_limit=None if daily_limit is None else Decimal(daily_limit),
    )


def _limits(table: Mapping[str, Any], adapter: Adapter, where: str) -> Limits:
    """Return the provider's limits, with the user's over them."""
    only(table, LIMITS, where)
    given = {name: _window(value, f"{where}: {name}") for name, value in table.items() if name != "active"}
    if "active" in table:
        if table["active"] < 1:
            raise ConfigError(f"{where}: active: must be 1 or more, not {table['active']}")
        given["active"] = table["active"]
    return attrs.evolve(adapter.limits, **given)


def _window(value: list[Any], where: str) -> Any:
    if len(value) == 2 and isinstance(value[0], int) and not isinstance(value[0], bool) and value[0] >= 1:
        with suppress(ConfigError):
            return value[0], seconds_of(value[1], where)
    raise ConfigError(f"{where}: must be [calls, seconds], like [20, 10], not {value!r}")


def _override(adapter: Adapter, offer: str, value: Any, where: str) -> Override:
    """Return the price that a config says of an offer: USD as text, or texts by the fields that it depends on; each for
    as much as the page's figure is: a picture, a song, a second of a film."""
    place = f"{where}: prices.{offer}"
    sold = adapter.offer(offer)
    if sold is None:
        names = {each.name: each for each in adapter.offers}
        raise ConfigError(f"{where}: prices: {no_such('offer', offer, names)}")
    if not isinstance(value, Mapping):
        return Override(_for_all(sold.prices, usd_text(value, place)), where)
    from .own_offers.words import cell_of  # few name prices

    page = sold.prices if isinstance(sold.prices, Table) else Table((), {})
    cells: dict[tuple[str, ...], Price] = {}
    for name, amount in value.items():
        if len(name.split()) != len(page.by):
            raise ConfigError(f"{place}: {name!r}: must be a value for {' '.join(page.by) or 'nothing'}")
        cell = cell_of(page.by, name.split(), sold.roles.forms)
        if cell not in page.cells or cell in cells:
            listed = ", ".join(" ".join(each) for each in page.cells)
            raise ConfigError(f"{place}: {name!r}: must be one of these, each once at most: {listed}")
        cells[cell] = _like(page.cells[cell], usd_text(amount, f"{place}.{name}"))
    return Override(Table(page.by, cells), where)


def _for_all(page: Prices | None, usd: str) -> Prices:
    """Return one figure of the user's for whatever the page has figures for."""
    if isinstance(page, Table) and counted_by(page):
        return Table(page.by, {cell: _like(price, usd) for cell, price in page.cells.items()})
    return _like(page, usd)


def _like(page: Prices | None, usd: str) -> Price:
    """Return a figure of the user's that is for as much as the page's is, like a second of a film."""
    if not isinstance(page, Per):
        return Price(usd)
    return Per(usd, page.of, page.each, begun=page.begun, least=page.least, more=page.more)


def _proxy(text: str, where: str) -> str:
    try:
        return proxy_url(text) if text else ""
    except ValueError:  # the text may hold a password
        raise ConfigError(f"{where}: proxy: {NO_PROXY_URL}") from None


def _origin(url: str, where: str, allow_http: bool) -> str:
    """Return scheme, host (in IDNA) and port of a base URL; the path is the adapter's."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = ascii_host(parts.hostname or "")
    except ValueError:
        raise ConfigError(f"{where}: base_url: {_without_user(url)!r} is not a URL") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ConfigError(f"{where}: base_url: must be https://host, not {_without_user(url)!r}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(
            f"{where}: base_url: must be the origin alone, like {parts.scheme}://{host}; the paths are known"
        )
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise ConfigError(f"{where}: base_url: {unencrypted(f'http://{host}')}")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _without_user(url: str) -> str:
    return url.rpartition("@")[2]
