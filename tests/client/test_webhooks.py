"""A task is told of by its provider: believed as far as that is proven, once, and heard by whoever waits."""

import asyncio
import json

import attrs
import pytest

from anymedia import (
    Billed,
    Client,
    DeadlineExceeded,
    JournalError,
    Outcome,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    Unavailable,
    WebhookRefused,
    read_config,
)
from anymedia.journal import MemoryJournal
from anymedia.testing import FakeClock
from tests.client.hooks import HINTING, SIGNED, TOLD, Held, done_at_revidapi, hooked, signed, told, until

END = 60.0
"""Seconds after which every task is over."""


@pytest.fixture
def clock():
    return Held()


@pytest.fixture
async def hook(sims, clock, journal, events):
    async with hooked(sims, clock, journal, events) as hook:
        yield hook


async def waiting_for(hook, task):
    """Return a wait that has begun to sleep."""
    before = len(hook.clock.slept)
    waiting = asyncio.create_task(hook.client.wait(task))
    await until(lambda: len(hook.clock.slept) > before)
    return waiting


# Told


@pytest.mark.parametrize(("provider", "secret", "looks"), [(SIGNED, True, 0), *((name, False, 1) for name in TOLD)])
async def test_a_task_is_done_by_its_webhook(sims, clock, journal, request_, provider, secret, looks, tmp_path):
    async with hooked(sims, clock, journal, secret=secret) as hook:
        task = await hook.client.submit(request_, provider)
        assert task.webhook
        waiting = await waiting_for(hook, task)
        clock.seconds += END
        done = await waiting
        assert (done.state, hook.polls(provider)) == (State.SUCCEEDED, looks)
        await until(lambda: hook.deliveries)
        (delivery,) = hook.deliveries
        assert (delivery.account, delivery.status, delivery.task.state) == (provider, 200, State.SUCCEEDED)
        await until(lambda: hook.hooks(provider)["answered"] == 1)
        (entry,) = hook.entries()
        assert (entry["charged"] > 0, len(await hook.client.download(done, tmp_path))) == (True, 1)


@pytest.mark.parametrize("provider", TOLD)
async def test_without_a_receiver_it_is_done_by_looks(sims, journal, request_, provider):
    sims[provider].service.clock = (clock := FakeClock()).time
    async with hooked(sims, clock, journal, form=None) as hook:
        task = await hook.client.wait(await hook.client.submit(request_, provider))
        assert (task.state, hook.polls(provider) > 0) == (State.SUCCEEDED, True)


@pytest.mark.parametrize("provider", TOLD)
async def test_it_is_told_where_nobody_waits(hook, clock, events, request_, provider):
    task = await hook.client.submit(request_, provider)
    clock.seconds += END
    await until(lambda: hook.deliveries)
    (attempt,) = await hook.client.attempts()
    assert (attempt.task.state, attempt.task.id) == (State.SUCCEEDED, task.id)
    assert [event.state for event in events if isinstance(event, Task)] == [State.SUCCEEDED]
    assert (await hook.client.get(attempt.task)) is attempt.task  # nothing is left to look at
    assert hook.client.health(provider)[0].active == 0


async def test_the_callers_own_url_stays_the_callers(hook, clock, request_):
    own = "https://app.example/mine"
    task = await hook.client.submit(attrs.evolve(request_, callback_url=own), SIGNED)
    assert (task.webhook, hook.address(SIGNED)[0]) == (False, own)
    body = told(task.id, url=f"{hook.sims[SIGNED].base_url}/media/x.png")
    done = await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body)  # found by account and id
    assert (done.id, done.state, hook.polls(SIGNED)) == (task.id, State.SUCCEEDED, 0)


async def test_an_offer_without_a_callback_is_told_of_by_no_webhook(hook, request_):
    task = await hook.client.submit(request_, "reapi")
    assert not task.webhook
    with pytest.raises(WebhookRefused, match="reAPI posts no webhooks"):
        await hook.client.receive("reapi", {}, b"{}")


async def test_what_is_on_its_way_is_told_and_never_goes_back(hook, clock, events, request_):
    task = await hook.client.submit(request_, SIGNED)
    for word, state in (("processing", State.RUNNING), ("pending", State.RUNNING), ("processing", State.RUNNING)):
        body = told(task.id, word)
        seen = await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body)
        assert (seen.state, hook.polls(SIGNED)) == (state, 0)
    assert [event.state for event in events if isinstance(event, Task)] == [State.RUNNING]


# A failure is confirmed


