"""OpenAI, whose answer to the submit is the picture or the speech itself: whatever happens to it, there is one bill.

An answer that is lost is uncertain, and is lost with what it cost: no look brings it back. A deadline ends the caller's
wait, and not the POST, whose late answer is written down and kept.
"""

import asyncio
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    AnymediaError,
    Client,
    ImageRequest,
    Outcome,
    SpeechRequest,
    State,
    SubmitUncertain,
    read_config,
)
from anymedia.journal import MemoryJournal
from anymedia.registry import adapters
from anymedia.simulators import running
from anymedia.testing import FakeClock
from anymedia.testing.clock import while_sold
from tests.machine.virtual import Loop

PICTURE = ImageRequest(model="gpt-image-2", prompt="a lighthouse at dusk", aspect_ratio="1:1", quality="low")
SPEECH = SpeechRequest(model="tts-1", text="Good morning", voice="alloy")
REQUESTS = {"picture": PICTURE, "speech": SPEECH}


@attrs.frozen
class Came:
    """What a call came to: the result or the error, the bills that are kept, and the attempts of the journal."""

    end: object
    bills: list
    submits: int
    attempts: list


LATER = 600.0
"""Seconds after which every answer is here that comes at all."""


async def bought(request, *faults, timeout=600.0, **options):
    """Return what becomes of a request at OpenAI, whenever its answer comes."""
    clock = FakeClock(while_sold(adapters()["openai"]))
    async with running("openai", clock=clock.time) as sims:
        simulator = sims["openai"]
        for fault in faults:
            simulator.fault(**fault)
        config = read_config(sims.config, sims.environ)
        async with Client(config, clock=clock, journal=MemoryJournal()) as client:
            try:
                end = await client.generate(request, "openai", timeout=timeout, **options)
            except AnymediaError as error:
                end = error
            await asyncio.sleep(LATER)
            attempts = await client.attempts()
        bills = simulator.bills()
    kept = [entry for entry in bills["entries"] if entry["charged"] > entry["refunded"]]
    return Came(end, kept, bills["submits"], attempts)


@pytest.fixture
def buy():
    """Buy in an event loop in which nobody waits for its timers."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        yield lambda request, *faults, **options: runner.run(bought(request, *faults, **options))


def status(code, body="json", **more):
    return {"kind": "status", "status": code, "on": "submit", "body": body, **more}


LOST = {
    "reset before": ({"kind": "reset_before"}, 0),
    "reset after": ({"kind": "reset_after"}, 1),
    "no answer, and nothing made": ({"kind": "no_answer"}, 0),
    "no answer, and it is made": ({"kind": "no_answer", "created": True}, 1),
    "500": (status(500), 0),
    "500, and it is made": (status(500, created=True), 1),
    "502 of an edge": (status(502, "html", created=True), 1),
    "504 without a word": (status(504, "empty", created=True), 1),
    "408": (status(408), 0),
    "cut off": ({"kind": "cut_body", "on": "submit"}, 1),
    "no JSON": ({"kind": "not_json"}, 1),
}


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("fault", LOST)
def test_an_answer_that_is_lost_is_uncertain_and_is_not_asked_for_again(buy, what, fault):
    planted, bills = LOST[fault]
    came = buy(REQUESTS[what], planted)
    assert type(came.end) is SubmitUncertain, came.end
    assert (came.submits, len(came.bills)) == (1, bills)
    (attempt,) = came.attempts
    assert attempt.outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)


NO = {
    "400": (status(400), "Rejected"),
    "401": ({"kind": "unauthorised", "on": "submit"}, "BadApiKey"),
    "402": ({"kind": "no_credit", "on": "submit"}, "NoCredit"),
    "moderated": ({"kind": "moderated", "on": "submit"}, "Blocked"),
    "429 without end": ({"kind": "throttled", "on": "submit", "retry_after": 20, "times": None}, "RateLimited"),
}


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("fault", NO)
def test_a_no_costs_nothing(buy, what, fault):
    planted, error = NO[fault]
    came = buy(REQUESTS[what], planted, timeout=60)
    assert type(came.end).__name__ == error, came.end
    assert came.bills == []
    assert {attempt.outcome for attempt in came.attempts} == {Outcome.REFUSED}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_picture_may_take_two_minutes(buy, what):
    came = buy(REQUESTS[what], {"kind": "latency", "seconds": 120})
    assert [asset.kind for asset in came.end.assets] == [REQUESTS[what].kind.medium]
    assert (came.submits, len(came.bills)) == (1, 1)


@pytest.mark.parametrize("what", REQUESTS)
def test_a_deadline_does_not_lose_what_is_answered_after_it(buy, what):
    came = buy(REQUESTS[what], {"kind": "latency", "seconds": 120}, timeout=60)
    assert type(came.end) is SubmitUncertain, came.end  # so far
    assert (came.submits, len(came.bills)) == (1, 1)
    (attempt,) = came.attempts
    assert (attempt.outcome, attempt.task.state) == (Outcome.ACCEPTED, State.SUCCEEDED)
    (asset,) = attempt.task.assets
    assert asset.path.stat().st_size > 0


def test_what_a_picture_cost_is_what_its_answer_says_was_used(buy):
    came = buy(PICTURE)
    (entry,) = came.bills
    (attempt,) = came.attempts
    settled = entry["charged"] * Decimal("0.01")
    assert (came.end.money.usd, came.end.money.got, attempt.task.money.usd) == (settled, "settled", settled)


def test_nothing_is_bought_under_a_ceiling_since_nobody_knows_the_price(buy):
    came = buy(PICTURE, max_price="1")
    assert (type(came.end).__name__, came.submits, came.attempts) == ("OverCeiling", 0, [])
