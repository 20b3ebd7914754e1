"""One request over several accounts: who is asked, who is left alone, and what it comes to."""

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia import (
    Attempt,
    Blocked,
    Cause,
    Client,
    ConfigError,
    Cooling,
    DeadlineExceeded,
    Failure,
    ImageRequest,
    NoCredit,
    NoRoute,
    Outcome,
    OutOfBounds,
    OverCeiling,
    RateLimited,
    RawRequest,
    Refund,
    Secret,
    State,
    SubmitUncertain,
    TaskFailed,
    Unsupported,
    quote,
    read_config,
)
from anymedia.model.money import PriceStatus, total
from tests.providers import FOUR

ORDER = ("revidapi", "reapi", "runapi", "api_in_one")


def submits(sims):
    return {sim.name: sim.bills()["submits"] for sim in sims}


def charged(sims):
    return {sim.name: sum(entry["charged"] > entry["refunded"] for entry in sim.bills()["entries"]) for sim in sims}


def several(request, count):
    return attrs.evolve(request, count=count)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


# Health: three in trouble, the fourth serves


async def test_three_accounts_in_trouble_are_left_alone_until_their_cause_is_gone(client, clock, sims, request_):
    started = clock.seconds
    sims["revidapi"].fault("throttled", on="submit", retry_after=1000)
    sims["reapi"].fault("no_credit")
    sims["runapi"].fault("status", status=503, message="No active channel", on="submit", times=None)
    tried = []
    for _ in range(30):
        result = await client.generate(request_, *ORDER)
        assert [task.account for task in result.tasks] == ["api_in_one"]
        tried += result.attempts
    assert clock.seconds - started < 900
    accounts = [attempt.order.account for attempt in tried]
    assert (accounts.count("revidapi"), accounts.count("reapi"), accounts.count("api_in_one")) == (1, 1, 30)
    # The one that is not there is tried by one request after a time that doubles.
    begun = [attempt.started_at for attempt in tried if attempt.order.account == "runapi"]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(begun)]
    assert len(gaps) >= 6
    assert all(gap >= 2**number for number, gap in enumerate(gaps))
    causes = {health.account: health.cause for health in client.health()}
    assert causes == {"revidapi": "rate_limited", "reapi": "no_credit", "runapi": "unavailable", "api_in_one": None}

    sims["runapi"].clear()
    clock.seconds += 300
    assert (await client.generate(request_, *ORDER)).tasks[0].account == "runapi"
    sims["reapi"].service.balance += 5000
    clock.seconds += 60
    await client.generate(request_, *ORDER)  # the balance is looked at beside it
    await until(lambda: client.health("reapi")[0].cause is None)
    assert (await client.generate(request_, *ORDER)).tasks[0].account == "reapi"
    clock.seconds = started + 1001
    assert (await client.generate(request_, *ORDER)).tasks[0].account == "revidapi"
    assert {health.cause for health in client.health()} == {None}
    assert submits(sims)["revidapi"] == submits(sims)["reapi"] == 2


async def test_one_refusal_of_a_key_is_waited_out_and_a_trial_brings_the_account_back(client, sims, request_, clock):
    sims["reapi"].fault("unauthorised", on="submit")
    assert (await client.generate(request_, "reapi", "runapi")).tasks[0].account == "runapi"
    assert (client.health("reapi")[0].cause, submits(sims)["reapi"]) == ("bad_api_key", 1)
    assert (await client.generate(request_, "reapi")).tasks[0].account == "reapi"
    assert client.health("reapi")[0].cause is None


async def test_a_key_that_is_refused_again_and_again_is_left_alone_for_the_clients_life(sims, request_, config, clock):
    accounts = {**config.accounts, "reapi": attrs.evolve(config.account("reapi"), api_key=Secret("revoked"))}
    async with Client(attrs.evolve(config, accounts=accounts), clock=clock) as client:
        for _ in range(3):
            assert (await client.generate(request_, "reapi", "runapi")).tasks[0].account == "runapi"
            clock.seconds += 10
        await until(lambda: client.health("reapi")[0].until is None)
        clock.seconds += 100_000
        assert (await client.generate(request_, "reapi", "runapi")).tasks[0].account == "runapi"
        (health,) = client.health("reapi")
        assert (health.cause, health.failures, str(health.ends)) == ("bad_api_key", 3, "another configuration")
    async with Client(config, clock=clock) as other:
        assert (await other.generate(request_, "reapi", "runapi")).tasks[0].account == "reapi"


