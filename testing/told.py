"""Webhooks, as the simulator posts them: our URL arrives, and each is believed as far as it is signed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import attrs
import pytest
from aiohttp import web

from anymedia import State, Task
from anymedia.declare import Adapter, Signed
from anymedia.simulators import Service, services
from anymedia.webhooks import Delivery, routes

from .suite import Case, Scene, Suite, at_simulator, fail, in_a_loop, promise, stated_end, unstated

PATIENCE = 20.0
"""Seconds within which what is due is posted and taken."""

TOKEN = 64
"""Characters of the part of our URL that nobody can guess."""


@attrs.frozen
class Told:
    """A client that is told by the simulator of its provider; `came` are the webhooks that it has taken or refused."""

    scene: Scene
    case: Case
    url: str
    came: asyncio.Queue[Delivery] = attrs.field(factory=asyncio.Queue)

    @property
    def life(self) -> float:
        """How many seconds a task takes."""
        return self.case.service.queued + self.case.service.running

    @property
    def looks(self) -> int:
        """How often the task was looked at."""
        return cast(int, self.scene.simulator.bills()["polls"])

    async def submitted(self) -> Task:
        """Return a task of which the provider knows where to tell of it; fail where it does not."""
        task = await self.scene.submitted(self.case)
        service = self.scene.simulator.service
        (made,) = service.tasks.values()
        account, _, token = made.order.callback.removeprefix(f"{self.url}/").partition("/")
        unknown = ", ".join(service.unread)
        promise(
            (account, len(token)) == (task.account, TOKEN),
            f"{self.case}: a submit is to carry our URL, and where the page has it the simulator reads "
            f"{made.order.callback!r}{f', and never reads {unknown}' if unknown else ''}; look at `webhook.asked_by`",
        )
        return task

    async def next(self, seconds: float) -> Delivery:
        """Return what comes of the webhook that is posted after so many seconds of the clock."""
        self.scene.clock.seconds += seconds
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.came.get()
        except TimeoutError:
            fail(f"{self.case}: the simulator posted nothing")

    async def taken(self, seconds: float) -> Task:
        """Return the task of the webhook that is posted then; fail where it is not taken for that of a task of ours."""
        delivery = await self.next(seconds)
        why = f": {delivery.error}" if delivery.error else ""
        sentence = f"{self.case}: what the simulator posts is answered {delivery.status}{why}"
        promise(delivery.status == 200, f"{sentence}; look at `webhook.signed`, and at `webhook.reply`")
        if delivery.task is None:
            fail(f"{self.case}: what the simulator posts is taken for that of no task; look at `webhook.reply`")
        return delivery.task


@asynccontextmanager
async def told(case: Case, *, without: str | None = None) -> AsyncIterator[Told]:
    """Run a simulator and a client that it tells; `without` is a setting that the client does not have."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/hooks"
        async with at_simulator(case.adapter, webhooks=url, without=without) as scene:
            one = Told(scene, case, url)
            app = web.Application()
            app.add_routes(routes(scene.client, on_delivery=one.came.put_nowait))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                yield one
            finally:
                await runner.cleanup()


def signed_by(case: Case) -> Signed | None:
    """Return how the webhook of a case is signed; skip the test where a submit asks for none."""
    webhook, service = case.life.webhook, case.service
    if webhook is None or webhook.asked_by is None or service.webhook is None:
        unstated(case.adapter, f"webhook that a submit of {case.offer.name} asks for")
    return webhook.signed


def _is_an_answer(signed: Signed | None) -> bool:
    return signed is not None and signed.covers == "body"


def _both(case: Case, seen: Task, looked: Task) -> Iterator[tuple[str, Any, Any]]:
    """Yield what a webhook and a look tell both, as each of them has it."""
    reply = case.life.webhook_reply
    yield "results", _shown(seen), _shown(looked)
    for name in reply.tells:
        yield name, seen.told.get(name), looked.told.get(name)
    if reply.usd or reply.credits:
        yield "money", seen.money, looked.money


