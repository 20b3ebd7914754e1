"""What the journal costs on PostgreSQL, beside SQLite on the same disk: submits a second, a killed worker, an import.

    python benchmarks/postgres.py [submits|limits|killed|import] [--write]

A server of PostgreSQL is started for it in a temporary folder, with its usual settings: each commit is on the disk
before anybody is told. Where PostgreSQL is not installed, nothing is measured. With --write, docs/benchmarks.md gets
what was measured; its other figures stay.
"""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
from journal import BODY, attempt
from years import TOGETHER, attempts
from years import _write as written

from anymedia import Attempt, Outcome
from anymedia.journal import Ledger, open_journal
from anymedia.shared_limits import SUBMITS as SHARED
from anymedia.shared_limits import Question, Slot, Want

sys.path.append(str(Path(__file__).parents[1]))
from tests.postgres import Cluster, programs

KINDS = ("SQLite", "PostgreSQL")
AS_USUAL = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB"}
SUBMITS = ((1, 1, 100), (1, 64, 1920), (4, 16, 1920))
"""Processes, submits at a time in each, and how many there are in all."""

AT_ONCE, SLOTS = 64, 640
"""Askers at a time under shared limits, and how many slots they ask for together."""

ROUNDS = 3
YEAR = 20_000
"""Attempts that are imported."""

SIZE = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'anymedia'::regnamespace"""

LEASE = 3.0
"""Seconds of the lease of a worker that is killed: the shortest there is."""


class NotInstalled(Exception):
    """There is no PostgreSQL on this machine."""


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server as it is usually configured. Errors: NotInstalled."""
    if programs() is None:
        raise NotInstalled("PostgreSQL is not installed: `make postgres` installs it, and its part is left out here")
    server = Cluster(**AS_USUAL)
    try:
        yield server
    finally:
        server.close()


# Submits a second


def submit(place: str, at_once: str, each: str) -> None:
    """Do what a submit does to a journal, so many at a time and so often each, once a line comes; tell how long."""

    async def one(ledger: Ledger, several: Sequence[Attempt]) -> None:
        for begun in several:
            await ledger.intend(begun, BODY)
            ended = attrs.evolve(begun, outcome=Outcome.ACCEPTED, ended_at=datetime.now(UTC))
            await ledger.end(attrs.evolve(ended, task=begun.draft(f"task-{begun.id}")))

    async def measured() -> None:
        ledger = Ledger(open_journal(place))
        all_of = [[attempt() for _ in range(int(each))] for _ in range(int(at_once))]
        await one(ledger, [attempt()])
        print("ready", flush=True)
        sys.stdin.readline()
        before = time.perf_counter()
        await asyncio.gather(*(one(ledger, several) for several in all_of))
        print(time.perf_counter() - before, flush=True)
        await ledger.close()

    asyncio.run(measured())


