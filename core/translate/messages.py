"""What comes back: an answer as plain data, or the fact that there was none."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import attrs

from anymedia.declare.endpoint import Credential
from anymedia.model.media import Media
from anymedia.model.strict_json import Json, dumps
from anymedia.model.task import Asset

SLOWEST = 1 << 16
"""Bytes a second that a line sends at least: what takes longer is given up."""


@attrs.frozen
class Into:
    """Where an answer goes that is a file: a folder, and what its name begins with."""

    folder: Path
    name: str


@attrs.frozen
class Stream:
    """A body that is read while it is sent: bytes, and files among them."""

    pieces: tuple[bytes | Media, ...] = attrs.field(repr=False)

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return sum(piece.size if isinstance(piece, Media) else len(piece) for piece in self.pieces)

    def read(self) -> bytes:
        """Return all of it. Errors: Unreadable."""
        return b"".join(piece.read() if isinstance(piece, Media) else piece for piece in self.pieces)


@attrs.frozen(kw_only=True)
class Call:
    """An HTTP request as plain data; the API key is not in it, the transport adds it last.

    `auth` says which credentials those are, none where it goes out without the API key; with `fills` its JSON names
    secrets that are put there last too, and `settings` are those that are put at places of it. `timeout` is in seconds,
    `limit` in bytes of the answer.
    `alone`: it has a connection of its own, never used before, so that no answer but its own can be read there;
    `public`: it goes where an answer said, and so to a public address alone, as result files do.
    `body` are the bytes of `json`, or the `content` that is sent in place of JSON: the same ones however often the call
    is sent. `file`: a good answer may be a file, which goes `into` a folder.
    """

    method: str
    url: str
    auth: tuple[Credential, ...] = ()
    alone: bool = False
    public: bool = False
    file: bool = False
    into: Into | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    json: Json = attrs.field(default=None, hash=False)
    content: bytes | Stream | None = attrs.field(default=None, repr=False)
    fills: bool = False
    settings: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    timeout: float | None = None
    limit: int = 8 << 20
    body: bytes | Stream | None = attrs.field(init=False, repr=False, eq=False)

    @property
    def sending(self) -> float:
        """How many seconds its body may take to be sent, on a slow line."""
        size = self.body.length if isinstance(self.body, Stream) else len(self.body or b"")
        return float(size // SLOWEST)

    @property
    def keyed(self) -> bool:
        """Whether it shows who asks."""
        return bool(self.auth)

    @body.default
    def _written(self) -> bytes | Stream | None:
        return dumps(self.json) if self.content is None and self.json is not None else self.content


@attrs.frozen
class Answer:
    """An HTTP response as plain data; names of headers are in lower case; a `file` on the disk may be its body.

    `took`: the seconds from the call to its end; None for what came without a call, as a webhook does.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    body: bytes = attrs.field(default=b"", repr=False)
    file: Asset | None = None
    took: float | None = None


class Lost(Exception):
    """There is no whole answer.

    `sent`: a byte may have left; `status`: the answer had begun, and was cut; `body` is what of it came before (64 KiB
    at most). `permanent`: another try at once would meet the same fault; `came`: the media type of a whole file that
    is not what was asked for; `of_place`: the storage that was to take it is at fault; `lapsed`: it was not to be sent
    any more just before its first byte.
    """

    def __init__(
        self, why: str, *, sent: bool, status: int | None = None, body: bytes = b"", permanent: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.status = status
        self.body = body
        self.permanent = permanent
        self.came: str | None = None
        self.of_place = False
        self.lapsed = False


class Progress:
    """How far a call has come: whether it is `connected`, so that a byte may have left.

    `stands` is asked just before the first byte, each time that the call is sent: where it says no, nothing is sent.
    """

    def __init__(self) -> None:
        self.connected: bool = False
        self.stands: Callable[[], bool] = always


def always() -> bool:
    """Return True: nothing but its permit decides whether a call is sent."""
    return True


@attrs.frozen
class ToldPrice:
    """What a task costs by an answer, in USD, and since when; `counts` is the field of which each one costs that."""

    usd: Decimal
    date: str
    counts: str | None = None
