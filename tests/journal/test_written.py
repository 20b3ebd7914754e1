"""What is written down, when, and what never is."""

import asyncio
import base64
import contextlib
import json
import logging
import sqlite3
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    Account,
    Attempt,
    Billed,
    Client,
    Config,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    ImageRequest,
    JournalError,
    NoCredit,
    Outcome,
    OutOfBounds,
    RawRequest,
    Rejected,
    Secret,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    read_config,
)
from anymedia.adapters.openai import ADAPTER as OPENAI
from anymedia.journal import Ledger, Released, SQLiteJournal
from anymedia.simulators import running
from tests.odd.files import PNG
from tests.providers import FOUR
from tests.simulators.instant import plugins
from tests.verbs import run

from .reading import execute
from .test_left import attempt as attempt_

PROMPT = "a lighthouse at dusk, by nobody you know"


class Watched(Ledger):
    """A ledger that tells what it has written, in order with everything else that happens."""

    told: list

    async def intend(self, *intended):
        await super().intend(*intended)
        self.told.append("intent on disk")

    async def end(self, attempt):
        written = await super().end(attempt)
        self.told.append(f"{attempt.outcome} on disk")
        return written


@pytest.mark.parametrize("provider", FOUR)
async def test_the_intent_is_on_disk_before_the_post_and_the_task_before_submit_returns(
    provider, client, sims, request_, read
):
    told = client._ledger.told = []
    client._ledger.__class__ = Watched
    send = client._session.transport.send

    async def watched(account, call, *rest):
        told.append(call.method)
        return await send(account, call, *rest)

    client._session.transport.send = watched
    task = await client.submit(request_, provider)
    told.append("returned")
    assert told == ["intent on disk", "POST", "accepted on disk", "returned"]
    (attempt,) = read()
    assert (attempt.task.id, attempt.outcome, attempt.order.labels) == (task.id, Outcome.ACCEPTED, {"job": "7"})
    assert attempt.order.body["prompt" if provider != "revidapi" else "input"]
    assert attempt.task == attrs.evolve(task, raw=attempt.task.raw)


@pytest.mark.parametrize("provider", FOUR)
async def test_a_task_is_followed_to_its_files(provider, client, request_, read, tmp_path):
    done = await run(client, request_, provider)
    (attempt,) = read(status="succeeded")
    assert (attempt.task.money, attempt.task.assets) == (done.money, done.assets)
    (asset,) = await client.download(done, tmp_path / "out")
    (attempt,) = read(open=False)
    assert attempt.task.assets == (attrs.evolve(asset.asset, path=asset.path.absolute()),)


