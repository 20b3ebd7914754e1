"""What is told once a task was accepted: that it was paid, which task it is, and what the looks at it met."""

import json
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from anymedia import (
    AnymediaError,
    Asset,
    Attempt,
    Billed,
    Client,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    ImageRequest,
    Money,
    NoRoute,
    Order,
    Outcome,
    Retry,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    Unavailable,
    read_config,
)
from anymedia.engine.session import Session
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.testing import FakeClock
from anymedia.transport.retry import Patience

NOW = datetime(2026, 11, 28, tzinfo=UTC)

LOOKS = {
    "a key that was revoked": ({"kind": "unauthorised", "on": "poll"}, "answered 401"),
    "an outage": ({"kind": "status", "status": 503, "on": "poll"}, "answered 503"),
    "no JSON": ({"kind": "not_json", "on": "poll"}, "with no JSON object"),
    "a reset": ({"kind": "reset_after", "on": "poll"}, "gave no readable answer"),
    "a word that nobody knows": ({"kind": "unknown_state", "word": "expired"}, "its state is 'expired', a word that"),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("verb", ["generate", "wait", "one look", "recover"])
async def test_still_running_tells_what_the_looks_met(client, request_, sims, verb, look):
    fault, told = LOOKS[look]
    sims["reapi"].fault(**fault, times=None)
    error = await _error(client, request_, verb)
    assert isinstance(error, DeadlineExceeded)
    assert (error.billed, error.retry, error.task.id) == (Billed.YES, Retry.SAME, error.task_id)
    looks = error.task.trouble.looks
    assert (looks == 1) if verb == "one look" else (looks > 3)
    assert told in error.task.trouble.error
    assert ("the last look: " if looks == 1 else f"the last {looks} looks: ") + error.task.trouble.error in str(error)
    (attempt,) = await client.attempts()
    assert attempt.task.trouble.error == error.task.trouble.error
    assert sims["reapi"].bills()["submits"] == 1
    sims["reapi"].clear()
    assert (await client.wait(attempt.task)).trouble is None


async def _error(client, request, verb):
    try:
        if verb == "generate":
            return await client.generate(request, "reapi", timeout=60)
        task = await client.submit(request, "reapi")
        if verb == "recover":
            (error,) = (await client.recover(timeout=60)).errors
            return error
        return await client.wait(task, 0 if verb == "one look" else 60)
    except AnymediaError as error:
        return error


async def test_a_task_is_looked_at_once_more_before_a_wait_that_is_too_long(client, clock, request_, sims):
    sims["reapi"].fault("throttled", on="poll", retry_after=3600)
    task = await client.submit(request_, "reapi")
    began = clock.seconds
    assert (await client.wait(task, 120)).state is State.SUCCEEDED
    assert clock.seconds - began < 120


async def test_an_error_of_ours_about_a_task_says_that_it_was_paid(client, clock, request_, sims):
    task = await client.submit(request_, "reapi")
    elsewhere = read_config({"providers": {"eu": {"adapter": "runapi"}}}, {})
    async with Client(elsewhere, clock=clock) as other:
        for call in (other.wait(task), other.get(task), client.wait(task, -1)):
            with pytest.raises(AnymediaError) as caught:
                await call
            assert (caught.value.billed, caught.value.task) == (Billed.YES, task)
            assert caught.value.retry is not Retry.ELSEWHERE


async def test_what_was_bought_before_is_told_by_a_later_error_under_the_key(client, clock, request_, sims, journal):
    task = await client.submit(request_, "reapi", idempotency_key="order-1")
    elsewhere = read_config({"providers": {"eu": {"adapter": "runapi"}}}, {})
    async with Client(elsewhere, clock=clock, journal=journal) as other:
        with pytest.raises(ConfigError) as caught:
            await other.generate(request_, "us", idempotency_key="order-1")
    assert (caught.value.billed, caught.value.task.id) == (Billed.YES, task.id)


async def test_a_part_that_was_refused_hides_no_part_that_was_paid(client, sims):
    request = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", count=2)
    sims["reapi"].fault("unknown_state", word="expired", times=None)
    sims["reapi"].fault("moderated")
    with pytest.raises(DeadlineExceeded) as caught:
        await client.generate(request, "reapi", timeout=60)
    assert caught.value.billed is Billed.YES
    assert {attempt.outcome for attempt in caught.value.attempts} == {Outcome.ACCEPTED, Outcome.REFUSED}


def test_no_route_carries_the_task_of_the_error_that_says_most_of_money():
    free, paid = Unavailable("down"), TaskFailed("failed", billed=Billed.YES, task_id="t-1")
    error = NoRoute(errors=[free, paid])
    assert (error.billed, error.task_id, NoRoute("nothing").billed) == (Billed.YES, "t-1", Billed.NO)


async def test_what_a_submit_was_answered_is_kept(client, request_, sims):
    sims["reapi"].fault("without_id", on="submit")
    with pytest.raises(AnymediaError):
        await client.submit(request_, "reapi")
    (attempt,) = await client.attempts()
    assert attempt.outcome is Outcome.ACCEPTED_WITHOUT_ID
    assert isinstance(attempt.answer, dict)


async def test_two_submits_that_are_answered_with_one_task_are_told(client, request_, sims):
    task = await client.submit(request_, "reapi")
    sims["reapi"].fault("raw", on="submit", body=json.dumps(task.raw))
    with pytest.raises(SubmitUncertain, match="which is already the task of attempt") as caught:
        await client.submit(request_, "reapi")
    assert (caught.value.outcome, caught.value.billed) == (Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY)
    first, second = await client.attempts()
    assert (first.task.id, second.task, second.answer) == (task.id, None, task.raw)
    assert (first.reserved, second.reserved) == (task.money.usd, task.money.usd)
    assert first.id[:8] in str(caught.value)


def test_the_first_submits_of_tasks_are_known_up_to_a_bound(monkeypatch):
    monkeypatch.setattr("anymedia.engine.session.REMEMBERED", 2)
    session = Session(FakeClock(), Patience(), None, None)
    attempt = Attempt(
        id="a",
        order=Order(provider="p", account="p", path="/", money=Money()),
        started_at=NOW,
    )
    assert [session.first_with(attempt.draft(name), name) for name in ("1", "2", "3")] == ["1", "2", "3"]
    assert [session.first_with(attempt.draft(name), "b") for name in ("3", "2", "1")] == ["3", "2", "b"]


# Links that are asked for again


async def left(client, request, sims, tmp_path):
    """Return a task whose file is left for a recovery."""
    task = await client.wait(await client.submit(request, "reapi"))
    sims["reapi"].fault("not_found", on="result", times=None)
    with pytest.raises(DownloadError) as caught:
        await client.download(task, tmp_path)
    assert (caught.value.billed, caught.value.retry, caught.value.task.id) == (Billed.YES, Retry.SAME, task.id)
    sims["reapi"].clear()
    return task


@pytest.mark.parametrize(
    "look",
    [None, {"kind": "status", "status": 503, "on": "poll"}, {"kind": "unknown_state", "word": "stored"}],
    ids=["a look", "a look that fails", "a look that tells no result"],
)
async def test_a_file_that_was_left_is_fetched_by_what_links_there_are(client, request_, sims, tmp_path, look):
    task = await left(client, request_, sims, tmp_path)
    if look is not None:
        sims["reapi"].fault(**look, times=None)
    recovery = await client.recover(tmp_path)
    assert (recovery.errors, [found.id for found in recovery.tasks]) == ((), [task.id])
    assert len([*tmp_path.iterdir()]) == 1


async def test_what_is_on_disk_keeps_its_place_and_what_is_not_gets_the_links_of_today(client, config, monkeypatch):
    looks, account = client._watch._looks, config.account("reapi")
    was = (Asset(kind="image", url="http://a/1", path=Path("/out/1.png")), Asset(kind="image", url="http://a/2"))
    task = Task(
        id="t", provider="reapi", account="reapi", submitted_at=NOW, path="/", state=State.SUCCEEDED, assets=was
    )

    async def again(*urls):
        async def asked(_, task):
            return attrs.evolve(task, assets=tuple(Asset(kind="image", url=url) for url in urls))

        monkeypatch.setattr(looks, "_asked", asked)
        return [(asset.url, asset.path) for asset in (await looks.again(account, task)).assets]

    kept = ("http://a/1", Path("/out/1.png"))
    assert await again("http://b/1", "http://b/2") == [kept, ("http://b/2", None)]
    assert await again("http://b/1", "http://a/2", "http://b/3") == [kept, ("http://a/2", None), ("http://b/3", None)]
    assert await again("http://b/1") == [kept, ("http://a/2", None)]
    assert await looks.again(account, whole := attrs.evolve(task, assets=was[:1])) is whole


async def test_bytes_that_a_disk_does_not_take_stay_in_the_task(clock, tmp_path, caplog):
    (tmp_path / "results").write_text("no folder")
    session = Session(clock, Patience(), None, Ledger(SQLiteJournal(tmp_path / "journal.db")))
    task = Task(id="t", provider="p", account="p", submitted_at=NOW, path="/", assets=(Asset(kind="image", data=b"x"),))
    assert await session.kept_if_can_be(task) is task
    assert "the result of task t is not on disk" in caplog.text
