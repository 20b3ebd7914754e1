"""What a web app does with orders, whatever framework serves it: each is bought once, and its result is saved.

fastapi_app.py, django_app.py and gateway.py serve it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import attrs

from anymedia import (
    AnymediaError,
    Asset,
    Attempt,
    Billed,
    Client,
    ImageRequest,
    NoRoute,
    Request,
    RequestError,
    State,
    Task,
)

LARGEST = 10 << 20
"""Bytes of a picture that is put in."""

PATIENCE = 20.0
"""Seconds for which whoever places an order waits until it is taken; it goes on where that takes longer."""

LEFT = "what was left"
"""The name of the work that takes up what an earlier process left."""

log = logging.getLogger("studio")


@attrs.frozen
class Order:
    """How an order stands, in words for whoever placed it, and its result once that is saved."""

    words: str
    goes_on: bool = False
    result: Asset | None = None


class NotTaken(Exception):
    """An order was not taken, and nothing was bought; `status` is what HTTP calls it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Studio:
    """Takes orders, and sees to it that each result is saved, also when nobody looks any more.

    `where` is a folder, or a bucket like s3://bucket/prefix.
    """

    def __init__(self, client: Client, where: str) -> None:
        self.client = client
        self.where = where
        self._going_on: dict[str, asyncio.Task[Any]] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take up what an earlier process left, and leave to the next one what is not finished in the end."""
        if self.client.journal is not None:
            await self.client.journal.check()  # where it cannot be used, that is told now, and not to the first visitor
        self._begin(LEFT, self.client.recover(self.where))
        yield
        for waiting in self._going_on.values():
            waiting.cancel()  # the wait for a task, which goes on and is in the journal
        await asyncio.gather(*self._going_on.values(), return_exceptions=True)

    async def order(self, name: str, request: Request, max_price: str) -> Task | None:
        """Buy what is requested, once under the name of its order. None: it was sent, and there is no answer yet.

        Errors: NotTaken.
        """
        try:
            task = await self.client.submit(
                request, policy="cheapest", max_price=max_price, idempotency_key=name, timeout=PATIENCE
            )
        except AnymediaError as error:
            log.warning("%s: %s", name, error)
            if error.billed is Billed.NO:
                raise not_taken(error) from error
            return None
        self._begin(name, self._save(task))
        return task

    async def look(self, name: str) -> Order | None:
        """Return how an order stands: the journal tells it, and no provider is asked. None: there is no such order."""
        attempts = await self.client.attempts(idempotency_key=name)
        if not attempts:
            return None
        last = attempts[-1]
        order = as_told(last)
        if last.task is not None and order.goes_on and not {name, LEFT} & self._going_on.keys():
            self._begin(name, self._save(last.task))  # its submit had no answer, and a webhook has named the task since
        return order

    async def _save(self, task: Task) -> None:
        """Wait until a task is done, which a webhook tells, or a look; then save its result."""
        await self.client.download(await self.client.wait(task, timeout=None), self.where)

    def _begin(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Let something go on for as long as the process serves."""

        async def logged() -> None:
            try:
                await work
            except AnymediaError as error:
                log.warning("%s: %s", name, error)  # it is in `anymedia tasks`, too
            finally:
                self._going_on.pop(name, None)

        if name in self._going_on:
            work.close()
        else:
            self._going_on[name] = asyncio.create_task(logged())


def not_taken(error: AnymediaError) -> NotTaken:
    """Return why an order was not taken: by what was asked for, or for now."""
    errors = error.errors if isinstance(error, NoRoute) else [error]
    if all(isinstance(each, RequestError) for each in errors):
        return NotTaken(422, str(error))
    return NotTaken(503, "nothing was bought; try again in a minute")


def as_told(attempt: Attempt) -> Order:
    """Return an attempt as an order."""
    task = attempt.task
    if task is None and attempt.open:
        return Order("The order was sent, and no answer has come yet. It is not sent again.", goes_on=True)
    if task is None:
        return Order("The order was not taken, and costs nothing.")
    if task.state in (State.FAILED, State.CANCELED):
        return Order("It could not be made.")
    result = next((asset for asset in task.works if asset.kept), None)
    if result is None:
        progress = task.told.get("progress")
        done = f", {progress:.0%} done" if isinstance(progress, float) else ""
        return Order(f"It is {task.state}{done}.", goes_on=True)
    return Order("It is done.", result=result)


def repainted(prompt: str, picture: bytes) -> ImageRequest:
    """Return the request for a picture after a prompt, and after another picture where there is one.

    Errors: NotTaken for what is no picture.
    """
    try:
        return ImageRequest(model="flux-2-pro", prompt=prompt, images=[picture] if picture else [], resolution="1K")
    except RequestError as error:
        raise not_taken(error) from error
