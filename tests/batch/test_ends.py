"""How a batch is over before all of its rows are: it is stopped, cancelled or killed, or nothing would come of more."""

import asyncio
import errno
from contextlib import aclosing, suppress
from decimal import Decimal

import pytest

from anymedia import (
    BadApiKey,
    JournalError,
    NoCredit,
    OverCeiling,
    Row,
    RowEnd,
)
from anymedia.engine.batch import _Run
from anymedia.transport.places import Folder

from .playing import asked, die, played, rows
from .test_run import PRICE

AT_RUNAPI = Decimal("0.05")
"""Of a picture at runapi."""


def states(ends):
    return {end.number: end.state for end in ends}


def numbers(ends, state):
    return sorted(end.number for end in ends if end.state == state)


def test_after_a_stop_no_row_is_begun_and_what_is_under_way_is_waited_for(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(30), "reapi", name="shots")
            ends = []
            running = asyncio.create_task(batch.run(ends.append))
            await shop.clock.sleep(3)  # 8 wait for a permit, and 2 are sent
            sent, under_way = shop.submits, batch.progress.under_way
            batch.stop()
            end = await running
            stopped = batch.progress
            begins_nothing = client.batch(rows(30), "reapi", name="shots")
            begins_nothing.stop()
            nothing = await begins_nothing.run()
            rest = await begins_nothing.run()
        return end, ends, sent, under_way, stopped, nothing, rest, shop.billed()

    end, ends, sent, under_way, stopped, nothing, rest, billed = played(
        main, tmp_path, reapi={"limits": {"submits": [2, 10]}}
    )
    assert (sent, under_way, len(ends)) == (2, 30, 30)
    assert (end.why, end.done, end.not_begun) == ("stopped", 2, 28)
    assert (stopped.done, stopped.waiting, stopped.not_begun) == (2, 0, 28)
    assert all(each.error is None and each.seconds is None for each in ends if each.state == "not begun")
    assert (nothing.why, nothing.done, nothing.bought_before, nothing.not_begun) == ("stopped", 2, 2, 28)
    assert (rest.why, rest.done, rest.bought_before) == ("done", 30, 2)
    assert set(billed.values()) == {1}


def test_what_earlier_runs_bought_is_told_by_a_run_that_does_not_come_to_it(tmp_path, monkeypatch, caplog):
    wanted = [asked(1), asked(2, count=3), asked(3), asked(4)]

    async def main(shop):
        shop.sims["runapi"].fault("failed")  # one of the three is missing
        await shop.run(wanted[1:2], "runapi", fallback=False)
        shop.sims["runapi"].fault("latency", seconds=500)  # it goes on
        await shop.run(wanted[2:3], "runapi", timeout=30)
        await shop.run(wanted[:1], "runapi")
        told = await stopped(shop)
        with monkeypatch.context() as journal:
            journal.setattr("anymedia.engine.batch.done_before", unreadable)
            return told, await stopped(shop)

    async def stopped(shop):
        async with shop.client() as client:
            batch, ends = client.batch(wanted, "runapi", name="shots", where=tmp_path / "out"), []
            batch.stop()
            end = await batch.run(ends.append)
        return end, [(each.number, each.state, each.bought_before) for each in ends], ends

    async def unreadable(*_, **__):
        raise JournalError("the disk is gone")
        yield

    (end, told, ends), (_, unread, _) = played(main, tmp_path)
    assert told == [(1, "done", True), (2, "unfinished", True), (3, "unfinished", True), (4, "not begun", False)]
    assert (end.why, end.done, end.unfinished, end.not_begun) == ("stopped", 1, 2, 1)
    (task,) = ends[0].result.tasks
    assert (task.bought_before, task.assets[0].path.is_file(), ends[0].error) == (True, True, None)
    assert unread == [(1, "unfinished", True), *told[1:]]
    assert "how rows of batch shots that were bought before stand is not known: the disk is gone" in caplog.text


