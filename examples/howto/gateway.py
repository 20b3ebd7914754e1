"""Clips that take minutes, behind a gateway that cuts every request after 60 seconds (FastAPI).

    pip install anymedia fastapi uvicorn
    uvicorn --app-dir examples/howto gateway:app
    curl -i -H 'Idempotency-Key: order-17' -d '{"prompt": "waves at dusk"}' http://127.0.0.1:8000/clips
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

from anymedia import Client, VideoRequest

LONGEST = 50.0
"""Seconds that one answer may take: less than the gateway allows, and than its idle time-out."""

PAUSE = 1.0
"""Seconds between two readings of the journal."""

MAX_PRICE = "1.00"


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for as long as the process serves."""
    async with Client() as client:
        studio = app.state.studio = Studio(client, "clips")
        async with studio.open():
            yield


def studio_of(request: Request) -> Studio:
    """Return the studio of this process."""
    studio: Studio = request.app.state.studio
    return studio


app = FastAPI(lifespan=serving)
TheStudio = Annotated[Studio, Depends(studio_of)]


@app.post("/clips")
async def submit(
    studio: TheStudio, prompt: Annotated[str, Body(embed=True)], idempotency_key: Annotated[str, Header()]
) -> Response:
    """Buy a clip, once under an idempotency key, and answer with where to ask for it."""
    request = VideoRequest(model="kling-3.0", prompt=prompt, duration=5, resolution="720p", audio=False)
    told = {"clip": f"/clips/{idempotency_key}"}
    try:
        task = await studio.order(idempotency_key, request, MAX_PRICE)
    except NotTaken as error:
        raise HTTPException(error.status, str(error), {"Retry-After": "30"}) from None
    if task is not None:
        told["handle"] = studio.client.handle(task)  # with which any process can wait, also one without this journal
    return JSONResponse(told, 202, {"Location": told["clip"], "Retry-After": "5"})


@app.get("/clips/{name}")
async def look(name: str, studio: TheStudio) -> Response:
    """Answer with how a clip stands: 202 while it goes on."""
    order = await studio.look(name)
    if order is None:
        raise HTTPException(404)
    return JSONResponse(as_json(order), 202 if order.goes_on else 200, {"Retry-After": "5"} if order.goes_on else None)


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
        yield ": it goes on\n\n" if order == before else f"data: {json.dumps(as_json(order))}\n\n"
        if order is None or not order.goes_on:
            break
        before = order
        await asyncio.sleep(PAUSE)


def as_json(order: Order | None) -> dict[str, Any]:
    """Return an order as callers see it."""
    if order is None:
        return {}
    clip = None if order.result is None or order.result.path is None else order.result.path.name
    return {"state": order.words, "goes_on": order.goes_on, "clip": clip}
