"""What a process left that ended: taken up by the next one, and nothing sent again unless it is asked for."""

import sqlite3
from datetime import UTC, datetime, timedelta

import attrs
import pytest

import anymedia.engine.files
from anymedia import (
    Attempt,
    Client,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    Money,
    Order,
    Outcome,
    OutOfBounds,
    Recovery,
    State,
    SubmitUncertain,
    TaskFailed,
    read_config,
)
from anymedia.declare import Limits
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.journal.records import LOST
from tests.verbs import run


def attempt(**changes):
    """Return an attempt as a submit writes it down."""
    facts = {
        "id": "a" * 32,
        "provider": "reapi",
        "account": "reapi",
        "offer": "reapi/flux-2",
        "model": "flux-2-pro",
        "wire_id": "flux-2",
        "path": "/api/v1/images/generations",
        "body": {"prompt": "x"},
        "money": Money(),
        "started_at": datetime(2026, 11, 20, tzinfo=UTC),
        **changes,
    }
    order = {name: facts.pop(name) for name in [*facts] if name in attrs.fields_dict(Order)}
    return Attempt(order=Order(**order), **facts)


def crash(client):
    """Leave a client's journal as a killed process does."""
    die(client.journal)


def die(journal):
    """Let a journal's owner die: nothing more is written, and its lock is gone."""
    journal._store.close()
    if journal._lock._lock is not None:
        journal._lock._lock.close()
        journal._lock._lock = None


@pytest.fixture
def next_client(config, clock):
    return lambda **changes: Client(attrs.evolve(config, **changes), clock=clock)


async def test_live_tasks_are_waited_for_and_fetched_once(client, next_client, request_, sims, tmp_path, read):
    tasks = [await client.submit(request_, provider) for provider in ("reapi", "runapi", "revidapi", "api_in_one")]
    crash(client)
    async with next_client() as later:
        recovery = await later.recover(tmp_path / "out")
        assert {task.id for task in recovery.tasks} == {task.id for task in tasks}
        assert all(asset.path.is_file() for task in recovery.tasks for asset in task.assets)
        assert (recovery.uncertain, recovery.errors) == ((), ())
        bills = {name: sims[name].bills() for name in ("reapi", "runapi", "revidapi", "api_in_one")}
        again = await later.recover(tmp_path / "out")
        assert again.tasks == ()
        assert {name: sims[name].bills() for name in bills} == bills
    assert {attempt.status for attempt in read()} == {"succeeded"}
    assert len(list((tmp_path / "out").iterdir())) == 4


async def test_a_result_that_nobody_fetched_before_the_crash_is_fetched(client, next_client, request_, tmp_path):
    task = await run(client, request_, "reapi")
    crash(client)
    async with next_client() as later:
        assert (await later.recover()).tasks == (attrs.evolve(task, raw=task.raw),)  # without a folder: as it stands
        (fetched,) = (await later.recover(tmp_path / "out")).tasks
        assert fetched.assets[0].path.is_file()
        assert (await later.recover(tmp_path / "out")).tasks == ()


async def test_a_result_that_could_not_be_fetched_is_tried_again(client, next_client, request_, sims, tmp_path, config):
    task = await run(client, request_, "reapi")
    await client.submit(request_, "api_in_one")
    sims["reapi"].fault("status", on="result", status=503, times=None)
    with pytest.raises(DownloadError):
        await client.download(task, tmp_path / "out")
    await client.close()
    async with next_client() as later:
        sims["api_in_one"].fault("reset_before", on="result", times=None)
        assert len((await later.recover(tmp_path / "out")).errors) == 2
    for simulator in sims:
        simulator.clear()
    async with next_client() as later:
        assert len((await later.recover(tmp_path / "out")).tasks) == 2
        assert (await later.recover(tmp_path / "out")).tasks == ()


async def test_a_dead_owner_is_forgotten_once_others_have_taken_over_what_it_left(
    client, next_client, request_, sims, tmp_path, monkeypatch
):
    await run(client, request_, "reapi")
    crash(client)
    sims["reapi"].fault("status", on="result", status=503, times=None)

    async def full(task):
        raise JournalError("the disk is full")

    async with next_client() as later:
        with monkeypatch.context() as patched:
            patched.setattr(later._ledger, "leave", full)
            assert len((await later.recover(tmp_path / "out")).errors) == 1
            assert await later.journal.dead() == [client.journal.owner]
        assert len((await later.recover(tmp_path / "out")).errors) == 1
        assert await later.journal.dead() == []
    sims["reapi"].clear()
    async with next_client() as last:
        assert len((await last.recover(tmp_path / "out")).tasks) == 1


