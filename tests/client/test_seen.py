"""What can be seen from outside of what a client does: log lines, spans, counters, and none of them in the way."""

import asyncio
import json
import logging
import re
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from anymedia import (
    AnymediaError,
    Client,
    ImageRequest,
    State,
    SubmitUncertain,
    TaskFailed,
)
from anymedia.journal import MemoryJournal
from anymedia.observe.facts import BESIDE, FACTS
from anymedia.transport.retry import Patience
from tests.samples import sample
from tests.seen import Records, Seen

PNG = sample("picture.png")

FOX = ImageRequest(model="flux-2-pro", prompt="A fox in the snow", resolution="1K")


@pytest.fixture
def records():
    logger, handler = logging.getLogger("anymedia"), Records()
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


@pytest.fixture
def seen(monkeypatch):
    seen = Seen.new()
    monkeypatch.setattr("anymedia.observe.readers.in_use", lambda: seen.telemetry)
    return seen


@pytest.fixture
async def client(config, clock, journal, seen, records):
    async with Client(config, clock=clock, journal=journal, patience=Patience(tries=1)) as client:
        yield client


def fields(record):
    return {name.removeprefix("anymedia_"): value for name, value in vars(record).items() if "anymedia_" in name}


ID, TASK = r"attempt [0-9a-f]{8}", r"\S+ task \S+"


# Lines


async def test_each_step_of_a_purchase_is_a_line(client, sims, records, tmp_path):
    result = await client.generate(FOX, "reapi")
    await client.download(result, tmp_path)
    expected = [
        rf"attempts INFO {ID} sent to reapi, flux-2-pro, \$0\.028, the only one asked",
        rf"attempts INFO {ID} accepted in \d+\.\d s, {TASK}, \$0\.028",
        rf"tasks DEBUG waiting for {TASK}",
        *[rf"looks DEBUG {TASK} (queued|running)"] * (sims["reapi"].bills()["polls"] - 1),
        rf"looks DEBUG {TASK} succeeded",
        rf"tasks INFO {TASK} succeeded after \d+\.\d s, \$0\.028",
        rf"downloads DEBUG {TASK} file 1 saved in 0\.0 s, [\d,.]+ (bytes|MB) of image/jpeg",
    ]
    lines = records.lines("Sent", "Answered", "Waits", "Looked", "Ended", "Downloaded")
    lines.sort(key=lambda line: "succeeded after" in line or "saved in" in line)  # it is told of before its look is
    assert len(lines) == len(expected)
    assert [line for line, like in zip(lines, expected, strict=True) if re.fullmatch(like, line) is None] == []
    (answered,) = records.of("Answered")
    (attempt,) = result.attempts
    assert fields(answered) == {
        "event": "Answered",
        "attempt": attempt.id,
        "account": "reapi",
        "provider": "reapi",
        "offer": "reapi/flux-2",
        "model": "flux-2-pro",
        "wire_id": attempt.order.wire_id,
        "kind": "image",
        "units": 1,
        "usd": "0.028",
        "price_status": "exact",
        "price_source": "table",
        "origin": attempt.origin,
        "outcome": "accepted",
        "billed": "yes",
        "sends": 1,
        "seconds": 0.0,
        "task": attempt.task.id,
        "state": "running",
    }
    assert all(json.loads(json.dumps(fields(each))) == fields(each) for each in records.of())


@pytest.mark.parametrize(
    ("fault", "lines", "attributes"),
    [
        (
            {"kind": "no_credit"},
            [
                rf"attempts INFO {ID} refused in 0\.0 s, no_credit, not billed",
                r"accounts WARNING reapi gets no new requests until \d\d:\d\d:\d\d UTC: no credit",
            ],
            {"anymedia.outcome": "refused", "anymedia.billed": "no", "error.type": "no_credit"},
        ),
        (
            {"kind": "reset_after"},
            [
                rf"attempts INFO {ID} uncertain in 0\.0 s, it may have been billed",
                r"accounts WARNING reapi gets no new requests until \d\d:\d\d:\d\d UTC: uncertain",
            ],
            {"anymedia.outcome": "uncertain", "anymedia.billed": "unknown", "error.type": "uncertain"},
        ),
        (
            {"kind": "without_id"},
            [
                rf"attempts INFO {ID} accepted without id in 0\.0 s, billed in all likelihood",
                r"accounts WARNING reapi gets no new requests until \d\d:\d\d:\d\d UTC: accepted without id",
            ],
            {"anymedia.outcome": "accepted without id", "anymedia.billed": "likely"},
        ),
    ],
)
async def test_how_a_submit_failed_is_told_without_its_words(client, sims, records, seen, fault, lines, attributes):
    sims["reapi"].fault(**fault)
    with pytest.raises(AnymediaError):
        await client.generate(FOX, "reapi")
    told = records.lines("CooledDown", "Answered")
    assert [line for line, like in zip(told, lines, strict=True) if re.fullmatch(like, line) is None] == []
    verb, attempt = seen.spans()
    assert attributes.items() <= attempt.attributes.items()
    status = attempt.status
    assert (status.status_code, status.description) == (StatusCode.ERROR, attempt.attributes["error.type"])
    assert verb.status.status_code is StatusCode.ERROR
    assert not any(span.events for span in (verb, attempt))


