"""What is quoted, what the simulators charge and what is settled are one figure; live prices come only when asked."""

import json
import os
from datetime import UTC, datetime, time
from decimal import Context, Decimal, localcontext
from itertools import cycle, product

import attrs
import pytest

import anymedia
from anymedia import (
    Client,
    ConfigError,
    ImageRequest,
    NotFound,
    State,
    SyncClient,
    Unavailable,
    Unsupported,
    from_json,
    read_config,
)
from anymedia.declare import Choice, Flag, Whole
from anymedia.declare.prices import Metered, goes_by
from anymedia.model.vocabulary import Kind
from anymedia.pricing import live
from anymedia.pricing.live import LivePrice, LivePrices
from anymedia.registry import offers
from anymedia.simulators import in_thread
from anymedia.testing.requests import fewest, given, knob
from anymedia.transport.retry import Patience
from tests.providers import FOUR
from tests.verbs import run

FLUX = ImageRequest(model="flux-2-pro", prompt="a fox", resolution="1K")
MAX = attrs.evolve(FLUX, model="flux-2-max")
ONE = "https://img.example/1.png"
CENT = Decimal("0.01")
UNIT = {"reapi": CENT / 10, "kie": CENT / 2, **dict.fromkeys(("api_in_one", "bfl", "fal", "replicate", "runapi"), CENT)}
"""What the simulators count in, in USD; nobody knows it of RevidAPI's credits, and OpenAI's cents are of tokens."""

SETTLES = ("reapi", "api_in_one", "runapi", "kie", "bfl")
"""Providers whose answers tell what a task took."""

WHOLE = float(os.environ.get("ANYMEDIA_CASES", "1")) > 1
FEW = 4
"""Requests of an offer in a variant that `make test` buys, of all that `make soak` does: for the others, the shipped
suite holds what is quoted against what a simulator charges."""


@pytest.fixture
def runapi(sims):
    return sims["runapi"].service


@pytest.fixture
def quiet(sims):
    return read_config(sims.config | {"journal": {"enabled": False}}, sims.environ)


def dearer(service, cents=6):
    """Let RunAPI sell flux-2-pro for so much, since the tenth of the month."""
    service.models = [
        attrs.evolve(model, cents={"1k": cents, "2k": cents + 2}) if "flux-2-pro" in model.names[0] else model
        for model in service.models
    ]
    service.as_of = "2027-01-10T00:00:00Z"


@pytest.fixture
def played(request):
    """The simulators of a test: the one that it names, or the usual four."""
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    return FOUR if name is None else (name.partition("/")[0],)


@pytest.fixture
def heard(runapi, monkeypatch):
    """Return what RunAPI is asked: method, path, and headers in lower case."""
    asked, answer = [], runapi.answer

    def listening(request):
        asked.append((request.method, request.path, dict(request.headers)))
        return answer(request)

    monkeypatch.setattr(runapi, "answer", listening)
    return asked


def questions(heard):
    """Return the questions for prices, and forget what was heard."""
    said = [(method, path.rpartition("/")[2]) for method, path, _ in heard if "price_" in path]
    heard.clear()
    return said


# Quoted, charged, settled


def choices(offer, field):
    """Return what a field may be asked for: nothing, each word, both ends of a length."""
    match offer.fields[field].takes if field in offer.fields else None:
        case Choice(wire=wire):
            return [None, *wire]
        case Flag():
            return [None, True, False]
        case Whole(least=least, most=int(most)):
            return [None, least, most]
    return [None]


