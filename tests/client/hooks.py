"""A client whose webhooks come in over HTTP at a server of this machine, from simulators on a clock that stands."""

import asyncio
import base64
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import attrs
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from anymedia import Client, read_config
from anymedia.testing import FakeClock
from anymedia.webhooks import routes

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
async def hooked(sims, clock, journal, events=None, *, port=None, secret=True, serves=True, **options):
    """Run a client with a receiver; without `serves` nobody listens, without `secret` nothing can be verified."""
    port = port or unused_port()
    url, deliveries = f"http://127.0.0.1:{port}/hooks", []
    environ = sims.environ if secret else {name: key for name, key in sims.environ.items() if "WEBHOOK" not in name}
    data = sims.config | {"webhooks": {"url": url}}
    on_event = None if events is None else events.append
    async with Client(read_config(data, environ), clock=clock, on_event=on_event, journal=journal, **options) as client:
        app = web.Application()
        app.add_routes(routes(client, on_delivery=deliveries.append))
        server = TestServer(app, port=port)
        if serves:
            await server.start_server()
        try:
            yield Hooked(client, sims, url, clock, deliveries, data, environ)
        finally:
            await server.close()


async def until(condition):
    """Let everything go on until something holds."""
    for _ in range(3_000):  # far more than anything needs
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never holds")


def signed(body, secret, clock, *, name="msg_1", moment=None):
    """Return the headers with which RunAPI's page says that a body is signed."""
    stamp = str(int(clock.seconds if moment is None else moment))
    digest = hmac.digest(base64.b64decode(secret), f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "X-Callback-Id": name,
        "X-Callback-Timestamp": stamp,
        "X-Callback-Signature": base64.b64encode(digest).decode(),
    }


def told(task_id, status="completed", url=None):
    """Return the body that tells of a task at RunAPI."""
    images = [] if url is None else [{"url": url}]
    return json.dumps({"id": task_id, "status": status, "images": images, "usage": {"cost": 0.05}}).encode()