def a_second(place: str, processes: int, at_once: int, number: int) -> float:
    """Return how many submits a second are on the disk, begun and ended."""
    words = ("submit", place, str(at_once), str(number // processes // at_once))
    running = [_child(*words) for _ in range(processes)]
    for each in running:
        _line(each)
    for each in running:
        _say(each)
    slowest = max(float(_line(each)) for each in running)
    for each in running:
        each.wait()
    return number / slowest


def submits(server: Cluster, folder: Path) -> Iterator[tuple[str, float, str]]:
    """Measure submits a second with PostgreSQL over those with SQLite, in turns."""
    for processes, at_once, number in SUBMITS:
        found = dict.fromkeys(KINDS, 0.0)
        for turn in range(ROUNDS):
            with database(server) as url:
                places = {"SQLite": str(folder / f"{processes}-{at_once}-{turn}" / "journal.db"), "PostgreSQL": url}
                for kind in KINDS:
                    found[kind] = max(found[kind], a_second(places[kind], processes, at_once, number))
        name = f"submits a second with PostgreSQL over SQLite, {_times(processes, 'process')}, {at_once} at a time each"
        lite, postgres = (found[kind] for kind in KINDS)
        yield name, postgres / lite, f"{postgres:,.0f} and {lite:,.0f} a second, intent and end on the disk"


@contextlib.contextmanager
def database(server: Cluster) -> Iterator[str]:
    """Make a database, and drop it."""
    url = server.create()
    try:
        yield url
    finally:
        server.drop(url)


# Limits that are shared


def limits(server: Cluster, folder: Path) -> Iterator[tuple[str, float, str]]:
    """Measure what a slot costs under limits that are shared, taken and given back in one question each."""
    with database(server) as url:
        for kind, place in (("SQLite", str(folder / "limits" / "journal.db")), ("PostgreSQL", url)):
            alone, together = asyncio.run(_slots(place))
            detail = f"{together * 1e3:.2f} ms each, {AT_ONCE} at a time"
            yield f"a slot under shared limits, {kind}, 1 at a time, ms", alone * 1e3, detail


async def _slots(place: str) -> tuple[float, float]:
    """Return the seconds that a slot takes: one at a time, and many."""
    journal: Any = open_journal(place)
    await journal.check()
    try:
        return await _slot_seconds(journal, 1), await _slot_seconds(journal, AT_ONCE)
    finally:
        await journal.close()


async def _slot_seconds(journal: Any, at_once: int) -> float:
    async def asker(number: int) -> None:
        before: list[Slot] = []
        for turn in range(SLOTS // at_once):
            want = Want(kind=SHARED, name=f"{at_once}-{number}-{turn}", most=10 * AT_ONCE, after=10.0)
            question = Question(account="acme", slots=before, wants=[want], place=f"{at_once}-{number}")
            answer = journal.limits.ask_at_once(question, time.monotonic())
            answer = answer or await journal.limits.ask(question, time.monotonic())
            assert answer.wait == 0
            before = [Slot(kind=SHARED, name=want.name, seconds=0.0)]

    began = time.perf_counter()
    await asyncio.gather(*(asker(number) for number in range(at_once)))
    return (time.perf_counter() - began) / (SLOTS // at_once * at_once)


# A worker that is killed


def work(place: str) -> None:
    """Begin a submit, tell of it, and wait for an answer that does not come."""

    async def begun() -> None:
        ledger = Ledger(open_journal(place, lease=LEASE))
        await ledger.intend(attempt(), BODY)
        print("begun", flush=True)
        await asyncio.sleep(600)

    asyncio.run(begun())


def killed(server: Cluster, folder: Path) -> Iterator[tuple[str, float, str]]:
    """Measure how long it takes until others know that what a killed process was sending is uncertain."""
    with database(server) as url:
        for kind, place in (("SQLite", str(folder / "killed" / "journal.db")), ("PostgreSQL", url)):
            found = [asyncio.run(_known(place)) for _ in range(ROUNDS)]
            lease = f"a lease of {LEASE:g} s that runs out; a worker's sweep, once a minute, comes at most 60 s later"
            detail = "its lock goes with it" if kind == "SQLite" else lease
            yield f"a submit of a killed process is known to be left, {kind}, s", max(found), detail


async def _known(place: str) -> float:
    ledger = Ledger(open_journal(place, lease=LEASE))
    before = len((await ledger.left())[0])
    with _child("work", place) as worker:
        _line(worker)
        worker.send_signal(signal.SIGKILL)
        since = time.perf_counter()
        worker.wait()
    while len((await ledger.left())[0]) == before:
        await asyncio.sleep(0.02)
    await ledger.close()
    return time.perf_counter() - since


# A journal that moves


def year(place: str, number: str) -> None:
    """Write so many attempts of a year into a journal."""

    async def filled() -> None:
        ledger = Ledger(open_journal(place))
        year = attempts(int(number), datetime.now(UTC) - timedelta(days=1))
        while several := list(islice(year, TOGETHER)):
            await written(ledger, several)
        await ledger.close()

    asyncio.run(filled())


def move(source: str, target: str) -> None:
    """Move a journal into another one; tell how long that took, and the most memory that it held, in MiB."""
    import resource

    from anymedia.journal.imports import import_journal

    async def moved() -> None:
        one: Any = open_journal(source)
        other: Any = open_journal(target)
        await other.check()
        before = time.perf_counter()
        done = await import_journal(one, other)
        seconds = time.perf_counter() - before
        print(json.dumps([done.attempts, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        await other.close()
        await one.close()

    asyncio.run(moved())


def imported(server: Cluster, folder: Path, number: int = YEAR) -> Iterator[tuple[str, float, str]]:
    """Measure how fast a journal moves, and what its attempts take on the disk before and after."""
    import psycopg

    file = folder / "year" / "journal.db"
    _child("year", str(file), str(number)).wait()
    size = file.stat().st_size / number
    with database(server) as url:
        with _child("move", str(file), url) as mover:
            attempts, seconds, mebibytes = json.loads(_line(mover))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            (taken,) = connection.execute(SIZE).fetchone() or (0,)
    took = f"{attempts:,} attempts in {seconds:.0f} s, {mebibytes:.0f} MiB of memory at most"
    yield "attempts a second that are imported from SQLite into PostgreSQL", attempts / seconds, took
    detail = f"with its texts and indexes; SQLite {size / 1024:.2f} KiB"
    yield "an attempt of a year on the disk of PostgreSQL, KiB", float(taken) / attempts / 1024, detail


# Processes


def _child(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, f"{child.args} has ended"
    return line


def _say(child: "subprocess.Popen[str]") -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def _times(number: int, what: str) -> str:
    return f"{number} {what}{'es' * (number != 1)}"


PARTS = {"submits": submits, "limits": limits, "killed": killed, "import": imported}
WORKS: dict[str, Callable[..., None]] = {"submit": submit, "work": work, "year": year, "move": move}


def rows(only: str = "") -> Iterator[tuple[str, float, str]]:
    """Measure everything, or one part. Errors: NotInstalled."""
    with cluster() as server, tempfile.TemporaryDirectory() as name:
        for part, measure in PARTS.items():
            if only in ("", part):
                yield from measure(server, Path(name))


def main() -> int:
    """Print one table; or do one of the works that are measured."""
    words = sys.argv[1:]
    if words and words[0] in WORKS:
        WORKS[words[0]](*words[1:])
        return 0
    found = []
    try:
        for each in rows(*(word for word in words if word != "--write")):
            found.append(each)
            print(f"{each[0]:77} {each[1]:9.2f}   {each[2]}", flush=True)
    except NotInstalled as error:
        print(error)
    if "--write" in words and found:
        from bench import PAGE, replaced

        PAGE.write_text(replaced(PAGE.read_text("utf-8"), found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
