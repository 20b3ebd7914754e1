"""How results are served: how long, how fast, and how many fetches fail; and how often each result was fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from attrs import Attribute, define, field, frozen

from .faults import Fault
from .work import Work

FAILURES: Sequence[Fault] = (
    Fault("reset_before", "result"),
    Fault("cut_body", "result"),
    Fault("status", "result", 1, {"status": 500, "body": "html"}),
    Fault("status", "result", 1, {"status": 503, "body": "empty"}),
    Fault("html", "result"),
)
"""How a fetch fails; each is as likely as another."""


def _amount(_: object, it: Attribute[Any], value: Any) -> None:
    """Raises ValueError for what is no number of 0 or more; None may stand where it is the default."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    if not is_number and not (value is None and it.default is None):
        raise ValueError(f"{it.name} must be a number of 0 or more, not {value!r}")


@frozen(kw_only=True)
class CDN:
    """How the results of a provider are served.

    `link_life`: for how many seconds links live, whatever the provider's page says (None: for as long as it says);
    `delay`: seconds before the first byte; `rate`: bytes a second (None: as fast as the client takes them);
    `failing`: the share of fetches that fail, from 0 to 1; which of them do, and how, follows from `seed` alone.
    Raises ValueError for what is out of these bounds.
    """

    link_life: float | None = field(default=None, validator=_amount)
    delay: float = field(default=0.0, validator=_amount)
    rate: float | None = field(default=None, validator=_amount)
    failing: float = field(default=0.0, validator=_amount)
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        if self.rate == 0:
            raise ValueError("rate must be more than 0, or None")
        if self.failing > 1:
            raise ValueError(f"failing must be a share from 0 to 1, not {self.failing!r}")

    def failure(self, name: str, number: int) -> Fault | None:
        """What goes wrong with a fetch, by the provider's name and the number of the fetch; None: nothing."""
        chance = Random(f"{self.seed} {name} {number}")  # noqa: S311 - a fault of a test, and no secret
        return chance.choice(FAILURES) if chance.random() < self.failing else None


USUAL = CDN()
"""Links live as long as the page says, and nothing is slow or fails."""


@define
class Served:
    """How often a result was fetched: `fetches` in all, `whole` to its end, `late` after its link had died.

    `sent` counts the bytes of every answer; times are in seconds since 1970, on the clock of the provider.
    """

    task_id: str
    path: str
    work: Work
    expires: float
    fetches: int = 0
    whole: int = 0
    late: int = 0
    sent: int = 0
    first: float = 0.0
    last: float = 0.0

    def begin(self, now: float, expires: float) -> None:
        """Notes that a fetch begins."""
        self.fetches += 1
        self.late += now >= expires
        self.first, self.last = self.first or now, now

    def entry(self) -> dict[str, object]:
        """Its line in the bills."""
        return {
            "task_id": self.task_id,
            "path": self.path,
            "expires": self.expires,
            "fetches": self.fetches,
            "whole": self.whole,
            "late": self.late,
            "bytes": self.sent,
            "first": self.first,
            "last": self.last,
        }