async def test_where_a_request_goes_on_is_told_with_the_reason(client, sims, records, seen):
    sims["reapi"].fault("no_credit")
    await client.generate(FOX, "reapi", "runapi")
    (line,) = records.lines("FellBack")
    assert line == (
        "attempts INFO goes on at runapi, flux-2-pro, $0.05, the only one left; after reapi/flux-2: no credit"
    )
    (verb,) = seen.spans("generate flux-2-pro")
    (event, *_) = verb.events
    assert (event.name, event.attributes["anymedia.route.after"]) == ("anymedia.fallback", "reapi/flux-2")


async def test_another_try_at_the_same_offer_and_the_end_of_a_cooldown_are_told(client, sims, records):
    sims["reapi"].fault("throttled", retry_after=9, on="submit")
    await client.generate(FOX, "reapi")
    (line,) = records.lines("FellBack")
    assert line.startswith("attempts INFO tries again at reapi, flux-2-pro, $0.028, once more; after ")
    assert records.lines("Recovered") == ["accounts INFO reapi is asked again"]


async def test_a_failed_task_tells_what_it_cost(client, sims, records, seen):
    for provider, bill in (("reapi", "not billed"), ("revidapi", "~$0.025, if it is billed")):
        sims[provider].fault("failed", message="the lamp blew")
        with pytest.raises(TaskFailed):
            await client.generate(FOX, provider, fallback=False)
        assert records.lines("Ended")[-1].endswith(f"s, failed, {bill}")
    assert "the lamp blew" not in repr([vars(each) for each in records.of()])
    assert seen.counts("anymedia.spend.returned", "anymedia.account") == {("reapi",): 0.028}
    assert seen.counts("gen_ai.client.operation.duration", "error.type") == {("failed",): 2}


async def test_what_is_put_in_and_not_saved_is_told(client, sims, records, tmp_path):
    with_picture = ImageRequest(model="flux-2-pro", prompt="A fox", images=[PNG])
    result = await client.generate(with_picture, "runapi")
    (line,) = records.lines("Uploaded")
    assert re.fullmatch(rf"uploads DEBUG uploaded {len(PNG):,} bytes of image/png for runapi in 0\.0 s", line)
    sims["runapi"].fault("status", status=500, on="upload", times=None)
    with pytest.raises(AnymediaError):
        await client.generate(ImageRequest(model="flux-2-pro", prompt="A fox", images=[PNG + b"\0"]), "runapi")
    assert re.fullmatch(r"uploads DEBUG upload of .* failed: \w+", records.lines("Uploaded")[-1])
    (tmp_path / "file").write_text("")
    with pytest.raises(AnymediaError):
        await client.download(result, tmp_path / "file")
    assert re.fullmatch(rf"downloads DEBUG {TASK} file 1 not saved: DownloadError", records.lines("Downloaded")[-1])


# Spans


async def test_a_span_for_each_call_and_one_below_it_for_each_attempt(client, seen, sims):
    result = await client.generate(FOX, "reapi")
    verb, attempt = seen.spans()
    (task,) = result.tasks
    looks = sims["reapi"].bills()["polls"]
    assert (verb.name, verb.kind, verb.parent) == ("generate flux-2-pro", SpanKind.INTERNAL, None)
    assert dict(verb.attributes) == {
        "anymedia.verb": "generate",
        "gen_ai.request.model": "flux-2-pro",
        "gen_ai.output.type": "image",
        "anymedia.looks": looks,
    }
    assert [(event.name, event.attributes["anymedia.task.state"]) for event in verb.events][-1] == (
        "anymedia.task",
        "succeeded",
    )
    assert (attempt.name, attempt.kind) == ("generate_content flux-2-pro", SpanKind.CLIENT)
    assert attempt.parent.span_id == verb.context.span_id
    (origin,) = {account.origin for account in client.config.accounts.values() if account.name == "reapi"}
    assert attempt.attributes["server.port"] == int(origin.rpartition(":")[2])
    assert {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "reapi",
        "gen_ai.request.model": "flux-2-pro",
        "gen_ai.response.id": task.id,
        "gen_ai.request.choice.count": 1,
        "server.address": "127.0.0.1",
        "anymedia.cost.usd": 0.028,
        "anymedia.cost.status": "exact",
        "anymedia.cost.source": "table",
        "anymedia.billed": "yes",
        "anymedia.outcome": "accepted",
    }.items() <= attempt.attributes.items()
    told = {name for span in seen.spans() for each in (span, *span.events) for name in each.attributes}
    assert told <= {fact.attribute for fact in FACTS.values()} | set(BESIDE)


