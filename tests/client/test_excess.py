"""What passes a day, a ceiling or a quote is told; and doubt of a client that lives is told to every other."""

from decimal import Decimal

import pytest

from anymedia import Client, Cooling, ImageRequest, OverCeiling, ProviderError, SubmitUncertain, read_config
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.transport.retry import Patience

FOX = ImageRequest(model="flux-2-pro", prompt="A fox in the snow", resolution="1K")


@pytest.fixture
def opened(sims, clock, tmp_path):
    """Return what opens a client, with more said of its accounts."""

    def opened(**more):
        tables = {name: {**table, **more.get(name, {})} for name, table in sims.config["providers"].items()}
        config = read_config({**sims.config, "providers": tables}, sims.environ)
        return Client(config, clock=clock, journal=SQLiteJournal(tmp_path / "journal.db"), patience=Patience(tries=1))

    return opened


async def test_a_day_that_is_used_up_is_shown_until_it_is_over_or_something_fits(opened, clock):
    clock.seconds -= (clock.now() - clock.now().replace(hour=1)).total_seconds()  # so that the day is not over soon
    async with opened(reapi={"daily_limit": "0.03"}) as client:
        await client.generate(FOX, "reapi")
        (well,) = client.health("reapi")
        with pytest.raises(OverCeiling, match="may spend"):
            await client.generate(FOX, "reapi")
        made = await client.generate(FOX, "reapi", "runapi")
        (health,) = client.health("reapi")
        assert (well.cause, health.cause, health.until.hour) == (None, "daily_limit", 0)
        assert health.reason.endswith("are spent or reserved since midnight UTC, and this costs $0.028")
        assert made.tasks[0].account == "runapi"
        assert made.attempts[-1].order.why.endswith("after reapi/flux-2: it would pass the account's daily_limit")
        spent = await Ledger(client.journal).spent_today(clock.now())
        assert (spent["reapi"], spent["runapi"]) == (Decimal("0.028"), made.reserved)
        clock.seconds += 86_400
        assert client.health("reapi")[0].cause is None
        await client.generate(FOX, "reapi")


async def test_a_bill_above_the_quote_and_the_ceiling_is_told(opened, caplog):
    async with opened(reapi={"prices": {"flux-2": "0.002"}}) as client:
        result = await client.generate(FOX, "reapi", max_price="0.007")
        assert result.reserved == Decimal("0.028")
        said = [each.getMessage() for each in caplog.records if each.name == "anymedia.bills"]
        assert said == [
            (
                f"reapi task {result.tasks[0].id} was billed $0.028, more than the $0.002 quoted by your own price in "
                "anymedia.toml"
            ),
            "the request has cost $0.028, more than its max_price of $0.007",
        ]


async def test_what_can_never_fit_waits_for_no_account(opened, sims, clock):
    async with opened() as client:
        for name in ("reapi", "runapi"):
            sims[name].fault("throttled", times=None)
            with pytest.raises((Cooling, ProviderError)):
                await client.generate(FOX, name, timeout=0.5)
        began, asked = clock.monotonic(), {name: sims[name].bills()["submits"] for name in ("reapi", "runapi")}
        with pytest.raises(OverCeiling, match=r"4 tasks of reapi/flux-2 cost \$0\.112, more than the \$0\.05 allowed"):
            await client.generate(
                ImageRequest(model="flux-2-pro", prompt="A fox", resolution="1K", count=4),
                *("reapi", "runapi"),
                max_price="0.05",
            )
        assert clock.monotonic() == began
        assert {name: sims[name].bills()["submits"] for name in asked} == asked


async def test_doubt_of_a_client_that_lives_is_told_and_replayed_by_another(opened, sims, tmp_path):
    async with opened() as service, opened() as other:
        sims["runapi"].fault("reset_after", times=None)
        with pytest.raises(SubmitUncertain):
            await service.generate(FOX, "runapi")
        sims["runapi"].clear()
        (uncertain,) = (await other.recover()).uncertain
        (task,) = (await other.recover(tmp_path / "out", replay=True)).tasks
        assert (task.account, task.assets[0].path.parent) == ("runapi", tmp_path / "out")
        (attempt,) = await service.attempts()
        assert (attempt.id, attempt.task.id) == (uncertain.id, task.id)
        assert len(sims["runapi"].bills()["entries"]) == 1
        assert (await service.recover()).uncertain == ()
