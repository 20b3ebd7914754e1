"""A failure that is free and passes is tried once more at the same offer, and no other failure is."""

import attrs
import pytest

from anymedia import Client, State, TaskFailed
from anymedia.declare import Err
from anymedia.model.vocabulary import Cause, Refund

FREE = "no_media_generated"


@pytest.fixture
def played():
    return "fal", "reapi"


@pytest.fixture
async def buyer(config, clock):
    """A client whose account at fal reads that failure as one that passes."""
    mine = config.accounts["fal"]
    errors = {**mine.adapter.errors, FREE: Err(Cause.FAILED, refund=Refund.YES, passing=True)}
    account = attrs.evolve(mine, adapter=attrs.evolve(mine.adapter, errors=errors))
    accounts = {"fal": account, "reapi": config.accounts["reapi"]}
    async with Client(attrs.evolve(config, accounts=accounts), clock=clock) as client:
        yield client


def served(result):
    return [(each.order.account, each.task.state) for each in result.attempts]


async def test_it_is_tried_once_more_where_it_was_and_then_elsewhere(buyer, sims, request_):
    sims["fal"].fault("failed", like="nothing")
    result = await buyer.generate(request_, "fal", "reapi")
    assert served(result) == [("fal", State.FAILED), ("fal", State.SUCCEEDED)]
    assert result.attempts[1].order.why.endswith("accepted, then failed in a way that passes, and not billed")
    assert (result.attempts[0].task.failure.passing, result.attempts[0].reserved) == (True, 0)

    sims["fal"].fault("failed", like="nothing", times=2)
    result = await buyer.generate(request_, "fal", "reapi")
    assert served(result) == [("fal", State.FAILED), ("fal", State.FAILED), ("reapi", State.SUCCEEDED)]


async def test_alone_it_is_tried_twice_and_without_fallback_too(buyer, sims, request_):
    for options in ({}, {"fallback": False}):
        sims["fal"].fault("failed", like="nothing", times=2)
        with pytest.raises(TaskFailed) as caught:
            await buyer.generate(request_, "fal", **options)
        assert len(caught.value.attempts) == 2
    assert all(each["charged"] == each["refunded"] for each in sims["fal"].bills()["entries"])


async def test_each_part_is_tried_once_more(buyer, sims, request_):
    sims["fal"].fault("failed", like="nothing", times=2)
    result = await buyer.generate(attrs.evolve(request_, count=2), "fal")
    assert (len(result.assets), len(result.attempts)) == (2, 4)


async def test_any_other_failure_goes_elsewhere_at_once(buyer, sims, request_):
    sims["fal"].fault("failed")
    assert served(await buyer.generate(request_, "fal", "reapi"))[1] == ("reapi", State.SUCCEEDED)


def test_a_failure_that_is_billed_does_not_pass():
    with pytest.raises(ValueError, match="passing: a failure that is billed is not tried again"):
        Err(Cause.FAILED, refund=Refund.NO, passing=True)
