"""One request through every provider: the same kind of task, and a real picture on disk."""

import json

import attrs
import pytest
from PIL import Image

from anymedia import (
    Asset,
    Attempt,
    Client,
    ConfigError,
    DownloadError,
    ImageRequest,
    NoRoute,
    Outcome,
    OutOfBounds,
    RawRequest,
    State,
    Task,
    Unsupported,
    from_json,
    read_config,
    to_json,
)
from tests.providers import FOUR
from tests.verbs import run

DIFFERS = {
    *("provider", "account", "offer", "wire_id", "id", "idempotency_key", "request_id", "path", "links"),
    *("submitted_at", "running_at", "ended_at", "created_at", "completed_at", "raw", "raw_state", "money"),
}
"""What may differ between the tasks of one request: who, ids, times, urls, the provider's own words and money."""


async def test_a_switch_of_provider_changes_who_when_where_and_how_much_alone(client, request_, tmp_path):
    tasks = []
    for name in FOUR:
        task = await run(client, request_, name)
        (asset,) = await client.download(task, tmp_path / name)
        with Image.open(asset.path) as picture:
            picture.load()
            assert picture.size == (asset.width, asset.height)
        nowhere = {"path": None, "url": None, "expires_at": None, "length": 0, "sha256": "", "location": ""}
        tasks.append(attrs.evolve(task, assets=(attrs.evolve(asset, **nowhere),)))
    plain = [{key: value for key, value in to_json(task).items() if key not in DIFFERS} for task in tasks]
    assert plain == [plain[0]] * len(FOUR)
    assert plain[0]["state"] == "succeeded"
    assert {name: len(list((tmp_path / name).iterdir())) for name in FOUR} == dict.fromkeys(FOUR, 1)


async def test_a_task_survives_json_and_another_process(client, config, clock, request_, provider):
    task = await client.submit(request_, provider)
    text = json.dumps(to_json(task))
    async with Client(config, clock=clock) as other:
        done = await other.wait(from_json(Task, json.loads(text)))
    assert (done.id, done.state) == (task.id, State.SUCCEEDED)
    assert from_json(Task, json.loads(json.dumps(to_json(done)))) == done


async def test_events_tell_the_whole_life(client, events, request_, provider, sim):
    task = await run(client, request_, provider)
    attempts = [event for event in events if isinstance(event, Attempt)]
    assert [attempt.outcome for attempt in attempts] == [None, Outcome.ACCEPTED]
    assert attempts[1].task.id == task.id
    assert attempts[1].task.state in (State.QUEUED, State.RUNNING)
    assert [event for event in events if isinstance(event, Task)][-1].state is State.SUCCEEDED
    assert sim.bills()["submits"] == 1
    assert from_json(Attempt, json.loads(json.dumps(to_json(attempts[1])))) == attempts[1]


async def test_a_faulty_listener_loses_nothing(config, clock, request_, provider, caplog):
    def broken(_):
        raise RuntimeError("listener")

    async with Client(config, clock=clock, on_event=broken) as client:
        assert (await run(client, request_, provider)).state is State.SUCCEEDED
    assert "on_event failed" in caplog.text


async def test_the_pace_is_the_adapters(client, clock, request_, config, provider, sim):
    sim.fault("latency", seconds=200)
    await run(client, request_, provider)
    pace = config.account(provider).adapter.lifecycle.pace
    waits = [seconds for seconds in clock.slept if seconds]
    assert waits[0] == pace.first
    assert waits[1] == pytest.approx(pace.then * 1.05)
    assert waits[-1] == pytest.approx(pace.slower[max(since for since in pace.slower if since <= 180)] * 1.05)


async def test_an_old_task_is_looked_at_at_once(client, clock, request_, provider):
    task = await client.submit(request_, provider)
    clock.seconds += 3600
    clock.slept.clear()
    assert (await client.wait(task)).state is State.SUCCEEDED
    assert clock.slept == [0.0]


