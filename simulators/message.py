"""HTTP requests and responses as plain data: a service takes one and answers the other, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, get_args

from attrs import field, frozen

from .cdn import Served
from .flood import Flood
from .inputs import Fetched
from .multipart import Part, is_form, parts
from .work import Work

Body = dict[str, object]
Delivery = Literal["whole", "cut", "reset", "held", "late"]
Clock = Callable[[], float]


class Sent(dict[str, Any]):
    """An object of a request, which remembers in `noted` the keys that were read: one by one, not by going over them.

    What leaves something out of an object shares its `noted`: reading the one is reading the other.
    """

    def __init__(self, values: Mapping[str, Any], noted: set[str] | None = None) -> None:
        super().__init__(values)
        self.noted: set[str] = set() if noted is None else noted

    def __getitem__(self, key: str) -> Any:
        self.noted.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.noted.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict does."""
        self.noted.add(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        """As a dict does."""
        self.noted.add(key)
        return super().pop(key, *default)

    def given(self) -> Sent:
        """The keys that are not null; what is read of them is read of this object."""
        return Sent({name: value for name, value in self.items() if value is not None}, self.noted)

    def unread(self) -> Iterator[str]:
        """The keys that nobody has read, each with the way to it: input.prompt, images[].url."""
        for name, value in self.items():
            if name not in self.noted:
                yield name
                continue
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Sent):
                    yield from (f"{name}{'[]' * isinstance(value, list)}.{each}" for each in inner.unread())


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers under lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


@frozen(slots=False)
class Request:
    """An HTTP request; `path` is percent-decoded, header names match in any case.

    `fetched` is what was found at the links that an earlier answer to it wanted; None: it comes for the first time.
    """

    method: str
    path: str
    query: Sent = field(factory=lambda: Sent({}), converter=Sent)
    headers: Mapping[str, str] = field(factory=dict, converter=lowered)
    body: bytes = b""
    fetched: Mapping[str, Fetched] | None = None

    @cached_property
    def object(self) -> Sent | None:
        """The JSON object of the body; None when it is anything else (NaN and Infinity are no JSON)."""
        try:
            value: object = json.loads(self.body.decode(), parse_constant=_refuse, object_hook=Sent)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, Sent) else None

    @cached_property
    def form(self) -> Sent | None:
        """The fields of a form: texts, and files as `Part`; a list where a field stands there more than once.

        None when the body is no form with parts, or a broken one.
        """
        found = parts(self.headers.get("content-type", ""), self.body)
        if found is None:
            return None
        fields: dict[str, list[str | Part]] = {}
        for part in found:
            text = part.content.decode("utf-8", "replace") if part.filename is None else part
            fields.setdefault(part.field, []).append(text)
        return Sent({name: values[0] if len(values) == 1 else values for name, values in fields.items()})

    def unread(self) -> Iterator[str]:
        """What was sent, and nobody has read: names of the query, keys of the body, fields of a form."""
        yield from (f"?{name}" for name in self.query.unread())
        sent = self.form if is_form(self.headers.get("content-type", "")) else self.object
        yield from () if sent is None else sent.unread()


@frozen
class Response:
    """An HTTP response.

    `delivery` tells the server how to send it: whole, cut (half the body, under a Content-Length that promises more
    than all of it), reset (the connection is reset instead), held (nothing is sent for `seconds`, and
    then the connection is reset; None: until the client goes away), late (all of it, after `seconds`).

    A work (a picture, a film, a sound), and a body that is a function, are made when they are sent.

    `delay` are seconds before the first byte, and `rate` bytes a second (None: as fast as they are taken); `served` is
    the result that is fetched, whose bytes the server counts.

    `wanted` are links on this machine without which there is no answer yet: fetch them, and ask again with the same
    request and what was found as its `fetched`.
    """

    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    content: bytes | Work | Flood | Callable[[], bytes] = b""
    delivery: Delivery = "whole"
    seconds: float | None = None
    wanted: Sequence[str] = ()
    delay: float = 0.0
    rate: float | None = None
    served: Served | None = None

    @property
    def body(self) -> bytes:
        """The bytes; works are drawn anew each time, which takes up to some seconds: not in an event loop."""
        match self.content:
            case Work():
                return self.content.draw()
            case Flood():
                return b"".join(self.content.chunks())
            case bytes():
                return self.content
            case make:
                return make()


class Refusal(Exception):
    """A provider's no: its HTTP status, its own code and text, what is wrong with which field, the seconds to wait."""

    def __init__(
        self,
        status: int,
        code: int | str,
        message: str,
        fields: Mapping[str, list[str]] | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status: int = status
        self.code: int | str = code
        self.message: str = message
        self.fields: Mapping[str, list[str]] = fields or {}
        self.retry_after: int | None = retry_after


Meaning = Literal[
    "unauthorised", "no_credit", "throttled", "not_found", "rejected", "moderated", "unavailable", "unsure"
]
"""What a provider's no means to a submit: of "unavailable" nothing was begun, of "unsure" something may have been."""


@frozen
class Error:
    """A documented error: what it means, its HTTP status, the body's own code, its text."""

    means: Meaning = field()
    status: int
    code: int | str
    message: str

    @means.validator
    def _known(self, _: object, means: str) -> None:
        if means not in get_args(Meaning):
            raise ValueError(f"an Error means one of {', '.join(get_args(Meaning))}, not {means!r}")


def moment(seconds: float) -> str:
    """A time in ISO 8601, of UTC, with a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body."""
    written = json.dumps(body, default=_amount)
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, written.encode())


def _amount(value: object) -> int | str:
    """An amount as JSON has it: a whole number, or the text of a decimal."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return int(value) if value == value.to_integral_value() else str(value)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
