"""What goes wrong costs nothing twice and loses nothing that is paid for, counted in the simulator's bills."""

import json
from typing import Any

import pytest

from anymedia import (
    AnymediaError,
    BadApiKey,
    Billed,
    DeadlineExceeded,
    NoCredit,
    Outcome,
    ProviderError,
    Refund,
    SubmitUncertain,
    Task,
    TaskFailed,
    to_json,
)

from .hints import hint
from .suite import Case, Suite, at_simulator, fail, in_a_loop, look, promise, stated_end, stated_refusal

LOST: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "502 of a gateway": {"kind": "status", "status": 502, "on": "submit", "body": "html", "created": True},
    "500": {"kind": "status", "status": 500, "on": "submit", "body": "html", "created": True},
    "503": {"kind": "status", "status": 503, "on": "submit", "body": "html", "created": True},
    "504": {"kind": "status", "status": 504, "on": "submit", "body": "html", "created": True},
    "cut off": {"kind": "cut_body"},
    "no JSON": {"kind": "not_json"},
    "no id": {"kind": "raw", "on": "submit", "body": "{}", "created": True},
    "without its id": {"kind": "without_id"},
}
"""Answers to a submit that leave open whether there is a task; there is one, but after the first."""

BAD_LOOKS: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset_before"},
    "500": {"kind": "status", "status": 500, "body": "html"},
    "no JSON": {"kind": "not_json"},
    "a list": {"kind": "raw", "body": "[1, 2]"},
    "bad key": {"kind": "unauthorised"},
    "rate limited": {"kind": "throttled", "retry_after": 9},
    "unknown state": {"kind": "unknown_state"},
    "unknown fields": {"kind": "unknown_fields"},
    "no such task": {"kind": "not_found"},
    "no result": {"kind": "no_result"},
}
"""Answers to a look that say nothing about the task, or more than is known."""

REFUSALS: dict[str, type[ProviderError]] = {"unauthorised": BadApiKey, "no_credit": NoCredit}


