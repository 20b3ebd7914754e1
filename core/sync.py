"""The client for code that does not await: the same methods, in a plain script, a notebook or any thread."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from .check import OnUnsupported
from .client import Client
from .clock import Clock
from .config import Config
from .explain import Explanation
from .request import ImageRequest
from .session import Event
from .task import Task
from .transport import Patience

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[Client, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["SyncClient", P], T]:
    """Return a method that waits for a method of Client, which runs on the loop's thread."""

    @wraps(method)
    def call(self: "SyncClient", /, *args: P.args, **options: P.kwargs) -> T:
        return self._wait(method(self._client, *args, **options))

    return call


class SyncClient:
    """Client without await; one may be shared by any number of threads.

    It works inside a running event loop too, which it blocks. Ctrl-C ends a wait, never a submit that is under way;
    the task is in `detached` then. `on_event` is called on a thread of the client's own. Use it as `with SyncClient()
    as client`, or call `close`.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._client = Client(config, clock=clock, on_event=on_event, patience=patience)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="anymedia", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the answers of submits under way, then close every connection; a second time does nothing."""
        if self._loop.is_closed():
            return
        self._wait(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def config(self) -> Config:
        """The accounts."""
        return self._client.config

    @property
    def detached(self) -> tuple[Task, ...]:
        """As Client.detached."""
        return self._client.detached

    @property
    def submitting(self) -> int:
        """As Client.submitting."""
        return self._client.submitting

    def explain(
        self,
        request: ImageRequest,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Explanation]:
        """As Client.explain."""
        return self._client.explain(request, *accounts, offer=offer, on_unsupported=on_unsupported)

    submit = _blocking(Client.submit)
    get = _blocking(Client.get)
    wait = _blocking(Client.wait)
    run = _blocking(Client.run)
    generate = _blocking(Client.generate)
    cancel = _blocking(Client.cancel)
    download = _blocking(Client.download)
    balance = _blocking(Client.balance)
    reach = _blocking(Client.reach)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            # Once round the loop, so that what was cancelled has put its task into `detached`.
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()
            raise
