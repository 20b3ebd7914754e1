"""What a person reads in 80 columns: words where they are looked for, and none of them cut."""

import os
import pty
import subprocess
import sys
import termios

import attrs
import pytest

from anymedia import Money, Order
from anymedia.cli.prompt import prompt_of
from anymedia.declare import Offer, Param, numbered
from anymedia.declare.fields import Choice, Text
from anymedia.registry import adapters


@pytest.mark.parametrize(
    ("to", "sent", "found"),
    [
        ("input.text", {"input": {"text": "A fox"}, "prompt": "another"}, "A fox"),
        ("messages[].content", {"messages": [{"content": "A fox"}, {"content": "in snow"}]}, "A fox in snow"),
        (numbered("line", "line_{n}"), {"line": "A fox", "line_2": "in snow", "line_x": "no"}, "A fox in snow"),
        ("", {"say": "A fox", "model": "paint"}, "A fox"),
        ("?q", {"model": "paint"}, "a hare & a fox"),
        ("text", {"options": {"prompt": "A fox"}}, "A fox"),  # a raw field is laid over it
        ("text", {"text": 7}, ""),
        ("input.text", {"input": "A fox"}, ""),
        ("text", None, ""),
    ],
)
def test_a_prompt_is_found_where_its_offer_puts_it(monkeypatch, to, sent, found):
    takes = Choice({"A fox": {"say": "A fox"}}) if to == "" else Text()
    offers = (Offer(name="other", params={}), Offer(name="paint", params={"prompt": Param(to, takes)}))
    seller = attrs.evolve(adapters()["reapi"], name="acme", offers=offers)
    monkeypatch.setattr("anymedia.cli.prompt.adapters", lambda: {"acme": seller})
    order = Order(
        provider="acme", account="eu", offer="acme/paint", path="/v1?q=a+hare+%26+a+fox", body=sent, money=Money()
    )
    assert prompt_of(order) == found
    called_so = {"input": {"prompt": "A fox"}}
    for unknown in (attrs.evolve(order, offer=None), attrs.evolve(order, provider="gone")):
        assert prompt_of(attrs.evolve(unknown, body=called_so)) == "A fox"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(7200, "2 hours"), (3600, "1 hour"), (86_400, "1 day"), (604_800, "7 days"), (600, "10 min"), (90, "90 s")],
)
def test_how_long_results_live_is_told_in_whole_units(terminal, monkeypatch, seconds, told):
    seller = attrs.evolve(adapters()["reapi"], expires=seconds, offers=adapters()["reapi"].offers[:1])
    monkeypatch.setattr("anymedia.cli.providers.adapters", lambda: {"reapi": seller})
    (line,) = terminal("providers").stdout.splitlines()[1:]
    assert f" {told} " in line
    assert " 1 offer, " in line


def on_a_terminal(columns, *words):
    """Run a command whose stderr is a terminal of so many columns, and return what is printed there."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "anymedia.cli", *words]
    with os.fdopen(master, "rb", buffering=0) as told:
        subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, env=environ, check=False)
        os.close(slave)
        return told.read(10_000).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tasks", "--state", "done"], "must be one of queued, running, succeeded,"),  # a usage error of click's
        (["spend"], f"there is no journal at /tmp/{'j' * 100} yet"),
    ],
)
def test_no_word_is_cut_at_the_end_of_a_line(monkeypatch, words, told):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", f"/tmp/{'j' * 100}")
    whole = on_a_terminal(0, *words) if words == ["spend"] else on_a_terminal(500, *words)
    for columns in (40, 80):
        lines = on_a_terminal(columns, *words)
        assert " ".join(" ".join(lines).split()) == " ".join(" ".join(whole).split())
        assert all(len(line) <= columns or " " not in line for line in lines)
        assert told in " ".join(lines)
