"""Both verbs buy in one way: at each fault the same calls, waits, cooldown, attempts and error."""

import asyncio

import attrs
import pytest

from anymedia import AnymediaError, Attempt, Client, ImageRequest, Outcome, read_config
from anymedia.simulators import running
from anymedia.testing import FakeClock

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
TIMEOUT = 90


def status(code, body=None, **more):
    return {"kind": "status", "status": code, "on": "submit", **({} if body is None else {"body": body}), **more}


FAULTS = {
    "nothing": [],
    "400": [status(400)],
    "401": [{"kind": "unauthorised", "on": "submit"}],
    "402": [{"kind": "no_credit", "on": "submit"}],
    "404": [status(404)],
    "408": [status(408)],
    "422": [status(422)],
    "429 for 7 s": [{"kind": "throttled", "on": "submit", "retry_after": 7}],
    "429 for an hour": [{"kind": "throttled", "on": "submit", "retry_after": 3600}],
    "429 three times": [{"kind": "throttled", "on": "submit", "retry_after": 2, "times": 3}],
    "429 without end": [{"kind": "throttled", "on": "submit", "retry_after": 20, "times": None}],
    "500": [status(500)],
    "500, charged": [status(500, created=True)],
    "502 of an edge": [status(502, "html")],
    "521 of an edge": [status(521, "html")],
    "521 without end": [status(521, "html", times=None)],
    "a redirect": [{"kind": "redirect", "on": "submit", "status": 303, "location": "http://127.0.0.1:9/"}],
    "reset before": [{"kind": "reset_before"}],
    "reset after": [{"kind": "reset_after"}],
    "cut body": [{"kind": "cut_body"}],
    "no JSON": [{"kind": "not_json"}],
    "without id": [{"kind": "without_id"}],
    "402 after 521": [status(521, "html"), {"kind": "no_credit", "on": "submit"}],
    "500 after 429": [{"kind": "throttled", "on": "submit", "retry_after": 1}, status(500)],
}


@attrs.frozen
class Seen:
    """What one call did and told, up to the moment in which a task was accepted."""

    submits: int
    billed: int
    waits: list
    attempts: list
    error: object
    health: object


def told(attempt):
    """Return what an attempt tells but for what is new in every run: ids and times."""
    order = attrs.evolve(attempt.order, chosen_at=None)
    money = None if attempt.task is None else attempt.task.money
    return (order, attempt.outcome, attempt.cause, attempt.error, attempt.retry_after, attempt.sends, money)


def said(error):
    """Return what an error tells but for its times."""
    if error is None:
        return None
    return type(error), error.message, error.billed, error.retry, error.outcome, error.status, error.code, error.account


async def asked(verb, provider, faults):
    """Return what becomes of a request at one account, by one of the verbs."""
    clock, events, until = FakeClock(), [], []

    def see(event):
        events.append(event)
        if isinstance(event, Attempt) and event.outcome is Outcome.ACCEPTED:
            until.append(len(clock.slept))  # what comes later is the wait for the task

    async with running(provider, clock=clock.time) as sims:
        for fault in faults:
            sims[provider].fault(**fault)
        config = read_config(sims.config, sims.environ)
        async with Client(config, clock=clock, on_event=see) as client:
            error = None
            try:
                await getattr(client, verb)(REQUEST, provider, timeout=TIMEOUT)
            except AnymediaError as caught:
                error = caught
            attempts = list({each.id: each for each in events if isinstance(each, Attempt)}.values())
            if error is not None:
                assert [each.id for each in error.attempts] == [each.id for each in attempts]
            (health,) = client.health(provider)
            bills = sims[provider].bills()
    return Seen(
        submits=bills["submits"],
        billed=sum(entry["charged"] > entry["refunded"] for entry in bills["entries"]),
        waits=clock.slept[: until[0]] if until else clock.slept,
        attempts=[told(each) for each in attempts],
        error=said(error),
        health=attrs.evolve(health, since=None, until=None, active=0),
    )


@pytest.mark.parametrize("provider", ["reapi", "runapi"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_submit_and_generate_buy_in_one_way(provider, fault):
    submitted, generated = await asyncio.gather(
        *(asked(verb, provider, FAULTS[fault]) for verb in ("submit", "generate"))
    )
    assert submitted == generated
    outcomes = [attempt[1] for attempt in submitted.attempts]
    accepted = outcomes.count(Outcome.ACCEPTED)
    assert (submitted.error is None) == (accepted == 1)
    assert accepted <= submitted.billed <= sum(outcome.may_be_billed for outcome in outcomes) <= 1
