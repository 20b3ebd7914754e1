"""One task as a state machine, of which two clients of one journal are told: truly, late, twice, in any order, falsely.

What hypothesis may do in any order: let the provider go on with the task, post what is true or was, post what is not,
look, wait, let time pass. What holds after each step is in `holds`.
"""

import asyncio
import itertools
import json
import os

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from anymedia import AnymediaError, Attempt, Outcome, State, Task, TaskFailed, WebhookRefused
from anymedia.journal import MemoryJournal
from anymedia.testing import FakeClock
from tests.core.forger import FORGERS
from tests.fuzz.posted import ID, SIGNED, TOLD, WORDS, Told

TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))
QUEUED, RUNNING, DONE, FAILED = range(4)
STATES = (State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED)
RANK = {State.QUEUED: 0, State.RUNNING: 1, State.SUCCEEDED: 2, State.FAILED: 2}
WHO = st.integers(0, 1)


class Ticking(FakeClock):
    """A clock whose sleeps end when it is set on."""

    def __init__(self):
        super().__init__()
        self.sleeping = []

    async def sleep(self, seconds):
        self.sleeping.append((self.seconds + seconds, asyncio.get_running_loop().create_future()))
        await self.sleeping[-1][1]

    def tick(self, seconds):
        self.seconds += seconds
        for due, sleep in self.sleeping:
            if due <= self.seconds and not sleep.done():
                sleep.set_result(None)
        self.sleeping = [each for each in self.sleeping if not each[1].done()]


class Slow(MemoryJournal):
    """A journal that takes a while, as a disk does; `turns` says how many of the event loop."""

    turns = itertools.repeat(1)

    async def write(self, change):
        await self.some_turns()
        written = await super().write(change)
        await self.some_turns()
        return written

    async def select(self, query):
        found = await super().select(query)
        await self.some_turns()
        return found

    async def some_turns(self):
        for _ in range(next(self.turns)):
            await asyncio.sleep(0)


