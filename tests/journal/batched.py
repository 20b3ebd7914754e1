"""What test_kill_rows.py kills: a batch, by the client or by the command line; each step is a line on stdout.

Some steps are the middle of others: of a write, between a file's last byte and its name, between its name and its line
in the journal. The process dies there by itself where it is told so, at this very moment; elsewhere its parent kills it.
"""

import os
import signal
from collections import Counter

from kill import say


class Steps:
    """Tells of each step, and dies at the nth of one where that is asked for."""

    def __init__(self, dies):
        self._what, self._at = dies or (None, 0)
        self._counts = Counter()

    def tell(self, what, *words):
        self._counts[what] += 1
        if what == self._what and self._counts[what] == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        say(what, *words)

    def around(self, owner, name, *, before=None, after=None):
        """Have a method of a class tell that it begins and that it is over."""
        method, is_async = getattr(owner, name), before_async(getattr(owner, name))

        def told(*given, **named):
            if before:
                self.tell(before)
            came = method(*given, **named)
            if after:
                self.tell(after)
            return came

        async def told_later(*given, **named):
            if before:
                self.tell(before)
            came = await method(*given, **named)
            if after:
                self.tell(after)
            return came

        setattr(owner, name, told_later if is_async else told)
