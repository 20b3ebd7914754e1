"""An offer that ends says so in time, and is bought no more from that day on."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from anymedia import Client, Unsupported
from anymedia.declare import Offer
from anymedia.translate.check import check
from anymedia.translate.ends import as_of

ENDS = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def buyer(config, clock):
    """A client whose flux-2-pro at reapi ends."""
    mine = config.accounts["reapi"]
    offers = tuple(
        attrs.evolve(each, ends=ENDS.date().isoformat()) if each.model == "flux-2-pro" else each
        for each in mine.adapter.offers
    )
    account = attrs.evolve(mine, adapter=attrs.evolve(mine.adapter, offers=offers))
    async with Client(attrs.evolve(config, accounts={"reapi": account}), clock=clock) as client:
        yield client


def days_before(clock, days):
    clock.seconds = (ENDS - timedelta(days=days)).timestamp()


async def test_from_sixty_days_before_it_is_told_and_still_bought(buyer, clock, request_, caplog):
    days_before(clock, 61)
    assert [(each.notices, each.status) for each in buyer.quote(request_)] == [((), "exact")]
    days_before(clock, 60)
    told = ("reapi/flux-2 is no longer sold from 2026-12-01 on",)
    assert [each.notices for each in (*buyer.quote(request_), *buyer.explain(request_))] == [told, told]
    assert (await buyer.generate(request_)).assets
    assert [record.message for record in caplog.records] == [*told]


async def test_from_that_day_on_nothing_is_sent_unless_limits_are_switched_off(buyer, clock, sims, request_, caplog):
    days_before(clock, 0)
    with pytest.raises(
        Unsupported,
        match=r"model: not sold since 2026-12-01; reapi sells .* and \d+ more \(reAPI documentation, flux-2\)",
    ):
        await buyer.submit(request_)
    assert [each.status for each in buyer.quote(request_)] == ["refused"]
    assert sims["reapi"].bills()["submits"] == 0
    await buyer.submit(request_, check=False)
    assert [record.message for record in caplog.records] == ["reapi/flux-2 was to be no longer sold from 2026-12-01 on"]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "not sold since 2026-12-01"),
        ({"lasts": None, "later": "2026-12-02"}, "not sold since 2026-12-01; reapi sells lasts, later"),
        ({"gone": "2026-11-30", "flux-2-pro": None}, "not sold since 2026-12-01"),  # what it is sold as beside goes on
    ],
)
def test_what_has_ended_says_what_the_provider_goes_on_to_sell(config, request_, others, said):
    seller = config.accounts["reapi"].adapter
    ended = attrs.evolve(seller.offers[0], ends=ENDS.date().isoformat())
    beside = tuple(attrs.evolve(ended, name=name, model=name, ends=ends) for name, ends in others.items())
    adapter = attrs.evolve(seller, offers=(ended, *beside))
    refused = as_of(check(request_, adapter, ended), ENDS.date())
    assert [problem.message for problem in refused.problems] == [said]


def test_a_day_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is no day, like"):
        Offer(name="m", params={}, ends="soon")
