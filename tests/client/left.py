"""A provider of nobody's whose results are left: a journal that has them, and a server that they lie at."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network

import attrs

from anymedia import Account, Asset, Client, Config, Secret, State
from anymedia.account import fingerprint
from anymedia.declare import Endpoint, Reply
from anymedia.journal import Ledger
from anymedia.model.money import Money
from anymedia.model.task import Attempt, Order
from anymedia.model.vocabulary import Outcome
from anymedia.network import Network
from tests.core.acme import acme
from tests.odd.files import PNG

from .raw import KEY, answer

ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")),
    poll=Endpoint(method="GET", path="/v1/{id}", reply=Reply(state="state", assets="urls[]")),
    states={"done": State.SUCCEEDED},
    expires=600,
)
REFUSED, BROKEN = answer(status="403 Forbidden"), answer(status="503 Service Unavailable")


class Cdn:
    """What lies at a server: each path answers the next of its `answers`, the last of them for ever, else a picture.

    `asked` counts the requests of each path, `order` has the paths in the order in which they came. While `holds` is
    set, requests are answered once it is let go; what is answered to the paths that `stall` has no end.
    """

    def __init__(self):
        self.answers = {}
        self.asked = Counter()
        self.order = []
        self.held = asyncio.Event()
        self.held.set()
        self.come = asyncio.Event()
        self.under_way = self.most = 0
        self.stall = set()
        self.over = asyncio.Event()

    async def serve(self, reader, writer):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self.order.append(path)
            self.asked[path] += 1
            answers = self.answers.get(path, [answer(PNG)])
            said = answers[min(self.asked[path], len(answers)) - 1]
            self.come.set()
            await self.held.wait()
            writer.write(said if isinstance(said, bytes) else said())
            await writer.drain()
            if path in self.stall:
                await self.over.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.under_way -= 1
            writer.close()

    def links(self, task_id, *paths):
        """Have the provider name links to a task's results."""
        body = {"state": "done", "urls": [self.origin + path for path in paths]}
        self.answers[f"/v1/{task_id}"] = [answer(json.dumps(body).encode())]


@asynccontextmanager
async def cdn():
    it = Cdn()
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield it
        it.held.set()
        it.over.set()


def client_at(server, clock, journal, *, storage=None, largest=1 << 30, adapter=ACME, **facts):
    """Return a client of an account at a server."""
    account = Account(name="acme", adapter=adapter, origin=server.origin, api_key=Secret(KEY))
    network = Network(largest=largest, networks=(ip_network("127.0.0.0/8"),))
    config = Config(accounts={"acme": account}, journal=None, storage=storage, network=network)
    return Client(config, clock=clock, journal=journal, **facts)


def assets(server, *paths, lives=600.0, clock=None, kind="image"):
    """Return results at a server, whose links live for so many seconds."""
    expires_at = None if lives is None else clock.now() + timedelta(seconds=lives)
    return tuple(Asset(kind=kind, url=server.origin + path, expires_at=expires_at) for path in paths)


async def left(
    journal,
    task_id,
    *results,
    clock,
    state=State.SUCCEEDED,
    key=KEY,
    provider="acme",
    account="acme",
    batch=None,
    **facts,
):
    """Write down an attempt of another process, whose task stands so, and return the task."""
    ledger = Ledger(journal)
    order = Order(provider=provider, account=account, path="/v1", money=Money(), batch=batch, **facts)
    attempt = Attempt(
        id=task_id.encode().hex().ljust(32, "0"),
        order=order,
        started_at=clock.now(),
        fingerprint=fingerprint(Secret(key)),
    )
    await ledger.intend(attempt, None)
    task = attempt.draft(task_id, clock.now())
    await ledger.end(attrs.evolve(attempt, outcome=Outcome.ACCEPTED, task=task, ended_at=clock.now()))
    task = attrs.evolve(task, state=state, assets=results)
    await ledger.see(task)
    return task


async def written(journal, task_id):
    """Return the results of a task as the journal has them."""
    return (await Ledger(journal).with_task("acme", task_id)).task.assets
