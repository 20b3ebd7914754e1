"""docs/many-machines.md: when and how to move, what happens then, and what a million tasks a day take, worked out.

What stands there of providers is read from the adapters, what was measured from docs/benchmarks.md, and how often the
journal is written to is counted: a picture is bought at a simulator.
"""

import asyncio
import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from anymedia import Client, ImageRequest, read_config
from anymedia.declare import Adapter, Limits, Pace
from anymedia.engine.pace import first_wait, next_wait
from anymedia.journal import MemoryJournal
from anymedia.journal.protocol import LEASE
from anymedia.model.plain import duration
from anymedia.simulators import running, services
from anymedia.testing import FakeClock
from anymedia.worker.database import CONNECTIONS as OF_QUEUE

from .markdown import blocks, page_of, table

DAY = 86_400.0

TASKS, PROCESSES, PEAK, SECONDS = 1_000_000, 1_000, 3, 60.0
"""What is worked out: tasks a day, workers, how many times the average a busy hour has, the seconds of a task."""

FIGURE = re.compile(r"[\d,]+(\.\d+)?")

CONNECTIONS = {
    "one that writes": "what waits is committed together",
    "one that reads": "opened when it is first needed",
    "one that listens": "while something here waits for what others write down: `generate`, `wait`, a batch",
    "one for shared limits": "of accounts that have limits",
}
"""The connections that a process has to the journal, at most."""

LOOKS = "looks at a task of 60 s, learned"
COLD = "looks at a task of 60 s, cold"
BY_WEBHOOK = "looks at a task of 60 s, by webhook"
KIB = "an attempt of a year on the disk of PostgreSQL, KiB"
SUBMITS = "submits a second with PostgreSQL"
"""The figures of docs/benchmarks.md that are gone by; the last two once they were measured."""

INTRO = """\
One process buys, waits and saves for thousands of tasks at a time, and several processes of one machine share a journal
in a file. This page is for who outgrows that: several machines, one journal in PostgreSQL, and still nothing is paid
twice because two workers met."""

WHEN = (
    """\
## When to move""",
    table(
        ("", ""),
        (
            (
                "one machine, any number of processes",
                (
                    "stay: SQLite is as safe, faster for a few processes, and nobody has to run it. Limits "
                    "are shared there too"
                ),
            ),
            (
                "several machines that buy at the same accounts",
                (
                    "move: with a journal each, they do not know of each other's idempotency keys, daily "
                    "limits and windows"
                ),
            ),
            (
                "machines that come and go (containers without a volume)",
                "move: a journal on a disk that goes is a journal that forgets",
            ),
            (
                "a web app on one machine, workers on others",
                "move",
            ),
            (
                "a network file system under the SQLite file",
                "move: its locks cannot be trusted there",
            ),
        ),
    ),
    """\
You do not need a queue of your own. Either run [the worker](#the-worker), or give the [two verbs](#the-two-verbs) to
the engine that you have.""",
)

WHAT = (
    """\
## What changes""",
    table(
        ("", "SQLite", "PostgreSQL"),
        (
            (
                "who shares it",
                "the processes of one machine",
                "any number of machines",
            ),
            (
                "a process is known to be dead",
                "when its lock goes: at once",
                "when its lease is over: {lease} after it was last heard of",
            ),
            (
                "what it was sending is uncertain then",
                "at once",
                "after the lease",
            ),
            (
                "idempotency keys, daily limits, ceilings of a batch",
                "exact over all processes",
                "exact over all machines",
            ),
            (
                "rate windows, active tasks, `Retry-After`",
                "shared by the processes",
                "shared by all machines, by the clock of the database",
            ),
            (
                "who waits hears what others have written down",
                "by asking twice a second",
                "by a notification",
            ),
            (
                "results that came as bytes, and outcomes that cannot be written yet",
                "beside the file",
                "in a folder of each machine ([below](#when-the-database-is-away))",
            ),
            (
                "API keys, bytes of results",
                "never in it",
                "never in it",
            ),
        ),
    ),
    """\
Nothing else changes: the same configuration, commands and methods, and the same [contract
tests](journal.md#a-journal-of-your-own).""",
)

