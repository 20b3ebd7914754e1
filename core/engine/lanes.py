"""The rows of a batch that are still to be begun, in lanes that take turns."""

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

import attrs

Lane: TypeAlias = tuple[str, ...]
"""The accounts that a row may go to; none: nothing is to be sent for it."""


@attrs.define
class _Rows:
    """The rows of a lane that wait, how many are under way, and when the lane had its last turn."""

    lane: Lane
    waiting: deque[int] = attrs.field(factory=deque)
    under_way: int = 0
    turn: int = 0
    is_closed: bool = False


class Lanes:
    """Rows by the accounts that they may go to, a lane for each such group of accounts.

    The next row is one of the lane that has the fewest under way: an account that is slow, however many rows it has,
    leaves room for rows that go elsewhere, and where there are none of these it has all the room.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, _Rows] = {}
        self._of: dict[int, _Rows] = {}
        self._turns = 0

    def add(self, lane: Lane, row: int) -> None:
        """Let a row wait behind those of its lane."""
        self._lanes.setdefault(lane, _Rows(lane)).waiting.append(row)

    def next(self, *, bought: bool = False) -> int | None:
        """Return the row that is begun next, which is under way from now on; None where none may be begun.

        With `bought`, it is one for which nothing is to be sent.
        """
        lanes = [each for each in self._lanes.values() if each.waiting and not each.is_closed]
        lanes = [each for each in lanes if not (bought and each.lane)]
        if not lanes:
            return None
        rows = min(lanes, key=lambda each: (each.under_way, each.turn))
        self._turns += 1
        rows.turn, rows.under_way = self._turns, rows.under_way + 1
        row = rows.waiting.popleft()
        self._of[row] = rows
        return row

    def of(self, row: int) -> Lane:
        """Return the lane of a row that is under way."""
        return self._of[row].lane

    def ended(self, row: int) -> None:
        """Take note that a row is no longer under way."""
        self._of.pop(row).under_way -= 1

    def close(self, row: int) -> None:
        """Begin no more rows of the lane of a row that is under way."""
        self._of[row].is_closed = True

    def left(self) -> Iterator[int]:
        """Return the rows that wait, in their order; they wait no longer."""
        rows = sorted(row for each in self._lanes.values() for row in each.waiting)
        for each in self._lanes.values():
            each.waiting.clear()
        return iter(rows)
