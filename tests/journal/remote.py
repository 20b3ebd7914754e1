"""A journal in memory that behaves as one on another machine does: it is away at times, and its lease can run out."""

from functools import partialmethod
from uuid import uuid4

from anymedia import JournalError
from anymedia.journal import MemoryJournal

ASKED = ("check", "intend", "write", "select", "moved", "durations", "unknown", "sums", "count", "dead", "forget")


class Remote(MemoryJournal):
    """A journal that `is_away` while a test says so; `asked` counts how often it was asked meanwhile.

    With `tells`, the first write after its lease ran out is refused, and says so.
    """

    def __init__(self, folder, memory=None):
        super().__init__(memory)
        self.folder = folder
        self.is_away = False
        self.has_lapsed = False
        self.tells = False
        self.asked = 0

    @property
    def spool(self):
        return self.folder

    def stands(self, owner):
        return owner == self._owner and not self.has_lapsed

    def lapse(self, *, renewed):
        """Let the lease run out; `renewed` says whether the journal has another owner at once, or at its next write."""
        self.memory.owners[self._owner] = False
        self.has_lapsed = not renewed
        self._owner = uuid4().hex

    def put(self, change):
        if not self.is_away:
            super().put(change)

    async def claim(self, key, holder):
        return await self._ask("claim", key, holder)

    async def _ask(self, name, *asked, **more):
        if self.is_away:
            self.asked += 1
            raise JournalError("the journal does not answer; nothing is bought until it does", away=True)
        if name in ("check", "intend") and self.has_lapsed:
            self.has_lapsed = False
            if self.tells:
                raise JournalError("its lease ran out", lapsed=True)
        return await getattr(super(), name)(*asked, **more)


for name in ASKED:
    setattr(Remote, name, partialmethod(Remote._ask, name))
