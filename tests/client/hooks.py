"""A client whose webhooks come in over HTTP at a server of this machine, from simulators on a clock that stands."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import attrs
import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Mount

from anymedia import Client, read_config
from anymedia.testing import FakeClock
from anymedia.webhooks import asgi, routes
from tests.core.forger import SCHEMES
from tests.ports import unused_port

SIGNED = "runapi"
HINTING = ("api_in_one", "revidapi")
TOLD = (SIGNED, *HINTING)
"""The providers that post, by how far they are believed."""


class Held(FakeClock):
    """A clock on which nobody's sleep ends by itself."""

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.get_running_loop().create_future()


@attrs.frozen
class Hooked:
    """A client, the simulators, the URL below which webhooks are taken, and each that was."""

    client: Client
    sims: object
    url: str
    clock: FakeClock
    deliveries: list
    config: object
    environ: dict

    @property
    def secret(self):
        """The secret with which RunAPI signs."""
        return self.sims[SIGNED].service.settings["webhook_secret"]

    def polls(self, provider):
        return self.sims[provider].bills()["polls"]

    def hooks(self, provider):
        return self.sims[provider].bills()["webhooks"]

    def entries(self):
        return [entry for one in self.sims for entry in one.bills()["entries"]]

    def address(self, provider):
        """The address at which the provider was asked to tell of its last task, and the token at its end."""
        (*_, task) = self.sims[provider].service.tasks.values()
        return task.order.callback, urlsplit(task.order.callback).path.split("/")[-1]

    async def post(self, address, body, headers=None):
        """Return the status and the body of what a webhook is answered."""
        async with aiohttp.ClientSession() as http, http.post(address, data=body, headers=headers) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def by_aiohttp(client, on_delivery, port):
    """Serve the routes of aiohttp."""
    app = web.Application()
    app.add_routes(routes(client, on_delivery=on_delivery))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def by_uvicorn(client, on_delivery, port):
    """Serve the ASGI app by itself."""
    async with served(asgi(client, on_delivery), port):
        yield


@asynccontextmanager
async def by_starlette(client, on_delivery, port):
    """Serve the ASGI app as it is mounted in another."""
    async with served(Starlette(routes=[Mount("/hooks", app=asgi(client, on_delivery))]), port):
        yield


@asynccontextmanager
async def served(app, port):
    """Serve an ASGI app, and leave signals to the tests."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield
    finally:
        await server.shutdown()


FORMS = {"aiohttp": by_aiohttp, "uvicorn": by_uvicorn, "starlette": by_starlette}
"""What webhooks come in by."""


@asynccontextmanager
async def hooked(
    sims, clock, journal, events=None, *, port=None, secret=True, form="aiohttp", on_delivery=None, accounts=None
):
    """Run a client with a receiver; without a `form` nobody listens, without `secret` nothing can be verified."""
    port = port or unused_port()
    url, deliveries = f"http://127.0.0.1:{port}/hooks", []
    environ = sims.environ if secret else {name: key for name, key in sims.environ.items() if "WEBHOOK" not in name}
    data = {**sims.config, "providers": sims.config["providers"] | (accounts or {}), "webhooks": {"url": url}}
    on_event = None if events is None else events.append

    def told(delivery):
        deliveries.append(delivery)
        return None if on_delivery is None else on_delivery(delivery)

    async with AsyncExitStack() as stack:
        config = read_config(data, environ)
        client = await stack.enter_async_context(Client(config, clock=clock, on_event=on_event, journal=journal))
        if form is not None:
            await stack.enter_async_context(FORMS[form](client, told, port))
        yield Hooked(client, sims, url, clock, deliveries, data, environ)


async def until(condition):
    """Let everything go on until something holds."""
    for _ in range(3_000):  # far more than anything needs
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never holds")


def signed(body, secret, clock, *, name="msg_1", moment=None):
    """Return the headers with which RunAPI's page says that a body is signed."""
    scheme, stamp = attrs.evolve(SCHEMES[SIGNED], secret=secret), int(clock.seconds if moment is None else moment)
    headers = {"x-callback-id": name, "x-callback-timestamp": str(stamp)}
    return headers | {scheme.signature: scheme.sign(headers, body)}


def told(task_id, status="completed", url=None):
    """Return the body that tells of a task at RunAPI."""
    images = [] if url is None else [{"url": url}]
    return json.dumps({"id": task_id, "status": status, "images": images, "usage": {"cost": 0.05}}).encode()


def done_at_revidapi(task_id):
    """Return the body that tells that a task is done at RevidAPI, which does not say what it has made."""
    return json.dumps({"code": 200, "data": {"taskId": task_id, "state": "success"}}).encode()
