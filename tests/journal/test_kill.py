"""kill -9 at any moment: what was billed is in the journal or listed as uncertain, and resuming sends nothing twice.

ANYMEDIA_ROUNDS says how many rounds; after the 200 of `make soak` docs/durability.md is written. ANYMEDIA_SEED throws
the dice of an earlier run again: its faults and moments, not the order in which three processes come by.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from anymedia import Client, DownloadError, ImageRequest, SubmitUncertain, SyncClient, read_config
from anymedia.journal import Released, SQLiteJournal
from anymedia.simulators import in_thread

from .child import child, killed, until
from .kill import PATIENCE, Fast
from .killing import (
    ENOUGH,
    SEED,
    Rounds,
    figures,
    is_uncertain,
    label_of,
    parts,
    round_of,
    system,
    table,
    write,
)
from .reading import attempts_in

WRITER = "tests/journal/test_kill.py"
ROUNDS = int(os.environ.get("ANYMEDIA_ROUNDS", "4"))

SUBMITS = 50
SHARED = 4
"""Rounds that share a journal, so that what earlier crashes left is in it."""


MOMENTS = {
    "begun": ("a submit was called", SUBMITS),
    "intent": ("an attempt was written down", SUBMITS),
    "arrived": ("a POST came to a provider", SUBMITS),
    "billed": ("a provider had made a task, and had not answered", 40),
    "heard": ("an answer was in, and not written down", SUBMITS),
    "ended": ("an answer was written down", 40),
    "looked": ("a look at a task was answered", 120),
    "seen": ("a task had moved on", 60),
    "fetched": ("a file was being sent", 12),
    "done": ("a caller had what was asked for", 30),
    "anything": ("any of these happened", 500),
    "all": ("every caller had what was asked for", 1),
}
"""What happens until a kill, and up to how often; what never comes so far is killed when everybody has done."""

RESUMING = {"looked": 60, "seen": 40, "fetched": 30, "anything": 100}
REPLAYING = {"arrived": 10, "billed": 5, "heard": 10, "anything": 60}
"""The same for a resume that is killed."""

WHERE = {
    "nothing": "nothing of it was on disk yet",
    "intent": "written down, and no byte had arrived",
    "sent": "its POST was under way",
    "heard": "answered, and the answer not yet on disk",
    "looked": "accepted, and its task going on",
    "finished": "its task at an end",
    "refused": "refused, and that on disk",
    "uncertain": "uncertain by a fault, and that on disk",
}
"""Where a submit can be when its process is killed."""

PROMISES = """\
What holds when a process is killed (`kill -9`), at whatever moment:

- **Nothing billed is lost.** An attempt is in the journal before its first byte is sent. Each task on a provider's bill
  is in the journal, or the attempt that may have bought it is listed as uncertain. At each provider:
  successes ≤ bills ≤ successes + uncertain.
- **Resuming sends no submit.** `anymedia resume` and `client.recover(directory)` wait for the tasks that go on, and
  fetch the files that the killed process had not fetched. A resume may be killed as well: the next one goes on from
  there. One that finds nothing to do asks nobody anything.
- **A replay buys nothing twice.** Only `recover(directory, replay=True)` sends an uncertain submit again, only where
  the provider honours an idempotency key (RunAPI, within two minutes): the same bytes with the same replay key.
- **The same idempotency key buys once.** Whoever asks again under it, in any process and after a crash too, gets what
  was bought under it, or hears that it is uncertain. It is bought again only when it is known that nothing was bought.

What nobody can know is reported, not guessed: an uncertain attempt at a provider without idempotency keys has to be
looked up there by a person, and settled by hand. All this is about processes that die. When a machine loses its power,
the disk has to keep its word: an attempt is synced to it before it is sent, and its end before the caller hears of it.

## How it is measured

A round starts a process with 50 submits at once at the four simulators, with six faults planted at each: connections
reset before or after the task was made, answers held back, cut, garbled or without an id, 402, 429, 502 and 503 with a
task or without one, tasks that fail, looks and files that break. Some callers stop at the submit, some wait for the
task, some fetch the file. The process is killed at a random moment. The simulators live on, and their bills are held
against the journal, submit by submit. Then its work is taken up, in some rounds by a process that is killed as well, at
last by one that is not. In a quarter of the rounds each submit has an idempotency key, and the same program is run once
more after the kill, to be killed again. Four rounds share a journal; after the fourth, its uncertain attempts are
replayed. `make soak` uses a new random seed each time; `make test` has a short form.