def test_a_row_has_all_of_its_time_once_it_is_sent_and_waits_for_its_turn_while_others_end(tmp_path):
    async def main(shop):
        shop.sims["reapi"].service.speed = 4 / 60  # a task takes a minute
        return await shop.run(rows(12), "reapi", timeout=130), shop.billed()

    (end, _ends), billed = played(main, tmp_path, reapi={"limits": {"active": 2}})
    assert (end.why, end.done) == ("done", 12)
    assert set(billed.values()) == {1}


def test_where_nothing_ends_for_all_of_its_time_a_row_is_not_begun(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("latency", seconds=5000, times=None)
        return *await shop.run(rows(3), "reapi", timeout=60), shop.billed()

    end, ends, billed = played(main, tmp_path, reapi={"limits": {"active": 1}})
    assert (end.why, end.unfinished, end.not_begun, end.failed) == ("unfinished", 1, 2, 0)
    assert all(each.error.billed == "no" for each in ends if each.state == "not begun")
    assert billed.total() == 1


def test_after_a_cancel_only_what_was_sent_may_be_billed(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(6), "reapi", name="shots", budget=1)
            running = asyncio.create_task(batch.run())
            await shop.clock.sleep(3)  # the others have reserved their price, and wait for a permit
            before = batch.progress.possibly
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        return before, batch.end, await shop.run(rows(6), "reapi", budget=1), shop.billed()

    before, end, (again, _), billed = played(main, tmp_path, reapi={"limits": {"submits": [2, 10]}})
    assert before > 2 * PRICE
    assert (end.unfinished, end.not_begun, end.spent + end.possibly) == (2, 4, 2 * PRICE)
    assert (again.done, again.spent, billed.total()) == (6, 6 * PRICE, 6)


def test_what_was_bought_for_rows_that_are_gone_is_told(tmp_path):
    async def main(shop):
        client = shop.opened()
        running = asyncio.create_task(client.batch(rows(4), "reapi", name="shots").run())
        await shop.clock.sleep(4)
        await die(client)
        await asyncio.wait([running])
        changed = [*rows(2), asked(5)]
        first = await shop.run(changed, "reapi")
        async with shop.client() as client:
            found = await client.recover(tmp_path / "out")
        return first, found, await shop.run(changed, "reapi"), shop.billed()

    (first, _), found, (again, _), billed = played(main, tmp_path)
    assert (first.why, first.done, first.unlisted, first.possibly) == ("done", 3, 2, 2 * PRICE)
    assert (len(found.tasks), again.unlisted, again.possibly, again.spent) == (2, 0, 0, 5 * PRICE)
    assert set(billed.values()) == {1}


def test_where_the_journal_does_not_tell_what_was_sent_before_a_cancel_it_may_be_paid(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(4), "reapi", name="shots", at_once=2)
            running = asyncio.create_task(batch.run())
            await shop.clock.sleep(2)

            async def broken(_):
                raise JournalError("the disk is gone")

            client.journal.select = broken
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            del client.journal.select
        return batch.end

    end = played(main, tmp_path)
    assert (end.why, end.unfinished, end.not_begun) == ("stopped", 2, 2)


def test_a_stop_when_everything_is_under_way_changes_nothing(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(2), "reapi", name="shots")
            running = asyncio.create_task(batch.run())
            await shop.clock.sleep(2)
            batch.stop()
            return await running

    end = played(main, tmp_path)
    assert (end.why, end.done) == ("done", 2)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.1, 0.2, 0.35, 0.6, 2, 6])
