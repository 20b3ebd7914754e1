"""The line at an account: the requests that have chosen it and still wait for a permit there.

A line is kept short. Whoever finds it full waits in the queue of all that may go to the same accounts, and chooses when
its turn has come: so an account that falls into trouble turns away a few requests, however many there are.
"""

import asyncio
from collections import Counter

LONGEST = 8
"""The most requests in a line whose account has no connection free."""


class Line:
    """The submits that wait for a permit of one account; those of one request count as one.

    `shorter` is set when the line becomes shorter, and is then replaced by the next event.
    """

    def __init__(self) -> None:
        self.shorter: asyncio.Event = asyncio.Event()
        self._owner_of: dict[object, object] = {}
        self._submits: Counter[object] = Counter()

    def __len__(self) -> int:
        return len(self._submits)

    def join(self, submit: object, owner: object) -> None:
        """Let a submit of an owner wait here."""
        self._owner_of[submit] = owner
        self._submits[owner] += 1

    def leave(self, submit: object) -> None:
        """Note that a submit waits no longer: it has its permit, or has given up. It may be told more than once."""
        if submit not in self._owner_of:
            return
        owner = self._owner_of.pop(submit)
        self._submits[owner] -= 1
        if not self._submits[owner]:
            del self._submits[owner]
            self.shorter.set()
            self.shorter = asyncio.Event()
