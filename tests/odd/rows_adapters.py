"""Kind 18: found by writing adapters outside of this repository."""

import asyncio
import json
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    Account,
    Billed,
    Client,
    Config,
    ImageRequest,
    Secret,
    State,
    TaskFailed,
    Unsupported,
)
from anymedia.declare import (
    Adapter,
    Cause,
    Endpoint,
    Err,
    Fault,
    Header,
    Lifecycle,
    Offer,
    Pace,
    Param,
    Price,
    Refund,
    Reply,
    Table,
    Text,
    Whole,
)

from .files import PNG, png
from .raw_server import Reply as Sent
from .raw_server import reply
from .table import each, row
from .world import ending, failing, paid

PICTURE = ImageRequest(model="lamp-1", prompt="a lighthouse at dusk")
TWO = ImageRequest(model="lamp-1", prompt="a lighthouse at dusk", count=2)
REPLY = Reply(id="id", state="state", assets="links[]", usd="cost", failure=Fault(message="why"))
PARAMS = {"prompt": Param("prompt", Text(1, 500), required=True)}


def lamp(params=None, offer=None, reply_=REPLY, **facts):
    """Return a provider that nobody has, with one offer."""
    sold = Offer(name="lamp-1", params=params or PARAMS, prices=Price("0.10"), **(offer or {}))
    known = {
        "name": "lamp",
        "title": "Lamp",
        "page": "Lamp's page",
        "read": "2026-11-20",
        "base_url": "https://lamp.example",
        "api_key_env": ("LAMP_API_KEY",),
        "auth": Header("x-key"),
        "offers": (sold,),
    }
    life = {
        "submit": Endpoint(method="POST", path="/make", model="model", reply=reply_),
        "poll": Endpoint(method="GET", path="/made/{id}", reply=reply_),
        "states": {"busy": State.RUNNING, "done": State.SUCCEEDED, "broken": State.FAILED},
        "pace": Pace(first=1, then=1),
    }
    said = {word: facts.pop(word) for word in (*life, "result", "cancel") if word in facts}
    return Adapter(**{**known, **facts}, lifecycle=Lifecycle(**{**life, **said}))


def served(world, adapter, answers, journal=True, **account):
    """Return a client of such a provider; `answers` gives the body (or reply) by method and path."""
    site = world.site()
    site.bills = 0

    def answering(asked):
        if asked.method == "POST" and asked.bare == "/make":
            site.bills += 1
        body = answers[f"{asked.method} {asked.bare}"]
        body = body(asked) if callable(body) else body
        return body if isinstance(body, Sent) else reply(json.dumps(body).replace("HERE", site.origin))

    site.answering = answering
    one = Account(name="lamp", adapter=adapter, origin=site.origin, api_key=Secret("planted-lamp-key"), **account)
    config = Config(accounts={"lamp": one}, journal=world.journal if journal else None)
    return site, config, lambda **more: Client(attrs.evolve(config, **more), clock=world.clock)


ACCEPTED = {"POST /make": {"id": "lamp-77", "state": "busy"}}
FILE = {"GET /a.png": reply(PNG), "GET /b.png": reply(png(9))}


def done(*links, **more):
    return {"GET /made/lamp-77": {"id": "lamp-77", "state": "done", "links": list(links), **more}}


# What is refused at import


@each(
    18,
    "a field below another one is refused at import: {}",
    (
        "input beside input.prompt",
        {"negative_prompt": Param("input", Text(1, 9)), "prompt": Param("input.prompt", Text(1, 9))},
    ),
    (
        "input.prompt before input",
        {"prompt": Param("input.prompt", Text(1, 9)), "negative_prompt": Param("input", Text(1, 9))},
    ),
    ("the same place twice", {"prompt": Param("text", Text(1, 9)), "negative_prompt": Param("text", Text(1, 9))}),
    ("three deep", {"prompt": Param("a.b.c", Text(1, 9)), "negative_prompt": Param("a.b", Text(1, 9))}),
)
def _below_another(world, params):
    with pytest.raises((ValueError, TypeError)):
        lamp(params)


@each(
    18,
    "a fixed field below a mapped one is refused at import: {}",
    ("input fixed", {"input": "x"}, "input.prompt"),
    ("a part of it fixed", {"input": {"prompt": "x"}}, "input.prompt"),
)
def _fixed_over(world, fixed, to):
    with pytest.raises((ValueError, TypeError)):
        lamp({"prompt": Param(to, Text(1, 9), required=True)}, {"fixed": fixed})


# Money