async def test_what_came_to_nothing_says_so(client, sims, request_, read):
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.submit(request_, "reapi")
    sims["revidapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain) as caught:
        await client.submit(request_, "revidapi")
    sims["api_in_one"].fault("failed")
    with pytest.raises(TaskFailed):
        await run(client, request_, "api_in_one")
    refused, uncertain, failed = read()
    assert [each.status for each in (refused, uncertain, failed)] == ["refused", "uncertain", "failed"]
    assert [each.open for each in (refused, uncertain, failed)] == [False, True, False]
    assert (uncertain.id, uncertain.error) == (caught.value.attempt.id, caught.value.message)
    assert failed.task.money.usd == Decimal(0)


async def test_each_try_is_a_row(client, sims, request_, read):
    sims["reapi"].fault("throttled", retry_after=1)
    await client.submit(request_, "reapi")
    assert [attempt.status for attempt in read()] == ["refused", "running"]


async def test_nobody_there_is_not_sent(client, clock, sims, request_, read, path):
    config = read_config(
        {
            "providers": {"reapi": {"base_url": "http://127.0.0.1:9", "api_key_env": "K"}},
            "journal": {"path": str(path)},
        },
        {"K": "k"},
    )
    async with Client(config, clock=clock) as nobody:
        with pytest.raises(Exception, match="was not reached"):
            await nobody.submit(request_)
    assert {attempt.outcome for attempt in read()} == {Outcome.NOT_SENT}


async def test_a_late_answer_is_written_down_though_nobody_waits(client, sims, request_, read, held):
    waiting = asyncio.create_task(client.submit(request_, "reapi"))
    await held.until(1)
    waiting.cancel()
    with pytest.raises(SubmitUncertain):
        await waiting
    assert [attempt.status for attempt in read()] == ["sending"]  # its process lives: it may still be heard of
    held.let_go.set()
    await client.close()
    (attempt,) = read()
    assert attempt.task.id == sims["reapi"].bills()["entries"][0]["task_id"]


async def test_what_is_cancelled_before_it_leaves_is_not_sent(client, request_, read, cancelled):
    await cancelled(client.submit(request_, "reapi"), client._session.transport, "send")
    await client.close()
    (attempt,) = read()
    assert (attempt.outcome, attempt.error) == (Outcome.NOT_SENT, "the call was cancelled")


@pytest.mark.parametrize("key", [None, "k"])
async def test_what_is_cancelled_while_the_journal_is_locked_is_not_sent_and_counts_nothing(
    client, sims, request_, read, path, key
):
    await client.journal.check()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    call = asyncio.create_task(client.submit(request_, "reapi", idempotency_key=key))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    other.execute("ROLLBACK")
    other.close()
    task = await client.submit(request_, "reapi", idempotency_key=key)
    await client.close()
    *cut, bought = read()
    assert bought.task.id == task.id
    assert [(attempt.status, attempt.reserved) for attempt in cut] == [("not sent", 0)] * (key is None)
    assert sims["reapi"].bills()["submits"] == 1


async def test_a_deadline_holds_while_a_key_is_claimed(client, sims, request_, path):
    await client.journal.check()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(
        DeadlineExceeded, match="the journal did not answer in time about the idempotency key 'k'"
    ) as caught:
        await client.submit(request_, "reapi", idempotency_key="k", timeout=0.2)
    assert (caught.value.billed, caught.value.task) == (Billed.UNKNOWN, None)
    other.execute("ROLLBACK")
    other.close()
    assert (await client.submit(request_, "reapi", idempotency_key="k")).id
    assert sims["reapi"].bills()["submits"] == 1


async def test_a_journal_that_cannot_be_read_does_not_know_what_was_bought(client, request_, monkeypatch):
    await client.submit(request_, "reapi", idempotency_key="k")

    async def broken(_):
        raise JournalError("the disk failed")

    monkeypatch.setattr(client.journal, "select", broken)
    with pytest.raises(JournalError, match="the disk failed") as caught:
        await client.submit(request_, "reapi", idempotency_key="k")
    assert (caught.value.billed, caught.value.outcome) == (Billed.UNKNOWN, Outcome.NOT_SENT)


async def test_a_filter_that_fits_nothing_is_refused(client):
    with pytest.raises(OutOfBounds, match=r"status: no attempt can be 'uncertan'; there are .*uncertain"):
        await client.attempts(status="uncertan")
    with pytest.raises(OutOfBounds, match="limit: must be 0 or more, not -1"):
        await client.attempts(limit=-1)


async def test_under_a_key_what_was_made_needs_its_account_no_more(client, config, clock, sims, request_):
    made = await client.generate(request_, "reapi", idempotency_key="k")
    await client.close()
    accounts = {"runapi": config.accounts["runapi"]}
    async with Client(attrs.evolve(config, accounts=accounts), clock=clock) as later:
        assert (await later.generate(request_, idempotency_key="k")).tasks[0].id == made.tasks[0].id
        assert (await later.submit(request_, idempotency_key="k")).id == made.tasks[0].id
    assert [sims[name].bills()["submits"] for name in ("reapi", "runapi")] == [1, 0]


async def test_without_a_journal_a_cancel_before_it_leaves_is_as_quiet(sims, clock, request_, events, cancelled):
    config = read_config({**sims.config, "journal": {"enabled": False}}, sims.environ)
    async with Client(config, clock=clock, on_event=events.append) as client:
        await cancelled(client.submit(request_, "reapi"), client._session.transport, "send")
    assert [event.outcome for event in events] == [None, Outcome.NOT_SENT]


async def test_two_uncertain_submits_of_a_process_that_ended_ask_for_it_once(client, request_, read, rows, path):
    for _ in range(2):
        await client.submit(request_, "reapi")
    execute(client.journal, "UPDATE attempts SET owner = 'gone'")
    execute(client.journal, "UPDATE texts SET record = json_set(record, '$.outcome', NULL), task = NULL")
    assert [attempt.status for attempt in read()] == ["uncertain"] * 2


async def test_no_key_is_ever_written(client, sims, request_, whole):
    for provider in FOUR:
        await run(client, request_, provider)
    await client.close()
    assert PROMPT[:20] in whole()
    for key in sims.environ.values():
        assert key not in whole()


@pytest.mark.parametrize("provider", FOUR)
async def test_prompts_can_be_left_out_and_are_then_nowhere(provider, sims, clock, path, whole, rows, read, tmp_path):
    config = read_config({**sims.config, "journal": {"path": str(path), "prompts": False}}, sims.environ)
    request = ImageRequest(model="flux-2-pro", prompt=PROMPT + ' "lantern" ünï\n', aspect_ratio="16:9")
    async with Client(config, clock=clock) as client:
        await client.download(await run(client, request, provider), tmp_path / "out")
        sims[provider].fault("failed", message=f"cannot draw {request.prompt}")
        with pytest.raises(TaskFailed):
            await run(client, request, provider)
        sims[provider].fault("moderated", message=f"{request.prompt} is not allowed")
        with pytest.raises(Exception, match="not allowed"):
            await run(client, request, provider)
        raw = RawRequest(provider, "/nowhere", {"input": {"prompt": PROMPT}})
        with pytest.raises(Exception, match=r"404|no such|not found|Not Found"):
            await client.submit(raw)
    assert "lighthouse" not in whole()
    assert "lantern" not in whole()
    assert rows("body") == [None] * 4
    assert [attempt.order.body for attempt in read()] == [None] * 4


async def test_where_the_prompt_is_not_known_any_more_the_raw_words_are_left_out(sims, clock, path, read, whole):
    config = read_config({**sims.config, "journal": {"path": str(path), "prompts": False}}, sims.environ)
    request = ImageRequest(model="flux-2-pro", prompt=PROMPT)
    async with Client(config, clock=clock) as client:
        task = await client.submit(request, "revidapi")
        assert read()[0].task.raw is not None
    async with Client(config, clock=clock) as client:
        task = await client.wait(client.open(client.handle(task)))
        assert PROMPT in str(task.raw)
        (attempt,) = await client.attempts()
    assert (attempt.task.state, attempt.task.raw, attempt.task.assets) == (State.SUCCEEDED, None, task.assets)
    failed = attrs.evolve(task, state=State.FAILED)
    assert attempt.task.failure is None
    assert failed.raw is not None
    assert "lighthouse" not in whole()


async def test_bytes_that_a_look_shows_are_on_disk_before_it_returns(client, sims, request_, path, read):
    task = await client.submit(request_, "reapi")
    shown = {"id": task.id, "model": "flux-2", "status": "completed"}
    shown["output"] = {"image_urls": [f"data:image/png;base64,{base64.b64encode(PNG).decode()}"]}
    sims["reapi"].fault("raw", on="poll", body=json.dumps(shown))
    (asset,) = (await client.wait(task)).assets
    assert (asset.data, asset.path.parent, asset.path.read_bytes()) == (None, path.parent / "results", PNG)
    assert read()[0].task.assets == (asset,)


async def test_bytes_of_a_result_are_on_disk_before_submit_returns_and_not_in_the_journal(
    clock, path, monkeypatch, read, whole, tmp_path
):
    monkeypatch.setattr("anymedia.simulators._plugins", plugins)
    async with running("instant", clock=clock.time) as sims:
        origin, key = sims["instant"].base_url, sims["instant"].api_key
        account = Account(name="openai", adapter=OPENAI, origin=origin, api_key=Secret(key))
        config = Config(accounts={"openai": account}, journal=path)
        request = ImageRequest(model="gpt-image-2", prompt=PROMPT, count=2)
        async with Client(config, clock=clock) as client:
            task = await client.submit(request)
            assert task.state is State.SUCCEEDED
            for asset in task.assets:
                assert asset.path.parent == path.parent / "results"
                assert (asset.data, asset.media_type) == (None, "image/png")  # held once: on disk
                assert asset.length == asset.path.stat().st_size
            pictures = [asset.path.read_bytes() for asset in task.assets]
            encoded = base64.b64encode(pictures[0]).decode()
            told = [each["b64_json"] for each in task.raw["data"]]
            assert told == [f"… ({len(base64.b64encode(picture))} characters)" for picture in pictures]
            with pytest.raises(OutOfBounds, match="came as bytes, which no handle holds"):
                client.handle(task)
        assert encoded[100:200] not in whole()
        (attempt,) = read()
        async with Client(config, clock=clock) as client:  # another process: the journal and the files are all it has
            assets = await client.download(attempt.task, tmp_path / "out")
            assert [each.path.read_bytes() for each in assets] == pictures
            task.assets[0].path.unlink()
            copies = await client.download(attempt.task, tmp_path / "copied")  # of which the journal knows
            assert [each.path.read_bytes() for each in copies] == pictures
            copies[0].path.unlink()
            with pytest.raises(DownloadError, match="No such file"):
                await client.download(attempt.task, tmp_path / "again")


async def test_bytes_that_cannot_be_put_on_disk_are_handed_over_all_the_same(clock, path, monkeypatch, caplog):
    monkeypatch.setattr("anymedia.simulators._plugins", plugins)
    async with running("instant", clock=clock.time) as sims:
        origin, key = sims["instant"].base_url, sims["instant"].api_key
        account = Account(name="openai", adapter=OPENAI, origin=origin, api_key=Secret(key))
        path.parent.mkdir()
        (path.parent / "results").write_text("no folder")
        async with Client(Config(accounts={"openai": account}, journal=path), clock=clock) as client:
            with pytest.raises(JournalError, match=r"was accepted by openai.*results") as caught:
                await client.submit(ImageRequest(model="gpt-image-2", prompt=PROMPT))
            assert caught.value.task.assets[0].data
            assert client.detached == (caught.value.task,)
            (attempt,) = await client.attempts()
            assert (attempt.status, attempt.task.assets[0].path) == ("succeeded", None)
    config = Config(accounts={"openai": account}, journal=None)
    async with running("instant", clock=clock.time) as sims:
        account = attrs.evolve(account, origin=sims["instant"].base_url, api_key=Secret(sims["instant"].api_key))
        async with Client(Config(accounts={"openai": account}, journal=None), clock=clock) as client:
            task = await client.submit(ImageRequest(model="gpt-image-2", prompt=PROMPT))
            assert (client.journal, task.assets[0].path) == (None, None)
    assert config.journal is None


async def test_bytes_that_are_no_known_media_are_kept_too(tmp_path):
    from datetime import UTC, datetime

    from anymedia import Asset, Money
    from anymedia.transport.download import keep

    assets = (Asset(kind="image", data=b"?"), Asset(kind="image", url="https://a.example/1.png"))
    task = Task(
        id="t", provider="p", account="a", assets=assets, money=Money(), submitted_at=datetime.now(UTC), path="/"
    )
    kept, fetched = keep(task, tmp_path).assets
    assert (kept.path.name, kept.path.read_bytes(), kept.media_type) == ("t-1.bin", b"?", "application/octet-stream")
    assert fetched == assets[1]


async def test_a_final_state_never_turns_back(client, request_, read):
    done = await run(client, request_, "reapi")
    await client._ledger.see(attrs.evolve(done, state=State.RUNNING, assets=()))
    await client._ledger.see(attrs.evolve(done, state=State.FAILED, assets=()))
    assert [attempt.task for attempt in read()] == [attrs.evolve(done, raw=read()[0].task.raw)]


async def test_filters_and_names(client, request_, clock, read):
    first = await client.submit(request_, "reapi", idempotency_key="a")
    clock.seconds += 60
    later = clock.now()
    await client.submit(request_, "runapi", idempotency_key="b")
    assert [each.order.account for each in await client.attempts(provider="reapi")] == ["reapi"]
    assert [each.order.account for each in await client.attempts(account="runapi", open=True)] == ["runapi"]
    assert [each.order.idempotency_key for each in await client.attempts(since=later)] == ["b"]
    assert await client.attempts(status="uncertain") == []
    assert [each.order.account for each in await client.attempts(limit=1)] == ["runapi"]
    assert await client.attempts(limit=0) == []
    (attempt,) = await client.attempts(idempotency_key="a")
    assert await client.find(attempt.id[:8]) == await client.find(first.id) == attempt
    for name, message in (("zz", "no attempt"), ("", "2 attempts"), ("%", "no attempt")):
        with pytest.raises(OutOfBounds, match=message):
            await client.find(name)


async def test_what_is_uncertain_is_settled_by_hand(client, sims, request_, read):
    sims["reapi"].fault("reset_after", on="submit")
    sims["api_in_one"].fault("reset_before", on="submit")
    for provider in ("reapi", "api_in_one"):
        with pytest.raises(SubmitUncertain):
            await client.submit(request_, provider, idempotency_key=provider)
    there, gone = read(status="uncertain")
    with pytest.raises(OutOfBounds, match="only a task can be dismissed"):
        await client.dismiss(there.id)
    for provider in ("reapi", "api_in_one"):  # the same key again: nothing is sent
        with pytest.raises(SubmitUncertain, match="is not sent again"):
            await client.submit(request_, provider, idempotency_key=provider)
    bought = sims["reapi"].bills()["entries"][0]["task_id"]
    assert (await client.settle(there.id[:8], billed=True, task_id=bought)).status == "queued"
    assert (await client.settle(gone.id, billed=False)).status == "settled"
    with pytest.raises(OutOfBounds, match=r"was settled as not billed before: force=True settles it otherwise"):
        await client.settle(gone.id, billed=True)
    with pytest.raises(OutOfBounds, match=r"is queued: force=True names another task, or none"):
        await client.settle(there.id, billed=False)
    task = await run(client, request_, "reapi", idempotency_key="reapi")
    assert (task.id, task.state) == (bought, State.SUCCEEDED)
    assert (
        await client.submit(request_, "api_in_one", idempotency_key="api_in_one")
    ).id  # it was found not to be billed
    assert [sims[name].bills()["submits"] for name in ("reapi", "api_in_one")] == [1, 2]


async def test_what_was_settled_as_billed_is_not_bought_again(client, sims, request_, read):
    sims["reapi"].fault("reset_before", on="submit")
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "reapi", idempotency_key="k")
    await client.settle(read()[0].id, billed=True)
    with pytest.raises(SubmitUncertain, match="found to be billed"):
        await client.submit(request_, "reapi", idempotency_key="k")


