"""The words for what a provider posts to its callers, and what is still to be posted. Pure: it opens no socket."""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from uuid import uuid4

from attrs import Factory, define, field, frozen

from .message import Response
from .task import Task

MOST_WAITING = 10_000
"""What is still to be posted that is kept; what comes on top of it is never posted."""


@frozen
class Webhook:
    """How a provider posts: signed with a setting, and how often it tries.

    `secret` is the setting that the signature is made with; "" where there is no signature, or another kind of key.
    `pauses` are the seconds before each further try of what nobody answered with a 2xx, `within` those in which an
    answer has to come.
    """

    secret: str = ""
    pauses: Sequence[float] = ()
    within: float = 10.0


@frozen
class Moment:
    """A time at which a caller is told of a task, what the provider calls it, and whether it is tried again."""

    at: float
    event: str = ""
    again: bool = True


@define(eq=False)
class Delivery:
    """What a caller is told once: posted, and posted again until it was answered.

    `due` is when it is posted next, `tries` how often it was; `more` is how often it is posted although it was
    answered. The body is the same each time.
    """

    task: Task
    moment: Moment
    due: float
    more: int = 0
    forged: bool = False
    tries: int = 0
    id: str = Factory(lambda: str(uuid4()))
    said: Response | None = None


def signature(delivery: Delivery, stamp: str, body: bytes, key: str) -> str:
    """What Standard Webhooks sign: the id, which a resend keeps, the time and the body; key and text are base64."""
    over = f"{delivery.id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.digest(base64.b64decode(key), over, hashlib.sha256)).decode()


@frozen
class Post:
    """One try: a POST of a body to an address, which has so many seconds for an answer."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    within: float
    delivery: Delivery = field(repr=False)


class Deliveries:
    """What is still to be posted, by the time at which it is due; of one task one at a time, in this order."""

    def __init__(self) -> None:
        self.asked: int = 0
        self.sent: int = 0
        self.answered: int = 0
        self.elsewhere: int = 0
        self.dropped: int = 0
        self._numbers: Iterator[int] = count()
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._behind: dict[str, list[tuple[float, int, Delivery]]] = {}
        """By task of which something is being posted: what comes after it."""

    def __len__(self) -> int:
        return len(self._waiting) + sum(map(len, self._behind.values()))

    def add(self, new: Delivery) -> None:
        """Keeps what is to be posted; what is never due is not kept."""
        if new.due == float("inf"):
            return
        if len(self) >= MOST_WAITING:
            self.dropped += 1
        else:
            heapq.heappush(self._waiting, (new.due, next(self._numbers), new))

    def take(self, now: float, most: int) -> list[Delivery]:
        """What is due, and of a task of which nothing is being posted: `most` at most, each taken once."""
        taken: list[Delivery] = []
        while self._waiting and self._waiting[0][0] <= now and len(taken) < most:
            entry = heapq.heappop(self._waiting)
            if (behind := self._behind.get(entry[2].task.id)) is not None:
                behind.append(entry)
            else:
                self._behind[entry[2].task.id] = []
                taken.append(entry[2])
        return taken

    def done(self, taken: Delivery) -> None:
        """Lets go what waits behind one that was posted."""
        for entry in self._behind.pop(taken.task.id):
            heapq.heappush(self._waiting, entry)

    def drop(self, task: Task) -> None:
        """Forgets what is to be posted of a task, but for what is being posted."""
        self._waiting = [entry for entry in self._waiting if entry[2].task is not task]
        heapq.heapify(self._waiting)
        if behind := self._behind.get(task.id):
            behind.clear()

    def bill(self) -> dict[str, int]:
        """Tasks whose caller wants to be told, what was posted, what was answered with a 2xx, what still waits.

        `elsewhere` are tasks whose callers are not on this machine, `dropped` is what was too much to be kept.
        """
        counts = {name: getattr(self, name) for name in ("asked", "sent", "answered", "elsewhere", "dropped")}
        return {**counts, "waiting": len(self)}
