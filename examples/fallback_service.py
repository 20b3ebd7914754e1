"""A small service that makes pictures at the cheapest provider that can, and elsewhere when it cannot.

    python examples/fallback_service.py                            # at simulators, for nothing
    python examples/fallback_service.py --config anymedia.toml     # at your accounts: this costs money
    curl -H 'Idempotency-Key: order-17' -d '{"prompt": "a lighthouse"}' http://127.0.0.1:8080/pictures
    curl http://127.0.0.1:8080/metrics                             # for Prometheus

No request costs more than MAX_PRICE, whatever happens on the way. A request that is repeated under the same idempotency
key is not bought again.
Where callers are not all the same person, put who it is before the idempotency key.
"""

import argparse
import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from decimal import Decimal
from math import ceil, inf
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
from aiohttp import web
from aiohttp.typedefs import Handler

from anymedia import (
    AccountHealth,
    Alert,
    AnymediaError,
    Attempt,
    Blocked,
    Client,
    DeadlineExceeded,
    ImageRequest,
    NoRoute,
    OutOfBounds,
    ProviderError,
    Rejected,
    RequestError,
    Result,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    from_json,
    load_config,
    read_config,
    to_json,
)
from anymedia.clock import Clock
from anymedia.model.money import total
from anymedia.simulators import running

MAX_PRICE = "0.10"
TIMEOUT = 120.0
"""Seconds that a caller waits; for what takes longer there is GET."""

DEFAULTS = {"model": "flux-2-pro", "resolution": "1K"}
FIELDS = {"prompt", "aspect_ratio", "count", *DEFAULTS}
"""What callers may say. Not `extra`: whoever writes raw fields decides what is billed."""

STATUS = (
    ((SubmitUncertain, TaskFailed), 502),  # what may have been billed is in `anymedia tasks`
    (DeadlineExceeded, 202),
    ((RequestError, Rejected, Blocked), 422),  # a RequestError is also what would pass MAX_PRICE
    (ProviderError, 503),
    (AnymediaError, 500),
)
"""What errors are over HTTP; the first that fits counts."""

BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
"""Seconds up to which tasks are counted together: a picture takes seconds, and a film takes minutes."""

CLIENT: web.AppKey[Client] = web.AppKey("client", Client)
OUT: web.AppKey[Path] = web.AppKey("out", Path)
METRICS: web.AppKey["Metrics"] = web.AppKey("metrics")
UNDER_WAY: web.AppKey[set[asyncio.Task[Result]]] = web.AppKey("under_way", set)

routes = web.RouteTableDef()


@routes.post("/pictures")
async def make(request: web.Request) -> web.Response:
    """Make pictures, all of them under one idempotency key, by which GET finds them again."""
    app, wanted = request.app, await read(request)
    options = {"policy": "cheapest", "max_price": MAX_PRICE, "idempotency_key": name(request), "timeout": TIMEOUT}
    # A task of its own: a caller who goes away does not take with him what is being paid for.
    making = asyncio.create_task(app[CLIENT].generate(wanted, **options))
    app[UNDER_WAY].add(making)
    making.add_done_callback(app[UNDER_WAY].discard)
    result = await asyncio.shield(making)
    return await made(request, result, missing=result.missing)


