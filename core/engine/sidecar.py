"""What stands beside a saved result on request: where it comes from and what it is, as JSON."""

import hashlib
from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from anymedia.journal.ledger import Ledger
from anymedia.model.codec import to_json
from anymedia.model.errors import JournalError, OutOfBounds
from anymedia.model.strict_json import Json, dumps
from anymedia.model.task import Asset, Attempt, Task
from anymedia.model.urls import unsigned
from anymedia.translate.callback import without_token

Sidecar: TypeAlias = bool | Literal["request"]
"""Whether one is written: with the digest of the request, or with the request itself."""


@attrs.frozen
class Sidecars:
    """The texts of sidecars; `whole`: they hold the request itself, where prompts are kept."""

    attempts: Sequence[Attempt]
    ledger: Ledger | None
    whole: bool

    async def text(self, task: Task, number: int, asset: Asset, *, c2pa: bool) -> bytes:
        """Return what is written beside an asset of a task; `c2pa`: its file carries such a mark."""
        attempt = await self._attempt(task)
        # Who reads it may not be who may fetch what was put in.
        body = None if attempt is None else unsigned(without_token(attempt))
        known: dict[str, Json] = {
            **{name: getattr(task, name) for name in ("provider", "account", "offer", "model", "wire_id")},
            "task": task.id,
            "number": number + 1,
            **{name: getattr(asset, name) for name in ("kind", "role", "title")},
            "submitted_at": task.submitted_at.isoformat(),
            "labels": dict(task.labels),
            "request_sha256": None if body is None else hashlib.sha256(dumps(body)).hexdigest(),
            **({"request": body} if self.whole else {}),
            **{name: getattr(asset, name) for name in ("media_type", "width", "height", "seconds", "length", "sha256")},
            "c2pa": c2pa,
        }
        return dumps(to_json(known)) + b"\n"

    async def _attempt(self, task: Task) -> Attempt | None:
        """Return the attempt that a task comes from, where somebody still knows it."""
        for attempt in self.attempts:
            if attempt.task is not None and (attempt.task.account, attempt.task.id) == (task.account, task.id):
                return attempt
        try:
            return None if self.ledger is None else await self.ledger.find(task.id)
        except (OutOfBounds, JournalError):
            return None
