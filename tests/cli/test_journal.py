"""What outlives a command: `tasks`, `spend`, `resume`, keys and handles, and a journal that cannot be used."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from anymedia import Attempt, Billed, Failure, JournalError, Money, Order, Outcome, Refund, State, Task, from_json
from anymedia.cli.attempts import cost
from anymedia.cli.journal import moment
from anymedia.cli.spend import GROUPS, added_up, spent
from anymedia.journal import Ledger
from anymedia.model.process import Process, this_process
from tests.journal.reading import run, sums_of, with_ledger
from tests.journal.test_left import attempt

FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro")
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def the_journal() -> Path:
    return Path(os.environ["HOME"], ".local", "state", "anymedia", "journal.db")


@pytest.fixture
def bought(simulators):
    """Tell how many submits a provider has seen, and how many tasks it has charged, in this test."""

    def counts(name):
        bills = simulators[name].bills()
        return bills["submits"], len(bills["entries"])

    before = {one.name: counts(one.name) for one in simulators}
    return lambda name: tuple(now - then for now, then in zip(counts(name), before[name], strict=True))


def damaged(place, statement):
    """Change something in a journal as another program does."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as connection:
            connection.execute(statement)
            connection.commit()
    else:
        import psycopg

        with psycopg.connect(place, options="-c search_path=anymedia") as connection:
            connection.execute(statement)


def unfinished(terminal, simulators, provider, words=FOX):
    """Leave a task that goes on: the one look that is made in this time meets a fault."""
    simulators[provider].fault("status", status=503, on="poll")
    provided = words if words is not FOX else (*FOX, "--provider", provider)
    assert terminal(*provided, "--timeout", "1").exit_code == 5


@pytest.fixture
def left(terminal, simulators, place):
    """One attempt of each kind, in this order: succeeded, refunded, refused, uncertain, and a task that goes on."""
    assert terminal(*FOX, "--provider", "reapi", "--label", "team=blue").exit_code == 0
    simulators["runapi"].fault("failed")
    assert terminal(*FOX, "--provider", "runapi", "--label", "team=red").exit_code == 1
    simulators["reapi"].fault("no_credit")
    assert terminal(*FOX, "--provider", "reapi").exit_code == 1
    simulators["revidapi"].fault("reset_after")
    assert terminal(*FOX, "--provider", "revidapi", "--label", "team=blue").exit_code == 4
    unfinished(terminal, simulators, "reapi")
    return simulators


# Keys


@pytest.mark.parametrize(
    "words", [FOX, ("raw", "reapi", "/api/v1/images/generations", '{"model": "z-image", "prompt": "A fox"}')]
)
def test_under_a_key_a_request_is_bought_once(terminal, bought, place, words):
    if words is FOX:
        words = (*FOX, "--provider", "reapi")
    first, second = (terminal.json(*words, "--idempotency-key", "order-1", "--out", "out") for _ in range(2))
    assert [task["id"] for task in second["tasks"]] == [task["id"] for task in first["tasks"]]
    assert [Path(file).name for file in second["files"]] == [file.name for file in Path("out").iterdir()]
    assert len(terminal.json(*words, "--idempotency-key", "order-1", "--out", "elsewhere")["files"]) == 1
    assert len([*Path("elsewhere").iterdir()]) == 1
    other = terminal(*(word.replace("A fox", "A hare") for word in words), "--idempotency-key", "order-1")
    assert other.exit_code == 2
    assert "'order-1' was used for another request" in other.stderr
    assert bought("reapi") == (1, 1)


# tasks


