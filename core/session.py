"""What the steps of one client share: its connections, clock, patience, and whoever listens."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from .answer import Answer, Lost
from .clock import Clock
from .config import Account
from .encode import Call
from .errors import AnymediaError
from .heard import Asked
from .task import Attempt, Task
from .transport import Patience, Progress, Transport, retried

Event: TypeAlias = Attempt | Task
T = TypeVar("T")

LEFT_TASKS = 1000
"""How many of the tasks that nobody waits for are kept in sight."""

_log = logging.getLogger("anymedia")


class Session:
    """One client's clock, patience and listener, and its connections from the first use until `close`.

    `detached` are the latest accepted tasks that nobody waits for any more, because their callers were cancelled.
    """

    def __init__(self, clock: Clock, patience: Patience, on_event: Callable[[Event], None] | None) -> None:
        self.clock: Clock = clock
        self.detached: deque[Task] = deque(maxlen=LEFT_TASKS)
        self._patience = patience
        self._on_event = on_event
        self._transport: Transport | None = None

    @property
    def transport(self) -> Transport:
        """The connections, opened when they are first needed: inside the event loop."""
        if self._transport is None:
            self._transport = Transport()
        return self._transport

    async def close(self) -> None:
        """Close every connection."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    def tell(self, event: Event) -> None:
        """Let the listener know."""
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a faulty listener is no reason to lose sight of a paid task
                _log.exception("on_event failed")

    def asked(self, account: Account, model: str | None) -> Asked:
        """Return who is asked, and that it is now."""
        return Asked(
            adapter=account.adapter, account=account.name, origin=account.origin, model=model, now=self.clock.now()
        )

    async def read(self, account: Account, call: Call, model: str | None = None) -> Answer:
        """Send a call that changes nothing, once. Errors: Unavailable."""
        transport = self.transport
        try:
            async with transport.gate(account):
                return await transport.send(account, call, Progress())
        except Lost as lost:
            raise self.asked(account, model).lost(lost, submit=False) from None

    async def retried(
        self,
        function: Callable[[], Awaitable[T]],
        *again: type[AnymediaError],
        deadline: float | None = None,
    ) -> T:
        """Call a function, and again after the errors that are worth it, as long as patience and deadline allow."""
        return await retried(
            function,
            lambda error: isinstance(error, again),
            clock=self.clock,
            patience=self._patience,
            deadline=deadline,
        )