def _shown(task: Task) -> str:
    return ", ".join(f"{asset.role} {asset.kind} {asset.url}" for asset in task.assets) or "nothing"


class Webhooks(Suite):
    """What the provider posts."""

    def test_a_webhook_of_the_page_is_declared(self, adapter: Adapter) -> None:
        """Where the provider tells a caller, nobody has to look."""
        if services()[adapter.name].webhook is None:
            unstated(adapter, "webhook")
        asked_for = [each for each in adapter.webhooks if each.asked_by is not None]
        promise(bool(asked_for), f"{adapter.name} posts what becomes of a task, and no `webhook` says what asks for it")
        signs = services()[adapter.name].signed is not Service.signed
        unread = signs and any(each.signed is None for each in asked_for)
        promise(not unread, f"{adapter.name} signs what it posts, and no `webhook.signed` says how")

    @in_a_loop
    async def test_a_webhook_is_believed_as_far_as_it_is_signed(self, first: Case) -> None:
        """Signed over its body it brings the result without a look; else the task is looked at once."""
        signed = signed_by(first)
        async with told(first) as one:
            submitted = await one.submitted()
            seen = await one.taken(one.life)
            looks, wanted = one.looks, 0 if _is_an_answer(signed) else 1
            promise(
                seen.state is State.SUCCEEDED and bool(seen.assets),
                f"{first}: its webhook tells of a success, and the task is read as {seen.state} with {_shown(seen)}; "
                "look at `webhook.reply` and `states`",
            )
            promise(
                looks == wanted,
                f"{first}: a webhook that is signed {'over its body' if wanted == 0 else 'over less than its body'} "
                f"leads to {wanted} looks, and there were {looks}; look at `webhook.reply` and `webhook.signed`",
            )
            looked = await one.scene.client.get(submitted)
            for what, told_of, looked_at in _both(first, seen, looked):
                differs = f"{first}: its webhook tells {told_of} as {what}, and a look {looked_at}"
                promise(told_of == looked_at, f"{differs}; look at `webhook.reply`")

    @in_a_loop
    async def test_a_failure_that_a_webhook_tells_is_looked_at(self, first: Case) -> None:
        """However it is signed: nothing else is bought before a look has confirmed it."""
        signed_by(first)
        stated_end(first.adapter, "failed")
        async with told(first) as one:
            one.scene.simulator.fault("failed")
            await one.submitted()
            seen = await one.taken(one.life)
            ended = f"{first}: its webhook tells of a failure, and the task is {seen.state} after {one.looks} looks"
            promise((seen.state, one.looks) == (State.FAILED, 1), f"{ended}, not failed after 1")

    @in_a_loop
    async def test_a_forged_webhook_changes_nothing(self, first: Case) -> None:
        """It tells of a success while the task runs: refused where webhooks are signed, else looked into."""
        signed = signed_by(first)
        async with told(first) as one:
            one.scene.simulator.fault("webhook_forged")
            await one.submitted()
            forged = await one.next(one.life / 2)
            wanted = 200 if signed is None else 401
            answered = f"{first}: a forged webhook is answered {forged.status}, not {wanted}; look at `webhook.signed`"
            promise(forged.status == wanted, answered)
            believed = forged.task is not None and forged.task.state.final
            promise(not believed, f"{first}: a forged webhook is believed; look at `webhook.signed`")
            seen = await one.taken(one.life)
            promise(seen.state is State.SUCCEEDED, f"{first}: after a forged webhook the task is {seen.state}")

    @in_a_loop
    async def test_without_its_secret_a_webhook_is_a_hint(self, first: Case) -> None:
        """Whoever has not set the secret is told all the same, and looks."""
        signed = signed_by(first)
        if signed is None or signed.key is None:
            pytest.skip(f"{first.adapter.name} signs no webhook with a secret")
        async with told(first, without=signed.key) as one:
            await one.submitted()
            seen = await one.taken(one.life)
            looked = f"{first}: without its secret the task is {seen.state} after {one.looks} looks"
            promise((seen.state, one.looks) == (State.SUCCEEDED, 1), f"{looked}, not succeeded after 1")
