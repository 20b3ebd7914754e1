"""What a client saves while nobody waits for it: the results of which webhooks tell, and what was left before."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import cast

from anymedia.journal.ledger import Ledger
from anymedia.journal.records import is_undownloaded
from anymedia.model.errors import AnymediaError, JournalError
from anymedia.model.task import Task
from anymedia.model.vocabulary import State
from anymedia.transport.places import Place

from .custody import HOUR, UNDER_WAY, Custody, ended

MOST = 10_000
"""Results that are saved or wait for it; what comes beyond these is read from the journal again."""

LEFT = (
    "results of which webhooks tell are not saved here, and their links die: name a place for them (where= of the "
    "receiver, --out of `anymedia listen`, or [storage] with results = true); `anymedia collect` fetches what nobody "
    "has saved"
)

_log = logging.getLogger("anymedia")

_has_warned: list[bool] = []
"""Whether this process has said that results are left."""


class Background:
    """The results of one client that are saved in the background: until they are, or their links have died."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._clock = custody.session.clock
        self._ledger: Ledger | None = None
        self._place: Place | None = None
        self._on_saved: Callable[[Task], None] | None = None
        self._saves: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._sweep: asyncio.Task[None] | None = None
        self._is_behind = False
        self._is_closed = False
        self._warns = True

    @property
    def has_begun(self) -> bool:
        """Whether it was told where results go."""
        return self._ledger is not None

    def begin(
        self, ledger: Ledger, place: Place | None, on_saved: Callable[[Task], None] | None = None, *, warns: bool = True
    ) -> None:
        """Save what was left, and what is added from now on, in a place; None leaves it, and `warns` once of that."""
        self._ledger, self._place, self._on_saved, self._warns = ledger, place, on_saved, warns
        if place is not None and self._sweep is None:
            self._sweep = asyncio.create_task(self._swept(ledger))

    def add(self, task: Task) -> None:
        """Save the results of a task, where it has some that are not kept."""
        if self._is_closed or task.state is not State.SUCCEEDED or all(asset.kept for asset in task.assets):
            return
        if self._place is None:
            self._warn()
        elif len(self._saves) >= MOST:
            self._is_behind = True
        else:
            self._save(task)

    async def close(self) -> None:
        """Save nothing any more; what is not saved stays to be collected."""
        self._is_closed = True
        await ended([*self._saves.values(), *([] if self._sweep is None else [self._sweep])])

    def _warn(self) -> None:
        if self._warns and not _has_warned:
            _has_warned.append(True)
            _log.warning(LEFT)

    def _save(self, task: Task) -> None:
        name = (task.account, task.id)
        if name not in self._saves and self._ledger is not None and self._place is not None:
            save = self._saved(self._ledger, self._place, *name, task.expires_at)
            self._saves[name] = asyncio.create_task(save)
            self._saves[name].add_done_callback(partial(self._over, name, self._ledger))

    def _over(self, name: tuple[str, str], ledger: Ledger, _: "asyncio.Task[None]") -> None:
        del self._saves[name]
        is_swept = self._sweep is None or self._sweep.done()
        if self._is_behind and is_swept and not self._is_closed and len(self._saves) < UNDER_WAY:
            self._is_behind = False
            self._sweep = asyncio.create_task(self._swept(ledger))

    async def _swept(self, ledger: Ledger) -> None:
        """Save what the journal knows to be left; what dies first comes first."""
        try:
            async for attempt in ledger.uncollected(self._clock.now()):
                while len(self._saves) >= UNDER_WAY:
                    await asyncio.wait(self._saves.values(), return_when=asyncio.FIRST_COMPLETED)
                self._save(cast("Task", attempt.task))  # it has succeeded
        except JournalError as error:
            _log.error("what is left to be collected is not known: %s", error)

    async def _saved(
        self, ledger: Ledger, place: Place, account_name: str, task_id: str, dies: datetime | None
    ) -> None:
        """Save the results of a task, unless that is done; no more than its name is held until its turn has come."""
        custody = self._custody
        try:
            async with custody.turn(dies):
                attempt = await ledger.with_task(account_name, task_id)
            if attempt is None or attempt.task is None or not is_undownloaded(attempt):
                return
            asks = custody.asked_for(attempt)
            task = await custody.saved(attempt.task, place, None, asks=asks, unknown=HOUR, waits_for_room=True)
        except AnymediaError as error:
            _log.error("%s", error)
            return
        except Exception:  # noqa: BLE001 - a fault of ours, which nobody else would see
            _log.exception("the result of task %s of %s is not saved, and can be collected", task_id, account_name)
            return
        self._tell(task)

    def _tell(self, task: Task) -> None:
        if self._on_saved is not None:
            try:
                self._on_saved(task)
            except Exception:  # noqa: BLE001 - it is the caller's own code
                _log.exception("on_saved failed")