async def test_get_looks_once_and_a_final_task_is_not_asked_for(client, clock, request_, provider, sim):
    task = await client.submit(request_, provider)
    assert not (await client.get(task)).state.final
    clock.seconds += 60
    done = await client.get(task)
    assert done.state is State.SUCCEEDED
    assert await client.get(done) == done
    assert sim.bills()["polls"] == 2


# Which account, which offer


async def test_the_first_account_that_takes_the_request_serves_it(sims, clock):
    data = sims.config | {"route": {"accounts": ["revidapi", "api_in_one", "runapi", "reapi"]}}
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        task = await client.submit(ImageRequest(model="flux-2-max", prompt="a fox"))
        assert task.offer == "runapi/flux-2-max"
        task = await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox", moderation="off"))
        assert task.offer == "runapi/flux-2-pro"
        with pytest.raises(NoRoute) as caught:
            await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox", seed=1))
        assert [error.provider for error in caught.value.errors] == ["revidapi", "api_in_one", "runapi", "reapi"]


async def test_of_several_offers_the_cheapest_that_takes_the_request_is_named(client):
    request = ImageRequest(model="gpt-image-2", prompt="a fox", aspect_ratio="1:1")
    assert (await client.submit(request, "reapi")).offer == "reapi/gpt-image-2"
    low = attrs.evolve(request, quality="low")
    assert (await client.submit(low, "reapi")).offer == "reapi/gpt-image-2-official"
    pinned = await client.submit(request, "reapi", offer="reapi/gpt-image-2-official")
    assert pinned.offer == "reapi/gpt-image-2-official"


async def test_several_accounts_at_one_provider(sims, clock, request_):
    reapi = sims.config["providers"]["reapi"]
    data = {"providers": {"ours": {"adapter": "reapi", **reapi}, "theirs": {"adapter": "reapi", **reapi}}}
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        task = await run(client, request_, "theirs")
        assert (task.account, task.provider) == ("theirs", "reapi")
        with pytest.raises(ConfigError, match="did you mean theirs"):
            await run(client, request_, "their")


async def test_a_task_of_an_account_that_changed_hands_is_not_asked_for(client, sims, clock, request_):
    task = await client.submit(request_, "reapi")
    data = {"providers": {"reapi": {"adapter": "runapi", **sims.config["providers"]["runapi"]}}}
    async with Client(read_config(data, sims.environ), clock=clock) as other:
        with pytest.raises(ConfigError, match="is now of runapi"):
            await other.get(task)


async def test_without_any_account_the_keys_to_set_are_named():
    async with Client(read_config({}, {})) as client:
        with pytest.raises(ConfigError, match="REAPI_API_KEY"):
            await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox"))
        with pytest.raises(ConfigError, match="RUNAPI_API_KEY or RUNAPI_KEY"):
            await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox"), "runapi")
        with pytest.raises(ConfigError, match="no API key for reapi"):
            await run(client, RawRequest("reapi", "/api/v1/images/generations", {}), "reapi")


# Several tasks of one request


@pytest.mark.parametrize(
    ("name", "model", "count", "bodies"),
    [("revidapi", "flux-2-pro", 3, 3), ("reapi", "gpt-image-2", 6, 2), ("runapi", "flux-2-flex", 1, 1)],
)
async def test_a_count_above_the_batch_takes_several_tasks(client, sims, tmp_path, name, model, count, bodies):
    request = ImageRequest(model=model, prompt="a fox", aspect_ratio="1:1", count=count)
    offer = "gpt-image-2-official" if model == "gpt-image-2" else None
    result = await client.generate(request, name, offer=offer)
    assert (len(result.tasks), len(result.assets), result.missing) == (bodies, count, 0)
    assert len(await client.download(result, tmp_path)) == count
    charged = sum(entry["charged"] for entry in sims[name].bills()["entries"])
    assert result.money.credits in (charged, None)


async def test_one_task_is_not_asked_for_more_than_it_can_make(client, sims):
    with pytest.raises(OutOfBounds, match="count: needs 2 tasks"):
        await client.submit(ImageRequest(model="flux-2-pro", prompt="a fox", count=2), "reapi")
    assert sims["reapi"].bills()["submits"] == 0


