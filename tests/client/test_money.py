"""The five outcomes of a submit, counted in the simulators' bills: never two for one logical call."""

import asyncio

import attrs
import pytest

from anymedia import (
    Attempt,
    BadApiKey,
    Billed,
    Blocked,
    Client,
    Cooling,
    DeadlineExceeded,
    MalformedAnswer,
    NoCredit,
    NotFound,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
    State,
    SubmitUncertain,
    TaskFailed,
    Unavailable,
    read_config,
)
from tests.verbs import run

HONOURS_KEY = "runapi"

LOST = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "500": {"kind": "status", "status": 500, "on": "submit"},
    "500, charged": {"kind": "status", "status": 500, "on": "submit", "created": True},
    "502 html": {"kind": "status", "status": 502, "on": "submit", "body": "html"},
    "503": {"kind": "status", "status": 503, "on": "submit", "body": "empty"},
    "504": {"kind": "status", "status": 504, "on": "submit", "body": "html"},
    "408": {"kind": "status", "status": 408, "on": "submit"},
    "522 of an edge": {"kind": "status", "status": 522, "on": "submit", "body": "html"},
    "520 of an edge": {"kind": "status", "status": 520, "on": "submit", "body": "html"},
    "redirect": {"kind": "redirect", "on": "submit", "status": 303, "location": "http://127.0.0.1:9/"},
    "cut body": {"kind": "cut_body"},
    "cut json": {"kind": "cut_json"},
    "not json": {"kind": "not_json"},
    "html at 200": {"kind": "html", "on": "submit"},
    "without id": {"kind": "without_id"},
    "wrong types": {"kind": "wrong_types"},
    "50 MB": {"kind": "huge", "on": "submit"},
    "gzip bomb": {"kind": "gzip_bomb", "on": "submit"},
}
CREATES = {"reset after", "500, charged", "cut body", "cut json", "not json", "html at 200", "without id"} | {
    *("wrong types", "50 MB", "gzip bomb")
}
ANSWERED_YES = CREATES - {"reset after", "500, charged"}


def entries(sim):
    return sim.bills()["entries"]


@pytest.mark.parametrize("fault", LOST)
async def test_an_unreadable_answer_is_uncertain_or_replayed_and_never_billed_twice(
    client, events, request_, provider, sim, fault
):
    sim.fault(**LOST[fault])
    if provider == HONOURS_KEY:
        task = await run(client, request_, provider)
        assert (task.state, task.replayed) == (State.SUCCEEDED, True)
        assert len(entries(sim)) == 1
        assert entries(sim)[0]["idempotency_key"] == (await client.attempts())[-1].replay_key
        return
    with pytest.raises(SubmitUncertain) as caught:
        await run(client, request_, provider)
    error = caught.value
    assert len(entries(sim)) == (fault in CREATES)
    assert sim.bills()["submits"] == 1
    yes = fault in ANSWERED_YES
    assert (error.outcome, error.billed) == (
        (Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY) if yes else (Outcome.UNCERTAIN, Billed.UNKNOWN)
    )
    assert (error.retry, error.account, error.provider, error.model) == (Retry.NEVER, provider, provider, "flux-2-pro")
    attempt = events[-1]
    assert error.attempt == attempt
    assert (attempt.outcome, attempt.sends, attempt.task) == (error.outcome, 1, None)
    assert attempt.order.body["model"]
    assert attempt.error == error.message
    assert "may have been billed" in str(error)


@pytest.mark.parametrize("created", [False, True])
async def test_no_answer_in_time_is_uncertain(sims, clock, request_, provider, sim, created):
    data = {"providers": {provider: sims.config["providers"][provider] | {"timeout": 0.3}}}
    sim.fault("no_answer", created=created, times=1)
    async with Client(read_config(data, sims.environ), clock=clock) as client:
        if provider == HONOURS_KEY:
            assert (await run(client, request_)).replayed
            assert len(entries(sim)) == 1
            return
        with pytest.raises(SubmitUncertain, match="no answer in time"):
            await run(client, request_)
    assert len(entries(sim)) == created