@each(18, "Err(refund={}) in states counts", ("yes", Refund.YES, Billed.NO), ("no", Refund.NO, Billed.YES))
async def _refund_of_a_state(world, refund, billed):
    states = {"busy": State.RUNNING, "done": State.SUCCEEDED, "dark": Err(Cause.FAILED, refund=refund)}
    answers = {**ACCEPTED, "GET /made/lamp-77": {"id": "lamp-77", "state": "dark", "why": "no oil"}}
    _, _, client_of = served(world, lamp(states=states), answers)
    async with client_of() as client:
        error = await failing(client.generate(PICTURE), TaskFailed)
        paid(error, billed)
        assert error.task.failure.refund is refund
        assert (error.task.money.usd == 0) is (refund is Refund.YES)


def of_count(price):
    return {"prompt": PARAMS["prompt"], "count": Param("n", Whole(1, 4), default=price)}


@each(18, "a count of {} by default is quoted for as many", (2, 2, "0.20"), (1, 1, "0.10"), (3, 3, "0.30"))
def _default_count(world, default, usd):
    _, config, _ = served(world, lamp(of_count(default)), {})
    (quoted,) = _quotes(world, config, PICTURE)
    assert quoted.money.usd == Decimal(usd)


def _quotes(world, config, request):
    async def asked():
        async with Client(attrs.evolve(config, journal=None), clock=world.clock) as client:
            return client.quote(request)

    return asyncio.run(asked())


@each(18, "a table by count is not multiplied again, for {}", (1, 1, "0.10"), (2, 2, "0.18"), (4, 4, "0.30"))
def _table_by_count(world, count, usd):
    table = Table("count", {"1": "0.10", "2": "0.18", "3": "0.25", "4": "0.30"})
    sold = Offer(name="lamp-1", params=of_count(1), prices=table)
    _, config, _ = served(world, lamp(offers=(sold,)), {})
    (quoted,) = _quotes(world, config, attrs.evolve(PICTURE, count=count))
    assert quoted.money.usd == Decimal(usd)


TEXTS = (("0.07", "0.07"), ("12", "12"), ("$0.07", "0.10"), ("0,07", "0.10"), ("1e-2", "0.10"), ("free", "0.10"))


@each(18, "an amount written as text: {}", *((text, text, usd) for text, usd in TEXTS))
async def _amount_as_text(world, text, usd):
    _, _, client_of = served(world, lamp(), {**ACCEPTED, **FILE, **done("HERE/a.png", cost=text)})
    async with client_of() as client:
        task = await client.wait(await client.submit(PICTURE))
        assert task.money.usd == Decimal(usd)


@row(18, "missing counts units: a cover is no second picture")
async def _cover(world):
    both = attrs.evolve(REPLY, assets={"image": "links[]", "video": "covers[]"})
    params = of_count(1)
    answers = {**ACCEPTED, **FILE, **done("HERE/a.png", covers=["HERE/b.png"])}
    _, _, client_of = served(world, lamp(params, reply_=both), answers)
    async with client_of() as client:
        result = await client.generate(TWO)
        assert result.missing == 1


@row(18, "missing counts units: two pictures of two are all")
async def _no_cover(world):
    answers = {**ACCEPTED, **FILE, **done("HERE/a.png", "HERE/b.png")}
    _, _, client_of = served(world, lamp(of_count(1)), answers)
    async with client_of() as client:
        assert (await client.generate(TWO)).missing == 0


# drop and prompts


@each(18, "drop never drops {}", "prompt", "images", "mask")
async def _never_dropped(world, field):
    given = {"images": ["https://files.example/a.png"]} if field != "prompt" else {}
    if field == "mask":
        given["mask"] = "https://files.example/m.png"
    params = {"seed": Param("seed", Whole(0, 9)), **({} if field == "prompt" else PARAMS)}
    site, _, client_of = served(world, lamp(params), {**ACCEPTED, **done("HERE/a.png")})
    async with client_of() as client:
        await failing(client.submit(attrs.evolve(PICTURE, **given), on_unsupported="drop"), Unsupported)
    assert site.bills == 0


@row(18, "drop drops what is no part of the work, and says so")
async def _dropped(world):
    _, _, client_of = served(world, lamp(), {**ACCEPTED, **done("HERE/a.png")})
    async with client_of() as client:
        task = await client.submit(attrs.evolve(PICTURE, seed=7), on_unsupported="drop")
        assert [each.field for each in task.adjustments] == ["seed"]


@each(18, "prompts=false hides the text of a field called {}", "description", "input.story.text", "q", "?text")
async def _hidden_text(world, to):
    secret = "planted lighthouse of nobody"
    params = {"prompt": Param(to, Text(1, 500), required=True), "negative_prompt": Param("not", Text(1, 500))}
    _, _, client_of = served(world, lamp(params), {**ACCEPTED, **FILE, **done("HERE/a.png", echo=secret)})
    request = attrs.evolve(PICTURE, prompt=secret, negative_prompt="planted fog of nobody")
    async with client_of(prompts=False) as client:
        await client.download(await client.generate(request), world.out)
    kept = b"".join(file.read_bytes() for file in world.journal.parent.rglob("*") if file.is_file())
    assert b"planted" not in kept
    assert b"nobody" not in kept