async def test_of_several_files_only_the_missing_one_is_fetched_again(client, request_, sims, tmp_path):
    request = attrs.evolve(request_, model="gpt-image-2", count=2, quality="low", aspect_ratio="1:1")
    task = await run(client, request, "reapi", offer="gpt-image-2-official")
    first = await client.download(task, tmp_path)
    gone = first[1].path
    gone.unlink()
    again = await client.download(attrs.evolve(task, assets=first), tmp_path)
    assert again[0] == first[0]
    assert sorted(tmp_path.glob("*.png")) == sorted([first[0].path, gone])


async def test_what_was_answered_meanwhile_is_not_settled_by_hand(client, request_, sims, monkeypatch):
    sims["reapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "reapi")
    (lost,) = await client.attempts()
    await client._ledger.end(attrs.evolve(lost, task=lost.draft("late"), outcome=Outcome.ACCEPTED))

    async def found_before(_):
        return lost

    monkeypatch.setattr(client._ledger, "find", found_before)
    with pytest.raises(OutOfBounds, match="was answered just now"):
        await client.settle(lost.id, billed=False)
    assert (await client.attempts())[0].task.id == "late"


async def test_a_download_that_is_interrupted_is_taken_up(client, next_client, request_, tmp_path, cancelled):
    task = await run(client, request_, "reapi")
    await cancelled(client.download(task, tmp_path), anymedia.engine.files, "save")
    await client.close()
    async with next_client() as later:
        (fetched,) = (await later.recover(tmp_path)).tasks
    assert fetched.assets[0].path.is_file()


async def test_a_result_that_is_not_fetched_and_cannot_be_noted_is_logged(
    client, request_, sims, tmp_path, caplog, monkeypatch
):
    task = await run(client, request_, "reapi")
    sims["reapi"].fault("status", on="result", status=503, times=None)

    async def fails(*_):
        raise JournalError("it is full")

    for name in ("write", "select"):
        monkeypatch.setattr(client.journal, name, fails)
    with pytest.raises(DownloadError):  # which is what counts
        await client.download(task, tmp_path / "out")
    monkeypatch.undo()
    what = f"the result of task {task.id}"
    for told in (
        f"whether others fetch {what} is not known",
        f"{what} is not fetched, and that is not written down",
        f"that {what} is fetched no more is not written down",
    ):
        assert told in caplog.text
    async with Client(attrs.evolve(client.config, journal=None), clock=client._session.clock) as without:
        with pytest.raises(DownloadError):
            await without.download(task, tmp_path / "out")


async def test_what_a_process_ended_well_with_was_handed_over(client, next_client, request_, tmp_path):
    await run(client, request_, "reapi")
    await client.close()
    async with next_client() as later:
        assert (await later.recover(tmp_path / "out")).tasks == ()


async def test_what_a_living_process_waits_for_is_left_to_it(client, next_client, request_, tmp_path, held):
    import asyncio

    await_me = asyncio.create_task(client.submit(request_, "reapi"))
    await held.until(1)
    async with next_client() as other:
        assert (await other.recover(tmp_path / "out")).uncertain == ()
        held.let_go.set()
        await await_me
        assert (await other.recover(tmp_path / "out")).tasks == ()
    assert len((await client.recover(tmp_path / "out")).tasks) == 1  # its own


async def test_our_own_submit_that_is_under_way_is_not_taken_for_lost(client, request_, held):
    import asyncio

    waiting = asyncio.create_task(client.submit(request_, "reapi"))
    await held.until(1)
    recovery = await client.recover()
    assert (recovery.tasks, recovery.uncertain, recovery.errors) == ((), (), ())
    held.let_go.set()
    assert (await waiting).id


async def test_a_submit_whose_process_ended_is_uncertain(client, next_client, request_, sims, path, read):
    await client.submit(request_, "reapi")
    crash(client)
    with sqlite3.connect(path) as connection:  # as it stood before the answer
        connection.execute("UPDATE attempts SET status = 'sending', open = 1, task_id = NULL")
        connection.execute("UPDATE texts SET record = json_set(record, '$.outcome', NULL), task = NULL")
    connection.close()
    (lost,) = read(status="uncertain")
    assert (lost.outcome, lost.error, lost.open) == (Outcome.UNCERTAIN, LOST, True)
    async with next_client() as later:
        for _ in range(2):
            assert (await later.recover()).uncertain == (lost,)
        told = await later.recover(replay=True)
        assert told.uncertain == (lost,)
        assert "reAPI honours no idempotency key" in str(told.errors[0])
    assert sims["reapi"].bills()["submits"] == 1


async def test_errors_are_told_task_by_task(client, next_client, request_, sims, tmp_path, config, clock):
    sims["reapi"].fault("failed")
    failed = await client.submit(request_, "reapi")
    sims["runapi"].fault("stuck")
    stuck = await client.submit(request_, "runapi")
    gone = await client.submit(request_, "revidapi")
    other = await client.submit(request_, "api_in_one")
    crash(client)
    accounts = dict(config.accounts)
    del accounts["revidapi"]
    strange = read_config(
        {"providers": {"api_in_one": {"base_url": sims["api_in_one"].base_url, "api_key_env": "K"}}}, {"K": "another"}
    )
    accounts["api_in_one"] = strange.accounts["api_in_one"]
    async with next_client(accounts=accounts, path=tmp_path) as later:
        recovery = await later.recover(tmp_path / "out", timeout=30)
    assert recovery.tasks == ()
    found = {type(error): error for error in recovery.errors}
    assert found[TaskFailed].task_id == failed.id
    assert found[DeadlineExceeded].task_id == stuck.id
    sentences = sorted(str(error) for error in recovery.errors if isinstance(error, ConfigError))
    assert "account api_in_one has another API key than the one that this was submitted with" in sentences[0]
    assert sentences[1].startswith("no account is named 'revidapi'")
    assert gone.id != other.id
    accounts["revidapi"] = attrs.evolve(accounts["reapi"], name="revidapi")
    async with next_client(accounts=accounts) as later:
        recovery = await later.recover(timeout=30)
    assert any("is now of reapi, and was of revidapi" in str(error) for error in recovery.errors)


async def test_a_replay_is_sent_where_the_key_is_honoured_and_only_when_it_is_asked_for(
    client, next_client, request_, sims, tmp_path, read, clock
):
    sims["runapi"].fault("reset_after", on="submit", times=4)
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "runapi")
    crash(client)
    (lost,) = read(status="uncertain")
    async with next_client() as later:
        submits = sims["runapi"].bills()["submits"]
        assert (await later.recover()).uncertain == (lost,)
        assert sims["runapi"].bills()["submits"] == submits
        sims["runapi"].fault("reset_after", on="submit", times=4)  # uncertain once more
        again = await later.recover(replay=True)
        assert ([each.id for each in again.uncertain], len(again.errors)) == ([lost.id], 1)
        assert isinstance(again.errors[0], SubmitUncertain)
        recovery = await later.recover(tmp_path / "out", replay=True)
        assert recovery.uncertain == ()
        (task,) = recovery.tasks
        assert (task.replayed, task.state, task.assets[0].path.is_file()) == (True, State.SUCCEEDED, True)
    bills = sims["runapi"].bills()
    assert [entry["task_id"] for entry in bills["entries"]] == [task.id]
    assert bills["entries"][0]["idempotency_key"] == lost.replay_key
    (attempt,) = read()
    assert (attempt.id, attempt.status, attempt.sends) == (lost.id, "succeeded", attempt.sends)