## Measured
"""

KILLED = """\
When they were killed: each after something had happened n times, n at random, or up to 5 ms later. (A program that is
run again counts once more.)
"""


@attrs.define
class Counts:
    """What came of all rounds."""

    submits: int = 0
    posts: int = 0
    billed: int = 0
    known: int = 0
    uncertain: int = 0
    uncertain_billed: int = 0
    lost: int = 0
    twice: int = 0
    again: int = 0
    again_bought: int = 0
    killed_resumes: int = 0
    sent_by_resume: int = 0
    fetched: int = 0
    replayed: int = 0
    replayed_billed: int = 0
    replayed_new: int = 0
    replayed_open: int = 0
    replayed_twice: int = 0
    where: Counter = attrs.field(factory=Counter)
    rounds_where: Counter = attrs.field(factory=Counter)
    kills: Counter = attrs.field(factory=Counter)


class Submits(Rounds):
    """Rounds of single submits."""

    def play(self, number, *, last):
        """Kill 50 submits, hold the journal against the bills, resume, and look again."""
        self._round, self._here = number, self._folder / str(number // SHARED)
        self._environ = self._simulators.environ | {"ANYMEDIA_JOURNAL": str(self._here / "journal.db")}
        self._submit()
        self._account()
        self._resume()
        if last or number % SHARED == SHARED - 1:
            self._replay()
            self._count_files()

    # What is killed

    def _submit(self):
        dice = self._dice
        job = {
            "verbs": [dice.choice(("submit", "run", "run", "fetch")) for _ in range(SUBMITS)],
            "keyed": dice.random() < 0.25,
            "connections": dice.choice((3, 32)),
            "directory": str(self._here / "fetched"),
        }
        self.counts.submits += SUBMITS
        self._place(self._killed_submits(job))
        if job["keyed"]:
            bought = sum(len(watched.billed(self._round)) for watched in self._watched.values())
            self._killed_submits(job)
            self.counts.again += 1
            self.counts.again_bought -= bought
            self.counts.again_bought += sum(len(watched.billed(self._round)) for watched in self._watched.values())

    def _killed_submits(self, job):
        """Return the attempts whose answers the killed process had heard."""
        self._moments = self._moments or self._dice.sample(sorted(MOMENTS), len(MOMENTS))
        what = self._moments.pop()
        self.counts.kills[what] += 1
        for one in self._simulators:
            self._plant(one, 6)
        lines = self._killed(job, what, MOMENTS[what][1])
        return {words[1] for words in lines if words[0] == "heard"}

    def _killed_resume(self, moments, *, replay):
        what = self._dice.choice(sorted(moments))
        job = {"verbs": [], "replay": replay, "connections": 32, "directory": str(self._here / "resumed")}
        self._killed(job, what, moments[what])
        self.counts.killed_resumes += 1

    def _killed(self, job, what, most):
        """Start a process and kill it at a random moment; return what it has said."""
        providers = self._simulators.config["providers"]
        tables = {name: table | {"connections": job["connections"]} for name, table in providers.items()}
        job |= {"round": self._round, "providers": list(providers), "config": {"providers": tables}, "dies": None}
        count, delay = self._dice.randint(1, most), self._dice.choice((0.0, self._dice.uniform(0.0, 0.005)))
        lines = []
        with child("kill", job, self._environ) as process, self._killer.aiming(process, what, count, delay):
            for line in process.stdout:
                lines.append(line.split())
                self._killer.tell(lines[-1][0])
        assert process.returncode == -signal.SIGKILL
        for watched in self._watched.values():
            watched.settle()
            watched.simulator.clear()
        return lines

    # What is true then

    def _attempts(self):
        return attempts_in(self._here / "journal.db")

    def _place(self, heard):
        """Count where each submit was when its process was killed."""
        attempts = [each for each in self._attempts() if round_of(label_of(each)) == self._round]
        arrived = sum((watched.arrived for watched in self._watched.values()), Counter())
        for each in attempts:  # what is left is the POST of the last one
            arrived[label_of(each)] -= each.sends
        where = Counter(place(each, arrived[label_of(each)] > 0, each.id in heard) for each in attempts)
        where["nothing"] = SUBMITS - len({label_of(each) for each in attempts})
        self.counts.where += where
        self.counts.rounds_where += Counter(name for name, number in where.items() if number > 0)

    def _account(self):
        """Hold the bills against the journal: in number at each provider, and submit by submit."""
        counts = self.counts
        attempts = [each for each in self._attempts() if round_of(label_of(each)) == self._round]
        for name, watched in self._watched.items():
            billed = watched.billed(self._round)
            ours = [each for each in attempts if each.order.provider == name]
            known = [each.task.id for each in ours if each.task is not None]
            uncertain = Counter(label_of(each) for each in ours if is_uncertain(each))
            assert len(known) == len(set(known))
            assert set(known) <= billed.keys()
            assert len(known) <= len(billed) <= len(known) + uncertain.total()
            unknown = Counter(label for task, label in billed.items() if task not in known)
            counts.billed += len(billed)
            counts.known += len(known)
            counts.uncertain += uncertain.total()
            counts.uncertain_billed += (unknown & uncertain).total()
            counts.lost += (unknown - uncertain).total()
            # What failed and was given back bought nothing: the same key may buy again.
            paid = [label for task, label in billed.items() if not watched.gave_back(task)]
            counts.twice += len(paid) - len(set(paid))
            counts.posts += sum(n for label, n in watched.arrived.items() if round_of(label) == self._round)
        assert (counts.lost, counts.twice) == (0, 0)

    # What resuming does

    def _resume(self):
        sent = self._sent()
        if self._dice.random() < 0.3:
            self._killed_resume(RESUMING, replay=False)
        self._recover()
        self.counts.sent_by_resume += sum(self._sent().values()) - sum(sent.values())
        assert self._sent() == sent
        self._check_resumed()

    def _replay(self):
        """Have what is uncertain sent again, where a key allows it."""
        runapi, counts, sent = self._watched["runapi"].simulator, self.counts, self._sent()
        keys = set(bought_under(runapi))
        ours = {each.replay_key for each in self._uncertain("runapi")}
        self._plant(runapi, 2)
        if self._dice.random() < 0.5:
            self._killed_resume(REPLAYING, replay=True)
            self._plant(runapi, 2)
        self._recover(replay=True)
        runapi.clear()
        self._recover()
        assert self._sent() | {"runapi": 0} == sent | {"runapi": 0}
        now = bought_under(runapi)
        assert set(now) - keys <= ours
        counts.replayed += len(ours)
        counts.replayed_billed += len(ours & keys)
        counts.replayed_new += len(set(now) - keys)
        counts.replayed_open += len(self._uncertain("runapi"))
        counts.replayed_twice += len(now) - len(set(now))
        assert counts.replayed_twice == 0
        self._check_resumed()

    def _recover(self, **how):
        config = read_config(self._simulators.config, self._environ)
        with SyncClient(config, clock=Fast(), patience=PATIENCE) as client:
            client.recover(self._here / "resumed", **how)

    def _check_resumed(self):
        """Every task is at its end, with its file on disk, and there is nothing left to be resumed."""
        entries = {entry["task_id"]: entry for one in self._simulators for entry in one.bills()["entries"]}
        for each in self._attempts():
            if each.task is not None:
                assert each.status == entries[each.task.id]["state"]
                assert [asset.path.read_bytes()[-len(each.task.id) :] for asset in each.task.assets] == (
                    [each.task.id.encode()] if each.status == "succeeded" else []
                )
        before = self._requests(), self._files()
        self._recover()
        assert (self._requests(), self._files()) == before

    def _uncertain(self, provider):
        return [each for each in self._attempts() if each.order.provider == provider and is_uncertain(each)]

    def _sent(self):
        return {name: watched.arrived.total() for name, watched in self._watched.items()}

    def _requests(self):
        return sum(watched.requests for watched in self._watched.values())

    def _files(self):
        return sorted(file.name for folder in ("fetched", "resumed") for file in (self._here / folder).glob("**/*"))

    def _count_files(self):
        assets = [asset for each in self._attempts() if each.task is not None for asset in each.task.assets]
        self.counts.fetched += sum(asset.path.parent.name == "resumed" for asset in assets)


def bought_under(runapi):
    """Return the key of every task."""
    return [entry["idempotency_key"] for entry in runapi.bills()["entries"]]


def place(attempt, arrived, heard):
    """Return where an attempt was, of WHERE."""
    if attempt.task is not None:
        return "finished" if attempt.task.state.final else "looked"
    if attempt.ended_at is not None:
        return "uncertain" if attempt.open else "refused"
    return ("heard" if heard else "sent") if arrived else "intent"


def page(counts, rounds, seed):
    """Return its part of docs/durability.md."""
    bills = [
        ["rounds: processes killed", rounds],
        ["submits that they were to make", counts.submits],
        ["POSTs that came to a provider", counts.posts],
        ["tasks on the bills", counts.billed],
        ["… in the journal with their task", counts.known],
        ["… listed as uncertain", counts.uncertain_billed],
        ["… **lost: neither of both**", counts.lost],
        ["… **bought twice for one submit**", counts.twice],
        ["listed as uncertain, and not on the bills", counts.uncertain - counts.uncertain_billed],
        ["programs run again under the same idempotency keys, and killed again", counts.again],
        ["… tasks that they bought, each for a submit without one", counts.again_bought],
        ["resumes killed as well", counts.killed_resumes],
        ["files fetched by resuming", counts.fetched],
        ["**submits sent by resuming**", counts.sent_by_resume],
        ["uncertain at RunAPI, and replayed", counts.replayed],
        ["… billed before: the same task came back", counts.replayed_billed],
        ["… bought by the replay, the first POST having come to nothing", counts.replayed_new],
        ["… uncertain still, refused again and again", counts.replayed_open],
        ["… **replay keys with two tasks**", counts.replayed_twice],
    ]
    where = [[text, counts.where[name], counts.rounds_where[name]] for name, text in WHERE.items()]
    kills = [[text, counts.kills[name]] for name, (text, _) in MOMENTS.items()]
    return "\n".join(
        (
            PROMISES,
            system(seed),
            table(["", "number"], bills),
            "Where the submits of a round were when its process was killed:\n",
            table(["a submit was", "submits", "kills that found one there"], where),
            KILLED,
            table(["killed as", "kills"], kills).rstrip("\n") + "\n",
        )
    )


def test_what_was_billed_survives_kill_9(tmp_path):
    with in_thread(speed=100) as simulators:
        rounds = Submits(simulators, tmp_path, Counts())
        rounds.play_all(ROUNDS)
    if ROUNDS >= ENOUGH:
        write(WRITER, page(rounds.counts, ROUNDS, SEED))


# One moment each


@attrs.frozen
class Crash:
    """A journal at simulators, and processes that die at a moment of their own."""

    simulators: object
    folder: Path

    @property
    def environ(self):
        return self.simulators.environ | {"ANYMEDIA_JOURNAL": str(self.folder / "journal.db")}

    @contextmanager
    def process(self, *verbs, dies=None):
        """Start a process that buys as told, or resumes, and wait until it has died or done; it lives on then."""
        job = {"config": self.simulators.config, "providers": ["reapi"], "round": 0, "verbs": verbs, "keyed": False}
        job |= {"directory": str(self.folder / "files"), "replay": False, "dies": dies}
        with child("kill", job, self.environ) as process:
            if dies is None:
                until(process, "all")
            else:
                process.stdout.read()
                assert process.wait() == -signal.SIGKILL
            yield process

    def client(self):
        return SyncClient(read_config(self.simulators.config, self.environ), clock=Fast(), patience=PATIENCE)

    def recover(self):
        with self.client() as client:
            return client.recover(self.folder / "files")

    def files(self):
        """Return the lengths of the files that have their names."""
        return [file.stat().st_size for file in (self.folder / "files").glob("[!.]*")]


@pytest.fixture
def crash(tmp_path):
    with in_thread("reapi", "runapi", speed=100) as simulators:
        yield Crash(simulators, tmp_path)


REQUEST = ImageRequest(model="flux-2-pro", resolution="1K", prompt="0/0: a lighthouse at dusk")


def test_a_resume_killed_between_the_end_of_a_task_and_its_file_leaves_the_file_to_the_next(crash):
    with crash.client() as client:
        client.submit(REQUEST, "reapi")
    with crash.process(dies="at the end of a task"):
        pass
    (task,) = crash.recover().tasks
    assert [asset.length for asset in task.assets] == crash.files()


def test_a_file_that_could_not_be_fetched_is_left_to_the_next_resume(crash):
    with crash.client() as client:
        client.submit(REQUEST, "reapi")
    crash.simulators["reapi"].fault("status", on="result", status=503, times=None)
    (error,) = crash.recover().errors
    assert isinstance(error, DownloadError)
    crash.simulators["reapi"].clear()
    (task,) = crash.recover().tasks
    assert [asset.length for asset in task.assets] == crash.files()


def test_what_crashes_during_a_resume_is_left_to_the_next(crash):
    with crash.process("run") as process, crash.client() as client:
        ledger = client._client._ledger
        left = ledger.left

        async def then_it_crashes():
            found = await left()
            killed(process)
            return found

        ledger.left = then_it_crashes
        client.recover(crash.folder / "files")
    (task,) = crash.recover().tasks
    assert [asset.length for asset in task.assets] == crash.files()


def test_a_file_has_its_name_when_it_is_whole(crash):
    with crash.process("fetch", dies="before a file has its name"):
        pass
    assert crash.files() == []
    (task,) = crash.recover().tasks
    assert [asset.length for asset in task.assets] == crash.files()


HALF_MADE = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE half (made)")
connection.executemany("INSERT INTO half VALUES (zeroblob(?))", [[4000]] * 100)
os.kill(os.getpid(), 9)
"""