def test_the_list_tells_what_was_asked_and_how_it_stands(terminal, left):
    listed = terminal.json("tasks")
    statuses = ["succeeded", "failed", "refused", "uncertain", "queued"]
    assert [each["status"] for each in listed][:-1] == statuses[:-1]
    assert listed[-1]["status"] in ("queued", "running")
    for each in listed:
        status = each.pop("status")
        assert from_json(Attempt, each).status == status
    lines = terminal("tasks").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [each["id"][:8] for each in listed]
    for line, words in zip(
        lines[1:],
        (
            "2026-12-01 00:00 succeeded reapi flux-2 $0.028 A fox in the snow",
            "failed runapi flux-2-pro refunded A fox",
            "refused reapi flux-2 nothing A fox",
            "uncertain (!) revidapi flux-2-pro ~$0.025? A fox",
            "reapi flux-2 $0.028 A fox",
        ),
        strict=True,
    ):
        assert words in " ".join(line.split())
    assert "1 uncertain: may have been billed" in terminal("tasks").stderr


def test_tasks_that_were_not_bought_here_are_listed(terminal, left, place):
    assert terminal.json("tasks", "--unknown") == []
    assert "no webhook told of a task that was not bought here" in terminal("tasks", "--unknown").stderr
    tasks = [
        Task(id=f"t-{number}", provider="reapi", account="reapi", state=state, submitted_at=NOW, path="/v1")
        for number, state in enumerate((State.RUNNING, State.SUCCEEDED))
    ]

    async def told(ledger):
        for task in tasks:
            await ledger.told_unknown(task)

    run(with_ledger(place, told))
    assert [from_json(Task, each) for each in terminal.json("tasks", "--unknown")] == tasks[::-1]
    rows = [line.split() for line in terminal("tasks", "--unknown").stdout.splitlines()]
    when = ["2026-12-01", "12:00"]
    assert rows[1:] == [["t-1", *when, "succeeded", "reapi", "unknown"], ["t-0", *when, "running", "reapi", "unknown"]]
    damaged(place, "UPDATE unknown SET task = '' WHERE task_id = 't-1'")
    assert "t-1: its record cannot be read" in terminal("tasks", "--unknown").stderr
    refused = terminal("tasks", "--unknown", "--since", "2h")
    assert refused.exit_code == 2
    assert "--since is for attempts, and --unknown lists tasks that have none" in refused.stderr


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (["--state", "uncertain"], 1),
        (["--state", "not-sent"], 0),
        (["--state", "accepted without id"], 0),
        (["--provider", "reapi"], 3),
        (["--provider", "reapi", "--state", "succeeded"], 1),
        (["--account", "runapi"], 1),
        (["--kind", "image"], 5),
        (["--kind", "video"], 0),
        (["--since", "2h"], 5),
        (["--since", "1h30m"], 5),
        (["--since", "20261202"], 0),
        (["--since", "2026-12-02"], 0),
    ],
)
def test_the_list_is_narrowed(terminal, left, flags, found):
    assert len(terminal.json("tasks", *flags)) == found
    shown = terminal("tasks", *flags)
    assert (shown.exit_code, shown.stdout == "") == (0, found == 0)


@pytest.mark.parametrize(
    "words",
    [
        ["tasks", "--state", "done"],
        ["tasks", "--since", "yesterday"],
        ["tasks", "--since", "999999999w"],
        ["tasks", "--json", "show", "1"],
        ["tasks", "show", "no-such-id"],
        ["tasks", "handle", "no-such-id"],
        ["tasks", "settle", "1"],
        ["tasks", "settle", "1", "--not-billed", "--task", "t"],
        ["tasks", "settle", "1", "--billed"],
        ["spend", "--by", "moon"],
        ["resume", "--handle", "no-such-file"],
        ["resume", "--handle", "-", "--replay"],
    ],
)
def test_a_wrong_command_line(terminal, words):
    assert terminal(*words).exit_code == 2


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("90m", "2026-12-01T10:30"),
        ("7d", "2026-11-24T12:00"),
        ("2026-11-30", "2026-11-30T00:00"),
        ("10:15", "2026-12-01T10:15"),
        ("2026-11-30T10:00", "2026-11-30T10:00"),
        ("2026-11-30 10:00+02:00", "2026-11-30T08:00"),
    ],
)
def test_times_that_can_be_named(text, named):
    assert moment(text, NOW) == datetime.fromisoformat(named).replace(tzinfo=UTC)