async def test_submit_and_wait_have_spans_of_their_own(client, seen):
    task = await client.submit(request=FOX)
    await asyncio.gather(client.wait(task), client.wait(task))
    await client.wait(task, timeout=0)
    submit, attempt, *waits = seen.spans()
    assert [submit.name, attempt.name] == ["submit flux-2-pro", "generate_content flux-2-pro"]
    assert [each.name for each in waits] == ["wait flux-2-pro"] * 3
    assert attempt.parent.span_id == submit.context.span_id
    assert waits[0].attributes["anymedia.looks"] == waits[1].attributes["anymedia.looks"] > 0


async def test_an_attempt_s_span_is_current_where_its_post_is_sent(client, seen, monkeypatch):
    from opentelemetry import trace

    send, current = client._session.transport.send, []

    async def sending(account, call, *rest):
        current.append((call.method, trace.get_current_span().get_span_context().span_id))
        return await send(account, call, *rest)

    monkeypatch.setattr(client._session.transport, "send", sending)
    with seen.tracers.get_tracer("app").start_as_current_span("request") as above:
        await client.generate(FOX, "reapi")
        assert trace.get_current_span() is above
    _, verb, attempt = seen.spans()
    assert verb.parent.span_id == above.context.span_id
    assert [span for method, span in current if method == "POST"] == [attempt.context.span_id]
    assert {span for method, span in current if method == "GET"} == {verb.context.span_id}


@pytest.mark.parametrize("how", ["cancel", "deadline"])
async def test_an_attempt_s_span_outlives_its_caller_and_ends_with_the_answer(client, seen, sims, how):
    sim, may_answer = sims["reapi"], asyncio.Event()
    sent = client._session.transport.send

    async def held(account, call, progress, *rest):
        answer = await sent(account, call, progress, *rest)
        if call.method == "POST":
            await may_answer.wait()
        return answer

    client._session.transport.send = held
    made = asyncio.ensure_future(client.generate(FOX, "reapi", timeout=0.05 if how == "deadline" else None))
    while not sim.bills()["submits"]:
        await asyncio.sleep(0.001)
    if how == "cancel":
        made.cancel()
    with pytest.raises((SubmitUncertain, asyncio.CancelledError)):
        await made
    (verb,) = seen.spans()
    assert (verb.name, verb.status.status_code) == ("generate flux-2-pro", StatusCode.ERROR)
    may_answer.set()
    while client.submitting:
        await asyncio.sleep(0.001)
    _, attempt = seen.spans()
    assert attempt.parent.span_id == verb.context.span_id
    assert attempt.end_time > verb.end_time
    assert (attempt.attributes["anymedia.outcome"], attempt.status.status_code) == ("accepted", StatusCode.UNSET)


async def test_a_replay_is_one_attempt_and_is_counted_once(client, seen, sims, records):
    sims["runapi"].fault("reset_after")
    async with Client(client.config, clock=client._session.clock, journal=MemoryJournal()) as patient:
        await patient.generate(FOX, "runapi")
    (attempt,) = seen.spans("generate_content flux-2-pro")
    assert [event.name for event in attempt.events] == ["anymedia.sent_again"]
    assert attempt.attributes["anymedia.sends"] == 2
    assert [line.split("sent ")[1].split(",")[0] for line in records.lines("Sent")] == [
        "to runapi",
        "again under its replay key to runapi",
    ]
    assert seen.counts("anymedia.spend", "anymedia.account") == {("runapi",): 0.05}