def test_a_journal_that_was_being_made_is_read_all_the_same(crash):
    path = crash.folder / "journal.db"
    subprocess.run([sys.executable, "-c", HALF_MADE, str(path)], check=False)
    assert path.with_name("journal.db-journal").stat().st_size
    assert attempts_in(path) == []
    assert crash.recover().tasks == ()


ELSEWHERE = """
import asyncio, sys
from anymedia.journal import Released, SQLiteJournal
async def main():
    journal = SQLiteJournal(sys.argv[1])
    await journal.write(Released(key="no key", holder="nobody"))
    print(await journal.count())
    await journal.close()
asyncio.run(main())
"""


def test_two_clients_of_one_process_write_to_the_file_that_others_read(crash):
    def seen_elsewhere():
        command = [sys.executable, "-c", ELSEWHERE, str(crash.folder / "journal.db")]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    with crash.client() as one, crash.client() as other:
        one.submit(REQUEST, "reapi")
        other.submit(REQUEST, "reapi")
        assert seen_elsewhere() == 2
        one.submit(REQUEST, "reapi")
        other.submit(REQUEST, "reapi")
        assert seen_elsewhere() == len(crash.simulators["reapi"].bills()["entries"]) == 4


def test_a_new_journal_may_be_opened_by_many_at_once(tmp_path):
    def opened(path):
        journal = SQLiteJournal(path)
        together.wait()
        asyncio.run(journal.write(Released(key="no key", holder="nobody")))
        journal._close()

    together = threading.Barrier(8)
    with ThreadPoolExecutor(8) as threads:
        for number in range(20):
            assert list(threads.map(opened, [tmp_path / f"{number}.db"] * 8)) == [None] * 8


