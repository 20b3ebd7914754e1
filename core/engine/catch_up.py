"""What could not be written while the journal was away is written in the background, once it is back."""

import asyncio
from contextlib import suppress

from anymedia.journal.ledger import Ledger
from anymedia.model.errors import JournalError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds between two tries."""


class CatchUp:
    """The tries of one client: the first soon after something is put off, and no more once all of it is written."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pause = FIRST_PAUSE
        self._timer: asyncio.TimerHandle | None = None
        self._try: asyncio.Task[None] | None = None
        self._is_closed = False
        ledger.outbox.late = self._soon

    def begin(self) -> None:
        """Write what was left by other processes of this machine, if there is something."""
        with suppress(JournalError):  # whoever buys is told
            if self._ledger.outbox.on_disk():
                self._soon()

    async def close(self) -> None:
        """Try no more."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._try is not None:
            self._try.cancel()
            await asyncio.wait({self._try})

    def _soon(self) -> None:
        # Of the loop's time: the clock may be another. No task waits for it: the loop may be ending.
        if self._timer is None and self._try is None and not self._is_closed:
            with suppress(RuntimeError):  # none runs any more: the next process of this machine writes it
                self._timer = asyncio.get_running_loop().call_later(self._pause, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._try = asyncio.create_task(self._tried())

    async def _tried(self) -> None:
        try:
            await self._ledger.catch_up()
            self._pause = FIRST_PAUSE
        except JournalError:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        is_behind, self._try = self._pause > FIRST_PAUSE, None
        if is_behind:
            self._soon()