@pytest.mark.parametrize(
    ("provider", "journal", "window"),
    [
        ("runapi", {}, 120),
        ("runapi", {"prompts": False}, None),
        ("runapi", {"enabled": False}, None),
        ("reapi", {}, None),
    ],
)
async def test_until_when_a_replay_is_billed_once_is_told(sims, clock, request_, tmp_path, provider, journal, window):
    sims[provider].fault("reset_after", on="submit", times=None)
    there = {"path": str(tmp_path / "j.db")} if journal.get("enabled", True) else {}
    async with Client(read_config(sims.config | {"journal": there | journal}, sims.environ), clock=clock) as client:
        with pytest.raises(SubmitUncertain) as caught:
            await client.submit(request_, provider)
    error, attempt = caught.value, caught.value.attempt
    until = None if window is None else attempt.started_at + timedelta(seconds=window)
    assert (error.replay_until, attempt.replay_until) == (until, until)
    told = (
        "and is not sent again" if until is None else f"until {until:%Y-%m-%d %H:%M:%S} UTC `anymedia resume --replay`"
    )
    assert told in str(error)
    assert attempt.error == error.message
    assert ("not sent again" in str(error)) is (until is None)


async def test_what_is_dismissed_is_not_waited_for_and_not_fetched(client, next_client, request_, tmp_path, read):
    waited, ended = await client.submit(request_, "reapi"), await run(client, request_, "reapi")
    for task in (waited, ended):
        assert (await client.dismiss(task.id)).dismissed
    crash(client)
    async with next_client() as later:
        recovery = await later.recover(tmp_path / "out")
    assert (recovery.tasks, recovery.uncertain, recovery.errors) == ((), (), ())
    assert not (tmp_path / "out").exists()
    assert {attempt.task.id for attempt in read() if attempt.reserved} == {waited.id, ended.id}  # what it cost stays