async def test_a_failure_is_confirmed_by_a_look_before_anything_else_is_bought(hook, clock, request_):
    hook.sims[SIGNED].fault("failed")
    making = asyncio.create_task(hook.client.generate(request_, SIGNED, "api_in_one"))
    await until(lambda: clock.slept)
    clock.seconds += END
    await until(lambda: len(hook.entries()) == 2)
    assert (hook.polls(SIGNED), hook.sims[SIGNED].bills()["entries"][0]["refunded"]) == (1, 5)
    clock.seconds += END
    result = await making
    assert [task.provider for task in result.tasks] == ["api_in_one"]


async def test_a_failure_that_no_look_confirms_changes_nothing(hook, clock, request_):
    task = await hook.client.submit(request_, SIGNED)
    body = told(task.id, "failed")
    seen = await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body)
    assert (seen.state.final, hook.polls(SIGNED), len(hook.entries())) == (False, 1, 1)


async def test_a_failure_ends_the_wait(hook, clock, request_):
    hook.sims[SIGNED].fault("failed")
    waiting = await waiting_for(hook, await hook.client.submit(request_, SIGNED))
    clock.seconds += END
    with pytest.raises(TaskFailed) as caught:
        await waiting
    assert (caught.value.billed, hook.polls(SIGNED)) == (Billed.NO, 1)


@pytest.mark.parametrize(
    "body",
    [
        lambda task_id: told(task_id),  # finished, without a result
        lambda task_id: json.dumps({"id": task_id}).encode(),
        lambda task_id: json.dumps({"id": task_id, "status": 7.5}).encode(),
        lambda _: b"\xff\xfe",
        lambda _: b"",
        lambda _: b"[" * 100_000,
        lambda _: json.dumps({"error": {"code": "x"}}).encode(),
    ],
)
async def test_what_cannot_be_read_is_a_hint_with_its_token_and_nothing_without(hook, clock, request_, body):
    task = await hook.client.submit(request_, SIGNED)
    written = body(task.id)
    seen = await hook.client.receive(SIGNED, signed(written, hook.secret, clock), written, hook.address(SIGNED)[1])
    assert (seen.id, seen.state.final, hook.polls(SIGNED)) == (task.id, False, 1)
    if not written.startswith(b'{"id"'):
        assert await hook.client.receive(SIGNED, signed(written, hook.secret, clock), written) is None


@pytest.mark.parametrize("provider", TOLD)
async def test_who_submits_has_task_slots_again_by_the_webhooks_that_another_process_receives(
    hook, clock, journal, request_, provider
):
    config = read_config(hook.config, hook.environ)
    account = config.accounts[provider]
    config.accounts[provider] = attrs.evolve(account, limits=attrs.evolve(account.limits, active=2))
    async with Client(config, clock=clock, journal=journal) as other:
        for number in range(1, 6):
            submitting = asyncio.create_task(other.submit(request_, provider))
            await until(submitting.done)
            assert submitting.result().webhook
            assert other.health(provider)[0].active <= 2
            clock.seconds += END
            await until(lambda number=number: len(hook.deliveries) == number)
    assert {each.task.state for each in hook.deliveries} == {State.SUCCEEDED}


# What is uncertain


@pytest.mark.parametrize("provider", HINTING)
async def test_a_webhook_settles_an_uncertain_submit(hook, clock, events, request_, provider, tmp_path):
    hook.sims[provider].fault("reset_after")
    with pytest.raises(SubmitUncertain):
        await hook.client.submit(request_, provider)
    assert hook.client.health(provider)[0].active == 1
    clock.seconds += END
    await until(lambda: hook.deliveries)
    assert hook.client.health(provider)[0].active == 0  # its task is over
    (attempt,) = await hook.client.attempts()
    assert (attempt.outcome, attempt.task.state, hook.polls(provider)) == (Outcome.ACCEPTED, State.SUCCEEDED, 1)
    assert events[-1].task == attempt.task
    (entry,) = hook.entries()
    assert entry["task_id"] == attempt.task.id
    (done,) = (await hook.client.recover(tmp_path)).tasks
    assert (done.id, len([*tmp_path.glob("*.*")])) == (attempt.task.id, 1)


async def test_who_settles_one_by_hand_gives_its_task_slot_back(hook, request_):
    hook.sims["revidapi"].fault("reset_after")
    with pytest.raises(SubmitUncertain) as caught:
        await hook.client.submit(request_, "revidapi")
    assert hook.client.health("revidapi")[0].active == 1
    await hook.client.settle(caught.value.attempt.id, billed=False)
    assert hook.client.health("revidapi")[0].active == 0


