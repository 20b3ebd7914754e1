"""Every snippet of the README and of docs/ is run, every command is tried, every path named exists."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from anymedia import ConfigError, read_config
from anymedia.cli.app import app
from anymedia.registry import adapters
from anymedia.rows import KEYS
from anymedia.simulators import in_thread
from tests.core.test_media import PNG
from tests.docs.shell import Shell
from tests.tables import toml

ROOT = Path(__file__).parents[2]
OWN_OFFERS = ROOT / "docs" / "own-offers.md"
BATCH = ROOT / "docs" / "batch.md"
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]
IN_ORDER = {"tutorial.md"}
"""What a test of its own goes through, as each step needs those before it."""
NEWLINE = "\n"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [
        pytest.param(found[2], id=f"{page.name}:{text[: found.start()].count(NEWLINE) + 1}")
        for page in PAGES
        if page.name not in IN_ORDER
        for text in [page.read_text("utf-8")]
        for found in BLOCK.finditer(text)
        if found[1] == language
    ]


@pytest.fixture
def timeless(clock, monkeypatch):
    """Every simulator, on a clock that nobody waits for."""
    for method in ("now", "monotonic", "sleep", "chance"):
        monkeypatch.setattr(f"anymedia.clock.Clock.{method}", getattr(type(clock), method).__get__(clock))
    with in_thread(clock=clock.time) as simulators:
        yield simulators


@pytest.fixture
def at_the_simulators(timeless, bucket, monkeypatch, tmp_path):
    """A working directory whose anymedia.toml leads to simulators, and the bucket and the offers that pages name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    bucket.client.create_bucket(Bucket="media-of-mine")
    for name in ("photo.png", "lamp.png"):
        (tmp_path / name).write_bytes(PNG)
    (rows,) = (found[2] for found in BLOCK.finditer(BATCH.read_text("utf-8")) if found[1] == "csv")
    (tmp_path / "shots.csv").write_text(rows)
    offers = (found[2] for found in BLOCK.finditer(OWN_OFFERS.read_text("utf-8")) if found[1] == "toml")
    (tmp_path / "anymedia.toml").write_text("\n".join([toml({"providers": timeless.config["providers"]}), *offers]))
    for variable, key in timeless.environ.items():
        monkeypatch.setenv(variable, key)
    return tmp_path