def test_what_a_cancel_or_a_kill_leaves_is_taken_up_and_nothing_is_bought_twice(tmp_path, seconds):
    async def main(shop):
        client = shop.opened()
        batch = client.batch(rows(6), "reapi", name="shots", where=tmp_path / "out", at_once=4)
        told: list[RowEnd] = []
        running = asyncio.create_task(batch.run(told.append))
        await shop.clock.sleep(seconds)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        has_begun = batch.end is not None  # then each row is told as it is left
        assert sorted(end.number for end in told) == ([*range(1, 7)] if has_begun else [])
        assert (batch.progress.under_way, batch.progress.waiting) == (0, 0 if has_begun else 6)
        assert not has_begun or batch.end.why in ("stopped", "unfinished")
        await client.close()
        await client.journal.close()
        assert not {f"lighthouse {number}" for number in numbers(told, "not begun")} & set(shop.billed())
        client = shop.opened()
        running = asyncio.create_task(client.batch(rows(6), "reapi", name="shots", where=tmp_path / "out").run())
        await shop.clock.sleep(seconds)
        await die(client)
        end, ends = await shop.run(rows(6), "reapi")
        return end, ends, shop.billed()

    end, ends, billed = played(main, tmp_path)
    made = {f"lighthouse {number}" for number in numbers(ends, "done")}
    lost = {f"lighthouse {number}" for number in numbers(ends, "uncertain")}
    assert len(made) + len(lost) == 6
    assert made <= set(billed) <= made | lost
    assert set(billed.values()) == {1}
    assert len(list((tmp_path / "out").glob("*.*"))) == len(made)
    assert end.why == ("uncertain" if lost else "done")


def test_one_run_of_a_name_goes_on_at_a_time(tmp_path):
    async def main(shop):
        async with shop.client() as client, shop.client() as other:
            running = asyncio.create_task(client.batch(rows(2), "reapi", name="shots").run())
            await shop.clock.sleep(1)
            calls = shop.calls()
            for second in (client, other):
                with pytest.raises(JournalError, match="'batch shots' is under way already; wait until that has ended"):
                    await second.batch(rows(2), "reapi", name="shots").run()
            await second.batch(rows(2), "reapi", name="shots").plan()
            assert not [call for call in calls if call.method == "POST"]
            await other.batch([asked(7)], "reapi", name="others").run()
            return await running

    assert played(main, tmp_path).why == "done"


def test_a_loop_that_is_left_ends_the_run_and_loses_nothing(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(6), "reapi", name="shots", at_once=3)
            async with aclosing(aiter(batch)) as ends:
                async for end in ends:
                    assert end.state == "done"
                    break
            told = []

            def full(end):
                told.append(end)
                raise OSError("no room for the manifest")

            with pytest.raises(OSError, match="no room for the manifest"):
                await batch.run(full)
            assert len(told) == 1
            return await batch.run(), shop.billed()

    end, billed = played(main, tmp_path)
    assert (end.why, end.done) == ("done", 6)
    assert set(billed.values()) == {1}
    assert billed.total() == 6


def test_a_loop_that_is_left_while_it_tells_of_rows_that_were_not_begun_counts_all_of_them(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(6), "reapi", name="shots")
            batch.stop()
            async with aclosing(aiter(batch)) as ends:
                async for end in ends:
                    assert end.state == "not begun"
                    break
            return batch.end, batch.progress

    end, progress = played(main, tmp_path)
    assert (end.why, end.not_begun) == ("stopped", 6)
    assert (progress.not_begun, progress.waiting) == (6, 0)


# What every other row would meet too


@pytest.mark.parametrize(
    ("fault", "kind"), [("no_credit", NoCredit), ("unauthorised", BadApiKey)], ids=["no credit", "a bad key"]
)
def test_what_is_wrong_with_an_account_ends_its_rows_and_no_others(tmp_path, fault, kind):
    wanted = [Row(request=asked(number), accounts=("runapi",) if number % 2 else ("reapi",)) for number in range(1, 41)]

    async def main(shop):
        shop.sims["reapi"].fault(fault, times=None)
        end, ends = await shop.run(wanted, at_once=8)
        return end, ends, shop.sims["reapi"].bills()["submits"]

    end, ends, submits = played(main, tmp_path, reapi={"connections": 1})
    assert numbers(ends, "done") == list(range(1, 41, 2))
    assert (end.why, end.done, end.failed, end.not_begun, submits) == ("error", 20, 1, 19, 1)
    (failed,) = (each for each in ends if each.state == "failed")
    assert isinstance(failed.error, kind)
    assert end.error is failed.error