async def test_a_signed_one_settles_it_without_a_look(sims, journal, request_):
    sims[SIGNED].service.clock = (clock := FakeClock()).time
    sims[SIGNED].fault("reset_after", times=None)  # every replay too
    async with hooked(sims, clock, journal) as hook:
        with pytest.raises(SubmitUncertain):
            await hook.client.submit(request_, SIGNED)
        clock.seconds += END
        await until(lambda: hook.deliveries)
        (attempt,) = await hook.client.attempts()
        assert (attempt.outcome, attempt.task.state) == (Outcome.ACCEPTED, State.SUCCEEDED)
        assert (hook.polls(SIGNED), len(hook.entries())) == (0, 1)


async def test_what_a_webhook_has_settled_meanwhile_is_accepted(sims, journal, request_):
    class Slow(FakeClock):
        async def sleep(self, seconds):
            await super().sleep(seconds)
            await until(lambda: hook.deliveries)  # before the replay

    sims[SIGNED].service.clock = (clock := Slow()).time
    sims[SIGNED].service.queued = sims[SIGNED].service.running = 0.01
    sims[SIGNED].fault("reset_after", times=None)
    async with hooked(sims, clock, journal) as hook:
        task = await hook.client.submit(request_, SIGNED)
        assert (task.state, hook.polls(SIGNED)) == (State.SUCCEEDED, 0)


@pytest.mark.parametrize("provider", HINTING)
async def test_a_webhook_may_come_before_the_answer_to_its_submit(hook, clock, request_, provider):
    hook.sims[provider].fault("no_answer", created=True, seconds=0.2)  # the answer is lost, and the webhook is not
    submitting = asyncio.create_task(hook.client.submit(request_, provider))
    await until(hook.entries)
    clock.seconds += END
    await until(lambda: hook.deliveries)
    task = await submitting
    (attempt,) = await hook.client.attempts()
    assert (attempt.task.id, attempt.task.state) == (task.id, State.SUCCEEDED)
    assert (await hook.client.wait(task)).state is State.SUCCEEDED


async def test_an_uncertain_one_whose_task_is_not_found_stays_so(hook, clock, request_):
    hook.sims["revidapi"].fault("webhook_never")
    hook.sims["revidapi"].fault("reset_after")
    with pytest.raises(SubmitUncertain):
        await hook.client.submit(request_, "revidapi")
    address, _ = hook.address("revidapi")
    clock.seconds += 200  # later than a record may come late
    other = done_at_revidapi("0" * 32)
    assert await hook.post(address, other) == (503, b"")
    assert await hook.post(address, json.dumps({"code": 200}).encode()) == (200, b"")  # it names no task
    (attempt,) = await hook.client.attempts()
    assert (attempt.outcome, attempt.task, hook.polls("revidapi")) == (Outcome.UNCERTAIN, None, 1)


# Again, late, and about what nobody knows


@pytest.mark.parametrize("fault", ["webhook_twice", "webhook_reordered", "webhook_forged", "webhook_never"])
@pytest.mark.parametrize("provider", TOLD)
async def test_duplicates_and_wrong_orders_and_forgeries_change_nothing(hook, clock, request_, provider, fault, events):
    hook.sims[provider].fault(fault)
    waiting = await waiting_for(hook, task := await hook.client.submit(request_, provider))
    clock.seconds += 2.5
    if fault == "webhook_forged":
        await until(lambda: hook.deliveries)
        assert not waiting.done()
    clock.seconds += END
    if fault == "webhook_never":
        hook.client.wake(task)
    assert (await waiting).state is State.SUCCEEDED
    await until(lambda: not hook.sims[provider].service.deliveries)
    assert [event.state for event in events if isinstance(event, Task) and event.state.final] == [State.SUCCEEDED]
    assert len(hook.entries()) == 1


@pytest.mark.parametrize(("provider", "looks"), [(SIGNED, 0), ("revidapi", 2)])
async def test_a_thousand_duplicates_at_once_are_one(hook, clock, events, request_, provider, looks):
    hook.sims[provider].fault("webhook_never")
    task = await hook.client.submit(request_, provider)
    address, token = hook.address(provider)
    clock.seconds += END
    body = told(task.id, url=f"{hook.sims[SIGNED].base_url}/media/x.png")
    if provider != SIGNED:
        body = done_at_revidapi(task.id)
    headers = signed(body, hook.secret, clock)
    took = await asyncio.gather(*(hook.client.receive(provider, headers, body, token) for _ in range(1000)))
    assert {each.state for each in took} == {State.SUCCEEDED}
    assert hook.polls(provider) <= looks
    assert len([event for event in events if isinstance(event, Task)]) == 1
    assert await hook.post(address, body, headers) == (200, b"")


