"""Many requests at four providers on a day on which everything goes wrong: no step of any route loses money.

What hypothesis may do in any order: break something, ask for pictures, ask again under the same key, cancel, let time
pass, close the client or let it die and open another one on the same journal, recover. What holds after each step is in
`hold`, by the bills of the simulators alone; `teardown` brings everything to its end.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import count as counter

import attrs
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from anymedia import AnymediaError, Attempt, Client, ImageRequest, Outcome, Result, SubmitUncertain, read_config
from anymedia.simulators import running
from tests.journal.reading import attempts_now
from tests.journal.test_left import die
from tests.providers import FOUR

from .test_life import FAULTS, TIMES
from .virtual import Loop, LoopClock, slow_way

USD = {
    "reapi": Decimal("0.001"),
    "api_in_one": Decimal("0.01"),
    "revidapi": Decimal("0.0025"),
    "runapi": Decimal("0.01"),
}
"""What one unit of the bills is quoted as."""

CERTAIN = (Outcome.NOT_SENT, Outcome.REFUSED)
DAY = 86_400
SLACK = 0.05
ANSWER = 20.0
"""Seconds that an answer may take."""

BILLED = [
    *({"kind": kind} for kind in ("reset_after", "cut_body", "cut_json", "without_id")),
    {"kind": "status", "status": 500, "created": True},
    {"kind": "no_answer", "seconds": 3, "created": True},
    {"kind": "no_answer", "seconds": 60, "created": True},
]
"""What goes wrong with the answer to a submit that was billed."""

WRONG = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from(BILLED)),
    st.sampled_from([("submit", {"kind": "failed"}), ("poll", {"kind": "moderated"})]),
    st.tuples(st.just("submit"), st.sampled_from(FAULTS["submit"])),
    st.tuples(st.just("submit"), st.sampled_from([{"kind": "no_credit"}, {"kind": "throttled"}, {"kind": "stuck"}])),
    st.tuples(st.just("poll"), st.sampled_from([*FAULTS["poll"], {"kind": "no_answer", "seconds": 60}])),
)
PROVIDER = st.sampled_from(FOUR)
TROUBLE = st.tuples(st.sampled_from(["all", *FOUR]), WRONG, st.sampled_from([1, 1, 2, 5]))
CEILING = st.none() | st.sampled_from(["0.02", "0.055", "0.08", "0.1", "0.15", "0.2", "0.25", "0.3", "0.5", "1", "2"])
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "submits": st.sampled_from([[1, 5], [2, 10], [4, 3]]),
        "polls": st.sampled_from([[1, 2], [3, 5]]),
        "active": st.sampled_from([1, 3]),
    },
)
ACCOUNT = st.fixed_dictionaries(
    {},
    optional={
        "limits": LIMITS,
        "connections": st.sampled_from([1, 2]),
        "daily_limit": st.sampled_from(["0.2", "1"]),
    },
)
POLICIES = {"reversed": lambda quotes: quotes[::-1], "every other": lambda quotes: quotes[::2]}
OPTIONS = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(["ordered", "cheapest", "spread", *POLICIES]),
        "mix": st.booleans(),
        "fallback": st.sampled_from([True, True, True, False]),
        "on_blocked": st.sampled_from(["stop", "continue"]),
        "on_uncertain": st.sampled_from(["stop", "continue"]),
        "max_price": CEILING,
    }
)
MOMENT = st.sampled_from(["now", "intent", "submit", "answer", "poll", "task"]) | st.integers(0, 40)


@attrs.define(eq=False)
class Wanted:
    """A request, on terms that stay the same however often it is asked for under its key."""

    number: str
    request: ImageRequest
    accounts: list[str]
    options: dict
    calls: list = attrs.field(factory=list)

    client_died: bool = False

    @property
    def ceiling(self):
        most = self.options["max_price"]
        return None if most is None else Decimal(most)


@attrs.define(eq=False)
class Call:
    """One `generate`: the client that runs it, when it has to be over, and how it ended."""

    wanted: Wanted
    task: asyncio.Task
    client: Client
    until: float
    cancelled: bool = False
    crashed: bool = False
    ended: float | None = None
    begun: frozenset = frozenset()
    """The request's attempts that had been begun when it ended."""

    def is_over(self, by):
        return by is not None and self.ended is not None and self.ended <= by

    @property
    def told(self):
        """Whether it ended, and somebody was there to be told how."""
        return self.ended is not None and not self.task.cancelled() and not self.crashed

    @property
    def was_cancelled(self):
        """Whether a cancel ended it: with a submit under way, that is a SubmitUncertain."""
        if self.ended is None or self.task.cancelled():
            return self.ended is not None
        return self.cancelled and isinstance(self.task.exception(), SubmitUncertain)

    @property
    def attempts(self):
        """What it told of each try."""
        if not self.told:
            return ()
        return (self.task.exception() or self.task.result()).attempts