def test_one_is_shown_with_all_that_is_known_and_no_key(terminal, left):
    done, _, _, uncertain, _ = terminal.json("tasks")
    for name in (done["id"], done["id"][:8], done["task"]["id"]):
        shown = terminal("tasks", "show", name)
        assert shown.exit_code == 0
        told = " ".join(shown.stdout.split())
        (asset,) = done["task"]["assets"]
        for words in (done["id"], done["task"]["id"], asset["path"], asset["url"], "there until", "team=blue"):
            assert words in told
        assert '"prompt": "A fox in the snow"' in told
        assert "price $0.028, billed" in told
        assert left["reapi"].api_key not in shown.output
    assert terminal.json("tasks", "show", done["id"][:8]) == done
    told = terminal("tasks", "show", uncertain["id"][:8]).stdout
    assert "no readable answer" in told
    assert "anymedia tasks settle" in told


def test_a_task_that_was_canceled_and_given_back_is_called_refunded():
    assert [cost(each) for each in (canceled("0"), REFUNDED, canceled("0.1"))] == ["refunded", "refunded", "~$0.10"]


def test_prompts_need_not_be_kept(terminal, simulators):
    with Path("anymedia.toml").open("a") as file:
        file.write('[journal]\npath = "kept.db"\nprompts = false\n')
    terminal(*FOX, "--provider", "reapi")
    (attempt,) = terminal.json("tasks")
    assert attempt["order"]["body"] is None
    assert "fox" not in terminal("tasks").output + terminal("tasks", "show", attempt["id"]).output
    assert Path("kept.db").exists()
    assert not the_journal().exists()


@pytest.mark.parametrize(
    ("flags", "status", "spent"),
    [
        (["--billed"], "settled", {"accepted": 1, "usd": "0.025"}),
        (["--not-billed"], "settled", None),
        (["--task", "found"], "queued", {"accepted": 1, "usd": "0.025"}),
    ],
)
def test_what_became_of_an_uncertain_one_is_noted(terminal, left, flags, status, spent):
    found = left["revidapi"].bills()["entries"][-1]["task_id"]
    (uncertain,) = terminal.json("tasks", "--state", "uncertain")
    done = terminal("tasks", "settle", uncertain["id"][:8], *(found if flag == "found" else flag for flag in flags))
    assert done.exit_code == 0
    assert uncertain["id"][:8] in done.stdout
    assert terminal.json("tasks", "show", uncertain["id"])["status"] == status
    words = {"--billed": "settled: billed revidapi flux-2-pro ~$0.025 A fox"}
    words["--not-billed"] = "settled: not billed revidapi flux-2-pro nothing A fox"
    listed, shown = (" ".join(terminal("tasks", *more).stdout.split()) for more in ((), ("show", uncertain["id"])))
    assert words.get(flags[0], "queued revidapi") in listed
    assert f"found out it was {'not ' * (flags[0] == '--not-billed')}billed" in shown
    groups = {group["group"]: group for group in terminal.json("spend", "--by", "account")}
    assert spent is None or spent.items() <= groups["revidapi"].items()
    assert (spent is None) is ("revidapi" not in groups)
    resumed = terminal.json("resume", "--out", "out")
    assert [task["id"] for task in resumed["tasks"] if task["account"] == "revidapi"] == [found] * (status == "queued")
    assert terminal("tasks", "settle", terminal.json("tasks")[0]["id"], "--billed").exit_code == 2