HOW = """\
## How to move

1. **Install the extra** on every machine: `anymedia[postgres]`, or `anymedia[worker]` with the worker. The driver is
   psycopg 3, as procrastinate's is. For a lock, a look, a change and a commit, asyncpg takes as long (0.5 ms), and
   would tie a journal to one event loop.
2. **Make a database** and a user of its own. Its tables are made at the first write, in the schema `anymedia`; later
   versions bring them forward, and an older anymedia refuses a newer form.
3. **Stop what buys** with the old file, on every machine that uses it. An import refuses while a process has it open.
4. **Bring the old journal along**:

   ```sh
   anymedia journal import ~/.local/state/anymedia/journal.db --into postgresql://media@db.example/media
   ```

   Attempts, sums, idempotency keys, open tasks and what was learned of paces come along; from that moment the old file
   takes no more writes. What was interrupted goes on when the command is run again
   ([Into another journal](journal.md#into-another-journal)).
5. **Name it** in the configuration of every machine. The password is better in `PGPASSWORD`, `~/.pgpass` or a service
   file than in the URL; in no case does it stand in a message.

   ```toml
   [journal]
   url = "postgresql://media@db.example/media?sslmode=verify-full"

   [storage]
   url = "s3://bucket/pictures"
   results = true    # a place that every machine sees
   ```

6. **Look**: `anymedia doctor` says whether the database answers, `anymedia spend` the same as before.
7. **Start the workers**, and once an hour, from anywhere, `anymedia collect`: it fetches what nobody has saved, the
   soonest to die first.

The machines should have the same accounts under the same names, with the same API keys: a task is looked at by
whichever machine comes to it."""

VERBS = (
    """\
## The two verbs

An engine that runs jobs at least once needs two steps of which each may be run as often as it likes, at the same time
in two places too.

```python
from anymedia import AnymediaError, Client, ImageRequest, JournalError, Retry


async def buy(client: Client, order: str, prompt: str) -> tuple[str | None, float | None]:
    # Returns the attempt's id and in how many seconds to run `step` with it; without an id, `buy` is run again then.
    request = ImageRequest(model="flux-2-pro", prompt=prompt)
    try:
        task = await client.submit(request, max_price="0.10", idempotency_key=order, timeout=60)
    except AnymediaError as error:
        if error.retry is not Retry.SAME and not isinstance(error, JournalError):
            raise  # a person has to look
        return None, error.retry_after or 30
    return await step(client, task.id)


async def step(client: Client, attempt_id: str) -> tuple[str | None, float | None]:
    # Returns in how many seconds to run it again; None: it is over.
    told = await client.advance(attempt_id, "s3://bucket/pictures")
    return told.attempt_id, told.after
```

`submit` under an idempotency key ends in one of these ways, and at most one bill comes of all runs:""",
    table(
        ("it", "means", "run it again?"),
        (
            (
                "returns a task",
                "bought: now, or before (`task.bought_before`)",
                "no need; it returns the same",
            ),
            (
                "raises `DeadlineExceeded` without a task",
                (
                    "somebody else is buying under the key at this moment, and has not ended within "
                    "`timeout`; this run has sent nothing"
                ),
                "yes, soon",
            ),
            (
                'raises an error with `retry` "same" (`Unavailable`, `RateLimited`, `Cooling`)',
                "nothing was sent, or it was refused for now",
                "yes, after `retry_after`",
            ),
            (
                "raises `JournalError`",
                "the journal is away or full: nothing was sent, unless `error.task` is what was accepted by then",
                "yes, once it is back",
            ),
            (
                "raises `SubmitUncertain`",
                "sent, and no answer was read: by this run or by one that died. `error.attempt` says which",
                "it raises the same, and sends nothing, until [somebody settles it](journal.md#what-was-left)",
            ),
            (
                "raises anything else",
                "refused: nothing was bought",
                "not before somebody has changed something",
            ),
        ),
    ),
    """\
While another run buys under the key, the journal is asked for it with growing pauses, once a second at most.
`timeout` bounds that wait, and the one for the answer; it has to be more than 0.

`advance` takes one step: it reads the attempt in the journal, looks at the task once if it may be done by now, writes
down what it saw, and saves the files when they are there.""",
    table(
        ("`Advance`", "means"),
        (
            (
                "`after` is a number",
                (
                    "come again in so many seconds: as the provider's pace, what was learned of tasks like "
                    "it, its Retry-After or an expected webhook say. Whoever comes sooner than a look makes "
                    "sense is told so without one"
                ),
            ),
            (
                "`after` is None",
                (
                    "nothing is left to be done: the files are saved; or nobody names a place for them; or "
                    "the task failed, was blocked or was dismissed. `task.state`, `task.failure` and "
                    "`task.money` say which, and what is known of the price"
                ),
            ),
            (
                "`error`",
                "what passes by itself was met: come again `after` that",
            ),
            (
                "`attempt_id`",
                "what a job should carry: the journal knows all else, and the latest of it",
            ),
        ),
    ),
    """\
What does not pass is raised: an API key that the provider refuses, a task that it does not know a minute after its
submit, a link that is dead. A task that failed is not raised; running the job again would find the same.

**Give a job the attempt's id, not the task.** A job that carries a task carries what was known when it was put in; the
journal decides all the same (what is over there is not looked at again), but an id is shorter and always right.

Two steps at the same time share nothing but the journal: one looks and saves, the other is told to come again in a
second. A step that dies at any point leaves what the next one finishes: one file, whole, under its name. In a bucket, a
machine that dies between the upload and the note of it leaves the object there, and the next step puts the same file
beside it under the next free name.""",
)