def test_a_daily_limit_that_is_used_up_ends_the_rows_of_its_account(tmp_path):
    async def main(shop):
        return *await shop.run(rows(10), "reapi", at_once=2), shop.billed()

    end, _ends, billed = played(main, tmp_path, reapi={"daily_limit": "0.1"})
    assert (end.why, end.done, end.not_begun) == ("error", 3, 7)
    assert isinstance(end.error, OverCeiling)
    assert "reapi may spend $0.10 a day" in str(end.error)
    assert billed.total() == 3


def test_a_journal_that_cannot_be_written_any_more_ends_the_batch(tmp_path):
    async def main(shop):
        async with shop.client() as client:
            batch = client.batch(rows(40), "reapi", name="shots", at_once=4)
            ends = []
            running = asyncio.create_task(batch.run(ends.append))
            await shop.clock.sleep(4)

            async def broken(*_, **__):
                raise JournalError("the disk is gone")

            client.journal.intend = broken
            end = await running
            del client.journal.intend
        rest = await shop.run(rows(40), "reapi")
        return end, ends, rest, shop.billed()

    end, _ends, rest, billed = played(main, tmp_path)
    assert (end.why, str(end.error)) == ("error", "the disk is gone")
    assert end.not_begun + end.done == 40
    assert end.not_begun > 30
    assert rest[0].done == 40
    assert set(billed.values()) == {1}


def test_a_place_that_is_full_ends_the_batch_and_what_was_paid_is_fetched_later(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "out")

    async def main(shop):
        async with shop.client() as client:
            with monkeypatch.context() as disk:
                disk.setattr(Folder, "put", full)
                first = await shop.run(rows(20), "reapi", client=client, at_once=3)
            return first, await shop.run(rows(20), "reapi", client=client), shop.billed()

    (end, _ends), again, billed = played(main, tmp_path)
    assert (end.why, end.done) == ("place", 0)
    assert 0 < end.unfinished <= 4
    assert end.not_begun == 20 - end.unfinished
    assert (end.error.place_is_full, "No space left on device" in str(end.error)) == (True, True)
    assert (again[0].why, again[0].done, again[0].bought_before) == ("done", 20, end.unfinished)
    assert set(billed.values()) == {1}


def test_a_fault_of_ours_in_one_row_is_the_failure_of_that_row(tmp_path, monkeypatch, caplog):
    made = _Run._made

    async def broken(run, number, deadline):
        if number == 1:
            raise ZeroDivisionError("ours")
        return await made(run, number, deadline)

    monkeypatch.setattr(_Run, "_made", broken)

    async def main(shop):
        return await shop.run(rows(3), "reapi")

    end, ends = played(main, tmp_path)
    assert (end.why, end.done, end.failed) == ("failed", 2, 1)
    (failed,) = (each for each in ends if each.state == "failed")
    assert (failed.number, failed.error.billed) == (2, "unknown")
    assert str(failed.error) == "row 2 broke, and may be billed: ZeroDivisionError('ours')"
    assert "row 2 of batch shots broke" in caplog.text