def test_an_attempt_says_which_process_bought_and_settled_it_where_that_was_another_one(terminal):
    elsewhere, here = Process(host="worker-3", pid=7), this_process()
    begun = attempt(bought_by=elsewhere)

    async def write(ledger):
        await ledger.intend(begun, None)
        await ledger.end(attrs.evolve(begun, outcome=Outcome.UNCERTAIN, settled_by=elsewhere))

    run(with_ledger(the_journal(), write))
    shown = " ".join(terminal("tasks", "show", begun.id).stdout.split())
    assert ("bought by process 7 of worker-3" in shown, "settled by" in shown) == (True, False)
    settled = terminal.json("tasks", "settle", begun.id, "--billed")
    assert settled["bought_by"] == {"host": "worker-3", "pid": 7}
    assert settled["settled_by"] == {"host": here.host, "pid": here.pid}
    assert f"settled by {here}" in " ".join(terminal("tasks", "show", begun.id).stdout.split())


def test_a_handle_is_waited_for_elsewhere(terminal, left, monkeypatch, tmp_path):
    attempt = terminal.json("tasks")[-1]
    printed = terminal("tasks", "handle", attempt["id"][:8])
    assert json.loads(printed.stdout)["id"] == attempt["task"]["id"]
    assert left["reapi"].api_key not in printed.stdout
    monkeypatch.setenv("ANYMEDIA_JOURNAL", str(tmp_path / "of-another-machine.db"))
    resumed = terminal.json("resume", "--handle", "-", "--out", "out", stdin=printed.stdout)
    assert [task["id"] for task in resumed["tasks"]] == [attempt["task"]["id"]]
    assert [Path(file) for file in resumed["files"]] == [*Path("out").iterdir()]
    Path("handle.json").write_text(printed.stdout)
    shown = terminal("resume", "--handle", "handle.json", "--out", "out")
    assert shown.exit_code == 0
    assert "succeeded" in shown.stderr
    wrong = terminal("resume", "--handle", "-", stdin=printed.stdout.replace('"/api', '"//evil.example/api'))
    assert wrong.exit_code == 2
    assert "--handle: path: a path starts with one /" in wrong.stderr


def test_what_has_no_task_has_no_handle(terminal, left):
    (uncertain,) = terminal.json("tasks", "--state", "uncertain")
    ended = terminal("tasks", "handle", uncertain["id"])
    assert ended.exit_code == 2
    assert "only a task has a handle" in ended.stderr


# spend

ATTEMPT = Attempt(
    id="a",
    order=Order(
        provider="reapi",
        account="eu",
        offer="reapi/flux-2",
        model="flux-2-pro",
        wire_id="flux-2",
        path="/",
        money=Money(usd=Decimal("0.10"), status="exact", got="table"),
    ),
    started_at=NOW,
    outcome=Outcome.ACCEPTED,
)


def ended(usd=None, *, got="settled", status="exact", **task):
    """Return an accepted attempt of a price."""
    money = Money.unknown("raw") if usd is None else Money(usd=Decimal(usd), got=got, status=status)
    return attrs.evolve(ATTEMPT, task=attrs.evolve(ATTEMPT.draft("t"), state=State.SUCCEEDED, money=money, **task))


def canceled(usd=None, **facts):
    """Return an accepted attempt whose task was canceled."""
    attempt = ended(usd, **facts)
    return attrs.evolve(attempt, task=attrs.evolve(attempt.task, state=State.CANCELED))


def ordered(attempt, **changes):
    """Return an attempt whose order differs."""
    return attrs.evolve(attempt, order=attrs.evolve(attempt.order, **changes))


UNCERTAIN = attrs.evolve(ATTEMPT, outcome=Outcome.UNCERTAIN)
REFUNDED = ended("0", failure=Failure(cause="failed", refund=Refund.YES))