@routes.get("/pictures/{key}")
async def look(request: web.Request) -> web.Response:
    """Look once at what was asked for under an idempotency key."""
    client = request.app[CLIENT]
    begun = await client.attempts(idempotency_key=name(request))
    if not begun:
        raise web.HTTPNotFound
    attempts = tuple(await asyncio.gather(*(seen(client, attempt) for attempt in begun)))
    tasks = [attempt.task for attempt in attempts if attempt.task is not None]
    done = tuple(task for task in tasks if task.state is State.SUCCEEDED)
    if any(attempt.outcome is None for attempt in attempts) or not all(task.state.final for task in tasks):
        return told(request, 202, attempts)
    if not done:
        return told(request, 502, attempts)
    return await made(request, Result(tasks=done, money=total(task.money for task in done), attempts=attempts))


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    """Tell how the accounts do: 503 while none of them is asked."""
    client = request.app[CLIENT]
    return web.json_response(to_json(client.health()), status=503 if pause(client) else 200)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Tell Prometheus what was bought, what came of it, and how the accounts do."""
    text = request.app[METRICS].text(request.app[CLIENT].health())
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@attrs.frozen
class Family:
    """A metric: its kind and its help, and what the names of its samples begin with."""

    kind: str
    says: str


FAMILIES = {
    "anymedia_attempts_total": Family("counter", "Submits by how they ended."),
    "anymedia_spend_usd_total": Family(
        "counter", "USD billed, or possibly billed; what was given back is still in it."
    ),
    "anymedia_returned_usd_total": Family("counter", "USD of anymedia_spend_usd_total that were given back."),
    "anymedia_task_seconds": Family("histogram", "Seconds from a task's submit until it was over."),
    "anymedia_alerts_total": Family("counter", "Alerts of a day that has cost more than [alerts] says."),
    "anymedia_open_tasks": Family("gauge", "Tasks that are not known to be over."),
    "anymedia_account_is_asked": Family("gauge", "Whether an account gets requests (1) or is left alone (0)."),
}
"""Every metric, in the order of the page: the format wants all samples of one below its type."""


class Metrics:
    """What the client's `on_event` tells, added up for Prometheus.

    Its text format is these few lines, so that the service needs no package for it.
    """

    def __init__(self) -> None:
        self._samples: dict[str, dict[str, Decimal]] = {family: {} for family in FAMILIES}
        self._counted: dict[tuple[str, str], tuple[Decimal, dict[str, str]]] = {}
        self._add("anymedia_alerts_total", 0)

    def see(self, event: Attempt | Task | Alert) -> None:
        """Count an event: how a submit ended and what it costs, how a task ended and how long it took, an alert."""
        if isinstance(event, Alert):
            self._add("anymedia_alerts_total", 1)
        elif isinstance(event, Attempt):
            self._ended(event)
        elif event.state.final and event.ended_at is not None:
            self._took((event.ended_at - event.submitted_at).total_seconds(), account=event.account, state=event.state)
            self._billed(event)

    def _ended(self, attempt: Attempt) -> None:
        if attempt.outcome is None:
            return
        order, task, usd = attempt.order, attempt.task, attempt.reserved or Decimal(0)
        self._add("anymedia_attempts_total", 1, account=order.account, outcome=attempt.outcome)
        labels = {"account": order.account, "model": order.model or "", "billed": "possibly" if task is None else "yes"}
        if usd:
            self._add("anymedia_spend_usd_total", usd, **labels)
        if task is not None and not task.state.final:
            self._counted[task.account, task.id] = usd, labels

    def _billed(self, task: Task) -> None:
        """Count what a task was billed beyond what was counted when it was accepted, or what was given back of that."""
        before, labels = self._counted.pop((task.account, task.id), (None, {}))
        if before is None or task.money.usd in (None, before):
            return  # another process bought it and counts it, or it cost what was quoted
        more = task.money.usd - before
        self._add(f"anymedia_{'spend' if more > 0 else 'returned'}_usd_total", abs(more), **labels)

    def _took(self, seconds: float, **labels: str) -> None:
        for bucket in (*BUCKETS, "+Inf"):
            self._add("anymedia_task_seconds", int(seconds <= float(bucket)), "_bucket", **labels, le=str(bucket))
        self._add("anymedia_task_seconds", Decimal(str(seconds)), "_sum", **labels)
        self._add("anymedia_task_seconds", 1, "_count", **labels)

    def _add(self, family: str, amount: Decimal | int, part: str = "", **labels: str) -> None:
        samples, row = self._samples[family], sample(f"{family}{part}", **labels)
        samples[row] = samples.get(row, Decimal(0)) + amount

    def text(self, accounts: Iterable[AccountHealth]) -> str:
        """Return all of it, with how the accounts do now, in Prometheus' text format."""
        accounts = [*accounts]
        now = {
            "anymedia_open_tasks": {each.account: each.active for each in accounts},
            "anymedia_account_is_asked": {each.account: int(each.cause is None) for each in accounts},
        }
        lines = []
        for name, family in FAMILIES.items():
            lines += [f"# HELP {name} {family.says}", f"# TYPE {name} {family.kind}"]
            lines += [f"{row} {plain(value)}" for row, value in self._samples[name].items()]
            lines += [f"{sample(name, account=account)} {value}" for account, value in now.get(name, {}).items()]
        return "".join(f"{line}\n" for line in lines)


def sample(name: str, **labels: str) -> str:
    """Return what stands before a figure: a name and its labels, which are written as JSON's texts are."""
    written = ",".join(f"{label}={json.dumps(str(value), ensure_ascii=False)}" for label, value in labels.items())
    return f"{name}{{{written}}}" if written else name


