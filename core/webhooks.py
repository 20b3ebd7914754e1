"""Receivers of webhooks: an ASGI app (FastAPI, Starlette, Django, uvicorn) and routes for aiohttp, over one client.

Each account has a path of its own below [webhooks] url, and each task a token behind it: POST {url}/{account}/{token};
what a provider posts to an address that was set up by hand comes to POST {url}/{account}. The answer is 200 for what
was taken, also when it came before or too late, 401 for what nothing proves, 503 for what should come again; it says
nothing else. The client has to be used in the event loop that serves.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

import attrs

from .client import Client
from .engine.webhooks import Body, Headers
from .model.errors import AnymediaError, WebhookRefused
from .model.task import Task

if TYPE_CHECKING:
    from aiohttp import web

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TAKEN, NOT_FOUND, NO_METHOD, FAULTY, AGAIN = 200, 404, 405, 500, 503
LATER = "30"
"""Seconds after which what could not be taken may come again."""

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
    try:
        task = await client.receive(account, headers, body, token)
        status = TAKEN
    except WebhookRefused as refused:
        status, error = refused.status or NOT_FOUND, str(refused)
        _log.info("a webhook for %s is refused: %s", account, refused)
    except AnymediaError as fault:
        status, error = AGAIN, str(fault)
        _log.error("a webhook for %s is to come again: %s", account, fault)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the provider is told that it did not arrive
        status, error = FAULTY, type(fault).__name__
        _log.exception("a webhook for %s could not be taken", account)
    if on_delivery is not None:
        try:
            told = on_delivery(Delivery(account=account, status=status, task=task, error=error))
            if isawaitable(told):
                await told
        except Exception:  # noqa: BLE001 - it is the caller's own code
            _log.exception("on_delivery failed")
            return AGAIN
    return status


def asgi(client: Client, on_delivery: OnDelivery | None = None) -> ASGI:
    """Return an ASGI app that takes webhooks: mounted where [webhooks] url leads, or served by itself.

    `on_delivery` is called with each Delivery, and awaited where it is a coroutine function.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            status = NO_METHOD
            if scope["method"] == "POST":
                place = _place(scope, urlsplit(client.config.webhooks or "").path)
                headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
                status = NOT_FOUND
                if place is not None:
                    status = await deliver(client, *place, headers, _pieces(receive), on_delivery)
            answer = [(b"content-length", b"0"), *((name.encode(), value.encode()) for name, value in _more(status))]
            await send({"type": "http.response.start", "status": status, "headers": answer})
            await send({"type": "http.response.body", "body": b""})
        else:
            raise NotImplementedError(f"webhooks come by http, not by {scope['type']}")

    return app


def routes(client: Client, path: str = "", on_delivery: OnDelivery | None = None) -> "list[web.RouteDef]":
    """Return the routes of an aiohttp application that take webhooks, below a path ("": that of [webhooks] url).

    `on_delivery` is called with each Delivery, and awaited where it is a coroutine function.
    """
    from aiohttp import web

    below = (path or urlsplit(client.config.webhooks or "").path).rstrip("/")

    async def take(request: web.Request) -> web.Response:
        account, token = request.match_info["account"], request.match_info.get("token")
        body = request.content.iter_any()
        status = await deliver(client, account, token, list(request.headers.items()), body, on_delivery)
        return web.Response(status=status, headers=dict(_more(status)))

    return [web.post(f"{below}/{{account}}", take), web.post(f"{below}/{{account}}/{{token}}", take)]


def _more(status: int) -> Iterator[tuple[str, str]]:
    if status == AGAIN:
        yield "retry-after", LATER


def _place(scope: Scope, below: str) -> tuple[str, str | None] | None:
    """Return the account and the token of a path; None for a path that names none.

    A server tells the whole path, or that below the place where the app is mounted; a proxy may have cut it as well.
    """
    path = scope["path"]
    for begin in (scope.get("root_path", ""), unquote(below)):
        if begin.strip("/") and (path == begin.rstrip("/") or path.startswith(begin.rstrip("/") + "/")):
            path = path[len(begin.rstrip("/")) :]
    account, _, token = path.strip("/").partition("/")
    return None if not account or "/" in token else (account, token or None)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of a request as it comes. Errors: WebhookRefused when the client goes away."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise WebhookRefused("its sender went away", status=400)
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _lifespan(receive: Receive, send: Send) -> None:
    """Say that there is nothing to begin or to end: the client is the caller's."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
