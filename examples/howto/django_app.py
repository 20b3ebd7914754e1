"""A web app in Django: a picture and a prompt go in, a new picture comes out.

    pip install '/path/to/anymedia-….whl[cli,simulators,webhooks]' django uvicorn
    uvicorn --lifespan on --app-dir examples/howto django_app:application

It is one file so that it can be read at once: in a project of yours the settings, the URLs and the views are where they
always are, and `application` stands in asgi.py.
"""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from studio import LARGEST, NotTaken, Order, Studio, repainted

from anymedia.webhooks import ASGI, Receive, Scope, Send, asgi

WHERE = os.environ.get("PICTURES", "pictures")
"""A folder, or a bucket like s3://bucket/prefix."""

MAX_PRICE = "0.10"
"""USD that an order may cost, whatever happens on the way."""

FORM = """
<!doctype html><title>Pictures</title>
<form method="post" action="/orders" enctype="multipart/form-data">
  {% csrf_token %}{{ form }}<button>Order</button>
</form>
"""

LOOK = """
<!doctype html><title>Pictures</title>
{% if order.goes_on %}<meta http-equiv="refresh" content="2">{% endif %}
<p>{{ order.words }}
{% if order.result %}<p><img src="/orders/{{ name }}/picture" alt="">{% endif %}
{% if not order.goes_on %}<p><a href="/">Another one</a>{% endif %}
"""

PAGES = ["django.template.loaders.locmem.Loader", {"form.html": FORM, "look.html": LOOK}]

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY") or secrets.token_urlsafe(),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": [PAGES]}}],
)


class OrderForm(forms.Form):
    """A picture, what is to become of it, and the name of the order: a double click and a reload send the same one."""

    order = forms.CharField(widget=forms.HiddenInput, max_length=64)
    picture = forms.FileField(required=False, allow_empty_file=True)
    prompt = forms.CharField()


async def form(request: ASGIRequest) -> HttpResponse:
    """Show the form."""
    return render(request, "form.html", {"form": OrderForm(initial={"order": secrets.token_urlsafe(16)})})


async def order(request: ASGIRequest) -> HttpResponseBase:
    """Place an order, and answer as soon as it is taken: the picture is made meanwhile."""
    given = OrderForm(request.POST, request.FILES)
    if not given.is_valid():
        return render(request, "form.html", {"form": given}, status=422)
    name, picture = given.cleaned_data["order"], given.cleaned_data["picture"]
    if picture is not None and picture.size > LARGEST:
        return HttpResponse(f"a picture may have {LARGEST >> 20} MiB", status=413)
    data = b"" if picture is None else picture.read()
    try:
        await studio_of(request).order(name, repainted(given.cleaned_data["prompt"], data), MAX_PRICE)
    except NotTaken as error:
        given.add_error(None, str(error))
        response = render(request, "form.html", {"form": given}, status=error.status)
        for header, value in error.headers.items():
            response[header] = value
        return response
    return HttpResponseRedirect(f"/orders/{name}")


async def look(request: ASGIRequest, name: str) -> HttpResponse:
    """Show how an order stands, anew every two seconds until it is over."""
    return render(request, "look.html", {"order": await found_in(request, name), "name": name})


async def picture(request: ASGIRequest, name: str) -> HttpResponseBase:
    """Send a picture, from the folder or the bucket that it was saved in."""
    found = await found_in(request, name)
    if found.result is None:
        raise Http404
    pieces = studio_of(request).client.read(found.result)
    return StreamingHttpResponse(pieces, content_type=found.result.media_type)


async def found_in(request: ASGIRequest, name: str) -> Order:
    """Return an order by its name, which nobody can guess. Errors: Http404."""
    found = await studio_of(request).look(name)
    if found is None:
        raise Http404
    return found


def studio_of(request: ASGIRequest) -> Studio:
    """Return the studio of this process, which the lifespan below has put into every scope."""
    studio: Studio = request.scope["state"]["studio"]
    return studio


urlpatterns = [
    path("", form),
    path("orders", order),
    path("orders/<name>", look),
    path("orders/<name>/picture", picture),
]

django = cast(ASGI, get_asgi_application())


@asynccontextmanager
async def serving(state: dict[str, Any]) -> AsyncIterator[None]:
    """Keep one client for as long as the process serves: opened before the first request, closed after the last."""
    studio = state["studio"] = Studio(WHERE)
    state["hooks"] = asgi(studio.client, where=studio.where)
    async with studio.open():
        yield


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve webhooks where [webhooks] url leads, and Django everywhere else; Django alone has no lifespan."""
    if scope["type"] == "lifespan":
        await receive()
        async with serving(scope["state"]):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["path"].startswith("/hooks/"):
        await scope["state"]["hooks"](scope, receive, send)
    else:
        await django(scope, receive, send)
