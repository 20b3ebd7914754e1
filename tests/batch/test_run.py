"""A batch that is run: checked as a whole before anything is sent, bought once, and taken up where it was left."""

import asyncio
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    Attempt,
    BadRows,
    Client,
    ConfigError,
    DownloadError,
    JournalError,
    Media,
    OutOfBounds,
    RawRequest,
    Row,
    SubmitUncertain,
)
from anymedia.journal import Ledger
from tests.samples import picture as drawn

from .playing import asked, played, rows

PRICE = Decimal("0.028")
"""Of a picture at reapi; at runapi it costs 0.05."""


def states(ends):
    return {end.number: end.state for end in ends}


def test_every_row_is_bought_saved_and_told_once(tmp_path):
    async def main(shop):
        ends = []
        async with shop.client() as client:
            batch = client.batch(rows(5), "reapi", name="shots", where=tmp_path / "out")
            before = batch.progress
            plan = await batch.plan()
            assert shop.submits == 0
            end = await batch.run(ends.append)
            return plan, end, ends, shop.billed(), (before, batch.progress)

    plan, end, ends, billed, (before, after) = played(main, tmp_path)
    assert (plan.rows, plan.bought_before, plan.spent, plan.unpriced) == (5, 0, 0, 0)
    assert (plan.money.usd, plan.worst) == (5 * PRICE, 5 * PRICE)
    assert [(name, number, money.usd) for name, number, money in plan.offers] == [("reapi/flux-2", 5, 5 * PRICE)]
    assert sorted(states(ends).items()) == [(number, "done") for number in range(1, 6)]
    assert (end.why, end.done, end.spent, end.possibly, end.unknown, end.error) == ("done", 5, 5 * PRICE, 0, 0, None)
    assert billed == {f"lighthouse {number}": 1 for number in range(1, 6)}
    assert all(asset.path.is_file() for each in ends for asset in each.result.assets)
    assert len({each.key for each in ends}) == 5
    assert all(each.seconds > 0 and each.row.request.prompt == f"lighthouse {each.number}" for each in ends)
    assert (before.waiting, before.rate, before.seconds_left) == (5, None, None)
    assert (after.done, after.waiting, after.under_way, after.spent) == (5, 0, 0, 5 * PRICE)
    assert (after.rate > 0, after.seconds_left) == (True, 0)


def test_what_is_done_costs_nothing_when_it_is_started_again_however_the_rows_have_moved(tmp_path):
    async def main(shop):
        first = await shop.run([asked(1), asked(2), asked(2), asked(3)], "reapi")
        calls = shop.calls()
        again = await shop.run([asked(2), asked(1), asked(2), asked(3)], "reapi", budget=4 * PRICE)
        assert calls == []
        more = await shop.run([asked(9), asked(2), asked(3), asked(2), asked(2)], "reapi")
        return first, again, more, shop.billed()

    first, again, more, billed = played(main, tmp_path)
    assert (first[0].done, first[0].bought_before) == (4, 0)
    assert (again[0].done, again[0].bought_before, again[0].spent) == (4, 4, 4 * PRICE)
    assert {end.key for end in first[1]} == {end.key for end in again[1]}
    assert {end.number for end in more[1] if not end.bought_before} == {1, 5}
    assert (more[0].done, more[0].spent) == (5, 6 * PRICE)
    assert billed == {"lighthouse 1": 1, "lighthouse 2": 3, "lighthouse 3": 1, "lighthouse 9": 1}
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_a_row_has_its_own_key_accounts_and_offer(tmp_path):
    wanted = [
        Row(request=asked(1), idempotency_key="the first", accounts=("runapi",)),
        Row(request=asked(1)),
        Row(request=asked(1), offer="revidapi/flux-2-pro", accounts=("revidapi", "reapi")),
    ]

    async def main(shop):
        async with shop.client() as client:
            bought = await client.generate(asked(1), "runapi", idempotency_key="the first")
            plan = await client.batch(wanted, "reapi", name="shots").plan()
            end, ends = await shop.run(wanted, "reapi", client=client)
            attempts = await client.attempts(batch="shots")
        return bought, plan, end, ends, attempts

    bought, plan, end, ends, attempts = played(main, tmp_path)
    assert (plan.bought_before, len(plan.offers)) == (1, 2)
    accounts = {each.number: each.result.tasks[0].account for each in ends}
    assert accounts == {1: "runapi", 2: "reapi", 3: "revidapi"}
    assert [each.key for each in ends if each.number == 1] == ["the first"]
    assert {each.number for each in ends if each.bought_before} == {1}
    assert len({each.key for each in ends}) == 3
    assert {attempt.order.account for attempt in attempts} == {"reapi", "revidapi"}
    assert end.spent == sum(attempt.reserved for attempt in attempts) + bought.reserved