async def test_a_key_needs_a_journal_and_letters(client, sims, clock, request_):
    for key in ("", "a\nb", "k" * 257):
        with pytest.raises(OutOfBounds, match="1 to 256 printable characters"):
            await client.submit(request_, "reapi", idempotency_key=key)
    config = read_config({**sims.config, "journal": {"enabled": False}}, sims.environ)
    async with Client(config, clock=clock) as without:
        assert without.journal is None
        with pytest.raises(ConfigError, match="needs the journal"):
            await without.submit(request_, "reapi", idempotency_key="k")
        with pytest.raises(ConfigError, match="switched off"):
            await without.recover()
        calls = (without.attempts(), without.find("a"), without.settle("a", billed=True), without.unknown())
        for call in (*calls, without.receive("reapi", {}, b"")):
            with pytest.raises(ConfigError, match="switched off"):
                await call
        assert (await run(without, request_, "reapi")).state is State.SUCCEEDED
    assert sims["reapi"].bills()["submits"] == 1


async def test_the_same_key_at_once_is_bought_once(client, sims, request_):
    calls = [run(client, request_, provider, idempotency_key="k") for provider in ("reapi", "runapi") * 4]
    assert len({task.id for task in await asyncio.gather(*calls)}) == 1
    assert [len(sims[provider].bills()["entries"]) for provider in ("reapi", "runapi")] == [1, 0]


