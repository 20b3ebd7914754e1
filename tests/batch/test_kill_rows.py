"""kill -9 in the middle of batches, again and again: each row is bought once or its end is told, and files are whole.

ANYMEDIA_ROUNDS says how many rounds; after the 200 of `make soak` its part of docs/durability.md is written.
ANYMEDIA_SEED throws the dice of an earlier run again: its faults and moments, not the order in which processes come by.
"""

import hashlib
import io
import json
import os
import signal
from collections import Counter

import attrs
from PIL import Image

from anymedia import Billed
from anymedia.simulators import in_thread
from tests.journal.child import child
from tests.journal.killing import (
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
from tests.journal.reading import attempts_in

WRITER = "tests/batch/test_kill_rows.py"
ROUNDS = int(os.environ.get("ANYMEDIA_ROUNDS", "3"))

PROVIDERS = ("bfl", "fal", "kie", "runapi")
"""Four that take local pictures, each in its own way: in the body, or put in at a place of its own before."""
ROWS = 200
TWICE = 3
"""Rows that ask for just what another one asks for."""
SHARED = 4
"""Rounds that share a journal, so that what earlier crashes left is in it."""

MOMENTS = {
    "intent": ("an attempt was written down", 150),
    "uploaded": ("a picture was put in at a provider", 100),
    "arrived": ("a POST came to a provider", 150),
    "billed": ("a provider had made a task, and had not answered", 130),
    "heard": ("an answer was in, and not written down", 150),
    "ended": ("an answer was written down", 150),
    "looked": ("a look at a task was answered", 200),
    "seen": ("a task was at its end, and that was written down", 130),
    "fetched": ("a file was being sent", 120),
    "piece": ("half of a piece of a file was written", 120),
    "whole": ("a file was whole, and had no name yet", 120),
    "named": ("a file had its name, and the journal did not know it yet", 120),
    "kept": ("the journal knew where a file is, and nobody else did", 120),
    "row": ("the end of a row was in the manifest", 150),
    "closing": ("all rows had ended, and the manifest was not in its place", 1),
    "closed": ("the manifest was in its place, and the process had not ended", 1),
    "anything": ("any of these happened", 1000),
}
"""What happens until a kill, and up to how often; what never comes so far is killed when all rows have ended."""

OWN = {"intent", "heard", "ended", "seen", "piece", "whole", "named", "kept", "row", "closing", "closed"}
"""Steps at which the process may die by itself, in their very middle; else it is killed from outside, a bit later."""

MOST_RUNS = 5
STATES = ("done", "failed", "uncertain")

WHERE = {
    "nothing": "nothing of it was on disk yet",
    "sending": "its POST was under way, or its answer not yet on disk",
    "refused": "refused, and the next offer not yet asked",
    "going": "accepted, and its task going on",
    "over": "its task at an end, and its file not whole",
    "named": "its file whole under its name, and not yet in the journal",
    "kept": "its file whole, and in the journal",
    "failed": "its task failed",
    "uncertain": "uncertain by a fault, and that on disk",
}
"""Where a row can be when its process is killed."""


@attrs.define
class Counts:
    """What came of all rounds."""

    rounds: int = 0
    rows: int = 0
    kills: Counter = attrs.field(factory=Counter)
    restarts_killed: int = 0
    runs: int = 0
    put_in: int = 0
    taken_out: int = 0
    ended: Counter = attrs.field(factory=Counter)
    failed_billed: int = 0
    posts: int = 0
    billed: int = 0
    given_back: int = 0
    uncertain_billed: int = 0
    of_rows_taken_out: int = 0
    twice: int = 0
    lost: int = 0
    files: int = 0
    fetched_again: int = 0
    spoiled: int = 0
    parts_left: int = 0
    where: Counter = attrs.field(factory=Counter)
    kills_where: Counter = attrs.field(factory=Counter)


@attrs.define
class Rows:
    """The rows of a round as labels, and of what every one that ever was among them."""

    labels: list
    all: Counter

    @property
    def wanted(self):
        return Counter(self.labels)


class Batches(Rounds):
    """Rounds of batches, half of them by the command line."""

    def __init__(self, simulators, folder):
        super().__init__(simulators, folder, Counts())
        self._config = folder / "anymedia.toml"
        self._config.write_text(
            "".join(
                f"[providers.{one.name}]\nbase_url = {one.base_url!r}\napi_key_env = {one.table['api_key_env']!r}\n"
                for one in simulators
            )
        )

    def play(self, number, *, last):
        """Kill the runs of a batch, let one end by itself, and look at all that it left."""
        self._round, here = number, self._folder / str(number // SHARED)
        self._files, self._manifest = here / f"files {number}", here / f"{number}.jsonl"
        self._journal, self._name = here / "journal.db", f"shots {number}"
        here.mkdir(exist_ok=True)
        rows = self._drawn()
        kills = self._dice.choice((1, 1, 1, 2, 3))
        for turn in range(kills):
            self._killed(rows)
            self._place(rows)
            if number % 2:
                self._change(rows, f"{number}/{ROWS + turn}")
        self.counts.restarts_killed += kills - 1
        whole, fetched = self._whole(), self._fetched()
        for left in self._parts():
            os.utime(left, (0, 0))  # as if its process had died long ago
        self._ends_by_itself(rows)
        self.counts.fetched_again += sum(self._fetched()[task] - fetched[task] for task in whole)
        self._check(rows)

    # What is asked for

    def _drawn(self):
        """Draw the pictures of a round, and return its rows: each has one of its own, and some are there twice."""
        labels = [f"{self._round}/{number}" for number in range(ROWS - TWICE)]
        labels += self._dice.sample(labels, TWICE)
        self._dice.shuffle(labels)
        self.counts.rounds += 1
        self.counts.rows += ROWS
        return Rows(labels, Counter(labels))

    def _picture(self, label):
        path = self._folder / "shots" / f"{label.replace('/', '-')}.png"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            color = tuple(hashlib.sha256(label.encode()).digest()[:3])
            Image.new("RGB", (64, 64), color).save(path)
        return str(path)

    def _change(self, rows, label):
        """Put a row in and take another one out."""
        rows.labels.pop(self._dice.randrange(len(rows.labels)))
        rows.labels.insert(self._dice.randrange(len(rows.labels) + 1), label)
        rows.all[label] += 1
        self.counts.taken_out += 1
        self.counts.put_in += 1

    # What is killed

    def _killed(self, rows):
        """Run the batch and kill it at a random moment."""
        dice = self._dice
        self._moments = self._moments or dice.sample(sorted(MOMENTS), len(MOMENTS))
        what = self._moments.pop()
        count = dice.randint(1, MOMENTS[what][1])
        self.counts.kills[what] += 1
        for one in self._simulators:
            self._plant(one, 6)
        if what in OWN and dice.random() < 0.5:
            code = self._run(rows, dies=(what, count))
        else:
            delay = dice.choice((0.0, dice.uniform(0.0, 0.005)))
            code = self._run(rows, kill=(what, count, delay))
        assert code == -signal.SIGKILL

    def _ends_by_itself(self, rows):
        """Run the batch until nothing of it is left to be done."""
        for one in self._simulators:
            self._plant(one, 2)
        for _ in range(MOST_RUNS):
            self.counts.runs += 1
            assert self._run(rows) in (0, 1, 4, 5)  # as the command ends where some rows are not done
            self._told = [json.loads(line) for line in self._manifest.read_text("utf-8").splitlines()]
            if {each["state"] for each in self._told} <= set(STATES):
                return
        raise AssertionError(f"rows are left after {MOST_RUNS} runs")

    def _run(self, rows, *, kill=None, dies=None):
        """Start a process that runs the batch, and return how it ended."""
        job = {
            "config": self._simulators.config,
            "name": self._name,
            "rows": [(label, self._picture(label)) for label in rows.labels],
            "folder": str(self._files),
            "manifest": str(self._manifest),
            "at_once": self._dice.choice((16, 64, 256)),
            "dies": dies,
            "is_killed": kill is not None,
            "by": "command" if self._round % 4 >= 2 else "client",
        }
        environ = self._simulators.environ | {
            "ANYMEDIA_JOURNAL": str(self._journal),
            "ANYMEDIA_CONFIG": str(self._config),
        }
        with child("batched", job, environ) as process, self._killer.aiming(process, *(kill or (None, 0, 0.0))):
            for line in process.stdout:
                self._killer.tell(line.split()[0])
            code = process.wait()
        for watched in self._watched.values():
            watched.settle()
            watched.simulator.clear()
        return code

    # What is there

    def _attempts(self):
        return attempts_in(self._journal, batch=self._name)

    def _fetched(self):
        return sum((watched.fetched for watched in self._watched.values()), Counter())

    def _parts(self):
        return [*self._files.glob(".anymedia-*.part")]

    def _files_of(self, task):
        return [*self._files.glob(f"{task}-*")]

    def _whole(self):
        """Return the tasks whose files are whole, and known by the journal."""
        tasks = [each.task for each in self._attempts() if each.task is not None and each.task.assets]
        return [task.id for task in tasks if all(asset.path and asset.path.is_file() for asset in task.assets)]

    def _place(self, rows):
        """Count where each row was when its process was killed."""
        by_key = {}
        for attempt in self._attempts():
            by_key.setdefault(attempt.order.idempotency_key, []).append(attempt)
        where = Counter(map(self._stands, by_key.values()))
        where["nothing"] = max(len(rows.labels) - len(by_key), 0)
        self.counts.where += where
        self.counts.kills_where += Counter(name for name, number in where.items() if number)

    def _stands(self, attempts):
        """Return where a row was, of WHERE."""
        last = next((each for each in reversed(attempts) if each.task is not None), None)
        if last is None:
            sent = [each for each in attempts if each.open]
            return "refused" if not sent else "sending" if sent[-1].ended_at is None else "uncertain"
        if last.status != "succeeded":
            return "failed" if last.task.state.final else "going"
        if all(asset.kept for asset in last.task.assets):
            return "kept"
        return "named" if self._files_of(last.task.id) else "over"

    # What is true in the end

    def _check(self, rows):
        counts, attempts = self.counts, self._attempts()
        ended = {label: [] for label in rows.labels}
        for row, label in zip(self._told, rows.labels, strict=True):
            assert row["labels"]["submit"] == label
            ended[label].append(row)
        billed, back = {}, set()
        for watched in self._watched.values():
            of_one = watched.billed(self._round)
            billed |= of_one
            back |= {task for task in of_one if watched.gave_back(task)}
            counts.posts += sum(n for label, n in watched.arrived.items() if round_of(label) == self._round)
        counts.billed += len(billed)
        counts.given_back += len(back)
        known = {each.task.id: each for each in attempts if each.task is not None}
        assert known.keys() <= billed.keys()
        for label, of_label in ended.items():
            made = {task for task in billed if billed[task] == label}
            self._check_bills(of_label, made, made - back, known, is_all=rows.all[label] == len(of_label))
            counts.twice += max(len(made - back) - rows.all[label], 0)
        for label in rows.all.keys() - ended.keys():  # it was taken out
            paid = {task for task in billed if billed[task] == label} - back
            counts.of_rows_taken_out += len(paid)
            counts.twice += max(len(paid) - rows.all[label], 0)
        lost = {billed[task] for task in billed.keys() - known.keys()}
        lost -= {label_of(each) for each in attempts if is_uncertain(each)}
        counts.lost += len(lost)
        self._check_files(known, {task for task, label in billed.items() if rows.all[label] > rows.wanted[label]})
        counts.parts_left += len(self._parts())
        assert (counts.twice, counts.lost, counts.fetched_again, counts.spoiled, counts.parts_left) == (0, 0, 0, 0, 0)

    def _check_bills(self, ended, made, paid, known, *, is_all):
        """Hold the bills of one label against what is told of its rows: one row, unless another asks for the same.

        `made` are its tasks, of which those are `paid` that were not given back; `is_all`: none of its rows was taken
        out.
        """
        counts = self.counts
        of_state = Counter(row["state"] for row in ended)
        done = [task for row in ended if row["state"] == "done" for task in row["task_ids"]]
        dear = [row for row in ended if row["state"] == "failed" and row["error"]["billed"] != Billed.NO]
        failed = [task for row in dear for task in row["task_ids"]]
        counts.ended += of_state
        counts.failed_billed += len(dear)
        assert len(done) == len(set(done)) == of_state["done"]
        assert len(failed) == len(set(failed)) == len(dear)
        assert all(known[task].status == "succeeded" for task in done)
        assert all(known[task].task.state.final for task in failed)
        unknown = paid - known.keys()
        counts.uncertain_billed += len(unknown)
        if is_all:
            assert paid.issuperset(done)
            assert made.issuperset(failed)  # some were given back, though no page of the provider's says so
            assert len(paid) == len(done) + len(paid.intersection(failed)) + len(unknown)
            assert len(unknown) <= of_state["uncertain"]

    def _check_files(self, known, taken_out):
        """Each file is whole: its bytes are those of its task, its digest is in the journal and in the manifest.

        No other file is there, but for those of tasks of rows that were taken out.
        """
        counts, names = self.counts, set()
        for row in self._told:
            assert len(row["files"]) == (row["state"] == "done")
            for file, task in zip(row["files"], row["task_ids"], strict=row["state"] == "done"):
                (asset,) = known[task].task.assets
                content = asset.path.read_bytes()
                names.add(asset.path.name)
                counts.files += 1
                is_told = str(asset.path) == file["file"] and asset.sha256 == file["sha256"]
                is_whole = asset.sha256 == hashlib.sha256(content).hexdigest() and content.endswith(task.encode())
                counts.spoiled += not (is_told and is_whole and self._is_picture(content.removesuffix(task.encode())))
        left = {path.name for path in self._files.iterdir() if path not in self._parts()} - names
        assert {name.rpartition("-")[0] for name in left} <= taken_out
        assert len(left) <= len(taken_out), "a file is there twice"

    def _is_picture(self, content, _known={}):  # noqa: B006 - all of a provider's are the same, and are decoded once
        digest = hashlib.sha256(content).hexdigest()
        if digest not in _known:
            Image.open(io.BytesIO(content)).load()
            _known[digest] = True
        return _known[digest]


def test_each_row_is_bought_once_however_often_its_batch_is_killed(tmp_path):
    with in_thread(*PROVIDERS, speed=100) as simulators:
        rounds = Batches(simulators, tmp_path)
        rounds.play_all(ROUNDS)
    if ROUNDS >= ENOUGH:
        write(WRITER, page(rounds.counts, SEED))


# The page

PROMISES = """\
## Batches

What holds when a process that runs a batch (`anymedia batch`, `client.batch`) is killed, and started again as often as
it takes:

- **Each row is bought once.** In the end it has exactly one paid task that succeeded, or has failed, which is reported
  with what was billed, or is reported as uncertain. What was bought is never bought again, whichever run bought it.
- **Each file is whole.** It has its name when its last byte is on the disk, and its sha256 is in the journal and in the
  manifest. A file that is whole, and known by the journal, is not fetched again; an unfinished one is cleared away.
- **A row that is put in or taken out moves no other.** The others keep what was bought for them.

A file is synced to the disk before it has its name, and the name before the journal knows it: what the journal says is
there, is there after a power loss too, where the disk keeps its word.

### How that is measured

A round runs a batch of 200 rows, policy `spread`, over four simulators (BFL, fal, kie.ai, RunAPI). Each row has a local
picture of its own; three ask for just what another row asks for. Half of the batches are run by `anymedia batch`, from
a CSV, the others by `client.batch`. Six of the faults above are planted at each simulator
in each run. The process is killed at a random moment; the batch is started again, in some rounds to be killed once or
twice more, until a run ends by itself. In every other round a row is put in and another one is taken out between the
runs. Then the bills of the simulators, the journal, the manifest and the folder are held against each other, row by row
and byte by byte. Four rounds share a journal.

### Measured
"""

KILLED = """\
When they were killed: each after something had happened n times, n at random. Half of the processes in whose middle it
happens die there by themselves; the others are killed from outside, then or up to 5 ms later.
"""


def page(counts, seed):
    """Return its part of docs/durability.md."""
    rows = [
        ["rounds", counts.rounds],
        ["rows of their batches", counts.rows],
        ["rows put in between two runs, and as many taken out", counts.put_in],
        ["processes killed", counts.kills.total()],
        ["… that had been started again", counts.restarts_killed],
        ["runs that ended by themselves", counts.runs],
        ["POSTs that came to a provider", counts.posts],
        ["tasks on the bills", counts.billed],
        ["… that failed and were given back", counts.given_back],
        ["… of rows that were taken out", counts.of_rows_taken_out],
        ["… of rows that are reported as uncertain", counts.uncertain_billed],
        ["… **that nothing knows of**", counts.lost],
        ["… **more than one for a row**", counts.twice],
        ["rows that are done, each with one paid task", counts.ended["done"]],
        ["rows that failed", counts.ended["failed"]],
        ["… and are or may be billed, which is reported", counts.failed_billed],
        ["rows that are reported as uncertain", counts.ended["uncertain"]],
        ["files, held against their bytes, the journal and the manifest", counts.files],
        ["… **that are not whole, or not as they are told**", counts.spoiled],
        ["… **that were whole and known, and were fetched again**", counts.fetched_again],
        ["unfinished files that were not cleared away", counts.parts_left],
    ]
    where = [[text, counts.where[name], counts.kills_where[name]] for name, text in WHERE.items()]
    kills = [[text, counts.kills[name]] for name, (text, _) in MOMENTS.items()]
    return "\n".join(
        (
            PROMISES,
            system(seed),
            table(["", "number"], rows),
            "Where the rows were when a process was killed:\n",
            table(["a row was", "rows", "kills that found one there"], where),
            KILLED,
            table(["killed as", "kills"], kills),
        )
    )


def test_the_page_says_what_is_promised_and_what_was_measured():
    said = parts()[WRITER].strip()
    assert said.startswith(PROMISES.strip()), "docs/durability.md is out of date: run `make soak`"
    told = figures(said)
    assert int(told["rounds"]) >= ENOUGH
    for none in (
        "that nothing knows of",
        "more than one for a row",
        "that are not whole, or not as they are told",
        "that were whole and known, and were fetched again",
        "unfinished files that were not cleared away",
    ):
        assert told[none] == "0"
    assert all(f"| {text} | " in said for text in WHERE.values())
