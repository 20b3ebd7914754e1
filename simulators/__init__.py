"""Local providers to test against: real HTTP, states over time, pictures, films, sounds, bills, and faults on demand.

    async with running("reapi") as simulators:
        simulators["reapi"].fault("reset_after")
        ...                                     # point a client at simulators.config
        simulators["reapi"].bills()

Every module of this package that defines SERVICE is a provider, and so is every one that another package names as an
entry point `anymedia.simulators`. Needs Pillow and lameenc, which the extra `simulators` brings.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from errno import EINVAL
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from .cdn import CDN, USUAL
from .service import Service
from .simulator import Simulator, Simulators
from .stated import NEEDED
from .work import needs_packages

if TYPE_CHECKING:
    from .server import Server

__all__ = ["CDN", "Service", "Simulator", "Simulators", "in_thread", "names", "running", "services"]

NO_PROVIDERS = {"fixtures", "server", "fetch", "posting"}
"""Not looked into: they import pytest and aiohttp, which takes time or is missing."""

NONE: Mapping[str, Any] = MappingProxyType({})

T = TypeVar("T")


def services() -> dict[str, type[Service]]:
    """The simulated providers by name, in order.

    Raises ValueError when one of another package cannot be loaded, is no Service, or takes a name that is taken.
    """
    found = dict(_built_in())
    for where, service in _plugins():
        if service.name in found:
            raise ValueError(f"{where} has the name of another simulator, {service.name}")
        found[service.name] = service
    return dict(sorted(found.items()))


@cache
def _built_in() -> Mapping[str, type[Service]]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in NO_PROVIDERS]
    held = [getattr(importlib.import_module(f"{__name__}.{name}"), "SERVICE", None) for name in names]
    return MappingProxyType({service.name: service for service in held if service is not None})


@cache
def _plugins() -> tuple[tuple[str, type[Service]], ...]:
    return tuple((point.value, _loaded(point)) for point in entry_points(group=__name__))


def _loaded(point: EntryPoint) -> type[Service]:
    try:
        held = point.load()
    except Exception as error:
        raise ValueError(f"the simulator {point.value} cannot be loaded: {error}") from error
    service = getattr(held, "SERVICE", held)
    if isinstance(service, Service):
        raise ValueError(f"{point.value}: SERVICE is the class {type(service).__name__} itself, not one made of it")
    if not (isinstance(service, type) and issubclass(service, Service)):
        raise ValueError(f"{point.value} holds no Service")
    if unsaid := [word for word in NEEDED if not hasattr(service, word)]:
        raise ValueError(f"{point.value}: {service.__name__} does not say {', '.join(unsaid)}")
    return service


def names() -> tuple[str, ...]:
    """The names of the simulated providers."""
    return tuple(services())


@asynccontextmanager
async def running(
    *names: str,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    ports: Mapping[str, int] = NONE,
    environ: Mapping[str, str] = NONE,
    cdn: CDN = USUAL,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[Simulators]:
    """Runs the named simulators, or all, until the block ends.

    The first listens at `port`, the next at the port after it, and so on; 0 takes free ports. `ports` are those of
    simulators that have one of their own, by name. `environ` is that of an earlier run, whose keys these have again.
    `speed` divides the time that tasks take (4 s by default); `clock` tells the time in seconds since 1970. `cdn` says
    how the results of all of them are served, and whatever is slow or late waits by `sleep`. Raises ValueError for an
    unknown name (and as `services` does), OSError when a port is taken, ImportError when Pillow or lameenc is missing.
    """
    needs_packages()
    from .server import Server

    known = services()
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no simulator is named {', '.join(unknown)}; there are {', '.join(known)}")
    if not speed > 0:
        raise ValueError(f"speed must be more than 0, not {speed}")
    started = []
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="anymedia-", ignore_cleanup_errors=True))
        for index, name in enumerate(dict.fromkeys(names or known)):
            server = Server(known[name](clock=clock, speed=speed), sleep)
            server.service.cdn = cdn
            await _start(server, host, ports.get(name, port + index if port else 0))
            stack.push_async_callback(server.stop)
            started.append(Simulator(server.service))
            started[-1].take_keys(environ)
        yield Simulators(started, folder)


async def _start(server: Server, host: str, port: int) -> None:
    """Starts a server. Raises OSError that says who cannot listen where."""
    try:
        await server.start(host, port)
    except (OSError, OverflowError) as error:
        # Before the reason asyncio tells once more what it tried.
        said = (getattr(error, "strerror", None) or str(error)).rpartition(": ")[2]
        number = error.errno if isinstance(error, OSError) else EINVAL
        raise OSError(number, f"{server.service.name} cannot listen at {host}, port {port}: {said}") from None


@contextmanager
def in_thread(
    *names: str,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    ports: Mapping[str, int] = NONE,
    environ: Mapping[str, str] = NONE,
    cdn: CDN = USUAL,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Iterator[Simulators]:
    """Runs simulators as `running` does, in a thread with an event loop of its own: for synchronous code."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="anymedia-simulators", daemon=True)
    thread.start()

    def call(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def end() -> None:
        await stack.aclose()
        await loop.shutdown_default_executor()

    stack = AsyncExitStack()
    try:
        more: dict[str, Any] = {"ports": ports, "environ": environ, "cdn": cdn, "sleep": sleep}
        context = running(*names, host=host, port=port, speed=speed, clock=clock, **more)
        yield call(stack.enter_async_context(context))
    finally:
        call(end())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