@attrs.frozen
class Arrival:
    """A call that reached a provider, while which client was there."""

    provider: str
    submit: bool
    at: float
    client: int


class Routes(RuleBasedStateMachine):
    """One client after the other and the simulators in one event loop, on virtual time."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=Loop)
        self.loop = self.runner.get_loop()
        self.clock = LoopClock(self.loop)
        self.numbers = counter(1)
        self.clients = 0
        self.wanted = {}
        self.calls = []
        self.arrivals = []
        self.posts = Counter()
        self.begun = {}  # the attempts that were told of, by request
        self.sent = {}  # the last that was told of each
        self.moments = []
        self.made = {name: {} for name in FOUR}  # when tasks began and will end, by provider and client
        self.slack = SLACK

    def run(self, work):
        return self.runner.run(work)

    @initialize(
        accounts=st.fixed_dictionaries(dict.fromkeys(FOUR, ACCOUNT)),
        refunds=st.booleans(),
        way=st.sampled_from([0, 0.1, 3]),
    )
    def begin(self, accounts, refunds, way):
        with slow_way(way):
            self.run(self.open(accounts))
        self.sims["revidapi"].service.refunds = refunds  # no page says

    async def open(self, accounts):
        self.context = running(*FOUR, clock=self.clock.time)
        self.sims = await self.context.__aenter__()
        for sim in self.sims:
            self.watch(sim.service)
        data = self.sims.config
        for name, said in accounts.items():
            data["providers"][name] |= {"timeout": ANSWER, **said}
        self.data = data
        self.open_client()

    def open_client(self):
        self.clients += 1
        self.client = Client(read_config(self.data, self.sims.environ), clock=self.clock, on_event=self.hear)
        self.loop.slow_down(self.client.journal)

    # What is seen from outside

    def watch(self, service):
        answer = service.answer

        def watched(request):
            place = service._place(request)[0]
            if place in ("submit", "poll", "funds"):
                self.arrivals.append(Arrival(service.name, place == "submit", self.loop.time(), self.clients))
            if place == "submit":
                self.posts[number_in(request.body.decode())] += 1
            made = set(service.tasks)
            response = answer(request)
            for name in set(service.tasks) - made:
                task = service.tasks[name]
                self.made[service.name].setdefault(self.clients, []).append((task.created, task.ends))
            self.pass_by(place)
            return response

        service.answer = watched

    def hear(self, event):
        if isinstance(event, Attempt):
            self.sent[event.id] = event
            self.begun.setdefault(event.labels["number"], set()).add(event.id)
            self.pass_by("intent" if event.outcome is None else "answer")
        else:
            self.pass_by("task")

    def pass_by(self, moment):
        for call, awaited in self.moments:
            if awaited == moment:
                self.loop.call_soon(self.cancel, call)
        self.moments = [each for each in self.moments if each[1] != moment]

    def billed(self):
        """Return what is billed by now: USD and pictures of each request."""
        usd, pictures = Counter(), Counter()
        for sim in self.sims:
            sim.bills()  # what has failed by now is refunded
            for task in sim.service.tasks.values():
                number = number_in(task.order.prompt)
                usd[number] += (task.order.price - task.refunded) * USD[sim.name]
                pictures[number] += task.order.count if task.order.price > task.refunded else 0
        return usd, pictures

    # What may happen

    @rule(trouble=st.lists(TROUBLE, min_size=1, max_size=8))
    def break_something(self, trouble):
        for provider, (on, fault), times in trouble:
            for sim in self.sims:
                if provider in ("all", sim.name):
                    sim.fault(**fault, on=on, times=times)

    @rule(provider=PROVIDER)
    def mend(self, provider):
        self.sims[provider].clear()

    @rule(provider=PROVIDER, balance=st.sampled_from([0, 30, 100_000]))
    def have_credit(self, provider, balance):
        self.sims[provider].service.balance = balance

    @rule(
        trouble=st.lists(TROUBLE, max_size=5),
        times=st.sampled_from([1, 1, 1, 2, 4]),
        count=st.integers(1, 5),
        model=st.sampled_from(["flux-2-pro", "flux-2-pro", "gpt-image-2"]),
        accounts=st.just([]) | st.permutations(FOUR),
        options=OPTIONS,
        key=st.booleans(),
        timeout=st.sampled_from([3, 30, 600]),
        seconds=st.sampled_from([0, 0.5, 5, 60]),
    )
    def ask(self, trouble, times, count, model, accounts, options, key, timeout, seconds):
        self.break_something(trouble)
        if options["max_price"] is None:
            options = options | {"on_uncertain": "stop"}
        options = options | {"policy": POLICIES.get(options["policy"], options["policy"])}
        for _ in range(times):
            number = str(next(self.numbers))
            request = ImageRequest(
                model=model,
                prompt=f"a lighthouse at dusk, number {number}.",
                aspect_ratio="16:9",
                resolution="1K",
                count=count,
                labels={"number": number},
            )
            named = {"idempotency_key": f"key {number}"} if key else {}
            wanted = self.wanted[number] = Wanted(number, request, accounts, options | named)
            self.call(wanted, timeout)
        self.go_on(seconds)

    @rule(which=st.integers(0, 9), timeout=st.sampled_from([3, 600]), seconds=st.sampled_from([0, 5]))
    def ask_again(self, which, timeout, seconds):
        under_key = [wanted for wanted in self.wanted.values() if "idempotency_key" in wanted.options]
        if under_key:
            self.call(under_key[which % len(under_key)], timeout)
        self.go_on(seconds)

    def call(self, wanted, timeout):
        async def begin():
            work = self.client.generate(wanted.request, *wanted.accounts, timeout=timeout, **wanted.options)
            call = Call(wanted, asyncio.create_task(work), self.client, self.loop.time() + timeout)
            call.task.add_done_callback(lambda _: self.over(call))
            wanted.calls.append(call)
            self.calls.append(call)

        self.run(begin())

    def over(self, call):
        call.ended = self.loop.time()
        _ = call.task.cancelled() or call.task.exception()  # it is looked at
        call.begun = frozenset(self.begun.get(call.wanted.number, ()))

    @rule(which=st.integers(0, 9), moment=MOMENT)
    def cancel_a_call(self, which, moment):
        going = [call for call in self.calls[-10:] if call.ended is None]
        if going:
            call = going[which % len(going)]
            if isinstance(moment, int):
                self.run(turns(moment))
                self.cancel(call)
            elif moment == "now":
                self.cancel(call)
            else:
                self.moments.append((call, moment))
                self.go_on(10)
            self.run(turns(1))
        self.hold()

    def cancel(self, call):
        call.cancelled |= call.task.cancel()

    @rule(seconds=st.sampled_from([0, 0.5, 3, 30, 300]))
    def go_on(self, seconds):
        self.run(asyncio.sleep(seconds))
        self.hold()

    @rule(replay=st.booleans(), timeout=st.sampled_from([5, 600]))
    def recover(self, replay, timeout):
        self.recovered(timeout, replay=replay)
        self.hold()

    def recovered(self, timeout, *, replay=False):
        recovery = self.run(self.client.recover(timeout=timeout, replay=replay))
        assert all(isinstance(error, AnymediaError) for error in recovery.errors)
        return recovery

    @rule()
    def restart(self):
        """Cancel what goes on, close the client, and open another."""
        self.run(self.close_client())
        self.hold()
        self.open_client()

    async def close_client(self):
        going = [call for call in self.calls if call.ended is None]
        for call in going:
            self.cancel(call)
        await asyncio.gather(*(call.task for call in going), return_exceptions=True)
        await self.client.close()
        self.hold_detached()
        left = [task for task in asyncio.all_tasks() if not of_a_server(task)]
        assert left == [asyncio.current_task()]

    @rule(turns_=st.integers(0, 20))
    def crash(self, turns_):
        """Let the client die in the middle of whatever it does, and open another."""
        self.run(turns(turns_))
        self.run(self.die())
        self.hold()
        self.open_client()

    async def die(self):
        """Do what the end of a process does: nothing is written any more, and every connection is reset."""
        client, journal = self.client, self.client.journal
        for call in self.calls:
            call.crashed |= call.ended is None
        for attempt in attempts_now(journal):
            self.wanted[attempt.order.labels["number"]].client_died |= attempt.ended_at is None

        def gone(item):
            if item.loop is not None:
                item.future.cancel()

        journal._store._put = gone
        die(journal)
        client._session.readers.on_event = None
        dying = [task for task in asyncio.all_tasks() if not of_a_server(task) and task is not asyncio.current_task()]
        while dying := [task for task in dying if not task.done()]:
            for task in dying:
                task.cancel()
            await turns(1)
        if client._session._transport is not None:
            await client._session._transport.close()

    # What holds

    def hold(self):
        usd, pictures = self.billed()
        attempts = {}
        for attempt in attempts_now(self.client.journal):
            attempts.setdefault(attempt.order.labels["number"], []).append(attempt)
        for number, wanted in self.wanted.items():
            ours = attempts.get(number, [])
            told = {attempt.id: attempt for call in wanted.calls for attempt in call.attempts}
            reserved = sum(attempt.reserved for attempt in ours)
            assert usd[number] <= reserved, "nothing is billed that the journal does not count"
            if all(call.told for call in wanted.calls):
                said = sum(attempt.reserved for attempt in told.values())
                assert usd[number] <= said, "nothing is billed that its caller was not told of"
            if wanted.ceiling is None:
                assert pictures[number] <= wanted.request.count, "no picture is billed twice"
                assert sum(attempt.order.units for attempt in ours if attempt.reserved) <= wanted.request.count
            else:
                assert usd[number] <= wanted.ceiling, "the bills of a request stay under its ceiling"
            last = wanted.calls[-1]
            if last.cancelled and not last.crashed and all(call.is_over(last.ended) for call in wanted.calls):
                assert self.begun.get(number, set()) == last.begun, "nothing is begun after a cancel"
        self.hold_known(attempts)
        self.hold_ends()

    def hold_known(self, attempts):
        """Hold that each bill is in the journal: as a task, or as an attempt of which nobody knows."""
        known = {
            (attempt.order.account, attempt.task.id) for ours in attempts.values() for attempt in ours if attempt.task
        }
        doubtful = Counter(
            (attempt.order.account, number)
            for number, ours in attempts.items()
            for attempt in ours
            if attempt.task is None and attempt.outcome not in CERTAIN
        )
        unknown = Counter(
            (sim.name, number_in(task.order.prompt))
            for sim in self.sims
            for task in sim.service.tasks.values()
            if (sim.name, task.id) not in known
        )
        assert unknown <= doubtful, "every task is in the journal, or may be"

    def hold_ends(self):
        """Hold what a call promises that has ended."""
        for call in self.calls:
            if call.ended is None:
                continue
            if call.task.cancelled():
                assert call.cancelled or call.crashed
                continue
            if call.crashed:
                continue
            assert call.ended <= call.until + self.slack, "a call is over when its time is"
            error = call.task.exception()
            if error is None:
                result = call.task.result()
                assert isinstance(result, Result)
                assert len(result.assets) + result.missing == call.wanted.request.count
            else:
                assert isinstance(error, AnymediaError), repr(error)

    def hold_detached(self):
        """Hold that the tasks of cancelled calls are in sight."""
        detached = {(task.account, task.id) for task in self.client.detached}
        assert detached <= {(sim.name, name) for sim in self.sims for name in sim.service.tasks}
        for attempt in attempts_now(self.client.journal):
            (call, *others) = self.wanted[attempt.order.labels["number"]].calls
            left = call.client is self.client and call.was_cancelled and not others
            if left and attempt.task is not None and attempt.reserved:
                assert (attempt.order.account, attempt.task.id) in detached

    def hold_limits(self):
        """Hold that no provider ever saw more in any window than its account allows, of any one client."""
        for (name, submit), limit in self.limits().items():
            calls, seconds = limit
            for client in range(1, self.clients + 1):
                seen = [
                    each.at
                    for each in self.arrivals
                    if (each.provider, each.submit, each.client) == (name, submit, client)
                ]
                for first, last in zip(seen, seen[calls:], strict=False):
                    assert last - first >= seconds - 1e-6, (name, submit, limit)

        for name, said in self.data["providers"].items():
            if "active" in said.get("limits", {}):
                for tasks in self.made[name].values():
                    self.hold_active(tasks, said["limits"]["active"])

    def hold_active(self, tasks, most):
        for created, _ in tasks:
            going = sum(each <= created < min(ends, each + 600) for each, ends in tasks)
            assert going <= most

    def hold_days(self):
        """Hold that no account has spent more in a day than it may."""
        for name, said in self.data["providers"].items():
            if "daily_limit" in said:
                days = Counter()
                for task in self.sims[name].service.tasks.values():
                    days[task.created // DAY] += (task.order.price - task.refunded) * USD[name]
                assert all(usd <= Decimal(said["daily_limit"]) for usd in days.values())

    def hold_sends(self):
        """Hold that every POST that arrived is one that an attempt counts."""
        sends = Counter()
        for attempt in attempts_now(self.client.journal):
            sends[attempt.order.labels["number"]] += attempt.sends
        for number, wanted in self.wanted.items():
            assert self.posts[number] <= sends[number] or wanted.client_died

    def limits(self):
        found = {}
        for name, said in self.data["providers"].items():
            for what, limit in said.get("limits", {}).items():
                if what != "active":
                    found[name, what == "submits"] = limit
        return found

    # The end of the day

    def teardown(self):
        try:
            for sim in self.sims:
                sim.clear()
                sim.service.balance = 100_000
                for task in sim.service.tasks.values():
                    task.stuck = False  # 6,000 seconds of looks at each would take three quarters of the test
            self.moments = []
            self.go_on(2000)
            assert all(call.ended is not None for call in self.calls)
            self.recovered(6000)
            self.hold()
            self.hold_limits()
            self.hold_days()
            self.hold_sends()
            self.run(self.close_client())
        finally:
            self.run(self.context.__aexit__(None, None, None))
            left = asyncio.all_tasks(self.loop)
            self.runner.close()
        assert not left


def number_in(text):
    """Return which request a prompt, or a body with it, is of."""
    return text.partition("number ")[2].partition(".")[0]


def of_a_server(task):
    return "web_protocol" in task.get_coro().cr_code.co_filename or "simulators" in task.get_coro().cr_code.co_filename


async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


def test_no_route_loses_money():
    many = settings(
        max_examples=int(40 * TIMES),
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=TIMES <= 1,
        # A day takes long to make smaller: in the short form it is told as it was.
        phases=[Phase.generate] if TIMES <= 1 else tuple(Phase),
    )
    run_state_machine_as_test(Routes, settings=many)
