"""A small service that answers at once, and hears from the provider when the picture is done.

    python examples/webhook_service.py                             # at simulators, which post to it, for nothing
    python examples/webhook_service.py --asgi                      # the same as an ASGI app (uvicorn and starlette)
    python examples/webhook_service.py --config anymedia.toml      # at your accounts: this costs money
    curl -H 'Idempotency-Key: order-17' -d '{"prompt": "a lighthouse"}' http://127.0.0.1:8080/pictures

A submit is answered with 202 and a handle, which any process can wait for. Webhooks make it quick, and looks make it
sure: a task whose webhook never comes is looked at as it would be without one. What was under way when the service
ended is taken up when it begins again.
"""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from anymedia import AnymediaError, Client, ImageRequest, SubmitUncertain, Task, from_json, load_config, read_config
from anymedia.errors import OutOfBounds, RequestError
from anymedia.simulators import running
from anymedia.webhooks import asgi, routes

MAX_PRICE = "0.10"
TIMEOUT = 600.0
"""Seconds after which a picture is no longer waited for; the next start of the service takes it up again."""

DEFAULTS = {"model": "flux-2-pro", "resolution": "1K"}
FIELDS = {"prompt", "aspect_ratio", *DEFAULTS}

Answer: TypeAlias = tuple[int, dict[str, Any]]


class Pictures:
    """What the service does, whatever serves it: pictures that are under way, and those that are done."""

    def __init__(self, client: Client, out: Path) -> None:
        self.client = client
        self.out = out
        self.under_way: set[asyncio.Task[None]] = set()

    async def submit(self, wanted: Any, key: str | None) -> Answer:
        """Buy a picture, once under a key, and answer with the handle of its task."""
        if not isinstance(wanted, dict) or not wanted.keys() <= FIELDS:
            return 422, {"error": f"the body must be a JSON object of {', '.join(sorted(FIELDS))}"}
        try:
            request = from_json(ImageRequest, DEFAULTS | wanted)
            task = await self.client.submit(request, policy="cheapest", max_price=MAX_PRICE, idempotency_key=key)
        except AnymediaError as error:
            return status(error), {"error": str(error)}
        self.follow(task)
        return 202, {"id": task.id, "handle": self.client.handle(task)}

    async def look(self, name: str) -> Answer:
        """Answer with how a picture stands, without asking the provider."""
        try:
            task = (await self.client.find(name)).task
        except OutOfBounds:
            return 404, {"error": "there is no such picture"}
        if task is None or not task.state.final:
            return 202, {"state": "submitted" if task is None else str(task.state)}
        files = [f"/files/{asset.path.name}" for asset in task.assets if asset.path is not None]
        return 200, {"state": str(task.state), "pictures": files}

    def follow(self, task: Task) -> None:
        """Fetch a picture once it is done: the webhook ends the wait, or a look does."""
        following = asyncio.create_task(self._fetched(task))
        self.under_way.add(following)
        following.add_done_callback(self.under_way.discard)

    async def _fetched(self, task: Task) -> None:
        try:
            await self.client.download(await self.client.wait(task, TIMEOUT), self.out)
        except AnymediaError as error:
            print(f"{task.id}: {error}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take up what an earlier process left, and wait in the end for what is under way."""
        self.out.mkdir(parents=True, exist_ok=True)
        async with self.client:
            left = asyncio.create_task(self.client.recover(self.out, timeout=TIMEOUT))
            try:
                yield
            finally:
                for following in (left, *self.under_way):
                    following.cancel()  # the journal has it, and the next start takes it up
                await asyncio.gather(left, *self.under_way, return_exceptions=True)


def status(error: AnymediaError) -> int:
    """Return the HTTP status of an error of a submit."""
    if isinstance(error, SubmitUncertain):
        return 502
    return 422 if isinstance(error, RequestError) else 503


def on_aiohttp(pictures: Pictures) -> web.Application:
    """Return the service as an aiohttp application."""

    async def submit(request: web.Request) -> web.Response:
        number, said = await pictures.submit(await _read(request), request.headers.get("Idempotency-Key"))
        return web.json_response(said, status=number, headers=_where(said))

    async def look(request: web.Request) -> web.Response:
        number, said = await pictures.look(request.match_info["name"])
        return web.json_response(said, status=number)

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with pictures.running():
            yield

    app = web.Application()
    app.add_routes([web.post("/pictures", submit), web.get("/pictures/{name}", look), *routes(pictures.client)])
    app.cleanup_ctx.append(life)
    return app


def on_asgi(pictures: Pictures) -> Any:
    """Return the service as an ASGI application: FastAPI mounts the webhooks in the same way."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route

    async def submit(request: Request) -> JSONResponse:
        number, said = await pictures.submit(await _read(request), request.headers.get("Idempotency-Key"))
        return JSONResponse(said, number, headers=_where(said))

    async def look(request: Request) -> JSONResponse:
        number, said = await pictures.look(request.path_params["name"])
        return JSONResponse(said, number)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        async with pictures.running():
            yield

    hooks = Mount(urlsplit(pictures.client.config.webhooks or "").path, app=asgi(pictures.client))
    return Starlette(
        routes=[Route("/pictures", submit, methods=["POST"]), Route("/pictures/{name}", look), hooks], lifespan=life
    )


async def _read(request: Any) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None


def _where(said: Mapping[str, Any]) -> dict[str, str]:
    return {"Location": f"/pictures/{said['id']}"} if "id" in said else {}


async def serve(config: str | None, out: Path, port: int, *, as_asgi: bool) -> None:
    """Serve until Ctrl-C or SIGTERM, over the accounts of a config file, else over simulators that end with it."""
    async with AsyncExitStack() as stack:
        if config is None:
            simulators = await stack.enter_async_context(running(speed=2))
            here = {"webhooks": {"url": f"http://127.0.0.1:{port}/hooks"}}
            found = read_config(simulators.config | here, simulators.environ)
        else:
            found = load_config(config)
        pictures = Pictures(Client(found), out)
        if as_asgi:
            import uvicorn

            await uvicorn.Server(uvicorn.Config(on_asgi(pictures), host="127.0.0.1", port=port)).serve()
        else:
            runner = web.AppRunner(on_aiohttp(pictures))
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", port).start()
            print(f"serving at http://127.0.0.1:{port}")
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await stop.wait()


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(description="Pictures over HTTP, which are told of by webhook.")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked (simulators)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the pictures go (out)")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--asgi", action="store_true", help="serve it by uvicorn")
    given = parser.parse_args()
    asyncio.run(serve(given.config, given.out, given.port, as_asgi=given.asgi))


if __name__ == "__main__":
    main()
