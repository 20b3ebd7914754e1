"""A web app that buys nothing itself: it puts requests into a queue, and workers on any machines buy them.

    pip install fastapi uvicorn          # beside anymedia with its extra worker
    anymedia worker --out out            # as many as you like, with the API keys: this costs money
    python examples/web_app.py           # the app, which needs no API key
    curl -H 'Idempotency-Key: order-17' --json '{"prompt": "a lighthouse"}' http://127.0.0.1:8080/pictures
    curl http://127.0.0.1:8080/pictures/order-17

Both read the same anymedia.toml, whose [journal] url is on PostgreSQL: the queue lies in the same database. A request
is answered with 202 at once, and is in the database then: whatever is killed, it is bought, and bought once. While the
database is away, the answer is 503.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import quote

import uvicorn
from fastapi import Body, FastAPI, Header, Response

from anymedia import AnymediaError, Config, ImageRequest, from_json, load_config
from anymedia.worker import Queue

MAX_PRICE = "0.10"
DEFAULTS = {"model": "flux-2-pro", "resolution": "1K"}
FIELDS = {"prompt", "aspect_ratio", *DEFAULTS}
"""What callers may say. Not `extra`: whoever writes raw fields decides what is billed."""


def made(config: Config) -> FastAPI:
    """Return the app; many processes may serve it."""
    queue = Queue(config)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with queue:
            yield

    app = FastAPI(lifespan=life)

    @app.post("/pictures", status_code=202)
    async def submit(
        wanted: Annotated[dict[str, Any], Body()], idempotency_key: Annotated[str, Header()], response: Response
    ) -> dict[str, Any]:
        if not wanted.keys() <= FIELDS:
            response.status_code = 422
            return {"error": f"the body may hold {', '.join(sorted(FIELDS))}"}
        try:
            request = from_json(ImageRequest, DEFAULTS | wanted)
            await queue.submit(request, idempotency_key=idempotency_key, max_price=MAX_PRICE)
        except AnymediaError as error:
            response.status_code = 422 if error.must_change else 503
            return {"error": str(error)}
        return {"key": idempotency_key, "look": f"/pictures/{quote(idempotency_key, safe='')}"}

    @app.get("/pictures/{key:path}")
    async def look(key: str, response: Response) -> dict[str, Any]:
        try:
            standing = await queue.result(key)
        except AnymediaError as error:
            response.status_code = 503
            return {"error": str(error)}
        if standing is None:
            response.status_code = 404
            return {"error": "nothing was asked for under this key"}
        response.status_code = 200 if standing.is_over else 202
        assets = () if standing.task is None else standing.task.assets
        return {
            "state": standing.state,
            "pictures": [str(asset.stored or asset.path) for asset in assets if asset.kept],
            "error": None if standing.error is None else str(standing.error),
        }

    return app


def main() -> None:
    """Read the command line, and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Pictures over HTTP, which workers buy.")
    parser.add_argument("--config", help="an anymedia.toml with [journal] url (the one that is found)")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    uvicorn.run(made(load_config(given.config)), port=given.port)


if __name__ == "__main__":
    main()