@pytest.fixture
def logs_as_before():
    """What a snippet says of logging holds for that snippet."""
    loggers = [logging.getLogger(name) for name in (None, "anymedia")]
    before = [(logger, logger.level, [*logger.handlers]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.mark.parametrize("snippet", blocks("python"))
def test_a_snippet_runs(snippet, at_the_simulators, logs_as_before):
    if "def test_" not in snippet:
        exec(compile(snippet, "snippet", "exec"), {"__name__": "__main__"})
        return
    (at_the_simulators / "test_snippet.py").write_text(snippet)
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_snippet.py"]
    done = subprocess.run(pytest_, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_first_snippet_makes_a_picture(at_the_simulators, capsys):
    first = blocks("python")[0].values[0]
    exec(compile(first, "README.md", "exec"), {})
    assert re.fullmatch(r"\w+ made out/\S+\.jpg \(\d+x\d+\) for ~?\$0\.\d+\n", capsys.readouterr().out)
    assert len(list(Path("out").iterdir())) == 1


def test_the_readme_is_followed_literally(tmp_path):
    """From `make install` on: the next line runs, and so does the snippet that is saved, without a key."""
    set_up, first, *_ = (block.values[0] for block in blocks("sh"))
    assert set_up.splitlines() == ["make install", ". .venv/bin/activate"]
    (tmp_path / "first.py").write_text(blocks("python")[0].values[0])
    shell = Shell(tmp_path)
    made = shell(first)
    assert re.fullmatch(r"\w+ made out/\S+\.jpg \(1360x768\) for ~?\$0\.\d+\n", made)
    assert len([*(tmp_path / "out").iterdir()]) == 1
    assert not shell.state.exists(), "what costs nothing is not among what was bought"


COMMANDS = [
    pytest.param(line, id=line[:60])
    for block in blocks("sh")
    for line in block.values[0].splitlines()
    if line and not line.startswith("#")
]


ATTEMPT, DATABASE = "3f9c1b20", "postgresql://media@db.example/media"
"""The attempt and the journal on PostgreSQL that the pages name."""


def piped(line):
    """Run the commands of a line, each on what the one before has printed."""
    printed = ""
    for command in line.split(" | "):
        done = CliRunner().invoke(app, shlex.split(command, comments=True)[1:], input=printed)
        assert done.exit_code == 0, done.output
        printed = done.stdout


def simulated(line, monkeypatch):
    """Run `anymedia simulate` for a program, and the program, if it is another command, at simulators of a test."""
    ran = []

    async def run(program, environ):
        ran.append(shlex.join(program))
        return 0

    monkeypatch.setattr("anymedia.cli.simulate.run", run)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    piped(line)
    (program,) = ran
    if program.startswith("anymedia "):
        piped(program)


def an_attempt(simulators, *, uncertain):
    """Make an attempt, and return the id that the pages would name it by."""
    if uncertain:
        simulators["reapi"].fault("reset_after")
    words = ["generate", "a lighthouse", "--model", "flux-2-pro", "--provider", "reapi"]
    assert CliRunner().invoke(app, words).exit_code == (4 if uncertain else 0)
    (attempt,) = json.loads(CliRunner().invoke(app, ["tasks", "--json"]).stdout)
    return attempt["id"][: len(ATTEMPT)]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_works(line, at_the_simulators, timeless, monkeypatch, request):
    if "journal import" in line:
        an_attempt(timeless, uncertain=False)
        url = request.getfixturevalue("postgres_url")
        monkeypatch.setenv("ANYMEDIA_JOURNAL", url)
        line = line.replace("~", os.environ["HOME"]).replace("postgresql://media@db.example/media", url)
    elif ATTEMPT in line:
        line = line.replace(ATTEMPT, an_attempt(timeless, uncertain="settle" in line))
    elif "journal backup" in line:
        an_attempt(timeless, uncertain=False)
    elif "journal import" in line:
        an_attempt(timeless, uncertain=False)
        line = line.replace("~", os.environ["HOME"]).replace(DATABASE, "sqlite:///other.db")
        monkeypatch.setenv("ANYMEDIA_JOURNAL", "other.db")
        if "--undo" in line:
            piped(line.replace(" --undo", ""))
    program, *arguments = shlex.split(line, comments=True)
    if arguments[:1] == ["simulate"] and "--" in arguments:
        simulated(line, monkeypatch)
    elif program == "anymedia":
        piped(line)
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == ".":
        assert arguments in ([".venv/bin/activate"], ["play/simulated.env"])
    else:
        assert line == "sudo apt-get install --yes make python3-venv ffmpeg"


def test_the_fault_that_is_shown_is_the_one_that_is_told():
    told = re.search(r"^```text\nanymedia.toml: (.*)\n```$", OWN_OFFERS.read_text("utf-8"), re.MULTILINE)[1]
    toml = next(block for block in blocks("toml") if "wan2.7-image" in block.values[0]).values[0]
    with pytest.raises(ConfigError) as caught:
        read_config(tomllib.loads(toml.replace("text = [1, 5000]", "").replace("takes = {  }", 'takes = "txt"')), {})
    assert str(caught.value) == f"config: {told}"


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_config_is_read(text):
    environ = {name: "a" for seller in adapters().values() for name in seller.api_key_env} | {"REAPI_TEAM_KEY": "c"}
    config = read_config(tomllib.loads(text), environ)
    assert all(account.api_key is not None for account in config.accounts.values())


def test_the_readme_names_every_provider_with_what_is_read_from_the_environment():
    rows = dict(re.findall(r"^\| \*\*.*\*\* \(`(\w+)`\)( \|.*)$", PAGES[0].read_text("utf-8"), re.MULTILINE))
    assert {*rows} == {*adapters()}
    words = {"image": "pictures", "video": "clips", "music": "songs", "speech": "speech"}
    for name, seller in adapters().items():
        kinds = {offer.kind for offer in seller.offers}
        assert rows[name].split("|")[1].strip() == ", ".join(word for kind, word in words.items() if kind in kinds)
        settings = [setting.env for setting in seller.settings.values() if setting.env]
        assert re.findall(r"`(\w+)`", rows[name]) == [*seller.api_key_env, *settings]


def test_the_page_on_batches_names_every_key_of_a_row():
    assert {*KEYS} <= {*re.findall(r"`([^`]+)`", BLOCK.sub("", BATCH.read_text("utf-8")))}


def test_the_readme_names_make_targets_that_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)`", PAGES[0].read_text("utf-8"))) <= set(targets)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