async def test_a_key_is_of_one_request_that_labels_do_not_change(client, sims, request_):
    task = await client.submit(request_, "reapi", idempotency_key="k")
    assert (await client.submit(attrs.evolve(request_, labels={}), "runapi", idempotency_key="k")).id == task.id
    with pytest.raises(OutOfBounds, match="'k' was used for another request, at 20"):
        await client.submit(attrs.evolve(request_, seed=1), "reapi", idempotency_key="k")
    raw = RawRequest("reapi", "/api/v1/images/generations", {"model": "flux-2", "prompt": PROMPT})
    tasks = {(await client.submit(raw, idempotency_key="raw")).id for _ in range(2)}
    assert (len(tasks), sims["reapi"].bills()["submits"]) == (1, 2)


async def test_a_key_under_which_nothing_was_bought_is_free_again(client, clock, sims, request_):
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.submit(request_, "reapi", idempotency_key="k")
    with pytest.raises(Rejected):
        await client.submit(RawRequest("runapi", "/api/v1/flux_2/text_to_image", {}), idempotency_key="k")
    clock.seconds += 3600  # an account without credit is left alone for an hour
    assert (await client.submit(request_, "reapi", idempotency_key="k")).id


async def test_all_parts_are_under_one_key_and_what_is_missing_is_bought_where_the_rest_was(
    client, clock, sims, request_
):
    several = attrs.evolve(request_, count=3)
    sims["revidapi"].fault("no_credit")
    first = await client.generate(several, "revidapi", idempotency_key="k")
    assert (len(first.tasks), first.missing) == (2, 1)
    clock.seconds += 3600  # an account without credit is left alone for an hour
    again = await client.generate(several, "reapi", idempotency_key="k")
    assert (len(again.tasks), again.missing) == (3, 0)
    assert {task.provider for task in again.tasks} == {"revidapi"}
    assert {task.id for task in first.tasks} < {task.id for task in again.tasks}
    for request in (several, attrs.evolve(request_, count=3)):
        with pytest.raises(OutOfBounds, match="3 tasks were bought under this key"):
            await client.submit(request, "revidapi", idempotency_key="k")
    assert len(sims["revidapi"].bills()["entries"]) == 3
    assert sims["reapi"].bills()["submits"] == 0


