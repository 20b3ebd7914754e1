"""Usual mistakes, and what goes wrong without one: how each command ends, as mistakes.txt tells it.

There the last line of what is said stands under each command, and its exit code; before it, the faults of simulators.
"""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from anymedia import Attempt, Money, Order
from anymedia.cli.progress import Progress
from anymedia.clock import Clock

ROW = re.compile(r"((?:\[\w+: [\w ]+\] )*)\$ anymedia (.+)\n(.+)\n→ (\d+)\n")
FAULT = re.compile(r"\[(\w+): (\w+)(?: on (\w+))?\]")
TOLD = Path(__file__).with_name("mistakes.txt").read_text()
MISTAKES = ROW.findall(TOLD)

LIMITED = '[providers.reapi]\ndaily_limit = "0.01"'
ID = re.compile(r"settle [0-9a-f]{8} ")
MONEY = {
    1: re.compile(r"; (nothing was (sent|billed)|it is billed \(~?\$0\.\d+\))$"),
    4: re.compile(r"; it may have been billed \(~?\$0\.\d+\)$"),
    5: re.compile(r"; it is billed \(~?\$0\.\d+\)$"),
    7: re.compile(r"; nothing was sent$"),
}
"""What the sentence says of money, by the exit code."""


def test_every_row_is_read():
    assert len(MISTAKES) == TOLD.count("$ anymedia ") == TOLD.count("→ ") > 20


@pytest.mark.parametrize(("faults", "words", "last", "code"), MISTAKES)
def test_the_last_line_says_what_to_do(terminal, simulators, faults, words, last, code):
    limited = (terminal.folder / "anymedia.toml").read_text().replace("[providers.reapi]", LIMITED)
    (terminal.folder / "limited.toml").write_text(limited)
    for name, fault, place in FAULT.findall(faults):
        simulators[name].fault(fault, times=None, **({"on": place} if place else {}))
    ended = terminal(*shlex.split(words))
    lines = ended.stderr.splitlines()
    assert (ID.sub("settle ID ", lines[-1]), ended.exit_code) == (last, int(code))
    assert ended.stdout == ""
    (number,) = [number for number, line in enumerate(lines) if line.startswith(("error: ", "Error: "))]
    assert all(line.startswith("  ") for line in lines[number + 1 :])  # one sentence, and what belongs to it
    assert int(code) in (2, 3) or MONEY[int(code)].search(lines[number])


def test_with_v_all_that_is_known_is_told(terminal, simulators):
    simulators["reapi"].fault("no_credit", times=None)
    simulators["runapi"].fault("reset_after", times=None)
    both = ("--provider", "reapi", "--provider", "runapi", "--max-price", "1", "--on-uncertain", "continue")
    fox = ("generate", "A fox", "--model", "flux-2-pro")
    brief, whole = terminal(*fox, *both), terminal(*fox, *both, "-v")
    for told in (
        "  error       NoCredit\n",
        "  try again   at another provider\n",
        "  status      402\n",
        "  code        30001",
    ):
        assert (told in brief.stderr, told in whole.stderr) == (False, True)
    assert "  request id  " in whole.stderr
    assert (
        "runapi  gave no readable answer: Connection reset by peer\n          it may have been billed" in brief.stderr
    )
    assert "2 attempts  at most " in brief.stderr  # as one of them may have been billed


def test_what_was_bought_before_is_said(terminal, simulators):
    once = ("generate", "A fox", "--model", "flux-2-pro", "--provider", "reapi", "--idempotency-key", "k")
    assert "already bought" not in terminal(*once).stderr
    told = terminal(*once).stderr
    assert "already bought on 2026-12-01 00:00 UTC for $0.028 at reapi: nothing was sent for it\n" in told
    (task,) = terminal.json(*once)["tasks"]
    assert task["bought_before"] is True


def test_an_unanswered_submit_that_is_interrupted_says_until_when_it_can_be_replayed():
    told, now = Progress(Clock()), Clock().now()
    order = Order(provider="runapi", account="runapi", path="/", money=Money())
    for name, until in (("a", now + timedelta(hours=1)), ("b", None)):
        told.see(Attempt(id=name, order=order, started_at=now, replay_until=until))
    replayed, lost = told.living()
    assert f"and until {now + timedelta(hours=1):%H:%M:%S} UTC `anymedia resume --replay` sends it again" in replayed
    assert "and is not sent again; `anymedia tasks` lists it" in lost
