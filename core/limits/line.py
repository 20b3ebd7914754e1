"""The line at an account: the requests that have chosen it and still wait for a permit there.

A line is kept short. Whoever finds it full waits in the queue of all that may go to the same accounts, and chooses when
its turn has come: so an account that falls into trouble turns away a few requests, however many there are.
"""

import asyncio

LONGEST = 8
"""The most requests in a line whose account has no connection free."""


class Line:
    """The submits that wait for a permit of one account.

    A request counts until the first of its submits has its permit: from then on it takes turns with whoever comes.
    `shorter` is set when fewer count, and is then replaced by the next event.
    """

    def __init__(self) -> None:
        self.shorter: asyncio.Event = asyncio.Event()
        self._owner_of: dict[object, object] = {}
        self._count: set[object] = set()

    def __len__(self) -> int:
        return len(self._count)

    @property
    def is_empty(self) -> bool:
        """Whether no submit waits here."""
        return not self._owner_of

    def join(self, submit: object, owner: object) -> None:
        """Let a submit of an owner wait here."""
        self._owner_of[submit] = owner
        self._count.add(owner)

    def leave(self, submit: object) -> None:
        """Note that a submit waits no longer: it has its permit, or has given up. It may be told more than once."""
        if submit not in self._owner_of:
            return
        self._count.discard(self._owner_of.pop(submit))
        self.shorter.set()
        self.shorter = asyncio.Event()