async def test_who_waits_too_long_for_another_holder_has_sent_nothing(client, config, clock, sims, request_):
    from anymedia import DeadlineExceeded

    other = SQLiteJournal(config.journal)
    assert (await other.claim("k", "somebody")).fence == 1
    with pytest.raises(DeadlineExceeded, match="this call has sent nothing: ask again"):
        await client.submit(request_, "reapi", idempotency_key="k", timeout=5)
    await other.close()  # its owner is gone, and so is its claim
    assert (await client.submit(request_, "reapi", idempotency_key="k", timeout=5)).id
    assert sims["reapi"].bills()["submits"] == 1


async def test_an_answer_that_is_still_to_come_is_waited_for_under_its_key(client, sims, request_, held):
    first = asyncio.create_task(client.submit(request_, "reapi", idempotency_key="k"))
    await held.until(1)
    first.cancel()
    with pytest.raises(SubmitUncertain):
        await first
    asyncio.get_running_loop().call_later(0.01, held.let_go.set)
    task = await client.submit(request_, "reapi", idempotency_key="k")
    assert [task.id] == [entry["task_id"] for entry in sims["reapi"].bills()["entries"]]


async def test_a_cancelled_generate_leaves_what_was_accepted_in_sight(client, sims, request_, held):
    held.first = 2
    making = asyncio.create_task(client.generate(attrs.evolve(request_, count=2), "revidapi"))
    await held.until(2)
    while client.submitting > 1:  # one part is accepted, the other waits for its answer
        await asyncio.sleep(0)
    making.cancel()
    with pytest.raises(SubmitUncertain, match="cancelled before"):  # of the part that waits for its answer
        await making
    assert len(client.detached) == 1
    held.let_go.set()
    await client.close()
    assert {task.id for task in client.detached} == {entry["task_id"] for entry in sims["revidapi"].bills()["entries"]}


