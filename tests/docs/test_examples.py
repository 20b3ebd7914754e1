"""Every example runs, and what it prints is what it is billed."""

import re
import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from anymedia.simulators import in_thread

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOP = EXAMPLES / "shop.py"
LINE = re.compile(r"^(.{10}) (\w+)/(\S+) +~?\$([\d.]+)  (?:(\d+) credits)?$", re.MULTILINE)


@pytest.fixture
def simulators(clock, monkeypatch, tmp_path):
    """Every simulator, on a clock that nobody waits for, with an anymedia.toml that leads there."""
    monkeypatch.chdir(tmp_path)
    for method in ("now", "monotonic", "sleep", "chance"):
        monkeypatch.setattr(f"anymedia.clock.Clock.{method}", getattr(type(clock), method).__get__(clock))
    with in_thread(clock=clock.time) as simulators:
        lines = []
        for name, table in simulators.config["providers"].items():
            lines += [f"[providers.{name}]", *(f'{key} = "{value}"' for key, value in table.items())]
        Path("anymedia.toml").write_text("\n".join(lines))
        for variable, key in simulators.environ.items():
            monkeypatch.setenv(variable, key)
        yield simulators


@pytest.fixture
def shop(monkeypatch, capsys):
    """Run the example in this process, and return what it prints."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["shop.py", *words])
        runpy.run_path(str(SHOP), run_name="__main__")
        return capsys.readouterr().out

    return run


def sums(printed):
    """Return what a list comes to at each provider, in its own unit: credits, else cents."""
    found = {}
    for _, provider, _, usd, credits in LINE.findall(printed):
        found[provider] = found.get(provider, 0) + (int(credits) if credits else Decimal(usd) * 100)
    return found


def test_without_buying_nobody_is_asked(shop, simulators):
    printed = shop()
    assert [name.strip() for name, *_ in LINE.findall(printed)] == ["a poster", "a banner", "an edit", "six icons"]
    assert re.search(
        r"^the best +not bought: runapi/flux-2-max is unknown: no page prints a price$", printed, re.MULTILINE
    )
    assert shop("--config", "anymedia.toml") == printed
    assert all(one.bills()["submits"] == 0 for one in simulators)


@pytest.mark.parametrize(("ceiling", "requests", "cost"), [("0.50", 4, "0.46"), ("0.30", 3, "0.08"), ("0.001", 0, "0")])
def test_what_is_printed_is_what_is_billed(shop, simulators, ceiling, requests, cost):
    printed = shop("--buy", "--config", "anymedia.toml", "--ceiling", ceiling)
    assert re.search(rf"^sum +{requests} of 5 requests +~?\${cost}$", printed, re.MULTILINE)
    assert re.search(rf"^billed ~?\${cost}$", printed, re.MULTILINE)
    charged = {one.name: sum(entry["charged"] for entry in one.bills()["entries"]) for one in simulators}
    assert {name: amount for name, amount in charged.items() if amount} == sums(printed)
    saved = re.findall(r"^(.{10}) (\d) saved in (\S+)$", printed, re.MULTILINE)
    assert all(len([*Path(folder).iterdir()]) == int(number) for _, number, folder in saved)
    assert len(saved) == requests


def test_what_cannot_be_bought_is_told(shop, simulators):
    simulators["reapi"].fault("no_credit", times=None)
    printed = shop("--buy", "--config", "anymedia.toml")
    assert re.search(r"^a banner +NoCredit, billed: no: ", printed, re.MULTILINE)
    assert printed.endswith("billed ~$0.05\n")
    simulators["revidapi"].fault("reset_after")
    assert shop("--buy", "--config", "anymedia.toml").endswith("billed unknown\n")  # uncertain is neither yes nor no
    Path("anymedia.toml").write_text("[providers.revidapi]")
    assert "gpt-image-2 is not sold by revidapi" in shop("--config", "anymedia.toml")


def test_it_runs_without_a_key():
    done = subprocess.run([sys.executable, SHOP, "--buy"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("billed ~$0.46\n")
    wrong = subprocess.run([sys.executable, SHOP, "--ceiling", "much"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "USD are needed" in wrong.stderr) == (2, True)