class Safe(Suite):
    """Money, and keys."""

    @pytest.mark.parametrize("fault", LOST)
    @in_a_loop
    async def test_a_lost_answer_is_never_paid_for_twice(self, first: Case, fault: str) -> None:
        """It is replayed under its key where the provider honours one, else it is uncertain, and not sent again."""
        reply = first.life.submit.reply
        if fault == "without its id" and (reply.id is None or reply.is_file or reply.succeeded_if is not None):
            pytest.skip(f"no answer of {first.adapter.name} to a submit needs an id")
        if fault == "no JSON" and "@" in str(reply.id):
            pytest.skip(f"a header of {first.adapter.name} has the id, whatever the body is")
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault(**LOST[fault])
            came = await scene.run(first)
            if first.adapter.idempotency is not None:
                replayed = isinstance(came, Task) and came.replayed
                promise(
                    replayed, f"{first}: an unanswered submit was to be replayed under its key, and came to {came!r}"
                )
                promise(len(scene.bills) == 1, f"{first}: {len(scene.bills)} tasks were charged under one key")
                return
            uncertain = isinstance(came, SubmitUncertain)
            promise(uncertain, f"{first}: nobody knows whether it was billed, and it came to {came!r}")
            promise(scene.submits == 1, f"{first}: it may have been billed, and was sent {scene.submits} times")
            promise(len(scene.bills) == (fault != "reset before"), f"{first}: charged were {scene.bills}")

    @pytest.mark.parametrize("fault", REFUSALS)
    @in_a_loop
    async def test_a_no_is_heard_and_costs_nothing(self, first: Case, fault: str) -> None:
        """A wrong key and an empty account are told apart, and neither is tried again."""
        error = REFUSALS[fault]
        stated_refusal(first.adapter, fault)
        async with at_simulator(first.adapter) as scene:
            # A no to a token has another one asked for, once.
            sends = 2 if fault == "unauthorised" and first.takes_token else 1
            scene.simulator.fault(fault, times=sends)
            came = await scene.run(first)
            why = hint(first.life, came) if isinstance(came, AnymediaError) else ""
            promise(isinstance(came, error), f"{first}: {fault} is {error.__name__}, and came to {came!r}{why}")
            told = (getattr(came, "outcome", None), getattr(came, "billed", None))
            promise(
                told == (Outcome.REFUSED, Billed.NO), f"{first}: {fault} is refused and not billed, and told as {told}"
            )
            promise(
                (scene.submits, scene.bills) == (sends, []), f"{first}: {fault} was tried again, {scene.submits} times"
            )

    @in_a_loop
    async def test_a_rate_limit_is_waited_for(self, first: Case) -> None:
        """A 429 is a clear no: it is tried again after as long as it asks for, and paid for once."""
        stated_refusal(first.adapter, "throttled")
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault("throttled", on="submit", retry_after=11)
            await scene.finished(first)
            waited, charged, where = scene.clock.slept[0], len(scene.bills), scene.simulator.service.retry_after
            promise(waited >= 11 or not where, f"{first}: the {where} asks for 11 s, and {waited:g} s were waited")
            promise((scene.submits, charged) == (2, 1), f"{first}: {scene.submits} submits, {charged} charged")

    @pytest.mark.parametrize("fault", BAD_LOOKS)
    @in_a_loop
    async def test_a_bad_look_does_not_lose_the_task(self, first: Case, fault: str) -> None:
        """Whatever a look is answered, the task is paid for: looking goes on."""
        look(first)
        stated_refusal(first.adapter, BAD_LOOKS[fault]["kind"])
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault(**{**BAD_LOOKS[fault], "on": "poll", "times": 2})
            await scene.finished(first)
            charged = len(scene.bills)
            promise((scene.submits, charged) == (1, 1), f"{first}: {scene.submits} submits, {charged} charged")

    @in_a_loop
    async def test_a_task_that_does_not_end_is_handed_over_alive(self, first: Case) -> None:
        """The deadline ends the wait, not the task."""
        look(first)
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault("stuck")
            came = await scene.run(first)
            task = came.task if isinstance(came, DeadlineExceeded) else None
            alive = task is not None and not task.state.final and task.id == scene.bills[0]["task_id"]
            promise(alive, f"{first}: a task that does not end is handed over with DeadlineExceeded, not {came!r}")

    @in_a_loop
    async def test_a_failed_task_says_why_and_what_it_costs(self, first: Case) -> None:
        """The provider's own words are kept, and a refund that the page promises is one in the bills."""
        look(first)
        stated_end(first.adapter, "failed")
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault("failed", message="the lamp blew")
            came = await scene.run(first)
            task = came.task if isinstance(came, TaskFailed) else None
            if task is None or task.failure is None:
                fail(f"{first}: a failed task is TaskFailed, not {came!r}")
            said = task.failure.message
            promise(said == "the lamp blew", f"{first}: 'the lamp blew' is read as {said!r} in {task.raw}")
            (entry,) = scene.bills
            told = task.failure.refund is not Refund.YES or entry["charged"] == entry["refunded"]
            promise(
                told, f"{first}: declared as refunded, and charged {entry['charged']}, refunded {entry['refunded']}"
            )

    @in_a_loop
    async def test_a_key_never_shows(self, first: Case) -> None:
        """Not in a config, an explanation, an event or an error, though the provider sends it back."""
        async with at_simulator(first.adapter) as scene:
            service, key = scene.simulator.service, scene.simulator.api_key
            secret = [key, *(service.settings[name] for name in service.secrets)]
            echo = json.dumps(dict.fromkeys(("error", "message", "msg", "code"), " ".join(secret)))
            scene.simulator.fault("raw", on="submit", status=400, body=echo)
            came = await scene.run(first)
            promise(isinstance(came, AnymediaError), f"{first}: a 400 came to {came!r}")
            explained = scene.client.explain(first.request, offer=first.name)
            left = [scene.client.config, explained, scene.events, came, vars(came)]
            shown = [*map(repr, left), str(came), *(json.dumps(to_json(event)) for event in scene.events)]
            secret += service.tokens
            promise(not any(each in text for each in secret for text in shown), f"{first}: a key or a token shows")

    @in_a_loop
    async def test_a_token_that_has_ended_is_asked_for_anew(self, first: Case) -> None:
        """Asked for once, kept for the calls after it, and exchanged where it is good no more: nothing is lost."""
        if not first.takes_token:
            pytest.skip(f"{first.adapter.name} takes no token")
        async with at_simulator(first.adapter) as scene:
            service, given = scene.simulator.service, list[int]()
            for _ in range(2):
                await scene.submitted(first)
                given.append(len(service.tokens))
            service.tokens = dict.fromkeys(service.tokens, 0.0)
            await scene.submitted(first)
            given.append(len(service.tokens))
            asked = f"{first}: after each of three submits {', '.join(map(str, given))} tokens were given"
            promise(given == [1, 1, 2], f"{asked}, before the last of which they ended; look at `expires`")
            charged = len(scene.bills)
            promise(charged == len(given), f"{first}: {len(given)} tasks were submitted, and {charged} charged")
