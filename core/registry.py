"""The adapters there are: the modules of anymedia.adapters, then the entry points named `anymedia.adapters`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

import attrs

from .declare.adapter import Adapter
from .declare.offer import Offer
from .model.errors import ConfigError
from .model.names import no_such

GROUP = "anymedia.adapters"


@attrs.frozen
class Catalogue:
    """Every adapter by name, and who sells what by model (None: everything)."""

    adapters: Mapping[str, Adapter]
    offers: Mapping[str | None, Sequence[tuple[Adapter, Offer]]]


@cache
def catalogue() -> Catalogue:
    """Return what there is: the one cache, so that adapters and offers never differ. Errors: as adapters."""
    found = _found()
    offers: dict[str | None, tuple[tuple[Adapter, Offer], ...]] = {None: ()}
    for adapter in found.values():
        for offer in adapter.offers:
            for model in (None, offer.model):
                offers[model] = (*offers.get(model, ()), (adapter, offer))
    return Catalogue(MappingProxyType(found), MappingProxyType(offers))


def adapters() -> Mapping[str, Adapter]:
    """Return every adapter by name. Errors: ConfigError when a plugin takes a name that is taken, or has no adapter."""
    return catalogue().adapters


def _found() -> dict[str, Adapter]:
    found: dict[str, Adapter] = {}
    for where, adapter in (*_built_in(), *_plugins()):
        if not isinstance(adapter, Adapter):
            raise ConfigError(f"{where} holds no Adapter")
        if adapter.name in found:
            raise ConfigError(f"{where} has the name of another adapter, {adapter.name}")
        found[adapter.name] = adapter
    return found


def _built_in() -> Iterator[tuple[str, object]]:
    package = import_module(GROUP)
    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        name = f"{GROUP}.{module.name}"
        yield name, getattr(import_module(name), "ADAPTER", None)


def _plugins() -> Iterator[tuple[str, object]]:
    from importlib.metadata import entry_points  # 20 ms, which `import anymedia` does not have to wait for

    for point in entry_points(group=GROUP):
        try:
            held = point.load()
        except Exception as error:
            raise ConfigError(f"the adapter {point.value} cannot be loaded: {error}") from error
        yield point.value, getattr(held, "ADAPTER", held)


def adapter(name: str, *, where: str = "provider") -> Adapter:
    """Return the adapter of a provider. Errors: ConfigError naming those there are."""
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