async def test_a_replay_by_another_process_costs_nothing_more(config, clock, seen, sims, records):
    sims["runapi"].fault("reset_after", times=1)
    journal, told = MemoryJournal(), []
    client = Client(config, clock=clock, journal=journal, patience=Patience(tries=1))
    with pytest.raises(SubmitUncertain):
        await client.generate(FOX, "runapi")
    journal.crash()
    async with Client(
        config, clock=clock, journal=MemoryJournal(journal.memory), on_event=told.append, patience=Patience(tries=1)
    ) as later:
        recovered = await later.recover(replay=True)
    assert [task.state for task in recovered.tasks] == [State.SUCCEEDED]
    assert told[0].outcome == "accepted"  # on_event hears of what is answered
    assert seen.counts("anymedia.attempts", "anymedia.outcome") == {("uncertain",): 1, ("accepted",): 1}
    assert seen.counts("anymedia.spend", "anymedia.billed") == {("unknown",): 0.05}
    await client.close()


# Counts


async def test_what_is_counted(client, seen, sims):
    sims["revidapi"].fault("no_credit")
    await asyncio.gather(*(client.generate(FOX, "revidapi", "reapi") for _ in range(2)))
    sims["api_in_one"].fault("reset_after")
    with pytest.raises(SubmitUncertain):
        await client.generate(FOX, "api_in_one")
    task = await client.submit(FOX, "runapi")
    assert seen.counts("anymedia.tasks.open", "anymedia.account")[("runapi",)] == 1
    await client.wait(task)
    assert seen.counts("anymedia.tasks.open", "anymedia.account")[("runapi",)] == 0
    attempts = seen.counts("anymedia.attempts", "anymedia.account", "anymedia.outcome", "error.type")
    assert attempts[("api_in_one", "uncertain", "uncertain")] == attempts[("runapi", "accepted", None)] == 1
    assert attempts[("revidapi", "refused", "no_credit")] >= 1
    assert seen.counts("anymedia.attempts.uncertain", "anymedia.account") == {("api_in_one",): 1}
    spend = seen.counts("anymedia.spend", "anymedia.account", "gen_ai.request.model", "anymedia.billed")
    assert spend[("api_in_one", "flux-2-pro", "unknown")] == spend[("runapi", "flux-2-pro", "yes")] == 0.05
    polls = {(sim.name,): sim.bills()["polls"] for sim in sims if sim.bills()["polls"]}
    assert seen.counts("anymedia.looks", "anymedia.account") == polls
    durations = seen.points("gen_ai.client.operation.duration")
    assert max(max(point.explicit_bounds) for point in durations) >= 1800  # tasks take minutes
    assert sum(point.count for point in durations) == sum(attempts.values())
    await client.close()
    assert seen.points("anymedia.tasks.open") == []


# Nothing of it is in the way


class Broken(SpanProcessor):
    """Raises at whatever it is told."""

    def on_start(self, span, parent_context=None):
        raise RuntimeError("a broken processor")

    def on_end(self, span):
        raise RuntimeError("a broken processor")


async def test_what_raises_harms_no_purchase(config, clock, sims, monkeypatch, caplog):
    broken, levels = Seen.new(Broken()), logging.getLogger("anymedia")
    monkeypatch.setattr("anymedia.observe.readers.in_use", lambda: broken.telemetry)
    monkeypatch.setattr("anymedia.observe.log.fields", lambda _: 1 / 0)

    def raising(_):
        raise RuntimeError("a broken listener")

    with caplog.at_level(logging.DEBUG, levels.name):
        async with Client(config, clock=clock, journal=MemoryJournal(), on_event=raising) as client:
            result = await client.generate(FOX, "reapi")
    assert (result.tasks[0].state, sims["reapi"].bills()["submits"]) == (State.SUCCEEDED, 1)
    assert {"log failed", "OpenTelemetry failed", "on_event failed"} <= {each.getMessage() for each in caplog.records}


def test_a_program_without_opentelemetry_never_loads_it():
    code = """
import asyncio, sys
from anymedia import Client, ImageRequest, read_config
from anymedia.simulators import running

async def main():
    async with running("reapi", speed=1000) as sims:
        data = {**sims.config, "journal": {"enabled": False}}
        async with Client(read_config(data, sims.environ)) as client:
            await client.generate(ImageRequest(model="flux-2-pro", prompt="A fox"))

asyncio.run(main())
sys.exit("opentelemetry" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_half_an_opentelemetry_is_none(monkeypatch):
    from anymedia.observe import readers

    monkeypatch.delitem(sys.modules, "anymedia.observe.telemetry")
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    monkeypatch.delitem(sys.modules, "anymedia.observe.counters", raising=False)
    readers.in_use.cache_clear()
    assert readers.in_use() is None
    readers.in_use.cache_clear()


def test_a_program_that_sets_up_no_logging_still_sees_what_is_wrong():
    """A NullHandler would hide that a paid result is not on disk: logging prints what nobody takes, from WARNING on."""
    assert logging.getLogger("anymedia").handlers == []
