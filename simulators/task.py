"""A piece of work over time: what was ordered, how far it is, how it ended, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from attrs import define, field, frozen

from .message import Body
from .picture import Media, Size

Stage = Literal["queued", "running", "succeeded", "failed", "canceled"]

LASTING: tuple[Media, ...] = ("mp4", "mp3", "wav")
"""What has a length."""


def amount(figure: float | Decimal) -> int | Decimal:
    """An amount as it is counted: whole, or a decimal; of a float, what it is written as."""
    return figure if isinstance(figure, int | Decimal) else Decimal(repr(figure))


@frozen
class Order:
    """A submit that passed: what to make and what it costs in the provider's credits (RunAPI: cents).

    Raises ValueError for a film or a sound of no length, for a sound track or a last frame of what is no film, and for
    a cover of what is no sound.
    """

    wire_id: str
    prompt: str
    size: Size
    """Width and height; (0, 0) of a sound."""
    media: Media
    price: int | Decimal = field(converter=amount)
    count: int = 1
    seconds: float = 0
    """How long a film or a sound lasts."""
    sound: bool = False
    """Whether a film has a sound track."""
    titles: Sequence[str] = ()
    """What the works are called, in turn; one without a title is called by the prompt."""
    last_frame: bool = False
    """Whether the last frame of a film comes with it, as one more result behind the others."""
    covers: bool = False
    """Whether each sound has a cover, a picture; they are results behind the sounds."""
    scope: str = ""
    """The path the order came to, where the provider's tasks live below it."""
    sent: Body = field(factory=dict)
    """The body as it was sent."""
    callback: str = ""
    """Where the caller wants to be told of it."""

    def __attrs_post_init__(self) -> None:
        if (self.media in LASTING) != (self.seconds > 0):
            raise ValueError(f"{self.media} of {self.seconds:g} s: films and sounds have a length, pictures have none")
        if self.media != "mp4" and (self.sound or self.last_frame):
            raise ValueError(f"{self.media}: films alone have a sound track or a last frame")
        if self.covers and self.media not in ("mp3", "wav"):
            raise ValueError(f"{self.media}: sounds alone have covers")

    @property
    def results(self) -> tuple[Media, ...]:
        """What each of the results is."""
        beside: Media = "jpeg"
        return (self.media,) * self.count + (beside,) * (self.count if self.covers else int(self.last_frame))


@frozen
class Failure:
    """How a task fails: the provider's code ("" where it has none) and text.

    `means` is "failed" or "moderated", and by default the name under which it stands; `refunds` is for a failure that
    is given back where others are not, or the other way round.
    """

    code: int | str
    message: str
    means: str = ""
    refunds: bool | None = None


@frozen
class Telling:
    """What goes wrong with what a caller is told of a task: nothing comes, or late, or twice, or backwards."""

    never: bool = False
    late: float = 0.0
    more: int = 0
    reordered: bool = False


@define
class Task:
    """A task; its stage follows from its age, unless it was canceled. `queued` and `running` are in seconds.

    stuck: it never ends; veiled: looks say that it succeeded, and only the call for its result tells that it failed;
    telling: how its caller is told; None: not at all.
    """

    id: str
    order: Order
    created: float
    queued: float
    running: float
    failure: Failure | None = None
    stuck: bool = False
    veiled: bool = False
    canceled: float | None = None
    key: str | None = None
    refunded: int | Decimal = 0
    telling: Telling | None = None

    @property
    def ends(self) -> float:
        """When it is final."""
        if self.canceled is not None:
            return self.canceled
        return float("inf") if self.stuck else self.created + (self.queued + self.running)

    def stage(self, now: float) -> Stage:
        """How far it is."""
        if self.canceled is not None:
            return "canceled"
        if now >= self.ends:
            return "failed" if self.failure else "succeeded"
        return "queued" if now < self.created + self.queued else "running"

    def entry(self, now: float) -> Body:
        """Its line in the bills."""
        return {
            "task_id": self.id,
            "wire_id": self.order.wire_id,
            "charged": self.order.price,
            "refunded": self.refunded,
            "idempotency_key": self.key,
            "state": self.stage(now),
        }
