"""The adapters there are: the modules of anymedia.adapters, then the entry points named `anymedia.adapters`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from .declare import Adapter, Offer
from .errors import ConfigError

GROUP = "anymedia.adapters"


@cache
def adapters() -> Mapping[str, Adapter]:
    """Return every adapter by name. Errors: ConfigError when a plugin takes a name that is taken, or has no adapter."""
    found: dict[str, Adapter] = {}
    for where, adapter in (*_built_in(), *_plugins()):
        if not isinstance(adapter, Adapter):
            raise ConfigError(f"{where} holds no Adapter")
        if adapter.name in found:
            raise ConfigError(f"{where} has the name of another adapter, {adapter.name}")
        found[adapter.name] = adapter
    return MappingProxyType(found)


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
        raise ConfigError(f"{where}: no provider is named {name!r}; there are {', '.join(adapters())}")
    return adapters()[name]


@cache
def offers(model: str | None = None) -> Sequence[tuple[Adapter, Offer]]:
    """Return every offer, or every one of a model."""
    return tuple(
        (adapter, offer)
        for adapter in adapters().values()
        for offer in adapter.offers
        if model is None or offer.model == model
    )