def test_all_bad_rows_are_told_at_once_and_nothing_is_sent(tmp_path):
    picture = tmp_path / "cat.png"
    picture.write_bytes(drawn("PNG"))
    wanted = [
        Row(request=asked(1), line=2),
        Row(request=asked(2, model="flux-9"), line=3),
        Row(request=asked(3, images=[Media(picture)]), line=4),
        Row(request=asked(4), accounts=("nobody",), line=5),
        Row(request=asked(5), offer="reapi/nothing", line=6),
        Row(request=asked(6, resolution="4K"), line=7),
    ]
    picture.unlink()

    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(wanted, "reapi", name="shots")
            with pytest.raises(BadRows) as unread:
                await batch.run()
            batch = client.batch([row for row in wanted if row.line != 4], "reapi", name="shots", budget="0.01")
            with pytest.raises(BadRows) as caught:
                await batch.run()
        return unread.value, caught.value, shop.submits

    unread, bad, submits = played(main, tmp_path)
    assert str(unread) == ("1 of 6 rows cannot be asked for; nothing was sent\n  line 4: images: cat.png is not there")
    assert submits == 0
    assert [(problem.row, problem.line) for problem in bad.problems] == [(2, 3), (3, 5), (4, 6), (5, 7)]
    assert [problem.field for problem in bad.problems] == ["model", "account", "offer", "resolution"]
    assert str(bad).startswith("4 of 5 rows cannot be asked for; nothing was sent\n  line 3: model: ")


def test_what_is_no_row_and_two_rows_of_one_key_are_bad(tmp_path):
    wanted = [
        Row(request=asked(1), idempotency_key="twice", line=2),
        Row(request=asked(2), idempotency_key="\n", line=3),
        Row(request="a picture"),
        Row(request=asked(3), idempotency_key="twice"),
        Row(request=asked(4), idempotency_key="other"),
        Row(request=asked(5), idempotency_key="other"),
    ]

    async def main(shop):
        async with shop.client() as client:
            with pytest.raises(BadRows) as caught:
                await client.batch(wanted, "reapi", name="shots").plan()
            await client.generate(asked(1), "reapi", idempotency_key="twice")
            with pytest.raises(BadRows) as another:
                await client.batch([Row(request=asked(7), idempotency_key="twice")], "reapi", name="shots").plan()
        return caught.value, another.value

    bad, another = played(main, tmp_path)
    assert [str(problem) for problem in bad.problems] == [
        "line 3: idempotency_key: must be 1 to 256 printable characters, not '\\n'",
        "row 3: request: a request like ImageRequest or RawRequest is needed, not 'a picture'",
        "row 4: idempotency_key: 'twice' stands in line 2 too; each row needs a key of its own",
        "row 6: idempotency_key: 'other' stands in row 5 too; each row needs a key of its own",
    ]
    assert "row 1: idempotency_key: 'twice' was used for another request" in str(another)