def every_way(adapter, offer, variant):
    """Yield a request of an offer for each value of what its price goes by, for one count or another: up to two tasks.

    In `make soak` there is one for each count, too. What each count is quoted, tests/adapters/test_prices.py says.
    """
    goes = {name for name in goes_by(offer.prices) if name in offer.fields} | {"resolution", "quality"}
    in_turn = {"duration": cycle(choices(offer, "duration"))}
    axes = {name: choices(offer, name) for name in sorted(goes - {"count", *in_turn})}
    if offer.kind is Kind.IMAGE and "aspect_ratio" not in axes:
        axes["aspect_ratio"] = [None, "16:9"]
    counts = [None] if "count" not in offer.roles.names else (1, 2, 3, 4, 5) if offer.batch > 1 else (1, 2)
    of_each = cycle(counts)
    for values in product(*axes.values()):
        for count in counts if WHOLE or offer.batch == 1 else (next(of_each),):
            fields = dict(zip(axes, values, strict=True)) | {name: next(each) for name, each in in_turn.items()}
            asked = fewest(adapter, offer, variant)
            for name, value in (fields | {"count": count}).items():
                if value is not None:
                    asked = given(asked, knob(adapter, name) if name in offer.knobs else name, value)
            yield asked


APPROXIMATE = [("approximate", provider) for provider in ("fal", "replicate", "revidapi")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variant"),
    [(f"{adapter.name}/{offer.name}", variant) for adapter, offer in offers() for variant in offer.variants],
)
async def test_what_is_quoted_is_charged_and_settled(quiet, clock, sims, name, variant):
    provider, _, sold = name.partition("/")
    sim = sims[provider]
    sim.service.balance = 10**9
    account = quiet.accounts[provider]
    offer = account.adapter.offer(sold)
    prices, looked_at = offer.prices, account.adapter.life(offer.lifecycle).poll is not None
    settles = provider in SETTLES and offer.lifecycle != "veo"  # of kie's, whose page names no credits there
    if offer.ends is not None:
        clock.seconds = datetime.combine(offer.ends, time(), UTC).timestamp() - 86_400
    async with Client(quiet, clock=clock) as client:
        asked = [*every_way(account.adapter, offer, variant)]
        quotes = [(request, *client.quote(request, provider, offer=name)) for request in asked]
        taken = [each for each in quotes if each[1].status != "refused"]  # 4K takes wide ratios alone
        for request, quoted in taken if WHOLE else taken[:: -(-len(taken) // FEW)]:
            result = await client.generate(request, provider, offer=name)
            assert (result.missing, len(result.tasks)) == (0, quoted.tasks)
            bills = {entry["task_id"]: entry["charged"] for entry in sim.bills()["entries"]}
            charged = [bills[task.id] for task in result.tasks] if looked_at else [*bills.values()]
            sim.service.tasks.clear()
            if settles:
                assert [task.money.got for task in result.tasks] == ["settled"] * quoted.tasks
                assert [task.money.usd for task in result.tasks] == [UNIT[provider] * each for each in charged]
                assert result.money.usd == UNIT[provider] * sum(charged)
            elif not isinstance(prices, Metered):
                assert result.money == quoted.money
                assert quoted.money.credits in (None, sum(charged))
            if quoted.status == "exact":
                assert quoted.money.usd == UNIT[provider] * sum(charged)
                assert (quoted.money.usd, quoted.money.list_usd) == (result.money.usd, result.money.list_usd)
                assert quoted.money.credits == result.money.credits
            elif quoted.status == "estimate":
                assert quoted.money.usd >= UNIT.get(provider, CENT) * sum(charged)
            else:
                assert quoted.status == "unknown" or (quoted.status, provider) in APPROXIMATE
    fewest_ = 1 if offer.kind in (Kind.MUSIC, Kind.SPEECH) else 2
    assert len(taken) >= ((1275 if WHOLE else 255) if sold == "gpt-image-2-official" else fewest_)
    if prices is None or isinstance(prices, Metered):  # each figure has a test of its own
        assert {quoted.status for _, quoted in taken} == {"unknown"}


async def test_what_is_settled_and_told_is_exact_in_a_program_that_counts_with_three_digits(quiet, clock, sims, runapi):
    four = ImageRequest(model="gpt-image-2", prompt="a fox", aspect_ratio="16:9", resolution="4K", count=4)
    sims["reapi"].service.balance = 98_765 + 5_332
    dearer(runapi, 5.4321)
    async with Client(quiet, clock=clock) as client:
        with localcontext(Context(prec=3)):
            result = await client.generate(four, offer="reapi/gpt-image-2-official")
            balance = await client.balance("reapi")
            errors = await client.refresh_prices(FLUX, "runapi")
        (told,) = client.quote(FLUX, "runapi")
    assert ([task.money.usd for task in result.tasks], errors) == ([Decimal("5.332")], [])
    assert (balance.usd, told.money.usd) == (Decimal("98.765"), Decimal("0.054321"))


@pytest.mark.parametrize("provider", ["reapi", "api_in_one", "runapi"])
async def test_a_failed_task_costs_nothing_where_the_page_says_so(quiet, clock, sims, provider):
    sims[provider].fault("failed", times=2)
    async with Client(quiet, clock=clock) as client:
        result = await client.generate(attrs.evolve(FLUX, count=3), provider)
        (quoted,) = client.quote(FLUX, provider)
        failed = [await client.submit(FLUX, provider)]
        sims[provider].fault("failed")
        failed.append(await client.submit(FLUX, provider))
        clock.seconds += 3600
        ends = [await client.get(task) for task in failed]
    assert (result.money.usd, result.missing) == (quoted.money.usd, 2)
    assert [(task.state, task.money.usd, task.money.got) for task in ends] == [
        (State.SUCCEEDED, quoted.money.usd, "settled"),
        (State.FAILED, 0, "settled"),
    ]
    entries = sims[provider].bills()["entries"]
    assert sum(entry["charged"] - entry["refunded"] for entry in entries) * UNIT[provider] == 2 * quoted.money.usd


async def test_where_no_page_says_so_a_failed_task_is_taken_to_cost(quiet, clock, sims):
    sims["revidapi"].fault("failed")
    async with Client(quiet, clock=clock) as client:
        task = await client.submit(FLUX, "revidapi")
        clock.seconds += 3600
        assert str((await client.get(task)).money) == "~$0.025"


# Live prices


async def test_nothing_is_asked_unasked(client, heard):
    client.quote(FLUX)
    client.explain(FLUX)
    await run(client, FLUX, "runapi")
    assert questions(heard) == []
    assert await client.refresh_prices(FLUX) == []
    assert [(each.provider, each.money.got) for each in client.quote(FLUX) if each.money.got == "live"] == [
        ("runapi", "live")
    ]
    assert questions(heard) == [("GET", "price_schedules"), ("POST", "price_quotes")]


async def test_a_live_price_is_quoted_explained_recorded_charged_and_settled(client, clock, config, sims, runapi):
    dearer(runapi)
    assert str(client.quote(FLUX, "runapi")[0].money) == "$0.05"
    assert await client.refresh_prices(FLUX, "runapi") == []
    (quoted,), (explained,) = client.quote(FLUX, "runapi"), client.explain(FLUX, "runapi")
    assert (str(quoted.money), quoted.status, quoted.money.got, quoted.money.date) == (
        *("$0.06", "exact", "live", "2027-01-10"),
    )
    assert explained.money == quoted.money
    task = await client.submit(FLUX, "runapi")
    assert task.money == quoted.money
    assert client.journal is not None
    (attempt,) = await client.attempts()
    assert attempt.order.money == quoted.money
    done = await client.wait(task)
    assert (done.money.usd, done.money.got) == (Decimal("0.06"), "settled")
    assert sims["runapi"].bills()["entries"][0]["charged"] == 6
    # The other offers are as printed, and the order follows what is billed.
    assert [each.offer for each in client.quote(FLUX)][2:] == ["api_in_one/flux-2-pro", "runapi/flux-2-pro"]
    dearer(runapi, 1)
    assert await client.refresh_prices(FLUX) == []
    assert client.quote(FLUX)[0].offer == "runapi/flux-2-pro"


async def test_the_user_s_own_price_is_recorded_until_the_provider_says_what_it_took(sims, clock):
    tables = sims.config["providers"] | {
        "reapi": sims.config["providers"]["reapi"] | {"prices": {"flux-2": {"1K": "0.0279"}}}
    }
    config = read_config({"providers": tables}, sims.environ)
    async with Client(config, clock=clock) as client:
        assert str(client.explain(FLUX, "reapi")[0].money) == str(client.quote(FLUX, "reapi")[0].money) == "$0.0279"
        task = await client.submit(FLUX, "reapi")
        assert (task.money.got, task.money.usd) == ("override", Decimal("0.0279"))
        done = await client.wait(task)
    assert (done.money.got, done.money.usd, done.money.list_usd) == ("settled", Decimal("0.028"), Decimal("0.0279"))


async def test_a_live_price_survives_the_process_and_no_other_origin_has_it(client, clock, config, runapi):
    dearer(runapi)
    await client.refresh_prices(FLUX)
    live._at.cache_clear()  # another process has none
    async with Client(config, clock=clock) as other:
        assert str(other.quote(FLUX, "runapi")[0].money) == "$0.06"
        assert str(other.quote(attrs.evolve(FLUX, resolution="2K"), "runapi")[0].money) == "$0.07"
    assert [str(each.money) for each in anymedia.quote(FLUX, "runapi")] == ["$0.05"]
    # At the provider's own origin it would hold for those too who have no client.
    prices = LivePrices(config.live_prices)
    stored = json.loads(config.live_prices.read_text())["prices"][0]
    prices.keep([attrs.evolve(from_json(LivePrice, stored), origin="https://runapi.ai")])
    assert [str(each.money) for each in anymedia.quote(FLUX, "runapi")] == ["$0.06"]
    assert [str(each.money) for each in anymedia.explain(FLUX, "runapi")] == ["$0.06"]


async def test_the_etag_spares_the_questions_until_prices_change(client, clock, config, heard, runapi):
    def dated():
        (price,) = json.loads(config.live_prices.read_text())["prices"]
        return price["usd"], price["date"], price["fetched_at"][:10]

    await client.refresh_prices(FLUX, "runapi")
    assert dated() == ("0.05", "2026-07-23", "2027-01-15")
    heard.clear()
    clock.seconds += 86_400
    await client.refresh_prices(FLUX, "runapi")
    assert questions(heard) == [("GET", "price_schedules")]
    assert dated() == ("0.05", "2026-07-23", "2027-01-16")
    dearer(runapi)
    await client.refresh_prices(FLUX, "runapi")
    assert questions(heard) == [("GET", "price_schedules"), ("POST", "price_quotes")]
    assert dated() == ("0.06", "2027-01-10", "2027-01-16")


async def test_no_key_goes_out_with_a_question_and_none_is_needed(sims, config, clock, heard):
    keyless = read_config(sims.config, {})
    async with Client(keyless, clock=clock) as client, Client(config, clock=clock) as keyed:
        assert await client.refresh_prices(FLUX, "runapi") == []
        sims["runapi"].service.as_of = "2027-01-10T00:00:00Z"
        assert await keyed.refresh_prices(FLUX, "runapi") == []
    assert [path.rpartition("/")[2] for _, path, _ in heard] == ["price_schedules", "price_quotes"] * 2
    for _, _, headers in heard:
        assert not headers.keys() & {"authorization", "x-api-key", "cookie", "idempotency-key"}
        assert sims["runapi"].api_key not in str(headers)
        assert headers["user-agent"].startswith("anymedia/")


async def test_a_price_that_is_pending_stays_unknown(client):
    (error,) = await client.refresh_prices(MAX)
    assert isinstance(error, NotFound)
    assert "reports no price" in str(error)
    (quoted,) = client.quote(MAX)
    assert (quoted.status, quoted.money.usd) == ("unknown", None)


BROKEN = {
    "500": {"kind": "status", "status": 500},
    "503 html": {"kind": "status", "status": 503, "body": "html"},
    "reset": {"kind": "reset_before"},
    "redirect": {"kind": "redirect", "location": "http://127.0.0.1:9/"},
    "huge": {"kind": "huge"},
    "gzip bomb": {"kind": "gzip_bomb"},
    "cut": {"kind": "cut_body"},
    "html": {"kind": "html"},
    "a list": {"kind": "raw", "body": "[]"},
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("which", ["the list", "the price"])
async def test_an_answer_that_is_broken_changes_nothing_and_is_told(
    quiet, clock, sims, runapi, monkeypatch, kind, which
):
    async with Client(quiet, clock=clock, patience=Patience(tries=2)) as client:
        await client.refresh_prices(FLUX, "runapi")
        dearer(runapi)
        before = quiet.live_prices.read_bytes()
        answer = runapi.answer

        def broken(request):
            if ("schedules" in request.path) == (which == "the list"):
                sims["runapi"].fault(**BROKEN[kind], on="any")
            return answer(request)

        monkeypatch.setattr(runapi, "answer", broken)
        errors = await client.refresh_prices(FLUX, "runapi")
        if which == "the list" and kind in ("html", "a list"):
            # Whatever a list says, its tag alone counts; here there is another, or none, and so the price is asked for.
            assert (errors, str(client.quote(FLUX, "runapi")[0].money)) == ([], "$0.06")
            return
        assert [type(error) for error in errors] == [NotFound if kind in ("html", "a list") else Unavailable]
        assert quiet.live_prices.read_bytes() == before
        assert str(client.quote(FLUX, "runapi")[0].money) == "$0.05"
        monkeypatch.setattr(runapi, "answer", answer)
        sims["runapi"].clear()
        assert await client.refresh_prices(FLUX, "runapi") == []
        assert str(client.quote(FLUX, "runapi")[0].money) == "$0.06"


@pytest.mark.parametrize("tag", ['"\r\nX: y"', '"\x01"', '"\udcff"', "", "x" * 10_000])
async def test_a_tag_that_no_header_can_carry_does_not_end_all_questions(quiet, clock, runapi, tag):
    async with Client(quiet, clock=clock) as client:
        await client.refresh_prices(FLUX, "runapi")
        stored = json.loads(quiet.live_prices.read_text())
        stored["prices"][0]["tag"] = tag
        quiet.live_prices.write_text(json.dumps(stored))
        dearer(runapi)
        assert await client.refresh_prices(FLUX, "runapi") == []
        assert str(client.quote(FLUX, "runapi")[0].money) == "$0.06"


async def test_prices_that_cannot_be_kept_are_an_os_error(quiet, clock):
    quiet.live_prices.mkdir(parents=True)
    async with Client(quiet, clock=clock) as client:
        with pytest.raises(OSError, match=r"prices\.json"):
            await client.refresh_prices(FLUX, "runapi")
        assert str(client.quote(FLUX, "runapi")[0].money) == "$0.05"


def test_the_client_that_does_not_await_quotes_and_refreshes_too(clock):
    with in_thread("runapi", clock=clock.time) as sims:
        dearer(sims["runapi"].service)
        with SyncClient(read_config(sims.config, sims.environ), clock=clock) as client:
            assert str(client.quote(FLUX)[0].money) == "$0.05"
            assert client.refresh_prices(FLUX) == []
            assert [(str(each.money), each.money.got) for each in client.quote(FLUX, "runapi")] == [("$0.06", "live")]
            seeded = attrs.evolve(FLUX, seed=1)
            assert [client.quote(seeded, on_unsupported=how)[0].tasks for how in ("refuse", "drop")] == [0, 1]
            with pytest.raises(Unsupported):
                client.quote(FLUX, offer="runapi/flux-2-flex")
            with pytest.raises(ConfigError):
                client.quote(FLUX, "nobody")
            with pytest.raises(ConfigError):
                client.refresh_prices(FLUX, "nobody")


async def test_a_told_price_goes_by_all_that_it_was_told_for(quiet, clock, sims):
    async with Client(quiet, clock=clock) as client:
        request = ImageRequest(model="gpt-image-2", prompt="a fox")
        assert client.quote(request, "runapi")[0].depends_on == {"variant": "text", "resolution": "dearest"}
        await client.refresh_prices(request, "runapi")
        (told,) = client.quote(request, "runapi")
        assert (told.money.got, told.depends_on) == ("live", {"count": 1})  # no resolution: the provider's own choice