async def test_an_hour_without_credit_is_enough_where_no_balance_is_told(client, clock, sims, request_):
    sims["revidapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.generate(request_, "revidapi")
    with pytest.raises(Cooling):
        await client.generate(request_, "revidapi")
    clock.seconds += 3601
    assert (await client.generate(request_, "revidapi")).attempts[0].outcome is Outcome.ACCEPTED


async def test_a_rate_limit_is_waited_for_where_that_is_sooner(client, clock, sims, request_):
    sims["reapi"].fault("throttled", on="submit", retry_after=7)
    result = await client.generate(request_, "reapi")
    first, second = result.attempts
    assert (first.cause, first.retry_after, second.outcome) == ("rate_limited", 7, Outcome.ACCEPTED)
    assert (second.started_at - first.ended_at).total_seconds() >= 7
    assert second.order.why == "once more; after reapi/flux-2: rate limited"
    sims["reapi"].fault("throttled", on="submit", retry_after=7)
    assert [each.order.account for each in (await client.generate(request_, "reapi", "runapi")).attempts] == [
        "reapi",
        "runapi",
    ]
    sims["reapi"].fault("throttled", on="submit", retry_after=1000)
    clock.seconds += 60
    with pytest.raises(RateLimited) as caught:
        await client.generate(request_, "reapi", timeout=500)
    assert [each.cause for each in caught.value.attempts] == ["rate_limited"]
    assert submits(sims)["reapi"] == 4


async def test_an_account_that_is_not_there_is_tried_four_times_where_there_is_no_other(client, clock, sims, request_):
    sims["runapi"].fault("status", status=503, message="No active channel", on="submit", times=None)
    with pytest.raises(Exception, match="No active channel") as caught:
        await client.generate(request_, "runapi")
    assert (submits(sims)["runapi"], len(caught.value.attempts)) == (4, 4)


async def test_one_request_tries_first_and_the_others_wait_for_it(client, clock, sims, request_):
    sims["reapi"].fault("status", status=503, code=70001, on="submit")
    assert len((await client.generate(request_, "reapi")).attempts) == 2
    sims["reapi"].fault("reset_before")  # uncertain: half a minute
    with pytest.raises(SubmitUncertain):
        await client.generate(request_, "reapi")
    clock.seconds += 40
    sims["reapi"].fault("status", status=503, code=70001, on="submit")
    many = [asyncio.create_task(client.generate(request_, "reapi")) for _ in range(8)]
    results = await asyncio.gather(*many)
    assert sum(len(result.attempts) for result in results) == 9  # one was refused, and it was the only one on its way
    assert submits(sims)["reapi"] == 3 + 9


# Where it goes


@pytest.mark.parametrize(("names", "options"), [(["runapi"], {}), ([], {"offer": "runapi/flux-2-pro"})])
async def test_what_is_asked_alone_is_not_said_to_be_the_only_one_that_takes_it(client, request_, names, options):
    result = await client.generate(request_, *names, **options)
    assert (result.tasks[0].account, result.attempts[0].order.why) == ("runapi", "the only one asked")


async def test_the_policies(client, sims, request_):
    quotes = client.quote(request_)
    assert (await client.generate(request_, *ORDER)).tasks[0].account == "revidapi"
    assert (await client.generate(request_, *reversed(ORDER))).tasks[0].account == "api_in_one"
    result = await client.generate(request_, policy="cheapest")
    assert result.tasks[0].account == quotes[0].account
    assert result.attempts[0].order.why == "the cheapest"
    result = await client.generate(
        request_, policy=lambda quotes: [each for each in quotes if each.account == "runapi"]
    )
    assert (result.tasks[0].account, result.attempts[0].order.why) == ("runapi", "the only one that takes it")
    dearest = await client.generate(request_, policy=lambda quotes: sorted(quotes, key=lambda each: -each.money.usd))
    assert dearest.attempts[0].order.why == "first of the policy"
    with pytest.raises(NoRoute):
        await client.generate(request_, policy=lambda quotes: [])
    with pytest.raises(OutOfBounds, match="policy: the function returned what it was not given"):
        await client.generate(request_, policy=lambda quotes: [quotes[0], quotes[0]])
    with pytest.raises(
        OutOfBounds, match=r"policy: must be one of ordered, cheapest, spread \(in Python .*\), not 'dearest'"
    ):
        await client.generate(request_, policy="dearest")
    assert sum(submits(sims).values()) == 5


async def test_without_an_order_the_cheapest_is_asked_first(client, sims, request_):
    first, second, *_ = client.quote(request_)
    sims[first.provider].fault("no_credit")
    refused, made = (await client.generate(request_)).attempts
    assert (refused.order.account, refused.order.why) == (first.account, "the cheapest")
    assert (made.order.account, made.order.why) == (
        second.account,
        f"the cheapest left; after {first.offer}: no credit",
    )


async def test_where_no_price_is_known_the_order_is_said_to_be_that_of_the_accounts(sims, clock):
    data = sims.config
    data["providers"] = {name: {"adapter": "runapi", **data["providers"]["runapi"]} for name in ("a", "b", "c")}
    raw = {"model": "gpt-image-2", "prompt": "a fox", "aspect_ratio": "1:1"}
    sims["runapi"].fault("no_credit", times=1)
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        attempts = (await client.generate(RawRequest("runapi", "/api/v1/gpt_image_2/text_to_image", raw))).attempts
    assert [each.order.account for each in attempts] == ["a", "b"]
    assert attempts[0].order.why == "first in order, as no price is known"
    assert (
        attempts[1].order.why
        == "next in order, as no price left is known; after runapi /api/v1/gpt_image_2/text_to_image: no credit"
    )


async def test_spread_goes_where_there_is_the_most_room(sims, clock, request_):
    data = sims.config
    for name, most in {"reapi": 1, "runapi": 2, "revidapi": 4}.items():
        data["providers"][name]["limits"] = {"active": most}
    del data["providers"]["api_in_one"]
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        results = await asyncio.gather(*(client.generate(request_, policy="spread") for _ in range(7)))
    first = min(results, key=lambda result: result.attempts[0].order.chosen_at)
    assert first.attempts[0].order.why == "the most room"
    accounts = Counter(result.tasks[0].account for result in results)
    assert set(accounts) == {"reapi", "runapi", "revidapi"}
    assert accounts["reapi"] < accounts["revidapi"]


async def test_the_configuration_says_how_and_the_call_says_otherwise(sims, clock, request_):
    data = sims.config | {"route": {"policy": "cheapest", "max_price": "0.03", "accounts": ["runapi", "reapi"]}}
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        assert (await client.generate(request_)).tasks[0].account == "reapi"
        assert (await client.submit(request_)).account == "reapi"
        with pytest.raises(OverCeiling, match=r"runapi/flux-2-pro costs .* more than the \$0.03 allowed"):
            await client.submit(request_, "runapi")
        assert (await client.generate(request_, policy="ordered", max_price=None)).tasks[0].account == "runapi"
        route = client.route(request_)
        assert [step.account for step in route.steps] == ["reapi"]
        assert (route.policy, route.worst, route.max_price) == ("cheapest", Decimal("0.028"), Decimal("0.03"))
        assert [(each.account, *each.reasons) for each in route.refused] == [
            ("runapi", "max_price: it costs $0.05, more than the $0.03 allowed")
        ]


async def test_without_fallback_the_first_offer_is_the_only_one_however_its_account_does(sims, clock, request_):
    data = sims.config
    data["providers"]["reapi"]["limits"] = {"submits": [1, 20]}
    sims["revidapi"].fault("reset_after")
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        with pytest.raises(SubmitUncertain):
            await client.generate(request_, policy="cheapest", fallback=False)
        with pytest.raises(Cooling):
            await client.generate(request_, policy="cheapest", fallback=False, timeout=5)
        (step,) = client.route(request_, "reapi", "runapi", fallback=False).steps
        for _ in range(2):  # the second waits for the account's rate limit
            result = await client.generate(request_, "reapi", "runapi", fallback=False)
            assert [attempt.order.offer for attempt in result.attempts] == [step.offer]
            assert result.attempts[0].order.why == "first in order"
    assert submits(sims) == {"revidapi": 1, "reapi": 2, "runapi": 0, "api_in_one": 0}


async def test_without_fallback_the_first_that_fits_the_ceiling_is_the_only_one(client, sims, request_):
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.generate(request_, "runapi", "reapi", "revidapi", fallback=False, max_price="0.03")
    with pytest.raises(OverCeiling):
        await client.generate(request_, "runapi", "revidapi", fallback=False, max_price="0.001")
    assert submits(sims) == {"reapi": 1, "revidapi": 0, "runapi": 0, "api_in_one": 0}


async def test_fallback_can_be_switched_off(client, sims, request_):
    sims["revidapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.generate(request_, *ORDER, fallback=False)
    assert sum(submits(sims).values()) == 1
    assert [step.account for step in client.route(request_, *ORDER, fallback=False).steps] == ["revidapi"]


async def test_an_offer_that_refuses_as_invalid_leaves_the_others_of_its_account(client, sims):
    request = ImageRequest(model="gpt-image-2", prompt="a fox", aspect_ratio="1:1")
    sims["reapi"].fault("status", status=400, code=20002, on="submit")
    result = await client.generate(request, "reapi")
    assert [attempt.order.offer for attempt in result.attempts] == ["reapi/gpt-image-2", "reapi/gpt-image-2-official"]
    assert "or by moderation that has no code of its own" in result.attempts[1].order.why


async def test_an_account_without_a_key_is_passed_over(sims, clock, request_):
    environ = {name: key for name, key in sims.environ.items() if "REVIDAPI" not in name}
    async with Client(read_config(sims.config, environ), clock=clock) as client:
        assert (await client.generate(request_, *ORDER)).tasks[0].account == "reapi"
        with pytest.raises(ConfigError, match="no API key for revidapi"):
            await client.generate(request_, "revidapi")


async def test_what_no_offer_takes_is_said_with_every_reason(client, sims):
    with pytest.raises(NoRoute) as caught:
        await client.generate(ImageRequest(model="flux-2-pro", prompt="a fox", seed=1))
    assert sorted(error.provider for error in caught.value.errors) == sorted(ORDER)
    assert all(isinstance(error, Unsupported) for error in caught.value.errors)
    assert (caught.value.attempts, sum(submits(sims).values())) == ((), 0)


@pytest.mark.parametrize("given", ["a fox", None, {"prompt": "a fox"}])
async def test_what_is_no_request_is_said_to_be_none(client, given):
    for verb in (client.generate, client.submit):
        with pytest.raises(OutOfBounds, match="request: a request like ImageRequest or RawRequest is needed"):
            await verb(given)


async def test_an_unknown_option_and_an_account_that_is_no_name(client, request_):
    with pytest.raises(TypeError, match="no option is named 'timeot'; did you mean timeout"):
        await client.generate(request_, timeot=5)
    with pytest.raises(TypeError, match="no option is named 'maxprice'; did you mean max_price"):
        await client.generate(request_, maxprice="1")
    with pytest.raises(TypeError, match="; accounts are named behind the request, by themselves"):
        await client.generate(request_, provider="reapi")
    with pytest.raises(OutOfBounds, match=r"done: a Result or a Task is downloaded, .* not 'out'"):
        await client.download("out")
    with pytest.raises(ConfigError, match="accounts are named one by one, each by a text, not as "):
        await client.generate(request_, ["reapi"])


async def test_moderation_stops_unless_it_is_asked_to_go_on(client, sims, request_):
    sims["reapi"].fault("moderated", on="poll")
    with pytest.raises(Blocked):
        await client.generate(request_, "reapi", "runapi")
    sims["reapi"].fault("moderated", on="poll")
    result = await client.generate(request_, "reapi", "runapi", on_blocked="continue")
    assert [attempt.order.account for attempt in result.attempts] == ["reapi", "runapi"]
    assert (charged(sims)["reapi"], charged(sims)["runapi"], result.reserved) == (0, 1, Decimal("0.05"))


# Cheapest really is

AXES = {
    "model": st.sampled_from(["flux-2-pro", "flux-2-flex", "flux-2-max", "gpt-image-2", "z-image"]),
    "aspect_ratio": st.sampled_from([None, "1:1", "16:9", "3:2", "21:9", "auto"]),
    "resolution": st.sampled_from([None, "1K", "2K", "4K"]),
    "count": st.sampled_from([None, 1, 2, 5]),
    "quality": st.sampled_from([None, None, "low", "high"]),
    "moderation": st.sampled_from([None, None, "off", "low"]),
    "images": st.sampled_from([(), (), ("https://pictures.example/a.png",)]),
}
WANTED = st.fixed_dictionaries(AXES).map(lambda fields: ImageRequest(prompt="a lighthouse at dusk", **fields))


async def test_the_cheapest_is_the_cheapest_of_those_that_take_the_request(config, clock, sims):
    """1,000 requests, put to the quotes by hand; every one whose answer is new is bought too."""
    bought = set()
    async with Client(config, clock=clock) as client:

        async def check(request):
            quotes = [each for each in quote(request, *FOUR) if each.status != "refused"]
            route = client.route(request, policy="cheapest")
            assert {step.offer for step in route.steps} == {each.offer for each in quotes}
            if not quotes:
                return
            known = [each.money.usd for each in quotes if each.money.usd is not None]
            first = route.steps[0]
            assert first.money.usd == (min(known) if known else None)
            if (first.offer, len(quotes)) not in bought:
                bought.add((first.offer, len(quotes)))
                result = await client.generate(request, policy="cheapest")
                assert {attempt.order.offer for attempt in result.attempts} == {first.offer}
                assert result.money == total(each.money for each in result.tasks)
                assert result.money.usd == first.money.usd or first.money.status is not PriceStatus.EXACT

        requests = []

        @settings(max_examples=1000, database=None)
        @given(WANTED)
        def gather(request):
            requests.append(request)

        gather()
        for request in requests:
            await check(request)
    assert len(requests) >= 1000
    assert len(bought) >= 6


# The ceiling


async def test_over_the_ceiling_nothing_is_sent(client, sims, request_):
    for verb in (client.generate, client.submit):
        with pytest.raises(OverCeiling, match=r"more than the \$0.02 allowed") as caught:
            await verb(request_, *ORDER, max_price="0.02")
        assert caught.value.outcome is Outcome.NOT_SENT
        with pytest.raises(OverCeiling, match=r"more than the \$0.02 allowed"):
            await verb(request_, *ORDER, max_price=0.02)
    with pytest.raises(OutOfBounds, match=r"max_price: has more than 9 decimals: 0\.30000000000000004; write"):
        await client.generate(request_, max_price=0.1 + 0.2)
    with pytest.raises(OverCeiling, match="the price of runapi/flux-2-max is unknown"):
        await client.generate(ImageRequest(model="flux-2-max", prompt="a fox"), "runapi", max_price="1")
    assert sum(submits(sims).values()) == 0
    unknown = ImageRequest(model="flux-2-max", prompt="a fox")
    assert (await client.generate(unknown, "runapi", max_price="1", allow_unknown_price=True)).assets
    assert (await client.submit(unknown, "runapi", max_price="1", allow_unknown_price=True)).id


async def test_all_parts_count_against_one_ceiling(client, sims, request_):
    with pytest.raises(OverCeiling, match=r"3 tasks of reapi/flux-2 cost \$0.084, more than the \$0.08 allowed$"):
        await client.generate(several(request_, 3), "reapi", max_price="0.08")
    assert sum(submits(sims).values()) == 0
    assert len((await client.generate(several(request_, 3), "reapi", max_price="0.084")).tasks) == 3


async def test_a_failed_task_that_may_have_been_billed_goes_on_within_the_ceiling_alone(client, sims, request_):
    sims["revidapi"].fault("failed", times=3)
    with pytest.raises(TaskFailed) as caught:
        await client.generate(request_, "revidapi", "runapi")
    assert [attempt.reserved for attempt in caught.value.attempts] == [Decimal("0.025")]
    with pytest.raises(NoRoute) as caught:
        await client.generate(request_, "revidapi", "runapi", max_price="0.07")
    assert [type(error) for error in caught.value.errors] == [TaskFailed, OverCeiling]
    assert "of which $0.025 are spent, or reserved" in str(caught.value)
    result = await client.generate(request_, "revidapi", "runapi", max_price="0.075")
    assert (result.reserved, result.money.usd) == (Decimal("0.075"), Decimal("0.05"))
    assert submits(sims) == {"revidapi": 3, "runapi": 1, "reapi": 0, "api_in_one": 0}


async def test_tasks_that_fit_in_part_reserve_nothing(client, sims, request_):
    """After two at $0.025 that may have been billed, one at $0.05 fits and two do not; then two at $0.028 do."""
    sims["revidapi"].fault("failed", times=2)
    result = await client.generate(several(request_, 2), "revidapi", "runapi", "reapi", max_price="0.11")
    assert [task.account for task in result.tasks] == ["reapi", "reapi"]
    assert result.reserved == Decimal("0.106")
    assert submits(sims)["runapi"] == 0


async def test_after_an_uncertain_submit_it_goes_on_when_it_is_told_to_and_can_pay(client, sims, request_):
    with pytest.raises(OutOfBounds, match="on_uncertain: needs max_price too"):
        await client.generate(request_, on_uncertain="continue")
    sims["reapi"].fault("reset_after", times=3)
    with pytest.raises(SubmitUncertain, match="is not sent again") as caught:
        await client.generate(request_, "reapi", "runapi")
    assert (submits(sims)["runapi"], len(caught.value.attempts)) == (0, 1)
    result = await client.generate(request_, "reapi", "runapi")  # the account is left alone for a while
    assert [attempt.order.account for attempt in result.attempts] == ["runapi"]


async def test_after_an_uncertain_submit_both_count(client, sims, request_):
    sims["reapi"].fault("reset_after")
    result = await client.generate(request_, "reapi", "runapi", on_uncertain="continue", max_price="0.078")
    assert [(attempt.status, attempt.reserved) for attempt in result.attempts] == [
        ("uncertain", Decimal("0.028")),
        ("succeeded", Decimal("0.05")),
    ]
    assert result.reserved == Decimal("0.078")
    assert charged(sims)["reapi"] == charged(sims)["runapi"] == 1


# Several pictures


async def test_of_two_parts_one_is_uncertain_and_none_is_bought_again(client, sims, request_):
    sims["reapi"].fault("reset_after")
    result = await client.generate(several(request_, 2), "reapi", "runapi")
    assert (len(result.tasks), result.missing) == (1, 1)
    assert "may have been billed" in result.errors[0]
    assert sorted(attempt.status for attempt in result.attempts) == ["succeeded", "uncertain"]
    assert (result.money.usd, result.reserved) == (Decimal("0.028"), Decimal("0.056"))
    assert submits(sims) == {"reapi": 2, "runapi": 0, "revidapi": 0, "api_in_one": 0}
    assert charged(sims)["reapi"] == 2


@pytest.mark.parametrize("limit", [{"connections": 1}, {"limits": {"submits": [1, 10]}}])
async def test_no_part_begins_after_one_that_stops_the_request(sims, clock, request_, limit):
    data = sims.config
    data["providers"]["reapi"] |= limit
    sims["reapi"].fault("reset_after")
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        with pytest.raises(SubmitUncertain):
            await client.generate(several(request_, 5), "reapi")
    assert submits(sims)["reapi"] == 1


async def test_what_is_missing_is_made_elsewhere_only_when_mixed(client, sims, request_):
    sims["reapi"].fault("failed")
    result = await client.generate(several(request_, 3), "reapi", "runapi")
    assert (len(result.tasks), result.missing, submits(sims)["runapi"]) == (2, 1, 0)
    sims["reapi"].fault("failed")
    result = await client.generate(several(request_, 3), "reapi", "runapi", mix=True)
    assert (sorted(task.account for task in result.tasks), result.missing) == (["reapi", "reapi", "runapi"], 0)
    assert sorted(attempt.order.part for attempt in result.attempts) in ([0, 0, 1, 2], [0, 1, 1, 2], [0, 1, 2, 2])
    assert result.errors == ()


async def test_when_nothing_was_bought_all_of_it_goes_elsewhere(client, sims, request_):
    sims["reapi"].fault("failed", times=3)
    result = await client.generate(several(request_, 3), "reapi", "runapi")
    assert [task.account for task in result.tasks] == ["runapi"] * 3
    sims["reapi"].fault("no_credit", times=3)
    result = await client.generate(several(request_, 3), "reapi", "runapi")
    assert [task.account for task in result.tasks] == ["runapi"] * 3
    assert charged(sims)["reapi"] == 0


async def test_a_batch_is_split_where_the_next_offer_makes_one_at_a_time(client, sims):
    request = ImageRequest(model="gpt-image-2", prompt="a fox", aspect_ratio="1:1", count=6, resolution="1K")
    sims["reapi"].fault("no_credit", times=2)
    result = await client.generate(
        request, policy=lambda quotes: [each for each in quotes if each.offer in BATCHED], mix=True
    )
    assert (len(result.assets), result.missing, result.tasks[0].account) == (6, 0, "runapi")
    assert [attempt.order.part for attempt in result.attempts if attempt.task] == [0, 1, 2, 3, 4, 5]
    assert [(attempt.order.part, attempt.order.units) for attempt in result.attempts if not attempt.task] == [
        (0, 4),
        (4, 2),
    ]


BATCHED = ("reapi/gpt-image-2-official", "runapi/gpt-image-2")


# Deadlines, cancels, restarts


async def test_at_the_deadline_the_live_task_is_handed_over_and_nothing_else_is_bought(client, sims, request_):
    sims["reapi"].fault("stuck")
    with pytest.raises(DeadlineExceeded) as caught:
        await client.generate(request_, "reapi", "runapi", timeout=60)
    (attempt,) = caught.value.attempts
    assert (attempt.task.id, attempt.task.state) == (caught.value.task.id, State.RUNNING)
    assert attempt.queued == 0
    assert attempt.running is None
    assert submits(sims)["runapi"] == 0


async def test_a_cancelled_call_begins_nothing_more(client, sims, clock, request_):
    sims["reapi"].fault("no_answer", created=True, seconds=0.3)
    call = asyncio.create_task(
        client.generate(request_, "reapi", "runapi", on_uncertain="continue", max_price="1", timeout=3000)
    )
    await until(lambda: sims["reapi"].bills()["submits"])
    call.cancel()
    with pytest.raises(SubmitUncertain, match="cancelled before") as caught:
        await call
    assert [attempt.order.account for attempt in caught.value.attempts] == ["reapi"]
    await client.close()
    assert submits(sims)["runapi"] == 0
    (attempt,) = await client.attempts()
    assert attempt.status == "uncertain"


async def test_a_call_that_is_cancelled_while_its_parts_wait_for_their_turn_sends_nothing(sims, clock, request_):
    data = sims.config
    data["providers"]["reapi"]["connections"] = 1
    sims["reapi"].fault("no_answer", created=True, seconds=0.3)
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        first = asyncio.create_task(client.submit(request_, "reapi"))
        await until(lambda: sims["reapi"].bills()["submits"])
        second = asyncio.create_task(client.generate(several(request_, 2), "reapi"))
        await until(lambda: client.submitting == 3)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        with pytest.raises(SubmitUncertain):
            await first
    assert submits(sims)["reapi"] == 1


async def test_a_cancel_while_tasks_go_on_leaves_all_of_them_in_sight(client, sims, request_):
    sims["reapi"].fault("no_answer", on="poll", seconds=0.3, times=2)
    call = asyncio.create_task(client.generate(several(request_, 2), "reapi"))
    await until(lambda: sims["reapi"].bills()["polls"] == 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    made = {entry["task_id"] for entry in sims["reapi"].bills()["entries"]}
    assert {task.id for task in client.detached} == made
    assert len(made) == 2


async def test_a_late_answer_that_is_a_failure_is_no_task_that_lives_on(client, sims, request_, caplog):
    task = await client.submit(request_, "reapi")
    failed = attrs.evolve(task, state=State.FAILED, failure=Failure(cause=Cause.FAILED, refund=Refund.YES))
    client._session.detach([failed, task])
    assert client.detached == (failed, task)
    assert [record.name for record in caplog.records] == ["anymedia.left"]


async def test_a_policy_that_fails_is_the_callers_and_sends_nothing(client, sims, request_):
    def broken(quotes):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await client.generate(request_, policy=broken)
    assert sum(submits(sims).values()) == 0


async def test_under_a_key_what_was_given_back_is_bought_again_and_what_was_made_is_not(client, sims, request_):
    sims["reapi"].fault("failed")
    first = await client.generate(request_, "reapi", "runapi", idempotency_key="k")
    assert [attempt.order.account for attempt in first.attempts] == ["reapi", "runapi"]
    again = await client.generate(request_, "reapi", "runapi", idempotency_key="k")
    assert [task.id for task in again.tasks] == [task.id for task in first.tasks]
    sims["reapi"].fault("failed")
    with pytest.raises(TaskFailed):
        await client.generate(request_, "reapi", idempotency_key="other")
    assert (await client.generate(request_, "reapi", idempotency_key="other")).tasks
    sims["revidapi"].fault("failed")
    for _ in range(2):  # nobody knows whether this one was given back
        with pytest.raises(TaskFailed):
            await client.generate(request_, "revidapi", idempotency_key="third")
    assert submits(sims)["revidapi"] == 1


async def test_another_spelling_of_a_request_is_the_same_request_under_a_key(client, sims):
    asked = ImageRequest(model="flux-2-pro", prompt="a fox", aspect_ratio="16:9", resolution="1K", output_format="jpeg")
    spelled = ImageRequest(
        model="Flux 2 PRO", prompt="a fox", aspect_ratio="1.78", resolution="1k", output_format="JPG", labels={"a": "b"}
    )
    assert client.route(spelled) == client.route(asked)
    first = await client.generate(spelled, "reapi", idempotency_key="k", on_unsupported="drop")
    again = await client.generate(asked, "reapi", idempotency_key="k", on_unsupported="drop")
    assert [task.id for task in first.tasks] == [task.id for task in again.tasks]
    (attempt,) = first.attempts
    assert attempt.order.model == "flux-2-pro"
    with pytest.raises(OutOfBounds, match="idempotency_key"):
        await client.submit(attrs.evolve(spelled, model="gpt-image-2"), "reapi", idempotency_key="k")
    assert submits(sims)["reapi"] == 1


async def test_a_raw_request_goes_to_the_accounts_of_its_provider(sims, clock):
    reapi = sims.config["providers"]["reapi"]
    data = sims.config | {"providers": {name: {"adapter": "reapi", **reapi} for name in ("ours", "theirs")}}
    raw = RawRequest("reapi", "/api/v1/images/generations", {"model": "z-image", "prompt": "a fox"})
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        with pytest.raises(OverCeiling, match="the price of reapi /api/v1/images/generations is unknown"):
            await client.generate(raw, max_price="1")
        sims["reapi"].fault("no_credit")
        result = await client.generate(raw)
        assert [attempt.order.account for attempt in result.attempts] == ["ours", "theirs"]
        offered = []
        await client.submit(raw, policy=lambda quotes: offered.extend(quotes) or quotes)
        assert [(each.offer, each.account, each.status, each.tasks) for each in offered] == [
            ("reapi /api/v1/images/generations", name, "unknown", 1) for name in ("ours", "theirs")
        ]


async def test_every_attempt_is_told_as_it_happens_and_written_down(client, sims, events, request_):
    sims["revidapi"].fault("no_credit")
    result = await client.generate(request_, *ORDER)
    told = [event for event in events if isinstance(event, Attempt)]
    assert [(each.order.account, each.outcome) for each in told] == [
        ("revidapi", None),
        ("revidapi", Outcome.REFUSED),
        ("reapi", None),
        ("reapi", Outcome.ACCEPTED),
    ]
    kept = await client.attempts()
    assert [(each.id, each.order.why, each.cause, each.reserved) for each in kept] == [
        (each.id, each.order.why, each.cause, each.reserved) for each in result.attempts
    ]
    assert kept[1].order.why == "next in order; after revidapi/flux-2-pro: no credit"
    assert kept[0].queued is not None


async def test_under_a_key_the_ceiling_is_over_all_attempts(client, sims, request_):
    for _ in range(2):
        sims["revidapi"].fault("status", status=422, on="submit")
        result = await client.generate(
            several(request_, 2), "revidapi", "runapi", idempotency_key="k", mix=True, max_price="0.06"
        )
        assert (result.missing, result.reserved) == (1, Decimal("0.025"))
        assert (
            "runapi/flux-2-pro costs $0.05, more than the $0.06 allowed, of which $0.025 are spent, or reserved"
            in result.errors[-1]
        )
    assert submits(sims) == {"revidapi": 3, "runapi": 0, "reapi": 0, "api_in_one": 0}


async def test_a_cancel_while_the_key_is_let_go_leaves_the_tasks_in_sight(client, sims, request_, monkeypatch):
    let_go, going = asyncio.Event(), asyncio.Event()

    async def release(*_):
        going.set()
        await let_go.wait()

    monkeypatch.setattr(client._ledger, "release", release)
    for verb in (client.submit, client.generate):
        going.clear()
        call = asyncio.create_task(verb(request_, "reapi", idempotency_key=verb.__name__))
        await going.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    let_go.set()
    assert {task.id for task in client.detached} == {entry["task_id"] for entry in sims["reapi"].bills()["entries"]}


async def test_what_nobody_knows_the_price_of_is_bought_once_under_a_key_all_the_same(client, sims):
    raw = RawRequest("reapi", "/api/v1/images/generations", {"model": "z-image", "prompt": "a fox"})
    first, again = [await client.generate(raw, idempotency_key="k") for _ in range(2)]
    assert [task.id for task in first.tasks] == [task.id for task in again.tasks]
    assert submits(sims)["reapi"] == 1


async def test_where_nothing_serves_it_is_said_what_may_have_been_billed(client, sims, request_):
    sims["reapi"].fault("reset_after")
    with pytest.raises(NoRoute) as caught:
        await client.generate(request_, "reapi", "runapi", on_uncertain="continue", max_price="0.05")
    assert caught.value.billed == "unknown"
    assert [attempt.reserved for attempt in caught.value.attempts] == [Decimal("0.028")]


async def test_a_deadline_ends_the_wait_for_another_call_of_the_same_client_under_the_key(client, sims, request_):
    sims["reapi"].fault("no_answer", on="poll", seconds=0.5)
    first = asyncio.create_task(client.generate(request_, "reapi", idempotency_key="k"))
    await until(lambda: sims["reapi"].bills()["polls"])
    with pytest.raises(DeadlineExceeded, match="another call is buying under the idempotency key 'k'") as caught:
        await client.generate(request_, "reapi", idempotency_key="k", timeout=0.01)
    assert (caught.value.billed, caught.value.retry, caught.value.task) == ("unknown", "same", None)
    (bought,) = (await first).tasks
    assert (await client.generate(request_, "reapi", idempotency_key="k")).tasks[0].id == bought.id  # as it was told
    assert submits(sims)["reapi"] == 1


async def test_a_fault_of_ours_is_not_hidden(client, sims, request_, monkeypatch):
    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(client._session.transport, "send", broken)
    with pytest.raises(ZeroDivisionError):
        await client.generate(request_, "reapi", "runapi")
    assert sum(submits(sims).values()) == 0


async def test_a_replay_waits_for_no_turn_since_the_next_part_may_wait_for_its_task_slot(sims, clock, request_):
    data = sims.config
    data["providers"]["runapi"]["limits"] = {"active": 1, "submits": [2, 10]}
    sims["runapi"].fault("reset_after")
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        result = await client.generate(several(request_, 3), "runapi")
    assert len(result.tasks) == 3
    assert (submits(sims)["runapi"], charged(sims)["runapi"]) == (4, 3)


async def test_how_long_an_answer_is_waited_for_at_most_counts_the_replays(sims, clock, request_):
    data = sims.config
    data["providers"]["runapi"]["timeout"] = 10
    sims["runapi"].fault("no_answer", seconds=0.3)
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        call = asyncio.create_task(client.submit(request_, "runapi"))
        await until(lambda: sims["runapi"].bills()["submits"])
        window = client.config.account("runapi").adapter.idempotency.window
        assert window < client.longest_wait <= window + 10
        call.cancel()
        with pytest.raises(SubmitUncertain, match="sends it again under its replay key"):
            await call


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "3", True])
async def test_a_timeout_that_is_none_is_refused_by_name(client, sims, request_, timeout):
    for call in (client.submit(request_, timeout=timeout), client.generate(request_, timeout=timeout)):
        with pytest.raises(OutOfBounds, match="timeout: must be more than 0 seconds, or None for no deadline, not"):
            await call
    assert sum(submits(sims).values()) == 0


async def test_without_a_deadline_a_call_waits_and_with_0_a_wait_looks_once(client, sims, request_):
    task = await client.submit(request_, "reapi", timeout=None)
    with pytest.raises(OutOfBounds, match="timeout: must be 0 or more seconds"):
        await client.wait(task, -1)
    looks = sims["reapi"].bills()["polls"]
    with pytest.raises(DeadlineExceeded) as caught:
        await client.wait(task, 0)
    assert caught.value.task.id == task.id
    assert sims["reapi"].bills()["polls"] == looks + 1
    done = await client.wait(task, None)
    assert await client.wait(done, 0) == done
    assert (await client.generate(request_, "reapi", timeout=None, idempotency_key="k")).tasks


async def test_a_replay_whose_turn_comes_too_late_for_its_key_is_not_sent(sims, clock, request_):
    data = sims.config
    data["providers"]["runapi"]["limits"] = {"submits": [1, 300]}
    sims["runapi"].fault("reset_before")
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        with pytest.raises(SubmitUncertain):
            await client.generate(request_, "runapi", timeout=3000)
    assert submits(sims)["runapi"] == 1
