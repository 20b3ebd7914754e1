"""What an application puts in, without any API key, and what it reads of it later."""

import os
from types import TracebackType
from typing import Any, Self, Unpack

import attrs

from anymedia.clock import Clock
from anymedia.config import Config, load_config
from anymedia.engine.idempotency import LONGEST, compared, fault_of_name
from anymedia.journal.ledger import Ledger
from anymedia.journal.opening import open_journal
from anymedia.journal.protocol import Journal
from anymedia.model.errors import AnymediaError, ConfigError, OutOfBounds, Problem
from anymedia.model.names import no_such
from anymedia.model.options import SubmitOptions, refuse, seconds
from anymedia.model.request import AnyRequest, RawRequest, Request
from anymedia.model.task import Attempt, Task

from .database import QUEUE, SUBMIT, Database, database_of
from .written import Carrier, options_of

DAY = 86_400.0

WAITING = "waiting"
"""The state of what nothing was sent for yet."""


@attrs.frozen(kw_only=True)
class Standing:
    """How a request stands that was put in under `key`.

    `state` is `waiting` until something was sent for it, then the status of its last attempt; of one that came to
    nothing before that, its outcome, like `not_sent`. `attempts` is every try, in their order. Once it `is_over`,
    nothing more comes of it by itself; `error` is why it came to nothing, where it did, and `task` what was bought:
    its assets say where they are.
    """

    key: str
    state: str
    is_over: bool
    attempts: tuple[Attempt, ...] = ()
    error: AnymediaError | None = None

    @property
    def task(self) -> Task | None:
        """The task of the last attempt; None where there is none."""
        return self.attempts[-1].task if self.attempts else None


class Queue:
    """Requests that workers buy: put in here, and read here what became of them.

    `config` is as with Client; its accounts need no API keys here. Their journal is read, and its database holds the
    queue: another one where `url` names it. `name` is that of the queue, for workers of its own. Use it as
    `async with Queue() as queue`, in one event loop. Errors, of every method: JournalError where the database does not
    answer.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        url: str | None = None,
        name: str = QUEUE,
        journal: Journal | None = None,
    ) -> None:
        self.config: Config = config if isinstance(config, Config) else load_config(config)
        self._database = Database(database_of(self.config) if url is None else url, name)
        self._carrier = Carrier(self.config.storage)
        place = self.config.journal
        if journal is None and place is None:
            raise ConfigError("what becomes of a request is read in the journal, which is switched off")
        self._opened = None
        if journal is None and place is not None:
            journal = self._opened = open_journal(place, lease=self.config.lease, folder=self.config.folder)
        assert journal is not None  # noqa: S101 - as one of both is there
        self._ledger = Ledger(journal, prompts=self.config.prompts)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection, and the journal if it opened it."""
        await self._database.close()
        if self._opened is not None:
            await self._opened.close()

    async def submit(
        self,
        request: AnyRequest,
        *accounts: str,
        timeout: float | None = DAY,
        connection: Any = None,
        **options: Unpack[SubmitOptions],
    ) -> None:
        """Put a request in, which a worker buys as `Client.submit` does, once under its key however often it is put in.

        It is in the database when this returns: nothing was sent, and what is wrong with it a worker finds out, which
        `result` tells. With `connection`, an AsyncConnection of psycopg to the same database, it is put in by the
        transaction that is open there, and only if that is committed. For `timeout` seconds it is tried to be sent;
        options are those of `Client.submit`, of which `idempotency_key` is needed; those that are not given are as the
        worker's configuration says.
        What came to nothing, and was not billed, is bought anew when it is put in again under the same key. Small
        files travel within it, large ones need a bucket as [storage].
        Errors: OutOfBounds for an option, a file, or a key under which another request waits or was bought; ConfigError
        and Unavailable where the storage takes no file.
        """
        given: object = request
        if not isinstance(given, Request | RawRequest):
            message = f"a request like ImageRequest or RawRequest is needed, not {given!r:.60}"
            raise OutOfBounds(problems=[Problem(field="request", message=message)])
        key = options.get("idempotency_key")
        if (fault := fault_of_name(key, LONGEST)) is not None or key is None:
            refuse("idempotency_key", str(fault))
        if unknown := options.keys() - SubmitOptions.__annotations__.keys():
            raise TypeError(no_such("option", min(unknown), (*SubmitOptions.__annotations__, "timeout", "connection")))
        attrs.evolve(self.config.route, **options)  # what is none is told here
        args = {
            "key": key,
            "request": await self._carrier.text(request),
            "accounts": list(accounts),
            "options": options_of(options),
            "until": None if timeout is None else Clock().now().timestamp() + seconds(timeout),
        }
        digest = await self._ledger.digest(await compared(request))
        if await self._database.put(SUBMIT, args, key, digest, connection) is None:
            message = f"{key!r} was used for another request; each request needs an idempotency key of its own"
            refuse("idempotency_key", message)

    async def result(self, idempotency_key: str) -> Standing | None:
        """Return how a request stands by its key; None where nothing is known of it. Errors: JournalError."""
        attempts = await self._ledger.attempts(idempotency_key=idempotency_key)
        told = (await self._database.told([idempotency_key])).get(idempotency_key)
        if told is None and not attempts:
            return None
        # A job may end before a task that another one has bought under the same key.
        goes_on = any(attempt.task is not None and not attempt.task.state.final for attempt in attempts)
        error = None if told is None or goes_on else told.error
        is_over = not goes_on and (all(not attempt.open for attempt in attempts) if told is None else told.ended)
        state = attempts[-1].status if attempts else WAITING
        if not attempts and error is not None:
            state = str(error.outcome or "failed")
        return Standing(key=idempotency_key, state=state, is_over=is_over, attempts=tuple(attempts), error=error)
