"""HTTP requests and responses as plain data: a service takes one and answers the other, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal

from attrs import field, frozen

from .flood import Flood
from .picture import Picture

Body = dict[str, object]
Delivery = Literal["whole", "cut", "reset", "held"]
Clock = Callable[[], float]


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers under lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


@frozen
class Request:
    """An HTTP request; `path` is percent-decoded, header names match in any case."""

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict, converter=lowered)
    body: bytes = b""


@frozen
class Response:
    """An HTTP response.

    `delivery` tells the server how to send it: whole, cut (half the body, under a Content-Length that promises more
    than all of it), reset (the connection is reset instead), held (nothing is sent for `seconds`; None: until
    the client goes away).

    A picture, and a body that is a function, are made when they are sent.
    """

    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    content: bytes | Picture | Flood | Callable[[], bytes] = b""
    delivery: Delivery = "whole"
    seconds: float | None = None

    @property
    def body(self) -> bytes:
        """The bytes; pictures are drawn anew each time, which takes up to a second: not in an event loop."""
        match self.content:
            case Picture():
                return self.content.draw()
            case Flood():
                return b"".join(self.content.chunks())
            case bytes():
                return self.content
            case make:
                return make()


class Refusal(Exception):
    """A provider's no: its HTTP status, its own code and text, and what is wrong with which field."""

    def __init__(
        self, status: int, code: int | str, message: str, fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(message)
        self.status: int = status
        self.code: int | str = code
        self.message: str = message
        self.fields: Mapping[str, list[str]] = fields or {}


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body."""
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode())


def json_object(body: bytes) -> Body | None:
    """The JSON object that a body holds; None when it is anything else (NaN and Infinity are no JSON)."""
    try:
        value: object = json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