async def test_what_is_missing_is_named(client, sims):
    sims["reapi"].fault("failed", message="a lamp blew")
    request = ImageRequest(model="flux-2-pro", prompt="a fox", count=3)
    result = await client.generate(request, "reapi")
    assert (len(result.tasks), result.missing) == (2, 1)
    assert "a lamp blew" in result.errors[0]
    sims["reapi"].fault("failed", times=3)
    with pytest.raises(Exception, match="ended as failed"):
        await client.generate(request, "reapi")


# Raw requests


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("reapi", "/api/v1/images/generations", {"model": "z-image", "prompt": "a fox", "aspect_ratio": "1:1"}),
        ("api_in_one", "/api/v1/images/generations", {"model": "flux-2", "prompt": "a fox", "type": "flex"}),
        (
            "revidapi",
            "/paid/flux-2/create",
            {
                "model": "flux-2/pro-text-to-image",
                "input": {"prompt": "a fox", "aspect_ratio": "1:1", "resolution": "1K"},
            },
        ),
        (
            "runapi",
            "/api/v1/gpt_image_2/text_to_image",
            {"model": "gpt-image-2", "prompt": "a fox", "aspect_ratio": "1:1"},
        ),
    ],
)
async def test_a_raw_body_lives_as_any_task(client, sims, tmp_path, name, path, body):
    result = await client.generate(RawRequest(name, path, body))
    (task,) = result.tasks
    assert (task.wire_id, task.offer, task.state) == (body["model"], None, State.SUCCEEDED)
    assert len(await client.download(task, tmp_path)) == 1
    assert len(sims[name].bills()["entries"]) == 1


async def test_the_product_pages_slip_is_sent_as_it_stands_and_refused(client, sims):
    body = {"model": "flux-2-flex-text-to-image", "prompt": "A cat in a spacesuit"}
    with pytest.raises(Exception, match="422"):
        await run(client, RawRequest("runapi", "/api/v1/flux_2/remix_image", body))
    assert sims["runapi"].bills()["entries"] == []


async def test_a_raw_request_needs_an_account_of_its_provider(sims, clock):
    data = {"providers": {"reapi": sims.config["providers"]["reapi"]}}
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        with pytest.raises(ConfigError, match="no account is configured at 'runapi'"):
            await run(client, RawRequest("runapi", "/x", {}))


# Files


async def test_a_file_is_never_written_over_another(client, request_, provider, tmp_path):
    task = await run(client, request_, provider)
    first, again = [(await client.download(task, tmp_path))[0].path for _ in range(2)]
    assert first == again  # the same bytes are the same file
    made = first.read_bytes()
    for mine in (b"mine", bytes(len(made))):
        first.write_bytes(mine)
        second = (await client.download(task, tmp_path))[0].path
        assert (first.read_bytes(), second.read_bytes()) == (mine, made)
        assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name}


async def test_a_link_that_has_died_is_said_to(client, clock, request_, provider, tmp_path):
    task = await run(client, request_, provider)
    clock.seconds += 365 * 86_400
    slept = len(clock.slept)
    with pytest.raises(DownloadError, match="its link answered 403") as caught:
        await client.download(task, tmp_path)
    assert (caught.value.status, caught.value.task) == (403, task)
    assert (len(clock.slept) == slept) is (task.assets[0].expires_at is not None)  # no minute for a dead link
    assert list(tmp_path.iterdir()) == []


async def test_bytes_that_came_with_the_answer_are_written(client, request_, tmp_path):
    task = await run(client, request_, "reapi")
    (saved,) = await client.download(task, tmp_path)
    inline = attrs.evolve(task, assets=(Asset(kind="image", data=saved.path.read_bytes()),))
    (again,) = await client.download(inline, tmp_path)
    assert (again.width, again.height, again.media_type) == (saved.width, saved.height, saved.media_type)
    assert again.data is None


async def test_no_provider_of_the_four_cancels(client, request_, provider):
    task = await client.submit(request_, provider)
    with pytest.raises(Unsupported, match="cannot cancel"):
        await client.cancel(task)