async def test_a_task_that_no_attempt_has_is_kept_in_sight(sims, clock, request_):
    async with hooked(sims, clock, MemoryJournal()) as hook:
        elsewhere = Client(read_config(hook.config, hook.environ), clock=clock, journal=MemoryJournal())
        async with elsewhere:
            task = await elsewhere.submit(request_, SIGNED)
        clock.seconds += END
        await until(lambda: hook.deliveries)
        assert (hook.deliveries[0].status, hook.deliveries[0].task) == (200, None)
        (unknown,) = await hook.client.unknown()
        assert (unknown.id, unknown.state, len(unknown.assets)) == (task.id, State.SUCCEEDED, 1)
        body = told("another", "pending")
        assert await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body) is None
        assert [each.id for each in await hook.client.unknown()] == ["another", task.id]
        assert await hook.client.attempts() == []


async def test_what_comes_too_late_changes_nothing(hook, clock, request_):
    task = await hook.client.submit(request_, SIGNED)
    await hook.client.dismiss(task.id)
    body = told(task.id, url="https://files.example/x.png")
    seen = await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body)
    assert (seen.state.final, hook.polls(SIGNED)) == (False, 0)


async def test_a_token_names_its_own_task_alone(hook, clock, request_):
    first, second = [await hook.client.submit(request_, SIGNED) for _ in range(2)]
    token = hook.address(SIGNED)[1]
    body = told(first.id, url="https://files.example/x.png")
    seen = await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body, token)
    assert seen.id == first.id  # what is signed says more than a token
    (_, other) = await hook.client.attempts()
    assert (other.task.id, other.task.state) == (second.id, State.QUEUED)
    one = await hook.client.submit(request_, "revidapi")
    await hook.client.submit(request_, "revidapi")
    token = hook.address("revidapi")[1]
    body = done_at_revidapi(one.id)
    assert await hook.client.receive("revidapi", {}, body, token) is None
    assert hook.polls("revidapi") == 0
    with pytest.raises(WebhookRefused, match="another account"):
        await hook.client.receive("api_in_one", {}, body, token)


# What is needed


async def test_an_account_is_needed(hook):
    with pytest.raises(WebhookRefused, match="no configured account"):
        await hook.client.receive("nobody", {}, b"")


@pytest.mark.parametrize("form", [list, dict, lambda pairs: [(key.encode(), text.encode()) for key, text in pairs]])
async def test_headers_and_a_body_come_in_any_form(hook, clock, request_, form):
    task = await hook.client.submit(request_, SIGNED)
    body = told(task.id, "processing")
    headers = form([(name.title(), text) for name, text in signed(body, hook.secret, clock).items()])
    assert (await hook.client.receive(SIGNED, headers, bytearray(body))).state is State.RUNNING
    with pytest.raises(TypeError, match="body: bytes are needed, or what yields them asynchronously, not str"):
        await hook.client.receive(SIGNED, headers, body.decode())


async def test_why_nothing_proves_a_webhook_is_said(sims, clock, journal):
    async with hooked(sims, clock, journal, secret=False) as hook:
        with pytest.raises(
            WebhookRefused, match="there is no webhook_secret to check its signature with, and it has no"
        ):
            await hook.client.receive(SIGNED, {}, b"{}")


class Full(MemoryJournal):
    """A journal that takes no end of a task."""

    async def write(self, change):
        if getattr(change, "status", None) == "succeeded":
            raise JournalError("disk full")
        return await super().write(change)


async def test_what_cannot_be_written_down_is_to_come_again(sims, clock, request_):
    async with hooked(sims, clock, Full()) as hook:
        task = await hook.client.submit(request_, SIGNED)
        body = told(task.id, url="https://files.example/x.png")
        with pytest.raises(JournalError):
            await hook.client.receive(SIGNED, signed(body, hook.secret, clock), body)


async def test_a_hint_whose_look_fails_comes_again(hook, request_):
    task = await hook.client.submit(request_, "revidapi")
    address, _ = hook.address("revidapi")
    body = done_at_revidapi(task.id)
    hook.sims["revidapi"].fault("status", on="poll", status=500)
    assert await hook.post(address, body) == (503, b"")
    assert (await hook.post(address, body))[0] == 200


