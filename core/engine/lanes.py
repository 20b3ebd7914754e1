"""The rows of a batch that are still to be begun, in lanes that take turns."""

from collections import deque
from collections.abc import Hashable, Iterator

import attrs


@attrs.define
class _Lane:
    """Rows that wait, how many are under way, and when the lane had its last turn."""

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
        self._lanes: dict[Hashable, _Lane] = {}
        self._of: dict[int, _Lane] = {}
        self._turns = 0

    def add(self, lane: Hashable, row: int) -> None:
        """Let a row wait behind those of its lane."""
        self._lanes.setdefault(lane, _Lane()).waiting.append(row)

    def next(self) -> int | None:
        """Return the row that is begun next, which is under way from now on; None where none may be begun."""
        lanes = [lane for lane in self._lanes.values() if lane.waiting and not lane.is_closed]
        if not lanes:
            return None
        lane = min(lanes, key=lambda lane: (lane.under_way, lane.turn))
        self._turns += 1
        lane.turn, lane.under_way = self._turns, lane.under_way + 1
        row = lane.waiting.popleft()
        self._of[row] = lane
        return row

    def ended(self, row: int) -> None:
        """Take note that a row is no longer under way."""
        self._of.pop(row).under_way -= 1

    def close(self, row: int) -> None:
        """Begin no more rows of the lane of a row that is under way."""
        self._of[row].is_closed = True

    def left(self) -> Iterator[int]:
        """Return the rows that wait, in their order; they wait no longer."""
        rows = sorted(row for lane in self._lanes.values() for row in lane.waiting)
        for lane in self._lanes.values():
            lane.waiting.clear()
        return iter(rows)