@pytest.mark.parametrize(
    ("attempts", "facts"),
    [
        ([ended("0.1"), ended("0.2")], {"accepted": 2, "usd": Decimal("0.3"), "exact": True}),
        ([ended("0.1"), ended("0.2", got="table")], {"usd": Decimal("0.3"), "settled_usd": Decimal("0.1")}),
        ([ended("0.1"), ended("0.2", got="table")], {"exact": False}),
        ([ended("0.1", status="estimate")], {"exact": False, "settled_usd": Decimal("0.1")}),
        ([ended("0.1"), ended()], {"accepted": 2, "usd": Decimal("0.1"), "unknown": 1, "exact": True}),
        ([ended(), ended()], {"accepted": 2, "usd": None, "unknown": 2, "uncertain": 0}),
        ([UNCERTAIN, UNCERTAIN], {"uncertain": 2, "uncertain_usd": Decimal("0.2"), "accepted": 0, "usd": Decimal(0)}),
        ([ordered(UNCERTAIN, money=Money())], {"uncertain_usd": None, "uncertain_unknown": 1, "unknown": 0}),
        ([attrs.evolve(UNCERTAIN, outcome=Outcome.ACCEPTED_WITHOUT_ID)], {"uncertain": 1, "accepted": 0}),
        ([attrs.evolve(UNCERTAIN, settled=Billed.YES)], {"uncertain": 0, "accepted": 1, "exact": False}),
        ([attrs.evolve(UNCERTAIN, settled=Billed.NO)], {"uncertain": 0, "accepted": 0}),
        ([attrs.evolve(ATTEMPT, outcome=Outcome.REFUSED)], {"uncertain": 0, "accepted": 0}),
        ([attrs.evolve(ATTEMPT, outcome=Outcome.NOT_SENT)], {"uncertain": 0, "accepted": 0}),
        ([attrs.evolve(ATTEMPT, outcome=None)], {"uncertain": 0, "accepted": 0}),
        ([REFUNDED, ended("0.1")], {"accepted": 2, "refunded": 1, "usd": Decimal("0.1"), "exact": True}),
        ([canceled("0"), REFUNDED], {"accepted": 2, "refunded": 2, "usd": Decimal(0)}),
        ([canceled("0.1"), canceled("0", got="table"), canceled()], {"accepted": 3, "refunded": 0, "unknown": 1}),
    ],
)
def test_what_attempts_come_to(attempts, facts):
    assert facts.items() <= attrs.asdict(added_up("all", sums_of(attempts, "account"))).items()


def test_groups():
    attempts = [
        attrs.evolve(
            ordered(ended("0.1"), labels={"team": "blue", "shop": "a"}, batch="b"), started_at=NOW.replace(day=2)
        ),
        ordered(UNCERTAIN, labels={"team": "blue"}, account="us"),
        ordered(ended(), model=None),
        ordered(ended(), model=None, wire_id=None),
        attrs.evolve(ordered(ATTEMPT, account="cheap"), outcome=Outcome.REFUSED, started_at=NOW.replace(day=3)),
    ]
    counted = {
        by: {group.group: (group.accepted, group.uncertain) for group in spent(sums_of(attempts, column), by)}
        for by, (column, _) in GROUPS.items()
    }
    assert counted == {
        "day": {"2026-12-01": (2, 1), "2026-12-02": (1, 0)},
        "batch": {"b": (1, 0), "no batch": (2, 1)},
        "account": {"eu": (3, 0), "us": (0, 1)},
        "kind": {"image": (3, 1)},
        "model": {"flux-2": (1, 0), "flux-2-pro": (1, 1), "no model": (1, 0)},
        "label": {"team=blue": (1, 1), "shop=a": (1, 0), "no label": (2, 0)},
    }


