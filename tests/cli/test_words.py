"""What a person reads in 80 columns: words where they are looked for, and none of them cut."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

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
    reapi = adapters()["reapi"]
    life = attrs.evolve(reapi.lifecycle, expires=seconds)
    seller = attrs.evolve(reapi, lifecycle=life, offers=reapi.offers[:1])
    monkeypatch.setattr("anymedia.cli.providers.adapters", lambda: {"reapi": seller})
    (line,) = terminal("providers").stdout.splitlines()[1:]
    assert f" {told} " in line


def on_a_terminal(columns, *words):
    """Run a command whose stderr is a terminal of so many columns, and return what is printed there."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "anymedia", *words]
    with os.fdopen(master, "rb", buffering=0) as told:
        subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, env=environ, check=False)
        os.close(slave)
        return told.read(10_000).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["tasks", "--state", "done"],
            "no state is named 'done'; there are queued, running,",
        ),  # of click
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


FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro", "--provider")


@pytest.fixture
def seen(terminal, simulators, monkeypatch):
    """Run a command on a terminal of so many columns, and return its lines; there is an account of a long name."""
    long = f'[providers.{"x" * 26}]\nadapter = "reapi"\nbase_url = "{simulators["reapi"].base_url}"\n'
    with Path("anymedia.toml").open("a") as file:
        file.write(f'{long}api_key_env = "SIMULATED_REAPI"\n')

    def lines(columns, *words):
        with monkeypatch.context() as patch:
            patch.setenv("FORCE_COLOR", "1")
            patch.setenv("COLUMNS", str(columns))
            return [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", terminal(*words).stdout).splitlines()]

    return lines


def test_dates_states_and_first_words_stay_beside_a_long_account(terminal, simulators, seen):
    terminal(*FOX, "x" * 26)
    terminal(*FOX, "reapi")
    simulators["revidapi"].fault("reset_after")
    terminal(*FOX, "revidapi")
    for columns, long in (
        (60, f"reapi/flux-2 at {'x' * 26} A fox in the snow"),
        (80, f"reapi/flux-2 at {'x' * 26} A fox in the snow"),
        (120, f"flux-2 A fox in the snow {'x' * 26}"),
    ):
        lines = seen(columns, "tasks")
        told = " ".join(" ".join(lines).split())
        assert told.count("2026-12-01 00:00 ") == 3
        assert f"succeeded $0.028 {long} " in told
        assert "succeeded $0.028 reapi/flux-2 A fox in the snow " in told
        assert "uncertain (!) ~$0.025? revidapi/flux-2-pro A fox in the snow" in told
        assert max(map(len, lines)) <= columns


def test_a_prompt_keeps_its_first_words_and_is_cut_on_its_line(terminal, seen):
    words = "A lighthouse at dusk, " * 20
    terminal(FOX[0], words, *FOX[2:], "reapi")
    for columns in (60, 80, 120):
        lines = seen(columns, "tasks")
        (told,) = [line for line in lines if "A lighthouse at dusk" in line]
        assert told.endswith("…")
        assert columns - 2 <= len(told) <= columns
        assert sum("lighthouse" in line for line in lines) == 1


def test_an_account_of_any_length_leaves_the_dates_whole(terminal, simulators, seen):
    text = Path("anymedia.toml").read_text()
    Path("anymedia.toml").write_text(text.replace("x" * 26, "y" * 60))
    terminal(*FOX, "y" * 60)
    lines = [line.split() for line in seen(80, "tasks")]
    assert lines[1][1:] == ["2026-12-01", "00:00", "succeeded", "$0.028"]
    assert ["".join(line) for line in lines[2:]] == ["reapi/flux-2at", "y" * 60, "Afoxinthesnow"]


def test_what_doctor_finds_is_not_folded_on_80_columns(simulators, seen, unused_tcp_port):
    with Path("anymedia.toml").open("a") as file:
        file.write(f'[providers.gone]\nadapter = "runapi"\nbase_url = "http://127.0.0.1:{unused_tcp_port}"\n')
        file.write('api_key_env = "GONE"\n')
    lines = [re.sub(r"\$[0-9.]+", "$100", " ".join(line.split())) for line in seen(80, "doctor")]
    assert "account origin and answer balance verdict" in lines
    reapi = simulators["reapi"].base_url
    assert f"reapi {reapi} $100 ready" in lines
    at = lines.index(f"{'x' * 26} {reapi} $100 ready")
    assert lines[at + 1 : at + 4] == [
        "at reapi reached",
        f"gone http://127.0.0.1:{unused_tcp_port} - not ready",
        "at runapi",
    ]
    assert any(line.startswith("gone: set GONE; gone was not reached") for line in lines)
