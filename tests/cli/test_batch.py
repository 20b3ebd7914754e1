"""`anymedia batch`, as a person goes through it: planned, bought, ended early in every way, and gone on with."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from anymedia import BatchEnd, BatchPlan, ConfigError, JournalError, Money
from anymedia.cli.batch.end import code_of
from anymedia.cli.batch.plan import worst as worst_of

from . import test_ends

HEAD = "model,prompt,aspect_ratio,resolution,label.product\n"
SHOTS = ("chair", "lamp", "room")
SPENT = "$0.084"
"""What three of them cost at reapi."""

PROVIDER = ("--provider", "reapi")

FAST = f"import sys; {test_ends.FAST}; sys.argv[0] = 'anymedia'; from anymedia.cli import main; main()"
IN_A_PROCESS = (sys.executable, "-c", FAST, "batch", "shots.csv", *PROVIDER)
"""Buys the list in a process that waits a thousandth as long."""


def table(*products, head=HEAD):
    return head + "".join(f'flux-2-pro,"a {product}, soft light",1:1,1K,{product}\n' for product in products)


@pytest.fixture
def shots(terminal, simulators):
    """A list of three pictures in the working directory, and the simulators at which they are bought."""
    Path("shots.csv").write_text(table(*SHOTS))
    return simulators


def submits(simulators):
    return {one.name: one.bills()["submits"] for one in simulators}


def lines(file):
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def pictures(folder="out"):
    return sorted(file.name for file in Path(folder).glob("*.jpg"))


def words(text):
    return " ".join(text.split())


def test_a_list_is_planned_bought_and_left_alone_from_then_on(terminal, shots):
    before = submits(shots)
    plan = terminal("batch", "shots.csv", *PROVIDER, "--plan", "--budget", "0.06")
    assert (plan.exit_code, plan.stderr) == (0, "")
    assert [words(line) for line in plan.stdout.splitlines()] == [
        "batch shots 3 rows",
        "asked first rows price",
        f"reapi/flux-2 3 {SPENT}",
        f"to buy 3 rows, {SPENT}",
        f"at worst {SPENT}, whichever offers serve it",
        "budget $0.06 ends before the last row: it is $0.024 short of what is quoted",
    ]
    assert (submits(shots), Path("out").exists()) == (before, False)

    run = terminal("batch", "shots.csv", *PROVIDER, "--out", "out", "--budget", "5")
    assert run.exit_code == 0
    assert run.stderr == (f"batch shots: 3 rows to buy, {SPENT}, at worst {SPENT}, budget $5.00, 3 at once, into out\n")
    facts = [
        "rows 3 done",
        f"spent {SPENT}",
        "files out",
        "manifest out/shots.manifest.jsonl",
        "summary out/shots.manifest.csv",
    ]
    assert [words(line) for line in run.stdout.splitlines()] == ["batch shots all 3 rows are done", *facts]
    told = lines("out/shots.manifest.jsonl")
    assert [(row["line"], row["state"], row["labels"]["product"], row["prompt"]) for row in told] == [
        (number, "done", product, f"a {product}, soft light") for number, product in enumerate(SHOTS, 2)
    ]
    assert sorted(Path(file["file"]).name for row in told for file in row["files"]) == pictures()
    assert len(Path("out/shots.manifest.csv").read_text().splitlines()) == 4

    bought = submits(shots)
    again = terminal("batch", "shots.csv", *PROVIDER, "--out", "out", "--budget", "5")
    assert (again.exit_code, again.stderr) == (0, "")
    assert [words(line) for line in again.stdout.splitlines()] == [
        "batch shots already bought: all 3 rows; nothing was sent",
        *facts,
    ]
    assert (submits(shots), len(pictures())) == (bought, 3)
    assert "to buy nothing: every row is already bought" in words(terminal("batch", "shots.csv", "--plan").stdout)

    Path("shots.csv").write_text(table("vase", *SHOTS))  # a row that is put in is bought alone
    longer = terminal("batch", "shots.csv", *PROVIDER, "--out", "out", "--budget", "5")
    assert f"batch shots: 3 of 4 rows already bought, for {SPENT}\nbatch shots: 1 row to buy" in longer.stderr
    assert "rows 4 done (3 bought before)" in words(longer.stdout)
    assert submits(shots)["reapi"] == bought["reapi"] + 1
    assert len(terminal.json("tasks", "--batch", "shots")) == 4


def test_every_bad_row_is_named_and_nothing_is_sent(terminal, shots):
    odd = 'flux-2-por,"a fox",1:1,1K,\nkling-3.0,"a fox",9:99,,\n'  # the second is known once it is planned
    Path("bad.csv").write_text(table(*SHOTS) + odd + 25 * "flux-2-pro,,1:1,1K,\n")
    before = submits(shots)
    ended = terminal("batch", "bad.csv", *PROVIDER)
    assert (ended.exit_code, ended.stdout) == (2, "")
    first, *told = ended.stderr.splitlines()
    assert first == "error: 27 of 30 rows cannot be asked for; nothing was sent"
    assert told[0] == "  line 5   model: no model is named 'flux-2-por'; did you mean flux-2-pro?"
    assert told[1].startswith(
        "  line 6   aspect_ratio: reapi/kling-3-0 does not take this request: aspect_ratio: takes "
    )
    assert told[2:-1] == [f"  line {number:<2}  prompt: is needed" for number in range(7, 25)]
    assert words(told[-1]) == "and 7 more rows: --json lists all of them"
    found = json.loads(terminal("batch", "bad.csv", *PROVIDER, "--json").stdout)["error"]
    assert [(problem["line"], problem["row"]) for problem in found["problems"]] == [
        (number, number - 1) for number in range(5, 32)
    ]
    assert (submits(shots), [file.name for file in Path().iterdir() if "manifest" in file.name]) == (before, [])


@pytest.mark.parametrize(
    ("fault", "flags", "code", "rows", "says"),
    [
        ({"kind": "moderated"}, [], 1, "2 done, 1 failed", "failed The manifest says why. The same command asks again"),
        (
            {"kind": "reset_after"},
            [],
            4,
            "2 done, 1 uncertain",
            "uncertain `anymedia tasks --batch shots --state uncertain` lists what may have been billed",
        ),
        (
            {"kind": "latency", "seconds": 500},
            ["--timeout", "30"],
            5,
            "2 done, 1 unfinished",
            "unfinished What was sent for these rows is paid for. The same command waits for it",
        ),
        (None, ["--budget", "0.06"], 7, "2 done, 1 not begun", "budget Nothing more fits in it"),
    ],
    ids=["failed", "uncertain", "unfinished", "budget"],
)
def test_how_it_ends_is_the_exit_code_and_says_what_to_do(terminal, shots, fault, flags, code, rows, says):
    if fault is not None:
        shots["reapi"].fault(**fault)
    command = ("batch", "shots.csv", *PROVIDER, "--out", "out", "--at-once", "1")
    ended = terminal(*command, *flags)
    shots["reapi"].clear()
    shown = words(ended.stdout)
    assert ended.exit_code == code, ended.output
    assert "batch shots 2 of 3 rows are done" in shown
    assert f"rows {rows}" in shown
    assert says in shown
    state = rows.rpartition(", 1 ")[2]
    (row,) = [row for row in lines("out/shots.manifest.jsonl") if row["state"] != "done"]
    assert (row["state"], re.findall(rf"line {row['line']}: {state}: .*billed.*", ended.stderr) != []) == (
        state,
        code != 7,
    )
    bought = submits(shots)["reapi"]
    again = terminal(*command)  # it asks for that row alone, and not where that is not safe
    assert (again.exit_code, submits(shots)["reapi"] - bought) == {
        1: (0, 1),
        4: (4, 0),
        5: (0, 0),
        7: (0, 1),
    }[code], again.output
    assert len(pictures()) == (2 if code == 4 else 3)


def test_a_plan_counts_what_may_have_been_billed_apart(terminal, shots):
    shots["reapi"].fault("reset_after")
    command = ("batch", "shots.csv", *PROVIDER, "--at-once", "1")
    assert terminal(*command).exit_code == 4
    planned = words(terminal(*command, "--plan").stdout)
    assert "bought before 3 rows, for $0.056, and $0.028 that may be billed" in planned
    assert "to buy nothing: every row is already bought, or may be" in planned
    found = terminal.json(*command, "--plan")
    assert (found["bought_before"], found["spent"], found["possibly"]) == (3, "0.084", "0.028")


def test_another_list_under_the_same_name_hears_what_was_spent_under_it(terminal, shots):
    Path("shots.csv").write_text(table("chair"))
    first = terminal("batch", "shots.csv", *PROVIDER)
    assert "batch shots the only row is done" in words(first.stdout)
    Path("shots.csv").write_text(table("lamp"))
    planned = words(terminal("batch", "shots.csv", *PROVIDER, "--plan").stdout)
    assert "bought before none of these rows; $0.028 was spent under this name" in planned
    ended = terminal("batch", "shots.csv", *PROVIDER)
    assert ended.stderr.startswith("batch shots: none of these rows is bought yet; $0.028 was spent under this name\n")


def test_a_plan_says_why_it_may_cost_more_and_what_keeps_it_from_that(terminal, shots):
    def worst(*flags):
        told = words(terminal("batch", "shots.csv", *flags, "--plan").stdout)
        return told.partition("at worst ")[2].partition(" budget ")[0]

    unpriced = BatchPlan(rows=1, money=Money.unknown("no price is known"), worst=None, unpriced=1)
    assert worst_of(unpriced).startswith("nobody knows, as a row may go to an offer of unknown price; --max-price")
    dearer = "where rows go on to dearer offers; --no-fallback keeps to those asked first"
    both = ("--provider", "reapi", "--provider", "runapi")
    assert worst(*both, "--budget", "5") == f"$0.15, {dearer}"
    assert worst(*both, "--no-fallback") == f"{SPENT}, whichever offers serve it"


def test_what_would_meet_every_row_ends_it_and_is_told_as_an_error(terminal, shots):
    shots["reapi"].fault("unauthorised", times=None)
    ended = terminal("batch", "shots.csv", *PROVIDER, "--at-once", "1")
    assert (ended.exit_code, "rows 0 done, 1 failed, 2 not begun" in words(ended.stdout)) == (1, True)
    assert "error It would meet every other row too. Put it right, and run" in words(ended.stdout)
    assert "Check the API key of reapi; `anymedia doctor` says where it is read from." in ended.stderr


def test_what_no_row_can_cost_is_told_in_flags(terminal, shots):
    ended = terminal("batch", "shots.csv", "--max-price", "0.001")
    told = [line for line in ended.stderr.splitlines() if line.startswith("  line 2  ")]
    assert ended.exit_code == 2
    assert [line.partition(" costs ")[0] for line in told[:-1]] == [
        "  line 2  --max-price: revidapi/flux-2-pro",
        "  line 2  --max-price: reapi/flux-2",
        "  line 2  --max-price: api_in_one/flux-2-pro",
    ]
    assert told[-1] == "  line 2  and 1 more"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"why": "done", "done": 9}, 0),
        ({"why": "failed", "failed": 1, "done": 8}, 1),
        ({"why": "unfinished", "unfinished": 1, "failed": 8}, 5),
        ({"why": "place", "not_begun": 8, "unfinished": 1}, 5),
        ({"why": "error", "not_begun": 9, "error": JournalError("")}, 6),
        ({"why": "error", "not_begun": 9, "error": ConfigError("")}, 3),
        ({"why": "budget", "not_begun": 1, "failed": 7, "unfinished": 1}, 7),
        ({"why": "budget", "not_begun": 1, "uncertain": 8}, 4),
        ({"why": "stopped", "not_begun": 1, "uncertain": 8}, 130),
    ],
)
def test_of_several_ends_the_gravest_is_the_exit_code(facts, code):
    assert code_of(BatchEnd(name="shots", rows=9, **facts)) == code


def test_a_program_gets_an_object_a_line(terminal, shots):
    shots["reapi"].fault("moderated")
    command = ("batch", "shots.csv", *PROVIDER, "--out", "out", "--json")
    plan = json.loads(terminal(*command, "--plan", "--budget", "5").stdout)
    assert {**plan, "offers": [each["rows"] for each in plan["offers"]], "money": plan["money"]["usd"]} == {
        "batch": "shots",
        "rows": 3,
        "bought_before": 0,
        "spent": "0",
        "possibly": "0",
        "to_buy": 3,
        "offers": [3],
        "money": "0.084",
        "worst": "0.084",
        "unpriced": 0,
        "budget": "5",
        "within_budget": True,
    }
    ended = terminal(*command)
    *rows, sums = map(json.loads, ended.stdout.splitlines())
    assert sorted(rows, key=lambda row: row["row"]) == lines("out/shots.manifest.jsonl")
    assert sums == {
        "batch": "shots",
        "why": "failed",
        "rows": 3,
        "done": 2,
        "failed": 1,
        "uncertain": 0,
        "unfinished": 0,
        "not_begun": 0,
        "bought_before": 0,
        "spent": "0.056",
        "possibly": "0",
        "unknown": 0,
        "unlisted": 0,
        "manifest": "out/shots.manifest.jsonl",
        "summary": "out/shots.manifest.csv",
        "exit": 1,
    }
    assert ended.exit_code == 1
    assert "2 of 3 rows are done" in ended.stderr


# Stopped


def started(*words):
    command = [*IN_A_PROCESS, "--out", "out", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def when(holds):
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def under_way(terminal):
    return len([attempt for attempt in terminal.json("tasks") if attempt["task"] is not None])


@pytest.mark.parametrize(("sent", "sent_for"), [(signal.SIGINT, 2), (signal.SIGTERM, 3)], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_it_says_what_lives_on_and_goes_on_exactly_there(terminal, shots, sent, sent_for):
    shots["reapi"].fault("latency", seconds=1500, times=3)
    before = submits(shots)["reapi"]
    with started("--at-once", str(sent_for), "--json") as process:
        when(lambda: under_way(terminal) == sent_for)
        process.send_signal(sent)
        told, printed = process.stderr.read(), process.stdout.read()
    assert (process.returncode, "Traceback" in told) == (130, False)
    *rows, sums = map(json.loads, printed.splitlines())
    assert [row["state"] for row in rows] == sent_for * ["unfinished"] + (3 - sent_for) * ["not begun"]
    assert (sums["why"], sums["exit"], sums["possibly"]) == ("stopped", 130, f"{sent_for * 0.028:g}")
    assert f"rows 0 done, {sent_for} unfinished" in words(told)
    assert "stopped The same command goes on exactly where this one was" in words(told)
    assert lines("out/shots.manifest.jsonl") == rows
    with started() as again:
        again.communicate()
    assert (again.returncode, submits(shots)["reapi"], len(pictures())) == (0, before + 3, 3)


def test_killed_it_goes_on_and_two_of_a_name_do_not_run_at_once(terminal, shots):
    shots["reapi"].fault("latency", seconds=1500, times=2)
    before = submits(shots)["reapi"]
    with started("--at-once", "2") as process:
        when(lambda: under_way(terminal) == 2)
        second = terminal("batch", "shots.csv", *PROVIDER, "--out", "out")
        process.kill()
    assert second.exit_code == 6
    told = second.stderr.partition("error: ")[2].splitlines()
    assert told[0] == "batch shots is under way in another process; nothing was sent"
    assert told[1].startswith("  Wait until that has ended, or stop it.")
    with started() as again:
        again.communicate()
    assert (again.returncode, submits(shots)["reapi"], len(pictures())) == (0, before + 3, 3)


# How it looks


def test_in_a_pipe_a_line_now_and_then_says_how_all_of_it_stands(terminal, shots, monkeypatch):
    monkeypatch.setattr("anymedia.cli.batch.progress.EVERY", 0)
    shots["reapi"].fault("moderated")
    ended = terminal("batch", "shots.csv", *PROVIDER, "--budget", "5", "--at-once", "1")
    _, *told = ended.stderr.splitlines()
    assert told[0].startswith("line 2: failed: ")
    assert [re.sub(r", \d+ rows a minute(, .* left)?$", "", line) for line in told[1:]] == [
        "1 of 3 rows, 0 done, 1 failed, 1 under way, $0.00 of $5.00 spent",
        "2 of 3 rows, 1 done, 1 failed, 1 under way, $0.028 of $5.00 spent",
        "3 of 3 rows, 2 done, 1 failed, $0.056 of $5.00 spent",
    ]


def test_on_a_terminal_of_80_columns_nothing_is_cut(shots):
    shots["reapi"].fault("moderated")
    shots["reapi"].fault("latency", seconds=1000)
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [*IN_A_PROCESS, "--budget", "5", "--at-once", "1"]
    with os.fdopen(master, "rb", buffering=0) as told:
        done = subprocess.Popen(command, stdout=slave, stderr=slave, env=environ)
        os.close(slave)
        seen = b"".join(iter(lambda: _read(told), b""))
        assert done.wait() == 1
    shown = [re.sub("\x1b\\[[?0-9;]*[A-Za-z]", "", line) for line in seen.decode().replace("\r", "\n").split("\n")]
    assert max(map(len, shown)) <= 80
    assert any(line.endswith("━ 1 of 3 rows") for line in shown)  # as the live lines are drawn
    after = [
        line.rstrip()
        for line in shown[max(n for n, line in enumerate(shown) if "batch shots  " in line) :]
        if line.strip()
    ]
    assert after == [
        "batch shots  2 of 3 rows are done ──────────────────────────────────────────────",
        "  rows      2 done, 1 failed",
        "  spent     $0.056",
        "  files     .",
        "  manifest  shots.manifest.jsonl",
        "  summary   shots.manifest.csv",
        "  failed  The manifest says why. The same command asks again for those rows of",
        "          which nothing was billed.",
    ]


def _read(terminal):
    try:
        return terminal.read(10_000)
    except OSError:  # nobody writes any more
        return b""


def test_of_many_rows_that_fail_the_first_are_told(terminal, shots):
    Path("many.csv").write_text(table(*map(str, range(23))))
    shots["reapi"].fault("moderated", times=None)
    ended = terminal("batch", "many.csv", *PROVIDER)
    assert ended.exit_code == 1
    *_, last = told = [line for line in ended.stderr.splitlines() if "failed" in line or "further" in line]
    assert (len(told), last) == (21, "further rows that did not end well stand in the manifest alone")
    assert len(lines("many.manifest.jsonl")) == 23


def test_nothing_is_lost_where_nobody_reads(terminal, shots):
    with started("--json") as process:
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, "Traceback" in told) == (0, False)
    assert "all 3 rows are done" in told
    assert len(lines("out/shots.manifest.jsonl")) == len(pictures()) == 3