async def test_a_replay_that_is_refused_settles_nothing(client, clock, request_, sims):
    sim = sims["runapi"]
    sim.fault("reset_before")
    for status in (409, 402, 429):
        sim.fault("status", status=status, on="submit", retry_after=7)
    with pytest.raises(SubmitUncertain) as caught:
        await run(client, request_, "runapi")
    assert (sim.bills()["submits"], caught.value.attempt.sends) == (4, 4)
    assert caught.value.outcome is Outcome.UNCERTAIN
    assert len([seconds for seconds in clock.slept if seconds >= 7]) == 2  # Retry-After holds for replays too


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "unauthorised"}, BadApiKey),
        ({"kind": "no_credit"}, NoCredit),
        ({"kind": "status", "status": 400}, Rejected),
        ({"kind": "status", "status": 422, "body": "html"}, Rejected),
        ({"kind": "status", "status": 402, "body": "html"}, NoCredit),
        ({"kind": "status", "status": 404, "body": "empty"}, NotFound),
    ],
)
async def test_a_readable_no_is_refused_and_not_sent_again(client, request_, provider, sim, fault, error):
    sim.fault(**fault, on="submit")
    with pytest.raises(error) as caught:
        await run(client, request_, provider)
    assert (caught.value.outcome, caught.value.billed) == (Outcome.REFUSED, Billed.NO)
    assert (len(entries(sim)), sim.bills()["submits"]) == (0, 1)


@pytest.mark.parametrize("name", ["api_in_one", "revidapi"])
@pytest.mark.parametrize(("code", "error"), [(402, NoCredit), (401, BadApiKey), (422, Rejected)])
async def test_a_no_that_hides_in_a_200_is_refused(client, request_, sims, name, code, error):
    sims[name].fault("status", status=code, http_status=200, code=code, on="submit")
    with pytest.raises(error) as caught:
        await run(client, request_, name)
    assert (caught.value.outcome, caught.value.status, caught.value.code) == (Outcome.REFUSED, 200, str(code))
    assert (entries(sims[name]), sims[name].bills()["submits"]) == ([], 1)


async def test_an_error_hidden_in_a_200_that_is_no_clear_no_stays_uncertain(client, request_, sims):
    sims["revidapi"].fault("status", status=500, http_status=200, code=500, on="submit")
    with pytest.raises(SubmitUncertain):
        await run(client, request_, "revidapi")
    assert sims["revidapi"].bills()["submits"] == 1


@pytest.mark.parametrize("status", [521, 523, 525, 526])
async def test_an_edge_that_did_not_reach_the_provider_sent_nothing(client, events, request_, provider, sim, status):
    sim.fault("status", status=status, on="submit", body="html")
    assert (await run(client, request_, provider)).state is State.SUCCEEDED
    assert len(entries(sim)) == 1
    assert [event.outcome for event in events if isinstance(event, Attempt)][1] is Outcome.NOT_SENT


async def test_a_rate_limit_is_waited_for_in_full(client, clock, request_, provider, sim):
    sim.fault("throttled", on="submit", retry_after=11)
    task = await run(client, request_, provider)
    assert task.state is State.SUCCEEDED
    assert len(entries(sim)) == 1
    assert 11 <= clock.slept[0] < 12


async def test_a_rate_limit_beyond_patience_or_deadline_is_told_at_once(client, clock, request_, provider, sim):
    sim.fault("throttled", on="submit", retry_after=3600)
    with pytest.raises(RateLimited) as caught:
        await run(client, request_, provider)
    assert (caught.value.retry_after, clock.slept, caught.value.outcome) == (3600, [], Outcome.REFUSED)
    with pytest.raises(Cooling):  # whoever comes next is not sent into the same limit
        await run(client, request_, provider)
    assert (clock.slept, sim.bills()["submits"]) == ([], 1)
    clock.seconds += 3600
    sim.fault("throttled", on="submit", retry_after=30)
    with pytest.raises(RateLimited):
        await run(client, request_, provider, timeout=20)
    assert clock.slept == []
    clock.seconds += 30
    sim.fault("throttled", on="submit", retry_after=1, times=None)
    with pytest.raises(RateLimited):
        await run(client, request_, provider, timeout=5)
    assert sim.bills()["submits"] == 2 + 5
    assert entries(sim) == []


@pytest.mark.parametrize("code", [60001, 60002, 70001, 70002])
async def test_codes_of_reapi_that_say_refunded_are_tried_again(client, request_, sims, code):
    sims["reapi"].fault("status", status=500, code=code, on="submit")
    assert (await run(client, request_, "reapi")).state is State.SUCCEEDED
    assert (len(entries(sims["reapi"])), sims["reapi"].bills()["submits"]) == (1, 2)


async def test_the_code_of_reapi_that_says_uncertain_is_not(client, request_, sims):
    sims["reapi"].fault("status", status=400, code=60099, on="submit", created=True)
    with pytest.raises(SubmitUncertain) as caught:
        await run(client, request_, "reapi")
    assert (caught.value.code, len(entries(sims["reapi"]))) == ("60099", 1)


async def test_no_active_channel_at_runapi_is_a_clear_no(client, clock, request_, sims):
    sims["runapi"].fault("status", status=503, message="No active channel available", on="submit", times=None)
    with pytest.raises(Unavailable) as caught:
        await run(client, request_, "runapi")
    assert (caught.value.outcome, entries(sims["runapi"])) == (Outcome.REFUSED, [])


