"""Receivers of webhooks: an ASGI app (FastAPI, Starlette, Django, uvicorn) and routes for aiohttp, over one client.

Each account has a path of its own below [webhooks] url, and each task a token behind it: POST {url}/{account}/{token};
what a provider posts to an address that was set up by hand comes to POST {url}/{account}. The answer is 200 for what
was taken, also when it came before or too late, 401 for what nothing proves, 503 for what should come again; it has no
body. The client has to be used in the event loop that serves.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Container, MutableMapping
from contextlib import suppress
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from urllib.parse import quote, unquote, urlsplit

import attrs

from .account import TOKEN
from .client import Client, Where
from .engine.webhooks import Body, Headers
from .model.errors import AnymediaError, ConfigError, WebhookRefused
from .model.plain import one_line
from .model.task import Task

if TYPE_CHECKING:
    from aiohttp import web

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
OnSaved: TypeAlias = Callable[[Task], None]

TAKEN, BROKEN, UNPROVEN, NOT_FOUND, NO_METHOD, FAULTY, AGAIN = 200, 400, 401, 404, 405, 500, 503
MORE = {NO_METHOD: {"allow": "POST"}, AGAIN: {"retry-after": "30"}}
"""The headers of an answer, by its status."""

_TOKEN = re.compile(rf"[0-9a-f]{{{len(TOKEN)}}}")

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class Delivery:
    """One webhook that came in: for which account, what it was answered, and the task that it is about, as it stands.

    `task` is None for one that no attempt has, and where `error` says why it was not taken.
    """

    account: str
    status: int
    task: Task | None = None
    error: str | None = None


class OnDelivery(Protocol):
    """What is told of each webhook before it is answered; where it raises, the webhook is to come again."""

    def __call__(self, delivery: Delivery, /) -> Awaitable[None] | None:
        """Take note of a delivery."""


class ASGI(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
        """Serve one connection."""


async def deliver(
    client: Client, account: str, token: str | None, headers: Headers, body: Body, on_delivery: OnDelivery | None = None
) -> int:
    """Hand a webhook to a client, and return the HTTP status that it is answered with."""
    task = error = None
    name = one_line(account)  # it is what anybody may have written
    try:
        task = await client.receive(account, headers, body, token)
        status = TAKEN
    except WebhookRefused as refused:
        status, error = refused.status or UNPROVEN, str(refused)
    except AnymediaError as fault:
        status, error = AGAIN, str(fault)
        _log.error("a webhook for %s is to come again: %s", name, type(fault).__name__)  # its text may be a provider's
    except Exception as fault:  # noqa: BLE001 - whatever it is, the provider is told that it did not arrive
        status, error = FAULTY, type(fault).__name__
        _log.exception("a webhook for %s could not be taken", name)
    if on_delivery is None:
        return status
    try:
        told = on_delivery(Delivery(account=account, status=status, task=task, error=error))
        if isawaitable(told):
            await told
    except Exception:  # noqa: BLE001 - it is the caller's own code
        _log.exception("on_delivery failed")
        return AGAIN if status == TAKEN else status
    return status


def asgi(
    client: Client,
    on_delivery: OnDelivery | None = None,
    where: Where | Literal[False] = None,
    *,
    on_saved: OnSaved | None = None,
) -> ASGI:
    """Return an ASGI app that takes webhooks: mounted where [webhooks] url leads, or served by itself.

    `on_delivery` is called with each Delivery, and awaited where it is a coroutine function. Results that webhooks tell
    of, and those that were left before, are saved in the background, as by `Client.collect_in_background`: in `where`,
    or (None) in the configured storage where its `results` are on. `on_saved` is called with each task that is saved.
    Errors: ConfigError for a place that is none.
    """

    _check(client, on_delivery)
    begin = _collecting(client, where, on_saved)

    async def status_of(scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            return NO_METHOD
        if (place := _place(scope, client.config.accounts)) is None:
            return NOT_FOUND
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        begin()
        return await deliver(client, *place, headers, _received(receive), on_delivery)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, begin)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            status = await status_of(scope, receive)
            with suppress(OSError):  # its sender may be gone
                await _answer(send, status)
        else:
            # ASGI has an app refuse what it does not know.
            raise ValueError(f"webhooks come by http, not by {scope['type']}")

    return app


def routes(
    client: Client,
    path: str = "",
    on_delivery: OnDelivery | None = None,
    where: Where | Literal[False] = None,
    *,
    on_saved: OnSaved | None = None,
) -> "list[web.RouteDef]":
    """Return the routes of an aiohttp application that take webhooks, below a path ("": that of [webhooks] url).

    The others are as with `asgi`. Errors: ConfigError without a path, and for a place that is none.
    """
    from aiohttp import web

    _check(client, on_delivery)
    if not path and client.config.webhooks is None:
        raise ConfigError("say below which path webhooks come: the configuration has no [webhooks] url")
    below = (path or urlsplit(client.config.webhooks or "").path).rstrip("/")
    begin = _collecting(client, where, on_saved)

    async def body(request: web.Request) -> AsyncIterator[bytes]:
        try:
            async for piece in request.content.iter_any():
                yield piece
        except (OSError, web.RequestPayloadError):
            raise _gone() from None

    async def take(request: web.Request) -> web.Response:
        begin()
        account, token = request.match_info["account"], request.match_info.get("token")
        status = await deliver(client, account, token, [*request.headers.items()], body(request), on_delivery)
        return web.Response(status=status, headers=MORE.get(status))

    return [web.post(f"{below}/{{account}}", take), web.post(f"{below}/{{account}}/{{token}}", take)]


def _collecting(client: Client, where: Where | Literal[False], on_saved: OnSaved | None) -> Callable[[], None]:
    """Return what has a client save in the background, once; it is called at once where an event loop runs already.

    Errors: ConfigError for a place that is none.
    """
    storage = client.config.storage
    asked = where is not None or on_saved is not None or (storage is not None and storage.results)
    if where:
        client._place(where)  # noqa: SLF001 - told where the receiver is made, and not once something comes
    has_begun = False

    def begin() -> None:
        nonlocal has_begun
        if asked and not has_begun:
            has_begun = True
            client.collect_in_background(where, on_saved=on_saved)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return begin  # by what comes first
    begin()
    return begin


def _check(client: object, on_delivery: object) -> None:
    """Refuse what could not take any webhook. Errors: TypeError."""
    if not iscoroutinefunction(getattr(client, "receive", None)):
        raise TypeError(f"a Client is needed, which lives in the event loop that serves, not {type(client).__name__}")
    if on_delivery is not None and not callable(on_delivery):
        raise TypeError(f"on_delivery: a function is needed, not {type(on_delivery).__name__}")


def _place(scope: Scope, accounts: Container[str]) -> tuple[str, str | None] | None:
    """Return the account and the token at the end of a path; None for a path that names none.

    What stands before them does not matter: servers and proxies keep it, or cut all or some of it.
    """
    path = scope.get("raw_path") or quote(scope["path"], errors="replace").encode()
    parts = [unquote(part) for part in path.decode("latin-1").split("/") if part]
    has_token = len(parts) > 1 and (
        _TOKEN.fullmatch(parts[-1]) or (parts[-2] in accounts and parts[-1] not in accounts)
    )
    token = parts.pop() if has_token else None
    return (parts[-1], token) if parts else None


async def _received(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of a request as it comes. Errors: WebhookRefused when its sender goes away."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _gone()
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _answer(send: Send, status: int) -> None:
    headers = {"content-length": "0", **MORE.get(status, {})}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": b""})


async def _lifespan(receive: Receive, send: Send, begin: Callable[[], None]) -> None:
    """Begin; there is nothing to end: the client is the caller's."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        begin()
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def _gone() -> WebhookRefused:
    return WebhookRefused("its body does not come to its end", status=BROKEN)