WORKER = """\
## The worker

`anymedia worker` (the extra `worker`) is the two verbs on procrastinate, a queue in the same PostgreSQL: no broker
beside it. Run `anymedia worker --out s3://bucket/pictures` as often as you like, on as many machines.

An application puts requests in with `anymedia.worker.Queue`, and needs no API key for that:

```text
async with Queue() as queue:                             # by the anymedia.toml that the workers read
    await queue.submit(request, idempotency_key="order-17", max_price="0.10")
    standing = await queue.result("order-17")            # its state, its files, or why it came to nothing
```

`submit` sends nothing. What is in the database when it returns is bought once, whoever is killed; with `connection=`,
a transaction of your own puts it in, together with your order. `result` reads the journal by the key; what came to
nothing before anything was sent (no such model, over the ceiling) is told there too, and is tried again when it is put
in again. Small files travel within a request, those above 1 MiB through the bucket of `[storage]`.
[examples/web_app.py](../examples/web_app.py) is a web app of it in FastAPI (`pip install fastapi uvicorn`).

`anymedia batch --workers` has workers send the rows of a file: its own process plans them, holds the budget over all of
them and saves the files, and ends as one without. What no worker has begun when it is stopped is taken back. What a
killed one has left in the queue is not bought, as its claims are gone; the same command goes on with it, once the
lease of the killed one is over.

Each task has one job at a time, by a lock of its own; a job that is to wait is put off, and never sleeps. Once a minute
a sweep over the journal gives a job to what has none: tasks and results whose worker was killed. What it finds was
bought before; it buys nothing. While the database is away, a worker that runs says so once, and waits for it; one that
begins then ends within seconds with exit code 6, for a supervisor to start it again. SIGTERM ends a worker when the
jobs under way are done, after half a minute at most, also while the database is away. Two things are waited for longer,
as what was billed is to be known: the answer to a POST that has left, and, for a minute, a server that is frozen.

On an engine that you have: [Celery](howto/celery.md), and [Temporal and DBOS](howto/workflows.md). What all of them
share is in [Agents, queues and workflows](howto/agents.md)."""

LEASES = """\
## A worker that slept

Each process that writes is an *owner* of the journal, with a lease by the database\'s clock: {lease} (`[journal]
lease`), renewed each third of it, and with everything that it writes. An owner has a number above that of every
earlier one.

A process may be frozen, suspended, or cut off from the database for longer than that. Then its lease is over, for
ever, and others go by it: what it was sending counts as uncertain, its claims are free, its tasks are taken up. When
it wakes up, in the middle of whatever it did:

- **It sends nothing.** Just before the first byte of a POST the process looks at its own clock, which goes on while the
  machine is suspended. If its lease may be over, the attempt ends as not sent, and nothing was billed.
- **It claims and moves nothing.** What it had begun to write as the old owner (an intent, a claim, whose turn it is to
  fetch) is refused inside the transaction, whatever its clock says.
- **What it has sent is always written down.** The answer to a POST that had left is the one thing nobody else knows. It
  is appended, late as it may be: the attempt that counted as uncertain is the task that it is.
- **It goes on as a new owner**, with a new number, for what it begins from then on.

A lease that is shorter finds the dead sooner, and takes a hiccup of the network for death; at {lease} neither is
noticed much. It costs no money either way: what dies while it sends is uncertain, and is never sent again."""