async def test_a_provider_that_is_not_there_was_sent_nothing(clock, request_, unused_tcp_port):
    data = {"providers": {"reapi": {"base_url": f"http://127.0.0.1:{unused_tcp_port}", "api_key_env": "K"}}}
    events = []
    async with Client(read_config(data, {"K": "k"}), clock=clock, on_event=events.append) as client:
        with pytest.raises(Unavailable, match="was not reached") as caught:
            await run(client, request_)
    assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, Billed.NO)
    assert [event.outcome for event in events] == [None, Outcome.NOT_SENT]  # and not four times


async def test_moderation_is_one_cause_wherever_it_comes(client, request_, provider, sim):
    sim.fault("moderated")
    with pytest.raises((Blocked, Rejected, TaskFailed)) as caught:
        await run(client, request_, provider)
    # At a submit reAPI's 400 cannot be told from an invalid value; no page names the others' code in a task.
    assert type(caught.value) is {"reapi": Rejected}.get(provider, TaskFailed)
    if provider == "reapi":
        sim.fault("moderated", on="poll")
        with pytest.raises(Blocked) as caught:
            await run(client, request_, provider)
        assert (caught.value.code, caught.value.task.state, caught.value.billed) == ("80006", State.FAILED, Billed.NO)


async def test_a_failed_task_costs_what_the_page_says(client, request_, provider, sim):
    sim.fault("failed", message="the lamp blew")
    with pytest.raises(TaskFailed, match="the lamp blew") as caught:
        await run(client, request_, provider)
    task = caught.value.task
    assert task.state is State.FAILED
    if provider == "revidapi":  # whether it is refunded, no page says
        assert (caught.value.billed, str(task.money)) == (Billed.UNKNOWN, "~$0.025")
    else:
        assert (caught.value.billed, task.money.usd) == (Billed.NO, 0)
        assert sum(entry["charged"] - entry["refunded"] for entry in entries(sim)) == 0


# Polling never loses a task

BAD_LOOKS = {
    **{name: dict(fault) for name, fault in LOST.items() if fault["kind"] not in ("reset_before", "reset_after")},
    "reset": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "401": {"kind": "unauthorised"},
    "402": {"kind": "no_credit"},
    "404": {"kind": "not_found"},
    "429": {"kind": "throttled", "retry_after": 9},
    "unknown state": {"kind": "unknown_state"},
    "unknown fields": {"kind": "unknown_fields"},
    "nested": {"kind": "raw", "status": 200, "body": "[" * 100_000},
    "a list": {"kind": "raw", "status": 200, "body": "[1, 2]"},
    "no utf-8": {"kind": "raw", "status": 200, "headers": {"Content-Type": "application/json"}, "body": "\ufffe\x00"},
    "another's task": {
        "kind": "raw",
        "status": 200,
        "body": '{"id": "other", "data": {"taskId": "other"}, "status": "completed"}',
    },
}


@pytest.mark.parametrize("fault", BAD_LOOKS)
async def test_a_bad_look_does_not_lose_the_task(client, request_, provider, sim, fault):
    sim.fault(
        **{key: value for key, value in BAD_LOOKS[fault].items() if key != "created"} | {"on": "poll", "times": 2}
    )
    task = await run(client, request_, provider)
    assert (task.state, len(task.assets), len(entries(sim))) == (State.SUCCEEDED, 1, 1)
    assert sim.bills()["submits"] == 1


@pytest.mark.parametrize("fault", ["401", "404", "500", "html at 200", "cut json", "unknown state", "429", "a list"])
async def test_at_the_deadline_the_live_task_is_handed_over(client, clock, request_, provider, sim, fault):
    sim.fault(**BAD_LOOKS[fault] | {"on": "poll", "times": None})
    started = clock.seconds
    with pytest.raises(DeadlineExceeded, match="lives on") as caught:
        await run(client, request_, provider, timeout=120)
    assert clock.seconds - started == pytest.approx(120)
    assert not caught.value.task.state.final
    if fault != "unknown state":
        assert caught.value.__cause__ is not None
    sim.clear()
    assert (await client.wait(caught.value.task)).state is State.SUCCEEDED
    assert len(entries(sim)) == 1


async def test_a_stuck_task_ends_the_wait_and_not_the_task(client, request_, provider, sim):
    sim.fault("stuck")
    with pytest.raises(DeadlineExceeded) as caught:
        await run(client, request_, provider, timeout=60)
    assert (caught.value.task.state, caught.value.billed) == (State.RUNNING, Billed.YES)


