"""Clips that take minutes, behind a gateway that cuts every request after 60 seconds (FastAPI).

    pip install '/path/to/anymedia-….whl[cli,simulators]' fastapi uvicorn
    uvicorn --app-dir examples/howto gateway:app
    curl -i --json '{"prompt": "waves at dusk"}' -H 'Idempotency-Key: order-17' http://127.0.0.1:8000/clips
    curl -N http://127.0.0.1:8000/clips/order-17/events

No answer takes longer than LONGEST: a submit is answered with 202, and how it goes on is asked for, or listened to.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from studio import NotTaken, Order, Studio

from anymedia import VideoRequest
from anymedia.webhooks import Receive, Scope, Send, asgi

LONGEST = 50.0
"""Seconds that one answer may take: less than the gateway allows, and than its idle time-out."""

PAUSE = 1.0
"""Seconds between two readings of the journal."""

MAX_PRICE = "1.00"
"""USD that a clip may cost, whatever happens on the way."""


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for as long as the process serves."""
    studio = app.state.studio = Studio("clips")
    app.state.hooks = asgi(studio.client, where=studio.where)
    async with studio.open():
        yield


def studio_of(request: Request) -> Studio:
    """Return the studio of this process."""
    studio: Studio = request.app.state.studio
    return studio


async def hooks(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand webhooks to the client that is open."""
    await scope["app"].state.hooks(scope, receive, send)


app = FastAPI(lifespan=serving)
app.mount("/hooks", hooks)  # where [webhooks] url leads
TheStudio = Annotated[Studio, Depends(studio_of)]


@app.post("/clips")
async def submit(
    studio: TheStudio, prompt: Annotated[str, Body(embed=True)], idempotency_key: Annotated[str, Header()]
) -> Response:
    """Buy a clip, once under an idempotency key, and answer with where to ask for it."""
    request = VideoRequest(model="kling-3.0", prompt=prompt, duration=5, resolution="720p", audio=False)
    try:
        await studio.order(idempotency_key, request, MAX_PRICE)
    except NotTaken as error:
        raise HTTPException(error.status, str(error), error.headers) from None
    where = f"/clips/{idempotency_key}"
    return JSONResponse({"clip": where}, 202, {"Location": where, "Retry-After": "5"})


@app.get("/clips/{name}")
async def look(name: str, studio: TheStudio) -> Response:
    """Answer with how a clip stands: 202 while it goes on."""
    order = await studio.look(name)
    if order is None:
        raise HTTPException(404)
    headers = {"Retry-After": "5"} if order.goes_on else None
    return JSONResponse(as_json(name, order), 202 if order.goes_on else 200, headers)


@app.get("/clips/{name}/file")
async def file(name: str, studio: TheStudio) -> Response:
    """Send a clip, from the folder or the bucket that it was saved in."""
    order = await studio.look(name)
    if order is None or order.result is None:
        raise HTTPException(404)
    return StreamingResponse(studio.client.read(order.result), media_type=order.result.media_type)


@app.get("/clips/{name}/events")
async def events(name: str, studio: TheStudio) -> Response:
    """Tell of a clip as it moves on; a browser's EventSource asks again by itself where an answer has ended."""
    if await studio.look(name) is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # so that no gateway keeps it back
    return StreamingResponse(moves(studio, name), media_type="text/event-stream", headers=headers)


async def moves(studio: Studio, name: str) -> AsyncIterator[str]:
    """Yield each change of a clip, for LONGEST at most, and a comment where there is none."""
    before = None
    for _ in range(int(LONGEST / PAUSE)):
        order = await studio.look(name)
        yield ": it goes on\n\n" if order == before else f"data: {json.dumps(as_json(name, order))}\n\n"
        if order is None or not order.goes_on:
            break
        before = order
        await asyncio.sleep(PAUSE)


def as_json(name: str, order: Order | None) -> dict[str, Any]:
    """Return an order as callers see it."""
    if order is None:
        return {}
    file = None if order.result is None else f"/clips/{name}/file"
    return {"state": order.words, "goes_on": order.goes_on, "file": file}