async def test_a_journal_that_fails_after_the_submit_loses_nothing(client, sims, request_, caplog, events):
    def break_it(event):
        events.append(event)
        if isinstance(event, Attempt) and event.outcome is None:
            execute(client.journal, "ALTER TABLE attempts RENAME TO moved")

    client._session.readers.on_event = break_it
    with pytest.raises(JournalError, match=r"task .* was accepted by reapi, and that cannot be written down") as caught:
        await client.submit(request_, "reapi")
    assert (caught.value.outcome, caught.value.billed) == (Outcome.ACCEPTED, "yes")
    assert caught.value.task.id == sims["reapi"].bills()["entries"][0]["task_id"]
    assert events[-1].task == caught.value.task
    client._session.readers.on_event = None
    with caplog.at_level(logging.ERROR, "anymedia"):
        done = await client.wait(caught.value.task)
    assert done.state is State.SUCCEEDED
    assert "is succeeded, and that is not written down" in caplog.text
    assert "not written down: " in caplog.text
    with pytest.raises(JournalError):  # and nothing more is bought
        await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == 1


async def test_a_journal_that_fails_at_a_refusal_does_not_hide_it(client, sims, request_, caplog):
    def break_it(event):
        if isinstance(event, Attempt) and event.outcome is None:
            execute(client.journal, "ALTER TABLE attempts RENAME TO moved")

    client._session.readers.on_event = break_it
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit), caplog.at_level(logging.ERROR, "anymedia"):
        await client.submit(request_, "reapi")
    assert "and that is not written down" in caplog.text