class OneTask(RuleBasedStateMachine):
    """A task, its provider, and two clients over one journal that are told of it."""

    def __init__(self, provider):
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock, journal = Ticking(), MemoryJournal()
        self.clients = [Told.of(provider, self.clock, Slow(journal.memory)) for _ in range(2)]
        self.truth, self.reached, self.waits, self.known, self.end = QUEUED, [QUEUED], [], None, None

    def run(self, work):
        return self.runner.run(work)

    @property
    def is_signed(self):
        return self.clients[0].provider.name in SIGNED

    @initialize(
        outcome=st.sampled_from([Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.UNCERTAIN, None]),
        turns=st.lists(st.integers(0, 9), min_size=3, max_size=7),
    )
    def buy(self, outcome, turns):
        for each in self.clients:
            each.journal.turns = itertools.cycle(turns)
        self.attempt = self.run(self.clients[0].bought(outcome))
        self.token = self.run(self.clients[0].ledger.token(self.attempt.id))

    def stands(self):
        (attempt,) = self.run(self.clients[0].attempts())
        return attempt

    # What the provider does

    @precondition(lambda self: self.truth < DONE)
    @rule(end=st.sampled_from([DONE, FAILED]))
    def it_goes_on(self, end):
        self.truth = RUNNING if self.truth == QUEUED else end
        self.reached.append(self.truth)
        for each in self.clients:
            each.provider.word = self.truth

    def post(self, who, stage, *, token=None, key=None, late=0, account="mine"):
        """Return the coroutine that takes a post which says how far the task is."""
        told = self.clients[who]
        body = json.dumps(TOLD[told.provider.name](ID, WORDS[told.provider.name][stage])).encode()
        return told.client.receive(account, told.headers(body, key, late), body, token)

    @rule(who=WHO, data=st.data(), late=st.sampled_from([0, 299]), times=st.integers(1, 3), by_token=st.booleans())
    def it_posts(self, who, data, late, times, by_token):
        token = self.token if by_token or not self.is_signed else None
        stage = data.draw(st.sampled_from(self.reached))
        self.run(self.together(*(self.post(who, stage, token=token, late=late) for _ in range(times))))

    @rule(data=st.data())
    def it_posts_to_both_while_they_look(self, data):
        stage = data.draw(st.sampled_from(self.reached))
        self.run(self.together(*(self.post(who, stage, token=self.token) for who in (0, 1)), wake=True))

    async def together(self, *posts, wake=False):
        for each in self.waits if wake else ():
            self.clients[each.who].client.wake(each.task)
        for end in await asyncio.gather(*posts, return_exceptions=True):
            assert end is None or isinstance(end, Task | AnymediaError), end
            assert not isinstance(end, WebhookRefused), end

    # What others post

    @rule(
        who=WHO, stage=st.sampled_from([QUEUED, RUNNING, DONE, FAILED]), way=st.sampled_from(["key", "late", "account"])
    )
    def a_forger_posts(self, who, stage, way):
        before = self.clients[0].kept(), [len(each.provider.asked) for each in self.clients]
        token = self.token if self.is_signed or way == "account" else self.token[::-1]
        how = {"key": {"key": FORGERS}, "late": {"late": 301}, "account": {"account": "second"}}[way]
        if way == "late" and self.clients[0].headers(b"", late=301) == self.clients[0].headers(b"", late=0):
            how = {"key": FORGERS}  # there is no time in it
        with pytest.raises(WebhookRefused):
            self.run(self.post(who, stage, token=token, **how))
        assert before == (self.clients[0].kept(), [len(each.provider.asked) for each in self.clients])

    # What the callers do

    @rule(who=WHO)
    def look(self, who):
        task = self.stands().task
        if task is not None:
            seen = self.run(self.clients[who].client.get(task))
            assert RANK[seen.state] >= RANK[task.state]

    @rule(who=WHO)
    def wait(self, who):
        task = self.stands().task
        if task is not None and len(self.waits) < 4:

            async def begin():
                return asyncio.create_task(self.clients[who].client.wait(task, 100_000))

            self.waits.append(Waiting(who, task, self.run(begin())))
            self.run(settled())

    @rule(seconds=st.sampled_from([0.5, 0.5, 3.0, 30.0]))
    def time_passes(self, seconds):
        self.clock.tick(seconds)
        self.run(settled())

    # What holds

    @invariant()
    def holds(self):
        self.run(settled())
        task = self.stands().task
        if self.known is not None:
            assert task is not None
            assert RANK[task.state] >= RANK[self.known.state], "it goes forward only"
        self.known = task
        if task is not None and task.state.final:
            self.end = self.end or task
            assert task.state is STATES[self.truth], "its end is the provider's"
            assert (task.state, task.assets, task.money) == (self.end.state, self.end.assets, self.end.money)
            assert bool(task.assets) == (task.state is State.SUCCEEDED)
            if task.state is State.FAILED:
                assert any(FAILED in each.provider.said for each in self.clients), "a look has confirmed it"
        for each in self.clients:
            ends = [event for event in each.events if not isinstance(event, Attempt) and event.state.final]
            assert len(ends) <= 1, "an end is told once"
            assert {method for method, _ in each.provider.asked} <= {"GET", each.adapter.lifecycle.poll.method}

    def teardown(self):
        try:
            while self.truth < DONE:
                self.it_goes_on(DONE)
            self.run(self.together(self.post(0, self.truth, token=self.token)))
            self.holds()
            assert self.end is not None
            for _ in range(3):
                self.time_passes(0.5)
            for each in self.waits:  # in the other process too, without a word from anyone but the journal
                assert each.ended.done()
                if self.truth == DONE:
                    assert each.ended.result().state is State.SUCCEEDED
                else:
                    assert isinstance(each.ended.exception(), TaskFailed)
            self.holds()
        finally:
            for each in self.clients:
                self.run(each.client.close())
            self.runner.close()


@attrs.frozen
class Waiting:
    """A wait of one client."""

    who: int
    task: Task
    ended: asyncio.Task


async def settled():
    """Let everything that waits for no time go on."""
    for _ in range(300):
        await asyncio.sleep(0)


@pytest.mark.parametrize("provider", ["runapi", "revidapi", "api_in_one", "kie", "replicate"])
def test_a_task_goes_forward_and_ends_once(provider):
    many = settings(
        max_examples=max(int(40 * TIMES), 1),
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=TIMES <= 1,
    )
    run_state_machine_as_test(lambda: OneTask(provider), settings=many)