AWAY = (
    """\
## When the database is away""",
    table(
        ("what", "happens"),
        (
            (
                "a submit that has not been sent",
                (
                    "is not sent: no intent, no POST. It waits for a moment, and then until its deadline, and"
                    " raises `JournalError` or that it could not be sent in time"
                ),
            ),
            (
                "a batch, with `--workers` or without",
                (
                    "waits ten seconds where it would begin a row, and then begins no more: exit code 6. What was sent "
                    "goes on; the same command goes on with the rest, once the lease of this run is over"
                ),
            ),
            (
                "a POST that is on its way",
                "ends as it ends. Its outcome is put on this machine's disk, and counts as written: the caller goes on",
            ),
            (
                "tasks that are waited for",
                "are looked at, and their files fetched. That a task is over is put on the disk, too",
            ),
            (
                "what is on the disk",
                (
                    "is written down, under the same rules, as soon as the database is back: before the next "
                    "purchase, in the background, when the client is closed, by the next process of this "
                    "machine, by the sweep of its worker"
                ),
            ),
            (
                "shared limits",
                "let nothing be sent; looks go on, within this process's own limits",
            ),
            (
                "the log",
                "has one sentence when it goes away, one when it is back",
            ),
            (
                "`advance` of an id",
                "raises `JournalError`: come again. Of a task, it looks all the same",
            ),
        ),
    ),
    """\
The folder is `~/.local/state/anymedia/postgres-…`, one for each database (`[journal] folder` names another): `spool/`
for outcomes, `results/` for results that came as bytes. **It has to survive the process**: in a container, a volume. A
machine that is lost with outcomes in it leaves these attempts as uncertain.

A failover to a standby that lags loses what was committed last. An attempt that is lost so is written down anew if its
submit ends after that, and the log says so; of one that had ended before, nobody knows that it was billed. Let a
standby that may take over be a synchronous one.""",
)

SHARED = """\
## Limits that all share

The limits of an account ([accounts](accounts.md)) are those of the provider, which counts per API key and not per
process. So those who share a journal share them: the windows of submits and of looks, the tasks that are active, and
the pause after a Retry-After or a failure. Each process first asks itself, which costs nothing, and then the journal:
in PostgreSQL one short transaction for each submit and each look at an account that has limits, on a connection of its
own, which waits for no disk. A slot of a process that died counts for as long as it may count at the provider. What
there is of waits ends when a slot is free."""

PAPER = """\
## On paper: a thousand workers, a million tasks a day

Worked out when this page was made, from what the adapters declare, from what [was measured](benchmarks.md), and from
what a picture that was bought at a simulator wrote into its journal. Assumed: {tasks} tasks a day, {peak} times as many
in a busy hour, each takes {seconds}, {processes} workers."""

TAKES = """\
A task writes {written} times and waits for each: its key is claimed and let go, the attempt is begun and answered, the
task is over, whose turn it is to fetch, where the file is, and that the turn is over. It takes {known:.1f} looks where
tasks of its offer were seen before, {cold:.1f} where none was, {told:.1f} with webhooks that are answers. In a busy
hour {rate:,.0f} tasks begin each second, and {under_way:,.0f} are under way."""

COMMITS = """\
On the two cores of the [benchmarks](benchmarks.md) PostgreSQL took {:,.0f} submits a second at most, each an intent and
an end."""

ALLOWED = """\
What the accounts that the adapters describe allow. *Accounts* is how many of them a million tasks a day need at least,
by the submits that are allowed and by the tasks that may be active. *Looks* is what the tasks of so many submits need,
at the declared pace, beside what is allowed: where that is less, looks wait for each other, and it is known later that
a task is done. Paces that were learned need fewer, and webhooks hardly any."""