async def test_a_look_waits_as_long_as_it_is_asked_to(client, clock, request_, provider, sim):
    sim.fault("throttled", on="poll", retry_after=77)
    await run(client, request_, provider)
    assert any(77 <= seconds < 78 for seconds in clock.slept)


async def test_a_finished_task_without_a_result_is_an_error_that_holds_the_answer(client, request_, provider, sim):
    sim.fault("no_result", times=None)
    for verb in (run, Client.generate):
        with pytest.raises(MalformedAnswer, match="has no result") as caught:
            await verb(client, request_, provider)
        assert caught.value.body
        assert caught.value.task.id == caught.value.task_id == entries(sim)[-1]["task_id"]
        assert caught.value.billed is Billed.YES


async def test_a_result_that_comes_late_is_waited_for(client, request_, provider, sim):
    sim.fault("no_result", times=2)
    assert len((await run(client, request_, provider)).assets) == 1


async def test_one_look_is_tried_again_for_a_passing_fault_and_told_otherwise(client, request_, provider, sim):
    task = await client.submit(request_, provider)
    sim.fault("status", status=503, on="poll", times=2)
    assert (await client.get(task)).id == task.id
    sim.fault("unauthorised", on="poll")
    with pytest.raises(BadApiKey) as caught:
        await client.get(task)
    assert caught.value.task_id == task.id
    assert attrs.evolve(caught.value.task, trouble=None) == task
    assert (caught.value.task.trouble.error, caught.value.task.trouble.looks) == (str(caught.value), 1)
    assert (caught.value.billed, caught.value.retry) == (Billed.YES, Retry.SAME)  # elsewhere it would be bought twice


# The shielded POST


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_cancel_ends_the_wait_and_not_the_post(client, events, request_, sims, provider):
    sims[provider].fault("no_answer", created=True, seconds=0.2)
    call = asyncio.create_task(client.submit(request_, provider))
    await until(lambda: sims[provider].bills()["submits"])
    call.cancel()
    with pytest.raises(SubmitUncertain, match="cancelled before") as caught:
        await call
    assert caught.value.attempt.outcome is None
    await client.close()
    late = events[-1]
    assert late.id == caught.value.attempt.id
    # Its late answer is told all the same: here it was a reset, which RunAPI's key could replay.
    assert late.outcome is (Outcome.ACCEPTED if provider == HONOURS_KEY else Outcome.UNCERTAIN)
    assert len(entries(sims[provider])) == 1


async def test_a_deadline_ends_the_wait_and_not_the_post(client, events, request_, sims, provider):
    sims[provider].fault("no_answer", created=True, seconds=0.6)
    with pytest.raises(SubmitUncertain, match="deadline passed before"):
        await client.submit(request_, provider, timeout=0.4)
    await client.close()
    assert events[-1].outcome is not None
    assert len(entries(sims[provider])) == 1


async def test_a_cancel_before_a_byte_has_left_sends_nothing(sims, clock, request_, provider):
    data = {"providers": {provider: sims.config["providers"][provider] | {"connections": 1}}}
    sims[provider].fault("no_answer", seconds=0.2)
    events = []
    async with Client(read_config(data, sims.environ), clock=clock, on_event=events.append) as client:
        first = asyncio.create_task(client.submit(request_))
        await until(lambda: sims[provider].bills()["submits"])
        second = asyncio.create_task(client.submit(request_))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        with pytest.raises(Unavailable, match="could not be sent to in time") as caught:
            await client.submit(request_, timeout=0.01)
        assert caught.value.outcome is Outcome.NOT_SENT
        first.cancel()
        with pytest.raises(SubmitUncertain):
            await first
    assert len({event.id for event in events}) == 1


async def test_a_timeout_around_a_submit_tells_what_may_have_been_billed(client, request_, sims):
    sims["reapi"].fault("no_answer", created=True, seconds=0.2)
    arrived = asyncio.create_task(until(lambda: sims["reapi"].bills()["submits"]))

    async def until_it_has_arrived():
        async with asyncio.timeout(60) as limit:
            arrived.add_done_callback(lambda _: limit.reschedule(asyncio.get_running_loop().time()))
            await client.submit(request_, "reapi")

    with pytest.raises(SubmitUncertain):
        await until_it_has_arrived()


async def test_a_cancel_while_waiting_keeps_the_task_in_sight(client, request_, provider, sim):
    sim.fault("no_answer", on="poll", seconds=0.2)
    call = asyncio.create_task(client.generate(request_, provider))
    await until(lambda: sim.bills()["polls"])
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (task,) = client.detached
    assert (await client.wait(task)).state is State.SUCCEEDED
    assert len(entries(sim)) == 1