def test_a_file_gets_its_name_where_there_are_no_links_too(tmp_path, monkeypatch):
    from pathlib import Path

    from anymedia.transport.part import part

    def no_links(*_):
        raise PermissionError("this file system has no links")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "file"
    for text in (b"whole", b"other"):
        with part(tmp_path, 0o600) as unfinished:
            unfinished.write(text)
            unfinished.sync()
            with contextlib.nullcontext() if text == b"whole" else pytest.raises(FileExistsError):
                unfinished.named(path)
        assert path.read_bytes() == b"whole"


async def test_ends_that_could_not_be_written_come_before_anything_else(client, sims, request_, monkeypatch, caplog):
    write = client.journal.write

    async def full(_):
        raise JournalError("the disk is full")

    monkeypatch.setattr(client.journal, "write", full)
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        await client.submit(request_, "reapi")
    with pytest.raises(JournalError):  # still full: nothing more is sent
        await client.submit(request_, "runapi")
    assert sims["runapi"].bills()["submits"] == 0
    monkeypatch.setattr(client.journal, "write", write)
    await client.submit(request_, "runapi")
    assert [attempt.status for attempt in await client.attempts()] == ["refused", "queued"]
    monkeypatch.setattr(client.journal, "write", full)
    with pytest.raises(JournalError):
        await client.submit(request_, "runapi")
    await client.close()
    assert "1 attempts have ended, and that is not written down: the disk is full" in caplog.text


async def test_what_is_not_let_go_of_is_told_where_no_outcome_waits(client, request_, monkeypatch, caplog):
    write = client.journal.write

    async def keeps(change):
        if isinstance(change, Released):
            raise JournalError("the disk is full")
        return await write(change)

    monkeypatch.setattr(client.journal, "write", keeps)
    await client.submit(request_, "reapi", idempotency_key="order-1")
    await client.close()
    assert "others wait until this process ends for what it could not let go of: the disk is full" in caplog.text
    assert "outcomes wait in" not in caplog.text


async def test_a_call_that_gives_up_waiting_for_its_key_leaves_the_holder_alone(client, sims, request_, held):
    first = asyncio.create_task(client.submit(request_, "reapi", idempotency_key="k"))
    await held.until(1)
    second = asyncio.create_task(client.submit(request_, "reapi", idempotency_key="k"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    third = asyncio.create_task(client.submit(request_, "reapi", idempotency_key="k"))
    await asyncio.sleep(0)
    held.let_go.set()
    assert (await first).id == (await third).id
    assert sims["reapi"].bills()["submits"] == 1


@pytest.mark.parametrize(
    ("quoted", "billed", "got", "drift"),
    [
        ("0.05", "0.07", "settled", "0.02"),
        ("0.05", "0.04", "settled", "-0.01"),
        ("0.05", "0.05", "settled", None),
        ("0.05", "0", "settled", None),  # a free call, or a failed one that was given back
        ("0.05", "0.07", "table", None),
        (None, "0.07", "settled", None),
        ("0.05", None, "settled", None),
    ],
)
def test_an_attempt_says_by_how_much_its_bill_differs_from_its_quote(quoted, billed, got, drift):
    from anymedia import Money

    def money(usd, got):
        return Money(usd=None if usd is None else Decimal(usd), got=got)

    bare = attempt_(money=money(quoted, "table"))
    assert bare.drift is None
    made = attrs.evolve(bare, task=attrs.evolve(bare.draft("t"), money=money(billed, got)))
    assert made.drift == (None if drift is None else Decimal(drift))