def test_spending_is_added_up(terminal, left):
    raw = ("raw", "reapi", "/api/v1/images/generations", '{"model": "z-image", "prompt": "A fox"}')
    unfinished(terminal, left, "reapi", raw)
    (day,) = terminal.json("spend")
    assert day == {
        "group": "2026-12-01",
        "accepted": 4,
        "refunded": 1,
        "usd": "0.056",
        "settled_usd": "0.028",
        "uncertain": 1,
        "uncertain_usd": "0.025",
        "unknown": 1,
    }
    lines = [" ".join(line.split()) for line in terminal("spend", "--by", "label").stdout.splitlines()]
    assert lines == [
        "label accepted billed uncertain refunded",
        "no label 2 ~$0.028 and 1 of unknown price",
        "team=blue 1 $0.028 1: ~$0.025?",
        "team=red 1 $0.00 1",
        "total 4 ~$0.056 and 1 of unknown price 1: ~$0.025? 1",
    ]
    assert terminal("spend", "--by", "label").stderr == ""
    for number, words in enumerate(("1 attempt has several labels", "2 attempts have several labels"), 1):
        terminal(*FOX, "--provider", "reapi", "--label", "team=blue", "--label", f"shop={number}")
        shown = terminal("spend", "--by", "label")
        assert f"{words}: a row for each of them counts it, so the rows add up to more" in shown.stderr
        assert f"team=blue {1 + number}" in " ".join(shown.stdout.split())
        assert terminal("spend").stderr == ""
    assert terminal.json("spend", "--since", "2026-12-02") == []
    assert "nothing was spent" in terminal("spend", "--since", "2026-12-02").stderr


# resume


def test_what_was_left_is_taken_up(terminal, bought, left):
    alive, (uncertain,) = terminal.json("tasks")[-1], terminal.json("tasks", "--state", "uncertain")
    resumed = terminal.json("resume", "--out", "out", code=4)
    assert [task["id"] for task in resumed["tasks"]] == [alive["task"]["id"]]
    assert [Path(file).name for file in resumed["files"]] == [file.name for file in Path("out").iterdir()]
    assert ([each["id"] for each in resumed["uncertain"]], resumed["errors"]) == ([uncertain["id"]], [])
    shown = terminal("resume")
    assert shown.exit_code == 4
    assert f"anymedia tasks settle {uncertain['id'][:8]} --billed" in shown.stderr
    assert "resume --replay" not in shown.stderr  # that provider honours no key
    terminal("tasks", "settle", uncertain["id"], "--not-billed")
    assert (terminal("resume").exit_code, terminal("resume").stderr) == (
        0,
        "nothing is uncertain, and nothing was left open\n",
    )
    assert bought("reapi") == (3, 2)


def test_what_is_not_finished_or_failed(terminal, simulators, place):
    simulators["reapi"].fault("stuck")
    terminal(*FOX, "--provider", "reapi", "--timeout", "1")
    ended = terminal("resume", "--timeout", "1", "--json")
    assert ended.exit_code == 5
    (error,) = json.loads(ended.stdout)["errors"]
    assert error["type"] == "DeadlineExceeded"
    assert not from_json(Task, error["task"]).state.final
    simulators["runapi"].fault("failed")
    unfinished(terminal, simulators, "runapi")
    ended = terminal("resume", "--timeout", "60")
    assert ended.exit_code == 1  # one failed, and one is not finished
    assert " ended as failed: " in ended.stderr
    assert "it lives on; it is billed" in ended.stderr


def test_a_result_that_cannot_be_fetched_is_fetched_later(terminal, simulators):
    unfinished(terminal, simulators, "reapi")
    simulators["reapi"].fault("not_found", on="result", times=None)
    ended = terminal("resume")
    assert ended.exit_code == 1
    assert "`anymedia collect` fetches it, while it can be had; --out names another place." in ended.stderr
    simulators["reapi"].clear()
    assert terminal("resume").exit_code == 0
    assert len([*terminal.folder.glob("*.jpg")]) == 1


def test_a_replay_buys_nothing_twice(terminal, simulators, bought, place):
    simulators["runapi"].fault("reset_after", times=None)
    assert terminal(*FOX, "--provider", "runapi").exit_code == 4
    simulators["runapi"].clear()
    told = terminal("resume")
    assert told.exit_code == 4
    assert "until 00:02:00 UTC `anymedia resume --replay` sends it again under its replay key" in told.stderr
    assert "until 00:02:00 UTC `anymedia resume --replay` sends it again" in terminal("tasks").stderr
    assert not [words for words in (("tasks",), ("resume",)) if "not sent again" in terminal(*words).stderr]
    shown = terminal("resume", "--replay", "--out", "out")
    assert shown.exit_code == 0
    assert len([*Path("out").iterdir()]) == 1
    assert bought("runapi")[1] == 1


