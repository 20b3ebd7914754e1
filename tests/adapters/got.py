"""What the rows of documented answers are written in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Got:
    """An answer of a page, and what it is: `to` is the call that it answers (submit, poll, result, cancel, why).

    `offer` is what was bought, `id` the task, `path` where it was submitted, `age` how many seconds ago; `before` makes
    of a task the one that a look found failed. `is_` names what is decoded, as test_answers reads it.
    """

    name: str
    provider: str
    offer: str
    to: str = "poll"
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=dict)
    body: Any
    id: str = "task-1"
    path: str = ""
    age: float = 300.0
    before: Callable[[Any], Any] | None = None
    is_: dict[str, Any]