# Lives


@row(18, "a handle of a finished synchronous task opens as finished")
async def _synchronous_handle(world):
    direct = lamp(poll=None, reply_=Reply(id="id", assets="links[]"))
    site, _, client_of = served(world, direct, {"POST /make": {"id": "lamp-77", "links": ["HERE/a.png"]}, **FILE})
    async with client_of() as client:
        task = await client.submit(PICTURE)
        assert task.state is State.SUCCEEDED
        text = client.handle(task)
        opened = client.open(text)
        assert opened.state is State.SUCCEEDED
        assert (await client.wait(opened, 5)).id == task.id
    assert site.bills == 1


@row(18, "cancel of a finished task returns it, and asks nobody")
async def _cancel_finished(world):
    adapter = lamp(cancel=Endpoint(method="POST", path="/made/{id}/cancel", reply=REPLY))
    answers = {**ACCEPTED, **done("HERE/a.png"), "POST /made/lamp-77/cancel": reply({"why": "too late"}, 409)}
    site, _, client_of = served(world, adapter, answers)
    async with client_of() as client:
        task = await client.wait(await client.submit(PICTURE))
        assert await client.cancel(task) == task
    assert "POST /made/lamp-77/cancel" not in [f"{asked.method} {asked.bare}" for asked in site.asked]


@row(18, "cancel of a task that finished meanwhile returns it")
async def _cancel_just_finished(world):
    adapter = lamp(cancel=Endpoint(method="POST", path="/made/{id}/cancel", reply=REPLY))
    answers = {**ACCEPTED, **done("HERE/a.png"), "POST /made/lamp-77/cancel": reply({"why": "too late"}, 409)}
    _, _, client_of = served(world, adapter, answers)
    async with client_of() as client:
        task = await client.submit(PICTURE)
        assert (await client.cancel(task)).state is State.SUCCEEDED


@row(18, "a verdict may be a 5xx in the provider's own words")
async def _verdict(world):
    poll = Endpoint(method="GET", path="/made/{id}", reply=REPLY)
    result = Endpoint(method="GET", path="/made/{id}/result", reply=Reply(assets="links[]"), verdict=True)
    answers = {
        **ACCEPTED,
        **done(),
        "GET /made/lamp-77/result": reply({"detail": {"type": "lamp_broke", "msg": "the lamp broke"}}, 500),
    }
    adapter = lamp(
        poll=attrs.evolve(poll, reply=attrs.evolve(REPLY, assets={})),
        result=result,
        fault=Fault(code="detail.type", message="detail.msg"),
        errors={"lamp_broke": Err(Cause.FAILED, refund=Refund.NO)},
    )
    _, _, client_of = served(world, adapter, answers)
    async with client_of() as client:
        error = await failing(client.generate(PICTURE, timeout=60), TaskFailed)
        paid(error, Billed.YES)
        assert "the lamp broke" in str(error)


@row(18, "a verdict of 502 with a page is no verdict")
async def _no_verdict(world):
    result = Endpoint(method="GET", path="/made/{id}/result", reply=Reply(assets="links[]"), verdict=True)
    answers = {**ACCEPTED, **done(), "GET /made/lamp-77/result": reply(b"<html>bad gateway</html>", 502)}
    adapter = lamp(poll=Endpoint(method="GET", path="/made/{id}", reply=attrs.evolve(REPLY, assets={})), result=result)
    _, _, client_of = served(world, adapter, answers)
    async with client_of() as client:
        error = await failing(client.generate(PICTURE, timeout=60))
        paid(error)
        assert not error.task.state.final


@row(18, "the key of an account with a base_url of its own never goes to the maker's hosts")
async def _hosts(world):
    maker = world.site()
    maker.answering = lambda _: reply({"id": "lamp-77", "state": "done", "links": ["HERE/a.png"]})
    poll = Endpoint(method="GET", link="look", hosts=("127.0.0.1", "localhost"), path="/made/{id}", reply=REPLY)
    link = f"http://localhost:{maker.port}/made/lamp-77"
    answers = {"POST /make": {"id": "lamp-77", "state": "busy", "look": link}, **done("HERE/a.png"), **FILE}
    _, _, client_of = served(world, lamp(poll=poll), answers)
    async with client_of() as client:
        task = await client.submit(PICTURE)
        error = await ending(client.wait(task, 20))
        assert "planted-lamp-key" not in str(error)
    assert all("planted-lamp-key" not in str(asked.headers) for asked in maker.asked)
