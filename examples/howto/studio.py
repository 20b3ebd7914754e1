"""What a web app does with orders, whatever framework serves it: each is bought once, and its result is saved.

fastapi_app.py, django_app.py and gateway.py serve it.
"""

import asyncio
import logging
import math
import re
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
    Request,
    RequestError,
    Retry,
    State,
    Task,
)

LARGEST = 10 << 20
"""Bytes of a picture that is put in."""

PATIENCE = 20.0
"""Seconds for which whoever places an order waits until it is taken; it goes on where that takes longer."""

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The name of an order: it stands in URLs and in the log."""

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
    """An order was not taken, and nothing was bought: the `status` and the `headers` of an HTTP answer."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers or {}


class Studio:
    """Takes orders, and sees to it that each result is saved, also when nobody looks any more.

    `where` is a folder, or a bucket like s3://bucket/prefix.
    """

    def __init__(self, where: str) -> None:
        self.client = Client(on_event=self._heard)
        self.where = where
        self._placing: set[str] = set()
        self._going_on: dict[str, asyncio.Task[Any]] = {}
        self._is_open = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take up what an earlier process left, and leave to the next one what is not finished in the end.

        Errors, which end the process: ConfigError without an API key, JournalError.
        """
        async with self.client:
            self.client.health()  # which no account has where there is no API key
            if self.client.journal is not None:
                await self.client.journal.check()
            self._is_open = True
            self._begin(LEFT, self._take_up())
            yield
            self._is_open = False
            for waiting in self._going_on.values():
                waiting.cancel()  # the wait for a task, which goes on and is in the journal
            await asyncio.gather(*self._going_on.values(), return_exceptions=True)

    async def order(self, name: str, request: Request, max_price: str) -> None:
        """Buy what is requested, once under the name of its order. It may be under way still: `look` tells of it.

        Errors: NotTaken.
        """
        if not NAME.fullmatch(name):
            raise NotTaken(422, "The name of an order has 1 to 64 letters, digits, - and _.")
        self._placing.add(name)
        try:
            await self.client.submit(
                request, policy="cheapest", max_price=max_price, idempotency_key=name, timeout=PATIENCE
            )
        except AnymediaError as error:
            passes = error.must_change or error.retry is Retry.SAME
            log.log(logging.WARNING if passes else logging.ERROR, "%s: %s", name, error)
            if error.billed is Billed.NO:
                raise not_taken(error) from error
        finally:
            self._placing.discard(name)

    async def look(self, name: str) -> Order | None:
        """Return how an order stands: the journal tells it, and no provider is asked. None: there is no such order."""
        attempts = await self.client.attempts(idempotency_key=name)
        if not attempts:
            return Order("Your order is being placed.", goes_on=True) if name in self._placing else None
        last = attempts[-1]
        order = as_told(last)
        if last.task is not None and order.goes_on and LEFT not in self._going_on:
            self._begin(last.task.id, self._save(last.task))  # another process bought it, or it could not be saved
        return order

    def _heard(self, event: object) -> None:
        """Save whatever is bought, as soon as an answer or a webhook names its task, however late."""
        if isinstance(event, Attempt) and event.task is not None:
            self._begin(event.task.id, self._save(event.task))

    async def _save(self, task: Task) -> None:
        """Wait until a task is done, which a webhook tells, or a look; then save its result."""
        await self.client.download(await self.client.wait(task, timeout=None), self.where)

    async def _take_up(self) -> None:
        """Save what an earlier process left."""
        for error in (await self.client.recover(self.where, timeout=None)).errors:
            log.warning("%s", error)

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on for as long as the process serves."""

        async def logged() -> None:
            try:
                await work
            except AnymediaError as error:
                log.warning("%s: %s", name, error)  # it is in `anymedia tasks`, too
            finally:
                self._going_on.pop(name, None)

        if name in self._going_on or not self._is_open:
            work.close()
        else:
            self._going_on[name] = asyncio.create_task(logged())


def not_taken(error: AnymediaError) -> NotTaken:
    """Return why an order was not taken, in words for whoever placed it: the log has the reason."""
    if error.must_change:
        fields = {problem.field for problem in error.problems} if isinstance(error, RequestError) else set()
        if "idempotency_key" in fields:
            return NotTaken(422, "This order was placed before, and was another one: please begin a new one.")
        if "images" in fields:
            return NotTaken(422, "This file is no picture that we can read.")
        return NotTaken(422, "This cannot be made as it is: please change what you have written, or the picture.")
    words = "We cannot take orders just now. You were not charged."
    if error.retry is not Retry.SAME:
        return NotTaken(503, words)
    minutes = math.ceil((error.retry_after or 1.0) / 60)
    again = "a minute" if minutes == 1 else f"{minutes} minutes"
    return NotTaken(503, f"{words} Please try again in {again}.", {"Retry-After": str(minutes * 60)})


def as_told(attempt: Attempt) -> Order:
    """Return an attempt as an order."""
    task = attempt.task
    if task is None:
        return without_task(attempt)
    if task.state in (State.FAILED, State.CANCELED):
        return Order("It could not be made.")
    result = next((asset for asset in task.works if asset.kept), None)
    if result is not None:
        return Order("It is done.", result=result)
    progress = task.told.get("progress")
    done = f": {progress:.0%} done" if isinstance(progress, float) else ""
    words = {
        State.QUEUED: "It waits at the provider.",
        State.RUNNING: f"It is being made{done}.",
        State.SUCCEEDED: "It is made, and is being saved.",
    }
    return Order(words[task.state], goes_on=True)


def without_task(attempt: Attempt) -> Order:
    """Return an attempt as an order of which no task is known."""
    if attempt.settled is Billed.YES:
        return Order("It was bought, and got lost on its way to us. Please write to us.")
    if not attempt.open:
        return Order("The order was not taken, and costs nothing.")
    if attempt.outcome is None:
        return Order("Your order is being placed.", goes_on=True)
    return Order(
        "We sent your order and do not know yet whether it was taken. "
        "You need not do anything: it is not bought twice.",
        goes_on=True,
    )


def repainted(prompt: str, picture: bytes) -> ImageRequest:
    """Return the request for a picture after a prompt, and after another picture where there is one.

    Errors: NotTaken for what is no picture.
    """
    try:
        return ImageRequest(model="flux-2-pro", prompt=prompt, images=picture or None, resolution="1K")
    except RequestError as error:
        raise not_taken(error) from error