def test_a_key_that_another_call_holds_for_too_long_leaves_its_row_unfinished(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("latency", seconds=300)
        async with shop.client() as client:
            other = asyncio.create_task(client.generate(asked(1), "reapi", idempotency_key="mine"))
            await shop.clock.sleep(1)
            row = Row(request=asked(1), idempotency_key="mine")
            end, ends = await shop.run([row], "reapi", client=client, timeout=30)
            await other
        return end, ends

    end, ends = played(main, tmp_path)
    assert (end.why, ends[0].error.attempts, ends[0].error.billed) == ("unfinished", (), "unknown")


def test_where_each_account_is_in_trouble_of_its_own_nothing_more_is_begun(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("no_credit", times=None)
        shop.sims["runapi"].fault("unauthorised", times=None)
        return await shop.run(rows(20), "reapi", "runapi", at_once=4)

    end, ends = played(main, tmp_path)
    assert (end.why, end.failed + end.not_begun) == ("error", 20)
    assert 1 <= end.failed <= 4
    failed = next(each for each in ends if each.state == "failed")
    assert {type(error) for error in failed.error.errors} == {NoCredit, BadApiKey}


def test_what_one_row_is_refused_for_ends_no_other(tmp_path):
    async def main(shop):
        shop.sims["reapi"].fault("status", status=400, on="submit", times=3)
        shop.sims["runapi"].fault("no_credit", times=None)
        return await shop.run(rows(6), "reapi", "runapi", at_once=1)

    end, _ = played(main, tmp_path)
    assert (end.why, end.done, end.failed, end.not_begun) == ("failed", 3, 3, 0)


def test_a_row_of_several_tasks_of_which_one_is_uncertain_is_uncertain_with_what_was_made(tmp_path):
    async def main(shop):
        shop.sims["revidapi"].fault("reset_after")
        first = await shop.run([asked(1, count=3)], "revidapi")
        return first, await shop.run([asked(1, count=3)], "revidapi"), shop.submits

    first, again, submits = played(main, tmp_path)
    for end, ends in (first, again):
        assert (end.why, ends[0].state, ends[0].result.missing) == ("uncertain", "uncertain", 1)
        assert end.possibly == end.spent / 2
    assert submits == 3


def test_a_part_that_no_longer_fits_under_the_budget_leaves_its_row_unfinished(tmp_path):
    async def main(shop):
        shop.sims["runapi"].fault("failed")
        first = await shop.run([asked(1, count=3)], "runapi", fallback=False)
        stopped = await shop.run([asked(1, count=3), asked(2)], "runapi", budget="0.12")
        return first, stopped, await shop.run([asked(1, count=3), asked(2)], "runapi", budget="0.2")

    first, stopped, again = played(main, tmp_path)
    assert (first[0].why, first[0].spent) == ("failed", 2 * AT_RUNAPI)
    assert (stopped[0].why, stopped[0].spent) == ("budget", 2 * AT_RUNAPI)
    assert sorted(states(stopped[1]).values()) == ["not begun", "unfinished"]
    assert (again[0].why, again[0].done, again[0].spent) == ("done", 2, 4 * AT_RUNAPI)


def test_a_row_that_waits_for_the_budget_beyond_its_time_ends_the_batch(tmp_path):
    async def main(shop):
        shop.sims["runapi"].fault("latency", seconds=500)
        return *await shop.run(rows(4), "runapi", budget="0.09", timeout=100), shop.clock.monotonic()

    end, ends, seconds = played(main, tmp_path)
    assert (end.why, end.unfinished, end.not_begun, seconds < 150) == ("budget", 1, 3, True)
    assert {type(each.error).__name__ for each in ends} == {"DeadlineExceeded", "NoneType"}


def test_of_a_run_that_is_cancelled_where_the_journal_is_gone_every_row_is_told(tmp_path, monkeypatch):
    async def main(shop):
        async with shop.client() as client:
            ends = []
            running = asyncio.create_task(client.batch(rows(4), "reapi", name="shots", at_once=2).run(ends.append))
            await shop.clock.sleep(1)

            async def gone(*_):
                raise JournalError("the disk is gone")

            with monkeypatch.context() as journal:
                journal.setattr("anymedia.engine.batch.Earlier.of", gone)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
            return ends

    ends = played(main, tmp_path)
    # What was begun may have been sent.
    assert states(ends) == {1: "unfinished", 2: "unfinished", 3: "not begun", 4: "not begun"}
