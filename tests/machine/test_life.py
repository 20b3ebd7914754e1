"""The life of tasks as a state machine: two clients of one config, and a day on which everything goes wrong.

What hypothesis may do in any order: break something, let time pass, submit, cancel a submit, look, wait, give a task
to another process, let a journal be away, or its lease run out. What holds after each step is written beside it, and
`teardown` brings every task to its end.
"""

import asyncio
import json
import os
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from anymedia import (
    AnymediaError,
    Attempt,
    Blocked,
    Client,
    Cooling,
    DeadlineExceeded,
    ImageRequest,
    JournalError,
    MalformedAnswer,
    Outcome,
    ProviderError,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    from_json,
    read_config,
    to_json,
)
from anymedia.journal.memory import Memory
from anymedia.simulators import running
from tests.journal.remote import Remote
from tests.providers import FOUR

TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
HONOURS_KEY = "runapi"
USD = {"reapi": Decimal("0.001"), "api_in_one": Decimal("0.01"), "runapi": Decimal("0.01")}
"""What one unit of the bills is worth, where the provider tells what a task took."""

CERTAIN = (Outcome.NOT_SENT, Outcome.REFUSED)


def status(code, body="json", **more):
    return {"kind": "status", "status": code, "body": body, **more}


FAULTS = {
    "submit": [
        *(status(code) for code in (400, 401, 402, 404, 408, 409, 422, 500, 503)),
        *(status(code, "html") for code in (403, 502, 504, 520, 521, 523)),
        *(status(code, created=True) for code in (408, 500, 504)),
        status(429, retry_after=7),
        status(429, retry_after=600),
        *({"kind": kind} for kind in ("reset_before", "reset_after", "cut_body", "cut_json", "not_json", "html")),
        *({"kind": kind} for kind in ("without_id", "wrong_types", "unknown_fields", "unknown_state", "redirect")),
        *({"kind": kind} for kind in ("no_credit", "unauthorised", "throttled", "failed")),
        {"kind": "latency", "seconds": 90},
        {"kind": "latency", "seconds": 2000},
    ],
    "poll": [
        *(status(code) for code in (400, 401, 402, 403, 404, 408, 422, 500, 503)),
        *(status(code, "html") for code in (502, 504, 521)),
        status(429, retry_after=40),
        *({"kind": kind} for kind in ("reset_before", "reset_after", "cut_body", "cut_json", "not_json", "html")),
        *({"kind": kind} for kind in ("without_id", "wrong_types", "unknown_fields", "unknown_state", "redirect")),
        *({"kind": kind} for kind in ("no_result", "not_found", "no_credit", "unauthorised", "moderated")),
    ],
}
WRONG = {on: st.none() | st.sampled_from(faults) for on, faults in FAULTS.items()}
PROVIDER = st.sampled_from(FOUR)
WHO = st.integers(0, 1)
MEANWHILE = st.sampled_from(
    [
        None,
        lambda journal: setattr(journal, "is_away", True),
        lambda journal: journal.lapse(renewed=False),
        lambda journal: journal.lapse(renewed=True),
    ]
)
"""What becomes of the journal while a submit is about to be sent."""

WAIT = st.sampled_from([0, 1, 30, 600])


@attrs.define
class Known:
    """An accepted task: as it was first told, as it was last told, and how it ended."""

    first: Task
    last: Task
    end: Task | None = None


