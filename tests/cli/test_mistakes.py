"""Usual mistakes, and what goes wrong without one: how each command ends, as mistakes.txt tells it.

There the last line of what is said stands under each command, and its exit code; before it, the faults of simulators.
"""

import re
import shlex
from pathlib import Path

import pytest

ROW = re.compile(r"((?:\[\w+: [\w ]+\] )*)\$ anymedia (.+)\n(.+)\n→ (\d+)\n")
FAULT = re.compile(r"\[(\w+): (\w+)(?: on (\w+))?\]")
MISTAKES = ROW.findall(Path(__file__).with_name("mistakes.txt").read_text())

LIMITED = '[providers.reapi]\ndaily_limit = "0.01"'
ID = re.compile(r"settle [0-9a-f]{8} ")
MONEY = re.compile(r"; (nothing was sent|nothing was billed|it (is|may have been) billed \(~?\$0\.\d+\))$")


def test_there_are_twenty_at_least():
    assert len(MISTAKES) >= 20


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
    assert MONEY.search(lines[number]) or int(code) in (2, 3)  # the sentence says what was billed