async def test_hints_about_an_uncertain_submit_share_their_looks(hook, clock, request_):
    hook.sims["revidapi"].fault("webhook_never")
    hook.sims["revidapi"].fault("reset_after")
    with pytest.raises(SubmitUncertain):
        await hook.client.submit(request_, "revidapi")
    (address, token), (entry,) = hook.address("revidapi"), hook.entries()
    body = done_at_revidapi(entry["task_id"])
    hook.sims["revidapi"].fault("status", on="poll", status=500, times=None)
    refused = await asyncio.gather(
        *(hook.client.receive("revidapi", {}, body, token) for _ in range(20)), return_exceptions=True
    )
    assert {type(each) for each in refused} == {Unavailable}
    assert hook.polls("revidapi") <= 2
    hook.sims["revidapi"].clear()
    clock.seconds += END
    assert await hook.post(address, body) == (200, b"")
    (attempt,) = await hook.client.attempts()
    assert attempt.task.state is State.SUCCEEDED


async def test_the_end_of_a_task_is_told_once(hook, clock, events, request_):
    task = await hook.client.submit(request_, SIGNED)
    clock.seconds += END
    await until(lambda: hook.deliveries)
    assert (await hook.client.wait(task)).state is State.SUCCEEDED  # as it was submitted: the journal knows better
    assert (hook.polls(SIGNED), [event.state for event in events if isinstance(event, Task)]) == (0, [State.SUCCEEDED])


async def test_a_sidecar_tells_no_token(hook, clock, request_, tmp_path):
    digests = set()
    for folder in ("one", "two"):
        task = await hook.client.submit(request_, SIGNED)
        clock.seconds += END
        await until(lambda: hook.polls(SIGNED) or len(hook.deliveries) == len(hook.entries()))
        await hook.client.download(await hook.client.wait(task), tmp_path / folder, sidecar="request")
        (sidecar,) = (json.loads(file.read_text()) for file in (tmp_path / folder).glob("*.json"))
        assert sidecar["request"]["callback_url"] == f"{hook.url}/{SIGNED}/{'0' * 64}"
        digests.add(sidecar["request_sha256"])
    assert len(digests) == 1


async def test_slow_bodies_of_nobody_hold_up_no_webhook_of_a_task(hook, clock, request_):
    task = await hook.client.submit(request_, "revidapi")

    async def never():
        await asyncio.get_running_loop().create_future()
        yield b""

    headers = signed(b"", hook.secret, clock)
    slow = [asyncio.create_task(hook.client.receive(SIGNED, headers, never())) for _ in range(100)]
    await asyncio.sleep(0)

    async def body():
        yield done_at_revidapi(task.id)

    seen = await hook.client.receive("revidapi", {}, body(), hook.address("revidapi")[1])
    assert (seen.id, any(each.done() for each in slow)) == (task.id, False)
    for each in slow:
        each.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


@pytest.mark.parametrize(("most", "status"), [(64, 408), (0, 503)])
async def test_no_body_is_waited_for_without_end(hook, clock, monkeypatch, most, status):
    monkeypatch.setattr("anymedia.engine.webhooks.READING", 0)
    monkeypatch.setattr("anymedia.engine.webhooks.MOST_BODIES", most)

    async def never():
        await asyncio.get_running_loop().create_future()
        yield b""

    with pytest.raises(WebhookRefused) as caught:
        await hook.client.receive(SIGNED, signed(b"", hook.secret, clock), never())
    assert caught.value.status == status


async def test_a_result_is_not_forgotten_when_its_wait_ends_while_the_webhook_is_taken(hook, clock, request_, tmp_path):
    hook.sims["revidapi"].fault("webhook_never")
    task = await hook.client.submit(request_, "revidapi")
    waiting = await waiting_for(hook, task)
    clock.seconds += END
    body = done_at_revidapi(task.id)
    taking = asyncio.create_task(hook.client.receive("revidapi", {}, body, hook.address("revidapi")[1]))
    await until(lambda: hook.polls("revidapi"))
    waiting.cancel()
    taking.cancel()  # its sender has gone
    await asyncio.gather(waiting, taking, return_exceptions=True)
    (done,) = (await hook.client.recover(tmp_path)).tasks
    assert (done.id, len([*tmp_path.iterdir()])) == (task.id, 1)
    assert (await hook.client.recover(tmp_path)).tasks == ()


async def test_a_hint_that_no_look_follows_in_time_is_to_come_again(sims, journal, request_):
    sims["revidapi"].service.clock = (clock := FakeClock()).time
    async with hooked(sims, clock, journal, form=None) as hook:
        task = await hook.client.submit(request_, "revidapi")
        sims["revidapi"].fault("status", on="poll", status=429, retry_after=40)
        with pytest.raises(DeadlineExceeded):
            await hook.client.wait(task, 3)  # its look has it that there is to be none for a while
        body = done_at_revidapi(task.id)
        with pytest.raises(Unavailable, match="was not looked at in time"):
            await hook.client.receive("revidapi", {}, body, hook.address("revidapi")[1])
        assert hook.polls("revidapi") == 1
