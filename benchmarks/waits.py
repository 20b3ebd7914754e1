"""How often tasks are looked at, and how much later than they are done that is known, in simulated time.

Tasks take 3, 10 and 60 s, each a tenth more or less. They are waited for as a new client does (cold), as one that knows
twenty such tasks (learned), and with a webhook that is an answer or a hint, while webhooks arrive. Beside them stand
the fixed paces that other libraries use.
"""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import attrs

from anymedia import Account, State, Task
from anymedia.account import Secret
from anymedia.declare import Adapter, Endpoint, Header, Lifecycle, Pace, Reply
from anymedia.engine.session import Session
from anymedia.engine.watch import Watch
from anymedia.testing import FakeClock
from anymedia.translate.messages import Answer, Call
from anymedia.transport.retry import Patience

TASKS = 40
KNOWN = 20
SECONDS = (3, 10, 60)
SPREAD = 0.1
FIXED = (0.1, 0.5, 2.0)
PACE = Pace(first=5, then=3, slower={30: 5, 120: 15})
"""What the page of one provider advises."""

READ = Reply(id="id", state="state", assets="url")
ADAPTER = Adapter(
    name="bench",
    title="Bench",
    page="none",
    read="2026-11-20",
    base_url="https://api.bench.example",
    api_key_env=("BENCH_API_KEY",),
    auth=Header("x-key"),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1", reply=READ),
        poll=Endpoint(method="GET", path="/v1/{id}", reply=READ),
        states={"done": State.SUCCEEDED, "going": State.RUNNING},
        pace=PACE,
    ),
    offers=(),
)
ACCOUNT = Account(name="bench", adapter=ADAPTER, origin=ADAPTER.base_url, api_key=Secret("k"))


class Timed(FakeClock):
    """A clock that moves when somebody sleeps, and stops at the moment at which something happens."""

    def __init__(self) -> None:
        super().__init__()
        self.chances = random.Random(1)
        self.at: float | None = None
        self.happens: Callable[[], object] = lambda: None

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and what happens meanwhile."""
        until = self.seconds + seconds
        while self.at is not None and self.at <= until:
            self.seconds, self.at = self.at, None
            asyncio.get_running_loop().call_soon(self.happens)
            for _ in range(9):  # whoever waits for it goes on
                await asyncio.sleep(0)
        self.seconds = until
        await asyncio.sleep(0)

    def chance(self) -> float:
        """Return a random number."""
        return self.chances.random()


class Provided(Session):
    """The shared parts of a client whose calls are answered by a function."""

    def __init__(self, *parts: Any, answer: Callable[[Call], Answer]) -> None:
        super().__init__(*parts)
        self._answer = answer

    async def send(self, account: Account, call: Call, *_: object, **__: object) -> Answer:
        """Answer a call."""
        return self._answer(call)


class Bench:
    """A provider on such a clock, and the waits for its tasks."""

    def __init__(self, seconds: float) -> None:
        self.clock = Timed()
        self.durations = random.Random(2)
        self.seconds = seconds
        self.looks = 0
        self.over = 0.0
        self.number = 0
        self.watch = Watch(Provided(self.clock, Patience(), None, None, answer=self._send))

    def _send(self, call: Call) -> Answer:
        self.looks += 1
        name = call.url.rpartition("/")[2]
        state = "done" if self.clock.seconds >= self.over else "going"
        return Answer(200, {}, json.dumps({"id": name, "state": state, "url": "https://a.example/1"}).encode())

    async def one(self, *, webhook: str | None = None) -> tuple[int, float]:
        """Return how many looks a task takes, and how many seconds later than it is done that is known."""
        self.number += 1
        self.looks, clock = 0, self.clock
        self.over = clock.seconds + self.seconds * self.durations.uniform(1 - SPREAD, 1 + SPREAD)
        task = Task(
            id=f"t-{self.number}",
            provider="bench",
            account="bench",
            offer="still",
            variant="text",
            webhook=webhook is not None,
            submitted_at=datetime.fromtimestamp(clock.seconds, UTC),
            path="/v1",
        )
        hints: list[asyncio.Task[Task]] = []

        def told() -> None:
            self.watch.told(attrs.evolve(task, state=State.SUCCEEDED))

        def hinted() -> None:
            hints.append(asyncio.create_task(self.watch.hinted(ACCOUNT, task, 5)))

        if webhook is not None:
            self.watch.arrived("bench")
            clock.at, clock.happens = self.over, hinted if webhook == "hint" else told
        at = await asyncio.create_task(self._known(task))
        await asyncio.gather(*hints)
        return self.looks, at - self.over

    async def _known(self, task: Task) -> float:
        await self.watch.until_done(ACCOUNT, task, 1e6)
        return self.clock.seconds


async def ours(seconds: float) -> dict[str, list[tuple[int, float]]]:
    """Return the looks and the delays of tasks that take so long, by how they are waited for."""
    fresh = [Bench(seconds) for _ in range(TASKS)]
    for number, bench in enumerate(fresh):
        bench.clock.chances.seed(number)
        bench.durations.seed(number)
    cold = [await bench.one() for bench in fresh]
    bench = Bench(seconds)
    for _ in range(KNOWN):
        await bench.one()
    learned = [await bench.one() for _ in range(TASKS)]
    told = [await bench.one(webhook="body") for _ in range(TASKS)]
    hinted = [await bench.one(webhook="hint") for _ in range(TASKS)]
    return {"cold": cold, "learned": learned, "by webhook": told, "by a webhook that is a hint": hinted}


def fixed(seconds: float, pace: float) -> list[tuple[int, float]]:
    """Return the same where a task is looked at at a fixed pace."""
    durations, found = random.Random(2), []
    for _ in range(TASKS):
        lasts = seconds * durations.uniform(1 - SPREAD, 1 + SPREAD)
        looks = int(lasts / pace) + 1
        found.append((looks, looks * pace - lasts))
    return found


def rows() -> Iterator[tuple[str, float, str]]:
    """Measure everything."""
    for seconds in SECONDS:
        ways = asyncio.run(ours(seconds)) | {f"each {pace:g} s": fixed(seconds, pace) for pace in FIXED}
        for way, found in ways.items():
            looks, late = (sum(each) / len(found) for each in zip(*found, strict=True))
            yield f"looks at a task of {seconds} s, {way}", looks, f"known {late:.2f} s after it is done"