async def test_a_replay_is_sent_within_the_time_of_its_key(crash, clock):
    runapi = crash.simulators["runapi"]
    config = read_config(crash.simulators.config, crash.environ)
    runapi.fault("reset_after", times=4)
    begun, sent = clock.seconds, []
    async with Client(config, clock=clock) as client:
        with pytest.raises(SubmitUncertain):
            await client.submit(REQUEST, "runapi")
        window = client.config.account("runapi").adapter.idempotency.window
    runapi.fault("status", on="submit", status=502, retry_after=50, times=4)
    clock.seconds = begun + window - 5
    answer = runapi.service.answer

    def watching(request):
        sent.append(clock.seconds - begun)
        return answer(request)

    runapi.service.answer = watching
    async with Client(config, clock=clock) as client:
        await client.recover(replay=True)
    assert sent
    assert max(sent) <= window


async def test_a_replay_whose_turn_comes_after_the_time_of_its_key_is_not_sent(crash, clock):
    runapi = crash.simulators["runapi"]
    data = crash.simulators.config
    runapi.fault("reset_after", times=8)
    async with Client(read_config(data, crash.environ), clock=clock) as client:
        for _ in range(2):
            with pytest.raises(SubmitUncertain):
                await client.submit(REQUEST, "runapi")
            clock.seconds += 20  # the account is left alone for less
    submits = runapi.bills()["submits"]
    runapi.clear()
    data["providers"]["runapi"]["limits"] = {"submits": [1, 300]}
    async with Client(read_config(data, crash.environ), clock=clock) as client:
        recovery = await client.recover(replay=True, timeout=None)
    assert (len(recovery.tasks), len(recovery.uncertain)) == (1, 1)
    assert runapi.bills()["submits"] == submits + 1
    assert len({entry["task_id"] for entry in runapi.bills()["entries"]}) == 2


# The page


def test_the_page_says_what_is_promised_and_what_was_measured():
    said = parts()[WRITER]
    assert said.strip().startswith(PROMISES), "docs/durability.md is out of date: run `make soak`"
    told = figures(said)
    assert int(told["rounds: processes killed"]) >= ENOUGH
    for none in (
        "lost: neither of both",
        "bought twice for one submit",
        "submits sent by resuming",
        "replay keys with two tasks",
    ):
        assert told[none] == "0"
    assert all(f"| {text} | " in said for text in WHERE.values())
