"""`-v` and `-vv`: what is done, as lines on stderr, wherever they stand on the command line."""

import json
import logging
import re

import pytest

FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro", "--provider", "reapi")
LINE = re.compile(r"^\d\d:\d\d:\d\d (.*)$", re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (FOX, set()),
        (("-v", *FOX), {"attempt", "reapi task"}),
        ((*FOX, "-v"), {"attempt", "reapi task"}),
        (("-v", *FOX, "-v"), {"attempt", "reapi task", "file 1 saved"}),
        ((*FOX, "-vv"), {"attempt", "reapi task", "file 1 saved"}),
        ((*FOX, "-vvv", "--verbose"), {"attempt", "reapi task", "file 1 saved"}),
    ],
)
def test_each_v_shows_more(terminal, simulators, words, told):
    shown = terminal(*words, "--json")
    assert json.loads(shown.stdout)["missing"] == 0  # and nothing else is there
    lines = LINE.findall(shown.stderr)
    assert {each for each in ("attempt", "reapi task", "file 1 saved") if any(each in line for line in lines)} == told
    assert logging.getLogger("anymedia").level == logging.NOTSET


def test_a_cooldown_is_told_with_v_alone(terminal, simulators):
    for words, times in ((FOX, 0), ((*FOX, "-v"), 1)):
        simulators["reapi"].fault("no_credit")
        shown = terminal(*words)
        assert shown.exit_code == 1
        told = re.findall(r"^warning: reapi gets no new requests until .*: no credit$", shown.stderr, re.MULTILINE)
        assert len(told) == times


def test_an_alert_is_told_by_one_command_of_a_day(terminal, simulators):
    config = terminal.folder / "anymedia.toml"
    config.write_text(config.read_text() + '\n[alerts]\ndaily = "0.03"\n')
    told = [
        terminal(*FOX).stderr.count("warning: today (UTC) has cost $0.056 or may have, more than the $0.03 of [alerts]")
        for _ in range(3)
    ]
    assert told == [0, 1, 0]


def test_every_command_has_it(terminal):
    for words in (("--help",), ("tasks", "--help"), ("tasks", "show", "--help"), ("simulate", "--help")):
        assert "-v, --verbose" in terminal(*words).stdout
