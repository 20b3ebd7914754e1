"""A web app in FastAPI: a picture and a prompt go in, a new picture comes out.

pip install '/path/to/anymedia-….whl[cli,simulators,webhooks]' fastapi python-multipart uvicorn
uvicorn --app-dir examples/howto fastapi_app:app
"""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from studio import LARGEST, NotTaken, Order, Studio, repainted

from anymedia.webhooks import Receive, Scope, Send, asgi

WHERE = os.environ.get("PICTURES", "pictures")
"""A folder, or a bucket like s3://bucket/prefix."""

MAX_PRICE = "0.10"
"""USD that an order may cost, whatever happens on the way."""

PAGE = '<!doctype html><meta charset="utf-8"><title>Pictures</title>{head}<body>{body}</body>'

FORM = """
<form method="post" action="/orders" enctype="multipart/form-data">
  <input type="hidden" name="order" value="{order}">
  <p><input type="file" name="picture" accept="image/*">
  <p><input name="prompt" placeholder="what is to become of it" required>
  <p><button>Order</button>
</form>
"""


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for as long as the process serves: opened before the first request, closed after the last."""
    studio = app.state.studio = Studio(WHERE)
    app.state.hooks = asgi(studio.client, where=studio.where)
    async with studio.open():
        yield


def studio_of(request: Request) -> Studio:
    """Return the studio of this process."""
    studio: Studio = request.app.state.studio
    return studio


async def hooks(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand webhooks to the client that is open: the app may be started more than once, as tests do."""
    await scope["app"].state.hooks(scope, receive, send)


app = FastAPI(lifespan=serving)
app.mount("/hooks", hooks)  # where [webhooks] url leads
TheStudio = Annotated[Studio, Depends(studio_of)]


@app.get("/")
async def form() -> HTMLResponse:
    """Show the form, with the name of an order: a double click and a reload send the same one."""
    return page(FORM.format(order=secrets.token_urlsafe(16)))


@app.post("/orders")
async def order(
    studio: TheStudio,
    order: Annotated[str, Form()],
    prompt: Annotated[str, Form()],
    picture: UploadFile | None = None,
) -> RedirectResponse:
    """Place an order, and answer as soon as it is taken: the picture is made meanwhile."""
    data = b"" if picture is None else await picture.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise HTTPException(413, f"a picture may have {LARGEST >> 20} MiB")
    try:
        await studio.order(order, repainted(prompt, data), MAX_PRICE)
    except NotTaken as error:
        raise HTTPException(error.status, str(error), error.headers) from None
    return RedirectResponse(f"/orders/{order}", 303)


@app.get("/orders/{name}")
async def look(name: str, studio: TheStudio) -> HTMLResponse:
    """Show how an order stands, anew every two seconds until it is over."""
    found = await found_in(studio, name)
    body = f"<p>{escape(found.words)}"
    if found.result is not None:
        body += f'<p><img src="/orders/{escape(name)}/picture" alt="">'
    if not found.goes_on:
        body += '<p><a href="/">Another one</a>'
    return page(body, '<meta http-equiv="refresh" content="2">' if found.goes_on else "")


@app.get("/orders/{name}/picture")
async def picture(name: str, studio: TheStudio) -> StreamingResponse:
    """Send a picture, from the folder or the bucket that it was saved in."""
    found = await found_in(studio, name)
    if found.result is None:
        raise HTTPException(404)
    return StreamingResponse(studio.client.read(found.result), media_type=found.result.media_type)


async def found_in(studio: Studio, name: str) -> Order:
    """Return an order by its name, which nobody can guess. Errors: HTTPException."""
    found = await studio.look(name)
    if found is None:
        raise HTTPException(404)
    return found


def page(body: str, head: str = "") -> HTMLResponse:
    """Return a page."""
    return HTMLResponse(PAGE.format(head=head, body=body))
