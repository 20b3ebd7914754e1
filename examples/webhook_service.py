"""A small service that answers at once, and is told by the provider when a picture is done.

    python examples/webhook_service.py                             # at simulators, which post to it, for nothing
    python examples/webhook_service.py --asgi                      # the same, served by uvicorn
    python examples/webhook_service.py --config anymedia.toml      # at your accounts: this costs money
    curl -H 'Idempotency-Key: order-17' -d '{"prompt": "a lighthouse"}' http://127.0.0.1:8080/pictures
    curl http://127.0.0.1:8080/pictures/order-17

A submit is answered with 202 and a handle, with which any process can wait for the task. Webhooks make it quick, and
looks make it sure: a task whose webhook never comes is looked at. What is under way when the service ends is taken up
when it begins again. In your anymedia.toml, [webhooks] url has to lead to HOOKS.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from aiohttp import web

from anymedia import (
    AnymediaError,
    Attempt,
    Client,
    Config,
    ImageRequest,
    State,
    SubmitUncertain,
    Task,
    from_json,
    load_config,
    read_config,
)
from anymedia.simulators import in_thread
from anymedia.webhooks import asgi, routes

HOOKS = "/hooks"
MAX_PRICE = "0.10"
DEFAULTS = {"model": "flux-2-pro", "resolution": "1K"}
FIELDS = {"prompt", "aspect_ratio", *DEFAULTS}
"""What callers may say. Not `extra`: whoever writes raw fields decides what is billed."""

Answer: TypeAlias = tuple[int, dict[str, Any]]


class Pictures:
    """What the service does, whatever serves it."""

    def __init__(self, config: Config, out: Path) -> None:
        self.client = Client(config, on_event=self.heard)
        self.out = out
        self.under_way: dict[str, asyncio.Task[None]] = {}

    async def submit(self, key: str | None, wanted: Any) -> Answer:
        """Buy a picture, once under an idempotency key, and answer with the handle of its task."""
        if not key:
            return 400, {"error": "give an Idempotency-Key: nothing is bought twice under the same one"}
        if not isinstance(wanted, dict) or not wanted.keys() <= FIELDS:
            return 422, {"error": f"the body must be a JSON object of {', '.join(sorted(FIELDS))}"}
        try:
            request = from_json(ImageRequest, DEFAULTS | wanted)
            task = await self.client.submit(request, policy="cheapest", max_price=MAX_PRICE, idempotency_key=key)
        except SubmitUncertain as error:
            return 502, {"error": str(error)}
        except AnymediaError as error:
            return 422 if error.must_change else 503, {"error": str(error)}
        return 202, {"handle": self.client.handle(task), "look": f"/pictures/{quote(key, safe='')}"}

    async def look(self, key: str) -> Answer:
        """Answer with how a picture stands, from the journal alone: no provider is asked."""
        attempts = await self.client.attempts(idempotency_key=key)
        if not attempts:
            return 404, {"error": "nothing was asked for under this key"}
        last = attempts[-1]
        files = [f"/files/{asset.path.name}" for asset in (last.task.assets if last.task else ()) if asset.path]
        goes_on = last.open or (last.status == State.SUCCEEDED and not files)  # it is still to be saved
        return 202 if goes_on else 200, {"state": last.status, "pictures": files}

    def heard(self, event: object) -> None:
        """Save whatever is bought, as soon as an answer or a webhook names its task, however late."""
        if isinstance(event, Attempt) and event.task is not None:
            self.begin(event.task.id, self.fetch(event.task))

    async def fetch(self, task: Task) -> None:
        """Wait until a picture is done, which a webhook tells, or a look; then save it."""
        await self.client.download(await self.client.wait(task), self.out)

    def begin(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Let something go on for as long as the service runs, once at a time."""

        async def told() -> None:
            try:
                await work
            except AnymediaError as error:
                print(error)  # it is in `anymedia tasks`, too
            finally:
                del self.under_way[name]

        if name in self.under_way:
            work.close()
        else:
            self.under_way[name] = asyncio.create_task(told())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take up what an earlier process left, and leave to the next one what is under way in the end."""
        async with self.client:
            self.begin("what was left", self.client.recover(self.out))
            yield
            for going_on in self.under_way.values():
                going_on.cancel()  # the wait for a task, which goes on and is in the journal
            await asyncio.gather(*self.under_way.values(), return_exceptions=True)


def on_aiohttp(pictures: Pictures) -> web.Application:
    """Return the service as an aiohttp application."""

    async def submit(request: web.Request) -> web.Response:
        status, said = await pictures.submit(request.headers.get("Idempotency-Key"), await body_of(request))
        return web.json_response(said, status=status)

    async def look(request: web.Request) -> web.Response:
        status, said = await pictures.look(request.match_info["key"])
        return web.json_response(said, status=status)

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with pictures.running():
            yield

    app = web.Application()
    app.add_routes([web.post("/pictures", submit), web.get("/pictures/{key}", look)])
    app.add_routes([web.static("/files", pictures.out), *routes(pictures.client, HOOKS, where=pictures.out)])
    app.cleanup_ctx.append(life)
    return app


def on_asgi(pictures: Pictures) -> Any:
    """Return the service as an ASGI application, here one of Starlette; FastAPI mounts webhooks in the same way."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    async def submit(request: Request) -> JSONResponse:
        status, said = await pictures.submit(request.headers.get("Idempotency-Key"), await body_of(request))
        return JSONResponse(said, status)

    async def look(request: Request) -> JSONResponse:
        status, said = await pictures.look(request.path_params["key"])
        return JSONResponse(said, status)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        async with pictures.running():
            yield

    shown = [Route("/pictures", submit, methods=["POST"]), Route("/pictures/{key:path}", look)]
    mounted = [
        Mount("/files", StaticFiles(directory=pictures.out)),
        Mount(HOOKS, asgi(pictures.client, where=pictures.out)),
    ]
    return Starlette(routes=[*shown, *mounted], lifespan=life)


async def body_of(request: Any) -> Any:
    """Return the JSON of a request of either kind; None where it is none."""
    try:
        return await request.json()
    except ValueError:
        return None


def main() -> None:
    """Read the command line, and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Pictures over HTTP, of which webhooks tell.")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked (simulators)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the pictures go (out)")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--asgi", action="store_true", help="serve by uvicorn")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if given.config is None:
            simulators = stack.enter_context(in_thread(speed=2))
            here = {"webhooks": {"url": f"http://127.0.0.1:{given.port}{HOOKS}"}}
            config = read_config(simulators.config | here, simulators.environ)
        else:
            config = load_config(given.config)
        pictures = Pictures(config, given.out)
        if given.asgi:
            import uvicorn

            uvicorn.run(on_asgi(pictures), port=given.port)
        else:
            web.run_app(on_aiohttp(pictures), host="127.0.0.1", port=given.port)


if __name__ == "__main__":
    main()