ASSUMED = """\
Where it gets tight, in this order:

1. **The provider.** The table says how many accounts it takes at least where limits are declared; where none are, a
   429 says it. That is what several accounts and several offers are for ([Routing](routing.md)). Ask for higher limits,
   and put them into `limits` of the account.
2. **Connections.** A thousand processes are several thousand of them, and PostgreSQL holds a hundred unless it is told
   otherwise. A process does many jobs at once: fifty with twenty jobs each do the same. A pooler that gives each
   transaction another connection (PgBouncer in transaction mode) does not do: the journal keeps what belongs to its
   session.
3. **Leases.** Every owner is renewed each third of its lease: idle processes cost writes. Fewer processes, or a longer
   `lease`.
4. **The disk.** A million attempts a day fill it. Prune ([When it grows
   old](journal.md#when-it-grows-old)) each night: the sums stay.
5. **Commits.** Last: what several tasks of a process write at the same time is one commit."""


def measured(text: str) -> dict[str, float]:
    """Return the figures of docs/benchmarks.md by their names; of submits a second, those of PostgreSQL."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, figure, detail = ([cell.strip() for cell in line.strip("|").split("|")] + ["", ""])[:3]
        if name.startswith(SUBMITS):
            figure = detail.partition(" ")[0]
        if FIGURE.fullmatch(figure):
            found[name] = float(figure.replace(",", ""))
    return found


def page(sellers: Sequence[Adapter], measured: Mapping[str, float]) -> str:
    """Return the page; `measured` are the figures of docs/benchmarks.md by their names."""
    lease = {"lease": duration(round(LEASE))}
    counted = asyncio.run(_counted(sellers))
    words = {
        "tasks": f"{TASKS:,}",
        "peak": PEAK,
        "seconds": duration(round(SECONDS)),
        "processes": f"{PROCESSES:,}",
    }
    return blocks(
        INTRO,
        *WHEN,
        *(each.format_map(lease) for each in WHAT),
        HOW,
        *VERBS,
        WORKER,
        LEASES.format_map(lease),
        *AWAY,
        SHARED,
        PAPER.format_map(words),
        table(("what", "a day", "a second, on average", "in a busy hour, a second"), _rates(counted, measured)),
        f"The {len(CONNECTIONS)} connections of a process to its journal, at most:",
        "\n".join(f"- {name}: {why}" for name, why in CONNECTIONS.items()),
        f"`anymedia worker` has {OF_QUEUE} more at most, to its queue: {PROCESSES:,} processes hold "
        f"{PROCESSES * (len(CONNECTIONS) + OF_QUEUE):,} at most, fifty hold {50 * (len(CONNECTIONS) + OF_QUEUE):,}.",
        _looks_told(counted, measured),
        ALLOWED,
        table(
            ("provider", "submits", "tasks a day at most", "accounts", "active", "accounts", "looks, of how many"),
            _providers(sellers),
        ),
        ASSUMED,
    )


# What is written


class _Counted(MemoryJournal):
    """A journal that counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    async def intend(self, *given: Any, **named: Any) -> Any:
        """As MemoryJournal."""
        self.asked["written"] += 1
        return await super().intend(*given, **named)

    async def claim(self, *given: Any) -> Any:
        """As MemoryJournal."""
        self.asked["written"] += 1
        return await super().claim(*given)

    async def write(self, change: Any) -> Any:
        """As MemoryJournal."""
        self.asked["written"] += 1
        return await super().write(change)

    def put(self, change: Any) -> None:
        """As MemoryJournal."""
        self.asked["put"] += 1
        super().put(change)

    async def select(self, query: Any) -> Any:
        """As MemoryJournal."""
        self.asked["read"] += 1
        return await super().select(query)


@attrs.frozen
class Counts:
    """What one task asks of the journal, with an idempotency key, in steps: how often it writes, and reads."""

    written: int
    put: int
    read: int
    steps: int


