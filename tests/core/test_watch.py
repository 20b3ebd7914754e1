"""Who waits for tasks: each is looked at once for all of them, when it is due, and is heard of by whoever tells."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from anymedia import (
    Account,
    DeadlineExceeded,
    JournalError,
    MalformedAnswer,
    State,
    Task,
    Unavailable,
)
from anymedia.account import Secret
from anymedia.declare import Endpoint, Fault, Limits, Many, Pace, Reply
from anymedia.engine.moves import News
from anymedia.engine.session import Session
from anymedia.engine.watch import LOOKED_ON, Watch
from anymedia.journal.protocol import MOVED
from anymedia.limits.slots import FORGOTTEN
from anymedia.translate.messages import Answer
from anymedia.transport.retry import Patience

from .acme import acme
from .test_permits import bought, tried
from .time_loop import BEGAN, Time, timed

PACE = Pace(first=5, then=3, slower={60: 20})
READ = Reply(id="id", state="state", assets="url")
LATENCY = 0.25
"""Seconds that an answer takes."""


def account(**facts):
    words = {
        "submit": Endpoint(method="POST", path="/v1", model="model", reply=READ),
        "poll": Endpoint(method="GET", path="/v1/{id}", reply=READ),
        "states": {"done": State.SUCCEEDED, "bad": State.FAILED, "going": State.RUNNING},
        "fault": Fault(code="code", message="error", retry_after="wait"),
        "pace": PACE,
    }
    adapter = acme(**words | facts)
    return Account(name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("k"))


def task(name="t-1", age=0.0, **facts):
    submitted = datetime.fromtimestamp(BEGAN + asyncio.get_running_loop().time() - age, UTC)
    facts = {"offer": "still", "variant": "text", "state": State.RUNNING, "raw_state": "going"} | facts
    return Task(id=name, provider="acme", account="acme", submitted_at=submitted, path="/v1", **facts)


class Ledger:
    """What the journal is told, and tells."""

    def __init__(self):
        self.seen, self.took, self.moves, self.rows, self.durations_, self.broken = [], [], [], {}, [], False
        self.asked, self.takes, self.attempts = Counter(), 0.0, {}
        self.outbox, self.journal = SimpleNamespace(), SimpleNamespace(limits=None)
        self.heard, self.tells = None, False

    def hear(self, heard):
        self.heard = heard
        return self.tells

    async def _ask(self, what):
        self.asked[what] += 1
        if self.takes:
            await asyncio.sleep(self.takes)
        if self.broken:
            raise JournalError("no disk")

    async def see(self, task, *, by_webhook=False, took=None):
        self.seen.append(task)
        self.took.append(took)

    async def durations(self, provider, offer, variant):
        await self._ask((provider, offer, variant))
        return self.durations_

    async def with_task(self, account, task_id):
        await self._ask("row")
        return self.rows.get(task_id)

    async def attempt(self, name):
        await self._ask("row")
        return self.attempts.get(name)

    async def moved(self, after=None):
        last, moved = len(self.moves), [] if after is None else self.moves[after:]  # as it is when it is asked
        await self._ask("moved")
        return last, moved


class World:
    """A provider whose tasks are over at a time, a ledger, and the waits for the tasks."""

    def __init__(self, over=None, **facts):
        self.over, self.account, self.ledger = over or {}, account(**facts), Ledger()
        self.looks, self.answers, self.events, self.lists = [], [], [], []
        self.listed, self.latency = self.over, LATENCY
        session = Session(Time(), Patience(), self.events.append, self.ledger)
        session._transport = SimpleNamespace(send=self.send)
        self.session, self.watch = session, Watch(session)

    @property
    def now(self):
        return asyncio.get_running_loop().time()

    async def send(self, account, call, progress, credentials):
        url = urlsplit(call.url)
        ids = parse_qs(url.query).get("ids", [""])[0].split(",") if url.query else [url.path.split("/")[-1]]
        (self.lists if url.query else self.looks).append((round(self.now, 3), *ids))
        answer = self.answers.pop(0) if self.answers else None
        shown = [self.shown(each) for each in ids]  # as it stands when the provider begins to answer
        await asyncio.sleep(self.latency)
        if answer is not None:
            return answer
        words = {"tasks": [each for each in shown if each["id"] in self.listed]} if url.query else shown[0]
        return Answer(200, {}, json.dumps(words).encode())

    def shown(self, name):
        is_over = self.now >= self.over.get(name, 1e9)
        return {"id": name} | ({"state": "done", "url": "https://a.example/1"} if is_over else {"state": "going"})

    def wait(self, task, timeout=600.0):
        return asyncio.create_task(self.watch.until_done(self.account, task, timeout))

    def hint(self, task, timeout=10.0):
        return asyncio.create_task(self.watch.hinted(self.account, task, timeout))

    @property
    def times(self):
        return [at for at, *_ in self.looks]

    def is_idle(self):
        return not any(each._watched for each in self.watch._schedules.values()) and len(asyncio.all_tasks()) == 1


def refused(status, **words):
    return Answer(status, {}, json.dumps(words).encode())


def over(task, **facts):
    return attrs.evolve(task, state=State.SUCCEEDED, raw_state="done", **facts)


# Several who wait


def test_a_task_is_looked_at_once_for_all_who_wait_and_each_has_its_own_deadline():
    async def main():
        world = World({"t-1": 12})
        first, short = task(labels={"of": "first"}), task(labels={"of": "short"})
        waits = [world.wait(first), world.wait(short, 9), world.wait(attrs.evolve(first, labels={}))]
        ends = await asyncio.gather(*waits, return_exceptions=True)
        assert world.times == [5, 8.4, 8.65, 12.05]  # 8.65: the last look before the ninth second
        assert isinstance(ends[1], DeadlineExceeded)
        assert ends[1].task.labels == {"of": "short"}
        assert [each.state for each in (ends[0], ends[2])] == [State.SUCCEEDED] * 2
        assert [each.labels for each in (ends[0], ends[2])] == [{"of": "first"}, {}]  # as each of them knew it
        assert ends[0].assets == ends[2].assets
        assert [event.state for event in world.events] == [State.SUCCEEDED]  # told once
        assert world.is_idle()

    timed(main())


@pytest.mark.parametrize("at", [2, 5.1])
def test_who_goes_leaves_the_task_to_the_others(at):
    async def main():
        world = World({"t-1": 5})
        keeper, other = world.wait(task()), world.wait(task())
        await asyncio.sleep(at)
        keeper.cancel()
        assert (await other).state is State.SUCCEEDED
        assert world.times == ([5] if at < 5 else [5, 5.1])  # in the middle of its look, another looks at once
        assert (keeper.cancelled(), world.is_idle()) == (True, True)

    timed(main())


def test_a_wait_that_joins_may_have_the_soonest_look():
    async def main():
        world = World({"t-1": 1})
        longer = world.wait(task())
        await asyncio.sleep(1)
        with pytest.raises(DeadlineExceeded):
            await world.watch.until_done(world.account, task("t-2", 1), 0.1)
        assert (await world.watch.until_done(world.account, task(age=1), 3)).state is State.SUCCEEDED
        assert ((await longer).state, world.looks) == (State.SUCCEEDED, [(1, "t-2"), (2.1, "t-1")])

    timed(main())


def test_an_answer_without_a_result_ends_each_wait_after_three_of_them():
    async def main():
        world = World({"t-1": 0})
        world.shown = lambda name: {"id": name, "state": "done"}
        first = world.wait(task())
        await asyncio.sleep(6)
        second = world.wait(task())
        ends = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(end) for end in ends] == [MalformedAnswer] * 2
        assert len(world.times) == 4

    timed(main())


def test_another_fault_of_ours_is_told_to_each():
    async def main():
        world = World()

        async def broken(*_, **__):
            raise RuntimeError("a bug")

        world.watch._looks.at = broken
        ends = await asyncio.gather(world.wait(task()), world.wait(task()), return_exceptions=True)
        assert [type(end) for end in ends] == [RuntimeError] * 2
        assert world.is_idle()

    timed(main())


# What a provider asks for


def test_one_answer_that_asks_for_no_more_looks_holds_up_all_of_the_account():
    async def main():
        world = World({"t-1": 0, "t-2": 0, "t-3": 0})
        world.answers = [refused(429, error="slower", wait=60)]
        waits = [world.wait(task(each), 20 if each == "t-3" else 600) for each in ("t-1", "t-2", "t-3")]
        waits.append(world.wait(task("t-4", age=6)))
        await asyncio.sleep(3)
        hint = world.hint(task("t-2"), 5)
        ends = await asyncio.gather(*waits[:3], return_exceptions=True)
        assert [end.state for end in ends] == [State.SUCCEEDED] * 3
        with pytest.raises(Unavailable, match="was not looked at in time"):
            await hint
        assert [world.looks[0][1], *world.looks[1:3]] == ["t-4", (18, "t-3"), (60.25, "t-2")]
        waits[3].cancel()

    timed(main())


def test_a_look_that_waits_for_its_permit_is_put_off_too():
    async def main():
        world = World({"t-1": 0, "t-2": 0}, pace=Pace(first=0, then=1))
        world.account = attrs.evolve(world.account, connections=1)
        world.answers = [refused(429, error="slower", wait=30)]
        await asyncio.gather(world.wait(task("t-1")), world.wait(task("t-2")))
        assert [at for at, *_ in world.looks] == [0, 30.25, 30.5]

    timed(main())


def test_a_wake_before_the_look_has_its_permit_is_for_that_look():
    async def main():
        world = World({"t-1": 0, "t-2": 0}, pace=Pace(first=0, then=1))
        world.account = attrs.evolve(world.account, connections=1)
        waits = [world.wait(task("t-1")), world.wait(task("t-2"))]
        await asyncio.sleep(0.1)
        world.watch.wake(task("t-2"))
        await asyncio.gather(*waits)
        assert world.looks == [(0, "t-1"), (0.25, "t-2")]

    timed(main())


# Hints


def test_hints_share_one_look_and_those_in_the_middle_of_it_one_more():
    async def main():
        world = World({"t-1": 2.1})
        waiting = world.wait(task())
        await asyncio.sleep(2)
        early = [world.hint(task()) for _ in range(1000)]
        await asyncio.sleep(0.2)
        late = [world.hint(task()) for _ in range(1000)]
        assert {each.state for each in await asyncio.gather(*early)} == {State.RUNNING}
        assert {each.state for each in await asyncio.gather(*late)} == {State.SUCCEEDED}
        assert (await waiting).state is State.SUCCEEDED
        assert world.times == [2, 2.25]
        done = over(task())
        assert await world.watch.hinted(world.account, done, 1) is done
        assert world.is_idle()

    timed(main())


def test_where_nobody_waits_a_task_that_was_told_of_is_looked_at_for_a_minute():
    async def main():
        world = World({"t-1": 20, "t-2": 500})
        for name, looks in (("t-1", 7), ("t-2", 19)):
            world.looks.clear()
            hinted = world.now
            assert (await world.hint(task(name))).state is State.RUNNING
            await asyncio.sleep(120)
            assert len(world.looks) == looks
            assert world.times[-1] - hinted < LOOKED_ON
        assert [each.state for each in world.ledger.seen] == [State.SUCCEEDED]
        assert world.is_idle()
        assert (await world.hint(task("t-3"))).state is State.RUNNING
        await world.watch.close()  # it is given up
        assert world.is_idle()

    timed(main())


@pytest.mark.parametrize("fault", [refused(503), None])
def test_a_hint_whose_look_fails_is_to_come_again(fault):
    async def main():
        world = World({"t-1": 0})
        if fault is None:
            world.latency = 100  # it does not come in time
        else:
            world.answers = [fault]
        waiting = world.wait(task())
        with pytest.raises(Unavailable):
            await world.hint(task(), 1)
        world.latency = LATENCY
        assert (await waiting).state is State.SUCCEEDED

    timed(main())


def test_a_call_that_cannot_be_made_is_a_look_too():
    async def main():
        world = World(poll=Endpoint(method="GET", link="next", reply=READ))
        with pytest.raises(MalformedAnswer) as caught:
            await world.hint(task())
        assert caught.value.task.trouble.looks == 1

    timed(main())


# Told


@pytest.mark.parametrize("at", [2, 5.1])
def test_what_is_told_is_had_at_once_without_a_look_or_in_the_middle_of_one(at):
    async def main():
        world = World()
        waits = [world.wait(task()) for _ in range(2)]
        await asyncio.sleep(at)
        world.watch.told(attrs.evolve(task(), told={"progress": 0.5}))
        world.watch.told(over(task(), assets=()))
        world.watch.told(over(task("t-2")))  # nobody waits for it
        late = await world.watch.until_done(world.account, task(), 9)  # the others are about to hear of it
        assert late.state is State.SUCCEEDED
        assert [each.state for each in await asyncio.gather(*waits)] == [State.SUCCEEDED] * 2
        assert (world.now, len(world.looks)) == (at, int(at > 5))
        assert world.is_idle()

    timed(main())


def test_a_look_that_is_answered_as_the_task_is_told_does_not_take_that_back():
    async def main():
        world = World()
        waiting = world.wait(task())
        await asyncio.sleep(5)
        at = world.watch._looks.at

        async def slow(*arguments, **named):
            seen = await at(*arguments, **named)
            world.watch.told(over(task()))
            return seen

        world.watch._looks.at = slow
        assert (await waiting).state is State.SUCCEEDED

    timed(main())


# Other processes


def moved(task, by_webhook=False):
    return move(attempt(task), by_webhook)


def move(attempt, by_webhook=False):
    task_id = None if attempt.task is None else attempt.task.id
    told = {"id": attempt.id, "account": "acme", "task_id": task_id, "by_webhook": by_webhook}
    return SimpleNamespace(**told, attempt=attempt)


def attempt(task, name="a-1"):
    return SimpleNamespace(id=name, task=task, order=SimpleNamespace(account="acme"))


def test_what_another_process_writes_down_is_heard_within_half_a_second():
    async def main():
        world = World()
        waits = [world.wait(task(each, webhook=True)) for each in ("t-1", "t-2", "t-3")]
        other = world.wait(task("t-4"))
        await asyncio.sleep(3.9)
        world.ledger.moves += [moved(over(task("t-9"))), moved(over(task("t-1"))), moved(None)]
        assert (await waits[0]).state is State.SUCCEEDED
        assert (world.now, world.looks) == (4, [])
        world.ledger.moves.append(moved(over(task("t-2")), by_webhook=True))
        assert (await waits[1]).state is State.SUCCEEDED
        assert 4 < world.now <= 4.5
        assert [event.id for event in world.events] == ["t-1", "t-2"]  # this process's listener hears of them
        assert world.ledger.asked["moved"] == 1 + 9  # one asks for all
        await asyncio.sleep(30)
        assert {name for _, name in world.looks} == {"t-4", "t-3"}
        world.ledger.broken = True  # what the journal does not tell, looks do
        world.over |= {"t-3": 0, "t-4": 0}
        assert {each.state for each in await asyncio.gather(waits[2], other)} == {State.SUCCEEDED}

    timed(main())


def test_a_journal_that_tells_what_moves_is_asked_then():
    """At once where nothing was told for half a second, and of many moves in a row together."""

    async def main():
        world = World()
        world.ledger.tells = True
        names = ("t-1", "t-2", "t-3")
        waits = [world.wait(task(each, webhook=True)) for each in names]
        await asyncio.sleep(3.8)
        asked = world.ledger.asked["moved"]
        assert asked <= 2

        def moves(name):
            world.ledger.moves.append(moved(over(task(name))))
            world.ledger.heard()

        for name in ("t-9", "t-1"):
            moves(name)
        assert ((await waits[0]).state, world.now) == (State.SUCCEEDED, 3.8)
        await asyncio.sleep(0.1)
        for name in ("t-8", "t-2"):
            moves(name)
        assert ((await waits[1]).state, world.now) == (State.SUCCEEDED, 4.3)
        assert world.ledger.asked["moved"] == asked + 2
        world.ledger.takes = 0.2
        world.ledger.heard()  # while it is being asked, something moves that is not in the answer
        await asyncio.sleep(0.55)
        moves("t-3")
        assert (await waits[2]).state is State.SUCCEEDED
        assert world.now < 6
        await world.watch.close()

    timed(main())


def test_a_loop_that_is_closed_hears_nothing():
    loop, news = asyncio.new_event_loop(), News()
    loop.close()
    news.heard(loop)
    assert not news.next.is_set()


@pytest.mark.parametrize("broken", [False, True])
def test_what_was_written_down_before_anybody_waits_is_heard_too(broken):
    async def main():
        world = World({"t-1": 0, "t-2": 0})
        world.ledger.broken = broken
        world.ledger.rows["t-1"] = attempt(over(task(webhook=True)))
        world.ledger.rows["t-2"] = attempt(None)
        for each in ("t-1", "t-2"):
            assert (await world.wait(task(each, webhook=True))).state is State.SUCCEEDED
        assert [name for _, name in world.looks] == (["t-1", "t-2"] if broken else ["t-2"])

    timed(main())


# A journal that is slow, or locked


async def looked_at_while(takes, took=((9.0, 11.0),) * 3, *, broken=False):
    """Return when tasks with and without a webhook are looked at, and found, while each answer takes so long."""
    world, found = World({"t-1": 10, "t-2": 10}), {}
    world.ledger.takes, world.ledger.durations_, world.ledger.broken = takes, list(took), broken
    for name, is_hooked in (("t-1", True), ("t-2", False)):
        waiting = world.wait(task(name, webhook=is_hooked), 30)
        waiting.add_done_callback(lambda _, name=name: found.setdefault(name, round(world.now, 3)))
    with pytest.raises(DeadlineExceeded):
        await world.watch.until_done(world.account, task("t-3", webhook=True), 30)
    last, name = world.looks[-1]
    assert (world.now, name, 28 <= last < 30) == (30, "t-3", True)
    await world.watch.close()
    await asyncio.sleep(1)
    assert world.is_idle()
    return [[*(at for at, name in world.looks if name == each), found[each]] for each in ("t-1", "t-2")]


def test_a_journal_that_never_answers_changes_nothing_of_looks_and_deadlines():
    declared = timed(looked_at_while(0.0, ()))
    assert declared == [[5, 8.4, 11.8, 12.05]] * 2
    for takes in (1e9, 7.0, 0.4):
        assert timed(looked_at_while(takes, ())) == declared
    assert timed(looked_at_while(1e9)) == timed(looked_at_while(0.0, broken=True)) == declared


def test_what_a_slow_journal_tells_is_used_once_it_is_there():
    at_once, soon, late = (timed(looked_at_while(takes)) for takes in (0.0, 3.0, 5.5))
    assert at_once == soon
    for (first, *_, found), (declared, *_, found_late) in zip(at_once, late, strict=True):
        assert (first > 8, declared) == (True, 5)  # likely to be done, and as declared
        assert max(found, found_late) < 11  # it is 12.05 at the declared pace


def test_many_waits_read_what_is_alike_once():
    async def main():
        world = World({f"t-{number}": 9 for number in range(50)})
        world.ledger.takes = 2.0
        waits = [world.wait(task(f"t-{number}")) for number in range(50)]
        await asyncio.sleep(1)
        waits[0].cancel()  # it was the one that reads: the next one does
        await asyncio.wait(waits)
        assert world.ledger.asked == {("acme", "still", "text"): 2}

    timed(main())


class Unread:
    """A move of which nothing may be read: to read an attempt takes a while, and thousands may move at once."""

    id, account, task_id, by_webhook = "a-9", "acme", "t-9", True

    @property
    def attempt(self):
        raise AssertionError("nobody waits for it")


def test_of_what_moves_nothing_is_read_that_nobody_waits_for():
    async def main():
        world = World({"t-1": 30})
        waiting = world.wait(task(webhook=True))
        await asyncio.sleep(1)
        world.ledger.moves += [Unread(), Unread()]
        await asyncio.sleep(55)
        assert world.looks == [(5.0, "t-1")]  # they tell that webhooks come
        world.watch.told(over(task()))
        await waiting

    timed(main())


# Who waits for a task slot


def test_who_waits_for_a_task_slot_hears_what_another_process_writes_down():
    async def main():
        world = World()
        mine = attrs.evolve(world.account, callback="https://app.example/hooks", limits=Limits(active=1))
        active, ledger = world.session.permits.of(mine).active, world.ledger

        async def enters(held):
            active.add(held)
            began = world.now
            await active.enter()
            active.leave()
            return world.now - began

        def moves(each):
            ledger.moves.append(move(each))

        # What was over before anybody asked, its row tells.
        ledger.rows["1"] = bought(1, State.SUCCEEDED)
        assert (await enters(bought(1)), ledger.asked["row"]) == (0, 1)
        # From then on what has moved is heard of, however long ago it was.
        moves(bought(2, State.FAILED))
        await asyncio.sleep(500)
        assert (await enters(bought(2)), ledger.asked["row"]) == (0, 1)
        entering = asyncio.create_task(enters(tried(4)))
        await asyncio.sleep(2.2)
        moves(attrs.evolve(tried(4), task=over(task("4"))))
        assert (await entering, ledger.asked["row"]) == (2.5, 1)
        # Unless that is too much, or somebody who waits for a task has begun anew.
        ledger.moves += [moved(over(task("another")))] * (MOVED + 1)
        ledger.attempts["tried 5"] = bought(5, State.SUCCEEDED)
        ledger.rows |= {"6": bought(6, State.SUCCEEDED), "7": bought(7)}
        assert (await enters(tried(5)), ledger.asked["row"]) == (0, 3)
        with pytest.raises(DeadlineExceeded):
            await world.watch.until_done(world.account, task("t-1", webhook=True), 3)
        moves(bought("another", State.SUCCEEDED))
        waiting = world.wait(task("t-1", webhook=True), 600)
        await asyncio.sleep(1)
        assert await enters(bought(6)) == 0
        # A row that goes on frees nothing, nor does a journal that is broken, or slow: a look does, or a later answer.
        entering = asyncio.create_task(enters(bought(7)))
        await asyncio.sleep(10)
        world.watch.told(over(task("7")))
        assert await entering == 10
        waiting.cancel()
        ledger.broken = True
        entering = asyncio.create_task(enters(bought(8)))
        await asyncio.sleep(3.1)
        moves(bought(8, State.SUCCEEDED))
        ledger.broken, ledger.takes = False, 1.0
        assert 3.1 < await entering < 6
        await world.watch.close()
        await asyncio.sleep(1)
        assert world.is_idle()

    timed(main())


def test_without_a_journal_there_is_nothing_to_hear():
    async def main():
        world = World({"t-1": 0})
        session = Session(Time(), Patience(), None, None)
        watch = Watch(session)
        await session.permits.hears("acme", ["t-1"])
        watch._looks = world.watch._looks
        watch.wake(task())  # nobody waits for anything there
        watch.told(over(task()))
        assert (await watch.until_done(world.account, task(webhook=True), 60)).state is State.SUCCEEDED

    timed(main())


# While webhooks arrive


def test_while_webhooks_arrive_who_expects_one_only_sweeps_and_one_that_is_missed_ends_that():
    async def main():
        world = World({"t-1": 0, "t-2": 500}, expires=300)
        world.ledger.durations_ = [(9.0, 11.0)] * 3
        world.watch.arrived("acme")
        first, second = world.wait(task("t-1", webhook=True)), world.wait(task("t-2", webhook=True))
        polled = world.wait(task("t-3"), 22)
        assert (await first).state is State.SUCCEEDED
        (at,) = [at for at, name in world.looks if name == "t-1"]
        assert 19 < at < 21  # twice the usual time
        with pytest.raises(DeadlineExceeded):
            await polled
        await asyncio.sleep(20)
        times = [at for at, name in world.looks if name == "t-2"]
        assert len(times) >= 4  # as usual from then on
        world.watch.arrived("acme")
        await asyncio.sleep(100)
        times = [at for at, name in world.looks if name == "t-2"]
        assert all(later - earlier > 19 for earlier, later in zip(times[-4:], times[-3:], strict=False))
        assert (await second).state is State.SUCCEEDED

    timed(main())


def test_no_pause_outlasts_a_third_of_the_results_life_and_a_sweep_by_a_hint_is_none():
    async def main():
        world = World({"t-1": 100}, expires=30)
        world.watch.arrived("acme")
        waiting = world.wait(task(webhook=True))
        await asyncio.sleep(55)
        assert len(world.looks) == 5
        assert all(later - earlier < 10.5 for earlier, later in zip(world.times, world.times[1:], strict=False))
        await asyncio.sleep(45.5)
        await world.hint(task(webhook=True))
        assert (await waiting).state is State.SUCCEEDED
        assert world.watch._schedule("acme")._arrived == 0.0

    timed(main())


@pytest.mark.parametrize("by_webhook", [True, False])
def test_no_task_is_left_alone_for_so_long_that_it_would_count_as_over(by_webhook):
    async def main():
        world = World({"t-1": 3 * FORGOTTEN})
        world.ledger.durations_ = [(2.9 * FORGOTTEN, 3 * FORGOTTEN)] * 9
        if by_webhook:  # which never comes
            world.watch.arrived("acme")
        assert (await world.wait(task(webhook=by_webhook), 4 * FORGOTTEN)).state is State.SUCCEEDED
        gaps = [later - earlier for earlier, later in zip([0, *world.times], world.times, strict=False)]
        assert FORGOTTEN / 4 < max(gaps) < FORGOTTEN / 2 + 1  # and what a look takes

    timed(main())


# Several in one call

LIST = Many(call=Endpoint(method="GET", path="/v1", query={"ids": "{ids}"}), each="tasks[]", most=3)


def test_one_call_tells_of_what_is_due_and_what_it_does_not_tell_of_is_looked_at_alone():
    async def main():
        world = World({"a": 0, "b": 6, "c": 0, "d": 0, "e/": 1e9}, many=LIST)
        world.listed = {"a", "b", "d"}
        waits = {name: world.wait(task(name, age)) for name, age in zip("abcd", (0.3, 0.2, 0.1, 0), strict=True)}
        assert {(await waits[name]).state for name in "abcd"} == {State.SUCCEEDED}
        assert world.lists == [(4.7, "a", "b", "c")]
        assert world.looks == [(4.95, "c"), (5, "d"), (8.1, "b")]
        assert [task.raw for task in world.ledger.seen if task.id == "a"] == [world.shown("a")]
        assert world.is_idle()

    timed(main())


@pytest.mark.parametrize(
    ("answer", "lists", "looks"),
    [
        (refused(500, error="no list"), 1, 2),
        (refused(429, error="slower", wait=30), 2, 0),  # single looks would be too many as well
        (Answer(200, {}, b'{"tasks": [{"id": "a", "state": 7.5}, {"id": "a", "state": "done"}]}'), 1, 2),
    ],
)
def test_a_list_that_fails_is_no_obstacle(answer, lists, looks):
    async def main():
        world = World({"a": 0, "b": 0}, many=LIST)
        world.answers = [answer]
        ends = await asyncio.gather(world.wait(task("a")), world.wait(task("b")))
        assert [end.state for end in ends] == [State.SUCCEEDED] * 2
        assert (len(world.lists), len(world.looks)) == (lists, looks)
        assert ((world.now > 30) is (answer.status == 429), world.is_idle()) == (True, True)

    timed(main())


def test_who_makes_a_call_for_several_may_go_in_the_middle_of_it():
    async def main():
        world = World({"a": 0, "b": 0}, many=LIST)
        waits = [world.wait(task(each)) for each in "ab"]
        more = world.wait(task("b"))
        await asyncio.sleep(5.1)
        waits[0].cancel()
        assert [(await each).state for each in (waits[1], more)] == [State.SUCCEEDED] * 2
        assert (world.lists, world.looks) == ([(5, "a", "b")], [(5.1, "b")])
        assert world.is_idle()

    timed(main())


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"call": Endpoint(method="POST", path="/v1/{ids}")}, "a GET whose path or query holds {ids}, once"),
        ({"call": Endpoint(method="GET", path="/v1")}, "a GET whose path or query holds {ids}, once"),
        ({"call": Endpoint(method="GET", link="next")}, "a GET whose path or query holds {ids}, once"),
        ({"call": Endpoint(method="GET", path="/{wire_id}/{ids}")}, "its path holds {ids}, and no other name"),
        ({"call": Endpoint(method="GET", path="/v1/{ids}", reply=READ)}, "nothing but `ok` and `reads` is read"),
        ({"most": 1}, "two or more"),
    ],
)
def test_a_call_for_several_says_nothing_that_is_not_read(words, wrong):
    with pytest.raises(ValueError, match=wrong):
        Many(**{"call": LIST.call, "each": "tasks[]"} | words)


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"poll": None}, "many: without a poll nothing is looked at"),
        ({"many": attrs.evolve(LIST, reply=Reply(state="state"))}, "many: no id tells which task is which"),
    ],
)
def test_a_call_for_several_needs_a_poll_and_ids(facts, wrong):
    with pytest.raises(ValueError, match=wrong):
        account(**{"many": LIST} | facts)


# What is seen of errors


def test_faults_slow_the_looks_of_their_own_task_alone():
    async def main():
        world = World({"t-1": 0, "t-2": 0})
        world.answers = [refused(503), refused(503), refused(503)]
        waits = [world.wait(task())]
        await asyncio.sleep(10)
        waits.append(world.wait(task("t-2", age=5)))
        assert {each.state for each in await asyncio.gather(*waits)} == {State.SUCCEEDED}
        assert (10, "t-2") in world.looks
        world.answers = [refused(503)] * 9
        with pytest.raises(DeadlineExceeded) as caught:
            await world.watch.until_done(world.account, task("t-3"), 6)
        assert isinstance(caught.value.__cause__, Unavailable)

    timed(main())
