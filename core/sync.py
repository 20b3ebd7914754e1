"""The client for code that does not await: the same methods, in a plain script, a notebook or any thread."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Unpack, cast, overload

from .client import AT_ONCE, ROW_TIMEOUT, TIMEOUT, Client, Where
from .clock import Clock
from .config import Config
from .engine.advance import Advance
from .engine.batch import Batch
from .engine.custody import Collected
from .engine.handed_over import Elsewhere
from .engine.recover import Recovery
from .engine.route import Route
from .engine.sidecar import Sidecar
from .journal.ledger import Filters
from .journal.protocol import Journal
from .limits.health import AccountHealth
from .model.batch import BatchEnd, BatchPlan, BatchProgress, Row, RowEnd
from .model.errors import AnymediaError, is_the_callers
from .model.money import Money
from .model.options import GenerateOptions, OnUnsupported, SubmitOptions, shows_options
from .model.quote import Quote
from .model.request import AnyRequest, Request
from .model.task import Asset, Attempt, Result, Saved, SavedFile, Task
from .network import Reached
from .observe.readers import Heard
from .pricing.explain import Explanation
from .transport.retry import Patience

if TYPE_CHECKING:
    from .engine.webhooks import Headers

T = TypeVar("T")


class SyncClient:
    """Client without await; one may be shared by any number of threads.

    It works inside a running event loop too, which it blocks. Ctrl-C ends a wait, never a submit that is under way;
    the task is in `detached` then. `on_event` is called on a thread of the client's own. A `journal` that is given is
    the caller's to close; `daily_alert` is as with Client. Use `with SyncClient() as client:`, or call `close`: both
    wait for the answers of submits under way, `longest_wait` seconds at most.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        clock: Clock | None = None,
        on_event: Callable[[Heard], None] | None = None,
        patience: Patience | None = None,
        journal: Journal | None = None,
        daily_alert: Decimal | str | float | None = None,
    ) -> None:
        self._client = Client(
            config, clock=clock, on_event=on_event, patience=patience, journal=journal, daily_alert=daily_alert
        )
        self._process = os.getpid()
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
        if self._loop.is_closed() or self._process != os.getpid():
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
    def journal(self) -> Journal | None:
        """As Client.journal."""
        return self._client.journal

    @property
    def detached(self) -> tuple[Task, ...]:
        """As Client.detached."""
        return self._client.detached

    @property
    def submitting(self) -> int:
        """As Client.submitting."""
        return self._client.submitting

    @property
    def longest_wait(self) -> float:
        """As Client.longest_wait."""
        return self._call(lambda: self._client.longest_wait)

    def wake(self, task: Task) -> None:
        """As Client.wake."""
        self._loop.call_soon_threadsafe(self._client.wake, task)

    def explain(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Explanation]:
        """As Client.explain."""
        return self._client.explain(request, *accounts, offer=offer, on_unsupported=on_unsupported)

    def quote(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Quote]:
        """As Client.quote."""
        return self._client.quote(request, *accounts, offer=offer, on_unsupported=on_unsupported)

    @shows_options
    def route(self, request: Request, *accounts: str, **options: Unpack[GenerateOptions]) -> Route:
        """As Client.route."""
        return self._client.route(request, *accounts, **options)

    def refresh_prices(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[AnymediaError]:
        """As Client.refresh_prices."""
        asked = self._client.refresh_prices(request, *accounts, offer=offer, on_unsupported=on_unsupported)
        return self._wait(asked)

    @shows_options
    def submit(
        self,
        request: AnyRequest,
        *accounts: str,
        timeout: float | None = TIMEOUT,
        **options: Unpack[SubmitOptions],
    ) -> Task:
        """As Client.submit."""
        return self._wait(self._client.submit(request, *accounts, timeout=timeout, **options))

    def get(self, task: Task) -> Task:
        """As Client.get."""
        return self._wait(self._client.get(task))

    def wait(self, task: Task, timeout: float | None = TIMEOUT) -> Task:
        """As Client.wait."""
        return self._wait(self._client.wait(task, timeout))

    def advance(
        self,
        task: Task | Attempt | str,
        where: Where | Literal[False] = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
    ) -> Advance:
        """As Client.advance."""
        return self._wait(self._client.advance(task, where, names=names, sidecar=sidecar))

    @shows_options
    def generate(
        self,
        request: AnyRequest,
        *accounts: str,
        timeout: float | None = TIMEOUT,
        where: Where | Literal[False] = None,
        names: str | None = None,
        sidecar: Sidecar = False,
        **options: Unpack[GenerateOptions],
    ) -> Result:
        """As Client.generate."""
        making = self._client.generate(
            request, *accounts, timeout=timeout, where=where, names=names, sidecar=sidecar, **options
        )
        return self._wait(making)

    @shows_options
    def batch(
        self,
        rows: Iterable[Row | AnyRequest],
        *accounts: str,
        name: str,
        where: Where | Literal[False] = None,
        names: str | None = None,
        sidecar: Sidecar = False,
        budget: Decimal | str | float | None = None,
        at_once: int = AT_ONCE,
        timeout: float | None = ROW_TIMEOUT,
        workers: Elsewhere | None = None,
        **options: Unpack[GenerateOptions],
    ) -> "SyncBatch":
        """As Client.batch."""
        batch = self._client.batch(
            rows,
            *accounts,
            name=name,
            where=where,
            names=names,
            sidecar=sidecar,
            budget=budget,
            at_once=at_once,
            timeout=timeout,
            workers=workers,
            **options,
        )
        return SyncBatch(batch, self._wait, self._call)

    def receive(self, account: str, headers: "Headers", body: bytes, token: str | None = None) -> Task | None:
        """As Client.receive."""
        return self._wait(self._client.receive(account, headers, body, token))

    def cancel(self, task: Task) -> Task:
        """As Client.cancel."""
        return self._wait(self._client.cancel(task))

    @overload
    def download(
        self, done: Task | Result, where: os.PathLike[str], *, names: str | None = None, sidecar: Sidecar = False
    ) -> tuple[SavedFile, ...]: ...

    @overload
    def download(
        self, done: Task | Result, where: str | None = None, *, names: str | None = None, sidecar: Sidecar = False
    ) -> tuple[Saved, ...]: ...

    def download(
        self,
        done: Task | Result,
        where: str | os.PathLike[str] | None = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
    ) -> tuple[Saved, ...]:
        """As Client.download."""
        place: Any = where  # which of the overloads it is makes no difference here
        return self._wait(self._client.download(done, place, names=names, sidecar=sidecar))

    def read(self, asset: Asset) -> Iterator[bytes]:
        """As Client.read."""
        return self._each(self._client.read(asset))

    def check_storage(self, where: str | os.PathLike[str] | None = None, *, names: str | None = None) -> str:
        """As Client.check_storage."""
        return self._wait(self._client.check_storage(where, names=names))

    def handle(self, task: Task) -> str:
        """As Client.handle."""
        return self._client.handle(task)

    def open(self, text: str, *, any_api_key: bool = False) -> Task:
        """As Client.open."""
        return self._client.open(text, any_api_key=any_api_key)

    def recover(
        self,
        where: str | os.PathLike[str] | None = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
        timeout: float | None = TIMEOUT,
        replay: bool = False,
        any_api_key: bool = False,
        accounts: Collection[str] | None = None,
    ) -> Recovery:
        """As Client.recover."""
        recovering = self._client.recover(
            where,
            names=names,
            sidecar=sidecar,
            timeout=timeout,
            replay=replay,
            any_api_key=any_api_key,
            accounts=accounts,
        )
        return self._wait(recovering)

    def collect(
        self,
        where: Where = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
        before: datetime | None = None,
        accounts: Collection[str] | None = None,
        batch: str | None = None,
    ) -> Collected:
        """As Client.collect."""
        collecting = self._client.collect(
            where, names=names, sidecar=sidecar, before=before, accounts=accounts, batch=batch
        )
        return self._wait(collecting)

    def collect_in_background(
        self, where: Where | Literal[False] = None, *, on_saved: Callable[[Task], None] | None = None
    ) -> None:
        """As Client.collect_in_background; `on_saved` is called on a thread of the client's own."""
        self._call(lambda: self._client.collect_in_background(where, on_saved=on_saved))

    def attempts(self, **filters: Unpack[Filters]) -> list[Attempt]:
        """As Client.attempts."""
        return self._wait(self._client.attempts(**filters))

    def each_attempt(self, **filters: Unpack[Filters]) -> Iterator[Attempt]:
        """As Client.each_attempt."""
        return self._each(self._client.each_attempt(**filters))

    def find(self, name: str) -> Attempt:
        """As Client.find."""
        return self._wait(self._client.find(name))

    def settle(self, name: str, billed: bool, task_id: str | None = None, *, force: bool = False) -> Attempt:
        """As Client.settle."""
        return self._wait(self._client.settle(name, billed, task_id, force=force))

    def dismiss(self, name: str) -> Attempt:
        """As Client.dismiss."""
        return self._wait(self._client.dismiss(name))

    def unknown(self) -> list[Task]:
        """As Client.unknown."""
        return self._wait(self._client.unknown())

    def balance(self, account: str) -> Money:
        """As Client.balance."""
        return self._wait(self._client.balance(account))

    def health(self, *accounts: str) -> tuple[AccountHealth, ...]:
        """As Client.health."""
        return self._call(lambda: self._client.health(*accounts))

    def reach(self, account: str) -> Reached:
        """As Client.reach."""
        return self._wait(self._client.reach(account))

    def reach_webhooks(self) -> Reached:
        """As Client.reach_webhooks."""
        return self._wait(self._client.reach_webhooks())

    def check_proxies(self) -> dict[str, str | None]:
        """As Client.check_proxies."""
        return self._wait(self._client.check_proxies())

    def private_address(self, account: str) -> str | None:
        """As Client.private_address."""
        return self._wait(self._client.private_address(account))

    def _each(self, values: AsyncIterator[T]) -> Iterator[T]:
        """Yield what an asynchronous iterator yields."""

        async def following() -> T | None:
            return await anext(values, None)

        while (value := self._wait(following())) is not None:
            yield value

    def _call(self, function: Callable[[], T]) -> T:
        """Call a function in the client's own thread, which alone may look at what changes there."""

        async def call() -> T:
            return function()

        return self._wait(call())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed() or self._process != os.getpid():
            work.close()
            raise RuntimeError("the client is closed" if self._loop.is_closed() else "open a client after the fork")
        future = asyncio.run_coroutine_threadsafe(_retrieved(work), self._loop)
        try:
            return future.result()
        except AnymediaError as error:
            if is_the_callers(error):
                raise error.with_traceback(None) from None  # its traceback ends where the caller stands
            raise
        except KeyboardInterrupt:
            future.cancel()
            # Once round the loop, so that what was cancelled has put its task into `detached`.
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()
            raise


class SyncBatch:
    """Batch without await: `for end in batch` yields the end of each row, as `run` passes it to `on_row`.

    `stop` may be called from any thread; Ctrl-C ends the wait as it does for `generate`.
    """

    def __init__(
        self,
        batch: Batch,
        wait: Callable[[Coroutine[Any, Any, Any]], Any],
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self.name: str = batch.name
        self.rows: Sequence[Row] = batch.rows
        self._batch = batch
        self._wait = wait
        self._call = call

    @property
    def end(self) -> BatchEnd | None:
        """As Batch.end."""
        return self._batch.end

    @property
    def progress(self) -> BatchProgress:
        """As Batch.progress."""
        progress: BatchProgress = self._call(lambda: self._batch.progress)
        return progress

    def plan(self) -> BatchPlan:
        """As Batch.plan."""
        plan: BatchPlan = self._wait(self._batch.plan())
        return plan

    def run(self, on_row: Callable[[RowEnd], None] | None = None) -> BatchEnd:
        """As Batch.run; `on_row` is called on the caller's own thread."""
        for end in self:
            if on_row is not None:
                on_row(end)
        return cast("BatchEnd", self._batch.end)

    def __iter__(self) -> Iterator[RowEnd]:
        """As Batch.__aiter__."""
        ends = cast("AsyncGenerator[RowEnd, None]", aiter(self._batch))
        waits: list[asyncio.Task[Any] | None] = []

        async def following() -> RowEnd | None:
            waits[:] = [asyncio.current_task()]
            return await anext(ends, None)

        async def closed() -> None:
            # A wait that Ctrl-C has cancelled still puts its rows away.
            await asyncio.gather(*filter(None, waits), return_exceptions=True)
            await ends.aclose()

        try:
            while (end := self._wait(following())) is not None:
                yield end
        finally:
            self._wait(closed())

    def stop(self) -> None:
        """As Batch.stop."""
        self._call(self._batch.stop)


async def _retrieved(work: Coroutine[Any, Any, T]) -> T:
    """Await something; asyncio logs no error of it as never retrieved, even where Ctrl-C has ended the wait."""
    cast("asyncio.Task[T]", asyncio.current_task()).add_done_callback(lambda task: task.cancelled() or task.exception())
    return await work