async def _counted(sellers: Sequence[Adapter]) -> Counts:
    """Buy a picture at a simulator, in steps, and return how often the journal was asked."""
    clock, journal = FakeClock(), _Counted()
    names = [seller.name for seller in sellers if seller.name in services()]
    async with running(*names, clock=clock.time) as simulators:
        config = read_config(simulators.config, simulators.environ)
        async with Client(config, clock=clock, journal=journal) as client:
            request = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")
            task = await client.submit(request, policy="cheapest", idempotency_key="order-1")
            with tempfile.TemporaryDirectory() as folder:
                step, steps = await client.advance(task.id, folder), 1
                while step.after is not None:
                    clock.seconds += step.after
                    step, steps = await client.advance(task.id, folder), steps + 1
            return Counts(journal.asked["written"], journal.asked["put"], journal.asked["read"], steps)


# What it comes to


def _rates(counted: Counts, measured: Mapping[str, float]) -> Iterator[list[str]]:
    """Yield what is asked of the database, by the day and by the second."""
    looks = measured[LOOKS]
    amounts = {
        "attempts that are begun": 1.0,
        "rows of them: an attempt and its texts": 2.0,
        "writes that are waited for": float(counted.written),
        "writes that nobody waits for: a task is running": float(counted.put),
        "reads of an attempt: each step, and what is known of files": float(counted.read),
        f"looks, of a task of {duration(round(SECONDS))} whose offer is known": looks,
        "questions for shared limits: each submit, each look": 1 + looks,
    }
    for what, each in amounts.items():
        yield [what, *_told(each * TASKS, PEAK)]
    renewals = PROCESSES * DAY / (LEASE / 3)
    yield [f"renewals of leases, {PROCESSES:,} processes that write nothing", *_told(renewals, 1)]
    if (kib := measured.get(KIB)) is not None:
        gb = TASKS * kib * 1024 / 1e9
        yield ["bytes of attempts, tables and indexes", f"{gb:,.1f} GB", "", ""]


def _told(a_day: float, peak: float) -> list[str]:
    a_second = a_day / DAY
    return [f"{a_day:,.0f}", f"{a_second:,.1f}", f"{a_second * peak:,.1f}"]


def _looks_told(counted: Counts, measured: Mapping[str, float]) -> str:
    """Return what the looks rest on, and what the commits are to be held against."""
    submits = max((value for name, value in measured.items() if name.startswith(SUBMITS)), default=None)
    rate = TASKS * PEAK / DAY
    told = TAKES.format(
        written=counted.written,
        known=measured[LOOKS],
        cold=measured[COLD],
        told=measured[BY_WEBHOOK],
        rate=rate,
        under_way=rate * SECONDS,
    )
    return told if submits is None else f"{told}\n{COMMITS.format(submits)}"


def _providers(sellers: Sequence[Adapter]) -> Iterator[list[str]]:
    """Yield what the accounts of each provider allow that declares limits, and then those that declare none."""
    without = []
    for seller in sellers:
        if seller.limits == Limits():
            without.append(f"[{seller.title}]({page_of(seller)})")
            continue
        yield _allowed(seller)
    yield [", ".join(without), "none declared", "", "", "none declared", "", ""]


def _allowed(seller: Adapter) -> list[str]:
    submits, active, polls = seller.limits.submits, seller.limits.active, seller.limits.polls
    by_submits = None if submits is None else submits[0] / submits[1] * DAY
    by_active = None if active is None else active / SECONDS * DAY
    a_day = min(each for each in (by_submits, by_active, math.inf) if each is not None)
    looks = max(looks_at(life.pace) for life in seller.lives.values())
    needed = f"{a_day / DAY * looks:,.1f} a second"
    return [
        f"[{seller.title}]({page_of(seller)})",
        "" if submits is None else f"{submits[0]:,} in {duration(round(submits[1]))}",
        f"{a_day:,.0f}",
        "" if by_submits is None else f"{math.ceil(TASKS / by_submits):,}",
        "" if active is None else f"{active:,}",
        "" if by_active is None else f"{math.ceil(TASKS / by_active):,}",
        f"{needed}, {f'of {polls[0] / polls[1]:,.1f}' if polls is not None else 'no limit declared'}",
    ]


def looks_at(pace: Pace, seconds: float = SECONDS) -> int:
    """Return how many looks a task of so many seconds takes at a declared pace."""
    age, looks = first_wait(pace, 0.0), 1
    while age < seconds:
        age, looks = age + next_wait(pace, age), looks + 1
    return looks