def test_a_row_that_no_offer_takes_says_why_of_each(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch([asked(1), asked(2, resolution="4K")], "reapi", "revidapi", name="shots")
            for _ in range(2):
                with pytest.raises(BadRows) as caught:
                    await batch.plan()
            return caught.value

    bad = played(main, tmp_path)
    assert [(problem.row, problem.field) for problem in bad.problems] == [(2, "resolution")]
    assert "reapi/flux-2" in str(bad)
    assert "revidapi/flux-2-pro" in str(bad)


def test_what_another_process_is_sending_under_a_given_key_is_not_planned_again(tmp_path):
    row = Row(request=asked(1), idempotency_key="mine")

    async def main(shop):
        shop.sims["reapi"].fault("no_answer", created=True, seconds=20)
        async with shop.client() as client, shop.client() as other:
            sending = asyncio.create_task(other.generate(asked(1), "reapi", idempotency_key="mine"))
            await shop.clock.sleep(1)
            plan = await client.batch([row, asked(2)], "reapi", name="shots").plan()
            with pytest.raises(SubmitUncertain):
                await sending
        return plan

    plan = played(main, tmp_path)
    assert (plan.bought_before, plan.money.usd) == (1, PRICE)


async def test_a_fault_of_ours_before_anything_is_sent_goes_to_the_caller(client, monkeypatch):
    async def broken(request):
        raise ZeroDivisionError

    monkeypatch.setattr("anymedia.engine.batch_rows.compared", broken)
    with pytest.raises(ZeroDivisionError):
        await client.batch(rows(3), name="shots").plan()


def test_of_very_many_bad_rows_twenty_are_shown(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            with pytest.raises(BadRows) as caught:
                await client.batch([asked(number, model="flux-9") for number in range(30)], name="shots").run()
            return caught.value

    bad = played(main, tmp_path)
    assert len(bad.problems) == 30
    assert len(str(bad).splitlines()) == 22
    assert str(bad).endswith("\n  and 10 rows more")


def test_what_is_wrong_with_no_row_is_told_as_what_it_is(tmp_path, monkeypatch):
    async def main(shop):
        async with shop.client(providers={}) as client:
            with pytest.raises(ConfigError, match="no API key is set for flux-2-pro"):
                await client.batch([*rows(3), asked(4, resolution="2K")], name="shots").run()
            with pytest.raises(BadRows, match="row 2: account: no account is named 'acme'"):
                await client.batch([asked(1), Row(request=asked(2), accounts=("acme",))], name="shots").run()
        async with shop.client() as client:
            (tmp_path / "file").write_text("")
            with pytest.raises(ConfigError, match="cannot be written"):
                await client.batch(rows(3), "reapi", name="shots", where=tmp_path / "file" / "out").run()
            with pytest.raises(ZeroDivisionError):
                await client.batch(rows(1), name="shots", policy=lambda quotes: 1 / 0).run()
            for step in ("bought", "digest"):
                monkeypatch.setattr(Ledger, step, failing)
                with pytest.raises(JournalError, match="the disk failed"):
                    await client.batch([Row(request=asked(1), idempotency_key="k")], "reapi", name="shots").plan()
        return shop.submits

    async def failing(*_):
        raise JournalError("the disk failed")

    assert played(main, tmp_path) == 0


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"at_once": 0}, "at_once"),
        ({"at_once": 2.0}, "at_once"),
        ({"budget": -1}, "budget"),
        ({"timeout": 0}, "timeout"),
        ({"idempotency_key": "k"}, "idempotency_key"),
        ({"max_price": "much"}, "max_price"),
    ],
)
async def test_a_bound_that_is_none_is_refused_at_once(client, options, field):
    with pytest.raises(OutOfBounds) as caught:
        client.batch(rows(1), **{"name": "shots"} | options)
    assert [problem.field for problem in caught.value.problems] == [field]


async def test_a_batch_needs_the_journal(config, clock):
    async with Client(attrs.evolve(config, journal=None), clock=clock) as client:
        with pytest.raises(ConfigError, match="a batch cannot be started again without it"):
            client.batch(rows(1), name="shots")


# The budget


def test_a_budget_is_reached_within_one_price_and_never_passed_over_all_runs(tmp_path):
    async def main(shop):
        first = await shop.run(rows(10), "reapi", budget="0.1")
        again = await shop.run(rows(10), "reapi", budget="0.1")
        more = await shop.run(rows(10), "reapi", budget=5 * PRICE)
        rest = await shop.run(rows(10), "reapi")
        return first, again, more, rest, shop.billed()

    first, again, more, rest, billed = played(main, tmp_path)
    assert (first[0].why, first[0].done, first[0].not_begun, first[0].spent) == ("budget", 3, 7, 3 * PRICE)
    assert [end.error for end in first[1] if end.state == "not begun"] == [None] * 7
    assert (again[0].why, again[0].done, again[0].bought_before, again[0].spent) == ("budget", 3, 3, 3 * PRICE)
    assert (more[0].why, more[0].done, more[0].spent) == ("budget", 5, 5 * PRICE)
    assert (rest[0].why, rest[0].done, rest[0].spent) == ("done", 10, 10 * PRICE)
    assert set(billed.values()) == {1}


