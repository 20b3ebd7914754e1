"""What a fault makes of an answer: most of them need nothing that only a provider knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from attrs import evolve

from .faults import Fault
from .film import LastFrame
from .flood import Flood
from .message import Response, json_response
from .picture import Picture
from .sound import Sound
from .work import Work

if TYPE_CHECKING:
    from .service import Service

PAGE = b"<!doctype html><html><head><title>%d</title></head><body><h1>The gateway is not well</h1></body></html>"
MEGABYTE = 1 << 20

A_PICTURE = Picture("", 0.5, "", "", 0, "This is no film", (512, 288), "png")
A_SOUND = Sound("", "", "", 0, "This is no picture", 1.0, "wav")


def spoiled(fault: Fault, response: Response, service: Service) -> Response:
    """The response after the fault; before-faults are given an empty one."""
    if change := MUTATIONS.get(fault.kind):
        hidden = service.id_fields if fault.kind == "without_id" else ()
        headers = {name: value for name, value in response.headers.items() if name not in hidden}
        body = _read(response)
        changed = change(body, fault, service)
        if changed == body:  # a file holds nothing to change, and its headers may
            return response if len(headers) == len(response.headers) else evolve(response, headers=headers)
        return json_response(changed, response.status, headers)
    return SPOILERS[fault.kind](fault, response)


def _read(response: Response) -> object:
    """What an answer says; None where it is no JSON, in which there is nothing to change."""
    try:
        return cast(object, json.loads(response.body))
    except ValueError:
        return None


def html(status: int) -> Response:
    """A page as gateways send it."""
    return Response(status, {"Content-Type": "text/html; charset=utf-8"}, PAGE % status)


def text(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Any text as a body; it goes out as JSON unless the headers say otherwise."""
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body.encode("utf-8", "replace"))


def _status(fault: Fault, _: Response) -> Response:
    status = fault.number("http_status", fault.number("status", 500))
    match fault.text("body", "json"):
        case "html":
            response = html(status)
        case "empty":
            response = Response(status)
        case body:
            response = text(body, status)
    after = {"Retry-After": fault.text("retry_after", "")} if "retry_after" in fault.options else {}
    return evolve(response, headers={**response.headers, **after})


def _raw(fault: Fault, _: Response) -> Response:
    headers = cast("dict[str, str]", fault.options.get("headers", {}))
    return text(fault.text("body", ""), fault.number("status", 200), headers)


def _redirect(fault: Fault, _: Response) -> Response:
    return Response(fault.number("status", 307), {"Location": fault.text("location", "/")})


def _reset(_: Fault, response: Response) -> Response:
    return evolve(response, delivery="reset")


def _held(fault: Fault, response: Response) -> Response:
    return evolve(response, delivery="held", seconds=fault.seconds())


def _cut(_: Fault, response: Response) -> Response:
    return evolve(response, delivery="cut")


def _cut_json(_: Fault, response: Response) -> Response:
    return evolve(response, content=response.body[: len(response.body) * 2 // 3])


def _not_json(_: Fault, response: Response) -> Response:
    return evolve(response, content=b"It is done.")


def _html(_: Fault, response: Response) -> Response:
    return html(response.status)


def _other_media(_: Fault, response: Response) -> Response:
    """A sound in place of a picture, a picture in place of all else, under the headers of the true file."""
    is_picture = isinstance(response.content, Picture | LastFrame)
    return evolve(response, content=A_SOUND if is_picture else A_PICTURE)


def _flood(fault: Fault, response: Response) -> Response:
    """The true answer, swollen: the JSON with one more, long field, or the file with a long tail."""
    gzipped = fault.kind == "gzip_bomb"
    size = fault.number("bytes", 1000 * MEGABYTE if gzipped else 50 * MEGABYTE)
    headers = {**response.headers, **({"Content-Encoding": "gzip"} if gzipped else {})}
    head: bytes | Work = response.content if isinstance(response.content, Work) else b""
    tail = b""
    if response.headers.get("Content-Type") == "application/json":
        head, tail = response.body.rstrip()[:-1] + b', "padding": "', b'"}'
    tells = bool(fault.options.get("length", False))
    return evolve(response, headers=headers, content=Flood(size, head, tail, gzipped, tells))


def _without_id(body: object, fault: Fault, service: Service) -> object:
    if not isinstance(body, dict):
        return body
    kept = {name: value for name, value in body.items() if name not in service.id_fields}
    return {name: _without_id(value, fault, service) for name, value in kept.items()}


def _unknown_state(body: object, fault: Fault, service: Service) -> object:
    if not isinstance(body, dict):
        return body
    word, names = fault.text("word", "simmering"), service.state_fields
    return {name: word if name in names else _unknown_state(value, fault, service) for name, value in body.items()}


def _unknown_fields(body: object, fault: Fault, service: Service) -> object:
    if not isinstance(body, dict):
        return body
    fields = {name: _unknown_fields(value, fault, service) for name, value in body.items()}
    return {**fields, "novelty": {"seen": [1, None]}}


def _wrong_types(body: object, fault: Fault, service: Service) -> object:
    match body:
        case dict():
            return {name: _wrong_types(value, fault, service) for name, value in body.items()}
        case str():
            return [body]
        case list() | None:
            return {}
        case _:
            return str(body)


SPOILERS: dict[str, Callable[[Fault, Response], Response]] = {
    "status": _status,
    "raw": _raw,
    "redirect": _redirect,
    "reset_before": _reset,
    "reset_after": _reset,
    "no_answer": _held,
    "cut_body": _cut,
    "cut_json": _cut_json,
    "not_json": _not_json,
    "html": _html,
    "other_media": _other_media,
    "huge": _flood,
    "gzip_bomb": _flood,
}

MUTATIONS: dict[str, Callable[[object, Fault, Service], object]] = {
    "without_id": _without_id,
    "unknown_state": _unknown_state,
    "unknown_fields": _unknown_fields,
    "wrong_types": _wrong_types,
}
"""The faults that change what the JSON says, and leave it JSON."""
