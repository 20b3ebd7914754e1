"""The adapters there are: the modules of anymedia.adapters, then the entry points named `anymedia.adapters`."""

import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING

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


class Adapters(Mapping[str, Adapter]):
    """Every adapter by name: a built-in one is loaded when it is asked for, those of other packages all at once."""

    def __getitem__(self, name: str) -> Adapter:
        return _built_in(name) if name in _built_in_names() else plugins().adapters[name]

    def __contains__(self, name: object) -> bool:
        return name in _built_in_names() or name in plugins().adapters

    def __iter__(self) -> Iterator[str]:
        yield from _built_in_names()
        yield from plugins().adapters

    def __len__(self) -> int:
        return len(_built_in_names()) + len(plugins().adapters)


_ADAPTERS = Adapters()


def adapters() -> Mapping[str, Adapter]:
    """Return every adapter by name, none of which is loaded before it is looked up."""
    return _ADAPTERS


@cache
def _built_in_names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in iter_modules(import_module(GROUP).__path__)))


@cache
def _built_in(name: str) -> Adapter:
    adapter: Adapter = import_module(f"{GROUP}.{name}").ADAPTER
    return adapter


@attrs.frozen
class Plugins:
    """The adapters of other packages by name, and why a plugin is not among them.

    `faults` is by the plugin's name: what it cannot be asked for.
    """

    adapters: Mapping[str, Adapter]
    faults: Mapping[str, str]


@cache
def plugins() -> Plugins:
    """Return the adapters of other packages. One that cannot be used is left out, and that is logged, once."""
    found: dict[str, Adapter] = {}
    faults: dict[str, str] = {}
    for point in points(GROUP):
        try:
            adapter = _loaded(_where(point), point.load, {*_built_in_names(), *found})
        except ConfigError as error:
            faults[point.name] = str(error)
            _log.warning("%s; everything else works without it", error)
        else:
            found[adapter.name] = adapter
    without = {name: fault for name, fault in faults.items() if name not in {*_built_in_names(), *found}}
    return Plugins(MappingProxyType(found), MappingProxyType(without))


def faults() -> Mapping[str, str]:
    """Return why plugins cannot be used, by their names."""
    return plugins().faults


@cache
def _offers() -> Mapping[str | None, Sequence[tuple[Adapter, Offer]]]:
    """Return who sells what, by model; None: everything."""
    found: dict[str | None, list[tuple[Adapter, Offer]]] = {None: []}
    for adapter in adapters().values():
        for offer in adapter.offers:
            found[None].append((adapter, offer))
            found.setdefault(offer.model, []).append((adapter, offer))
    return MappingProxyType({model: tuple(sold) for model, sold in found.items()})


def _loaded(where: str, load: Callable[[], object], taken: Container[str]) -> Adapter:
    """Return the adapter that an entry point holds, whose name is not taken. Errors: ConfigError."""
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
    if adapter.name in taken:
        raise ConfigError(f"the adapter {where} has the name of another adapter, {adapter.name}")
    scheme, host, _ = origin_of(adapter.base_url) or ("", "", None)
    if scheme != "https" and not is_loopback(host):
        raise ConfigError(
            f"the adapter {where} cannot be used: {adapter.base_url} would carry the API key unencrypted; https:// is "
            "needed"
        )
    return adapter


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
    if name in adapters():
        return adapters()[name]
    titles = {each.title: each.name for each in adapters().values()}
    raise ConfigError(f"{where}: {faults().get(name) or no_such('provider', name, adapters(), titles)}")


def sellers(model: str, names: Sequence[str] = ()) -> list[Adapter]:
    """Return the adapters named, else every one that sells a model. Errors: ConfigError."""
    selling = (each for each in adapters().values() if any(offer.model == model for offer in each.offers))
    return [adapter(name) for name in names] or list(selling)


def offers(model: str | None = None) -> Sequence[tuple[Adapter, Offer]]:
    """Return every offer, or every one of a model."""
    return _offers().get(model, ())