def test_why_nothing_is_replayed_is_said_once(terminal, bought, left):
    ended = terminal("resume", "--replay")
    assert ended.exit_code == 4
    assert ended.stderr.count("RevidAPI honours no idempotency key") == 1
    assert bought("revidapi")[0] == 1


def test_an_interrupted_resume_loses_nothing(terminal, simulators):
    simulators["reapi"].fault("stuck")
    terminal(*FOX, "--provider", "reapi", "--timeout", "1")
    command = [sys.executable, "-m", "anymedia", "resume"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert "reapi/flux-2" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "lives on, and is billed; `anymedia resume` takes it up again" in said
    assert "Traceback" not in said
    assert terminal("resume", "--timeout", "1").exit_code == 5


# The journal itself


@pytest.mark.parametrize("words", [FOX, ["tasks"], ["tasks", "show", "1"], ["spend"], ["resume"]])
def test_a_journal_that_cannot_be_used(terminal, simulators, bought, monkeypatch, words):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "anymedia.toml")
    ended = terminal(*words, *(["--json"] if words is FOX else []))
    assert ended.exit_code == 6
    assert "the journal cannot be used; nothing was sent" in ended.stderr
    assert "anymedia.toml: it is no journal" in ended.stderr
    if words is FOX:
        assert json.loads(ended.stdout)["error"]["type"] == "JournalError"
    assert [bought(one.name)[0] for one in simulators] == [0, 0, 0, 0]


def test_a_task_that_cannot_be_written_down_is_told_in_full(terminal, simulators, monkeypatch):
    async def full(*_):
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "end", full)
        ended = terminal(*FOX, "--provider", "reapi", "--json")
    error = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, error["type"], error["billed"]) == (6, "JournalError", "yes")
    task = from_json(Task, error["task"])
    assert task.id == error["task_id"]
    assert f"task {task.id} was accepted by reapi" in " ".join(ended.stderr.split())
    assert "nothing was sent" not in ended.stderr
    handle = next(line.partition(": ")[2] for line in ended.stderr.splitlines() if line.startswith("a handle"))
    assert len(terminal.json("resume", "--handle", "-", stdin=handle)["files"]) == 1


@pytest.mark.parametrize(
    "words", [["tasks"], ["spend"], ["resume"], [*FOX, "--provider", "reapi", "--idempotency-key", "a"]]
)
def test_without_a_journal(terminal, simulators, monkeypatch, words):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    ended = terminal(*words)
    assert ended.exit_code == 3
    assert "journal" in ended.stderr
    assert not the_journal().exists()


def test_without_a_journal_nobody_is_sent_there(terminal, simulators, monkeypatch):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    simulators["reapi"].fault("stuck")
    simulators["reapi"].fault("failed")
    ended = terminal(*FOX, "--provider", "reapi", "--count", "3", "--timeout", "60")
    assert ended.exit_code == 1
    assert "it lives on, and is billed\n" in ended.stderr


def test_the_demo_is_not_written_down(terminal, monkeypatch):
    monkeypatch.setattr("anymedia.cli.demo.SPEED", 1000.0)
    assert terminal("demo").exit_code == 0
    assert not the_journal().exists()


def test_the_journal_is_read_without_a_client(terminal, left):
    done, *_, uncertain, _ = terminal.json("tasks")
    commands = [
        ["tasks"],
        ["tasks", "show", done["id"]],
        ["tasks", "handle", done["id"]],
        ["tasks", "settle", uncertain["id"], "--billed"],
        ["spend"],
    ]
    program = (
        "import json, sys\n"
        "from anymedia.cli.app import app\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    app(words, standalone_mode=False)\n"
        "print('aiohttp:', 'aiohttp' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)], capture_output=True, text=True, check=False
    )
    assert done.stderr.count("Traceback") == 0, done.stderr
    assert done.stdout.endswith("aiohttp: False\n")