async def test_what_some_accounts_bought_is_taken_up_and_the_rest_is_left(client, next_client, request_, tmp_path):
    bought = [await client.submit(request_, name) for name in ("reapi", "runapi")]
    ended = await run(client, request_, "runapi")
    crash(client)
    async with next_client() as later:
        with pytest.raises(ConfigError, match="no account is named 'nobody'"):
            await later.recover(tmp_path, accounts=["nobody"])
        with pytest.raises(ConfigError, match="accounts are named one by one, each by a text, not as 1"):
            await later.recover(tmp_path, accounts=[1])
        assert await later.recover(tmp_path, accounts=[]) == Recovery()
        (first,) = (await later.recover(tmp_path, accounts=["reapi"])).tasks
        rest = (await later.recover(tmp_path, accounts=["runapi"])).tasks
    assert (first.id, {task.id for task in rest}) == (bought[0].id, {bought[1].id, ended.id})
    assert all(asset.kept for task in (first, *rest) for asset in task.assets)


async def test_what_was_bought_at_an_account_that_is_gone_is_bought_nowhere_else(next_client, config, request_, sims):
    eu, runapi = attrs.evolve(config.accounts["reapi"], name="eu"), config.accounts["runapi"]
    async with next_client(accounts={"eu": eu}) as client:
        task = await client.submit(request_, "eu", idempotency_key="k")
    async with next_client(accounts={"runapi": runapi}) as later:
        with pytest.raises(ConfigError, match="no account is named 'eu'"):
            await later.generate(request_, idempotency_key="k")
        (attempt,) = await later.attempts(idempotency_key="k")
    assert (attempt.task.id, len(sims["reapi"].bills()["entries"])) == (task.id, 1)
    assert sims["runapi"].bills()["submits"] == 0


async def test_a_replay_needs_the_same_origin_and_the_same_bytes(client, next_client, request_, sims, config, path):
    sims["runapi"].fault("reset_after", on="submit", times=4)
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "runapi")
    crash(client)
    moved = {"runapi": attrs.evolve(config.accounts["runapi"], origin=config.accounts["reapi"].origin)}
    async with next_client(accounts=moved) as later:
        assert "the account is now at" in str((await later.recover(replay=True)).errors[0])
    without = {"runapi": attrs.evolve(config.accounts["runapi"], api_key=config.accounts["reapi"].api_key)}
    async with next_client(accounts=without) as later:
        assert "has another API key" in str((await later.recover(replay=True)).errors[0])
        forced = await later.recover(replay=True, any_api_key=True)
        assert "it was sent with another API key, and a replay key holds for one" in str(forced.errors[0])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE texts SET body = NULL")
    connection.close()
    async with next_client() as later:
        assert "what was sent is not in the journal" in str((await later.recover(replay=True)).errors[0])
    assert len(sims["runapi"].bills()["entries"]) == 1
    assert sims["reapi"].bills()["submits"] == 0


async def test_a_replay_that_is_cancelled_stays_uncertain(client, next_client, request_, sims, read, cancelled):
    sims["runapi"].fault("reset_after", on="submit", times=4)
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "runapi")
    crash(client)
    async with next_client() as later:
        await cancelled(later.recover(replay=True), later._session.transport, "send")
    assert [attempt.status for attempt in read()] == ["uncertain"]


async def test_a_replay_that_cannot_be_sent_in_time_stays_uncertain(client, next_client, config, request_, sims, read):
    sims["runapi"].fault("reset_after", on="submit", times=4)
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "runapi")
    crash(client)
    submits = sims["runapi"].bills()["submits"]
    account = attrs.evolve(config.accounts["runapi"], limits=Limits(active=1))
    async with next_client(accounts={"runapi": account}) as later:
        task = await later.submit(request_, "runapi")  # it holds the one task slot
        recovery = await later.recover(replay=True, timeout=0.3)
        (error,) = (each for each in recovery.errors if isinstance(each, SubmitUncertain))
        assert "the deadline passed before runapi answered" in str(error)
        assert [attempt.status for attempt in recovery.uncertain] == ["uncertain"]
    assert sorted(attempt.status for attempt in read()) == sorted(["uncertain", str(task.state)])
    assert sims["runapi"].bills()["submits"] == submits + 1


async def test_a_handle_opens_in_another_process_with_another_order_of_config(client, next_client, config, request_):
    task = await client.submit(request_, "revidapi")
    handle = client.handle(task)
    turned = dict(reversed(config.accounts.items()))
    async with next_client(accounts=turned, journal=None) as other:
        done = await other.wait(other.open(handle))
    assert (done.id, done.state) == (task.id, State.SUCCEEDED)


async def test_what_is_left_is_read_without_a_folder_of_owners(path):
    ledger = Ledger(SQLiteJournal(path))
    assert await ledger.left() == ([], [])
    await ledger.forget(["nobody"])
    await ledger.close()
