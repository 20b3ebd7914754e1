"""Step 2: the exact calls, as plain data; pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from anymedia.declare.adapter import Adapter, Endpoint, Numbered, Param, PriceQuote, pick
from anymedia.model.errors import MalformedAnswer
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment, Task
from anymedia.model.urls import permitted

from .check import Checked
from .messages import Call


@attrs.frozen
class Part:
    """What one task of a request will make: its body, how many pictures from which on, and what differs from it."""

    body: Mapping[str, Json] = attrs.field(hash=False)
    count: int = 1
    first: int = 0
    adjustments: tuple[Adjustment, ...] = ()


def parts(checked: Checked, pictures: range | None = None) -> list[Part]:
    """Return the bodies of all tasks that a request, or some pictures of it, take: one a batch of the offer."""
    wanted, batch = pictures or range(checked.request.count or 1), checked.offer.batch
    return [_part(checked, first, min(batch, wanted.stop - first)) for first in wanted[::batch]]


def _part(checked: Checked, first: int, count: int) -> Part:
    request = checked.request
    changes: dict[str, Any] = {} if request.count is None else {"count": count}
    adjustments: tuple[Adjustment, ...] = ()
    if first and request.seed is not None:
        changes["seed"] = request.seed + first
        reason = f"picture {first + 1}: the same seed would make the same picture"
        adjustments = (Adjustment(field="seed", given=request.seed, sent=changes["seed"], reason=reason),)
    return Part(_body(checked, changes), count, first, adjustments)


def _body(checked: Checked, changes: Mapping[str, Any]) -> dict[str, Json]:
    adapter, offer = checked.adapter, checked.offer
    body: dict[str, Json] = {}
    if adapter.submit.model is not None:
        put(body, adapter.submit.model, pick(offer.wire_id, checked.mode))
    for place, value in offer.fixed.items():
        put(body, place, value)
    for field, param in offer.params.items():
        takes = pick(param.takes, checked.mode)
        given = checked.value(field) if param.always_sent else getattr(checked.request, field)
        value = changes.get(field, given)
        if takes is not None and value not in (None, ()) and not _in_query(param):
            put(body, param.to, takes.write(value))
    return merged(body, checked.extra) if checked.extra else body


def put(body: dict[str, Json], to: str | Numbered, value: Json) -> None:
    """Write a value to its place in a body, as Param.to names it."""
    if isinstance(to, Numbered):
        body.update(zip(to.names(len(value)), value, strict=True))
    elif not to:
        body.update(value)
    elif "[]." in to:
        items, _, key = to.partition("[].")
        put(body, items, [{key: element} for element in value])
    else:
        *parents, last = to.split(".")
        for key in parents:
            body = body.setdefault(key, {})
        body[last] = value


def merged(body: Mapping[str, Json], extra: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body with raw fields laid over it, object by object."""
    over = {
        key: merged(body[key], value) if isinstance(value, Mapping) and isinstance(body.get(key), Mapping) else value
        for key, value in extra.items()
    }
    return {**body, **over}


def submit_path(checked: Checked) -> str:
    """Return where an offer's tasks are submitted, with what goes into the query."""
    path = pick(checked.offer.path, checked.mode) or checked.adapter.submit.path or ""
    given = ((param, getattr(checked.request, field)) for field, param in checked.offer.params.items())
    query = {str(param.to)[1:]: value for param, value in given if _in_query(param) and value is not None}
    path = path.replace("{wire_id}", str(pick(checked.offer.wire_id, checked.mode)))
    return path + (f"?{urlencode(query)}" if query else "")


def _in_query(param: Param) -> bool:
    return isinstance(param.to, str) and param.to.startswith("?")


def submit(adapter: Adapter, origin: str, path: str, body: Json, key: str | None) -> Call:
    """Return the call that submits a body; `key` is the idempotency key, for providers that honour one."""
    headers = _headers(body)
    if adapter.idempotency is not None and key is not None:
        headers[adapter.idempotency.header] = key
    endpoint = adapter.submit
    return Call(
        method=endpoint.method,
        url=origin + path,
        headers=headers,
        json=body,
        timeout=endpoint.timeout,
        limit=endpoint.limit,
    )


def follow(endpoint: Endpoint, origin: str, task: Task) -> Call:
    """Return the call that an endpoint makes for a task.

    Errors: MalformedAnswer when the link it needs is missing, or the task leads to where the key may not go.
    """
    url = task.links.get(endpoint.link or "") or _path(endpoint, task)
    url = origin + url if url.startswith("/") else url
    if not permitted(url, origin, endpoint.hosts):
        raise MalformedAnswer(
            f"{task.provider} named no usable {endpoint.link or 'path'} for task {task.id}",
            body=task.raw,
            **facts(task),
        )
    headers = _headers(None)
    return Call(method=endpoint.method, url=url, headers=headers, timeout=endpoint.timeout, limit=endpoint.limit)


def facts(task: Task) -> dict[str, Any]:
    """Return what every error that is about a task says of it."""
    return {"account": task.account, "provider": task.provider, "model": task.model, "task_id": task.id}


def look_up(origin: str, path: str) -> Call:
    """Return the call that reads a path of an account."""
    return Call(method="GET", url=origin + path, headers=_headers(None))


def ask_price(words: PriceQuote, origin: str, checked: Checked, part: Part) -> Call:
    """Return the call that asks what a task would cost, without the key."""
    names = {"wire_id": str(pick(checked.offer.wire_id, checked.mode)), **_named(words.of, submit_path(checked))}
    body = {name: part.body if text == "{body}" else text.format(**names) for name, text in words.body.items()}
    return Call(method="POST", url=origin + words.path, keyed=False, headers=_headers(body), json=body)


def _named(form: str, path: str) -> dict[str, str]:
    """Return the names that a form like "/api/{service}/{action}" finds in a path. Errors: ValueError for none."""
    found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(form)), path.partition("?")[0])
    if found is None:
        raise ValueError(f"the adapter's form {form} is not that of {path}")
    return found.groupdict()


def ask_changes(path: str, origin: str, tag: str | None) -> Call:
    """Return the call that asks whether an origin's prices have changed since they had a tag, without the key."""
    headers = _headers(None) | ({} if tag is None else {"If-None-Match": tag})
    return Call(method="GET", url=origin + path, keyed=False, headers=headers)


_ANY = "surrogatepass"  # the id of a handle that comes from outside may hold what is no text at all


def _path(endpoint: Endpoint, task: Task) -> str:
    path = (endpoint.path or "").format(
        id=quote(task.id, safe="", errors=_ANY), path=task.path.partition("?")[0], wire_id=task.wire_id
    )
    query = {name: value.format(id=task.id) for name, value in endpoint.query.items()}
    return path + (f"?{urlencode(query, errors=_ANY)}" if query else "")


def _headers(body: Json) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    return headers if body is None else headers | {"Content-Type": "application/json"}


def same(parts: Sequence[Part]) -> list[tuple[Part, int]]:
    """Return each different part once, with how often it is sent."""
    different: list[tuple[Part, int]] = []
    for part in parts:
        if different and different[-1][0].body == part.body:
            different[-1] = (different[-1][0], different[-1][1] + 1)
        else:
            different.append((part, 1))
    return different