class Life(RuleBasedStateMachine):
    """Clients and simulators in one event loop, on one clock that nobody waits for."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.runner = asyncio.Runner()
        self.tasks = []
        self.events = []
        self.meanwhile = None
        self.run(self.open())

    def run(self, work):
        return self.runner.run(work)

    def ended(self, work):
        """Return what comes of it, or the error of ours."""
        try:
            return self.run(work)
        except AnymediaError as error:
            return error

    async def open(self):
        self.context = running(*FOUR, clock=self.clock.time)
        self.sims = await self.context.__aenter__()
        self.config = read_config(self.sims.config, self.sims.environ)
        self.folder = TemporaryDirectory()
        self.memory = Memory()
        self.clients = [self.client() for _ in range(2)]

    def client(self):
        journal = Remote(Path(self.folder.name, "spool"), self.memory)
        return Client(self.config, clock=self.clock, on_event=partial(self.hear, journal), journal=journal)

    def hear(self, journal, event):
        """Take note of an event; the first submit that is about to be sent may meet something of the journal."""
        self.events.append(event)
        if isinstance(event, Attempt) and event.outcome is None and self.meanwhile is not None:
            self.meanwhile = self.meanwhile(journal)

    @rule(who=WHO)
    def replace_a_client(self, who):
        """Another client knows nothing yet of the accounts' health, and writes what this one could not."""
        self.run(self.clients[who].close())
        self.clients[who].journal.crash()
        self.clients[who] = self.client()

    @rule(who=WHO, is_away=st.booleans())
    def let_a_journal_be_away(self, who, is_away):
        self.clients[who].journal.is_away = is_away

    @rule(who=WHO, renewed=st.booleans())
    def let_a_lease_run_out(self, who, renewed):
        self.clients[who].journal.lapse(renewed=renewed)

    async def close(self):
        for client in self.clients:
            await client.close()
        await self.context.__aexit__(None, None, None)
        self.folder.cleanup()

    def bills(self, provider):
        bills = self.sims[provider].bills()
        return bills["submits"], {entry["task_id"]: entry for entry in bills["entries"]}

    # What may happen

    @rule(provider=PROVIDER, on=st.sampled_from(list(FAULTS)), data=st.data(), times=st.sampled_from([1, 2, 5]))
    def break_something(self, provider, on, data, times):
        self.broken(provider, on, data.draw(WRONG[on]), times)

    def broken(self, provider, on, wrong, times=1):
        if wrong is not None:
            self.sims[provider].fault(**wrong, on=on, times=times)

    @rule(provider=PROVIDER)
    def mend(self, provider):
        self.sims[provider].clear()

    @rule(seconds=st.sampled_from([0.5, 3, 60, 1800]))
    def let_time_pass(self, seconds):
        self.clock.seconds += seconds

    @rule(who=WHO, provider=PROVIDER, wrong=WRONG["submit"], meanwhile=MEANWHILE)
    def submit(self, who, provider, wrong, meanwhile):
        self.broken(provider, "submit", wrong)
        self.meanwhile = meanwhile
        self.submitted(provider, self.clients[who].submit(REQUEST, provider))

    @rule(who=WHO, provider=PROVIDER, created=st.booleans())
    def cancel_a_submit(self, who, provider, created):
        self.sims[provider].clear()
        self.sims[provider].fault("no_answer", seconds=0.01, created=created)

        async def cancelled():
            before = self.bills(provider)[0]
            call = asyncio.create_task(self.clients[who].submit(REQUEST, provider))
            while self.bills(provider)[0] == before and not call.done():
                await asyncio.sleep(0)
            call.cancel()
            try:
                return await call
            finally:
                # Its late answer is told all the same.
                while any(attempt.outcome is None for attempt in self.attempts(self.seen)):
                    await asyncio.sleep(0.001)

        self.submitted(provider, cancelled())

    def submitted(self, provider, work):
        """Hold what one logical submit promises, whatever becomes of it."""
        submits, entries = self.bills(provider)
        self.seen = len(self.events)
        end = self.ended(work)
        attempts = self.attempts(self.seen)
        posts, billed = self.bills(provider)
        fresh = [entry for task_id, entry in billed.items() if task_id not in entries]
        assert len(fresh) <= 1, "one logical submit is billed once at most"
        if not attempts:
            assert isinstance(end, Cooling | JournalError), "only an account that is left alone is not even asked"
            assert (posts, fresh) == (submits, [])
            assert not isinstance(end, JournalError) or end.away, "a journal that answers stops nobody"
            return
        # Every POST belongs to an attempt, and after the first that is not certainly unbilled there is no other.
        assert posts - submits == sum(attempt.sends for attempt in attempts)
        assert all(attempt.outcome in CERTAIN for attempt in attempts[:-1])
        assert provider == HONOURS_KEY or all(attempt.sends <= 1 for attempt in attempts)
        assert all(entry["idempotency_key"] in (None, attempts[-1].replay_key) for entry in fresh)
        outcome = attempts[-1].outcome
        assert (outcome is Outcome.ACCEPTED) <= (len(fresh) == 1)
        assert (outcome in CERTAIN) <= (not fresh)
        if isinstance(end, JournalError):
            assert outcome in CERTAIN
            assert end.away or (end.lapsed and attempts[-1].sends == 0)
        elif isinstance(end, Task):
            assert (outcome, [end.id]) == (Outcome.ACCEPTED, [entry["task_id"] for entry in fresh])
        else:
            assert isinstance(end, ProviderError if outcome in CERTAIN else SubmitUncertain)
        if outcome is Outcome.ACCEPTED:
            task = attempts[-1].task
            assert not task.state.final or task.state is State.FAILED
            self.tasks.append(Known(task, task))

    def attempts(self, since):
        """Return each attempt since then as it was last told."""
        return list({event.id: event for event in self.events[since:] if isinstance(event, Attempt)}.values())

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9), who=WHO, stale=st.booleans(), wrong=WRONG["poll"])
    def look(self, which, who, stale, wrong):
        known = self.tasks[which % len(self.tasks)]
        self.broken(known.first.provider, "poll", wrong)
        handle = known.first if stale else known.last
        seen = self.ended(self.clients[who].get(handle))
        if isinstance(seen, Task):
            self.learn(known, seen)
        else:
            assert isinstance(seen, ProviderError), seen  # a passing trouble of the look, and none of the task

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9), who=WHO, stale=st.booleans(), timeout=WAIT, wrong=WRONG["poll"])
    def wait(self, which, who, stale, timeout, wrong):
        known = self.tasks[which % len(self.tasks)]
        self.broken(known.first.provider, "poll", wrong, 3)
        before = self.clock.seconds
        self.learn(known, self.waited(known.first if stale else known.last, who, timeout))
        assert self.clock.seconds <= before + timeout + 1e-6

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9))
    def give_to_another_process(self, which):
        known = self.tasks[which % len(self.tasks)]
        known.last = from_json(Task, json.loads(json.dumps(to_json(known.last))))

    def waited(self, handle, who, timeout):
        """Return a task as a wait leaves it, however that ends."""
        end = self.ended(self.clients[who].wait(handle, timeout))
        match end:
            case Task():
                return end
            case DeadlineExceeded():
                assert not end.task.state.final
                return end.task
            case TaskFailed() | Blocked():
                assert end.task.state.final
                return end.task
            case _:
                assert isinstance(end, MalformedAnswer), end
                assert "no result" in str(end)  # it has succeeded, and three looks in a row showed nothing made
                return handle

    def learn(self, known, seen):
        """Hold that a task stays the one it is, and that its end is its end."""
        assert (seen.id, seen.account, seen.submitted_at) == (
            known.first.id,
            known.first.account,
            known.first.submitted_at,
        )
        if known.end is not None and seen.state.final:
            assert seen.state is known.end.state
            assert seen.money.usd == known.end.money.usd
        if seen.state.final:
            known.end = known.end or seen
            self.settled(seen)
        known.last = seen if known.end is None else known.end

    def settled(self, task):
        """Hold that an end is the one in the provider's books, and so is the money."""
        entry = self.bills(task.provider)[1][task.id]
        assert task.state == entry["state"]
        assert bool(task.assets) == (task.state is State.SUCCEEDED)
        if task.provider in USD:
            assert task.money.usd == (entry["charged"] - entry["refunded"]) * USD[task.provider]
        elif task.state is State.SUCCEEDED:
            assert task.money.credits == entry["charged"]
        assert any(
            isinstance(event, Task) and event.id == task.id and event.state is task.state for event in self.events
        )

    # The end of the day

    def teardown(self):
        try:
            for sim in self.sims:
                sim.clear()
            for known in self.tasks:
                self.learn(known, self.waited(known.last, 0, 4000))
                assert known.end is not None, "every accepted task can be brought to its end"
                self.learn(known, self.waited(known.first, 1, 4000))
            self.written_down()
            told = {attempt.id: attempt.outcome for attempt in self.attempts(0)}
            assert None not in told.values()
            # Nothing is billed that nobody was told of: every entry is of an attempt that is accepted or in doubt.
            doubtful = sum(outcome not in CERTAIN for outcome in told.values())
            assert len(self.tasks) <= sum(len(self.bills(sim.name)[1]) for sim in self.sims) <= doubtful
        finally:
            self.run(self.close())
            self.runner.close()

    def written_down(self):
        """Hold that the journal knows every task once it is back, and that nothing waits any more."""
        for client in self.clients:
            client.journal.is_away = False
            self.run(client._session.catch_up())
        assert {known.first.id for known in self.tasks} <= {entry.task_id for entry in self.memory.entries.values()}
        assert list(self.clients[0].journal.spool.glob("*.json")) == []


def test_a_day_in_the_life(clock):
    many = settings(
        max_examples=int(60 * TIMES),
        stateful_step_count=25,
        deadline=None,
        database=None,
        derandomize=TIMES <= 1,
    )
    run_state_machine_as_test(lambda: Life(type(clock)()), settings=many)
