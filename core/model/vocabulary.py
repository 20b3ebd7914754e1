"""The fixed words: one word for one thing, at every provider."""

from enum import StrEnum
from typing import Literal, TypeAlias

AssetRole: TypeAlias = Literal["main", "cover", "last_frame"]
"""What a result is of the work: the work itself, or a picture beside it."""


class Kind(StrEnum):
    """What is made: each kind has a request type of its own."""

    IMAGE = "image"
    VIDEO = "video"
    MUSIC = "music"
    SPEECH = "speech"

    @property
    def medium(self) -> str:
        """What a result of this kind is as a file: image, video or audio."""
        return "audio" if self in (Kind.MUSIC, Kind.SPEECH) else str(self)

    @property
    def work(self) -> str:
        """What one work of this kind is called: picture, clip, song or recording."""
        return _WORKS[self]


_WORKS = {Kind.IMAGE: "picture", Kind.VIDEO: "clip", Kind.MUSIC: "song", Kind.SPEECH: "recording"}


class State(StrEnum):
    """Where a task stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in _GOING_ON


_GOING_ON = (State.QUEUED, State.RUNNING)


class Refund(StrEnum):
    """Whether a provider gives the price of a failed task back."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Where trying again makes sense."""

    SAME = "same"
    ELSEWHERE = "elsewhere"
    NEVER = "never"


class Billed(StrEnum):
    """Whether the call that ended in an error was billed."""

    NO = "no"
    LIKELY = "likely"
    YES = "yes"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a submit ended; docs/money-safety.md says what follows from each."""

    NOT_SENT = "not sent"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    ACCEPTED_WITHOUT_ID = "accepted without id"
    UNCERTAIN = "uncertain"

    @property
    def may_be_billed(self) -> bool:
        """Whether the submit was billed, or may have been."""
        return self not in (Outcome.NOT_SENT, Outcome.REFUSED)


class Cause(StrEnum):
    """Why a provider refused or a task failed: the same word at every provider."""

    BAD_API_KEY = "bad_api_key"
    NO_CREDIT = "no_credit"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    FAILED = "failed"