@web.middleware
async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer an error with what is known, and with when to try again."""
    try:
        return await handler(request)
    except AnymediaError as error:
        answer = told(request, status(error), error.attempts, error=str(error))
        wait = pause(request.app[CLIENT])
        if answer.status == 503 and 0 < wait < inf:
            answer.headers["Retry-After"] = str(ceil(wait))
        return answer


def name(request: web.Request) -> str:
    """Return the idempotency key of what is asked for."""
    key = request.match_info.get("key") or request.headers.get("Idempotency-Key")
    if not key:
        raise web.HTTPBadRequest(text="give an Idempotency-Key: nothing is bought twice under the same one")
    return key


async def read(request: web.Request) -> ImageRequest:
    """Return what a caller wants. Errors: OutOfBounds."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not body.keys() <= FIELDS:
        raise OutOfBounds(f"the body must be a JSON object of {', '.join(sorted(FIELDS))}")
    return from_json(ImageRequest, DEFAULTS | body)


async def seen(client: Client, attempt: Attempt) -> Attempt:
    """Return an attempt with its task as it stands now."""
    return attempt if attempt.task is None else attrs.evolve(attempt, task=await client.get(attempt.task))


async def made(request: web.Request, result: Result, **facts: Any) -> web.Response:
    """Save a result, and answer with where it is; with the provider's own links when it cannot be fetched now."""
    try:
        assets = await request.app[CLIENT].download(result, request.app[OUT])
        pictures = [f"/files/{asset.path.name}" for asset in assets if asset.path is not None]
    except (AnymediaError, OSError):
        pictures = [asset.url for asset in result.assets if asset.url is not None]
    provider, price = result.tasks[0].provider, plain(result.money.usd)
    return told(request, 200, result.attempts, pictures=pictures, provider=provider, price=price, **facts)


def told(request: web.Request, number: int, attempts: Iterable[Attempt], **facts: Any) -> web.Response:
    """Answer with where to look again, and what was tried."""
    tried = [
        {
            "offer": each.order.offer,
            "why": each.order.why,
            "how": each.status,
            "cause": each.cause,
            "at_most": plain(each.reserved),
        }
        for each in attempts
    ]
    answer = {"id": name(request), **facts, "attempts": tried}
    where = f"/pictures/{quote(name(request), safe='', errors='replace')}"
    return web.json_response(answer, status=number, headers={"Location": where})


def plain(usd: Decimal | None) -> str | None:
    """Return an amount without an exponent; None: nobody knows."""
    return None if usd is None else f"{usd.normalize():f}"


def pause(client: Client) -> float:
    """Return in how many seconds some account is asked again; infinity: in none that anybody knows."""
    accounts, now = client.health(), Clock().now()
    if any(each.cause is None for each in accounts):
        return 0.0
    waits = [(each.until - now).total_seconds() for each in accounts if each.until is not None]
    return max(min(waits, default=inf), 0.0)


def status(error: AnymediaError) -> int:
    """Return the HTTP status of an error; doubt about money comes first."""
    if isinstance(error, NoRoute):
        found = {status(each) for each in error.errors}
        return 422 if found == {422} else 502 if 502 in found else 503
    return next(number for kinds, number in STATUS if isinstance(error, kinds))


def service(config: str | None, out: Path, speed: float = 20) -> web.Application:
    """Return the application, over the accounts of a config file, else over simulators that end with it."""

    async def client(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if config is None:
                simulators = await stack.enter_async_context(running(speed=speed))
                found = read_config(simulators.config, simulators.environ)
            else:
                found = load_config(config)
            app[CLIENT] = await stack.enter_async_context(Client(found, on_event=app[METRICS].see))
            yield
            await asyncio.gather(*app[UNDER_WAY], return_exceptions=True)  # what is paid for is written down

    out.mkdir(parents=True, exist_ok=True)
    app = web.Application(middlewares=[answered])
    app[OUT], app[UNDER_WAY], app[METRICS] = out, set(), Metrics()
    app.add_routes([*routes, web.static("/files", out)])
    app.cleanup_ctx.append(client)
    return app


def main() -> None:
    """Read the command line, and serve until Ctrl-C or SIGTERM: callers who wait then still get their answers."""
    parser = argparse.ArgumentParser(description="Pictures over HTTP, at the cheapest provider that can.")
    parser.add_argument("--config", help="an anymedia.toml, whose accounts are asked (simulators)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the pictures go (out)")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    # What is alerted, an account that is left alone, a bill above its quote: a service that hides them helps nobody.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    web.run_app(service(given.config, given.out), host="127.0.0.1", port=given.port, shutdown_timeout=TIMEOUT)


if __name__ == "__main__":
    main()
