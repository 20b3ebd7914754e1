"""How a command ends, and what it leaves alone from then on: signals, full disks, folders that are trusted."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import anymedia.cli as command_line
from anymedia import load_config
from anymedia.cli.text import json_of

FOX = ["generate", "a fox", "--model", "flux-2-pro"]


def run(*words, before="pass", **options):
    program = f"import sys; {before}; sys.argv[0] = 'anymedia'; from anymedia.cli import main; main()"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-c", program, *words], **pipes)


IGNORED = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
FAST = (
    "import asyncio; from anymedia.clock import Clock; Clock.sleep = lambda _, seconds: asyncio.sleep(seconds / 1000)"
)


# Signals


@pytest.mark.parametrize(
    ("sent", "before"),
    [
        ([signal.SIGHUP, signal.SIGTERM, signal.SIGHUP], "pass"),
        ([signal.SIGTERM, signal.SIGTERM], IGNORED),  # in the background of a shell
    ],
    ids=["several", "where Ctrl-C is ignored"],
)
def test_the_answer_of_a_submit_is_waited_for_and_written_down(terminal, simulators, sent, before):
    simulators["reapi"].fault("no_answer", seconds=0.5)
    before_it = simulators["reapi"].bills()["submits"]
    with run(*FOX, "--provider", "reapi", "--json", before=before) as process:
        assert "sending" in process.stderr.readline()
        while simulators["reapi"].bills()["submits"] == before_it:
            time.sleep(0.01)
        for number in sent:
            process.send_signal(number)
        said, printed = process.stderr.read(), process.stdout.read()
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert "interrupted; waiting for the answer of a submit, " in said
    assert json.loads(printed)["error"]["type"] == "KeyboardInterrupt"
    (attempt,) = terminal.json("tasks")
    assert attempt["task"] is None or attempt["task"]["id"]
    assert attempt["status"] != "sending"


def test_what_is_ignored_stays_so(monkeypatch):
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        monkeypatch.delattr(signal, "SIGUSR1")
        command_line.ends_as_interrupted()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        end = signal.getsignal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert callable(end)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# Full disks, deep answers


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk at hand")
@pytest.mark.parametrize(
    "words", [["models", "--json"], ["generate", "--json"], [*FOX, "--provider", "reapi", "--json"]]
)
def test_a_full_disk_is_one_line(terminal, simulators, words):
    with Path("/dev/full").open("w") as full, run(*words, before=FAST, stdout=full) as process:
        said = process.stderr.read()
    assert process.returncode in (1, 2)
    assert said.count("No space left on device") == 1
    assert "Traceback" not in said
    assert "Exception" not in said
    assert bool(terminal.json("tasks")) is ("--provider" in words)


@pytest.mark.parametrize("broken", ["full", "closed"])
def test_a_stderr_that_cannot_be_written_ends_no_purchase(terminal, simulators, broken):
    words = [*FOX, "--provider", "runapi", "--out", str(terminal.folder / "out")]
    if broken == "full":
        with Path("/dev/full").open("w") as full, run(*words, "--json", before=FAST, stderr=full) as process:
            printed = process.stdout.read()
        assert json.loads(printed)["tasks"][0]["state"] == "succeeded"
    else:
        with run(*words, before=FAST) as process:
            process.stderr.close()
            process.stdout.read()
    assert process.returncode == 0
    (attempt,) = terminal.json("tasks")
    assert attempt["status"] == "succeeded"
    assert len([*terminal.folder.glob("out/*")]) == 1


def test_a_journal_that_is_not_there_is_named(terminal, monkeypatch):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "typo/j.db")
    for words in (["tasks"], ["spend"], ["resume"]):
        assert "there is no journal at " in (said := terminal(*words).stderr)
        assert "typo/j.db yet" in said


def test_json_of_any_depth_is_printed(capsys):
    deep = []
    for _ in range(100_000):
        deep = [{"a": deep}]
    for value, levels in (({"raw": deep, "tasks": (1, "x")}, 100), ({"a": [1]}, 2)):
        text = json_of(value, indent=2)
        assert json.loads(text)["raw" if "raw" in value else "a"]
        assert text.count("[") + text.count("{") == levels + ("raw" in value)


# What is piped in, and where home is


@pytest.mark.parametrize(
    ("piped", "prompt"),
    [
        ("ein Füchslein\r\n".encode(), "ein Füchslein"),
        ("ein Füchslein".encode("utf-8-sig"), "ein Füchslein"),
        ("ein Füchslein".encode("utf-16"), "ein Füchslein"),
        ("ein Füchslein".encode("latin-1"), None),
        ("ein Füchslein".encode("utf-16")[:-1], None),
    ],
)
def test_a_prompt_that_is_piped_in_is_read_or_told(terminal, simulators, piped, prompt):
    ended = terminal("generate", "-", "--model", "flux-2-pro", "--provider", "reapi", stdin=piped)
    if prompt is None:
        assert (ended.exit_code, "what is piped in is not UTF-" in ended.stderr) == (2, True)
        assert terminal.json("tasks") == []
    else:
        assert ended.exit_code == 0
        (attempt,) = terminal.json("tasks")
        assert attempt["order"]["body"]["prompt"] == prompt


def test_home_is_found_on_the_command_line(terminal, simulators, monkeypatch):
    monkeypatch.setenv("HOME", str(terminal.folder / "home"))
    Path("anymedia.toml").rename("home.toml")
    Path("home").mkdir()
    Path("home.toml").rename("home/a.toml")
    Path("home/body.json").write_text('{"model": "flux-2", "prompt": "a fox"}')
    made = terminal.json(*FOX, "--provider", "reapi", "--out=~/out", "--config", "~/a.toml")
    assert [Path(file).parent for file in made["files"]] == [terminal.folder / "home/out"]
    raw = ("raw", "reapi", "/api/v1/images/generations", "@~/body.json", "--config", "~/a.toml", "--out", "~/raw")
    assert len(terminal.json(*raw)["files"]) == 1
    assert not Path("~").exists()


# Settled by hand


def test_what_was_settled_is_not_settled_otherwise_by_mistake(terminal, simulators):
    simulators["reapi"].fault("reset_after", times=None)
    assert terminal(*FOX, "--provider", "reapi").exit_code == 4
    simulators["reapi"].clear()
    (attempt,) = terminal.json("tasks")
    settle = ("tasks", "settle", attempt["id"])
    assert terminal(*settle, "--not-billed").exit_code == 0
    for flags in (["--billed"], ["--task", "t-1"]):
        ended = terminal(*settle, *flags)
        assert ended.exit_code == 2
        assert "was settled as not billed before: --force" in " ".join(ended.stderr.split())
    assert terminal(*settle, "--not-billed").exit_code == 0
    assert terminal(*settle, "--billed", "--force").exit_code == 0
    refused = " ".join(terminal(*settle, "--dismiss").stderr.split())
    assert "only a task can be dismissed; --billed/--not-billed and --task settle an attempt without one" in refused
    assert terminal(*settle, "--task", "t-1").exit_code == 0  # it says more, and nothing else
    assert "--force names another task" in terminal(*settle, "--task", "t-2").stderr
    assert terminal(*settle, "--task", "t-2", "--force").exit_code == 0
    assert terminal.json("tasks")[0]["task"]["id"] == "t-2"
    assert terminal(*settle, "--not-billed", "--force").exit_code == 0
    assert terminal.json("tasks")[0]["status"] == "settled"


def test_what_can_never_be_fetched_is_dismissed(terminal, simulators):
    simulators["reapi"].fault("stuck")
    terminal(*FOX, "--provider", "reapi", "--timeout", "4")
    assert terminal("resume", "--timeout", "4").exit_code == 5
    (attempt,) = terminal.json("tasks")
    ended = terminal("tasks", "settle", attempt["task"]["id"], "--dismiss")
    assert ended.stdout == f"{attempt['id'][:8]} is dismissed: `anymedia resume` leaves it alone\n"
    resumed = terminal("resume")
    assert (resumed.exit_code, resumed.stderr) == (
        0,
        "nothing is uncertain, and nothing was left open\n",
    )
    assert "its result is not waited for" in terminal("tasks", "show", attempt["id"]).stdout
    assert terminal.json("spend")[0]["accepted"] == 1  # what it cost stays


def test_after_a_change_of_keys_resume_tells_the_way_that_works(terminal, simulators, monkeypatch):
    simulators["reapi"].fault("stuck")
    terminal(*FOX, "--provider", "reapi", "--timeout", "4")
    simulators["reapi"].clear()
    old = simulators["reapi"].api_key
    monkeypatch.setenv("SIMULATED_REAPI", "another-key")
    told = terminal("resume")
    assert "--any-api-key takes it up all the same" in " ".join(told.stderr.split())
    assert old not in told.stderr
    ended = terminal.json("resume", "--any-api-key", "--timeout", "4", code=5)
    assert [error["type"] for error in ended["errors"]] == ["DeadlineExceeded"]  # it was looked at


def test_nothing_is_replayed_with_another_key(terminal, simulators, monkeypatch):
    simulators["runapi"].fault("reset_after", times=None)
    assert terminal(*FOX, "--provider", "runapi").exit_code == 4
    simulators["runapi"].clear()
    monkeypatch.setenv("SIMULATED_RUNAPI", "another-key")
    before = simulators["runapi"].bills()["submits"]
    told = terminal("resume", "--replay", "--any-api-key")
    assert "it was sent with another API key, and a replay key holds for one" in " ".join(told.stderr.split())
    assert (told.exit_code, simulators["runapi"].bills()["submits"]) == (4, before)


# Trust


def test_a_folder_is_trusted_once(terminal, monkeypatch):
    monkeypatch.setenv("HOME", str(terminal.folder / "home"))
    Path("anymedia.toml").write_text(
        '[providers.reapi]\nbase_url = "https://mirror.example"\napi_key_env = "REAPI_API_KEY"'
    )
    ended = terminal("providers")
    assert ended.exit_code == 3
    assert "providers.reapi.base_url could lead an API key" in " ".join(ended.stderr.split())
    assert terminal("trust", "--list").stderr == "no folder is trusted\n"
    assert terminal("trust").stdout == f"{terminal.folder} is trusted\n"
    assert terminal("providers").exit_code == 0
    assert terminal("trust", "--list").stdout == f"{terminal.folder}\n"
    assert terminal.json("trust", "--list") == terminal.json("trust", ".") == [str(terminal.folder)]
    Path("other").mkdir()
    for words, code in (
        (["other"], 3),
        (["other", "--remove"], 3),
        (["--list", "--remove"], 2),
        (["--remove"], 0),
        (["--remove"], 3),
    ):
        assert terminal("trust", *words).exit_code == code
    assert terminal("providers").exit_code == 3
    assert load_config("anymedia.toml", {"REAPI_API_KEY": "x"}).accounts["reapi"].origin == "https://mirror.example"
    assert [file.name for file in Path("home/.local/state/anymedia").iterdir()] == ["trusted.json"]
