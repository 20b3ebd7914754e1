"""The adapters there are: the modules of anymedia.adapters, then the entry points named `anymedia.adapters`."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .declare.adapter import Adapter
from .declare.offer import Offer
from .model.errors import ConfigError
from .model.names import no_such
from .model.urls import is_loopback, origin_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "anymedia.adapters"


_log = logging.getLogger("anymedia")


@attrs.frozen
class Catalogue:
    """Every adapter by name, who sells what by model (None: everything), and why a plugin is not among them.

    `faults` is by the plugin's name: what it cannot be asked for.
    """

    adapters: Mapping[str, Adapter]
    offers: Mapping[str | None, Sequence[tuple[Adapter, Offer]]]
    faults: Mapping[str, str]


@cache
def catalogue() -> Catalogue:
    """Return what there is: the one cache, so that adapters and offers never differ.

    A plugin that cannot be used is left out, and that is logged, once.
    """
    found: dict[str, Adapter] = {}
    faults: dict[str, str] = {}
    for name, where, load in (*_built_in(), *_plugins()):
        try:
            adapter = _loaded(where, load, found)
        except ConfigError as error:
            faults[name] = str(error)
            _log.warning("%s; everything else works without it", error)
        else:
            found[adapter.name] = adapter
    offers: dict[str | None, tuple[tuple[Adapter, Offer], ...]] = {None: ()}
    for adapter in found.values():
        for offer in adapter.offers:
            for model in (None, offer.model):
                offers[model] = (*offers.get(model, ()), (adapter, offer))
    without = {name: fault for name, fault in faults.items() if name not in found}
    return Catalogue(MappingProxyType(found), MappingProxyType(offers), MappingProxyType(without))


def adapters() -> Mapping[str, Adapter]:
    """Return every adapter by name."""
    return catalogue().adapters


def faults() -> Mapping[str, str]:
    """Return why plugins cannot be used, by their names."""
    return catalogue().faults


def _loaded(where: str, load: Callable[[], object], found: Mapping[str, Adapter]) -> Adapter:
    """Return the adapter that a module or an entry point holds. Errors: ConfigError."""
    try:
        held = load()
        adapter = held if isinstance(held, Adapter) else getattr(held, "ADAPTER", held)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin that ends the program as it is imported ends itself alone
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ConfigError(f"the adapter {where} cannot be loaded: {said:.500}") from None
    if not isinstance(adapter, Adapter):
        raise ConfigError(f"the adapter {where} holds no Adapter")
    if adapter.name in found:
        raise ConfigError(f"the adapter {where} has the name of another adapter, {adapter.name}")
    scheme, host, _ = origin_of(adapter.base_url) or ("", "", None)
    if scheme != "https" and not is_loopback(host):
        raise ConfigError(
            f"the adapter {where} cannot be used: {adapter.base_url} would carry the API key unencrypted; https:// is "
            "needed"
        )
    return adapter


Found: TypeAlias = "tuple[str, str, Callable[[], object]]"
"""A name, where it is found, and what loads it."""


def _built_in() -> Iterator[Found]:
    package = import_module(GROUP)
    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        name = f"{GROUP}.{module.name}"
        yield module.name, name, partial(import_module, name)


def _plugins() -> Iterator[Found]:
    for point in points(GROUP):
        yield point.name, _where(point), point.load


def _where(point: "EntryPoint") -> str:
    """Return what an entry point names, and the package that brings it."""
    package = getattr(getattr(point, "dist", None), "name", None)
    return f"{point.value} of the package {package}" if package else point.value


def points(group: str) -> "list[EntryPoint]":
    """Return the entry points of a group; a package in which they cannot be read has none, and that is logged."""
    from importlib import metadata  # 20 ms, which `import anymedia` does not have to wait for

    try:
        return [*metadata.entry_points(group=group)]
    except Exception:  # noqa: BLE001 - what is written there is any package's
        return [*_readable(group)]


def _readable(group: str) -> "Iterator[EntryPoint]":
    """Yield the entry points of each package in which they can be read, of each name once."""
    from importlib import metadata

    seen: set[str] = set()
    for package in metadata.distributions():
        try:
            name, found = str(package.name), [*package.entry_points.select(group=group)]
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("the entry points of a package cannot be read: %s", error)
            continue
        if name not in seen:
            seen.add(name)
            yield from found


def adapter(name: str, *, where: str = "provider") -> Adapter:
    """Return the adapter of a provider. Errors: ConfigError naming those there are, or why it cannot be used."""
    if name in faults():
        raise ConfigError(f"{where}: {faults()[name]}")
    if name not in adapters():
        raise ConfigError(f"{where}: {no_such('provider', name, adapters())}")
    return adapters()[name]


def no_account() -> ConfigError:
    """Return the error for a client without any account: it names the API keys to set."""
    keys = ", ".join(f"{each.api_key_env[0]} ({each.name})" for each in adapters().values())
    return ConfigError(f"no provider is configured: set one of {keys}, or write an anymedia.toml")


def sellers(model: str, names: Sequence[str] = ()) -> list[Adapter]:
    """Return the adapters named, else every one that sells a model. Errors: ConfigError."""
    selling = (each for each in adapters().values() if any(offer.model == model for offer in each.offers))
    return [adapter(name) for name in names] or list(selling)


def offers(model: str | None = None) -> Sequence[tuple[Adapter, Offer]]:
    """Return every offer, or every one of a model."""
    return catalogue().offers.get(model, ())