def test_what_fails_and_is_given_back_lets_another_row_be_begun(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("failed", times=2)
        return *await shop.run(rows(10), "reapi", budget=3 * PRICE), shop.billed()

    end, _ends, billed = played(main, tmp_path)
    assert (end.why, end.done, end.failed, end.not_begun, end.spent) == ("budget", 3, 2, 5, 3 * PRICE)
    assert billed.total() == 3


def test_each_rows_own_ceiling_holds_under_the_budget(tmp_path):
    async def main(shop):
        with pytest.raises(BadRows, match=r"row 1: max_price: .*more than the \$0\.01 allowed"):
            await shop.run(rows(1), "reapi", max_price="0.01", budget=1)
        shop.sims["reapi"].fault("reset_after", times=None)
        options = {"on_uncertain": "continue", "max_price": "0.08", "budget": "0.16"}
        return await shop.run(rows(4), "reapi", "runapi", **options)

    end, ends = played(main, tmp_path)
    # Each was sent to reapi, which may have billed it; then nothing is left for runapi.
    assert (end.why, end.uncertain, end.spent, end.possibly) == ("budget", 4, 0, 4 * PRICE)
    assert {type(each) for each in ends[0].error.attempts} == {Attempt}


def test_a_row_that_nobody_can_price_is_bad_under_a_budget_unless_that_is_allowed(tmp_path):
    raw = RawRequest(provider="reapi", path="/api/v1/images/generations", body={"model": "flux-2", "prompt": "x"})

    async def main(shop):
        async with shop.client() as client:
            with pytest.raises(BadRows, match=r"row 1: budget: .*unknown.*allow_unknown_price takes it all the same"):
                await client.batch([raw], name="shots", budget=1).plan()
            plan = await client.batch([raw, asked(1)], "reapi", name="shots", budget=1, allow_unknown_price=True).plan()
            alone = await client.batch([raw], name="shots").plan()
            nothing = await client.batch([], name="shots").plan()
        return plan, alone, nothing

    plan, alone, nothing = played(main, tmp_path)
    assert (plan.unpriced, plan.worst, plan.money.usd) == (1, None, PRICE)
    assert (alone.unpriced, alone.worst, alone.money.usd) == (1, None, None)
    assert (nothing.rows, nothing.worst, nothing.money.usd) == (0, 0, 0)


# What goes wrong with a row


def test_an_uncertain_row_is_reported_and_never_sent_again(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("reset_after")
        first = await shop.run(rows(3), "reapi")
        submits = shop.submits
        again = await shop.run(rows(3), "reapi")
        assert shop.submits == submits
        return first, again

    for end, ends in played(main, tmp_path):
        assert (end.why, end.done, end.uncertain) == ("uncertain", 2, 1)
        assert (end.spent, end.possibly) == (2 * PRICE, PRICE)
        (lost,) = (each for each in ends if each.state == "uncertain")
        assert isinstance(lost.error, SubmitUncertain)


def test_what_failed_without_a_bill_is_tried_again_and_what_was_billed_is_told_again(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("failed")
        first = await shop.run(rows(2), "reapi")
        again = await shop.run(rows(2), "reapi")
        shop.sims["revidapi"].service.refunds = False
        shop.sims["revidapi"].fault("failed")
        billed = await shop.run([asked(3)], "revidapi", name="others")
        submits = shop.submits
        told = await shop.run([asked(3)], "revidapi", name="others")
        assert shop.submits == submits
        return first, again, billed, told

    first, again, billed, told = played(main, tmp_path)
    assert (first[0].why, first[0].done, first[0].failed, first[0].spent) == ("failed", 1, 1, PRICE)
    assert (again[0].why, again[0].done, again[0].bought_before) == ("done", 2, 1)
    assert [each[1][0].state for each in (billed, told)] == ["failed", "failed"]
    assert [each[1][0].bought_before for each in (billed, told)] == [False, True]
    assert billed[0].spent == told[0].spent > 0


def test_a_task_that_is_not_over_in_time_is_unfinished_and_is_waited_for_by_the_next_run(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("latency", seconds=500)
        first = await shop.run(rows(2), "reapi", timeout=60)
        again = await shop.run(rows(2), "reapi")
        return first, again, shop.billed()

    first, again, billed = played(main, tmp_path)
    assert (first[0].why, first[0].done, first[0].unfinished) == ("unfinished", 1, 1)
    assert (first[0].spent, first[0].possibly) == (PRICE, PRICE)
    assert (again[0].why, again[0].done, again[0].bought_before, again[0].possibly) == ("done", 2, 2, 0)
    assert set(billed.values()) == {1}


def test_a_row_of_which_a_part_is_missing_has_failed_with_what_was_made(tmp_path):
    async def main(shop):
        shop.sims["runapi"].fault("failed")
        first = await shop.run([asked(1, count=3)], "runapi", fallback=False)
        again = await shop.run([asked(1, count=3)], "runapi")
        return first, again, shop.billed()

    first, again, _billed = played(main, tmp_path)
    (end,), (later,) = first[1], again[1]
    assert (end.state, end.result.missing, len(end.result.assets), end.error.billed) == ("failed", 1, 2, "yes")
    assert str(end.error).startswith("1 of 3 are missing; task ")
    assert end.error.attempts == end.result.attempts
    assert (later.state, later.bought_before, len(later.result.assets)) == ("done", False, 3)
    assert again[0].spent == 3 * Decimal("0.05")
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_what_cannot_be_saved_is_paid_unfinished_and_fetched_by_the_next_run(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("not_found", on="result", times=None)
        first = await shop.run(rows(2), "reapi")
        shop.sims["reapi"].clear()
        return first, await shop.run(rows(2), "reapi"), shop.billed()

    first, again, billed = played(main, tmp_path)
    assert (first[0].why, first[0].unfinished, first[0].spent) == ("unfinished", 2, 2 * PRICE)
    assert all(isinstance(end.error, DownloadError) and end.result.assets for end in first[1])
    assert (again[0].why, again[0].done, again[0].bought_before) == ("done", 2, 2)
    assert set(billed.values()) == {1}
    assert len(list((tmp_path / "out").iterdir())) == 2
